use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::*;

/// `/arena ask` in a server, with everything that Discord sends.
fn ask() -> Value {
    json!({
        "id": "1001", "application_id": "42", "type": 2, "version": 1, "token": "secret-token",
        "guild_id": "77", "channel_id": "88", "channel": { "id": "88", "type": 0 },
        "locale": "en-GB", "guild_locale": "en-US", "app_permissions": "2147483647", "entitlements": [],
        "context": 0, "attachment_size_limit": 26_214_400,
        "authorizing_integration_owners": { "0": "77", "1": "5" },
        "member": {
            "user": { "id": "5", "username": "ada", "global_name": "Ada", "discriminator": "0", "avatar": null },
            "nick": "Countess", "roles": [], "joined_at": "2020-01-01T00:00:00Z", "deaf": false, "mute": false,
            "flags": 0, "permissions": "16"
        },
        "data": { "id": "9", "name": "arena", "type": 1, "options": [
            { "name": "ask", "type": 1, "options": [
                { "name": "model", "type": 3, "value": "gemma" },
                { "name": "prompt", "type": 3, "value": "my secret prompt" },
            ] },
        ] },
    })
}

fn read_now(json: &Value) -> Interaction {
    parse(json, Instant::now()).expect("an interaction")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn without(mut json: Value, pointer: &str, field: &str) -> Value {
    json.pointer_mut(pointer).and_then(Value::as_object_mut).expect("an object").remove(field);
    json
}

#[test]
fn a_command_in_a_server() {
    let read = read_now(&ask());
    assert_eq!((read.id, read.application, read.user, read.channel), (1001, 42, 5, Some(88)));
    assert_eq!((read.token.expose_secret(), read.name.as_str()), ("secret-token", "Countess"));
    assert_eq!((read.place, read.bot_is_member, read.may_manage), (ChannelKind::Server(77), true, true));
    assert_eq!(read.file_limit, 26_214_400);
    let options = pairs(&[("model", "gemma"), ("prompt", "my secret prompt")]);
    assert_eq!(read.kind, Kind::Command { word: "ask".into(), id: Some(9), options });
}

#[test]
fn a_race_can_start_whatever_field_is_missing() {
    let whole = read_now(&ask()).kind;
    let fields = ["locale", "attachment_size_limit", "context", "authorizing_integration_owners", "channel"];
    for field in fields.into_iter().chain(["version", "entitlements", "guild_locale", "app_permissions"]) {
        let read = read_now(&without(ask(), "", field));
        assert_eq!(
            (read.place, read.bot_is_member, &read.kind),
            (ChannelKind::Server(77), true, &whole),
            "{field}"
        );
    }
    for field in ["nick", "permissions", "joined_at", "roles"] {
        assert_eq!(read_now(&without(ask(), "/member", field)).kind, whole, "{field}");
    }
    assert_eq!(read_now(&without(ask(), "", "attachment_size_limit")).file_limit, 10 * 1024 * 1024);
    assert!(!read_now(&without(ask(), "/member", "permissions")).may_manage);
}

#[test]
fn the_permission_to_send_files_is_that_of_the_app() {
    for (permissions, may) in
        [("32768", true), ("8", true), ("2147516415", true), ("1024", false), ("0", false)]
    {
        let mut json = ask();
        json["app_permissions"] = permissions.into();
        assert_eq!(read_now(&json).may_attach, may, "{permissions}");
    }
    assert!(read_now(&without(ask(), "", "app_permissions")).may_attach, "Discord will tell");
}

#[test]
fn the_name_is_the_one_used_in_the_server() {
    let no_nick = without(ask(), "/member", "nick");
    assert_eq!(read_now(&no_nick).name, "Ada");
    let no_names = without(no_nick, "/member/user", "global_name");
    assert_eq!(read_now(&no_names).name, "ada");
    assert_eq!(read_now(&without(no_names, "/member/user", "username")).name, "Somebody");
}

#[test]
fn moderators_are_recognised_by_their_permissions() {
    for (permissions, may) in [("8", true), ("16", true), ("8192", true), ("2048", false), ("0", false)] {
        let mut json = ask();
        json["member"]["permissions"] = permissions.into();
        assert_eq!(read_now(&json).may_manage, may, "{permissions}");
    }
}

#[test]
fn a_direct_message_has_a_user_and_no_member() {
    let mut json = without(without(ask(), "", "member"), "", "guild_id");
    json["user"] = json!({ "id": "6", "username": "bob", "global_name": null });
    json["context"] = 1.into();
    json["authorizing_integration_owners"] = json!({ "0": "0" });
    let read = read_now(&json);
    assert_eq!((read.place, read.bot_is_member, read.user), (ChannelKind::BotDm, true, 6));
    assert_eq!((read.name.as_str(), read.may_manage), ("bob", false));
    json["context"] = 2.into();
    json["authorizing_integration_owners"] = json!({ "1": "6" });
    let read = read_now(&json);
    assert_eq!((read.place, read.bot_is_member), (ChannelKind::Elsewhere, false));
}

#[test]
fn a_users_own_installation_in_a_server_without_the_bot() {
    let mut json = ask();
    json["authorizing_integration_owners"] = json!({ "1": "5" });
    let read = read_now(&json);
    assert_eq!((read.place, read.bot_is_member), (ChannelKind::Server(77), false));
}

#[test]
fn a_command_being_typed() {
    let mut json = ask();
    json["type"] = 4.into();
    json["data"]["options"][0]["options"][0]["focused"] = true.into();
    let focused = ("model".into(), "gemma".into());
    assert_eq!(read_now(&json).kind, Kind::Completion { focused });
    json["data"]["options"][0]["options"][0]["focused"] = false.into();
    assert_eq!(read_now(&json).kind, Kind::Unreadable { kind: 4 });
}

fn button() -> Value {
    let mut json = ask();
    json["type"] = 3.into();
    json["data"] = json!({ "custom_id": "stop:1", "component_type": 2 });
    json["message"] = json!({ "id": "555" });
    json
}

#[test]
fn a_button() {
    let pressed = |custom_id: &str, is_private| Kind::Button { custom_id: custom_id.into(), is_private };
    assert_eq!(read_now(&button()).kind, pressed("stop:1", false));
    let bare = without(button(), "", "message");
    assert_eq!(read_now(&bare).kind, pressed("stop:1", false));
    let mut private = button();
    private["message"]["flags"] = 64.into();
    assert_eq!(read_now(&private).kind, pressed("stop:1", true));
}

#[test]
fn an_option_of_a_menu_stands_in_for_a_button() {
    let mut json = button();
    json["data"] = json!({ "custom_id": "menu:1", "component_type": 3, "values": ["read:1"] });
    assert_eq!(read_now(&json).kind, Kind::Button { custom_id: "read:1".into(), is_private: false });
}

#[test]
fn a_sub_command_without_options_and_values_of_other_types() {
    let mut json = ask();
    json["data"]["options"] = json!([{ "name": "models", "type": 1 }]);
    assert_eq!(read_now(&json).kind, Kind::Command { word: "models".into(), id: Some(9), options: vec![] });
    json["data"]["options"] = json!([{ "name": "group", "type": 2, "options": [
        { "name": "ask", "type": 1, "options": [{ "name": "n", "type": 4, "value": 3 }, { "name": "broken" }] },
    ] }]);
    assert_eq!(
        read_now(&json).kind,
        Kind::Command { word: "group ask".into(), id: Some(9), options: pairs(&[("n", "3")]) }
    );
}

#[test]
fn an_outdated_command_keeps_its_own_name() {
    let mut json = ask();
    json["data"]["name"] = "duel".into();
    let Kind::Command { word, .. } = read_now(&json).kind else { panic!("a command") };
    assert_eq!(word, "duel");
}

#[test]
fn an_interaction_that_is_not_understood_can_be_answered() {
    let no_person = without(ask(), "", "member");
    assert_eq!(read_now(&no_person).kind, Kind::Unreadable { kind: 2 });
    for (number, kind) in [(1, 1), (5, 5), (17, 17), (4000, 255)] {
        let mut json = ask();
        json["type"] = number.into();
        assert_eq!(read_now(&json).kind, Kind::Unreadable { kind });
    }
    let bare = json!({ "id": 7, "application_id": 8, "token": "t", "type": 2 });
    assert_eq!(read_now(&bare).kind, Kind::Unreadable { kind: 2 });
}

#[test]
fn the_error_names_the_field_that_an_answer_needs() {
    for field in ["id", "application_id", "token", "type"] {
        let error = read(&without(ask(), "", field), Instant::now()).expect_err("not readable");
        assert_eq!(error, NotReadable(field));
        assert_eq!(error.to_string(), format!("an interaction without a usable {field}"));
    }
    assert!(read(&json!("arena"), Instant::now()).is_err());
}

/// A form that was opened by a button of message 99.
fn form() -> Value {
    let mut json = ask();
    json["type"] = 5.into();
    json["message"] = json!({ "id": "99", "flags": 0 });
    json["data"] = json!({ "custom_id": "arena:continue:x", "components": [
        { "type": 18, "id": 1, "component": { "type": 3, "id": 2, "custom_id": "with", "values": ["lane:0"] } },
        { "type": 18, "id": 3, "component": { "type": 4, "id": 4, "custom_id": "prompt", "value": "and then?" } },
    ] });
    json
}

#[test]
fn a_form_has_the_values_of_its_fields_and_its_message() {
    let values = pairs(&[("with", "lane:0"), ("prompt", "and then?")]);
    let custom_id = || "arena:continue:x".to_owned();
    let whole = Kind::Form { custom_id: custom_id(), values: values.clone(), message: Some(99) };
    assert_eq!(read_now(&form()).kind, whole);
    let mut private = form();
    private["message"]["flags"] = 64.into();
    assert_eq!(
        read_now(&private).kind,
        Kind::Form { custom_id: custom_id(), values: values.clone(), message: None }
    );
    // the older form, in rows
    let mut rows = form();
    rows["data"]["components"] = json!([
        { "type": 1, "components": [{ "type": 3, "custom_id": "with", "values": ["lane:0"] }] },
        { "type": 1, "components": [{ "type": 4, "custom_id": "prompt", "value": "and then?" }] },
    ]);
    assert_eq!(read_now(&rows).kind, whole);
    assert_eq!(read_now(&without(form(), "/data", "custom_id")).kind, Kind::Unreadable { kind: 5 });
}

#[test]
fn threads_are_used_in_text_channels_where_the_bot_may() {
    for (permissions, may) in
        [("309237645312", true), ("8", true), ("34359738368", false), ("274877906944", false), ("0", false)]
    {
        let mut json = form();
        json["app_permissions"] = permissions.into();
        assert_eq!(read_now(&json).with_threads.is_some(), may, "{permissions}");
    }
    let known = |kind: Option<u64>| {
        let mut json = without(form(), "", "app_permissions");
        json["channel"]["type"] = kind.into();
        read_now(&json).with_threads == Some(88)
    };
    assert!(known(Some(0)) && known(Some(5)));
    assert!([Some(1), Some(2), Some(11), Some(13), Some(15), None].into_iter().all(|kind| !known(kind)));
    let mut away = form();
    away["app_permissions"] = "8".into();
    away["authorizing_integration_owners"] = json!({ "1": "5" });
    assert!(read_now(&away).with_threads.is_none());
}
