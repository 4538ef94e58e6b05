//! Every command and every button, in every place, both ways.

use super::{DiscordScenario, Setup, Transport};
use crate::support::{
    discord::{ANA, BEN, MOD, Place},
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
async fn a_race(transport: Transport, place: Place) {
    let gate = Gate::default();
    let scenario = DiscordScenario::start(Setup { transport, ..Setup::default() }, pair(&gate)).await;
    let asked = scenario.discord.types("/arena compare", WHY, ANA, place);
    assert!(!asked.acknowledged().await.private);
    let live = asked.shows("scatters").await.look;
    assert_eq!(live.buttons().iter().map(|button| button.label.as_str()).collect::<Vec<_>>(), ["Stop"]);
    gate.open();
    let last = asked.ends().await.look.text();
    for words in ["Air scatters blue", "Rayleigh scattering", "Ana", "why is the sky blue"] {
        assert!(last.contains(words), "{words} in\n{last}");
    }
    let charted = asked.until(|look| look.attachment("race.png").is_some()).await.look;
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
    a_race(Transport::Gateway, Place::Server).await;
}

#[tokio::test]
async fn a_race_over_the_gateway_in_a_direct_message() {
    a_race(Transport::Gateway, Place::Dm).await;
}

#[tokio::test]
async fn a_race_over_the_gateway_in_anybodys_pocket() {
    a_race(Transport::Gateway, Place::UserInstalled).await;
}

#[tokio::test]
async fn a_race_over_http_in_a_direct_message() {
    a_race(Transport::Http, Place::Dm).await;
}

#[tokio::test]
async fn a_race_over_http_in_a_server() {
    a_race(Transport::Http, Place::Server).await;
}

#[tokio::test]
async fn a_race_over_http_in_anybodys_pocket() {
    a_race(Transport::Http, Place::UserInstalled).await;
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
    let asked = discord.types("/arena ask", &[("model", "b"), ("prompt", "why")], ANA, Place::Server);
    assert!(asked.ends().await.look.text().contains("Because."));
    let models = discord.types("/arena models", &[], BEN, Place::Server);
    assert!(models.acknowledged().await.private);
    assert!(models.shows("fake").await.look.text().contains('B'));
    let help = discord.types("/arena help", &[], BEN, Place::Dm);
    assert!(help.acknowledged().await.private);
    help.shows("tok/s").await;
    let wrong = discord.types("/arena ask", &[("model", "bb"), ("prompt", "why")], ANA, Place::Server);
    assert!(wrong.acknowledged().await.private);
    wrong.shows("did you mean").await;
    let choices = discord
        .completes("/arena ask", &[("prompt", "why"), ("model", "B")], ANA, Place::Server)
        .choices()
        .await;
    assert_eq!(choices, [("B".to_owned(), "b".to_owned())]);
    let lists = discord.completes("/arena compare", &[("prompt", "x"), ("models", "a,")], ANA, Place::Dm);
    assert_eq!(lists.choices().await.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), ["a", "a,b"]);
    let examples = discord.types("/arena examples", &[], ANA, Place::Server);
    examples.shows("A quick fact").await;
    let started = discord.presses(examples.message().await, "A quick fact", ANA);
    assert!(!started.acknowledged().await.private);
    assert!(started.ends().await.look.text().contains("Hm."));
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
    let race = discord.types("/arena compare", WHY, ANA, Place::Server);
    race.shows("Air").await;
    let message = race.message().await;
    let not_hers = discord.presses(message, "Stop", BEN);
    assert!(not_hers.acknowledged().await.private);
    not_hers.shows("Only the one who asked").await;
    discord.presses(message, "Stop", MOD).acknowledged().await;
    assert!(race.ends().await.look.text().contains("stopped"));
    race.until(|look| look.attachment("race.png").is_some()).await;
    let full = discord.presses(message, "Full answers", BEN);
    assert!(full.acknowledged().await.private);
    let file = full.until(|look| !look.attachments.is_empty()).await.look.attachments[0].bytes.clone();
    assert!(String::from_utf8(file).expect("UTF-8").contains("Whole"));
    let explained = discord.presses(message, "Explain", BEN);
    assert!(explained.acknowledged().await.private);
    explained.until(|look| look.text().len() > 40).await;
    let second = discord.presses(message, "Race again", BEN);
    assert!(!second.acknowledged().await.private);
    let text = second.ends().await.look.text();
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
