//! Slack: `/arena` in a workspace.
//!
//! The only module that names slack-morphism: for the types of events and blocks, and for signatures.
//!
//! # The way of a command
//!
//! `socket` (connections of ours) or `webhook` (Slack posts to us) -> `incoming` (one parser for both) -> `handlers`
//! (acknowledges at once, starts the race) -> `surface` (one live message) -> `render` (pure: a view as blocks) ->
//! `budget` (the rate limits of a workspace) -> `api` (one client). `surface` gives orphans their final frame too, `alerts`
//! posts what the service noticed by itself.

mod alerts;
mod api;
mod budget;
mod directory;
mod extras;
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
mod incoming;
mod permissions;
mod posts;
mod render;
mod socket;
mod surface;
mod webhook;

use std::{sync::Arc, time::Duration};

use axum::Router;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::{
    alerts::SlackAlerts,
    api::{Api, ApiError},
    directory::Directory,
    extras::AcceptedExtras,
    handlers::{CommandHandler, FullAnswers},
    incoming::Intake,
    socket::{Setup, TIMING},
};
pub use self::{budget::finals_of, permissions::Access};
use crate::{
    alert::AlertChannel,
    arena::Arena,
    backoff::Backoff,
    guide::Example,
    platform::{
        ConnectionState,
        connection::{self, Startup, StartupError},
        files::FileClient,
        handlers::Handlers,
        metrics::PlatformMetrics,
        seal::Sealer,
    },
};

/// The platform's name in the store and in metrics.
const PLATFORM: &str = "slack";
/// The host of shared files (<https://docs.slack.dev/reference/objects/file-object>).
const FILES: &str = "files.slack.com";
/// The origin of Slack's own API.
const OWN_API: &str = "https://slack.com";
const METRICS: PlatformMetrics = PlatformMetrics { platform: PLATFORM };

/// The wait after a failed check of the token.
const RETRY_DELAY: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// The deadline for a socket's address when an operator checks the settings.
const CHECK_TIMEOUT: Duration = Duration::from_secs(6);

/// The way in which commands arrive.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Over Socket Mode connections that we open.
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

/// The settings of the Slack surface.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Web API, such as `https://slack.com/api`; no request goes anywhere else.
    pub api_url: Url,
    /// The bot's token (`xoxb-`).
    pub bot_token: SecretString,
    /// The way in which commands arrive.
    pub mode: Mode,
    /// The ids of users who may stop any race.
    pub admins: Vec<String>,
    /// True if final frames have Slack's own bar chart.
    pub native_chart: bool,
    /// The example prompts.
    pub examples: Vec<Example>,
    /// The allow-lists.
    pub access: Access,
    /// True if people may race the messages of others.
    pub may_race_others: bool,
    /// The longest time of an answer, which the files of a prompt may not exceed.
    pub answer_timeout: Duration,
    /// The id of the channel of alerts.
    pub alerts: Option<String>,
}

/// The reason why the Slack surface cannot be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The bot's token holds characters that no request can carry.
    #[error("cannot be a token; copy it again from the app's OAuth & Permissions page")]
    BotToken,
}

/// The Slack surface.
pub struct Slack {
    handler: Arc<CommandHandler>,
    intake: Arc<Intake>,
    settings: Settings,
    startup: watch::Sender<Startup>,
    socket: watch::Sender<ConnectionState>,
}

impl Slack {
    /// Creates the Slack surface of `arena`; nothing is called yet.
    ///
    /// # Errors
    /// [`SettingsError`] for a token that cannot be one.
    pub fn new(arena: Arc<Arena>, settings: Settings) -> Result<Self, SettingsError> {
        let api = Api::new(&settings.api_url, &settings.bot_token).map_err(|_| SettingsError::BotToken)?;
        let handler = Arc::new(CommandHandler {
            handlers: Handlers {
                arena,
                examples: settings.examples.clone(),
                may_race_others: settings.may_race_others,
                sealer: Sealer::new(&settings.bot_token),
                files: FileClient::new("Slack", &[FILES], (&settings.api_url, OWN_API))
                    .with_token(&settings.bot_token)
                    .within(settings.answer_timeout),
            },
            directory: Directory::new(api.clone()),
            api,
            admins: settings.admins.clone(),
            extras: Arc::new(AcceptedExtras::new(settings.native_chart)),
            access: settings.access.clone(),
            full_answers: FullAnswers::default(),
        });
        let inbox = Arc::clone(&handler);
        let intake = Intake::new(Arc::new(move |incoming| Box::pin(Arc::clone(&inbox).take(incoming))));
        let startup = Startup::Waiting("its token is not checked yet".into());
        Ok(Self {
            handler,
            intake: Arc::new(intake),
            settings,
            startup: watch::Sender::new(startup),
            socket: watch::Sender::new(ConnectionState::Connecting),
        })
    }

