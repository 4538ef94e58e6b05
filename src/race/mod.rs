//! A race: events in, state and report out. The core is pure.
//!
//! Must not know platforms, views or providers beyond the port [`crate::model::ChatModel`].

pub mod cost;
pub mod estimate;
pub mod event;
pub mod figures;
pub mod lesson;
pub mod metrics;
pub mod record;
pub mod report;
pub mod run;
pub mod state;
