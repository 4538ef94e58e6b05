//! Files of every kind, whole and broken.

use std::io::Cursor;

use image::{
    DynamicImage, GenericImageView as _, ImageEncoder as _, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage,
    codecs::jpeg::JpegEncoder,
};

use super::*;

fn upload(name: &str, bytes: impl Into<Vec<u8>>) -> Upload {
    Upload { name: name.into(), declared: String::new(), bytes: bytes.into() }
}

fn attached(name: &str, bytes: impl Into<Vec<u8>>) -> Result<Attachment, AttachmentError> {
    let mut all = read_all(&[upload(name, bytes)])?;
    Ok(all.remove(0))
}

fn refusal(name: &str, bytes: impl Into<Vec<u8>>) -> String {
    attached(name, bytes).expect_err("refused").to_string()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![]);
    picture.write_to(&mut bytes, format).expect("an encoded picture");
    bytes.into_inner()
}

/// A picture with so many colours that it counts as a photograph.
fn photo(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let [x, y] = [x, y].map(|at| u8::try_from(at % 251).unwrap_or_default());
        Rgb([x, y, x.wrapping_mul(7) ^ y.wrapping_mul(13)])
    })
    .into()
}

fn drawing(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_pixel(width, height, Rgb([200, 30, 30])).into()
}

fn picture(file: &Attachment) -> DynamicImage {
    let image = file.image().expect("a picture");
    image::load_from_memory(&image.bytes).expect("decodable")
}

/// A PNG file that claims this size and has the data of nearly none of it.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(&drawing(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

/// EXIF data with an orientation and a name of a place.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend([0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    exif.extend([0x0E, 1, 2, 0, 24, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS 47.37 N 8.54 E Zurich");
    exif
}

fn jpeg_with_exif(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let mut jpeg = vec![];
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 95);
    encoder.set_exif_metadata(exif(orientation)).expect("EXIF is supported");
    picture.to_rgb8().write_with_encoder(encoder).expect("an encoded picture");
    jpeg
}

#[test]
fn a_text_is_kept_without_its_mark() {
    let file = attached("notes/ spec.txt ", "\u{feff}# Spec\r\nnaïve ✓\n").expect("text");
    assert_eq!(file.name, "spec.txt");
    assert_eq!(file.content, Content::Text("# Spec\r\nnaïve ✓\n".into()));
}

#[test]
fn kinds_are_told_by_content_and_named_when_they_cannot_be_read() {
    let text = attached("photo.png", "just text").expect("text");
    assert!(text.image().is_none());
    let image = attached("notes.txt", encoded(&drawing(4, 4), ImageFormat::Png)).expect("a picture");
    assert!(image.image().is_some());
    for (bytes, kind) in [
        (&b"%PDF-1.7\n%\xE2\xE3"[..], "PDF files"),
        (b"PK\x03\x04\x14\0", "Office documents and Zip archives"),
        (b"\x1F\x8B\x08\0", "compressed files"),
        (b"\0\0\0\x18ftypheic\0\0", "HEIC pictures"),
        (b"\0\0\0\x18ftypmp42\0\0", "videos"),
        (b"RIFF\0\0\0\0WAVEfmt ", "sound files"),
        (b"II*\0\x08\0\0\0", "TIFF pictures"),
        (b"BM\x36\0\0\0\0\0\xFF", "BMP pictures"),
    ] {
        let want = format!("spec.bin: {kind} can't be read yet. Attach text or a picture.");
        assert_eq!(refusal("spec.bin", bytes), want);
    }
    assert!(attached("BMW.txt", "BMW makes cars").is_ok());
    assert!(
        refusal("x.dat", &b"\x01\x02\x03\0\x05"[..]).starts_with("x.dat: this kind of file can't be read.")
    );
    assert_eq!(refusal("x.txt", ""), "x.txt: the file is empty. Attach one with text or a picture in it.");
    assert_eq!(refusal("x.txt", " \n"), "x.txt: the file is empty. Attach one with text or a picture in it.");
}

#[test]
fn other_encodings_are_named() {
    let utf16: Vec<u8> = "Grüße".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xFF, 0xFE][..], &utf16].concat();
    for (bytes, encoding) in [(marked, "UTF-16"), (utf16, "UTF-16"), (b"Gr\xFC\xDFe".to_vec(), "Latin-1")] {
        let refusal = refusal("brief.txt", bytes);
        assert!(refusal.starts_with(&format!("brief.txt: the text is encoded as {encoding}")), "{refusal}");
        assert!(refusal.ends_with("Save it as UTF-8 and attach it again."), "{refusal}");
    }
    let declared = "text/plain; charset=Shift_JIS".to_owned();
    let japanese = Upload { declared, ..upload("a.txt", b"\x93\xFA\x96\x7B".to_vec()) };
    let error = read_all(&[japanese]).expect_err("refused").to_string();
    assert!(error.starts_with("a.txt: the text is encoded as Shift_JIS."), "{error}");
}

#[test]
fn limits_are_kept() {
    assert!(attached("a.log", "x".repeat(MAX_TEXT_BYTES)).is_ok());
    let refused = refusal("a.log", "x".repeat(MAX_TEXT_BYTES + 1));
    assert_eq!(refused, "a.log: 101 KB of text; the limit is 100 KB. Attach the part that matters.");
    let five = vec![upload("a.txt", "x"); 5];
    assert_eq!(read_all(&five), Err(AttachmentError::TooMany { count: 5 }));
    let large = [upload("a.bin", vec![1; 3 << 20]), upload("b.bin", vec![1; 3 << 20])];
    assert_eq!(read_all(&large), Err(AttachmentError::TooLarge { name: "b.bin".into() }));
    assert_eq!(
        check_sizes([("a", u64::MAX), ("b", u64::MAX)]),
        Err(AttachmentError::TooLarge { name: "a".into() })
    );
}

