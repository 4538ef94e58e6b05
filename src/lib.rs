//! LLM Arena: language models race in one chat message.
//!
//! # The way of a `/arena compare`
//!
//! 1. A platform ([`discord`], [`slack`], [`web`], [`terminal`]) reads a [`command::Command`].
//! 2. [`arena::Arena::admit`] gives a permit or a refusal; memory only, nothing is called. [`arena::Arena::enter`] then
//!    writes the race down, in one transaction of the [`store`], before its asker hears that it begins.
//! 3. [`race::run`] (shell) prepares every lane and releases all from one barrier.
//! 4. A [`model::ChatModel`] gives deltas, stamped when their bytes were read: [`provider`] holds the client
//!    (bytes, guard, events, deltas) and the simulated models.
//! 5. [`race::state::RaceState::apply`] folds them; the state lives in a `watch` channel.
//! 6. [`live::present`] (shell) samples the newest state when its pacer grants a slot, makes a
//!    [`view::View`] of it and asks the platform's [`surface::Surface`] to look like that.
//!    Beside it the race is written down once a second, as it would have to be told if the process died then.
//! 7. When all lanes are over, [`race::report::Report`] has the order and the numbers, [`race::lesson`] what
//!    they show, [`chart::png`] the picture.
//!
//! # Invariants
//!
//! - A token never waits for an edit: the fold knows no surface, the edit loop knows no model.
//! - One edit is in flight; the newest state wins; the final frame is last and always lands.
//! - Time is data: the core takes stamps as arguments, only shells read a clock (`tokio::time`).
//! - Lanes do not touch each other; what is over never changes.
//! - What is acknowledged is written down. A message whose process died is brought to its end by the next start or by
//!   another replica ([`arena::Salvage`]), and no model is called for that.
//! - Everything that models and users wrote is text: it is escaped where it is shown, and never logged.
//!
//! # Words
//!
//! Model, provider, prompt, delta, usage, finish reason, time to first token, output tokens, tokens per
//! second are the field's own. Ours: a **race** has **lanes**, one a model; a **view** is what people see of
//! it at one moment; a **surface** is one live message; its **pace** is how often it may be edited; a
//! **report** is what remains; a **lesson** is what it shows.
//!
//! # Where this differs from the first sketch, and why
//!
//! - Deltas carry their stamp ([`model::Stamped`]) and begin with [`model::Delta::Sent`]: the stamp must be
//!   taken at the socket, and a request that is repeated must start its clock anew, which only the model's
//!   shell can know. For the same reason they end with [`model::Delta::Ended`] where a stream has an end.
//! - [`app::run`] takes the parsed [`cli::Action`] beside the configuration, for every command is composed in
//!   the same place, and a `CancellationToken` in place of a future: several parts wait for the same word.
//! - [`model::ChatModel::prepare`] warms the connection and asks for the listing in one go.
//! - The pace is asked for before every edit, so a surface whose budget is shared can stretch it with load. It
//!   says apart how soon a final frame may follow, for platforms where room is kept for finals.
//! - [`guide`] holds the words that every platform shows beside the races, [`button`] what a button under one means,
//!   [`platform`] what chat platforms share below the arena: what came already, how long to wait, whether one is there.
//! - A view can be made of a report alone ([`view::View::over`]): it is all that is left of a race whose process died.
//! - The image holds one static binary on distroless static, not on distroless cc: 38 MB in place of 60.
//! - Discord's limiter refuses an edit that has no slot rather than holding it: the edit loop comes again when told,
//!   with the newest state. Slack's budget of edits, one for the whole workspace, does the same.

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic when nobody reads any more")]

pub mod app;
pub mod arena;
pub mod backoff;
pub mod button;
pub mod chart;
pub mod cli;
pub mod command;
pub mod config;
pub mod discord;
pub mod guide;
pub mod live;
pub mod model;
mod platform;
pub mod provider;
pub mod race;
pub mod slack;
pub mod store;
pub mod surface;
pub mod telemetry;
pub mod terminal;
pub mod view;
pub mod web;

#[cfg(test)]
#[path = "../tests/support/loopback.rs"]
mod loopback;
