//! Every command and every button, in every place, both ways.

use super::{DiscordScenario, Setup, Transport, letters};
use crate::support::{
    discord::{ALL_ANSWERS, ANA, BEN, ChannelKind, MOD},
    provider::{Answer, Gate, answer},
};

const WHY: &[(&str, &str)] = &[("prompt", "why is the sky blue")];

fn pair(gate: &Gate) -> [Answer; 2] {
    [
        answer("a")
            .role()
            .streams(&letters("See how the light of day goes: Air scatters"))
            .waits_for(gate)
            .says(" blue")
            .whole(),
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
    assert!(["wrote fastest: ", " tied at "].iter().any(|words| last.contains(words)), "{last}");
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
            .is_some_and(|alt| alt.contains("tokens per second") && alt.contains("1 A "))
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
    let started = discord.press(examples.wait_for_message().await, "Race", ANA);
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

/// Stop, Race again, the file with all answers, Explain, Replay, Share.
async fn every_button(transport: Transport) {
    let gate = Gate::default();
    let again = ["a", "b"].map(|model| answer(model).role().says("Once ").says("more").whole());
    let answers = [
        answer("a").role().says("Air").hangs(),
        answer("b").role().streams(&letters("It is short, and yet it is all there: Whole")).whole(),
    ];
    let scenario =
        DiscordScenario::start(Setup { transport, ..Setup::default() }, answers.into_iter().chain(again))
            .await;
    let discord = &scenario.discord;
    let race = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    race.wait_until(|look| look.text().contains("Air") && look.text().contains("✓")).await;
    let message = race.wait_for_message().await;
    let not_hers = discord.press(message, "Stop", BEN);
    assert!(not_hers.wait_for_ack().await.private);
    not_hers.wait_for_text("Only the person who asked").await;
    discord.press(message, "Stop", MOD).wait_for_ack().await;
    assert!(race.wait_for_end().await.look.text().contains("stopped"));
    race.wait_until(|look| look.attachment("race.png").is_some()).await;
    let full = discord.choose(message, ALL_ANSWERS, BEN);
    assert!(full.wait_for_ack().await.private);
    let file = full.wait_until(|look| !look.attachments.is_empty()).await.look.attachments[0].bytes.clone();
    assert!(String::from_utf8(file).expect("UTF-8").contains("Whole"));
    let explained = discord.press(message, "Explain", BEN);
    assert!(explained.wait_for_ack().await.private);
    explained.wait_until(|look| look.text().len() > 40).await;
    let replay = discord.press(message, "Replay", BEN);
    assert!(replay.wait_for_ack().await.private);
    let gif = replay.wait_until(|look| !look.attachments.is_empty()).await.look.attachments[0].clone();
    assert!(gif.bytes.starts_with(b"GIF89a"), "{}", gif.name);
    let not_his = discord.press(message, "Share", BEN);
    assert!(not_his.wait_for_ack().await.private);
    not_his.wait_for_text("Only the person who asked can share").await;
    let shared = discord.press(message, "Share", ANA);
    assert!(!shared.wait_for_ack().await.private);
    let card = shared.wait_until(|look| !look.attachments.is_empty()).await.look.attachments[0].clone();
    assert!(card.bytes.starts_with(b"\x89PNG"), "{}", card.name);
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

/// A client that sends the names of choices in place of their values
/// (<https://github.com/discord/discord-api-docs/issues/4213>).
#[tokio::test]
async fn the_name_of_a_choice_is_accepted_in_place_of_its_value() {
    let long = format!("best_for = \"chat, code {}\"", "and much more ".repeat(9));
    let models = &[("a", "icon = \"🦙\"\nbest_for = \"chat, code\""), ("b", "icon = \"👩🏽‍🚀\""), ("c", &*long)];
    let lines = "[arena]\nraces_per_user_per_minute = 60";
    let answers = ["a", "b", "c", "a", "b", "a", "b", "c"];
    let answers = answers.map(|model| answer(model).role().says("So.").whole());
    let scenario = DiscordScenario::start(Setup { models, lines, ..Setup::default() }, answers).await;
    let discord = &scenario.discord;
    let asked = async |options: &[(&str, &str)], command: &str| {
        let before = scenario.provider.truth().exchanges.len();
        let race = discord.type_command(command, options, ANA, ChannelKind::Server);
        assert!(!race.wait_for_ack().await.private, "{}", race.current().text());
        race.wait_for_end().await;
        let truth = scenario.provider.truth();
        let mut models: Vec<_> = truth.exchanges[before..].iter().map(|asked| asked.model.clone()).collect();
        models.sort();
        models.join(",")
    };
    let completes = async |command: &str, options: &[(&str, &str)]| {
        let choices =
            discord.autocomplete(command, options, ANA, ChannelKind::Server).wait_for_choices().await;
        for (name, _) in &choices {
            assert!(name.chars().count() <= 100 && name.matches('\u{fffd}').count() == 0, "{name}");
        }
        choices
    };
    let one = completes("/arena ask", &[("prompt", "why"), ("model", "")]).await;
    assert_eq!(one.len(), 3);
    assert!(one[0].0.starts_with("🦙 A · ") && one[1].0.starts_with("👩🏽‍🚀 B"), "{one:?}");
    for (name, value) in &one {
        assert_eq!(asked(&[("model", name), ("prompt", "why")], "/arena ask").await, *value, "{name}");
    }
    let lists = completes("/arena compare", &[("prompt", "why"), ("models", "a,b,")]).await;
    assert_eq!(lists.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["a,b", "a,b,c"]);
    for (name, value) in &lists {
        assert_ne!(name, value);
        assert_eq!(asked(&[("prompt", "why"), ("models", name)], "/arena compare").await, *value, "{name}");
    }
    for (name, _) in completes("/arena history", &[("model", "")]).await {
        let history = discord.type_command("/arena history", &[("model", &name)], ANA, ChannelKind::Server);
        assert!(!history.wait_for_ack().await.private, "{name}: {}", history.current().text());
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_blank_model_is_answered_without_empty_quotes() {
    let scenario = DiscordScenario::start(Setup::default(), []).await;
    for model in [" ", "`", "``", "\u{200b}"] {
        let typed = [("model", model), ("prompt", "why")];
        let wrong = scenario.discord.type_command("/arena ask", &typed, ANA, ChannelKind::Server);
        let said = wrong.wait_for_text("The line-up: a, b").await.look.text();
        assert!(!said.contains("``") && said.contains("no model's name"), "{model:?}: {said}");
    }
    scenario.finish().await;
}

#[tokio::test]
async fn the_buttons_of_a_forgotten_race_say_why() {
    let answers = ["a", "b"].map(|model| answer(model).role().says("So.").whole());
    let scenario = DiscordScenario::start(Setup::default(), answers).await;
    let discord = &scenario.discord;
    let race = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    race.wait_for_end().await;
    let message = race.wait_for_message().await;
    // the final record of a race is kept a moment after its last frame
    crate::support::wait::eventually(async || {
        let forgets = discord.type_command("/arena forget", &[], ANA, ChannelKind::Server);
        forgets.wait_until(|look| !look.text().is_empty()).await.look.text().contains("from 1 race")
    })
    .await;
    for button in ["Race again", "Continue", "Explain"] {
        let said = discord.press(message, button, BEN);
        assert!(said.wait_for_ack().await.private);
        said.wait_for_text("were deleted").await;
    }
    for option in ["A", ALL_ANSWERS] {
        discord.choose(message, option, BEN).wait_for_text("were deleted").await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn commands_in_the_help_can_be_tapped() {
    for guild in [0, ChannelKind::Server.guild().expect("a server")] {
        let lines = if guild == 0 { String::new() } else { format!("guild_id = \"{guild}\"") };
        let scenario = DiscordScenario::start(super::single_model(&lines), []).await;
        let id = scenario
            .discord
            .world(|world| world.commands[&guild][0]["id"].as_str().expect("an id").to_owned());
        for (command, words) in [
            ("help", ["compare", "ask", "models", "examples", "help", "forget"].as_slice()),
            ("models", &["compare"]),
            ("examples", &["compare"]),
        ] {
            let request =
                scenario.discord.type_command(&format!("/arena {command}"), &[], ANA, ChannelKind::Server);
            let shown = request.wait_until(|look| !look.is_loading()).await.look.text();
            for word in words {
                assert!(shown.contains(&format!("</arena {word}:{id}>")), "{shown}");
            }
        }
        scenario.finish().await;
    }
}

#[tokio::test]
async fn each_example_has_its_buttons_below_it() {
    let example = |n: usize| {
        format!(
            "[[example]]\ntitle = \"Example {n}\"\nprompt = \"Prompt {n}?\"\nlesson = \"{}.\"\n",
            "Lesson ".repeat(40).trim()
        )
    };
    let lines = (0..20).map(example).collect::<String>();
    let scenario = DiscordScenario::start(
        Setup { lines: &lines, ..Setup::default() },
        ["a", "b"].map(|model| answer(model).role().says("So.").whole()),
    )
    .await;
    let discord = &scenario.discord;
    let examples = discord.type_command("/arena examples", &[], ANA, ChannelKind::Server);
    let look = examples.wait_until(|look| !look.is_loading()).await.look;
    let text = look.text();
    let after = text.split("Example 1**").nth(1).expect("the second example");
    let (section, _) = after.split_once("[Race]").expect("its button");
    assert!(section.contains("> Prompt 1?") && !section.contains("Example 2"), "{text}");
    assert!(section.contains(&format!("-# {}.", "Lesson ".repeat(40).trim())), "a lesson is not cut: {text}");
    assert!(text.contains(" more in the configuration"), "{text}");
    let button = look.buttons()[2].custom_id.clone();
    let race = discord.press(examples.wait_for_message().await, &button, ANA);
    race.wait_for_text("Prompt 1?").await;
    race.wait_for_end().await;
    scenario.finish().await;
}
