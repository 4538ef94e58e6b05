//! Frames to GIF: of every frame only the smallest rectangle that changed, with its unchanged pixels transparent.

use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};

use super::{
    super::ChartError,
    HEIGHT, WIDTH,
    quantize::{Palette, Pixel},
};
use crate::model::Color;

/// A replay while its frames are added.
pub(super) struct Film {
    encoder: Encoder<Vec<u8>>,
    palette: Palette,
    /// The previous frame, as drawn.
    pixels: Vec<Pixel>,
    /// The previous frame, as encoded; empty before the first.
    indices: Vec<u8>,
}

/// A part of the picture: left, top, right and bottom, the last two inclusive.
type Bounds = (usize, usize, usize, usize);

impl Film {
    /// Begins a film of pictures that are drawn with `inks` and hold icons of these pixels.
    pub(super) fn new(inks: &[Color], icons: &[Pixel]) -> Result<Self, ChartError> {
        let palette = Palette::new(inks, icons);
        let mut bytes = palette.bytes();
        bytes.extend([0; 3]); // of the unchanged pixels
        let mut encoder =
            Encoder::new(Vec::with_capacity(64 * 1024), width(), height(), &bytes).map_err(failed)?;
        encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
        Ok(Self { encoder, palette, pixels: Vec::new(), indices: Vec::new() })
    }

    /// Adds a frame that is shown for `delay` hundredths of a second.
    pub(super) fn frame(&mut self, pixels: &[Pixel], delay: u16) -> Result<(), ChartError> {
        let frame = if self.indices.is_empty() {
            self.indices = pixels.iter().map(|pixel| self.palette.index(*pixel)).collect();
            Frame {
                width: width(),
                height: height(),
                buffer: self.indices.clone().into(),
                ..Frame::default()
            }
        } else {
            let (changes, bounds) = self.changes(pixels);
            let (left, top, right, bottom) = bounds.unwrap_or_default();
            let rows = changes.chunks_exact(WIDTH as usize).take(bottom + 1).skip(top);
            Frame {
                left: narrow(left),
                top: narrow(top),
                width: narrow(right + 1 - left),
                height: narrow(bottom + 1 - top),
                transparent: Some(self.palette.unchanged()),
                buffer: rows.flat_map(|row| &row[left..=right]).copied().collect(),
                ..Frame::default()
            }
        };
        self.pixels.clear();
        self.pixels.extend_from_slice(pixels);
        let frame = Frame { delay, dispose: DisposalMethod::Keep, ..frame };
        self.encoder.write_frame(&frame).map_err(failed)
    }

    /// Returns the indices that differ from the previous frame's, and where they are. Every other one is that of unchanged
    /// pixels.
    fn changes(&mut self, pixels: &[Pixel]) -> (Vec<u8>, Option<Bounds>) {
        let width = WIDTH as usize;
        let mut changes = vec![self.palette.unchanged(); pixels.len()];
        let mut bounds: Option<Bounds> = None;
        let rows = pixels.chunks_exact(width).zip(self.pixels.chunks_exact(width));
        for (y, (row, before)) in rows.enumerate().filter(|(_, (row, before))| row != before) {
            for x in (0..width).filter(|x| row[*x] != before[*x]) {
                let (at, index) = (y * width + x, self.palette.index(row[x]));
                if std::mem::replace(&mut self.indices[at], index) != index {
                    changes[at] = index;
                    let (left, top, right, bottom) = bounds.unwrap_or((x, y, x, y));
                    bounds = Some((left.min(x), top.min(y), right.max(x), bottom.max(y)));
                }
            }
        }
        (changes, bounds)
    }

    /// Ends the film and returns its bytes.
    pub(super) fn finish(self) -> Result<Vec<u8>, ChartError> {
        self.encoder.into_inner().map_err(failed)
    }
}

fn failed(error: EncodingError) -> ChartError {
    ChartError::Encode(error.into())
}

fn width() -> u16 {
    narrow(WIDTH as usize)
}

fn height() -> u16 {
    narrow(HEIGHT as usize)
}

fn narrow(pixels: usize) -> u16 {
    u16::try_from(pixels).unwrap_or(u16::MAX)
}
