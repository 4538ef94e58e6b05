//! The canaries as a card.

use std::time::Duration;

use llm_arena::{arena::Canary, schedule::Schedule};
use serde_json::{Value, json};

use super::site::{Site, read, visitor};
use crate::support::{script::model, wait::eventually};

fn canary() -> Canary {
    Canary {
        id: "vllm".into(),
        schedule: Schedule::every(Duration::from_hours(3)),
        schedule_text: "every 3h".into(),
        models: vec![],
        prompt: "Count to ten.".into(),
        day_budget: None,
    }
}

async fn press(site: &Site, card: &Value, action: &str) -> (u16, Value) {
    let key = card["canaries"][0]["key"].as_str().expect("a key");
    let request = site.send(&format!("/api/canaries/{key}/{action}"), &json!({ "from": visitor("ana") }));
    read(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn everyone_runs_and_pauses_canaries() {
    let folder = tempfile::tempdir().expect("a folder");
    let counter = || model("a").says("one, two").used(4).finishes("stop");
    let (site, store) =
        Site::changed([counter()], folder.path(), 30, |arena| arena.with_canaries(vec![canary()])).await;
    llm_arena::arena::CanaryRunner::new(site.arena.clone()).due(jiff::Timestamp::now()).await;
    let (status, said) = site.say("ana", "/arena watch").await;
    let card = &said["card"];
    assert_eq!((status, &card["kind"]), (200, &"watch".into()), "{said}");
    assert_eq!(
        (&card["canaries"][0]["id"], &card["canaries"][0]["state"]),
        (&"vllm".into(), &"active".into())
    );
    assert_eq!(card["canaries"][0]["lines"][0], "never ran");

    assert_eq!(press(&site, card, "run").await.0, 200);
    let ran = async || {
        let (_, said) = site.say("ana", "watch").await;
        let line = said["card"]["canaries"][0]["lines"][0].as_str().unwrap_or_default().to_owned();
        line.starts_with("last run less than a minute ago: it answered")
    };
    eventually(ran).await;
    let (_, paused) = press(&site, card, "pause").await;
    let paused = &paused["card"]["canaries"][0];
    assert_eq!((&paused["state"], &paused["is_paused"]), (&"paused by ana".into(), &true.into()), "{paused}");
    let (_, said) = site.say("ana", "/arena forget").await;
    assert_eq!(said["card"]["kind"], "notice", "{said}");
    let (_, said) = site.say("bob", "watch").await;
    assert_eq!(said["card"]["canaries"][0]["state"], "paused", "a forgotten person has no name");
    let (_, resumed) = press(&site, card, "resume").await;
    assert_eq!(resumed["card"]["canaries"][0]["state"], "active");

    for (path, status) in [("/api/canaries/12/run", 404), ("/api/canaries/x/run", 404)] {
        let request = site.send(path, &json!({ "from": visitor("ana") }));
        assert_eq!(read(request.send().await.expect("an answer")).await.0, status, "{path}");
    }
    assert_eq!(press(&site, card, "stop").await.0, 404);

    let mut tab = site.tab().await;
    assert!(tab.next().await && tab.messages.is_empty(), "a canary is no message");
    drop(tab);
    let (_, said) = site.say("ana", "models").await;
    assert!(said["card"]["models"][0]["last_speed"].is_null(), "and no speed of the line-up: {said}");
    site.shut_down(store).await;
}

#[tokio::test]
async fn without_canaries_a_sentence_says_how_to_get_one() {
    let site = Site::open([model("a")]).await;
    let (status, said) = site.say("ana", "watch").await;
    assert_eq!((status, &said["card"]["kind"]), (200, &"notice".into()), "{said}");
    let text = said["card"]["text"].as_str().expect("a sentence");
    assert!(text.starts_with("No canary is configured. A [[canary]] table"), "{text}");
}
