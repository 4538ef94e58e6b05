//! Invalid bodies, and the violations that the referee records.

use reqwest::{
    Method,
    header::{AUTHORIZATION, USER_AGENT},
};
use serde_json::{Value, json};

use super::bot::{Bot, commands, message, said};
use crate::support::discord::{ANA, ChannelKind, Route, Span};

/// Files to upload: name and bytes each.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// Returns the violations of [`message`] with the values at these paths changed.
async fn violations(bot: &Bot, changes: &[(&str, Value)]) -> String {
    let request = bot.deferred().await;
    let mut body = message();
    for (path, value) in changes {
        let (parent, key) = path.rsplit_once('/').expect("a path");
        let parent = body.pointer_mut(parent).expect("there");
        match key.parse::<usize>() {
            Ok(n) => parent[n] = value.clone(),
            Err(_) => parent[key] = value.clone(),
        }
    }
    request.excuse();
    let said = bot.edit(&request, &body).await;
    format!("{} {}", said.status, bot.take_violations().replace("PATCH @original: ", "").replace('\n', " + "))
}

async fn table(rows: Vec<Vec<(&str, Value)>>) -> String {
    let bot = Bot::new().await;
    let mut lines = vec![];
    for row in rows {
        lines.push(violations(&bot, &row).await);
    }
    lines.join("\n")
}

fn row(path: &'static str, value: impl Into<Value>) -> Vec<(&'static str, Value)> {
    vec![(path, value.into())]
}

