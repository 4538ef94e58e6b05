//! Several processes over one PostgreSQL: what is delivered twice runs once, and each serves what another one began.

use tokio::time::Instant;

use super::{
    super::{KEY, TestService, eventually, program, with_timeout},
    TestStore,
};
use crate::support::{
    discord::{
        ANA, ChannelKind, Delivery, FakeDiscord,
        gateway::{FakeGateway, Rules as GatewayRules},
    },
    program::free_address,
    provider::{FakeProvider, Gate, Rules, answer},
    proxy::Proxy,
    scenario::discord::{Transport, mode, with_credentials},
};

const WHY: &[(&str, &str)] = &[("prompt", "why?")];

async fn bot(
    store: &TestStore,
    discord: &FakeDiscord,
    provider: &FakeProvider,
    transport: Transport,
) -> TestService {
    let address = free_address();
    let program = program(provider, &[("a", "")]).with_lines(&format!("{}\n", mode(transport)));
    TestService::start(store.of(with_credentials(program, discord, transport), address), address).await
}

async fn provider(answers: impl IntoIterator<Item = crate::support::provider::Answer>) -> FakeProvider {
    FakeProvider::open_with(Rules { key: Some(KEY.into()), ..Rules::default() }, answers).await
}

#[tokio::test]
async fn any_replica_stops_and_recalls_what_another_one_ran() {
    let Some(store) = TestStore::postgres().await else { return };
    let gate = Gate::default();
    let discord = FakeDiscord::open().await;
    let provider =
        provider([answer("a").role().says("Air ").waits_for(&gate).says("scatters").whole()]).await;
    let first = bot(&store, &discord, &provider, Transport::Http).await;
    let second = bot(&store, &discord, &provider, Transport::Http).await;
    discord.deliver_by(Delivery::Http(first.address));
    let request = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_text("Air").await;
    discord.deliver_by(Delivery::Http(second.address));
    let message = request.wait_for_message().await;
    discord.press(message, "Stop", ANA).wait_for_ack().await;
    let last = request.wait_for_end().await.look.text();
    assert!(last.contains("stopped"), "{last}");
    let explained = discord.press(message, "Explain", ANA);
    explained.wait_until(|look| !look.text().is_empty()).await;
    gate.open();
    for bot in [first, second] {
        bot.signal("TERM").await;
        bot.wait_for_exit(0).await;
    }
    drop(provider);
    discord.assert_clean();
    store.remove().await;
}

/// The one that is connected is killed in mid-race; the other one serves, and brings the message to its end.
#[tokio::test]
async fn a_standby_takes_over_from_a_process_that_died() {
    let Some(store) = TestStore::postgres().await else { return };
    let discord = FakeDiscord::open().await;
    let provider =
        provider([answer("a").role().says("Air ").hangs(), answer("a").role().says("Again").whole()]).await;
    let token = discord.world(|world| world.bot_token.clone());
    let gateway = std::sync::Arc::new(FakeGateway::open(GatewayRules::of(&token)).await);
    discord.world(|world| world.gateway_url = gateway.url());
    let carrier = std::sync::Arc::clone(&gateway);
    discord.deliver_to(move |event| carrier.interaction(&event));
    let active = bot(&store, &discord, &provider, Transport::Gateway).await;
    with_timeout(gateway.until(|truth| truth.live > 0)).await;
    let standby = bot(&store, &discord, &provider, Transport::Gateway).await;
    assert_eq!(standby.ready().await.0, 503, "it stands by");
    let request = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_text("Air").await;
    eventually(async || store.query_number("SELECT COUNT(*) FROM lanes WHERE answer = 'Air '").await > 0)
        .await;
    drop(active.kill().await);
    let killed = Instant::now();
    let served = async {
        gateway.until(|truth| truth.identifies.len() == 2 && truth.live > 0).await;
        let last = request.wait_for_end().await.look.text();
        assert!(last.contains("interrupted by a restart") && last.contains("Air"), "{last}");
        let again = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
        assert!(again.wait_for_end().await.look.text().contains("Again"));
    };
    with_timeout(served).await;
    println!("the standby served {:?} after the kill", killed.elapsed());
    standby.signal("TERM").await;
    standby.wait_for_exit(0).await;
    provider.discard_answers();
    discord.take_violations();
    store.remove().await;
}

/// The connection between the holder and the database stalls: the holder steps down before the other one may take
/// over, so that there are never two. It marks its race as interrupted itself.
#[tokio::test]
async fn a_cut_line_to_the_database_never_gives_two_holders() {
    let Some(store) = TestStore::postgres().await else { return };
    let TestStore::Postgres(database) = &store else { unreachable!("it is one") };
    let proxy = Proxy::to(database.server()).await;
    let discord = FakeDiscord::open().await;
    let provider =
        provider([answer("a").role().says("Air ").hangs(), answer("a").role().says("Again").whole()]).await;
    let token = discord.world(|world| world.bot_token.clone());
    let gateway = std::sync::Arc::new(FakeGateway::open(GatewayRules::of(&token)).await);
    discord.world(|world| world.gateway_url = gateway.url());
    let carrier = std::sync::Arc::clone(&gateway);
    discord.deliver_to(move |event| carrier.interaction(&event));
    let address = free_address();
    let holder = program(&provider, &[("a", "")]).with_lines(&format!("{}\n", mode(Transport::Gateway)));
    let holder = with_credentials(holder, &discord, Transport::Gateway)
        .env("ARENA_LISTEN", &address.to_string())
        .env("ARENA_LOG", "debug")
        .env("DATABASE_URL", &database.url_by(proxy.address));
    let holder = TestService::start(holder, address).await;
    with_timeout(gateway.until(|truth| truth.live > 0)).await;
    let other = bot(&store, &discord, &provider, Transport::Gateway).await;
    eventually(async || {
        store.query_number("SELECT COUNT(*) FROM leases WHERE name LIKE 'process:%'").await >= 2
    })
    .await;
    let request = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_text("Air").await;
    // the holder knows of the other one by then: it renews every two seconds
    eventually(async || store.query_number("SELECT COUNT(*) FROM lanes WHERE answer = 'Air '").await > 0)
        .await;
    proxy.cut();
    let cut = Instant::now();
    let mut most = 0;
    with_timeout(gateway.until(|truth| {
        most = most.max(truth.live);
        truth.identifies.len() == 2 && truth.live > 0
    }))
    .await;
    assert_eq!(most, 1, "never two at once");
    println!("the other one was connected {:?} after the cut", cut.elapsed());
    let last = request.wait_for_end().await.look.text();
    assert!(last.contains("interrupted"), "{last}");
    proxy.heal();
    let again = discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    assert!(again.wait_for_end().await.look.text().contains("Again"));
    assert!(gateway.until(|truth| truth.live > 0).await.live == 1, "a healed line gives no second one");
    for bot in [holder, other] {
        bot.signal("TERM").await;
        bot.wait_for_exit(0).await;
    }
    provider.discard_answers();
    discord.take_violations();
    drop(proxy);
    store.remove().await;
}
