//! The share card of a finished race: the prompt, the winner, the other speeds, and where they come from.

use jiff::Timestamp;

use super::{
    ChartError, alt,
    brush::{Brush, DrawResult, Ink},
    content::{Award, Content},
    icons::IconSize,
    layout::{Area, MARGIN, RIGHT, UNIT},
    paint::{icon, ink},
    palette::{self, BACKGROUND, MUTED, NOTICE, TEXT, TRACK},
    row::{Outcome, Row},
    sanitize,
    text::{Face, Fonts, Style},
};
use crate::{race::report::Report, surface::Chart};

/// The most characters of the prompt.
const PROMPT_CHARS: usize = 120;
/// The lanes with a bar, and the distance of two.
const MAX_BARS: usize = 5;
const PITCH: f32 = 52.0;
const FIRST_BAR: f32 = 350.0;
const LABEL_X: f32 = 98.0;
const BAR_X: f32 = 380.0;
const BAR_END: f32 = 980.0;

/// Draws the share card of a race that began at `date`: as large as the chart, with an alternative text.
///
/// # Errors
/// See [`ChartError`]. No report causes an error.
pub fn share_card(report: &Report, date: Timestamp) -> Result<Chart, ChartError> {
    let fonts = Fonts::embedded()?;
    let prompt = sanitize::line(&report.prompt, PROMPT_CHARS);
    let short = Report { prompt: prompt.clone(), ..report.clone() };
    let card = Card { content: Content::new(&short, fonts), origin: origin(report, date, fonts), fonts };
    let rgb = super::picture(fonts, |brush, _| card.draw(&brush))?;
    let opening =
        format!("Result of a race of language models, {}: “{prompt}” Tokens per second:", card.origin);
    Ok(Chart { png: super::encode(&rgb)?, alt: alt::text(&opening, &card.content) })
}

/// Returns "29 November 2026  ·  5 models  ·  Hugging Face".
fn origin(report: &Report, date: Timestamp, fonts: &Fonts) -> String {
    let mut providers: Vec<String> = Vec::new();
    for lane in &report.lanes {
        let provider = sanitize::line(&lane.card.provider, sanitize::NAME_CHARS);
        if !provider.is_empty() && fonts.covers(&provider) && !providers.contains(&provider) {
            providers.push(provider);
        }
    }
    let models = match report.lanes.len() {
        1 => "1 model".to_owned(),
        n => format!("{n} models"),
    };
    let date = date.strftime("%-d %B %Y").to_string();
    [date, models, providers.join(", ")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("  ·  ")
}

struct Card<'a> {
    content: Content,
    origin: String,
    fonts: &'a Fonts,
}

