//! The chat platforms that are configured: their settings from the configuration, their surfaces.

use std::{sync::Arc, time::Duration};

use axum::Router;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    app::{leader::lead, starts::back_off},
    arena::{Arena, Salvage},
    config::{Config, ConfigError, DiscordMode, ExampleConfig, SlackMode},
    discord::{self, Discord},
    guide::Example,
    slack::{self, Slack},
    store::{State, Store},
};

/// The surfaces of the platforms that have their credentials.
#[derive(Clone, Default)]
pub(super) struct Platforms {
    discord: Option<Arc<Discord>>,
    slack: Option<Arc<Slack>>,
}

impl Platforms {
    /// For `arena`; nothing is called yet.
    ///
    /// # Errors
    /// A token or a key that cannot be one.
    pub(super) fn new(config: &Config, arena: &Arc<Arena>) -> Result<Self, ConfigError> {
        let discord = discord_settings(config).map(|settings| Discord::new(Arc::clone(arena), settings));
        let slack = slack_settings(config).map(|settings| Slack::new(Arc::clone(arena), settings));
        let wrong_discord = |error: discord::SettingsError| {
            let name = match error {
                discord::SettingsError::PublicKey => "DISCORD_PUBLIC_KEY",
                discord::SettingsError::Token => "DISCORD_TOKEN",
            };
            ConfigError::in_env(name, error.to_string())
        };
        let wrong_slack =
            |error: slack::SettingsError| ConfigError::in_env("SLACK_BOT_TOKEN", error.to_string());
        Ok(Self {
            discord: discord.transpose().map_err(wrong_discord)?.map(Arc::new),
            slack: slack.transpose().map_err(wrong_slack)?.map(Arc::new),
        })
    }

    /// The routes that the platforms post to.
    pub(super) fn router(&self) -> Router {
        let discord = self.discord.iter().map(|discord| discord.router());
        discord.chain(self.slack.iter().map(|slack| slack.router())).fold(Router::new(), Router::merge)
    }

    /// Runs them among `servers` until `closed`. Where several processes share `store`, a connection that only one of
    /// them may have is left as soon as this process is told to end: the next one shall have it at once.
    pub(super) fn run(
        &self,
        servers: &TaskTracker,
        store: &Store,
        shutdown: &CancellationToken,
        closed: &CancellationToken,
    ) {
        let leaving = if store.is_exclusive() { closed } else { shutdown };
        if let Some(discord) = self.discord.clone() {
            let (store, closed) =
                (store.clone(), if discord.is_connected() { leaving } else { closed }.clone());
            servers.spawn(async move {
                if discord.is_connected() {
                    back_off(&store, &closed).await;
                    lead(&store, "discord", closed, |term| discord.run(term)).await;
                } else {
                    discord.run(closed).await;
                }
            });
        }
        if let Some(slack) = self.slack.clone() {
            let (store, closed) =
                (store.clone(), if slack.is_connected() { leaving } else { closed }.clone());
            servers.spawn(async move {
                if slack.is_connected() {
                    lead(&store, "slack", closed, |term| slack.run(term)).await;
                } else {
                    // each of them edits messages of the same workspace
                    let sharing = closed.run_until_cancelled(shares(&store, &slack));
                    tokio::join!(slack.run(closed.clone()), sharing);
                }
            });
        }
    }

    /// Those that can edit messages of which only the place is known.
    pub(super) fn salvages(&self) -> Vec<Arc<dyn Salvage>> {
        let discord = self.discord.clone().map(|discord| discord as Arc<dyn Salvage>);
        discord.into_iter().chain(self.slack.clone().map(|slack| slack as Arc<dyn Salvage>)).collect()
    }

    /// How long the last frames of all messages that are live now have to wait for their slots.
    pub(super) fn finals(&self) -> Duration {
        let discord = self.discord.iter().map(|discord| discord.finals());
        discord.chain(self.slack.iter().map(|slack| slack.finals())).max().unwrap_or_default()
    }

    /// Each platform that is on, with what is not there yet.
    pub(super) fn each(&self) -> Vec<(&'static str, Vec<String>)> {
        let discord = self.discord.iter().map(|discord| ("discord", discord.missing()));
        discord.chain(self.slack.iter().map(|slack| ("slack", slack.missing()))).collect()
    }

    /// What is not there yet, one sentence each.
    pub(super) fn missing(&self) -> Vec<String> {
        self.each().into_iter().flat_map(|(_, missing)| missing).collect()
    }
}

/// Tells Slack's budget how many processes use it, for ever.
async fn shares(store: &Store, slack: &Slack) {
    let mut state = store.state();
    loop {
        if let State::Connected { processes, .. } = *state.borrow_and_update() {
            slack.shared_by(processes);
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// What Discord needs, if it is on.
pub(super) fn discord_settings(config: &Config) -> Option<discord::Settings> {
    let token = config.credentials.discord_token.clone()?;
    let mode = match (config.discord.mode, &config.credentials.discord_public_key) {
        (DiscordMode::Http, Some(key)) => discord::Mode::Http { public_key: key.clone() },
        _ => discord::Mode::Gateway,
    };
    Some(discord::Settings {
        api_url: config.discord.api_url.clone(),
        token,
        mode,
        guild: config.discord.guild_id,
        token_life: Duration::from_secs(config.discord.token_seconds),
        examples: examples(config),
        access: discord::Access {
            servers: config.access.discord_servers.clone(),
            channels: config.access.discord_channels.clone(),
            roles: config.access.discord_roles.clone(),
        },
    })
}

/// What Slack needs, if it is on.
pub(super) fn slack_settings(config: &Config) -> Option<slack::Settings> {
    let credentials = &config.credentials;
    let bot_token = credentials.slack_bot_token.clone()?;
    // which of the two is there hangs on the mode, which the configuration has checked
    let mode = match (config.slack.mode, &credentials.slack_signing_secret, &credentials.slack_app_token) {
        (SlackMode::Http, Some(secret), _) => slack::Mode::Http { signing_secret: secret.clone() },
        (_, _, app_token) => slack::Mode::Socket { app_token: app_token.clone()? },
    };
    Some(slack::Settings {
        api_url: config.slack.api_url.clone(),
        bot_token,
        mode,
        admins: config.slack.admins.clone(),
        native_chart: config.slack.native_chart,
        examples: examples(config),
        access: slack::Access {
            channels: config.access.slack_channels.clone(),
            groups: config.access.slack_groups.clone(),
        },
    })
}

/// Whether any chat platform has its credentials.
pub(super) fn any(config: &Config) -> bool {
    config.credentials.discord_token.is_some() || config.credentials.slack_bot_token.is_some()
}

/// The prompts to try.
pub(super) fn examples(config: &Config) -> Vec<Example> {
    let example = |settings: &ExampleConfig| Example {
        title: settings.title.clone(),
        prompt: settings.prompt.clone(),
        lesson: settings.lesson.clone(),
    };
    config.examples.iter().map(example).collect()
}
