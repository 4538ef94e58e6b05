//! The board and the history, for everyone in the channel.

use tempfile::TempDir;

use super::{DiscordScenario, Setup, Transport};
use crate::{
    store::team,
    support::discord::{ANA, BEN, ChannelKind, Family, GUILD, Look},
};

fn has_picture(look: &Look) -> bool {
    look.text().contains("attachment://") && !look.attachments.is_empty()
}

/// A service whose team has a leader.
async fn scenario(transport: Transport) -> (DiscordScenario, TempDir) {
    let folder = team::folder(&format!("discord:{GUILD}"), 8).await;
    let env = [("ARENA_DATA", folder.path().to_str().expect("UTF-8"))];
    (DiscordScenario::start(Setup { transport, env: &env, ..Setup::default() }, []).await, folder)
}

#[tokio::test]
async fn a_leader_and_a_slower_model_are_shown_to_everyone() {
    let (scenario, _folder) = scenario(Transport::Http).await;
    let discord = &scenario.discord;
    let board = discord.type_command("/arena board", &[("days", "30")], ANA, ChannelKind::Server);
    assert!(!board.wait_for_ack().await.private, "everyone sees the board");
    let shown = board.wait_until(has_picture).await.look;
    for words in ["A leads for this team", "40 ballots by 5 voters in 8 races in the last 30 days", "picked"]
    {
        assert!(shown.text().contains(words), "{words:?} in\n{}", shown.text());
    }
    let file = shown.attachment("board.png").expect("a picture");
    assert!(file.description.as_deref().is_some_and(|alt| alt.contains("A leads for this team")));
    assert!(file.bytes.starts_with(b"\x89PNG"));

    let history = discord.type_command("/arena history", &[("model", "a")], BEN, ChannelKind::Server);
    let shown = history.wait_until(has_picture).await.look;
    assert!(shown.text().contains("100 → 70 tok/s (−30 %) since "), "{}", shown.text());
    assert!(shown.attachment("history.png").is_some());
    let all = discord.type_command("/arena history", &[], BEN, ChannelKind::Dm);
    let shown = all.wait_until(has_picture).await.look.text();
    assert!(shown.contains("**A** · 100 → 70 tok/s") && shown.contains("No samples yet: B."), "{shown}");
    let completion = discord.autocomplete("/arena history", &[("model", "B")], ANA, ChannelKind::Server);
    assert_eq!(completion.wait_for_choices().await, [("B".to_owned(), "b".to_owned())]);
    scenario.finish().await;
}

#[tokio::test]
async fn it_is_too_early_elsewhere_and_wrong_words_are_private() {
    let (scenario, _folder) = scenario(Transport::Gateway).await;
    let discord = &scenario.discord;
    let wrong = discord.type_command("/arena history", &[("model", "aa")], ANA, ChannelKind::Server);
    assert!(wrong.wait_for_ack().await.private);
    wrong.wait_for_text("did you mean").await;
    let dm = discord.type_command("/arena board", &[], ANA, ChannelKind::Dm);
    assert!(dm.wait_for_ack().await.private);
    dm.wait_for_text("ask for it in a server").await;
    let foreign = discord.type_command("/arena board", &[], ANA, ChannelKind::ForeignServer);
    let shown = foreign.wait_for_text("Too early: 0 of 20 ballots").await.look;
    assert!(shown.attachments.is_empty(), "{}", shown.text());
    scenario.finish().await;
}

#[tokio::test]
async fn without_attach_files_the_text_is_shown_alone() {
    let (scenario, _folder) = scenario(Transport::Http).await;
    scenario.discord.refuse_next(Family::Upload, 403, 50_013);
    let board = scenario.discord.type_command("/arena board", &[], ANA, ChannelKind::Server);
    let shown = board.wait_for_text("A leads for this team").await.look;
    assert!(shown.attachments.is_empty() && !shown.text().contains("attachment://"), "{}", shown.text());
    scenario.finish().await;
}
