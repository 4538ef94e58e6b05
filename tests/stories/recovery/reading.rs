//! A long answer, read page by page by someone who did not ask: after a restart, and at another replica.

use std::{fmt::Write as _, net::SocketAddr};

use super::{
    super::{KEY, TestService, eventually, program},
    TestStore,
    replica_pair::ReplicaPair,
};
use crate::support::{
    discord::{self, ANA, BEN, ChannelKind, FakeDiscord, Id, Look, User},
    program::free_address,
    provider::{Answer, FakeProvider, Rules, Spelling, answer},
    scenario::{
        discord::{self as on_discord, Transport},
        slack::{self as on_slack, Transport as SlackTransport},
    },
    slack::{self, FakeSlack, LOBBY},
};

const THOUGHTS: &[&str] = &["Let me ", "think about ", "the sky."];

/// An answer of at least so many characters in which every word is its own: prose and code blocks, some of them longer
/// than a page.
fn long(chars: usize) -> String {
    let mut text = String::new();
    for part in 0.. {
        let _ = writeln!(text, "Part {part}: why the sky of part{part} is 蓝色.\n\n```rust");
        for line in 0..[3, 200][part % 2] {
            let _ = writeln!(text, "let sky{part}x{line} = [{line}, {part}]; // 散射");
        }
        text.push_str("```\n");
        if text.chars().count() >= chars {
            return text;
        }
    }
    unreachable!("an endless loop")
}

fn streams(text: &str) -> Answer {
    let pieces: Vec<_> = text.split_inclusive(' ').collect();
    let begins = answer("a").role().thinks(Spelling::Reasoning, THOUGHTS);
    pieces.chunks(60).fold(begins, Answer::says_tokens).whole()
}

/// The words of Markdown without its fences.
fn words(text: &str) -> Vec<String> {
    text.replace("```rust", "").replace("```", "").split_whitespace().map(str::to_owned).collect()
}

fn page(look: &Look) -> String {
    look.embeds[0]["description"].as_str().expect("a page").to_owned()
}

/// Reads the answer of `model` below a race from its first page to its last, and its reasoning.
async fn reads_it_whole(discord: &FakeDiscord, race: Id, text: &str, reader: User) {
    let reading = discord.choose(race, "A", reader);
    assert!(reading.wait_for_ack().await.private, "for the reader alone");
    let message = reading.wait_for_message().await;
    let mut pages = vec![page(&reading.current())];
    while reading.current().button("Next").is_some() {
        turn(discord, message, "Next", reader).await;
        pages.push(page(&reading.current()));
    }
    for (n, page) in pages.iter().enumerate() {
        assert_eq!(page.matches("```").count() % 2, 0, "page {n} leaves a code block open:\n{page}");
    }
    assert!(pages.len() >= 8, "{} pages", pages.len());
    let last = reading.current();
    let at = format!("page {0} of {0} · ", pages.len());
    assert!(last.text().contains(&at), "{}", last.text());
    // `[1, 2]` is escaped outside code only
    let read: Vec<_> = pages.iter().flat_map(|page| words(page)).collect();
    assert_eq!(read, words(text), "every word once and in its order");
    turn(discord, message, "Back", reader).await;
    assert_eq!(page(&reading.current()), pages[pages.len() - 2]);
    turn(discord, message, "Reasoning", reader).await;
    assert_eq!(page(&reading.current()), THOUGHTS.concat());
    turn(discord, message, "Answer", reader).await;
    assert_eq!(page(&reading.current()), pages[0]);
}

/// Presses a button of a private message, which changes in place.
async fn turn(discord: &FakeDiscord, message: Id, button: &str, reader: User) {
    let messages = discord.world(|world| world.messages.len());
    let answer = discord.press(message, button, reader).wait_for_ack().await;
    assert_eq!((answer.kind, discord.world(|world| world.messages.len())), (7, messages));
}

async fn races(discord: &FakeDiscord) -> Id {
    let asked = [("prompt", "why so blue?")];
    let race = discord.type_command("/arena compare", &asked, ANA, ChannelKind::Server);
    race.wait_for_end().await;
    race.wait_for_message().await
}

