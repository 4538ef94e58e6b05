//! Follow-ups in the local channel. The provider's requests hold exactly what each model is sent.

use std::{path::Path, sync::Arc};

use llm_arena::{
    arena::Caps,
    model::{ChatModel, ModelCard, Prices},
    provider::{OpenAiModel, Provider, Settings},
};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use super::site::{Site, StoreRun, Tab, read, visitor};
use crate::{
    stories::card,
    support::{
        provider::{Answer, FakeProvider, answer},
        script::{Script, model},
        wait::with_timeout,
    },
};

/// A channel in front of a scripted provider.
struct Talk {
    site: Site,
    store: StoreRun,
    tab: Tab,
    provider: FakeProvider,
    folder: TempDir,
}

/// The answer of a model to the nth race.
fn says(model: &str, n: usize) -> Answer {
    answer(model).role().says(&said(model, n)).whole()
}

fn said(model: &str, n: usize) -> String {
    format!("{model} says {n}")
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn assistant(model: &str, n: usize) -> Value {
    json!({ "role": "assistant", "content": said(model, n) })
}

pub fn clients(provider: &FakeProvider, names: &[&str], prices: Option<Prices>) -> Vec<Arc<dyn ChatModel>> {
    let url = provider.base_url().parse().expect("a URL");
    let provider = Arc::new(Provider::new("fake", url, None));
    let client = |name: &&str| {
        let settings = Settings { model: (*name).into(), ..Settings::default() };
        let card = ModelCard { prices, ..card(name) };
        Arc::new(OpenAiModel::new(card, Arc::clone(&provider), settings)) as Arc<dyn ChatModel>
    };
    names.iter().map(client).collect()
}

impl Talk {
    async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let provider = FakeProvider::open(answers).await;
        let folder = tempdir().expect("a folder");
        let (site, store) = open(&provider, folder.path()).await;
        let tab = site.tab().await;
        Self { site, store, tab, provider, folder }
    }

    async fn restart(self) -> Self {
        let Self { site, store, tab, provider, folder } = self;
        drop(tab);
        site.shut_down(store).await;
        let (site, store) = open(&provider, folder.path()).await;
        let tab = site.tab().await;
        Self { site, store, tab, provider, folder }
    }

    /// Starts a race and waits for its end.
    async fn race(&mut self, who: &str, line: &str) -> Value {
        let id = self.site.race(who, line).await;
        self.tab.over(&id).await
    }

    /// Continues a race and waits for the end of the next one.
    async fn follow_up(&mut self, who: &str, line: &str, parent: &Value, with: &str) -> Value {
        let (status, said) = follow_up(&self.site, who, line, id(parent), with).await;
        assert_eq!(status, 202, "{said}");
        self.tab.over(said["message"].as_str().expect("an id")).await
    }

    /// Presses *Race again* and waits for the end of the next race.
    async fn again(&mut self, who: &str, race: &Value) -> Value {
        let (status, said) = self.site.press(who, id(race), "again").await;
        assert_eq!(status, 202, "{said}");
        self.tab.over(said["message"].as_str().expect("an id")).await
    }

    /// Asserts what a model was sent last.
    #[track_caller]
    fn sent(&self, model: &str, messages: &Value) {
        let truth = self.provider.truth();
        let newest = truth.exchanges.iter().rev().find(|exchange| exchange.model == model);
        assert_eq!(newest.expect("a request").body["messages"], *messages, "{model}");
    }

    fn calls(&self) -> usize {
        self.provider.truth().exchanges.len()
    }

    async fn close(self) {
        drop(self.tab);
        self.site.shut_down(self.store).await;
    }
}

async fn open(provider: &FakeProvider, folder: &Path) -> (Site, StoreRun) {
    let models = clients(provider, &["a", "b"], None);
    Site::capped(models, folder, 30, (60, Caps::default()), |arena| arena).await
}

fn id(race: &Value) -> &str {
    race["id"].as_str().expect("an id")
}

/// Sends a line that continues a race; returns the status and the response.
pub async fn follow_up(site: &Site, who: &str, line: &str, race: &str, with: &str) -> (u16, Value) {
    let continues = json!({ "race": race, "with": with });
    let body = json!({ "text": line, "from": visitor(who), "continues": continues });
    read(site.send("/api/command", &body).send().await.expect("an answer")).await
}

#[track_caller]
pub fn refused((status, said): &(u16, Value), expected: u16, words: &str) {
    let say = said["say"].as_str().unwrap_or_default();
    assert!(*status == expected && say.contains(words), "{status} {said}");
    assert!(!say.contains('*'), "the page reads no markup: {said}");
}

