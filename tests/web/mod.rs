//! The local channel over real sockets: its guard, its calls, and the updates of its tabs.

mod canaries;
mod cards;
mod files;
mod follow_up_limits;
mod follow_ups;
mod guard;
mod history;
mod overviews;
mod page;
mod races;
pub mod site;
mod votes;
