//! Slack: `/arena` in a workspace.
//!
//! The only module that names slack-morphism: for the Web API's client, for Socket Mode, for the types of events,
//! for signatures.
//!
//! # The way of a command
//!
//! `socket` (connections of ours) or `endpoint` (Slack posts to us) -> `incoming` (one parse for both) -> `desk`
//! (admits, answers at once, starts the race) -> `surface` (one live message) -> `render` (pure: a view as blocks)
//! -> `budget` (whose turn it is) -> `api` (one client).
//!
//! Must not know models or providers.

mod access;
mod api;
mod budget;
mod desk;
mod endpoint;
mod entry;
mod incoming;
mod meter;
mod names;
mod posts;
mod render;
mod salvage;
mod socket;
mod surface;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::Router;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use self::access::Access;
use self::{
    access::Door,
    api::{Api, ApiError},
    desk::{Desk, Told},
    entry::Entry,
    incoming::{Inbox, Intake},
    names::Names,
    socket::Setup,
};
use crate::{arena::Arena, guide::Example, platform::State};

/// How commands come.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Over connections that we open.
    Socket {
        /// The app-level token (`xapp-`).
        app_token: SecretString,
    },
    /// Slack posts them to `/slack/commands`, `/slack/interactive` and `/slack/events`.
    Http {
        /// The app's signing secret.
        signing_secret: SecretString,
    },
}

/// What Slack needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Web API, such as `https://slack.com/api`; where it is another one, nothing goes to Slack itself.
    pub api_url: Url,
    /// The bot's token (`xoxb-`).
    pub bot_token: SecretString,
    /// How commands come.
    pub mode: Mode,
    /// Ids of the users who may stop any race.
    pub admins: Vec<String>,
    /// Whether last frames have Slack's own bar chart.
    pub native_chart: bool,
    /// Prompts to try.
    pub examples: Vec<Example>,
    /// Where and to whom it is open.
    pub access: Access,
}

/// Why Slack cannot be started at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The bot's token holds characters that no request can carry.
    #[error("cannot be a token; copy it again from the app's OAuth & Permissions page")]
    BotToken,
}

/// The Slack surface.
pub struct Slack {
    desk: Arc<Desk>,
    intake: Arc<Intake>,
    settings: Settings,
    entry: watch::Sender<Entry>,
    socket: watch::Sender<State>,
}

impl Slack {
    /// Slack for `arena`; nothing is called yet.
    ///
    /// # Errors
    /// [`SettingsError`] for a token that cannot be one.
    pub fn new(arena: Arc<Arena>, settings: Settings) -> Result<Self, SettingsError> {
        let api = Api::new(&settings.api_url, &settings.bot_token).map_err(|_| SettingsError::BotToken)?;
        let desk = Arc::new(Desk {
            arena,
            api,
            examples: settings.examples.clone(),
            admins: settings.admins.clone(),
            native_chart: Arc::new(AtomicBool::new(settings.native_chart)),
            door: Door::new(settings.access.clone()),
            told: Told::default(),
            names: Names::default(),
        });
        let intake = Arc::new(Intake::new(inbox(&desk)));
        let entry = Entry::Waiting("its token is not checked yet".into());
        Ok(Self {
            desk,
            intake,
            settings,
            entry: watch::Sender::new(entry),
            socket: watch::Sender::new(State::Connecting { since: Instant::now() }),
        })
    }

    /// The routes that Slack posts to in mode http; none in mode socket.
    pub fn router(&self) -> Router {
        match &self.settings.mode {
            Mode::Socket { .. } => Router::new(),
            Mode::Http { signing_secret } => {
                endpoint::router(signing_secret, Arc::clone(&self.intake), Timestamp::now)
            }
        }
    }

