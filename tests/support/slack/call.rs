//! One call: its method, its token, its fields. Pure.

use serde_json::{Map, Value};
use tokio::time::Instant;
use url::form_urlencoded;

use super::{message::Look, method::Method};
use crate::support::{
    multipart::{parts, quoted, split},
    provider::wire::Request,
};

/// A call of a known method.
pub struct Call {
    pub method: Method,
    /// Time of its first byte.
    pub at: Instant,
    /// After `Bearer `.
    pub token: Option<String>,
    pub fields: Map<String, Value>,
    /// The rest of an address that Slack handed out, after its fixed part.
    pub address: String,
    /// The raw bytes of an upload.
    pub bytes: Vec<u8>,
}

impl Call {
    /// Returns a text field, or "".
    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// An edit that shows a race that is over.
    pub fn ends_a_race(&self) -> bool {
        let look = Look::of(&self.fields);
        self.method == Method::Update && look.is_over()
    }

    /// The channel that it is about.
    pub fn channel(&self) -> &str {
        [self.text("channel"), self.text("channel_id")]
            .into_iter()
            .find(|id| !id.is_empty())
            .unwrap_or_default()
    }

    /// All that it carries: its fields as JSON, then its bytes.
    pub fn content(&self) -> String {
        format!("{}{}", Value::Object(self.fields.clone()), String::from_utf8_lossy(&self.bytes))
    }

    /// Returns the subject of the call, apart from the channel.
    pub fn target(&self) -> String {
        let files = self.fields.get("files").map(ToString::to_string).unwrap_or_default();
        format!("{}{}{}{files}", self.text("ts"), self.text("trigger_id"), self.address)
    }
}

/// Reads a request. Returns `Ok(None)` for an unknown address, and an error for a request that cannot be read.
pub fn read(request: &Request) -> Result<Option<Call>, String> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let method = path.strip_prefix("/api/").and_then(Method::named);
    let (method, address) = if let Some(method) = method {
        (method, String::new())
    } else if let Some(address) = path.strip_prefix("/upload/v1/") {
        (Method::Upload, address.to_owned())
    } else if let Some(address) = path.strip_prefix("/response_urls/") {
        (Method::Respond, address.to_owned())
    } else {
        return Ok(None);
    };
    let is_read = matches!(method, Method::GetUploadUrl | Method::AuthTest | Method::Info);
    if request.method != "POST" && !(is_read && request.method == "GET") {
        return Err(format!("{} is not called by {}", method.name(), request.method));
    }
    let token = match request.header("authorization")? {
        None => None,
        Some(said) => {
            Some(said.strip_prefix("Bearer ").ok_or("the authorization is no bearer token")?.to_owned())
        }
    };
    let mut call = Call { method, at: request.arrived, token, fields: Map::new(), address, bytes: vec![] };
    if method == Method::Upload {
        call.bytes = uploaded(request)?;
    } else {
        call.fields = form(query.as_bytes());
        call.fields.extend(fields(request, method)?);
    }
    Ok(Some(call))
}

fn fields(request: &Request, method: Method) -> Result<Map<String, Value>, String> {
    let kind = request.header("content-type")?.unwrap_or_default();
    match kind.split(';').next().unwrap_or_default() {
        _ if request.body.is_empty() => Ok(Map::new()),
        "application/json" if method.takes_json() => serde_json::from_slice(&request.body)
            .map_err(|error| format!("the body is no JSON object: {error}")),
        "application/x-www-form-urlencoded" => Ok(form(&request.body)),
        _ => Err(format!("{} does not take {kind:?}", method.name())),
    }
}

/// A form: arrays and objects are JSON in it, all the rest is text.
fn form(bytes: &[u8]) -> Map<String, Value> {
    let value = |text: &str| match text.as_bytes().first() {
        Some(b'[' | b'{') => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ if ["true", "false"].contains(&text) => (text == "true").into(),
        _ => text.into(),
    };
    form_urlencoded::parse(bytes).map(|(name, text)| (name.into_owned(), value(&text))).collect()
}

/// The file: the body itself, or the one part of a multipart form.
/// <https://docs.slack.dev/messaging/working-with-files>
fn uploaded(request: &Request) -> Result<Vec<u8>, String> {
    let kind = request.header("content-type")?.unwrap_or_default();
    let Some(boundary) = kind.strip_prefix("multipart/form-data; boundary=") else {
        return Ok(request.body.clone());
    };
    let parts = parts(&request.body, boundary.trim_matches('"'))?;
    let [part] = parts[..] else { return Err(format!("the form has {} parts", parts.len())) };
    let (head, content) = split(part, b"\r\n\r\n").ok_or("the part of the form has no head")?;
    let head = std::str::from_utf8(head).map_err(|_| "the head of a part is not UTF-8")?;
    match quoted(head, " name=").as_deref() {
        Some("file" | "filename") => Ok(content.to_vec()),
        other => Err(format!("the form has a part {other:?}")),
    }
}
