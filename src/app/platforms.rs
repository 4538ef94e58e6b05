//! The chat platforms that have their credentials: created, run, asked for what they miss.

use std::{sync::Arc, time::Duration};

use axum::Router;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    alert::AlertChannel,
    app::{composition::Composition, leader::lead, restart_backoff::back_off},
    arena::{Arena, Finisher},
    config::ConfigError,
    discord::{self, Discord},
    slack::{self, Slack},
    store::{State, Store},
};

/// The platforms that have their credentials.
#[derive(Clone, Default)]
pub(super) struct Platforms {
    discord: Option<Arc<Discord>>,
    slack: Option<Arc<Slack>>,
}

impl Platforms {
    /// Creates the platforms of `arena`; nothing is called yet.
    ///
    /// # Errors
    /// The variable of a token or a key that cannot be one.
    pub(super) fn new(app: &Composition, arena: &Arc<Arena>) -> Result<Self, ConfigError> {
        let discord = app.discord.clone().map(|settings| Discord::new(Arc::clone(arena), settings));
        let slack = app.slack.clone().map(|settings| Slack::new(Arc::clone(arena), settings));
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

    /// Returns the routes that the platforms post to.
    pub(super) fn router(&self) -> Router {
        let discord = self.discord.iter().map(|discord| discord.router());
        discord.chain(self.slack.iter().map(|slack| slack.router())).fold(Router::new(), Router::merge)
    }

    /// Runs them as tasks of `servers` until `closed` is cancelled. If several processes share `store`, a connection that
    /// only one of them may have is closed as soon as `shutdown` is cancelled, so that the next one gets it at once.
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
                    let sharing = closed.run_until_cancelled(share_budget(&store, &slack));
                    tokio::join!(slack.run(closed.clone()), sharing);
                }
            });
        }
    }

    /// Returns the platforms as finishers of orphans.
    pub(super) fn finishers(&self) -> Vec<Arc<dyn Finisher>> {
        let discord = self.discord.clone().map(|discord| discord as Arc<dyn Finisher>);
        discord.into_iter().chain(self.slack.clone().map(|slack| slack as Arc<dyn Finisher>)).collect()
    }

    /// Returns the channels of alerts that are set.
    pub(super) fn alert_channels(&self) -> Vec<Arc<dyn AlertChannel>> {
        let discord = self.discord.iter().filter_map(|discord| discord.alerts());
        discord.chain(self.slack.iter().filter_map(|slack| slack.alerts())).collect()
    }

    /// Returns how long the final frames of all live messages have to wait for their slots.
    pub(super) fn finals(&self) -> Duration {
        let discord = self.discord.iter().map(|discord| discord.finals());
        discord.chain(self.slack.iter().map(|slack| slack.finals())).max().unwrap_or_default()
    }

    /// Returns each platform with what readiness still misses of it.
    pub(super) fn each(&self) -> Vec<(&'static str, Vec<String>)> {
        let discord = self.discord.iter().map(|discord| ("discord", discord.missing()));
        discord.chain(self.slack.iter().map(|slack| ("slack", slack.missing()))).collect()
    }

    /// Returns what readiness still misses, one sentence each.
    pub(super) fn missing(&self) -> Vec<String> {
        self.each().into_iter().flat_map(|(_, missing)| missing).collect()
    }
}

/// Keeps the number of processes up to date that share Slack's budget of edits.
async fn share_budget(store: &Store, slack: &Slack) {
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
