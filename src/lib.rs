//! LLM Arena: language models race in one chat message.
//!
//! # The way of a `/arena compare`
//!
//! 1. A platform ([`discord`], [`slack`], [`web`], [`terminal`]) reads a [`command::Command`].
//! 2. [`arena::Arena::admit`] checks the limits, in memory alone. [`arena::Arena::record`] then writes the race to the
//!    [`store`], in one transaction, before its asker hears that it begins.
//! 3. [`arena::Arena::race`] runs it: [`race::run`] (shell) prepares every lane, on the one thread that reads
//!    all answers, and releases all from one barrier.
//! 4. A [`model::ChatModel`] returns deltas, stamped when their bytes were read: [`provider`] holds the client (bytes,
//!    guard, events, deltas) and the simulated models.
//! 5. [`race::state::RaceState::apply`] folds them; the state lives in a `watch` channel.
//! 6. A [`live::Presenter`] (shell) samples the newest state when its pacer grants a slot, makes a [`view::View`] of it and
//!    asks the platform's [`surface::Surface`] to look like that. Beside it a checkpointer updates the store once a second,
//!    as the race would have to be reported if the process died then.
//! 7. When all lanes are over, [`race::report::Report`] has the order and the numbers, [`race::lesson`] what they show,
//!    [`chart::png`] the picture.
//! 8. Over many races, [`board`] rates the ballots of blind ones, and [`history`] the speeds of each model.
//!
//! # Where to look
//!
//! | question | answer |
//! | --- | --- |
//! | Who handles a button of Slack or Discord? | `slack/handlers`, `discord/handlers`; their common flow is `platform/handlers` |
//! | When is a message edited? | the surface's `pace()` sets the interval (shared budgets: `slack/budget`, `discord/rest/limit`), `live/pacer.rs` turns it into slots, the [`live::Presenter`] acts |
//! | Who keeps the models of a blind race secret? | [`race::blind`]: until its vote closes, nothing else leaves the arena |
//! | What happens to a race whose process dies? | `arena/checkpoint.rs` records it, `arena/orphans.rs` finishes its message |
//! | What is a model sent of earlier races? | [`race::conversation`] decides, `arena/conversation.rs` reads them |
//! | Who reads an attached file? | `platform/files.rs` fetches it, [`attachment`] reads it, `arena/files.rs` gives it to the race |
//! | Where does a new quirk of a provider go? | [`provider::openai`] |
//! | How is the service put together? | [`app`] |
//!
//! # Invariants
//!
//! - A token never waits for an edit: the fold knows no surface, the edit loop knows no model.
//! - One edit is in flight; the newest state wins; the final frame is last, and no live frame that fails costs it.
//! - Time is data: the core takes stamps as arguments, only shells read a clock (`tokio::time`).
//! - Lanes do not touch each other; a lane that is over never changes.
//! - Data flows down and comes back as values: a surface returns what it learns, and the arena acts on it.
//! - What is acknowledged is recorded. A message whose process died is finished by the next start or by another replica
//!   ([`arena::Finisher`]), and no model is called for that.
//! - Everything that models and users wrote is text: it is escaped where it is shown, and never logged.
//!
//! # Words
//!
//! Model, provider, prompt, delta, usage, finish reason, time to first token, output tokens and tokens per second are the
//! field's own. Ours: a **race** has **lanes**, one per model; a **view** is what people see of it at one moment; a
//! **surface** is one live message; its **pace** is how often it may be edited; a **report** is what remains; a **lesson** is
//! what it shows; an **orphan** is a race whose process died. In a blind race a **label** is the letter of an answer, a
//! **ballot** what one voter chose, a **contender** a model with its settings, and the **board** what the ballots add up to.
//! A **shell** does I/O and reads the clock, the **core** is pure, and a **port** is a trait between them; `SHELL` and
//! `PORT` at the head of a module say which it is.
//!
//! # Decisions that are not obvious
//!
//! - Deltas carry their stamp ([`model::Stamped`]) and begin with [`model::Delta::Sent`]: the stamp must be taken at the
//!   socket, and a request that is repeated restarts its clock, which only the model's shell can know. For the same reason
//!   they end with [`model::Delta::Ended`] where a stream has an end.
//! - [`app::run`] takes a `CancellationToken`, since several parts wait for the same signal.
//! - [`model::ChatModel::prepare`] warms the connection and asks for the listing in one call.
//! - The pace is asked for before every edit, so a surface whose budget is shared can stretch it with the load. It names
//!   separately how soon a final frame may follow, for platforms where capacity is reserved for final frames.
//! - [`guide`] holds the texts that every platform shows beside the races, [`button`] the meaning of a button under one.
//! - A view can be made of a report alone ([`view::View::over`]): it is all that is left of a race whose process died.
//! - [`backoff`] is beside `platform`, not in it: the store and the arena retry too, and may not name a platform.
//! - [`estimate`] is beside `race`, not in it: a provider's client estimates prompts, and may not name a race.
//! - The decode speed leaves out the first arrival in tokens and in time, and where reads are evenly spaced only the
//!   first read: at 300 tok/s two tokens come within 5 ms, and to leave out both but the time of one would be off.
//! - A race is recorded before its files are fetched, since that takes time and what is acknowledged is recorded. Its budget
//!   reserves the most that they can cost.
//! - Models that cannot see the pictures of a race are kept apart from its lanes
//!   ([`race::report::Report::sat_out`]), so that nothing that is counted, drawn or rated has to leave them out.
//! - The image holds one static binary on distroless static, not on distroless cc: 38 MB instead of 60.
//! - The rate limiters of both platforms refuse an edit that has no slot rather than holding it: the edit loop comes again
//!   when told, with the newest state.

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic when the reader is gone")]

pub mod alert;
pub mod app;
pub mod arena;
pub mod attachment;
pub mod backoff;
pub mod board;
pub mod button;
pub mod chart;
pub mod cli;
pub mod command;
pub mod config;
pub mod discord;
mod error_chain;
pub mod estimate;
mod fnv;
pub mod guide;
pub mod history;
pub mod live;
pub mod model;
mod platform;
pub mod provider;
pub mod race;
pub mod schedule;
pub mod slack;
pub mod store;
pub mod surface;
pub mod telemetry;
pub mod terminal;
mod tls;
pub mod view;
pub mod web;

#[cfg(test)]
#[path = "../tests/support/loopback.rs"]
mod loopback;
