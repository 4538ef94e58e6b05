//! The parsers and renderers that meet foreign bytes, for the fuzz targets and `tests/laws`.

use tokio::time::Instant;

use super::{
    interaction::{self, Kind},
    permissions::Access,
    render,
    webhook::{self, PublicKey},
};
use crate::platform::webhook::post_fuzzed;

/// A valid public key.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// Reads the body of an interaction and returns the user's words in it; `None` if it cannot be answered.
#[must_use]
pub fn interaction(body: &[u8]) -> Option<Vec<String>> {
    let json = serde_json::from_slice(body).ok()?;
    let interaction = interaction::read(&json, Instant::now()).ok()?;
    let _ = Access { servers: vec![1], channels: vec![2], roles: vec![3] }.check(&interaction);
    Some(match interaction.kind {
        Kind::Command { word, options, .. } => {
            std::iter::once(word).chain(options.into_iter().map(|(_, value)| value)).collect()
        }
        Kind::MessageCommand { target } => vec![target.source.text, target.quote.author],
        Kind::Completion { focused: (_, typed) } => vec![typed],
        Kind::Button { custom_id, .. } => {
            render::pressed(&custom_id).map(|(button, _)| button.to_string()).into_iter().collect()
        }
        Kind::Form { values, .. } => values.into_iter().map(|(_, value)| value).collect(),
        Kind::Message { text } => vec![text],
        Kind::Unreadable { .. } => vec![],
    })
}

/// Sends a delivery with these signature headers to the webhook and returns the answer's status.
pub async fn delivery(headers: [&[u8]; 2], body: Vec<u8>) -> u16 {
    let key = PublicKey::parse(KEY).expect("a valid key");
    let router = webhook::router(key, std::sync::Arc::new(drop));
    let [signature, timestamp] = headers;
    let headers = [("x-signature-ed25519", signature), ("x-signature-timestamp", timestamp)];
    post_fuzzed(router, "/discord/interactions", &headers, body).await
}

/// Renders an answer in at most `limit` UTF-16 units.
#[must_use]
pub fn answer(text: &str, is_writing: bool, limit: usize) -> String {
    render::Answer::new(text, is_writing, 160, false).within(limit).0
}
