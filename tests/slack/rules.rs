//! Bodies that the referee accepts, and bodies that it refuses, with Slack's code and the violation.

use serde_json::{Value, json};

use super::bot::{Bot, blocks, post};
use crate::support::slack::{ANA, LOBBY, Limits, Look, Method};

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn buttons(elements: &[Value]) -> Value {
    json!({ "type": "actions", "elements": elements })
}

fn button(id: &str) -> Value {
    json!({ "type": "button", "action_id": id, "text": plain("Press") })
}

fn table(rows: &[Vec<Value>]) -> Value {
    json!({ "type": "table", "rows": rows, "column_settings": [{ "align": "right", "is_wrapped": true }, {}] })
}

fn cell(text: &str) -> Value {
    json!({ "type": "raw_text", "text": text })
}

fn chart() -> Value {
    json!({ "type": "data_visualization", "title": "tokens per second", "chart": {
        "type": "bar", "axis_config": { "categories": ["Gemma", "Qwen"], "y_label": "tok/s" },
        "series": [{ "name": "speed", "data": [{ "label": "Gemma", "value": 143.5 }, { "label": "Qwen", "value": 97 }] }],
    } })
}

fn number(value: f64, text: &str) -> Value {
    json!({ "type": "raw_number", "value": value, "text": text })
}

fn data_table(rows: &[Vec<Value>]) -> Value {
    json!({ "type": "data_table", "caption": "Team board", "rows": rows, "page_size": 5, "row_header_column_index": 1 })
}

fn good_data_table() -> Value {
    data_table(&[vec![cell("#"), cell("model")], vec![number(1.0, "1"), cell("a")]])
}

fn container(children: &[Value]) -> Value {
    json!({
        "type": "container", "title": plain("Gemma"), "subtitle": plain("231 tokens"), "is_collapsible": true,
        "default_collapsed": true, "child_blocks": children,
    })
}

fn full_container() -> Value {
    container(&[
        section(&"x".repeat(3_000)),
        json!({ "type": "divider" }),
        json!({ "type": "context", "elements": [plain("c")] }),
        buttons(&[button("in")]),
    ])
}

/// The value with something else at a path.
fn with(mut value: Value, path: &str, other: Value) -> Value {
    *value.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = other;
    value
}

async fn says(bot: &Bot, blocks: Value) -> (String, String) {
    bot.slack.world(|world| world.limits = Limits::default());
    let body = json!({ "channel": LOBBY, "text": "t", "blocks": blocks, "unfurl_links": false, "unfurl_media": false });
    (bot.call(Method::PostMessage, &body).await.code(), bot.take_violations())
}

