//! The history across restarts, and deletions.

use serde_json::{Value, json};
use tempfile::tempdir;

use super::site::{Site, read, visitor};
use crate::support::{
    script::{Script, model},
    wait::with_timeout,
};

fn pair() -> [Script; 2] {
    [
        model("quick").waits(30).says_words(12, 20).used(12).finishes("stop"),
        model("deep").thinks("Hm. ").waits(100).says("**Blue**").used(9).finishes("stop"),
    ]
}

/// Reads the newest page of the channel: its messages and its note.
async fn newest(site: &Site) -> (Vec<Value>, Value) {
    let mut tab = site.tab().await;
    assert!(tab.next().await);
    let note = page(site).await["note"].clone();
    (tab.messages.into_values().collect(), note)
}

async fn page(site: &Site) -> Value {
    let path = "/api/messages?before=00000000-0000-7000-8000-000000000000";
    read(site.get(path).send().await.expect("an answer")).await.1
}

async fn bytes(site: &Site, path: &str) -> Vec<u8> {
    let response = site.get(path).send().await.expect("an answer");
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().await.expect("bytes").to_vec()
}

#[tokio::test]
async fn a_restart_keeps_races_answers_charts_and_buttons() {
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare why is the sky blue?").await;
    let before = tab.charted(&id).await;
    let chart = bytes(&site, before["chart"]["url"].as_str().expect("an address")).await;
    let answers = site.look(&id, "answers").await;
    drop(tab);
    site.shut_down(store).await;

    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    let (messages, note) = newest(&site).await;
    assert_eq!((messages.len(), note), (1, Value::Null));
    let mut restored = messages[0].clone();
    restored["at"] = before["at"].clone();
    assert_eq!(restored, before);
    assert_eq!(bytes(&site, before["chart"]["url"].as_str().expect("an address")).await, chart);
    assert_eq!(site.look(&id, "answers").await, answers);
    assert_eq!(site.look(&id, "explain").await.0, 200);
    let (status, said) = site.press("bob", &id, "again").await;
    assert_eq!(status, 202, "{said}");
    let mut tab = site.tab().await;
    let again = tab.over(said["message"].as_str().expect("an id")).await;
    assert_eq!((&again["prompt"], &again["asker"]), (&before["prompt"], &"bob".into()));
    assert_eq!(tab.messages.len(), 2);
    site.shut_down(store).await;
}

#[tokio::test]
async fn a_race_that_a_restart_cut_off_stays_interrupted() {
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored([model("a").says("So far.").hangs()], folder.path(), 30).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    tab.until(&id, |message| message["lanes"][0]["answer"] == "So far.").await;
    drop(tab);
    site.shut_down(store).await;
    let (site, store) = Site::stored([model("a")], folder.path(), 30).await;
    let (messages, _) = newest(&site).await;
    assert_eq!(messages[0]["progress"], "interrupted");
    assert_eq!(messages[0]["lanes"][0]["answer"], "So far.");
    site.shut_down(store).await;
}

#[tokio::test]
async fn deleted_races_leave_every_tab_at_once_and_do_not_come_back() {
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let mut ids = vec![];
    for n in 0..3 {
        ids.push(site.race("ana", &format!("compare {n}")).await);
        tab.charted(&ids[n]).await;
    }
    let (_, said) = site.press("bob", &ids[0], "again").await;
    let repeated = said["message"].as_str().expect("an id").to_owned();
    tab.charted(&repeated).await;
    let theirs = site.race("bob", "compare mine").await;
    tab.charted(&theirs).await;

    let (status, said) = site.press("bob", &ids[0], "delete").await;
    assert!(
        status == 403 && said["say"].as_str().is_some_and(|say| say.contains("Only the person")),
        "{said}"
    );
    assert_eq!(site.press("ana", &ids[0], "delete").await.0, 204);
    assert!(with_timeout(tab.next()).await);
    assert!(!tab.messages.contains_key(&ids[0]) && !tab.messages.contains_key(&repeated), "a message stays");
    assert_eq!(tab.messages.len(), 3);
    for gone in [&ids[0], &repeated] {
        for part in ["answers", "explain", "chart.png", "export.json", "export.md"] {
            let (status, said) = site.look(gone, part).await;
            let says = said["say"].as_str().is_some_and(|say| say.contains("are gone: they were deleted"));
            assert!(status == 410 && says, "{part}: {status} {said}");
        }
    }
    let (status, said) = site.say("ana", "/arena forget").await;
    assert!(
        status == 200 && said["card"]["text"].as_str().is_some_and(|text| text.contains("2 races")),
        "{said}"
    );
    assert!(with_timeout(tab.next()).await);
    assert_eq!(tab.messages.keys().collect::<Vec<_>>(), [&theirs]);
    drop(tab);
    site.shut_down(store).await;

    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    let (messages, note) = newest(&site).await;
    assert_eq!(messages.len(), 1);
    let note = note.as_str().expect("a sentence").to_owned();
    assert!(note.starts_with("4 earlier races aren't shown") && note.contains("deleted"), "{note}");
    site.shut_down(store).await;
}

