//! What a button means, in its `custom_id`: pure and stateless, so that a button outlives a restart.
