//! Full answers under faults: however often the button is pressed, nothing is posted twice and nothing is missing.

use std::time::Duration;

use super::{
    ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario,
    common::{FAULTS, calls, file_count, inject, wait_for_faults},
    single_model,
};
use crate::support::{
    provider::{Answer, answer},
    slack::{BEN, Fault, Method, Moment, UserRequest},
};

const SECOND: Duration = Duration::from_secs(1);

/// Returns an answer that needs a message of its own, but no file.
fn long(model: &str) -> Answer {
    answer(model).role().says(ANSWER).says(&format!(" of {model}")).says(&" and so on".repeat(600)).whole()
}

/// Returns an answer that fits only into the file.
fn longer() -> Answer {
    answer("a").role().says(ANSWER).says(&" and so on".repeat(1_500)).whole()
}

async fn raced(scenario: &SlackScenario) -> UserRequest {
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    request.wait_for_end().await;
    request
}

async fn presses(scenario: &SlackScenario, race: &UserRequest) -> UserRequest {
    scenario.slack.press(&race.wait_for_message().await, "Full answers", BEN)
}

async fn assert_they_are_posted(scenario: &SlackScenario, race: &UserRequest) {
    presses(scenario, race).await.wait_for_private_text("are in the thread").await;
}

/// Returns the number of messages in the thread with these words.
fn messages(race: &UserRequest, words: &str) -> usize {
    race.thread().iter().filter(|message| message.text().contains(words)).count()
}

/// The file replaces a message that may or may not have been posted.
#[tokio::test]
async fn a_message_of_which_slack_says_nothing_is_not_posted_again() {
    let answers = FAULTS.iter().map(|_| answer("a").role().says(ANSWER).says(" is short").whole());
    let scenario = SlackScenario::start(single_model(""), answers.collect::<Vec<_>>()).await;
    for trouble in &FAULTS {
        let race = raced(&scenario).await;
        let before = calls(&scenario, Method::PostMessage);
        inject(&scenario, Method::PostMessage, trouble);
        presses(&scenario, &race).await;
        let file = race.wait_for_file(".md").await;
        assert!(String::from_utf8_lossy(&file.bytes).contains("is short"));
        assert_they_are_posted(&scenario, &race).await;
        assert_eq!(calls(&scenario, Method::PostMessage), before + 1, "{trouble:?}");
        let stands = usize::from(matches!(trouble, Fault::Cut(Moment::After)));
        assert_eq!(
            (messages(&race, "Full answers of"), file_count(&race, ".md")),
            (stands, 1),
            "{trouble:?}"
        );
    }
    scenario.finish().await;
}

#[tokio::test]
async fn what_stands_there_already_is_not_posted_again() {
    let scenario = SlackScenario::start(Setup::default(), ["a", "b"].map(long)).await;
    let race = raced(&scenario).await;
    // the first one passes
    inject(&scenario, Method::PostMessage, &Fault::Slow(Duration::ZERO));
    inject(&scenario, Method::PostMessage, &Fault::Refused("of_tomorrow"));
    let pressed = presses(&scenario, &race).await;
    pressed.wait_for_private_text("Press again in a moment for the rest").await;
    let stand = || ["of a and", "of b and"].map(|words| messages(&race, words));
    assert_eq!(stand().iter().sum::<usize>(), 1, "the first one alone");
    presses(&scenario, &race).await;
    for words in ["of a and", "of b and"] {
        race.wait_for_reply(words).await;
    }
    assert_they_are_posted(&scenario, &race).await;
    assert_eq!(stand(), [1, 1]);
    assert_eq!(file_count(&race, ".md"), 0);
    scenario.finish().await;
}

/// Invisible steps are repeated, and the limit of each is respected.
#[tokio::test]
async fn a_file_gets_over_trouble_by_one_press() {
    let scenario = SlackScenario::start(single_model(""), [longer()]).await;
    let race = raced(&scenario).await;
    for method in [Method::GetUploadUrl, Method::Upload] {
        inject(&scenario, method, &Fault::Limited(SECOND));
        FAULTS[..2].iter().for_each(|trouble| inject(&scenario, method, trouble));
    }
    inject(&scenario, Method::PostMessage, &Fault::Limited(SECOND));
    inject(&scenario, Method::CompleteUpload, &Fault::Limited(SECOND));
    let pressed = presses(&scenario, &race).await;
    race.wait_for_file(".md").await;
    wait_for_faults(&scenario).await;
    assert_they_are_posted(&scenario, &race).await;
    assert!(pressed.ephemerals().is_empty(), "{:?}", pressed.ephemerals());
    assert_eq!((messages(&race, "Full answers of"), file_count(&race, ".md")), (1, 1));
    scenario.finish().await;
}

/// A file that cannot be brought to Slack is brought by the next press, without the messages before it.
#[tokio::test]
async fn a_file_that_was_not_taken_is_sent_alone() {
    let scenario = SlackScenario::start(single_model(""), [longer()]).await;
    let race = raced(&scenario).await;
    inject(&scenario, Method::GetUploadUrl, &Fault::Refused("file_uploads_disabled"));
    presses(&scenario, &race).await.wait_for_private_text("Press again in a moment for the rest").await;
    assert_eq!((messages(&race, "Full answers of"), file_count(&race, ".md")), (1, 0));
    presses(&scenario, &race).await;
    race.wait_for_file(".md").await;
    assert_they_are_posted(&scenario, &race).await;
    assert_eq!((messages(&race, "Full answers of"), file_count(&race, ".md")), (1, 1));
    scenario.finish().await;
}

#[tokio::test]
async fn a_file_of_which_slack_says_nothing_is_not_shown_twice() {
    let scenario =
        SlackScenario::start(single_model(""), FAULTS.iter().map(|_| longer()).collect::<Vec<_>>()).await;
    for trouble in &FAULTS {
        let race = raced(&scenario).await;
        let before = calls(&scenario, Method::CompleteUpload);
        inject(&scenario, Method::CompleteUpload, trouble);
        presses(&scenario, &race).await.wait_for_private_text("confirm the file with the full answers").await;
        assert_they_are_posted(&scenario, &race).await;
        if matches!(trouble, Fault::Cut(Moment::After)) {
            race.wait_for_file(".md").await;
        }
        assert_eq!(calls(&scenario, Method::CompleteUpload), before + 1, "{trouble:?}");
    }
    scenario.finish().await;
}
