//! The local channel: a chat page that this service serves itself, so that a race needs no chat account.
//!
//! `page` gives the static files, `api` takes commands and buttons, `channel` keeps the messages and tells every
//! open tab of news, `surface` makes a race one of those messages, `render` and `cards` turn values of the core
//! into JSON, `guard` keeps other web pages out. There is no login: whoever may open the page may use it, so the
//! composition root decides on which address it is served. Must not know chat platforms, providers, charts.

mod api;
mod cards;
mod channel;
mod guard;
mod page;
mod render;
mod surface;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};

use self::channel::Channel;
pub use self::guard::Hosts;
use crate::{arena::Arena, guide::Example};

/// Bytes of a character in JSON at the most: two escaped UTF-16 code units.
const CHAR_BYTES: usize = 12;
/// Bytes of a request's body beside the prompt.
const BODY_ROOM: usize = 4 * 1024;

/// The local channel. Clones are the same channel.
#[derive(Clone)]
pub struct LocalChannel {
    arena: Arc<Arena>,
    examples: Arc<[Example]>,
    hosts: Hosts,
    channel: Arc<Channel>,
}

impl LocalChannel {
    /// An empty channel whose races run in `arena` and whose page answers to the names in `hosts`.
    #[must_use]
    pub fn new(arena: Arc<Arena>, examples: Vec<Example>, hosts: Hosts) -> Self {
        Self { arena, examples: examples.into(), hosts, channel: Arc::new(Channel::new()) }
    }

    /// The page at `/`, its files under `/assets/` and its calls under `/api/`, each with the rules of the
    /// local channel; routes that are merged with it do not get them.
    pub fn router(&self) -> Router {
        page::routes()
            .merge(api::routes())
            .layer(DefaultBodyLimit::max(CHAR_BYTES * self.arena.limits().prompt_chars + BODY_ROOM))
            .layer(middleware::from_fn_with_state(self.hosts.clone(), guard::guard))
            .with_state(self.clone())
    }

    /// Ends every tab's stream as soon as it has the newest state, so that a graceful shutdown does not wait
    /// for them. To be called once the races are over; tabs then try to come back by themselves.
    pub fn close(&self) {
        self.channel.close();
    }
}
