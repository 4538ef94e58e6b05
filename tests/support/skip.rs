//! Tests that cannot run on this machine. `tests/skipped.rs` prints the reasons once all tests are over.

use std::{fs::OpenOptions, io::Write as _, os::unix::process::parent_id};

/// Records that a test does not run and why.
///
/// # Panics
/// If the record cannot be written.
pub fn skip(reason: &str) {
    println!("SKIPPED: {reason}");
    let path = format!("{}/skipped-{}", env!("CARGO_TARGET_TMPDIR"), parent_id());
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.expect("a file").write_all(format!("{reason}\n").as_bytes()).expect("a record");
}
