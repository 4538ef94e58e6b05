//! Positions and type sizes of everything in the picture, in pixels, within fixed bounds whatever the content is.

use super::{
    content::Content,
    icons::IconSize,
    row::{Outcome, Row},
    text::{Face, Fonts, Style},
};

/// The picture's width.
pub(super) const WIDTH: f32 = 1200.0;
/// The margin on the left and on the right.
pub(super) const MARGIN: f32 = 48.0;
/// The right edge of the content.
pub(super) const RIGHT: f32 = WIDTH - MARGIN;
/// The unit of the figures.
pub(super) const UNIT: &str = "tok/s";
/// The chip beside the name of a simulated model.
pub(super) const CHIP: &str = "simulated";

/// The top edge of the rows.
const TOP: f32 = 147.0;
/// The bottom edge of the rows.
const BOTTOM: f32 = 602.0;
/// The height of the line that counts the lanes without a row.
const MORE_HEIGHT: f32 = 36.0;
const TILE_HEIGHT: f32 = 124.0;
/// The space between a single row and its tiles.
const TILE_GAP: f32 = 10.0;
/// The space between two tiles.
const TILE_SPACING: f32 = 20.0;
/// The space between the columns.
const COLUMN_GAP: f32 = 28.0;
/// The narrowest and the widest label column.
const LABEL_WIDTHS: std::ops::RangeInclusive<f32> = 240.0..=420.0;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

impl Area {
    /// Returns the area of `height` around `middle`, with its top at a whole pixel.
    pub(super) fn row(left: f32, right: f32, middle: f32, height: f32) -> Self {
        let top = (middle - height / 2.0).round();
        Self { left, top, right, bottom: top + height }
    }

    /// Returns the vertical middle.
    pub(super) fn middle(self) -> f32 {
        f32::midpoint(self.top, self.bottom)
    }

    /// Returns the area that is `by` smaller on each side.
    pub(super) fn inset(self, by: f32) -> Self {
        Self { left: self.left + by, top: self.top + by, right: self.right - by, bottom: self.bottom - by }
    }

    pub(super) fn width(self) -> f32 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f32 {
        self.bottom - self.top
    }
}

/// Sizes that depend on the height of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// The distance between the middles of two rows.
    pub(super) pitch: f32,
    /// The height of a bar.
    pub(super) bar: f32,
    pub(super) name: Style,
    /// The small line under the name.
    pub(super) detail: Style,
    /// The speed.
    pub(super) figure: Style,
    pub(super) unit: Style,
    /// The words in a bar.
    pub(super) tag: Style,
    pub(super) chip: Style,
    pub(super) icon: IconSize,
}

/// A name as it is drawn.
pub(super) struct Label {
    /// The name, shortened if it is too wide.
    pub(super) name: String,
    pub(super) style: Style,
    pub(super) width: f32,
}

/// The geometry of one chart.
pub(super) struct Layout {
    pub(super) sizes: Sizes,
    /// The vertical middle of each row.
    pub(super) rows: Vec<f32>,
    /// The label of each row.
    pub(super) labels: Vec<Label>,
    /// The left edge of the labels.
    pub(super) text_x: f32,
    /// The left edge of the bars.
    pub(super) bar_x: f32,
    /// The right edge of a full bar.
    pub(super) bar_end: f32,
    /// The right edge of the figures.
    pub(super) figure_end: f32,
    /// The areas of a single row's numbers.
    pub(super) tiles: Vec<Area>,
}

impl Layout {
    /// Lays out `content`.
    pub(super) fn new(content: &Content, fonts: &Fonts) -> Self {
        let rows = &content.rows;
        let bottom = if content.more.is_some() { BOTTOM - MORE_HEIGHT } else { BOTTOM };
        let mut sizes = Sizes::new(rows.len(), bottom - TOP);
        sizes.detail = narrowed(sizes.detail, rows.iter().map(|row| fonts.width(&row.detail, sizes.detail)));
        let text_x = MARGIN + f32::from(sizes.icon.width()) + (sizes.name.size * 0.56).round();
        let labels: Vec<Label> = rows.iter().map(|row| Label::new(row, sizes, fonts)).collect();
        let widths = rows.iter().zip(&labels).map(|(row, label)| label_width(row, label, sizes, fonts));
        let labels_width = widths.fold(0.0, f32::max).clamp(*LABEL_WIDTHS.start(), *LABEL_WIDTHS.end());
        let figure_end = RIGHT - fonts.width(UNIT, sizes.unit) - 12.0;
        let three_digits = fonts.width("000", sizes.figure);
        let figures = rows.iter().map(|row| figure_width(row, sizes, fonts)).fold(three_digits, f32::max);
        let rise = if content.tiles.is_empty() { 0.0 } else { TILE_HEIGHT + TILE_GAP };
        let middles = middles(rows.len(), sizes.pitch, bottom - rise);
        let tile_top = middles.last().map_or(bottom, |last| last + sizes.pitch / 2.0 + TILE_GAP);
        Self {
            tiles: tiles(content.tiles.len(), tile_top),
            rows: middles,
            labels,
            text_x,
            bar_x: (text_x + labels_width + COLUMN_GAP).ceil(),
            bar_end: (figure_end - figures - COLUMN_GAP).round(),
            figure_end,
            sizes,
        }
    }

