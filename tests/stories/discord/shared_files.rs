//! Files of messages: with a mention of the bot, with words in a direct message, and with a message that is raced.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    DiscordScenario, Setup, Transport,
    follow_ups::{WHY, continues, ended_in, heard, raced, said, turn},
};
use crate::support::{
    cdn::{CdnFault, CdnFile},
    discord::{ANA, BEN, ChannelKind, Id, MOD, UserRequest},
    pictures::{parts, photograph},
    scenario::ANSWER,
};

const SECRET: &str = "Qzcontent";
const RACE_THIS: &str = "Race this message";
/// The bot's id at the fake gateway.
const BOT: Id = 42;

fn setup(transport: Transport) -> Setup<'static> {
    Setup {
        transport,
        models: &[("a", "vision = true"), ("b", "")],
        lines: "[arena]\nraces_per_user_per_minute = 60",
        ..Setup::default()
    }
}

fn photo() -> CdnFile {
    CdnFile::new("photo.jpg", "image/jpeg", photograph())
}

fn note() -> CdnFile {
    CdnFile::new("note.txt", "text/plain; charset=utf-8", format!("{SECRET} note"))
}

fn pdf() -> CdnFile {
    CdnFile::new("spec.pdf", "application/pdf", "%PDF-1.7")
}

/// The words of a prompt with the note after it.
fn with_note(prompt: &str) -> String {
    format!("{prompt}\n\nnote.txt:\n```\n{SECRET} note\n```")
}

/// Writes to the bot, with files.
fn writes(scenario: &DiscordScenario, text: &str, files: Vec<CdnFile>, place: ChannelKind) {
    let mut event = scenario.discord.written(text, ANA, place, BOT);
    scenario.discord.attach(&mut event, files);
    scenario.gateway.as_ref().expect("a gateway").dispatch("MESSAGE_CREATE", &event);
}

/// Waits for the message of the bot in a place that contains these words.
async fn answered(scenario: &DiscordScenario, place: ChannelKind, words: &str) -> String {
    let find = |world: &crate::support::discord::World| {
        let mut texts = world.messages.iter().filter(|one| one.place == place).map(|one| one.look().text());
        texts.find(|text| text.contains(words))
    };
    scenario.discord.until(find).await
}

fn assert_unlogged(log: &[String]) {
    for secret in [SECRET, "signature5ecret", "base64", "photo.jpg", "note.txt", "spec.pdf", ANSWER] {
        assert!(log.iter().all(|line| !line.contains(secret)), "{secret}");
    }
}

#[tokio::test]
async fn follow_ups_take_files_with_a_mention_and_with_a_command() {
    let answers = [turn(&["a", "b"], 1), turn(&["a"], 2), turn(&["a"], 3), turn(&["b"], 4)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Gateway), answers).await;
    let (discord, provider) = (&scenario.discord, &scenario.provider);
    let root = raced(discord, ChannelKind::Server).await;
    continues(discord, root, Some("lane:0"), "two", ANA).await.wait_for_text("Continued in").await;
    let thread = ChannelKind::Thread(root);
    ended_in(discord, root, 0).await;

    writes(&scenario, "<@42> three", vec![photo(), note()], thread);
    let (_, look) = ended_in(discord, root, 1).await;
    assert!(
        look.text().contains("📎 photo.jpg, note.txt") && look.text().contains("turn 3"),
        "{}",
        look.text()
    );
    let before = |turns: &[&str]| -> Vec<Value> {
        let role = |index: usize| if index.is_multiple_of(2) { "user" } else { "assistant" };
        turns.iter().enumerate().map(|(at, text)| json!({ "role": role(at), "content": text })).collect()
    };
    let messages = heard(provider, "a").pop().expect("a request");
    let messages = messages.as_array().expect("messages");
    assert_eq!(messages[..4], before(&[WHY, &said("a", 1), "two", &said("a", 2)]));
    assert_eq!((messages.len(), parts(&messages[4]["content"])), (5, (with_note("three"), 1)));

    // a model that cannot see, by a command with a text
    let options = [("model", "b"), ("prompt", "four")];
    let asked = discord.type_command_with_files("/arena ask", &options, vec![note()], (ANA, thread));
    let text = asked.wait_for_end().await.look.text();
    assert!(text.contains("📎 note.txt") && text.contains("turn 4"), "{text}");
    let messages = heard(provider, "b").pop().expect("a request");
    let messages = messages.as_array().expect("messages");
    assert_eq!(
        messages.last().expect("a message")["content"],
        with_note(&format!("two\n\n{}\n\nfour", with_note("three")))
    );
    assert!(text.contains("the earlier picture was not sent again"), "{text}");
    assert_unlogged(&scenario.finish().await);
}

