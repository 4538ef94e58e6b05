//! Socket Mode on its bad days: a race goes on, what people type is answered, nothing runs twice.

use super::{
    super::soon,
    ANSWER, LOBBY, PROMPT, Setting, Stage, Way, alone,
    trouble::{answered, calls},
};
use crate::support::{
    provider::{Answer, Gate, answer},
    slack::{
        ANA, Method,
        socket::{Door, FakeSocket, Truth},
    },
};

fn says(word: &str) -> Answer {
    answer("a").role().says(ANSWER).says(word).whole()
}

fn socket(stage: &Stage) -> &FakeSocket {
    stage.socket.as_ref().expect("a socket")
}

/// A command, which is answered by a race with this word.
async fn is_answered(stage: &Stage, word: &str) {
    let asked = stage.slack.types("/arena", &format!("compare {PROMPT} {}", word.trim()), ANA, LOBBY);
    asked.shows(word.trim()).await;
    asked.file(".png").await;
    assert_eq!(asked.happened().acks.len(), 1);
}

async fn is_ready(stage: &Stage) {
    soon(async {
        while stage.bot.ready().await.0 != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A race runs while `trouble` comes and goes; a command is answered right after it came, if connections are left
/// then, and another one when all is `back`.
async fn through(trouble: impl Fn(&FakeSocket), serves_on: bool, back: impl Fn(&Truth, &Truth) -> bool) {
    let gate = Gate::default();
    let first = answer("a").role().says(ANSWER).says(" Air").waits_for(&gate).says(" blue").whole();
    let answers = [first, says(" Meanwhile"), says(" Again")];
    let stage = Stage::open(Setting { way: Way::Socket, ..alone("") }, answers).await;
    let race = stage.slack.types("/arena", &format!("compare {PROMPT} why"), ANA, LOBBY);
    race.shows("Air").await;
    let before = socket(&stage).truth();
    trouble(socket(&stage));
    if serves_on {
        is_answered(&stage, " Meanwhile").await;
    }
    soon(socket(&stage).until(|truth| back(&before, truth))).await;
    gate.open();
    race.shows("Air blue").await;
    race.file(".png").await;
    if !serves_on {
        is_answered(&stage, " Meanwhile").await;
    }
    is_answered(&stage, " Again").await;
    is_ready(&stage).await;
    assert_eq!((answered(&stage), calls(&stage, Method::UserInfo)), (3, 1));
    assert_eq!(socket(&stage).truth().undelivered, 0);
    stage.ends().await;
}

/// Two connections, none of those before.
fn are_new(before: &Truth, now: &Truth) -> bool {
    now.live.len() == 2 && now.live.iter().all(|link| !before.live.contains(link))
}

#[tokio::test]
async fn a_refresh_and_a_warning_leave_no_gap() {
    for reason in ["warning", "refresh_requested"] {
        through(|socket| socket.disconnects(reason), true, are_new).await;
    }
}

#[tokio::test]
async fn connections_that_break_are_opened_again() {
    for trouble in [FakeSocket::resets, FakeSocket::closes] {
        through(trouble, false, are_new).await;
    }
}

/// As when somebody switches Socket Mode off and on again.
#[tokio::test]
async fn a_disabled_link_is_said_and_opened_again() {
    through(|socket| socket.disconnects("link_disabled"), false, are_new).await;
}

#[tokio::test]
async fn frames_that_nobody_understands_change_nothing() {
    let garbage = |socket: &FakeSocket| {
        socket.garbage("{\"type\": \"surprise\"");
        socket.binary(&[0, 159, 146, 150]);
    };
    through(garbage, true, |before, now| before.live == now.live).await;
}

/// Dark connections are given up after 25 s without even a pong.
#[tokio::test]
async fn dark_connections_are_replaced() {
    through(FakeSocket::goes_dark, false, are_new).await;
}

/// What comes again over the other connection runs once.
#[tokio::test]
async fn an_envelope_that_comes_twice_runs_once() {
    let stage = Stage::open(Setting { way: Way::Socket, ..alone("") }, [says(" Once")]).await;
    let asked = stage.slack.types("/arena", &format!("compare {PROMPT} why"), ANA, LOBBY);
    stage.slack.redelivers(&asked);
    asked.shows("Once").await;
    stage.slack.redelivers(&asked);
    asked.file(".png").await;
    let links: Vec<_> = socket(&stage).truth().sent.iter().map(|sent| sent.link).collect();
    assert!(links[0] != links[1] && links[0] == links[2], "{links:?}");
    assert_eq!((calls(&stage, Method::PostMessage), asked.happened().acks.len()), (1, 3));
    stage.ends().await;
}

/// The readiness probe tells the truth, and says why.
#[tokio::test]
async fn readiness_is_that_of_the_connections() {
    let mut stage = Stage::open(Setting { way: Way::Socket, ..alone("") }, [says(" Back")]).await;
    for (door, disable) in [(Door::Shut, false), (Door::Busy, true)] {
        is_ready(&stage).await;
        socket(&stage).door(door);
        if disable {
            socket(&stage).disconnects("link_disabled");
        } else {
            socket(&stage).resets();
        }
        let said = soon(async {
            loop {
                let (status, said) = stage.bot.ready().await;
                if status == 503 {
                    return said;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(said.starts_with("Slack"), "{said}");
        socket(&stage).door(Door::Open);
        soon(socket(&stage).until(|truth| truth.live.len() == 2)).await;
    }
    is_ready(&stage).await;
    stage.bot.logs("Socket Mode is switched off").await;
    is_answered(&stage, " Back").await;
    stage.ends().await;
}
