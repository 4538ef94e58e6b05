//! `serve`: one listener for health, metrics and every surface that needs HTTP, and a graceful shutdown.
//!
//! Shutdown: refuse new races, let live ones run until shortly before the deadline, interrupt the rest, show every final
//! frame, close the tabs, exit. No message stays on "writing".

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Composition, SUCCESS, background, exposure,
    health::{self, Health},
    http_server::{self, MAX_METRICS_CONNECTIONS, max_connections},
    listen::{AddressSource, bind, reachable},
    output::note,
    platforms::Platforms,
};
use crate::{
    arena::{Arena, Finisher},
    config::{self, ArenaConfig, Config, ConfigError},
    slack,
    store::Store,
    web::{Hosts, LocalChannel},
};

/// The part of the drain time that final frames need, besides their waits for slots.
const FINAL_FRAMES: Duration = Duration::from_secs(2);

/// The time that final frames get, however short the drain time is.
const MIN_FINAL_FRAMES: Duration = Duration::from_millis(500);

/// Serves until `shutdown` is cancelled and the drain is over.
pub(super) async fn serve(app: &Composition, shutdown: CancellationToken) -> Result<u8, ConfigError> {
    let config = &app.config;
    let (listener, address) = bind(config.http.listen, AddressSource::Listen(config))?;
    let store = app.store();
    let arena = Arc::new(app.arena().with_store(store.clone(), app.caps()));
    let (closed, servers) = (CancellationToken::new(), TaskTracker::new());
    let platforms = Platforms::new(app, &arena)?;
    let runtimes = [Handle::current(), app.lane_runtime.clone()];
    let beats = runtimes.each_ref().map(|runtime| health::start_heartbeat(runtime, &servers, &closed));
    let health =
        Health { platforms: platforms.clone(), store: store.state(), draining: shutdown.clone(), beats };
    let mut router = health::probes(health, guarded_hosts(config, address));
    match config.http.metrics_listen.filter(|address| *address != config.http.listen) {
        None => router = router.merge(health::metrics(guarded_hosts(config, address))),
        Some(address) => {
            let (listener, address) = bind(address, AddressSource::MetricsListen(config))?;
            tracing::info!(%address, "listening for metrics");
            let router = health::metrics(guarded_hosts(config, address));
            servers.spawn(http_server::serve(listener, router, MAX_METRICS_CONNECTIONS, closed.clone()));
        }
    }
    let local = is_local_channel_on(app);
    if local && !config.http.listen.ip().is_loopback() {
        tracing::warn!(listen = %config.http.listen, "the local channel has no login and is served beyond this machine");
    }
    let channel = local.then(|| open_channel(app, &arena, &servers, &closed));
    if let Some(channel) = &channel {
        router = router.merge(channel.router());
    }
    router = router.merge(platforms.router());
    let open_store = OpenStore::new(&store);
    platforms.run(&servers, &store, &shutdown, &closed);
    let local_finisher = channel.clone().map(|channel| Arc::new(channel) as Arc<dyn Finisher>);
    let finishers = platforms.finishers().into_iter().chain(local_finisher).collect();
    servers.spawn(Arc::clone(&arena).recover(finishers, shutdown.clone()));
    background::start(app, &arena, &store, &platforms.alert_channels(), (&servers, &shutdown));
    announce(app, address, local);
    warn(app);
    servers.spawn(http_server::serve(listener, router, max_connections(), closed.clone()));
    servers.spawn(closed.clone().run_until_cancelled_owned(health::upkeep(
        platforms.clone(),
        store.state(),
        Arc::clone(&arena),
        runtimes,
    )));
    servers.close();
    shutdown.cancelled().await;
    let (now, drain) = (Instant::now(), Duration::from_secs(config.arena.drain_seconds));
    let deadline = now + drain.max(MIN_FINAL_FRAMES);
    let finals = FINAL_FRAMES + platforms.finals();
    let ended = arena.drain(now + drain.saturating_sub(finals), deadline).await;
    channel.inspect(LocalChannel::close);
    closed.cancel();
    let _ = timeout_at(deadline, servers.wait()).await;
    open_store.close(deadline).await;
    if !ended {
        tracing::error!("the drain time ended before every message had its final frame");
    }
    Ok(SUCCESS)
}

