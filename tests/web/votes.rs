//! Blind races in the local channel: nothing is told before the vote closes, and everything after it.

use std::{path::Path, sync::Arc};

use llm_arena::model::Color;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::tempdir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::site::{Site, Tab};
use crate::support::script::{Script, model};

/// The words and marks that no page holds while a vote is open: ids, names, icons, colours, sizes, providers, reasoning,
/// figures.
const TELLTALES: [&str; 18] = [
    "zebra-7b",
    "yak-9b",
    "xerus-1b",
    "Zebra",
    "Yak",
    "Xerus",
    "🦓",
    "🐂",
    "🐿",
    "#112233",
    "#445566",
    "#778899",
    "4321 B",
    "stripes",
    "savanna",
    "Secret thoughts",
    "tok/s",
    "977",
];

fn dressed(id: &str, name: &str, icon: &str, color: [u8; 3]) -> Script {
    model(id).with_card(|card| {
        (card.name, card.icon) = (name.into(), icon.into());
        card.color = Color { r: color[0], g: color[1], b: color[2] };
        (card.size, card.best_for, card.provider) = ("4321 B".into(), "stripes".into(), "savanna".into());
    })
}

/// Enough pieces for a speed.
fn speaks(mut script: Script, kind: &str) -> Script {
    for word in answer(kind).split_inclusive(' ') {
        script = script.says(word).waits(15);
    }
    script.used(977).finishes("stop")
}

fn answer(kind: &str) -> String {
    format!("A {kind} answer: the sky scatters blue light more than red light, all day long.")
}

/// Three models, each recognisable by everything but its answer; one of them names itself where `is_leaky`.
fn herd(is_leaky: bool) -> [Script; 3] {
    let zebra = dressed("zebra-7b", "Zebra 7B", "🦓", [0x11, 0x22, 0x33]);
    let yak = dressed("yak-9b", "Yak 9B", "🐂", [0x44, 0x55, 0x66]);
    let xerus = dressed("xerus-1b", "Xerus 1B", "🐿️", [0x77, 0x88, 0x99]);
    let says = if is_leaky { "I am Zebra 7B, at your service. " } else { "" };
    [
        speaks(zebra.says(says), "short"),
        speaks(yak.thinks("Secret thoughts. ").waits(350), "middling"),
        speaks(xerus.waits(500), "long"),
    ]
}

/// Returns the letter of the answer with this text.
fn letter_of(message: &Value, kind: &str) -> String {
    let lanes = message["lanes"].as_array().expect("lanes");
    let lane =
        lanes.iter().find(|lane| lane["answer"] == answer(kind)).unwrap_or_else(|| panic!("{message}"));
    lane["model"]["id"].as_str().expect("a letter").to_owned()
}

#[track_caller]
fn tells_nothing(what: &str, text: &str) {
    for telltale in TELLTALES {
        assert!(!text.to_lowercase().contains(&telltale.to_lowercase()), "{telltale} in {what}: {text}");
    }
}

async fn bytes(site: &Site, path: &str) -> (u16, String) {
    let response = site.get(path).send().await.expect("an answer");
    let head = format!("{:?}", response.headers());
    (response.status().as_u16(), head + &response.text().await.expect("text"))
}

#[tokio::test]
async fn a_vote_opens_counts_and_closes() {
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored(herd(false), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "/arena blind why is the sky blue?").await;
    let writing = tab.until(&id, |message| message["vote"]["ready"] == 1).await;
    assert_eq!((&writing["lanes"], &writing["progress"]), (&json!([]), &"live".into()));
    assert_eq!(site.vote("bob", &id, json!({ "best": "A" })).await.0, 409, "nothing to vote on yet");
    let open = tab.voting(&id, 0).await;
    assert_eq!(open["headline"]["text"], "Which answer is best?");
    let names: Vec<&Value> =
        open["lanes"].as_array().expect("lanes").iter().map(|lane| &lane["model"]["name"]).collect();
    assert_eq!(names, ["Answer A", "Answer B", "Answer C"]);
    let (short, long) = (letter_of(&open, "short"), letter_of(&open, "long"));

    let (status, said) = site.vote("bob", &id, json!({ "best": long })).await;
    assert_eq!(
        (status, &said),
        (200, &json!({ "best": long, "second": null, "whole": false, "closed": false }))
    );
    tab.voting(&id, 1).await;
    let (_, said) = site.vote("bob", &id, json!({ "best": short, "second": long })).await;
    assert_eq!(
        said,
        json!({ "best": short, "second": long, "whole": true, "closed": false }),
        "another mind"
    );
    let (_, said) = site.vote("ana", &id, json!({ "best": short, "second": "none" })).await;
    assert_eq!((&said["second"], &said["whole"]), (&Value::Null, &true.into()));
    tab.voting(&id, 2).await;
    let (_, said) = site.vote("cem", &id, json!({})).await;
    assert_eq!((&said["best"], &said["whole"]), (&Value::Null, &true.into()));
    for wrong in [json!({ "best": "Z" }), json!({ "best": short, "second": short }), json!({ "best": "a" })] {
        assert_eq!(site.vote("bob", &id, wrong.clone()).await.0, 400, "{wrong}");
    }
    let (status, said) = site.press("bob", &id, "close").await;
    assert_eq!(
        (status, &said["say"]),
        (403, &"Only the person who started this race can close its vote.".into())
    );
    assert_eq!(site.press("ana", &id, "close").await.0, 204);
    is_closed(&site, &mut tab, &id, &short).await;
    let (status, said) = site.press("bob", &id, "again").await;
    assert_eq!(status, 202, "{said}");
    tab.voting(said["message"].as_str().expect("an id"), 0).await;
    drop(tab);
    site.shut_down(store).await;
}

