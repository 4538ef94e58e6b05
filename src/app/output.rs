//! The program's own words on stdout and stderr. Whoever reads may leave early, as `head` does: that is an end
//! like any other, never a failure and never a panic.

use std::{
    fmt::Display,
    io::{ErrorKind, Write as _, stderr, stdout},
};

/// Writes `text` and a line's end to stdout. Nobody reading it any more is no error.
///
/// # Errors
/// What kept it from being written, such as a full disk, for people.
pub(super) fn print(text: impl Display) -> Result<(), String> {
    let mut out = stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("stdout: {error}")),
        _ => Ok(()),
    }
}

/// Writes a line to stderr; there is no other place to tell that it failed.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// `code`, or a word on stderr and the code of a failure where `written` is one.
pub(super) fn code(written: Result<(), String>, code: u8) -> u8 {
    match written {
        Ok(()) => code,
        Err(problem) => {
            note(format_args!("llm-arena: {problem}"));
            super::BAD
        }
    }
}
