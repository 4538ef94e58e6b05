//! The definition of `/arena` for Discord's command picker, and its comparison with the registered one. Pure.
//!
//! Limits: <https://docs.discord.com/developers/interactions/application-commands>.

use serde_json::{Value, json};
use serenity::{
    all::{CommandOptionType, CommandType, InstallationContext, InteractionContext},
    builder::{CreateCommand, CreateCommandOption},
};

use crate::{attachment::MAX_FILES, command::MAX_DAYS};

/// The name of the slash command.
pub(super) const NAME: &str = "arena";
/// The name of the command in the context menu of messages.
const MESSAGE: &str = "Race this message";
/// The names of all commands.
pub(super) const NAMES: [&str; 2] = [NAME, MESSAGE];
/// The option for the prompt.
pub(super) const PROMPT: &str = "prompt";
/// The option for one model.
pub(super) const MODEL: &str = "model";
/// The option for a comma-separated list of models.
pub(super) const MODELS: &str = "models";

/// The options for files, as many as a prompt may have.
const FILES: [&str; MAX_FILES] = ["file", "file2", "file3", "file4"];
/// The option for a persona.
pub(super) const PERSONA: &str = "persona";
/// The option for a number of days.
pub(super) const DAYS: &str = "days";

/// The longest id of a persona, as in the configuration.
const MAX_PERSONA: u16 = 40;
/// The longest text option.
const MAX_TEXT: usize = 6_000;

/// All commands as they are registered: everywhere, or in one server only (`in_guild`). `prompt_chars` is the longest
/// prompt that the arena accepts.
pub(super) fn definition(prompt_chars: usize, in_guild: bool) -> Value {
    let max = u16::try_from(prompt_chars.clamp(1, MAX_TEXT)).unwrap_or(u16::MAX);
    let subcommand =
        |name, description| CreateCommandOption::new(CommandOptionType::SubCommand, name, description);
    let text = |name, description| CreateCommandOption::new(CommandOptionType::String, name, description);
    let prompt = || text(PROMPT, "The question for the models").required(true).max_length(max);
    let race = |name, description| {
        let models = text(MODELS, "Only these models, separated by commas").set_autocomplete(true);
        with_files(subcommand(name, description).add_sub_option(prompt()).add_sub_option(models))
    };
    let ask = subcommand("ask", "One model answers")
        .add_sub_option(text(MODEL, "The model to ask").required(true).set_autocomplete(true))
        .add_sub_option(prompt());
    let ask = with_files(ask);
    let days = |description| {
        let days = CreateCommandOption::new(CommandOptionType::Integer, DAYS, description);
        days.min_int_value(1).max_int_value(MAX_DAYS.into())
    };
    let board = subcommand("board", "The models that this team picks in blind races")
        .add_sub_option(days("Only the last days; all if you leave it out"));
    let history = subcommand("history", "How fast models have been here, day by day")
        .add_sub_option(text(MODEL, "Only this model").set_autocomplete(true))
        .add_sub_option(days("The number of days, 90 if you leave it out"));
    let id = text(PERSONA, "The id of a persona of the configuration").required(true).max_length(MAX_PERSONA);
    let group = "The system text that models get in this channel";
    let persona = CreateCommandOption::new(CommandOptionType::SubCommandGroup, "persona", group)
        .add_sub_option(subcommand("set", "Choose the persona of this channel").add_sub_option(id))
        .add_sub_option(subcommand("show", "Show the persona of this channel"))
        .add_sub_option(subcommand("clear", "Race without a persona in this channel"));
    let mut arena = CreateCommand::new(NAME)
        .description("Language models race in one chat message")
        .add_option(race("compare", "All models race in one message"))
        .add_option(race("blind", "Models answer without their names, and a vote decides"))
        .add_option(ask)
        .add_option(board)
        .add_option(history)
        .add_option(persona)
        .add_option(subcommand("watch", "The canaries: races that start by themselves, and how they went"))
        .add_option(subcommand("models", "The line-up: which models are available and how fast they were"))
        .add_option(subcommand("examples", "Prompts to try, one tap away from a race"))
        .add_option(subcommand("help", "The commands and how the numbers are defined"))
        .add_option(subcommand("forget", "Delete your prompts and their answers"));
    let mut message = CreateCommand::new(MESSAGE).kind(CommandType::Message);
    if !in_guild {
        use InteractionContext::{BotDm, Guild, PrivateChannel};
        let everywhere = |command: CreateCommand| {
            command
                .integration_types(vec![InstallationContext::Guild, InstallationContext::User])
                .contexts(vec![Guild, BotDm, PrivateChannel])
        };
        (arena, message) = (everywhere(arena), everywhere(message));
    }
    json!([normalized(json!(arena)), normalized(json!(message))])
}

/// Adds the options for files.
fn with_files(command: CreateCommandOption) -> CreateCommandOption {
    let file = |name| {
        let description = "A text file or a picture for the models";
        CreateCommandOption::new(CommandOptionType::Attachment, name, description)
    };
    FILES.into_iter().fold(command, |command, name| command.add_sub_option(file(name)))
}

