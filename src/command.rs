//! What people can say to the arena, and the one parser for every platform that has only a line of text.
//!
//! Must not know platforms. Errors speak to people and suggest.

use std::sync::Arc;

use crate::model::{ModelCard, ModelId};

/// A request to the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One model answers.
    Ask {
        /// Which.
        model: ModelId,
        /// What is asked.
        prompt: String,
    },
    /// Several models race.
    Compare {
        /// Which, in the order of the line-up; empty means all.
        models: Vec<ModelId>,
        /// What is asked.
        prompt: String,
    },
    /// The line-up.
    Models,
    /// Prompts to try.
    Examples,
    /// How it works.
    Help,
    /// What the asker said and was told is to be forgotten.
    Forget,
}

impl Command {
    /// Its word after `/arena`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask",
            Self::Compare { .. } => "compare",
            Self::Models => "models",
            Self::Examples => "examples",
            Self::Help => "help",
            Self::Forget => "forget",
        }
    }
}

/// The words after `/arena`, with what each does.
pub const WORDS: [(&str, &str); 6] = [
    ("compare", "all models race: compare [models=a,b] PROMPT"),
    ("ask", "one model answers: ask MODEL PROMPT"),
    ("models", "the line-up"),
    ("examples", "prompts to try"),
    ("help", "the commands, and how the numbers are defined"),
    ("forget", "forgets what you asked and were answered"),
];

/// Why a line is not a command. The text is for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The first word is none of [`WORDS`].
    #[error("There is no `{word}` here: did you mean `{suggestion}`? Try `/arena help`.")]
    UnknownWord {
        /// As typed, at most 40 characters.
        word: String,
        /// The nearest word.
        suggestion: &'static str,
    },
    /// A model that is not in the line-up.
    #[error("No model is called `{model}`{}. The line-up: {lineup}.", suggested(.suggestion.as_deref()))]
    UnknownModel {
        /// As typed, at most 40 characters.
        model: String,
        /// The nearest id, if one is near.
        suggestion: Option<String>,
        /// All ids.
        lineup: String,
    },
    /// `ask` without a model.
    #[error("Which model? Like this: `/arena ask {example} why is the sky blue`.")]
    NoModel {
        /// An id of the line-up.
        example: String,
    },
    /// A prompt is missing.
    #[error("What should they answer? Like this: `/arena {word} why is the sky blue`.")]
    NoPrompt {
        /// The command so far.
        word: String,
    },
}

fn suggested(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |id| format!(" (did you mean `{id}`?)"))
}

/// Reads a line such as `/arena compare models=a,b why is the sky blue` (the `/arena` may be missing).
/// An empty line is [`Command::Help`].
///
/// # Errors
/// [`CommandError`], for the person who typed the line.
pub fn parse(line: &str, lineup: &[Arc<ModelCard>]) -> Result<Command, CommandError> {
    let line = line.trim();
    let (first, rest) = split_word(line);
    let (word, rest) = if first.eq_ignore_ascii_case("/arena") { split_word(rest) } else { (first, rest) };
    match word.to_lowercase().as_str() {
        "" | "help" => Ok(Command::Help),
        "compare" => compare(rest, lineup),
        "ask" => ask(rest, lineup),
        "models" => Ok(Command::Models),
        "examples" => Ok(Command::Examples),
        "forget" => Ok(Command::Forget),
        unknown => Err(CommandError::UnknownWord { word: short(word), suggestion: nearest_word(unknown) }),
    }
}

/// Resolves a comma list of ids or names, in the order of the line-up, each once.
///
/// # Errors
/// [`CommandError::UnknownModel`] for the first one that is not there.
pub fn models(list: &str, lineup: &[Arc<ModelCard>]) -> Result<Vec<ModelId>, CommandError> {
    let wanted: Vec<ModelId> = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| model(name, lineup))
        .collect::<Result<_, _>>()?;
    Ok(lineup.iter().map(|card| card.id.clone()).filter(|id| wanted.contains(id)).collect())
}

/// Resolves one id or name, in any case.
///
/// # Errors
/// [`CommandError::UnknownModel`] with the nearest one.
pub fn model(name: &str, lineup: &[Arc<ModelCard>]) -> Result<ModelId, CommandError> {
    let lower = name.to_lowercase();
    let same = |card: &&Arc<ModelCard>| {
        card.id.as_str().to_lowercase() == lower || card.name.to_lowercase() == lower
    };
    lineup.iter().find(same).map(|card| card.id.clone()).ok_or_else(|| CommandError::UnknownModel {
        model: short(name),
        suggestion: nearest(&lower, lineup.iter().map(|card| card.id.as_str())).map(str::to_owned),
        lineup: lineup.iter().map(|card| card.id.as_str()).collect::<Vec<_>>().join(", "),
    })
}

