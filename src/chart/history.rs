//! The chart of a model's speed over time: a dot for each race, the medians of days, the quartiles of weeks, and dated
//! incidents.

use std::ops::Range;

use plotters::{
    coord::{cartesian::Cartesian2d, ranged1d::Ranged as _},
    drawing::DrawingArea,
    element::{Circle, PathElement, Polygon, TriangleMarker},
    prelude::IntoDrawingArea,
    style::{Color as _, RGBColor},
};
use tiny_skia::Pixmap;

use super::{
    ChartError, HEIGHT, WIDTH,
    alt::MAX_CHARS,
    brush::{Brush, DrawResult, Ink},
    canvas::{Canvas, units},
    encode,
    history_axes::{SpeedAxis, TimeAxis},
    history_marks::{Flag, LABEL_HEIGHT, Mark, flags, line_top, marks},
    layout::{Area, MARGIN, RIGHT},
    palette::{self, Theme},
    sanitize,
    text::{Face, Fonts, Style},
    without_alpha,
};
use crate::{
    history::{Calendar, DAY_MS, Day, Quartiles, Sample, Summary, days, quantile, values},
    model::Color,
    race::{figures, metrics::TokenCount},
    surface::Chart,
};

/// The plotted part of the picture.
const PLOT: Area = Area { left: 116.0, top: 214.0, right: RIGHT, bottom: 572.0 };
/// The labels of incidents.
const LABEL_STYLE: Style = Style::new(Face::SemiBold, 20.0);
/// A line between days further apart is broken.
const MAX_GAP_DAYS: i64 = 7;
/// The most dots; of more races an even part is drawn.
const MAX_DOTS: usize = 4_000;
/// The axis ends at this multiple of the upper hinge: faster races are marked at the edge.
const MAX_RISE: f64 = 1.6;
const NAME_CHARS: usize = 60;

/// The form of the chart of a history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryOptions {
    /// The meaning of day 0.
    pub calendar: Calendar,
    /// The last days to draw; all if `None`.
    pub days: Option<u32>,
    /// True for dark text on a light ground.
    pub is_light: bool,
}

/// Draws the speeds of `summary` over time, with an alternative text of at most 1000 characters.
///
/// # Errors
/// See [`ChartError`]. No series causes an error.
pub fn history(summary: &Summary<'_>, options: HistoryOptions) -> Result<Chart, ChartError> {
    let fonts = Fonts::embedded()?;
    let picture = Picture::new(summary, options, fonts);
    let mut pixmap = Pixmap::new(WIDTH, HEIGHT).ok_or(ChartError::Memory)?;
    let ground = picture.theme.ground;
    pixmap.fill(tiny_skia::Color::from_rgba8(ground.r, ground.g, ground.b, 255));
    picture.frame(&Brush::new(Canvas::new(&mut pixmap, fonts)))?;
    picture.plot(Canvas::new(&mut pixmap, fonts))?;
    picture.labels(&Brush::new(Canvas::new(&mut pixmap, fonts)))?;
    Ok(Chart { png: encode(&without_alpha(pixmap.take()))?, alt: picture.alt() })
}

/// Everything that is drawn.
struct Picture<'a> {
    fonts: &'a Fonts,
    theme: Theme,
    calendar: Calendar,
    title: String,
    sentence: String,
    samples: &'a [Sample],
    days: Vec<Day>,
    time: TimeAxis,
    top: f64,
    speed: SpeedAxis,
    marks: Vec<Mark>,
    /// The labels of the marks, in their order.
    flags: Vec<Flag>,
}

