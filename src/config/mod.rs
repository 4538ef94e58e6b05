//! The configuration: one TOML file and the environment in, one checked [`Config`] out.
//!
//! ```text
//! Env (variables, *_FILE secrets) --------------\
//! file -> tables, lineup (values by `value`) ----+-> Config, or the first ConfigError
//! credentials (per platform all or none) -------/
//! ```
//!
//! Everything is checked once, at the start. No other module reads a configuration file or a variable.

mod credentials;
mod database;
mod env;
mod error;
mod lineup;
mod roots;
mod tables;
#[cfg(test)]
mod tests;
mod value;
mod watch;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

pub use self::{
    credentials::Credentials,
    env::Env,
    error::ConfigError,
    lineup::{ExampleConfig, ModelConfig, PALETTE, ProviderConfig, ProviderKey},
    tables::{
        AccessConfig, ArenaConfig, BlindConfig, BudgetConfig, DiscordConfig, DiscordMode, HttpConfig,
        ListenSource, SlackConfig, SlackMode, StoreConfig, Timeouts,
    },
    value::address,
    watch::{AlertsConfig, CanaryConfig, PersonaConfig},
};

/// The default file, used if it exists and neither `--config` nor `ARENA_CONFIG` names another.
pub const DEFAULT_FILE: &str = "config/arena.toml";

/// The text of [`DEFAULT_FILE`] at build time.
pub const BUILT_IN: &str = include_str!("../../config/arena.toml");

/// The variable that overrides `[http] listen`.
pub const LISTEN_VARIABLE: &str = "ARENA_LISTEN";

const BUILT_IN_NAME: &str = "built-in config/arena.toml";

/// The whole configuration, checked. Its `Debug` output contains no secrets.
#[derive(Clone, Debug)]
pub struct Config {
    /// Limits of races and users.
    pub arena: ArenaConfig,
    /// Deadlines of an answer.
    pub timeouts: Timeouts,
    /// Addresses to listen on.
    pub http: HttpConfig,
    /// Settings of Discord, enabled or not.
    pub discord: DiscordConfig,
    /// Settings of Slack, enabled or not.
    pub slack: SlackConfig,
    /// Maximum cost of races.
    pub budget: BudgetConfig,
    /// Blind races and their votes.
    pub blind: BlindConfig,
    /// Allowed places and users.
    pub access: AccessConfig,
    /// Retention of races.
    pub store: StoreConfig,
    /// The providers: at least one, with unique ids.
    pub providers: Vec<ProviderConfig>,
    /// The line-up in order: at least one model, with unique ids, each with a provider of [`Config::providers`].
    pub models: Vec<ModelConfig>,
    /// Example prompts; may be empty.
    pub examples: Vec<ExampleConfig>,
    /// The channels in which incidents are posted.
    pub alerts: AlertsConfig,
    /// The races that the service starts by itself, with unique ids.
    pub canaries: Vec<CanaryConfig>,
    /// The system prompts that channels may choose, with unique ids.
    pub personas: Vec<PersonaConfig>,
    /// Tokens of the chat platforms.
    pub credentials: Credentials,
    /// Availability of the local channel.
    pub local_channel: LocalChannel,
    /// `DATABASE_URL`: `sqlite:`, `postgres://` or `postgresql://`. A secret, since it may contain a password.
    pub database_url: Option<SecretString>,
    /// The folder of the default database: `ARENA_DATA`, else the user's data directory, if any.
    pub data_dir: Option<PathBuf>,
    /// True if output on a terminal may have colours: `NO_COLOR` is unset or empty.
    pub has_color: bool,
    /// The name of the configuration file, for display.
    pub origin: String,
}

/// The modes of `ARENA_LOCAL_CHANNEL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalChannel {
    /// On if no chat token is set and the address is loopback.
    Auto,
    /// On for any address.
    On,
    /// Off.
    Off,
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    arena: ArenaConfig,
    #[serde(default)]
    timeouts: Timeouts,
    #[serde(default)]
    http: HttpConfig,
    #[serde(default)]
    discord: DiscordConfig,
    #[serde(default)]
    slack: SlackConfig,
    #[serde(default)]
    budget: BudgetConfig,
    #[serde(default)]
    blind: BlindConfig,
    #[serde(default)]
    access: AccessConfig,
    #[serde(default)]
    store: StoreConfig,
    provider: Option<Vec<lineup::ProviderTable>>,
    model: Option<Vec<lineup::ModelTable>>,
    example: Option<Vec<ExampleConfig>>,
    #[serde(default)]
    alerts: AlertsConfig,
    #[serde(default)]
    canary: Vec<watch::CanaryTable>,
    #[serde(default)]
    persona: Vec<PersonaConfig>,
}

impl Config {
    /// Loads the configuration from the file at `path` (`--config`), else at `ARENA_CONFIG`, else [`DEFAULT_FILE`] if it
    /// exists, else [`BUILT_IN`]. Blocks on file reads, so call it at the start only.
    ///
    /// # Errors
    /// The first problem found.
    pub fn load(path: Option<&Path>, env: &Env) -> Result<Self, ConfigError> {
        match path.map(PathBuf::from).or_else(|| env.path("ARENA_CONFIG")) {
            Some(path) => Self::read(&path, env),
            None if Path::new(DEFAULT_FILE).exists() => Self::read(Path::new(DEFAULT_FILE), env),
            None => Self::from_toml(BUILT_IN, BUILT_IN_NAME, env),
        }
    }

