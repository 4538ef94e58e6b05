//! The chart of a team's board: a dot at each pick rate, its interval as a line, tiers as bands. Where it is too early for
//! a ranking, the progress of the ballots.

use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::types::RangedCoordf64,
    element::{Circle, PathElement},
    prelude::Cartesian2d,
    style::{
        Color as _, FontDesc, FontFamily, FontStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::{
    ChartError, alt,
    brush::{Brush, DrawResult, Ink, rgb, stroke},
    canvas::{Canvas, SUB, units},
    icons::{self, IconSize},
    layout::{Area, MARGIN, RIGHT},
    palette::{self, BACKGROUND, MUTED, TEXT, TRACK},
    sanitize::{self, NAME_CHARS},
    text::{Face, Fonts, Style},
};
use crate::{
    board::{Board, Standing, Verdict, words},
    model::{Color, ModelCard},
};

/// The most rows; further contenders are counted.
const MAX_ROWS: usize = 12;
/// The area of the rows.
const ROWS: Area = Area { left: MARGIN, top: 176.0, right: RIGHT, bottom: 562.0 };
/// The tallest row.
const MAX_ROW_HEIGHT: f32 = 128.0;
/// The left and the right edge of the axis.
const AXIS: (f32, f32) = (400.0, 862.0);
/// The height of the axis' labels.
const LABELS_HEIGHT: f32 = 34.0;
/// The right edges of the pick rates, of their intervals and of the tiers.
const FIGURE_ENDS: (f32, f32, f32) = (950.0, 1_070.0, 1_138.0);
/// The smallest title, and the width of a name in it.
const MIN_TITLE: f32 = 24.0;
const TITLE_NAME_WIDTH: f32 = 330.0;
/// The space around the text in a row.
const PADDING: f32 = 18.0;
/// The colours of contenders without a card, which differ for all kinds of colour vision.
const COLORS: [Color; 5] = [
    Color { r: 0xFD, g: 0xE2, b: 0x63 },
    Color { r: 0x45, g: 0x94, b: 0xF0 },
    Color { r: 0x1A, g: 0xDE, b: 0x8C },
    Color { r: 0xEA, g: 0x6E, b: 0x28 },
    Color { r: 0xF8, g: 0x9B, b: 0xD0 },
];

/// Everything that the chart says.
pub(super) struct Content<'a> {
    board: &'a Board,
    title: String,
    counts: String,
    rows: Vec<Row<'a>>,
    more: usize,
}

struct Row<'a> {
    standing: &'a Standing,
    name: String,
    icon: String,
    color: Color,
}

type Plot<'a, 'b> = ChartContext<'b, Canvas<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl<'a> Content<'a> {
    /// Returns the content for `board`, with the icons and colours of `cards`.
    pub(super) fn new(board: &'a Board, cards: &[ModelCard], fonts: &Fonts) -> Self {
        let is_early = board.verdict == Verdict::TooEarly;
        let shown = if is_early { 0 } else { MAX_ROWS };
        let rows = board.standings.iter().take(shown).enumerate();
        let rows = rows.map(|(at, standing)| Row::new(standing, at, cards, fonts)).collect();
        let none_good = words::satisfaction(board).filter(|_| !is_early);
        let counts = [Some(words::counts(board)), none_good];
        Self {
            board,
            title: title(board, cards, fonts),
            counts: counts.into_iter().flatten().collect::<Vec<_>>().join("  ·  "),
            rows,
            more: if is_early { 0 } else { board.standings.len().saturating_sub(MAX_ROWS) },
        }
    }

    /// Returns the picture in words.
    pub(super) fn alt(&self) -> String {
        let mut sentences =
            vec![format!("{}.", words::verdict(self.board)), format!("{}.", words::counts(self.board))];
        for (rank, row) in (1..).zip(&self.rows) {
            let sentence = words::sentence(self.board, row.standing);
            sentences.push(format!("{rank} {}, tier {}: {sentence}.", row.standing.name, row.standing.tier));
        }
        let sentences: Vec<String> =
            sentences.iter().map(|sentence| sanitize::line(sentence, alt::MAX_CHARS)).collect();
        alt::joined(&sentences)
    }
}

