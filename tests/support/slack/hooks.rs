//! Private answers by a `response_url`: five within half an hour, for one person. Pure.
//! <https://docs.slack.dev/interactivity/handling-user-interaction#message_responses>

use super::{
    call::Call,
    message::{Look, Ts},
    reply::Reply,
    world::{Hook, Kind, World},
};

impl World {
    /// A new `response_url`: its key.
    pub(super) fn hook(&mut self, asked: usize) -> String {
        let key = format!("T0TEAM/{}/5ecrethook", self.number());
        self.hooks.insert(key.clone(), Hook { asked, made: tokio::time::Instant::now(), used: 0 });
        key
    }

    /// A message to a `response_url`.
    pub(super) fn respond(&mut self, call: &Call) -> Reply {
        let (life, uses) = (self.response_life, self.response_uses);
        let Some(hook) = self.hooks.get_mut(&call.address) else {
            self.foul_of(call.method, "there is no such response_url");
            return Reply::refused("invalid_url").with_status(404);
        };
        if call.at > hook.made + life || hook.used >= uses {
            let code = if hook.used >= uses { "used_url" } else { "expired_url" };
            self.foul_of(call.method, code);
            return Reply::refused(code).with_status(404);
        }
        hook.used += 1;
        let asked = hook.asked;
        self.answer_in_private(asked, call);
        Reply::text(200, "ok")
    }

    /// Puts the answer in place of what is there, or beside it.
    fn answer_in_private(&mut self, asked: usize, call: &Call) {
        let flag = |name: &str| call.fields.get(name).is_some_and(|value| *value == true);
        let replaced =
            if flag("replace_original") || flag("delete_original") { self.origin_of(asked) } else { None };
        let look = Look::of(&call.fields);
        match replaced {
            Some(ts) if flag("delete_original") => self.message_mut(&ts).expect("known").deleted = true,
            Some(ts) => self.revise(&ts, look),
            None => {
                let happened = &self.asked[asked];
                let only_for = happened.user.id.to_owned();
                let (channel, thread) = (happened.channel.clone(), happened.thread.clone());
                self.add(look, (&channel, thread), Some(only_for), Some(asked));
            }
        }
    }

    /// The message that `replace_original` means: the one with the button, else the acknowledgement.
    fn origin_of(&self, asked: usize) -> Option<Ts> {
        let happened = &self.asked[asked];
        match &happened.kind {
            Kind::Button { message, .. } => Some(message.clone()),
            _ => happened.acks.iter().find_map(|ack| ack.shown.clone()),
        }
    }
}
