//! The configuration: one TOML file and the environment in, one checked [`Config`] out.
//!
//! Everything is looked at once, at the start; the rest of the program never reads a file, a variable or a
//! raw string again. Each mistake is one [`ConfigError`]. Must not know what the settings do: it starts
//! nothing and asks nobody.
//!
//! - [`Env`]: the environment and `*_FILE` secrets
//! - `tables`, `lineup`: the TOML tables, with unknown settings refused
//! - `value`: single values; `credentials`: a platform's all or nothing

mod caps;
mod credentials;
mod env;
mod error;
mod lineup;
mod tables;
#[cfg(test)]
mod tests;
mod value;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

pub use self::{
    caps::{AccessConfig, BudgetConfig, StoreConfig},
    credentials::Credentials,
    env::Env,
    error::ConfigError,
    lineup::{ExampleConfig, ModelConfig, PALETTE, ProviderConfig, ProviderKey},
    tables::{ArenaConfig, DiscordConfig, DiscordMode, HttpConfig, SlackConfig, SlackMode, Timeouts},
};

/// Used when neither `--config` nor `ARENA_CONFIG` names a file, if it is there.
pub const DEFAULT_FILE: &str = "config/arena.toml";

/// The same file, in the binary.
pub const BUILT_IN: &str = include_str!("../../config/arena.toml");

/// The variable that goes before `[http] listen`.
pub const LISTEN_VARIABLE: &str = "ARENA_LISTEN";

const BUILT_IN_NAME: &str = "built-in config/arena.toml";

/// The whole configuration, checked. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bounds of races and users.
    pub arena: ArenaConfig,
    /// Deadlines of an answer.
    pub timeouts: Timeouts,
    /// Where to listen.
    pub http: HttpConfig,
    /// Discord, whether it is on or not.
    pub discord: DiscordConfig,
    /// Slack, whether it is on or not.
    pub slack: SlackConfig,
    /// What races may cost.
    pub budget: BudgetConfig,
    /// Where and to whom the service is open.
    pub access: AccessConfig,
    /// What is remembered, and how long.
    pub store: StoreConfig,
    /// At least one, ids unique.
    pub providers: Vec<ProviderConfig>,
    /// The line-up in its order: at least one, ids unique, each with a provider of [`Config::providers`].
    pub models: Vec<ModelConfig>,
    /// Prompts to try; may be empty.
    pub examples: Vec<ExampleConfig>,
    /// Tokens of the platforms.
    pub credentials: Credentials,
    /// Whether the local channel is served.
    pub local_channel: LocalChannel,
    /// `DATABASE_URL`: `sqlite:`, `postgres://` or `postgresql://`. A secret, for it may hold a password.
    pub database_url: Option<SecretString>,
    /// The folder of the default database: `ARENA_DATA`, else the user's data directory, if there is one.
    pub data_dir: Option<PathBuf>,
    /// The file that it was read from, for people.
    pub origin: String,
}

/// `ARENA_LOCAL_CHANNEL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalChannel {
    /// On when no chat token is set and the address is loopback.
    Auto,
    /// On, whatever the address.
    On,
    /// Off.
    Off,
}

/// The file as written. A line-up that is left out is the built-in one.
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
    access: AccessConfig,
    #[serde(default)]
    store: StoreConfig,
    provider: Option<Vec<lineup::ProviderTable>>,
    model: Option<Vec<lineup::ModelTable>>,
    example: Option<Vec<ExampleConfig>>,
}

impl Config {
    /// Reads the configuration: the file at `path` (`--config`), else at `ARENA_CONFIG`, else
    /// [`DEFAULT_FILE`] if it is there, else [`BUILT_IN`]. Reads files, so call it at the start only.
    ///
    /// # Errors
    /// The first mistake that is found, see [`ConfigError`].
    pub fn load(path: Option<&Path>, env: &Env) -> Result<Self, ConfigError> {
        match path.map(PathBuf::from).or_else(|| env.path("ARENA_CONFIG")) {
            Some(path) => Self::read(&path, env),
            None if Path::new(DEFAULT_FILE).exists() => Self::read(Path::new(DEFAULT_FILE), env),
            None => Self::from_toml(BUILT_IN, BUILT_IN_NAME, env),
        }
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

    /// The configuration of this text; `origin` names it in errors.
    ///
    /// # Errors
    /// The first mistake that is found, see [`ConfigError`].
    pub fn from_toml(text: &str, origin: &str, env: &Env) -> Result<Self, ConfigError> {
        let mut file: File = parse(text, origin)?;
        file.override_from(env)?;
        file.fall_back(origin)?;
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
            access: file.access,
            store: file.store,
            providers,
            models,
            examples: file.example.unwrap_or_default(),
            local_channel: local_channel(env)?,
            database_url: database_url(env)?,
            data_dir: data_dir(env)?,
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
    /// What the environment says goes before the file.
    fn override_from(&mut self, env: &Env) -> Result<(), ConfigError> {
        if let Some(listen) = listen(env)? {
            (self.http.listen, self.http.listen_is_variable) = (listen, true);
        }
        if let Some(url) = url(env, "DISCORD_API_URL")? {
            self.discord.api_url = url;
        }
        if let Some(url) = url(env, "SLACK_API_URL")? {
            self.slack.api_url = url;
        }
        Ok(())
    }

    /// The built-in line-up where the file has none of its own, and the same for the examples; those that a
    /// lowered `max_prompt_chars` would refuse are left out.
    fn fall_back(&mut self, origin: &str) -> Result<(), ConfigError> {
        let built_in = parse(BUILT_IN, BUILT_IN_NAME)?;
        if self.provider.is_none() && self.model.is_none() {
            (self.provider, self.model) = (built_in.provider, built_in.model);
        }
        let most = self.arena.max_prompt_chars;
        let fits = |example: &ExampleConfig| example.prompt.chars().count() <= most;
        let Some(own) = &self.example else {
            self.example = built_in.example.map(|all| all.into_iter().filter(fits).collect());
            return Ok(());
        };
        own.iter().find(|example| !fits(example)).map_or(Ok(()), |long| {
            let key = format!("[[example]] \"{}\" prompt", long.title);
            let problem = format!("longer than [arena] max_prompt_chars = {most}; shorten it or raise that");
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

fn database_url(env: &Env) -> Result<Option<SecretString>, ConfigError> {
    const NAME: &str = "DATABASE_URL";
    let Some(url) = env.text(NAME)? else { return Ok(None) };
    if ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(Some(url.into()));
    }
    let problem = r#"must be "sqlite:///folder/file?mode=rwc", "postgres://..." or "postgresql://...""#;
    Err(ConfigError::in_env(NAME, problem))
}

/// `ARENA_DATA`, else where the platform keeps a user's data
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