/// Returns the verdict with names that can be drawn.
fn title(board: &Board, cards: &[ModelCard], fonts: &Fonts) -> String {
    let mut drawable =
        Board { standings: board.standings.iter().take(2).cloned().collect(), ..board.clone() };
    for (at, standing) in drawable.standings.iter_mut().enumerate() {
        let name = Row::new(&board.standings[at], at, cards, fonts).name;
        standing.name = fonts.clip_middle(&name, Style::new(Face::Bold, MIN_TITLE), TITLE_NAME_WIDTH);
    }
    drawable.standings.extend(board.standings.iter().skip(2).cloned());
    words::verdict(&drawable)
}

impl<'a> Row<'a> {
    fn new(standing: &'a Standing, at: usize, cards: &[ModelCard], fonts: &Fonts) -> Self {
        let card = cards.iter().find(|card| card.id.as_str() == standing.model());
        let names = [&*standing.name, standing.model()].map(|name| sanitize::line(name, NAME_CHARS));
        let name = names.into_iter().find(|name| !name.is_empty() && fonts.covers(name));
        let hash = standing.model().bytes().fold(0, |sum, byte| sum + usize::from(byte));
        Self {
            standing,
            name: name.unwrap_or_else(|| format!("Model {}", at + 1)),
            icon: card.map(|card| card.icon.clone()).unwrap_or_default(),
            color: card.map_or(COLORS[hash % COLORS.len()], |card| card.color),
        }
    }
}

fn ink(face: Face, size: f32, color: Color) -> Ink {
    Ink { style: Style::new(face, size), color }
}

/// Draws the whole chart.
///
/// # Errors
/// [`ChartError::Draw`] if the canvas refuses a shape.
pub(super) fn draw(brush: &Brush<'_>, fonts: &Fonts, content: &Content<'_>) -> DrawResult {
    brush.text("LLM Arena  ·  team board", ink(Face::SemiBold, 26.0, MUTED), (MARGIN, 54.0))?;
    let room = RIGHT - MARGIN;
    let style = Style::new(Face::Bold, 38.0);
    let fitting = (style.size * room / fonts.width(&content.title, style).max(1.0)).floor();
    let style = style.at_most(fitting.max(MIN_TITLE));
    let title = fonts.clip_end(&content.title, style, room);
    brush.text(&title, Ink { style, color: TEXT }, (MARGIN, 106.0))?;
    let small = ink(Face::Regular, 22.0, MUTED);
    brush.text(&fonts.clip_end(&content.counts, small.style, room), small, (MARGIN, 148.0))?;
    if content.rows.is_empty() { progress(brush, content.board) } else { ranking(brush, fonts, content) }
}

