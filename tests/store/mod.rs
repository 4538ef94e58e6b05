//! The conformance suite of the store: one set of stories and one property, on SQLite and on a real PostgreSQL.

pub mod engine;
mod laws;
mod leases;
mod limits;
mod memory;

use std::sync::Arc;

use llm_arena::{
    model::{Availability, FinishReason, ModelCard, Prices},
    race::{
        Asker, RaceId,
        metrics::{Metrics, TokenCount},
        report::{LaneReport, Status},
    },
    store::{Admitted, Entry, Hold, Kept, Store},
};
use uuid::Uuid;

/// One story on each engine.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            #[tokio::test]
            async fn on_sqlite() {
                let engine = $crate::store::engine::Engine::sqlite();
                super::$story(&engine).await;
                engine.ends().await;
            }

            #[tokio::test]
            async fn on_postgres() {
                let Some(engine) = $crate::store::engine::Engine::postgres().await else { return };
                super::$story(&engine).await;
                engine.ends().await;
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
        status: Status::Finished(FinishReason::new("stop")),
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
        },
        error: None,
        availability: Availability::Listed,
        simulated: false,
        was_sent: true,
    }
}

/// What a story asks for.
struct Asks<'a> {
    id: RaceId,
    delivery: Option<&'a str>,
    who: &'a str,
    holds: &'a [Hold],
    a_minute: u64,
}

impl Default for Asks<'_> {
    fn default() -> Self {
        Self { id: race(), delivery: None, who: "ana", holds: &[], a_minute: 1_000 }
    }
}

impl Asks<'_> {
    async fn of(&self, store: &Store) -> Admitted {
        let (asker, lanes) = (asker(self.who), [lane("a", ""), lane("b", "")]);
        let entry = Entry {
            id: self.id,
            platform: "test",
            delivery: self.delivery,
            asker: &asker,
            prompt: "why?",
            lanes: &lanes,
            reference: Some("there"),
            holds: self.holds,
            races_per_minute: self.a_minute,
        };
        store.admit(&entry).await.expect("an answer")
    }
}

fn money(amount: u64, most: u64) -> Hold {
    Hold { scope: "day".into(), period: 30_000, amount, most, kept: Kept::Spent }
}

fn slots(amount: u64, most: u64) -> Hold {
    Hold { scope: "provider:fake".into(), period: 0, amount, most, kept: Kept::Nothing }
}
