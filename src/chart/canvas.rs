//! A plotters backend that draws anti-aliased shapes on a tiny-skia pixmap.
//!
//! plotters has integer coordinates. To place shapes between pixels, it draws on a canvas [`SUB`] times as large in each
//! direction, and this backend divides every coordinate, stroke width and font size by [`SUB`].

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    text_anchor::{HPos, VPos},
};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint, PixmapRef, Rect, Stroke,
    Transform,
};

use super::text::{Face, Fonts, Style};

/// plotters' units per pixel.
pub(super) const SUB: i32 = 16;

/// Coordinates are clamped to this many pixels: outside any picture, but within the range of tiny-skia's fixed point
/// numbers.
const MAX_COORDINATE: f32 = 2_048.0;

/// The bitmap to draw has the wrong length.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a bitmap of the wrong length")]
pub(super) struct CanvasError;

type DrawResult = Result<(), DrawingErrorKind<CanvasError>>;

/// A pixmap that plotters can draw on.
pub(super) struct Canvas<'a> {
    pixmap: &'a mut Pixmap,
    fonts: &'a Fonts,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(pixmap: &'a mut Pixmap, fonts: &'a Fonts) -> Self {
        Self { pixmap, fonts }
    }

    fn fill(&mut self, path: Option<Path>, color: BackendColor) {
        if let Some(path) = path {
            self.pixmap.fill_path(&path, &paint(color), FillRule::Winding, Transform::identity(), None);
        }
    }

    fn stroke<S: BackendStyle>(&mut self, path: Option<Path>, style: &S) {
        if let Some(path) = path {
            let stroke = Stroke {
                width: pixels(i32::try_from(style.stroke_width()).unwrap_or(i32::MAX)),
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            self.pixmap.stroke_path(&path, &paint(style.color()), &stroke, Transform::identity(), None);
        }
    }
}

/// Converts plotters' units to pixels.
#[expect(clippy::cast_precision_loss, reason = "a picture's coordinates are far below 2^24")]
fn pixels(units: i32) -> f32 {
    (units as f32 / SUB as f32).clamp(-MAX_COORDINATE, MAX_COORDINATE)
}

/// Converts pixels to plotters' units.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "clamped far below 2^24")]
pub(super) fn units(pixels: f32) -> i32 {
    (pixels.clamp(-MAX_COORDINATE, MAX_COORDINATE) * SUB as f32).round() as i32
}

fn paint(color: BackendColor) -> Paint<'static> {
    let (r, g, b) = color.rgb;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, byte(color.alpha));
    paint
}

fn premultiplied(color: BackendColor) -> [u8; 4] {
    let color =
        tiny_skia::ColorU8::from_rgba(color.rgb.0, color.rgb.1, color.rgb.2, byte(color.alpha)).premultiply();
    [color.red(), color.green(), color.blue(), color.alpha()]
}

/// Blends a premultiplied colour over one pixel. Pixels outside the picture are ignored.
fn blend(pixmap: &mut Pixmap, (x, y): (i32, i32), color: [u8; 4], coverage: f32) {
    let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
    let width = pixmap.width() as usize;
    let pixels = pixmap.data_mut().as_chunks_mut::<4>().0;
    let Some(pixel) = (x < width).then(|| pixels.get_mut(y * width + x)).flatten() else { return };
    let over = u16::from(byte(f64::from(coverage)));
    let under = 255 - over * u16::from(color[3]) / 255;
    for (below, above) in pixel.iter_mut().zip(color) {
        let mixed = (u16::from(above) * over + u16::from(*below) * under + 127) / 255;
        *below = u8::try_from(mixed).unwrap_or(u8::MAX);
    }
}

/// Converts a share from 0 to 1 to a byte.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn byte(share: f64) -> u8 {
    (share * 255.0).round().clamp(0.0, 255.0) as u8
}

