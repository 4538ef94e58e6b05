//! The supervision against the fake gateway, over loopback, with shorter waits.
#![expect(dead_code, unreachable_pub, reason = "the fake is shared with the stories, which use all of it")]

#[path = "../../../tests/support/discord/gateway/mod.rs"]
mod fake;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, http::StatusCode, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle, time::timeout};

use self::fake::{Acceptance as FakeDoor, FakeGateway, Reaction, Rules};
use super::*;
use crate::{
    discord::interaction::{Interaction, Kind},
    platform::ConnectionState as State,
};

const TOKEN: &str = "the-bot-token";
const TIMEOUT: Duration = Duration::from_secs(10);
const MS: Duration = Duration::from_millis(1);

fn timing() -> Timing {
    Timing {
        identify_spacing: 200 * MS,
        min_backoff: 50 * MS,
        max_backoff: 400 * MS,
        connect_timeout: 1500 * MS,
    }
}

fn rules() -> Rules {
    Rules { spacing: 100 * MS, ..Rules::of(TOKEN) }
}

type Order = fn(&FakeGateway);

/// Closing takes at most 700 ms, and the machine may be busy.
const SOON: Duration = Duration::from_secs(3);

/// A running bot, its fake gateway, and its output.
struct Bot {
    fake: Arc<FakeGateway>,
    shards: watch::Receiver<Vec<State>>,
    interactions: mpsc::UnboundedReceiver<Interaction>,
    closed: CancellationToken,
    task: JoinHandle<()>,
}

impl Bot {
    async fn start(rules: Rules) -> Self {
        let fake = Arc::new(FakeGateway::open(rules).await);
        Self::at(Arc::clone(&fake), move || Ok(fake.gateway_bot())).await
    }

    /// A bot whose `GET /gateway/bot` has this response.
    async fn at(
        fake: Arc<FakeGateway>,
        answer: impl Fn() -> Result<Value, StatusCode> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let api = Router::new().route("/api/v10/gateway/bot", get(async move || answer().map(Json)));
        let (sender, interactions) = mpsc::unbounded_channel();
        let inbox: Inbox = Arc::new(move |interaction| drop(sender.send(interaction)));
        let (origin, closed): (Url, _) = (origin.parse().expect("a URL"), CancellationToken::new());
        let rest = Rest::new(&origin, &TOKEN.into()).expect("a client");
        let gateway = Gateway::new(origin, TOKEN.into(), rest, inbox, timing());
        let (shards, closing) = (gateway.shards.subscribe(), closed.clone());
        let task = tokio_util::task::TaskTracker::new().spawn(async move {
            let served = async { axum::serve(listener, api).await.expect("a server") };
            let run = gateway.run(&closing);
            tokio::select! { () = served => {} () = run => {} }
        });
        Self { fake, shards, interactions, closed, task }
    }

    async fn ready(rules: Rules) -> Self {
        let mut bot = Self::start(rules).await;
        bot.until(|state| *state == State::Ready).await;
        bot
    }

    async fn until(&mut self, mut wanted: impl FnMut(&State) -> bool) -> State {
        let all = self.shards.wait_for(|shards| wanted(worst(shards)));
        worst(&timeout(TIMEOUT, all).await.expect("in time").expect("it runs")).clone()
    }

    async fn seen(&self, wanted: impl FnMut(&fake::Truth) -> bool) -> fake::Truth {
        timeout(TIMEOUT, self.fake.until(wanted)).await.expect("in time")
    }

    /// The custom id of the next button.
    async fn button(&mut self) -> String {
        let next = timeout(TIMEOUT, self.interactions.recv()).await.expect("in time").expect("it runs");
        match next.kind {
            Kind::Button { custom_id, .. } => custom_id,
            other => panic!("no button: {other:?}"),
        }
    }

    /// Closes the connection and returns the time that took.
    async fn close(self) -> Duration {
        let begin = tokio::time::Instant::now();
        self.closed.cancel();
        timeout(TIMEOUT, self.task).await.expect("in time").expect("no panic");
        begin.elapsed()
    }
}