    /// Returns the middles of the name and of the detail line, if there is one, of a row around `y`.
    pub(super) fn lines(&self, y: f32, label: &Label, detail: &str) -> (f32, f32) {
        if detail.is_empty() {
            return (y, y);
        }
        let (name, small) = (label.style.cap_height(), self.sizes.detail.cap_height());
        let gap = self.sizes.pitch / 6.0;
        (y - f32::midpoint(gap, small), y + f32::midpoint(gap, name))
    }
}

impl Sizes {
    fn new(rows: usize, height: f32) -> Self {
        let (rows, max_pitch) = match rows {
            0 | 1 => (1.0, 150.0),
            2 | 3 => (3.0, 120.0),
            n => (f32::from(u8::try_from(n).unwrap_or(u8::MAX)), 104.0),
        };
        let pitch = (height / rows).min(max_pitch).floor();
        let scale = pitch / 90.0;
        let scaled = |face, size: f32, min: f32| Style::new(face, (size * scale).max(min).round());
        Self {
            pitch,
            bar: (pitch * 0.56).round(),
            name: scaled(Face::SemiBold, 32.0, 24.0).at_most(42.0),
            detail: scaled(Face::Regular, 23.0, 17.0).at_most(29.0),
            figure: scaled(Face::Figures, 44.0, 32.0).at_most(60.0),
            unit: scaled(Face::Regular, 25.0, 20.0).at_most(30.0),
            tag: scaled(Face::SemiBold, 24.0, 19.0).at_most(28.0),
            chip: scaled(Face::SemiBold, 17.0, 15.0).at_most(19.0),
            icon: match pitch {
                p if p < 68.0 => IconSize::Small,
                p if p > 96.0 => IconSize::Large,
                _ => IconSize::Medium,
            },
        }
    }
}

/// Returns `style`, smaller if the widest text would not fit the label column.
fn narrowed(style: Style, widths: impl Iterator<Item = f32>) -> Style {
    let widest = widths.fold(1.0, f32::max);
    style.at_most((style.size * LABEL_WIDTHS.end() / widest * 2.0).floor() / 2.0)
}

/// Returns `count` areas side by side below `top`.
fn tiles(count: usize, top: f32) -> Vec<Area> {
    let count = u8::try_from(count).unwrap_or(u8::MAX);
    let width = (RIGHT - MARGIN + TILE_SPACING) / f32::from(count.max(1)) - TILE_SPACING;
    let tile = |i: u8| {
        let left = MARGIN + f32::from(i) * (width + TILE_SPACING);
        Area { left, top, right: left + width, bottom: top + TILE_HEIGHT }
    };
    (0..count).map(tile).collect()
}

/// Returns the rows' middles, the rows being centred between [`TOP`] and `bottom`.
fn middles(rows: usize, pitch: f32, bottom: f32) -> Vec<f32> {
    let rows = u8::try_from(rows).unwrap_or(u8::MAX);
    let top = TOP + (bottom - TOP - f32::from(rows) * pitch).max(0.0) / 2.0;
    (0..rows).map(|i| (top + pitch * (f32::from(i) + 0.5)).round()).collect()
}

impl Label {
    /// Makes a name that is too wide smaller first, then clips its middle.
    fn new(row: &Row, sizes: Sizes, fonts: &Fonts) -> Self {
        let room = LABEL_WIDTHS.end() - chip_room(row, sizes, fonts);
        let full = fonts.width(&row.label, sizes.name);
        let shrink = if full > room { (room / full).max(0.76) } else { 1.0 };
        let style = Style::new(sizes.name.face, (sizes.name.size * shrink * 2.0).floor() / 2.0);
        let name = fonts.clip_middle(&row.label, style, room);
        Self { width: fonts.width(&name, style), name, style }
    }
}

fn chip_room(row: &Row, sizes: Sizes, fonts: &Fonts) -> f32 {
    if row.is_simulated { chip_width(sizes, fonts) + 12.0 } else { 0.0 }
}

/// Returns the width of the chip with its frame.
pub(super) fn chip_width(sizes: Sizes, fonts: &Fonts) -> f32 {
    fonts.width(CHIP, sizes.chip) + 16.0
}

fn label_width(row: &Row, label: &Label, sizes: Sizes, fonts: &Fonts) -> f32 {
    fonts.width(&row.detail, sizes.detail).max(label.width + chip_room(row, sizes, fonts))
}

fn figure_width(row: &Row, sizes: Sizes, fonts: &Fonts) -> f32 {
    match &row.outcome {
        Outcome::Speed { figure, .. } => fonts.width(figure, sizes.figure),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_centred_on_whole_pixels() {
        let area = Area::row(0.0, 9.0, 100.0, 51.0);
        assert_eq!((area.top, area.bottom), (75.0, 126.0));
    }
}
