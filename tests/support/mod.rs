//! The fake world of the tests.

pub mod alerts;
pub mod client;
pub mod crowd;
pub mod discord;
pub mod fake;
pub mod film;
pub mod multipart;
pub mod postgres;
pub mod program;
pub mod provider;
pub mod proxy;
pub mod scenario;
pub mod script;
pub mod service;
pub mod skip;
pub mod slack;
pub mod wait;
pub mod window;