/// Returns true if `registered`, as Discord lists it, equals `ours`, so that nothing has to be registered. Discord adds
/// keys of its own and writes out some defaults.
pub(super) fn same(ours: &Value, registered: &Value) -> bool {
    let all = |commands: &Value| {
        commands.as_array().map(|all| all.iter().cloned().map(normalized).collect::<Vec<_>>())
    };
    all(ours) == all(registered)
}

/// The keys of a command that we set; Discord adds others
/// (<https://docs.discord.com/developers/interactions/application-commands>).
const OURS: [&str; 4] = ["name", "type", "description", "options"];
/// Keys of global commands; for a command of one server Discord lists them, but they mean nothing.
const GLOBAL_ONLY: [&str; 2] = ["integration_types", "contexts"];

/// A command without the keys that Discord adds, and without defaults.
fn normalized(mut command: Value) -> Value {
    if let Some(map) = command.as_object_mut() {
        let in_guild = map.get("guild_id").is_some_and(|guild| !guild.is_null());
        let is_ours = |key: &str| OURS.contains(&key) || !in_guild && GLOBAL_ONLY.contains(&key);
        map.retain(|key, value| is_ours(key) && !(key == "type" && *value == json!(1)));
    }
    without_blanks(command)
}

/// The value without nulls, `false`, and empty texts, lists and objects.
pub(super) fn without_blanks(value: Value) -> Value {
    let is_blank =
        |value: &Value| [json!(null), json!(false), json!(""), json!([]), json!({})].contains(value);
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().map(|(key, value)| (key, without_blanks(value)));
            kept.filter(|(_, value)| !is_blank(value)).collect()
        }
        Value::Array(items) => items.into_iter().map(without_blanks).collect(),
        other => other,
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
        let words: Vec<_> =
            arena["options"].as_array().expect("sub-commands").iter().map(|o| &o["name"]).collect();
        assert_eq!(
            words,
            [
                "compare", "blind", "ask", "board", "history", "persona", "watch", "models", "examples",
                "help", "forget"
            ]
        );
        for race in 0..2 {
            assert_eq!(arena["options"][race]["options"][0]["max_length"], 6_000);
            assert_eq!(arena["options"][race]["options"][1]["autocomplete"], true);
        }
        assert_eq!(arena["options"][2]["options"][0]["autocomplete"], true);
        let message = json!({
            "name": "Race this message", "type": 3, "integration_types": [0, 1], "contexts": [0, 1, 2],
        });
        assert_eq!(all[1], message, "a context menu's command has no description");
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
        command["options"][6]["options"] = json!([]);
        command["options"][0]["options"][1]["required"] = json!(false);
        let message = all[1].as_object_mut().expect("a command");
        message.extend([("id".into(), json!("5")), ("description".into(), json!(""))]);
        all
    }

    #[test]
    fn the_listed_commands_equal_ours_until_one_changes() {
        let ours = definition(6_000, false);
        assert!(same(&ours, &listed(ours.clone())));
        assert!(!same(&ours, &json!([])));
        assert!(!same(&ours, &listed(definition(100, false))));
        for change in [
            |all: &mut Value| all[0]["options"][0]["description"] = json!("another"),
            |all: &mut Value| all[0]["options"][0]["options"][1]["required"] = json!(true),
            |all: &mut Value| all[0]["contexts"] = json!([0]),
            |all: &mut Value| all[0]["options"][2]["options"][0]["autocomplete"] = json!(false),
            |all: &mut Value| all[1]["name"] = json!("Race that message"),
            |all: &mut Value| all[1]["type"] = json!(2),
            |all: &mut Value| all.as_array_mut().expect("a list").push(json!({ "name": "old" })),
            |all: &mut Value| drop(all[0]["options"].as_array_mut().expect("a list").pop()),
        ] {
            let mut theirs = listed(ours.clone());
            change(&mut theirs);
            assert!(!same(&ours, &theirs), "{theirs}");
        }
    }

    #[test]
    fn a_command_of_one_server_has_no_contexts() {
        let ours = definition(6_000, true);
        assert_eq!((&ours[0]["integration_types"], &ours[0]["contexts"]), (&Value::Null, &Value::Null));
        assert_eq!(ours[0]["options"], definition(6_000, false)[0]["options"]);
        let mut theirs = listed(ours.clone());
        (theirs[0]["guild_id"], theirs[1]["guild_id"]) = (json!("4"), json!("4"));
        assert!(same(&ours, &theirs));
        (theirs[0]["contexts"], theirs[0]["integration_types"]) = (Value::Null, json!([0]));
        assert!(same(&ours, &theirs), "however Discord lists it");
        theirs[0]["options"][0]["options"][0]["type"] = json!(1);
        assert!(!same(&ours, &theirs), "an option's type is not a default");
    }
}
