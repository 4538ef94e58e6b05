//! Draws the content as laid out: header, title, rows or tiles, footer.

use super::{
    ChartError,
    brush::{Brush, DrawResult, Ink},
    content::{Award, Content},
    icons::{self, IconSize},
    layout::{Area, CHIP, Layout, MARGIN, RIGHT, UNIT, chip_width},
    palette::{self, BACKGROUND, ERROR, MUTED, NOTICE, TEXT, TRACK},
    row::{Outcome, Row},
    text::{Face, Fonts, Style},
};
use crate::{model::Color, race::figures};

/// The radius of the corners of bars and frames.
const RADIUS: f32 = 8.0;
/// The space between a bar's edge and the words in it.
const PADDING: f32 = 18.0;
/// The shortest bar, so that its colour is visible.
const MIN_BAR: f32 = 6.0;
/// The share of its colour that the bar of an incomplete answer keeps, and the opacity of a failed lane's icon.
const DIMMED: f32 = 0.45;

struct Scene<'a> {
    brush: Brush<'a>,
    fonts: &'a Fonts,
    layout: Layout,
}

/// Draws the whole chart.
///
/// # Errors
/// [`ChartError::Draw`] if the canvas refuses a shape.
pub(super) fn content<'a>(brush: Brush<'a>, fonts: &'a Fonts, content: &Content) -> DrawResult {
    let scene = Scene { brush, fonts, layout: Layout::new(content, fonts) };
    scene.header(content)?;
    for (i, row) in content.rows.iter().enumerate() {
        scene.row(i, row)?;
    }
    for (area, (label, figure)) in scene.layout.tiles.iter().zip(&content.tiles) {
        scene.tile(*area, label, figure)?;
    }
    if let Some(more) = &content.more {
        scene.brush.text(more, ink(Face::SemiBold, 22.0, MUTED), (scene.layout.text_x, 590.0))?;
    }
    scene.footer(content)
}

/// Returns a colour in a face and a size.
pub(super) fn ink(face: Face, size: f32, color: Color) -> Ink {
    Ink { style: Style::new(face, size), color }
}

/// Draws the icon of a row with its left edge at `x` and its middle at `y`; a letter in a disc if there is no image.
pub(super) fn icon(
    brush: &Brush<'_>,
    fonts: &Fonts,
    (row, is_dimmed): (&Row, bool),
    size: IconSize,
    (x, y): (f32, f32),
) -> DrawResult {
    if let Some(icon) = icons::find(&row.icon, size) {
        let icon = if is_dimmed { icon.dimmed(DIMMED) } else { icon };
        let (_, height) = icon.size;
        brush.icon(&icon, (x, y - f32::from(u16::try_from(height).unwrap_or(0)) / 2.0))
    } else {
        let color = if is_dimmed { palette::mix(row.color, BACKGROUND, DIMMED) } else { row.color };
        let width = f32::from(size.width());
        monogram(brush, fonts, row, color, Area::row(x, x + width, y, width))
    }
}

/// Draws the name's first letter in a disc.
fn monogram(brush: &Brush<'_>, fonts: &Fonts, row: &Row, color: Color, area: Area) -> DrawResult {
    let radius = area.width() / 2.0;
    let centre = (area.left + radius, area.middle());
    if palette::vanishes_on(color, BACKGROUND) {
        brush.disc(centre, radius, MUTED)?;
        brush.disc(centre, radius - 2.0, color)?;
    } else {
        brush.disc(centre, radius, color)?;
    }
    let letter = row.label.chars().find(|c| c.is_alphanumeric()).unwrap_or('?');
    let letter: String = letter.to_uppercase().filter(|c| fonts.covers(&c.to_string())).take(1).collect();
    let style = Style::new(Face::SemiBold, (radius * 1.15).round());
    brush.text_around(&letter, Ink { style, color: palette::ink_on(color) }, centre)
}

/// Clips a title to `room`; a quotation keeps its closing mark.
pub(super) fn clipped_title(fonts: &Fonts, title: &str, style: Style, room: f32) -> String {
    match title.strip_suffix('”') {
        Some(open) if fonts.width(title, style) > room => {
            fonts.clip_end(open, style, room - fonts.width("”", style)) + "”"
        }
        _ => fonts.clip_end(title, style, room),
    }
}

