//! [`ConfigError`]: one wrong setting, its location and its remedy.
//!
//! The text is built from the parser's message, never from the line itself, and unexpected values are described by
//! their type: a key that was pasted into the wrong place reaches neither a terminal nor a log.

use std::ops::Range;

use serde_path_to_error::{Path, Segment};

/// A configuration that cannot be used. Displayed as one line: file or "environment", line, setting, problem and
/// remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}{}: {problem}", line_words(*line), key_words(key))]
pub struct ConfigError {
    /// The file as named by the user, or "environment".
    pub file: String,
    /// The line, from 1, if known.
    pub line: Option<usize>,
    /// The setting, such as `[http] listen`, or the variable; empty for the whole file.
    pub key: String,
    /// The problem and its remedy.
    pub problem: String,
}

fn line_words(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn key_words(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(": {key}") }
}

impl ConfigError {
    /// Creates an error about a setting in a file.
    #[must_use]
    pub fn in_file(file: &str, key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, key: key.into(), problem: problem.into() }
    }

    /// Creates an error about an environment variable.
    #[must_use]
    pub fn in_env(variable: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::in_file("environment", variable, problem)
    }

    /// Converts a TOML syntax error.
    pub(super) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let problem = format!("not valid TOML: {}", one_line(error.message()));
        Self { line: line_of(text, error.span()), ..Self::in_file(file, "", problem) }
    }

    /// Converts an error about TOML that does not match the settings.
    pub(super) fn setting(
        file: &str,
        text: &str,
        error: &serde_path_to_error::Error<toml::de::Error>,
    ) -> Self {
        let (mut table, mut name) = setting_name(error.path());
        let problem = match SerdeMessage::parse(error.inner().message()) {
            SerdeMessage::Unknown { field, known } => {
                if table == format!("[{field}]") {
                    table.clear();
                }
                name = field.into();
                suggestion(field, &known)
            }
            SerdeMessage::Missing { field } => {
                name = field.into();
                let kind = table.trim_end_matches(|last: char| last == ' ' || last.is_ascii_digit());
                format!("missing; every {kind} needs it")
            }
            SerdeMessage::Type { found, wanted } => {
                format!("must be {}, not {}", type_name(wanted), type_name(found))
            }
            SerdeMessage::Choice { wanted } => format!("must be {wanted}"),
            SerdeMessage::Other(message) => one_line(message),
        };
        let key = [table, name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        Self { line: line_of(text, error.inner().span()), ..Self::in_file(file, key, problem) }
    }
}

/// An error message of serde, parsed. The wording is that of `serde::de::Error`'s provided methods.
enum SerdeMessage<'a> {
    Unknown { field: &'a str, known: Vec<&'a str> },
    Missing { field: &'a str },
    Type { found: &'a str, wanted: &'a str },
    Choice { wanted: String },
    Other(&'a str),
}

impl<'a> SerdeMessage<'a> {
    fn parse(message: &'a str) -> Self {
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

    /// Parses "string \"abc\", expected u32", dropping the value.
    fn mismatch(message: &'a str) -> Option<Self> {
        let (found, wanted) = message.rsplit_once(", expected ")?;
        let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
        Some(Self::Type { found: kind, wanted })
    }
}

/// The settings of a table, from the parser's message.
#[cfg(test)]
pub(super) fn known_settings(error: &toml::de::Error) -> Vec<String> {
    match SerdeMessage::parse(error.message()) {
        SerdeMessage::Unknown { known, .. } => known.into_iter().map(String::from).collect(),
        _ => Vec::new(),
    }
}

/// Translates the parser's type names into those of TOML.
fn type_name(kind: &str) -> &str {
    match kind {
        "a boolean" | "boolean" => "true or false",
        "a map" | "map" => "a table",
        "a sequence" | "sequence" => "a list",
        "floating point" => "a decimal number",
        "integer" => "a whole number",
        "string" => "a string",
        _ if kind.starts_with("struct ") => "a table",
        _ => kind,
    }
}

fn suggestion(field: &str, known: &[&str]) -> String {
    /// Minimum Jaro-Winkler similarity (0 to 1) of a suggested name.
    const MIN_SIMILARITY: f64 = 0.8;
    let similarity = |name: &&str| strsim::jaro_winkler(field, name);
    let nearest = known.iter().copied().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    let is_secret = ["key", "password", "secret", "token"].iter().any(|word| field.contains(word));
    match nearest.filter(|name| similarity(name) >= MIN_SIMILARITY) {
        Some(name) => format!("unknown setting; did you mean `{name}`?"),
        None if is_secret => "unknown setting; keys and tokens come from the environment".into(),
        None => format!("unknown setting; known settings: {}", known.join(", ")),
    }
}

/// Splits a path into table and setting: `http.listen` into "[http]" and "listen", `model[1].color` into
/// "[[model]] 2" and "color".
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
