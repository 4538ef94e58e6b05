//! *Race this message*, the shortcut in a message's menu, over both ways.

use serde_json::{Value, json};

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    provider::{Answer, answer},
    slack::{ANA, BEN, BOT, CLUB, DM, THEIR_DM, Ts, UserRequest, VAULT},
};

on_both_transports!(
    a_message_is_raced_in_its_thread,
    a_preset_says_what_to_do,
    a_message_in_a_thread_and_one_in_a_direct_message,
    a_message_without_text_says_what_is_missing,
    people_are_kept_to_their_own_messages,
    a_place_without_the_bot,
);

/// The name of the shortcut.
const RACE_THIS: &str = "Race this message";

fn answers(times: usize) -> Vec<Answer> {
    let pair = || ["a", "b"].map(|model| answer(model).role().says(ANSWER).says(" it is").whole());
    (0..times).flat_map(|_| pair()).collect()
}

async fn started(transport: Transport, lines: &str, times: usize) -> SlackScenario {
    let lines = format!("[arena]\nraces_per_user_per_minute = 60\n{lines}");
    SlackScenario::start(Setup { transport, lines: &lines, ..Setup::default() }, answers(times)).await
}

/// Uses the shortcut as one user; the form opens within the time that Slack allows, and nothing is posted yet.
async fn form(scenario: &SlackScenario, message: &str) -> UserRequest {
    let form = scenario.slack.use_shortcut(RACE_THIS, message, NAMED);
    let ack = form.wait_for_ack().await;
    assert!(ack.after.as_millis() < 1_000 && ack.payload.is_none(), "{ack:?}");
    form.wait_for_view().await;
    form
}

/// Returns what the models were asked, each prompt once.
fn asked(scenario: &SlackScenario) -> Vec<String> {
    let truth = scenario.provider.truth();
    let last = |body: &Value| body["messages"].as_array().and_then(|all| all.last().cloned());
    let bodies = truth.exchanges.iter().filter_map(|exchange| last(&exchange.body));
    let mut asked: Vec<_> =
        bodies.map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect();
    asked.dedup();
    asked
}

fn thread_of(scenario: &SlackScenario, message: &Ts) -> Option<Ts> {
    scenario.slack.world(|world| world.message(message).expect("a message").thread.clone())
}

async fn a_message_is_raced_in_its_thread(transport: Transport) {
    let scenario = started(transport, "", 2).await;
    let sent = format!("{PROMPT} &lt;b&gt; <@U0BEN|ben>, see <https://example.com|this>?");
    let message = scenario.slack.write_message(&sent, BEN, LOBBY, None);
    let form = form(&scenario, &message).await;
    let meant = format!("{PROMPT} <b> @ben, see this (https://example.com)?");
    let view = form.wait_for_view().await;
    assert_eq!(view.state["prompt"]["prompt"]["value"], meant);
    for words in ["Answer", "Summarise", "Explain", "Fix the code", "Translate"] {
        assert!(view.sent.to_string().contains(words), "{words}");
    }
    let race = scenario.slack.submit(&form, &[], NAMED);
    let last = race.wait_for_end().await.look;
    let link = format!("https://arena-story.slack.com/archives/{LOBBY}/p{}", message.replace('.', ""));
    let json = json!(last.blocks).to_string();
    assert!(json.contains("quoting ben") && json.contains(&link), "{json}");
    let posted = race.wait_for_message().await;
    assert_eq!(thread_of(&scenario, &posted), Some(message.clone()), "below the message");
    // and once more from there
    let again = scenario.slack.press(&posted, "Race again", ANA);
    let last = json!(again.wait_for_end().await.look.blocks).to_string();
    assert!(last.contains("quoting ben") && last.contains(&link), "{last}");
    assert_eq!(asked(&scenario), [meant]);
    scenario.finish().await;
}

