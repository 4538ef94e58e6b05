//! The channel of alerts: posts, edits, threads, and the buttons below an alert.

use std::{sync::Arc, time::Duration};

use llm_arena::{
    arena::{Arena, Caps},
    store::Location,
    surface::SurfaceError,
};

use super::{Setup, SlackScenario, Transport, with_timeout};
use crate::{
    store::engine::{Process, start},
    support::{
        alerts::{chart, notice, on_slack},
        program::{Outcome, free_address},
        provider::{FakeProvider, Rules},
        scenario::slack::configured,
        slack::{ANA, CLUB, FakeSlack, LOBBY, Message, Method, Moment, TOWN, VAULT},
    },
};

/// The bot's messages in the channel itself, in their order.
fn posts(slack: &FakeSlack, channel: &str) -> Vec<Message> {
    slack.world(|world| world.public(channel).filter(|message| message.thread.is_none()).cloned().collect())
}

fn only(slack: &FakeSlack, channel: &str) -> Message {
    let all = posts(slack, channel);
    assert_eq!(all.len(), 1, "{all:#?}");
    all[0].clone()
}

/// Waits for so many messages in the thread of a message; pictures are shown with a delay.
async fn thread(slack: &FakeSlack, root: &str, count: usize) -> Vec<Message> {
    slack
        .until(|world| {
            let all = world.messages.iter().filter(|message| message.thread.as_deref() == Some(root));
            let all: Vec<Message> = all.cloned().collect();
            (all.len() >= count).then_some(all)
        })
        .await
}

/// An arena with a store of its own.
async fn arena() -> (Arc<Arena>, Process) {
    let process = start(Location::Memory, 30);
    process.connected().await;
    let arena = Arena::new(vec![], super::super::LIMITS).with_store(process.store.clone(), Caps::default());
    (Arc::new(arena), process)
}

