//! Unavailable databases: a clear message, races that still end, and a service that recovers by itself.

use super::{
    super::{KEY, TestService, eventually, program, with_timeout},
    TestStore,
};
use crate::support::{
    crowd::streams,
    discord::{ANA, ChannelKind, Delivery, FakeDiscord},
    program::{Program, free_address, get},
    provider::{FakeProvider, Gate, Rules, answer},
    scenario::discord::{Setup, Transport, mode, with_credentials},
};

const WHY: &[(&str, &str)] = &[("prompt", "why?")];

fn single_model() -> Setup<'static> {
    Setup { models: &[("a", "")], ..Setup::default() }
}

async fn ready(address: std::net::SocketAddr, word: &str) {
    eventually(async || get(address, "/readyz").await.is_ok_and(|(_, said)| said.contains(word))).await;
}

#[tokio::test]
async fn a_database_that_is_away_is_waited_for() {
    let Some(store) = TestStore::postgres().await else { return };
    let TestStore::Postgres(database) = &store else { unreachable!("it is one") };
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let gate = Gate::default();
    let answers = [
        answer("a").role().says("Air ").waits_for(&gate).says("scatters").whole(),
        answer("a").says("Again").whole(),
    ];
    let (discord, provider) = (FakeDiscord::open().await, FakeProvider::open_with(rules, answers).await);
    let address = free_address();
    discord.deliver_by(Delivery::Http(address));
    let program =
        program(&provider, single_model().models).with_lines(&format!("{}\n", mode(Transport::Http)));
    let program = store.of(with_credentials(program, &discord, Transport::Http), address);
    database.allow_connections(false).await;
    let running = program.start(&["serve"]);
    ready(address, "the store").await;
    discord.until(|world| (world.registrations > 0).then_some(())).await;
    let request = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    assert!(request.wait_for_ack().await.private);
    let said = request.wait_until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("The database is unavailable, so new races are paused"), "{said}");
    database.allow_connections(true).await;
    ready(address, "ready").await;

    let request = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_text("Air").await;
    database.allow_connections(false).await;
    ready(address, "the store").await;
    gate.open();
    let last = request.wait_for_end().await.look.text();
    assert!(last.contains("Air scatters"), "a race ends with its answer:\n{last}");
    database.allow_connections(true).await;
    ready(address, "ready").await;
    let request = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    assert!(request.wait_for_end().await.look.text().contains("Again"));
    eventually(async || store.query_number("SELECT COUNT(*) FROM races WHERE status <> 'shown'").await == 0)
        .await;
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
    drop(provider);
    discord.assert_clean();
    store.remove().await;
}

/// The store is in memory, with a warning about the folder.
#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_warning() {
    let simulated =
        Program::new().env("ARENA_LISTEN", "127.0.0.1:0").env("ARENA_DATA", "/proc/no-such-folder");
    let mut running = simulated.start(&["serve"]);
    let said = running.wait_for_line("stored in memory only").await;
    assert!(said.contains("ARENA_DATA") && said.contains("/proc/no-such-folder"), "{said}");
    running.wait_for_line("database connected").await;
    running.terminate().await;
    assert_eq!(with_timeout(running.wait_for_exit()).await.code, Some(0));
}

/// Data from before a restart serves every button after it.
#[tokio::test]
async fn buttons_work_after_a_restart() {
    let store = TestStore::sqlite();
    let stage_of = |answers: Vec<_>| {
        let store = &store;
        async move {
            let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
            let provider = FakeProvider::open_with(rules, answers).await;
            (provider, store)
        }
    };
    let discord = FakeDiscord::open().await;
    let (first, store) = stage_of(vec![streams("a", 8).whole()]).await;
    let bot_of = async |provider: &FakeProvider| {
        let address = free_address();
        discord.deliver_by(Delivery::Http(address));
        let program =
            program(provider, single_model().models).with_lines(&format!("{}\n", mode(Transport::Http)));
        TestService::start(store.of(with_credentials(program, &discord, Transport::Http), address), address)
            .await
    };
    let bot = bot_of(&first).await;
    let request = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_end().await;
    let message = request.wait_for_message().await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    drop(first);
    let (second, _) = stage_of(vec![streams("a", 8).says("Once more").whole()]).await;
    let bot = bot_of(&second).await;
    let pressed = discord.press(message, "Explain", ANA);
    let said = pressed.wait_until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("How it was measured"), "{said}");
    let pressed = discord.press(message, "Full answers", ANA);
    pressed.wait_until(|look| !look.attachments.is_empty()).await;
    let again = discord.press(message, "Ask again", ANA);
    assert!(again.wait_for_end().await.look.text().contains("Once more"));
    let models = discord.type_command("/arena models", &[], ANA, ChannelKind::Server);
    models.wait_for_text("median of 2 answers this week").await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    drop(second);
    discord.assert_clean();
}
