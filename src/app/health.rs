//! The probes and what this process tells of itself: that its runtime turns, what it lacks, what it holds.
//!
//! `/healthz` asks about nothing outside of the process: no restart mends an outage of a platform or of the store.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics::gauge;
use metrics_process::Collector;
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::platforms::Platforms;
use crate::{
    arena::Arena,
    store,
    telemetry::{
        field,
        metrics::{self as name, handle as recorder},
    },
};

/// How often the recorder folds its samples.
const UPKEEP: Duration = Duration::from_secs(5);
const BEAT: Duration = Duration::from_secs(1);
/// A runtime that skips its timers for so long is stuck.
const STUCK: Duration = Duration::from_secs(5);

/// What the probes know.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) platforms: Platforms,
    pub(super) store: watch::Receiver<store::State>,
    pub(super) draining: CancellationToken,
    /// When a timer last came, as [`beats`] tells.
    pub(super) beat: watch::Receiver<Instant>,
}

/// Stamps each second for as long as anybody looks.
pub(super) async fn beats(stamp: watch::Sender<Instant>) {
    let mut turn = interval(BEAT);
    turn.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !stamp.is_closed() {
        turn.tick().await;
        stamp.send_replace(Instant::now());
    }
}

/// `/healthz` and `/readyz`.
pub(super) fn probes(health: Health) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(health)
}

async fn healthz(State(health): State<Health>) -> (StatusCode, &'static str) {
    if turns(*health.beat.borrow()) {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the runtime is stuck: its timers do not come\n")
    }
}

/// Whether the runtime turns whose last `beat` this is.
fn turns(beat: Instant) -> bool {
    beat.elapsed() < STUCK
}

/// The store is there when it took a write within the last seconds: this process's lease.
async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    let mut missing = health.platforms.missing();
    if let store::State::Unavailable { reason } = &*health.store.borrow() {
        missing.push(format!("the store: {reason}"));
    }
    missing.extend(health.draining.is_cancelled().then(|| "the service is shutting down".to_owned()));
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".into());
    }
    (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n")
}

/// `/metrics`; memory, open files and CPU of the process are looked at when it is asked for.
pub(super) fn metrics() -> Router {
    let (recorder, process) = (recorder(), Collector::default());
    process.describe();
    let page = move || {
        process.collect();
        std::future::ready(recorder.render())
    };
    Router::new().route("/metrics", get(page))
}

/// Folds the recorder's samples, and tells how things stand.
pub(super) async fn upkeep(platforms: Platforms, store: watch::Receiver<store::State>, arena: Arc<Arena>) {
    let mut turn = interval(UPKEEP);
    loop {
        turn.tick().await;
        let tasks = Handle::current().metrics().num_alive_tasks();
        gauge!(name::TASKS_ALIVE).set(u32::try_from(tasks).map_or(f64::INFINITY, f64::from));
        let up = |up: bool| if up { 1.0 } else { 0.0 };
        gauge!(name::STORE_UP).set(up(store.borrow().since().is_some()));
        for (platform, missing) in platforms.each() {
            gauge!(name::PLATFORM_UP, field::PLATFORM => platform).set(up(missing.is_empty()));
        }
        if let Some(left) = arena.budget_left().await {
            gauge!(name::BUDGET_REMAINING).set(left);
        }
        recorder().run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn timers_that_do_not_come_are_noticed() {
        let (stamp, beat) = watch::channel(Instant::now());
        let minute = tokio::time::timeout(Duration::from_mins(1), beats(stamp));
        assert!(minute.await.is_err(), "it beats as long as anybody looks");
        advance(STUCK.saturating_sub(BEAT * 2)).await;
        assert!(turns(*beat.borrow()));
        advance(BEAT * 2).await;
        assert!(!turns(*beat.borrow()));
    }
}