impl Card<'_> {
    fn draw(&self, brush: &Brush<'_>) -> DrawResult {
        let muted = ink(Face::SemiBold, 26.0, MUTED);
        brush.text("LLM Arena  ·  one prompt, one race", muted, (MARGIN, 58.0))?;
        if let Some(note) = self.content.simulated {
            let width = self.fonts.width(note, muted.style);
            let area = Area { left: RIGHT - width - 28.0, right: RIGHT, top: 38.0, bottom: 78.0 };
            brush.frame(area, 8.0, (2.0, NOTICE))?;
            brush.text_ending(note, Ink { color: NOTICE, ..muted }, (RIGHT - 14.0, 58.0))?;
        }
        let title = ink(Face::Bold, 42.0, TEXT);
        let lines = self.fonts.wrap_two_lines(&self.content.title, title.style, RIGHT - MARGIN);
        let first = if lines.len() == 1 { 144.0 } else { 118.0 };
        for (line, y) in lines.iter().zip([first, first + 52.0]) {
            brush.text(line, title, (MARGIN, y))?;
        }
        self.winner(brush)?;
        for (row, y) in self.content.rows.iter().take(MAX_BARS).zip([0.0, 1.0, 2.0, 3.0, 4.0]) {
            self.bar(brush, row, FIRST_BAR + PITCH * y)?;
        }
        let origin = ink(Face::Regular, 24.0, MUTED);
        brush.text(&self.fonts.clip_end(&self.origin, origin.style, RIGHT - MARGIN), origin, (MARGIN, 632.0))
    }

    /// Draws the headline: the winner in its colour, and what it won.
    fn winner(&self, brush: &Brush<'_>) -> DrawResult {
        let won = |row: &Row| matches!(row.award, Some(Award::Fastest | Award::Both));
        let (name, color, what) = match self.content.rows.iter().find(|row| won(row)) {
            Some(row) => (row.label.as_str(), row.color, "wrote fastest"),
            None => ("No winner", TEXT, "the speeds are too close, or missing"),
        };
        let style = Style::new(Face::Bold, 50.0);
        let words = Style::new(Face::SemiBold, 32.0);
        let room = RIGHT - MARGIN - self.fonts.width(what, words) - 16.0;
        let name = self.fonts.clip_middle(name, style, room);
        let color = if palette::vanishes_on(color, BACKGROUND) { TEXT } else { color };
        brush.text(&name, Ink { style, color }, (MARGIN, 262.0))?;
        let x = MARGIN + self.fonts.width(&name, style) + 16.0;
        brush.text(what, Ink { style: words, color: TEXT }, (x, 268.0))
    }

    fn bar(&self, brush: &Brush<'_>, row: &Row, y: f32) -> DrawResult {
        icon(brush, self.fonts, (row, row.has_failed()), IconSize::Small, (MARGIN, y))?;
        let name = Style::new(Face::SemiBold, 28.0);
        let label = self.fonts.clip_middle(&row.label, name, BAR_X - LABEL_X - 24.0);
        brush.text(&label, Ink { style: name, color: TEXT }, (LABEL_X, y))?;
        let small = Style::new(Face::Regular, 24.0);
        let track = Area::row(BAR_X, BAR_END, y, 34.0);
        let (share, words) = match &row.outcome {
            Outcome::Speed { figure, share, .. } => {
                brush.text_ending(figure, ink(Face::Figures, 38.0, TEXT), (RIGHT - 74.0, y))?;
                brush.text_ending(UNIT, Ink { style: small, color: MUTED }, (RIGHT, y + 4.0))?;
                let wait = row.first_token.as_ref().map(|time| format!("first token {time}"));
                (*share, wait.unwrap_or_default())
            }
            Outcome::NoSpeed(reason) => (0.0, reason.clone()),
            Outcome::Failed(error) => (0.0, format!("failed: {error}")),
        };
        brush.fill(track, 8.0, TRACK)?;
        let bar = Area { right: track.left + (track.width() * share).max(6.0), ..track };
        if share > 0.0 {
            brush.fill(bar, 8.0, row.color)?;
        }
        let fits = self.fonts.width(&words, small) + 28.0 <= bar.width();
        let (x, color) = if fits { (bar.left, palette::ink_on(row.color)) } else { (bar.right, MUTED) };
        let words = self.fonts.clip_end(&words, small, if fits { bar.width() } else { BAR_END - x - 14.0 });
        brush.text(&words, Ink { style: small, color }, (x + 14.0, y))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{HEIGHT, WIDTH, tests::*},
        *,
    };

    fn card(name: &str, report: &Report) -> Chart {
        let card = share_card(report, "2026-11-29T06:00:00Z".parse().expect("a time")).expect("a card");
        if option_env!("ARENA_ARTEFACTS").is_some() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/charts");
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(format!("share_{name}.png")), &card.png).expect("written");
        }
        let picture = image::load_from_memory(&card.png).expect("it decodes");
        assert_eq!((picture.width(), picture.height()), (WIDTH, HEIGHT), "{name}");
        assert!(card.alt.chars().count() <= alt::MAX_CHARS, "{name}");
        card
    }

    #[test]
    fn a_card_names_the_prompt_the_date_the_providers_and_the_winner() {
        let mut report = line_up();
        report.lanes.iter_mut().for_each(|lane| lane.simulated = true);
        let alt = card("five", &report).alt;
        for words in [
            "29 November 2026  ·  5 models  ·  test",
            "“Explain how a hash map",
            "Simulated.",
            "1 GPT-OSS 120B 215, fastest stream",
        ] {
            assert!(alt.contains(words), "{words}: {alt}");
        }
    }

    #[test]
    fn a_long_prompt_is_cut_and_unusual_races_have_cards() {
        let long = Report { prompt: "word ".repeat(90), ..line_up() };
        let alt = card("long", &long).alt;
        assert!(alt.contains("word…”") && !alt.contains(&"word ".repeat(26)), "{alt}");
        card("crowd", &crowd(25));
        card("cjk", &Report { prompt: "天空为什么是蓝色的?".into(), ..line_up() });
        let lanes = line_up().lanes.into_iter().map(|lane| failed(lane, "rate limited by the provider"));
        card("failed", &Report { prompt: "Why?".into(), lanes: lanes.collect(), ..Report::default() });
        card("none", &Report { prompt: String::new(), lanes: Vec::new(), ..Report::default() });
    }
}
