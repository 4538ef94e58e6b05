//! The chart of a finished race: a [`Report`] in, a PNG and its alternative text out.
//!
//! Pure and bounded: no clock, no client, a fixed size, at most eight rows, texts of limited length; any report
//! gives a picture. It takes some milliseconds, so an async caller draws in `spawn_blocking`.
//! Must not know where the chart is posted.
//!
//! ```text
//! Report -> sanitize -> card (what it says) -> alt                               alternative text
//!                                           -> layout -> paint -> brush -> canvas -> pixels -> PNG
//!                                              (what stands where; plotters elements; tiny-skia)
//! ```

mod alt;
mod brush;
mod canvas;
mod card;
mod fit;
mod icons;
mod layout;
mod paint;
mod palette;
#[cfg(test)]
mod samples;
mod sanitize;
#[cfg(test)]
mod tests;
mod text;

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use tiny_skia::Pixmap;

use crate::{race::report::Report, surface::Chart};
use brush::Brush;
use canvas::Canvas;
use card::Card;
use text::Fonts;

/// The picture's width in pixels.
pub const WIDTH: u32 = 1200;
/// The picture's height in pixels.
pub const HEIGHT: u32 = 675;

/// Why there is no chart. None of these depends on the report.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// An embedded font cannot be read.
    #[error("an embedded font cannot be read")]
    Font,
    /// There is no memory for the picture.
    #[error("no memory for the picture")]
    Memory,
    /// The canvas refused a shape.
    #[error("the canvas refused a shape")]
    Draw(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The encoder failed.
    #[error("the picture cannot be encoded")]
    Encode(#[source] image::ImageError),
}

/// The chart of a race: bars of decode speed, the fastest first, with an alternative text of at most 1000 characters.
///
/// # Errors
/// See [`ChartError`]; whatever the report holds, there is a picture.
pub fn png(report: &Report) -> Result<Chart, ChartError> {
    let fonts = Fonts::embedded()?;
    let card = Card::of(report, fonts);
    Ok(Chart { png: encode(&draw(&card, fonts)?)?, alt: alt::text(&card) })
}

/// The pixels of [`png`]: RGB, three bytes a pixel, row by row. For measuring drawing and encoding apart.
///
/// # Errors
/// As [`png`].
pub fn rgb(report: &Report) -> Result<Vec<u8>, ChartError> {
    let fonts = Fonts::embedded()?;
    draw(&Card::of(report, fonts), fonts)
}

/// The PNG of [`WIDTH`] x [`HEIGHT`] RGB pixels, with the settings that [`png`] uses.
///
/// # Errors
/// [`ChartError::Encode`] when `rgb` has another length.
pub fn encode(rgb: &[u8]) -> Result<Vec<u8>, ChartError> {
    if rgb.len() != (WIDTH * HEIGHT * 3) as usize {
        let wrong = image::error::ParameterErrorKind::DimensionMismatch;
        return Err(ChartError::Encode(image::ImageError::Parameter(
            image::error::ParameterError::from_kind(wrong),
        )));
    }
    let mut png = Vec::with_capacity(256 * 1024);
    // the fast compressor relies on filtered rows: without a filter the file is ten times as large
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
        .write_image(rgb, WIDTH, HEIGHT, ExtendedColorType::Rgb8)
        .map_err(ChartError::Encode)?;
    Ok(png)
}

fn draw(card: &Card, fonts: &'static Fonts) -> Result<Vec<u8>, ChartError> {
    let mut pixmap = Pixmap::new(WIDTH, HEIGHT).ok_or(ChartError::Memory)?;
    let ground = palette::BACKGROUND;
    pixmap.fill(tiny_skia::Color::from_rgba8(ground.r, ground.g, ground.b, 255));
    paint::card(Brush::new(Canvas::new(&mut pixmap, fonts)), fonts, card)?;
    Ok(without_alpha(pixmap.take()))
}

/// RGB of opaque RGBA, in place: four pixels at a time, each written behind the place it was read from.
fn without_alpha(mut pixels: Vec<u8>) -> Vec<u8> {
    let blocks = pixels.len() / 16;
    for block in 0..blocks {
        let mut rgb = [0; 12];
        let rgba = &pixels[16 * block..16 * block + 16];
        for (to, from) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(rgba.as_chunks::<4>().0) {
            *to = [from[0], from[1], from[2]];
        }
        pixels[12 * block..12 * block + 12].copy_from_slice(&rgb);
    }
    pixels.truncate(12 * blocks);
    pixels
}
