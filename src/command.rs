//! The commands of the arena, and their parser for platforms that only have a line of text. Its errors are written
//! for users and suggest a correction.

use std::sync::Arc;

use crate::model::{ModelCard, ModelId};

/// A request to the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One model answers.
    Ask {
        /// The model to ask.
        model: ModelId,
        /// The prompt.
        prompt: String,
    },
    /// Several models race.
    Compare {
        /// The models in the order of the line-up; empty means all.
        models: Vec<ModelId>,
        /// The prompt.
        prompt: String,
    },
    /// Several models answer unseen, and a vote decides.
    Blind {
        /// The models in the order of the line-up; empty means all.
        models: Vec<ModelId>,
        /// The prompt.
        prompt: String,
    },
    /// Shows the team's board to everyone in the channel.
    Board {
        /// The last days that count; all if `None`.
        days: Option<u32>,
    },
    /// Shows the speeds of the last days to everyone in the channel.
    History {
        /// The model; all if `None`.
        model: Option<ModelId>,
        /// The number of days.
        days: Option<u32>,
    },
    /// Shows or changes the persona of the channel.
    Persona(PersonaCommand),
    /// Shows the canaries, the races that start by themselves.
    Watch,
    /// Shows the line-up.
    Models,
    /// Shows prompts to try.
    Examples,
    /// Shows the help.
    Help,
    /// Deletes the user's prompts and their answers.
    Forget,
}

/// A request about the persona of the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonaCommand {
    /// Chooses the persona with this id.
    Set(String),
    /// Shows the persona.
    Show,
    /// Chooses none.
    Clear,
}

impl Command {
    /// The word after `/arena`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask",
            Self::Compare { .. } => "compare",
            Self::Blind { .. } => "blind",
            Self::Board { .. } => "board",
            Self::History { .. } => "history",
            Self::Persona(_) => "persona",
            Self::Watch => "watch",
            Self::Models => "models",
            Self::Examples => "examples",
            Self::Help => "help",
            Self::Forget => "forget",
        }
    }
}

/// The words after `/arena`, with a description: after a colon, the arguments of a text command.
pub const WORDS: [(&str, &str); 11] = [
    ("compare", "all models race: compare [models=a,b] PROMPT"),
    ("blind", "answers without names, and a vote: blind [models=a,b] PROMPT"),
    ("ask", "one model answers: ask MODEL PROMPT"),
    ("board", "the models that this team picks: board [DAYS]"),
    ("history", "how fast models have been here: history [MODEL] [DAYS]"),
    ("persona", "the system text of this channel: persona [set ID | clear]"),
    ("watch", "the canaries: races that start by themselves"),
    ("models", "the line-up"),
    ("examples", "prompts to try"),
    ("help", "the commands, and how the numbers are defined"),
    ("forget", "delete your prompts and their answers"),
];

/// The most days that a board or a history covers.
pub const MAX_DAYS: u32 = 3_650;

/// A line that is not a command. The text is for the user who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The first word is almost one of [`WORDS`].
    #[error("Unknown command `{word}`: did you mean `{suggestion}`? Try `/arena help`.")]
    UnknownWord {
        /// As typed, at most 40 characters.
        word: String,
        /// The closest word.
        suggestion: &'static str,
        /// The whole line, which may be a question.
        question: String,
    },
    /// The model isn't in the line-up.
    #[error("{}{}. The line-up: {lineup}.", no_model(model), suggested(.suggestion.as_deref()))]
    UnknownModel {
        /// As typed, at most 40 characters.
        model: String,
        /// The closest id, if one is similar.
        suggestion: Option<String>,
        /// All ids.
        lineup: String,
    },
    /// `ask` has no model.
    #[error("Which model? For example: `/arena ask {example} why is the sky blue`.")]
    NoModel {
        /// A model id of the line-up.
        example: String,
    },
    /// The number of days is none that can be shown.
    #[error("`{days}` isn't a number of days from 1 to {MAX_DAYS}. For example: `/arena {word} 30`.")]
    Days {
        /// As typed, at most 40 characters.
        days: String,
        /// The command.
        word: &'static str,
    },
    /// The prompt is missing.
    #[error("What should they answer? For example: `/arena {word} why is the sky blue`.")]
    NoPrompt {
        /// The command so far.
        word: String,
    },
}

fn no_model(name: &str) -> String {
    if name.trim().is_empty() {
        "That is no model's name".into()
    } else {
        format!("No model is called `{name}`")
    }
}

fn suggested(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |id| format!(" (did you mean `{id}`?)"))
}

