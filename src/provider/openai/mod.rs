//! The OpenAI chat dialect, which nearly every provider speaks: `POST {base}/chat/completions`, answered by
//! server-sent events with one JSON object each.
//!
//! ```text
//! Prompt + Settings + Quirks -> request::body -> bytes to send
//! event data -> Chunk (lenient JSON) -> Dialect -> Field (cumulative) -> ThinkSplitter -> deltas
//! ```
//!
//! The rules, each needed by some provider: errors are checked before choices; any word is a finish reason, and content
//! may follow it; content may be null, absent or in parts, a piece or the whole text so far; usage arrives in one of
//! six places or never; `[DONE]` ends a stream but may be missing.
//!
//! # Where a new quirk goes
//!
//! - A new or differently placed field in an answer: `chunk`, read in `dialect`.
//! - A field of an odd type: `lenient`, or `content` for texts. JSON that the parser rejects: `repair`.
//! - Text that is sent twice: `cumulative`.
//! - A new way to mark reasoning inside the content: `think`.
//! - A new way to count tokens: `usage`.
//! - A request field that a provider refuses or requires: [`request::Quirks`], learned from the refusal.
//! - A status or error wording with a meaning of its own: the word tables of `provider/errors.rs`.
//! - Broken event framing: `EventSplitter` in [`provider/sse.rs`](super::sse).
//! - A wrong or missing content type, or a model list of another shape: `provider/http/body.rs` and
//!   `provider/http/listing.rs`.
//!
//! Each quirk gets a test in the same file. A recorded stream in `tests/fixtures/sse/` is decoded and compared with
//! its snapshot without further code.

mod chunk;
mod content;
mod cumulative;
mod dialect;
mod field;
mod lenient;
mod repair;
pub mod request;
mod served;
mod think;
mod usage;

use std::collections::VecDeque;

pub use self::dialect::Dialect;
use super::errors;
use crate::model::{Delta, ModelError};

/// Decodes the body of a success that is no event stream: a server that does not stream sends text, usage and finish
/// reason as one JSON object, and some send one object per line.
///
/// # Errors
/// The error that the object reports; [`ModelError::Truncated`] or [`ModelError::Corrupt`] if it is no answer.
pub(super) fn whole_answer(body: &[u8], asked: &str) -> Result<VecDeque<Delta>, ModelError> {
    let text = String::from_utf8_lossy(body);
    if !text.trim_ascii_start().starts_with(['{', '[']) {
        return Err(errors::from_foreign_body(body));
    }
    let (mut dialect, mut deltas) = (Dialect::new(asked, false), VecDeque::new());
    dialect.event("", &text, &mut deltas).and_then(|()| dialect.close(&mut deltas)).map_err(|error| {
        match error {
            ModelError::Corrupt(_) => errors::from_foreign_body(body),
            error => error,
        }
    })?;
    let says = |delta: &Delta| delta.text_len() > 0 || matches!(delta, Delta::Finished(_) | Delta::Usage(_));
    if !deltas.iter().any(says) {
        return Err(ModelError::Corrupt("an answer of unknown structure"));
    }
    deltas.push_back(Delta::Done);
    Ok(deltas)
}

#[cfg(test)]
mod tests;
