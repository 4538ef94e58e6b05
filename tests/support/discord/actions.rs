//! Actions of users: typing commands, completing options, pressing buttons. Only what the client would allow.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    FakeDiscord,
    interaction::{Fate, FormField, Interaction, InteractionKind},
    message::{Look, Message, Revision},
    request::UserRequest,
    users::{ChannelKind, User},
    world::{Id, World},
};
use crate::support::cdn::CdnFile;

/// Options as one fills them in: name and value.
pub type Options<'a> = &'a [(&'a str, &'a str)];

impl FakeDiscord {
    /// Types a command, such as "/arena compare", with its options.
    ///
    /// # Panics
    /// If the command is not registered, or the client would not send it.
    pub fn type_command(
        &self,
        command: &str,
        options: Options,
        user: User,
        place: ChannelKind,
    ) -> UserRequest {
        let made = self.shared.read(|world| world.typed(command, options, place, None));
        let (id, name, options) = made.unwrap_or_else(|why| panic!("nobody can type {command}: {why}"));
        self.does(user, place, InteractionKind::Command { id, name, options })
    }

    /// Types a command with files in its options for them.
    ///
    /// # Panics
    /// If the command is not registered, or the client would not send it.
    pub fn type_command_with_files(
        &self,
        command: &str,
        options: Options,
        files: Vec<CdnFile>,
        (user, place): (User, ChannelKind),
    ) -> UserRequest {
        const NAMES: [&str; 4] = ["file", "file2", "file3", "file4"];
        let ids: Vec<String> = self.shared.with(|world| {
            let add = |file| {
                let id = world.id();
                world.files.push((id, file));
                id.to_string()
            };
            files.into_iter().map(add).collect()
        });
        let files = NAMES.into_iter().zip(ids.iter().map(String::as_str));
        let options: Vec<(&str, &str)> = options.iter().copied().chain(files).collect();
        self.type_command(command, &options, user, place)
    }

    /// Starts to fill in the last of the options, which requests completions.
    ///
    /// # Panics
    /// If the command is not registered, or the option does not complete.
    pub fn autocomplete(
        &self,
        command: &str,
        options: Options,
        user: User,
        place: ChannelKind,
    ) -> UserRequest {
        let focus = options.last().expect("an option to complete").0;
        let made = self.shared.read(|world| world.typed(command, options, place, Some(focus)));
        let (id, name, options) = made.unwrap_or_else(|why| panic!("nobody can complete {command}: {why}"));
        self.does(user, place, InteractionKind::Completion { id, name, options })
    }

    /// Presses a button, by its label or its custom id, on the newest revision of a message.
    ///
    /// # Panics
    /// If this user cannot see or press such a button.
    pub fn press(&self, message: Id, button: &str, user: User) -> UserRequest {
        let (place, custom_id) = self.shared.read(|world| world.button(message, button, user));
        self.does(user, place, InteractionKind::Button { message, custom_id })
    }

    /// Presses a button of an earlier revision of a message, as a client does that has not seen the newest one.
    ///
    /// # Panics
    /// If no revision has such a button.
    pub fn press_late(&self, message: Id, button: &str, user: User) -> UserRequest {
        let (place, custom_id) = self.shared.read(|world| {
            let message = world.seen(message, user);
            let found = message.revisions.iter().rev().find_map(|revision| revision.look.button(button));
            (message.place, found.unwrap_or_else(|| panic!("never a button {button:?}")).custom_id)
        });
        self.does(user, place, InteractionKind::Button { message, custom_id })
    }

    /// Chooses an option of a menu, by its label or its value, on the newest revision of a message.
    ///
    /// # Panics
    /// If this user cannot see or choose such an option.
    pub fn choose(&self, message: Id, option: &str, user: User) -> UserRequest {
        let (place, custom_id, value) = self.shared.read(|world| world.option(message, option, user));
        self.does(user, place, InteractionKind::Menu { message, custom_id, value })
    }

    /// Fills in the form that `pressed` opened, by custom ids, and submits it. A menu is chosen from by the label or the value
    /// of an option, and keeps its default if it is not named.
    ///
    /// # Panics
    /// If no form was opened, or the client would not send it.
    pub fn submit(&self, pressed: &UserRequest, filled: &[(&str, &str)]) -> UserRequest {
        let interaction = pressed.interaction();
        let form = interaction.answer.and_then(|answer| answer.form).expect("no form was opened");
        let fields = form["components"].as_array().into_iter().flatten();
        let fields = fields.map(|label| fill_in(&label["component"], filled)).collect::<Result<Vec<_>, _>>();
        let fields = fields.unwrap_or_else(|why| panic!("nobody can submit this: {why}"));
        let (message, custom_id) = (interaction.kind.message().expect("a message"), text(&form, "custom_id"));
        self.does(interaction.user, interaction.place, InteractionKind::Form { message, custom_id, fields })
    }

