//! One row: icon, name, small line, bar, figure; or the frame of a failure.
//!
//! Must not know the other rows.

use super::{
    super::{
        brush::{Area, Drawn, Ink},
        card::{Honour, Outcome, Row},
        fit, icons,
        layout::{CHIP, RIGHT, UNIT, chip_width},
        palette::{self, BACKGROUND, ERROR, MUTED, NOTICE, TEXT, TRACK},
        text::Style,
    },
    Scene,
};
use crate::model::Color;

/// Round corners of bars and frames.
const RADIUS: f32 = 8.0;
/// From a bar's edge to the words in it.
const PADDING: f32 = 18.0;
/// The shortest bar: its colour must be seen.
const SHORTEST: f32 = 6.0;
/// What is left of the colour of a bar that is not the whole story.
const UNFINISHED: f32 = 0.45;

impl Scene<'_> {
    /// Draws the row with this index.
    pub(super) fn row(&self, index: usize, row: &Row) -> Drawn {
        let y = self.layout.rows[index];
        self.icon(row, y)?;
        self.label(index, row, y)?;
        match &row.outcome {
            Outcome::Speed { figure, share, mark, whole } => {
                let color = if *whole { row.color } else { palette::mix(row.color, TRACK, UNFINISHED) };
                self.bar(y, *share, color, &tag(row.honour, *mark))?;
                self.figure(figure, if *whole { TEXT } else { MUTED }, y)
            }
            Outcome::NoSpeed(words) => {
                let room = self.track(y)?;
                self.words(&tag(row.honour, Some(words)), MUTED, room)?;
                self.figure("–", MUTED, y)
            }
            Outcome::Failed(error) => self.failure(error, y),
        }
    }

    fn icon(&self, row: &Row, y: f32) -> Drawn {
        let size = self.layout.sizes.icon;
        let failed = matches!(row.outcome, Outcome::Failed(_));
        let width = f32::from(size.width());
        let left = super::MARGIN;
        if let Some(icon) = icons::find(&row.icon, size) {
            let icon = if failed { icon.dimmed(UNFINISHED) } else { icon };
            let (_, height) = icon.size;
            self.brush.icon(&icon, (left, y - f32::from(u16::try_from(height).unwrap_or(0)) / 2.0))
        } else {
            let color = if failed { palette::mix(row.color, BACKGROUND, UNFINISHED) } else { row.color };
            self.monogram(row, color, Area::row(left, left + width, y, width))
        }
    }

    /// A letter in a disc, for icons that there is no picture of.
    fn monogram(&self, row: &Row, color: Color, area: Area) -> Drawn {
        let radius = (area.right - area.left) / 2.0;
        let centre = (area.left + radius, area.middle());
        if palette::vanishes_on(color, BACKGROUND) {
            self.brush.disc(centre, radius, MUTED)?;
            self.brush.disc(centre, radius - 2.0, color)?;
        } else {
            self.brush.disc(centre, radius, color)?;
        }
        let letter = row.label.chars().find(|c| c.is_alphanumeric()).unwrap_or('?');
        let letter: String =
            letter.to_uppercase().filter(|c| self.fonts.covers(&c.to_string())).take(1).collect();
        let style = Style::new(self.layout.sizes.name.face, (radius * 1.15).round());
        self.brush.text_around(&letter, Ink { style, color: palette::ink_on(color) }, centre)
    }

    fn label(&self, index: usize, row: &Row, y: f32) -> Drawn {
        let (label, sizes, x) = (&self.layout.labels[index], self.layout.sizes, self.layout.text_x);
        let failed = matches!(row.outcome, Outcome::Failed(_));
        let (name_y, detail_y) = self.layout.lines(y, label, &row.detail);
        let color = if failed { MUTED } else { TEXT };
        self.brush.text(&label.name, Ink { style: label.style, color }, (x, name_y))?;
        if failed {
            let over = (x - 3.0, x + label.width + 3.0);
            self.brush.line((over.0, name_y + 1.0), (over.1, name_y + 1.0), (2.5, MUTED))?;
        }
        if row.simulated {
            self.chip(x + label.width + 12.0, name_y)?;
        }
        let color = if matches!(row.honour, Some(Honour::First | Honour::Both)) { TEXT } else { MUTED };
        self.brush.text(&row.detail, Ink { style: sizes.detail, color }, (x, detail_y))
    }

    /// The mark of a simulated model.
    fn chip(&self, x: f32, y: f32) -> Drawn {
        let sizes = self.layout.sizes;
        let area = Area::row(x, x + chip_width(sizes, self.fonts), y, (sizes.chip.size * 1.5).round());
        self.brush.frame(area, 6.0, (1.5, palette::mix(NOTICE, BACKGROUND, 0.6)))?;
        self.brush.text(CHIP, Ink { style: sizes.chip, color: NOTICE }, (x + 8.0, area.middle()))
    }

    /// The empty bar; gives its area.
    fn track(&self, y: f32) -> Result<Area, super::super::ChartError> {
        let area = Area::row(self.layout.bar_x, self.layout.bar_end, y, self.layout.sizes.bar);
        self.brush.fill(area, RADIUS, TRACK)?;
        Ok(area)
    }

    fn bar(&self, y: f32, share: f32, color: Color, tag: &str) -> Drawn {
        let track = self.track(y)?;
        let length = ((track.right - track.left) * share).round().max(SHORTEST);
        let bar = Area { right: track.left + length, ..track };
        self.brush.fill(bar, RADIUS, color)?;
        if palette::vanishes_on(color, TRACK) {
            self.brush.frame(bar, RADIUS, (1.5, MUTED))?;
        }
        let wide = self.fonts.width(tag, self.layout.sizes.tag) + 2.0 * PADDING;
        if wide <= length {
            self.words(tag, palette::ink_on(color), bar)
        } else {
            self.words(tag, TEXT, Area { left: bar.right, ..track })
        }
    }

    /// Words at the beginning of an area, cut to it.
    fn words(&self, words: &str, color: Color, area: Area) -> Drawn {
        let style = self.layout.sizes.tag;
        let room = area.right - area.left - 2.0 * PADDING;
        let words = fit::end(self.fonts, words, style, room);
        self.brush.text(&words, Ink { style, color }, (area.left + PADDING, area.middle()))
    }

    fn figure(&self, figure: &str, color: Color, y: f32) -> Drawn {
        let sizes = self.layout.sizes;
        let end = self.layout.figure_end;
        self.brush.text_ending(figure, Ink { style: sizes.figure, color }, (end, y))?;
        // the unit shares the figure's baseline
        let drop = (sizes.figure.size - sizes.unit.size) * super::super::text::CAP_HEIGHT / 2.0;
        self.brush.text_ending(UNIT, Ink { style: sizes.unit, color: MUTED }, (RIGHT, y + drop))
    }

    fn failure(&self, error: &str, y: f32) -> Drawn {
        let sizes = self.layout.sizes;
        let area = Area::row(self.layout.bar_x, RIGHT, y, sizes.bar);
        self.brush.dashes(area, (1.5, palette::mix(ERROR, BACKGROUND, 0.7)))?;
        let arm = (sizes.bar * 0.18).round().min(11.0);
        let (x, y) = (area.left + PADDING + arm, area.middle());
        self.brush.line((x - arm, y - arm), (x + arm, y + arm), (3.0, ERROR))?;
        self.brush.line((x - arm, y + arm), (x + arm, y - arm), (3.0, ERROR))?;
        let left = x + arm + 14.0;
        self.reason(&format!("failed: {error}"), Area { left, right: RIGHT - 12.0, ..area })
    }

    /// The reason of a failure: smaller where it is long, on two lines where there is room for them.
    fn reason(&self, words: &str, area: Area) -> Drawn {
        let (tag, room) = (self.layout.sizes.tag, area.right - area.left);
        let small = Style::new(tag.face, (tag.size * 0.83).round());
        let style = if self.fonts.width(words, tag) <= room { tag } else { small };
        let lines = if area.bottom - area.top >= 2.4 * style.size {
            fit::two_lines(self.fonts, words, style, room)
        } else {
            vec![fit::end(self.fonts, words, style, room)]
        };
        let first = area.middle() - if lines.len() == 2 { style.size * 0.57 } else { 0.0 };
        for (line, y) in lines.iter().zip([first, first + style.size * 1.14]) {
            self.brush.text(line, Ink { style, color: ERROR }, (area.left, y))?;
        }
        Ok(())
    }
}

/// The words in a bar: what the lane won and what is to be known of it.
fn tag(honour: Option<Honour>, mark: Option<&str>) -> String {
    let won = honour.map(Honour::words);
    won.into_iter().chain(mark).collect::<Vec<_>>().join(" · ")
}
