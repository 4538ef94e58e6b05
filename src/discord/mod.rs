//! Discord: `/arena` in a server, in a direct message, in anybody's pocket.
//!
//! The only module that names serenity: for the gateway, for signatures, for the command's definition.
//!
//! # The way of an interaction
//!
//! `gateway` (a connection of ours) or `endpoint` (Discord posts to us) -> `interaction` (one parse for both) ->
//! `desk` (admits, answers within three seconds, starts the race) -> `surface` (one live message) -> `render`
//! (pure: a view as embeds) -> `rest` (one client, one limiter). `register` keeps the commands as `commands`
//! defines them.
//!
//! Must not know models or providers.

mod access;
mod commands;
mod completion;
mod desk;
mod endpoint;
mod gateway;
mod interaction;
mod meter;
mod reference;
mod register;
mod render;
mod rest;
mod salvage;
mod surface;

use std::{sync::Arc, time::Duration};

use axum::Router;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use self::access::Access;
use self::{
    desk::Desk,
    endpoint::PublicKey,
    gateway::{Setup, State, Unreached},
    interaction::Inbox,
    register::{Entry, Registration},
    rest::{Request, Rest, RestError, Route},
};
use crate::{arena::Arena, guide::Example};

/// How long Discord may take to say whom a token belongs to.
const PATIENCE: Duration = Duration::from_secs(6);

/// How interactions come.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Over a connection that we open.
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

/// What Discord needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API's origin without `/api`; nothing goes anywhere else.
    pub api_url: Url,
    /// The bot's token without the word "Bot".
    pub token: SecretString,
    /// How interactions come.
    pub mode: Mode,
    /// Register the commands in this server alone.
    pub guild: Option<u64>,
    /// For how long an interaction's token is used, at most 15 minutes.
    pub token_life: Duration,
    /// Prompts to try.
    pub examples: Vec<Example>,
    /// Where and to whom it is open.
    pub access: Access,
}

/// Why Discord cannot be started at all.
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
    desk: Arc<Desk>,
    settings: Settings,
    key: Option<PublicKey>,
    endpoint: Router,
    entry: watch::Sender<Entry>,
    gateway: watch::Sender<State>,
}

impl Discord {
    /// Discord for `arena`; nothing is called yet.
    ///
    /// # Errors
    /// [`SettingsError`] for a key or a token that cannot be one.
    pub fn new(arena: Arc<Arena>, settings: Settings) -> Result<Self, SettingsError> {
        let rest = Rest::new(&settings.api_url, &settings.token).map_err(|_| SettingsError::Token)?;
        let (examples, token_life) = (settings.examples.clone(), settings.token_life);
        let access = settings.access.clone();
        let desk = Arc::new(Desk { arena, rest, examples, token_life, access });
        let key = settings.mode.key()?;
        let endpoint = key.clone().map_or_else(Router::new, |key| endpoint::router(key, inbox(&desk)));
        let entry = Entry::Waiting("its commands are not registered yet".into());
        Ok(Self {
            desk,
            settings,
            key,
            endpoint,
            entry: watch::Sender::new(entry),
            gateway: watch::Sender::new(State::Connecting { since: Instant::now() }),
        })
    }

    /// The routes that Discord posts to in mode http; none in mode gateway.
    pub fn router(&self) -> Router {
        self.endpoint.clone()
    }

    /// Whether interactions come over a connection that we open.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.settings.mode, Mode::Gateway)
    }

    /// Registers the commands and, in mode gateway, is connected, until `closed`.
    pub async fn run(&self, closed: CancellationToken) {
        let guild = self.settings.guild;
        let registration = Registration {
            commands: commands::definition(self.desk.arena.limits().prompt_chars, guild.is_some()),
            guild,
            key: self.key.clone(),
        };
        let enter = register::enter(&self.desk.rest, &registration, &self.entry);
        let connected = async {
            if matches!(self.settings.mode, Mode::Gateway) {
                self.connected(closed.clone()).await;
            }
        };
        tokio::join!(closed.run_until_cancelled(enter), connected);
    }

    async fn connected(&self, closed: CancellationToken) {
        let setup = Setup {
            origin: self.settings.api_url.clone(),
            token: self.settings.token.clone(),
            inbox: inbox(&self.desk),
            state: self.gateway.clone(),
            closed,
        };
        let ask = || async {
            let until = Instant::now() + PATIENCE;
            let answer = self.desk.rest.send(&Request::get(Route::GatewayBot), until).await;
            answer.map(|answer| answer.body).map_err(|error| match error {
                RestError::Unauthorized => Unreached::Unauthorized,
                error => Unreached::Passing(error.chain()),
            })
        };
        gateway::run(setup, ask).await;
    }

    /// How long the last frames of all messages that are live now may have to wait for their slots.
    #[must_use]
    pub fn finals(&self) -> Duration {
        self.desk.rest.finals()
    }

    /// What is not there yet, one sentence each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let entry = match &*self.entry.borrow() {
            Entry::Done => None,
            Entry::Waiting(why) => Some(sentence(why)),
            // whatever it is, the gateway has the same trouble
            Entry::Refused(why) => return vec![sentence(why)],
        };
        let gateway = match (&self.settings.mode, &*self.gateway.borrow()) {
            (Mode::Http { .. }, _) | (_, State::Ready) => None,
            (_, State::Connecting { .. }) => Some(sentence("the gateway is not connected yet")),
            (_, State::Lost { why } | State::Refused { why }) => Some(sentence(why)),
        };
        entry.into_iter().chain(gateway).collect()
    }
}

/// What is wrong, with the platform's name before it.
fn sentence(why: &str) -> String {
    if why.starts_with("Discord") { why.to_owned() } else { format!("Discord: {why}") }
}

fn inbox(desk: &Arc<Desk>) -> Inbox {
    let desk = Arc::clone(desk);
    Arc::new(move |interaction| desk.take(interaction))
}

/// Asks Discord whom the token belongs to: the application's id, or one sentence for a person.
///
/// # Errors
/// The sentence.
pub async fn check(settings: &Settings) -> Result<u64, String> {
    let rest = Rest::new(&settings.api_url, &settings.token).map_err(|_| SettingsError::Token.to_string())?;
    let key = settings.mode.key().map_err(|wrong| format!("DISCORD_PUBLIC_KEY {wrong}"))?;
    match register::application(&rest, Instant::now() + PATIENCE).await {
        Ok((_, theirs)) if !register::is_key(key.as_ref(), theirs.as_ref()) => {
            Err(register::WRONG_KEY.into())
        }
        Ok((id, _)) => Ok(id),
        Err(RestError::Unauthorized) => Err(register::WRONG_TOKEN.into()),
        Err(error) => Err(error.chain()),
    }
}
