use std::sync::Mutex;

use futures::{FutureExt as _, future::ready};
use serde_json::json;
use slack_morphism::prelude::SlackPushEvent;

use super::*;

/// An intake that knows its bot, and what it hands on.
struct World {
    intake: Intake,
    out: Arc<Mutex<Vec<Incoming>>>,
}

/// Returns the answer of an inbox that never waits.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("at once")
}

impl World {
    fn new() -> Self {
        let out: Arc<Mutex<Vec<Incoming>>> = Arc::default();
        let into = Arc::clone(&out);
        let intake = Intake::new(Arc::new(move |incoming| {
            into.lock().expect("no panic").push(incoming);
            ready(Ack::Private(json!({ "text": "On it" }))).boxed()
        }));
        intake.know_bot("UBOT");
        Self { intake, out }
    }

    fn event(&self, id: &str, event: &Value) {
        let event = json!({ "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": id,
                            "event_time": 1, "event": event });
        let event = serde_json::from_value(event).expect("the library reads it");
        at_once(self.intake.event(event, Instant::now()));
    }

    fn interaction(&self, payload: &Value) -> Ack {
        let event = serde_json::from_value(payload.clone()).expect("the library reads it");
        at_once(self.intake.interaction(event, Instant::now()))
    }

    fn taken(&self) -> Vec<Incoming> {
        std::mem::take(&mut self.out.lock().expect("no panic"))
    }

    fn only(&self) -> Incoming {
        let mut taken = self.taken();
        assert_eq!(taken.len(), 1, "{taken:?}");
        taken.remove(0)
    }
}

fn place(channel: &str, thread: Option<&str>) -> ChannelThread {
    ChannelThread { channel: channel.into(), thread: thread.map(str::to_owned) }
}

fn message(change: &Value) -> Value {
    let mut event = json!({ "type": "message", "channel": "D1", "channel_type": "im", "user": "U1", "ts": "5.1",
                            "event_ts": "5.1", "text": "ask hello &amp; &lt;b&gt;", "team": "T1",
                            "client_msg_id": "x", "blocks": [{ "type": "rich_text", "elements": [] }] });
    for (key, value) in change.as_object().expect("an object") {
        event[key] = value.clone();
    }
    event
}

fn press(change: &Value) -> Value {
    let mut event = json!({
        "type": "block_actions", "user": { "id": "U1", "username": "ana", "name": "ana", "team_id": "T1" },
        "api_app_id": "A1", "token": "x", "trigger_id": "9.b", "team": { "id": "T1", "domain": "d" },
        "container": { "type": "message", "message_ts": "7.1", "channel_id": "C1", "is_ephemeral": false },
        "channel": { "id": "C1", "name": "general" }, "enterprise": null, "is_enterprise_install": false,
        "message": { "type": "message", "user": "UBOT", "bot_id": "B1", "ts": "7.1", "app_id": "A1", "text": "race",
                     "team": "T1", "thread_ts": "6.1", "edited": { "user": "B1", "ts": "8.0" },
                     "blocks": [{ "type": "data_visualization", "new": [1] }, { "type": "of tomorrow" }] },
        "state": { "values": {} }, "response_url": "https://hooks.slack.com/actions/T1/1/secret",
        "actions": [{ "action_id": "stop", "block_id": "b", "value": "42", "type": "button", "action_ts": "1.1",
                      "text": { "type": "plain_text", "text": "Stop", "emoji": true }, "style": "danger" }],
    });
    for (key, value) in change.as_object().expect("an object") {
        event[key] = value.clone();
    }
    event
}

#[test]
fn a_command_is_read() {
    let world = World::new();
    let body =
        b"team_id=T1&channel_id=D7&user_id=U1&command=%2Farena&text=+ask+%26lt%3Bb%26gt%3B+%26amp%3B%0A%23x+\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2Fsecret&trigger_id=1.2.3";
    let event = body::command(body).expect("a command");
    let ack = at_once(world.intake.command(event, Instant::now()));
    assert_eq!(ack, Ack::Private(json!({ "text": "On it" })));
    let got = world.only();
    assert_eq!(got.kind, Kind::Command { text: "ask <b> &\n#x".into() });
    assert_eq!((got.delivery.as_str(), got.trigger_id.as_deref()), ("1.2.3", Some("1.2.3")));
    assert_eq!((got.team.as_str(), got.user.as_str(), got.is_dm()), ("T1", "U1", true));
    assert_eq!((got.place.clone(), got.response_url.is_some()), (Some(place("D7", None)), true));
    let shown = format!("{got:?}");
    assert!(!shown.contains("secret") && !shown.contains("ask"), "{shown}");
}

