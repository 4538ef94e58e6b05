//! Starts on a bad day.

use super::{DiscordScenario, NAMED, Setup, Transport, single_model};
use crate::support::discord::{ChannelKind, FakeDiscord, Family};

#[tokio::test]
async fn a_wrong_token_is_said_where_operators_look() {
    for transport in [Transport::Http, Transport::Gateway] {
        let discord = FakeDiscord::open().await;
        discord.world(|world| world.token_is_revoked = true);
        let mut scenario =
            DiscordScenario::launch(discord, Setup { transport, ..single_model("") }, []).await;
        scenario.service.wait_for_log("DISCORD_TOKEN").await;
        let (status, said) = scenario.service.ready().await;
        assert_eq!(status, 503);
        assert!(said.contains("DISCORD_TOKEN"), "{said}");
        scenario.service.signal("TERM").await;
        let log = scenario.exited(0).await;
        assert!(
            log.iter().any(|line| line.contains("\"ERROR\"") && line.contains("DISCORD_TOKEN")),
            "{log:#?}"
        );
    }
}

#[tokio::test]
async fn an_api_that_is_down_at_the_start_is_waited_for() {
    let discord = FakeDiscord::open().await;
    discord.fail_next(Family::Application, 503);
    let hung = discord.hang_next(Family::Application);
    discord.fail_next(Family::Commands, 500);
    let mut scenario = DiscordScenario::launch(discord, single_model(""), []).await;
    hung.reached().await;
    let (status, said) = scenario.service.ready().await;
    assert_eq!((status, said.starts_with("Discord: ")), (503, true), "{said}");
    hung.release();
    scenario.service.wait_for_log("the commands were registered").await;
    assert_eq!(scenario.service.ready().await.0, 200);
    assert_eq!(scenario.discord.world(|world| world.registrations), 1);
    scenario.finish().await;
}

#[tokio::test]
async fn commands_that_are_there_are_not_put_again() {
    let server = ChannelKind::Server.guild().expect("a server");
    let in_server = format!("guild_id = \"{server}\"");
    for (place, lines) in [(0, ""), (server, &*in_server)] {
        let scenario = DiscordScenario::start(single_model(lines), []).await;
        let mut put = scenario.discord.world(|world| std::mem::take(&mut world.commands));
        assert_eq!(put.keys().copied().collect::<Vec<_>>(), [place]);
        scenario.finish().await;
        let discord = FakeDiscord::open().await;
        discord.set_registered_commands(place, &put.remove(&place).into());
        let mut scenario = DiscordScenario::launch(discord, single_model(lines), []).await;
        scenario.service.wait_for_log("the commands are registered already").await;
        assert_eq!(scenario.service.ready().await.0, 200);
        assert_eq!(scenario.discord.world(|world| world.registrations), 0);
        let help = scenario.discord.type_command("/arena help", &[], NAMED, ChannelKind::Server);
        help.wait_for_text("tok/s").await;
        scenario.finish().await;
    }
}