#[tokio::test]
async fn on_discord_an_answer_is_read_page_by_page_before_and_after_a_restart() {
    let text = long(30_000);
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let answers = [streams(&text), answer("b").role().says("Short.").whole()];
    let provider = FakeProvider::open_with(rules, answers).await;
    let (store, discord, address) = (TestStore::sqlite(), FakeDiscord::open().await, free_address());
    discord.deliver_by(discord::Delivery::Http(address));
    let program = || {
        let lines = format!("{}\n", on_discord::mode(Transport::Http));
        let program = program(&provider, &[("a", ""), ("b", "")]).with_lines(&lines);
        store.of(on_discord::with_credentials(program, &discord, Transport::Http), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("the commands were registered").await;
    let message = races(&discord).await;
    bot.wait_for_log("race over").await;
    reads_it_whole(&discord, message, &text, BEN).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    let bot = TestService::start(program(), address).await;
    eventually(async || bot.ready().await.0 == 200).await;
    reads_it_whole(&discord, message, &text, BEN).await;
    let forgets = discord.type_command("/arena forget", &[], ANA, ChannelKind::Server);
    forgets.wait_for_text("answers from 1 race").await;
    discord.choose(message, "A", BEN).wait_for_text("were deleted").await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    discord.assert_clean();
}

#[tokio::test]
async fn on_discord_an_answer_is_read_page_by_page_at_another_replica() {
    let text = long(30_000);
    let discord = FakeDiscord::open().await;
    let knows = |program| on_discord::with_credentials(program, &discord, Transport::Http);
    let lines = on_discord::mode(Transport::Http);
    let answers = vec![streams(&text), answer("b").role().says("Short.").whole()];
    let Some(pair) = ReplicaPair::open(answers, lines, knows).await else { return };
    let at = |address: SocketAddr| discord.deliver_by(discord::Delivery::Http(address));
    let [first, second] = pair.addresses();
    at(first);
    let message = races(&discord).await;
    pair.wait_until_idle().await;
    at(second);
    reads_it_whole(&discord, message, &text, BEN).await;
    pair.finish().await;
    discord.assert_clean();
}

/// The numbered lines of code in a text.
fn code(text: &str) -> Vec<String> {
    let ends = |c: char| !c.is_ascii_alphanumeric();
    text.split(ends).filter(|word| word.starts_with("sky") && word.contains('x')).map(str::to_owned).collect()
}

/// Reads the answer of `A` below a race from its first page to its last.
async fn reads_it_whole_on_slack(slack: &FakeSlack, race: &str, text: &str) {
    let opened = slack.choose(race, "A", slack::BEN);
    let mut look = opened.wait_for_private_text("page 1 of").await.look;
    let page = opened.ephemerals()[0].ts.clone();
    let mut read = code(&look.text());
    for number in 2.. {
        assert_eq!(look.text().matches("```").count() % 2, 0, "a code block is open in\n{}", look.text());
        if look.button("Next").is_none() {
            break;
        }
        slack.press(&page, "Next", slack::BEN);
        opened.wait_for_private_text(&format!("page {number} of")).await;
        look = slack.world(|world| world.message(&page).expect("the page").look().clone());
        read.extend(code(&look.text()));
    }
    assert_eq!(read, code(text), "every line once and in its order");
}

async fn races_on_slack(slack: &FakeSlack) -> slack::Ts {
    let race = slack.type_command("/arena", "compare why so blue?", slack::ANA, LOBBY);
    race.wait_for_end().await;
    race.wait_for_message().await
}

#[tokio::test]
async fn on_slack_an_answer_is_read_page_by_page_before_and_after_a_restart() {
    let text = long(30_000);
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let answers = [streams(&text), answer("b").role().says("Short.").whole()];
    let provider = FakeProvider::open_with(rules, answers).await;
    let (store, slack, address) = (TestStore::sqlite(), FakeSlack::open().await, free_address());
    slack.deliver_by(slack::Delivery::Http(address));
    let program = || {
        let lines = format!("{}\n", on_slack::mode(SlackTransport::Http));
        let program = program(&provider, &[("a", ""), ("b", "")]).with_lines(&lines);
        store.of(on_slack::with_credentials(program, &slack, SlackTransport::Http), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("Slack knows the bot").await;
    let message = races_on_slack(&slack).await;
    bot.wait_for_log("race over").await;
    reads_it_whole_on_slack(&slack, &message, &text).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    let bot = TestService::start(program(), address).await;
    eventually(async || bot.ready().await.0 == 200).await;
    reads_it_whole_on_slack(&slack, &message, &text).await;
    slack
        .type_command("/arena", "forget", slack::ANA, LOBBY)
        .wait_for_private_text("answers from 1 race")
        .await;
    slack.choose(&message, "A", slack::BEN).wait_for_private_text("were deleted").await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    slack.assert_clean();
}

#[tokio::test]
async fn on_slack_an_answer_is_read_page_by_page_at_another_replica() {
    let text = long(30_000);
    let slack = FakeSlack::open().await;
    let knows = |program| on_slack::with_credentials(program, &slack, SlackTransport::Http);
    let lines = on_slack::mode(SlackTransport::Http);
    let answers = vec![streams(&text), answer("b").role().says("Short.").whole()];
    let Some(pair) = ReplicaPair::open(answers, lines, knows).await else { return };
    let [first, second] = pair.addresses();
    slack.deliver_by(slack::Delivery::Http(first));
    let message = races_on_slack(&slack).await;
    pair.wait_until_idle().await;
    slack.deliver_by(slack::Delivery::Http(second));
    reads_it_whole_on_slack(&slack, &message, &text).await;
    pair.finish().await;
    slack.assert_clean();
}
