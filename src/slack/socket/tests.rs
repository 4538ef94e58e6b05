//! The supervision against the fake socket server, over loopback, with shorter waits.
#![expect(dead_code, unreachable_pub, reason = "the fake is shared with the stories, which use all of it")]

#[path = "../../../tests/support/slack/socket/mod.rs"]
mod fake;
mod faults;
mod web_api;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};

use self::{
    fake::{Acceptance, FakeSocket, Rules, Truth},
    web_api::{Reply, WebApi},
};
use super::*;
use crate::slack::incoming::{Ack, Incoming, Kind};

const TIMEOUT: Duration = Duration::from_secs(10);
const MS: Duration = Duration::from_millis(1);
/// Shorter than any wrong wait of [`TIMING`], longer than the delays of a busy machine.
const SOON: Duration = Duration::from_secs(3);

fn timing() -> Timing {
    Timing {
        open_timeout: 500 * MS,
        ping_interval: 100 * MS,
        // longer than any stall of a busy machine
        silence_timeout: 2_000 * MS,
        drain: 50 * MS,
        backoff: Backoff::new(30 * MS, 300 * MS),
        stable_after: 100 * MS,
        ..TIMING
    }
}

/// Socket Mode against the fake, and what it hands to its intake.
struct Bot {
    fake: Arc<FakeSocket>,
    web_api: WebApi,
    state: watch::Receiver<State>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    closed: CancellationToken,
    task: JoinHandle<()>,
}

fn answer(incoming: &Incoming) -> Ack {
    match &incoming.kind {
        Kind::Command { text } if text.is_empty() => Ack::Empty,
        Kind::Command { .. } => {
            Ack::Private(json!({ "text": "On it", "blocks": [{ "type": "of tomorrow", "x": [1, null] }] }))
        }
        Kind::Modal { .. } => Ack::Errors(BTreeMap::from([("prompt".to_owned(), "too long".to_owned())])),
        _ => Ack::Empty,
    }
}

impl Bot {
    fn at(fake: Arc<FakeSocket>, web_api: WebApi, timing: Timing) -> Self {
        let (sender_of_state, state) = watch::channel(State::Connecting);
        let (sender, incoming) = mpsc::unbounded_channel();
        let inbox = move |incoming| {
            let ack = answer(&incoming);
            drop(sender.send(incoming));
            Box::pin(std::future::ready(ack)) as BoxFuture<'static, Ack>
        };
        let (intake, closed) = (Arc::new(Intake::new(Arc::new(inbox))), CancellationToken::new());
        let api = Api::new(&web_api.url(), &"xoxb-1".into()).expect("a client");
        let app_token = web_api::TOKEN.into();
        let setup = Setup { api, app_token, intake, state: sender_of_state, closed: closed.clone(), timing };
        let task = TaskTracker::new().spawn(run(setup));
        Self { fake, web_api, state, incoming, closed, task }
    }

    async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let fake = Arc::new(FakeSocket::open(Rules::default()).await);
        let web_api = WebApi::open(Arc::clone(&fake), replies).await;
        Self::at(fake, web_api, timing())
    }

    async fn ready() -> Self {
        Self::ready_with(timing()).await
    }

    async fn ready_with(timing: Timing) -> Self {
        let fake = Arc::new(FakeSocket::open(Rules::default()).await);
        let web_api = WebApi::open(Arc::clone(&fake), []).await;
        let mut bot = Self::at(fake, web_api, timing);
        bot.until(|state| *state == State::Ready).await;
        bot.seen(|truth| truth.live.len() == CONNECTIONS).await;
        bot
    }

    async fn until(&mut self, wanted: impl FnMut(&State) -> bool) -> State {
        timeout(TIMEOUT, self.state.wait_for(wanted)).await.expect("in time").expect("it runs").clone()
    }

    async fn lost(&mut self) -> String {
        match self.until(|state| matches!(state, State::Lost { .. })).await {
            State::Lost { why } => why,
            other => panic!("{other:?}"),
        }
    }

    async fn seen(&self, wanted: impl FnMut(&Truth) -> bool) -> Truth {
        timeout(TIMEOUT, self.fake.until(wanted)).await.expect("in time")
    }

    /// Returns true if the state changed since it was last waited for.
    fn wavered(&self) -> bool {
        self.state.has_changed().expect("it runs")
    }

    /// The next thing that a user did.
    async fn next(&mut self) -> Kind {
        timeout(TIMEOUT, self.incoming.recv()).await.expect("in time").expect("it runs").kind
    }

    /// Sends a command and waits for its acknowledgement.
    async fn works(&mut self) {
        let envelope = self.fake.sends("slash_commands", command("works"));
        assert_eq!(self.next().await, Kind::Command { text: "works".into() });
        timeout(TIMEOUT, self.fake.ack(&envelope)).await.expect("in time");
    }

    /// Closes, and returns how long that took.
    async fn close(self) -> Duration {
        let begin = Instant::now();
        self.closed.cancel();
        timeout(TIMEOUT, self.task).await.expect("in time").expect("no panic");
        begin.elapsed()
    }
}

fn command(text: &str) -> Value {
    json!({
        "token": "x", "team_id": "T1", "team_domain": "d", "channel_id": "C1", "channel_name": "general",
        "user_id": "U1", "user_name": "ana", "command": "/arena", "text": text, "api_app_id": "A1",
        "is_enterprise_install": "false", "response_url": "https://hooks.slack.com/commands/T1/1/x",
        "trigger_id": format!("{:032x}", fastrand::u128(..)),
    })
}

