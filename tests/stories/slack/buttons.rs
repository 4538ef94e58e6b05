//! Every button under a message, over both ways.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    provider::{Answer, answer},
    slack::{BEN, Look, MOD, TOWN, Ts, UserRequest},
};

on_both_transports!(
    every_button,
    full_answers_as_a_file,
    a_race_that_nobody_remembers,
    a_button_works_only_where_its_race_is
);

async fn whole_race(scenario: &SlackScenario) -> (UserRequest, Ts) {
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT} why?"), NAMED, LOBBY);
    race.wait_for_end().await;
    race.wait_for_file(".png").await;
    let message = race.wait_for_message().await;
    (race, message)
}

fn says(model: &str, words: &str) -> Answer {
    answer(model)
        .role()
        .says(ANSWER)
        .says(words)
        .streams(&[" And", " on", " it", " goes", " for", " some", " more", " words", " or", " so"])
        .whole()
}

/// Stop, Full answers, Explain, Replay, Share, Race again.
async fn every_button(transport: Transport) {
    let endless_answer = answer("a").role().says(ANSWER).says(" begins").hangs();
    let answers = [endless_answer, says("b", " of b"), says("a", " once more"), says("b", " once more")];
    let setup = Setup { transport, slack: "admins = [\"U0MOD\"]", ..Setup::default() };
    let scenario = SlackScenario::start(setup, answers).await;
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT} why?"), NAMED, LOBBY);
    let live = race.wait_for_text("begins").await.look;
    assert_eq!(live.buttons().len(), 1, "Stop alone: {}", live.text());
    let message = race.wait_for_message().await;
    scenario.slack.press(&message, "Stop", BEN).wait_for_private_text("Only the person who asked").await;
    assert!(race.current().button("Stop").is_some(), "BEN stopped it");
    let stop = scenario.slack.press(&message, "Stop", MOD);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("Stopped") && last.contains("begins") && last.contains("of b"), "{last}");
    assert!(stop.ephemerals().is_empty(), "{:?}", stop.ephemerals());
    race.wait_for_file(".png").await;
    full_answers_stand_in_the_thread(&scenario, &race, &message).await;
    let explain = scenario.slack.press(&message, "Explain", BEN);
    assert!(explain.wait_for_private_text("What this race shows").await.look.text().len() > 60);
    assert!(explain.ephemerals().iter().all(|said| said.only_for.as_deref() == Some(BEN.id)));
    scenario.slack.press(&message, "Replay", BEN);
    assert!(race.wait_for_file(".gif").await.alt.is_some_and(|alt| alt.starts_with("Animated chart")));
    let not_his = scenario.slack.press(&message, "Share", BEN);
    not_his.wait_for_private_text("Only the person who asked can share").await;
    scenario.slack.press(&message, "Share", NAMED);
    let card = scenario.slack.until(|world| {
        let mut files = world.public(LOBBY).flat_map(|said| &said.files);
        files.find(|file| file.name.ends_with("-result.png")).cloned()
    });
    assert!(card.await.bytes.starts_with(b"\x89PNG"));
    let again = scenario.slack.press(&message, "Race again", BEN);
    let second = again.wait_for_end().await.look.text();
    assert!(second.contains("once more") && second.contains("ben") && second.contains(PROMPT), "{second}");
    let own = again.wait_for_message().await;
    let root = scenario.slack.world(|world| world.message(&own).and_then(|message| message.thread.clone()));
    assert_eq!(root, None, "a message of its own, not one in the thread of the old race");
    again.wait_for_file(".png").await;
    scenario.finish().await;
}

async fn full_answers_stand_in_the_thread(scenario: &SlackScenario, race: &UserRequest, message: &str) {
    let full = scenario.slack.press(message, "Full answers", BEN);
    let said = race.wait_for_reply("Full answers of race").await;
    assert_eq!(said.thread.as_deref(), Some(message), "in the thread of the race");
    assert!(said.text().contains("begins") && said.text().contains("of b"), "{}", said.text());
    assert!(full.ephemerals().is_empty(), "{:?}", full.ephemerals());
    scenario.slack.press(message, "Full answers", NAMED).wait_for_private_text("are in the thread").await;
    let all = race.thread().into_iter().filter(|said| said.text().contains("Full answers of")).count();
    assert_eq!(all, 1, "they were posted again");
    let files = race.thread().iter().map(|said| said.files.len()).sum::<usize>();
    assert_eq!(files, 1, "the picture alone: short answers need no file");
}

