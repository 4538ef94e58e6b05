//! Glyph outlines to pixels.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use harfrust::font::glyph::outline::{DrawMemory, DrawOptions, OutlineGlyph, PathSink};

/// Calls `paint(x, y, coverage)` for every pixel that a glyph covers when its origin is at `(x, y)`; `scale` is pixels
/// per font unit. Coverage is the exact area, above 0 and at most 1. That is sharper than filling the outline as a
/// path with tiny-skia, which samples, and takes a third of the time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and far below 2^24")]
pub(super) fn glyph(
    outline: &OutlineGlyph<'_>,
    scale: f32,
    (x, y): (f32, f32),
    paint: &mut impl FnMut(i32, i32, f32),
) {
    let Ok(ink) = outline.extents() else { return };
    let (left, top) = ((x + ink.x_bearing * scale).floor(), (y - ink.y_bearing * scale).floor());
    let right = (x + (ink.x_bearing + ink.width) * scale).ceil();
    let bottom = (y - (ink.y_bearing - ink.height) * scale).ceil();
    let mut trace = Trace {
        rasterizer: Rasterizer::new((right - left) as usize, (bottom - top) as usize),
        scale,
        origin: point(x - left, y - top),
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

    /// Moves to a point and returns the previous one.
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
