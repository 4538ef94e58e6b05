//! SHELL. Interactions that Discord posts to us.
