//! Output of the program itself on stdout and stderr. A reader that leaves early, as `head` does, is no failure.

use std::{
    fmt::Display,
    io::{ErrorKind, Write as _, stderr, stdout},
};

use crate::view::text::plain;

/// Writes `text` and a line break to stdout, without characters that a terminal would act on. A closed pipe is no error.
///
/// # Errors
/// A sentence about a write that failed, such as one to a full disk.
pub(super) fn print(text: impl Display) -> Result<(), String> {
    print_exact(plain(&text.to_string()))
}

/// [`print`] for JSON, which has escapes of its own.
///
/// # Errors
/// As [`print`].
pub(super) fn print_exact(text: impl Display) -> Result<(), String> {
    let mut out = stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("stdout: {error}")),
        _ => Ok(()),
    }
}

/// Writes a line to stderr, without characters that a terminal would act on, and ignores a failure: there is no other place
/// to report it.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(stderr(), "{}", plain(&text.to_string()));
}

/// Writes a question to stderr, on the line of its answer.
pub(super) fn question(text: &str) {
    let mut out = stderr();
    let _ = write!(out, "{}", plain(text)).and_then(|()| out.flush());
}

/// Returns `code`, or reports the failure of `written` on stderr and returns its code.
pub(super) fn code(written: Result<(), String>, code: u8) -> u8 {
    match written {
        Ok(()) => code,
        Err(problem) => {
            note(format_args!("llm-arena: {problem}"));
            super::FAILURE
        }
    }
}