/// The vote is closed: `short` was picked twice, and later clicks are refused.
async fn is_closed(site: &Site, tab: &mut Tab, id: &str, short: &str) {
    let last = tab.charted(id).await;
    assert_eq!(last["headline"]["text"], "Zebra 7B was picked best: 2 of 3 votes");
    let vote = &last["vote"];
    assert_eq!((&vote["voters"], &vote["none_good"], &vote["note"]), (&3.into(), &1.into(), &Value::Null));
    assert_eq!(vote["picks"][0], json!({ "label": short, "lane": 0, "best": 2, "second": 0 }));
    assert_eq!(last["lanes"][0]["model"]["id"], "zebra-7b");
    let (_, race) = site.look(id, "export.json").await;
    assert_eq!(
        (&race["vote"]["labels"][short], &race["vote"]["best"][short]),
        (&"zebra-7b".into(), &2.into())
    );
    assert!(bytes(site, &format!("/api/races/{id}/export.md")).await.1.contains("3 votes: "));

    for late in [json!({ "best": short }), json!({})] {
        let (status, said) = site.vote("bob", id, late).await;
        assert!(status == 409 && said["say"].as_str().is_some_and(|say| say.contains("closed")), "{said}");
    }
    assert_eq!(site.press("ana", id, "close").await.0, 409);
}

#[tokio::test]
async fn nothing_tells_the_models_before_the_vote_closes() {
    for is_leaky in [false, true] {
        let folder = tempdir().expect("a folder");
        let (site, store) = Site::stored(herd(is_leaky), folder.path(), 30).await;
        let mut tab = site.tab().await;
        let id = site.race("ana", "/arena blind why?").await;
        let race = format!("/api/races/{id}");
        let parts = ["answers", "explain", "chart.png", "export.json", "export.md"];
        tab.until(&id, |message| message["vote"]["ready"] == 1).await;
        for part in parts {
            let (status, body) = bytes(&site, &format!("{race}/{part}")).await;
            assert_eq!(status, 409, "{part} while the models write");
            tells_nothing(part, &body);
        }
        let open = tab.voting(&id, 0).await;
        assert_eq!(site.vote("bob", &id, json!({ "best": "A" })).await.0, 200);
        tab.voting(&id, 1).await;
        for frame in &tab.frames {
            tells_nothing("the stream", &frame.to_string());
        }
        let mut late = site.tab().await;
        tells_nothing("a snapshot", &late.voting(&id, 1).await.to_string());
        for (part, expected) in parts.into_iter().zip([200, 409, 409, 200, 200]) {
            let (status, body) = bytes(&site, &format!("{race}/{part}")).await;
            assert_eq!(status, expected, "{part}: {body}");
            tells_nothing(part, &body);
        }
        for path in [race.clone(), format!("/race/{id}"), "/api/messages?before=x".to_owned()] {
            tells_nothing(&path, &bytes(&site, &path).await.1);
        }
        for (who, action) in [("ana", "again"), ("bob", "close"), ("bob", "delete"), ("ana", "delete")] {
            let (status, said) = site.press(who, &id, action).await;
            assert!(matches!(status, 403 | 409), "{action}: {status} {said}");
            tells_nothing(action, &said.to_string());
        }
        let masked = open.to_string().contains("I am ▇▇▇, at your service.");
        assert_eq!(masked, is_leaky, "{open}");
        assert_eq!(site.press("ana", &id, "close").await.0, 204);
        let note = &tab.over(&id).await["vote"]["note"];
        assert_eq!(note.as_str().is_some_and(|note| note.contains("named its model")), is_leaky, "{note}");
        drop((tab, late));
        site.shut_down(store).await;
    }
}

