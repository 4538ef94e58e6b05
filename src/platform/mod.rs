//! The code that Discord and Slack share.
//!
//! ```text
//! webhook (HTTP deliveries) or a connection of the platform's own
//!   -> the platform reads the delivery -> handlers: parse, admit, record -> Outcome
//!   -> the platform answers and, for a race, hands its surface to the arena
//! ```
//!
//! [`connection`] reports to readiness how far a platform is, [`permit`] lets calls wait for a rate limiter, [`retry`]
//! repeats them until a deadline, [`seal`] binds buttons to the place of their message, [`dedup`] drops duplicate
//! deliveries, and [`files`] fetches what people attached. A platform keeps what really differs: its limits, its markup and
//! its wire types.

pub(crate) mod connection;
mod dedup;
pub(crate) mod files;
pub(crate) mod handlers;
mod http_client;
pub(crate) mod message;
pub(crate) mod metrics;
pub(crate) mod permissions;
pub(crate) mod permit;
mod retry;
pub(crate) mod seal;
pub(crate) mod webhook;
pub(crate) mod websocket;

pub(crate) use self::{
    connection::ConnectionState,
    dedup::Dedup,
    http_client::{http_client, read_body},
    retry::retry_until,
};
