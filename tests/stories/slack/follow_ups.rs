//! Follow-ups, over both ways: the form below a race, mentions in its thread, and words in a direct message. The provider's
//! requests hold exactly what each model said before.

use serde_json::{Value, json};

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    provider::{Answer, Gate, Truth, answer},
    slack::{ANA, BEN, Ts, User, UserRequest, View},
};

on_both_transports!(
    the_form_continues_with_one_all_or_a_shared_answer,
    a_mention_in_the_thread_continues,
    words_in_the_thread_of_a_direct_message_continue,
    a_race_that_is_not_over_is_not_continued,
    what_was_deleted_is_left_out,
);

/// The answer of a model to the nth race. That of "a" has a speed, that of "b" is too short for one.
fn says(model: &str, n: usize) -> Answer {
    let begins = format!("{ANSWER}-{model}{n}");
    match model {
        "a" => answer(model).role().streams(&[&begins, " it", " is", " so", " and", " so", " and", " so"]),
        _ => answer(model).role().says(&begins),
    }
    .whole()
}

/// The words of that answer.
fn said(model: &str, n: usize) -> String {
    let rest = if model == "a" { " it is so and so and so" } else { "" };
    format!("{ANSWER}-{model}{n}{rest}")
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn assistant(model: &str, n: usize) -> Value {
    json!({ "role": "assistant", "content": said(model, n) })
}

/// The messages of the newest request to `model`.
fn sent(truth: &Truth, model: &str) -> Value {
    let newest = truth.exchanges.iter().rev().find(|exchange| exchange.model == model);
    newest.expect("a request").body["messages"].clone()
}

fn prompt(words: &str) -> String {
    format!("{PROMPT} {words}?")
}

/// Waits for the end of a race and, of several models, for its picture, which is in the thread of all turns.
async fn over(race: &UserRequest) -> Ts {
    let last = race.wait_for_end().await.look;
    if last.text().contains("1st  tok tok/s") {
        race.wait_for_file(".png").await;
    }
    race.wait_for_message().await
}

async fn first_race(scenario: &SlackScenario) -> (UserRequest, Ts) {
    let race = scenario.slack.type_command("/arena", &format!("compare {}", prompt("one")), NAMED, LOBBY);
    let message = over(&race).await;
    (race, message)
}

/// Presses *Continue* and waits for the form.
async fn opens(scenario: &SlackScenario, message: &str, user: User) -> (UserRequest, View) {
    let form = scenario.slack.press(message, "Continue", user);
    let view = form.wait_for_view().await;
    (form, view)
}

/// Fills in the form below `message`, and waits for the end of the race.
async fn continues(
    scenario: &SlackScenario,
    message: &str,
    (with, words): (&str, &str),
    user: User,
) -> UserRequest {
    let (form, _) = opens(scenario, message, user).await;
    let text = prompt(words);
    let mut values = vec![("Your next message", text.as_str())];
    values.extend((!with.is_empty()).then_some(("Continue with", with)));
    let race = scenario.slack.submit(&form, &values, user);
    assert_eq!(race.wait_for_ack().await.status, 200);
    assert!(!form.wait_for_view().await.is_open, "the form stays: {:?}", form.wait_for_view().await.errors);
    over(&race).await;
    race
}

fn thread_of(scenario: &SlackScenario, message: &str) -> Option<Ts> {
    scenario.slack.world(|world| world.message(message).expect("a message").thread.clone())
}

/// Winner, one, all, shared.
async fn the_form_continues_with_one_all_or_a_shared_answer(transport: Transport) {
    let answers = [1, 2, 4, 5].map(|n| says("a", n)).into_iter().chain([1, 3, 4, 5].map(|n| says("b", n)));
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, answers).await;
    let (race, message) = first_race(&scenario).await;
    assert!(race.current().unspoken_buttons().iter().all(|label| !label.contains("Continue")));
    let (_, view) = opens(&scenario, &message, BEN).await;
    assert_eq!(view.state["with"]["with"]["selected_option"]["value"], "lane:0", "the winner is preselected");
    let shown = view.sent.to_string();
    for words in [
        "A (the fastest)",
        "All of them, each with its own answer",
        "All of them, with the answer of A",
        "one?",
        "Your next message",
    ] {
        assert!(shown.contains(words), "{words:?} in {shown}");
    }

    // the winner, alone, in the thread of the race
    let second = continues(&scenario, &message, ("", "two"), NAMED).await;
    let answered = second.wait_for_message().await;
    assert_eq!(thread_of(&scenario, &answered).as_deref(), Some(message.as_str()));
    let text = second.current().text();
    assert!(text.contains("turn 2") && text.contains("two?") && !text.contains(&said("a", 1)), "{text}");
    let truth = scenario.provider.truth();
    assert_eq!(truth.exchanges.len(), 3, "the winner alone");
    assert_eq!(sent(&truth, "a"), json!([user(&prompt("one")), assistant("a", 1), user(&prompt("two"))]));

    // another one, of the first race
    let third = continues(&scenario, &message, ("lane:1", "three"), NAMED).await;
    assert_eq!(thread_of(&scenario, &third.wait_for_message().await).as_deref(), Some(message.as_str()));
    let truth = scenario.provider.truth();
    assert_eq!(sent(&truth, "b"), json!([user(&prompt("one")), assistant("b", 1), user(&prompt("three"))]));

    // all, each with its own answer
    continues(&scenario, &message, ("All of them, each", "four"), NAMED).await;
    let truth = scenario.provider.truth();
    for model in ["a", "b"] {
        let own = json!([user(&prompt("one")), assistant(model, 1), user(&prompt("four"))]);
        assert_eq!(sent(&truth, model), own);
    }

    // all, with the answer of one
    let fifth = continues(&scenario, &message, ("All of them, with the answer of A", "five"), BEN).await;
    let truth = scenario.provider.truth();
    for model in ["a", "b"] {
        let one = format!("{}: {}", NAMED.name, prompt("one"));
        let shared = json!([user(&one), assistant("a", 1), user(&format!("ben: {}", prompt("five")))]);
        assert_eq!(sent(&truth, model), shared, "two people are told apart");
    }
    assert!(fifth.current().text().contains("turn 2"), "{}", fifth.current().text());
    assert_eq!(truth.exchanges.len(), 8);
    scenario.finish().await;
}