pub fn ways(message: &Value) -> Vec<&str> {
    let ways = message["follow_ups"].as_array().expect("ways");
    ways.iter().map(|way| way["with"].as_str().expect("a word")).collect()
}

#[tokio::test]
async fn a_race_is_continued_with_one_all_or_a_shared_answer() {
    let a = [1, 3, 4, 5].map(|n| says("a", n));
    let b = [1, 2, 3, 4].map(|n| says("b", n));
    let mut talk = Talk::start(a.into_iter().chain(b)).await;
    let first = talk.race("ana", "/arena compare one?").await;
    assert_eq!(first["parent"], Value::Null);
    assert_eq!(ways(&first), ["lane:0", "lane:1", "all", "shared:0"]);
    assert_eq!(first["follow_ups"][2]["label"], "All of them, each with its own answer");

    let alone = talk.follow_up("ana", "two?", &first, "lane:1").await;
    assert_eq!(alone["lanes"].as_array().map(Vec::len), Some(1));
    talk.sent("b", &json!([user("one?"), assistant("b", 1), user("two?")]));
    assert_eq!(talk.calls(), 3, "b alone");
    assert_eq!(alone["parent"], json!({ "id": id(&first), "prompt": "one?" }));
    assert_eq!(alone["notes"], json!(["turn 2"]));
    assert_eq!(ways(&alone), ["lane:0"]);

    let all = talk.follow_up("ana", "three?", &first, "all").await;
    talk.sent("a", &json!([user("one?"), assistant("a", 1), user("three?")]));
    talk.sent("b", &json!([user("one?"), assistant("b", 1), user("three?")]));

    let shared = talk.follow_up("ben", "four?", &all, "shared:1").await;
    for model in ["a", "b"] {
        let before = [user("ana: one?"), assistant(model, 1), user("ana: three?"), assistant("b", 3)];
        talk.sent(model, &json!([&before[..], &[user("ben: four?")]].concat()));
    }
    assert_eq!(shared["notes"], json!(["turn 3"]));

    // models that the line names take the place of those that were chosen
    let named = talk.follow_up("ana", "/arena ask a five?", &first, "lane:1").await;
    talk.sent("a", &json!([user("one?"), assistant("a", 1), user("five?")]));
    assert_eq!(named["lanes"][0]["model"]["id"], "a");
    let (_, exported) = talk.site.look(id(&named), "export.json").await;
    assert_eq!(exported["parent"], first["id"]);
    talk.close().await;
}

#[tokio::test]
async fn race_again_keeps_the_turns_before_also_after_a_restart() {
    let answers = ["a", "b"].into_iter().flat_map(|model| (1..=5).map(move |n| says(model, n)));
    let mut talk = Talk::start(answers).await;
    let first = talk.race("ana", "one?").await;
    let second = talk.follow_up("ana", "two?", &first, "shared:1").await;
    let turns = json!([user("one?"), assistant("b", 1), user("two?")]);
    talk.sent("a", &turns);
    let again = talk.again("ana", &second).await;
    talk.sent("a", &turns);
    assert_eq!((&again["parent"], &again["notes"]), (&second["parent"], &second["notes"]));

    let mut talk = talk.restart().await;
    assert!(talk.tab.next().await);
    let restored = talk.tab.messages[id(&second)].clone();
    assert_eq!(restored["parent"], json!({ "id": id(&first), "prompt": "one?" }));
    assert_eq!((&restored["follow_ups"], &restored["notes"]), (&second["follow_ups"], &second["notes"]));
    let later = talk.again("ana", &second).await;
    talk.sent("a", &turns);
    talk.sent("b", &turns);
    assert_eq!(later["parent"], second["parent"]);
    talk.follow_up("ana", "three?", &second, "lane:0").await;
    let own = [user("one?"), assistant("b", 1), user("two?"), assistant("a", 2), user("three?")];
    talk.sent("a", &json!(own));
    talk.provider.discard_answers();
    talk.close().await;
}

