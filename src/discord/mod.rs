//! Discord: `/arena` in servers, in direct messages and as a user's own app.
//!
//! The only module that names serenity: for the gateway, for signatures, for the command's definition.
//!
//! # The way of an interaction
//!
//! `gateway` (a connection of our own) or `webhook` (Discord posts to us) -> `interaction` (one parser for both; `message` for
//! what is written without a command, which only the gateway has) ->
//! `handlers` (answers within three seconds, starts the race) -> `surface` (one live message) -> `render` (pure: a view
//! as embeds) -> `rest` (one client, one rate limiter). `registration` keeps the commands as `commands` defines them;
//! `surface` gives orphans their final frame too, `alerts` posts what the service noticed by itself.

mod alert_check;
mod alerts;
mod commands;
mod completion;
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod handlers;
mod interaction;
mod message;
mod message_ref;
mod permissions;
mod posts;
mod registration;
mod render;
mod rest;
mod surface;
mod webhook;

use std::{sync::Arc, time::Duration};

use axum::Router;
use futures::future::OptionFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use self::permissions::Access;
use self::{
    alerts::DiscordAlerts,
    gateway::{Gateway, TIMING},
    handlers::InteractionHandler,
    interaction::Inbox,
    registration::Registration,
    rest::{Rest, RestError},
    webhook::PublicKey,
};
use crate::{
    alert::AlertChannel,
    arena::Arena,
    guide::Example,
    platform::{
        connection::{self, Startup},
        files::FileClient,
        handlers::Handlers,
        metrics::PlatformMetrics,
        seal::Sealer,
    },
};

/// The platform's name in the store and in metrics.
const PLATFORM: &str = "discord";
const METRICS: PlatformMetrics = PlatformMetrics { platform: PLATFORM };

/// The hosts of attached files (<https://docs.discord.com/developers/reference#cdn-formatting>).
const CDN: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];
/// The origin of Discord's own API.
const OWN_API: &str = "https://discord.com";

/// The time that Discord may take to identify the owner of a token.
const IDENTITY_TIMEOUT: Duration = Duration::from_secs(6);

/// The way in which interactions arrive.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Over a gateway connection that we open.
    Gateway,
    /// Discord posts them to `/discord/interactions`.
    Http {
        /// The application's public key, 64 hex digits.
        public_key: SecretString,
    },
}

impl Mode {
    fn key(&self) -> Result<Option<PublicKey>, SettingsError> {
        match self {
            Self::Gateway => Ok(None),
            Self::Http { public_key } => {
                PublicKey::parse(public_key.expose_secret()).map(Some).ok_or(SettingsError::PublicKey)
            }
        }
    }
}

/// The settings of the Discord surface.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API's origin without `/api`; no request goes anywhere else.
    pub api_url: Url,
    /// The bot's token without the word "Bot".
    pub token: SecretString,
    /// The way in which interactions arrive.
    pub mode: Mode,
    /// The only server that gets the commands; `None` registers them globally.
    pub guild: Option<u64>,
    /// The time for which an interaction's token is used, at most 15 minutes.
    pub token_life: Duration,
    /// The example prompts.
    pub examples: Vec<Example>,
    /// The allow-lists.
    pub access: Access,
    /// True if people may race the messages of others.
    pub may_race_others: bool,
    /// The longest time of an answer, which the files of a prompt may not exceed.
    pub answer_timeout: Duration,
    /// The channel of alerts.
    pub alerts: Option<u64>,
}

/// The reason why the Discord surface cannot be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The public key is no Ed25519 key.
    #[error("is no valid Ed25519 key; copy the public key from the application's page")]
    PublicKey,
    /// The token holds characters that no request can carry.
    #[error("cannot be a token; copy it again from the application's Bot page")]
    Token,
}

/// The Discord surface.
pub struct Discord {
    handler: Arc<InteractionHandler>,
    guild: Option<u64>,
    alerts: Option<u64>,
    /// In mode http.
    key: Option<PublicKey>,
    /// In mode gateway.
    gateway: Option<Gateway>,
    startup: watch::Sender<Startup>,
}

