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
    history_marks::{Mark, marks},
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
/// A line between days this far apart is broken.
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
    time: TimeAxis,
    top: f64,
    speed: SpeedAxis,
    marks: Vec<Mark>,
}

impl<'a> Picture<'a> {
    fn new(summary: &Summary<'a>, options: HistoryOptions, fonts: &'a Fonts) -> Self {
        let all = &summary.series.samples;
        let last = all.last().map_or(0, |sample| sample.day() + 1) * DAY_MS;
        let from = options.days.map_or(i64::MIN, |days| last - i64::from(days) * DAY_MS);
        let samples = &all[all.partition_point(|sample| sample.at_ms < from)..];
        let first = samples.first().map_or(0, |sample| sample.day() * DAY_MS);
        let top = top(samples);
        let name = sanitize::line(&summary.series.name, NAME_CHARS);
        let title = if !name.is_empty() && fonts.covers(&name) { name } else { "Speed of a model".into() };
        let marks = marks(summary, options.calendar, &(first..last));
        Self {
            fonts,
            theme: if options.is_light { palette::LIGHT } else { palette::DARK },
            calendar: options.calendar,
            title,
            sentence: sentence(summary, options.calendar),
            samples,
            time: TimeAxis::new(first..last),
            top,
            speed: SpeedAxis::new(top),
            marks,
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
            let x = self.x(at);
            brush.line((x, PLOT.bottom), (x, PLOT.bottom + 7.0), (1.5, muted))?;
            brush.text_around(
                &self.calendar.day(at / DAY_MS),
                axis,
                (x.clamp(PLOT.left + 30.0, RIGHT - 44.0), 598.0),
            )?;
        }
        Ok(())
    }

    /// Draws the data in plotters' coordinates: incidents, band, dots, medians.
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
        let days = days(self.samples);
        plot.band(&days, self.theme.accent, self.top)?;
        plot.dots(self.samples, self.top, self.theme)?;
        plot.medians(&days, self.top, self.theme.accent)
    }

    /// Draws the labels of incidents and the legend.
    fn labels(&self, brush: &Brush<'_>) -> DrawResult {
        let style = Style::new(Face::SemiBold, 20.0);
        for (n, mark) in self.marks.iter().enumerate() {
            // neighbours are on different lines
            let (x, y) = (self.x(mark.range.start), PLOT.top + if n % 2 == 0 { 16.0 } else { 40.0 });
            let label = Ink { style, color: self.theme.error };
            if x + 10.0 + self.fonts.width(&mark.label, style) < PLOT.right {
                brush.text(&mark.label, label, (x + 10.0, y))?;
            } else {
                brush.text_ending(&mark.label, label, (x - 10.0, y))?;
            }
        }
        let small = ink(Face::Regular, 20.0, self.theme.muted);
        let line = self.fonts.clip_end(&self.legend(), small.style, RIGHT - MARGIN);
        brush.text(&line, small, (MARGIN, 641.0))
    }

    fn legend(&self) -> String {
        let mut notes = vec![
            format!("dots = {}", races(self.samples.len())),
            "line = median of a day".to_owned(),
            "band = middle half of a week".to_owned(),
        ];
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

    fn x(&self, at: i64) -> f32 {
        pixel(self.time.map(&at, (units(PLOT.left), units(PLOT.right))))
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

    /// Draws the period of an incident and the line at its begin.
    fn shade(&self, mark: &Mark, top: f64, color: Color) -> DrawResult {
        let Range { start, end } = mark.range;
        let corners = vec![(start, 0.0), (end, 0.0), (end, top), (start, top)];
        self.draw(&Polygon::new(corners, rgb(color).mix(0.14).filled()))?;
        let line = vec![(mark.range.start, 0.0), (mark.range.start, top)];
        self.draw(&PathElement::new(line, rgb(color).stroke_width(units(2.0).unsigned_abs())))
    }

    /// Draws the quartiles around each day as polygons without gaps.
    fn band(&self, days: &[Day], color: Color, top: f64) -> DrawResult {
        let is_near =
            |a: &Day, b: &Day| b.number - a.number <= MAX_GAP_DAYS && a.band.is_some() == b.band.is_some();
        for run in days.chunk_by(is_near) {
            let edge = |of: fn(&Quartiles) -> f64| {
                move |day: &Day| day.band.map(|band| (day.at_ms, of(&band).min(top)))
            };
            let mut corners: Vec<_> = run.iter().filter_map(edge(|band| band.upper)).collect();
            corners.extend(run.iter().rev().filter_map(edge(|band| band.lower)));
            if corners.len() > 3 {
                self.draw(&Polygon::new(corners, rgb(color).mix(0.20).filled()))?;
            }
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
        for run in days.chunk_by(|a, b| b.number - a.number <= MAX_GAP_DAYS) {
            let points: Vec<_> = run.iter().map(|day| (day.at_ms, day.median.min(top))).collect();
            self.draw(&PathElement::new(points, rgb(color).stroke_width(units(3.0).unsigned_abs())))?;
        }
        Ok(())
    }
}

/// The top of the axis: above every race, unless some are far faster than most.
fn top(samples: &[Sample]) -> f64 {
    let mut speeds = values(samples);
    let fastest = speeds.iter().copied().fold(0.0, f64::max);
    let most = quantile(&mut speeds, 0.95).unwrap_or(1.0);
    let usual = quantile(&mut speeds, 0.75).unwrap_or(1.0);
    let limit = (usual * MAX_RISE).max(most * 1.1);
    // the margin above holds the labels of incidents
    let shown = if fastest > limit { limit } else { fastest };
    shown * 1.18
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
            top(&series("a", usual.chain([(100, fastest)])).samples)
        };
        assert!((with(120.0) - 120.0 * 1.18).abs() < 1e-9);
        assert!(with(4_000.0) < 200.0);
        assert!(top(&[]) >= 0.0);
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