/// Draws how many ballots, voters and races there are, and how many a ranking needs.
fn progress(brush: &Brush<'_>, board: &Board) -> DrawResult {
    for (at, (have, need, what)) in (0_u8..).zip(words::progress(&board.counts)) {
        let y = 250.0 + 120.0 * f32::from(at);
        brush.text(what, ink(Face::SemiBold, 32.0, TEXT), (MARGIN, y))?;
        let track = Area::row(240.0, 900.0, y, 44.0);
        brush.fill(track, 8.0, TRACK)?;
        let share = ratio(have, need).min(1.0);
        if share > 0.0 {
            let bar = Area { right: track.left + track.width() * share, ..track };
            brush.fill(bar, 8.0, if share < 1.0 { COLORS[1] } else { COLORS[2] })?;
        }
        let figure = if have < need { format!("{have} of {need}") } else { have.to_string() };
        brush.text_ending(&figure, ink(Face::Figures, 40.0, TEXT), (RIGHT, y))?;
    }
    let note = "With so few votes, a ranking would be luck.";
    brush.text(note, ink(Face::Regular, 20.0, MUTED), (MARGIN, 641.0))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^24")]
fn ratio(a: usize, b: usize) -> f32 {
    a as f32 / b.max(1) as f32
}

/// Draws a row per contender over a common axis.
fn ranking(brush: &Brush<'_>, fonts: &Fonts, content: &Content<'_>) -> DrawResult {
    let rows = &content.rows;
    let height = (ROWS.height() / ratio(rows.len(), 1)).min(MAX_ROW_HEIGHT);
    let bottom = ROWS.top + height * ratio(rows.len(), 1);
    let middle = |at: usize| ROWS.top + height * (ratio(at, 1) + 0.5);
    let mut first = 0;
    for at in 0..rows.len() {
        let is_last = rows.get(at + 1).is_none_or(|next| next.standing.tier != rows[at].standing.tier);
        if is_last {
            let top = ROWS.top + height * ratio(first, 1);
            let band = Area { top: top + 2.0, bottom: ROWS.top + height * ratio(at + 1, 1) - 2.0, ..ROWS };
            brush.fill(band, 8.0, TRACK)?;
            first = at + 1;
        }
    }
    plot(brush, content, bottom)?;
    let size = (height * 0.42).clamp(17.0, 30.0);
    for (at, row) in rows.iter().enumerate() {
        label(brush, fonts, row, (middle(at), size))?;
        let previous = at.checked_sub(1).map(|before| rows[before].standing.tier);
        if previous != Some(row.standing.tier) {
            let tier = format!("tier {}", row.standing.tier);
            brush.text_ending(&tier, ink(Face::Regular, 16.0, MUTED), (FIGURE_ENDS.2, middle(at)))?;
        }
    }
    let more = if content.more > 0 { format!("+ {} more   ·   ", content.more) } else { String::new() };
    let reading = format!(
        "{more}dot = picked best in so many {}, for this team   ·   line = 95 % interval   ·   band = tier",
        words::races(content.board)
    );
    let small = ink(Face::Regular, 20.0, MUTED);
    brush.text(&fonts.clip_end(&reading, small.style, RIGHT - MARGIN), small, (MARGIN, 641.0))
}

/// Draws the name and the figures of a row.
fn label(brush: &Brush<'_>, fonts: &Fonts, row: &Row<'_>, (y, size): (f32, f32)) -> DrawResult {
    let icon_width = f32::from(IconSize::Small.width());
    let mut x = MARGIN + PADDING;
    match icons::find(&row.icon, IconSize::Small).filter(|_| size > 20.0) {
        Some(icon) => brush.icon(&icon, (x, y - icon_width / 2.0))?,
        None => brush.disc((x + icon_width / 2.0, y), size * 0.4, row.color)?,
    }
    x += icon_width + 12.0;
    let name = Style::new(Face::SemiBold, size);
    let text = fonts.clip_middle(&row.name, name, AXIS.0 - x - 16.0);
    brush.text(&text, Ink { style: name, color: TEXT }, (x, y))?;
    let figure = ink(Face::Figures, size * 1.1, TEXT);
    brush.text_ending(&words::percent(row.standing.pick_rate), figure, (FIGURE_ENDS.0, y))?;
    let interval = ink(Face::Regular, size * 0.8, MUTED);
    brush.text_ending(&words::interval(row.standing, " to "), interval, (FIGURE_ENDS.1, y))
}

/// Draws the axis, the intervals and the dots.
fn plot(brush: &Brush<'_>, content: &Content<'_>, bottom: f32) -> DrawResult {
    let rows = &content.rows;
    let highest = rows.iter().map(|row| on_axis(row.standing.pick_rate_high)).fold(0.0, f64::max);
    let end = (10.0 * (0.105 * highest).ceil()).clamp(10.0, 100.0);
    let area = Area { left: AXIS.0, right: AXIS.1, top: ROWS.top, bottom: bottom + LABELS_HEIGHT };
    let region = brush.region(area);
    let count = f64::from(ratio(rows.len(), 1));
    let mut plot: Plot<'_, '_> = ChartBuilder::on(&region)
        .x_label_area_size(units(LABELS_HEIGHT))
        .build_cartesian_2d(0.0..end, count..0.0)
        .map_err(failed)?;
    let label =
        FontDesc::new(FontFamily::Name(Face::Regular.family()), f64::from(20 * SUB), FontStyle::Normal);
    let muted = rgb(MUTED);
    let label = TextStyle::from(label).color(&muted).pos(Pos::new(HPos::Center, VPos::Top));
    plot.configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(6)
        .x_max_light_lines(0)
        .bold_line_style(stroke(palette::mix(MUTED, TRACK, 0.25), 1.5))
        .axis_style(stroke(palette::mix(MUTED, TRACK, 0.25), 1.5))
        .set_all_tick_mark_size(units(6.0))
        .x_label_style(label)
        .x_label_formatter(&|percent| format!("{percent:.0} %"))
        .draw()
        .map_err(failed)?;
    let height = f64::from((bottom - ROWS.top) / ratio(rows.len(), 1));
    for (at, row) in rows.iter().enumerate() {
        dot(&mut plot, row, f64::from(ratio(at, 1)) + 0.5, height)?;
    }
    Ok(())
}

/// Draws a contender's interval and its pick rate at `y`, in a row of `height` pixels.
fn dot(plot: &mut Plot<'_, '_>, row: &Row<'_>, y: f64, height: f64) -> DrawResult {
    let [rate, low, high] =
        [row.standing.pick_rate, row.standing.pick_rate_low, row.standing.pick_rate_high].map(on_axis);
    let color = if palette::vanishes_on(row.color, TRACK) { MUTED } else { row.color };
    let line = stroke(palette::mix(color, BACKGROUND, 0.75), 5.0);
    plot.draw_series([PathElement::new([(low, y), (high, y)], line)]).map_err(failed)?;
    #[expect(clippy::cast_possible_truncation, reason = "a few pixels")]
    let radius = (height * 0.16).clamp(5.0, 10.0) as f32;
    let disc = Circle::new((rate, y), units(radius), rgb(color).filled());
    plot.draw_series([disc]).map_err(failed)?;
    Ok(())
}

/// Returns a share in percent. Numbers that are none, which plotters cannot draw, become zero.
fn on_axis(share: f64) -> f64 {
    if share.is_nan() { 0.0 } else { 100.0 * share.clamp(0.0, 1.0) }
}

fn failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> ChartError {
    ChartError::Draw(error.into())
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        board::Ballot,
        chart::{HEIGHT, WIDTH, board_png},
    };

    /// Ballots of `voters` in thirty races, which pick better models more often.
    fn board(names: &[&str], voters: usize) -> Board {
        let mut rng = fastrand::Rng::with_seed(7);
        let lanes: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
        let mut ballots = vec![];
        for race in 0..30 {
            for voter in 0..voters {
                let best = rng.usize(0..names.len()).min(rng.usize(0..names.len()));
                let choice = (Some(names[best]), None);
                let ballot = Ballot::new(format!("{race}"), format!("{voter}"), lanes.clone(), choice, false);
                ballots.push(ballot.expect("a ballot"));
            }
        }
        Board::of(&ballots).expect("few models")
    }

    fn charted(name: &str, board: &Board) -> String {
        let chart = board_png(board, &[]).expect("a chart");
        let picture = image::load_from_memory(&chart.png).expect("a PNG");
        assert_eq!((picture.width(), picture.height()), (WIDTH, HEIGHT));
        assert!(chart.alt.chars().count() <= alt::MAX_CHARS);
        if option_env!("ARENA_ARTEFACTS").is_some() {
            fs::create_dir_all("artefacts/charts").expect("a folder");
            fs::write(format!("artefacts/charts/board-{name}.png"), &chart.png).expect("written");
        }
        chart.alt
    }

    #[test]
    fn any_number_of_models_gives_a_picture() {
        let names: Vec<String> = (0..40).map(|i| format!("model-{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for count in [1, 2, 5, 8, 12, 40] {
            charted(&count.to_string(), &board(&names[..count], 6));
        }
        assert!(charted("empty", &Board::of(&[]).expect("none")).starts_with("Too early: 0 of 20 ballots"));
        assert!(charted("early", &board(&names[..3], 2)).starts_with("Too early: 2 of 3 voters"));
    }

    #[test]
    fn names_of_any_script_and_length_fit() {
        let long = "l".repeat(300);
        let names = ["模型", long.as_str(), "مدل", "e\u{301}\u{302}\u{303}\u{304}", "👩‍🔬", "<b>&amp;"];
        let alt = charted("names", &board(&names, 6));
        assert!(alt.contains("模型"), "{alt}");
    }

    #[test]
    fn the_alternative_text_holds_what_the_picture_shows() {
        let alt = charted("alt", &board(&["a", "b"], 6));
        assert!(alt.starts_with("a leads for this team (> 99 % likely the best). 180 ballots by 6 voters in 30 races. 1 a, tier 1: would be picked best in "), "{alt}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn no_standing_breaks_the_picture(numbers in proptest::collection::vec(any::<[f64; 3]>(), 1..14)) {
            let mut odd = board(&["a", "b"], 6);
            let standing = odd.standings[0].clone();
            odd.standings = numbers.into_iter().map(|[pick_rate, pick_rate_low, pick_rate_high]| {
                Standing { pick_rate, pick_rate_low, pick_rate_high, ..standing.clone() }
            }).collect();
            board_png(&odd, &[]).expect("a chart");
        }
    }
}