    /// Returns the channel of alerts, if one is set.
    #[must_use]
    pub fn alerts(&self) -> Option<Arc<dyn AlertChannel>> {
        let (api, handlers) = (self.handler.api.clone(), &self.handler.handlers);
        let new =
            |channel| SlackAlerts::new(Arc::clone(&handlers.arena), api, handlers.sealer.clone(), channel);
        self.settings.alerts.clone().map(|channel| Arc::new(new(channel)) as Arc<dyn AlertChannel>)
    }

    /// Returns the routes that Slack posts to in mode http; none in mode socket.
    pub fn router(&self) -> Router {
        match &self.settings.mode {
            Mode::Socket { .. } => Router::new(),
            Mode::Http { signing_secret } => {
                webhook::router(signing_secret, Arc::clone(&self.intake), Timestamp::now)
            }
        }
    }

    /// Returns true if commands arrive over connections that we open.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.settings.mode, Mode::Socket { .. })
    }

    /// Checks the token and, in mode socket, runs the connections, until `closed` is cancelled.
    pub async fn run(&self, closed: CancellationToken) {
        let connected = async {
            if let Mode::Socket { app_token } = &self.settings.mode {
                let setup = Setup {
                    api: self.handler.api.clone(),
                    app_token: app_token.clone(),
                    intake: Arc::clone(&self.intake),
                    state: self.socket.clone(),
                    closed: closed.clone(),
                    timing: TIMING,
                };
                socket::run(setup).await;
            }
        };
        tokio::join!(closed.run_until_cancelled(self.check_token()), connected);
    }

    /// Retries until Slack identifies the token's owner or refuses the token for good.
    async fn check_token(&self) {
        let attempt = || async {
            self.handler.api.identity().await.map_err(|error| match error {
                ApiError::Unauthorized { .. } => StartupError::Refused(WRONG_TOKEN.into()),
                error => StartupError::Passing(error.to_string()),
            })
        };
        if let Some(identity) = connection::start("Slack", &self.startup, RETRY_DELAY, attempt).await {
            self.intake.know_bot(&identity.user);
            tracing::info!(team = identity.team, "Slack knows the bot");
        }
    }

    /// Shares the workspace's budget of edits with `processes` processes, this one included.
    pub fn shared_by(&self, processes: u64) {
        self.handler.api.rate_limiter().shared_by(processes);
    }

    /// Returns how long the final frames of all live messages have to wait, besides the calls themselves.
    #[must_use]
    pub fn finals(&self) -> Duration {
        self.handler.api.rate_limiter().finals()
    }

    /// Returns what readiness still misses, one sentence each.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let socket = self.socket.borrow();
        let socket = Some(&*socket).filter(|_| self.is_connected());
        connection::missing("Slack", &self.startup.borrow(), socket)
    }
}

/// Checks the tokens, and that the bot may post alerts. Returns the workspace's id.
///
/// # Errors
/// One sentence for the operator.
pub async fn check(settings: &Settings) -> Result<String, String> {
    let api = Api::new(&settings.api_url, &settings.bot_token)
        .map_err(|_| format!("SLACK_BOT_TOKEN {}", SettingsError::BotToken))?;
    let sentence = |error: ApiError, wrong_token: &str| match error {
        ApiError::Unauthorized { .. } => wrong_token.to_owned(),
        error => error.to_string(),
    };
    let identity = api.identity().await.map_err(|error| sentence(error, WRONG_TOKEN))?;
    if let Mode::Socket { app_token } = &settings.mode {
        let opened = api.open_connection(app_token, CHECK_TIMEOUT).await;
        opened.map_err(|error| sentence(error, WRONG_APP_TOKEN))?;
    }
    if let Some(channel) = &settings.alerts {
        let checked = alerts::check(&api, channel).await;
        checked.map_err(|why| format!("[alerts] slack_channel: {why}"))?;
    }
    Ok(identity.team)
}

/// The way out for a bot token that Slack refuses.
const WRONG_TOKEN: &str = "Slack refuses the token in SLACK_BOT_TOKEN: copy the Bot User OAuth Token from the app's \
                           OAuth & Permissions page (https://api.slack.com/apps) and start again";

/// The way out for an app-level token that Slack refuses.
const WRONG_APP_TOKEN: &str = "Slack refuses the token in SLACK_APP_TOKEN: make an app-level token with the scope \
                               connections:write on the app's Basic Information page (https://api.slack.com/apps) \
                               and start again";
