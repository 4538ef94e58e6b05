//! Text as shapes: the embedded fonts, shaping, measuring, coverage. Sizes and places are pixels.
//!
//! Must not know the card or the canvas' coordinates.

use std::sync::LazyLock;

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use harfrust::{
    Buffer, Direction, Feature, Font, GlyphId, Script, ShapeOptions, ShapePlan, ShaperFont, Tag,
    font::glyph::outline::{DrawMemory, DrawOptions, OutlineGlyph, PathSink},
};

use super::ChartError;

/// A cut of Inter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// For details; digits are all of one width.
    Regular,
    /// For names.
    SemiBold,
    /// For the title.
    Bold,
    /// Bold with digits of one width, for columns of figures.
    Figures,
}

impl Face {
    const ALL: [Self; 4] = [Self::Regular, Self::SemiBold, Self::Bold, Self::Figures];

    /// The family under which plotters passes this face on to the canvas.
    pub(super) fn family(self) -> &'static str {
        match self {
            Self::Regular => "Inter",
            Self::SemiBold => "Inter SemiBold",
            Self::Bold => "Inter Bold",
            Self::Figures => "Inter Bold figures",
        }
    }

    /// The face of a family; `Regular` for a foreign one.
    pub(super) fn of_family(family: &str) -> Self {
        Self::ALL.into_iter().find(|face| face.family() == family).unwrap_or(Self::Regular)
    }

    fn tabular(self) -> bool {
        matches!(self, Self::Regular | Self::Figures)
    }
}

/// A text and how it is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// The cut.
    pub(super) face: Face,
    /// The size of the em, in pixels.
    pub(super) size: f32,
}

impl Style {
    /// `face` at `size` pixels.
    pub(super) const fn new(face: Face, size: f32) -> Self {
        Self { face, size }
    }
}

/// The embedded fonts.
pub(super) struct Fonts {
    regular: Cut,
    semi_bold: Cut,
    bold: Cut,
}

struct Cut {
    font: Font,
    /// The plans of Latin text with proportional and with tabular figures: making one costs more than shaping.
    plans: [ShapePlan; 2],
}

static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| {
    Some(Fonts {
        regular: Cut::parse(include_bytes!("../../assets/fonts/Inter-Regular.otf"))?,
        semi_bold: Cut::parse(include_bytes!("../../assets/fonts/Inter-SemiBold.otf"))?,
        bold: Cut::parse(include_bytes!("../../assets/fonts/Inter-Bold.otf"))?,
    })
});

impl Cut {
    fn parse(data: &'static [u8]) -> Option<Self> {
        let font = Font::new(data, 0)?;
        let plans = [false, true].map(|tabular| {
            ShapePlan::new(&font, Direction::LeftToRight, Some(Script::LATIN), None, &features(tabular))
        });
        Some(Self { font, plans })
    }
}

/// The height of capitals in Inter, in ems.
pub(super) const CAP_HEIGHT: f32 = 2048.0 / 2816.0;

/// Glyphs with their places, in pixels from the text's origin on the baseline.
pub(super) struct Run {
    cut: &'static Cut,
    scale: f32,
    glyphs: Vec<(GlyphId, f32, f32)>,
    /// The advance of the whole run.
    pub(super) width: f32,
}

