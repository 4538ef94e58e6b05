//! Personas: chosen per channel by those who may, applied to every race there, and kept apart on the board.

use std::sync::Arc;

use llm_arena::{
    arena::{Arena, Persona},
    board::{Ballot, Board},
    model::ChatModel,
};
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::LIMITS;
use crate::support::{
    discord::{ANA, BEN, ChannelKind, MOD, UserRequest, World},
    program::Program,
    provider::{Answer, FakeProvider, answer},
    scenario::{
        discord::{DiscordScenario, Setup},
        slack::{Setup as SlackSetup, SlackScenario},
    },
    script,
    slack::{self, CLUB, DM, LOBBY},
    wait::with_timeout,
};

/// The text of the persona `terse`, which no log may contain.
const TERSE: &str = "Qzpersona: answer in one word.";
const PERSONAS: &str = "[arena]\nraces_per_user_per_minute = 60\n[[persona]]\nid = \"terse\"\n\
    text = \"Qzpersona: answer in one word.\"\n[[persona]]\nid = \"tutor\"\ntext = \"Explain your answer.\"\n";
const WHY: &[(&str, &str)] = &[("prompt", "why?")];
const OTHER: ChannelKind = ChannelKind::Channel(6_100);

fn answers(times: usize) -> Vec<Answer> {
    let pair = || ["a", "b"].map(|model| answer(model).role().says("Because").says(" so").whole());
    (0..times).flat_map(|_| pair()).collect()
}

/// Returns the system texts of the last `requests` requests, each once.
fn system_texts(provider: &FakeProvider, requests: usize) -> Vec<String> {
    let truth = provider.truth();
    let system = |body: &Value| {
        let mut messages = body["messages"].as_array().cloned().unwrap_or_default();
        messages.retain(|message| message["role"] == "system");
        messages.iter().map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let newest = truth.exchanges.iter().rev().take(requests);
    let mut texts: Vec<String> =
        newest.map(|exchange| system(&exchange.body)).map(|all: Vec<String>| all.join("|")).collect();
    texts.dedup();
    texts
}

async fn said(request: UserRequest, words: &str) {
    assert!(request.wait_for_ack().await.private, "{words}");
    request.wait_for_text(words).await;
}

async fn assert_raced(scenario: &DiscordScenario, request: &UserRequest, persona: Option<&str>) {
    let last = request.wait_for_end().await.look.text();
    assert_eq!(last.contains("persona: "), persona.is_some(), "{last}");
    let expected = persona.map_or(String::new(), |_| TERSE.to_owned());
    assert_eq!(system_texts(&scenario.provider, 2), [expected], "{last}");
}

#[tokio::test]
async fn on_discord_a_persona_holds_for_every_race_of_its_channel_and_for_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let env: &[(&str, &str)] = &[("ARENA_DATA", &data)];
    let scenario =
        DiscordScenario::start(Setup { lines: PERSONAS, env, ..Setup::default() }, answers(6)).await;
    let discord = &scenario.discord;
    let set =
        |id, user| discord.type_command("/arena persona set", &[("persona", id)], user, ChannelKind::Server);
    let show = |place| discord.type_command("/arena persona show", &[], BEN, place);
    let compare = |place| discord.type_command("/arena compare", WHY, ANA, place);
    said(show(ChannelKind::Server), "has no persona. Known: `terse`, `tutor`.").await;
    said(set("terse", ANA), "Only people who manage this channel can change its persona.").await;
    said(set("rude", MOD), "No persona is called `rude`. Known: `terse`").await;
    let before = compare(ChannelKind::Server);
    assert_raced(&scenario, &before, None).await;
    said(set("terse", MOD), "run with the persona `terse`").await;
    said(show(ChannelKind::Server), TERSE).await;
    said(show(OTHER), "has no persona").await;
    assert_raced(&scenario, &compare(OTHER), None).await;
    assert_raced(&scenario, &compare(ChannelKind::Server), Some("terse")).await;
    // a race that began without one runs with it now
    let again = discord.press(before.wait_for_message().await, "Race again", ANA);
    assert_raced(&scenario, &again, Some("terse")).await;
    let message = discord.target_message("why is it so?", BEN, ChannelKind::Server);
    let quoted = discord.use_on_message("Race this message", &message, ANA, ChannelKind::Server);
    assert_raced(&scenario, &quoted, Some("terse")).await;
    said(discord.type_command("/arena persona clear", &[], ANA, ChannelKind::Server), "Only people who")
        .await;
    said(discord.type_command("/arena persona clear", &[], MOD, ChannelKind::Server), "without a persona")
        .await;
    assert_raced(&scenario, &compare(ChannelKind::Server), None).await;
    let log = scenario.finish().await;
    assert!(!log.join("\n").contains("Qzpersona"));
    assert_eq!(contenders(&folder.path().join("arena.sqlite")).await, [("a".into(), 2), ("b".into(), 2)]);
}