fn polyline(points: impl IntoIterator<Item = BackendCoord>, closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, (x, y)) in points.into_iter().enumerate() {
        let (x, y) = (pixels(x), pixels(y));
        if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if closed && !path.is_empty() {
        path.close();
    }
    path.finish()
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = CanvasError;

    fn get_size(&self) -> (u32, u32) {
        let sub = SUB.unsigned_abs();
        (self.pixmap.width() * sub, self.pixmap.height() * sub)
    }

    fn ensure_prepared(&mut self) -> DrawResult {
        Ok(())
    }

    fn present(&mut self) -> DrawResult {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> DrawResult {
        let rect = Rect::from_xywh(pixels(x), pixels(y), pixels(1), pixels(1));
        self.fill(rect.map(PathBuilder::from_rect), color);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> DrawResult {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> DrawResult {
        self.stroke(polyline(path, false), style);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> DrawResult {
        let radius = pixels(i32::try_from(radius).unwrap_or(i32::MAX));
        let path = PathBuilder::from_circle(pixels(x), pixels(y), radius);
        if fill {
            self.fill(path, style.color());
        } else {
            self.stroke(path, style);
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vert: I,
        style: &S,
    ) -> DrawResult {
        self.fill(polyline(vert, true), style.color());
        Ok(())
    }

    /// Takes the middle of the capitals for the anchor's vertical centre and the baseline for its bottom. Baselines are
    /// rounded to whole pixels: letters are crisp and look the same in every row.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> DrawResult {
        let setting = text_style(style);
        let run = self.fonts.shape(text, setting);
        let left = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => run.width / 2.0,
            HPos::Right => run.width,
        };
        let rise = match style.anchor().v_pos {
            VPos::Top => setting.cap_height(),
            VPos::Center => setting.cap_height() / 2.0,
            VPos::Bottom => 0.0,
        };
        let color = premultiplied(style.color());
        run.rasterise(pixels(x) - left, (pixels(y) + rise).round(), |x, y, coverage| {
            blend(self.pixmap, (x, y), color, coverage);
        });
        Ok(())
    }

    /// Draws `src`, premultiplied RGBA, without scaling: its size is in pixels, its position in plotters' units.
    fn blit_bitmap(&mut self, (x, y): BackendCoord, (width, height): (u32, u32), src: &[u8]) -> DrawResult {
        let bitmap =
            PixmapRef::from_bytes(src, width, height).ok_or(DrawingErrorKind::DrawingError(CanvasError))?;
        let (paint, none) = (PixmapPaint::default(), Transform::identity());
        self.pixmap.draw_pixmap(x.div_euclid(SUB), y.div_euclid(SUB), bitmap, &paint, none, None);
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "font sizes are small")]
fn text_style<S: BackendTextStyle>(style: &S) -> Style {
    Style::new(Face::of_family(style.family().as_str()), (style.size() / f64::from(SUB)) as f32)
}

#[cfg(test)]
mod tests {
    use plotters::{
        element::{Circle, PathElement, Polygon, Text},
        prelude::IntoDrawingArea,
        style::{Color, RGBColor, TextStyle},
    };

    use super::*;

    const RED: RGBColor = RGBColor(255, 0, 0);

    fn drawn(
        draw: impl FnOnce(&plotters::drawing::DrawingArea<Canvas<'_>, plotters::coord::Shift>),
    ) -> Pixmap {
        let mut pixmap = Pixmap::new(40, 40).expect("small");
        let fonts = Fonts::embedded().expect("the embedded fonts are whole");
        draw(&Canvas::new(&mut pixmap, fonts).into_drawing_area());
        pixmap
    }

    fn alpha(pixmap: &Pixmap, x: u32, y: u32) -> u8 {
        pixmap.pixel(x, y).expect("inside").alpha()
    }

    #[test]
    fn half_a_pixel_is_half_covered() {
        let pixmap = drawn(|area| {
            let corners = [(10.0, 10.0), (20.5, 10.0), (20.5, 20.0), (10.0, 20.0)];
            let corners = corners.map(|(x, y)| (units(x), units(y)));
            area.draw(&Polygon::new(corners, RED.filled())).expect("drawn");
        });
        assert_eq!((alpha(&pixmap, 19, 15), alpha(&pixmap, 21, 15)), (255, 0));
        assert!((120..=136).contains(&alpha(&pixmap, 20, 15)), "{}", alpha(&pixmap, 20, 15));
    }

    #[test]
    fn oversized_shapes_are_clipped_to_the_picture() {
        let (min, max) = (i32::MIN, i32::MAX);
        let framed = drawn(|area| {
            let corners = [(min, min), (max, min), (max, max), (min, max), (min, min)];
            area.draw(&PathElement::new(corners, Color::stroke_width(&RED, 32))).expect("drawn");
        });
        assert_eq!((alpha(&framed, 0, 20), alpha(&framed, 20, 20)), (255, 0));
        let covered = drawn(|area| area.draw(&Circle::new((min, min), max, RED.filled())).expect("drawn"));
        assert_eq!(alpha(&covered, 39, 39), 255);
    }

    #[test]
    fn text_is_centred_on_its_capitals() {
        let pixmap = drawn(|area| {
            let font: plotters::style::FontDesc<'_> = (Face::Bold.family(), f64::from(16 * SUB)).into();
            let centre = plotters::style::text_anchor::Pos::new(HPos::Center, VPos::Center);
            let style = TextStyle::from(font).color(&RED).pos(centre);
            area.draw(&Text::new("H", (units(20.0), units(20.0)), style)).expect("drawn");
        });
        let rows: Vec<u32> = (0..40).filter(|y| (0..40).any(|x| alpha(&pixmap, x, *y) > 128)).collect();
        assert!((12..=15).contains(&rows[0]) && (24..=27).contains(rows.last().expect("some")), "{rows:?}");
    }
}
