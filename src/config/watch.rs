//! `[alerts]`, `[[canary]]` and `[[persona]]`: what the service does by itself, and texts that channels choose.

use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, ModelConfig, lineup::unique, value};
use crate::{model::ModelId, schedule::Schedule};

/// The shortest interval between two runs of a canary.
const MIN_INTERVAL: Duration = Duration::from_mins(1);

/// `[alerts]`: the channels in which incidents are posted. Off unless one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// The id of a Discord channel.
    #[serde(deserialize_with = "value::discord_channel")]
    pub discord_channel: Option<u64>,
    /// The id of a Slack channel.
    #[serde(deserialize_with = "value::slack_channel")]
    pub slack_channel: Option<String>,
    /// True posts a digest on Mondays at nine.
    pub digest: bool,
    /// The time zone of the digest, in the IANA database; UTC if `None`.
    #[serde(deserialize_with = "value::time_zone")]
    pub time_zone: Option<String>,
}

/// `[[canary]]`: a race that the service starts by itself.
#[derive(Clone, Debug)]
pub struct CanaryConfig {
    /// Its id.
    pub id: String,
    /// The times at which it runs.
    pub schedule: Schedule,
    /// The schedule as written, for people: `every 3h`, `0 9 * * 1-5 Europe/Berlin`.
    pub schedule_text: String,
    /// The models that race, in the order of the line-up; never empty.
    pub models: Vec<ModelId>,
    /// The prompt.
    pub prompt: String,
    /// The most that its races may cost in a day (UTC), in US dollars.
    pub max_usd_day: Option<f64>,
}

/// `[[persona]]`: a system prompt that a channel may choose.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonaConfig {
    /// Its id.
    #[serde(deserialize_with = "value::id")]
    pub id: String,
    /// The system prompt, at most 2,000 characters.
    #[serde(deserialize_with = "value::short_text::<_, 2_000>")]
    pub text: String,
}

/// `[[canary]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CanaryTable {
    #[serde(deserialize_with = "value::id")]
    id: String,
    #[serde(default, deserialize_with = "value::optional_duration")]
    every: Option<Duration>,
    #[serde(default, deserialize_with = "value::optional_line::<_, 100>")]
    cron: Option<String>,
    #[serde(default, deserialize_with = "value::optional_line::<_, 100>")]
    time_zone: Option<String>,
    #[serde(default)]
    models: Vec<String>,
    #[serde(deserialize_with = "value::short_text::<_, 6_000>")]
    prompt: String,
    #[serde(default, deserialize_with = "value::optional_price")]
    max_usd_day: Option<f64>,
}

/// Checks the canaries against the line-up.
///
/// # Errors
/// A duplicate id, an unknown model, or a schedule that is missing, doubled or unreadable.
pub(super) fn canaries(
    file: &str,
    tables: Vec<CanaryTable>,
    models: &[ModelConfig],
) -> Result<Vec<CanaryConfig>, ConfigError> {
    unique(file, "canary", tables.iter().map(|table| table.id.as_str()))?;
    tables.into_iter().map(|table| table.resolve(file, models)).collect()
}

/// Checks that the ids of `personas` are unique.
///
/// # Errors
/// A duplicate id.
pub(super) fn personas(file: &str, personas: Vec<PersonaConfig>) -> Result<Vec<PersonaConfig>, ConfigError> {
    unique(file, "persona", personas.iter().map(|persona| persona.id.as_str()))?;
    Ok(personas)
}