#[tokio::test]
async fn a_deleted_race_leaves_its_follow_ups_without_its_words() {
    let answers = ["a", "b"].into_iter().flat_map(|model| (1..=3).map(move |n| says(model, n)));
    let mut talk = Talk::start(answers).await;
    let first = talk.race("ana", "a secret?").await;
    let second = talk.follow_up("ben", "two?", &first, "all").await;
    while talk.site.press("ana", id(&first), "delete").await.0 == 409 {}
    let orphan = talk.tab.until(id(&second), |message| message["parent"]["prompt"].is_null()).await;
    assert_eq!(orphan["parent"]["id"], first["id"]);
    let (_, page) =
        read(talk.site.get(&format!("/api/races/{}", id(&second))).send().await.expect("one")).await;
    assert!(!page.to_string().contains("a secret?"), "{page}");
    refused(&follow_up(&talk.site, "ben", "more?", id(&first), "all").await, 410, "are gone");
    let again = talk.again("ben", &second).await;
    assert_eq!(again["notes"], json!(["turn 2", "a deleted turn was not sent"]));
    talk.sent("a", &json!([user("ben: two?")]));

    let mut talk = talk.restart().await;
    assert!(talk.tab.next().await);
    let restored = &talk.tab.messages[id(&second)];
    assert_eq!(restored["parent"], json!({ "id": id(&first), "prompt": null }));
    talk.close().await;
}

#[tokio::test]
async fn what_is_left_out_is_noted() {
    let folder = tempdir().expect("a folder");
    let models = |ids: &[&str]| -> Vec<Script> {
        ids.iter().map(|id| model(id).says("Hi").finishes("stop")).collect()
    };
    let (site, store) = Site::stored(models(&["a", "b"]), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let mut last = site.race("ana", "q1").await;
    for n in 2..=22 {
        tab.over(&last).await;
        let (status, said) = follow_up(&site, "ana", &format!("q{n}"), &last, "all").await;
        assert_eq!(status, 202, "{said}");
        said["message"].as_str().expect("an id").clone_into(&mut last);
    }
    let message = tab.over(&last).await;
    assert_eq!(message["notes"], json!(["turn 22", "only the last 20 turns were sent"]));
    let (_, said) = site.press("ana", &last, "again").await;
    let again = tab.over(said["message"].as_str().expect("an id")).await;
    assert_eq!((&again["notes"], &again["parent"]), (&message["notes"], &message["parent"]));
    drop(tab);
    site.shut_down(store).await;

    let (site, store) = Site::stored(models(&["a", "c"]), folder.path(), 30).await;
    let mut tab = site.tab().await;
    let (status, said) = follow_up(&site, "ana", "q23", &last, "all").await;
    assert_eq!(status, 202, "{said}");
    let changed = tab.over(said["message"].as_str().expect("an id")).await;
    assert_eq!(changed["notes"][2], "no longer in the line-up: b");
    assert_eq!(changed["lanes"].as_array().map(Vec::len), Some(1));
    refused(&follow_up(&site, "ana", "q23", &last, "lane:1").await, 400, "no longer in the line-up");
    drop(tab);
    site.shut_down(store).await;
}

#[tokio::test]
async fn a_blind_race_is_continued_once_its_vote_is_closed() {
    let folder = tempdir().expect("a folder");
    let models = ["a", "b"].map(|id| model(id).says("Hi").finishes("stop"));
    let (site, store) = Site::stored(models, folder.path(), 30).await;
    let mut tab = site.tab().await;
    // a second person, so that one ballot does not end the vote
    let body = json!({ "from": visitor("ben") });
    read(site.send("/api/visitor", &body).send().await.expect("an answer")).await;
    let race = site.race("ana", "/arena blind one?").await;
    assert_eq!(ways(&tab.voting(&race, 0).await), Vec::<&str>::new());
    refused(
        &follow_up(&site, "ana", "two?", &race, "all").await,
        409,
        "The vote on this race is still open.",
    );
    assert_eq!(site.vote("ana", &race, json!({ "best": "A" })).await.0, 200);
    assert_eq!(site.press("ana", &race, "close").await.0, 204);
    let closed = tab.over(&race).await;
    assert!(ways(&closed).contains(&"all"), "{closed}");

    // a follow-up may be blind too, where there is something to vote on
    refused(&follow_up(&site, "ana", "/arena blind two?", &race, "lane:0").await, 400, "at least two models");
    let (status, said) = follow_up(&site, "ana", "/arena blind two?", &race, "all").await;
    assert_eq!(status, 202, "{said}");
    let open = tab.voting(said["message"].as_str().expect("an id"), 0).await;
    assert_eq!(open["parent"], json!({ "id": race, "prompt": "one?" }));
    assert_eq!(open["notes"], json!(["turn 2"]));
    drop(tab);
    with_timeout(site.shut_down(store)).await;
}