#[tokio::test]
async fn words_with_files_are_raced_in_a_direct_message() {
    let scenario = DiscordScenario::start(setup(Transport::Gateway), turn(&["a"], 1)).await;
    writes(&scenario, "what is this?", vec![photo(), note()], ChannelKind::Dm);
    let text = answered(&scenario, ChannelKind::Dm, &said("a", 1)).await;
    for line in ["📎 photo.jpg, note.txt", "B sat out: cannot see pictures"] {
        assert_eq!(text.matches(line).count(), 1, "{text}");
    }
    let messages = heard(&scenario.provider, "a");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].as_array().map(Vec::len), Some(1));
    assert_eq!(parts(&messages[0][0]["content"]), (with_note("what is this?"), 1));
    assert_unlogged(&scenario.finish().await);
}

#[tokio::test]
async fn files_of_a_message_to_the_bot_that_cannot_be_read_are_named_and_no_model_is_asked() {
    let answers = [turn(&["a", "b"], 1), turn(&["a"], 2)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Gateway), answers).await;
    let root = raced(&scenario.discord, ChannelKind::Server).await;
    let second = continues(&scenario.discord, root, Some("lane:0"), "two", ANA).await;
    second.wait_for_text("Continued in").await;
    ended_in(&scenario.discord, root, 0).await;
    let (thread, dm) = (ChannelKind::Thread(root), ChannelKind::Dm);
    let large = || CdnFile::new("large.bin", "", vec![b'x'; 6 << 20]);
    let five = (0..5).map(|_| note()).collect();
    for (place, text, files, words) in [
        (dm, "why?", vec![pdf()], "spec.pdf: PDF files can't be read yet."),
        (dm, "why?", vec![large()], "large.bin: the files have more than 5 MB together"),
        (dm, "why?", five, "That's 5 files; the limit is 4."),
        (
            dm,
            "why?",
            vec![note().with(CdnFault::Page)],
            "note.txt: the file couldn't be fetched from Discord.",
        ),
        (dm, "", vec![photo()], "has only a file, and no question for the models"),
        (thread, "<@42>", vec![photo(), note()], "has only files, and no question for the models"),
        (thread, "<@42> why?", vec![pdf()], "spec.pdf: PDF files can't be read yet."),
    ] {
        writes(&scenario, text, files, place);
        answered(&scenario, place, words).await;
    }
    assert_eq!(scenario.provider.truth().exchanges.len(), 3);
    scenario.finish().await;
}

/// Uses the command on a message with these words and files.
fn races(
    scenario: &DiscordScenario,
    text: &str,
    files: Vec<CdnFile>,
    place: ChannelKind,
) -> (UserRequest, Value) {
    let mut message = scenario.discord.target_message(text, BEN, place);
    scenario.discord.attach(&mut message, files);
    (scenario.discord.use_on_message(RACE_THIS, &message, ANA, place), message)
}

/// A text, a picture and a kind that cannot be read.
async fn a_message_is_raced_with_its_files(transport: Transport, place: ChannelKind) {
    let scenario = DiscordScenario::start(setup(transport), turn(&["a"], 1)).await;
    let (request, _) = races(&scenario, WHY, vec![note(), pdf(), photo()], place);
    let ack = request.wait_for_ack().await;
    assert!(!ack.private && ack.after < Duration::from_secs(1), "{ack:?}");
    let text = request.wait_for_end().await.look.text();
    for words in [
        "quoting Ana",
        "📎 note.txt, photo.jpg",
        "B sat out: cannot see pictures",
        "not sent: spec.pdf (PDF files can't be read yet)",
    ] {
        assert_eq!(text.matches(words).count(), 1, "{words} in\n{text}");
    }
    let messages = heard(&scenario.provider, "a");
    assert_eq!((messages.len(), messages[0].as_array().map(Vec::len)), (1, Some(1)));
    assert_eq!(parts(&messages[0][0]["content"]), (with_note(WHY), 1));
    let mut fetched = scenario.discord.world(|world| world.fetched.clone());
    fetched.sort_unstable();
    assert_eq!(fetched, ["note.txt", "photo.jpg"], "what cannot be read is not fetched");
    assert_unlogged(&scenario.finish().await);
}

#[tokio::test]
async fn a_message_is_raced_with_its_files_in_a_server() {
    a_message_is_raced_with_its_files(Transport::Gateway, ChannelKind::Server).await;
}

#[tokio::test]
async fn a_message_is_raced_with_its_files_in_a_thread() {
    a_message_is_raced_with_its_files(Transport::Http, ChannelKind::Thread(77)).await;
}

#[tokio::test]
async fn a_message_is_raced_with_its_files_in_a_direct_message() {
    a_message_is_raced_with_its_files(Transport::Gateway, ChannelKind::Dm).await;
}

