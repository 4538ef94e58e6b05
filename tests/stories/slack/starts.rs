//! Starts on a bad day.

use tokio::time::Instant;

use super::{
    super::{KEY, crowd::on_time, soon},
    Setting, Stage, Way, alone,
    stage::program_of,
    trouble::{answered, calls},
};
use crate::support::{
    program::{Outcome, free_address},
    provider::{FakeProvider, Rules},
    slack::{ANA, FakeSlack, LOBBY, Method},
};

const BOTH: [Way; 2] = [Way::Http, Way::Socket];

/// Everything is there, and somebody is answered.
async fn is_there(stage: &mut Stage) {
    stage.bot.logs("Slack knows the bot").await;
    if let Some(socket) = &stage.socket {
        soon(socket.until(|truth| truth.live.len() == 2)).await;
    }
    assert_eq!(stage.bot.ready().await, (200, "ready\n".into()));
    stage.slack.types("/arena", "help", ANA, LOBBY).told("/arena compare").await;
}

async fn is_not_ready(stage: &Stage) -> String {
    let (status, said) = stage.bot.ready().await;
    assert!(status == 503 && said.starts_with("Slack"), "{status} {said}");
    said
}

#[tokio::test]
async fn a_slack_that_is_not_there_at_the_start_is_waited_for() {
    for way in BOTH {
        let slack = FakeSlack::closed();
        let mut stage = Stage::raise(slack, Setting { way, ..alone("") }, []).await;
        // after some tries
        stage.bot.logs("retry_in\":\"4s").await;
        is_not_ready(&stage).await;
        stage.slack.opens().await;
        let back = Instant::now();
        is_there(&mut stage).await;
        on_time(back.elapsed().as_secs() < 12, &format!("{way:?}: found after {:?}", back.elapsed()));
        stage.ends().await;
    }
}

/// Slack takes the last frames one after the other: whether the drain holds those of all races is said at the start.
#[tokio::test]
async fn a_drain_that_is_too_short_for_slack_is_said_at_the_start() {
    for (lines, said) in [("[arena]", Some("set it to 86")), ("[arena]\nconcurrent_races = 12", None)] {
        let mut stage = Stage::open(Setting { lines, ..alone("") }, []).await;
        if let Some(said) = said {
            stage.bot.logs(said).await;
        }
        let log = stage.ends().await;
        let told =
            log.iter().any(|line| line.contains("\"WARN\"") && line.contains("drain_seconds is too short"));
        assert_eq!(told, said.is_some(), "{lines}");
    }
}

#[tokio::test]
async fn a_slack_that_is_broken_at_the_start_is_waited_for() {
    for way in BOTH {
        let slack = FakeSlack::open().await;
        let methods = [Method::AuthTest, Method::OpenConnection];
        for method in &methods[..if way == Way::Socket { 2 } else { 1 }] {
            slack.fails_next(*method, 503);
            slack.cuts_next(*method, crate::support::slack::Moment::Before);
            slack.refuses_next(*method, "internal_error");
            slack.ratelimits_next(*method, std::time::Duration::from_secs(1));
        }
        let mut stage = Stage::raise(slack, Setting { way, ..alone("") }, []).await;
        is_not_ready(&stage).await;
        is_there(&mut stage).await;
        stage.ends().await;
    }
}

#[tokio::test]
async fn calls_that_hang_at_the_start_are_given_up_and_made_again() {
    let slack = FakeSlack::open().await;
    let hung = [slack.hangs_next(Method::AuthTest), slack.hangs_next(Method::OpenConnection)];
    let mut stage = Stage::raise(slack, Setting { way: Way::Socket, ..alone("") }, []).await;
    for hung in &hung {
        hung.reached().await;
    }
    let said = is_not_ready(&stage).await;
    assert!(said.contains("no socket is connected yet"), "{said}");
    is_there(&mut stage).await;
    stage.ends().await;
}

#[tokio::test]
async fn a_wrong_bot_token_is_said_where_operators_look() {
    for way in BOTH {
        let slack = FakeSlack::open().await;
        slack.world(|world| world.revoked.push(world.bot_token.clone()));
        is_refused(slack, way, "SLACK_BOT_TOKEN", Method::AuthTest).await;
    }
}

#[tokio::test]
async fn so_is_a_wrong_app_token() {
    let slack = FakeSlack::open().await;
    slack.world(|world| world.revoked.push(world.app_token.clone()));
    is_refused(slack, Way::Socket, "SLACK_APP_TOKEN", Method::OpenConnection).await;
}

/// Slack is asked once, and the bot says what is wrong and stays.
async fn is_refused(slack: FakeSlack, way: Way, name: &str, method: Method) {
    let mut stage = Stage::raise(slack, Setting { way, ..alone("") }, []).await;
    stage.bot.logs(name).await;
    let said = is_not_ready(&stage).await;
    assert!(said.contains(name), "{said}");
    assert_eq!((calls(&stage, method), answered(&stage)), (1, 0));
    stage.bot.signals("TERM").await;
    let log = stage.closed(0).await;
    assert!(log.iter().any(|line| line.contains("\"ERROR\"") && line.contains(name)), "{log:#?}");
}

async fn checked(slack: &FakeSlack, way: Way) -> Outcome {
    let provider = FakeProvider::open_with(Rules { key: Some(KEY.into()), ..Rules::default() }, []).await;
    let program = program_of(slack, &provider, &Setting { way, ..alone("") }, free_address());
    let outcome = soon(program.run(&["check"])).await;
    for secret in slack.world(|world| world.secrets()) {
        assert!(!outcome.stdout.contains(&secret) && !outcome.stderr.contains(&secret), "{outcome:?}");
    }
    outcome
}

#[tokio::test]
async fn check_tells_whether_the_tokens_are_right() {
    for way in BOTH {
        let slack = FakeSlack::open().await;
        let right = checked(&slack, way).await;
        assert!(
            right.code == Some(0) && right.stdout.contains("Slack: ready, workspace T0TEAM"),
            "{right:?}"
        );
        let opened = slack.world(|world| world.connections_opened);
        assert_eq!(opened, usize::from(way == Way::Socket));
        slack.world(|world| world.revoked.push(world.app_token.clone()));
        let app = checked(&slack, way).await;
        let told = app.code == Some(1) && app.stdout.contains("SLACK_APP_TOKEN");
        assert_eq!(told, way == Way::Socket, "{app:?}");
        slack.world(|world| world.revoked.push(world.bot_token.clone()));
        let bot = checked(&slack, way).await;
        assert!(bot.code == Some(1) && bot.stdout.contains("SLACK_BOT_TOKEN"), "{bot:?}");
        slack.world(|world| world.useless_calls = 0);
    }
    let nowhere = checked(&FakeSlack::closed(), Way::Http).await;
    assert!(nowhere.code == Some(1) && nowhere.stdout.contains("Slack: no connection"), "{nowhere:?}");
}
