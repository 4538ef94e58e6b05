//! What people see on Discord: pure; owns Discord's limits.