impl CanaryTable {
    fn resolve(self, file: &str, line_up: &[ModelConfig]) -> Result<CanaryConfig, ConfigError> {
        let wrong = |key: &str, problem: String| {
            ConfigError::in_file(file, format!("[[canary]] {} {key}", self.id), problem)
        };
        let is_known = |id: &&String| line_up.iter().any(|model| model.card.id.as_str() == **id);
        if let Some(unknown) = self.models.iter().find(|id| !is_known(id)) {
            let known: Vec<&str> = line_up.iter().map(|model| model.card.id.as_str()).collect();
            let problem = format!("no [[model]] has the id \"{unknown}\"; known ids: {}", known.join(", "));
            return Err(wrong("models", problem));
        }
        let (schedule, schedule_text) = match (self.every, &self.cron, self.time_zone.as_deref()) {
            (Some(_), Some(_), _) => return Err(wrong("every", "set either every or cron, not both".into())),
            (None, None, _) => {
                return Err(wrong("every", r#"missing; write every = "3h" or cron = "0 9 * * 1-5""#.into()));
            }
            (Some(_), None, Some(_)) => {
                return Err(wrong("time_zone", "only a cron expression has a time zone".into()));
            }
            (Some(every), None, None) if every < MIN_INTERVAL => {
                return Err(wrong("every", r#"must be at least "1m""#.into()));
            }
            (Some(every), None, None) => (Schedule::every(every), format!("every {}", span(every))),
            (None, Some(cron), zone) => {
                let schedule = Schedule::cron(cron, zone);
                let words = zone.map_or_else(|| cron.clone(), |zone| format!("{cron} {zone}"));
                (schedule.map_err(|error| wrong("cron", error.to_string()))?, words)
            }
        };
        let is_raced = |model: &&ModelConfig| {
            self.models.is_empty() || self.models.iter().any(|id| model.card.id.as_str() == id)
        };
        Ok(CanaryConfig {
            models: line_up.iter().filter(is_raced).map(|model| model.card.id.clone()).collect(),
            id: self.id,
            schedule,
            schedule_text,
            prompt: self.prompt,
            max_usd_day: self.max_usd_day,
        })
    }
}

/// The duration in the largest unit that divides it, such as `3h`.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds % 3_600, seconds % 60) {
        (0, _) => format!("{}h", seconds / 3_600),
        (_, 0) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::{Config, Env},
        model::ModelId,
    };

    fn load(tables: &str) -> Result<Config, String> {
        let env = Env::from_pairs::<&str, &str>([]);
        Config::from_toml(tables, "arena.toml", &env).map_err(|error| error.to_string())
    }

    const CANARY: &str = "[[canary]]\nid = \"house\"\nprompt = \"Count to ten.\"\n";

    #[test]
    fn a_canary_has_a_schedule_and_models_of_the_line_up() {
        let config = load(&format!("{CANARY}every = \"3h\"\nmodels = [\"qwen-7b\", \"gemma-2b\"]\n"));
        let canary = &config.expect("valid").canaries[0];
        assert_eq!(canary.models.iter().map(ModelId::as_str).collect::<Vec<_>>(), ["gemma-2b", "qwen-7b"]);
        assert_eq!(canary.schedule_text, "every 3h");
        let cron = format!("{CANARY}cron = \"0 9 * * 1-5\"\ntime_zone = \"Europe/Berlin\"\n");
        let canary = &load(&cron).expect("valid").canaries[0];
        assert_eq!((canary.models.len(), canary.schedule_text.as_str()), (5, "0 9 * * 1-5 Europe/Berlin"));
    }

    #[test]
    fn a_canary_that_cannot_run_is_an_error_that_names_the_key() {
        for (tables, words) in [
            ("", "[[canary]] house every: missing"),
            ("every = \"10s\"", "[[canary]] house every: must be at least"),
            ("every = \"1h\"\ncron = \"0 9 * * *\"", "either every or cron"),
            ("every = \"1h\"\ntime_zone = \"UTC\"", "[[canary]] house time_zone: only a cron"),
            ("cron = \"noon\"", "[[canary]] house cron: "),
            ("cron = \"0 9 * * *\"\ntime_zone = \"Mars\"", "[[canary]] house cron: not a time zone"),
            ("every = \"1h\"\nmodels = [\"gpt-9\"]", "[[canary]] house models: no [[model]] has the id"),
        ] {
            let error = load(&format!("{CANARY}{tables}\n")).expect_err(words);
            assert!(error.contains(words), "{error}");
        }
        let twice = format!("{CANARY}every = \"1h\"\n{CANARY}every = \"2h\"\n");
        assert!(load(&twice).expect_err("twice").contains("[[canary]] id: \"house\" is used twice"));
    }

    #[test]
    fn alerts_and_personas_are_checked() {
        let tables = "[alerts]\ndiscord_channel = \"81384788765712384\"\nslack_channel = \"C024BE7LR\"\n\
            digest = true\ntime_zone = \"Asia/Tokyo\"\n[[persona]]\nid = \"terse\"\ntext = \"Be brief.\"\n";
        let config = load(tables).expect("valid");
        assert_eq!(config.alerts.slack_channel.as_deref(), Some("C024BE7LR"));
        assert_eq!(config.personas[0].id, "terse");
        for wrong in [
            "[alerts]\nslack_channel = \"#general\"",
            "[alerts]\ndiscord_channel = \"general\"",
            "[alerts]\ntime_zone = \"Mars\"",
            "[[persona]]\nid = \"a\"\ntext = \" \"",
        ] {
            load(wrong).expect_err(wrong);
        }
    }
}
