//! The replay of a finished race: turns a [`Report`] into an animated GIF of its tokens over time.
//!
//! Pure and bounded as the chart is: [`FRAMES`] frames of a fixed size, at most eight curves, one palette. A frame draws
//! only what is new, and only the rectangle that changed is encoded.
//!
//! ```text
//! Report -> track -> scale          a curve per lane, in seconds and tokens, and the axes that hold them
//!   -> scene (legend)               draws one moment after another, in RGBA
//!   -> film (quantize)              pixels to colours of the palette, changed rectangles to GIF
//! ```

#[cfg(test)]
mod decoder;
mod film;
mod legend;
mod quantize;
mod scale;
mod scene;
#[cfg(test)]
mod tests;
mod track;

use std::time::Duration;

use super::{
    ChartError, alt,
    content::{self, Content, MAX_ROWS},
    text::Fonts,
};
use crate::race::report::Report;
use film::Film;
use scene::Scene;

/// The number of frames.
pub const FRAMES: u16 = 48;
/// The replay's width in pixels.
pub const WIDTH: u32 = 800;
/// The replay's height in pixels.
pub const HEIGHT: u32 = 450;

/// A longer race is played faster, so that it ends within this time.
const MAX_PLAY_TIME: Duration = Duration::from_secs(12);
/// The time of the last frame, in hundredths of a second.
const HOLD: u16 = 300;
/// The shortest frame, in hundredths of a second: browsers replace shorter ones by a tenth of a second.
const MIN_DELAY: u16 = 2;
/// The race time in place of one without a token.
const EMPTY_RACE: Duration = Duration::from_secs(1);

/// A replay with its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The animated GIF.
    pub gif: Vec<u8>,
    /// The alternative text, of at most 1000 characters.
    pub alt: String,
}

/// Draws the replay of a race, which loops: a chat has no button to play a picture again. Races of up to 12 seconds are
/// played at their own speed, longer ones at a multiple that the picture names.
///
/// # Errors
/// See [`ChartError`]. No report causes an error.
pub fn replay(report: &Report) -> Result<Replay, ChartError> {
    let fonts = Fonts::embedded()?;
    let content = Content::new(report, fonts);
    let alt = alt::text("Animated chart of tokens over time. Tokens per second:", &content);
    let timing = Timing::of(report);
    let mut scene = Scene::new(report, content, timing, fonts)?;
    let mut film = Film::new(&scene.inks(), &scene.icons())?;
    for (frame, delay) in (0..FRAMES).zip(timing.delays()) {
        scene.advance(timing.at(frame), frame)?;
        film.frame(scene.pixels(), delay)?;
    }
    Ok(Replay { gif: film.finish()?, alt })
}

/// The times of the frames.
#[derive(Clone, Copy, Debug)]
struct Timing {
    /// The time of the last token of a lane with a curve, shown by the last frame.
    race: Duration,
}

impl Timing {
    fn of(report: &Report) -> Self {
        let drawn = content::ranked(report).into_iter().take(MAX_ROWS);
        let ends = drawn.filter_map(|ranked| Some(ranked.lane.timeline.span()?.1));
        Self { race: ends.max().filter(|end| !end.is_zero()).unwrap_or(EMPTY_RACE) }
    }

    /// The time in the race that a frame shows.
    fn at(self, frame: u16) -> Duration {
        self.race * u32::from(frame) / u32::from(FRAMES - 1)
    }

    /// The speed of the replay as a multiple of the race's.
    fn factor(self) -> u32 {
        let factor = self.race.as_millis().div_ceil(MAX_PLAY_TIME.as_millis());
        u32::try_from(factor).unwrap_or(u32::MAX).max(1)
    }

    /// The delay after each frame, in hundredths of a second.
    fn delays(self) -> impl Iterator<Item = u16> {
        let due = move |frame| (self.at(frame) / self.factor()).as_millis() / 10;
        let delay =
            move |frame| u16::try_from(due(frame + 1) - due(frame)).unwrap_or(u16::MAX).max(MIN_DELAY);
        (0..FRAMES - 1).map(delay).chain([HOLD])
    }

    /// The speed of the replay where it is not that of the race: "3x speed", or "slow motion" where the frames would follow
    /// each other too fast.
    fn note(self) -> Option<String> {
        let shortest = Duration::from_millis(10) * u32::from(MIN_DELAY) * u32::from(FRAMES - 1);
        match self.factor() {
            1 if self.race < shortest => Some("slow motion".into()),
            1 => None,
            factor => Some(format!("{factor}x speed")),
        }
    }
}
