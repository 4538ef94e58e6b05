//! Who watches the referee: what the fake Discord must not let pass, what it tells, how it fails when asked to.

mod bodies;
mod bot;
mod delivery;
mod failures;
mod limits;
mod people;
mod published;
