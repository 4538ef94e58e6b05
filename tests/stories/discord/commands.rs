//! Every command and every button, in every place, both ways.

use super::{DiscordScenario, Setup, Transport};
use crate::support::{
    discord::{ANA, BEN, ChannelKind, MOD},
    provider::{Answer, Gate, answer},
};

const WHY: &[(&str, &str)] = &[("prompt", "why is the sky blue")];

fn pair(gate: &Gate) -> [Answer; 2] {
    [
        answer("a").role().says("Air ").says("scatters").waits_for(gate).says(" blue").whole(),
        answer("b").role().says("Rayleigh").waits_for(gate).says(" scattering").whole(),
    ]
}

/// `/arena compare` from the command to the chart.
async fn a_race(transport: Transport, place: ChannelKind) {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(Setup { transport, ..Setup::default() }, pair(&gate)).await;
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, place);
    assert!(!request.wait_for_ack().await.private);
    let live = request.wait_for_text("scatters").await.look;
    assert_eq!(live.buttons().iter().map(|button| button.label.as_str()).collect::<Vec<_>>(), ["Stop"]);
    gate.open();
    let last = request.wait_for_end().await.look.text();
    for words in ["Air scatters blue", "Rayleigh scattering", "Ana", "why is the sky blue"] {
        assert!(last.contains(words), "{words} in\n{last}");
    }
    let charted = request.wait_until(|look| look.attachment("race.png").is_some()).await.look;
    assert!(charted.text().contains("Rayleigh scattering"));
    assert!(
        charted
            .attachment("race.png")
            .expect("a chart")
            .description
            .as_deref()
            .is_some_and(|alt| alt.contains("tokens per second"))
    );
    scenario.finish().await;
}

#[tokio::test]
async fn a_race_over_the_gateway_in_a_server() {
    a_race(Transport::Gateway, ChannelKind::Server).await;
}

#[tokio::test]
async fn a_race_over_the_gateway_in_a_direct_message() {
    a_race(Transport::Gateway, ChannelKind::Dm).await;
}

#[tokio::test]
async fn a_race_over_the_gateway_in_anybodys_pocket() {
    a_race(Transport::Gateway, ChannelKind::UserInstalled).await;
}

#[tokio::test]
async fn a_race_over_http_in_a_direct_message() {
    a_race(Transport::Http, ChannelKind::Dm).await;
}

#[tokio::test]
async fn a_race_over_http_in_a_server() {
    a_race(Transport::Http, ChannelKind::Server).await;
}

#[tokio::test]
async fn a_race_over_http_in_anybodys_pocket() {
    a_race(Transport::Http, ChannelKind::UserInstalled).await;
}

/// `ask`, `models`, `examples`, `help`, completion, and what people get wrong.
async fn the_other_words(transport: Transport) {
    let setup = Setup { transport, ..Setup::default() };
    let scenario = DiscordScenario::start(
        setup,
        [
            answer("b").role().says("Because.").whole(),
            answer("b").role().says("So.").whole(),
            answer("a").role().says("Hm.").whole(),
        ],
    )
    .await;
    let discord = &scenario.discord;
    let request =
        discord.type_command("/arena ask", &[("model", "b"), ("prompt", "why")], ANA, ChannelKind::Server);
    assert!(request.wait_for_end().await.look.text().contains("Because."));
    let models = discord.type_command("/arena models", &[], BEN, ChannelKind::Server);
    assert!(models.wait_for_ack().await.private);
    assert!(models.wait_for_text("fake").await.look.text().contains('B'));
    let help = discord.type_command("/arena help", &[], BEN, ChannelKind::Dm);
    assert!(help.wait_for_ack().await.private);
    help.wait_for_text("tok/s").await;
    let wrong =
        discord.type_command("/arena ask", &[("model", "bb"), ("prompt", "why")], ANA, ChannelKind::Server);
    assert!(wrong.wait_for_ack().await.private);
    wrong.wait_for_text("did you mean").await;
    let choices = discord
        .autocomplete("/arena ask", &[("prompt", "why"), ("model", "B")], ANA, ChannelKind::Server)
        .wait_for_choices()
        .await;
    assert_eq!(choices, [("B".to_owned(), "b".to_owned())]);
    let lists =
        discord.autocomplete("/arena compare", &[("prompt", "x"), ("models", "a,")], ANA, ChannelKind::Dm);
    assert_eq!(
        lists.wait_for_choices().await.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
        ["a", "a,b"]
    );
    let examples = discord.type_command("/arena examples", &[], ANA, ChannelKind::Server);
    examples.wait_for_text("A quick fact").await;
    let started = discord.press(examples.wait_for_message().await, "A quick fact", ANA);
    assert!(!started.wait_for_ack().await.private);
    assert!(started.wait_for_end().await.look.text().contains("Hm."));
    scenario.finish().await;
}

#[tokio::test]
async fn the_other_words_over_the_gateway() {
    the_other_words(Transport::Gateway).await;
}

#[tokio::test]
async fn the_other_words_over_http() {
    the_other_words(Transport::Http).await;
}

/// Stop, Race again, Full answers, Explain.
async fn every_button(transport: Transport) {
    let gate = Gate::default();
    let again = ["a", "b"].map(|model| answer(model).role().says("Once ").says("more").whole());
    let answers = [answer("a").role().says("Air").hangs(), answer("b").role().says("Whole").whole()];
    let scenario =
        DiscordScenario::start(Setup { transport, ..Setup::default() }, answers.into_iter().chain(again))
            .await;
    let discord = &scenario.discord;
    let race = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    race.wait_for_text("Air").await;
    let message = race.wait_for_message().await;
    let not_hers = discord.press(message, "Stop", BEN);
    assert!(not_hers.wait_for_ack().await.private);
    not_hers.wait_for_text("Only the person who asked").await;
    discord.press(message, "Stop", MOD).wait_for_ack().await;
    assert!(race.wait_for_end().await.look.text().contains("stopped"));
    race.wait_until(|look| look.attachment("race.png").is_some()).await;
    let full = discord.press(message, "Full answers", BEN);
    assert!(full.wait_for_ack().await.private);
    let file = full.wait_until(|look| !look.attachments.is_empty()).await.look.attachments[0].bytes.clone();
    assert!(String::from_utf8(file).expect("UTF-8").contains("Whole"));
    let explained = discord.press(message, "Explain", BEN);
    assert!(explained.wait_for_ack().await.private);
    explained.wait_until(|look| look.text().len() > 40).await;
    let second = discord.press(message, "Race again", BEN);
    assert!(!second.wait_for_ack().await.private);
    let text = second.wait_for_end().await.look.text();
    assert!(text.contains("Once more"), "{text}");
    drop(gate);
    scenario.finish().await;
}

#[tokio::test]
async fn every_button_over_the_gateway() {
    every_button(Transport::Gateway).await;
}

#[tokio::test]
async fn every_button_over_http() {
    every_button(Transport::Http).await;
}
