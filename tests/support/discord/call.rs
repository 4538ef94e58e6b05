//! One call: its route, its JSON, its files. Pure.

use serde_json::Value;
use tokio::time::Instant;

use super::route::{self, Ids, Route};
use crate::support::{
    multipart::{parts, quoted, split},
    provider::wire::Request,
};

/// A call of a known route.
pub struct Call {
    pub route: Route,
    pub ids: Ids,
    /// Time of its first byte.
    pub at: Instant,
    /// The JSON of its body, or null.
    pub body: Value,
    pub files: Vec<File>,
}

/// An uploaded file.
#[derive(Clone)]
pub struct File {
    /// `n` in `files[n]`.
    pub index: u64,
    pub name: String,
    pub mime: String,
    pub bytes: Vec<u8>,
}

/// Reads a request. Returns `Ok(None)` for an unknown path, and an error for a request that cannot be read.
pub fn read(request: &Request) -> Result<Option<Call>, String> {
    let path = request.path.split('?').next().unwrap_or_default();
    let Some((route, ids)) = route::parse(&request.method, path) else { return Ok(None) };
    let (body, files) = match (route.has_body(), request.body.is_empty()) {
        (false, true) => (Value::Null, vec![]),
        (false, false) => return Err("a body where none belongs".into()),
        (true, _) => content(request)?,
    };
    Ok(Some(Call { route, ids, at: request.arrived, body, files }))
}

fn content(request: &Request) -> Result<(Value, Vec<File>), String> {
    let kind = request.header("content-type")?.unwrap_or_default();
    if kind == "application/json" {
        return Ok((json(&request.body)?, vec![]));
    }
    let boundary =
        kind.strip_prefix("multipart/form-data; boundary=").ok_or(format!("the content type is {kind:?}"))?;
    form(&request.body, boundary.trim_matches('"'))
}

fn json(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("the body is not JSON: {error}"))
}

/// Takes a multipart form apart: `payload_json` and `files[n]`, each once.
/// <https://docs.discord.com/developers/reference#uploading-files>
fn form(bytes: &[u8], boundary: &str) -> Result<(Value, Vec<File>), String> {
    let (mut payload, mut files): (_, Vec<File>) = (None, vec![]);
    for part in parts(bytes, boundary)? {
        let (head, content) = split(part, b"\r\n\r\n").ok_or("a part of the form has no head")?;
        let head = std::str::from_utf8(head).map_err(|_| "the head of a part is not UTF-8")?;
        let name = quoted(head, " name=").ok_or("a part of the form has no name")?;
        if name == "payload_json" {
            if payload.replace(json(content)?).is_some() {
                return Err("payload_json came twice".into());
            }
            continue;
        }
        let index = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']'));
        let index = index.and_then(|n| n.parse().ok()).ok_or(format!("the form has a part {name:?}"))?;
        if files.iter().any(|file| file.index == index) {
            return Err(format!("{name} came twice"));
        }
        let mime = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-type: ").map(str::to_owned));
        files.push(File {
            index,
            name: quoted(head, " filename=").ok_or(format!("{name} has no filename"))?,
            mime: mime.ok_or(format!("{name} has no content type"))?,
            bytes: content.to_vec(),
        });
    }
    Ok((payload.ok_or("the form has no payload_json")?, files))
}