    /// Whether things come over connections that we open.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.settings.mode, Mode::Socket { .. })
    }

    /// Checks the token and, in mode socket, is connected, until `closed`.
    pub async fn run(&self, closed: CancellationToken) {
        let connected = async {
            if let Mode::Socket { app_token } = &self.settings.mode {
                let setup = Setup {
                    api_url: self.settings.api_url.clone(),
                    app_token: app_token.clone(),
                    intake: Arc::clone(&self.intake),
                    state: self.socket.clone(),
                    closed: closed.clone(),
                };
                socket::run(setup).await;
            }
        };
        tokio::join!(closed.run_until_cancelled(self.enter()), connected);
    }

    /// Asks until Slack says whose token it is, or refuses it for good.
    async fn enter(&self) {
        if let Some(identity) = entry::enter(|| self.desk.api.identity(), &self.entry).await {
            self.intake.know_bot(&identity.user);
            self.entry.send_replace(Entry::Done);
            tracing::info!(team = identity.team, "Slack knows the bot");
        }
    }

    /// The workspace's budget of edits is shared by so many processes.
    pub fn shared_by(&self, processes: u64) {
        self.desk.api.gate().shared_by(processes);
    }

    /// How long the last frames of all messages that are live now take, beside the calls themselves.
    #[must_use]
    pub fn finals(&self) -> Duration {
        self.desk.api.gate().finals()
    }

    /// What is not there yet, one sentence each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let entry = match &*self.entry.borrow() {
            Entry::Done => None,
            Entry::Waiting(why) => Some(sentence(why)),
            // whatever it is, the sockets have the same trouble
            Entry::Refused(why) => return vec![sentence(why)],
        };
        let socket = match (&self.settings.mode, &*self.socket.borrow()) {
            (Mode::Http { .. }, _) | (_, State::Ready) => None,
            (_, State::Connecting { .. }) => Some(sentence("no socket is connected yet")),
            (_, State::Lost { why } | State::Refused { why }) => Some(sentence(why)),
        };
        entry.into_iter().chain(socket).collect()
    }
}

/// How long the last frames of so many live messages take at the most, beside the calls themselves.
#[must_use]
pub fn finals_of(messages: usize) -> Duration {
    budget::finals_of(messages)
}

/// What is wrong, with the platform's name before it.
fn sentence(why: &str) -> String {
    if why.starts_with("Slack") { why.to_owned() } else { format!("Slack: {why}") }
}

fn inbox(desk: &Arc<Desk>) -> Inbox {
    let desk = Arc::clone(desk);
    Arc::new(move |incoming| Box::pin(Arc::clone(&desk).take(incoming)))
}

/// Asks Slack whom the tokens belong to: the workspace's id, or one sentence for a person.
///
/// # Errors
/// The sentence.
pub async fn check(settings: &Settings) -> Result<String, String> {
    let api = Api::new(&settings.api_url, &settings.bot_token)
        .map_err(|_| format!("SLACK_BOT_TOKEN {}", SettingsError::BotToken))?;
    let identity = match api.identity().await {
        Ok(identity) => identity,
        Err(ApiError::Unauthorized) => return Err(WRONG_TOKEN.into()),
        Err(error) => return Err(error.chain()),
    };
    if let Mode::Socket { app_token } = &settings.mode {
        match api.open_connection(app_token).await {
            Ok(_) => {}
            Err(ApiError::Unauthorized) => return Err(WRONG_APP_TOKEN.into()),
            Err(error) => return Err(error.chain()),
        }
    }
    Ok(identity.team)
}

/// What to do about a bot token that Slack refuses.
const WRONG_TOKEN: &str = "Slack refuses the token in SLACK_BOT_TOKEN: copy the Bot User OAuth Token from the app's \
                           OAuth & Permissions page (https://api.slack.com/apps) and start again";

/// What to do about an app-level token that Slack refuses.
const WRONG_APP_TOKEN: &str = "Slack refuses the token in SLACK_APP_TOKEN: make an app-level token with the scope \
                               connections:write on the app's Basic Information page (https://api.slack.com/apps) \
                               and start again";
