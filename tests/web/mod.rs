//! The local channel over real sockets: what its rules keep out, what its tabs see.

mod cards;
mod guard;
mod page;
mod races;
pub mod site;
