//! Text: the embedded fonts, shaping, measuring and clipping. All lengths are in pixels.

use std::sync::LazyLock;

use harfrust::{Buffer, Direction, Feature, Font, GlyphId, Script, ShapeOptions, ShapePlan, ShaperFont, Tag};
use unicode_segmentation::UnicodeSegmentation;

use super::{ChartError, raster};

/// A weight of Inter, with its kind of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// For details; its digits are all of one width.
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

    /// Returns the font family by which plotters hands this face to the canvas.
    pub(super) fn family(self) -> &'static str {
        match self {
            Self::Regular => "Inter",
            Self::SemiBold => "Inter SemiBold",
            Self::Bold => "Inter Bold",
            Self::Figures => "Inter Bold figures",
        }
    }

    /// Returns the face of a family, or `Regular` if the family is unknown.
    pub(super) fn of_family(family: &str) -> Self {
        Self::ALL.into_iter().find(|face| face.family() == family).unwrap_or(Self::Regular)
    }

    fn is_tabular(self) -> bool {
        matches!(self, Self::Regular | Self::Figures)
    }
}

/// A face at a size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) face: Face,
    /// The size of the em.
    pub(super) size: f32,
}

impl Style {
    pub(super) const fn new(face: Face, size: f32) -> Self {
        Self { face, size }
    }

    /// Returns this style at `size` or its own size, whichever is smaller.
    pub(super) fn at_most(self, size: f32) -> Self {
        Self { size: self.size.min(size), ..self }
    }

    /// The height of capital letters.
    pub(super) fn cap_height(self) -> f32 {
        self.size * (2048.0 / 2816.0)
    }
}

/// The embedded fonts.
pub(super) struct Fonts {
    regular: LoadedFont,
    semi_bold: LoadedFont,
    bold: LoadedFont,
}

struct LoadedFont {
    font: Font,
    /// Shaping plans for Latin text with proportional and with tabular figures: making one costs more than shaping.
    plans: [ShapePlan; 2],
}

static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| {
    Some(Fonts {
        regular: LoadedFont::parse(include_bytes!("../../assets/fonts/Inter-Regular.otf"))?,
        semi_bold: LoadedFont::parse(include_bytes!("../../assets/fonts/Inter-SemiBold.otf"))?,
        bold: LoadedFont::parse(include_bytes!("../../assets/fonts/Inter-Bold.otf"))?,
    })
});

impl LoadedFont {
    fn parse(data: &'static [u8]) -> Option<Self> {
        let font = Font::new(data, 0)?;
        let plans = [false, true].map(|tabular| {
            ShapePlan::new(&font, Direction::LeftToRight, Some(Script::LATIN), None, &features(tabular))
        });
        Some(Self { font, plans })
    }

    /// Returns the shaped glyphs of `text`, or `None` if it cannot be shaped.
    fn shape(&self, text: &str, tabular: bool) -> Option<Buffer> {
        let mut buffer = Buffer::new();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.guess_segment_properties();
        let script = *buffer.script().get_or_insert(Script::LATIN);
        buffer.set_script(Some(script));
        let plan = (script == Script::LATIN).then(|| &self.plans[usize::from(tabular)]);
        let features = features(tabular);
        let options = ShapeOptions::new().features(&features).plan(plan);
        harfrust::shape(&ShaperFont::new(&self.font), &mut buffer, options).ok()?;
        Some(buffer)
    }
}

fn features(tabular: bool) -> [Feature; 1] {
    [Feature::new(Tag::new(b"tnum"), u32::from(tabular), ..)]
}

impl Fonts {
    /// Returns the fonts in this binary.
    ///
    /// # Errors
    /// [`ChartError::Font`] if an embedded font cannot be read.
    pub(super) fn embedded() -> Result<&'static Self, ChartError> {
        FONTS.as_ref().ok_or(ChartError::Font)
    }

    fn of(&self, face: Face) -> &LoadedFont {
        match face {
            Face::Regular => &self.regular,
            Face::SemiBold => &self.semi_bold,
            Face::Bold | Face::Figures => &self.bold,
        }
    }

    /// Returns true if every character of `text` has a glyph. All faces hold the same characters.
    pub(super) fn covers(&self, text: &str) -> bool {
        text.chars().all(|c| self.bold.font.charmap().map_unicode(c).is_some())
    }

    /// Shapes one line, left to right. A text that cannot be shaped gives an empty run.
    #[expect(clippy::cast_precision_loss, reason = "font units are far below 2^24")]
    pub(super) fn shape(&self, text: &str, style: Style) -> GlyphRun<'_> {
        let loaded = self.of(style.face);
        let scale = style.size / f32::from(loaded.font.units_per_em());
        let mut run = GlyphRun { font: &loaded.font, scale, glyphs: Vec::new(), width: 0.0 };
        let Some(buffer) = loaded.shape(text, style.face.is_tabular()) else { return run };
        for (info, position) in buffer.glyph_infos().iter().zip(buffer.glyph_positions()) {
            let [dx, dy, advance] =
                [position.x_offset, position.y_offset, position.x_advance].map(|units| units as f32 * scale);
            run.glyphs.push((GlyphId::new(info.glyph_id), run.width + dx, dy));
            run.width += advance;
        }
        run
    }

    /// Returns the width of one line.
    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        self.shape(text, style).width
    }

    /// Returns `text`, cut at its end with "…" if it is wider than `width`.
    pub(super) fn clip_end(&self, text: &str, style: Style, width: f32) -> String {
        self.clip(text, style, width, |graphemes, keep| format!("{}…", graphemes[..keep].concat().trim_end()))
    }

    /// Returns `text`, with "…" in its middle if it is wider than `width`: related models differ at the end of the name.
    pub(super) fn clip_middle(&self, text: &str, style: Style, width: f32) -> String {
        self.clip(text, style, width, |graphemes, keep| {
            let (head, tail) = (keep.div_ceil(2), keep / 2);
            let (head, tail) = (graphemes[..head].concat(), graphemes[graphemes.len() - tail..].concat());
            format!("{}…{}", head.trim_end(), tail.trim_start())
        })
    }

    /// Returns `text`, or the widest fitting `cut(graphemes, how many to keep)`, found by bisection.
    fn clip(&self, text: &str, style: Style, width: f32, cut: impl Fn(&[&str], usize) -> String) -> String {
        let fits = |text: &str| self.width(text, style) <= width;
        if fits(text) {
            return text.to_owned();
        }
        let graphemes: Vec<&str> = text.graphemes(true).collect();
        let (mut fitting, mut too_many) = (0, graphemes.len());
        while fitting + 1 < too_many {
            let keep = fitting.midpoint(too_many);
            if fits(&cut(&graphemes, keep)) { fitting = keep } else { too_many = keep }
        }
        cut(&graphemes, fitting)
    }

    /// Breaks `text` between words into at most two lines of `width`; the second is clipped at its end.
    pub(super) fn wrap_two_lines(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        if self.width(text, style) <= width {
            return vec![text.to_owned()];
        }
        let fitting = text.match_indices(' ').take_while(|(at, _)| self.width(&text[..*at], style) <= width);
        match fitting.last() {
            Some((at, _)) => vec![text[..at].to_owned(), self.clip_end(&text[at + 1..], style, width)],
            None => vec![self.clip_end(text, style, width)],
        }
    }
}