impl<'a> Picture<'a> {
    fn new(summary: &Summary<'a>, options: HistoryOptions, fonts: &'a Fonts) -> Self {
        let all = &summary.series.samples;
        let last = all.last().map_or(0, |sample| sample.day() + 1) * DAY_MS;
        let from = options.days.map_or(i64::MIN, |days| last - i64::from(days) * DAY_MS);
        let samples = &all[all.partition_point(|sample| sample.at_ms < from)..];
        let first = samples.first().map_or(0, |sample| sample.day() * DAY_MS);
        let time = TimeAxis::new(first..last);
        let marks = marks(summary, options.calendar, &(first..last));
        let pole = |mark: &Mark| (x(&time, mark.range.start), fonts.width(&mark.label, LABEL_STYLE));
        let flags = flags(&marks.iter().map(pole).collect::<Vec<_>>(), PLOT.right);
        let lines = flags.iter().map(|flag| flag.line + 1).max().unwrap_or(0);
        let top = top(samples, lines);
        let name = sanitize::line(&summary.series.name, NAME_CHARS);
        let title = if !name.is_empty() && fonts.covers(&name) { name } else { "Speed of a model".into() };
        Self {
            fonts,
            theme: if options.is_light { palette::LIGHT } else { palette::DARK },
            calendar: options.calendar,
            title,
            sentence: sentence(summary, options.calendar),
            samples,
            days: days(samples),
            time,
            top,
            speed: SpeedAxis::new(top),
            marks,
            flags,
        }
    }

    /// Draws title, sentence, grid and axis labels.
    fn frame(&self, brush: &Brush<'_>) -> DrawResult {
        let Theme { text, muted, grid, .. } = self.theme;
        brush.text("LLM Arena  ·  speed over time", ink(Face::SemiBold, 26.0, muted), (MARGIN, 54.0))?;
        let title = Style::new(Face::Bold, 38.0);
        let name = self.fonts.clip_end(&self.title, title, RIGHT - MARGIN);
        brush.text(&name, Ink { style: title, color: text }, (MARGIN, 106.0))?;
        let line = Style::new(Face::Regular, 24.0);
        let sentence = self.fonts.clip_end(&self.sentence, line, RIGHT - MARGIN);
        brush.text(&sentence, Ink { style: line, color: text }, (MARGIN, 150.0))?;
        let axis = ink(Face::Figures, 20.0, muted);
        for value in self.speed.key_points(6) {
            let y = self.y(value);
            brush.line((PLOT.left, y), (PLOT.right, y), (1.0, grid))?;
            brush.text_ending(&speed_label(value), axis, (PLOT.left - 14.0, y))?;
        }
        brush.text("tok/s", ink(Face::Regular, 20.0, muted), (MARGIN, PLOT.top - 22.0))?;
        for at in self.time.key_points(8) {
            let x = x(&self.time, at);
            brush.line((x, PLOT.bottom), (x, PLOT.bottom + 7.0), (1.5, muted))?;
            brush.text_around(
                &self.calendar.day(at / DAY_MS),
                axis,
                (x.clamp(PLOT.left, RIGHT - 30.0), 598.0),
            )?;
        }
        for (mark, flag) in self.marks.iter().zip(&self.flags) {
            let x = x(&self.time, mark.range.start);
            brush.line((x, PLOT.top + flag.pole_top), (x, PLOT.bottom), (2.0, self.theme.error))?;
        }
        Ok(())
    }

    /// Draws the data in plotters' coordinates: incidents, bands, dots, medians.
    fn plot(&self, canvas: Canvas<'_>) -> DrawResult {
        let pixels = (units(PLOT.left)..units(PLOT.right), units(PLOT.bottom)..units(PLOT.top));
        let plot = Plot {
            area: canvas.into_drawing_area().apply_coord_spec(Cartesian2d::<TimeAxis, SpeedAxis>::new(
                self.time.clone(),
                self.speed.clone(),
                pixels,
            )),
        };
        for mark in &self.marks {
            plot.shade(mark, self.top, self.theme.error)?;
        }
        plot.bands(&self.days, self.theme.accent, self.top)?;
        plot.dots(self.samples, self.top, self.theme)?;
        plot.medians(&self.days, self.top, self.theme.accent)
    }

    /// Draws the labels of incidents and the legend.
    fn labels(&self, brush: &Brush<'_>) -> DrawResult {
        let label = Ink { style: LABEL_STYLE, color: self.theme.error };
        for (mark, flag) in self.marks.iter().zip(&self.flags) {
            brush.text(
                &mark.label,
                label,
                (flag.left, PLOT.top + line_top(flag.line) + LABEL_HEIGHT / 2.0),
            )?;
        }
        let small = ink(Face::Regular, 20.0, self.theme.muted);
        let line = self.fonts.clip_end(&self.legend(), small.style, RIGHT - MARGIN);
        brush.text(&line, small, (MARGIN, 641.0))
    }

