//! The identity of a model beyond its card: the contender that boards and speed histories know it as, and the names by
//! which it could be recognised in a blind race.

use std::fmt;

use super::ModelCard;
use crate::fnv;

/// Ends a contender with a persona.
const PERSONA: char = '+';

/// A model together with its settings, as `id@hash`, and as `id@hash+` with a persona. Results of different settings must
/// not be mixed, so a model whose settings change is another contender.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Contender(String);

impl Contender {
    /// The contender of a model at a provider, with the settings that shape its answers in any fixed textual form.
    #[must_use]
    pub fn new<'a>(card: &'a ModelCard, settings: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = [card.id.as_str(), card.provider.as_str()].into_iter().chain(settings);
        let bytes = parts.flat_map(|part| part.bytes().chain([0]));
        Self(format!("{}@{:016x}", card.id, fnv::hash(bytes)))
    }

    /// The contender that this one is with a persona of this text.
    #[must_use]
    pub fn with_persona(&self, text: &str) -> Self {
        let id = self.0.split('@').next().unwrap_or_default();
        let bytes = self.0.bytes().chain([0]).chain(text.bytes());
        Self(format!("{id}@{:016x}{PERSONA}", fnv::hash(bytes)))
    }

    /// Returns true if the text of a contender is that of one with a persona.
    #[must_use]
    pub fn has_persona(contender: &str) -> bool {
        contender.ends_with(PERSONA)
    }

    /// The contender as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of a model beyond its card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The model with its settings.
    pub contender: Contender,
    /// The names of the model and of its maker: an answer that contains one gives its model away.
    pub names: Vec<String>,
    /// Words that belong to the configuration and are ordinary words elsewhere: the id and the provider.
    pub hints: Vec<String>,
}

impl Identity {
    /// The identity of a model with this card and these settings, which its provider knows as `model` and which `maker`
    /// made, as far as they are known.
    #[must_use]
    pub fn new<'a>(
        card: &'a ModelCard,
        model: Option<&'a str>,
        maker: Option<&str>,
        settings: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let contender = Contender::new(card, model.into_iter().chain(settings));
        let (organisation, base) = match model.map(|model| model.rsplit_once('/').ok_or(model)) {
            Some(Ok((organisation, base))) => (Some(organisation), Some(base)),
            Some(Err(base)) => (None, Some(base)),
            None => (None, None),
        };
        let names = [Some(card.name.as_str()), base, base.map(family), organisation, maker];
        let hints = [Some(card.id.as_str()), Some(card.provider.as_str())];
        Self { contender, names: distinct(names), hints: distinct(hints) }
    }
}

/// The letters with which the name of a model begins: "gemma" of `gemma-2-2b-it`.
fn family(base: &str) -> &str {
    base.split(|c: char| !c.is_alphabetic()).next().unwrap_or(base)
}

/// The names without those that differ in case alone, and those so short that ordinary words contain them.
fn distinct<const N: usize>(names: [Option<&str>; N]) -> Vec<String> {
    let mut distinct: Vec<String> = vec![];
    for name in names.into_iter().flatten().map(str::trim).filter(|name| name.chars().count() > 2) {
        if !distinct.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            distinct.push(name.to_owned());
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Color, ModelId};

    fn card(id: &str, provider: &str) -> ModelCard {
        ModelCard {
            id: ModelId::new(id),
            name: "Gemma 2B".into(),
            icon: "⚡".into(),
            size: "2B".into(),
            best_for: String::new(),
            color: Color { r: 0, g: 0, b: 0 },
            provider: provider.into(),
            simulated: false,
            vision: false,
            prices: None,
        }
    }

    #[test]
    fn other_settings_are_another_contender() {
        let one = Contender::new(&card("gemma-2b", "hf"), ["system", "0.7"]);
        assert_eq!(one, Contender::new(&card("gemma-2b", "hf"), ["system", "0.7"]));
        assert!(one.as_str().starts_with("gemma-2b@"), "{one}");
        for other in [
            Contender::new(&card("gemma-2b", "hf"), ["system", "0.8"]),
            Contender::new(&card("gemma-2b", "hf"), ["system0.7"]),
            Contender::new(&card("gemma-2b", "ollama"), ["system", "0.7"]),
            Contender::new(&card("gemma-3b", "hf"), ["system", "0.7"]),
        ] {
            assert_ne!(one, other);
        }
        let terse = one.with_persona("Be brief.");
        assert_eq!(terse, one.with_persona("Be brief."));
        assert!(
            terse != one && terse != one.with_persona("Be kind.") && terse.as_str().starts_with("gemma-2b@")
        );
        assert!(Contender::has_persona(terse.as_str()) && !Contender::has_persona(one.as_str()));
    }

    #[test]
    fn a_model_is_known_by_its_names_and_its_maker() {
        let card = card("gemma-2b", "hf");
        let identity = Identity::new(&card, Some("google/gemma-2-2b-it"), Some("Google"), []);
        assert_eq!(identity.names, ["Gemma 2B", "gemma-2-2b-it", "gemma", "google"]);
        assert_eq!(identity.hints, ["gemma-2b"], "two letters are in ordinary words");
        assert_eq!(Identity::new(&card, None, None, []).names, ["Gemma 2B"]);
    }
}
