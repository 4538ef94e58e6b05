//! Files of messages that are raced with the shortcut, and of mentions that continue a race, over both ways.

use serde_json::{Value, json};

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    cdn::{CdnFault, CdnFile},
    pictures::{parts, photograph},
    provider::{Answer, answer},
    slack::{BEN, CLUB, DM, UserRequest},
};

on_both_transports!(
    a_message_is_raced_with_its_files,
    every_preset_takes_the_files_along,
    a_message_of_files_alone_gets_its_question_in_the_form,
    files_that_cannot_be_sent_are_named,
    a_mention_in_the_thread_of_a_race_takes_its_files,
    a_message_to_the_bot_without_words_says_what_is_missing,
);

const SECRET: &str = "Qzcontent";
const RACE_THIS: &str = "Race this message";

fn setup(transport: Transport) -> Setup<'static> {
    Setup { transport, models: &[("a", "vision = true"), ("b", "")], ..Setup::default() }
}

fn answers(model: &str, times: usize) -> Vec<Answer> {
    (0..times).map(|_| answer(model).role().says(ANSWER).says(" it is").whole()).collect()
}

fn photo() -> CdnFile {
    CdnFile::new("photo.jpg", "image/jpeg", photograph())
}

fn note() -> CdnFile {
    CdnFile::new("note.txt", "text/plain", format!("{SECRET} note"))
}

fn pdf() -> CdnFile {
    CdnFile::new("spec.pdf", "application/pdf", "%PDF-1.7")
}

/// The words of a prompt with the note after it.
fn with_note(prompt: &str) -> String {
    format!("{prompt}\n\nnote.txt:\n```\n{SECRET} note\n```")
}

/// Uses the shortcut and returns the form that opens, within a second.
async fn form(scenario: &SlackScenario, message: &str) -> UserRequest {
    let form = scenario.slack.use_shortcut(RACE_THIS, message, NAMED);
    assert!(form.wait_for_ack().await.after.as_millis() < 1_000);
    form.wait_for_view().await;
    form
}

/// The messages of the newest request to a model.
fn sent(scenario: &SlackScenario, model: &str) -> Vec<Value> {
    let truth = scenario.provider.truth();
    let newest = truth.exchanges.iter().rev().find(|exchange| exchange.model == model).expect("a request");
    newest.body["messages"].as_array().expect("messages").clone()
}

fn assert_unlogged(log: &[String]) {
    for secret in [SECRET, "files-pri", "base64", "photo.jpg", "note.txt", "spec.pdf"] {
        assert!(log.iter().all(|line| !line.contains(secret)), "{secret}");
    }
}

/// In a channel, in a thread and in a direct message.
async fn a_message_is_raced_with_its_files(transport: Transport) {
    let scenario = SlackScenario::start(setup(transport), answers("a", 3)).await;
    let root = scenario.slack.write_message("hello", BEN, CLUB, None);
    for (channel, thread) in [(LOBBY, None), (CLUB, Some(&*root)), (DM, None)] {
        let message = scenario.slack.write_message(PROMPT, BEN, channel, thread);
        scenario.slack.share_in(&message, vec![note(), pdf(), photo()]);
        let form = form(&scenario, &message).await;
        let shown = form.wait_for_view().await.sent.to_string();
        for words in ["Sent along: note.txt, photo.jpg.", "Not sent: spec.pdf (PDF files can't be read yet)."]
        {
            assert!(shown.contains(words), "{words} in {shown}");
        }
        let race = scenario.slack.submit(&form, &[], NAMED);
        let text = race.wait_for_end().await.look.text();
        for words in
            ["📎 note.txt, photo.jpg", "B sat out: cannot see pictures", "quoting ben", "not sent: spec.pdf"]
        {
            assert_eq!(text.matches(words).count(), 1, "{words} in\n{text}");
        }
        let messages = sent(&scenario, "a");
        assert_eq!(messages.len(), 1);
        assert_eq!(parts(&messages[0]["content"]), (with_note(PROMPT), 1));
    }
    assert_eq!(scenario.provider.truth().exchanges.len(), 3);
    let mut fetched = scenario.slack.world(|world| world.fetched.clone());
    fetched.sort_unstable();
    assert_eq!(fetched, ["note.txt", "note.txt", "note.txt", "photo.jpg", "photo.jpg", "photo.jpg"]);
    assert_unlogged(&scenario.finish().await);
}

async fn every_preset_takes_the_files_along(transport: Transport) {
    let presets = [
        ("Answer", ""),
        ("Summarise", "Summarise this message in three sentences at most.\n\n"),
        ("Explain", "Explain this message in plain words.\n\n"),
        ("Fix the code", "Fix the code in this message, and say in a sentence or two what was wrong.\n\n"),
        ("Translate", "Translate this message into English.\n\n"),
    ];
    let scenario = SlackScenario::start(setup(transport), answers("a", presets.len())).await;
    let message = scenario.slack.write_message(PROMPT, BEN, LOBBY, None);
    scenario.slack.share_in(&message, vec![note(), photo()]);
    for (preset, task) in presets {
        let form = form(&scenario, &message).await;
        scenario.slack.submit(&form, &[("preset", preset)], NAMED).wait_for_end().await;
        let messages = sent(&scenario, "a");
        assert_eq!(parts(&messages[0]["content"]), (with_note(&format!("{task}{PROMPT}")), 1), "{preset}");
    }
    scenario.finish().await;
}

