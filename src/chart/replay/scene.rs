//! Draws the race, one moment after another. What stays is drawn once, onto `still`; the heads of the running curves are
//! drawn on a copy of it.

use std::time::Duration;

use tiny_skia::{IntRect, Pixmap};

use super::{
    super::{
        ChartError,
        brush::{Brush, DrawResult, Ink},
        canvas::Canvas,
        content::{self, Content},
        icons::IconSize,
        layout::Area,
        paint::{clipped_title, icon, ink},
        palette::{self, BACKGROUND, ERROR, MUTED, NOTICE, TEXT},
        text::{Face, Fonts, Style},
    },
    FRAMES, HEIGHT, Timing, WIDTH, legend,
    quantize::Pixel,
    scale::Axis,
    track::{Moment, Phase, Track},
};
use crate::{model::Color, race::report::Report};

const WIDTH_F: f32 = 800.0;
const MARGIN: f32 = 32.0;
const RIGHT: f32 = 768.0;
/// The highest curve, the line of zero tokens, and the lower edge of the waits below it.
const TOP: f32 = 124.0;
const ZERO: f32 = 340.0;
const FLOOR: f32 = 388.0;
/// The right end of the time axis, and the left edges of the legend's icons and words.
const PLOT_END: f32 = 548.0;
const ICON_X: f32 = 572.0;
const WORDS_X: f32 = 608.0;
const FOOTER_Y: f32 = 431.0;
/// The legend's speeds change with every so many frames: digits that flicker cannot be read.
const FRAMES_PER_SPEED: u16 = 6;

const NAME: Style = Style::new(Face::SemiBold, 17.0);
const STATE: Style = Style::new(Face::Regular, 14.0);
const SMALL: Style = Style::new(Face::Regular, 13.0);
const CURVE: f32 = 4.0;
/// The shares of a model's colour in its reasoning, its wait, and the line from its end to the legend.
const THOUGHT: f32 = 0.45;
const WAIT: f32 = 0.7;
const LEADER: f32 = 0.45;
const RING: f32 = 6.5;

type Point = (f32, f32);

/// A race that is drawn moment by moment.
pub(super) struct Scene<'a> {
    stage: Stage<'a>,
    /// The words beside each lane, as they are drawn.
    states: Vec<String>,
    /// The time up to which the curves are drawn, in seconds; `None` before the first moment.
    shown: Option<f64>,
    still: Pixmap,
    picture: Pixmap,
}

/// The lanes, and where everything is.
struct Stage<'a> {
    fonts: &'a Fonts,
    /// The lanes, the one with the most tokens first, as in the legend.
    tracks: Vec<Track>,
    time: Axis,
    tokens: Axis,
    /// The middle of each lane's place in the legend.
    legend: Vec<f32>,
    /// The height of each lane's wait.
    waits: Vec<f32>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        report: &Report,
        mut content: Content,
        timing: Timing,
        fonts: &'a Fonts,
    ) -> Result<Self, ChartError> {
        let mut still = Pixmap::new(WIDTH, HEIGHT).ok_or(ChartError::Memory)?;
        let ground = BACKGROUND;
        still.fill(tiny_skia::Color::from_rgba8(ground.r, ground.g, ground.b, 255));
        let stage = Stage::new(report, &mut content, timing, fonts);
        let brush = Brush::new(Canvas::new(&mut still, fonts));
        stage.header(&brush, &content, timing)?;
        stage.axes(&brush)?;
        stage.names(&brush, content.more.as_deref())?;
        footer(&brush)?;
        drop(brush);
        Ok(Self {
            states: vec![String::new(); stage.tracks.len()],
            shown: None,
            picture: still.clone(),
            still,
            stage,
        })
    }

    /// The colours that are drawn with.
    pub(super) fn inks(&self) -> Vec<Color> {
        let lanes = self.stage.tracks.iter().map(|track| track.color);
        [TEXT, MUTED, NOTICE, ERROR].into_iter().chain(lanes).collect()
    }

    /// The pixels of the icons.
    #[expect(clippy::cast_possible_truncation, reason = "pixels of the picture")]
    pub(super) fn icons(&self) -> Vec<Pixel> {
        let size = IconSize::Tiny.width();
        let area = |y: f32| {
            IntRect::from_xywh(ICON_X as i32, (y - f32::from(size) / 2.0) as i32, size.into(), size.into())
        };
        let icons = self.stage.legend.iter().filter_map(|y| self.still.clone_rect(area(*y)?));
        icons.flat_map(|icon| icon.data().as_chunks::<4>().0.to_vec()).collect()
    }

    /// The picture as last drawn, row by row.
    pub(super) fn pixels(&self) -> &[Pixel] {
        self.picture.data().as_chunks::<4>().0
    }

    /// The left end of the time axis.
    #[cfg(test)]
    pub(super) fn left(&self) -> f32 {
        self.stage.time.from
    }

    /// Draws what happened until `now`, with the result on the last frame.
    pub(super) fn advance(&mut self, now: Duration, frame: u16) -> DrawResult {
        let (now, stage) = (now.as_secs_f64(), &self.stage);
        let brush = Brush::new(Canvas::new(&mut self.still, stage.fonts));
        for (lane, shown) in self.states.iter_mut().enumerate() {
            stage.wait(&brush, lane, (self.shown, now))?;
            stage.curve(&brush, lane, (self.shown, now))?;
            let track = &stage.tracks[lane];
            let is_new = self.shown.is_none_or(|before| track.phase(before) != track.phase(now));
            let (words, color) = legend::state(track, now);
            if words != *shown && (is_new || frame.is_multiple_of(FRAMES_PER_SPEED)) {
                stage.state(&brush, lane, &words, color)?;
                *shown = words;
            }
        }
        if frame + 1 == FRAMES {
            stage.result(&brush)?;
        }
        drop(brush);
        self.shown = Some(now);
        self.picture.data_mut().copy_from_slice(self.still.data());
        stage.heads(&Brush::new(Canvas::new(&mut self.picture, stage.fonts)), now)
    }
}

