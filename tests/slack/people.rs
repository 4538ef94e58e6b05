//! Actions of users, what the bot receives of them, and ephemeral answers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use serde_json::{Value, json};
use slack_morphism::prelude::{
    SlackCommandEvent, SlackEventCallbackBody, SlackInteractionActionContainer, SlackInteractionEvent,
    SlackPushEvent,
};

use super::bot::{Bot, blocks, post, soon};
use crate::support::slack::{
    ANA, ActionKind, BEN, CLUB, DM, FakeSlack, LOBBY, MOD, Method, TOWN, User, VAULT,
};

/// The bot's library reads everything that it needs from them.
#[tokio::test]
async fn payloads_are_as_a_library_reads_them() {
    let bot = Bot::new().await;
    let admin: User = MOD;
    bot.slack.type_command("/arena", "ask a & b <c>", admin, VAULT);
    let envelope = bot.acks();
    assert_eq!((envelope.kind, envelope.accepts_response_payload), ("slash_commands", true));
    let command: SlackCommandEvent = serde_json::from_value(envelope.payload.clone()).expect("a command");
    assert_eq!(command.text.as_deref(), Some("ask a &amp; b &lt;c&gt;"), "escaped as Slack does");
    assert_eq!((command.channel_id.0.as_str(), command.user_id.0.as_str()), (VAULT, MOD.id));
    assert_eq!(envelope.payload["is_enterprise_install"], "false");

    let root = bot.slack.write_message("look", BEN, CLUB, None);
    bot.slack.mention("compare a & b", ANA, CLUB, Some(&root));
    let envelope = bot.acks();
    let Ok(SlackPushEvent::EventCallback(event)) = serde_json::from_value(envelope.payload) else {
        panic!("an event")
    };
    assert!(event.event_id.0.starts_with("Ev0") && event.authorizations.is_some());
    let SlackEventCallbackBody::AppMention(mention) = event.event else { panic!("a mention") };
    assert_eq!(mention.content.text.as_deref(), Some("<@U0ARENA> compare a &amp; b"));
    assert_eq!(mention.origin.thread_ts.map(|ts| ts.0), Some(root));

    bot.slack.direct_message("compare why?", ANA, None);
    let Ok(SlackPushEvent::EventCallback(event)) = serde_json::from_value(bot.acks().payload) else {
        panic!("an event")
    };
    let SlackEventCallbackBody::Message(message) = event.event else { panic!("a message") };
    assert_eq!(message.sender.user.map(|user| user.0), Some(ANA.id.to_owned()));
    assert_eq!(message.content.expect("content").text.as_deref(), Some("compare why?"));

    let ts = bot.posts(LOBBY, "compare why?").await;
    let pressed = bot.slack.press(&ts, "Stop", BEN);
    let envelope = bot.acks();
    assert_eq!((envelope.kind, envelope.accepts_response_payload), ("interactive", false));
    let Ok(SlackInteractionEvent::BlockActions(action)) = serde_json::from_value(envelope.payload) else {
        panic!("an action")
    };
    let pressed_one = action.actions.expect("actions").remove(0);
    assert_eq!((pressed_one.action_id.0.as_str(), pressed_one.value.as_deref()), ("stop", Some("1")));
    let SlackInteractionActionContainer::Message(container) = action.container else { panic!("a message") };
    assert_eq!(container.message_ts.0, ts);
    assert!(action.response_url.is_some() && action.message.is_some());
    assert_eq!(pressed.action().kind, ActionKind::Button { message: ts, action_id: "stop".into() });
    bot.slack.assert_clean();
}

/// An action that the client would not allow fails the test.
#[tokio::test]
async fn people_can_do_only_what_the_client_lets_them() {
    let bot = Bot::new().await;
    let why = |what: &dyn Fn(&FakeSlack)| {
        let panic = catch_unwind(AssertUnwindSafe(|| what(&bot.slack))).expect_err("refused");
        panic
            .downcast_ref::<String>()
            .cloned()
            .unwrap_or_else(|| (*panic.downcast_ref::<&str>().expect("words")).into())
    };
    let found = bot.posts(LOBBY, "hello").await;
    let private = json!({ "channel": LOBBY, "user": ANA.id, "text": "psst", "blocks": blocks("psst") });
    let private =
        bot.call(Method::PostEphemeral, &private).await.body["message_ts"].as_str().expect("a ts").to_owned();
    bot.slack.archive(TOWN);
    let said = [
        why(&|slack| drop(slack.type_command("/other", "", ANA, LOBBY))),
        why(&|slack| drop(slack.type_command("/arena", "help", ANA, TOWN))),
        why(&|slack| drop(slack.mention("help", ANA, VAULT, None))),
        why(&|slack| drop(slack.press(&found, "Race again", ANA))),
        why(&|slack| drop(slack.press(&private, "Stop", BEN))),
    ];
    assert_eq!(
        said.map(|words| words.lines().next().unwrap_or_default().to_owned()),
        [
            "the manifest has no /other",
            "nobody writes in C0TOWN: it is archived",
            "the bot is not told of mentions in G0VAULT",
            "no button \"Race again\" in:",
            "ben does not see this message",
        ]
    );
    bot.slack.press(&private, "stop", ANA).excuse();
    assert_eq!(bot.envelope().payload.get("message"), None, "not told where only one person sees it");
    bot.slack.assert_clean();
}