async fn a_message_of_files_alone_gets_its_question_in_the_form(transport: Transport) {
    let scenario = SlackScenario::start(setup(transport), answers("a", 2)).await;
    let message = scenario.slack.write_message("", BEN, LOBBY, None);
    scenario.slack.share_in(&message, vec![photo()]);
    let form = form(&scenario, &message).await;
    assert!(form.wait_for_view().await.sent.to_string().contains("Sent along: photo.jpg."));
    let race = scenario.slack.submit(&form, &[("Prompt", PROMPT)], NAMED);
    assert!(race.wait_for_end().await.look.text().contains("quoting ben"));
    assert_eq!(parts(&sent(&scenario, "a")[0]["content"]), (PROMPT.to_owned(), 1));
    // and once more, with the same files
    let again = scenario.slack.press(&race.wait_for_message().await, "Ask again", BEN);
    assert!(again.wait_for_end().await.look.text().contains("📎 photo.jpg"));
    assert_eq!(parts(&sent(&scenario, "a")[0]["content"]), (PROMPT.to_owned(), 1));
    assert_eq!(scenario.slack.world(|world| world.fetched.len()), 1);
    scenario.finish().await;
}

/// Before anything is fetched where Slack describes it, and else to the asker alone.
async fn files_that_cannot_be_sent_are_named(transport: Transport) {
    let script = [answers("a", 1), answers("b", 1)].concat();
    let scenario = SlackScenario::start(setup(transport), script).await;
    let slack = &scenario.slack;
    let written = |text: &str, files: Vec<CdnFile>| {
        let message = slack.write_message(text, BEN, LOBBY, None);
        slack.share_in(&message, files);
        message
    };
    let used = slack.use_shortcut(RACE_THIS, &written("", vec![pdf()]), NAMED);
    used.wait_for_private_text("only spec.pdf (PDF files can't be read yet), which I can't read").await;
    // as many as fit, and the others by name
    let many = (0..5).map(|_| note()).chain([CdnFile::new("long.log", "text/plain", vec![b'x'; 200 << 10])]);
    let form_of_many = form(&scenario, &written(PROMPT, many.collect())).await;
    let shown = form_of_many.wait_for_view().await.sent.to_string();
    let missing = "Not sent: note.txt (the limit is 4 files), long.log (the limit is 4 files).";
    assert!(shown.contains(missing), "{shown}");
    slack.submit(&form_of_many, &[], NAMED).wait_for_end().await;
    assert_eq!(slack.world(|world| std::mem::take(&mut world.fetched)), ["note.txt"; 4]);
    // its host misbehaves
    let form_of_page = form(&scenario, &written(PROMPT, vec![note().with(CdnFault::Page)])).await;
    let race = slack.submit(&form_of_page, &[], NAMED);
    form_of_page.wait_for_private_text("note.txt: the file couldn't be fetched from Slack.").await;
    assert!(race.revisions().is_empty(), "a race was posted");
    // only models that cannot see were chosen
    let form_of_photo = form(&scenario, &written(PROMPT, vec![photo()])).await;
    slack.submit(&form_of_photo, &[("models", "B")], NAMED).wait_for_ack().await;
    let errors: String = form_of_photo.wait_for_view().await.errors.into_values().collect();
    assert!(errors.contains("None of these models can see pictures"), "{errors}");
    assert_eq!(scenario.provider.truth().exchanges.len(), 2);
    scenario.finish().await;
}

async fn a_mention_in_the_thread_of_a_race_takes_its_files(transport: Transport) {
    let script = [answers("a", 2), answers("b", 1)].concat();
    let scenario = SlackScenario::start(setup(transport), script).await;
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT}"), NAMED, LOBBY);
    race.wait_for_end().await;
    let root = race.wait_for_message().await;
    scenario.slack.share_next(vec![photo(), note()]);
    let next = scenario.slack.mention("and this?", NAMED, LOBBY, Some(&root));
    let text = next.wait_for_end().await.look.text();
    for words in ["turn 2", "📎 photo.jpg, note.txt", "B sat out: cannot see pictures"] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    let messages = sent(&scenario, "a");
    let before = [
        json!({ "role": "user", "content": PROMPT }),
        json!({ "role": "assistant", "content": format!("{ANSWER} it is") }),
    ];
    assert_eq!((messages.len(), &messages[..2]), (3, &before[..]));
    assert_eq!(messages[2]["role"], "user");
    assert_eq!(parts(&messages[2]["content"]), (with_note("and this?"), 1));
    assert_unlogged(&scenario.finish().await);
}

async fn a_message_to_the_bot_without_words_says_what_is_missing(transport: Transport) {
    let scenario = SlackScenario::start(setup(transport), []).await;
    let slack = &scenario.slack;
    slack.share_next(vec![photo()]);
    let mention = slack.mention("", NAMED, LOBBY, None);
    mention.wait_for_private_text("has only a file, and no question for the models").await;
    slack.share_next(vec![photo(), note()]);
    let direct = slack.direct_message("", NAMED, None);
    direct.wait_for_text("has only files, and no question for the models").await;
    assert!(slack.world(|world| world.fetched.is_empty()));
    scenario.finish().await;
}