#[test]
fn the_worst_shard_determines_the_state() {
    let lost = State::Lost { why: "gone".into() };
    let refused = State::Refused { why: "no".into() };
    let by_badness = [State::Ready, State::Connecting, lost, refused];
    for (n, expected) in by_badness.iter().enumerate() {
        let mut shards = by_badness[..=n].to_vec();
        assert_eq!(worst(&shards), expected);
        shards.reverse();
        assert_eq!(worst(&shards), expected);
    }
}

/// A button with the least that can be answered.
fn button(custom_id: &str) -> Value {
    json!({
        "id": "1", "application_id": "42", "token": "t", "type": 3, "data": { "custom_id": custom_id },
        "user": { "id": "5" },
    })
}

#[tokio::test]
async fn it_connects_receives_interactions_and_closes_with_1000() {
    let mut bot = Bot::ready(rules()).await;
    let truth = bot.fake.truth();
    assert_eq!(
        (truth.identifies.len(), truth.identifies[0].intents, truth.identifies[0].shard),
        (1, 1 << 9 | 1 << 12, (0, 1))
    );
    bot.fake.interaction(&button("first"));
    assert_eq!(bot.button().await, "first");
    let fake = Arc::clone(&bot.fake);
    let took = bot.close().await;
    assert!(took < SOON, "{took:?}");
    let truth = timeout(TIMEOUT, fake.until(|truth| truth.live == 0)).await.expect("in time");
    assert_eq!((truth.ends.len(), truth.ends[0].code, truth.connections), (1, Some(1000), 1));
}

#[tokio::test]
async fn interactions_sent_meanwhile_arrive_after_a_resume() {
    let mut bot = Bot::ready(rules()).await;
    let cuts: [(&str, Order); 4] = [
        ("op 7", FakeGateway::reconnect),
        ("drop", FakeGateway::drop_connection),
        ("op 9 true", |fake| fake.invalid_session(true)),
        ("close", |fake| fake.close(4000)),
    ];
    for (resumes, (name, cut)) in cuts.into_iter().enumerate() {
        cut(&bot.fake);
        bot.fake.interaction(&button(name));
        assert_eq!(bot.button().await, name);
        bot.seen(|truth| truth.resumes.len() == resumes + 1 && truth.live == 1).await;
    }
    assert_eq!((bot.fake.truth().identifies.len(), worst(&bot.shards.borrow())), (1, &State::Ready));
    bot.fake.interaction(&button("after"));
    assert_eq!(bot.button().await, "after");
    bot.close().await;
}

#[tokio::test]
async fn an_invalid_session_is_replaced_by_a_new_one() {
    let mut bot = Bot::ready(rules()).await;
    let ends: [Order; 2] = [|fake| fake.invalid_session(false), |fake| fake.close(4009)];
    for (begun, end) in ends.into_iter().enumerate() {
        end(&bot.fake);
        bot.until(|state| matches!(state, State::Lost { .. })).await;
        bot.seen(|truth| truth.identifies.len() == begun + 2).await;
        bot.until(|state| *state == State::Ready).await;
    }
    bot.close().await;
}

#[tokio::test]
async fn a_session_is_resumed_at_once_after_a_close_without_a_code() {
    let mut bot = Bot::ready(rules()).await;
    let begin = tokio::time::Instant::now();
    bot.fake.close_without_code();
    bot.fake.interaction(&button("after"));
    assert_eq!(bot.button().await, "after");
    assert!(begin.elapsed() < Duration::from_secs(4), "not only after a heartbeat: {:?}", begin.elapsed());
    let truth = bot.fake.truth();
    assert_eq!((truth.identifies.len(), truth.resumes.len()), (1, 1));
    bot.close().await;
}

#[tokio::test]
async fn a_connection_without_acknowledged_heartbeats_is_replaced_by_a_resume() {
    let mut bot = Bot::ready(Rules { heartbeat: 600 * MS, ..rules() }).await;
    bot.seen(|truth| truth.heartbeats.len() > 1).await;
    bot.fake.withhold_acks();
    bot.seen(|truth| truth.resumes.len() == 1).await;
    bot.fake.give_acks();
    bot.fake.interaction(&button("after"));
    assert_eq!(bot.button().await, "after");
    assert_eq!(bot.fake.truth().identifies.len(), 1);
    bot.close().await;
}

