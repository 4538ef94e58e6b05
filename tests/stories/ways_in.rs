//! The law of all ways to start a race: each keeps to the allow-lists, the budget, the rate and the length of a prompt. A
//! refusal is private and calls no model.

use crate::support::{
    discord::{ANA, BEN, ChannelKind, UserRequest},
    provider::{Answer, answer},
    scenario::{
        discord::{DiscordScenario, Setup},
        slack::{Setup as SlackSetup, SlackScenario},
    },
    slack::{self, LOBBY},
};

const QUESTION: &str = "why is the sky blue?";
const WHY: &[(&str, &str)] = &[("prompt", QUESTION)];
/// The most expensive answers, so that the smallest budget does not cover one.
const MODELS: &[(&str, &str)] = &[("a", "price_out = 10000"), ("b", "price_out = 10000")];

/// Configurations that refuse a race, each with words of its refusal, and true if one race goes before.
const REFUSALS: [(&str, &str, bool); 4] = [
    (
        "[access]\ndiscord_channels = [\"1\"]\nslack_channels = [\"C0NONE\"]",
        "isn't open in this channel",
        false,
    ),
    ("[budget]\nday_usd = 0.01", "doesn't cover this race", false),
    ("[arena]\nmax_prompt_chars = 5", "the limit is 5", false),
    ("[arena]\nraces_per_user_per_minute = 1", "You can start the next one in", true),
];

fn first() -> Vec<Answer> {
    ["a", "b"].map(|model| answer(model).role().says("Because").says(" so").whole()).into()
}

/// Starts a race on Discord.
type StartOnDiscord = fn(&DiscordScenario) -> UserRequest;

const DISCORD: [(&str, StartOnDiscord); 4] = [
    ("compare", |it| it.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server)),
    ("blind", |it| it.discord.type_command("/arena blind", WHY, ANA, ChannelKind::Server)),
    ("ask", |it| {
        let options = [("model", "a"), ("prompt", QUESTION)];
        it.discord.type_command("/arena ask", &options, ANA, ChannelKind::Server)
    }),
    ("message", |it| {
        let message = it.discord.target_message(QUESTION, BEN, ChannelKind::Server);
        it.discord.use_on_message("Race this message", &message, ANA, ChannelKind::Server)
    }),
];

#[tokio::test]
async fn every_way_in_on_discord_keeps_to_every_limit() {
    for (lines, words, is_later) in REFUSALS {
        let answers = if is_later { first() } else { vec![] };
        let setup = Setup { models: MODELS, lines, ..Setup::default() };
        let scenario = DiscordScenario::start(setup, answers).await;
        if is_later {
            DISCORD[0].1(&scenario).wait_for_end().await;
        }
        let calls = scenario.provider.truth().exchanges.len();
        // the client itself keeps to the length of an option
        let is_length = words.contains("limit is");
        for (name, way) in DISCORD.into_iter().filter(|(name, _)| !is_length || *name == "message") {
            let request = way(&scenario);
            let ack = request.wait_for_ack().await;
            assert!(ack.private && ack.after.as_millis() < 1_000, "{name}, {words}: {ack:?}");
            request.wait_for_text(words).await;
        }
        assert_eq!(scenario.provider.truth().exchanges.len(), calls, "{words}");
        scenario.finish().await;
    }
}

/// Submits a form and returns the errors in it.
async fn errors(scenario: &SlackScenario, form: &slack::UserRequest) -> String {
    form.wait_for_view().await;
    let sent = scenario.slack.submit(form, &[("prompt", QUESTION)], slack::ANA);
    assert!(sent.wait_for_ack().await.after.as_millis() < 1_000);
    form.wait_for_view().await.errors.into_values().collect()
}

#[tokio::test]
async fn every_way_in_on_slack_keeps_to_every_limit() {
    for (lines, words, is_later) in REFUSALS {
        let answers = if is_later { first() } else { vec![] };
        let setup = SlackSetup { models: MODELS, lines, ..SlackSetup::default() };
        let scenario = SlackScenario::start(setup, answers).await;
        let typed = |text: &str| scenario.slack.type_command("/arena", text, slack::ANA, LOBBY);
        if is_later {
            typed(&format!("compare {QUESTION}")).wait_for_end().await;
        }
        let calls = scenario.provider.truth().exchanges.len();
        for word in ["compare", "blind", "ask a"] {
            typed(&format!("{word} {QUESTION}")).wait_for_private_text(words).await;
        }
        let mention = scenario.slack.mention(QUESTION, slack::ANA, LOBBY, None);
        mention.wait_for_private_text(words).await;
        let said = errors(&scenario, &typed("")).await;
        assert!(said.contains(words), "form: {said}");
        let message = scenario.slack.write_message(QUESTION, slack::BEN, LOBBY, None);
        let used = scenario.slack.use_shortcut("Race this message", &message, slack::ANA);
        if words.contains("channel") {
            used.wait_for_private_text(words).await;
        } else {
            let said = errors(&scenario, &used).await;
            assert!(said.contains(words), "shortcut: {said}");
        }
        assert_eq!(scenario.provider.truth().exchanges.len(), calls, "{words}");
        scenario.finish().await;
    }
}
