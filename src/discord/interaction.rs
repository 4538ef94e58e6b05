//! One interaction, however it came.
