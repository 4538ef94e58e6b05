//! Response bodies: their kind, and reads of bounded size and time.

use std::time::Duration;

use reqwest::{
    Response,
    header::{CONTENT_ENCODING, HeaderMap},
};
use tokio::time::timeout;

/// Bounds of the body of a refusal.
const MAX_REFUSAL_LEN: usize = 64 << 10;
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(5);

const BOM: &[u8] = "\u{feff}".as_bytes();
/// Field names that begin a line of an event stream; comments begin with a colon.
const EVENT_FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b"error:"];
/// The length up to which a body that begins with plain words may turn out to be an event stream.
const MAX_SNIFF_LEN: usize = 16 << 10;

/// The kind of a success's body: from its first bytes, since proxies and small servers get its content type wrong, and
/// from the type if they do not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// Server-sent events.
    EventStream,
    /// One JSON value: an answer that does not stream, or an error.
    Json,
    /// No answer.
    Other,
    /// Compressed in this way, without a header that says so.
    Compressed(&'static str),
}

impl BodyKind {
    /// Returns the kind named by a content type (<https://www.rfc-editor.org/rfc/rfc9110#name-media-type>); `None` if
    /// the type is missing or too general.
    pub(super) fn from_content_type(content_type: &[u8]) -> Option<Self> {
        let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
        match essence.trim_ascii().to_ascii_lowercase().as_slice() {
            b"text/event-stream" => Some(Self::EventStream),
            b"application/json" => Some(Self::Json),
            b"text/html" | b"application/xhtml+xml" => Some(Self::Other),
            _ => None,
        }
    }

    /// Returns the kind of a body that begins with `start` and has the type `named`; `None` while `start` is ambiguous.
    pub(super) fn sniff(start: &[u8], named: Option<Self>) -> Option<Self> {
        let max_len = start.len() >= MAX_SNIFF_LEN;
        if BOM.starts_with(start) {
            return None;
        }
        let start = start.strip_prefix(BOM).unwrap_or(start).trim_ascii_start();
        let begins_field = |line: &[u8]| EVENT_FIELDS.iter().any(|field| line.starts_with(field));
        match start {
            [] => None,
            [b':', ..] => Some(Self::EventStream),
            [b'{' | b'[', ..] => Some(Self::Json),
            [b'<', ..] => Some(Self::Other),
            [0x1f, 0x8b, ..] => Some(Self::Compressed("gzip")),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Compressed("zstd")),
            _ if begins_field(start) => Some(Self::EventStream),
            // plain words and unknown fields may come before the first event
            _ if named == Some(Self::EventStream) => named,
            _ if start.split(|byte| matches!(byte, b'\n' | b'\r')).any(begins_field) => {
                Some(Self::EventStream)
            }
            _ if max_len => Some(named.unwrap_or(Self::Other)),
            _ => None,
        }
    }
}

/// Returns the encoding of a body that is still compressed: gzip was decoded already, and its header removed.
pub(super) fn compression(headers: &HeaderMap) -> Option<&'static str> {
    let encoding = headers.get(CONTENT_ENCODING)?.as_bytes().trim_ascii().to_ascii_lowercase();
    match encoding.as_slice() {
        b"" | b"identity" | b"none" => None,
        b"br" => Some("br"),
        b"deflate" => Some("deflate"),
        b"zstd" => Some("zstd"),
        b"gzip" | b"x-gzip" => Some("gzip"),
        _ => Some("an unknown encoding"),
    }
}

/// Appends the rest of the body to `body`, up to `max_len` bytes in total; less if the connection breaks.
pub(super) async fn read_rest(mut response: Response, mut body: Vec<u8>, max_len: usize) -> Vec<u8> {
    while let Ok(Some(read)) = response.chunk().await {
        let room = max_len.saturating_sub(body.len());
        body.extend_from_slice(&read[..read.len().min(room)]);
        if body.len() >= max_len {
            break;
        }
    }
    body
}

/// Reads a body that is no answer, of which `start` was read, as far as needed to classify it; `None` if it does not
/// end in time.
pub(super) async fn read_foreign(response: Response, start: Vec<u8>) -> Option<Vec<u8>> {
    timeout(REFUSAL_TIMEOUT, read_rest(response, start, MAX_REFUSAL_LEN)).await.ok()
}

/// Reads and discards the body, so that its connection can be reused. Gives up on long bodies.
pub(super) async fn drain(response: Response) {
    read_rest(response, Vec::new(), MAX_REFUSAL_LEN).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_match_in_any_case_and_with_parameters() {
        for (text, want) in [
            ("text/event-stream", Some(BodyKind::EventStream)),
            ("Text/Event-Stream ; Charset=UTF-8", Some(BodyKind::EventStream)),
            ("APPLICATION/JSON;charset=utf-8", Some(BodyKind::Json)),
            ("Text/HTML", Some(BodyKind::Other)),
            ("text/event-streams", None),
            ("text/plain", None),
            ("application/octet-stream", None),
            ("", None),
        ] {
            assert_eq!(BodyKind::from_content_type(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn a_body_is_recognized_by_its_first_bytes() {
        for (start, want) in [
            ("data: {", Some(BodyKind::EventStream)),
            ("\u{feff}event:x", Some(BodyKind::EventStream)),
            ("\r\n\n id:1", Some(BodyKind::EventStream)),
            (": hello", Some(BodyKind::EventStream)),
            ("{\"choices\"", Some(BodyKind::Json)),
            ("<html>", Some(BodyKind::Other)),
            ("dates", None),
            ("ping\n\ndata: {", Some(BodyKind::EventStream)),
            ("result: 1\rid:1", Some(BodyKind::EventStream)),
            ("dat", None),
            ("\u{feff}", None),
            (" \n", None),
            ("", None),
        ] {
            assert_eq!(BodyKind::sniff(start.as_bytes(), None), want, "{start:?}");
        }
        assert_eq!(BodyKind::sniff(b"\xef\xbb", None), None, "a partial byte order mark");
        assert_eq!(BodyKind::sniff(b"\x1f\x8b\x08", None), Some(BodyKind::Compressed("gzip")));
        assert_eq!(BodyKind::sniff(&[b'a'; MAX_SNIFF_LEN], None), Some(BodyKind::Other));
    }

    #[test]
    fn the_content_type_decides_only_in_doubt() {
        let stream = Some(BodyKind::EventStream);
        for (start, named, want) in [
            ("data: {", Some(BodyKind::Json), stream),
            ("data: {", Some(BodyKind::Other), stream),
            ("{\"error\"", stream, Some(BodyKind::Json)),
            ("<html>", stream, Some(BodyKind::Other)),
            ("ping", stream, stream),
            ("result: x", stream, stream),
            ("ping", Some(BodyKind::Json), None),
        ] {
            assert_eq!(BodyKind::sniff(start.as_bytes(), named), want, "{start:?}");
        }
    }
}