/// In a direct message the bot hears of its own messages, its edits and its files.
#[tokio::test]
async fn the_bot_hears_its_own_direct_messages() {
    let bot = Bot::new().await;
    let request = bot.slack.direct_message("compare why?", ANA, None);
    bot.acks();
    let ts = bot.posts(DM, "compare why?").await;
    let posted = bot.envelope();
    assert_eq!(
        (&posted.payload["event"]["bot_id"], &posted.payload["event"]["ts"]),
        (&json!("B0ARENA"), &json!(ts))
    );
    assert_eq!(soon(request.wait_for_message()).await, ts);
    let body = json!({ "channel": DM, "ts": ts, "text": "a", "blocks": blocks("a") });
    bot.call(Method::Update, &body).await;
    let edited = bot.envelope();
    assert_eq!(edited.payload["event"]["subtype"], "message_changed");
    assert!(serde_json::from_value::<SlackPushEvent>(edited.payload).is_ok());
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_response_url_is_good_five_times_for_half_an_hour() {
    let bot = Bot::new().await;
    let request = bot.slack.type_command("/arena", "help", ANA, VAULT);
    let url = bot.acks().payload["response_url"].clone();
    let send = |body: Value| bot.to(&url, body.to_string().into_bytes(), "application/json");
    let body = json!({ "text": "psst", "blocks": blocks("psst"), "response_type": "ephemeral" });
    let first = send(body.clone()).await;
    assert_eq!((first.status, &first.body), (200, &json!("ok")));
    soon(request.wait_for_private_text("psst")).await;
    assert_eq!(request.ephemerals()[0].only_for.as_deref(), Some(ANA.id));
    for _ in 0..4 {
        assert_eq!(send(body.clone()).await.status, 200);
    }
    assert_eq!(send(body.clone()).await.code(), "used_url");
    assert_eq!(bot.take_violations(), "response_url: used_url");

    bot.slack.type_command("/arena", "help", ANA, LOBBY);
    let envelope = bot.acks();
    bot.slack.world(|world| world.response_life = Duration::ZERO);
    let late =
        bot.to(&envelope.payload["response_url"], body.to_string().into_bytes(), "application/json").await;
    assert_eq!((late.status, late.code().as_str()), (404, "expired_url"));
    bot.take_violations();
    bot.slack.world(|world| world.response_life = Duration::from_mins(30));
    let mut loud = body.clone();
    loud["response_type"] = "in_channel".into();
    assert_eq!(
        bot.to(&envelope.payload["response_url"], loud.to_string().into_bytes(), "application/json")
            .await
            .status,
        200
    );
    assert_eq!(bot.take_violations(), "response_url: it would be shown to everybody, with the command");
}

#[tokio::test]
async fn an_answer_may_take_the_place_of_a_message() {
    let bot = Bot::new().await;
    let request = bot.slack.type_command("/arena", "examples", ANA, LOBBY);
    let envelope = bot.envelope();
    envelope.acks.ack(Some(
        json!({ "response_type": "ephemeral", "text": "Try these", "blocks": blocks("Try these") }),
    ));
    assert_eq!(soon(request.wait_for_ack()).await.status, 200);
    let shown = request.ephemerals()[0].ts.clone();
    let pressed = bot.slack.press(&shown, "Explain", ANA);
    let url = bot.acks().payload["response_url"].clone();
    let body = json!({ "text": "Off you go", "blocks": blocks("Off you go"), "replace_original": true });
    bot.to(&url, body.to_string().into_bytes(), "application/json").await;
    assert!(soon(request.wait_for_private_text("Off you go")).await.look.text().contains("Off you go"));
    assert_eq!((request.ephemerals().len(), pressed.ephemerals().len()), (1, 0));
    let gone = json!({ "delete_original": true }).to_string().into_bytes();
    assert_eq!(bot.to(&url, gone, "application/json").await.status, 200);
    assert!(request.ephemerals()[0].deleted);
    let request = bot.client.post(url.as_str().expect("text")).bearer_auth("xoxb-1");
    let token = request.header("Content-Type", "application/json").body(body.to_string()).send().await;
    assert!(token.expect("an answer").text().await.expect("text").contains("not_allowed"));
    assert_eq!(bot.take_violations(), "response_url: a token where none belongs");
    bot.slack.assert_clean();
}

/// Messages are matched by their words; otherwise the newest action counts.
#[tokio::test]
async fn a_message_belongs_to_what_asked_for_it() {
    let bot = Bot::new().await;
    let (first, _) = bot.compare("one two three");
    let (second, _) = bot.compare("four five six");
    let (help, _) = bot.compare("help");
    let late = bot.posts(LOBBY, "ana asks: four five six").await;
    let early = bot.posts(LOBBY, "ana asks: one two three").await;
    assert_eq!(
        (soon(first.wait_for_message()).await, soon(second.wait_for_message()).await),
        (early.clone(), late)
    );
    help.excuse();
    let pressed = bot.slack.press(&early, "Explain", BEN);
    bot.acks();
    let mut body = post(LOBBY, "it is like this");
    body["thread_ts"] = early.as_str().into();
    let said = bot.call(Method::PostMessage, &body).await;
    assert_eq!(soon(pressed.wait_for_message()).await, said.body["ts"]);
    let mention = bot.slack.mention("compare why?", ANA, LOBBY, None);
    let own = bot.acks().payload["event"]["ts"].clone();
    body["thread_ts"] = own;
    let said = bot.call(Method::PostMessage, &body).await;
    assert_eq!(soon(mention.wait_for_message()).await, said.body["ts"], "in the thread under the mention");
    bot.slack.assert_clean();
}
