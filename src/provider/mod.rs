//! Where models come from.

pub mod simulated;
