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

/// Returns true for Discord's own refusal. One without a code comes from a proxy or a bad day, and may pass.
fn is_final(error: &RestError) -> bool {
    match error {
        RestError::Unauthorized => true,
        RestError::Forbidden { code } | RestError::Invalid { code, .. } => *code != 0,
        _ => false,
    }
}

/// Registers the commands unless they are registered, and returns a sentence for the log.
async fn attempt(rest: &Rest, registration: &Registration) -> Result<&'static str, StartupError> {
    let until = Instant::now() + ATTEMPT_TIMEOUT;
    let guild = registration.guild;
    let failed = |error: RestError| {
        if is_final(&error) {
            StartupError::Refused(refused(&error, guild))
        } else {
            StartupError::Passing(error.chain())
        }
    };
    let (application, verify_key) = application(rest, until).await.map_err(failed)?;
    if !is_key(registration.key.as_ref(), verify_key.as_ref()) {
        return Err(StartupError::Refused(WRONG_KEY.into()));
    }
    let list = Request::get(Route::ListCommands { application, guild });
    let listed = rest.send(&list, until).await.map_err(failed)?.body;
    if commands::same(&registration.commands, &listed) {
        return Ok("the commands are registered already");
    }
    let route = Route::PutCommands { application, guild };
    let put = Request::json(route, registration.commands.clone());
    rest.send(&put, until).await.map_err(failed)?;
    Ok("the commands were registered")
}

/// Asks Discord until `until` for the id of the token's application and its public key, if Discord names one.
///
/// # Errors
/// [`RestError::Unauthorized`] for a wrong token, and any other [`RestError`].
pub(super) async fn application(rest: &Rest, until: Instant) -> Result<(u64, Option<PublicKey>), RestError> {
    let answer = rest.send(&Request::get(Route::Application), until).await?;
    let id = answer.body["id"].as_str().and_then(|id| id.parse().ok());
    let key = answer.body["verify_key"].as_str().and_then(PublicKey::parse);
    Ok((id.ok_or(RestError::Invalid { status: answer.status, code: 0 })?, key))
}

/// Returns true unless both keys are known and differ.
pub(super) fn is_key(ours: Option<&PublicKey>, theirs: Option<&PublicKey>) -> bool {
    ours.zip(theirs).is_none_or(|(ours, theirs)| ours == theirs)
}

fn refused(error: &RestError, guild: Option<u64>) -> String {
    match (error, guild) {
        (RestError::Unauthorized, _) => WRONG_TOKEN.to_owned(),
        (_, Some(guild)) => format!(
            "Discord refuses to register the commands in server {guild} ({error}): is the bot there, and is \
             [discord] guild_id right?"
        ),
        (_, None) => format!("Discord refuses to register the commands: {error}"),
    }
}

/// The way out for a token that Discord refuses.
pub(super) const WRONG_TOKEN: &str = "Discord refuses the token in DISCORD_TOKEN: reset it on the application's Bot \
                                      page (https://discord.com/developers/applications) and start again";

/// The way out for a public key of another application.
pub(super) const WRONG_KEY: &str = "DISCORD_PUBLIC_KEY is not the key of the application that DISCORD_TOKEN belongs \
                                    to: copy the public key from its General Information page and start again";
