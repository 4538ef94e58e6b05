//! Follow-ups that the local channel refuses: unknown and unfinished races, and those beyond a limit.

use llm_arena::{
    arena::{Caps, Origin},
    model::Prices,
    race::{Asker, cost::Cost},
};
use serde_json::json;
use tempfile::tempdir;

use super::{
    follow_ups::{clients, follow_up, refused, ways},
    site::{Site, read, visitor},
};
use crate::support::{
    provider::{FakeProvider, answer},
    script::{Script, model},
    wait::with_timeout,
    window::Window,
};

#[tokio::test]
async fn what_cannot_be_continued_is_refused_with_a_sentence() {
    let folder = tempdir().expect("a folder");
    let models = [model("a").says("Hi").finishes("stop"), model("b").says("Yo").finishes("stop")];
    let (site, store) = Site::stored(models, folder.path(), 30).await;
    let mut tab = site.tab().await;
    let race = site.race("ana", "one?").await;
    tab.over(&race).await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    refused(&follow_up(&site, "ana", "two?", unknown, "all").await, 410, "has expired");
    refused(&follow_up(&site, "ana", "two?", "no-id", "all").await, 404, "doesn't exist");
    for with in ["", "lane:2", "shared:9", "lane:-1", "everyone"] {
        refused(&follow_up(&site, "ana", "two?", &race, with).await, 400, "Reload the page.");
    }
    refused(&follow_up(&site, "ana", "/arena ask nobody two?", &race, "all").await, 400, "nobody");
    refused(&follow_up(&site, "ana", "/arena compare", &race, "all").await, 400, "");
    let body = json!({ "text": "two?", "from": visitor("ana"), "continues": { "race": race } });
    let answer = site.send("/api/command", &body).send().await.expect("an answer");
    refused(&read(answer).await, 422, "Reload the page.");
    let theirs = elsewhere(&site).await;
    refused(&follow_up(&site, "ana", "two?", &theirs, "all").await, 410, "has expired");
    let (status, said) = follow_up(&site, "ana", "/arena help", unknown, "all").await;
    assert!(status == 200 && said["card"]["kind"] == "help", "a card continues nothing: {said}");
    drop(tab);
    site.shut_down(store).await;
}

/// Runs a race of another platform that shares the store, and returns its id.
async fn elsewhere(site: &Site) -> String {
    let asker = Asker { id: "terminal:ben".into(), name: "ben".into() };
    let admitted = site.arena.admit(asker, &[], "theirs?".into()).expect("admitted");
    let origin = Origin { platform: "terminal", server: "terminal".into(), ..Origin::default() };
    let recorded = site.arena.record(admitted, &origin).await.expect("recorded");
    let (mut window, _) = Window::new();
    with_timeout(site.arena.race(recorded, &mut window)).await.id.to_string()
}

#[tokio::test]
async fn a_race_that_runs_or_has_no_answer_is_not_continued() {
    let folder = tempdir().expect("a folder");
    let models: [Script; 2] = [model("a").hangs(), model("b").hangs()];
    let (site, store) = Site::stored(models, folder.path(), 30).await;
    let mut tab = site.tab().await;
    let race = site.race("ana", "one?").await;
    let live = tab.until(&race, |_| true).await;
    assert_eq!(ways(&live), Vec::<&str>::new());
    refused(&follow_up(&site, "ana", "two?", &race, "all").await, 409, "still running");
    site.press("ana", &race, "stop").await;
    let over = tab.over(&race).await;
    assert_eq!(ways(&over), Vec::<&str>::new());
    refused(&follow_up(&site, "ana", "two?", &race, "all").await, 409, "None of the models answered");
    drop(tab);
    site.shut_down(store).await;
}

#[tokio::test]
async fn without_stored_texts_nothing_is_continued() {
    let models = || [model("a").says("Hi").finishes("stop")];
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::stored(models(), folder.path(), 0).await;
    let mut tab = site.tab().await;
    let race = site.race("ana", "one?").await;
    assert_eq!(ways(&tab.over(&race).await), Vec::<&str>::new());
    refused(&follow_up(&site, "ana", "two?", &race, "all").await, 409, "text_days = 0");
    drop(tab);
    site.shut_down(store).await;
    let memory = Site::open(models()).await;
    let mut tab = memory.tab().await;
    let race = memory.race("ana", "one?").await;
    assert_eq!(ways(&tab.over(&race).await), Vec::<&str>::new());
    refused(&follow_up(&memory, "ana", "two?", &race, "all").await, 409, "aren't stored here");
}

#[tokio::test]
async fn a_follow_up_keeps_to_the_rate_and_to_the_budget() {
    // a dollar for each token that is sent: the question alone fits, the answer before it does not
    let prices = Prices { input: 1_000_000_000_000, output: 0, max_output: 100, overhead: 0 };
    let caps = Caps { user_day: Some(Cost::from_dollars(120.0)), ..Caps::default() };
    let words: Vec<String> = (0..60).map(|n| format!("word{n} ")).collect();
    let provider = FakeProvider::open([answer("a").role().streams(&words).whole()]).await;
    let folder = tempdir().expect("a folder");
    let models = clients(&provider, &["a"], Some(prices));
    let (site, store) = Site::capped(models, folder.path(), 30, (2, caps), |arena| arena).await;
    let mut tab = site.tab().await;
    let race = site.race("ana", "one?").await;
    tab.over(&race).await;
    refused(&follow_up(&site, "ana", "two?", &race, "all").await, 429, "doesn't cover this race");
    assert_eq!(provider.truth().exchanges.len(), 1, "a model was asked");
    drop(tab);
    site.shut_down(store).await;

    let models = vec![model("a").says("Hi").finishes("stop").arc()];
    let folder = tempdir().expect("a folder");
    let (site, store) = Site::capped(models, folder.path(), 30, (1, Caps::default()), |arena| arena).await;
    let mut tab = site.tab().await;
    let race = site.race("ana", "one?").await;
    tab.over(&race).await;
    let limited = follow_up(&site, "ana", "two?", &race, "all").await;
    refused(&limited, 429, "You can start the next one in");
    assert!(limited.1["retry_after"].is_u64(), "{limited:?}");
    drop(tab);
    site.shut_down(store).await;
}
