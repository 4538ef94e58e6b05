//! The button Replay after a restart, also below a race from before replays.

use super::{
    super::{KEY, TestService, eventually, program},
    TestStore,
};
use crate::support::{
    crowd,
    discord::{self, ANA, BEN, ChannelKind, FakeDiscord},
    program::free_address,
    provider::{FakeProvider, Rules},
    scenario::discord::{self as on_discord, Transport},
};

#[tokio::test]
async fn a_race_is_replayed_after_a_restart_and_one_without_a_timeline_says_why_not() {
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let answers = ["a", "b"].map(|model| crowd::streams(model, 8).whole());
    let provider = FakeProvider::open_with(rules, answers).await;
    let (store, discord, address) = (TestStore::sqlite(), FakeDiscord::open().await, free_address());
    discord.deliver_by(discord::Delivery::Http(address));
    let start = async || {
        let lines = format!("{}\n", on_discord::mode(Transport::Http));
        let program = program(&provider, &[("a", ""), ("b", "")]).with_lines(&lines);
        let program = store.of(on_discord::with_credentials(program, &discord, Transport::Http), address);
        let bot = TestService::start(program, address).await;
        eventually(async || bot.ready().await.0 == 200).await;
        bot
    };
    let stop = async |bot: TestService| {
        bot.signal("TERM").await;
        bot.wait_for_exit(0).await;
    };
    let mut bot = start().await;
    let asked = [("prompt", "why so blue?")];
    let race = discord.type_command("/arena compare", &asked, ANA, ChannelKind::Server);
    race.wait_for_end().await;
    let message = race.wait_for_message().await;
    bot.wait_for_log("race over").await;
    stop(bot).await;

    let bot = start().await;
    let replay = discord.press(message, "Replay", BEN);
    let look = replay.wait_until(|look| !look.attachments.is_empty()).await.look;
    assert!(replay.wait_for_ack().await.private && look.attachments[0].bytes.starts_with(b"GIF89a"));
    stop(bot).await;

    // as the release before replays wrote them
    store.execute("UPDATE lanes SET timeline = NULL").await;
    let bot = start().await;
    let refused = discord.press(message, "Replay", BEN);
    refused.wait_for_text("This race can't be replayed").await;
    assert!(refused.wait_for_ack().await.private && refused.current().attachments.is_empty());
    stop(bot).await;
    discord.assert_clean();
}
