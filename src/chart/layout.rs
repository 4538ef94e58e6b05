//! What stands where: columns, rows and type sizes, in pixels. Every number is bounded, whatever the card says.
//!
//! Must not know colours or how anything is drawn.

use super::{
    brush::Area,
    card::{Card, Outcome, Row},
    fit,
    icons::IconSize,
    text::{CAP_HEIGHT, Face, Fonts, Style},
};

/// The picture's width.
pub(super) const WIDTH: f32 = 1200.0;
/// The left margin; everything ends as far from the right edge.
pub(super) const MARGIN: f32 = 48.0;
/// Where everything ends.
pub(super) const RIGHT: f32 = WIDTH - MARGIN;
/// What figures are counted in.
pub(super) const UNIT: &str = "tok/s";
/// The mark of a simulated model.
pub(super) const CHIP: &str = "simulated";

const TOP: f32 = 147.0;
const BOTTOM: f32 = 602.0;
/// Room for the line that counts what is not drawn.
const MORE: f32 = 36.0;
/// Height of the numbers under a single row.
const TILES: f32 = 124.0;
/// From the row to them.
const TILES_GAP: f32 = 10.0;
/// From one to the next.
const TILE_SPACE: f32 = 20.0;
const GAP: f32 = 28.0;
/// The label column is never narrower or wider.
const LABELS: std::ops::RangeInclusive<f32> = 240.0..=420.0;

/// Sizes that follow the height of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// From row to row.
    pub(super) pitch: f32,
    /// Height of a bar.
    pub(super) bar: f32,
    /// Names.
    pub(super) name: Style,
    /// The small line.
    pub(super) detail: Style,
    /// The big figure.
    pub(super) figure: Style,
    /// Its unit.
    pub(super) unit: Style,
    /// Words in a bar.
    pub(super) tag: Style,
    /// The mark of simulated models.
    pub(super) chip: Style,
    /// Icons.
    pub(super) icon: IconSize,
}

/// A name as it is drawn.
pub(super) struct Label {
    /// The name, shortened where it has to be.
    pub(super) name: String,
    /// How it is set.
    pub(super) style: Style,
    /// Its width.
    pub(super) width: f32,
}

/// The card's geometry.
pub(super) struct Layout {
    /// The sizes of all rows.
    pub(super) sizes: Sizes,
    /// The vertical middle of each row.
    pub(super) rows: Vec<f32>,
    /// The names of the rows.
    pub(super) labels: Vec<Label>,
    /// Where names begin.
    pub(super) text_x: f32,
    /// Where bars begin.
    pub(super) bar_x: f32,
    /// Where full bars end.
    pub(super) bar_end: f32,
    /// Where figures end.
    pub(super) figure_end: f32,
    /// The numbers under a single row.
    pub(super) tiles: Vec<Area>,
}

impl Layout {
    /// The geometry of a card.
    pub(super) fn of(card: &Card, fonts: &'static Fonts) -> Self {
        let bottom = if card.more.is_some() { BOTTOM - MORE } else { BOTTOM };
        let mut sizes = Sizes::of(card.rows.len(), bottom - TOP);
        sizes.detail =
            narrowed(sizes.detail, card.rows.iter().map(|row| fonts.width(&row.detail, sizes.detail)));
        let text_x = MARGIN + f32::from(sizes.icon.width()) + (sizes.name.size * 0.56).round();
        let labels: Vec<Label> = card.rows.iter().map(|row| Label::of(row, sizes, fonts)).collect();
        let widths = card.rows.iter().zip(&labels).map(|(row, label)| label_width(row, label, sizes, fonts));
        let labels_width = widths.fold(0.0, f32::max).clamp(*LABELS.start(), *LABELS.end());
        let figure_end = RIGHT - fonts.width(UNIT, sizes.unit) - 12.0;
        let usual = fonts.width("000", sizes.figure);
        let figures = card.rows.iter().map(|row| figure_width(row, sizes, fonts)).fold(usual, f32::max);
        let rise = if card.tiles.is_empty() { 0.0 } else { TILES + TILES_GAP };
        let rows = middles(card.rows.len(), sizes.pitch, bottom - rise);
        let under = rows.last().map_or(bottom, |last| last + sizes.pitch / 2.0 + TILES_GAP);
        Self {
            tiles: tiles(card.tiles.len(), under),
            rows,
            labels,
            text_x,
            bar_x: (text_x + labels_width + GAP).ceil(),
            bar_end: (figure_end - figures - GAP).round(),
            figure_end,
            sizes,
        }
    }