#[tokio::test]
async fn good_blocks_are_taken() {
    let bot = Bot::new().await;
    let option = |value: &str| json!({ "text": plain(value), "value": value });
    let good = [
        section(&"x".repeat(3_000)),
        json!({ "type": "section", "fields": [plain("a"), plain("b")], "accessory": button("a") }),
        json!({ "type": "markdown", "text": "**bold**\n```\ncode\n```" }),
        json!({ "type": "header", "text": plain(&"x".repeat(150)), "level": 2 }),
        json!({ "type": "divider" }),
        json!({ "type": "image", "image_url": "https://example.com/a.png", "alt_text": "a" }),
        json!({ "type": "input", "label": plain("l"), "element": {
            "type": "static_select", "action_id": "s", "options": [option("a"), option("b")], "initial_option": option("b") } }),
        buttons(&(0..25).map(|n| button(&n.to_string())).collect::<Vec<_>>()),
        table(&[
            vec![cell("model"), cell("speed")],
            vec![
                cell("a"),
                json!({ "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [{ "type": "text", "text": "5", "style": { "bold": true } }] }] }),
            ],
        ]),
        good_data_table(),
        full_container(),
        chart(),
        json!({ "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [{ "type": "text", "text": "hello" }] }] }),
    ];
    for block in &good {
        assert_eq!(says(&bot, json!([block])).await, ("ok".into(), String::new()), "{block}");
    }
    assert_eq!(says(&bot, Value::from(good.to_vec())).await, ("ok".into(), String::new()), "all of them");
    let look: Look = bot.slack.world(|world| world.public(LOBBY).last().expect("a message").look().clone());
    assert_eq!(look.table().expect("a table")[1], ["a", "5"]);
    assert_eq!(look.chart().expect("a chart")["title"], "tokens per second");
    assert!(look.text().contains("(bar chart: tokens per second)\nhello"), "{}", look.text());
    bot.slack.assert_clean();
}

/// Checks that Slack refuses each block with this violation.
async fn are_refused(bot: Bot, bad: Vec<(Value, &str)>) {
    for (block, violation) in bad {
        let (code, said) = says(&bot, json!([block])).await;
        assert!(code == "invalid_blocks" && said.contains(violation), "{block}\n{code} {said}");
    }
    bot.slack.assert_clean();
}

#[tokio::test]
async fn bad_blocks_are_refused() {
    let bot = Bot::new().await;
    let long = |n: usize| Value::from("x".repeat(n));
    let element = "/elements/0";
    let bad = [
        (section(""), "0 characters, of at most 3000"),
        (section(&"x".repeat(3_001)), "3001 characters"),
        (json!({ "type": "section" }), "neither text nor fields"),
        (json!({ "type": "section", "fields": vec![plain("a"); 11] }), "fields has 11 items"),
        (json!({ "type": "section", "fields": [plain(&"x".repeat(2_001))] }), "a field has 2001"),
        (json!({ "type": "header", "text": plain(&"x".repeat(151)) }), "151 characters"),
        (json!({ "type": "header", "text": { "type": "mrkdwn", "text": "a" } }), "is not plain_text"),
        (json!({ "type": "header", "text": plain("a"), "level": 5 }), "a level of 1 to 4"),
        (json!({ "type": "divider", "text": "a" }), "divider has a field \"text\""),
        (json!({ "type": "context", "elements": vec![plain("a"); 11] }), "context has 11 items"),
        (json!({ "type": "context", "elements": [button("a")] }), "neither mrkdwn nor plain_text"),
        (buttons(&(0..26).map(|n| button(&n.to_string())).collect::<Vec<_>>()), "actions has 26 items"),
        (buttons(&[button("a"), button("a")]), "two elements have the action_id \"a\""),
        (with(buttons(&[button("a")]), &format!("{element}/text/text"), long(76)), "a button has 76"),
        (with(buttons(&[button("a")]), &format!("{element}/action_id"), long(256)), "an action_id has 256"),
        (
            buttons(&[
                json!({ "type": "button", "action_id": "a", "text": plain("a"), "value": long(2_001) }),
            ]),
            "value has 2001",
        ),
        (
            buttons(&[json!({ "type": "button", "action_id": "a", "text": plain("a"), "style": "red" })]),
            "primary or danger",
        ),
        (buttons(&[json!({ "type": "datepicker", "action_id": "a" })]), "no element \"datepicker\""),
        (json!({ "type": "image", "image_url": "https://a", "alt_text": "" }), "an alt text has 0"),
        (json!({ "type": "image", "alt_text": "a" }), "an address or a file"),
        (json!({ "type": "poll" }), "no block \"poll\""),
        (json!({ "type": "divider", "block_id": long(256) }), "block_id has 256"),
        (table(&[vec![cell("a"), cell("b")], vec![cell("a")]]), "of one length"),
        (table(&vec![vec![cell("a")]; 101]), "rows has 101 items"),
        (table(&[vec![cell("a"); 21]]), "a row has 21 items"),
        (table(&[vec![cell("")]]), "a cell has 0"),
        (table(&[vec![json!({ "type": "raw_number", "value": 1 })]]), "a cell of type \"raw_number\""),
        (with(table(&[vec![cell("a")]]), "/column_settings/0/align", json!("middle")), "aligned \"middle\""),
        (with(chart(), "/title", long(51)), "a chart's title has 51"),
        (with(chart(), "/chart/type", json!("radar")), "of type \"radar\""),
        (with(chart(), "/chart/series/0/name", long(21)), "a series' name has 21"),
        (with(chart(), "/chart/series/0/data/0/label", json!("Other")), "one point for each category"),
        (with(chart(), "/chart/series/0/data/0/value", json!("5")), "a point has a number"),
        (with(chart(), "/chart/axis_config/categories", json!(["Gemma", "Gemma"])), "is there twice"),
        (
            with(chart(), "/chart/series", Value::from(vec![chart()["chart"]["series"][0].clone(); 2])),
            "two series are called",
        ),
    ];
    are_refused(bot, bad.to_vec()).await;
}

#[tokio::test]
async fn bad_containers_are_refused() {
    let bot = Bot::new().await;
    let long = |n: usize| Value::from("x".repeat(n));
    let bad = [
        (container(&[]), "child_blocks has 0 items, of 1 to 10"),
        (container(&vec![section("a"); 11]), "child_blocks has 11 items"),
        (container(&[section(&"x".repeat(3_001))]), "3001 characters"),
        (container(&[chart()]), "a container takes no \"data_visualization\""),
        (container(&[container(&[section("a")])]), "a container takes no \"container\""),
        (with(container(&[section("a")]), "/title/text", long(151)), "a container's title has 151"),
        (with(container(&[section("a")]), "/subtitle/text", long(151)), "a container's subtitle has 151"),
        (with(container(&[section("a")]), "/is_collapsible", json!(false)), "only what is collapsible"),
    ];
    are_refused(bot, bad.to_vec()).await;
}

#[tokio::test]
async fn bad_data_tables_are_refused() {
    let bot = Bot::new().await;
    let head = || vec![cell("#"), cell("model")];
    let row = || vec![number(1.0, "1"), cell("a")];
    let rows = |n: usize| [vec![head()], vec![row(); n]].concat();
    let rich = json!({ "type": "rich_text", "elements": [] });
    let mut unknown = good_data_table();
    unknown["sortable"] = json!(true);
    let bad = [
        (data_table(&rows(0)), "a header and at least one row"),
        (data_table(&rows(101)), "rows has 102 items, of 1 to 101"),
        (data_table(&[head(), vec![cell("a")]]), "of one length"),
        (data_table(&[vec![cell("a"); 21], vec![cell("a"); 21]]), "a row has 21 items, of 1 to 20"),
        (data_table(&[vec![rich, cell("model")], row()]), "a header cell of rich text"),
        (data_table(&[head(), vec![cell("1"), cell("")]]), "a cell has 0 characters"),
        (with(good_data_table(), "/rows/1/0/value", json!("1")), "a cell's value is no number"),
        (with(good_data_table(), "/rows/1/0/type", json!("raw_date")), "a cell of type \"raw_date\""),
        (with(good_data_table(), "/caption", json!("")), "a caption has 0 characters"),
        (with(good_data_table(), "/page_size", json!(101)), "a page has 1 to 100 rows"),
        (
            with(good_data_table(), "/row_header_column_index", json!(2)),
            "the header of the rows is no column",
        ),
        (unknown, "data_table has a field \"sortable\""),
        (
            data_table(&[head(), vec![cell(&"x".repeat(5_000)), cell(&"x".repeat(5_001))]]),
            "10007 characters in the cells of a message",
        ),
        (container(&[good_data_table()]), "a container takes no \"data_table\""),
    ];
    are_refused(bot, bad.to_vec()).await;
}

#[tokio::test]
async fn a_message_has_its_own_limits() {
    let bot = Bot::new().await;
    let ids = [json!({ "type": "divider", "block_id": "a" }), json!({ "type": "divider", "block_id": "a" })];
    let one_table = table(&[vec![cell("a")]]);
    let markdown = |n: usize| json!({ "type": "markdown", "text": "x".repeat(n) });
    for (list, code, violation) in [
        (vec![json!({ "type": "divider" }); 51], "invalid_blocks", "51 blocks"),
        (ids.to_vec(), "invalid_blocks", "two blocks have the id"),
        (vec![one_table.clone(), one_table], "invalid_attachments", "only one table"),
        (vec![chart(); 3], "invalid_blocks", "only two charts"),
        (vec![markdown(6_000), markdown(6_001)], "msg_blocks_too_long", "12001 characters of markdown"),
        (
            vec![section(&"é".repeat(2_700)), section(&"é".repeat(2_700))],
            "msg_blocks_too_long",
            "10800 bytes",
        ),
        (vec![], "invalid_blocks_format", "there are no blocks"),
    ] {
        let (said, violations) = says(&bot, list.into()).await;
        assert!(said == code && violations.contains(violation), "{said} {violations}");
    }
    assert_eq!(says(&bot, vec![section(&"é".repeat(2_600)); 2].into()).await.1, "", "10,400 bytes");
    let (code, said) = says(&bot, json!([buttons(&[button("again")])])).await;
    assert!(code == "ok" && said.contains("a final message whose text has no result"), "{code} {said}");
    bot.slack.world(|world| world.takes.containers = false);
    let refused = ("invalid_blocks".to_owned(), String::new());
    assert_eq!(says(&bot, json!([container(&[section("a")])])).await, refused, "no violation");
    bot.slack.world(|world| world.takes.tables = false);
    assert_eq!(says(&bot, json!([good_data_table()])).await, refused, "no violation");
    bot.slack.world(|world| world.takes.charts = false);
    assert_eq!(
        says(&bot, json!([chart()])).await,
        ("invalid_blocks".into(), String::new()),
        "no violation: it cannot know"
    );
    bot.slack.assert_clean();
}

#[tokio::test]
async fn only_documented_fields_and_a_fallback_text() {
    let bot = Bot::new().await;
    let good = post(LOBBY, "hello");
    let without = |key: &str| {
        let mut body = good.clone();
        body.as_object_mut().expect("an object").remove(key);
        body
    };
    let plus = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    for (body, code, violation) in [
        (without("channel"), "invalid_arguments", "the field \"channel\" is missing"),
        (plus("thread", json!("1")), "invalid_arguments", "no field \"thread\""),
        (plus("text", json!("x".repeat(4_001))), "msg_too_long", "the fallback text is too long"),
        (without("text"), "no_text", "no fallback text"),
        (without("unfurl_links"), "ok", "unfurl_links is not false"),
        (plus("unfurl_media", json!(true)), "ok", "unfurl_media is not false"),
        (plus("link_names", json!(true)), "ok", "does not read \"link_names\""),
        (plus("attachments", json!([])), "ok", "does not read \"attachments\""),
    ] {
        bot.slack.world(|world| world.limits = Limits::default());
        assert_eq!(bot.call(Method::PostMessage, &body).await.code(), code, "{body}");
        let said = bot.take_violations();
        assert!(said.contains(violation), "{said}");
    }
    bot.slack.assert_clean();
}

#[tokio::test]
async fn updates_and_private_messages_have_fields_of_their_own() {
    let bot = Bot::new().await;
    let ts = bot.posts(LOBBY, "hello").await;
    let update = json!({ "channel": LOBBY, "ts": ts, "text": "a" });
    assert_eq!(
        bot.call(Method::Update, &update).await.code(),
        "invalid_blocks_format",
        "text alone removes the blocks"
    );
    let update =
        json!({ "channel": LOBBY, "ts": ts, "text": "a", "blocks": blocks("a"), "unfurl_links": false });
    assert_eq!(bot.call(Method::Update, &update).await.code(), "invalid_arguments");
    let whisper = json!({ "channel": LOBBY, "text": "a", "blocks": blocks("a") });
    assert_eq!(bot.call(Method::PostEphemeral, &whisper).await.code(), "invalid_arguments", "to whom?");
    assert_eq!(bot.take_violations().lines().count(), 3);
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("channel", LOBBY),
            ("user", ANA.id),
            ("text", "a"),
            ("blocks", &blocks("a").to_string()),
        ])
        .finish();
    let request =
        bot.request(Method::PostEphemeral).header("Content-Type", "application/x-www-form-urlencoded");
    assert!(
        request
            .body(form)
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text")
            .contains("\"ok\":true")
    );
    bot.slack.assert_clean();
}

#[tokio::test]
async fn what_is_no_call_is_a_foul() {
    let bot = Bot::new().await;
    let to = |path: &str| format!("{}/{path}", bot.slack.api_url());
    let get = bot.client.get(to("chat.postMessage")).send().await.expect("an answer");
    let other = bot.client.post(to("chat.stream")).body("{}").send().await.expect("an answer");
    let json = bot.request(Method::GetUploadUrl).header("Content-Type", "application/json").body("{}");
    let json = json.send().await.expect("an answer");
    let no_object = bot.request(Method::AuthTest).header("Content-Type", "application/json").body("7");
    let no_object = no_object.send().await.expect("an answer");
    for (answer, code) in [
        (get, "invalid_arguments"),
        (other, "unknown_method"),
        (json, "invalid_arguments"),
        (no_object, "invalid_arguments"),
    ] {
        assert!(answer.text().await.expect("text").contains(code));
    }
    let said = bot.take_violations();
    for violation in [
        "chat.postMessage is not called by GET",
        "nobody calls POST /api/chat.stream",
        "does not take \"application/json\"",
        "the body is no JSON object",
    ] {
        assert!(said.contains(violation), "{said}");
    }
}