#[tokio::test]
async fn the_ballot_of_the_only_visitor_closes_the_vote() {
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored(herd(false), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "blind why?").await;
    tab.voting(&id, 0).await;
    let (_, said) = site.vote("ana", &id, json!({ "best": "A" })).await;
    assert_eq!(said["closed"], false, "the second best is still to be asked");
    tab.voting(&id, 1).await;
    let (_, said) = site.vote("ana", &id, json!({ "best": "A", "second": "none" })).await;
    assert_eq!(said["closed"], true);
    assert_eq!(tab.over(&id).await["vote"]["voters"], 1);
    let id = site.race("ana", "blind why not?").await;
    tab.voting(&id, 0).await;
    assert_eq!(site.vote("ana", &id, json!({})).await.1["closed"], true);
    assert_eq!(tab.over(&id).await["headline"]["text"], "No answer was good enough: 1 of 1 vote");
    drop(tab);
    site.shut_down(store).await;
}

/// Adopts the orphans of the site's store, as the service does.
fn recovering(site: &Site) -> CancellationToken {
    let closed = CancellationToken::new();
    let recovering = Arc::clone(&site.arena).recover(vec![Arc::new(site.local.clone())], closed.clone());
    TaskTracker::new().spawn(recovering);
    closed
}

#[tokio::test]
async fn a_vote_goes_on_after_a_restart() {
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored(herd(false), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "blind why?").await;
    let before = tab.voting(&id, 0).await;
    assert_eq!(site.vote("bob", &id, json!({ "best": letter_of(&before, "long") })).await.0, 200);
    drop(tab);
    site.shut_down(store).await;

    let (site, store) = Site::stored(herd(false), folder.path(), 30).await;
    let closed = recovering(&site);
    let mut tab: Tab = site.tab().await;
    let open = tab.voting(&id, 1).await;
    tells_nothing("a restored message", &open.to_string());
    assert_eq!(open["lanes"], before["lanes"]);
    let long = letter_of(&open, "long");
    let (_, said) = site.vote("ana", &id, json!({ "best": long, "second": "none" })).await;
    assert_eq!(said["closed"], false, "there may be other voters");
    tab.voting(&id, 2).await;
    let (status, answers) = site.look(&id, "answers").await;
    assert_eq!(status, 200);
    tells_nothing("answers", &answers.to_string());
    assert_eq!(site.press("bob", &id, "close").await.0, 403);
    assert_eq!(site.press("ana", &id, "close").await.0, 204);
    let last = tab.over(&id).await;
    assert_eq!(last["headline"]["text"], "Xerus 1B was picked best: 2 of 2 votes");
    assert!(last["chart"]["url"].is_string(), "{last}");
    assert_eq!(site.look(&id, "explain").await.0, 200);
    closed.cancel();
    drop(tab);
    site.shut_down(store).await;
}

/// Closes the vote on race `id` as another process does.
async fn close_elsewhere(folder: &Path, id: &str) {
    let url = format!("sqlite://{}/arena.sqlite", folder.display());
    let mut file = SqliteConnection::connect(&url).await.expect("a file");
    let close = sqlx::query("UPDATE races SET closed_at = closes_at, status = 'shown' WHERE id = ?").bind(id);
    assert_eq!(close.execute(&mut file).await.expect("a race").rows_affected(), 1);
    file.close().await.expect("closed");
}

#[tokio::test]
async fn a_click_on_a_vote_that_another_process_closed_shows_its_end() {
    for action in ["ballot", "close"] {
        let folder = tempdir().expect("a folder");
        let (site, store) = Site::stored(herd(false), folder.path(), 30).await;
        let mut tab = site.tab().await;
        let id = site.race("ana", "blind why?").await;
        tab.voting(&id, 0).await;
        drop(tab);
        site.shut_down(store).await;

        // it shows the vote and does not follow it
        let (site, store) = Site::stored(herd(false), folder.path(), 30).await;
        let mut tab = site.tab().await;
        tab.voting(&id, 0).await;
        close_elsewhere(folder.path(), &id).await;
        let (status, said) = match action {
            "ballot" => site.vote("bob", &id, json!({ "best": "A" })).await,
            _ => site.press("ana", &id, "close").await,
        };
        assert!(status == 409 && said["say"].as_str().is_some_and(|say| say.contains("closed")), "{said}");
        let last = tab.over(&id).await;
        assert_eq!(last["vote"]["state"], "closed", "{last}");
        drop(tab);
        site.shut_down(store).await;
    }
}
