//! Runs after the tests in `main` and prints why some of them were skipped, a line for each reason.

use std::{collections::BTreeMap, env, fs, os::unix::process::parent_id};

fn main() {
    // test runners ask for a list of tests: there is none
    if env::args().any(|argument| argument == "--list") {
        return;
    }
    // cargo runs both processes, so its id tells one run from another
    let path = format!("{}/skipped-{}", env!("CARGO_TARGET_TMPDIR"), parent_id());
    let Ok(reasons) = fs::read_to_string(&path) else { return };
    let mut tests = BTreeMap::<&str, u32>::new();
    for reason in reasons.lines() {
        *tests.entry(reason).or_default() += 1;
    }
    for (reason, count) in tests {
        let noun = if count == 1 { "test" } else { "tests" };
        println!("SKIPPED {count} {noun}: {reason}");
    }
    fs::remove_file(path).expect("the file was there");
}