fn compare(rest: &str, lineup: &[Arc<ModelCard>]) -> Result<Command, CommandError> {
    let (first, after) = split_word(rest);
    let (list, prompt) = match first.strip_prefix("models=").or_else(|| first.strip_prefix("models:")) {
        Some(list) => (list, after),
        None if first == "--models" => split_word(after),
        None => ("", rest),
    };
    let models = models(list, lineup)?;
    if prompt.is_empty() {
        return Err(CommandError::NoPrompt { word: "compare".into() });
    }
    Ok(Command::Compare { models, prompt: prompt.to_owned() })
}

fn ask(rest: &str, lineup: &[Arc<ModelCard>]) -> Result<Command, CommandError> {
    let example = || lineup.first().map_or_else(String::new, |card| card.id.to_string());
    if rest.is_empty() {
        return Err(CommandError::NoModel { example: example() });
    }
    let (model, prompt) = if let Some(found) = named(rest, lineup) {
        found
    } else {
        let (name, prompt) = split_word(rest);
        (model(name, lineup)?, prompt)
    };
    if prompt.is_empty() {
        return Err(CommandError::NoPrompt { word: format!("ask {model}") });
    }
    Ok(Command::Ask { model, prompt: prompt.to_owned() })
}

/// A name with spaces at the beginning of `rest` ("Gemma 2B why ..."), the longest that fits.
fn named<'a>(rest: &'a str, lineup: &[Arc<ModelCard>]) -> Option<(ModelId, &'a str)> {
    let fits = |card: &&Arc<ModelCard>| {
        let head = rest.get(..card.name.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(&card.name))
            && rest[card.name.len()..].chars().next().is_none_or(char::is_whitespace)
    };
    let card = lineup.iter().filter(fits).max_by_key(|card| card.name.len())?;
    Some((card.id.clone(), rest[card.name.len()..].trim_start()))
}

fn split_word(line: &str) -> (&str, &str) {
    line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim_start()))
}

fn short(word: &str) -> String {
    word.chars().filter(|c| !c.is_control() && *c != '`').take(40).collect()
}

fn nearest_word(word: &str) -> &'static str {
    nearest(word, WORDS.iter().map(|(word, _)| *word)).unwrap_or("compare")
}

fn nearest<'a>(word: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(40).collect();
    let scored = among.map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate));
    scored
        .filter(|(score, _)| *score > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Color;

    fn lineup() -> Vec<Arc<ModelCard>> {
        let card = |id: &str, name: &str| {
            Arc::new(ModelCard {
                id: ModelId::new(id),
                name: name.into(),
                icon: String::new(),
                size: String::new(),
                best_for: String::new(),
                color: Color { r: 0, g: 0, b: 0 },
                provider: "p".into(),
                simulated: false,
                prices: None,
            })
        };
        vec![card("gemma-2b", "Gemma 2B"), card("qwen-7b", "Qwen 7B")]
    }

    fn compared(models: &[&str], prompt: &str) -> Command {
        let models = models.iter().map(|id| ModelId::new(id)).collect();
        Command::Compare { models, prompt: prompt.into() }
    }

    #[test]
    fn a_line_is_read_with_and_without_the_slash_command() {
        let lineup = lineup();
        assert_eq!(parse("/arena compare why  is it?", &lineup), Ok(compared(&[], "why  is it?")));
        assert_eq!(
            parse(" Compare models=qwen-7b,GEMMA-2B x\ny ", &lineup),
            Ok(compared(&["gemma-2b", "qwen-7b"], "x\ny"))
        );
        assert_eq!(parse("compare --models qwen-7b x", &lineup), Ok(compared(&["qwen-7b"], "x")));
        let asked = Ok(Command::Ask { model: ModelId::new("gemma-2b"), prompt: "why".into() });
        assert_eq!(parse("/arena ask gemma-2b why", &lineup), asked);
        assert_eq!(parse("/arena ask Gemma 2B why", &lineup), asked);
        assert_eq!(parse("/arena", &lineup), Ok(Command::Help));
        assert_eq!(parse("models", &lineup), Ok(Command::Models));
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_the_way_out() {
        let lineup = lineup();
        let said = |line| parse(line, &lineup).expect_err(line).to_string();
        assert!(said("/arena compar why").contains("did you mean `compare`?"));
        assert!(said("/arena xyz").contains("did you mean `compare`?"));
        assert!(said("ask gema-2b why").contains("did you mean `gemma-2b`?"));
        assert!(said("compare models=gpt x").contains("gemma-2b, qwen-7b"));
        assert!(said("ask").contains("/arena ask gemma-2b why"));
        assert!(said("ask qwen-7b").contains("`/arena ask qwen-7b why"));
        assert!(said("compare").contains("`/arena compare why"));
    }

    #[test]
    fn text_that_looks_like_a_name_but_is_not_ascii_does_not_panic() {
        assert!(parse("ask Gemma 2é why", &lineup()).is_err());
        assert!(parse("ask 日本語日本語 why", &lineup()).is_err());
    }
}
