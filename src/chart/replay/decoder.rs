//! A GIF decoder that shares nothing with the encoder, for the tests. It panics on any violation of
//! [GIF89a](https://www.w3.org/Graphics/GIF/spec-gif89a.txt).

/// A decoded animation.
pub(super) struct Decoded {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) is_endless: bool,
    pub(super) frames: Vec<Picture>,
}

/// One frame as it is seen.
#[derive(Clone, PartialEq)]
pub(super) struct Picture {
    /// In hundredths of a second.
    pub(super) delay: u16,
    /// The pixels that the file holds for it.
    pub(super) area: usize,
    pub(super) pixels: Vec<[u8; 3]>,
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(n);
        self.0 = tail;
        head
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn number(&mut self) -> usize {
        let bytes = self.take(2);
        usize::from(bytes[0]) + 256 * usize::from(bytes[1])
    }

    fn blocks(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            match self.byte() {
                0 => return all,
                n => all.extend(self.take(n.into())),
            }
        }
    }
}

pub(super) fn decode(gif: &[u8]) -> Decoded {
    let mut reader = Reader(gif);
    assert_eq!(reader.take(6), b"GIF89a");
    let (width, height) = (reader.number(), reader.number());
    let flags = reader.byte();
    assert_eq!(flags & 0x80, 0x80, "a global palette");
    reader.take(2);
    let palette: Vec<[u8; 3]> =
        (0..2_usize << (flags & 7)).map(|_| reader.take(3).try_into().expect("three")).collect();
    let mut film = Decoded { width, height, is_endless: false, frames: Vec::new() };
    let mut pixels = vec![None; width * height];
    let mut control = (0, None);
    loop {
        match reader.byte() {
            0x21 => match (reader.byte(), reader.blocks()) {
                (0xF9, block) => {
                    assert!(matches!(block[0] >> 2 & 7, 0 | 1), "frames are kept");
                    let delay = u16::from_le_bytes([block[1], block[2]]);
                    control = (delay, (block[0] & 1 == 1).then_some(block[3]));
                }
                (0xFF, block) => film.is_endless = block == b"NETSCAPE2.0\x01\x00\x00",
                (other, _) => panic!("extension {other}"),
            },
            0x2C => {
                let (left, top, columns, rows) =
                    (reader.number(), reader.number(), reader.number(), reader.number());
                assert_eq!(reader.byte(), 0, "no palette of its own, not interlaced");
                assert!(columns > 0 && rows > 0 && left + columns <= width && top + rows <= height);
                let indices = inflate(reader.byte(), &reader.blocks());
                assert_eq!(indices.len(), columns * rows);
                for (i, index) in indices.iter().enumerate().filter(|(_, index)| control.1 != Some(**index)) {
                    let at = (top + i / columns) * width + left + i % columns;
                    pixels[at] = Some(palette[usize::from(*index)]);
                }
                let seen =
                    pixels.iter().map(|pixel| pixel.expect("the first frame fills the picture")).collect();
                film.frames.push(Picture { delay: control.0, area: columns * rows, pixels: seen });
            }
            0x3B => break,
            other => panic!("block {other}"),
        }
    }
    assert!(reader.0.is_empty(), "nothing follows the end");
    film
}

/// Undoes GIF's variant of LZW.
fn inflate(size: u8, data: &[u8]) -> Vec<u8> {
    let (clear, end) = (1_usize << size, (1_usize << size) + 1);
    let mut table: Vec<Vec<u8>> = Vec::new();
    let (mut width, mut previous, mut out) = (u32::from(size) + 1, None::<usize>, Vec::new());
    let (mut bits, mut count, mut bytes) = (0_usize, 0_u32, data.iter());
    loop {
        while count < width {
            bits |= usize::from(*bytes.next().expect("an end code")) << count;
            count += 8;
        }
        let code = bits & ((1 << width) - 1);
        (bits, count) = (bits >> width, count - width);
        if code == end {
            return out;
        }
        if code == clear {
            let single = (0..=u8::MAX).take(clear).map(|index| vec![index]);
            table = single.chain([Vec::new(), Vec::new()]).collect();
            (width, previous) = (u32::from(size) + 1, None);
            continue;
        }
        if let Some(previous) = previous.filter(|_| table.len() < 4096) {
            let first = if code < table.len() { table[code][0] } else { table[previous][0] };
            let entry = [table[previous].as_slice(), &[first]].concat();
            table.push(entry);
        }
        out.extend(&table[code]);
        previous = Some(code);
        if table.len() == 1 << width && width < 12 {
            width += 1;
        }
    }
}
