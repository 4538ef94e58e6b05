//! SHELL. The gateway connection and its supervision.
