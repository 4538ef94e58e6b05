//! Discord: `/arena` in a server, in a direct message, in anybody's pocket.
//!
//! The only module that names serenity. Must not know models or providers.

mod commands;
mod completion;
mod custom_id;
mod endpoint;
mod gateway;
mod interaction;
mod render;
mod rest;
