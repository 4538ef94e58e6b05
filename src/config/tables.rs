//! The plain tables: what they hold, their defaults and their ranges. A table that is left out has its
//! defaults. Must not know the environment or another table.

use std::{net::SocketAddr, time::Duration};

use serde::Deserialize;
use url::Url;

use super::value;

/// `[arena]`: the bounds of a race and of its users.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArenaConfig {
    /// The longest prompt, in characters, 1 to 1,000,000.
    #[serde(deserialize_with = "value::within::<_, _, 1, 1_000_000>")]
    pub max_prompt_chars: usize,
    /// The longest answer, in tokens, reasoning included, 1 to 1,000,000; a model's `max_tokens` may lower it.
    #[serde(deserialize_with = "value::within::<_, _, 1, 1_000_000>")]
    pub max_output_tokens: u32,
    /// Races that run at once in the whole service, 1 to 100,000.
    #[serde(deserialize_with = "value::within::<_, _, 1, 100_000>")]
    pub concurrent_races: usize,
    /// Races that one user may start in a minute, 1 to 100,000.
    #[serde(deserialize_with = "value::within::<_, _, 1, 100_000>")]
    pub races_per_user_per_minute: u32,
    /// Races that one user may have running at once; `None`: as many as the rate lets in.
    #[serde(deserialize_with = "value::cap")]
    pub races_per_user: Option<u64>,
    /// Models in one race; `None`: the whole line-up.
    #[serde(deserialize_with = "value::cap")]
    pub lanes_per_race: Option<usize>,
    /// Seconds from a stop signal to the end of everything, 0 (at once) to 3,600.
    #[serde(deserialize_with = "value::within::<_, _, 0, 3_600>")]
    pub drain_seconds: u64,
}

impl Default for ArenaConfig {
    fn default() -> Self {
        Self {
            max_prompt_chars: 6_000,
            max_output_tokens: 8_192,
            concurrent_races: 64,
            races_per_user_per_minute: 6,
            races_per_user: None,
            lanes_per_race: None,
            drain_seconds: 8,
        }
    }
}

/// `[timeouts]`: the staged deadlines of one answer, each from 1 ms to 24 h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// To connect.
    #[serde(deserialize_with = "value::period")]
    pub connect: Duration,
    /// From the request to the first content or reasoning.
    #[serde(deserialize_with = "value::period")]
    pub first_token: Duration,
    /// Between two content or reasoning events.
    #[serde(deserialize_with = "value::period")]
    pub idle: Duration,
    /// The whole answer.
    #[serde(deserialize_with = "value::period")]
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_mins(3),
            idle: Duration::from_secs(90),
            total: Duration::from_mins(10),
        }
    }
}

/// `[http]`: where the service listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Health, webhooks and the local channel. `ARENA_LISTEN` goes before it.
    #[serde(deserialize_with = "value::socket_address")]
    pub listen: SocketAddr,
    /// Whether the address came from `ARENA_LISTEN`.
    #[serde(skip)]
    pub listen_is_variable: bool,
    /// An address of its own for `/metrics`; `None`: the same.
    #[serde(deserialize_with = "value::optional_address")]
    pub metrics_listen: Option<SocketAddr>,
    /// Further `Host` names (lower case, with a port where one is used) under which the local channel may
    /// be asked for, for a reverse proxy.
    #[serde(deserialize_with = "value::hosts")]
    pub allowed_hosts: Vec<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            listen_is_variable: false,
            metrics_listen: None,
            allowed_hosts: Vec::new(),
        }
    }
}

/// How Discord's interactions reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscordMode {
    /// Over the gateway, a connection that the service opens.
    Gateway,
    /// Over `/discord/interactions`; needs `DISCORD_PUBLIC_KEY`.
    Http,
}

/// `[discord]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscordConfig {
    /// The API's origin, without `/api`. `DISCORD_API_URL` goes before it.
    #[serde(deserialize_with = "value::base_url")]
    pub api_url: Url,
    /// How interactions come.
    pub mode: DiscordMode,
    /// Register the commands in this server alone; `None`: everywhere.
    #[serde(deserialize_with = "value::snowflake")]
    pub guild_id: Option<u64>,
    /// Seconds for which an interaction's token is used, 1 to 900 (Discord's own limit:
    /// <https://docs.discord.com/developers/interactions/receiving-and-responding>).
    #[serde(deserialize_with = "value::within::<_, _, 1, 900>")]
    pub token_seconds: u64,
}

impl Default for DiscordConfig {
    fn default() -> Self {
        Self {
            api_url: known_url("https://discord.com"),
            mode: DiscordMode::Gateway,
            guild_id: None,
            token_seconds: 840,
        }
    }
}

/// How Slack's commands reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlackMode {
    /// Over Socket Mode, connections that the service opens; needs `SLACK_APP_TOKEN`.
    Socket,
    /// Over `/slack/commands` and its siblings; needs `SLACK_SIGNING_SECRET`.
    Http,
}

/// `[slack]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// The Web API, methods are below it. `SLACK_API_URL` goes before it.
    #[serde(deserialize_with = "value::base_url")]
    pub api_url: Url,
    /// How commands come.
    pub mode: SlackMode,
    /// Ids of the users who may stop any race.
    #[serde(deserialize_with = "value::slack_users")]
    pub admins: Vec<String>,
    /// Whether the last frame also has Slack's own bar chart.
    pub native_chart: bool,
}

impl Default for SlackConfig {
    fn default() -> Self {
        Self {
            api_url: known_url("https://slack.com/api"),
            mode: SlackMode::Socket,
            admins: Vec::new(),
            native_chart: true,
        }
    }
}

#[expect(clippy::expect_used, reason = "literals of this file, parsed by every test that takes a default")]
fn known_url(text: &str) -> Url {
    Url::parse(text).expect("a valid literal")
}
