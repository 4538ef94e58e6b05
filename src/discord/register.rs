//! SHELL. Enters Discord: who we are, and the commands as they should be.
//!
//! Registers only what differs from what is there: Discord allows 200 new commands a day
//! (<https://docs.discord.com/developers/interactions/application-commands#registering-a-command>). Must not know
//! what commands do.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    commands,
    endpoint::PublicKey,
    rest::{Request, Rest, RestError, Route},
};

/// How long one attempt may take, all calls together.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first wait after a failed attempt; it doubles.
const AGAIN_FIRST: Duration = Duration::from_secs(2);
const AGAIN_MOST: Duration = Duration::from_mins(1);

/// How far that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Not yet; one sentence.
    Waiting(String),
    /// The commands are as they should be.
    Done,
    /// It will not be tried again: what is wrong and the way out.
    Refused(String),
}

/// What to register, and where.
pub(super) struct Registration {
    /// The commands.
    pub(super) commands: Value,
    /// In this server alone.
    pub(super) guild: Option<u64>,
    /// The key by which we know what Discord posts to us, where it does.
    pub(super) key: Option<PublicKey>,
}

/// Tries until the commands are registered or Discord refuses the token for good.
pub(super) async fn enter(rest: &Rest, registration: &Registration, told: &watch::Sender<Entry>) {
    let mut again = AGAIN_FIRST;
    loop {
        match attempt(rest, registration).await {
            Ok(done) => {
                told.send_replace(Entry::Done);
                return tracing::info!("{done}");
            }
            Err(Failed::Key) => return refuse(WRONG_KEY, told),
            Err(Failed::Call(error)) if is_final(&error) => {
                return refuse(&refused(&error, registration.guild), told);
            }
            Err(Failed::Call(error)) => {
                let why = format!("Discord's API at the configured address: {}", error.chain());
                told.send_replace(Entry::Waiting(why));
                tracing::warn!(error = error.chain(), again_in = ?again, "the commands are not registered yet");
            }
        }
        sleep(again).await;
        again = (again * 2).min(AGAIN_MOST);
    }
}

/// Said first where readiness looks, then in the log.
fn refuse(why: &str, told: &watch::Sender<Entry>) {
    told.send_replace(Entry::Refused(why.to_owned()));
    tracing::error!("{why}");
}

/// Discord's own word that it will not have it. A refusal without a code is of what stands before Discord, or of a
/// bad day, and may pass.
fn is_final(error: &RestError) -> bool {
    match error {
        RestError::Unauthorized => true,
        RestError::Forbidden { code } | RestError::Invalid { code, .. } => *code != 0,
        _ => false,
    }
}

enum Failed {
    /// The public key is another application's.
    Key,
    Call(RestError),
}

impl From<RestError> for Failed {
    fn from(error: RestError) -> Self {
        Self::Call(error)
    }
}

/// What was done, for the log: by then it must be true for those who look.
async fn attempt(rest: &Rest, registration: &Registration) -> Result<&'static str, Failed> {
    let until = Instant::now() + PATIENCE;
    let (application, verify_key) = application(rest, until).await?;
    if !is_key(registration.key.as_ref(), verify_key.as_ref()) {
        return Err(Failed::Key);
    }
    let guild = registration.guild;
    let listed = rest.send(&Request::get(Route::ListCommands { application, guild }), until).await?.body;
    if commands::same(&registration.commands, &listed) {
        return Ok("the commands are registered already");
    }
    let route = Route::PutCommands { application, guild };
    rest.send(&Request::json(route, registration.commands.clone()), until).await?;
    Ok("the commands were registered")
}

/// The application's id and public key, if it tells that: asks Discord whom the token belongs to, until `until`.
///
/// # Errors
/// [`RestError::Unauthorized`] for a wrong token; see there.
pub(super) async fn application(rest: &Rest, until: Instant) -> Result<(u64, Option<PublicKey>), RestError> {
    let answer = rest.send(&Request::get(Route::Application), until).await?;
    let id = answer.body["id"].as_str().and_then(|id| id.parse().ok());
    let key = answer.body["verify_key"].as_str().and_then(PublicKey::parse);
    Ok((id.ok_or(RestError::Invalid { status: answer.status, code: 0 })?, key))
}

/// Whether `ours`, where there is one, is the key that Discord tells, if it does.
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

/// What to do about a token that Discord refuses.
pub(super) const WRONG_TOKEN: &str = "Discord refuses the token in DISCORD_TOKEN: reset it on the application's Bot \
                                      page (https://discord.com/developers/applications) and start again";

/// What to do about a public key that is not that of the token's application.
pub(super) const WRONG_KEY: &str = "DISCORD_PUBLIC_KEY is not the key of the application that DISCORD_TOKEN belongs \
                                    to: copy the public key from its General Information page and start again";
