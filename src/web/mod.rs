//! The local channel: a chat page that this service serves itself, so that a race needs no chat account.
//!
//! ```text
//! browser -> guard   refuses requests of other web pages
//!         -> page    static files
//!         -> api     commands and buttons -> arena
//! arena -> surface -> render (JSON) -> channel -> api (event stream) -> every open tab
//! store -> restore -> render        -> channel           after a start, and while a vote from before it goes on
//! ```
//!
//! There is no login: everyone who can open the page can use it, so the composition root decides on which address it is
//! served.

mod api;
mod channel;
mod guard;
mod page;
mod render;
mod restore;
mod surface;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};

pub(crate) use self::api::{FILES_PATH, MAX_FILES_BODY};
pub use self::guard::Hosts;
use self::{
    api::{AddressLimit, Audience},
    channel::Channel,
};
use crate::{arena::Arena, guide::Example};

/// The platform's name in the store.
const PLATFORM: &str = "web";
/// The most bytes of a character in JSON: two escaped UTF-16 code units.
const MAX_CHAR_BYTES: usize = 12;
/// The most bytes of a request's body beside the prompt.
const MAX_BODY_OVERHEAD: usize = 4 * 1024;

/// The local channel. Clones share it.
#[derive(Clone)]
pub struct LocalChannel {
    arena: Arc<Arena>,
    examples: Arc<[Example]>,
    missing_keys: Arc<[String]>,
    hosts: Hosts,
    channel: Arc<Channel>,
    address_limit: Arc<AddressLimit>,
    audience: Arc<Audience>,
}

impl LocalChannel {
    /// Returns an empty channel whose races run in `arena` and whose page is served under `hosts`.
    #[must_use]
    pub fn new(arena: Arc<Arena>, examples: Vec<Example>, hosts: Hosts) -> Self {
        let address_limit = Arc::new(AddressLimit::new(arena.limits().races_per_minute));
        let (examples, channel) = (examples.into(), Arc::new(Channel::new()));
        Self {
            arena,
            examples,
            missing_keys: Arc::default(),
            hosts,
            channel,
            address_limit,
            audience: Arc::default(),
        }
    }

    /// Returns this channel with the names of the variables that hold the missing keys of simulated models.
    #[must_use]
    pub fn with_missing_keys(self, names: Vec<String>) -> Self {
        Self { missing_keys: names.into(), ..self }
    }

    /// Returns the page at `/`, its files below `/assets/` and its calls below `/api/`, all of them guarded. Routes that are
    /// merged later are not.
    pub fn router(&self) -> Router {
        page::routes()
            .merge(api::routes())
            .layer(DefaultBodyLimit::max(
                MAX_CHAR_BYTES * self.arena.limits().prompt_chars + MAX_BODY_OVERHEAD,
            ))
            .layer(middleware::from_fn_with_state(self.hosts.clone(), guard::guard))
            .with_state(self.clone())
    }

    /// Ends every tab's stream once it has the latest state, so that a graceful shutdown does not wait for them. To be
    /// called after the races are over; tabs reconnect by themselves.
    pub fn close(&self) {
        self.channel.close();
    }
}
