//! Tests of the fake Slack: what its referee must reject, what it delivers, how it injects faults.

mod bot;
mod delivery;
mod failures;
mod files;
mod limits;
mod markup;
mod messages;
mod modals;
mod people;
mod rules;
