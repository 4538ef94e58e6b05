//! What people see on Discord, read back as a client reads it: by snapshots, by laws, and by eye.

mod laws;
mod markdown;
mod preview;
mod reader;
mod shown;

use crate::view::tests as samples;
