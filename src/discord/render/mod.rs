//! What people see on Discord: values of the core as message bodies. Pure; owns Discord's limits.
//!
//! `body` is what the API takes, `limits` how long it may be; `escape` and `markdown` make untrusted text harmless,
//! `fit` cuts it; `race`, `headline` and `lanes` are the live message, `cards` and `record` what is read. Must not
//! know routes, tokens or interactions.

mod body;
mod cards;
mod escape;
mod fit;
mod headline;
mod inline;
mod lanes;
mod limits;
mod markdown;
mod name;
mod race;
mod record;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    body::Body,
    cards::{examples, help, models, notice},
    race::{CHART_FILE, live},
    record::{answers, answers_file, explanation},
};
