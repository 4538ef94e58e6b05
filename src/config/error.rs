//! [`ConfigError`]: one wrong setting, the place where it stands and the way out.
//!
//! The text is made from the parser's message, never from the line itself, and unexpected values are named
//! by their kind: a key that was pasted into the wrong place does not reach a terminal or a log.

use std::ops::Range;

use serde_path_to_error::{Path, Segment};

/// A configuration that cannot be used. Displays as one line: file or "environment", line, setting, what
/// is wrong and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}{}: {problem}", line_words(*line), key_words(key))]
pub struct ConfigError {
    /// The file as it was named, or "environment".
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The setting, such as `[http] listen`, or the variable; empty when the whole file is meant.
    pub key: String,
    /// What is wrong and the remedy.
    pub problem: String,
}

fn line_words(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn key_words(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(": {key}") }
}

impl ConfigError {
    /// A wrong setting of a file.
    #[must_use]
    pub fn in_file(file: &str, key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, key: key.into(), problem: problem.into() }
    }

    /// A wrong variable.
    #[must_use]
    pub fn in_env(variable: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::in_file("environment", variable, problem)
    }

    /// Text that is not TOML at all.
    pub(super) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let problem = format!("not valid TOML: {}", one_line(error.message()));
        Self { line: line_of(text, error.span()), ..Self::in_file(file, "", problem) }
    }

    /// TOML that does not fit the settings.
    pub(super) fn setting(
        file: &str,
        text: &str,
        error: &serde_path_to_error::Error<toml::de::Error>,
    ) -> Self {
        let (mut table, mut name) = setting_name(error.path());
        let problem = match Complaint::of(error.inner().message()) {
            Complaint::Unknown { field, known } => {
                if table == format!("[{field}]") {
                    table.clear();
                }
                name = field.into();
                suggestion(field, &known)
            }
            Complaint::Missing { field } => {
                name = field.into();
                let kind = table.trim_end_matches(|last: char| last == ' ' || last.is_ascii_digit());
                format!("missing; every {kind} needs it")
            }
            Complaint::Type { found, wanted } => format!("must be {}, not {}", plain(wanted), plain(found)),
            Complaint::Choice { wanted } => format!("must be {wanted}"),
            Complaint::Other(message) => one_line(message),
        };
        let key = [table, name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        Self { line: line_of(text, error.inner().span()), ..Self::in_file(file, key, problem) }
    }
}

/// What serde complains of; the wording is that of `serde::de::Error`'s provided methods.
enum Complaint<'a> {
    Unknown { field: &'a str, known: Vec<&'a str> },
    Missing { field: &'a str },
    Type { found: &'a str, wanted: &'a str },
    Choice { wanted: String },
    Other(&'a str),
}

impl<'a> Complaint<'a> {
    fn of(message: &'a str) -> Self {
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        match (message.split_whitespace().next(), quoted.as_slice()) {
            (Some("unknown"), [field, known @ ..]) if message.starts_with("unknown field") => {
                Self::Unknown { field, known: known.to_vec() }
            }
            (Some("unknown"), [_, known @ ..]) if message.starts_with("unknown variant") => {
                let known: Vec<_> = known.iter().map(|name| format!("{name:?}")).collect();
                Self::Choice { wanted: known.join(" or ") }
            }
            (Some("missing"), [field, ..]) => Self::Missing { field },
            (Some("invalid"), _) => {
                Self::mismatch(message.trim_start_matches("invalid type: ")).unwrap_or(Self::Other(message))
            }
            _ => Self::Other(message),
        }
    }

    /// "string \"abc\", expected u32" without the value itself.
    fn mismatch(message: &'a str) -> Option<Self> {
        let (found, wanted) = message.rsplit_once(", expected ")?;
        let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
        Some(Self::Type { found: kind, wanted })
    }
}

/// The settings that a table knows, from the parser's own message.
#[cfg(test)]
pub(super) fn known_settings(error: &toml::de::Error) -> Vec<String> {
    match Complaint::of(error.message()) {
        Complaint::Unknown { known, .. } => known.into_iter().map(String::from).collect(),
        _ => Vec::new(),
    }
}

/// The parser's names of types in the words of TOML.
fn plain(kind: &str) -> &str {
    match kind {
        "a boolean" | "boolean" => "true or false",
        "a map" | "map" => "a table",
        "a sequence" | "sequence" => "a list",
        "floating point" => "a number with a point",
        "integer" => "a whole number",
        "string" => "a string",
        _ if kind.starts_with("struct ") => "a table",
        _ => kind,
    }
}

fn suggestion(field: &str, known: &[&str]) -> String {
    /// Below this two names have little in common (Jaro-Winkler, 0 to 1).
    const ALIKE: f64 = 0.8;
    let likeness = |name: &&str| strsim::jaro_winkler(field, name);
    let nearest = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let is_secret = ["key", "password", "secret", "token"].iter().any(|word| field.contains(word));
    match nearest.filter(|name| likeness(name) >= ALIKE) {
        Some(name) => format!("unknown setting; did you mean `{name}`?"),
        None if is_secret => "unknown setting; keys and tokens come from the environment".into(),
        None => format!("unknown setting; known here: {}", known.join(", ")),
    }
}

/// `http.listen` as ("[http]", "listen"), `model[1].color` as ("[[model]] 2", "color").
fn setting_name(path: &Path) -> (String, String) {
    let segments: Vec<&Segment> = path.iter().collect();
    let (table, rest) = match segments.as_slice() {
        [Segment::Map { key }, Segment::Seq { index }, rest @ ..] => {
            (format!("[[{key}]] {}", index + 1), rest)
        }
        [Segment::Map { key }, rest @ ..] => (format!("[{key}]"), rest),
        _ => (String::new(), &[] as &[_]),
    };
    let names: Vec<_> = rest.iter().map(ToString::to_string).filter(|name| name != "?").collect();
    (table, names.join("."))
}

fn line_of(text: &str, span: Option<Range<usize>>) -> Option<usize> {
    let before = text.get(..span?.start)?;
    Some(before.matches('\n').count() + 1)
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