    /// Returns the names of the variables that hold the missing keys of simulated models, in the order of the providers.
    #[must_use]
    pub fn missing_keys(&self) -> Vec<String> {
        let is_raced =
            |provider: &&ProviderConfig| self.models.iter().any(|model| model.provider == provider.id);
        let name = |provider: &ProviderConfig| match &provider.key {
            ProviderKey::Simulate(name) => name.clone(),
            ProviderKey::NotNeeded | ProviderKey::Key(_) => None,
        };
        let mut names: Vec<String> = self.providers.iter().filter(is_raced).filter_map(name).collect();
        names.dedup();
        names
    }

    fn read(path: &Path, env: &Env) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let problem = match error.kind() {
                io::ErrorKind::InvalidData => "not UTF-8; save it as UTF-8 text".into(),
                _ => format!("cannot be read ({error}); name a readable file with --config or ARENA_CONFIG"),
            };
            ConfigError::in_file(&name, "", problem)
        })?;
        Self::from_toml(&text, &name, env)
    }

    /// Parses the configuration from `text`; `origin` names it in errors.
    ///
    /// # Errors
    /// The first problem found.
    pub fn from_toml(text: &str, origin: &str, env: &Env) -> Result<Self, ConfigError> {
        let mut file: File = parse(text, origin)?;
        file.override_from(env)?;
        file.fill_in_defaults(origin)?;
        let providers = lineup::providers(origin, file.provider.unwrap_or_default(), env)?;
        let models = lineup::models(origin, file.model.unwrap_or_default(), &providers)?;
        Ok(Self {
            credentials: Credentials::read(env, file.discord.mode, file.slack.mode)?,
            arena: file.arena,
            timeouts: file.timeouts,
            http: file.http,
            discord: file.discord,
            slack: file.slack,
            budget: file.budget,
            blind: file.blind,
            access: file.access,
            store: file.store,
            alerts: file.alerts,
            canaries: watch::canaries(origin, file.canary, &models)?,
            personas: watch::personas(origin, file.persona)?,
            providers,
            models,
            examples: file.example.unwrap_or_default(),
            local_channel: local_channel(env)?,
            database_url: database::url(env)?,
            data_dir: data_dir(env)?,
            has_color: env.path("NO_COLOR").is_none(),
            origin: origin.into(),
        })
    }
}

fn parse(text: &str, origin: &str) -> Result<File, ConfigError> {
    let tables =
        toml::Deserializer::parse(text).map_err(|error| ConfigError::syntax(origin, text, &error))?;
    serde_path_to_error::deserialize(tables).map_err(|error| ConfigError::setting(origin, text, &error))
}

impl File {
    /// Overrides settings of the file with those of the environment.
    fn override_from(&mut self, env: &Env) -> Result<(), ConfigError> {
        if let Some(listen) = listen(env)? {
            (self.http.listen, self.http.listen_source) = (listen, ListenSource::Variable);
        }
        if let Some(url) = url(env, "DISCORD_API_URL")? {
            self.discord.api_url = url;
        }
        if let Some(url) = url(env, "SLACK_API_URL")? {
            self.slack.api_url = url;
        }
        Ok(())
    }

    /// Fills in the built-in line-up if the file has neither providers nor models, and the built-in examples, without
    /// those longer than `max_prompt_chars`, if it has none.
    fn fill_in_defaults(&mut self, origin: &str) -> Result<(), ConfigError> {
        let built_in = parse(BUILT_IN, BUILT_IN_NAME)?;
        if self.provider.is_none() && self.model.is_none() {
            (self.provider, self.model) = (built_in.provider, built_in.model);
        }
        let max = self.arena.max_prompt_chars;
        let fits = |example: &ExampleConfig| example.prompt.chars().count() <= max;
        let Some(own) = &self.example else {
            self.example = built_in.example.map(|all| all.into_iter().filter(fits).collect());
            return Ok(());
        };
        own.iter().find(|example| !fits(example)).map_or(Ok(()), |long| {
            let key = format!("[[example]] \"{}\" prompt", long.title);
            let problem =
                format!("longer than [arena] max_prompt_chars = {max}; shorten it or raise the limit");
            Err(ConfigError::in_file(origin, key, problem))
        })
    }
}

fn listen(env: &Env) -> Result<Option<SocketAddr>, ConfigError> {
    let text = env.text(LISTEN_VARIABLE)?;
    text.map(|text| value::address(&text))
        .transpose()
        .map_err(|problem| ConfigError::in_env(LISTEN_VARIABLE, problem))
}

fn url(env: &Env, name: &str) -> Result<Option<Url>, ConfigError> {
    let text = env.text(name)?;
    text.map(|text| value::web_url(&text)).transpose().map_err(|problem| ConfigError::in_env(name, problem))
}

fn local_channel(env: &Env) -> Result<LocalChannel, ConfigError> {
    const NAME: &str = "ARENA_LOCAL_CHANNEL";
    match env.text(NAME)?.as_deref() {
        None | Some("auto") => Ok(LocalChannel::Auto),
        Some("on") => Ok(LocalChannel::On),
        Some("off") => Ok(LocalChannel::Off),
        Some(_) => Err(ConfigError::in_env(NAME, r#"must be "auto", "on" or "off""#)),
    }
}

/// `ARENA_DATA`, else the operating system's folder for a user's data
/// (<https://specifications.freedesktop.org/basedir-spec/latest/>).
fn data_dir(env: &Env) -> Result<Option<PathBuf>, ConfigError> {
    let below = |variable: &str, folder: &str| {
        env.path(variable).filter(|base| base.is_absolute()).map(|base| base.join(folder).join("llm-arena"))
    };
    let of_home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    let given = env.text("ARENA_DATA")?.map(PathBuf::from);
    let local = || if cfg!(windows) { below("LOCALAPPDATA", "") } else { None };
    Ok(given.or_else(|| below("XDG_DATA_HOME", "")).or_else(local).or_else(|| below("HOME", of_home)))
}