/// Parses a line such as `/arena compare models=a,b why is the sky blue` (the `/arena` may be missing).
/// An empty line is [`Command::Help`]; a line that begins with no command is a question for all models.
///
/// # Errors
/// [`CommandError`] if a model or the prompt is unknown or missing, or the first word is a typing error away from a
/// command.
pub fn parse(line: &str, lineup: &[Arc<ModelCard>]) -> Result<Command, CommandError> {
    let line = line.trim();
    let (first, rest) = split_word(line);
    let line = if first.eq_ignore_ascii_case("/arena") { rest } else { line };
    let (word, rest) = split_word(line);
    match word.to_lowercase().as_str() {
        "" => Ok(Command::Help),
        "compare" => {
            let (models, prompt) = models_and_prompt("compare", rest, lineup)?;
            Ok(Command::Compare { models, prompt })
        }
        "blind" => {
            let (models, prompt) = models_and_prompt("blind", rest, lineup)?;
            Ok(Command::Blind { models, prompt })
        }
        "ask" => ask(rest, lineup),
        // with more words it is a question: "help me understand", "forget it"
        "board" if rest.is_empty() || begins_with_number(rest) && is_period(rest) => {
            Ok(Command::Board { days: days("board", rest)? })
        }
        "history" => match history_arguments(rest, lineup) {
            Some((name, period)) => {
                let model = (!name.is_empty()).then(|| model(name, lineup)).transpose()?;
                Ok(Command::History { model, days: days("history", period)? })
            }
            None => Ok(Command::Compare { models: vec![], prompt: line.to_owned() }),
        },
        "persona" if let Some(command) = persona(rest) => Ok(Command::Persona(command)),
        "watch" if rest.is_empty() => Ok(Command::Watch),
        "help" if is_word(rest) => Ok(Command::Help),
        "models" if is_word(rest) => Ok(Command::Models),
        "examples" if is_word(rest) => Ok(Command::Examples),
        "forget" if rest.is_empty() => Ok(Command::Forget),
        unknown => match misspelled(unknown) {
            Some(suggestion) => {
                let question = line.to_owned();
                Err(CommandError::UnknownWord { word: short(word), suggestion, question })
            }
            None => Ok(Command::Compare { models: vec![], prompt: line.to_owned() }),
        },
    }
}

/// Parses a number of days, such as "30", "30d" or "30 days"; `None` if `text` is empty.
///
/// # Errors
/// [`CommandError::Days`] unless it is one from 1 to [`MAX_DAYS`].
pub fn days(word: &'static str, text: &str) -> Result<Option<u32>, CommandError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number = text.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace());
    let days = number.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
    days.map(Some).ok_or_else(|| CommandError::Days { days: short(text), word })
}

fn begins_with_number(text: &str) -> bool {
    text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit())
}

/// Returns true for one word, or for a number of "days".
fn is_period(text: &str) -> bool {
    let (_, unit) = split_word(text);
    ["", "d", "day", "days"].contains(&unit.to_lowercase().as_str())
}

/// Splits the arguments of `history` into a model and a number of days, either of which may be missing; `None` where
/// they are words of a question.
fn history_arguments<'a>(rest: &'a str, lineup: &[Arc<ModelCard>]) -> Option<(&'a str, &'a str)> {
    let is_days = |text: &str| text.is_empty() || begins_with_number(text) && is_period(text);
    if let Some((_, after)) = named(rest, lineup) {
        return is_days(after).then(|| (rest[..rest.len() - after.len()].trim_end(), after));
    }
    if is_days(rest) {
        return Some(("", rest));
    }
    let (name, after) = split_word(rest);
    is_days(after).then_some((name, after))
}

/// Parses what follows `persona`; `None` where it is a question.
fn persona(rest: &str) -> Option<PersonaCommand> {
    let (word, id) = split_word(rest);
    match word.to_lowercase().as_str() {
        "" | "show" if id.is_empty() => Some(PersonaCommand::Show),
        "clear" if id.is_empty() => Some(PersonaCommand::Clear),
        "set" if is_word(id) => Some(PersonaCommand::Set(id.to_lowercase())),
        _ => None,
    }
}

/// Returns true for at most one word.
fn is_word(rest: &str) -> bool {
    rest.split_whitespace().nth(1).is_none()
}

/// The command that `word` is one typing error away from.
fn misspelled(word: &str) -> Option<&'static str> {
    // words that begin a question, and are one letter away from `persona`
    if ["person", "personal", "personas"].contains(&word) {
        return None;
    }
    let is_close = |known: &&str| *known != word && strsim::damerau_levenshtein(word, known) == 1;
    WORDS.iter().map(|(known, _)| *known).find(is_close)
}

/// Resolves a comma-separated list of ids or names into ids, in the order of the line-up and without duplicates.
///
/// # Errors
/// [`CommandError::UnknownModel`] for the first one that isn't in the line-up.
pub fn models(list: &str, lineup: &[Arc<ModelCard>]) -> Result<Vec<ModelId>, CommandError> {
    let wanted: Vec<ModelId> = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| model(name, lineup))
        .collect::<Result<_, _>>()?;
    Ok(lineup.iter().map(|card| card.id.clone()).filter(|id| wanted.contains(id)).collect())
}

/// Resolves one id or name, ignoring case.
///
/// # Errors
/// [`CommandError::UnknownModel`] if no model has that id or name; suggests the closest one.
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