#[test]
fn a_mention_is_read_with_its_thread() {
    let world = World::new();
    let event = json!({ "type": "app_mention", "user": "U1", "text": "<@UBOT> compare a &amp; b", "ts": "5.2",
                        "channel": "C1", "thread_ts": "5.0", "event_ts": "5.2", "parent_user_id": "U2" });
    world.event("Ev1", &event);
    let got = world.only();
    assert_eq!(
        (&got.kind, got.root.as_deref()),
        (&Kind::Message { text: "compare a & b".into() }, Some("5.2"))
    );
    assert_eq!(got.public_place(), got.place);
    assert_eq!((got.is_dm(), got.event_id.as_deref()), (false, Some("Ev1")));
    assert_eq!(got.place, Some(place("C1", Some("5.0"))));
    let top = json!({ "type": "app_mention", "user": "U1", "text": "<@UBOT>", "ts": "5.3", "channel": "C1" });
    world.event("Ev2", &top);
    let got = world.only();
    assert_eq!(got.public_place(), Some(place("C1", Some("5.3"))), "answered in its thread");
    assert_eq!(got.place, Some(place("C1", None)));
    let mut edited = top;
    edited["ts"] = json!("5.4");
    edited["edited"] = json!({ "user": "U1", "ts": "6.0" });
    world.event("Ev3", &edited);
    assert!(world.taken().is_empty(), "an edit of a message asks nothing again");
}

#[test]
fn a_direct_message_is_read_if_a_user_wrote_it() {
    let world = World::new();
    for (id, change) in [
        ("bot", json!({ "bot_id": "B1" })),
        ("own", json!({ "user": "UBOT" })),
        ("changed", json!({ "subtype": "message_changed", "hidden": true, "message": { "ts": "5.1" } })),
        ("bot_message", json!({ "subtype": "bot_message" })),
        ("new subtype", json!({ "subtype": "of tomorrow" })),
        ("hidden", json!({ "hidden": true })),
        ("nobody", json!({ "user": null })),
        ("channel", json!({ "channel": "C1", "channel_type": "channel" })),
        ("unreadable", json!({ "ts": null })),
    ] {
        world.event(id, &message(&change));
        assert!(world.taken().is_empty(), "{id}");
    }
    world.event("reaction", &json!({ "type": "reaction_of_tomorrow" }));
    world.event("1", &message(&json!({})));
    let got = world.only();
    assert_eq!(got.kind, Kind::Message { text: "ask hello & <b>".into() });
    assert!(got.is_dm());
    assert_eq!(got.place, Some(place("D1", None)));
    world.event("2", &message(&json!({ "subtype": "file_share", "ts": "5.4", "thread_ts": "5.1" })));
    assert_eq!(world.only().place, Some(place("D1", Some("5.1"))));
}

#[test]
fn a_button_is_read() {
    let world = World::new();
    assert_eq!(world.interaction(&press(&json!({}))), Ack::Private(json!({ "text": "On it" })));
    let got = world.only();
    let kind = Kind::Button {
        action_id: "stop".into(),
        value: "42".into(),
        message: Some("7.1".into()),
        is_private: false,
    };
    assert_eq!(got.kind, kind);
    assert_eq!((got.place, got.name.as_deref()), (Some(place("C1", Some("6.1"))), Some("ana")));
    assert!(got.response_url.is_some() && got.trigger_id.as_deref() == Some("9.b"));
    let ephemeral = json!({ "message": null, "channel": null, "trigger_id": "9.c",
        "container": { "type": "message", "message_ts": "7.2", "channel_id": "D1", "is_ephemeral": true } });
    world.interaction(&press(&ephemeral));
    let got = world.only();
    assert!(got.is_dm());
    assert_eq!(got.place, Some(place("D1", None)));
    let first_of_its_thread = json!({ "trigger_id": "9.d",
        "message": { "type": "message", "user": "UBOT", "ts": "7.1", "thread_ts": "7.1", "text": "race" } });
    world.interaction(&press(&first_of_its_thread));
    assert_eq!(world.only().place, Some(place("C1", None)));
}