impl Discord {
    /// Creates the Discord surface of `arena`; nothing is called yet.
    ///
    /// # Errors
    /// [`SettingsError`] for a key or a token that cannot be one.
    pub fn new(arena: Arc<Arena>, settings: Settings) -> Result<Self, SettingsError> {
        let rest = Rest::new(&settings.api_url, &settings.token).map_err(|_| SettingsError::Token)?;
        let key = settings.mode.key()?;
        let Settings { api_url, token, guild, token_life, examples, access, may_race_others, alerts, .. } =
            settings;
        let sealer = Sealer::new(&token);
        let files = FileClient::new("Discord", &CDN, (&api_url, OWN_API)).within(settings.answer_timeout);
        let handlers = Handlers { arena, examples, may_race_others, sealer, files };
        let handler = Arc::new(InteractionHandler { handlers, rest: rest.clone(), token_life, access });
        let connect = || Gateway::new(api_url, token, rest, inbox(&handler), TIMING);
        let gateway = key.is_none().then(connect);
        let startup = watch::Sender::new(Startup::Waiting("its commands are not registered yet".into()));
        Ok(Self { handler, guild, alerts, key, gateway, startup })
    }

    /// Returns the channel of alerts, if one is set.
    #[must_use]
    pub fn alerts(&self) -> Option<Arc<dyn AlertChannel>> {
        let (rest, sealer) = (self.handler.rest.clone(), self.handler.handlers.sealer.clone());
        self.alerts
            .map(|channel| Arc::new(DiscordAlerts::new(rest, sealer, channel)) as Arc<dyn AlertChannel>)
    }

    /// Returns the routes that Discord posts to in mode http; none in mode gateway.
    pub fn router(&self) -> Router {
        self.key.map_or_else(Router::new, |key| webhook::router(key, inbox(&self.handler)))
    }

    /// Returns true if interactions arrive over a connection that we open.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.gateway.is_some()
    }

    /// Registers the commands and, in mode gateway, runs the connection, until `closed` is cancelled.
    pub async fn run(&self, closed: CancellationToken) {
        let registration = Registration {
            commands: commands::definition(self.handler.arena().limits().prompt_chars, self.guild.is_some()),
            guild: self.guild,
            key: self.key,
        };
        let register = registration::register(&self.handler.rest, &registration, &self.startup);
        let connected = OptionFuture::from(self.gateway.as_ref().map(|gateway| gateway.run(&closed)));
        tokio::join!(closed.run_until_cancelled(register), connected);
    }

    /// Returns how long the final frames of all live messages may have to wait for their slots.
    #[must_use]
    pub fn finals(&self) -> Duration {
        self.handler.rest.limiter.finals()
    }

    /// Returns what readiness still misses, one sentence each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let gateway = self.gateway.as_ref().map(Gateway::state);
        connection::missing("Discord", &self.startup.borrow(), gateway.as_ref())
    }
}

fn inbox(handler: &Arc<InteractionHandler>) -> Inbox {
    let handler = Arc::clone(handler);
    Arc::new(move |interaction| handler.take(interaction))
}

/// Checks the token, and that the bot may post alerts. Returns the application's id.
///
/// # Errors
/// One sentence for the operator.
pub async fn check(settings: &Settings) -> Result<u64, String> {
    let rest = Rest::new(&settings.api_url, &settings.token).map_err(|_| SettingsError::Token.to_string())?;
    let key = settings.mode.key().map_err(|wrong| format!("DISCORD_PUBLIC_KEY {wrong}"))?;
    let deadline = Instant::now() + IDENTITY_TIMEOUT;
    let application = match registration::application(&rest, deadline).await {
        Ok(theirs) if !registration::is_key(key, theirs.key) => return Err(registration::WRONG_KEY.into()),
        Ok(application) => application,
        Err(RestError::Unauthorized) => return Err(registration::WRONG_TOKEN.into()),
        Err(error) => return Err(error.chain()),
    };
    if let Some(channel) = settings.alerts {
        let checked = alert_check::check(&rest, channel, application.bot, deadline).await;
        checked.map_err(|why| format!("[alerts] discord_channel: {why}"))?;
    }
    Ok(application.id)
}