impl<'a> Stage<'a> {
    fn new(report: &Report, content: &mut Content, timing: Timing, fonts: &'a Fonts) -> Self {
        let race = timing.race.as_secs_f64();
        let lanes = std::mem::take(&mut content.rows).into_iter().zip(content::ranked(report));
        let mut tracks: Vec<Track> = lanes.map(|(row, ranked)| Track::new(row, ranked.lane, race)).collect();
        let written = |track: &Track| track.end().map_or(-1.0, |(_, tokens)| tokens);
        tracks.sort_by(|a, b| written(b).total_cmp(&written(a)));
        let most = tracks.first().map_or(0.0, written);
        let tokens = Axis::in_whole_steps(most.max(1.0), (ZERO, TOP));
        let labels = tokens.steps().map(|value| fonts.width(&tokens.label(value), STATE));
        let left = (MARGIN + labels.fold(0.0, f32::max) + 12.0).ceil();
        let legend_end = if content.more.is_some() { 384.0 } else { 408.0 };
        Self {
            fonts,
            time: Axis::until(race, (left, PLOT_END)),
            tokens,
            legend: spread(tracks.len(), (90.0, legend_end), 46.0),
            waits: waits(&tracks),
            tracks,
        }
    }

    fn header(&self, brush: &Brush<'_>, content: &Content, timing: Timing) -> DrawResult {
        let muted = ink(Face::SemiBold, 17.0, MUTED);
        let mut x = MARGIN;
        let speed = timing.note();
        let about = [("LLM Arena  ·  the race", MUTED)].into_iter();
        let notes = content
            .simulated
            .into_iter()
            .chain(speed.as_deref())
            .flat_map(|note| [("  ·  ", MUTED), (note, NOTICE)]);
        for (words, color) in about.chain(notes) {
            brush.text(words, Ink { color, ..muted }, (x, 36.0))?;
            x += self.fonts.width(words, muted.style);
        }
        let title = ink(Face::Bold, 25.0, TEXT);
        brush.text(
            &clipped_title(self.fonts, &content.title, title.style, RIGHT - MARGIN),
            title,
            (MARGIN, 71.0),
        )
    }

