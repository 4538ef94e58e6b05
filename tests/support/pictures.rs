//! Pictures and other files, as people attach them.

use std::io::Cursor;

use image::{DynamicImage, ImageEncoder as _, ImageFormat, Rgb, RgbImage, codecs::jpeg::JpegEncoder};

/// A place that a camera wrote into a photograph.
pub const PLACE: &str = "GPS 47.37 N 8.54 E Zurich";

/// A drawing of this size as PNG.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![]);
    let picture: DynamicImage = RgbImage::from_pixel(width, height, Rgb([200, 30, 30])).into();
    picture.write_to(&mut bytes, ImageFormat::Png).expect("an encoded picture");
    bytes.into_inner()
}

/// A photograph as JPEG that says where it was taken.
pub fn photograph() -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend([0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
    exif.extend([0x0E, 1, 2, 0, 25, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(PLACE.as_bytes());
    let picture = RgbImage::from_fn(1_700, 90, |x, y| {
        let [x, y] = [x, y].map(|at| u8::try_from(at % 251).unwrap_or_default());
        Rgb([x, y, x ^ y.wrapping_mul(3)])
    });
    let mut jpeg = vec![];
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 90);
    encoder.set_exif_metadata(exif).expect("EXIF is supported");
    picture.write_with_encoder(encoder).expect("an encoded picture");
    jpeg
}

/// A PNG of less than a kilobyte that claims 30,000 by 30,000 pixels.
pub fn bomb() -> Vec<u8> {
    let mut png = png(1, 1);
    png[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let crc = png[12..29].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    });
    png[29..33].copy_from_slice(&(!crc).to_be_bytes());
    png
}

/// The text of a prompt with files, and the number of its pictures, all of which are clean.
pub fn parts(content: &serde_json::Value) -> (String, usize) {
    let Some(parts) = content.as_array() else {
        return (content.as_str().expect("a text").to_owned(), 0);
    };
    assert_eq!(parts[0]["type"], "text", "{parts:?}");
    for part in &parts[1..] {
        assert_eq!(
            (&part["type"], part.as_object().map(serde_json::Map::len)),
            (&"image_url".into(), Some(2))
        );
        let (bytes, _) = decoded(part["image_url"]["url"].as_str().expect("a URL"));
        assert!(memchr::memmem::find(&bytes, PLACE.as_bytes()).is_none(), "the place of a photograph");
    }
    (parts[0]["text"].as_str().expect("a text").to_owned(), parts.len() - 1)
}

/// The picture behind a data URL.
pub fn decoded(data_url: &str) -> (Vec<u8>, DynamicImage) {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let (_, data) = data_url.split_once(";base64,").expect("a data URL");
    let bytes = BASE64_STANDARD.decode(data).expect("Base64");
    let picture = image::load_from_memory(&bytes).expect("a picture");
    (bytes, picture)
}
