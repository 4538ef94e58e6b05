//! One gateway session through serenity, from the IDENTIFY to its end; resumes are part of it.
//!
//! serenity's own client starts an ended shard anew by itself, with fixed pauses and without a look at the
//! session start limit. So its runner is driven here, one for each session, with a manager whose queue of
//! shards to start is dead: whatever the runner asks it to restart comes back to us as the end of `run`.
//!
//! The runner has a thread of its own, because it can spin (see [`Pulse`]); its events are tasks of the runtime
//! as all else. Must not know budgets or what follows an end.
//!
//! What serenity does not tell: op 9 with `false`, a missed heartbeat, the close codes 4010, 4011 and 4012 are
//! all just an end. A resume that cannot connect ends the session too; interactions that were missed by then
//! are older than their 3 seconds anyway.

use std::{io, sync::Arc, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use serenity::{
    Error,
    all::{
        GatewayError, GatewayIntents, Http, HttpBuilder, RawEventHandler, Shard, ShardId, ShardInfo,
        ShardManager, ShardManagerOptions, ShardMessenger, ShardRunner, ShardRunnerOptions,
    },
};
use tokio::{
    runtime,
    task::{JoinError, spawn_blocking},
    time::{Instant, interval, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    events::{Session, leave},
    pulse::Pulse,
};

/// For TCP, TLS and the WebSocket's handshake.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the runner may take to leave: it looks for orders twice a second.
const LEAVE: Duration = Duration::from_millis(700);
/// How often its pulse is felt.
const FEEL: Duration = Duration::from_millis(250);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// We were told to close.
    Closed,
    /// There was no connection, so no IDENTIFY was spent.
    Unreachable(&'static str),
    /// Discord or the network ended it, for reasons that may pass.
    Lost(&'static str),
    /// It is of no use to come again.
    Refused(&'static str),
}

/// What is wrong with a token that Discord does not know.
pub(super) const WRONG_TOKEN: &str = "Discord refuses DISCORD_TOKEN: copy the bot's token anew (Developer Portal, \
    your application, Bot, Reset Token), set it and start again";
const WRONG_INTENTS: &str = "Discord refuses the gateway intents of this bot, although it asks for none: take the \
     newest version of LLM Arena, or set discord.mode = \"http\"";

/// What all sessions share: the token, and a REST client that serenity wants and nobody uses.
pub(super) struct Door {
    token: SecretString,
    http: Arc<Http>,
    longest_rest: Duration,
}

impl Door {
    /// The REST client gets no token and a port at which nobody can listen. `longest_rest`: see [`Pulse`].
    pub(super) fn new(token: SecretString, longest_rest: Duration) -> Self {
        let http = HttpBuilder::new("").proxy("http://127.0.0.1:0").ratelimiter_disabled(true).build();
        Self { token, http: Arc::new(http), longest_rest }
    }

    /// Runs one session of `shard` (its number, of how many) until it ends; at most one IDENTIFY, which goes
    /// right after `connected` was called. When
    /// `closed` it ends within a second, with close code 1000 where there is a connection. Dropping it ends the
    /// session as well.
    pub(super) async fn session(
        &self,
        shard: (u32, u32),
        session: &Arc<Session>,
        connected: impl FnOnce(),
        closed: &CancellationToken,
    ) -> Ended {
        let runner = match closed.run_until_cancelled(Box::pin(self.runner(shard, session))).await {
            None => return Ended::Closed,
            Some(Err(_)) => return Ended::Unreachable("the Discord gateway could not be reached"),
            Some(Ok(runner)) => runner,
        };
        connected();
        supervise(runner, self.longest_rest, closed).await
    }

    async fn runner(
        &self,
        (shard, total): (u32, u32),
        session: &Arc<Session>,
    ) -> Result<ShardRunner, Silent> {
        let (id, address) = (ShardId(shard), session.address());
        let info = ShardInfo { id, total };
        let token = self.token.expose_secret();
        let shard = Shard::new(Arc::clone(&address), token, info, GatewayIntents::empty(), None);
        let shard = timeout(CONNECT, shard).await.map_err(|_| Silent)?.map_err(|_| Silent)?;
        let manager = idle_manager(&self.http).map_err(|_| Silent)?;
        // answers the question that the runner puts before it ends, which nobody else will: it waits 5 s
        manager.shutdown_finished(id);
        Ok(ShardRunner::new(ShardRunnerOptions {
            data: Arc::default(),
            event_handlers: vec![],
            raw_event_handlers: vec![Arc::clone(session) as Arc<dyn RawEventHandler>],
            manager,
            shard,
            http: Arc::clone(&self.http),
        }))
    }
}

/// serenity's errors hold addresses and payloads: none is kept.
#[derive(Debug)]
struct Silent;

/// A manager that starts nothing: its queue is a task of a runtime that never runs and is gone at once.
fn idle_manager(http: &Arc<Http>) -> io::Result<Arc<ShardManager>> {
    let nowhere = runtime::Builder::new_current_thread().build()?;
    let (manager, _) = {
        let _spawns_there = nowhere.enter();
        ShardManager::new(ShardManagerOptions {
            data: Arc::default(),
            event_handlers: vec![],
            raw_event_handlers: vec![],
            shard_index: 0,
            shard_init: 0,
            shard_total: 0,
            ws_url: Arc::default(),
            http: Arc::clone(http),
            intents: GatewayIntents::empty(),
            presence: None,
        })
    };
    nowhere.shutdown_background();
    Ok(manager)
}

/// Ends the runner's thread however we end.
struct Leash {
    shard: ShardMessenger,
    cut: CancellationToken,
}

impl Drop for Leash {
    fn drop(&mut self) {
        leave(&self.shard);
        self.cut.cancel();
    }
}

async fn supervise(mut runner: ShardRunner, longest_rest: Duration, closed: &CancellationToken) -> Ended {
    let leash = Leash { shard: ShardMessenger::new(&runner), cut: CancellationToken::new() };
    let pulse = Arc::new(Pulse::new(Instant::now(), longest_rest));
    let (felt, cut, here) = (Arc::clone(&pulse), leash.cut.clone(), runtime::Handle::current());
    let mut thread =
        spawn_blocking(move || here.block_on(cut.run_until_cancelled_owned(pulse.beats(runner.run()))));
    let mut feel = interval(FEEL);
    let stuck = loop {
        tokio::select! {
            ended = &mut thread => return meaning(&ended),
            () = closed.cancelled() => break false,
            now = feel.tick() => if felt.is_stuck(now) { break true },
        }
    };
    leave(&leash.shard);
    tokio::select! {
        _ = &mut thread => {}
        () = sleep_until(Instant::now() + LEAVE) => {}
    }
    if stuck { Ended::Lost("the connection to the Discord gateway was stuck") } else { Ended::Closed }
}

fn meaning(ended: &Result<Option<serenity::Result<()>>, JoinError>) -> Ended {
    match ended {
        Ok(Some(Err(Error::Gateway(GatewayError::InvalidAuthentication)))) => Ended::Refused(WRONG_TOKEN),
        Ok(Some(Err(Error::Gateway(
            GatewayError::InvalidGatewayIntents | GatewayError::DisallowedGatewayIntents,
        )))) => Ended::Refused(WRONG_INTENTS),
        Err(_) => Ended::Lost("the connection to the Discord gateway failed within"),
        _ => Ended::Lost("the session at the Discord gateway ended"),
    }
}