    /// Returns the event of what a user writes in a place without a command, for a gateway whose bot has the id `bot`.
    pub fn written(&self, text: &str, user: User, place: ChannelKind, bot: Id) -> Value {
        self.shared.with(|world| world.written(text, user, place, bot))
    }

    /// Adds a message that an earlier process posted, from the body that it sent.
    pub fn add_message(&self, place: ChannelKind, body: &Value) -> Id {
        let list = |key: &str| body[key].as_array().cloned().unwrap_or_default();
        let content = body["content"].as_str().unwrap_or_default().to_owned();
        let look =
            Look { content, embeds: list("embeds"), components: list("components"), ..Look::default() };
        self.shared.with(|world| {
            let id = world.id();
            let revisions = vec![Revision { at: Instant::now(), look }];
            let (interaction, private, deleted) = (None, false, false);
            world.messages.push(Message { id, place, interaction, private, deleted, revisions });
            id
        })
    }

    pub(super) fn does(&self, user: User, place: ChannelKind, kind: InteractionKind) -> UserRequest {
        let (id, payload) = self.shared.with(|world| {
            let interaction = world.happens(user, place, kind);
            let mut payload = world.payload(&interaction);
            if let Some(corrupt) = world.corrupt.take() {
                corrupt(&mut payload);
            }
            (interaction.id, payload)
        });
        self.deliver(id, payload);
        UserRequest { shared: Arc::clone(&self.shared), id }
    }
}

impl World {
    fn happens(&mut self, user: User, place: ChannelKind, kind: InteractionKind) -> Interaction {
        let id = self.id();
        let fate = self.fates.pop_front().unwrap_or(Fate::Answerable);
        let interaction = Interaction {
            id,
            token: format!("aW50ZXJhY3Rpb246{id:x}interaction5ecret{:x}", id.rotate_left(17)),
            user,
            place,
            kind,
            fate,
            delivered: Instant::now(),
            taken: false,
            tried: None,
            answer: None,
            original: None,
            followups: vec![],
            is_excused: false,
        };
        self.interactions.push(interaction.clone());
        interaction
    }

    /// Returns the payload of a typed command: its id, its name and its options.
    fn typed(
        &self,
        command: &str,
        options: Options,
        place: ChannelKind,
        focus: Option<&str>,
    ) -> Result<(Id, String, Value), String> {
        let words: Vec<_> = command.trim_start_matches('/').split(' ').collect();
        let (mut level, id) = self.available((words[0], 1), place)?;
        for word in &words[1..] {
            level = part(level, word).ok_or(format!("it has no {word:?}"))?;
        }
        if level["type"] == 2 {
            return Err("a group alone is no command".into());
        }
        let filled = options.iter().map(|(name, value)| fill(level, (name, value), focus));
        let filled = filled.collect::<Result<Vec<_>, _>>()?;
        let parts = level["options"].as_array().into_iter().flatten();
        for part in parts.filter(|part| part["required"] == true && focus.is_none()) {
            if !options.iter().any(|(name, _)| part["name"] == *name) {
                return Err(format!("{} is required", part["name"]));
            }
        }
        let wrapped = words[1..].iter().rev().zip([1, 2]).fold(
            Value::from(filled),
            |inner, (word, kind)| json!([{ "name": word, "type": kind, "options": inner }]),
        );
        Ok((id, words[0].to_owned(), wrapped))
    }

    /// Returns the id of a command of the context menu of messages.
    pub(super) fn menu_command(&self, name: &str, place: ChannelKind) -> Result<Id, String> {
        self.available((name, 3), place).map(|(_, id)| id)
    }

    /// A command of a type that is there in this place, with its id.
    fn available(&self, command: (&str, u8), place: ChannelKind) -> Result<(&Value, Id), String> {
        let found = self.registered(command, place).ok_or("it is not registered here")?;
        let id = found["id"].as_str().and_then(|id| id.parse().ok()).ok_or("it has no id")?;
        let is_open = |key: &str, value: u8| match found[key].as_array() {
            Some(values) => values.iter().any(|other| *other == value),
            None => key == "contexts" || value == 0,
        };
        if !is_open("contexts", place.context()) || !is_open("integration_types", place.integration()) {
            return Err(format!("it is not there in {place:?}"));
        }
        Ok((found, id))
    }

    /// The server's own command before the global one.
    fn registered(&self, (name, kind): (&str, u8), place: ChannelKind) -> Option<&Value> {
        let own = place.guild().and_then(|guild| self.commands.get(&guild));
        let all = own.into_iter().chain(self.commands.get(&0)).flatten();
        all.into_iter().find(|command| command["name"] == name && command["type"] == kind)
    }

