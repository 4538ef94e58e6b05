//! Personas: system texts of the configuration, of which each channel may choose one. The choice is read when a race is
//! recorded, and holds for every race of its channel.

use std::{collections::HashMap, sync::Arc};

use super::{Admitted, Arena, LookupError, Refused, record::CONNECT_TIMEOUT};
use crate::{
    board::model_of,
    model::{Contender, ModelCard},
    store::StoreError,
};

/// A system text that a channel may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// Its id.
    pub id: String,
    /// The text, sent beside each model's own.
    pub text: Arc<str>,
}

const NO_DATABASE: &str =
    "Personas are kept in a database, and there is none here. The operator can add one with DATABASE_URL.";

/// The names under which people see contenders: that of the model, with its persona if it has one.
#[derive(Clone, Debug, Default)]
pub struct ContenderNames {
    cards: Vec<Arc<ModelCard>>,
    /// The names of those with a persona, by their keys.
    with_persona: HashMap<String, String>,
}

impl ContenderNames {
    /// Returns the name of a contender; `None` if its model is not in the line-up.
    #[must_use]
    pub fn name(&self, contender: &str) -> Option<String> {
        if let Some(name) = self.with_persona.get(contender) {
            return Some(name.clone());
        }
        let card = self.cards.iter().find(|card| card.id.as_str() == model_of(contender))?;
        // one of another text, or no longer in the configuration
        let persona = if Contender::has_persona(contender) { " (a persona)" } else { "" };
        Some(format!("{}{persona}", card.name))
    }
}

impl Admitted {
    /// Returns this race with a persona, whatever its channel chose.
    #[must_use]
    pub fn with_persona(mut self, persona: Option<Persona>) -> Self {
        self.circumstances.persona = persona.as_ref().map(|persona| persona.id.clone());
        Self { persona, ..self }
    }
}

impl Arena {
    /// Returns this arena with personas to choose from.
    #[must_use]
    pub fn with_personas(self, personas: Vec<Persona>) -> Self {
        Self { personas, ..self }
    }

    /// Returns the names of contenders.
    #[must_use]
    pub fn contender_names(&self) -> ContenderNames {
        let with_persona = self.models.iter().flat_map(|model| {
            let (contender, name) = (model.identity().contender, &model.card().name);
            self.personas.iter().map(move |persona| {
                let key = contender.with_persona(&persona.text).to_string();
                (key, format!("{name} ({})", persona.id))
            })
        });
        ContenderNames { with_persona: with_persona.collect(), cards: self.cards.clone() }
    }

    /// Returns the persona with this id.
    #[must_use]
    pub fn persona(&self, id: &str) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.id == id)
    }

    /// Returns true if there are personas to choose from.
    #[must_use]
    pub fn has_personas(&self) -> bool {
        !self.personas.is_empty()
    }

    /// Returns the ids of all personas, as in "known: `terse`, `tutor`".
    #[must_use]
    pub fn known_personas(&self) -> String {
        if !self.has_personas() {
            return "There are none here: the operator can add a [[persona]] to the configuration.".into();
        }
        let ids: Vec<String> = self.personas.iter().map(|persona| format!("`{}`", persona.id)).collect();
        format!("Known: {}.", ids.join(", "))
    }

    /// Sets the persona of `channel` and returns the reply to the person who asked.
    pub async fn set_persona(&self, channel: &str, id: &str) -> String {
        let Some(persona) = self.persona(id) else {
            return format!("No persona is called `{}`. {}", id.replace('`', ""), self.known_personas());
        };
        match self.store_persona(channel, Some(&persona.id)).await {
            Ok(()) => format!(
                "From now on, races in this channel run with the persona `{id}`. Their speeds and votes are kept apart \
                 from those without it. `/arena persona clear` ends it."
            ),
            Err(reply) => reply,
        }
    }

    /// Clears the persona of `channel` and returns the reply to the person who asked.
    pub async fn clear_persona(&self, channel: &str) -> String {
        let cleared = self.store_persona(channel, None).await;
        cleared.err().unwrap_or_else(|| "From now on, races in this channel run without a persona.".into())
    }

    /// Returns the persona of `channel` in a sentence.
    pub async fn show_persona(&self, channel: &str) -> String {
        let Some(store) = &self.store else { return NO_DATABASE.into() };
        match store.promptly(store.persona(channel)).await {
            Err(error) => failed(&error),
            Ok(None) => format!("This channel has no persona. {}", self.known_personas()),
            Ok(Some(id)) => match self.persona(&id) {
                Some(persona) => format!("The persona of this channel is `{id}`:\n{}", persona.text),
                None => format!(
                    "This channel chose the persona `{id}`, which is no longer in the configuration, so races run \
                     without one. {}",
                    self.known_personas()
                ),
            },
        }
    }

    async fn store_persona(&self, channel: &str, id: Option<&str>) -> Result<(), String> {
        let Some(store) = &self.store else { return Err(NO_DATABASE.into()) };
        store.promptly(store.set_persona(channel, id)).await.map_err(|error| failed(&error))
    }

    /// Returns `race` with the persona that its channel has now.
    ///
    /// # Errors
    /// [`Refused::StoreUnavailable`] where the store cannot say.
    pub(super) async fn with_persona_of(
        &self,
        race: Admitted,
        channel: Option<&str>,
    ) -> Result<Admitted, Refused> {
        let (Some(store), Some(channel)) = (&self.store, channel) else { return Ok(race) };
        if !self.has_personas() {
            return Ok(race);
        }
        store.wait_until_connected(CONNECT_TIMEOUT).await;
        match store.promptly(store.persona(channel)).await {
            Ok(chosen) => Ok(race.with_persona(chosen.and_then(|id| self.persona(&id).cloned()))),
            Err(error) => {
                tracing::warn!(error = error.chain(), "race refused: the database did not name the persona");
                Err(Refused::StoreUnavailable)
            }
        }
    }
}

fn failed(error: &StoreError) -> String {
    tracing::warn!(error = error.chain(), "failed to read or to write a persona");
    LookupError::Unavailable.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::card;

    #[test]
    fn a_contender_is_named_with_its_persona() {
        let card = card("a", "Model A", "", "", "#FFFFFF");
        let plain = Contender::new(&card, ["x"]);
        let terse = plain.with_persona("Be brief.").to_string();
        let names = ContenderNames {
            cards: vec![card],
            with_persona: HashMap::from([(terse.clone(), "Model A (terse)".to_owned())]),
        };
        let removed = plain.with_persona("Be kind.").to_string();
        for (contender, name) in [
            (plain.as_str(), Some("Model A")),
            (&terse, Some("Model A (terse)")),
            (&removed, Some("Model A (a persona)")),
            ("b@0123456789abcdef", None),
        ] {
            assert_eq!(names.name(contender).as_deref(), name, "{contender}");
        }
    }
}
