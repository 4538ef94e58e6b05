//! Acknowledgements: in time, in the right form, and what they show. Pure.
//! <https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response>

use std::time::Duration;

use serde_json::Value;

use super::{
    message::Look,
    referee::{self, Violations},
    world::{Acknowledgement, ActionKind, World},
};

impl World {
    /// Records the response to a posted payload.
    pub(super) fn posted(&mut self, id: usize, after: Duration, status: u16, body: &str) {
        let name = self.actions[id].name();
        let is_command = matches!(self.actions[id].kind, ActionKind::Command { .. });
        let is_fair = status == 200 || self.actions[id].is_excused;
        if !is_fair {
            self.violation(format!("{name} was posted and got {status}: {body:?}"));
        }
        let payload = if status == 200 && !body.is_empty() { serde_json::from_str(body).ok() } else { None };
        if status == 200 && !body.is_empty() && payload.is_none() {
            self.violation(format!("{name} was acknowledged with no JSON: {body:?}"));
        }
        if is_command && payload.as_ref().is_some_and(is_empty) {
            self.violation(format!("{name} was acknowledged with {{}}, which people would see"));
        }
        self.acked(id, after, status, payload);
    }

    /// Records an acknowledgement.
    pub(super) fn acked(&mut self, id: usize, after: Duration, status: u16, payload: Option<Value>) {
        let (name, is_excused) = (self.actions[id].name(), self.actions[id].is_excused);
        if after > self.acks_within && !is_excused {
            self.violation(format!("{name} was acknowledged after {} ms", after.as_millis()));
        }
        let answer = payload.as_ref().filter(|payload| !is_empty(payload));
        let shown = answer.and_then(|answer| match &self.actions[id].kind {
            ActionKind::Command { .. } => Some(answer.clone()),
            _ => None,
        });
        let shown = shown.map(|answer| self.shows_ack(id, &answer));
        match (&self.actions[id].kind.clone(), answer) {
            (ActionKind::Submission { view }, answer) => self.closes(view, answer),
            (ActionKind::Command { .. }, _) | (_, None) => {}
            (_, Some(_)) => self.violation(format!("{name} was acknowledged with something in it")),
        }
        self.actions[id].acks.push(Acknowledgement { after, status, payload, shown });
    }

    /// The answer to a command, which only the asker sees.
    fn shows_ack(&mut self, id: usize, answer: &Value) -> String {
        let mut violations = Violations::default();
        referee::ack(&mut violations, answer, self.takes);
        self.blame("an acknowledgement", &violations);
        let fields = answer.as_object().cloned().unwrap_or_default();
        let (channel, user) = (self.actions[id].channel.clone(), self.actions[id].user.id.to_owned());
        self.add(Look::of(&fields), (&channel, None), Some(user), Some(id))
    }

    /// Applies the acknowledgement of a submission to its modal.
    fn closes(&mut self, view: &str, answer: Option<&Value>) {
        let mut violation = None;
        let view = self.views.iter_mut().find(|other| other.id == view).expect("a view");
        match answer {
            None => view.is_open = false,
            Some(answer) if answer["response_action"] == "errors" => {
                let errors = answer["errors"].as_object().cloned().unwrap_or_default();
                let known = |id: &str| {
                    list(&view.sent["blocks"]).iter().any(|b| b["block_id"] == id && b["type"] == "input")
                };
                if errors.is_empty()
                    || errors.iter().any(|(id, text)| !known(id) || text.as_str().is_none_or(str::is_empty))
                {
                    violation = Some(format!("errors name inputs and say what is wrong: {answer}"));
                }
                let text = |text: &Value| text.as_str().unwrap_or_default().to_owned();
                view.errors = errors.iter().map(|(id, said)| (id.clone(), text(said))).collect();
            }
            Some(answer) if answer["response_action"] == "clear" => view.is_open = false,
            Some(answer) => violation = Some(format!("a modal was answered with {answer}")),
        }
        if let Some(violation) = violation {
            self.violation(violation);
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_empty(payload: &Value) -> bool {
    payload.is_null() || payload.as_object().is_some_and(serde_json::Map::is_empty)
}
