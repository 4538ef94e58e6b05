//! The fake world of the tests.

pub mod film;
pub mod script;
