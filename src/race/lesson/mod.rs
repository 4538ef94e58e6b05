//! The lesson of a race, computed from its own numbers: one line for the message, and an explanation on request.
//!
//! ```text
//! Report ─Field─▶ findings (each kind looks for its own) ─the most striking─▶ line
//!        └──────▶ explanation: the paragraphs that fit this race
//! ```
//!
//! Every [`Finding`] has a weight. One is worth a mention at about 1, and gains 1 each time its effect doubles, so that
//! kinds can be compared. Without two lanes there is no lesson.

mod explanation;
mod field;
mod findings;
mod pace;

pub use self::{explanation::explanation, field::crossover};
use self::{field::Field, findings::KINDS};
use super::report::Report;

/// A sentence about a race, and how striking it is.
#[derive(Clone, Debug, PartialEq)]
struct Finding {
    weight: f64,
    text: String,
}

/// One line for the message; `None` for a race of one lane.
#[must_use]
pub fn line(report: &Report) -> Option<String> {
    if report.lanes.len() < 2 {
        return None;
    }
    let field = Field::of(report);
    let findings = KINDS.iter().filter_map(|kind| kind(&field));
    findings.max_by(|a, b| a.weight.total_cmp(&b.weight)).map(|finding| finding.text)
}
