//! The shapes of the chart as plotters elements. Callers give pixels; plotters gets its own units.

use plotters::{
    coord::Shift,
    drawing::DrawingArea,
    element::{Circle, DashedPathElement, Drawable, PathElement, PointCollection, Polygon, Text},
    prelude::IntoDrawingArea,
    style::{
        Color as _, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};

use super::{
    ChartError,
    canvas::{Canvas, SUB, units},
    icons::Icon,
    layout::Area,
    text::Style,
};
use crate::model::Color;

/// A text style with a colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) style: Style,
    pub(super) color: Color,
}

pub(super) type DrawResult = Result<(), ChartError>;

/// Draws on a canvas.
pub(super) struct Brush<'a>(DrawingArea<Canvas<'a>, Shift>);

impl<'a> Brush<'a> {
    pub(super) fn new(canvas: Canvas<'a>) -> Self {
        Self(canvas.into_drawing_area())
    }

    /// Returns a part of the picture, for a chart with coordinates of its own.
    pub(super) fn region(&self, area: Area) -> DrawingArea<Canvas<'a>, Shift> {
        let size = (units(area.width()), units(area.height()));
        self.0.clone().shrink(point(area.left, area.top), size)
    }

    fn draw<'e, E>(&self, element: &'e E) -> DrawResult
    where
        &'e E: PointCollection<'e, (i32, i32)>,
        E: Drawable<Canvas<'a>>,
    {
        self.0.draw(element).map_err(|error| ChartError::Draw(error.into()))
    }

    /// Draws text from `x` to the right, with the middle of its capitals at `y`.
    pub(super) fn text(&self, text: &str, ink: Ink, at: (f32, f32)) -> DrawResult {
        self.anchored(text, ink, at, HPos::Left)
    }

    /// Draws text that ends at `x`.
    pub(super) fn text_ending(&self, text: &str, ink: Ink, at: (f32, f32)) -> DrawResult {
        self.anchored(text, ink, at, HPos::Right)
    }

    /// Draws text centred at `x`.
    pub(super) fn text_around(&self, text: &str, ink: Ink, at: (f32, f32)) -> DrawResult {
        self.anchored(text, ink, at, HPos::Center)
    }

    fn anchored(&self, text: &str, ink: Ink, (x, y): (f32, f32), side: HPos) -> DrawResult {
        let family = FontFamily::Name(ink.style.face.family());
        let font = FontDesc::new(family, f64::from(ink.style.size) * f64::from(SUB), FontStyle::Normal);
        let color = rgb(ink.color);
        let style = TextStyle::from(font).color(&color).pos(Pos::new(side, VPos::Center));
        self.draw(&Text::new(text, point(x, y), style))
    }

    /// Fills a rectangle with round corners.
    pub(super) fn fill(&self, area: Area, radius: f32, color: Color) -> DrawResult {
        self.draw(&Polygon::new(rounded(area, radius), rgb(color).filled()))
    }

    /// Draws the outline of a rectangle with round corners, inside its edges.
    pub(super) fn frame(&self, area: Area, radius: f32, (width, color): (f32, Color)) -> DrawResult {
        let inside = area.inset(width / 2.0);
        let mut points = rounded(inside, radius - width / 2.0);
        points.extend(points.first().copied());
        self.draw(&PathElement::new(points, stroke(color, width)))
    }

    /// Draws a dashed rectangle with sharp corners, inside its edges. Every side begins and ends with a dash.
    pub(super) fn dashes(&self, area: Area, (width, color): (f32, Color)) -> DrawResult {
        let Area { left, top, right, bottom } = area.inset(width / 2.0);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        for side in corners.windows(2) {
            let (from, to) = (side[0], side[1]);
            let length = (to.0 - from.0).abs() + (to.1 - from.1).abs();
            let dash = length / ((length / 17.0).round().max(1.0) + 0.6);
            let ends = [point(from.0, from.1), point(to.0, to.1)];
            let (dash, gap) = (units(dash * 0.6).max(1), units(dash * 0.4).max(1));
            self.draw(&DashedPathElement::new(ends, dash, gap, stroke(color, width)))?;
        }
        Ok(())
    }

    /// Draws a straight line.
    pub(super) fn line(&self, from: (f32, f32), to: (f32, f32), (width, color): (f32, Color)) -> DrawResult {
        self.path([from, to], (width, color))
    }

    /// Draws straight lines from point to point.
    pub(super) fn path(
        &self,
        points: impl IntoIterator<Item = (f32, f32)>,
        (width, color): (f32, Color),
    ) -> DrawResult {
        let points: Vec<_> = points.into_iter().map(|(x, y)| point(x, y)).collect();
        self.draw(&PathElement::new(points, stroke(color, width)))
    }

    /// Fills a disc.
    pub(super) fn disc(&self, (x, y): (f32, f32), radius: f32, color: Color) -> DrawResult {
        self.draw(&Circle::new(point(x, y), units(radius), rgb(color).filled()))
    }

    /// Draws an image with its top left corner rounded to whole pixels.
    pub(super) fn icon(&self, icon: &Icon, (x, y): (f32, f32)) -> DrawResult {
        self.draw(&Blit { at: point(x.round(), y.round()), icon })
    }
}

