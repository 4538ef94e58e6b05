//! LLM Arena: language models race in one chat message.

pub mod model;
pub mod race;
pub mod surface;
pub mod view;
