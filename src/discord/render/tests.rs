//! The messages on Discord, read back as a client reads them: by snapshots, by properties, and by eye.

mod alert;
mod laws;
mod markdown;
mod overview;
mod preview;
mod reader;
mod shown;
mod votes;

use crate::view::tests as samples;
