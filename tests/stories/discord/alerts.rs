//! The channel of alerts: posts, edits, threads, and the buttons below an alert.

use std::time::Duration;

use llm_arena::surface::SurfaceError;

use super::{DiscordScenario, Setup, Transport, with_timeout};
use crate::support::{
    alerts::{chart, notice, on_discord},
    discord::{
        ANA, CREATE_PUBLIC_THREADS, ChannelKind, FakeDiscord, Family, Id, Look, Message, Moment,
        SEND_MESSAGES, Scope, VIEW_CHANNEL,
    },
    program::{Outcome, free_address},
    provider::FakeProvider,
    scenario::discord::configured,
};

const ALERTS: u64 = 6_009;

/// The messages in a channel or a thread, in their order.
fn messages(discord: &FakeDiscord, channel: u64) -> Vec<Message> {
    discord.world(|world| {
        world.messages.iter().filter(|message| message.place.channel() == channel).cloned().collect()
    })
}

fn only(discord: &FakeDiscord) -> (Id, Look) {
    let all = messages(discord, ALERTS);
    assert_eq!(all.len(), 1, "{all:#?}");
    (all[0].id, all[0].look().clone())
}

#[tokio::test]
async fn an_alert_is_posted_edited_and_explained_in_its_thread() {
    let discord = FakeDiscord::open().await;
    let alerts = on_discord(&discord, ALERTS);
    let reference = alerts.post("i1", &notice("A is slower"), Some(&chart())).await.expect("posted");
    let (id, look) = only(&discord);
    assert!(look.content.contains("A is slower"), "{}", look.text());
    for words in ["214 → 148 tok/s", "Only this model", "37 races before", "attachment://alert.png"] {
        assert!(look.text().contains(words), "{words:?} in\n{}", look.text());
    }
    assert_eq!(look.buttons().len(), 3);
    let file = look.attachment("alert.png").expect("a picture");
    assert_eq!(file.description.as_deref(), Some("Speeds of a model over 35 days"));

    let mut recovered = notice("A recovered");
    recovered.buttons.clear();
    alerts.edit(&reference, &recovered).await.expect("edited");
    let (_, look) = only(&discord);
    assert!(look.text().contains("A recovered") && look.buttons().is_empty(), "{}", look.text());
    assert!(
        look.text().contains("attachment://alert.png") && look.attachments.len() == 1,
        "the picture stays"
    );

    alerts.reply(&reference, "i1-1", &notice("Two days later"), Some(&chart())).await.expect("a reply");
    alerts.reply(&reference, "i1-2", &notice("Recovered"), None).await.expect("a reply");
    let thread = messages(&discord, id);
    assert_eq!(thread.len(), 2, "{thread:#?}");
    assert!(thread[0].look().attachment("alert.png").is_some() && thread[1].look().attachments.is_empty());
    assert_eq!(
        discord.world(|world| world
            .threads
            .iter()
            .find(|thread| thread.id == id)
            .map(|thread| thread.name.clone())),
        Some("Two days later".into())
    );
    discord.assert_clean();
}

#[tokio::test]
async fn a_post_whose_response_is_lost_is_there_once() {
    let discord = FakeDiscord::open().await;
    let alerts = on_discord(&discord, ALERTS);
    for family in [Family::Post, Family::Thread, Family::Post] {
        discord.cut_next(family, Moment::After);
    }
    let reference = alerts.post("i1", &notice("A is slower"), None).await.expect("posted");
    // as another replica does that does not know what became of the first post
    let again = on_discord(&discord, ALERTS).post("i1", &notice("A is slower"), None).await.expect("posted");
    assert_eq!(reference, again);
    let (id, _) = only(&discord);
    alerts.reply(&reference, "i1-1", &notice("Later"), None).await.expect("a reply");
    assert_eq!(messages(&discord, id).len(), 1);
    discord.assert_clean();
}

