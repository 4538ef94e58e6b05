//! The rules of acknowledgements. Pure.
//!
//! <https://docs.slack.dev/apis/events-api/using-socket-mode#acknowledge>

use std::{collections::HashMap, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

/// The rules of a server.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The app's id in the greeting.
    pub app: String,
    /// The time within which an acknowledgement must arrive.
    pub patience: Duration,
    /// The maximum number of connections.
    pub most: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { app: "A0ARENA".into(), patience: Duration::from_secs(3), most: 10 }
    }
}

/// An envelope that waits for its acknowledgement.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) kind: &'static str,
    pub(super) takes_answer: bool,
    pub(super) is_view: bool,
    pub(super) sent: Instant,
}

/// The envelopes of one connection.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pending: HashMap<String, Pending>,
    done: Vec<String>,
}

impl Ledger {
    /// Records an envelope.
    pub(super) fn sent(&mut self, envelope: &str, pending: Pending) {
        self.pending.insert(envelope.to_owned(), pending);
    }

    /// Returns the time at which the next acknowledgement is due.
    pub(super) fn due(&self, patience: Duration) -> Option<Instant> {
        self.pending.values().map(|pending| pending.sent + patience).min()
    }

    /// Returns envelopes that were not acknowledged in time, each once.
    pub(super) fn late(&mut self, patience: Duration, now: Instant) -> Vec<String> {
        let late: Vec<String> = self
            .pending
            .iter()
            .filter(|(_, pending)| now >= pending.sent + patience)
            .map(|(envelope, _)| envelope.clone())
            .collect();
        for envelope in &late {
            self.pending.remove(envelope);
        }
        late
    }

    /// The envelope of an acknowledgement, what was sent with it and the answer.
    pub(super) fn acked(&mut self, text: &str) -> Result<(String, Pending, Option<Value>), String> {
        let ack: Value = serde_json::from_str(text).map_err(|_| "the client sent no JSON".to_owned())?;
        let fields = ack.as_object().ok_or("the client sent no object")?;
        if let Some(unknown) = fields.keys().find(|key| !["envelope_id", "payload"].contains(&key.as_str())) {
            return Err(format!("an acknowledgement with the field {unknown}"));
        }
        let envelope = fields.get("envelope_id").and_then(Value::as_str).ok_or("an answer to no envelope")?;
        let Some(pending) = self.pending.remove(envelope) else {
            let why = if self.done.iter().any(|done| done == envelope) { "twice" } else { "late or unasked" };
            return Err(format!("{envelope} was acknowledged {why}"));
        };
        self.done.push(envelope.to_owned());
        let answer = fields.get("payload").cloned();
        if let Some(answer) = &answer {
            check(&pending, answer).map_err(|violation| format!("{}: {violation}", pending.kind))?;
        }
        Ok((envelope.to_owned(), pending, answer))
    }
}

fn check(pending: &Pending, answer: &Value) -> Result<(), String> {
    if !pending.takes_answer {
        return Err("an answer where none is taken".into());
    }
    let fields = answer.as_object().ok_or("an answer that is no object")?;
    match pending.kind {
        "slash_commands" => message(fields),
        "interactive" if pending.is_view => view(answer),
        _ => Err("an answer where none is possible".into()),
    }
}

fn message(fields: &serde_json::Map<String, Value>) -> Result<(), String> {
    const KNOWN: [&str; 4] = ["text", "blocks", "response_type", "attachments"];
    if let Some(unknown) = fields.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!("a message with the field {unknown}"));
    }
    if fields.get("text").is_some_and(|text| text.as_str().is_none_or(str::is_empty)) {
        return Err("a text that is none".into());
    }
    let blocks = fields.get("blocks").map(|blocks| blocks.as_array().ok_or("blocks that are no list"));
    let blocks = blocks.transpose()?.map(Vec::as_slice).unwrap_or_default();
    if blocks.len() > 50 || blocks.iter().any(|block| !block["type"].is_string()) {
        return Err("blocks that are none, or too many".into());
    }
    match fields.get("response_type").map(|kind| kind.as_str().unwrap_or_default()) {
        None | Some("ephemeral" | "in_channel") => Ok(()),
        Some(other) => Err(format!("a message for {other:?}")),
    }
}

fn view(answer: &Value) -> Result<(), String> {
    match answer["response_action"].as_str() {
        Some("clear" | "update" | "push") => Ok(()),
        Some("errors") => {
            let errors = answer["errors"].as_object().ok_or("errors that are none")?;
            let spoken = errors.values().all(|text| text.as_str().is_some_and(|text| !text.is_empty()));
            if spoken && !errors.is_empty() { Ok(()) } else { Err("errors that say nothing".into()) }
        }
        other => Err(format!("the modal is answered with {other:?}")),
    }
}
