//! The messages of Slack, read back as Slack reads them: by snapshots, by properties, and by eye.

mod alert;
mod check;
mod height;
mod laws;
mod markdown;
mod modal;
mod overview;
mod preview;
mod reader;
mod shown;
mod vote;

use std::sync::Arc;

use serde_json::Value;

use super::{Body, Extras, Form, modal as modal_view};
use crate::{model::ModelCard, view::tests as samples};

/// A workspace that takes every block.
const ALL: Extras = Extras { chart: true, containers: true, tables: true };

/// The blocks of a message as Slack receives them.
fn blocks(body: &Body) -> Vec<Value> {
    body.blocks.iter().map(|block| serde_json::to_value(block).expect("JSON")).collect()
}

/// The form as Slack receives it.
fn form(cards: &[Arc<ModelCard>], form: Form, metadata: &str) -> Value {
    serde_json::to_value(modal_view(cards, form, metadata)).expect("JSON")
}
