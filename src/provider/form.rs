//! What the body of a success is: by its content type, else by how it begins, since proxies and small servers
//! leave the type out or call everything plain text.
//!
//! Must not know a client, a clock or what is made of the body.

/// A kind of body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Server-sent events.
    Events,
    /// One JSON value: an answer that does not stream, or an error.
    Json,
    /// No answer.
    Other,
}

const BOM: &[u8] = "\u{feff}".as_bytes();
/// How a line of an event begins, beside the comments' colon.
const FIELDS: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];

impl Form {
    /// The form that a content type names
    /// (<https://www.rfc-editor.org/rfc/rfc9110#name-media-type>); `None` where it says nothing of use.
    #[must_use]
    pub fn of_type(content_type: &[u8]) -> Option<Self> {
        let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
        match essence.trim_ascii().to_ascii_lowercase().as_slice() {
            b"text/event-stream" => Some(Self::Events),
            b"application/json" => Some(Self::Json),
            b"text/html" | b"application/xhtml+xml" => Some(Self::Other),
            _ => None,
        }
    }

    /// The form of a body that begins with `start`; `None` while that may be several.
    #[must_use]
    pub fn of_start(start: &[u8]) -> Option<Self> {
        if BOM.starts_with(start) {
            return None;
        }
        let start = start.strip_prefix(BOM).unwrap_or(start).trim_ascii_start();
        match start {
            [] => None,
            [b':', ..] => Some(Self::Events),
            [b'{' | b'[', ..] => Some(Self::Json),
            _ if FIELDS.iter().any(|field| start.starts_with(field)) => Some(Self::Events),
            _ if FIELDS.iter().any(|field| field.starts_with(start)) => None,
            _ => Some(Self::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_in_any_case_and_with_parameters() {
        for (text, want) in [
            ("text/event-stream", Some(Form::Events)),
            ("Text/Event-Stream ; Charset=UTF-8", Some(Form::Events)),
            ("APPLICATION/JSON;charset=utf-8", Some(Form::Json)),
            ("Text/HTML", Some(Form::Other)),
            ("text/event-streams", None),
            ("text/plain", None),
            ("application/octet-stream", None),
            ("", None),
        ] {
            assert_eq!(Form::of_type(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn a_body_is_known_by_its_first_bytes() {
        for (start, want) in [
            ("data: {", Some(Form::Events)),
            ("\u{feff}event:x", Some(Form::Events)),
            ("\r\n\n id:1", Some(Form::Events)),
            (": hello", Some(Form::Events)),
            ("{\"choices\"", Some(Form::Json)),
            ("<html>", Some(Form::Other)),
            ("dates", Some(Form::Other)),
            ("dat", None),
            ("\u{feff}", None),
            (" \n", None),
            ("", None),
        ] {
            assert_eq!(Form::of_start(start.as_bytes()), want, "{start:?}");
        }
        assert_eq!(Form::of_start(b"\xef\xbb"), None, "a part of the mark");
    }
}