async fn a_preset_says_what_to_do(transport: Transport) {
    let scenario = started(transport, "", 1).await;
    let long = format!("{PROMPT} {}", "and so on. ".repeat(400));
    let message = scenario.slack.write_message(&long, ANA, CLUB, None);
    let form = form(&scenario, &message).await;
    let view = form.wait_for_view().await;
    assert!(view.sent.to_string().contains("only its first 3000 characters fit"), "{}", view.sent);
    let values = [("preset", "Summarise"), ("Message", "Qzprompt is long"), ("how", "Blind")];
    let race = scenario.slack.submit(&form, &values, NAMED);
    race.wait_for_text("Which answer is best?").await;
    assert_eq!(asked(&scenario), ["Summarise this message in three sentences at most.\n\nQzprompt is long"]);
    scenario.finish().await;
}

async fn a_message_in_a_thread_and_one_in_a_direct_message(transport: Transport) {
    let scenario = started(transport, "", 2).await;
    let root = scenario.slack.write_message("hello", BEN, LOBBY, None);
    let reply = scenario.slack.write_message("why is it so?", BEN, LOBBY, Some(&root));
    let form_there = form(&scenario, &reply).await;
    let race = scenario.slack.submit(&form_there, &[], NAMED);
    race.wait_for_end().await;
    assert_eq!(thread_of(&scenario, &race.wait_for_message().await), Some(root));
    let words = scenario.slack.write_message("and why not?", NAMED, DM, None);
    let race = scenario.slack.submit(&form(&scenario, &words).await, &[], NAMED);
    assert!(race.wait_for_end().await.look.text().contains("quoting qzname"));
    scenario.finish().await;
}

/// The person is told in private, and no form opens.
async fn assert_refused(scenario: &SlackScenario, message: &str, words: &str) {
    let used = scenario.slack.use_shortcut(RACE_THIS, message, NAMED);
    used.wait_for_private_text(words).await;
    assert!(scenario.slack.world(|world| world.views.is_empty()), "a form");
}

async fn a_message_without_text_says_what_is_missing(transport: Transport) {
    let scenario = started(transport, "", 0).await;
    for (part, value, words) in [
        ("blocks", json!([{ "type": "a_new_block", "with": ["anything"] }]), "only blocks of an app"),
        ("attachments", json!([{ "fallback": 5, "image_url": {} }]), "only an attachment"),
        ("files", json!([{ "id": "F1", "size": "odd", "mode": "tombstone" }]), "only a file"),
        ("subtype", json!("bot_message"), "has no text"),
    ] {
        let message = scenario.slack.write_message(" ", BEN, LOBBY, None);
        scenario.slack.world(|world| {
            world.parts.entry(message.clone()).or_default().insert(part.into(), value);
        });
        assert_refused(&scenario, &message, words).await;
    }
    let own = scenario.slack.write_message("a race", BOT, LOBBY, None);
    assert_refused(&scenario, &own, "a message of mine").await;
    scenario.finish().await;
}

async fn people_are_kept_to_their_own_messages(transport: Transport) {
    let scenario = started(transport, "[access]\nrace_others_messages = false", 1).await;
    let theirs = scenario.slack.write_message("why is it so?", BEN, LOBBY, None);
    assert_refused(&scenario, &theirs, "Only your own messages can be raced here").await;
    let own = scenario.slack.write_message("why is it so?", NAMED, LOBBY, None);
    scenario.slack.submit(&form(&scenario, &own).await, &[], NAMED).wait_for_end().await;
    scenario.finish().await;
}

async fn a_place_without_the_bot(transport: Transport) {
    let scenario = started(transport, "", 0).await;
    for (channel, words) in [(VAULT, "/invite @LLM Arena"), (THEIR_DM, "not part of this conversation")] {
        let message = scenario.slack.write_message("why is it so?", BEN, channel, None);
        let form = form(&scenario, &message).await;
        scenario.slack.submit(&form, &[], NAMED);
        form.wait_for_private_text(words).await;
    }
    scenario.finish().await;
}
