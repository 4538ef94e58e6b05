//! What `/arena` looks like in Discord's command picker, and whether what is registered is the same. Pure.
//!
//! Limits: <https://docs.discord.com/developers/interactions/application-commands>. Must not know how commands
//! are registered or run.

use serde_json::{Value, json};
use serenity::{
    all::{CommandOptionType as Kind, InstallationContext, InteractionContext},
    builder::{CreateCommand, CreateCommandOption as Word},
};

/// The one command's name.
pub(super) const NAME: &str = "arena";
/// The option that holds what is asked.
pub(super) const PROMPT: &str = "prompt";
/// The option that holds one model.
pub(super) const MODEL: &str = "model";
/// The option that holds a comma list of models.
pub(super) const MODELS: &str = "models";

/// The longest text option.
const PROMPT_CHARS: usize = 6_000;

/// All commands, as they are registered: everywhere, or in one server alone (`in_guild`). `prompt_chars` is the longest
/// prompt that the arena takes.
pub(super) fn definition(prompt_chars: usize, in_guild: bool) -> Value {
    let longest = u16::try_from(prompt_chars.clamp(1, PROMPT_CHARS)).unwrap_or(u16::MAX);
    let prompt = || text(PROMPT, "What they should answer").required(true).max_length(longest);
    let compare = word("compare", "All models race in one message")
        .add_sub_option(prompt())
        .add_sub_option(text(MODELS, "Only these, as a comma list").set_autocomplete(true));
    let ask = word("ask", "One model answers")
        .add_sub_option(text(MODEL, "Which model").required(true).set_autocomplete(true))
        .add_sub_option(prompt());
    let arena = CreateCommand::new(NAME)
        .description("Language models race in one chat message")
        .add_option(compare)
        .add_option(ask)
        .add_option(word("models", "The line-up: who is there, and how fast they were"))
        .add_option(word("examples", "Prompts to try, one tap away from a race"))
        .add_option(word("help", "The commands, and how the numbers are defined"))
        .add_option(word("forget", "Forgets what you asked and were answered"));
    json!([command(json!(if in_guild { arena } else { everywhere(arena) }))])
}

fn everywhere(command: CreateCommand) -> CreateCommand {
    use InteractionContext::{BotDm, Guild, PrivateChannel};
    command.integration_types(vec![InstallationContext::Guild, InstallationContext::User]).contexts(vec![
        Guild,
        BotDm,
        PrivateChannel,
    ])
}

fn word(name: &str, description: &str) -> Word {
    Word::new(Kind::SubCommand, name, description)
}

fn text(name: &str, description: &str) -> Word {
    Word::new(Kind::String, name, description)
}

/// Whether `registered`, as Discord lists it, is `ours`: then nothing has to be registered. Discord adds keys of
/// its own and writes some defaults out.
pub(super) fn same(ours: &Value, registered: &Value) -> bool {
    let of = |commands: &Value| {
        commands.as_array().map(|all| all.iter().cloned().map(command).collect::<Vec<_>>())
    };
    of(ours) == of(registered)
}

/// What Discord adds to a command: <https://docs.discord.com/developers/interactions/application-commands>.
const ADDED: [&str; 9] = [
    "id",
    "application_id",
    "guild_id",
    "version",
    "dm_permission",
    "default_permission",
    "default_member_permissions",
    "nsfw",
    "handler",
];
/// What Discord knows of commands that are for all places alone. It says nothing of a command of one server, whatever
/// is listed there.
const OF_ALL_PLACES: [&str; 2] = ["integration_types", "contexts"];

/// A command without what says nothing: what Discord adds, and its type where it is the default.
fn command(mut command: Value) -> Value {
    if let Some(map) = command.as_object_mut() {
        let in_guild = map.get("guild_id").is_some_and(|guild| !guild.is_null());
        let is_added = |key: &str| ADDED.contains(&key) || in_guild && OF_ALL_PLACES.contains(&key);
        map.retain(|key, value| !(is_added(key) || key == "type" && *value == json!(1)));
    }
    lean(command)
}

/// The value without nulls, `false`, and what is empty.
fn lean(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let leaned = map.into_iter().map(|(key, value)| (key, lean(value)));
            leaned.filter(|(_, value)| !is_blank(value)).collect()
        }
        Value::Array(items) => items.into_iter().map(lean).collect(),
        other => other,
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_keeps_to_the_limits_and_works_everywhere() {
        let all = definition(9_999_999, false);
        let arena = &all[0];
        assert_eq!((&arena["integration_types"], &arena["contexts"]), (&json!([0, 1]), &json!([0, 1, 2])));
        let words: Vec<_> = arena["options"].as_array().expect("words").iter().map(|o| &o["name"]).collect();
        assert_eq!(words, ["compare", "ask", "models", "examples", "help", "forget"]);
        assert_eq!(arena["options"][0]["options"][0]["max_length"], 6_000);
        assert_eq!(arena["options"][1]["options"][0]["autocomplete"], true);
        let texts = all.to_string();
        assert!(texts.len() < 8_000 && !texts.contains("null"), "{texts}");
    }

    /// As Discord lists it: with ids, nulls and defaults.
    fn listed(mut all: Value) -> Value {
        let command = all[0].as_object_mut().expect("a command");
        command.extend([
            ("id".into(), json!("1")),
            ("application_id".into(), json!("2")),
            ("version".into(), json!("3")),
            ("default_member_permissions".into(), Value::Null),
            ("type".into(), json!(1)),
            ("nsfw".into(), json!(false)),
            ("dm_permission".into(), json!(true)),
            ("name_localizations".into(), Value::Null),
        ]);
        command["options"][2]["options"] = json!([]);
        command["options"][0]["options"][1]["required"] = json!(false);
        all
    }

    #[test]
    fn what_discord_lists_back_is_the_same_and_any_change_is_not() {
        let ours = definition(6_000, false);
        assert!(same(&ours, &listed(ours.clone())));
        assert!(!same(&ours, &json!([])));
        assert!(!same(&ours, &listed(definition(100, false))));
        for change in [
            |all: &mut Value| all[0]["options"][0]["description"] = json!("another"),
            |all: &mut Value| all[0]["options"][0]["options"][1]["required"] = json!(true),
            |all: &mut Value| all[0]["contexts"] = json!([0]),
            |all: &mut Value| all[0]["options"][1]["options"][0]["autocomplete"] = json!(false),
            |all: &mut Value| all.as_array_mut().expect("a list").push(json!({ "name": "old" })),
            |all: &mut Value| drop(all[0]["options"].as_array_mut().expect("a list").pop()),
        ] {
            let mut theirs = listed(ours.clone());
            change(&mut theirs);
            assert!(!same(&ours, &theirs), "{theirs}");
        }
    }

    #[test]
    fn in_one_server_places_are_not_spoken_of() {
        let ours = definition(6_000, true);
        assert_eq!((&ours[0]["integration_types"], &ours[0]["contexts"]), (&Value::Null, &Value::Null));
        assert_eq!(ours[0]["options"], definition(6_000, false)[0]["options"]);
        let mut theirs = listed(ours.clone());
        theirs[0]["guild_id"] = json!("4");
        assert!(same(&ours, &theirs));
        (theirs[0]["contexts"], theirs[0]["integration_types"]) = (Value::Null, json!([0]));
        assert!(same(&ours, &theirs), "however Discord lists it");
        theirs[0]["options"][0]["options"][0]["type"] = json!(1);
        assert!(!same(&ours, &theirs), "an option's type is no default");
    }
}