    fn legend(&self) -> String {
        let mut notes = vec![format!("dots = {}", races(self.samples.len()))];
        if lines(&self.days).next().is_some() {
            notes.push("line = median of a day".to_owned());
        }
        if bands(&self.days).next().is_some() {
            notes.push("band = middle half of a week".to_owned());
        }
        let above = self.samples.iter().filter(|sample| sample.value > self.top).count();
        if above > 0 {
            notes.push(format!("triangles = {} above {}", races(above), speed_label(self.top.round())));
        }
        notes.join("   ·   ")
    }

    fn alt(&self) -> String {
        let day = |sample: Option<&Sample>| {
            sample.map_or_else(String::new, |sample| self.calendar.day(sample.day()))
        };
        let (first, last) = (day(self.samples.first()), day(self.samples.last()));
        let count = figures::thousands(self.samples.len() as u64);
        let mut sentences =
            vec![format!("Speed over time, tokens per second. {}: {}", self.title, self.sentence)];
        if !self.samples.is_empty() {
            sentences.push(format!("{count} races from {first} to {last}."));
        }
        sentences.extend(self.marks.iter().map(|mark| format!("Incident: {}.", mark.label)));
        sentences.join(" ").chars().take(MAX_CHARS).collect()
    }

    fn y(&self, value: f64) -> f32 {
        pixel(self.speed.map(&value, (units(PLOT.bottom), units(PLOT.top))))
    }
}

/// The area of the data in plotters' coordinates.
struct Plot<'a> {
    area: DrawingArea<Canvas<'a>, Cartesian2d<TimeAxis, SpeedAxis>>,
}

impl<'a> Plot<'a> {
    fn draw<'e, E>(&self, element: &'e E) -> DrawResult
    where
        &'e E: plotters::element::PointCollection<'e, (i64, f64)>,
        E: plotters::element::Drawable<Canvas<'a>>,
    {
        self.area.draw(element).map_err(|error| ChartError::Draw(error.into()))
    }

    /// Draws the period of an incident.
    fn shade(&self, mark: &Mark, top: f64, color: Color) -> DrawResult {
        let Range { start, end } = mark.range;
        let corners = vec![(start, 0.0), (end, 0.0), (end, top), (start, top)];
        self.draw(&Polygon::new(corners, rgb(color).mix(0.14).filled()))
    }

    /// Draws the quartiles around each day as polygons without gaps.
    fn bands(&self, days: &[Day], color: Color, top: f64) -> DrawResult {
        for run in bands(days) {
            let edge = |of: fn(&Quartiles) -> f64| {
                move |day: &Day| day.band.map(|band| (day.at_ms, of(&band).min(top)))
            };
            let mut corners: Vec<_> = run.iter().filter_map(edge(|band| band.upper)).collect();
            corners.extend(run.iter().rev().filter_map(edge(|band| band.lower)));
            self.draw(&Polygon::new(corners, rgb(color).mix(0.20).filled()))?;
        }
        Ok(())
    }

    /// Draws a dot for each race, or a triangle at the edge for one that is too fast for the axis.
    fn dots(&self, samples: &[Sample], top: f64, theme: Theme) -> DrawResult {
        let (radius, opacity) = if samples.len() > 600 { (3.0, 0.35) } else { (4.5, 0.6) };
        let part = samples.len().div_ceil(MAX_DOTS).max(1);
        for (n, sample) in samples.iter().enumerate() {
            if sample.value > top {
                let size = units(7.0);
                self.draw(&TriangleMarker::new((sample.at_ms, top), size, rgb(theme.muted).filled()))?;
            } else if n % part == 0 {
                let style = rgb(theme.accent).mix(opacity).filled();
                self.draw(&Circle::new((sample.at_ms, sample.value), units(radius), style))?;
            }
        }
        Ok(())
    }

    /// Draws the medians of days as lines that are broken at gaps.
    fn medians(&self, days: &[Day], top: f64, color: Color) -> DrawResult {
        for run in lines(days) {
            let points: Vec<_> = run.iter().map(|day| (day.at_ms, day.median.min(top))).collect();
            self.draw(&PathElement::new(points, rgb(color).stroke_width(units(3.0).unsigned_abs())))?;
        }
        Ok(())
    }
}

/// The runs of days without gaps that a line is drawn through.
fn lines(days: &[Day]) -> impl Iterator<Item = &[Day]> {
    days.chunk_by(|a, b| b.number - a.number <= MAX_GAP_DAYS).filter(|run| run.len() > 1)
}

