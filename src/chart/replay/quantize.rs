//! The one palette of a replay: the background first, ramps from it to every ink, and the commonest colours of the icons.

use std::collections::HashMap;

use super::super::palette::{self, BACKGROUND};
use crate::model::Color;

/// The colours of the palette; one index more is that of pixels that do not change.
const MAX_COLORS: usize = 127;
/// The colours that all ramps together may take.
const MAX_RAMP_COLORS: usize = 76;
/// The longest ramp: more steps cannot be told apart at the edge of a letter.
const MAX_STEPS: usize = 9;

/// Opaque RGBA, as in a pixmap.
pub(super) type Pixel = [u8; 4];

/// A fixed palette, and the index of every colour that was looked up in it.
pub(super) struct Palette {
    colors: Vec<[u8; 3]>,
    known: HashMap<Pixel, u8>,
}

impl Palette {
    /// Makes the palette of pictures that are drawn with `inks` on the background, and of icons with these pixels.
    pub(super) fn new(inks: &[Color], icons: &[Pixel]) -> Self {
        let mut colors = vec![rgb(BACKGROUND)];
        let steps = (MAX_RAMP_COLORS / inks.len().max(1)).clamp(4, MAX_STEPS);
        for ink in inks {
            let share = |step: usize| {
                f32::from(u8::try_from(step).unwrap_or(1)) / f32::from(u8::try_from(steps).unwrap_or(1))
            };
            colors.extend((1..=steps).map(|step| rgb(palette::mix(*ink, BACKGROUND, share(step)))));
        }
        colors.extend(commonest(icons));
        let mut seen = std::collections::HashSet::new();
        colors.retain(|color| seen.insert(*color));
        colors.truncate(MAX_COLORS);
        Self { colors, known: HashMap::new() }
    }

    /// The palette as a GIF holds it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.colors.concat()
    }

    /// The index of pixels that do not change.
    pub(super) fn unchanged(&self) -> u8 {
        u8::try_from(self.colors.len()).unwrap_or(u8::MAX)
    }

    /// Returns the index of the colour that is nearest to a pixel.
    pub(super) fn index(&mut self, pixel: Pixel) -> u8 {
        let colors = &self.colors;
        *self.known.entry(pixel).or_insert_with(|| {
            let nearest = (0..=u8::MAX).zip(colors).min_by_key(|(_, color)| distance(**color, pixel));
            nearest.map_or(0, |(index, _)| index)
        })
    }
}

/// The distance of two colours, weighted as the eye does.
fn distance([r, g, b]: [u8; 3], pixel: Pixel) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    3 * square(r, pixel[0]) + 6 * square(g, pixel[1]) + square(b, pixel[2])
}

fn rgb(color: Color) -> [u8; 3] {
    [color.r, color.g, color.b]
}

/// Returns the means of similar colours, the commonest first.
fn commonest(pixels: &[Pixel]) -> Vec<[u8; 3]> {
    let mut groups: HashMap<[u8; 3], (u32, [u32; 3])> = HashMap::new();
    for [r, g, b, _] in pixels {
        let (count, sums) = groups.entry([r >> 4, g >> 4, b >> 4]).or_default();
        *count += 1;
        sums.iter_mut().zip([r, g, b]).for_each(|(sum, channel)| *sum += u32::from(*channel));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(group, (count, _))| (std::cmp::Reverse(*count), *group));
    let mean = |(count, sums): (u32, [u32; 3])| sums.map(|sum| u8::try_from(sum / count).unwrap_or(u8::MAX));
    groups.into_iter().map(|(_, group)| mean(group)).collect()
}
