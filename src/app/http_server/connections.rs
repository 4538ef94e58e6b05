//! The open connections of a server: each holds a permit, and the least useful one is closed when there is no room.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::{counter, gauge};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::make_room;
use crate::telemetry::{field, metrics as name};

/// The time that a connection has before it can be closed to make room: enough for a request that is on its way, even while
/// connections come faster than they can be read.
const MIN_WAIT: Duration = Duration::from_millis(20);

/// The open connections.
pub(super) struct Connections {
    permits: Arc<Semaphore>,
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    next_id: AtomicU64,
}

/// The state of one connection.
pub(super) struct Connection {
    state: Mutex<State>,
    closed: CancellationToken,
}

struct State {
    /// A request was read whose response is not taken yet.
    is_serving: bool,
    /// The client does not read what is being sent.
    is_stalled: bool,
    /// The time of the last change.
    since: Instant,
}

impl State {
    fn is_busy(&self) -> bool {
        self.is_serving || self.is_stalled
    }
}

/// An open connection; dropped, it makes room for another.
pub(super) struct OpenConnection {
    connections: Arc<Connections>,
    id: u64,
    connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(max: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(max)), open: Mutex::default(), next_id: AtomicU64::default() }
    }

    /// Returns a new connection, for which another may be closed; `otherwise` is called while none can be closed. Returns
    /// `None` if that does not help either.
    pub(super) async fn open(self: &Arc<Self>, otherwise: impl Fn() -> bool) -> Option<OpenConnection> {
        let Some(permit) = make_room(&self.permits, 1, || self.close_one() || otherwise()).await else {
            counter!(name::HTTP_REFUSED, field::REASON => "connections").increment(1);
            return None;
        };
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let state = State { is_serving: false, is_stalled: false, since: Instant::now() };
        let connection = Arc::new(Connection { state: Mutex::new(state), closed: CancellationToken::new() });
        self.lock().insert(id, Arc::clone(&connection));
        gauge!(name::HTTP_CONNECTIONS).increment(1.0);
        Some(OpenConnection { connections: Arc::clone(self), id, connection, _permit: permit })
    }

    /// Closes the connection that waited longest without a whole request head, or else the one whose client reads slowest.
    /// Returns false if there is neither.
    pub(super) fn close_one(&self) -> bool {
        self.close_oldest(|state| !state.is_busy()) || self.close_slowest_reader()
    }

    /// Closes the connection that has waited longest for its client to read. Returns false if there is none.
    pub(super) fn close_slowest_reader(&self) -> bool {
        self.close_oldest(|state| state.is_stalled)
    }

    fn close_oldest(&self, is_candidate: impl Fn(&State) -> bool) -> bool {
        let open = self.lock();
        let candidates = open.values().filter(|connection| !connection.closed.is_cancelled());
        let oldest = candidates
            .filter_map(|connection| {
                let state = connection.lock();
                let is_candidate = is_candidate(&state) && state.since.elapsed() >= MIN_WAIT;
                is_candidate.then_some((state.since, connection))
            })
            .min_by_key(|(since, _)| *since);
        let Some((_, connection)) = oldest else { return false };
        connection.closed.cancel();
        counter!(name::HTTP_REFUSED, field::REASON => "connections").increment(1);
        true
    }

    /// Locks the connections. No critical section can panic half way, so a poisoned lock still guards valid data.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.id);
        gauge!(name::HTTP_CONNECTIONS).decrement(1.0);
    }
}

impl Connection {
    /// Completes when the connection is to be closed to make room.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Marks the connection as serving a request until the guard is dropped.
    pub(super) fn serve(self: Arc<Self>) -> Serving {
        self.change(|state| state.is_serving = true);
        Serving(self)
    }

    /// Returns true while a request is being served or its response is being sent.
    pub(super) fn is_busy(&self) -> bool {
        self.lock().is_busy()
    }

    /// Records if the client has stopped reading.
    pub(super) fn set_stalled(&self, is_stalled: bool) {
        if self.lock().is_stalled != is_stalled {
            self.change(|state| state.is_stalled = is_stalled);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.since = Instant::now();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being served.
pub(super) struct Serving(Arc<Connection>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.change(|state| state.is_serving = false);
    }
}
