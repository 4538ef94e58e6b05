//! The law of all ways to start a race: each keeps to the allow-lists, the budgets, the rate and the length of a prompt. A
//! refusal is private, where the platform has private answers, and calls no model.
//!
//! The races that the follow-ups continue are from before a restart, which brings the limit.

use crate::support::{
    cdn::CdnFile,
    discord::{ANA, BEN, ChannelKind, Id, UserRequest, World},
    provider::{Answer, answer},
    scenario::{
        discord::{DiscordScenario, Setup, Transport},
        slack::{Setup as SlackSetup, SlackScenario, Transport as SlackTransport},
    },
    slack::{self, DM, LOBBY, Ts},
};

const QUESTION: &str = "why is the sky blue?";
const WHY: &[(&str, &str)] = &[("prompt", QUESTION)];
/// The most expensive answers, so that the smallest budget does not cover one.
const MODELS: &[(&str, &str)] = &[("a", "price_out = 10000"), ("b", "price_out = 10000")];
const FREE: &str = "[arena]\nraces_per_user_per_minute = 60";
/// The bot's id at the fake gateway.
const BOT: Id = 42;

/// Configurations that refuse a race, each with words of its refusal.
const REFUSALS: [(&str, &str); 6] = [
    ("[access]\ndiscord_channels = [\"1\"]\nslack_channels = [\"C0NONE\"]", "isn't open in this channel"),
    ("[arena]\nraces_per_user_per_minute = 60\n[budget]\nday_usd = 0.01", "for this service doesn't cover"),
    ("[arena]\nraces_per_user_per_minute = 60\n[budget]\nuser_day_usd = 0.01", "for you doesn't cover"),
    ("[arena]\nraces_per_user_per_minute = 60\n[budget]\nserver_day_usd = 0.01", "doesn't cover this race"),
    ("[arena]\nraces_per_user_per_minute = 60\nmax_prompt_chars = 5", "the limit is 5"),
    ("[arena]\nraces_per_user_per_minute = 1", "You can start the next one in"),
];

/// Returns the answers of so many races of both models.
fn answers(times: usize) -> Vec<Answer> {
    let pair = || ["a", "b"].map(|model| answer(model).role().says("Because").says(" so").whole());
    (0..times).flat_map(|_| pair()).collect()
}

fn note() -> CdnFile {
    CdnFile::new("note.txt", "text/plain", "a note")
}

/// Starts a race on Discord, perhaps with a button of the first message, that of a race, or of the second one, with the examples.
type StartOnDiscord = fn(&DiscordScenario, [Id; 2]) -> UserRequest;

/// The ways in that Discord answers in private; true where no prompt can be too long, since the client keeps to the length of an
/// option, and examples that are too long are not offered.
const DISCORD: [(&str, bool, StartOnDiscord); 10] = [
    ("compare", true, |it, _| it.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server)),
    ("blind", true, |it, _| it.discord.type_command("/arena blind", WHY, ANA, ChannelKind::Server)),
    ("ask", true, |it, _| {
        let options = [("model", "a"), ("prompt", QUESTION)];
        it.discord.type_command("/arena ask", &options, ANA, ChannelKind::Server)
    }),
    ("file", true, |it, _| {
        let place = (ANA, ChannelKind::Server);
        it.discord.type_command_with_files("/arena compare", WHY, vec![note()], place)
    }),
    ("in a direct message", true, |it, _| {
        it.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Dm)
    }),
    ("in the thread", true, |it, [root, _]| {
        it.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Thread(root))
    }),
    ("message", false, |it, _| {
        let message = it.discord.target_message(QUESTION, BEN, ChannelKind::Server);
        it.discord.use_on_message("Race this message", &message, ANA, ChannelKind::Server)
    }),
    ("message with a file", false, |it, _| {
        let mut message = it.discord.target_message(QUESTION, BEN, ChannelKind::Server);
        it.discord.attach(&mut message, vec![note()]);
        it.discord.use_on_message("Race this message", &message, ANA, ChannelKind::Server)
    }),
    ("again", false, |it, [root, _]| it.discord.press(root, "Race again", ANA)),
    ("example", true, |it, [_, examples]| it.discord.press(examples, "Race", ANA)),
];

/// Waits for a message of the bot in a place that contains these words and that is newer than `newest`.
async fn said(scenario: &DiscordScenario, place: ChannelKind, newest: Id, words: &str) {
    let find = |world: &World| {
        let mut messages = world.messages.iter().filter(|one| one.place == place && one.id > newest);
        messages.find(|one| one.look().text().contains(words)).map(drop)
    };
    scenario.discord.until(find).await;
}

async fn assert_refused_on_discord(scenario: &DiscordScenario, root: Id, words: &str) {
    let (discord, calls) = (&scenario.discord, scenario.provider.truth().exchanges.len());
    let is_length = words.contains("limit is");
    let is_of_server = words == REFUSALS[3].1;
    let examples = discord.type_command("/arena examples", &[], ANA, ChannelKind::Server);
    let examples = examples.wait_for_message().await;
    for (name, is_short, way) in DISCORD {
        if is_length && is_short || is_of_server && name == "in a direct message" {
            continue;
        }
        let request = way(scenario, [root, examples]);
        let ack = request.wait_for_ack().await;
        assert!(ack.private && ack.after.as_millis() < 1_000, "{name}, {words}: {ack:?}");
        request.wait_for_text(words).await;
        if name == "in the thread" {
            // the form of a follow-up
            let pressed = discord.press(root, "Continue", ANA);
            pressed.wait_for_form().await;
            let form = discord.submit(&pressed, &[("prompt", QUESTION)]);
            assert!(form.wait_for_ack().await.private, "form, {words}");
            form.wait_for_text(words).await;
        }
    }
    // messages have no private answers
    let gateway = scenario.gateway.as_ref().expect("a gateway");
    for (place, files) in [
        (ChannelKind::Thread(root), vec![]),
        (ChannelKind::Thread(root), vec![note()]),
        (ChannelKind::Dm, vec![]),
        (ChannelKind::Dm, vec![note()]),
    ] {
        if is_of_server && place == ChannelKind::Dm {
            continue;
        }
        let newest = discord.world(|world| world.messages.last().map_or(0, |message| message.id));
        let mut event = discord.written(&format!("<@{BOT}> {QUESTION}"), ANA, place, BOT);
        discord.attach(&mut event, files);
        gateway.dispatch("MESSAGE_CREATE", &event);
        said(scenario, place, newest, words).await;
    }
    assert_eq!(scenario.provider.truth().exchanges.len(), calls, "a model was called: {words}");
    assert!(discord.world(|world| world.fetched.is_empty()), "a file was fetched: {words}");
}

