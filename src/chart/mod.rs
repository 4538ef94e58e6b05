//! The chart of a finished race: turns a [`Report`] into a PNG and its alternative text.
//!
//! Pure and bounded: it reads no clock and calls nothing, the picture has a fixed size and at most eight rows, and texts
//! are limited in length. Every report gives a picture. Drawing takes some milliseconds, so an async caller uses
//! `spawn_blocking`.
//!
//! ```text
//! Report -> sanitize -> content -> row     what the chart says
//! Content -> alt                           the alternative text
//! Content -> layout -> paint -> brush      positions, then plotters elements
//!   -> canvas (text, raster, icons)        plotters elements to pixels
//!   -> encode                              pixels to PNG
//! Summary -> history (history_axes)        the speed of a model over time
//! Board -> board -> brush, canvas          the chart of a team's board, on plotters' own axes
//! ```
//!
//! [`replay`](replay()) makes an animated GIF of the same content and of the lanes' timelines, [`share_card`] a picture to
//! show elsewhere.

mod alt;
mod board;
mod brush;
mod canvas;
mod content;
mod history;
mod history_axes;
mod history_marks;
mod icons;
mod layout;
mod paint;
mod palette;
mod raster;
mod replay;
mod row;
mod sanitize;
mod share;
#[cfg(test)]
mod tests;
mod text;

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    error::{ImageError, ParameterError, ParameterErrorKind},
};
use tiny_skia::Pixmap;

use crate::{board::Board, model::ModelCard, race::report::Report, surface::Chart};
use brush::Brush;
use canvas::Canvas;
use content::Content;
use text::Fonts;

pub use self::history::{HistoryOptions, history};
pub use replay::{FRAMES, HEIGHT as REPLAY_HEIGHT, Replay, WIDTH as REPLAY_WIDTH, replay};
pub use share::share_card;

/// The picture's width in pixels.
pub const WIDTH: u32 = 1200;
/// The picture's height in pixels.
pub const HEIGHT: u32 = 675;

/// The chart could not be drawn. No variant depends on the report.
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
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Returns true if a chart of the race says something: it compares several lanes, at least one of which has a speed.
#[must_use]
pub fn compares(report: &Report) -> bool {
    report.lanes.len() > 1 && report.lanes.iter().any(|lane| lane.metrics.tokens_per_second.is_some())
}

/// Draws the chart of a race: bars of decode speed, the fastest first, with an alternative text of at most 1000
/// characters.
///
/// # Errors
/// See [`ChartError`]. No report causes an error.
pub fn png(report: &Report) -> Result<Chart, ChartError> {
    let fonts = Fonts::embedded()?;
    let content = Content::new(report, fonts);
    Ok(Chart { png: encode(&draw(&content, fonts)?)?, alt: alt::text(alt::BARS, &content) })
}

/// Draws the chart of a team's board, with the icons and colours of the models in `cards`.
///
/// # Errors
/// See [`ChartError`]. No board causes an error.
pub fn board_png(board: &Board, cards: &[ModelCard]) -> Result<Chart, ChartError> {
    let fonts = Fonts::embedded()?;
    let content = board::Content::new(board, cards, fonts);
    let rgb = picture(fonts, |brush, fonts| board::draw(&brush, fonts, &content))?;
    Ok(Chart { png: encode(&rgb)?, alt: content.alt() })
}

/// Returns the alternative text of the chart, without drawing it.
///
/// # Errors
/// [`ChartError::Font`].
pub fn alt(report: &Report) -> Result<String, ChartError> {
    Ok(alt::text(alt::BARS, &Content::new(report, Fonts::embedded()?)))
}

/// Draws the chart without encoding it: RGB, three bytes per pixel, row by row. The benchmark measures drawing and
/// encoding separately.
///
/// # Errors
/// See [`ChartError`].
pub fn rgb(report: &Report) -> Result<Vec<u8>, ChartError> {
    let fonts = Fonts::embedded()?;
    draw(&Content::new(report, fonts), fonts)
}

/// Encodes [`WIDTH`] x [`HEIGHT`] RGB pixels as PNG, with the settings that [`png`] uses.
///
/// # Errors
/// [`ChartError::Encode`] if `rgb` has another length.
pub fn encode(rgb: &[u8]) -> Result<Vec<u8>, ChartError> {
    if rgb.len() != (WIDTH * HEIGHT * 3) as usize {
        let mismatch = ParameterError::from_kind(ParameterErrorKind::DimensionMismatch);
        return Err(ChartError::Encode(ImageError::Parameter(mismatch).into()));
    }
    let mut png = Vec::with_capacity(256 * 1024);
    // the fast compressor relies on filtered rows: without a filter the file is ten times as large
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
        .write_image(rgb, WIDTH, HEIGHT, ExtendedColorType::Rgb8)
        .map_err(|error| ChartError::Encode(error.into()))?;
    Ok(png)
}

fn draw(content: &Content, fonts: &Fonts) -> Result<Vec<u8>, ChartError> {
    picture(fonts, |brush, fonts| paint::content(brush, fonts, content))
}

/// Returns the RGB pixels of what `draw` draws on the background.
fn picture(
    fonts: &Fonts,
    draw: impl for<'a> FnOnce(Brush<'a>, &'a Fonts) -> brush::DrawResult,
) -> Result<Vec<u8>, ChartError> {
    let mut pixmap = Pixmap::new(WIDTH, HEIGHT).ok_or(ChartError::Memory)?;
    let ground = palette::BACKGROUND;
    pixmap.fill(tiny_skia::Color::from_rgba8(ground.r, ground.g, ground.b, 255));
    draw(Brush::new(Canvas::new(&mut pixmap, fonts)), fonts)?;
    Ok(without_alpha(pixmap.take()))
}

/// Converts opaque RGBA to RGB in place, four pixels at a time. A block is never written beyond the bytes already read.
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