#[tokio::test]
async fn a_running_race_is_not_deleted() {
    let site = Site::open([model("a").says("So far.").hangs()]).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    tab.until(&id, |_| true).await;
    let (status, said) = site.press("ana", &id, "delete").await;
    assert_eq!(status, 409, "{said}");
    assert_eq!(site.press("ana", &id, "stop").await.0, 204);
    tab.over(&id).await;
    assert_eq!(site.press("ana", &id, "delete").await.0, 204);
    while tab.messages.contains_key(&id) {
        assert!(with_timeout(tab.next()).await);
    }
    assert_eq!(site.look(&id, "answers").await.0, 410);
}

#[tokio::test]
async fn without_stored_texts_the_channel_names_the_races_that_are_missing() {
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored(pair(), folder.path(), 0).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    tab.charted(&id).await;
    assert_eq!(site.look(&id, "answers").await.0, 200, "in memory");
    drop(tab);
    site.shut_down(store).await;
    let (site, store) = Site::stored(pair(), folder.path(), 0).await;
    let (messages, note) = newest(&site).await;
    assert_eq!(messages, Vec::<Value>::new());
    assert_eq!(
        note,
        "1 earlier race isn't shown: this service doesn't store prompts and answers (text_days = 0)."
    );
    let (status, said) = site.look(&id, "answers").await;
    assert!(status == 410 && said["say"].as_str().is_some_and(|say| say.contains("never stored")), "{said}");
    site.shut_down(store).await;
}

#[tokio::test]
async fn a_race_has_a_page_and_exports() {
    let site = Site::open(pair()).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare why?").await;
    let message = tab.charted(&id).await;
    let page = site.get(&format!("/race/{id}")).send().await.expect("a page");
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let response = site.get(&format!("/api/races/{id}")).send().await.expect("an answer");
    assert_eq!(read(response).await, (200, message));

    let response = site.get(&format!("/api/races/{id}/export.json")).send().await.expect("a file");
    let name = response.headers()["content-disposition"].to_str().expect("ASCII").to_owned();
    assert!(name.starts_with("attachment; filename=\"race-") && name.ends_with(".json\""), "{name}");
    let (_, race) = read(response).await;
    assert_eq!((&race["prompt"], &race["lanes"][1]["answer"]), (&json!("why?"), &json!("**Blue**")));
    assert!(
        race["lanes"][0]["tokens_per_second"].is_number() && race["lanes"][0]["error"].is_null(),
        "{race}"
    );
    let response = site.get(&format!("/api/races/{id}/export.md")).send().await.expect("a file");
    assert_eq!(response.headers()["content-type"], "text/markdown; charset=utf-8");
    let text = response.text().await.expect("text");
    assert!(text.contains("> why?") && text.contains("**Blue**") && text.contains("### Reasoning"), "{text}");
}

#[tokio::test]
async fn picked_models_race_where_the_line_names_none() {
    let site = Site::open(pair()).await;
    let mut tab = site.tab().await;
    for (line, raced) in [("why?", 1), ("compare why?", 1), ("compare models=quick,deep why?", 2)] {
        let body = json!({ "text": line, "models": ["deep"], "from": visitor("ana") });
        let (status, said) = read(site.send("/api/command", &body).send().await.expect("an answer")).await;
        assert_eq!(status, 202, "{said}");
        let message = tab.over(said["message"].as_str().expect("an id")).await;
        assert_eq!(message["lanes"].as_array().map(Vec::len), Some(raced), "{line}");
        assert_eq!(message["lanes"][raced - 1]["model"]["id"], "deep");
    }
}

#[tokio::test]
async fn a_visitor_recognises_their_own_races() {
    let site = Site::open([model("a").says("x").finishes("stop")]).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    let message = tab.over(&id).await;
    let owner = async |who: &str| {
        let body = json!({ "from": visitor(who) });
        read(site.send("/api/visitor", &body).send().await.expect("an answer")).await.1["owner"].clone()
    };
    assert_eq!(owner("ana").await, message["owner"]);
    assert_ne!(owner("bob").await, message["owner"]);
    assert!(!message.to_string().contains("browser-of-ana"), "the id is a secret: {message}");
}

#[tokio::test]
async fn a_tab_that_lost_its_connection_names_its_position() {
    let site = Site::open([model("a").says("x").finishes("stop")]).await;
    let mut tab = site.tab().await;
    let first = site.race("ana", "compare x").await;
    tab.over(&first).await;
    assert_eq!(site.press("ana", &first, "delete").await.0, 204);
    let response = site.get(&format!("/api/channel?after={}", tab.seen)).send().await.expect("a stream");
    let mut back = Site::tab_of(response);
    back.messages.insert(first.clone(), Value::Null);
    while back.messages.contains_key(&first) {
        assert!(with_timeout(back.next()).await);
    }
}
