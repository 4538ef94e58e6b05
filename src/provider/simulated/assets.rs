//! The data of the simulated models: texts, tables and word lists from `assets/simulated/*.toml`.
//!
//! The files are compiled in. Each is parsed on first use, so a service that simulates nothing pays
//! nothing.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::Deserialize;
use serde_json::Value;

use super::{
    kind::Kind,
    profile::{Manner, Profile},
    prompt::ParsedPrompt,
};

macro_rules! assets {
    ($($name:ident: $type:ty = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<$type> = LazyLock::new(|| {
            toml::from_str(include_str!(concat!("../../../assets/simulated/", $file)))
                .expect(concat!("a unit test parses ", $file))
        });)*
    };
}

assets! {
    CAPITALS: Capitals = "capitals.toml";
    CHAT: Chat = "chat.toml";
    FACTS: Topic = "facts.toml";
    JSON: JsonData = "json.toml";
    LANGUAGES: BTreeMap<String, Language> = "languages.toml";
    PROFILES: HashMap<String, Profile> = "profiles.toml";
    PROGRAMS: Topic = "programs.toml";
    PUZZLES: Topic = "puzzles.toml";
    REASONING: Reasoning = "reasoning.toml";
    SUBJECTS: Topic = "subjects.toml";
    TEXTS: Topic = "texts.toml";
    WORDS: WordLists = "words.toml";
}

/// The substance of an answer, before it is formatted in a model's manner. In a template, `{name}` marks
/// a value that [`Content::fill`] inserts.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Content {
    /// The main point in a sentence or two.
    pub lead: String,
    /// Reasons, steps or parts: a label and a sentence or two each.
    pub points: Vec<(String, String)>,
    /// A caveat or a check.
    pub close: String,
    /// Code or data.
    #[serde(skip)]
    pub block: Option<Block>,
}

/// Code or data in a fence.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The language, as a Markdown fence names it.
    pub language: String,
    /// The code without a final newline.
    pub code: String,
}

/// Answers to one kind of prompt.
#[derive(Deserialize)]
pub(super) struct Topic {
    /// A template for prompts without a known answer.
    pub general: Content,
    /// Known answers; the first match wins.
    pub known: Vec<Known>,
}

