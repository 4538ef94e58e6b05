//! The fake world of the tests.

pub mod discord;
pub mod film;
pub mod program;
pub mod provider;
pub mod script;
pub mod window;
