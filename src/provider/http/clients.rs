//! The clients of one model. A client pools connections for whoever asks through it, so each request has a
//! client of its own while it runs, and what was prepared for one race is kept for it: put back as the last step
//! of its preparation and taken as the first of its request.
//!
//! Must not know what is asked.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::Client;
use tokio::time::Instant;

/// The most clients that are kept while nobody uses them.
const SPARES: usize = 32;
/// How long a client is kept: servers close idle connections after a minute or so.
const LIFE: Duration = Duration::from_mins(1);
/// A race takes what it prepared at once. What is left after this was prepared by a question for the line-up,
/// which no request follows.
const RESERVED: Duration = Duration::from_secs(10);

/// The clients that nobody uses now.
#[derive(Default)]
pub(super) struct Clients(Mutex<Vec<Spare>>);

struct Spare {
    client: Client,
    since: Instant,
    /// Its connection was opened for a request that is still to come.
    prepared: bool,
}

impl Clients {
    /// The client that was prepared last: the caller's own, if it asks right after its preparation.
    pub(super) fn prepared(&self) -> Option<Client> {
        self.take(|spare, _| spare.prepared)
    }

    /// A client that nobody waits for; it may have a connection.
    pub(super) fn free(&self) -> Option<Client> {
        self.take(|spare, now| !spare.prepared || now.duration_since(spare.since) >= RESERVED)
    }

    /// Keeps a client whose connection stands for a request to come.
    pub(super) fn keep_prepared(&self, client: Client) {
        self.keep(client, true);
    }

    /// Keeps a client that was used, for its connection and its memory.
    pub(super) fn keep_free(&self, client: Client) {
        self.keep(client, false);
    }

    fn take(&self, fits: impl Fn(&Spare, Instant) -> bool) -> Option<Client> {
        let now = Instant::now();
        let mut spares = self.spares(now);
        let index = spares.iter().rposition(|spare| fits(spare, now))?;
        Some(spares.remove(index).client)
    }

    fn keep(&self, client: Client, prepared: bool) {
        let since = Instant::now();
        let mut spares = self.spares(since);
        if spares.len() == SPARES {
            let index = spares.iter().position(|spare| !spare.prepared).unwrap_or(0);
            spares.remove(index);
        }
        spares.push(Spare { client, since, prepared });
    }

    /// The spares without those that are too old.
    fn spares(&self, now: Instant) -> MutexGuard<'_, Vec<Spare>> {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spares.retain(|spare| now.duration_since(spare.since) < LIFE);
        spares
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::provider::{Provider, http::client::build};

    fn client() -> Client {
        let provider = Provider::new("p", "http://127.0.0.1/v1".parse().expect("a URL"), None);
        build(&provider, LIFE).expect("a client")
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_prepared_is_for_a_request_and_what_is_left_for_anybody() {
        let clients = Clients::default();
        clients.keep_prepared(client());
        assert!(clients.free().is_none(), "it waits for its request");
        assert!(clients.prepared().is_some());
        clients.keep_prepared(client());
        advance(RESERVED).await;
        assert!(clients.free().is_some(), "nobody came for it");
    }

    #[tokio::test(start_paused = true)]
    async fn few_are_kept_and_not_for_long() {
        let (clients, client) = (Clients::default(), client());
        clients.keep_prepared(client.clone());
        for _ in 0..SPARES {
            clients.keep_free(client.clone());
        }
        assert_eq!(clients.spares(Instant::now()).len(), SPARES);
        assert!(clients.prepared().is_some(), "a free one goes first");
        advance(LIFE).await;
        assert!(clients.free().is_none());
    }
}
