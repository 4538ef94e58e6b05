//! What the tests of every renderer share.

pub(crate) mod samples;