/// Parses the arguments of `word`.
fn models_and_prompt(
    word: &str,
    rest: &str,
    lineup: &[Arc<ModelCard>],
) -> Result<(Vec<ModelId>, String), CommandError> {
    let (first, after) = split_word(rest);
    let (list, prompt) = match first.strip_prefix("models=").or_else(|| first.strip_prefix("models:")) {
        Some(list) => (list, after),
        None if first == "--models" => split_word(after),
        None => ("", rest),
    };
    let models = models(list, lineup)?;
    if prompt.is_empty() {
        return Err(CommandError::NoPrompt { word: word.into() });
    }
    Ok((models, prompt.to_owned()))
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

/// Finds the longest model name that `rest` begins with, spaces included ("Gemma 2B why ...").
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
    let is_blank = |c: char| c.is_control() || matches!(c, '`' | '\u{200b}'..='\u{200f}' | '\u{feff}');
    word.chars().filter(|c| !is_blank(*c)).take(40).collect()
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
                vision: false,
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
    fn a_line_is_parsed_with_and_without_the_slash_command() {
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
        assert_eq!(parse("/arena watch", &lineup), Ok(Command::Watch));
    }

    #[test]
    fn a_line_that_begins_with_no_command_is_a_question_for_all() {
        let lineup = lineup();
        for line in [
            "why is the sky blue",
            "xyz",
            "help me understand rust",
            "forget it",
            "compete with rust",
            "models of physics in use",
            "watch this",
        ] {
            assert_eq!(parse(line, &lineup), Ok(compared(&[], line)));
            assert_eq!(parse(&format!(" /ARENA  {line} "), &lineup), Ok(compared(&[], line)));
        }
        assert_eq!(parse("help compare", &lineup), Ok(Command::Help));
    }

    #[test]
    fn an_invalid_line_is_answered_with_a_suggestion() {
        let lineup = lineup();
        let error = |line| parse(line, &lineup).expect_err(line).to_string();
        assert!(error("/arena compar why").contains("did you mean `compare`?"));
        let Err(CommandError::UnknownWord { question, .. }) = parse("/arena  ash is\na tree?", &lineup)
        else {
            panic!("a suggestion")
        };
        assert_eq!(question, "ash is\na tree?");
        assert!(error("/arena ak gemma-2b why").contains("did you mean `ask`?"));
        assert!(error("hepl").contains("did you mean `help`?"));
        assert!(error("ask gema-2b why").contains("did you mean `gemma-2b`?"));
        assert!(error("compare models=gpt x").contains("gemma-2b, qwen-7b"));
        for line in ["ask ` why", "ask \u{200b} why", "compare models=`` why"] {
            assert!(error(line).starts_with("That is no model's name. The line-up: gemma-2b"), "{line}");
        }
        assert!(error("ask").contains("/arena ask gemma-2b why"));
        assert!(error("ask qwen-7b").contains("`/arena ask qwen-7b why"));
        assert!(error("compare").contains("`/arena compare why"));
    }

    #[test]
    fn a_board_and_a_history_take_a_number_of_days() {
        let lineup = lineup();
        let board = |days| Ok(Command::Board { days });
        assert_eq!(parse("/arena board", &lineup), board(None));
        for line in ["board 30", "Board 30d", "board 30 days"] {
            assert_eq!(parse(line, &lineup), board(Some(30)), "{line}");
        }
        let history =
            |model: Option<&str>, days| Ok(Command::History { model: model.map(ModelId::new), days });
        assert_eq!(parse("history", &lineup), history(None, None));
        assert_eq!(parse("history 7", &lineup), history(None, Some(7)));
        assert_eq!(parse("history gemma-2b", &lineup), history(Some("gemma-2b"), None));
        assert_eq!(parse("history QWEN-7B 30", &lineup), history(Some("qwen-7b"), Some(30)));
        assert_eq!(parse("history Gemma 2B 30 days", &lineup), history(Some("gemma-2b"), Some(30)));
        for line in
            ["board games for two", "board 3 legged tables", "history of rome", "history qwen-7b or so"]
        {
            assert_eq!(parse(line, &lineup), Ok(compared(&[], line)), "{line}");
        }
        let error = |line| parse(line, &lineup).expect_err(line).to_string();
        for line in ["board 0", "board 3651", "board -1", "board 1.5"] {
            assert!(error(line).contains("a number of days from 1 to 3650"), "{line}: {}", error(line));
        }
        assert!(error("history qwen-7b 0").ends_with("For example: `/arena history 30`."));
        assert!(error("history gema-2b 30").contains("did you mean `gemma-2b`?"));
        assert!(error("/arena bord").contains("did you mean `board`?"));
    }

    #[test]
    fn a_prefix_that_ends_inside_a_character_does_not_panic() {
        assert!(parse("ask Gemma 2é why", &lineup()).is_err());
        assert!(parse("ask 日本語日本語 why", &lineup()).is_err());
    }
}
