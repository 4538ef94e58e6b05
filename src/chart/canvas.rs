//! plotters' drawing target: tiny-skia pixels, anti-aliased.
//!
//! plotters counts in whole numbers, so it sees a canvas [`SUB`] times as large in each axis, and every
//! coordinate, stroke width and font size is divided by [`SUB`] here: true sub-pixel geometry at the cost of one
//! picture. Must not know the card.

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    text_anchor::{HPos, VPos},
};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint, PixmapRef, Rect, Stroke,
    Transform,
};

use super::text::{CAP_HEIGHT, Face, Fonts, Style};

/// plotters' units in a pixel.
pub(super) const SUB: i32 = 16;

/// Coordinates are held within this many pixels: outside any picture, inside of tiny-skia's fixed point, which
/// counts quarters of a pixel.
const FAR: f32 = 2_048.0;

/// Why nothing could be drawn.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a bitmap of the wrong length")]
pub(super) struct CanvasError;

type Drawn = Result<(), DrawingErrorKind<CanvasError>>;

/// A picture that plotters can draw on.
pub(super) struct Canvas<'a> {
    pixmap: &'a mut Pixmap,
    fonts: &'static Fonts,
}

impl<'a> Canvas<'a> {
    /// Draws on `pixmap`.
    pub(super) fn new(pixmap: &'a mut Pixmap, fonts: &'static Fonts) -> Self {
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

/// From plotters' units to pixels.
#[expect(clippy::cast_precision_loss, reason = "a picture's coordinates are far below 2^24")]
fn pixels(units: i32) -> f32 {
    (units as f32 / SUB as f32).clamp(-FAR, FAR)
}

/// From pixels to plotters' units.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "clamped far below 2^24")]
pub(super) fn units(pixels: f32) -> i32 {
    (pixels.clamp(-FAR, FAR) * SUB as f32).round() as i32
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

/// Lays a premultiplied colour over one pixel; nothing outside of the picture.
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

/// A share from 0 to 1 as a byte.
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

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        let rect = Rect::from_xywh(pixels(x), pixels(y), pixels(1), pixels(1));
        self.fill(rect.map(PathBuilder::from_rect), color);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let rect = Rect::from_ltrb(pixels(left), pixels(top), pixels(right), pixels(bottom));
        let path = rect.map(PathBuilder::from_rect);
        if fill {
            self.fill(path, style.color());
        } else {
            self.stroke(path, style);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.stroke(polyline(path, false), style);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
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
    ) -> Drawn {
        self.fill(polyline(vert, true), style.color());
        Ok(())
    }

    /// The anchor's vertical middle is the middle of the capitals and its bottom is the baseline; baselines are
    /// rounded to whole pixels, so that letters are crisp and rows alike.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let setting = setting(style);
        let run = self.fonts.shape(text, setting);
        let left = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => run.width / 2.0,
            HPos::Right => run.width,
        };
        let rise = match style.anchor().v_pos {
            VPos::Top => setting.size * CAP_HEIGHT,
            VPos::Center => setting.size * CAP_HEIGHT / 2.0,
            VPos::Bottom => 0.0,
        };
        let color = premultiplied(style.color());
        run.rasterise(pixels(x) - left, (pixels(y) + rise).round(), |x, y, coverage| {
            blend(self.pixmap, (x, y), color, coverage);
        });
        Ok(())
    }

    #[expect(clippy::cast_sign_loss, reason = "widths and heights are not negative")]
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<CanvasError>> {
        let setting = setting(style);
        let (width, height) = (self.fonts.width(text, setting), setting.size * CAP_HEIGHT);
        Ok((units(width) as u32, units(height) as u32))
    }

    /// `src` is premultiplied RGBA, its size in pixels of the picture; `pos` is in plotters' units.
    fn blit_bitmap(&mut self, (x, y): BackendCoord, (width, height): (u32, u32), src: &[u8]) -> Drawn {
        let bitmap =
            PixmapRef::from_bytes(src, width, height).ok_or(DrawingErrorKind::DrawingError(CanvasError))?;
        let (paint, none) = (PixmapPaint::default(), Transform::identity());
        self.pixmap.draw_pixmap(x.div_euclid(SUB), y.div_euclid(SUB), bitmap, &paint, none, None);
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "font sizes are small")]
fn setting<S: BackendTextStyle>(style: &S) -> Style {
    Style::new(Face::of_family(style.family().as_str()), (style.size() / f64::from(SUB)) as f32)
}

#[cfg(test)]
mod tests {
    use plotters::{
        element::{Circle, Rectangle, Text},
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
            let corners = [(units(10.0), units(10.0)), (units(20.5), units(20.0))];
            area.draw(&Rectangle::new(corners, RED.filled())).expect("drawn");
        });
        assert_eq!((alpha(&pixmap, 19, 15), alpha(&pixmap, 21, 15)), (255, 0));
        assert!((120..=136).contains(&alpha(&pixmap, 20, 15)), "{}", alpha(&pixmap, 20, 15));
    }

    #[test]
    fn shapes_far_too_large_are_cut_to_the_picture() {
        let all = (i32::MIN, i32::MIN);
        let framed = drawn(|area| {
            let frame = Rectangle::new([all, (i32::MAX, i32::MAX)], Color::stroke_width(&RED, 32));
            area.draw(&frame).expect("drawn");
        });
        assert_eq!((alpha(&framed, 0, 20), alpha(&framed, 20, 20)), (255, 0));
        let covered = drawn(|area| area.draw(&Circle::new(all, i32::MAX, RED.filled())).expect("drawn"));
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