#[tokio::test]
async fn a_follow_up_that_is_raced_again_has_its_history_again() {
    let answers = (1..=3).flat_map(|n| [says("a", n), says("b", n)]);
    let scenario = SlackScenario::start(Setup::default(), answers).await;
    let (_, message) = first_race(&scenario).await;
    let second = continues(&scenario, &message, ("All of them, with the answer of A", "two"), NAMED).await;
    let again = scenario.slack.press(&second.wait_for_message().await, "Race again", NAMED);
    over(&again).await;
    let text = again.current().text();
    assert!(text.contains("turn 2") && text.contains(&said("b", 3)), "{text}");
    let truth = scenario.provider.truth();
    for model in ["a", "b"] {
        let shared = json!([user(&prompt("one")), assistant("a", 1), user(&prompt("two"))]);
        assert_eq!(sent(&truth, model), shared);
    }
    scenario.finish().await;
}

/// Bare words, `compare`, `ask MODEL`, and a branch from the second turn.
async fn a_mention_in_the_thread_continues(transport: Transport) {
    let answers = (1..=4).flat_map(|n| [says("a", n), says("b", n)]).chain([says("b", 5)]);
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, answers).await;
    let (_, message) = first_race(&scenario).await;
    let says = async |text: &str| {
        let race = scenario.slack.mention(text, NAMED, LOBBY, Some(&message));
        over(&race).await;
        race
    };
    let second = says(&prompt("two")).await;
    let third = says(&format!("compare {}", prompt("three"))).await;
    assert!(third.current().text().contains("turn 3"), "{}", third.current().text());
    let truth = scenario.provider.truth();
    let talk = |model: &str| {
        json!([
            user(&prompt("one")),
            assistant(model, 1),
            user(&prompt("two")),
            assistant(model, 2),
            user(&prompt("three")),
        ])
    };
    for model in ["a", "b"] {
        assert_eq!(sent(&truth, model), talk(model));
    }

    // back to the second turn, by its own button
    let two = second.wait_for_message().await;
    let branch = continues(&scenario, &two, ("All of them, each", "four"), NAMED).await;
    assert_eq!(thread_of(&scenario, &branch.wait_for_message().await).as_deref(), Some(message.as_str()));
    let truth = scenario.provider.truth();
    let mut branched = talk("a");
    branched[4] = user(&prompt("four"));
    assert_eq!(sent(&truth, "a"), branched);

    // the newest race of the thread goes on, with one model
    let alone = says(&format!("ask b {}", prompt("five"))).await;
    assert!(alone.current().text().contains("turn 4"), "{}", alone.current().text());
    let truth = scenario.provider.truth();
    let mut talk = branched.as_array().expect("messages").clone();
    talk[1] = assistant("b", 1);
    talk[3] = assistant("b", 2);
    talk.extend([assistant("b", 4), user(&prompt("five"))]);
    assert_eq!(sent(&truth, "b"), Value::Array(talk));
    assert_eq!(truth.exchanges.len(), 9);
    scenario.finish().await;
}