/// A known answer.
#[derive(Deserialize)]
pub(super) struct Known {
    /// Words that a matching prompt contains.
    cues: String,
    #[serde(flatten)]
    pub content: Content,
    /// The program by its language, where the answer is a program.
    #[serde(default)]
    pub code: HashMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct Capitals {
    /// A template.
    pub answer: Content,
    /// Cities by country.
    pub cities: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct Language {
    /// Words that name it.
    pub words: String,
    /// A program in which `NAME` is replaced by the function's name.
    pub skeleton: String,
}

/// Small talk. Its templates end in an `{offer}` that depends on the model's manner.
#[derive(Deserialize)]
pub(super) struct Chat {
    pub greetings: Vec<String>,
    pub offers: HashMap<Manner, String>,
    pub replies: Vec<Reply>,
    /// Thoughts about any small talk.
    pub points: Vec<(String, String)>,
    pub close: String,
}

/// Replies to one kind of small talk.
#[derive(Deserialize)]
pub(super) struct Reply {
    /// Alternatives, each of one or more words.
    pub cues: Vec<String>,
    pub texts: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct JsonData {
    /// A template.
    pub general: Content,
    pub booking: Booking,
    /// The planets, from the sun outwards.
    pub planets: Vec<Planet>,
}

/// The note of a guest that is one of the examples in the local channel, as an object.
#[derive(Deserialize)]
pub(super) struct Booking {
    /// Words of the note.
    pub cues: String,
    /// Keys and values in their order.
    pub row: Vec<(String, Value)>,
}

#[derive(Deserialize)]
pub(super) struct Planet {
    pub name: String,
    pub diameter_km: u32,
    pub moons: u32,
}

/// Thoughts of the models that reason. All but the remarks and the openers are templates.
#[derive(Deserialize)]
pub(super) struct Reasoning {
    pub brief: String,
    pub openers: Vec<String>,
    pub start: String,
    /// One follows each point.
    pub remarks: Vec<String>,
    pub check: String,
    pub conclusion: String,
    pub kinds: HashMap<Kind, KindTexts>,
}

/// Texts that depend on the kind of the prompt.
#[derive(Deserialize)]
pub(super) struct KindTexts {
    /// A name for the kind.
    pub task: String,
    /// The plan for the answer.
    pub plan: String,
    /// The heading of a list of points.
    pub heading: String,
    /// The label of the closing remark.
    pub closing: String,
}

/// Lists of words, separated by spaces.
#[derive(Deserialize)]
pub(super) struct WordLists {
    pub code_nouns: String,
    pub code_verbs: String,
    pub code: String,
    pub languages: String,
    /// Languages whose names are everyday words.
    pub ambiguous_languages: String,
    pub summary: String,
    pub puzzle: String,
    pub quantities: String,
    pub numbers: String,
    pub greetings: String,
    /// Words that are never part of a subject.
    pub stop_words: String,
    /// Words that are followed by a list of JSON keys.
    pub key_markers: String,
    /// Words within such a list that are no keys.
    pub key_fillers: String,
    /// Words that end such a list.
    pub key_ends: String,
    /// Numbers of rows, beginning with two.
    pub row_counts: String,
}

impl Content {
    /// Returns this template with each `{name}` replaced by its value.
    pub(super) fn fill(&self, values: &[(&str, &str)]) -> Self {
        let points = self.points.iter().map(|(label, text)| (label.clone(), fill(text, values))).collect();
        Self { lead: fill(&self.lead, values), points, close: fill(&self.close, values), block: None }
    }

    pub(super) fn with_block(self, language: &str, code: impl Into<String>) -> Self {
        Self { block: Some(Block { language: language.to_owned(), code: code.into() }), ..self }
    }
}

impl Topic {
    /// Returns the first known answer all of whose cues are in the prompt.
    pub(super) fn find(&self, prompt: &ParsedPrompt) -> Option<&Known> {
        self.known.iter().find(|known| prompt.has_all(&known.cues))
    }
}

impl Reasoning {
    pub(super) fn of(&self, kind: Kind) -> &KindTexts {
        &self.kinds[&kind]
    }
}

/// Returns `template` with each `{name}` replaced by its value.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let insert = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
    values.iter().fold(template.to_owned(), insert)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::simulated::tests::LINE_UP;

    fn check(name: &str, content: &Content) {
        assert!(!content.lead.is_empty() && !content.close.is_empty(), "{name}");
        assert!(content.points.len() >= 2, "{name}: {}", content.lead);
        let texts = content.points.iter().flat_map(|(label, text)| [label, text]);
        assert!(texts.chain([&content.lead]).all(|text| !text.trim().is_empty()), "{name}");
    }

    #[test]
    fn every_file_parses() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/simulated");
        assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), 12, "one static for each file");
        for (name, topic) in [
            ("facts", &FACTS),
            ("programs", &PROGRAMS),
            ("puzzles", &PUZZLES),
            ("subjects", &SUBJECTS),
            ("texts", &TEXTS),
        ] {
            check(name, &topic.general);
            assert!(!topic.known.is_empty(), "{name}");
            for known in &topic.known {
                check(name, &known.content);
                assert!(!known.cues.is_empty(), "{name}: {}", known.content.lead);
                let languages = if name == "programs" { 3 } else { 0 };
                assert_eq!(known.code.len(), languages, "{name}: {}", known.cues);
            }
        }
        check("capitals", &CAPITALS.answer);
        check("json", &JSON.general);
        assert!(CAPITALS.cities.len() > 10 && JSON.planets.len() == 8 && JSON.booking.row.len() == 5);
        assert!(LANGUAGES.values().all(|language| language.skeleton.contains("NAME")));
        assert!(LANGUAGES.contains_key("python"), "the default language");
        assert!(WORDS.stop_words.len() > WORDS.greetings.len());
    }

    #[test]
    fn every_model_manner_and_kind_is_covered() {
        for id in LINE_UP {
            assert!(PROFILES.contains_key(id), "{id}");
        }
        for manner in [Manner::Brief, Manner::Plain, Manner::Structured, Manner::Engineer, Manner::Thorough] {
            assert!(CHAT.offers.contains_key(&manner), "{manner:?}");
        }
        for kind in [Kind::Fact, Kind::Code, Kind::Puzzle, Kind::Summary, Kind::Json, Kind::Chat] {
            assert!(REASONING.kinds.contains_key(&kind), "{kind:?}");
        }
        let lists = [&CHAT.greetings, &REASONING.openers, &REASONING.remarks];
        let replies = CHAT.replies.iter().flat_map(|reply| [&reply.cues, &reply.texts]);
        assert!(lists.into_iter().chain(replies).all(|list| !list.is_empty()));
    }
}
