//! SHELL. Discord's REST API: one client, one limiter.