#[tokio::test]
async fn it_connects_twice_hands_on_and_closes_with_1000() {
    let mut bot = Bot::ready().await;
    for _ in 0..4 {
        bot.works().await;
    }
    let truth = bot.fake.truth();
    let links: std::collections::BTreeSet<_> = truth.acks.iter().map(|ack| ack.link).collect();
    assert_eq!((links.len(), truth.connections, bot.web_api.asked()), (2, 2, 2));
    let fake = Arc::clone(&bot.fake);
    let took = bot.close().await;
    assert!(took < SOON, "{took:?}");
    let truth = timeout(TIMEOUT, fake.until(|truth| truth.live.is_empty())).await.expect("in time");
    assert!(truth.ends.iter().all(|end| end.code == Some(1000) && end.by_client), "{:?}", truth.ends);
}

#[tokio::test]
async fn acknowledgements_carry_what_slack_takes() {
    let bot = Bot::ready().await;
    let press = json!({
        "type": "block_actions", "user": { "id": "U1" }, "team": { "id": "T1" }, "api_app_id": "A1",
        "trigger_id": "1.b", "container": { "type": "message", "message_ts": "7.1", "channel_id": "C1" },
        "actions": [{ "type": "button", "action_id": "stop", "value": "1" }],
    });
    let modal = json!({
        "type": "view_submission", "user": { "id": "U1" }, "team": { "id": "T1" }, "trigger_id": "1.m",
        "view": { "type": "modal", "id": "V1", "team_id": "T1", "hash": "h", "blocks": [],
                  "title": { "type": "plain_text", "text": "Arena" }, "state": { "values": {} } },
    });
    let mention = json!({
        "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1", "event_time": 1,
        "event": { "type": "app_mention", "user": "U1", "text": "<@U0> help", "ts": "1.1", "channel": "C1" },
    });
    let private = json!({ "text": "On it", "blocks": [{ "type": "of tomorrow", "x": [1, null] }],
                          "response_type": "ephemeral" });
    let errors = json!({ "response_action": "errors", "errors": { "prompt": "too long" } });
    for (kind, payload, answer) in [
        ("slash_commands", command("ask"), Some(private)),
        ("slash_commands", command(""), None),
        ("interactive", press, None),
        ("interactive", modal, Some(errors)),
        ("events_api", mention, None),
        ("events_api", json!({ "type": "event_callback", "event": { "type": "of tomorrow" } }), None),
        ("interactive", json!({ "type": "of tomorrow" }), None),
    ] {
        let envelope = bot.fake.sends(kind, payload);
        let ack = timeout(TIMEOUT, bot.fake.ack(&envelope)).await.expect("in time");
        assert_eq!(ack.payload, answer, "{kind}");
        assert!(ack.after < SOON, "{:?}", ack.after);
    }
    bot.close().await;
}

#[tokio::test]
async fn a_duplicate_runs_once_and_is_acknowledged_twice() {
    let mut bot = Bot::ready().await;
    let first = bot.fake.sends("slash_commands", command("once"));
    bot.fake.ack(&first).await;
    let again = [bot.fake.sends_again(&first), bot.fake.sends_again(&first)];
    for envelope in &again {
        timeout(TIMEOUT, bot.fake.ack(envelope)).await.expect("in time");
    }
    let links: std::collections::BTreeSet<_> = bot.fake.truth().sent.iter().map(|sent| sent.link).collect();
    assert_eq!((bot.next().await, links.len()), (Kind::Command { text: "once".into() }, 2));
    assert!(bot.incoming.try_recv().is_err());
    bot.close().await;
}

/// The old connection serves until its successor was greeted, so there is always one. The server closes it, because
/// envelopes that it sends while we close are lost.
#[tokio::test]
async fn nothing_is_lost_through_refreshes() {
    let mut bot = Bot::ready_with(Timing { drain: 2 * TIMEOUT, ..timing() }).await;
    for reason in ["warning", "refresh_requested", "of tomorrow", "warning", "refresh_requested"] {
        let old = bot.fake.truth().live;
        bot.fake.disconnects(reason);
        if reason == "warning" {
            bot.fake.disconnects("refresh_requested");
        }
        for _ in 0..6 {
            bot.works().await;
        }
        bot.seen(|truth| truth.live.iter().filter(|number| !old.contains(number)).count() == 2).await;
        bot.works().await;
        bot.fake.closes_these(&old);
        bot.seen(|truth| truth.live.len() == 2).await;
    }
    let truth = bot.fake.truth();
    assert_eq!((truth.undelivered, truth.sent.len(), truth.acks.len()), (0, 35, 35));
    assert_eq!((truth.connections, bot.web_api.asked(), bot.wavered()), (12, 12, false));
    bot.close().await;
}

/// Slack may leave a connection open that it asked to replace.
#[tokio::test]
async fn the_old_connection_is_left_in_time() {
    let bot = Bot::ready().await;
    let old = bot.fake.truth().live;
    bot.fake.disconnects("warning");
    let truth = bot.seen(|truth| truth.ends.len() == 2).await;
    assert!(truth.ends.iter().all(|end| old.contains(&end.link) && end.by_client), "{:?}", truth.ends);
    assert_eq!(bot.seen(|truth| truth.live.len() == 2).await.most_live, 4);
    bot.close().await;
}

#[tokio::test]
async fn a_connection_is_replaced_after_its_life() {
    let fake = Arc::new(FakeSocket::open(Rules::default()).await);
    let web_api = WebApi::open(Arc::clone(&fake), []).await;
    let mut bot = Bot::at(fake, web_api, Timing { max_age: 200 * MS, ..timing() });
    bot.until(|state| *state == State::Ready).await;
    let truth = bot.seen(|truth| truth.ends.len() >= 4).await;
    assert!(truth.ends.iter().all(|end| end.code == Some(1000)), "{:?}", truth.ends);
    assert!(!bot.wavered(), "there was always one");
    bot.close().await;
}
