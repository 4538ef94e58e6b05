//! A race: events go in, the state and the report come out. Everything but [`run`] is pure.
//!
//! ```text
//! ChatModel streams -> run (shell) -> event::RaceEvent -> state::RaceState -> report::Report
//!                                                               |                  |
//!                                                         view::View        lesson, cost, chart, store
//! ```
//!
//! - [`event`]: the only way in which time and news enter the state.
//! - [`state`]: the fold of events; `lane` is the part of one model.
//! - [`metrics`]: the definitions of the numbers; [`arrivals`] decides whether there is a speed, and [`figures`] writes
//!   numbers as people read them.
//! - [`timeline`]: when a lane's tokens arrived, in a few points.
//! - [`report`]: the result of a race; [`lesson`] explains it, [`cost`] prices it and [`json`] writes it for
//!   scripts.
//! - [`circumstances`]: what its message shows beside the prompt: a quoted message, a persona.
//! - [`usual`]: the usual speeds of its models, with which a result is compared.
//! - [`vote`]: the labels and ballots of a blind race; [`blind`] is what may be seen of it before they are counted.
//! - [`run`]: one task per lane, released from one barrier.

pub mod arrivals;
pub mod blind;
pub mod circumstances;
pub mod conversation;
pub mod cost;
pub mod event;
pub mod figures;
pub mod json;
mod lane;
pub mod lesson;
pub mod metrics;
mod plausible;
mod record;
pub mod report;
pub mod run;
pub mod state;
pub mod timeline;
pub mod usual;
pub mod vote;

pub use self::{
    circumstances::{Circumstances, Quote},
    record::{Asker, Entrant, PastRace, RaceId, Record},
};