    fn axes(&self, brush: &Brush<'_>) -> DrawResult {
        let (grid, label) = ((1.0, palette::mix(MUTED, BACKGROUND, 0.2)), Ink { style: STATE, color: MUTED });
        brush.text(
            "output tokens",
            Ink { style: Style::new(Face::SemiBold, 14.0), ..label },
            (self.time.from, 105.0),
        )?;
        for value in self.tokens.steps() {
            let y = self.tokens.pixel(value).round();
            brush.line((self.time.from, y), (self.time.to, y), grid)?;
            brush.text_ending(&self.tokens.label(value), label, (self.time.from - 10.0, y))?;
        }
        for value in self.time.steps() {
            let x = self.time.pixel(value).round();
            brush.line((x, TOP), (x, FLOOR), grid)?;
            let unit = if value == 0.0 { " s" } else { "" };
            brush.text_around(&(self.time.label(value) + unit), label, (x, FLOOR + 14.0))?;
        }
        let last = self.tracks.iter().filter_map(Track::start).fold(0.0, f64::max);
        let (words, x) = ("← waiting for the first token", self.time.pixel(last) + 12.0);
        if x + self.fonts.width(words, SMALL) < PLOT_END {
            brush.text(words, Ink { style: SMALL, color: MUTED }, (x, f32::midpoint(ZERO, FLOOR) + 3.0))?;
        }
        Ok(())
    }

    fn names(&self, brush: &Brush<'_>, more: Option<&str>) -> DrawResult {
        for (track, y) in self.tracks.iter().zip(&self.legend) {
            icon(brush, self.fonts, (&track.row, false), IconSize::Tiny, (ICON_X, *y))?;
            let name = self.fonts.clip_middle(&track.row.label, NAME, RIGHT - WORDS_X);
            brush.text(&name, Ink { style: NAME, color: track.color }, (WORDS_X, y - 11.0))?;
        }
        // only the count: "+ 17 more in the message, 5 of them failed" does not fit
        let more = more.and_then(|more| more.split(',').next()).unwrap_or_default();
        brush.text(more, Ink { style: SMALL, color: MUTED }, (ICON_X, 400.0))
    }

    /// Returns the place of a moment of a curve.
    fn at(&self, (time, tokens): Moment) -> Point {
        (self.time.pixel(time), self.tokens.pixel(tokens))
    }

    /// Draws a lane's wait until `now`: a line below zero, and at its end one up to where the curve begins.
    fn wait(&self, brush: &Brush<'_>, lane: usize, (before, now): (Option<f64>, f64)) -> DrawResult {
        let (track, y) = (&self.tracks[lane], self.waits[lane]);
        let Some(start) = track.start().filter(|start| before.is_none_or(|before| before < *start)) else {
            return Ok(());
        };
        let color = palette::mix(track.color, BACKGROUND, WAIT);
        let (from, to) = (self.time.pixel(before.unwrap_or(0.0)), self.time.pixel(now.min(start)));
        // one rectangle beside the other, without the round ends of lines
        let area = Area { left: from.floor(), right: to.floor(), top: y - 1.0, bottom: y + 2.0 };
        brush.fill(area, 0.0, color)?;
        if now >= start {
            brush.line((to, y), (to, ZERO), (1.5, palette::mix(track.color, BACKGROUND, 0.55)))?;
            brush.disc((to, y), 4.0, track.color)?;
        }
        Ok(())
    }

    /// Draws what is new of a lane's curve, and at its end the line to the legend.
    fn curve(&self, brush: &Brush<'_>, lane: usize, (before, now): (Option<f64>, f64)) -> DrawResult {
        let track = &self.tracks[lane];
        for (is_thought, moments) in track.between(before.unwrap_or(0.0), now) {
            let color = if is_thought { palette::mix(track.color, BACKGROUND, THOUGHT) } else { track.color };
            brush.path(moments.into_iter().map(|moment| self.at(moment)), (CURVE, color))?;
        }
        let is_over = track.phase(now) == Phase::Over;
        let Some(end) = track.end().filter(|(end, _)| is_over && before.is_none_or(|before| before < *end))
        else {
            return Ok(());
        };
        let ((x, y), legend) = (self.at(end), self.legend[lane]);
        let leader = [(x, y), (PLOT_END + 9.0, y), (ICON_X - 6.0, legend)];
        brush.path(leader, (1.5, palette::mix(track.color, BACKGROUND, LEADER)))?;
        if track.row.has_failed() { cross(brush, (x, y)) } else { ring(brush, (x, y), track.color) }
    }

