//! The environment, captured once. No other module reads it.
//!
//! Every variable `X` may also be given as `X_FILE`, the path of a file with its value, as container secrets are. An
//! empty variable counts as unset.

use std::{collections::BTreeMap, ffi::OsString, fmt, path::PathBuf};

use secrecy::SecretString;

use super::ConfigError;

/// A snapshot of the environment. Its `Debug` output contains no values.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, OsString>,
}

impl Env {
    /// Captures the environment of this process.
    #[must_use]
    pub fn process() -> Self {
        Self::from_pairs(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
        )
    }

    /// Creates an environment of exactly these variables.
    pub fn from_pairs<N: Into<String>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: variables.filter(|(_, value): &(String, OsString)| !value.is_empty()).collect() }
    }

    /// Returns the value of a variable as a path, ignoring `NAME_FILE`.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).map(PathBuf::from)
    }

    /// Returns the value of a variable, or the contents of the file that `NAME_FILE` names without one trailing
    /// newline; `None` if neither is set or the value is empty.
    ///
    /// # Errors
    /// Both are set, the file cannot be read, or the value is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        let file_name = format!("{name}_FILE");
        let text = match (self.variables.get(name), self.path(&file_name)) {
            (Some(_), Some(_)) => {
                let problem = format!("set together with {file_name}; unset one of the two");
                return Err(ConfigError::in_env(name, problem));
            }
            (Some(value), None) => value
                .to_str()
                .map(String::from)
                .ok_or_else(|| ConfigError::in_env(name, "not UTF-8; set it to plain text"))?,
            (None, Some(path)) => read(&file_name, &path)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Returns a key or token like [`Env::text`]. It is sent in HTTP headers and must be visible ASCII.
    ///
    /// # Errors
    /// As [`Env::text`], or the value contains another character.
    pub fn token(&self, name: &str) -> Result<Option<SecretString>, ConfigError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Some(text.into()));
        }
        let problem = "contains a character that keys never contain (such as a space, a curly quote or a line break); \
                       paste it again";
        Err(ConfigError::in_env(name, problem))
    }
}

fn read(variable: &str, path: &std::path::Path) -> Result<String, ConfigError> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        let problem = format!("{shown} cannot be read ({error}); name a file that this process can read");
        ConfigError::in_env(variable, problem)
    })?;
    let mut text = String::from_utf8(bytes).map_err(|_| {
        ConfigError::in_env(variable, format!("{shown} is not UTF-8; save the value as plain text"))
    })?;
    if text.ends_with('\n') {
        text.truncate(text.len() - if text.ends_with("\r\n") { 2 } else { 1 });
    }
    Ok(text)
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Env({} variables)", self.variables.len())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let env = Env::from_pairs([("A", ""), ("B_FILE", ""), ("B", "b")]);
        assert_eq!(env.text("A"), Ok(None));
        assert_eq!(env.text("B"), Ok(Some("b".into())));
    }

    #[test]
    fn a_file_holds_the_value_and_one_newline() {
        let folder = tempfile::tempdir().unwrap();
        for (contents, value) in [("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("s3cret", "s3cret")] {
            let path = folder.path().join("token");
            std::fs::write(&path, contents).unwrap();
            let token = Env::from_pairs([("T_FILE", path)]).token("T").unwrap();
            assert_eq!(token.unwrap().expose_secret(), value);
        }
        let path = folder.path().join("two");
        std::fs::write(&path, "s3cret\n\n").unwrap();
        assert_eq!(Env::from_pairs([("T_FILE", &path)]).text("T"), Ok(Some("s3cret\n".into())));
        std::fs::write(&path, "\n").unwrap();
        assert_eq!(Env::from_pairs([("T_FILE", &path)]).text("T"), Ok(None));
    }

    #[test]
    fn values_are_never_printed() {
        let env = Env::from_pairs([("T", "hidden value")]);
        assert_eq!(format!("{env:?}"), "Env(1 variables)");
        assert!(!env.token("T").unwrap_err().to_string().contains("hidden"));
    }
}
