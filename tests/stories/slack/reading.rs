//! Reading an answer: the menu below a race shows it whole, page by page, to the reader alone.

use std::fmt::Write as _;

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    provider::{Answer, answer},
    slack::{BEN, Look, UserRequest},
};

on_both_transports!(a_long_answer_is_read_whole, what_is_read_in_the_message);

/// Some 30,000 characters with code across every page.
fn long() -> String {
    let mut text = format!("{ANSWER}\n\n");
    let mut line = 0;
    while text.chars().count() < 30_000 {
        text.push_str("```rust\n");
        for _ in 0..200 {
            line += 1;
            writeln!(text, "let line_{line:05} = \"<b> & 漢字\";").expect("a string");
        }
        text.push_str("```\n");
    }
    text + "the very end"
}

fn says(model: &str, text: &str) -> Answer {
    let letters: Vec<char> = text.chars().collect();
    let tokens: Vec<String> = letters.chunks(7).map(|token| token.iter().collect()).collect();
    tokens.chunks(100).fold(answer(model).role(), Answer::says_tokens).whole()
}

/// The numbers of the lines that can be read.
fn lines(look: &Look) -> Vec<usize> {
    let text = look.text();
    text.split("line_").skip(1).filter_map(|rest| rest.get(..5)?.parse().ok()).collect()
}

/// Turns the pages of a private message from its first to its last, and returns all lines.
async fn read(scenario: &SlackScenario, opened: &UserRequest) -> Vec<usize> {
    let mut look = opened.wait_for_private_text("page 1 of").await.look;
    let page = opened.ephemerals()[0].ts.clone();
    let mut all = lines(&look);
    for number in 2.. {
        assert_eq!(look.text().matches("```").count() % 2, 0, "a code block is open in\n{}", look.text());
        if look.button("Next").is_none() {
            assert!(look.text().contains("the very end"), "{}", look.text());
            break;
        }
        scenario.slack.press(&page, "Next", BEN);
        let words = format!("page {number} of");
        opened.wait_for_private_text(&words).await;
        look = scenario.slack.world(|world| world.message(&page).expect("the page").look().clone());
        all.extend(lines(&look));
    }
    assert_eq!(opened.ephemerals().len(), 1, "a page is turned in its place");
    all
}

/// By a stranger to the race, and by the next process as by this one.
async fn a_long_answer_is_read_whole(transport: Transport) {
    let text = long();
    let count = text.matches("line_").count();
    let scenario = SlackScenario::start(
        Setup { transport, ..Setup::default() },
        [says("a", &text), answer("b").role().streams(&[ANSWER, " is", " short"]).whole()],
    )
    .await;
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    let last = race.wait_for_end().await.look;
    assert!(last.text().contains("Read the rest with the menu below"), "{}", last.text());
    let message = race.wait_for_message().await;
    let opened = scenario.slack.choose(&message, "A", BEN);
    assert_eq!(read(&scenario, &opened).await, (1..=count).collect::<Vec<_>>());
    assert_eq!(race.current(), last, "the race's own message is left alone");
    let other = scenario.slack.choose(&message, "B", NAMED);
    let look = other.wait_for_private_text("is short").await.look;
    assert!(look.buttons().is_empty(), "{}", look.text());
    scenario.finish().await;
}

/// Containers hold the answers that fit, whole to their last line, tables included.
async fn what_is_read_in_the_message(transport: Transport) {
    let table = "A table:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n- one\n- two\n\nThe last line.";
    let scenario = SlackScenario::start(
        Setup { transport, ..Setup::default() },
        ["a", "b"].map(|model| {
            answer(model)
                .role()
                .streams(&[ANSWER, "\n", "It", " is", " so", " and", " on", " it", " goes", ".\n\n", table])
                .whole()
        }),
    )
    .await;
    let race = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    let last = race.wait_for_end().await.look;
    assert_eq!(last.containers().len(), 2);
    assert_eq!(last.text().matches("The last line.").count(), 2, "{}", last.text());
    assert!(!last.text().contains("Read the rest"), "{}", last.text());
    for part in ["🏁", "tok/s", "A:", "B:", "first token"] {
        assert!(last.fallback.contains(part), "{part:?} in {:?}", last.fallback);
    }
    scenario.finish().await;
}
