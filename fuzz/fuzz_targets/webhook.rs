//! Bodies and signature headers of both platforms' webhooks: the law is in `fuzz/laws.rs`, its twin for every test run in `tests/laws/fuzzed.rs`.

#![no_main]

#[path = "../laws.rs"]
#[allow(dead_code, reason = "each target has one of the laws")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::webhook(input));
