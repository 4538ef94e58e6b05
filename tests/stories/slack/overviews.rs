//! The board and the history, for everyone in the channel.

use super::{LOBBY, NAMED, Setup, SlackScenario, Transport};
use crate::{
    store::team,
    support::slack::{ANA, BEN},
};

on_both_transports!(a_leader_and_a_slower_model_are_shown_to_everyone);

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
