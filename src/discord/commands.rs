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

/// All commands, as they are registered. `prompt_chars` is the longest prompt that the arena takes.
pub(super) fn definition(prompt_chars: usize) -> Value {
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
        .integration_types(vec![InstallationContext::Guild, InstallationContext::User])
        .contexts(vec![
            InteractionContext::Guild,
            InteractionContext::BotDm,
            InteractionContext::PrivateChannel,
        ])
        .add_option(compare)
        .add_option(ask)
        .add_option(word("models", "The line-up: who is there, and how fast they were"))
        .add_option(word("examples", "Prompts to try, one tap away from a race"))
        .add_option(word("help", "The commands, and how the numbers are defined"));
    json!([lean(json!(arena))])
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
    lean(ours.clone()) == lean(registered.clone())
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

/// The value without what says nothing: what Discord adds, nulls, `false`, what is empty, and a command's type
/// where it is the default.
fn lean(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let is_command = map.contains_key("description") && map.contains_key("contexts");
            let says = |key: &str, value: &Value| {
                !(ADDED.contains(&key)
                    || is_blank(value)
                    || is_command && key == "type" && *value == json!(1))
            };
            let leaned = map.into_iter().map(|(key, value)| (key, lean(value)));
            leaned.filter(|(key, value)| says(key, value)).collect()
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
        let all = definition(9_999_999);
        let arena = &all[0];
        assert_eq!((&arena["integration_types"], &arena["contexts"]), (&json!([0, 1]), &json!([0, 1, 2])));
        let words: Vec<_> = arena["options"].as_array().expect("words").iter().map(|o| &o["name"]).collect();
        assert_eq!(words, ["compare", "ask", "models", "examples", "help"]);
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
        let ours = definition(6_000);
        assert!(same(&ours, &listed(ours.clone())));
        assert!(!same(&ours, &json!([])));
        assert!(!same(&ours, &listed(definition(100))));
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
}
