//! Races as tabs see them, and the buttons under them.

use std::time::Duration;

use tokio::time::Instant;

use super::site::{Site, read};
use crate::support::{
    script::{Script, model},
    wait::eventually,
};

fn pair() -> [Script; 2] {
    [
        model("quick").waits(30).says_words(12, 20).used(12).finishes("stop"),
        model("deep").thinks("Hm. ").waits(250).says("**Blue**\n```\n<b>").used(9).finishes("stop"),
    ]
}

#[tokio::test]
async fn a_race_is_one_message_that_grows_and_ends_with_a_chart() {
    let site = Site::open(pair()).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "/arena compare why is the <sky> blue?").await;
    let last = tab.charted(&id).await;
    assert_eq!(tab.messages.len(), 1);
    assert_eq!((&last["asker"], &last["prompt"]), (&"ana".into(), &"why is the <sky> blue?".into()));
    assert_eq!(last["progress"], "done");
    assert_eq!(last["lanes"][1]["answer"], "**Blue**\n```\n<b>\n```");
    assert_eq!(last["lanes"][0]["numbers"]["tokens"], "12");
    assert_eq!(last["standings"].as_array().expect("an order").len(), 2);
    assert!(last["lesson"].as_str().expect("a lesson").contains("quick"), "{last}");
    let live = tab.frames.iter().filter(|frame| frame["progress"] == "live").count();
    assert!(live >= 2, "the message did not grow: {} frames", tab.frames.len());
    assert!(tab.frames.windows(2).all(|pair| pair[0] != pair[1]), "a frame was sent twice");

    let chart = site.get(last["chart"]["url"].as_str().expect("an address")).send().await.expect("a chart");
    assert_eq!(chart.headers()["content-type"], "image/png");
    assert!(chart.bytes().await.expect("bytes").starts_with(b"\x89PNG"));
    assert!(last["chart"]["alt"].as_str().expect("alt").contains("quick"));
}

#[tokio::test]
async fn a_line_that_is_no_command_races() {
    let site = Site::open(pair()).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "why is the sky blue?").await;
    let last = tab.charted(&id).await;
    assert_eq!(
        (&last["prompt"], last["lanes"].as_array().map(Vec::len)),
        (&"why is the sky blue?".into(), Some(2))
    );
}

#[tokio::test]
async fn full_answers_and_the_explanation_exist_once_the_race_is_over() {
    let site = Site::open([model("a").says("so far").hangs()]).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    tab.until(&id, |message| message["lanes"][0]["state"] == "writing").await;
    for what in ["answers", "explain"] {
        let (status, said) = site.look(&id, what).await;
        assert!(
            status == 409 && said["say"].as_str().is_some_and(|say| say.contains("still running")),
            "{said}"
        );
    }
    assert_eq!(site.press("ana", &id, "again").await.0, 409);
    site.press("ana", &id, "stop").await;
    tab.over(&id).await;
    let (status, said) = site.look(&id, "answers").await;
    assert_eq!((status, &said["answers"][0]["answer"]), (200, &"so far".into()));
    assert_eq!(said["answers"][0]["error"], "stopped before it finished");
    let (status, said) = site.look(&id, "explain").await;
    assert!(status == 200 && said["paragraphs"].to_string().contains("Incomplete: a."), "{said}");
}

#[tokio::test]
async fn full_answers_are_not_clipped_and_include_the_reasoning() {
    let long = "word ".repeat(4_000);
    let site = Site::open([model("a").thinks("Let me see.").says(&long).used(4_000).finishes("stop")]).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    let message = tab.over(&id).await;
    assert_eq!(message["lanes"][0]["clipped"], true);
    let (_, said) = site.look(&id, "answers").await;
    assert_eq!(
        (&said["answers"][0]["answer"], &said["answers"][0]["reasoning"]),
        (&long.into(), &"Let me see.".into())
    );
}

#[tokio::test]
async fn only_the_asker_can_stop_a_race_and_only_while_it_runs() {
    let site = Site::open([model("a").says("so far").hangs()]).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    tab.until(&id, |message| message["lanes"][0]["answer"] == "so far").await;
    let (status, said) = site.press("bob", &id, "stop").await;
    assert!(
        status == 403
            && said["say"].as_str().is_some_and(|say| say.contains("Only the person who started this race")),
        "{said}"
    );
    assert_eq!(site.press("ana", &id, "stop").await.0, 204);
    let last = tab.over(&id).await;
    assert_eq!((&last["progress"], &last["lanes"][0]["answer"]), (&"stopped".into(), &"so far".into()));
    assert_eq!(site.press("ana", &id, "stop").await.0, 409);
}

