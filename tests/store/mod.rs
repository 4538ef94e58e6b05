//! The conformance suite of the store: the same tests on SQLite and on a real PostgreSQL.

mod attachments;
mod board;
mod canaries;
pub mod engine;
mod files;
mod incidents;
mod leases;
mod limits;
mod model;
mod orphans;
mod personas;
mod records;
mod samples;
pub mod team;
mod votes;
mod week;

use std::sync::Arc;

use llm_arena::{
    model::{Availability, FinishReason, ModelCard, Prices},
    race::{
        Asker, Circumstances, RaceId,
        conversation::Context,
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Status},
        timeline::Timeline,
        vote::RaceKind,
    },
    store::{AdmitOutcome, NewRace, Refund, Reservation, Store},
};
use uuid::Uuid;

/// Defines each test once per engine.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            #[tokio::test]
            async fn on_sqlite() {
                let engine = $crate::store::engine::Engine::sqlite();
                super::$story(&engine).await;
                engine.drop_database().await;
            }

            #[tokio::test]
            async fn on_postgres() {
                let Some(engine) = $crate::store::engine::Engine::postgres().await else { return };
                super::$story(&engine).await;
                engine.drop_database().await;
            }
        }
    )+};
}
pub(crate) use on_both;

fn race() -> RaceId {
    RaceId::new(Uuid::now_v7())
}

fn asker(name: &str) -> Asker {
    Asker { id: format!("test:{name}"), name: name.to_owned() }
}

fn lane(model: &str, answer: &str) -> LaneReport {
    let prices = Prices { input: 1_000_000, output: 2_000_000, max_output: 100, overhead: 0 };
    let card = ModelCard { prices: Some(prices), ..super::stories::card(model) };
    LaneReport {
        card: Arc::new(card),
        status: Status::Finished(Some(FinishReason::new("stop"))),
        answer: answer.to_owned(),
        reasoning: "hm".into(),
        metrics: Metrics {
            prompt_tokens: Some(10),
            output_tokens: 20,
            reasoning_tokens: None,
            token_count: TokenCount::Usage,
            cached_tokens: None,
            ttft: Some(std::time::Duration::from_millis(210)),
            ttfa: None,
            total: Some(std::time::Duration::from_millis(1_234)),
            tokens_per_second: Some(97.25),
            end_to_end_tokens_per_second: None,
            server_tokens_per_second: None,
            speed_source: None,
            speed_note: None,
        },
        timeline: Timeline::new(
            [(210, 1), (1_234, 20)].map(|(at, n)| (std::time::Duration::from_millis(at), n)),
        ),
        error: None,
        availability: Availability::Listed,
        simulated: false,
        served: None,
        provider_message: None,
        was_sent: true,
    }
}

/// A race to admit.
struct Request<'a> {
    files: &'a [String],
    id: RaceId,
    platform: &'a str,
    delivery: Option<&'a str>,
    message_ref: Option<&'a str>,
    user: &'a str,
    prompt: &'a str,
    circumstances: Circumstances,
    original: Option<RaceId>,
    parent: Option<(RaceId, Context)>,
    thread: Option<&'a str>,
    kind: RaceKind,
    tag: Option<&'a str>,
    reservations: &'a [Reservation],
    races_per_minute: u64,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            id: race(),
            platform: "test",
            delivery: None,
            message_ref: Some("there"),
            user: "ana",
            prompt: "why?",
            circumstances: Circumstances::default(),
            original: None,
            parent: None,
            thread: None,
            kind: RaceKind::Open,
            files: &[],
            tag: None,
            reservations: &[],
            races_per_minute: 1_000,
        }
    }
}

impl Request<'_> {
    async fn admit(&self, store: &Store) -> AdmitOutcome {
        let (asker, lanes) = (asker(self.user), [lane("a", ""), lane("b", "")]);
        let race = NewRace {
            id: self.id,
            platform: self.platform,
            delivery: self.delivery,
            asker: &asker,
            prompt: self.prompt,
            circumstances: &self.circumstances,
            original: self.original,
            tag: self.tag,
            parent: self.parent,
            thread: self.thread,
            notes: &[],
            kind: self.kind,
            server: "test",
            contenders: &[],
            lanes: &lanes,
            message_ref: self.message_ref,
            reservations: self.reservations,
            files: self.files,
            races_per_minute: self.races_per_minute,
        };
        store.admit(&race).await.expect("an answer")
    }
}

fn money(amount: u64, limit: u64) -> Reservation {
    Reservation { scope: "day".into(), period: 30_000, amount, limit, refund: Refund::Unspent }
}

fn slots(amount: u64, limit: u64) -> Reservation {
    Reservation { scope: "provider:fake".into(), period: 0, amount, limit, refund: Refund::All }
}
