//! The board and the history, for everyone in the channel.

use tempfile::TempDir;

use super::{LOBBY, NAMED, Setup, SlackScenario, Transport};
use crate::{
    store::team,
    support::slack::{ANA, BEN, FakeSlack, Method, Moment, UserRequest},
};

on_both_transports!(a_leader_and_a_slower_model_are_shown_to_everyone);

/// A service whose team has a leader.
async fn scenario(slack: FakeSlack) -> (SlackScenario, TempDir) {
    let folder = team::folder("slack:T0TEAM", 8).await;
    let env = [("ARENA_DATA", folder.path().to_str().expect("UTF-8"))];
    (SlackScenario::start_with(slack, Setup { env: &env, ..Setup::default() }, []).await, folder)
}

/// Asks for the board until its picture is there, and returns its table.
async fn board(scenario: &SlackScenario) -> (UserRequest, Option<Vec<Vec<String>>>) {
    let request = scenario.slack.type_command("/arena", "board", NAMED, LOBBY);
    let shown = request.wait_for_text("A leads for this team").await.look;
    assert!(shown.fallback.contains("A leads for this team"), "{}", shown.fallback);
    assert!(shown.text().contains("picked"), "{}", shown.text());
    request.wait_for_file("board.png").await;
    (request, shown.table())
}

/// The codes of the posts so far, in order.
fn posts(scenario: &SlackScenario) -> Vec<String> {
    scenario.slack.world(|world| {
        let posts = world.calls.iter().filter(|call| call.method == Method::PostMessage);
        posts.map(|call| call.code.clone()).collect()
    })
}

#[tokio::test]
async fn a_board_is_a_table_that_readers_sort() {
    let (scenario, _folder) = scenario(FakeSlack::open().await).await;
    let table = board(&scenario).await.1.expect("a table");
    assert_eq!(table[0][..3], ["#", "model", "picked"]);
    let column = |at: usize| table.iter().map(|row| row[at].as_str()).collect::<Vec<_>>();
    assert_eq!((column(1), column(table[0].len() - 1)), (vec!["model", "A", "B"], vec!["tier", "1", "2"]));
    assert_eq!(posts(&scenario), ["ok"]);
    scenario.finish().await;
}

/// The first board learns that the workspace takes no such table, at the price of one refusal; the others remember it.
#[tokio::test]
async fn a_board_is_text_where_its_table_is_refused() {
    let slack = FakeSlack::open().await;
    slack.world(|world| world.takes.tables = false);
    let (scenario, _folder) = scenario(slack).await;
    for expected in [&["invalid_blocks", "ok"][..], &["invalid_blocks", "ok", "ok"]] {
        assert!(board(&scenario).await.1.is_none());
        assert_eq!(posts(&scenario), expected);
    }
    scenario.finish().await;
}

/// A refusal that names no block is remembered once the text alone was taken.
#[tokio::test]
async fn a_board_whose_refusal_has_no_reason_is_text_from_then_on() {
    let (scenario, _folder) = scenario(FakeSlack::open().await).await;
    scenario.slack.refuse_next(Method::PostMessage, "invalid_blocks");
    for expected in [&["invalid_blocks", "ok"][..], &["invalid_blocks", "ok", "ok"]] {
        assert!(board(&scenario).await.1.is_none());
        assert_eq!(posts(&scenario), expected);
    }
    scenario.finish().await;
}

/// A length is a matter of one board: the next one is tried with its table.
#[tokio::test]
async fn a_board_that_is_too_long_is_text_once() {
    let (scenario, _folder) = scenario(FakeSlack::open().await).await;
    scenario.slack.refuse_next(Method::PostMessage, "msg_blocks_too_long");
    assert!(board(&scenario).await.1.is_none());
    assert!(board(&scenario).await.1.is_some());
    assert_eq!(posts(&scenario), ["msg_blocks_too_long", "ok", "ok"]);
    scenario.finish().await;
}

/// Nothing is known of a post whose answer is lost, so it is not repeated, with or without the table.
#[tokio::test]
async fn a_board_is_never_posted_twice() {
    let slack = FakeSlack::open().await;
    slack.world(|world| world.takes.tables = false);
    let (mut scenario, _folder) = scenario(slack).await;
    scenario.slack.refuse_next(Method::PostMessage, "invalid_blocks");
    scenario.slack.cut_next(Method::PostMessage, Moment::After);
    let request = scenario.slack.type_command("/arena", "board", NAMED, LOBBY);
    request.wait_for_text("A leads for this team").await;
    scenario.service.wait_for_log("cannot tell whether an overview was posted").await;
    let all = scenario.slack.world(|world| world.public(LOBBY).count());
    assert_eq!((posts(&scenario).len(), all), (2, 1));
    scenario.finish().await;
}

async fn a_leader_and_a_slower_model_are_shown_to_everyone(transport: Transport) {
    let folder = team::folder("slack:T0TEAM", 8).await;
    let env = [("ARENA_DATA", folder.path().to_str().expect("UTF-8"))];
    let scenario = SlackScenario::start(Setup { transport, env: &env, ..Setup::default() }, []).await;
    let board = scenario.slack.type_command("/arena", "board 30", NAMED, LOBBY);
    let shown = board.wait_for_text("A leads for this team").await.look;
    for words in ["40 ballots by 5 voters in 8 races in the last 30 days", "picked", "would be picked best"] {
        assert!(shown.text().contains(words), "{words:?} in\n{}", shown.text());
    }
    let file = board.wait_for_file("board.png").await;
    assert!(file.alt.as_deref().is_some_and(|alt| alt.contains("A leads for this team")));
    assert!(file.bytes.starts_with(b"\x89PNG"));

    let history = scenario.slack.mention("history a", ANA, LOBBY, None);
    history.wait_for_text("100 → 70 tok/s (−30 %) since ").await;
    assert_eq!(history.thread().iter().filter(|message| message.text().contains("100 → 70")).count(), 0);
    history.wait_for_file("history.png").await;

    let wrong = scenario.slack.type_command("/arena", "history aa", BEN, LOBBY);
    wrong.wait_for_private_text("No model is called aa (did you mean a?)").await;
    let days = scenario.slack.type_command("/arena", "board 0", BEN, LOBBY);
    days.wait_for_private_text("0 isn't a number of days from 1 to 3650").await;
    scenario.finish().await;
}
