//! The data of the simulated models: their profiles and answers from `assets/simulated/*.toml`.
//!
//! The files are compiled in. They are parsed on first use, so a service that simulates nothing pays nothing.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::profile::{Manner, Profile};

macro_rules! asset {
    ($file:literal) => {
        toml::from_str(include_str!(concat!("../../../assets/simulated/", $file)))
            .expect(concat!("a unit test parses ", $file))
    };
}

/// The models of the default line-up by their ids.
pub(super) static PROFILES: LazyLock<HashMap<String, Profile>> = LazyLock::new(|| asset!("profiles.toml"));

/// The answers to every other prompt.
pub(super) static OTHER: LazyLock<ByManner> = LazyLock::new(|| asset!("other.toml"));

/// The prompts of the documentation and the examples, with their answers.
pub(super) static TOPICS: LazyLock<Vec<Topic>> = LazyLock::new(|| {
    vec![
        asset!("booking.toml"),
        asset!("boxes.toml"),
        asset!("capital.toml"),
        asset!("database.toml"),
        asset!("haiku.toml"),
        asset!("help_option.toml"),
        asset!("intervals.toml"),
        asset!("minutes.toml"),
        asset!("reverse_list.toml"),
        asset!("sky.toml"),
        asset!("sorting.toml"),
    ]
});

/// Prompts that mean the same, and their answers.
#[derive(Deserialize)]
pub(super) struct Topic {
    pub prompts: Vec<String>,
    /// The part of the small model's answer that is wrong.
    #[cfg(test)]
    pub mistake: String,
    #[serde(flatten)]
    pub answers: ByManner,
}

/// An answer in each manner of writing.
#[derive(Deserialize)]
pub(super) struct ByManner {
    brief: Answer,
    plain: Answer,
    structured: Answer,
    engineer: Answer,
    thorough: Answer,
}

/// An answer, or a template of one.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub text: String,
    /// The thoughts of a model that reasons.
    #[serde(default)]
    pub thoughts: String,
    /// In a template, the sentence about the model's strengths.
    #[serde(default)]
    pub known_for: String,
}

impl ByManner {
    pub(super) fn of(&self, manner: Manner) -> &Answer {
        match manner {
            Manner::Brief => &self.brief,
            Manner::Plain => &self.plain,
            Manner::Structured => &self.structured,
            Manner::Engineer => &self.engineer,
            Manner::Thorough => &self.thorough,
        }
    }
}