#[tokio::test]
async fn texts_have_their_limits() {
    let long = |n: usize| "x".repeat(n);
    let field = json!({ "name": "n", "value": long(1024) });
    let said = table(vec![
        vec![],
        row("/content", long(2001)),
        row("/embeds", vec![json!({ "title": "t" }); 11]),
        row("/embeds/0/title", long(257)),
        row("/embeds/0/description", format!("{} ", "😀".repeat(2048))),
        row("/embeds/0/description", "😀".repeat(2049)),
        row("/embeds/0/description", " "),
        row("/embeds/0/fields", vec![json!({ "name": "n", "value": "v" }); 26]),
        row("/embeds/0/fields/0/name", long(257)),
        row("/embeds/0/fields/0/value", long(1025)),
        row("/embeds/0/fields/0/value", ""),
        row("/embeds/0/footer/text", long(2049)),
        row("/embeds/0/author/name", long(257)),
        row("/embeds", vec![json!({ "fields": [field.clone(), field.clone(), field] }); 2]),
        row("/embeds/0", json!({ "color": 1 })),
        row("/embeds/0/color", 0x100_0000),
        row("/embeds/0/image", json!({ "url": "attachment://race.png" })),
        row("/embeds/0/image", json!({ "url": "race.png" })),
        vec![("/embeds", json!([])), ("/components", json!([]))],
    ])
    .await;
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn components_have_theirs() {
    let button = |n: usize| json!({ "type": 2, "style": 1, "label": "b", "custom_id": n.to_string() });
    let buttons = |n: usize| (0..n).map(button).collect::<Vec<_>>();
    let first = "/components/0/components/0";
    let at = |key: &str| -> &'static str { format!("{first}/{key}").leak() };
    let said = table(vec![
        row(
            "/components",
            (0..6).map(|n| json!({ "type": 1, "components": [button(n)] })).collect::<Vec<_>>(),
        ),
        row("/components/0/components", buttons(6)),
        row("/components/0/components", buttons(0)),
        row("/components/0/type", 17),
        row(at("type"), 3),
        row(at("label"), "x".repeat(81)),
        row(at("label"), Value::Null),
        row(at("custom_id"), "x".repeat(101)),
        row(at("custom_id"), ""),
        row(at("custom_id"), "explain:1"),
        row(at("url"), "https://example.com"),
        row(at("style"), 7),
    ])
    .await;
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn menus_have_theirs() {
    let option = |n: usize| json!({ "label": format!("o{n}"), "value": n.to_string(), "description": "d" });
    let options = |n: usize| (0..n).map(option).collect::<Vec<_>>();
    let menu = |key: &str, value: Value| {
        let mut menu = json!({ "type": 3, "custom_id": "menu", "placeholder": "p", "options": options(2) });
        menu[key] = value;
        row("/components/0/components", json!([menu]))
    };
    let one = |key: &str, value: &str| {
        let mut option = option(0);
        option[key] = value.into();
        menu("options", json!([option]))
    };
    let button = json!({ "type": 2, "style": 1, "label": "b", "custom_id": "b" });
    let with_button = json!([{ "type": 3, "custom_id": "menu", "options": options(1) }, button]);
    let said = table(vec![
        menu("placeholder", "p".into()),
        row("/components/0/components", with_button),
        menu("options", json!([])),
        menu("options", json!(options(25))),
        menu("options", json!(options(26))),
        menu("options", json!([option(1), option(1)])),
        one("label", &"x".repeat(101)),
        one("label", ""),
        one("value", &"x".repeat(101)),
        one("description", &"x".repeat(101)),
        menu("custom_id", "x".repeat(101).into()),
        menu("custom_id", Value::Null),
        menu("placeholder", "x".repeat(151).into()),
        menu("max_values", 3.into()),
        menu("colour", 3.into()),
    ])
    .await;
    insta::assert_snapshot!(said);
}

/// A message of components alone.
fn components(list: &Value) -> Value {
    json!({ "flags": 1 << 15, "allowed_mentions": { "parse": [] }, "components": list })
}

#[tokio::test]
async fn messages_of_components_alone_have_theirs() {
    let text = |text: &str| json!({ "type": 10, "content": text });
    let button = |n: usize| json!({ "type": 2, "style": 2, "label": "b", "custom_id": n.to_string() });
    let section = |n: usize| json!({ "type": 9, "components": [text("t")], "accessory": button(n) });
    let sections = |n: usize| (0..n).map(section).collect::<Vec<_>>();
    let container = |inner: Value| json!({ "type": 17, "accent_color": 5, "components": inner });
    let mut beside = components(&json!([text("t")]));
    (beside["content"], beside["embeds"]) = ("c".into(), json!([{ "title": "t" }]));
    let without_flag = json!({ "allowed_mentions": { "parse": [] }, "components": [text("t")] });
    let picture =
        |url: &str| json!({ "type": 12, "items": [{ "media": { "url": url }, "description": "d" }] });
    let bot = Bot::new().await;
    let mut lines = vec![];
    for body in [
        components(&json!([text("t"), section(1), { "type": 14 }, container(json!([section(2)]))])),
        components(&json!(sections(14))),
        components(&json!([container(json!(sections(13)))])),
        components(&json!([text(&"x".repeat(2_000)), container(json!([text(&"x".repeat(2_001))]))])),
        components(&json!([section(1), section(1)])),
        components(&json!([{ "type": 9, "components": [], "accessory": button(1) }])),
        components(&json!([{ "type": 9, "components": [text("t")] }])),
        components(&json!([button(1)])),
        components(&json!([container(json!([container(json!([text("t")]))]))])),
        components(&json!([text("")])),
        components(&json!([picture("attachment://race.png")])),
        beside,
        without_flag,
    ] {
        let request = bot.compare();
        request.excuse();
        let said = bot.callback(&request, &json!({ "type": 4, "data": body })).await;
        lines.push(format!("{} {}", said.status, bot.take_violations().replace('\n', " + ")));
    }
    let request = bot.compare();
    bot.callback(&request, &json!({ "type": 4, "data": components(&json!([text("t")])) })).await;
    let mut plain = message();
    plain["flags"] = 0.into();
    for body in [components(&json!([text("other")])), message(), plain] {
        let said = bot.edit(&request, &body).await;
        lines.push(format!("{} {}", said.status, bot.take_violations().replace('\n', " + ")));
    }
    assert_eq!(request.current().text(), "other");
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn the_house_has_rules_of_its_own() {
    let said = table(vec![
        row("/nonce", 1),
        row("/embeds/0/provider", json!({})),
        row("/components/0/components/0/colour", 1),
        row("/allowed_mentions", Value::Null),
        row("/allowed_mentions", json!({ "parse": ["users"] })),
        row("/allowed_mentions", json!({ "parse": [], "users": ["1"] })),
        row("/flags", 1 << 2),
        row("/flags", 1 << 6),
        row("/flags", 1 << 15),
    ])
    .await;
    insta::assert_snapshot!(said);

    let bot = Bot::new().await;
    bot.discord.world(|world| world.forbidden_words.push("sky".into()));
    assert_eq!(
        violations(&bot, &[("/content", "why is the sky blue?".into())]).await,
        "200 content has \"sky\", which is not ours"
    );
}

#[tokio::test]
async fn files_are_looked_at() {
    let bot = Bot::new().await;
    bot.discord.world(|world| world.file_limit = 8);
    let entry = |id: u64, name: &str| json!({ "id": id, "filename": name, "description": "alt" });
    let with = |attachments: Value| {
        let mut body = message();
        body["embeds"][0]["image"] = json!({ "url": "attachment://race.png" });
        body["attachments"] = attachments;
        body
    };
    let png: (&str, &[u8]) = ("race.png", b"png");
    let mut long = entry(0, "race.png");
    long["description"] = "x".repeat(1025).into();
    let rows: [(Value, Files); 10] = [
        (with(json!([{ "id": "0" }])), &[png]),
        (with(json!([entry(0, "race.png")])), &[png]),
        (with(json!([entry(1, "race.png")])), &[png]),
        (with(json!([])), &[png]),
        (message(), &[png]),
        (with(json!([entry(0, "race.png")])), &[("race.png", b"more than 8")]),
        (with(json!([entry(0, "other.png")])), &[png]),
        (with(json!([entry(0, "race.png"), entry(1, "race.png")])), &[png, png]),
        (with(json!([long])), &[png]),
        (with(json!([entry(0, "a b.png")])), &[("a b.png", b"png")]),
    ];
    let mut lines = vec![];
    for (body, files) in rows {
        let request = bot.deferred().await;
        request.excuse();
        let said = bot.upload(&request, &body, files).await;
        let violations = bot.take_violations().replace("PATCH @original: ", "").replace('\n', " + ");
        lines.push(format!("{} {violations}", said.status));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn files_stay_as_long_as_they_are_listed() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    let mut body = message();
    body["embeds"][0]["image"] = json!({ "url": "attachment://race.png" });
    body["attachments"] = json!([{ "id": 0, "filename": "race.png", "description": "bars" }]);
    let said = bot.upload(&request, &body, &[("race.png", b"png")]).await;
    let id = said.body["attachments"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(request.current().attachment("race.png").expect("there").bytes, b"png");
    assert!(said.body["embeds"][0]["image"]["url"].as_str().expect("a url").contains(&id));

    body["attachments"] = json!([{ "id": id }]);
    body["content"] = "kept".into();
    assert_eq!(bot.edit(&request, &body).await.status, 200);
    assert_eq!(request.current().attachment("race.png").expect("kept").description.as_deref(), Some("bars"));
    body["attachments"] = json!([]);
    assert_eq!(bot.edit(&request, &body).await.code(), (400, 50_035), "the picture is gone");
    assert_eq!(bot.take_violations(), "PATCH @original: embed 0: image: there is no file \"race.png\"");
    insta::assert_snapshot!(request.current().text(), @r"
    kept
    a
    t
    d
    n: v
    f
    attachment://race.png
    (race.png: bars)
    [Stop] [Explain]
    ");
}

#[tokio::test]
async fn first_answers_fit_what_they_answer() {
    let bot = Bot::new().await;
    let mut lines = vec![];
    let private = json!({ "content": "no", "flags": 64, "allowed_mentions": { "parse": [] } });
    for body in [
        json!({ "type": 4, "data": private }),
        json!({ "type": 5, "data": { "flags": 64 } }),
        json!({ "type": 5, "data": { "flags": 4 } }),
        json!({ "type": 5, "data": { "content": "x" } }),
        json!({ "type": 6 }),
        json!({ "type": 7, "data": private }),
        json!({ "type": 8, "data": { "choices": [] } }),
    ] {
        let request = bot.compare();
        request.excuse();
        let said = bot.callback(&request, &body).await;
        lines.push(format!("{} {}", said.status, bot.take_violations()));
    }
    let choice = |n: usize| json!({ "name": format!("{n}"), "value": "v" });
    let long = json!({ "name": "x".repeat(101), "value": "" });
    for choices in [json!([choice(1)]), (0..26).map(choice).collect(), json!([long]), Value::Null] {
        let request = bot.discord.autocomplete("/arena compare", &[("models", "ge")], ANA, ChannelKind::Dm);
        request.excuse();
        let said = bot.callback(&request, &json!({ "type": 8, "data": { "choices": choices } })).await;
        lines.push(format!("{} {}", said.status, bot.take_violations()));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn commands_are_looked_at() {
    let bot = Bot::new().await;
    bot.discord.set_limit(Route::PutCommands, 50, 1.s());
    let option = |name: &str, required: bool| json!({ "type": 3, "name": name, "description": "d", "required": required });
    let mut lines = vec![];
    for (path, value) in [
        ("/0/name", json!("Arena")),
        ("/0/description", json!("x".repeat(101))),
        ("/0/contexts", json!([3])),
        ("/0/emoji", json!("x")),
        ("/0/type", json!(3)),
        ("/1/type", json!(2)),
        ("/1/name", json!("Race: this")),
        ("/1/description", json!("races")),
        ("/1/options", json!([option("a", false)])),
        ("/0/options/0/type", json!(12)),
        ("/0/options/1/name", json!("compare")),
        ("/0/options/0/options", json!([option("a", false), option("b", true)])),
        ("/0/options/0/options/1/choices", json!([{ "name": "a", "value": "x".repeat(8000) }])),
    ] {
        let mut body = commands();
        let (parent, key) = path.rsplit_once('/').expect("a path");
        body.pointer_mut(parent).expect("there")[key] = value;
        let said = bot.call(Method::PUT, "/applications/1001/commands", &body).await;
        lines.push(format!("{} {}", said.status, bot.take_violations().replace('\n', " + ")));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn callers_are_looked_at() {
    let bot = Bot::new().await;
    let get = |path| bot.request(Method::GET, path);
    let change = |request: reqwest::RequestBuilder, name, value: &str| {
        let mut request = request.build().expect("a request");
        request.headers_mut().insert(name, value.parse().expect("a value"));
        request
    };
    let client = crate::support::client::client();
    let mut lines = vec![];
    for request in [
        change(get("/gateway/bot"), USER_AGENT, "reqwest"),
        change(get("/gateway/bot"), AUTHORIZATION, "Bot other"),
        get("/gateway").build().expect("a request"),
        get("/applications/1002/commands").build().expect("a request"),
        bot.request(Method::PATCH, "/channels/6001/messages/1").body("{}").build().expect("a request"),
        get("/gateway/bot").body("{}").build().expect("a request"),
    ] {
        let said = said(client.execute(request).await.expect("an answer")).await.expect("an answer");
        lines.push(format!("{} {}", said.status, bot.take_violations()));
    }
    insta::assert_snapshot!(lines.join("\n"));
}