/// The store while it is open, which outlives everything that writes into it.
pub(super) struct OpenStore {
    closed: CancellationToken,
    tasks: TaskTracker,
}

impl OpenStore {
    pub(super) fn new(store: &Store) -> Self {
        let (closed, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (store, token) = (store.clone(), closed.clone());
        tasks.spawn(async move { store.run(token).await });
        tasks.close();
        Self { closed, tasks }
    }

    /// Releases this process's lease, so that others know at once that it is gone.
    pub(super) async fn close(self, deadline: Instant) {
        self.closed.cancel();
        let _ = timeout_at(deadline + MIN_FINAL_FRAMES, self.tasks.wait()).await;
    }
}

/// Returns true if the local channel is served: by default only without a chat token, and on loopback.
pub(super) fn is_local_channel_on(app: &Composition) -> bool {
    match app.config.local_channel {
        config::LocalChannel::Off => false,
        config::LocalChannel::Auto => !app.has_chat_platform() && app.config.http.listen.ip().is_loopback(),
        config::LocalChannel::On => true,
    }
}

/// Returns the local channel and restores its history as a task of `servers` until `closed` is cancelled.
fn open_channel(
    app: &Composition,
    arena: &Arc<Arena>,
    servers: &TaskTracker,
    closed: &CancellationToken,
) -> LocalChannel {
    let config = &app.config;
    let channel = LocalChannel::new(Arc::clone(arena), app.examples.clone(), hosts(config))
        .with_missing_keys(config.missing_keys());
    let (restored, closed) = (channel.clone(), closed.clone());
    servers.spawn(async move { closed.run_until_cancelled(restored.restore()).await });
    channel
}

/// Returns the hosts under which probes on `address` respond; `None` for any, beyond loopback.
fn guarded_hosts(config: &Config, address: SocketAddr) -> Option<Hosts> {
    address.ip().is_loopback().then(|| Hosts::loopback(config.http.allowed_hosts.clone()))
}

/// Returns the host names that the local channel answers to.
fn hosts(config: &Config) -> Hosts {
    let allowed = config.http.allowed_hosts.clone();
    if config.http.listen.ip().is_loopback() { Hosts::loopback(allowed) } else { Hosts::open(allowed) }
}

/// Reports the `address` and the `local` channel.
fn announce(app: &Composition, address: SocketAddr, local: bool) {
    let config = &app.config;
    tracing::info!(%address, configuration = config.origin, "listening");
    if local {
        note(format_args!("LLM Arena: the local channel is at http://{}", reachable(address)));
        if config.models.iter().any(|model| model.card.simulated) {
            note("Models whose provider has no key are simulated, and say so.");
        }
    } else if !app.has_chat_platform() {
        tracing::warn!("no chat token and no local channel: set one of them, or no one can ask");
    }
}

/// Logs what an operator should look at.
fn warn(app: &Composition) {
    warn_of_drain(app);
    exposure::warn(&app.config);
    app.unused_alerts().iter().for_each(|warning| tracing::warn!("{warning}"));
}

/// Warns if a restart among as many races as may run would leave some without their final frame: Slack takes those one after
/// the other. With the default limits such a crowd is unlikely, and the next start finishes what is left, so only the
/// operator's own numbers are judged.
fn warn_of_drain(app: &Composition) {
    let config = &app.config;
    let limits = |arena: &ArenaConfig| (arena.concurrent_races, arena.drain_seconds);
    if limits(&config.arena) == limits(&ArenaConfig::default()) {
        return;
    }
    let (races, drain_seconds) = (config.arena.concurrent_races, config.arena.drain_seconds);
    let would_do = (FINAL_FRAMES + slack::finals_of(races)).as_millis().div_ceil(1_000);
    if app.slack.is_some() && u128::from(drain_seconds) < would_do {
        tracing::warn!(
            drain_seconds,
            would_do,
            "[arena] drain_seconds is too short for the final frames of {races} races on Slack, which is \
             [arena] concurrent_races: set it to {would_do}, or lower concurrent_races"
        );
    }
}
