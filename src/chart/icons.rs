//! Images of the default line-up's emoji, decoded and scaled once.

use std::{borrow::Cow, sync::LazyLock};

use image::{RgbaImage, imageops::FilterType};

use super::palette;

/// The size of an icon, by the number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IconSize {
    /// In the legend of a replay.
    Tiny,
    /// Seven rows or more.
    Small,
    /// Five or six rows.
    Medium,
    /// Up to four rows.
    Large,
}

impl IconSize {
    const ALL: [Self; 4] = [Self::Tiny, Self::Small, Self::Medium, Self::Large];

    /// Returns the width in pixels.
    pub(super) fn width(self) -> u16 {
        match self {
            Self::Tiny => 26,
            Self::Small => 34,
            Self::Medium => 42,
            Self::Large => 54,
        }
    }
}

/// An image of premultiplied RGBA pixels.
#[derive(Clone)]
pub(super) struct Icon {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// Four bytes per pixel, row by row.
    pub(super) pixels: Cow<'static, [u8]>,
}

impl Icon {
    /// Returns the icon at `share` (0 to 1) of its opacity.
    pub(super) fn dimmed(&self, share: f32) -> Self {
        let pixels =
            self.pixels.iter().map(|channel| palette::channel(f32::from(*channel) * share)).collect();
        Self { size: self.size, pixels }
    }
}

const SOURCES: [(&str, &[u8]); 5] = [
    ("⚡", include_bytes!("../../assets/icons/zap.png")),
    ("📜", include_bytes!("../../assets/icons/scroll.png")),
    ("🔧", include_bytes!("../../assets/icons/wrench.png")),
    ("💻", include_bytes!("../../assets/icons/laptop.png")),
    ("🧠", include_bytes!("../../assets/icons/brain.png")),
];

static SCALED: LazyLock<Vec<(&'static str, [RgbaImage; 4])>> = LazyLock::new(|| {
    let decoded = SOURCES.iter().filter_map(|(emoji, png)| Some((*emoji, premultiplied(png)?)));
    decoded.map(|(emoji, icon)| (emoji, IconSize::ALL.map(|size| scaled(&icon, size)))).collect()
});

/// Returns the image of an emoji, or `None` if there is none.
pub(super) fn find(emoji: &str, size: IconSize) -> Option<Icon> {
    let (_, sizes) = SCALED.iter().find(|(known, _)| *known == emoji)?;
    let icon = &sizes[size as usize];
    Some(Icon { size: icon.dimensions(), pixels: Cow::Borrowed(icon.as_raw()) })
}

fn premultiplied(png: &[u8]) -> Option<RgbaImage> {
    let mut icon = image::load_from_memory(png).ok()?.into_rgba8();
    for pixel in icon.pixels_mut() {
        let alpha = f32::from(pixel[3]) / 255.0;
        for channel in &mut pixel.0[..3] {
            *channel = palette::channel(f32::from(*channel) * alpha);
        }
    }
    Some(icon)
}

/// Scales premultiplied pixels. The filter may overshoot, so each channel is capped at its alpha.
fn scaled(icon: &RgbaImage, size: IconSize) -> RgbaImage {
    let width = u32::from(size.width());
    let height = (width * icon.height() / icon.width().max(1)).max(1);
    let mut out = image::imageops::resize(icon, width, height, FilterType::CatmullRom);
    for pixel in out.pixels_mut() {
        let alpha = pixel[3];
        for channel in &mut pixel.0[..3] {
            *channel = (*channel).min(alpha);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_of_the_line_up_is_embedded_in_each_size() {
        for emoji in ["⚡", "📜", "🔧", "💻", "🧠"] {
            for size in IconSize::ALL {
                let icon = find(emoji, size).expect("embedded");
                assert_eq!(icon.size.0, u32::from(size.width()), "{emoji}");
                let opaque = icon.pixels.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] == 255).count();
                assert!(opaque > icon.pixels.len() / 40, "{emoji} is not empty");
                assert!(icon.pixels.as_chunks::<4>().0.iter().all(|[r, g, b, a]| r.max(g).max(b) <= a));
            }
        }
    }

    #[test]
    fn an_unknown_icon_has_no_image() {
        assert!(find("🦙", IconSize::Medium).is_none() && find("", IconSize::Medium).is_none());
    }

    #[test]
    fn a_dimmed_icon_is_partly_transparent() {
        let icon = find("🧠", IconSize::Medium).expect("embedded");
        let strongest = |icon: &Icon| icon.pixels.iter().copied().max();
        assert_eq!((strongest(&icon), strongest(&icon.dimmed(0.4))), (Some(255), Some(102)));
    }
}
