//! The card on the canvas: header, title, rows, footer.
//!
//! Must not know the report.

mod row;

use super::{
    brush::{Area, Brush, Drawn, Ink},
    card::Card,
    fit,
    layout::{Layout, MARGIN, RIGHT},
    palette::{MUTED, NOTICE, TEXT, TRACK},
    text::{Face, Fonts, Style},
};

/// What is drawn, with what, where.
struct Scene<'a> {
    brush: Brush<'a>,
    fonts: &'static Fonts,
    layout: Layout,
}

/// Draws the whole card.
///
/// # Errors
/// [`super::ChartError::Draw`] when the canvas refuses a shape.
pub(super) fn card(brush: Brush<'_>, fonts: &'static Fonts, card: &Card) -> Drawn {
    let scene = Scene { brush, fonts, layout: Layout::of(card, fonts) };
    scene.header(card)?;
    for (i, row) in card.rows.iter().enumerate() {
        scene.row(i, row)?;
    }
    for (area, (what, figure)) in scene.layout.tiles.iter().zip(&card.tiles) {
        scene.tile(*area, what, figure)?;
    }
    if let Some(more) = &card.more {
        scene.brush.text(more, ink(Face::SemiBold, 22.0, MUTED), (scene.layout.text_x, 590.0))?;
    }
    scene.footer(card)
}

fn ink(face: Face, size: f32, color: crate::model::Color) -> Ink {
    Ink { style: Style::new(face, size), color }
}

impl Scene<'_> {
    fn header(&self, card: &Card) -> Drawn {
        let muted = ink(Face::SemiBold, 26.0, MUTED);
        let about = "LLM Arena  ·  streaming speed";
        self.brush.text(about, muted, (MARGIN, 54.0))?;
        if let Some(note) = card.simulated {
            let dot = "  ·  ";
            let x = MARGIN + self.fonts.width(about, muted.style);
            self.brush.text(dot, muted, (x, 54.0))?;
            let x = x + self.fonts.width(dot, muted.style);
            self.brush.text(note, Ink { color: NOTICE, ..muted }, (x, 54.0))?;
        }
        let title = ink(Face::Bold, 38.0, TEXT);
        self.brush.text(&self.title(&card.title, title.style), title, (MARGIN, 106.0))
    }

    /// The title cut to the picture; a quotation keeps its closing mark.
    fn title(&self, title: &str, style: Style) -> String {
        let room = RIGHT - MARGIN;
        match title.strip_suffix('”') {
            Some(open) if self.fonts.width(title, style) > room => {
                fit::end(self.fonts, open, style, room - self.fonts.width("”", style)) + "”"
            }
            _ => fit::end(self.fonts, title, style, room),
        }
    }

    /// One number of a single row.
    fn tile(&self, area: Area, what: &str, figure: &str) -> Drawn {
        self.brush.fill(area, 12.0, TRACK)?;
        let (x, room) = (area.left + 24.0, area.right - area.left - 48.0);
        self.brush.text(what, ink(Face::Regular, 23.0, MUTED), (x, area.top + 38.0))?;
        let figures = ink(Face::Figures, 40.0, TEXT);
        self.brush.text(&fit::end(self.fonts, figure, figures.style, room), figures, (x, area.top + 83.0))
    }

    fn footer(&self, card: &Card) -> Drawn {
        let notes = [
            "tok/s = (output tokens − 1) ÷ (last token − first token)",
            "first token = wait after sending",
            match card {
                card if card.estimated => "≈ = estimated",
                card if card.rows.len() == 1 => "one run",
                _ => "one run each",
            },
        ];
        let style = Style::new(Face::Regular, 20.0);
        let line = fit::end(self.fonts, &notes.join("   ·   "), style, RIGHT - MARGIN);
        self.brush.text(&line, Ink { style, color: MUTED }, (MARGIN, 641.0))
    }
}