#[test]
fn a_picture_that_is_too_large_is_refused_by_its_header() {
    for (width, height) in [(30_000, 30_000), (30_000, 1), (1, 30_000), (6_000, 6_000)] {
        let bomb = png_header(width, height);
        assert!(bomb.len() < 1_024);
        let refusal = refusal("bomb.png", bomb);
        let words = format!("bomb.png: {width} x {height} pixels are too many");
        assert!(refusal.starts_with(&words), "{refusal}");
    }
    assert!(attached("x.png", png_header(u32::MAX >> 1, 1)).is_err());
    assert!(refusal("x.png", png_header(500, 500)).starts_with("x.png: the picture is damaged"));
}

#[test]
fn pictures_of_all_kinds_are_scaled_and_encoded_anew() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let large = attached("large", encoded(&photo(1_600, 40), format)).expect("a picture");
        assert_eq!(picture(&large).dimensions(), (1_568, 39), "{format:?}");
        let small = attached("small", encoded(&drawing(20, 30), format)).expect("a picture");
        assert_eq!(picture(&small).dimensions(), (20, 30), "{format:?}");
    }
    let huge = attached("huge", encoded(&drawing(40, 5_000), ImageFormat::Png)).expect("a picture");
    assert_eq!(picture(&huge).height(), 1_568);
}

#[test]
fn drawings_and_transparent_pictures_become_png_and_photographs_jpeg() {
    let mime = |picture: &DynamicImage| {
        let file = attached("x", encoded(picture, ImageFormat::Png)).expect("a picture");
        file.image().expect("a picture").mime
    };
    assert_eq!(mime(&drawing(40, 40)), "image/png");
    assert_eq!(mime(&photo(120, 120)), "image/jpeg");
    let glass = RgbaImage::from_pixel(40, 40, Rgba([1, 2, 3, 100]));
    assert_eq!(mime(&glass.into()), "image/png");
    let opaque = photo(120, 120).to_rgba8();
    assert_eq!(mime(&opaque.into()), "image/jpeg", "an unused channel is no transparency");
}

#[test]
fn exif_turns_the_picture_and_does_not_leave() {
    // red at the left, blue at the right
    let halves = RgbImage::from_fn(40, 20, |x, _| if x < 20 { Rgb([220, 0, 0]) } else { Rgb([0, 0, 220]) });
    let jpeg = jpeg_with_exif(&halves.into(), 6);
    assert!(memchr::memmem::find(&jpeg, b"Zurich").is_some());
    let file = attached("photo.jpg", jpeg).expect("a picture");
    let turned = picture(&file);
    assert_eq!(turned.dimensions(), (20, 40), "turned by a quarter");
    let [top, bottom] = [5, 35].map(|y| turned.get_pixel(10, y).0);
    assert!(top[0] > 150 && bottom[2] > 150, "{top:?} {bottom:?}");
    let bytes = &file.image().expect("a picture").bytes;
    for trace in [&b"Zurich"[..], b"Exif", b"GPS"] {
        assert_eq!(memchr::memmem::find(bytes, trace), None);
    }
}

#[test]
fn nothing_behind_or_inside_a_picture_leaves() {
    let mut polyglot = encoded(&drawing(4, 4), ImageFormat::Png);
    polyglot.extend(b"PK\x03\x04<script>alert(1)</script>");
    let file = attached("x.png", polyglot).expect("a picture");
    assert_eq!(memchr::memmem::find(&file.image().expect("a picture").bytes, b"script"), None);
}

#[test]
fn broken_pictures_are_refused_and_never_panic() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let whole = encoded(&photo(60, 40), format);
        for end in (9..whole.len()).step_by(197) {
            let _ = attached("cut", &whole[..end]);
        }
        for at in (12..whole.len()).step_by(83) {
            let mut bent = whole.clone();
            bent[at] ^= 0xA5;
            let _ = attached("bent", bent);
        }
    }
}

#[test]
fn texts_follow_the_prompt_in_fences_that_they_cannot_close() {
    let text = |name: &str, text: &str| Attachment { name: name.into(), content: Content::Text(text.into()) };
    let files = [text("a.md", "one\n````\ntwo\n"), text("b.txt", "x")];
    let want = "Compare.\n\na.md:\n`````\none\n````\ntwo\n`````\n\nb.txt:\n```\nx\n```";
    assert_eq!(inlined("Compare.", &files), want);
    let image = Arc::new(Image { mime: "image/png", bytes: vec![1].into() });
    assert_eq!(
        inlined("Why?", &[Attachment { name: "p.png".into(), content: Content::Image(image) }]),
        "Why?"
    );
}

#[test]
fn names_are_harmless() {
    for (name, clean) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\tmp\\a.txt", "a.txt"),
        ("a\u{202e}gnp.`exe\n", "agnp.exe"),
        ("", "file"),
        ("/", "file"),
    ] {
        assert_eq!(clean_name(name), clean);
    }
    let long = clean_name(&format!("{}.txt", "x".repeat(300)));
    assert!(
        long.chars().count() == MAX_NAME_CHARS && long.ends_with("….txt") || long.ends_with("xxxxxx.txt"),
        "{long}"
    );
}
