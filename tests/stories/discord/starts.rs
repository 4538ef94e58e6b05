//! Starts on a bad day.

use serde_json::{Value, json};

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

/// A server where the bot is a member as well.
const OTHER_GUILD: u64 = 5_010;

/// Another command than ours, in all places or in one server.
fn with_another(mut commands: Vec<Value>) -> Value {
    commands.push(json!({ "name": "other", "description": "another program's", "type": 1 }));
    commands.into()
}

fn names(scenario: &DiscordScenario, guild: u64) -> Vec<String> {
    let name = |command: &Value| command["name"].as_str().expect("a name").to_owned();
    scenario.discord.world(|world| world.commands.get(&guild).into_iter().flatten().map(name).collect())
}

/// Starts with a configuration on a Discord where an earlier one registered the commands in `before`.
async fn starts_after(lines: &str, before: &[u64], transport: Transport) -> DiscordScenario {
    let old = DiscordScenario::start(single_model(""), []).await;
    let commands = old.discord.world(|world| world.commands[&0].clone());
    old.finish().await;
    let discord = FakeDiscord::open().await;
    discord.world(|world| world.guilds.push(OTHER_GUILD));
    for guild in before {
        discord.set_registered_commands(*guild, &with_another(commands.clone()));
    }
    let mut scenario = DiscordScenario::launch(discord, Setup { transport, ..single_model(lines) }, []).await;
    scenario.service.wait_for_log("the commands were registered").await;
    scenario
}

#[tokio::test]
async fn commands_that_another_guild_id_registered_are_removed() {
    let server = ChannelKind::Server.guild().expect("a server");
    let in_server = format!("guild_id = \"{server}\"");
    let ours = ["arena", "Race this message"].map(str::to_owned).to_vec();
    // guild_id was set and is not any longer
    let scenario = starts_after("", &[server, OTHER_GUILD], Transport::Http).await;
    scenario.discord.until(|world| (world.commands[&server].len() == 1).then_some(())).await;
    scenario.discord.until(|world| (world.commands[&OTHER_GUILD].len() == 1).then_some(())).await;
    assert_eq!((names(&scenario, server), names(&scenario, 0)), (vec!["other".into()], ours.clone()));
    scenario.finish().await;
    // it is set now, or to another server
    let scenario = starts_after(&in_server, &[0, OTHER_GUILD], Transport::Gateway).await;
    scenario.discord.until(|world| (world.commands[&0].len() == 1).then_some(())).await;
    scenario.discord.until(|world| (world.commands[&OTHER_GUILD].len() == 1).then_some(())).await;
    assert_eq!((names(&scenario, 0), names(&scenario, server)), (vec!["other".into()], ours));
    scenario.finish().await;
}

#[tokio::test]
async fn commands_that_cannot_be_removed_do_not_hold_up_the_start() {
    let server = ChannelKind::Server.guild().expect("a server");
    let discord = FakeDiscord::open().await;
    discord.set_registered_commands(server, &json!([{ "name": "arena", "description": "old", "type": 1 }]));
    discord.fail_next(Family::Cleanup, 403);
    let mut scenario = DiscordScenario::launch(discord, single_model(""), []).await;
    scenario.service.wait_for_log("the commands were registered").await;
    scenario.service.wait_for_log("may be listed twice").await;
    assert_eq!(scenario.service.ready().await.0, 200);
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
