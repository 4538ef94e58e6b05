//! SHELL. Messages of the bot itself and the threads below them, besides the responses to interactions.
//!
//! A post carries a nonce, by which Discord recognizes a repetition for some minutes, of this process or of another
//! (<https://docs.discord.com/developers/resources/message#create-message>). So a post whose response was lost can be
//! repeated.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    interaction::snowflake,
    render::Body,
    rest::{File, Request, Rest, RestError, Route},
};

/// Discord's code for a message that already has a thread
/// (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>).
const THREAD_EXISTS: u32 = 160_004;

/// Posts a message with `files` in `channel` and returns its id.
///
/// # Errors
/// The call's error.
pub(super) async fn post(
    rest: &Rest,
    channel: u64,
    (body, files): (&Body, Vec<File>),
    nonce: &str,
    deadline: Instant,
) -> Result<u64, RestError> {
    let mut body = body.json();
    body["nonce"] = nonce.into();
    body["enforce_nonce"] = true.into();
    let request = Request::json(Route::CreateMessage { channel }, body).with_files(files);
    let message: Value = rest.send(&request, deadline).await?;
    // with an equal nonce the next call learns the id
    snowflake(&message["id"]).ok_or_else(|| RestError::transport("the response names no message"))
}

/// Opens the thread below a message, which has the message's id, or finds it open
/// (<https://docs.discord.com/developers/resources/channel#start-thread-from-message>).
///
/// # Errors
/// The call's error.
pub(super) async fn open_thread(
    rest: &Rest,
    (channel, message): (u64, u64),
    name: &str,
    deadline: Instant,
) -> Result<(), RestError> {
    let request = Request::json(Route::StartThread { channel, message }, json!({ "name": name }));
    match rest.send(&request, deadline).await {
        Ok(_) | Err(RestError::Invalid { code: THREAD_EXISTS, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
