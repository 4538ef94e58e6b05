//! `/healthz`, `/readyz` and `/metrics`: whether the runtime is alive, what readiness misses, what the process uses.
//!
//! `/healthz` checks nothing outside the process: no restart mends an outage of a platform or of the store. It responds under
//! any host name. The other two obey the rule of [`Hosts`] where the service listens on loopback, so that no web page can
//! read them under a name of its own (DNS rebinding); elsewhere they respond under any name, as a scraper may use.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics::gauge;
use metrics_process::Collector;
use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::platforms::Platforms;
use crate::{
    arena::Arena,
    store,
    telemetry::{
        field,
        metrics::{self as name, handle as recorder},
    },
    web::Hosts,
};

/// The interval at which the recorder folds its samples.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// The interval of the heartbeat.
const BEAT: Duration = Duration::from_secs(1);
/// A runtime whose timers are late by this much is stuck.
const STUCK: Duration = Duration::from_secs(5);

/// The state that the probes report.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) platforms: Platforms,
    pub(super) store: watch::Receiver<store::State>,
    pub(super) draining: CancellationToken,
    /// The times of the last heartbeats of the service's runtime and of the lanes', from [`beats`].
    pub(super) beats: [watch::Receiver<Instant>; 2],
}

/// Starts the heartbeat of `runtime`, until `closed` is cancelled, and returns the time of its last beat.
pub(super) fn start_heartbeat(
    runtime: &Handle,
    servers: &TaskTracker,
    closed: &CancellationToken,
) -> watch::Receiver<Instant> {
    let (stamp, beat) = watch::channel(Instant::now());
    servers.spawn_on(closed.clone().run_until_cancelled_owned(beats(stamp)), runtime);
    beat
}

/// Sends the time once a second for as long as there is a receiver.
async fn beats(stamp: watch::Sender<Instant>) {
    let mut turn = interval(BEAT);
    turn.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !stamp.is_closed() {
        turn.tick().await;
        stamp.send_replace(Instant::now());
    }
}

/// Returns the routes `/healthz` and `/readyz`; the latter under these hosts, or under any.
pub(super) fn probes(health: Health, hosts: Option<Hosts>) -> Router {
    let ready = guarded(Router::new().route("/readyz", get(readyz)), hosts);
    Router::new().route("/healthz", get(healthz)).merge(ready).with_state(health)
}

/// Returns `router` under these hosts, or under any.
fn guarded<S: Clone + Send + Sync + 'static>(router: Router<S>, hosts: Option<Hosts>) -> Router<S> {
    match hosts {
        Some(hosts) => router.layer(middleware::from_fn_with_state(hosts, check_host)),
        None => router,
    }
}

async fn check_host(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if hosts.allow_request(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let text = "unknown host name: use 127.0.0.1 or localhost, or add the name to allowed_hosts in [http]\n";
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

async fn healthz(State(health): State<Health>) -> (StatusCode, &'static str) {
    if is_alive(&health.beats) {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the runtime is stuck: its timers are late\n")
    }
}

/// Returns true if the runtimes of these last `beats` are alive.
fn is_alive(beats: &[watch::Receiver<Instant>]) -> bool {
    beats.iter().all(|beat| beat.borrow().elapsed() < STUCK)
}

/// The store is available if it took a write within the last seconds: this process's lease.
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

/// Returns the route `/metrics` under these hosts, or under any.
pub(super) fn metrics(hosts: Option<Hosts>) -> Router {
    let page = Arc::new(MetricsPage::new());
    let respond = async move || ([(CONTENT_TYPE, "text/plain; charset=utf-8")], page.get().await);
    guarded(Router::new().route("/metrics", get(respond)), hosts)
}

/// The page of the metrics; memory, open files and CPU of the process are measured for it. One page is rendered at a time, and
/// requests that came before its rendering began share it, so that many of them occupy one core at most.
struct MetricsPage {
    process: Collector,
    last: Mutex<(Instant, Bytes)>,
}

impl MetricsPage {
    fn new() -> Self {
        // descriptions before the recorder is installed would be lost
        let _ = recorder();
        let process = Collector::default();
        process.describe();
        Self { process, last: Mutex::new((Instant::now(), Bytes::new())) }
    }

    async fn get(&self) -> Bytes {
        let requested_at = Instant::now();
        let mut last = self.last.lock().await;
        if last.0 < requested_at || last.1.is_empty() {
            let rendered_at = Instant::now();
            self.process.collect();
            *last = (rendered_at, recorder().render().into());
        }
        last.1.clone()
    }
}

/// Folds the recorder's samples and updates the gauges.
pub(super) async fn upkeep(
    platforms: Platforms,
    store: watch::Receiver<store::State>,
    arena: Arc<Arena>,
    runtimes: [Handle; 2],
) {
    let mut turn = interval(UPKEEP_INTERVAL);
    loop {
        turn.tick().await;
        let tasks: usize = runtimes.iter().map(|runtime| runtime.metrics().num_alive_tasks()).sum();
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
    async fn late_timers_of_any_runtime_are_noticed() {
        let (stamp, beat) = watch::channel(Instant::now());
        let minute = tokio::time::timeout(Duration::from_mins(1), beats(stamp));
        assert!(minute.await.is_err(), "it beats as long as there is a receiver");
        advance(STUCK.saturating_sub(BEAT * 2)).await;
        let (stamp, other) = watch::channel(Instant::now());
        let both = [other, beat];
        assert!(is_alive(&both));
        advance(BEAT * 2).await;
        stamp.send_replace(Instant::now());
        assert!(is_alive(&both[..1]) && !is_alive(&both));
    }
}
