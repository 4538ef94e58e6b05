//! Every button under a message, over both ways.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setting, Stage, Way};
use crate::support::{
    provider::{Answer, answer},
    slack::{Asked, BEN, Look, MOD, Ts},
};

both_ways!(every_button, full_answers_as_a_file, a_race_that_nobody_remembers);

async fn whole_race(stage: &Stage) -> (Asked, Ts) {
    let race = stage.slack.types("/arena", &format!("compare {PROMPT} why?"), NAMED, LOBBY);
    race.ends().await;
    race.file(".png").await;
    let message = race.message().await;
    (race, message)
}

fn says(model: &str, words: &str) -> Answer {
    answer(model).role().says(ANSWER).says(words).whole()
}

/// Stop, Full answers, Explain, Race again.
async fn every_button(way: Way) {
    let endless = answer("a").role().says(ANSWER).says(" begins").hangs();
    let answers = [endless, says("b", " of b"), says("a", " once more"), says("b", " once more")];
    let setting = Setting { way, slack: "admins = [\"U0MOD\"]", ..Setting::default() };
    let stage = Stage::open(setting, answers).await;
    let race = stage.slack.types("/arena", &format!("compare {PROMPT} why?"), NAMED, LOBBY);
    let live = race.shows("begins").await.look;
    assert_eq!(live.buttons().len(), 1, "Stop alone: {}", live.text());
    let message = race.message().await;
    stage.slack.presses(&message, "Stop", BEN).told("Only the one who asked").await;
    assert!(race.now().button("Stop").is_some(), "BEN stopped it");
    let stop = stage.slack.presses(&message, "Stop", MOD);
    let last = race.ends().await.look.text();
    assert!(last.contains("Stopped") && last.contains("begins") && last.contains("of b"), "{last}");
    assert!(stop.whispers().is_empty(), "{:?}", stop.whispers());
    race.file(".png").await;
    full_answers_stand_in_the_thread(&stage, &race, &message).await;
    let explain = stage.slack.presses(&message, "Explain", BEN);
    assert!(explain.told("What this race shows").await.look.text().len() > 60);
    assert!(explain.whispers().iter().all(|said| said.only_for.as_deref() == Some(BEN.id)));
    let again = stage.slack.presses(&message, "Race again", BEN);
    let second = again.ends().await.look.text();
    assert!(second.contains("once more") && second.contains("ben") && second.contains(PROMPT), "{second}");
    let own = again.message().await;
    let root = stage.slack.world(|world| world.message(&own).and_then(|message| message.thread.clone()));
    assert_eq!(root, None, "a message of its own, not one in the thread of the old race");
    again.file(".png").await;
    stage.ends().await;
}

async fn full_answers_stand_in_the_thread(stage: &Stage, race: &Asked, message: &str) {
    let full = stage.slack.presses(message, "Full answers", BEN);
    let said = race.adds("Full answers of race").await;
    assert_eq!(said.thread.as_deref(), Some(message), "in the thread of the race");
    assert!(said.text().contains("begins") && said.text().contains("of b"), "{}", said.text());
    assert!(full.whispers().is_empty(), "{:?}", full.whispers());
    stage.slack.presses(message, "Full answers", NAMED).told("stand in the thread").await;
    let all = race.thread().into_iter().filter(|said| said.text().contains("Full answers of")).count();
    assert_eq!(all, 1, "they were posted again");
    let files = race.thread().iter().map(|said| said.files.len()).sum::<usize>();
    assert_eq!(files, 1, "the picture alone: short answers need no file");
}

/// What is too long for a message stands in a file, byte for byte.
async fn full_answers_as_a_file(way: Way) {
    let table =
        "| 日本語 | b |\n|---|---|\n| 👩🏽‍🚀 | 中文 |\n\n```rust\nlet x = \"~~~\";\n```\n<b>&amp; [x](y)\n";
    let text = table.repeat(15_000 / table.len() + 1);
    let stage =
        Stage::open(Setting { way, ..Setting::default() }, [says("a", &text), says("b", " is short")]).await;
    let (race, message) = whole_race(&stage).await;
    assert!(race.now().text().contains("shortened: see Full answers"), "{}", race.now().text());
    stage.slack.presses(&message, "Full answers", BEN);
    let file = race.file(".md").await;
    let whole = String::from_utf8(file.bytes).expect("UTF-8");
    assert!(whole.contains(&format!("{ANSWER}{text}")), "the answer is not there byte for byte");
    assert!(whole.contains("is short") && whole.contains(PROMPT));
    let said = race.adds("The file below holds every answer in full").await;
    assert!(said.text().contains("is short"), "{}", said.text());
    stage.slack.presses(&message, "Full answers", BEN).told("stand in the thread").await;
    stage.ends().await;
}

/// Buttons of a race of an earlier process, and of another version of the program.
async fn a_race_that_nobody_remembers(way: Way) {
    let stage = Stage::open(Setting { way, ..Setting::default() }, [says("a", " x"), says("b", " y")]).await;
    let (race, message) = whole_race(&stage).await;
    let id = race.now().button("Explain").expect("a button").value;
    let digit = if id.ends_with('0') { "1" } else { "0" };
    replaces(&stage, &message, &id, &format!("{}{digit}", &id[..id.len() - 1]));
    let calls = stage.provider.truth().exchanges.len();
    for button in ["Race again", "Full answers", "Explain"] {
        let pressed = stage.slack.presses(&message, button, BEN);
        pressed.told("This race has expired").await;
    }
    replaces(&stage, &message, "\"answers\"", "\"applaud\"");
    stage.slack.presses(&message, "Full answers", BEN).told("of another version").await;
    assert_eq!(stage.provider.truth().exchanges.len(), calls, "a model was asked");
    stage.ends().await;
}

/// Puts other words into the blocks of a message, as another process would have posted them.
fn replaces(stage: &Stage, message: &str, old: &str, new: &str) {
    stage.slack.world(|world| {
        let last = world.message_mut(message).expect("a message").revisions.last_mut().expect("a revision");
        let blocks = serde_json::to_string(&last.look.blocks).expect("JSON");
        assert!(blocks.contains(old), "there is no {old}");
        let blocks = serde_json::from_str(&blocks.replace(old, new)).expect("JSON");
        last.look = Look { blocks, ..last.look.clone() };
    });
}