    /// Draws the state of a lane below its name.
    fn state(&self, brush: &Brush<'_>, lane: usize, words: &str, color: Color) -> DrawResult {
        let y = self.legend[lane] + 9.0;
        brush.fill(
            Area { left: WORDS_X - 2.0, right: WIDTH_F, top: y - 7.0, bottom: y + 10.0 },
            0.0,
            BACKGROUND,
        )?;
        let words = self.fonts.clip_end(words, STATE, WIDTH_F - 10.0 - WORDS_X);
        brush.text(&words, Ink { style: STATE, color }, (WORDS_X, y))
    }

    /// Draws the winners in place of the footer, if there are any.
    fn result(&self, brush: &Brush<'_>) -> DrawResult {
        let winners = legend::winners(&self.tracks);
        if winners.is_empty() {
            return Ok(());
        }
        brush.fill(
            Area { left: 0.0, right: WIDTH_F, top: FOOTER_Y - 14.0, bottom: FOOTER_Y + 14.0 },
            0.0,
            BACKGROUND,
        )?;
        let width = |size: f32| {
            let style = Style::new(Face::SemiBold, size);
            let words = winners
                .iter()
                .map(|(name, _, won)| self.fonts.width(name, style) + self.fonts.width(won, style));
            words.sum::<f32>() + self.fonts.width("   ·   ", style)
        };
        let style = Style::new(Face::SemiBold, (16.0 * (RIGHT - MARGIN) / width(16.0)).min(16.0));
        let mut x = MARGIN;
        for (index, (name, color, won)) in winners.iter().enumerate() {
            let dot = if index == 0 { "" } else { "   ·   " };
            for (words, color) in [(dot, MUTED), (name, *color), (won.as_str(), TEXT)] {
                brush.text(words, Ink { style, color }, (x, FOOTER_Y))?;
                x += self.fonts.width(words, style);
            }
        }
        Ok(())
    }

    /// Draws the heads of the lanes that run at `now`.
    fn heads(&self, brush: &Brush<'_>, now: f64) -> DrawResult {
        for (lane, track) in self.tracks.iter().enumerate().rev() {
            match (track.phase(now), track.moment(now)) {
                (Phase::Waiting, _) => {
                    brush.disc((self.time.pixel(now), self.waits[lane]), 4.0, track.color)?;
                }
                (Phase::Thinking | Phase::Writing, Some(moment)) => {
                    ring(brush, self.at(moment), track.color)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn footer(brush: &Brush<'_>) -> DrawResult {
    let notes = [
        "steeper = more tokens per second",
        "starts later = longer wait",
        "faded = thinking",
        "x: seconds since sending",
    ];
    brush.text(&notes.join("   ·   "), Ink { style: SMALL, color: MUTED }, (MARGIN, FOOTER_Y))
}

fn ring(brush: &Brush<'_>, at: Point, color: Color) -> DrawResult {
    brush.disc(at, RING, color)?;
    brush.disc(at, RING - 3.5, BACKGROUND)
}

fn cross(brush: &Brush<'_>, (x, y): Point) -> DrawResult {
    let arm = RING - 1.5;
    brush.disc((x, y), RING + 1.5, BACKGROUND)?;
    brush.line((x - arm, y - arm), (x + arm, y + arm), (3.0, ERROR))?;
    brush.line((x - arm, y + arm), (x + arm, y - arm), (3.0, ERROR))
}

/// Returns the middles of `n` places between two heights, at most `max` apart.
fn spread(n: usize, (top, bottom): (f32, f32), max: f32) -> Vec<f32> {
    let n = u8::try_from(n).unwrap_or(u8::MAX);
    let pitch = ((bottom - top) / f32::from(n.max(1))).min(max);
    (0..n).map(|i| (top + pitch * (f32::from(i) + 0.5)).round()).collect()
}

/// Returns the height of each lane's wait, the shortest first.
fn waits(tracks: &[Track]) -> Vec<f32> {
    let mut order: Vec<usize> = (0..tracks.len()).collect();
    order.sort_by(|a, b| {
        let start = |lane: &usize| tracks[*lane].start().unwrap_or(f64::INFINITY);
        start(a).total_cmp(&start(b))
    });
    let mut waits = vec![0.0; tracks.len()];
    let heights = spread(tracks.len(), (ZERO + 6.0, FLOOR - 2.0), 9.0);
    order.into_iter().zip(heights).for_each(|(lane, y)| waits[lane] = y);
    waits
}
