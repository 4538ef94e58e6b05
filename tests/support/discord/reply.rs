//! Responses of the fake as bytes of HTTP/1.1. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use super::limits::{RateLimit, Scope};

/// A status and a body.
pub struct Reply {
    pub status: u16,
    /// `None`: no body.
    pub body: Option<Value>,
}

/// A body that is well.
pub fn ok(body: Value) -> Reply {
    Reply { status: 200, body: Some(body) }
}

/// Well, and nothing to say.
pub fn done() -> Reply {
    Reply { status: 204, body: None }
}

/// A refusal. <https://docs.discord.com/developers/topics/opcodes-and-status-codes>
pub fn refusal(status: u16, code: u32, message: &str) -> Reply {
    Reply { status, body: Some(json!({ "message": message, "code": code })) }
}

/// A refusal for coming too often.
pub fn limited(scope: Scope, wait: Duration) -> Reply {
    let message = match scope {
        Scope::Shared => "The resource is being rate limited.",
        Scope::User | Scope::Global => "You are being rate limited.",
    };
    let global = scope == Scope::Global;
    let retry_after = seconds(wait);
    let body = json!({ "message": message, "retry_after": retry_after, "global": global, "code": 0 });
    Reply { status: 429, body: Some(body) }
}

/// Seconds, rounded up to the millisecond.
fn seconds(wait: Duration) -> f64 {
    (wait + Duration::from_micros(999)).as_millis().to_string().parse::<f64>().expect("a number") / 1000.0
}

impl Reply {
    /// Discord's error code; 0 without.
    pub fn code(&self) -> u64 {
        self.body.as_ref().and_then(|body| body["code"].as_u64()).unwrap_or(0)
    }

    /// Head and body, with the headers of a rate limit.
    pub fn bytes(&self, told: Option<&RateLimit>) -> Vec<u8> {
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut head = format!("HTTP/1.1 {} Fake\r\nContent-Length: {}\r\n", self.status, body.len());
        if self.body.is_some() {
            head += "Content-Type: application/json\r\n";
        }
        if let Some(told) = told {
            head += &headers(told);
        }
        [head.as_bytes(), b"\r\n", body.as_bytes()].concat()
    }
}

fn headers(told: &RateLimit) -> String {
    let after = seconds(told.reset_after);
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    let mut text = format!(
        "X-RateLimit-Limit: {}\r\nX-RateLimit-Remaining: {}\r\nX-RateLimit-Reset: {:.3}\r\n\
         X-RateLimit-Reset-After: {after:.3}\r\nX-RateLimit-Bucket: {}\r\n",
        told.limit,
        told.remaining,
        now + after,
        told.bucket
    );
    let Some((scope, wait)) = told.refused else { return text };
    let whole = (wait + Duration::from_millis(999)).as_secs();
    let scope = match scope {
        Scope::User => "user",
        Scope::Shared => "shared",
        Scope::Global => {
            text += "X-RateLimit-Global: true\r\n";
            "global"
        }
    };
    text + &format!("Retry-After: {whole}\r\nX-RateLimit-Scope: {scope}\r\n")
}
