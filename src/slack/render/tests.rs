//! What people see on Slack, read back as Slack reads it: by snapshots, by laws, and by eye.

mod check;
mod laws;
mod markdown;
mod modal;
mod preview;
mod reader;
mod shown;

use crate::view::tests as samples;
