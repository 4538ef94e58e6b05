//! The plain tables: their settings, defaults and ranges. An omitted table has its defaults.

use std::{net::SocketAddr, time::Duration};

use serde::Deserialize;
use url::Url;

use super::value;

/// `[arena]`: limits of races and users.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArenaConfig {
    /// Maximum length of a prompt in characters, 1 to 1,000,000.
    #[serde(deserialize_with = "value::integer::<_, _, 1, 1_000_000>")]
    pub max_prompt_chars: usize,
    /// Maximum length of an answer in tokens, reasoning included, 1 to 1,000,000; a model's `max_tokens` may lower it.
    #[serde(deserialize_with = "value::integer::<_, _, 1, 1_000_000>")]
    pub max_output_tokens: u32,
    /// Concurrent races in the whole service, 1 to 100,000.
    #[serde(deserialize_with = "value::integer::<_, _, 1, 100_000>")]
    pub concurrent_races: usize,
    /// Races that a user may start per minute, 1 to 100,000.
    #[serde(deserialize_with = "value::integer::<_, _, 1, 100_000>")]
    pub races_per_user_per_minute: u32,
    /// Concurrent races of a user; `None` if only limited by the rate.
    #[serde(deserialize_with = "value::limit")]
    pub races_per_user: Option<u64>,
    /// Models in one race; `None` for the whole line-up.
    #[serde(deserialize_with = "value::limit")]
    pub lanes_per_race: Option<usize>,
    /// Seconds from a stop signal to the end of the process, 0 (at once) to 3,600.
    #[serde(deserialize_with = "value::integer::<_, _, 0, 3_600>")]
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

/// `[timeouts]`: staged deadlines of one answer, each from 1 ms to 24 h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For establishing a connection.
    #[serde(deserialize_with = "value::duration")]
    pub connect: Duration,
    /// From the request to the first content or reasoning.
    #[serde(deserialize_with = "value::duration")]
    pub first_token: Duration,
    /// Between two content or reasoning events.
    #[serde(deserialize_with = "value::duration")]
    pub idle: Duration,
    /// From the request to the end of the answer.
    #[serde(deserialize_with = "value::duration")]
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

/// `[blind]`: races without names, and their votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlindConfig {
    /// The time after which slower lanes are left out, 1 ms to 24 h.
    #[serde(deserialize_with = "value::duration")]
    pub deadline: Duration,
    /// Minutes for which a vote is open, 1 to 1,440. Where the bot is not a member, the vote closes while the message can
    /// still be edited.
    #[serde(deserialize_with = "value::integer::<_, _, 1, 1_440>")]
    pub minutes: u64,
}

impl Default for BlindConfig {
    fn default() -> Self {
        Self { deadline: Duration::from_mins(2), minutes: 10 }
    }
}

/// The source of the listen address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListenSource {
    /// The configuration file, or its default.
    #[default]
    File,
    /// `ARENA_LISTEN`.
    Variable,
    /// `--listen`.
    Argument,
}

/// `[http]`: addresses to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// The address for health checks, webhooks and the local channel. `ARENA_LISTEN` overrides it, and `--listen` both.
    #[serde(deserialize_with = "value::socket_address")]
    pub listen: SocketAddr,
    /// The source of that address.
    #[serde(skip)]
    pub listen_source: ListenSource,
    /// A separate address for `/metrics`; `None` for the same one.
    #[serde(deserialize_with = "value::optional_address")]
    pub metrics_listen: Option<SocketAddr>,
    /// Additional `Host` names (lower case, with the port if it is not the default) that the local channel accepts,
    /// for a reverse proxy.
    #[serde(deserialize_with = "value::hosts")]
    pub allowed_hosts: Vec<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            listen_source: ListenSource::File,
            metrics_listen: None,
            allowed_hosts: Vec::new(),
        }
    }
}

/// The transport of Discord's interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiscordMode {
    /// The gateway, a connection that the service opens.
    Gateway,
    /// Webhooks at `/discord/interactions`; needs `DISCORD_PUBLIC_KEY`.
    Http,
}

/// `[discord]`: settings of the Discord app.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscordConfig {
    /// The API's origin, without `/api`. `DISCORD_API_URL` overrides it.
    #[serde(deserialize_with = "value::base_url")]
    pub api_url: Url,
    /// The transport of interactions.
    pub mode: DiscordMode,
    /// The only server in which the commands are registered; `None` for all servers.
    #[serde(deserialize_with = "value::snowflake")]
    pub guild_id: Option<u64>,
    /// Seconds for which an interaction's token is used, 1 to 900 (Discord's limit:
    /// <https://docs.discord.com/developers/interactions/receiving-and-responding>).
    #[serde(deserialize_with = "value::integer::<_, _, 1, 900>")]
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

/// The transport of Slack's commands and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlackMode {
    /// Socket Mode, connections that the service opens; needs `SLACK_APP_TOKEN`.
    Socket,
    /// Webhooks at `/slack/*`; needs `SLACK_SIGNING_SECRET`.
    Http,
}

/// `[slack]`: settings of the Slack app.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// The parent URL of the Web API methods. `SLACK_API_URL` overrides it.
    #[serde(deserialize_with = "value::base_url")]
    pub api_url: Url,
    /// The transport of commands and events.
    pub mode: SlackMode,
    /// Ids of the users who may stop any race.
    #[serde(deserialize_with = "value::slack_users")]
    pub admins: Vec<String>,
    /// Adds Slack's own bar chart to the final message.
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

/// `[budget]`: maximum cost of races per day (UTC), in US dollars. Prices are set per model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// For the races of one user.
    #[serde(deserialize_with = "value::optional_price")]
    pub user_day_usd: Option<f64>,
    /// For the races of one Discord server or Slack workspace.
    #[serde(deserialize_with = "value::optional_price")]
    pub server_day_usd: Option<f64>,
    /// For all races.
    #[serde(deserialize_with = "value::optional_price")]
    pub day_usd: Option<f64>,
}

/// `[access]`: where and by whom the service may be used. An empty list allows all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// Allowed Discord servers.
    #[serde(deserialize_with = "value::snowflakes")]
    pub discord_servers: Vec<u64>,
    /// Allowed Discord channels.
    #[serde(deserialize_with = "value::snowflakes")]
    pub discord_channels: Vec<u64>,
    /// Discord roles of which a user needs one.
    #[serde(deserialize_with = "value::snowflakes")]
    pub discord_roles: Vec<u64>,
    /// Allowed Slack channels.
    #[serde(deserialize_with = "value::slack_channels")]
    pub slack_channels: Vec<String>,
    /// Slack user groups of which a user needs one.
    #[serde(deserialize_with = "value::slack_groups")]
    pub slack_groups: Vec<String>,
    /// False lets people race only their own messages (*Race this message*).
    pub race_others_messages: bool,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            discord_servers: Vec::new(),
            discord_channels: Vec::new(),
            discord_roles: Vec::new(),
            slack_channels: Vec::new(),
            slack_groups: Vec::new(),
            race_others_messages: true,
        }
    }
}

/// `[store]`: retention of races.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Days for which prompts and answers are kept, 0 (never stored) to 3,650.
    #[serde(deserialize_with = "value::integer::<_, _, 0, 3_650>")]
    pub text_days: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { text_days: 30 }
    }
}

#[expect(clippy::expect_used, reason = "literals of this file, parsed by every test that takes a default")]
fn known_url(text: &str) -> Url {
    Url::parse(text).expect("a valid literal")
}