struct Blit<'a> {
    at: BackendCoord,
    icon: &'a Icon,
}

impl<'a> PointCollection<'a, BackendCoord> for &'a Blit<'_> {
    type Point = BackendCoord;
    type IntoIter = std::iter::Once<BackendCoord>;

    fn point_iter(self) -> Self::IntoIter {
        std::iter::once(self.at)
    }
}

impl<DB: DrawingBackend> Drawable<DB> for Blit<'_> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut points: I,
        backend: &mut DB,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
        points.next().map_or(Ok(()), |at| backend.blit_bitmap(at, self.icon.size, &self.icon.pixels))
    }
}

fn point(x: f32, y: f32) -> BackendCoord {
    (units(x), units(y))
}

pub(super) fn rgb(color: Color) -> RGBColor {
    RGBColor(color.r, color.g, color.b)
}

pub(super) fn stroke(color: Color, width: f32) -> ShapeStyle {
    rgb(color).stroke_width(units(width).unsigned_abs())
}

/// Segments of a rounded corner: at most 0.03 pixels off at the chart's radii.
const CORNER_STEPS: u8 = 8;

/// Returns the outline of `area` with round corners; the radius is limited to half of its sides.
fn rounded(area: Area, radius: f32) -> Vec<BackendCoord> {
    let radius = radius.min(area.width() / 2.0).min(area.height() / 2.0).max(0.0);
    let Area { left, top, right, bottom } = area.inset(radius);
    let centres = [(right, bottom), (left, bottom), (left, top), (right, top)];
    let corner = |(quarter, (x, y)): (u8, (f32, f32))| {
        (0..=CORNER_STEPS).map(move |step| {
            let turn = f32::from(quarter) + f32::from(step) / f32::from(CORNER_STEPS);
            let (sin, cos) = (turn * std::f32::consts::FRAC_PI_2).sin_cos();
            point(x + radius * cos, y + radius * sin)
        })
    };
    (0..4).zip(centres).flat_map(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_stay_inside_their_area() {
        let area = Area { left: 10.0, top: 20.0, right: 13.0, bottom: 60.0 };
        for radius in [0.0, 1.0, 8.0, 500.0, -3.0] {
            let points = rounded(area, radius);
            let (left, right) = (points.iter().map(|p| p.0).min(), points.iter().map(|p| p.0).max());
            assert_eq!((left, right), (Some(160), Some(208)), "{radius}");
            assert!(points.iter().all(|p| (320..=960).contains(&p.1)), "{radius}");
        }
    }
}