/// The runs of days without gaps that have quartiles.
fn bands(days: &[Day]) -> impl Iterator<Item = &[Day]> {
    let runs = lines(days).flat_map(|run| run.chunk_by(|a, b| a.band.is_some() == b.band.is_some()));
    runs.filter(|run| run.len() > 1 && run[0].band.is_some())
}

/// The top of the axis: above every race, unless some are far faster than most, with space for `lines` of labels.
fn top(samples: &[Sample], lines: usize) -> f64 {
    let mut speeds = values(samples);
    let fastest = speeds.iter().copied().fold(0.0, f64::max);
    let most = quantile(&mut speeds, 0.95).unwrap_or(1.0);
    let usual = quantile(&mut speeds, 0.75).unwrap_or(1.0);
    let limit = (usual * MAX_RISE).max(most * 1.1);
    let shown = if fastest > limit { limit } else { fastest };
    let height = PLOT.bottom - PLOT.top;
    shown * f64::from(height / (height - line_top(lines.max(2)) - 6.0))
}

/// The line below the title.
fn sentence(summary: &Summary<'_>, calendar: Calendar) -> String {
    let words = summary.words(calendar);
    let first = words.chars().next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest: String = words.chars().skip(1).collect();
    format!("{first}{}.", rest.trim_end_matches('.'))
}

fn races(count: usize) -> String {
    let noun = if count == 1 { "race" } else { "races" };
    format!("{} {noun}", figures::thousands(count as u64))
}

fn speed_label(tokens_per_second: f64) -> String {
    if tokens_per_second == 0.0 {
        "0".into()
    } else {
        figures::speed(Some(tokens_per_second), TokenCount::Usage)
    }
}

fn ink(face: Face, size: f32, color: Color) -> Ink {
    Ink { style: Style::new(face, size), color }
}

fn rgb(color: Color) -> RGBColor {
    RGBColor(color.r, color.g, color.b)
}

fn x(time: &TimeAxis, at: i64) -> f32 {
    pixel(time.map(&at, (units(PLOT.left), units(PLOT.right))))
}

