//! SHELL. Registration: checks the token and registers the commands, if they differ from what is registered. Discord
//! allows 200 new commands a day
//! (<https://docs.discord.com/developers/interactions/application-commands#registering-a-command>).

use std::time::Duration;

use serde_json::Value;
use tokio::{sync::watch, time::Instant};

use super::{
    commands,
    rest::{Request, Rest, RestError, Route},
    webhook::PublicKey,
};
use crate::{
    backoff::Backoff,
    platform::connection::{self, Startup, StartupError},
};

/// The time that one attempt may take, all calls together.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// The wait after a failed attempt.
const RETRY_DELAY: Backoff = Backoff::new(Duration::from_secs(2), Duration::from_mins(1));

/// The commands to register, and where.
pub(super) struct Registration {
    /// The definition of the commands.
    pub(super) commands: Value,
    /// The only server that gets them; `None` registers them globally.
    pub(super) guild: Option<u64>,
    /// The public key of the configuration, in mode http.
    pub(super) key: Option<PublicKey>,
}

/// Retries until the commands are registered or Discord refuses the token for good.
pub(super) async fn register(rest: &Rest, registration: &Registration, state: &watch::Sender<Startup>) {
    let attempt = || attempt(rest, registration);
    if let Some(done) = connection::start("Discord", state, RETRY_DELAY, attempt).await {
        tracing::info!("{done}");
    }
}

/// Registers the commands unless they are registered, and returns a sentence for the log.
async fn attempt(rest: &Rest, registration: &Registration) -> Result<&'static str, StartupError> {
    let Registration { commands, guild, key } = registration;
    let until = Instant::now() + ATTEMPT_TIMEOUT;
    let failed = |error| failed(&error, *guild);
    let (application, verify_key) = application(rest, until).await.map_err(failed)?;
    if !is_key(*key, verify_key) {
        return Err(StartupError::Refused(WRONG_KEY.into()));
    }
    let list = Request::get(Route::ListCommands { application, guild: *guild });
    let listed = rest.send(&list, until).await.map_err(failed)?;
    if commands::same(commands, &listed) {
        return Ok("the commands are registered already");
    }
    let put = Request::json(Route::PutCommands { application, guild: *guild }, commands.clone());
    rest.send(&put, until).await.map_err(failed)?;
    Ok("the commands were registered")
}

/// The reason of a failed call. A refusal without one of Discord's own codes comes from a proxy or a bad day, and may
/// pass.
fn failed(error: &RestError, guild: Option<u64>) -> StartupError {
    match error {
        RestError::Unauthorized => StartupError::Refused(WRONG_TOKEN.to_owned()),
        RestError::Forbidden { code: 1.. } | RestError::Invalid { code: 1.., .. } => {
            StartupError::Refused(match guild {
                Some(guild) => format!(
                    "Discord refuses to register the commands in server {guild} ({error}): is the bot there, and is \
                     [discord] guild_id right?"
                ),
                None => format!("Discord refuses to register the commands: {error}"),
            })
        }
        _ => StartupError::Passing(error.chain()),
    }
}

/// Asks Discord until `until` for the id of the token's application and its public key, if Discord names one.
///
/// # Errors
/// [`RestError::Unauthorized`] for a wrong token, and any other [`RestError`].
pub(super) async fn application(rest: &Rest, until: Instant) -> Result<(u64, Option<PublicKey>), RestError> {
    let body = rest.send(&Request::get(Route::Application), until).await?;
    let id = body["id"].as_str().and_then(|id| id.parse().ok());
    let key = body["verify_key"].as_str().and_then(PublicKey::parse);
    Ok((id.ok_or_else(|| RestError::transport("the response names no application"))?, key))
}

/// Returns true unless both keys are known and differ.
pub(super) fn is_key(ours: Option<PublicKey>, theirs: Option<PublicKey>) -> bool {
    ours.zip(theirs).is_none_or(|(ours, theirs)| ours == theirs)
}

/// The way out for a token that Discord refuses.
pub(super) const WRONG_TOKEN: &str = "Discord refuses the token in DISCORD_TOKEN: reset it on the application's Bot \
                                      page (https://discord.com/developers/applications) and start again";

/// The way out for a public key of another application.
pub(super) const WRONG_KEY: &str = "DISCORD_PUBLIC_KEY is not the key of the application that DISCORD_TOKEN belongs \
                                    to: copy the public key from its General Information page and start again";