#[tokio::test]
async fn a_requested_heartbeat_is_sent_and_garbage_is_ignored() {
    let mut bot = Bot::ready(rules()).await;
    for text in ["", "{", "[]", r#"{"op":0,"t":"INTERACTION_CREATE","d":{}}"#, r#"{"op":99}"#, "null"] {
        bot.fake.garbage(text);
    }
    bot.fake.dispatch("INTERACTION_CREATE", &json!({ "id": "1" }));
    bot.fake.dispatch("SOMETHING_NEW", &json!([]));
    bot.fake.request_heartbeat();
    bot.seen(|truth| !truth.heartbeats.is_empty()).await;
    bot.fake.interaction(&button("after"));
    assert_eq!(bot.button().await, "after");
    assert_eq!(bot.fake.truth().connections, 1);
    bot.close().await;
}

#[tokio::test]
async fn after_a_fatal_close_code_the_state_names_the_remedy() {
    for (code, word) in [(4004, "DISCORD_TOKEN"), (4013, "intents"), (4014, "intents")] {
        let fake = Arc::new(FakeGateway::open(rules()).await);
        fake.reactions([Reaction::Close(code)]);
        let asked = Arc::clone(&fake);
        let mut bot = Bot::at(fake, move || Ok(asked.gateway_bot())).await;
        let state = bot.until(|state| matches!(state, State::Refused { .. })).await;
        assert!(matches!(&state, State::Refused { why } if why.contains(word)), "{code}: {state:?}");
        timeout(TIMEOUT, bot.task).await.expect("it returns by itself").expect("no panic");
        assert_eq!(bot.fake.truth().connections, 1, "{code}");
    }
}

#[tokio::test]
async fn with_a_refused_token_nothing_is_connected() {
    let fake = Arc::new(FakeGateway::open(rules()).await);
    let mut bot = Bot::at(fake, || Err(StatusCode::UNAUTHORIZED)).await;
    let state = bot.until(|state| matches!(state, State::Refused { .. })).await;
    assert!(matches!(&state, State::Refused { why } if why.contains("DISCORD_TOKEN")), "{state:?}");
    assert_eq!(bot.fake.truth().connections, 0);
}

#[tokio::test]
async fn discords_own_gateway_is_refused_for_another_api() {
    let fake = Arc::new(FakeGateway::open(rules()).await);
    let mut bot = Bot::at(fake, || Ok(json!({ "url": "wss://gateway.discord.gg" }))).await;
    let state = bot.until(|state| matches!(state, State::Refused { .. })).await;
    assert!(matches!(&state, State::Refused { why } if why.contains("DISCORD_API_URL")), "{state:?}");
}

#[tokio::test]
async fn a_failing_api_is_called_again() {
    let fake = Arc::new(FakeGateway::open(rules()).await);
    let (asked, count) = (Arc::clone(&fake), Arc::new(AtomicUsize::new(0)));
    let mut bot = Bot::at(fake, move || match count.fetch_add(1, Ordering::Relaxed) {
        0 => Err(StatusCode::BAD_REQUEST),
        1 => Ok(json!({})),
        _ => Ok(asked.gateway_bot()),
    })
    .await;
    bot.until(|state| *state == State::Lost { why: "refused with status 400, code 0".into() }).await;
    bot.until(|state| *state == State::Ready).await;
    bot.close().await;
}

#[tokio::test]
async fn without_session_starts_nothing_is_connected() {
    let mut bot = Bot::start(Rules { identifies: 0, ..rules() }).await;
    let state = bot.until(|state| matches!(state, State::Lost { .. })).await;
    let State::Lost { why } = state else { panic!("lost") };
    assert!(why.contains("no more gateway sessions for 1440 min"), "{why}");
    assert_eq!(bot.fake.truth().connections, 0);
    assert!(bot.close().await < SOON);
}

#[tokio::test]
async fn a_server_that_is_down_for_a_while_costs_no_identify() {
    let mut bot = Bot::ready(rules()).await;
    bot.fake.acceptance(FakeDoor::Shut);
    bot.fake.drop_connection();
    bot.until(|state| matches!(state, State::Lost { .. })).await;
    let before = bot.fake.truth().connections;
    bot.seen(|truth| truth.connections > before + 2).await;
    bot.fake.acceptance(FakeDoor::Open);
    bot.until(|state| *state == State::Ready).await;
    assert_eq!(bot.fake.truth().identifies.len(), 2, "a failed connection costs no IDENTIFY");
    bot.close().await;
}