#[test]
fn a_modal_is_read_with_its_state() {
    let world = World::new();
    let state = json!({ "values": {
        "models": { "models": { "type": "multi_static_select", "selected_options": [
            { "text": { "type": "plain_text", "text": "⚡ Gemma", "emoji": true }, "value": "gemma-2b" }] } },
        "word": { "word": { "type": "radio_buttons", "selected_option":
            { "text": { "type": "plain_text", "text": "Ask", "emoji": true }, "value": "ask" } } },
        "prompt": { "prompt": { "type": "plain_text_input", "value": "why <b>?" } } } });
    let payload = json!({
        "type": "view_submission", "team": { "id": "T1", "domain": "x" }, "api_app_id": "A1", "token": "x",
        "user": { "id": "U1", "username": "ana", "name": "ana", "team_id": "T1" }, "trigger_id": "4.m",
        "view": { "id": "V1", "team_id": "T1", "type": "modal", "blocks": [{ "type": "input", "block_id": "p" }],
                  "private_metadata": "{}", "callback_id": "arena", "state": state, "hash": "h", "app_id": "A1",
                  "title": { "type": "plain_text", "text": "Arena", "emoji": true }, "clear_on_close": false,
                  "notify_on_close": false, "close": null, "previous_view_id": null, "root_view_id": "V1",
                  "external_id": "", "app_installed_team_id": "T1", "bot_id": "B1",
                  "submit": { "type": "plain_text", "text": "Go", "emoji": true } },
        "response_urls": [], "is_enterprise_install": false, "enterprise": null,
    });
    world.interaction(&payload);
    let got = world.only();
    let Kind::Modal { view_state, private_metadata, .. } = got.kind else { panic!("a modal") };
    for value in [
        "/values/models/models/selected_options/0/value",
        "/values/word/word/selected_option/value",
        "/values/prompt/prompt/value",
        "/values/prompt/prompt/type",
    ] {
        assert!(
            state.pointer(value).is_some() && view_state.pointer(value) == state.pointer(value),
            "{value}"
        );
    }
    assert_eq!(private_metadata, "{}");
    assert_eq!((got.place, got.delivery.as_str()), (None, "4.m"));
}

#[test]
fn other_interactions_are_acknowledged_and_dropped() {
    let world = World::new();
    let shortcut = json!({ "type": "shortcut", "team": { "id": "T1" }, "user": { "id": "U1" }, "callback_id": "c",
                           "trigger_id": "1.s" });
    assert_eq!(world.interaction(&shortcut), Ack::Empty);
    assert_eq!(world.interaction(&press(&json!({ "actions": [] }))), Ack::Empty);
    assert!(world.taken().is_empty());
}

#[test]
fn a_duplicate_is_acknowledged_and_dropped() {
    let world = World::new();
    let first = world.interaction(&press(&json!({})));
    assert_eq!(
        (first, world.interaction(&press(&json!({})))),
        (Ack::Private(json!({ "text": "On it" })), Ack::Empty)
    );
    world.event("Ev1", &message(&json!({})));
    world.event("Ev1", &message(&json!({ "ts": "5.9" })));
    world.event("Ev2", &message(&json!({})));
    world.event("Ev3", &message(&json!({ "channel": "D2" })));
    assert_eq!(world.taken().len(), 3, "a button, a message, another message in another place");
}

#[test]
fn a_mention_by_a_bot_starts_nothing() {
    let bots = [
        json!({ "bot_id": "B9" }),
        json!({ "bot_profile": { "id": "B9", "name": "other", "app_id": "A9" } }),
        json!({ "subtype": "bot_message" }),
    ];
    for bot in bots.into_iter().chain([json!({ "bot_id": null })]) {
        let mut event = json!({ "type": "app_mention", "user": "U9", "text": "<@UBOT> compare why", "ts": "5.2",
                                "channel": "C1", "event_ts": "5.2" });
        for (key, value) in bot.as_object().expect("an object") {
            event[key] = value.clone();
        }
        let delivery = json!({ "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1",
                               "event_time": 1, "event": event });
        let Some(SlackPushEvent::EventCallback(read)) = body::event(delivery.to_string().as_bytes()) else {
            panic!("an event: {delivery}")
        };
        let world = World::new();
        at_once(world.intake.event(read, Instant::now()));
        assert_eq!(world.taken().len(), usize::from(bot == json!({ "bot_id": null })), "{event}");
    }
}