impl Fonts {
    /// The fonts of this binary.
    ///
    /// # Errors
    /// [`ChartError::Font`] when an embedded font cannot be read.
    pub(super) fn embedded() -> Result<&'static Self, ChartError> {
        FONTS.as_ref().ok_or(ChartError::Font)
    }

    fn cut(&self, face: Face) -> &Cut {
        match face {
            Face::Regular => &self.regular,
            Face::SemiBold => &self.semi_bold,
            Face::Bold | Face::Figures => &self.bold,
        }
    }

    /// True when every character of `text` has a glyph. The cuts hold the same characters.
    pub(super) fn covers(&self, text: &str) -> bool {
        text.chars().all(|c| self.bold.font.charmap().map_unicode(c).is_some())
    }

    /// Shapes one line, left to right.
    pub(super) fn shape(&'static self, text: &str, style: Style) -> Run {
        let cut = self.cut(style.face);
        let scale = style.size / f32::from(cut.font.units_per_em());
        let mut run = Run { cut, scale, glyphs: Vec::with_capacity(text.len()), width: 0.0 };
        for (id, advance, (dx, dy)) in shaped(cut, text, style.face.tabular()) {
            run.glyphs.push((id, run.width + dx * scale, dy * scale));
            run.width += advance * scale;
        }
        run
    }

    /// The width of one line.
    pub(super) fn width(&'static self, text: &str, style: Style) -> f32 {
        self.shape(text, style).width
    }
}

/// The glyphs of a text with advances and offsets in font units; none where the text cannot be shaped.
fn shaped(cut: &Cut, text: &str, tabular: bool) -> Vec<(GlyphId, f32, (f32, f32))> {
    let mut buffer = Buffer::new();
    buffer.push_str(text);
    buffer.set_direction(Direction::LeftToRight);
    buffer.guess_segment_properties();
    let script = *buffer.script().get_or_insert(Script::LATIN);
    buffer.set_script(Some(script));
    let plan = (script == Script::LATIN).then(|| &cut.plans[usize::from(tabular)]);
    let features = features(tabular);
    let options = ShapeOptions::new().features(&features).plan(plan);
    if harfrust::shape(&ShaperFont::new(&cut.font), &mut buffer, options).is_err() {
        return Vec::new();
    }
    let glyphs = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
    glyphs
        .map(|(info, at)| {
            (GlyphId::new(info.glyph_id), units(at.x_advance), (units(at.x_offset), units(at.y_offset)))
        })
        .collect()
}

fn features(tabular: bool) -> [Feature; 1] {
    [Feature::new(Tag::new(b"tnum"), u32::from(tabular), ..)]
}

#[expect(clippy::cast_precision_loss, reason = "font units are far below 2^24")]
fn units(value: i32) -> f32 {
    value as f32
}

impl Run {
    /// Calls `paint(x, y, coverage)` for every pixel that the run covers when its origin is at `(x, baseline)`.
    /// Coverage is above 0 and at most 1: the exact area, at a third of the cost of filling the outlines as paths.
    pub(super) fn rasterise(&self, x: f32, baseline: f32, mut paint: impl FnMut(i32, i32, f32)) {
        let outlines = self.cut.font.outline_glyphs();
        for (id, dx, dy) in &self.glyphs {
            if let Some(outline) = outlines.get(*id) {
                rasterise(&outline, self.scale, point(x + dx, baseline - dy), &mut paint);
            }
        }
    }
}

/// Rasterises one glyph with its origin at `origin`; `scale` is pixels per font unit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and far below 2^24")]
fn rasterise(outline: &OutlineGlyph<'_>, scale: f32, origin: Point, paint: &mut impl FnMut(i32, i32, f32)) {
    let Ok(ink) = outline.extents() else { return };
    let left = (origin.x + ink.x_bearing * scale).floor();
    let top = (origin.y - ink.y_bearing * scale).floor();
    let right = (origin.x + (ink.x_bearing + ink.width) * scale).ceil();
    let bottom = (origin.y - (ink.y_bearing - ink.height) * scale).ceil();
    let mut trace = Trace {
        rasterizer: Rasterizer::new((right - left) as usize, (bottom - top) as usize),
        scale,
        origin: origin - point(left, top),
        start: Point::default(),
        last: Point::default(),
    };
    if outline.draw(&DrawOptions::new(), DrawMemory::Scratch, &mut trace).is_err() {
        return;
    }
    trace.rasterizer.for_each_pixel_2d(|column, row, coverage| {
        if coverage > 0.0 {
            paint(left as i32 + column.cast_signed(), top as i32 + row.cast_signed(), coverage.min(1.0));
        }
    });
}

