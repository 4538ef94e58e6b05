//! Repairs JSON that a strict parser rejects and that some servers send: `NaN` and `Infinity`, raw control characters
//! in strings, unknown escapes, and escaped halves of a surrogate pair.

use std::fmt::Write as _;

/// Halves of surrogate pairs are kept as these private characters, so that [`Halves`] can join two halves that arrive
/// in different events.
const FIRST_HALF: u32 = 0x10_F000;

/// Repairs `json`. Valid JSON keeps its meaning.
pub(super) fn repair(json: &str) -> String {
    let (mut repaired, mut rest) = (String::with_capacity(json.len() + 16), json);
    while let Some(start) = rest.find('"') {
        literals(&rest[..start], &mut repaired);
        repaired.push('"');
        rest = string(&rest[start + 1..], &mut repaired);
    }
    literals(rest, &mut repaired);
    repaired
}

/// Copies text outside of strings. JSON has no other words that begin with these letters.
fn literals(text: &str, out: &mut String) {
    out.push_str(&text.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null"));
}

/// Copies the rest of a string with its closing quote and returns what follows.
fn string<'t>(text: &'t str, out: &mut String) -> &'t str {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c.is_ascii_control()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.as_bytes()[0] {
            b'"' => {
                out.push('"');
                return &rest[1..];
            }
            b'\\' => rest = escape(rest, out),
            control => {
                let _ = write!(out, "\\u{control:04x}");
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    ""
}

/// Copies the escape at the start of `text` and returns what follows.
fn escape<'t>(text: &'t str, out: &mut String) -> &'t str {
    match (utf16_unit(text), text.get(6..).and_then(utf16_unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
            out.push_str(&text[..12]);
            &text[12..]
        }
        (Some(half @ 0xD800..=0xDFFF), _) => {
            out.extend(char::from_u32(FIRST_HALF + u32::from(half - 0xD800)));
            &text[6..]
        }
        (Some(_), _) => {
            out.push_str(&text[..6]);
            &text[6..]
        }
        (None, _) => {
            let escaped = text[1..].chars().next();
            match escaped {
                Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => {
                    out.push('\\');
                    out.extend(escaped);
                }
                // Without the backslash, which makes the character that was meant.
                Some(c) if !c.is_ascii_control() => out.push(c),
                Some(_) => return &text[1..],
                None => out.push('\\'),
            }
            &text[1 + escaped.map_or(0, char::len_utf8)..]
        }
    }
}

/// The UTF-16 unit of the `\u` escape at the start of `text`, if there is one.
fn utf16_unit(text: &str) -> Option<u16> {
    let digits = text.get(..6)?.strip_prefix("\\u")?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Joins the halves of characters that a server split over two events. A half without its other half becomes U+FFFD.
#[derive(Debug, Default)]
pub(super) struct Halves {
    first: Option<u16>,
}

impl Halves {
    /// Joins the halves in `text`; a first half at its end is held back for the next text.
    pub(super) fn join(&mut self, text: &str) -> String {
        let mut joined = String::with_capacity(text.len());
        for c in text.chars() {
            let half = u32::from(c).checked_sub(FIRST_HALF).filter(|half| *half < 0x800);
            let half = half.and_then(|half| u16::try_from(half + 0xD800).ok());
            match (self.first.take(), half) {
                (first, Some(half @ ..0xDC00)) => {
                    joined.extend(first.map(|_| char::REPLACEMENT_CHARACTER));
                    self.first = Some(half);
                }
                (Some(first), Some(second)) => joined.extend(char::decode_utf16([first, second]).flatten()),
                (None, Some(_)) => joined.push(char::REPLACEMENT_CHARACTER),
                (first, None) => {
                    joined.extend(first.map(|_| char::REPLACEMENT_CHARACTER));
                    joined.push(c);
                }
            }
        }
        joined
    }

    /// Returns true if a first half is held back.
    pub(super) fn is_pending(&self) -> bool {
        self.first.is_some()
    }

    /// Ends the text: returns U+FFFD for a half that was held back.
    pub(super) fn finish(&mut self) -> Option<&'static str> {
        self.first.take().map(|_| "\u{fffd}")
    }
}

/// Returns true if `text` may hold halves that [`repair`] kept.
pub(super) fn has_halves(text: &str) -> bool {
    text.chars().any(|c| (FIRST_HALF..FIRST_HALF + 0x800).contains(&u32::from(c)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The text of a repaired JSON string, with its halves joined.
    fn text(json: &str) -> String {
        let text: String =
            serde_json::from_str(&repair(json)).unwrap_or_else(|error| panic!("{json}: {error}"));
        let mut halves = Halves::default();
        let mut joined = halves.join(&text);
        joined.extend(halves.finish());
        joined
    }

    #[test]
    fn invalid_strings_are_repaired() {
        for (json, want) in [
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\udE00b""#, "\u{fffd}b"),
            (r#""\ud83d\ud83d\ude00\ude00""#, "\u{fffd}😀\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            ("\"a\tb\u{1}\"", "a\tb\u{1}"),
            (r#""it\'s \x""#, "it's x"),
            (r#""\\ud83d \" \u00e9""#, "\\ud83d \" é"),
        ] {
            assert_eq!(text(json), want, "{json}");
        }
    }

    #[test]
    fn invalid_literals_become_null() {
        let repaired = repair(r#"{"a":NaN,"b":[-Infinity,Infinity],"c":"NaN \"Infinity"}"#);
        let value: Value = serde_json::from_str(&repaired).expect("valid");
        assert_eq!(value, serde_json::json!({"a": null, "b": [null, null], "c": "NaN \"Infinity"}));
    }

    #[test]
    fn halves_in_two_texts_are_joined() {
        let mut halves = Halves::default();
        let parts = [r#""Hi \ud83d""#, r#""\ude00 there""#].map(repair);
        let parts = parts.map(|json| serde_json::from_str::<String>(&json).expect("valid"));
        assert_eq!(parts.map(|part| halves.join(&part)).concat(), "Hi 😀 there");
        assert_eq!(halves.finish(), None);
    }

    proptest! {
        #[test]
        fn valid_json_keeps_its_meaning(text in any::<String>(), number in any::<f64>()) {
            let json = serde_json::json!({"text": text, "list": [number, {"text": text}]});
            let text = json.to_string();
            prop_assert_eq!(serde_json::from_str::<Value>(&repair(&text)).expect("valid"), json);
        }

        #[test]
        fn any_text_can_be_repaired(text in any::<String>()) {
            repair(&text);
            Halves::default().join(&text);
        }
    }
}
