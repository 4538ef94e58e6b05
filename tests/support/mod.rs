//! The fake world of the tests.

pub mod crowd;
pub mod cut;
pub mod discord;
pub mod film;
pub mod form;
pub mod house;
pub mod postgres;
pub mod program;
pub mod provider;
pub mod scenario;
pub mod script;
pub mod service;
pub mod skip;
pub mod slack;
pub mod wait;
pub mod window;
