//! Answers, as bytes. Pure.

use std::time::Duration;

use serde_json::{Value, json};

/// One answer.
pub struct Reply {
    pub status: u16,
    retry_after: Option<Duration>,
    mime: &'static str,
    pub body: String,
}

impl Reply {
    fn new(status: u16, mime: &'static str, body: String) -> Self {
        Self { status, retry_after: None, mime, body }
    }

    /// `ok: true` with these fields.
    pub fn ok(mut fields: Value) -> Self {
        fields["ok"] = true.into();
        Self::new(200, "application/json; charset=utf-8", fields.to_string())
    }

    /// `ok: false` with this code.
    pub fn refused(code: &str) -> Self {
        Self::refused_with(code, json!({}))
    }

    pub fn refused_with(code: &str, mut fields: Value) -> Self {
        fields["ok"] = false.into();
        fields["error"] = code.into();
        Self::new(200, "application/json; charset=utf-8", fields.to_string())
    }

    pub fn limited(wait: Duration) -> Self {
        Self { status: 429, retry_after: Some(wait), ..Self::refused("ratelimited") }
    }

    /// Not JSON: upload addresses, `response_url` and broken servers talk so.
    pub fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", body.into())
    }

    /// `response_url` refuses with a status.
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The error code; "ok" without one, "http" where it is no JSON.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let code = if body["ok"] == true { Some("ok") } else { body["error"].as_str() };
        code.unwrap_or(if self.status == 200 { "ok" } else { "http" }).to_owned()
    }

    /// A text field of the body.
    pub fn field(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    }

    /// Head and body.
    pub fn bytes(&self, scopes: &str) -> Vec<u8> {
        let wait = self.retry_after.map(|wait| format!("Retry-After: {}\r\n", wait.as_secs()));
        format!(
            "HTTP/1.1 {} .\r\nContent-Type: {}\r\nX-OAuth-Scopes: {scopes}\r\n{}Content-Length: {}\r\n\r\n{}",
            self.status,
            self.mime,
            wait.unwrap_or_default(),
            self.body.len(),
            self.body
        )
        .into_bytes()
    }
}
