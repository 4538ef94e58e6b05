//! The canaries: everyone sees them, and the admins run and pause them.

use super::{LOBBY, Setup, SlackScenario, Transport, eventually, gated_race};
use crate::{
    stories::canaries::CANARY,
    support::{
        provider::Gate,
        slack::{ANA, BEN, MOD},
    },
};

on_both_transports!(a_canary_is_run_and_paused_by_admins);

async fn a_canary_is_run_and_paused_by_admins(transport: Transport) {
    let gate = Gate::default();
    let setup = Setup { transport, lines: CANARY, slack: "admins = [\"U0MOD\"]", ..Setup::default() };
    let mut scenario = SlackScenario::start(setup, gated_race(&gate)).await;
    let slack = &scenario.slack;
    let watch = slack.type_command("/arena", "watch", MOD, LOBBY);
    let look = watch.wait_for_private_text("active").await.look;
    for words in ["vllm", "never ran", "0 0 1 1 *", "A, B", "next run in"] {
        assert!(look.text().contains(words), "{words:?} in\n{}", look.text());
    }
    let message = watch.ephemerals()[0].ts.clone();
    slack.press(&message, "Run now", MOD);
    watch.wait_for_private_text("active, running now").await;
    gate.open();
    scenario.service.wait_for_log("race over").await;
    let slack = &scenario.slack;
    let ended = async || {
        let again = slack.type_command("/arena", "watch", MOD, LOBBY);
        again.wait_for_private_text("active").await.look.text().contains("ago: all 2 answered, ")
    };
    eventually(ended).await;
    slack.press(&message, "Pause", MOD);
    let paused = watch.wait_for_private_text("paused by mod").await.look;
    assert!(paused.button("Resume").is_some() && !paused.text().contains("next run"), "{}", paused.text());
    slack.press(&message, "Resume", MOD);
    eventually(async || watch.ephemerals()[0].look().text().contains("active")).await;
    assert_eq!(watch.ephemerals().len(), 1, "the list is replaced where it is");

    let seen = slack.mention("watch", ANA, LOBBY, None);
    let note = "People who administer LLM Arena here can run and pause canaries";
    let seen = seen.wait_for_private_text(note).await.look;
    assert!(seen.buttons().is_empty(), "{}", seen.text());
    let question = slack.type_command("/arena", "wach", BEN, LOBBY);
    question.wait_for_private_text("did you mean watch?").await;
    let public =
        slack.world(|world| world.messages.iter().filter(|message| message.only_for.is_none()).count());
    assert_eq!(public, 1, "a canary has no message; the mention has");
    scenario.finish().await;
}
