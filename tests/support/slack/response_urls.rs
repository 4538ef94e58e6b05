//! Private answers by a `response_url`: five within half an hour, for one person. Pure.
//! <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>

use super::{
    call::Call,
    message::{Look, Ts},
    reply::Reply,
    world::{Action, ActionKind, ResponseUrl, World},
};

impl World {
    /// A new `response_url`: its key.
    pub(super) fn response_url(&mut self, action: usize) -> String {
        let key = format!("T0TEAM/{}/5ecrethook", self.number());
        self.response_urls
            .insert(key.clone(), ResponseUrl { action, made: tokio::time::Instant::now(), used: 0 });
        key
    }

    /// A message to a `response_url`.
    pub(super) fn respond(&mut self, call: &Call) -> Reply {
        let (life, uses) = (self.response_life, self.response_uses);
        let Some(response_url) = self.response_urls.get_mut(&call.address) else {
            self.violation_of(call.method, "there is no such response_url");
            return Reply::refused("invalid_url").with_status(404);
        };
        if call.at > response_url.made + life || response_url.used >= uses {
            let code = if response_url.used >= uses { "used_url" } else { "expired_url" };
            self.violation_of(call.method, code);
            return Reply::refused(code).with_status(404);
        }
        response_url.used += 1;
        let action = response_url.action;
        self.answer_in_private(action, call);
        Reply::text(200, "ok")
    }

    /// Replaces the original with the answer, or adds it.
    fn answer_in_private(&mut self, action: usize, call: &Call) {
        let flag = |name: &str| call.fields.get(name).is_some_and(|value| *value == true);
        let replaced =
            if flag("replace_original") || flag("delete_original") { self.origin_of(action) } else { None };
        let look = Look::of(&call.fields);
        match replaced {
            Some(ts) if flag("delete_original") => self.message_mut(&ts).expect("known").deleted = true,
            Some(ts) => self.revise(&ts, look),
            None => {
                let Action { user, channel, thread, .. } = self.actions[action].clone();
                self.add(look, (&channel, thread), Some(user.id.to_owned()), Some(action));
            }
        }
    }

    /// The message that `replace_original` means: the one with the button; it does nothing for a command.
    fn origin_of(&self, action: usize) -> Option<Ts> {
        let action = &self.actions[action];
        match &action.kind {
            ActionKind::Button { message, .. } | ActionKind::Choice { message, .. } => Some(message.clone()),
            _ => None,
        }
    }
}
