//! One test binary: films under a paused clock, stories over real sockets, the tidiness of the tree.
#![expect(unreachable_pub, reason = "a test binary has no outside; `pub` marks what the fake world offers")]

mod browser;
mod discord;
mod films;
mod laws;
mod slack;
mod store;
mod stories;
mod support;
mod tidy;
mod web;