    /// The middle of a row's name and of the small line under it, if there is one, for a row around `y`.
    pub(super) fn lines(&self, y: f32, label: &Label, detail: &str) -> (f32, f32) {
        if detail.is_empty() {
            return (y, y);
        }
        let (name, small) = (label.style.size * CAP_HEIGHT, self.sizes.detail.size * CAP_HEIGHT);
        let gap = self.sizes.pitch / 6.0;
        (y - f32::midpoint(gap, small), y + f32::midpoint(gap, name))
    }
}

impl Sizes {
    fn of(rows: usize, height: f32) -> Self {
        let (rows, most) = match rows {
            0 | 1 => (1.0, 150.0),
            2 | 3 => (3.0, 120.0),
            n => (f32::from(u8::try_from(n).unwrap_or(u8::MAX)), 104.0),
        };
        let pitch = (height / rows).min(most).floor();
        let scale = pitch / 90.0;
        let sized = |face, size: f32, least: f32| Style::new(face, (size * scale).max(least).round());
        Self {
            pitch,
            bar: (pitch * 0.56).round(),
            name: sized(Face::SemiBold, 32.0, 24.0).at_most(42.0),
            detail: sized(Face::Regular, 23.0, 17.0).at_most(29.0),
            figure: sized(Face::Figures, 44.0, 32.0).at_most(60.0),
            unit: sized(Face::Regular, 25.0, 20.0).at_most(30.0),
            tag: sized(Face::SemiBold, 24.0, 19.0).at_most(28.0),
            chip: sized(Face::SemiBold, 17.0, 15.0).at_most(19.0),
            icon: match pitch {
                p if p < 68.0 => IconSize::Small,
                p if p > 96.0 => IconSize::Large,
                _ => IconSize::Medium,
            },
        }
    }
}

/// `style`, smaller where the widest text would not fit the label column.
fn narrowed(style: Style, widths: impl Iterator<Item = f32>) -> Style {
    let widest = widths.fold(1.0, f32::max);
    style.at_most((style.size * LABELS.end() / widest * 2.0).floor() / 2.0)
}

/// `count` areas side by side from `top` down.
fn tiles(count: usize, top: f32) -> Vec<Area> {
    let count = u8::try_from(count).unwrap_or(u8::MAX);
    let width = (RIGHT - MARGIN + TILE_SPACE) / f32::from(count.max(1)) - TILE_SPACE;
    let tile = |i: u8| {
        let left = MARGIN + f32::from(i) * (width + TILE_SPACE);
        Area { left, top, right: left + width, bottom: top + TILES }
    };
    (0..count).map(tile).collect()
}

impl Style {
    fn at_most(self, size: f32) -> Self {
        Self { size: self.size.min(size), ..self }
    }
}

/// The rows' middles: a block of rows in the middle of the room above `bottom`.
fn middles(rows: usize, pitch: f32, bottom: f32) -> Vec<f32> {
    let count = f32::from(u8::try_from(rows).unwrap_or(u8::MAX));
    let top = TOP + (bottom - TOP - count * pitch).max(0.0) / 2.0;
    let places = (0..u8::try_from(rows).unwrap_or(u8::MAX)).map(f32::from);
    places.map(|i| (top + pitch * (i + 0.5)).round()).collect()
}

impl Label {
    /// A name that is too wide gets smaller first and loses its middle then.
    fn of(row: &Row, sizes: Sizes, fonts: &'static Fonts) -> Self {
        let room = LABELS.end() - chip_room(row, sizes, fonts);
        let full = fonts.width(&row.label, sizes.name);
        let shrink = if full > room { (room / full).max(0.76) } else { 1.0 };
        let style = Style::new(sizes.name.face, (sizes.name.size * shrink * 2.0).floor() / 2.0);
        let name = fit::middle(fonts, &row.label, style, room);
        Self { width: fonts.width(&name, style), name, style }
    }
}

fn chip_room(row: &Row, sizes: Sizes, fonts: &'static Fonts) -> f32 {
    if row.simulated { chip_width(sizes, fonts) + 12.0 } else { 0.0 }
}

/// The width of the mark of simulated models, with its frame.
pub(super) fn chip_width(sizes: Sizes, fonts: &'static Fonts) -> f32 {
    fonts.width(CHIP, sizes.chip) + 16.0
}

fn label_width(row: &Row, label: &Label, sizes: Sizes, fonts: &'static Fonts) -> f32 {
    fonts.width(&row.detail, sizes.detail).max(label.width + chip_room(row, sizes, fonts))
}

fn figure_width(row: &Row, sizes: Sizes, fonts: &'static Fonts) -> f32 {
    match &row.outcome {
        Outcome::Speed { figure, .. } => fonts.width(figure, sizes.figure),
        _ => 0.0,
    }
}
