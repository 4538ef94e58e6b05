//! The chart's colours and their contrast, as [WCAG 2.2](https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio) defines it.

use crate::model::Color;

/// Behind everything.
pub(super) const BACKGROUND: Color = rgb(0x0E, 0x11, 0x16);
/// The empty part of a bar.
pub(super) const TRACK: Color = rgb(0x1A, 0x1E, 0x27);
/// Names, figures, the title.
pub(super) const TEXT: Color = rgb(0xF2, 0xF5, 0xF9);
/// Secondary text.
pub(super) const MUTED: Color = rgb(0xA3, 0xAE, 0xBC);
/// Failures.
pub(super) const ERROR: Color = rgb(0xFF, 0x8A, 0x80);
/// The mark of simulated models.
pub(super) const NOTICE: Color = rgb(0xFF, 0xC8, 0x57);

/// Shapes below this contrast get an outline. WCAG 2.2, 1.4.11 asks for 3, but a bar is also recognised by its position.
const MIN_CONTRAST: f64 = 1.6;

/// The colours of a chart that is drawn light or dark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    /// Behind everything.
    pub(super) ground: Color,
    /// The lines of the grid.
    pub(super) grid: Color,
    pub(super) text: Color,
    pub(super) muted: Color,
    pub(super) error: Color,
    /// The data.
    pub(super) accent: Color,
}

/// The colours of all other charts.
pub(super) const DARK: Theme = Theme {
    ground: BACKGROUND,
    grid: rgb(0x2A, 0x30, 0x3B),
    text: TEXT,
    muted: MUTED,
    error: ERROR,
    accent: rgb(0x5A, 0xA2, 0xF5),
};
/// Dark text on white.
pub(super) const LIGHT: Theme = Theme {
    ground: rgb(0xFF, 0xFF, 0xFF),
    grid: rgb(0xE2, 0xE6, 0xEB),
    text: rgb(0x14, 0x18, 0x1F),
    muted: rgb(0x56, 0x60, 0x6E),
    error: rgb(0xC0, 0x26, 0x26),
    accent: rgb(0x1E, 0x66, 0xC9),
};

const fn rgb(r: u8, g: u8, b: u8) -> Color {
    Color { r, g, b }
}

/// Returns the colour for text on `ground`: dark or light, whichever has more contrast.
pub(super) fn ink_on(ground: Color) -> Color {
    if contrast(BACKGROUND, ground) >= contrast(TEXT, ground) { BACKGROUND } else { TEXT }
}

/// Returns true if a shape of `color` can hardly be distinguished from `ground`.
pub(super) fn vanishes_on(color: Color, ground: Color) -> bool {
    contrast(color, ground) < MIN_CONTRAST
}

/// Mixes `share` (0 to 1) of `color` with the rest of `ground`.
pub(super) fn mix(color: Color, ground: Color, share: f32) -> Color {
    let part = |a: u8, b: u8| channel(f32::from(a) * share + f32::from(b) * (1.0 - share));
    Color { r: part(color.r, ground.r), g: part(color.g, ground.g), b: part(color.b, ground.b) }
}

/// Rounds to the nearest channel value.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
pub(super) fn channel(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// Returns the contrast ratio of two colours, 1 to 21.
pub(super) fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(color: Color) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_fixed_colours_are_readable() {
        for ink in [TEXT, MUTED, ERROR, NOTICE] {
            assert!(contrast(ink, BACKGROUND) >= 4.5, "{ink}");
        }
        assert!(contrast(MUTED, TRACK) >= 4.5);
        for theme in [DARK, LIGHT] {
            for ink in [theme.text, theme.muted, theme.error, theme.accent] {
                assert!(contrast(ink, theme.ground) >= 4.5, "{ink}");
            }
        }
        assert!((contrast(rgb(0, 0, 0), rgb(0xFF, 0xFF, 0xFF)) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn a_dark_bar_vanishes_on_its_track_and_a_bright_one_does_not() {
        assert!(vanishes_on(rgb(0x10, 0x10, 0x20), TRACK));
        assert!(!vanishes_on(rgb(0x45, 0x94, 0xF0), TRACK));
    }

    proptest! {
        #[test]
        fn text_is_readable_on_any_colour((r, g, b) in any::<(u8, u8, u8)>()) {
            prop_assert!(contrast(ink_on(rgb(r, g, b)), rgb(r, g, b)) >= 4.0);
        }
    }
}