/// Returns the number of contenders of each model.
async fn contenders(file: &std::path::Path) -> Vec<(String, i64)> {
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("a file");
    let query = "SELECT model, COUNT(DISTINCT contender) FROM lanes GROUP BY model ORDER BY model";
    let rows = sqlx::query(query).fetch_all(&mut connection).await.expect("rows");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Each turn has the persona that its channel has then, in the thread of the channel too; other channels and people who do not
/// manage the channel change nothing.
#[tokio::test]
async fn on_discord_a_turn_has_the_persona_of_its_time() {
    let setup = Setup { models: &[("a", "")], lines: PERSONAS, ..Setup::default() };
    let single = || answer("a").role().says("Because").says(" so").whole();
    let scenario = DiscordScenario::start(setup, [single(), single(), single(), single()]).await;
    let (discord, server) = (&scenario.discord, ChannelKind::Server);
    let set = |id, user, place| discord.type_command("/arena persona set", &[("persona", id)], user, place);
    let assert_turn = async |request: UserRequest, system: &str, words: &str| {
        let last = request.wait_for_end().await.look.text();
        assert!(last.contains(words), "{words} in\n{last}");
        assert_eq!(system_texts(&scenario.provider, 1), [system], "{last}");
    };
    said(set("terse", MOD, server), "run with the persona `terse`").await;
    let race = discord.type_command("/arena compare", WHY, ANA, server);
    let root = race.wait_for_message().await;
    assert_turn(race, TERSE, "persona: terse").await;
    let pressed = discord.press(root, "Continue", ANA);
    pressed.wait_for_form().await;
    discord.submit(&pressed, &[("prompt", "and then?")]).wait_for_text("Continued in").await;
    let is_over = |world: &World| {
        let second = world.in_thread(root).first().map(|message| message.look().text())?;
        second.contains("Ask again").then_some(second)
    };
    let second = discord.until(is_over).await;
    assert!(second.contains("persona: terse") && second.contains("turn 2"), "{second}");
    let thread = ChannelKind::Thread(root);
    said(set("tutor", ANA, thread), "Only people who manage this channel").await;
    said(set("tutor", MOD, OTHER), "run with the persona `tutor`").await;
    assert_turn(discord.type_command("/arena compare", WHY, ANA, thread), TERSE, "persona: terse").await;
    said(set("tutor", MOD, server), "run with the persona `tutor`").await;
    let fourth = discord.type_command("/arena compare", WHY, ANA, thread);
    assert_turn(fourth, "Explain your answer.", "persona: tutor").await;
    let truth = scenario.provider.truth();
    let roles = |body: &Value| body["messages"].as_array().map_or(0, Vec::len);
    assert_eq!(roles(&truth.exchanges[3].body), 8, "a system text, three turns and a question");
    scenario.finish().await;
}

/// Each turn has the persona that its channel has then.
#[tokio::test]
async fn on_slack_a_turn_has_the_persona_of_its_time() {
    let setup = SlackSetup {
        models: &[("a", "")],
        lines: PERSONAS,
        slack: "admins = [\"U0MOD\"]",
        ..SlackSetup::default()
    };
    let single = || answer("a").role().says("Because").says(" so").whole();
    let scenario = SlackScenario::start(setup, [single(), single(), single()]).await;
    let types = |text: &str, user, channel| scenario.slack.type_command("/arena", text, user, channel);
    let set = async |id: &str, channel| {
        let set = types(&format!("persona set {id}"), slack::MOD, channel);
        set.wait_for_private_text("run with the persona").await;
    };
    set("terse", LOBBY).await;
    let race = types("compare why?", slack::ANA, LOBBY);
    assert!(race.wait_for_end().await.look.text().contains("persona: terse"));
    let root = race.wait_for_message().await;
    set("tutor", CLUB).await;
    for (id, system) in [("terse", TERSE), ("tutor", "Explain your answer.")] {
        set(id, LOBBY).await;
        let turn = scenario.slack.mention("and then?", slack::ANA, LOBBY, Some(&root));
        let last = turn.wait_for_end().await.look.text();
        assert!(last.contains(&format!("persona: {id}")) && last.contains("turn "), "{last}");
        assert_eq!(system_texts(&scenario.provider, 1), [system]);
    }
    scenario.finish().await;
}

#[tokio::test]
async fn on_slack_admins_choose_for_channels_and_people_for_their_own_direct_message() {
    let setup = SlackSetup { lines: PERSONAS, slack: "admins = [\"U0MOD\"]", ..SlackSetup::default() };
    let scenario = SlackScenario::start(setup, answers(3)).await;
    let types = |text: &str, user, channel| scenario.slack.type_command("/arena", text, user, channel);
    let refused = "Only people who administer LLM Arena here can change its persona.";
    types("persona set terse", slack::ANA, LOBBY).wait_for_private_text(refused).await;
    types("persona set terse", slack::MOD, LOBBY).wait_for_private_text("run with the persona").await;
    types("persona", slack::ANA, LOBBY).wait_for_private_text("Qzpersona").await;
    types("persona set terse", slack::ANA, DM).wait_for_private_text("run with the persona").await;
    for (channel, persona) in [(LOBBY, true), (CLUB, false), (DM, true)] {
        let race = types("compare why?", slack::ANA, channel);
        let last = json!(race.wait_for_end().await.look.blocks).to_string();
        assert_eq!(last.contains("persona: terse"), persona, "{channel}: {last}");
        let expected = if persona { TERSE } else { "" };
        assert_eq!(system_texts(&scenario.provider, 2), [expected], "{channel}");
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_persona_that_left_the_configuration_is_named_and_races_run_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let env: &[(&str, &str)] = &[("ARENA_DATA", &data)];
    let lines = PERSONAS;
    let scenario = DiscordScenario::start(Setup { lines, env, ..Setup::default() }, []).await;
    let chosen = [("persona", "terse")];
    let set = scenario.discord.type_command("/arena persona set", &chosen, MOD, ChannelKind::Server);
    said(set, "run with the persona `terse`").await;
    scenario.finish().await;
    let lines = &PERSONAS.replace("\"terse\"", "\"brief\"");
    let scenario = DiscordScenario::start(Setup { lines, env, ..Setup::default() }, answers(1)).await;
    let show = scenario.discord.type_command("/arena persona show", &[], BEN, ChannelKind::Server);
    said(show, "chose the persona `terse`, which is no longer in the configuration").await;
    let race = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    assert_raced(&scenario, &race, None).await;
    scenario.finish().await;
}

#[tokio::test]
async fn in_a_terminal_a_persona_is_an_option() {
    let program = Program::with(PERSONAS);
    let unknown = with_timeout(program.run(&["compare", "--persona", "rude", "why?"])).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("no persona is called rude. Known: terse, tutor."), "{}", unknown.stderr);
    let known =
        with_timeout(program.run(&["ask", "--model", "gemma-2b", "--persona", "terse", "why?"])).await;
    assert_eq!(known.code, Some(0), "{}", known.stderr);
}

#[test]
fn the_board_names_a_model_with_the_persona_that_it_had() {
    let model: Arc<dyn ChatModel> = Arc::new(script::model("a"));
    let plain = model.identity().contender;
    let keys =
        [plain.to_string(), plain.with_persona(TERSE).to_string(), plain.with_persona("?").to_string()];
    let lanes: Vec<Arc<str>> = keys.iter().map(|key| key.as_str().into()).collect();
    let ballot = Ballot::new("r1", "ana", lanes, (Some(&keys[1]), None), false).expect("a ballot");
    let persona = Persona { id: "terse".into(), text: TERSE.into() };
    let names = Arena::new(vec![model], LIMITS).with_personas(vec![persona]).contender_names();
    let board = Board::of(&[ballot]).expect("a board").named(|contender| names.name(contender));
    let mut shown: Vec<_> = board.standings.iter().map(|standing| standing.name.as_str()).collect();
    shown.sort_unstable();
    assert_eq!(shown, ["a", "a (a persona)", "a (terse)"]);
}
