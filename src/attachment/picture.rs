//! Pictures: checked by their header, decoded, scaled and encoded anew. Nothing but the pixels is kept, so neither the
//! place where a photograph was taken nor a second file inside the first leaves this service.

use std::{collections::HashSet, io::Cursor};

use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
};

use super::{AttachmentError, MAX_PIXELS, MAX_SIDE};
use crate::model::Image;

/// The long side of a picture that is sent: what most providers scale to themselves.
const SENT_SIDE: u32 = 1_568;
/// The bytes that a decoder may allocate: [`MAX_PIXELS`] of four channels, and its tables.
const MAX_DECODED_BYTES: u64 = MAX_PIXELS * 4 + (28 << 20);
/// A picture with no more colours is a drawing or a screenshot, which JPEG would blur.
const MAX_DRAWN_COLOURS: usize = 4_096;
/// A PNG above this size is sent as JPEG, so that requests stay small.
const MAX_PNG_BYTES: usize = 2 << 20;
const JPEG_QUALITY: u8 = 88;

/// Returns the picture encoded anew: as PNG if it has transparent pixels or few colours, else as JPEG.
///
/// # Errors
/// [`AttachmentError::TooManyPixels`], before anything is decoded, and [`AttachmentError::Undecodable`].
pub(super) fn encoded_anew(name: &str, format: ImageFormat, bytes: &[u8]) -> Result<Image, AttachmentError> {
    let undecodable = || AttachmentError::Undecodable { name: name.to_owned() };
    let mut head = ImageReader::with_format(Cursor::new(bytes), format);
    head.limits(limits());
    let (width, height) = head.into_dimensions().map_err(|_| undecodable())?;
    let is_too_large = u64::from(width) * u64::from(height) > MAX_PIXELS || width.max(height) > MAX_SIDE;
    if is_too_large || width == 0 || height == 0 {
        return Err(AttachmentError::TooManyPixels { name: name.to_owned(), width, height });
    }
    let picture = decoded(format, bytes).map_err(|_| undecodable())?;
    encoded(&picture).map_err(|_| undecodable())
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits
}

/// The picture upright and at most [`SENT_SIDE`] pixels long; of an animation its first frame.
fn decoded(format: ImageFormat, bytes: &[u8]) -> image::ImageResult<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = scaled(DynamicImage::from_decoder(decoder)?);
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn scaled(picture: DynamicImage) -> DynamicImage {
    let long = picture.width().max(picture.height());
    if long <= SENT_SIDE {
        return picture;
    }
    // the precise filter works in floats: four times the memory of a picture that may be large
    let near = if long > 2 * SENT_SIDE { picture.thumbnail(2 * SENT_SIDE, 2 * SENT_SIDE) } else { picture };
    near.resize(SENT_SIDE, SENT_SIDE, FilterType::Triangle)
}

fn encoded(picture: &DynamicImage) -> image::ImageResult<Image> {
    let has_holes =
        picture.color().has_alpha() && picture.to_rgba8().pixels().any(|pixel| pixel.0[3] < u8::MAX);
    let rgb = picture.to_rgb8();
    if has_holes || has_few_colours(&rgb) {
        let mut png = vec![];
        let encoder = PngEncoder::new(&mut png);
        if has_holes {
            picture.to_rgba8().write_with_encoder(encoder)?;
        } else {
            rgb.write_with_encoder(encoder)?;
        }
        if png.len() <= MAX_PNG_BYTES {
            return Ok(Image { mime: "image/png", bytes: png.into() });
        }
    }
    let opaque = if has_holes { on_white(picture) } else { rgb };
    let mut jpeg = vec![];
    opaque.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY))?;
    Ok(Image { mime: "image/jpeg", bytes: jpeg.into() })
}

fn has_few_colours(picture: &RgbImage) -> bool {
    let mut colours = HashSet::new();
    picture.pixels().all(|pixel| {
        colours.insert(pixel.0);
        colours.len() <= MAX_DRAWN_COLOURS
    })
}

fn on_white(picture: &DynamicImage) -> RgbImage {
    let mut opaque = RgbImage::new(picture.width(), picture.height());
    for (pixel, source) in opaque.pixels_mut().zip(picture.to_rgba8().pixels()) {
        let [r, g, b, alpha] = source.0.map(u32::from);
        let over =
            |channel: u32| u8::try_from((channel * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        pixel.0 = [over(r), over(g), over(b)];
    }
    opaque
}