#[tokio::test]
async fn a_message_is_raced_with_its_files_where_only_the_person_has_the_app() {
    a_message_is_raced_with_its_files(Transport::Http, ChannelKind::UserInstalled).await;
}

#[tokio::test]
async fn a_message_is_raced_with_its_files_in_a_server_without_the_bot() {
    a_message_is_raced_with_its_files(Transport::Http, ChannelKind::ForeignServer).await;
}

#[tokio::test]
async fn the_files_of_a_forwarded_message_go_along_and_asking_again_has_them_too() {
    let answers = [turn(&["a"], 1), turn(&["a"], 2)].concat();
    let scenario = DiscordScenario::start(setup(Transport::Http), answers).await;
    let discord = &scenario.discord;
    let mut forwarded = json!({ "type": 0, "content": WHY, "embeds": [], "flags": 0, "mentions": [] });
    discord.attach(&mut forwarded, vec![photo()]);
    let mut message = discord.target_message("", BEN, ChannelKind::Server);
    message["message_snapshots"] = json!([{ "message": forwarded }]);
    let first = discord.use_on_message(RACE_THIS, &message, ANA, ChannelKind::Server);
    assert!(first.wait_for_end().await.look.text().contains("📎 photo.jpg"));
    let again = discord.press(first.wait_for_message().await, "Ask again", MOD);
    let text = again.wait_for_end().await.look.text();
    assert!(text.contains("quoting Ana") && text.contains("📎 photo.jpg"), "{text}");
    let heard = heard(&scenario.provider, "a");
    assert_eq!(heard[0], heard[1]);
    scenario.finish().await;
}

#[tokio::test]
async fn a_message_that_has_nothing_to_ask_or_cannot_be_read_says_so() {
    let scenario = DiscordScenario::start(setup(Transport::Http), []).await;
    let place = ChannelKind::Server;
    let broken = CdnFile::new("photo.png", "image/png", b"\x89PNG\r\n\x1a\nbroken");
    for (text, files, words, is_late) in [
        ("", vec![photo()], "has only a file, and no question for the models", false),
        (" ", vec![photo(), note(), pdf()], "has only files, and no question for the models", false),
        ("", vec![pdf()], "has only spec.pdf (PDF files can't be read yet), which I can't read", false),
        ("why?", vec![broken], "photo.png: the picture is damaged", true),
        ("why?", vec![note().with(CdnFault::Endless)], "note.txt: the file couldn't be fetched", true),
    ] {
        let (request, _) = races(&scenario, text, files, place);
        assert_eq!(request.wait_for_ack().await.private, !is_late, "{words}");
        let look = request.wait_for_text(words).await.look;
        assert!(look.flags & 64 != 0, "only the asker sees it: {}", look.text());
    }
    let mut message = scenario.discord.target_message(" ", BEN, place);
    message["embeds"] = json!([{ "type": "rich", "title": "t" }]);
    message["sticker_items"] = json!([{ "id": "1", "name": "s", "format_type": 1 }]);
    let request = scenario.discord.use_on_message(RACE_THIS, &message, ANA, place);
    assert!(request.wait_for_ack().await.private);
    request.wait_for_text("only an embed and a sticker, which I can't read").await;
    assert!(scenario.provider.truth().exchanges.is_empty());
    scenario.finish().await;
}

#[tokio::test]
async fn without_a_model_that_sees_a_message_is_raced_without_its_pictures() {
    let lines = "[arena]\nraces_per_user_per_minute = 60\n[access]\nrace_others_messages = false";
    let models = &[("a", ""), ("b", "")];
    let scenario =
        DiscordScenario::start(Setup { models, lines, ..setup(Transport::Http) }, turn(&["a", "b"], 1)).await;
    let (theirs, _) = races(&scenario, WHY, vec![note()], ChannelKind::Server);
    assert!(theirs.wait_for_ack().await.private);
    theirs.wait_for_text("Only your own messages can be raced here").await;
    assert!(scenario.discord.world(|world| world.fetched.is_empty()));
    let mut own = scenario.discord.target_message(WHY, ANA, ChannelKind::Server);
    scenario.discord.attach(&mut own, vec![photo(), note()]);
    own["sticker_items"] = json!([{ "id": "1", "name": "s", "format_type": 1 }]);
    let request = scenario.discord.use_on_message(RACE_THIS, &own, ANA, ChannelKind::Server);
    let text = request.wait_for_end().await.look.text();
    let missing = "not sent: a sticker, photo.jpg (no model here can see pictures)";
    assert!(text.contains("📎 note.txt") && text.contains(missing), "{text}");
    assert_eq!(parts(&heard(&scenario.provider, "b")[0][0]["content"]), (with_note(WHY), 0));
    scenario.finish().await;
}