#[tokio::test]
async fn a_resume_that_hangs_is_given_up() {
    let mut bot = Bot::ready(rules()).await;
    bot.fake.acceptance(FakeDoor::Mute);
    bot.fake.drop_connection();
    bot.until(|state| matches!(state, State::Lost { .. })).await;
    bot.fake.acceptance(FakeDoor::Open);
    bot.close().await;
}

#[tokio::test]
async fn a_refused_session_is_retried_more_slowly() {
    let fake = Arc::new(FakeGateway::open(rules()).await);
    fake.reactions([
        Reaction::Invalid,
        Reaction::Close(4011),
        Reaction::Close(4012),
        Reaction::CloseWithoutCode,
    ]);
    let asked = Arc::clone(&fake);
    let mut bot = Bot::at(fake, move || Ok(asked.gateway_bot())).await;
    let state = bot.until(|state| matches!(state, State::Lost { .. })).await;
    assert!(matches!(&state, State::Lost { why } if why.contains("before it is ready")), "{state:?}");
    let ready = bot.shards.wait_for(|shards| *worst(shards) == State::Ready);
    drop(timeout(2 * TIMEOUT, ready).await.expect("in time").expect("runs"));
    assert_eq!(bot.fake.truth().identifies.len(), 5);
    bot.close().await;
}

#[tokio::test]
async fn a_session_that_is_resumed_over_and_over_is_replaced() {
    let mut bot = Bot::ready(rules()).await;
    for resumes in 1..=5 {
        bot.fake.reconnect();
        bot.seen(|truth| truth.resumes.len() == resumes).await;
    }
    bot.fake.reconnect();
    bot.seen(|truth| truth.identifies.len() == 2).await;
    bot.until(|state| *state == State::Ready).await;
    bot.close().await;
}

#[tokio::test]
async fn it_runs_as_many_shards_as_discord_asks_for() {
    let mut bot = Bot::ready(Rules { shards: 3, max_concurrency: 2, ..rules() }).await;
    let truth = bot.seen(|truth| truth.live == 3).await;
    let mut shards: Vec<_> = truth.identifies.iter().map(|one| one.shard).collect();
    shards.sort_unstable();
    assert_eq!(shards, [(0, 3), (1, 3), (2, 3)]);
    bot.fake.drop_connection();
    bot.seen(|truth| truth.resumes.len() == 3).await;
    bot.until(|state| *state == State::Ready).await;
    let fake = Arc::clone(&bot.fake);
    assert!(bot.close().await < SOON);
    timeout(TIMEOUT, fake.until(|truth| truth.live == 0)).await.expect("in time");
}

#[tokio::test]
async fn shards_that_wait_for_their_turn_do_not_call_the_api_again() {
    let fake = Arc::new(FakeGateway::open(Rules { shards: 4, ..rules() }).await);
    let (gateway, asked) = (Arc::clone(&fake), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let mut bot = Bot::at(fake, move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(gateway.gateway_bot())
    })
    .await;
    bot.until(|state| *state == State::Ready).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1 + 4, "once for their number, and once each");
    bot.close().await;
}

#[tokio::test]
async fn it_closes_within_a_second_from_every_state() {
    for acceptance in [FakeDoor::Shut, FakeDoor::Mute, FakeDoor::Open] {
        let fake = Arc::new(FakeGateway::open(rules()).await);
        fake.acceptance(acceptance);
        fake.withhold_hello();
        let asked = Arc::clone(&fake);
        let mut bot = Bot::at(fake, move || Ok(asked.gateway_bot())).await;
        bot.seen(|truth| truth.connections > 0).await;
        if acceptance == FakeDoor::Shut {
            bot.until(|state| matches!(state, State::Lost { .. })).await;
        }
        let took = bot.close().await;
        assert!(took < SOON, "{acceptance:?}: {took:?}");
    }
}

#[test]
fn a_runtime_shuts_down_without_waiting_for_the_gateway() {
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let bot = runtime.block_on(Bot::ready(rules()));
        let begin = tokio::time::Instant::now();
        drop(runtime);
        assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
        drop(bot);
    }
}