#[expect(clippy::cast_precision_loss, reason = "a picture's coordinates are far below 2^24")]
fn pixel(units: i32) -> f32 {
    units as f32 / super::canvas::SUB as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::{
        Cause, Incident, IncidentId, IncidentKind, Member, Origin, Series, Suspicion, first_judged_day,
    };

    const OPTIONS: HistoryOptions = HistoryOptions { calendar: Calendar::Dates, days: None, is_light: false };

    fn series(name: &str, samples: impl IntoIterator<Item = (i64, f64)>) -> Series {
        let samples = samples.into_iter().map(|(hour, value)| Sample { at_ms: hour * DAY_MS / 24, value });
        Series { name: name.into(), origin: None, samples: samples.collect() }
    }

    /// Four races a day, slower from day 40 on.
    fn slower() -> Series {
        let speed =
            |n: i64| if n < 160 { 200.0 } else { 140.0 } + f64::from(i32::try_from(n % 7).unwrap_or(0));
        series("GPT-OSS 120B", (0..208).map(|n| (n * 6 + 24 * 20_741 + 1, speed(n))))
    }

    fn drawn(series: &Series, options: HistoryOptions) -> Chart {
        let summary = Summary::of(series, first_judged_day(std::slice::from_ref(series)));
        history(&summary, options).expect("a chart")
    }

    #[test]
    fn the_alternative_text_says_what_the_picture_shows() {
        let chart = drawn(&slower(), OPTIONS);
        assert_eq!(
            chart.alt,
            "Speed over time, tokens per second. GPT-OSS 120B: 203 → 143 tok/s (−30 %) since Tue 24 Nov; 140 races \
             before, 48 after. 208 races from Thu 15 Oct to Sat 5 Dec. Incident: −30 % since Tue 24 Nov."
        );
        let few = drawn(&series("模型", [(1, 90.0)]), OPTIONS);
        assert!(
            few.alt.contains("Speed of a model: Too few races to judge, usual here: 90 tok/s"),
            "{}",
            few.alt
        );
    }

    #[test]
    fn recorded_incidents_are_marked_in_place_of_those_that_the_samples_show() {
        let mut series = slower();
        series.origin = Some(Origin { model: "gpt".into(), provider: "groq".into() });
        let mut summary = Summary::of(&series, first_judged_day(std::slice::from_ref(&series)));
        let day = |day: i64| day * DAY_MS + 1;
        let incident = |kind, (since, back): (i64, Option<i64>)| {
            let member = Member {
                contender: "gpt#1".into(),
                model: "gpt".into(),
                provider: "groq".into(),
                is_canary: false,
                since_ms: day(since),
                back_ms: back.map(day),
                before: 203.0,
                after: 143.0,
                count_before: 140,
                count_after: 48,
                p: 0.001,
                answers: None,
            };
            let cause = Cause::Model("gpt#1".into());
            let suspicion = Suspicion { kind, cause, members: vec![member], day: since };
            let mut incident = Incident::open(IncidentId::new(uuid::Uuid::nil()), suspicion, day(since));
            incident.details.confirmed_at = Some(day(since));
            incident
        };
        summary.record(&[
            incident(IncidentKind::Failures, (20_755, Some(20_758))),
            incident(IncidentKind::Speed, (20_781, None)),
        ]);
        let chart = history(&summary, OPTIONS).expect("a chart");
        assert!(
            chart.alt.ends_with(
                "Incident: failures from Thu 29 Oct to Sun 1 Nov. Incident: −30 % since Tue 24 Nov."
            ),
            "{}",
            chart.alt
        );
    }

    #[test]
    fn light_and_dark_pictures_have_the_same_size_and_other_pixels() {
        let size = |chart: &Chart| {
            let picture = image::load_from_memory(&chart.png).expect("PNG");
            (picture.width(), picture.height())
        };
        let (dark, light) =
            (drawn(&slower(), OPTIONS), drawn(&slower(), HistoryOptions { is_light: true, ..OPTIONS }));
        assert_eq!((size(&dark), size(&light)), ((WIDTH, HEIGHT), (WIDTH, HEIGHT)));
        assert_ne!(dark.png, light.png);
        assert_eq!(dark.alt, light.alt);
    }

    #[test]
    fn the_axis_leaves_out_the_few_races_that_are_far_faster() {
        let with = |fastest: f64| {
            let usual = (0..100).map(|n| (n, 100.0));
            top(&series("a", usual.chain([(100, fastest)])).samples, 0)
        };
        assert!((with(120.0) / 120.0 - 1.19).abs() < 0.01);
        assert!(with(4_000.0) < 200.0);
        assert!(top(&[], 4) >= 0.0);
    }

    #[test]
    fn the_legend_names_what_is_drawn() {
        let legend = |samples: &[(i64, f64)]| {
            let series = series("a", samples.iter().copied());
            Picture::new(&Summary::of(&series, 28), OPTIONS, Fonts::embedded().expect("fonts")).legend()
        };
        assert_eq!(legend(&[(1, 90.0)]), "dots = 1 race");
        assert_eq!(legend(&[(1, 90.0), (24, 91.0)]), "dots = 2 races   ·   line = median of a day");
        let day = [(1, 90.0), (2, 91.0), (3, 92.0), (4, 93.0), (5, 94.0)];
        assert_eq!(legend(&day), "dots = 5 races", "a day has no width");
        let far = day.map(|(hour, speed)| (hour + 24 * 30, speed));
        assert_eq!(legend(&[day, far].concat()), "dots = 10 races");
        let next = day.map(|(hour, speed)| (hour + 24, speed));
        let whole = "dots = 10 races   ·   line = median of a day   ·   band = middle half of a week";
        assert_eq!(legend(&[day, next].concat()), whole);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_series_gives_a_picture(
            samples in proptest::collection::vec((-2_000_000_i64..2_000_000, 1e-6_f64..1e9), 0..60),
            name in any::<String>(),
            days in proptest::option::of(1_u32..400),
            is_light in any::<bool>(),
        ) {
            let mut series = series(&name, samples);
            crate::history::sort(&mut series.samples);
            for calendar in [Calendar::Dates, Calendar::Numbers] {
                let chart = drawn(&series, HistoryOptions { calendar, days, is_light });
                prop_assert!(!chart.png.is_empty() && chart.alt.chars().count() <= MAX_CHARS);
            }
        }
    }
}
