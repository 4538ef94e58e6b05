//! LLM Arena: language models race in one chat message.

pub mod app;
pub mod arena;
pub mod chart;
pub mod cli;
pub mod command;
pub mod config;
pub mod live;
pub mod model;
pub mod provider;
pub mod race;
pub mod surface;
pub mod telemetry;
pub mod terminal;
pub mod view;