async fn words_in_the_thread_of_a_direct_message_continue(transport: Transport) {
    let answers = (1..=3).map(|n| says("a", n));
    let scenario =
        SlackScenario::start(Setup { transport, models: &[("a", "")], ..Setup::default() }, answers).await;
    let first = scenario.slack.direct_message(&prompt("one"), NAMED, None);
    let message = over(&first).await;
    assert_eq!(thread_of(&scenario, &message), None);
    over(&scenario.slack.direct_message(&prompt("two"), NAMED, Some(&message))).await;
    let truth = scenario.provider.truth();
    assert_eq!(sent(&truth, "a"), json!([user(&prompt("one")), assistant("a", 1), user(&prompt("two"))]));
    // outside of the thread a question is a new race
    let other = scenario.slack.direct_message(&prompt("three"), NAMED, None);
    over(&other).await;
    assert_eq!(sent(&scenario.provider.truth(), "a"), json!([user(&prompt("three"))]));
    assert!(!other.current().text().contains("turn"), "{}", other.current().text());
    scenario.finish().await;
}

/// It runs, or its vote is open.
async fn a_race_that_is_not_over_is_not_continued(transport: Transport) {
    let gate = Gate::default();
    let gated = |model: &str| {
        let begins = format!("{ANSWER}-{model}1");
        answer(model).role().says(&begins).says(" begins").waits_for(&gate).whole()
    };
    let answers = [gated("a"), gated("b"), says("a", 2), says("b", 2), says("a", 3), says("b", 3)];
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, answers).await;
    let (slack, text) = (&scenario.slack, format!("compare {}", prompt("one")));
    let race = slack.type_command("/arena", &text, NAMED, LOBBY);
    assert!(race.wait_for_text("begins").await.look.button("Continue").is_none());
    let message = race.wait_for_message().await;
    let early = slack.mention(&prompt("early"), BEN, LOBBY, Some(&message));
    early.wait_for_private_text("still running").await;
    assert!(early.revisions().is_empty(), "everyone is told");
    gate.open();
    race.wait_for_end().await;
    assert_eq!(scenario.provider.truth().exchanges.len(), 2, "a model was asked too early");

    let blind = slack.type_command("/arena", &format!("blind {}", prompt("blind")), NAMED, LOBBY);
    let open = blind.wait_until(|look| look.button("Close vote").is_some()).await;
    assert!(open.look.button("Continue").is_none(), "{}", open.look.text());
    let message = blind.wait_for_message().await;
    let early = slack.mention(&prompt("early"), BEN, LOBBY, Some(&message));
    early.wait_for_private_text("The vote on this race is still open").await;
    slack.press(&message, "Close vote", NAMED);
    let shown = blind.wait_for_end().await.look;
    assert!(shown.button("Continue").is_some(), "{}", shown.text());
    over(&slack.mention(&prompt("late"), NAMED, LOBBY, Some(&message))).await;
    let truth = scenario.provider.truth();
    assert_eq!(sent(&truth, "b"), json!([user(&prompt("blind")), assistant("b", 2), user(&prompt("late"))]));
    scenario.finish().await;
}

/// A turn in the middle is left out; a thread whose newest race was deleted begins anew, and its button says why.
async fn what_was_deleted_is_left_out(transport: Transport) {
    let answers = (1..=5).map(|n| says("a", n));
    let scenario =
        SlackScenario::start(Setup { transport, models: &[("a", "")], ..Setup::default() }, answers).await;
    let (_, message) = first_race(&scenario).await;
    let slack = &scenario.slack;
    let second = slack.mention(&prompt("two"), BEN, LOBBY, Some(&message));
    over(&second).await;
    over(&slack.mention(&prompt("three"), NAMED, LOBBY, Some(&message))).await;
    let forgets = async |user| {
        let forgotten = slack.type_command("/arena", "forget", user, LOBBY);
        forgotten.wait_for_private_text("Deleted your prompts").await;
    };
    forgets(BEN).await;
    let fourth = slack.mention(&prompt("four"), NAMED, LOBBY, Some(&message));
    let text = fourth.wait_for_end().await.look.text();
    assert!(text.contains("turn 4") && text.contains("a deleted turn was not sent"), "{text}");
    let named = |words: &str| format!("{}: {}", NAMED.name, prompt(words));
    let talk = json!([
        user(&named("one")),
        assistant("a", 1),
        user(&named("three")),
        assistant("a", 3),
        user(&named("four")),
    ]);
    assert_eq!(sent(&scenario.provider.truth(), "a"), talk);
    let gone = slack.press(&second.wait_for_message().await, "Continue", NAMED);
    gone.wait_for_private_text("were deleted").await;
    forgets(NAMED).await;
    let anew = slack.mention(&prompt("five"), ANA, LOBBY, Some(&message));
    let text = anew.wait_for_end().await.look.text();
    assert!(text.contains("begins anew"), "{text}");
    assert_eq!(sent(&scenario.provider.truth(), "a"), json!([user(&prompt("five"))]));
    scenario.finish().await;
}