    fn button(&self, message: Id, button: &str, user: User) -> (ChannelKind, String) {
        let message = self.seen(message, user);
        let found = message.look().button(button).filter(|found| !found.disabled);
        let found = found.unwrap_or_else(|| panic!("no button {button:?} in:\n{}", message.look().text()));
        (message.place, found.custom_id)
    }
}

impl World {
    fn option(&self, message: Id, option: &str, user: User) -> (ChannelKind, String, String) {
        let message = self.seen(message, user);
        let mut options = message.look().options().into_iter();
        let found = options.find(|found| found.label == option || found.value == option);
        let found = found.unwrap_or_else(|| panic!("no option {option:?} in:\n{}", message.look().text()));
        (message.place, found.menu, found.value)
    }

    /// The message, which this user sees.
    fn seen(&self, message: Id, user: User) -> &Message {
        let message = self.message(message).expect("a message");
        let asker = message.interaction.and_then(|id| self.interaction(id)).map(|found| found.user.id);
        assert!(!message.deleted, "nobody sees a deleted message");
        assert!(!message.private || asker == Some(user.id), "{} does not see this message", user.name);
        message
    }
}

fn text(of: &Value, key: &str) -> String {
    of[key].as_str().unwrap_or_default().to_owned()
}

/// A field of a form filled in, as far as the client lets it.
fn fill_in(field: &Value, filled: &[(&str, &str)]) -> Result<FormField, String> {
    let custom_id = text(field, "custom_id");
    let typed = filled.iter().find(|(name, _)| *name == custom_id).map(|(_, value)| *value);
    let kind = field["type"].as_u64().unwrap_or_default();
    let value = if kind == 3 {
        let options = field["options"].as_array().into_iter().flatten();
        let is_chosen = |option: &&Value| match typed {
            Some(typed) => option["label"] == typed || option["value"] == typed,
            None => option["default"] == true,
        };
        let chosen = options.clone().find(is_chosen).ok_or(format!("{typed:?} is no option of {field}"))?;
        text(chosen, "value")
    } else {
        let (typed, length) =
            (typed.unwrap_or_default(), typed.map_or(0, |typed| typed.encode_utf16().count()));
        let least = field["min_length"].as_u64().unwrap_or(0).max(u64::from(field["required"] != false));
        let most = field["max_length"].as_u64().unwrap_or(4_000);
        if !(least..=most).contains(&(length as u64)) {
            return Err(format!("{custom_id} has {length} characters"));
        }
        typed.to_owned()
    };
    Ok(FormField { kind, custom_id, value })
}

fn part<'a>(level: &'a Value, name: &str) -> Option<&'a Value> {
    level["options"].as_array()?.iter().find(|option| option["name"] == name)
}

/// An option filled in, as far as the client lets it.
fn whole_number(option: &Value, name: &str, value: &str) -> Result<Value, String> {
    let number: i64 = value.parse().map_err(|_| format!("{name} is no number"))?;
    let is_below = option["min_value"].as_i64().is_some_and(|least| number < least);
    if is_below || option["max_value"].as_i64().is_some_and(|most| number > most) {
        return Err(format!("{name} is out of range"));
    }
    Ok(json!({ "name": name, "type": 4, "value": number }))
}

fn fill(level: &Value, (name, value): (&str, &str), focus: Option<&str>) -> Result<Value, String> {
    let option = part(level, name).ok_or(format!("it has no option {name:?}"))?;
    let focused = focus == Some(name);
    let length = value.chars().count() as u64;
    let choices = option["choices"].as_array();
    if option["type"] == 4 {
        return whole_number(option, name, value);
    }
    if option["type"] == 11 {
        return Ok(json!({ "name": name, "type": 11, "value": value }));
    }
    if option["type"] != 3 {
        return Err(format!("{name} is no text"));
    }
    if focused && option["autocomplete"] != true {
        return Err(format!("{name} does not complete"));
    }
    if !focused && (length < option["min_length"].as_u64().unwrap_or(0) || value.is_empty()) {
        return Err(format!("{name} is too short"));
    }
    if length > option["max_length"].as_u64().unwrap_or(6000) {
        return Err(format!("{name} is too long"));
    }
    if choices.is_some_and(|choices| choices.iter().all(|choice| choice["value"] != value)) {
        return Err(format!("{value:?} is no choice for {name}"));
    }
    let mut filled = json!({ "name": name, "type": 3, "value": value });
    if focused {
        filled["focused"] = true.into();
    }
    Ok(filled)
}