#[tokio::test]
async fn every_way_in_on_discord_keeps_to_every_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let env: &[(&str, &str)] = &[("ARENA_DATA", &data)];
    let setup =
        |lines| Setup { transport: Transport::Gateway, models: MODELS, lines, env, ..Setup::default() };
    let mut scenario = DiscordScenario::start(setup(FREE), answers(3)).await;
    // a restart forgets how much of Discord's limits is used
    scenario.discord.world(|world| world.own_429_is_fine = true);
    let race = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    race.wait_for_end().await;
    let root = race.wait_for_message().await;
    // opens the thread
    let pressed = scenario.discord.press(root, "Continue", ANA);
    pressed.wait_for_form().await;
    scenario
        .discord
        .submit(&pressed, &[("with", "all"), ("prompt", QUESTION)])
        .wait_for_text("Continued")
        .await;
    said(&scenario, ChannelKind::Thread(root), 0, "Race again").await;
    scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Dm).wait_for_end().await;
    for (lines, words) in REFUSALS {
        scenario = scenario.restart(setup(lines)).await;
        assert_refused_on_discord(&scenario, root, words).await;
    }
    scenario.finish().await;
}

/// Submits the form that a request opened, with a prompt unless it has one, and returns the errors in it.
async fn errors(scenario: &SlackScenario, form: &slack::UserRequest, values: &[(&str, &str)]) -> String {
    form.wait_for_view().await;
    let sent = scenario.slack.submit(form, values, slack::ANA);
    assert!(sent.wait_for_ack().await.after.as_millis() < 1_000);
    form.wait_for_view().await.errors.into_values().collect()
}

async fn assert_refused_on_slack(scenario: &SlackScenario, root: &Ts, words: &str) {
    let (slack, calls) = (&scenario.slack, scenario.provider.truth().exchanges.len());
    let typed = |text: &str| slack.type_command("/arena", text, slack::ANA, LOBBY);
    for word in ["compare", "blind", "ask a"] {
        typed(&format!("{word} {QUESTION}")).wait_for_private_text(words).await;
    }
    for (thread, files) in
        [(None, vec![]), (None, vec![note()]), (Some(&**root), vec![]), (Some(root), vec![note()])]
    {
        slack.share_next(files);
        slack.mention(QUESTION, slack::ANA, LOBBY, thread).wait_for_private_text(words).await;
    }
    for files in [vec![], vec![note()]] {
        slack.share_next(files);
        let direct = slack.direct_message(QUESTION, slack::ANA, None);
        direct.wait_for_text(words).await;
    }
    slack.press(root, "Race again", slack::ANA).wait_for_private_text(words).await;
    let said = errors(scenario, &typed(""), &[("prompt", QUESTION)]).await;
    assert!(said.contains(words), "form: {said}");
    let continued = slack.press(root, "Continue", slack::ANA);
    let said = errors(scenario, &continued, &[("Your next message", QUESTION)]).await;
    assert!(said.contains(words), "follow-up form: {said}");
    for files in [vec![], vec![note()]] {
        let message = slack.write_message(QUESTION, slack::BEN, LOBBY, None);
        slack.share_in(&message, files);
        let used = slack.use_shortcut("Race this message", &message, slack::ANA);
        if words.contains("channel") {
            used.wait_for_private_text(words).await;
        } else {
            let said = errors(scenario, &used, &[]).await;
            assert!(said.contains(words), "shortcut: {said}");
        }
    }
    assert_eq!(scenario.provider.truth().exchanges.len(), calls, "a model was called: {words}");
    assert!(slack.world(|world| world.fetched.is_empty()), "a file was fetched: {words}");
}

#[tokio::test]
async fn every_way_in_on_slack_keeps_to_every_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let env: &[(&str, &str)] = &[("ARENA_DATA", &data)];
    let setup = |lines| {
        let transport = SlackTransport::Socket;
        SlackSetup { transport, models: MODELS, lines, env, ..SlackSetup::default() }
    };
    let mut scenario = SlackScenario::start(setup(FREE), answers(2)).await;
    // a restart forgets how much of Slack's limits is used
    scenario.slack.world(|world| world.own_429_is_fine = true);
    let race = scenario.slack.type_command("/arena", &format!("compare {QUESTION}"), slack::ANA, LOBBY);
    race.wait_for_end().await;
    let root = race.wait_for_message().await;
    scenario.slack.direct_message(QUESTION, slack::ANA, None).wait_for_end().await;
    assert!(scenario.slack.world(|world| world.channel(DM).is_some()));
    for (lines, words) in REFUSALS {
        scenario = scenario.restart(setup(lines)).await;
        assert_refused_on_slack(&scenario, &root, words).await;
    }
    scenario.finish().await;
}
