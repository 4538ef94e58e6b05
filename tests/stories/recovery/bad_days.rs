//! Stores that are away: a clear message, races that end all the same, and a service that recovers by itself.

use super::{
    super::{
        command_line::program,
        crowd::speaks,
        discord::stage::{Setting, Way, knows, lines},
        soon,
    },
    Memory,
};
use crate::support::{
    discord::{ANA, Delivery, FakeDiscord, Place},
    program::{Program, free_address, get},
    provider::{FakeProvider, Gate, Rules, answer},
};

const WHY: &[(&str, &str)] = &[("prompt", "why?")];

fn alone() -> Setting<'static> {
    Setting { models: &[("a", "")], ..Setting::default() }
}

async fn ready(address: std::net::SocketAddr, word: &str) {
    let ready = async {
        while !get(address, "/readyz").await.is_ok_and(|(_, said)| said.contains(word)) {
            tokio::task::yield_now().await;
        }
    };
    soon(ready).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for() {
    let Some(memory) = Memory::postgres().await else { return };
    let Memory::Postgres(database) = &memory else { unreachable!("it is one") };
    let rules = Rules { key: Some(super::super::KEY.into()), ..Rules::default() };
    let gate = Gate::default();
    let answers = [
        answer("a").role().says("Air ").waits_for(&gate).says("scatters").whole(),
        answer("a").says("Again").whole(),
    ];
    let (discord, provider) = (FakeDiscord::open().await, FakeProvider::open_with(rules, answers).await);
    let address = free_address();
    discord.delivers_by(Delivery::Http(address));
    let program = program(&provider, alone().models).with_lines(&format!("{}\n", lines(Way::Http)));
    let program = memory.of(knows(program, &discord, Way::Http), address);
    database.allows(false).await;
    let running = program.start(&["serve"]);
    ready(address, "the store").await;
    discord.until(|world| (world.registrations > 0).then_some(())).await;
    let asked = discord.types("/arena compare", WHY, ANA, Place::Server);
    assert!(asked.acknowledged().await.private);
    let said = asked.until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("The database is unavailable, so new races are paused"), "{said}");
    database.allows(true).await;
    ready(address, "ready").await;

    let asked = discord.types("/arena compare", WHY, ANA, Place::Server);
    asked.shows("Air").await;
    database.allows(false).await;
    ready(address, "the store").await;
    gate.open();
    let last = asked.ends().await.look.text();
    assert!(last.contains("Air scatters"), "a race ends with its answer:\n{last}");
    database.allows(true).await;
    ready(address, "ready").await;
    let asked = discord.types("/arena compare", WHY, ANA, Place::Server);
    assert!(asked.ends().await.look.text().contains("Again"));
    soon(async {
        while memory.counts("SELECT COUNT(*) FROM races WHERE status <> 'shown'").await > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    running.terminate().await;
    assert_eq!(soon(running.end()).await.code, Some(0));
    drop(provider);
    discord.judged();
    memory.ends().await;
}

/// In memory, with a word about the folder.
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_warning() {
    let simulated =
        Program::new().env("ARENA_LISTEN", "127.0.0.1:0").env("ARENA_DATA", "/proc/no-such-folder");
    let mut running = simulated.start(&["serve"]);
    let said = running.says("stored in memory only").await;
    assert!(said.contains("ARENA_DATA") && said.contains("/proc/no-such-folder"), "{said}");
    running.says("database connected").await;
    running.terminate().await;
    assert_eq!(soon(running.end()).await.code, Some(0));
}

/// What was on the disk before a restart is there after it, for every button.
#[tokio::test]
async fn buttons_work_after_a_restart() {
    let memory = Memory::sqlite();
    let stage_of = |answers: Vec<_>| {
        let memory = &memory;
        async move {
            let rules = Rules { key: Some(super::super::KEY.into()), ..Rules::default() };
            let provider = FakeProvider::open_with(rules, answers).await;
            (provider, memory)
        }
    };
    let discord = FakeDiscord::open().await;
    let (first, memory) = stage_of(vec![speaks("a", 3).whole()]).await;
    let bot_of = async |provider: &FakeProvider| {
        let address = free_address();
        discord.delivers_by(Delivery::Http(address));
        let program = program(provider, alone().models).with_lines(&format!("{}\n", lines(Way::Http)));
        super::super::bot::Bot::start(memory.of(knows(program, &discord, Way::Http), address), address).await
    };
    let bot = bot_of(&first).await;
    let asked = discord.types("/arena compare", WHY, ANA, Place::Server);
    asked.ends().await;
    asked.until(|look| !look.attachments.is_empty()).await;
    let message = asked.message().await;
    bot.signals("TERM").await;
    bot.closed(0).await;
    drop(first);
    let (second, _) = stage_of(vec![speaks("a", 3).says("Once more").whole()]).await;
    let bot = bot_of(&second).await;
    let pressed = discord.presses(message, "Explain", ANA);
    let said = pressed.until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("How it was measured"), "{said}");
    let pressed = discord.presses(message, "Full answers", ANA);
    pressed.until(|look| !look.attachments.is_empty()).await;
    let again = discord.presses(message, "Ask again", ANA);
    assert!(again.ends().await.look.text().contains("Once more"));
    let models = discord.types("/arena models", &[], ANA, Place::Server);
    models.shows("median of 2 answers this week").await;
    bot.signals("TERM").await;
    bot.closed(0).await;
    drop(second);
    discord.judged();
}