#[tokio::test]
async fn race_again_repeats_the_prompt_with_the_same_models() {
    let site =
        Site::open([model("a").says("x").finishes("stop"), model("b").says("y").finishes("stop")]).await;
    let mut tab = site.tab().await;
    let first = site.race("ana", "/arena ask b what?").await;
    tab.over(&first).await;
    let (status, said) = site.press("bob", &first, "again").await;
    assert_eq!(status, 202);
    let second = tab.over(said["message"].as_str().expect("an id")).await;
    assert_eq!((&second["asker"], &second["prompt"]), (&"bob".into(), &"what?".into()));
    assert_eq!(second["lanes"].as_array().expect("lanes").len(), 1);
    assert_eq!(second["lanes"][0]["model"]["id"], "b");
}

#[tokio::test]
async fn an_unknown_race_has_expired() {
    let site = Site::open([model("a")]).await;
    let old = "01890000-0000-7000-8000-000000000000";
    for action in ["stop", "again"] {
        let (status, said) = site.press("ana", old, action).await;
        assert!(status == 410 && said["say"].as_str().is_some_and(|say| say.contains("expired")), "{said}");
    }
    for what in ["answers", "explain", "chart.png"] {
        assert_eq!(site.look(old, what).await.0, 410, "{what}");
        assert_eq!(site.look("no-id", what).await.0, 404, "{what}");
    }
}

#[tokio::test]
async fn all_tabs_see_the_same_whenever_they_connect() {
    let site = Site::open(pair()).await;
    let (mut early, mut idle) = (site.tab().await, site.tab().await);
    let id = site.race("ana", "compare x").await;
    early.until(&id, |message| message["lanes"][0]["state"] == "writing").await;
    let seen = early.seen.clone();
    let mut late = site.tab().await;
    let last = early.charted(&id).await;
    assert_eq!(late.charted(&id).await, last);
    assert_eq!(idle.charted(&id).await, last, "a tab that read nothing for a while");
    assert_eq!(site.tab().await.charted(&id).await, last, "a tab that opens afterwards");
    let mut back = site.tab_after(Some(&seen)).await;
    assert!(back.next().await);
    assert_eq!(back.frames, [last], "a returning tab gets the latest state, once");
}

#[tokio::test]
async fn a_restart_ends_every_message_and_then_every_stream() {
    let site = Site::open([model("a").says("so far").hangs()]).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare x").await;
    tab.until(&id, |message| message["lanes"][0]["answer"] == "so far").await;
    let now = Instant::now();
    assert!(site.arena.drain(now, now + Duration::from_secs(20)).await);
    site.local.close();
    while tab.next().await {}
    assert_eq!(tab.messages[&id]["progress"], "interrupted");
    let (status, said) = site.say("ana", "compare y").await;
    assert!(status == 503 && said["say"].as_str().is_some_and(|say| say.contains("restarting")), "{said}");
}

#[tokio::test]
async fn a_snapshot_holds_the_newest_messages_and_earlier_ones_are_loaded_on_request() {
    let site = Site::open(["a", "b"].map(|id| model(id).says("x").finishes("stop"))).await;
    let mut ids = vec![];
    let mut tab = site.tab().await;
    for n in 0..25 {
        ids.push(site.race("ana", &format!("compare {n}")).await);
        tab.over(&ids[n]).await;
    }
    let mut late = site.tab().await;
    assert!(late.next().await);
    assert_eq!(late.messages.keys().collect::<Vec<_>>(), ids[5..].iter().collect::<Vec<_>>());
    let (status, page) =
        read(site.get(&format!("/api/messages?before={}", ids[5])).send().await.expect("an answer")).await;
    let found: Vec<&str> = page["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .filter_map(|race| race["id"].as_str())
        .collect();
    assert_eq!((status, found), (200, ids[..5].iter().map(String::as_str).collect()));
    assert_eq!(page["has_earlier"], false);
    assert_eq!(page["messages"][0], tab.messages[&ids[0]], "as the stream sent it");
}

#[tokio::test]
async fn too_many_tabs_are_refused_with_a_sentence() {
    let site = Site::open([model("a")]).await;
    let mut tabs = vec![];
    for _ in 0..64 {
        tabs.push(site.tab().await);
    }
    let refused = site.get("/api/channel").send().await.expect("an answer");
    assert_eq!(refused.status(), 503);
    let (_, said) = read(refused).await;
    assert!(said["say"].as_str().is_some_and(|say| say.contains("Too many tabs")), "{said}");
    tabs.pop();
    let is_open = async || site.get("/api/channel").send().await.expect("an answer").status() == 200;
    eventually(is_open).await;
}
