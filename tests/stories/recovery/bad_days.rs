//! Stores that are away: a clear message, races that end all the same, and a service that recovers by itself.

use super::{
    super::{KEY, TestService, eventually, program, with_timeout},
    Memory,
};
use crate::support::{
    crowd::streams,
    discord::{ANA, Delivery, FakeDiscord, Place},
    program::{Program, free_address, get},
    provider::{FakeProvider, Gate, Rules, answer},
    scenario::discord::{Setup, Transport, mode, with_credentials},
};

const WHY: &[(&str, &str)] = &[("prompt", "why?")];

fn alone() -> Setup<'static> {
    Setup { models: &[("a", "")], ..Setup::default() }
}

async fn ready(address: std::net::SocketAddr, word: &str) {
    eventually(async || get(address, "/readyz").await.is_ok_and(|(_, said)| said.contains(word))).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for() {
    let Some(memory) = Memory::postgres().await else { return };
    let Memory::Postgres(database) = &memory else { unreachable!("it is one") };
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let gate = Gate::default();
    let answers = [
        answer("a").role().says("Air ").waits_for(&gate).says("scatters").whole(),
        answer("a").says("Again").whole(),
    ];
    let (discord, provider) = (FakeDiscord::open().await, FakeProvider::open_with(rules, answers).await);
    let address = free_address();
    discord.delivers_by(Delivery::Http(address));
    let program = program(&provider, alone().models).with_lines(&format!("{}\n", mode(Transport::Http)));
    let program = memory.of(with_credentials(program, &discord, Transport::Http), address);
    database.allows(false).await;
    let running = program.start(&["serve"]);
    ready(address, "the store").await;
    discord.until(|world| (world.registrations > 0).then_some(())).await;
    let asked = discord.types("/arena compare", WHY, ANA, Place::Server);
    assert!(asked.acknowledged().await.private);
    let said = asked.until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("cannot write anything down right now"), "{said}");
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
    eventually(async || memory.counts("SELECT COUNT(*) FROM races WHERE status <> 'shown'").await == 0).await;
    running.terminate().await;
    assert_eq!(with_timeout(running.end()).await.code, Some(0));
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
    let said = running.says("remembered in memory alone").await;
    assert!(said.contains("ARENA_DATA") && said.contains("/proc/no-such-folder"), "{said}");
    running.says("the store is there").await;
    running.terminate().await;
    assert_eq!(with_timeout(running.end()).await.code, Some(0));
}

/// What was on the disk before a restart is there after it, for every button.
#[tokio::test]
async fn buttons_work_after_a_restart() {
    let memory = Memory::sqlite();
    let stage_of = |answers: Vec<_>| {
        let memory = &memory;
        async move {
            let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
            let provider = FakeProvider::open_with(rules, answers).await;
            (provider, memory)
        }
    };
    let discord = FakeDiscord::open().await;
    let (first, memory) = stage_of(vec![streams("a", 3).whole()]).await;
    let bot_of = async |provider: &FakeProvider| {
        let address = free_address();
        discord.delivers_by(Delivery::Http(address));
        let program = program(provider, alone().models).with_lines(&format!("{}\n", mode(Transport::Http)));
        TestService::start(memory.of(with_credentials(program, &discord, Transport::Http), address), address)
            .await
    };
    let bot = bot_of(&first).await;
    let asked = discord.types("/arena compare", WHY, ANA, Place::Server);
    asked.ends().await;
    asked.until(|look| !look.attachments.is_empty()).await;
    let message = asked.message().await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    drop(first);
    let (second, _) = stage_of(vec![streams("a", 3).says("Once more").whole()]).await;
    let bot = bot_of(&second).await;
    let pressed = discord.presses(message, "Explain", ANA);
    let said = pressed.until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("How the tokens travelled"), "{said}");
    let pressed = discord.presses(message, "Full answers", ANA);
    pressed.until(|look| !look.attachments.is_empty()).await;
    let again = discord.presses(message, "Ask again", ANA);
    assert!(again.ends().await.look.text().contains("Once more"));
    let models = discord.types("/arena models", &[], ANA, Place::Server);
    models.shows("median of 2 answers in a week").await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    drop(second);
    discord.judged();
}
