//! The character of a simulated model: its speed, its time to the first token, its manner of writing.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;

use super::assets::PROFILES;
use crate::model::{ModelCard, billions};

/// The character of one model.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub(super) struct Profile {
    /// Decode speed in tokens per second, before the variation between runs.
    pub tokens_per_second: f64,
    /// Seconds to the first token for a short prompt.
    pub first_token: f64,
    pub manner: Manner,
    /// True if it thinks before it answers.
    pub reasons: bool,
    /// True if it can be sent pictures.
    #[serde(default)]
    pub sees: bool,
}

/// A manner of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Manner {
    /// Friendly and chatty, sometimes wrong.
    Brief,
    /// Paragraphs.
    Plain,
    /// Headings and lists.
    Structured,
    /// Code first, few words.
    Engineer,
    /// Step by step, with a check at the end.
    Thorough,
}

impl Profile {
    /// Returns the profile of the model with this card: its own in the default line-up, else one for the
    /// size and the purpose that the card names. Without a size the id decides, always in the same way.
    pub(super) fn of(card: &ModelCard) -> Self {
        PROFILES.get(card.id.as_str()).copied().unwrap_or_else(|| Self::guess(card))
    }

    fn guess(card: &ModelCard) -> Self {
        let size = billions(&card.size).or_else(|| billions(card.id.as_str()));
        let (tokens_per_second, first_token) =
            size.map_or_else(|| figures_for_id(card.id.as_str()), figures_for_size);
        let manner = manner_of(card, size);
        Self { tokens_per_second, first_token, manner, reasons: manner == Manner::Thorough, sees: false }
    }
}

/// Returns speed and time to the first token for a size in billions of parameters: larger is slower.
fn figures_for_size(billions: f64) -> (f64, f64) {
    let billions = billions.clamp(0.1, 2_000.0);
    (170.0 * billions.powf(-0.25), 0.18 * billions.powf(0.25))
}

/// Returns speed and time to the first token, within the usual range, for an id without a size.
fn figures_for_id(id: &str) -> (f64, f64) {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let [a, b, ..] = hasher.finish().to_be_bytes().map(|byte| f64::from(byte) / 255.0);
    (45.0 + 120.0 * a, 0.2 + 0.6 * b)
}

fn manner_of(card: &ModelCard, size: Option<f64>) -> Manner {
    let words = format!("{} {} {}", card.id, card.name, card.best_for).to_lowercase();
    let mentions_any = |cues: &[&str]| cues.iter().any(|cue| words.contains(cue));
    if mentions_any(&["coder", "code", "programming"]) {
        Manner::Engineer
    } else if mentions_any(&["reason", "think", "logic", "math", "deepseek-r1", "-r1"]) {
        Manner::Thorough
    } else if mentions_any(&["tool", "structured", "json"]) {
        Manner::Structured
    } else if size.is_some_and(|size| size < 4.0) {
        Manner::Brief
    } else {
        Manner::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Color, ModelId};

    fn card(id: &str, size: &str, best_for: &str) -> ModelCard {
        let [id, name, size, best_for] = [id, id, size, best_for].map(str::to_owned);
        ModelCard {
            id: ModelId::new(&id),
            name,
            icon: String::new(),
            size,
            best_for,
            color: Color { r: 0, g: 0, b: 0 },
            provider: "test".into(),
            simulated: true,
            vision: false,
            prices: None,
        }
    }

    #[test]
    fn a_larger_model_is_slower_and_starts_later() {
        let profiles = ["2B", "13B", "70B", "405B"].map(|size| Profile::of(&card("other", size, "")));
        for pair in profiles.windows(2) {
            assert!(pair[0].tokens_per_second > pair[1].tokens_per_second, "{pair:?}");
            assert!(pair[0].first_token < pair[1].first_token, "{pair:?}");
        }
    }

    #[test]
    fn the_id_decides_if_there_is_no_size() {
        let of = |id| Profile::of(&card(id, "", ""));
        assert_eq!(of("mystery"), of("mystery"));
        assert_ne!(of("mystery"), of("enigma"));
        for id in ["mystery", "enigma", "x", "yy"] {
            assert!((45.0..=165.0).contains(&of(id).tokens_per_second), "{id}");
        }
    }

    #[test]
    fn the_purpose_decides_the_manner() {
        let manner = |id, size, best_for| Profile::of(&card(id, size, best_for)).manner;
        assert_eq!(manner("star-coder", "15B", ""), Manner::Engineer);
        assert_eq!(manner("oracle", "70B", "maths and logic"), Manner::Thorough);
        assert_eq!(manner("smol", "1.7B", "chat"), Manner::Brief);
        assert_eq!(manner("llama", "70B", "chat"), Manner::Plain);
    }
}