/// Feeds an outline to the rasteriser, converting font units to pixels.
struct Trace {
    rasterizer: Rasterizer,
    scale: f32,
    origin: Point,
    start: Point,
    last: Point,
}

impl Trace {
    fn pixel(&self, x: f32, y: f32) -> Point {
        point(x * self.scale, -y * self.scale) + self.origin
    }

    /// Moves to a point and returns where it came from.
    fn advance(&mut self, to: Point) -> Point {
        std::mem::replace(&mut self.last, to)
    }
}

impl PathSink for Trace {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = self.pixel(x, y);
        self.last = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.pixel(x, y);
        let from = self.advance(to);
        self.rasterizer.draw_line(from, to);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        let (control, to) = (self.pixel(cx0, cy0), self.pixel(x, y));
        let from = self.advance(to);
        self.rasterizer.draw_quad(from, control, to);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (first, second, to) = (self.pixel(cx0, cy0), self.pixel(cx1, cy1), self.pixel(x, y));
        let from = self.advance(to);
        self.rasterizer.draw_cubic(from, first, second, to);
    }

    fn close(&mut self) {
        let from = self.advance(self.start);
        self.rasterizer.draw_line(from, self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fonts() -> &'static Fonts {
        Fonts::embedded().expect("the embedded fonts are whole")
    }

    #[test]
    fn covers_what_the_subset_promises() {
        for text in ["Größe, naïve, Łódź, Việt", "Ελληνικά", "Привет", "≈ × ÷ − · … “ ” – → ✗ €"]
        {
            assert!(fonts().covers(text), "{text}");
        }
        for text in ["天空", "سماء", "🔧", "שלום", "हिन्दी"] {
            assert!(!fonts().covers(text), "{text}");
        }
    }

    #[test]
    fn the_cuts_hold_the_same_characters() {
        let held = |cut: &Cut| {
            let mut held: Vec<u32> = cut.font.charmap().unicodes().map(|(c, _)| c).collect();
            held.sort_unstable();
            held
        };
        let bold = held(&fonts().bold);
        assert!(bold.len() > 900, "{}", bold.len());
        assert!(held(&fonts().regular) == bold && held(&fonts().semi_bold) == bold);
    }

    #[test]
    fn figures_are_tabular_and_titles_are_not() {
        let width = |text, face| fonts().width(text, Style::new(face, 44.0));
        assert!((width("111", Face::Figures) - width("888", Face::Figures)).abs() < 0.01);
        assert!(width("111", Face::Bold) < width("888", Face::Bold));
    }

    #[test]
    fn pairs_are_kerned_and_widths_follow_the_size() {
        let at = |text, size| fonts().width(text, Style::new(Face::SemiBold, size));
        assert!(at("AV", 32.0) < at("A", 32.0) + at("V", 32.0) - 0.5);
        assert!((at("Gemma 2B", 64.0) - 2.0 * at("Gemma 2B", 32.0)).abs() < 0.01);
    }

    fn rows(text: &str) -> Vec<i32> {
        let mut rows = Vec::new();
        let run = fonts().shape(text, Style::new(Face::Bold, 100.0));
        run.rasterise(10.0, 200.0, |_, y, coverage| rows.extend((coverage > 0.5).then_some(y)));
        rows
    }

    #[test]
    fn letters_stand_on_the_baseline() {
        let rows = rows("H");
        assert_eq!(
            (rows.iter().min(), rows.iter().max()),
            (Some(&127), Some(&199)),
            "as high as capitals are"
        );
        assert!(self::rows(" ").is_empty());
    }

    #[test]
    fn a_mark_adds_no_width() {
        let style = Style::new(Face::Bold, 40.0);
        assert!((fonts().width("x\u{323}", style) - fonts().width("x", style)).abs() < 0.01);
    }
}