#[tokio::test]
async fn rate_limits_are_waited_for_and_a_deleted_message_is_reported() {
    let discord = FakeDiscord::open().await;
    let alerts = on_discord(&discord, ALERTS);
    discord.rate_limit_next(Family::Post, Scope::User, Duration::from_millis(300));
    discord.fail_next(Family::Post, 502);
    let reference = alerts.post("i1", &notice("A is slower"), None).await.expect("posted");
    let (id, _) = only(&discord);
    discord.rate_limit_next(Family::ChannelEdit, Scope::User, Duration::from_mins(2));
    let limited = alerts.edit(&reference, &notice("A recovered")).await;
    assert!(matches!(limited, Err(SurfaceError::RateLimited { .. })), "{limited:?}");

    let others = on_discord(&discord, ALERTS + 1);
    let reference = others.post("i2", &notice("B is slower"), None).await.expect("posted");
    let other = messages(&discord, ALERTS + 1)[0].id;
    discord.delete_message(other);
    let edited = others.edit(&reference, &notice("B recovered")).await;
    assert!(matches!(edited, Err(SurfaceError::Deleted)), "{edited:?}");
    let replied = others.reply(&reference, "i2-1", &notice("B"), None).await;
    assert!(matches!(replied, Err(SurfaceError::Deleted)), "{replied:?}");
    let unusable = others.edit("nothing", &notice("B")).await;
    assert!(matches!(unusable, Err(SurfaceError::Deleted)), "{unusable:?}");
    assert!(discord.world(|world| world.message(id).is_some_and(|message| !message.deleted)));
    discord.assert_clean();
}

#[tokio::test]
async fn without_permissions_less_is_posted_and_the_reason_is_known() {
    let discord = FakeDiscord::open().await;
    let alerts = on_discord(&discord, ALERTS);
    discord.refuse_next(Family::Upload, 403, 50_013);
    let reference = alerts.post("i1", &notice("A is slower"), Some(&chart())).await.expect("posted");
    let (id, look) = only(&discord);
    assert!(look.attachments.is_empty() && !look.text().contains("attachment://"), "{}", look.text());
    alerts.edit(&reference, &notice("A is slower still")).await.expect("edited");
    assert!(!only(&discord).1.text().contains("attachment://"));

    discord.world(|world| world.missing_permissions = CREATE_PUBLIC_THREADS);
    for key in ["i1-1", "i1-2"] {
        alerts.reply(&reference, key, &notice("Later"), Some(&chart())).await.expect("left out");
    }
    assert!(messages(&discord, id).is_empty());
    discord.world(|world| world.missing_permissions = SEND_MESSAGES);
    let refused = on_discord(&discord, ALERTS + 1).post("i2", &notice("B is slower"), None).await;
    assert!(matches!(refused, Err(SurfaceError::Forbidden(_))), "{refused:?}");
    discord.assert_clean();
}

#[tokio::test]
async fn words_of_models_stay_inert() {
    let discord = FakeDiscord::open().await;
    let mut hostile = notice("@everyone **<@1>** http://evil.example is slower");
    hostile.lines = vec!["<@&1> [free](http://evil.example)".into(), "```\n# big".into(), String::new()];
    hostile.footer = Some("||hidden|| <#1>".into());
    on_discord(&discord, ALERTS).post("i1", &hostile, None).await.expect("posted");
    let text = only(&discord).1.text();
    for raw in [" @everyone", " <@", "http://", " [free", "```"] {
        assert!(!text.contains(raw), "{raw:?} in\n{text}");
    }
    assert!(text.contains("\\@everyone"), "{text}");
    discord.assert_clean();
}

/// A service with this channel of alerts, and an alert in it.
async fn with_alert(lines: &str) -> (DiscordScenario, Id) {
    let lines = format!("[alerts]\ndiscord_channel = \"{ALERTS}\"\n{lines}");
    let scenario = DiscordScenario::start(Setup { lines: &lines, ..Setup::default() }, []).await;
    on_discord(&scenario.discord, ALERTS).post("i1", &notice("A is slower"), None).await.expect("posted");
    let (id, _) = only(&scenario.discord);
    (scenario, id)
}

