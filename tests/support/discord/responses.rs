//! Responses to interactions: once, in time, while the token is valid. Pure.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding>

use super::{
    call::Call,
    interaction::{Fate, Interaction, InteractionResponse},
    message::{EPHEMERAL, LOADING, Look},
    reply::{Reply, done, refusal},
    route::Route,
    world::{Id, World},
};

/// Followups to one interaction where only a user installed the app.
const FOLLOWUPS_AWAY: usize = 5;

impl World {
    /// The effect of a call with an interaction's token.
    pub(super) fn perform_for_interaction(&mut self, call: &Call) -> Reply {
        if call.route == Route::Callback {
            return self.callback(call);
        }
        let interaction = match self.usable(call) {
            Ok(interaction) => interaction,
            Err(refused) => return refused,
        };
        let original = self.interaction(interaction).and_then(|found| found.original);
        if call.route == Route::Followup {
            return self.followup(call, interaction);
        }
        match original.and_then(|id| self.message(id)).filter(|message| !message.deleted) {
            None => refusal(404, 10_008, "Unknown Message"),
            Some(message) => {
                let id = message.id;
                if call.route == Route::DeleteOriginal {
                    self.message_mut(id).expect("known").deleted = true;
                    return done();
                }
                if call.route == Route::EditOriginal {
                    self.edit(call, id);
                }
                self.shown(id)
            }
        }
    }

    /// The interaction whose token may be used by now.
    fn usable(&self, call: &Call) -> Result<Id, Reply> {
        let unknown = refusal(404, 10_015, "Unknown Webhook");
        let Some(interaction) = self.by_token(&call.ids.token) else { return Err(unknown) };
        if call.ids.application != self.application || interaction.answer.is_none() {
            return Err(unknown);
        }
        if call.at > interaction.delivered + self.token_life {
            return Err(refusal(401, 50_027, "Invalid Webhook Token"));
        }
        Ok(interaction.id)
    }

    /// Adds a follow-up; while the response is deferred, the first one replaces it.
    fn followup(&mut self, call: &Call, interaction: Id) -> Reply {
        if let Some(message) =
            self.original(interaction).filter(|message| !message.deleted && message.look().is_loading())
        {
            let id = message.id;
            self.edit(call, id);
            return self.shown(id);
        }
        let known = self.interaction(interaction).expect("known");
        let (place, before) = (known.place, known.followups.len());
        if !place.has_bot() && before >= FOLLOWUPS_AWAY {
            self.violation(call, "one followup more than an app may send where its bot is not");
            return refusal(
                400,
                40_094,
                "This interaction has reached the maximum number of follow-up messages.",
            );
        }
        let id = self.create(call, Some(interaction), (place, is_private(&call.body)));
        self.interaction_mut(interaction).expect("known").followups.push(id);
        self.shown(id)
    }

    fn callback(&mut self, call: &Call) -> Reply {
        let found =
            self.interaction(call.ids.interaction).filter(|found| found.token == call.ids.token).cloned();
        let Some(interaction) = found else {
            self.violation(call, "nobody knows such an interaction");
            return refusal(404, 10_062, "Unknown interaction");
        };
        let after = call.at.saturating_duration_since(interaction.delivered);
        if interaction.tried.is_none() {
            self.interaction_mut(interaction.id).expect("known").tried = Some(call.at);
        }
        let late = after > self.answer_within;
        if late && interaction.answer.is_none() && !interaction.is_excused {
            self.violation(
                call,
                &format!("{} was answered after {} ms", interaction.name(), after.as_millis()),
            );
        }
        match interaction.fate {
            Fate::Taken => return refusal(400, 40_060, "Interaction has already been acknowledged."),
            Fate::Unknown => return refusal(404, 10_062, "Unknown interaction"),
            Fate::Answerable if interaction.answer.is_some() => {
                if !self.follows_a_cut(call) {
                    self.violation(call, &format!("{} was answered twice", interaction.name()));
                }
                return refusal(400, 40_060, "Interaction has already been acknowledged.");
            }
            Fate::Answerable if late => return refusal(404, 10_062, "Unknown interaction"),
            Fate::Answerable => {}
        }
        self.accept(call, &interaction, after);
        done()
    }

    fn accept(&mut self, call: &Call, interaction: &Interaction, after: std::time::Duration) {
        let kind = call.body["type"].as_u64().unwrap_or_default();
        let private = is_private(&call.body["data"]) || self.makes_private;
        let seen = (interaction.place, private);
        let button_on = interaction.kind.message();
        let original = match kind {
            4 => Some(self.create(call, Some(interaction.id), seen)),
            5 => {
                let flags = LOADING | if private { EPHEMERAL } else { 0 };
                let look = Look { flags, ..Look::default() };
                Some(self.add(look, call, Some(interaction.id), seen))
            }
            // a form is no message
            9 => None,
            _ => button_on,
        };
        if let (7, Some(message)) = (kind, button_on) {
            self.edit(call, message);
        }
        let choices = call.body["data"]["choices"].as_array().into_iter().flatten();
        let text =
            |choice: &serde_json::Value, key: &str| choice[key].as_str().unwrap_or_default().to_owned();
        let choices = choices.map(|choice| (text(choice, "name"), text(choice, "value"))).collect();
        let known = self.interaction_mut(interaction.id).expect("known");
        known.original = original;
        let form = (kind == 9).then(|| call.body["data"].clone());
        known.answer = Some(InteractionResponse { after, kind, private, choices, form });
    }

    /// Returns the look of the message with the button or the menu.
    pub(super) fn button_on(&self, interaction: &Interaction) -> Option<&Look> {
        self.message(interaction.kind.message()?).map(super::message::Message::look)
    }
}

fn is_private(data: &serde_json::Value) -> bool {
    data["flags"].as_u64().is_some_and(|flags| flags & EPHEMERAL != 0)
}
