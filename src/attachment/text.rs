//! Text files: UTF-8 alone, shown to models in a fenced block after the prompt.

use std::fmt::Write as _;

use super::{Attachment, AttachmentError, Content, MAX_TEXT_BYTES};

/// The shortest fence of a block.
const MIN_FENCE: usize = 3;

/// Returns the text of a file without its byte order mark.
///
/// # Errors
/// [`AttachmentError`] if it is too long, or no UTF-8 text.
pub(super) fn decoded(name: &str, declared: &str, bytes: &[u8]) -> Result<String, AttachmentError> {
    let name = || name.to_owned();
    let encoding = |encoding: &str| AttachmentError::Encoding { name: name(), encoding: encoding.to_owned() };
    if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(encoding("UTF-32"));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || is_utf16(bytes) {
        return Err(encoding("UTF-16"));
    }
    if bytes.contains(&0) {
        return Err(AttachmentError::Unknown { name: name() });
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(match charset(declared) {
            Some(charset) => encoding(charset),
            None if looks_like_text(bytes) => encoding("Latin-1, Windows-1252 or the like"),
            None => AttachmentError::Unknown { name: name() },
        });
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_TEXT_BYTES {
        return Err(AttachmentError::TextTooLong { name: name(), kib: text.len().div_ceil(1_024) });
    }
    if text.trim().is_empty() {
        return Err(AttachmentError::Empty { name: name() });
    }
    Ok(text.to_owned())
}

/// Returns true for text in UTF-16 without a mark: every second byte of its beginning is zero.
fn is_utf16(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64) & !1];
    let zeros = |at: usize| head.iter().skip(at).step_by(2).all(|byte| *byte == 0);
    head.len() >= 4 && (zeros(0) != zeros(1))
}

/// The charset of a media type such as `text/plain; charset=shift_jis`, unless it is UTF-8.
fn charset(declared: &str) -> Option<&str> {
    let (_, charset) = declared.split_once("charset=")?;
    let charset = charset.trim_matches(|c: char| c == '"' || c.is_whitespace());
    let is_word = charset.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let is_utf8 = charset.to_ascii_lowercase().replace('-', "") == "utf8";
    (is_word && !is_utf8 && (1..=20).contains(&charset.len())).then_some(charset)
}

/// Returns true if almost no byte is a control character.
fn looks_like_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0C);
    let controls = bytes.iter().filter(is_control).count();
    controls * 100 <= bytes.len()
}

/// Returns `prompt` followed by the text files, each in a fenced block under its name.
#[must_use]
pub fn inlined(prompt: &str, files: &[Attachment]) -> String {
    let mut whole = prompt.to_owned();
    for file in files {
        if let Content::Text(text) = &file.content {
            let fence = "`".repeat(MIN_FENCE.max(longest_run(text) + 1));
            let end = if text.ends_with('\n') { "" } else { "\n" };
            let _ = write!(whole, "\n\n{}:\n{fence}\n{text}{end}{fence}", file.name);
        }
    }
    whole
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
