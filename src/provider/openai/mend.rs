//! Half characters in JSON. An escape of half a surrogate pair is within JSON's grammar
//! (<https://www.rfc-editor.org/rfc/rfc8259#section-8.2>), but no text, so parsers refuse it. A server writes
//! one when it cuts a character in two.
//!
//! Must not know what the JSON says.

use std::borrow::Cow;

/// The JSON with U+FFFD for each escape of half a pair.
pub(super) fn surrogates(json: &str) -> Cow<'_, str> {
    let (mut mended, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(found) = json[at..].find('\\') {
        let escape = at + found;
        match unit(json, escape) {
            Some(0xD800..=0xDBFF) if matches!(unit(json, escape + 6), Some(0xDC00..=0xDFFF)) => {
                at = escape + 12;
            }
            Some(0xD800..=0xDFFF) => {
                mended.push_str(&json[kept..escape]);
                mended.push_str("\\ufffd");
                at = escape + 6;
                kept = at;
            }
            // A backslash and what it escapes, which may be a backslash too.
            _ => at = escape + 1 + json[escape + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if kept == 0 { json.into() } else { (mended + &json[kept..]).into() }
}

/// The UTF-16 unit of the escape that begins at byte `at`, if there is one.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_are_replaced() {
        for (json, want) in [
            (r#""a\ud83d""#, r#""a\ufffd""#),
            (r#""\udE00b""#, r#""\ufffdb""#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
        ] {
            assert_eq!(surrogates(json), want);
            assert!(serde_json::from_str::<String>(&surrogates(json)).is_ok(), "{json}");
        }
        for whole in
            [r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\u00e9\n""#, "\"é\\", "\\é", "\\ud8", "\\u+123", ""]
        {
            assert!(matches!(surrogates(whole), Cow::Borrowed(same) if same == whole), "{whole}");
        }
    }
}