#[tokio::test]
async fn an_alert_is_posted_edited_and_explained_in_its_thread() {
    let slack = FakeSlack::open().await;
    let alerts = on_slack(&slack, None, LOBBY);
    let reference = alerts.post("i1", &notice("A is slower"), Some(&chart())).await.expect("posted");
    let message = only(&slack, LOBBY);
    let look = message.look();
    assert_eq!(look.fallback, "🐢 A is slower: 214 → 148 tok/s (−31 %) since Tue 24 Nov.");
    for words in ["A is slower", "214 → 148 tok/s", "Only this model", "37 races before"] {
        assert!(look.text().contains(words), "{words:?} in\n{}", look.text());
    }
    assert_eq!((look.buttons().len(), look.unspoken_buttons().len()), (3, 0));
    let picture = thread(&slack, &message.ts, 1).await[0].files[0].clone();
    assert_eq!(picture.alt.as_deref(), Some("Speeds of a model over 35 days"));

    let mut recovered = notice("A recovered");
    recovered.buttons.clear();
    alerts.edit(&reference, &recovered).await.expect("edited");
    let edited = only(&slack, LOBBY);
    assert!(edited.text().contains("A recovered") && edited.look().buttons().is_empty(), "{}", edited.text());

    alerts.reply(&reference, "i1-1", &notice("Two days later"), Some(&chart())).await.expect("a reply");
    let replies = thread(&slack, &message.ts, 3).await;
    assert!(replies[1].text().contains("Two days later") && replies[2].files.len() == 1, "{replies:#?}");
    slack.assert_clean();
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_never_repeated() {
    let slack = FakeSlack::open().await;
    let (arena, process) = arena().await;
    let alerts = on_slack(&slack, Some(Arc::clone(&arena)), LOBBY);
    slack.cut_next(Method::PostMessage, Moment::After);
    let lost = alerts.post("i1", &notice("A is slower"), None).await;
    assert!(matches!(lost, Err(SurfaceError::Transient { .. })), "{lost:?}");
    // as another replica on the same store
    for alerts in [alerts, on_slack(&slack, Some(arena), LOBBY)] {
        let again = alerts.post("i1", &notice("A is slower"), None).await;
        assert!(matches!(again, Err(SurfaceError::Refused(_))), "{again:?}");
    }
    only(&slack, LOBBY);
    process.shut_down().await;
    slack.assert_clean();
}

#[tokio::test]
async fn a_post_that_certainly_failed_may_be_repeated() {
    let slack = FakeSlack::open().await;
    let (arena, process) = arena().await;
    let alerts = on_slack(&slack, Some(arena), LOBBY);
    slack.refuse_next(Method::PostMessage, "restricted_action");
    let refused = alerts.post("i1", &notice("A is slower"), None).await;
    assert!(matches!(refused, Err(SurfaceError::Forbidden(_))), "{refused:?}");
    let reference = alerts.post("i1", &notice("A is slower"), None).await.expect("posted");
    slack.refuse_next(Method::PostMessage, "thread_not_found");
    let deleted = alerts.reply(&reference, "i1-1", &notice("Later"), None).await;
    assert!(matches!(deleted, Err(SurfaceError::Deleted)), "{deleted:?}");
    process.shut_down().await;
    slack.assert_clean();
}

#[tokio::test]
async fn rate_limits_are_waited_for_and_a_deleted_message_is_reported() {
    let slack = FakeSlack::open().await;
    let alerts = on_slack(&slack, None, LOBBY);
    slack.rate_limit_next(Method::PostMessage, Duration::from_secs(1));
    let reference = alerts.post("i1", &notice("A is slower"), None).await.expect("posted");
    slack.rate_limit_next(Method::Update, Duration::from_secs(1));
    slack.fail_next(Method::Update, 503);
    alerts.edit(&reference, &notice("A is slower still")).await.expect("edited");
    slack.delete_message(&only(&slack, LOBBY).ts);
    let edited = alerts.edit(&reference, &notice("A recovered")).await;
    assert!(matches!(edited, Err(SurfaceError::Deleted)), "{edited:?}");
    let unusable = alerts.edit("nothing", &notice("A recovered")).await;
    assert!(matches!(unusable, Err(SurfaceError::Deleted)), "{unusable:?}");
    slack.rate_limit_next(Method::Update, Duration::from_mins(2));
    let reference = alerts.post("i2", &notice("B is slower"), None).await.expect("posted");
    let limited = alerts.edit(&reference, &notice("B recovered")).await;
    assert!(matches!(limited, Err(SurfaceError::RateLimited { .. })), "{limited:?}");
    slack.assert_clean();
}

#[tokio::test]
async fn a_picture_that_slack_refuses_is_left_out_and_another_channel_is_joined_for_one() {
    let slack = FakeSlack::open().await;
    slack.refuse_next(Method::CompleteUpload, "restricted_action");
    on_slack(&slack, None, LOBBY).post("i1", &notice("A is slower"), Some(&chart())).await.expect("posted");
    only(&slack, LOBBY);
    on_slack(&slack, None, TOWN).post("i2", &notice("B is slower"), Some(&chart())).await.expect("posted");
    thread(&slack, &only(&slack, TOWN).ts, 1).await;
    let outside = on_slack(&slack, None, VAULT).post("i3", &notice("C is slower"), None).await;
    assert!(matches!(outside, Err(SurfaceError::Forbidden(_))), "{outside:?}");
    slack.assert_clean();
}

#[tokio::test]
async fn words_of_models_stay_inert() {
    let slack = FakeSlack::open().await;
    let mut hostile = notice("<!channel> <@U0ANA> *B* is slower");
    hostile.lines = vec!["<!here> <http://evil.example|free> @everyone".into(), String::new()];
    hostile.footer = Some("<#C0LOBBY> <!subteam^S1>".into());
    on_slack(&slack, None, LOBBY).post("i1", &hostile, None).await.expect("posted");
    assert!(only(&slack, LOBBY).text().contains("*B* is slower"));
    assert!(slack.world(|world| world.links.is_empty()));
    slack.assert_clean();
}

#[tokio::test]
async fn a_button_works_in_the_channel_of_its_alert_alone() {
    for transport in [Transport::Http, Transport::Socket] {
        let lines = format!("[alerts]\nslack_channel = \"{LOBBY}\"\n[access]\nslack_channels = [\"{TOWN}\"]");
        let scenario = SlackScenario::start(Setup { transport, lines: &lines, ..Setup::default() }, []).await;
        let slack = &scenario.slack;
        let alerts = on_slack(slack, None, LOBBY);
        alerts.post("i1", &notice("A is slower"), None).await.expect("posted");
        let message = only(slack, LOBBY);
        let pressed = slack.press(&message.ts, "Seen", ANA);
        assert!(pressed.wait_for_ack().await.after < Duration::from_secs(3));
        let said = pressed.wait_for_private_text("").await.look.text();
        assert!(!said.contains("only in the channel") && !said.contains("may not"), "{said}");

        let copy = slack.world(|world| {
            let ts = world.ts();
            world.messages.push(Message { ts: ts.clone(), channel: CLUB.into(), ..message });
            ts
        });
        for button in ["Seen", "This is the new normal", "Mute 7 days"] {
            let elsewhere = slack.press(&copy, button, ANA);
            elsewhere.wait_for_private_text("only in the channel in which its alert was posted").await;
        }
        scenario.finish().await;
    }
}

#[tokio::test]
async fn a_person_outside_the_allow_list_of_groups_is_refused() {
    let lines = format!("[alerts]\nslack_channel = \"{LOBBY}\"\n[access]\nslack_groups = [\"S0TEAM\"]");
    let slack = FakeSlack::open().await;
    slack.world(|world| {
        world.manifest.scopes.push("usergroups:read".into());
        world.groups.insert("S0TEAM".into(), vec!["U0BEN"]);
    });
    let setup = Setup { lines: &lines, ..Setup::default() };
    let scenario = SlackScenario::start_with(slack, setup, []).await;
    on_slack(&scenario.slack, None, LOBBY).post("i1", &notice("A is slower"), None).await.expect("posted");
    let pressed = scenario.slack.press(&only(&scenario.slack, LOBBY).ts, "Mute", ANA);
    pressed.wait_for_private_text("to your user groups here").await;
    scenario.finish().await;
}

async fn checked(slack: &FakeSlack, channel: &str) -> Outcome {
    let rules = Rules { key: Some(super::KEY.into()), ..Rules::default() };
    let provider = FakeProvider::open_with(rules, []).await;
    let lines = format!("[alerts]\nslack_channel = \"{channel}\"\ndiscord_channel = \"6009\"");
    let setup = Setup { lines: &lines, ..Setup::default() };
    let program = configured(slack, &provider, &setup, free_address());
    with_timeout(program.run(&["check"])).await
}

#[tokio::test]
async fn check_names_a_channel_in_which_the_bot_cannot_post() {
    let slack = FakeSlack::open().await;
    for channel in [LOBBY, TOWN, CLUB] {
        let fine = checked(&slack, channel).await;
        assert!(fine.code == Some(0) && fine.stdout.contains("Slack: ready"), "{fine:?}");
        assert!(fine.stdout.contains("[alerts] discord_channel is set, but Discord is off"), "{fine:?}");
    }
    let outside = checked(&slack, VAULT).await;
    assert!(outside.code == Some(1) && outside.stdout.contains("/invite"), "{outside:?}");
    slack.archive(LOBBY);
    let archived = checked(&slack, LOBBY).await;
    assert!(archived.code == Some(1) && archived.stdout.contains("is archived or closed"), "{archived:?}");
    assert!(slack.world(|world| world.messages.is_empty()), "nothing is posted");
    slack.assert_clean();
}
