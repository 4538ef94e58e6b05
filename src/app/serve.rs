//! `serve`: one listener for health, metrics and every surface that wants HTTP, and an end in good order.
//!
//! The end: refuse new races, let live ones run until shortly before the deadline, interrupt the rest, show
//! every final frame, close the tabs, exit. Nothing stays on a live word.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    GOOD,
    health::{self, Health},
    lineup_of,
    listen::{Said, bind, reached},
    output::note,
    platforms::{self, Platforms},
    remembering,
};
use crate::{
    config::{self, Config, ConfigError},
    slack,
    store::Store,
    web::{Hosts, LocalChannel},
};

/// What the final frames need of the drain time, beside their waits for slots.
const FINALS: Duration = Duration::from_secs(2);

/// What the final frames get, however short the drain time is.
const FINALS_LEAST: Duration = Duration::from_millis(500);

/// Serves until `shutdown` is cancelled and the drain is over.
pub(super) async fn serve(config: Config, shutdown: CancellationToken) -> Result<u8, ConfigError> {
    let (listener, address) = bind(config.http.listen, Said::Listen(&config)).await?;
    let store = remembering::store(&config);
    let arena = Arc::new(lineup_of(&config).with_store(store.clone(), remembering::caps(&config)));
    let (closed, servers) = (CancellationToken::new(), TaskTracker::new());
    let platforms = Platforms::new(&config, &arena)?;
    let (stamp, beat) = watch::channel(Instant::now());
    servers.spawn(closed.clone().run_until_cancelled_owned(health::beats(stamp)));
    let health =
        Health { platforms: platforms.clone(), store: store.state(), draining: shutdown.clone(), beat };
    let mut router = health::probes(health);
    match config.http.metrics_listen.filter(|address| *address != config.http.listen) {
        None => router = router.merge(health::metrics()),
        Some(address) => {
            let (listener, address) = bind(address, Said::MetricsListen(&config)).await?;
            tracing::info!(%address, "listening for metrics");
            servers.spawn(http(listener, health::metrics(), closed.clone()));
        }
    }
    let local = local_channel(&config);
    let channel =
        local.then(|| LocalChannel::new(Arc::clone(&arena), platforms::examples(&config), hosts(&config)));
    if let Some(channel) = &channel {
        router = router.merge(channel.router());
    }
    router = router.merge(platforms.router());
    let remembered = Remembered::of(&store);
    platforms.run(&servers, &store, &shutdown, &closed);
    servers.spawn(Arc::clone(&arena).recover(platforms.finishers(), shutdown.clone()));
    announce(&config, address, local);
    warn_of_drain(&config);
    servers.spawn(http(listener, router, closed.clone()));
    servers.spawn(closed.clone().run_until_cancelled_owned(health::upkeep(
        platforms.clone(),
        store.state(),
        Arc::clone(&arena),
    )));
    servers.close();
    shutdown.cancelled().await;
    let (now, drain) = (Instant::now(), Duration::from_secs(config.arena.drain_seconds));
    let deadline = now + drain.max(FINALS_LEAST);
    let finals = FINALS + platforms.finals();
    let ended = arena.drain(now + drain.saturating_sub(finals), deadline).await;
    channel.inspect(LocalChannel::close);
    closed.cancel();
    let _ = timeout_at(deadline, servers.wait()).await;
    remembered.close(deadline).await;
    if !ended {
        tracing::error!("the drain time was over before every message had its final frame");
    }
    Ok(GOOD)
}

/// The store while it is open: longer than all that write into it.
struct Remembered {
    closed: CancellationToken,
    tasks: TaskTracker,
}

impl Remembered {
    fn of(store: &Store) -> Self {
        let (closed, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (store, token) = (store.clone(), closed.clone());
        tasks.spawn(async move { store.run(token).await });
        tasks.close();
        Self { closed, tasks }
    }

    /// Lets other processes know at once that this one is gone.
    async fn close(self, deadline: Instant) {
        self.closed.cancel();
        let _ = timeout_at(deadline + FINALS_LEAST, self.tasks.wait()).await;
    }
}

async fn http(listener: TcpListener, router: Router, closed: CancellationToken) {
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(closed.cancelled_owned()).await {
        tracing::error!(%error, "the HTTP server ended");
    }
}

/// Whether the local channel is served: by itself only where no chat token is set, on loopback.
fn local_channel(config: &Config) -> bool {
    let loopback = config.http.listen.ip().is_loopback();
    match config.local_channel {
        config::LocalChannel::Off => false,
        config::LocalChannel::Auto => !platforms::any(config) && loopback,
        config::LocalChannel::On => {
            if !loopback {
                let listen = config.http.listen;
                tracing::warn!(%listen, "the local channel has no login and is served beyond this machine");
            }
            true
        }
    }
}

/// The names under which the local channel answers.
fn hosts(config: &Config) -> Hosts {
    let allowed = config.http.allowed_hosts.clone();
    if config.http.listen.ip().is_loopback() { Hosts::loopback(allowed) } else { Hosts::open(allowed) }
}

/// Says that it listens on `address` and whether the `local` channel is there.
fn announce(config: &Config, address: SocketAddr, local: bool) {
    tracing::info!(%address, configuration = config.origin, "listening");
    if local {
        note(format_args!("LLM Arena: the local channel is at http://{}", reached(address)));
        if config.models.iter().any(|model| model.card.simulated) {
            note("Models whose provider has no key are simulated, and say so.");
        }
    } else if !platforms::any(config) {
        tracing::warn!("no chat token and no local channel: nobody can ask; set one of them");
    }
}

/// Says so where a restart among as many races as may run would leave some of them on their live words: Slack takes
/// their last frames one after the other.
fn warn_of_drain(config: &Config) {
    let (races, drain_seconds) = (config.arena.concurrent_races, config.arena.drain_seconds);
    let would_do = (FINALS + slack::finals_of(races)).as_millis().div_ceil(1_000);
    if platforms::slack_settings(config).is_some() && u128::from(drain_seconds) < would_do {
        tracing::warn!(
            drain_seconds,
            would_do,
            "[arena] drain_seconds is too short for the last frames of {races} races on Slack, which is \
             [arena] concurrent_races: set it to {would_do}, or lower concurrent_races"
        );
    }
}
