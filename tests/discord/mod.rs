//! Tests of the fake Discord: what its referee must reject, what it delivers, how it injects faults.

mod bodies;
mod bot;
mod delivery;
mod failures;
mod limits;
mod people;
mod published;