impl Scene<'_> {
    fn header(&self, content: &Content) -> DrawResult {
        let muted = ink(Face::SemiBold, 26.0, MUTED);
        let about = "LLM Arena  ·  streaming speed";
        self.brush.text(about, muted, (MARGIN, 54.0))?;
        if let Some(note) = content.simulated {
            let dot = "  ·  ";
            let x = MARGIN + self.fonts.width(about, muted.style);
            self.brush.text(dot, muted, (x, 54.0))?;
            let x = x + self.fonts.width(dot, muted.style);
            self.brush.text(note, Ink { color: NOTICE, ..muted }, (x, 54.0))?;
        }
        let title = ink(Face::Bold, 38.0, TEXT);
        let words = clipped_title(self.fonts, &content.title, title.style, RIGHT - MARGIN);
        self.brush.text(&words, title, (MARGIN, 106.0))
    }

    /// Draws one number of a single row.
    fn tile(&self, area: Area, label: &str, figure: &str) -> DrawResult {
        self.brush.fill(area, 12.0, TRACK)?;
        let (x, room) = (area.left + 24.0, area.width() - 48.0);
        self.brush.text(label, ink(Face::Regular, 23.0, MUTED), (x, area.top + 38.0))?;
        let figures = ink(Face::Figures, 40.0, TEXT);
        self.brush.text(&self.fonts.clip_end(figure, figures.style, room), figures, (x, area.top + 83.0))
    }

    fn footer(&self, content: &Content) -> DrawResult {
        let notes = [
            figures::SPEED_DEFINITION,
            "first token = wait after sending",
            match content.rows.len() {
                _ if content.is_estimated => "≈ = estimated",
                1 => "one run",
                _ => "one run each",
            },
        ];
        let small = ink(Face::Regular, 20.0, MUTED);
        let line = self.fonts.clip_end(&notes.join("   ·   "), small.style, RIGHT - MARGIN);
        self.brush.text(&line, small, (MARGIN, 641.0))
    }

    fn row(&self, index: usize, row: &Row) -> DrawResult {
        let y = self.layout.rows[index];
        icon(&self.brush, self.fonts, (row, row.has_failed()), self.layout.sizes.icon, (MARGIN, y))?;
        self.label(index, row, y)?;
        match &row.outcome {
            Outcome::Speed { figure, share, note, is_complete } => {
                let color = if *is_complete { row.color } else { palette::mix(row.color, TRACK, DIMMED) };
                self.bar(y, *share, color, &tag(row.award, *note))?;
                self.figure(figure, if *is_complete { TEXT } else { MUTED }, y)
            }
            Outcome::NoSpeed(reason) => {
                let track = self.track(y)?;
                self.words(&tag(row.award, Some(reason)), MUTED, track)?;
                self.figure("–", MUTED, y)
            }
            Outcome::Failed(error) => self.failure(error, y),
        }
    }

    fn label(&self, index: usize, row: &Row, y: f32) -> DrawResult {
        let (label, sizes, x) = (&self.layout.labels[index], self.layout.sizes, self.layout.text_x);
        let (name_y, detail_y) = self.layout.lines(y, label, &row.detail);
        let color = if row.has_failed() { MUTED } else { TEXT };
        self.brush.text(&label.name, Ink { style: label.style, color }, (x, name_y))?;
        if row.has_failed() {
            let (left, right) = (x - 3.0, x + label.width + 3.0);
            self.brush.line((left, name_y + 1.0), (right, name_y + 1.0), (2.5, MUTED))?;
        }
        if row.is_simulated {
            self.chip(x + label.width + 12.0, name_y)?;
        }
        let color = if matches!(row.award, Some(Award::First | Award::Both)) { TEXT } else { MUTED };
        self.brush.text(&row.detail, Ink { style: sizes.detail, color }, (x, detail_y))
    }

    /// Draws the chip of a simulated model.
    fn chip(&self, x: f32, y: f32) -> DrawResult {
        let sizes = self.layout.sizes;
        let area = Area::row(x, x + chip_width(sizes, self.fonts), y, (sizes.chip.size * 1.5).round());
        self.brush.frame(area, 6.0, (1.5, palette::mix(NOTICE, BACKGROUND, 0.6)))?;
        self.brush.text(CHIP, Ink { style: sizes.chip, color: NOTICE }, (x + 8.0, area.middle()))
    }

    /// Draws the empty bar and returns its area.
    fn track(&self, y: f32) -> Result<Area, ChartError> {
        let area = Area::row(self.layout.bar_x, self.layout.bar_end, y, self.layout.sizes.bar);
        self.brush.fill(area, RADIUS, TRACK)?;
        Ok(area)
    }

    fn bar(&self, y: f32, share: f32, color: Color, tag: &str) -> DrawResult {
        let track = self.track(y)?;
        let length = (track.width() * share).round().max(MIN_BAR);
        let bar = Area { right: track.left + length, ..track };
        self.brush.fill(bar, RADIUS, color)?;
        if palette::vanishes_on(color, TRACK) {
            self.brush.frame(bar, RADIUS, (1.5, MUTED))?;
        }
        if self.fonts.width(tag, self.layout.sizes.tag) + 2.0 * PADDING <= length {
            self.words(tag, palette::ink_on(color), bar)
        } else {
            self.words(tag, TEXT, Area { left: bar.right, ..track })
        }
    }

    /// Draws words at the left of an area, clipped to it.
    fn words(&self, words: &str, color: Color, area: Area) -> DrawResult {
        let style = self.layout.sizes.tag;
        let words = self.fonts.clip_end(words, style, area.width() - 2.0 * PADDING);
        self.brush.text(&words, Ink { style, color }, (area.left + PADDING, area.middle()))
    }

    /// Draws the speed and its unit, on one baseline.
    fn figure(&self, figure: &str, color: Color, y: f32) -> DrawResult {
        let sizes = self.layout.sizes;
        self.brush.text_ending(figure, Ink { style: sizes.figure, color }, (self.layout.figure_end, y))?;
        let drop = (sizes.figure.cap_height() - sizes.unit.cap_height()) / 2.0;
        self.brush.text_ending(UNIT, Ink { style: sizes.unit, color: MUTED }, (RIGHT, y + drop))
    }

    /// Draws a dashed frame with a cross and the reason, in place of the bar.
    fn failure(&self, error: &str, y: f32) -> DrawResult {
        let bar = self.layout.sizes.bar;
        let area = Area::row(self.layout.bar_x, RIGHT, y, bar);
        self.brush.dashes(area, (1.5, palette::mix(ERROR, BACKGROUND, 0.7)))?;
        let arm = (bar * 0.18).round().min(11.0);
        let (x, y) = (area.left + PADDING + arm, area.middle());
        self.brush.line((x - arm, y - arm), (x + arm, y + arm), (3.0, ERROR))?;
        self.brush.line((x - arm, y + arm), (x + arm, y - arm), (3.0, ERROR))?;
        let left = x + arm + 14.0;
        self.reason(&format!("failed: {error}"), Area { left, right: RIGHT - 12.0, ..area })
    }

    /// Draws the reason of a failure: in a smaller size if it is long, on two lines if they fit.
    fn reason(&self, words: &str, area: Area) -> DrawResult {
        let (tag, room) = (self.layout.sizes.tag, area.width());
        let small = Style::new(tag.face, (tag.size * 0.83).round());
        let style = if self.fonts.width(words, tag) <= room { tag } else { small };
        let lines = if area.height() >= 2.4 * style.size {
            self.fonts.wrap_two_lines(words, style, room)
        } else {
            vec![self.fonts.clip_end(words, style, room)]
        };
        let first = area.middle() - if lines.len() == 2 { style.size * 0.57 } else { 0.0 };
        for (line, y) in lines.iter().zip([first, first + style.size * 1.14]) {
            self.brush.text(line, Ink { style, color: ERROR }, (area.left, y))?;
        }
        Ok(())
    }
}

/// Joins the words in a bar: the award and the note.
fn tag(award: Option<Award>, note: Option<&str>) -> String {
    award.map(Award::words).into_iter().chain(note).collect::<Vec<_>>().join(" · ")
}
