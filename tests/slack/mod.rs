//! Who watches the referee: what the fake Slack must not let pass, what it tells, how it fails when asked to.

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