/// Positioned glyphs of one line.
pub(super) struct GlyphRun<'a> {
    font: &'a Font,
    /// Pixels per font unit.
    scale: f32,
    /// Each glyph's position relative to the run's origin on the baseline, y upwards.
    glyphs: Vec<(GlyphId, f32, f32)>,
    /// The advance of the whole run.
    pub(super) width: f32,
}

impl GlyphRun<'_> {
    /// Calls `paint(x, y, coverage)` for every pixel that the run covers when its origin is at `(x, baseline)`.
    /// Coverage is above 0 and at most 1.
    pub(super) fn rasterise(&self, x: f32, baseline: f32, mut paint: impl FnMut(i32, i32, f32)) {
        let outlines = self.font.outline_glyphs();
        for (id, dx, dy) in &self.glyphs {
            if let Some(outline) = outlines.get(*id) {
                raster::glyph(&outline, self.scale, (x + dx, baseline - dy), &mut paint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STYLE: Style = Style::new(Face::SemiBold, 26.0);

    fn fonts() -> &'static Fonts {
        Fonts::embedded().expect("the embedded fonts are whole")
    }

    #[test]
    fn covers_the_scripts_that_the_subset_holds() {
        for text in ["Größe, naïve, Łódź, Việt", "Ελληνικά", "Привет", "≈ × ÷ − · … “ ” – → ✗ €"]
        {
            assert!(fonts().covers(text), "{text}");
        }
        for text in ["天空", "سماء", "🔧", "שלום", "हिन्दी"] {
            assert!(!fonts().covers(text), "{text}");
        }
    }

    #[test]
    fn all_faces_hold_the_same_characters() {
        let held = |loaded: &LoadedFont| {
            let mut held: Vec<u32> = loaded.font.charmap().unicodes().map(|(c, _)| c).collect();
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
    fn capitals_reach_from_the_baseline_to_the_cap_height() {
        let rows = rows("H");
        assert_eq!((rows.iter().min(), rows.iter().max()), (Some(&127), Some(&199)));
        assert!(self::rows(" ").is_empty());
    }

    #[test]
    fn a_mark_adds_no_width() {
        let style = Style::new(Face::Bold, 40.0);
        assert!((fonts().width("x\u{323}", style) - fonts().width("x", style)).abs() < 0.01);
    }

    #[test]
    fn a_text_that_fits_is_not_clipped() {
        assert_eq!(fonts().clip_end("Gemma 2B", STYLE, 300.0), "Gemma 2B");
        assert_eq!(fonts().clip_middle("Gemma 2B", STYLE, 300.0), "Gemma 2B");
    }

    #[test]
    fn a_name_is_clipped_at_its_end_or_in_its_middle() {
        let name = "Llama 3.3 Instruct Turbo 70B";
        let (cut, folded) = (fonts().clip_end(name, STYLE, 200.0), fonts().clip_middle(name, STYLE, 200.0));
        assert!(cut.starts_with("Llama 3.3") && cut.ends_with('…'), "{cut}");
        assert!(folded.starts_with("Llama") && folded.ends_with("70B") && folded.contains('…'), "{folded}");
        assert_eq!(fonts().clip_end(name, STYLE, 0.0), "…");
    }

    #[test]
    fn lines_break_between_words() {
        let text = "rate limited by the provider, try again in 20 s";
        let lines = fonts().wrap_two_lines(text, STYLE, 420.0);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines.join(" "), text);
        assert_eq!(fonts().wrap_two_lines(&"x".repeat(90), STYLE, 420.0).len(), 1);
    }

    proptest! {
        #[test]
        fn a_clipped_text_fits_and_only_wide_text_is_clipped(text in "[a-z ]{1,60}", width in 60f32..500.0) {
            let cut = fonts().clip_end(&text, STYLE, width);
            prop_assert!(fonts().width(&cut, STYLE) <= width);
            if cut != text {
                prop_assert!(fonts().width(&text, STYLE) > width);
            }
        }
    }
}
