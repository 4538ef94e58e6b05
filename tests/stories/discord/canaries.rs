//! The canaries: everyone sees them, and those who manage the channel run and pause them.

use super::{ANSWER, DiscordScenario, Setup, Transport, endless_pair, eventually, gated_pair, with_timeout};
use crate::{
    stories::canaries::CANARY,
    support::{
        discord::{ANA, ChannelKind, MOD, User},
        provider::{Gate, Truth},
    },
};

#[tokio::test]
async fn a_canary_is_run_and_paused_by_those_who_manage_the_channel() {
    let gate = Gate::default();
    let setup = Setup { lines: CANARY, ..Setup::default() };
    let mut scenario = DiscordScenario::start(setup, gated_pair(&gate)).await;
    let discord = &scenario.discord;
    let watch = discord.type_command("/arena watch", &[], MOD, ChannelKind::Server);
    assert!(watch.wait_for_ack().await.private);
    let look = watch.wait_for_text("active").await.look;
    for words in ["**vllm**", "never ran", "0 0 1 1 \\*", "A, B", "next run in"] {
        assert!(look.text().contains(words), "{words:?} in\n{}", look.text());
    }
    let message = watch.wait_for_message().await;
    discord.press(message, "Run now", MOD);
    watch.wait_for_text("active, running now").await;
    gate.open();
    scenario.service.wait_for_log("race over").await;
    let discord = &scenario.discord;
    let ended = async || {
        let again = discord.type_command("/arena watch", &[], MOD, ChannelKind::Server);
        again.wait_for_message().await;
        again.current().text().contains("ago: all 2 answered, ")
    };
    eventually(ended).await;
    discord.press(message, "Pause", MOD);
    let paused = watch.wait_for_text("paused by Mo the Mod").await.look;
    assert!(paused.button("Resume").is_some() && !paused.text().contains("next run"), "{}", paused.text());
    discord.press(message, "Resume", MOD);
    watch
        .wait_until(|look| look.text().contains("active") && look.text().contains("ago: all 2 answered"))
        .await;

    let member = User { permissions: ANA.permissions, ..MOD };
    let refused = discord.press(message, "Pause", member);
    refused.wait_for_text("Only people who manage this channel can run and pause canaries").await;
    let seen = discord.type_command("/arena watch", &[], ANA, ChannelKind::Dm);
    let seen = seen.wait_for_text("People who manage this channel can run and pause canaries").await.look;
    assert!(seen.buttons().is_empty() && !seen.text().contains(ANSWER), "{}", seen.text());
    let public = discord.world(|world| world.messages.iter().filter(|message| !message.private).count());
    assert_eq!(public, 0, "a canary has no message");
    scenario.finish().await;
}

#[tokio::test]
async fn a_service_without_canaries_says_how_to_get_one() {
    let setup = Setup { transport: Transport::Gateway, ..Setup::default() };
    let scenario = DiscordScenario::start(setup, []).await;
    let watch = scenario.discord.type_command("/arena watch", &[], ANA, ChannelKind::Server);
    watch.wait_for_text("No canary is configured. A `[[canary]]` table").await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_canary_whose_process_dies_leaves_nothing_to_finish() {
    let folder = tempfile::tempdir().expect("a folder");
    let env = [("ARENA_DATA", folder.path().to_str().expect("UTF-8"))];
    let setup = || Setup { lines: CANARY, env: &env, ..Setup::default() };
    let scenario = DiscordScenario::start(setup(), endless_pair()).await;
    let watch = scenario.discord.type_command("/arena watch", &[], MOD, ChannelKind::Server);
    scenario.discord.press(watch.wait_for_message().await, "Run now", MOD);
    watch.wait_for_text("active, running now").await;
    let is_asked =
        |truth: &Truth| truth.exchanges.iter().filter(|exchange| exchange.tokens() > 0).count() == 2;
    with_timeout(scenario.provider.until(is_asked)).await;
    scenario.service.signal("KILL").await;
    drop(scenario);
    let mut scenario = DiscordScenario::start(setup(), []).await;
    scenario.service.wait_for_log("adopted an orphaned race").await;
    let discord = &scenario.discord;
    let ended = async || {
        let again = discord.type_command("/arena watch", &[], MOD, ChannelKind::Server);
        again.wait_for_message().await;
        again.current().text().contains("ago: none answered")
    };
    eventually(ended).await;
    scenario.finish().await;
}