/// An answer that is too long for a message is in a file, byte for byte.
async fn full_answers_as_a_file(transport: Transport) {
    let table =
        "| 日本語 | b |\n|---|---|\n| 👩🏽‍🚀 | 中文 |\n\n```rust\nlet x = \"~~~\";\n```\n<b>&amp; [x](y)\n";
    let text = table.repeat(15_000 / table.len() + 1);
    let scenario = SlackScenario::start(
        Setup { transport, ..Setup::default() },
        [says("a", &text), says("b", " is short")],
    )
    .await;
    let (race, message) = whole_race(&scenario).await;
    assert!(race.current().text().contains("Read the rest with the menu below"), "{}", race.current().text());
    scenario.slack.press(&message, "Full answers", BEN);
    let file = race.wait_for_file(".md").await;
    let whole = String::from_utf8(file.bytes).expect("UTF-8");
    assert!(whole.contains(&format!("{ANSWER}{text}")), "the answer is not there byte for byte");
    assert!(whole.contains("is short") && whole.contains(PROMPT));
    let said = race.wait_for_reply("The file below holds every answer in full").await;
    assert!(said.text().contains("is short"), "{}", said.text());
    scenario.slack.press(&message, "Full answers", BEN).wait_for_private_text("are in the thread").await;
    scenario.finish().await;
}

/// Buttons of a race of an earlier process, and of another version of the program.
async fn a_race_that_nobody_remembers(transport: Transport) {
    let scenario =
        SlackScenario::start(Setup { transport, ..Setup::default() }, [says("a", " x"), says("b", " y")])
            .await;
    let (race, message) = whole_race(&scenario).await;
    let value = race.current().button("Explain").expect("a button").value;
    let id = value.split('~').next().expect("the race").to_owned();
    let digit = if id.ends_with('0') { "1" } else { "0" };
    replaces(&scenario, &message, &id, &format!("{}{digit}", &id[..id.len() - 1]));
    let calls = scenario.provider.truth().exchanges.len();
    for button in ["Race again", "Full answers", "Explain"] {
        let pressed = scenario.slack.press(&message, button, BEN);
        pressed.wait_for_private_text("This race has expired").await;
    }
    replaces(&scenario, &message, "\"answers\"", "\"applaud\"");
    scenario.slack.press(&message, "Full answers", BEN).wait_for_private_text("another version").await;
    assert_eq!(scenario.provider.truth().exchanges.len(), calls, "a model was asked");
    scenario.finish().await;
}

/// Puts other words into the blocks of a message, as another process would have posted them.
fn replaces(scenario: &SlackScenario, message: &str, old: &str, new: &str) {
    scenario.slack.world(|world| {
        let last = world.message_mut(message).expect("a message").revisions.last_mut().expect("a revision");
        let blocks = serde_json::to_string(&last.look.blocks).expect("JSON");
        assert!(blocks.contains(old), "there is no {old}");
        let blocks = serde_json::from_str(&blocks.replace(old, new)).expect("JSON");
        last.look = Look { blocks, ..last.look.clone() };
    });
}

/// A press of a message that was copied to another channel does nothing.
async fn a_button_works_only_where_its_race_is(transport: Transport) {
    let endless = answer("a").role().says(ANSWER).says(" begins").hangs();
    let setup = Setup { transport, slack: "admins = [\"U0MOD\"]", ..Setup::default() };
    let scenario = SlackScenario::start(setup, [endless, says("b", " of b")]).await;
    let slack = &scenario.slack;
    let race = slack.type_command("/arena", &format!("compare {PROMPT} why?"), NAMED, LOBBY);
    race.wait_for_text("begins").await;
    let message = race.wait_for_message().await;
    let moves = |channel: &str| {
        slack.world(|world| channel.clone_into(&mut world.message_mut(&message).expect("a message").channel));
    };
    let refused = async |button: &str, user| {
        moves(TOWN);
        let press = slack.press(&message, button, user);
        press.wait_for_private_text("only in the channel of its race").await;
        moves(LOBBY);
    };
    refused("Stop", MOD).await;
    slack.press(&message, "Stop", MOD);
    race.wait_for_end().await;
    race.wait_for_file(".png").await;
    for button in ["Race again", "Full answers", "Explain"] {
        refused(button, NAMED).await;
    }
    slack.press(&message, "Explain", BEN).wait_for_private_text("What this race shows").await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 2, "a copied button started a race");
    scenario.finish().await;
}
