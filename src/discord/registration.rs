//! SHELL. Registration: checks the token and registers the commands, if they differ from what is registered. Discord
//! allows 200 new commands a day
//! (<https://docs.discord.com/developers/interactions/application-commands#registering-a-command>).
//!
//! Discord lists a global command and one of a server side by side, so the commands that another `guild_id` left behind are
//! removed afterwards.

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

/// The time for removing commands of another configuration, all calls together.
const REMOVAL_TIMEOUT: Duration = Duration::from_mins(1);
/// The servers in which commands of another configuration are looked for.
const MAX_GUILDS: usize = 50;

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
    let Some((application, done)) = connection::start("Discord", state, RETRY_DELAY, attempt).await else {
        return;
    };
    tracing::info!("{done}");
    match remove_others(rest, application, registration.guild).await {
        Ok(()) => tracing::debug!("commands of another guild_id are gone"),
        Err(error) => {
            tracing::warn!(
                error = error.chain(),
                "failed to look for commands of another guild_id: /arena may be listed twice"
            );
        }
    }
}

/// Removes our commands from all places but `here`: everywhere, and the servers where the bot is a member.
async fn remove_others(rest: &Rest, application: u64, here: Option<u64>) -> Result<(), RestError> {
    let until = Instant::now() + REMOVAL_TIMEOUT;
    let guilds = rest.send(&Request::new(Route::ListGuilds), until).await?;
    let guilds = guilds.as_array().into_iter().flatten().filter_map(id).take(MAX_GUILDS);
    let others = [None].into_iter().chain(guilds.map(Some)).filter(|guild| *guild != here);
    for guild in others {
        let listed = rest.send(&Request::new(Route::ListCommands { application, guild }), until).await;
        let listed = match listed {
            // a server that gave the bot a place, but not its commands
            Err(RestError::Forbidden { .. }) if guild.is_some() => continue,
            listed => listed?,
        };
        let is_ours = |command: &&Value| commands::NAMES.iter().any(|name| command["name"] == *name);
        let ours = listed.as_array().into_iter().flatten().filter(is_ours);
        for command in ours.filter_map(id) {
            let delete = Request::new(Route::DeleteCommand { application, guild, command });
            match rest.send(&delete, until).await {
                // another replica was first
                Err(RestError::Invalid { status: 404, .. }) => {}
                deleted => drop(deleted?),
            }
            tracing::info!(guild, "removed a command that another guild_id had registered");
        }
    }
    Ok(())
}

fn id(object: &Value) -> Option<u64> {
    object["id"].as_str()?.parse().ok()
}

/// Registers the commands unless they are registered. Returns the application's id and a sentence for the log.
async fn attempt(rest: &Rest, registration: &Registration) -> Result<(u64, &'static str), StartupError> {
    let Registration { commands, guild, key } = registration;
    let until = Instant::now() + ATTEMPT_TIMEOUT;
    let failed = |error| failed(&error, *guild);
    let Application { id: application, key: verify_key, .. } =
        application(rest, until).await.map_err(failed)?;
    if !is_key(*key, verify_key) {
        return Err(StartupError::Refused(WRONG_KEY.into()));
    }
    let list = Request::new(Route::ListCommands { application, guild: *guild });
    let listed = rest.send(&list, until).await.map_err(failed)?;
    if commands::same(commands, &listed) {
        return Ok((application, "the commands are registered already"));
    }
    let put = Request::json(Route::PutCommands { application, guild: *guild }, commands.clone());
    rest.send(&put, until).await.map_err(failed)?;
    Ok((application, "the commands were registered"))
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

/// Asks Discord until `until` for the token's application.
///
/// # Errors
/// [`RestError::Unauthorized`] for a wrong token, and any other [`RestError`].
pub(super) async fn application(rest: &Rest, until: Instant) -> Result<Application, RestError> {
    let body = rest.send(&Request::new(Route::Application), until).await?;
    let key = body["verify_key"].as_str().and_then(PublicKey::parse);
    let application = id(&body).ok_or_else(|| RestError::transport("the response names no application"))?;
    Ok(Application { id: application, bot: id(&body["bot"]).unwrap_or(application), key })
}

/// The application that a token belongs to.
pub(super) struct Application {
    /// Its id.
    pub(super) id: u64,
    /// The id of its bot user.
    pub(super) bot: u64,
    /// Its public key, if Discord names one.
    pub(super) key: Option<PublicKey>,
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