#[tokio::test]
async fn a_button_works_in_the_channel_of_its_alert_alone() {
    let (scenario, id) = with_alert("[access]\ndiscord_channels = [\"6001\"]").await;
    let discord = &scenario.discord;
    let pressed = discord.press(id, "Seen", ANA);
    assert!(pressed.wait_for_ack().await.private);
    let said = pressed.wait_for_end().await.look.text();
    assert!(!said.contains("only in the channel") && !said.contains("may not"), "{said}");

    let components = discord.world(|world| world.message(id).expect("known").look().components.clone());
    let copy = discord.add_message(ChannelKind::Server, &serde_json::json!({ "components": components }));
    for button in ["Seen", "This is the new normal", "Mute 7 days"] {
        let elsewhere = discord.press(copy, button, ANA);
        elsewhere.wait_for_text("only in the channel in which its alert was posted").await;
    }
    scenario.finish().await;
}

#[tokio::test]
async fn a_person_outside_the_allow_list_of_roles_is_refused() {
    let (scenario, id) = with_alert("[access]\ndiscord_roles = [\"999\"]").await;
    let pressed = scenario.discord.press(id, "Mute 7 days", ANA);
    assert!(pressed.wait_for_ack().await.private);
    pressed.wait_for_text("to your roles here").await;
    scenario.finish().await;
}

async fn checked(prepare: impl FnOnce(&mut crate::support::discord::World)) -> Outcome {
    let discord = FakeDiscord::open().await;
    discord.world(prepare);
    let rules = crate::support::provider::Rules { key: Some(super::super::KEY.into()), ..Default::default() };
    let provider = FakeProvider::open_with(rules, []).await;
    let lines = format!("[alerts]\ndiscord_channel = \"{ALERTS}\"\nslack_channel = \"C0LOBBY\"");
    let setup = Setup { lines: &lines, ..Setup::default() };
    let program = configured(&discord, &provider, &setup, free_address());
    with_timeout(program.run(&["check"])).await
}

#[tokio::test]
async fn check_names_what_the_bot_lacks_in_the_channel() {
    let fine = checked(|_| ()).await;
    assert!(fine.code == Some(0) && fine.stdout.contains("Discord: ready"), "{fine:?}");
    assert!(fine.stdout.contains("[alerts] slack_channel is set, but Slack is off"), "{fine:?}");
    for (outcome, words) in [
        (checked(|world| world.missing_permissions = VIEW_CHANNEL).await, "grant it View Channel there"),
        (checked(|world| world.missing_permissions = SEND_MESSAGES).await, "grant it Send Messages"),
        (
            checked(|world| world.denied_to_role = CREATE_PUBLIC_THREADS).await,
            "grant it Create Public Threads",
        ),
    ] {
        let words_are_there =
            outcome.stdout.contains(words) && outcome.stdout.contains("[alerts] discord_channel");
        assert!(outcome.code == Some(1) && words_are_there, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_channel_of_a_platform_without_credentials_is_a_warning_at_the_start() {
    let lines = "[alerts]\nslack_channel = \"C0LOBBY\"";
    let mut scenario = DiscordScenario::start(Setup { lines, ..Setup::default() }, []).await;
    scenario.service.wait_for_log("[alerts] slack_channel is set, but Slack is off").await;
    scenario.finish().await;
}

#[tokio::test]
async fn a_button_is_delivered_over_the_gateway_too() {
    let lines = format!("[alerts]\ndiscord_channel = \"{ALERTS}\"");
    let setup = Setup { lines: &lines, transport: Transport::Gateway, ..Setup::default() };
    let scenario = DiscordScenario::start(setup, []).await;
    on_discord(&scenario.discord, ALERTS).post("i1", &notice("A is slower"), None).await.expect("posted");
    let pressed = scenario.discord.press(only(&scenario.discord).0, "Seen", ANA);
    let ack = pressed.wait_for_ack().await;
    assert!(ack.private && ack.after < Duration::from_secs(3), "{ack:?}");
    pressed.wait_for_end().await;
    scenario.finish().await;
}
