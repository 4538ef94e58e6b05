//! The checks of every call before it takes effect: token, rate limits, faults, the referee. Pure.

use serde_json::json;
use tokio::time::Instant;

use super::{
    call::Call,
    faults::Fault,
    limits,
    method::{Method, Token},
    referee::{self, Violations},
    reply::Reply,
    world::{RecordedCall, World},
};

/// The outcome of the checks.
pub struct Admitted {
    /// Its place in the world's log.
    pub number: usize,
    /// An answer without an effect.
    pub refused: Option<Reply>,
    pub fault: Option<Fault>,
}

impl World {
    /// Judges a call before its effect.
    pub fn admit(&mut self, call: &Call, now: Instant) -> Admitted {
        let method = call.method;
        let denied = self.check_token(call);
        if let Some(early) = self.limits.too_early(method, call.channel(), now) {
            if early.knew {
                let left = early.left.as_millis();
                self.violation_of(method, &format!("{left} ms before a Retry-After has passed"));
            }
            return self.note(call, false, Some(Reply::limited(limits::whole(early.left))), None);
        }
        let over = self.limits.count(method, call.channel(), now).err();
        let free = denied.is_none() && over.is_none();
        let fault = if free { self.faults.take(method, call.ends_a_race()) } else { None };
        let violations = self.judge(call);
        let limited = over.map(Reply::limited);
        let refused = denied.or(limited).or_else(|| self.failed(method, fault.as_ref(), now));
        let refused = refused.or_else(|| violations.reply()).or_else(|| self.lacks_scope(method));
        self.note(call, over.is_some(), refused, fault)
    }

    fn note(&mut self, call: &Call, own: bool, refused: Option<Reply>, fault: Option<Fault>) -> Admitted {
        let number = self.calls.len();
        self.calls.push(RecordedCall {
            at: call.at,
            method: call.method,
            channel: call.channel().to_owned(),
            target: call.target(),
            content: call.content(),
            status: 0,
            code: String::new(),
            own,
            faulty: fault.is_some(),
        });
        Admitted { number, refused, fault }
    }

    /// Notes what was answered.
    pub fn answered(&mut self, number: usize, reply: &Reply) {
        let called = &mut self.calls[number];
        (called.status, called.code) = (reply.status, reply.code());
        let called = called.clone();
        let same = |other: &&RecordedCall| {
            (other.method, &other.channel, &other.target, &other.code)
                == (called.method, &called.channel, &called.target, &called.code)
        };
        let is_final =
            called.status != 429 && !["ok", "http"].contains(&called.code.as_str()) && !called.faulty;
        let has_target = !called.target.is_empty() || called.method == Method::AuthTest;
        if is_final && has_target && self.calls[..number].iter().any(|other| same(&other)) {
            self.useless_calls += 1;
        }
    }

    pub fn violation_of(&mut self, method: Method, what: &str) {
        self.violation(format!("{}: {what}", method.name()));
    }

    fn check_token(&mut self, call: &Call) -> Option<Reply> {
        let (right, other) = match call.method.token() {
            Token::App => (&self.app_token, &self.bot_token),
            _ => (&self.bot_token, &self.app_token),
        };
        let is_revoked = self.revoked.contains(right);
        let (code, violation) = match (call.method.token(), call.token.as_ref()) {
            (Token::Forbidden | Token::Optional, None) => return None,
            (Token::Forbidden, Some(_)) => ("not_allowed", "a token where none belongs"),
            (_, Some(said)) if said == right && !is_revoked => return None,
            (_, Some(said)) if said == right => ("token_revoked", ""),
            (_, Some(said)) if said == other => ("not_allowed_token_type", "the other token belongs here"),
            (_, Some(_)) => ("invalid_auth", "the token is wrong"),
            (_, None) => ("not_authed", "the token is missing"),
        };
        if !violation.is_empty() {
            self.violation_of(call.method, violation);
        }
        Some(Reply::refused(code))
    }

    fn lacks_scope(&mut self, method: Method) -> Option<Reply> {
        let needed = method.scope().filter(|scope| !self.manifest.has(scope))?;
        self.violation_of(method, &format!("the manifest has no scope {needed}"));
        let provided = self.manifest.scopes.join(",");
        Some(Reply::refused_with("missing_scope", json!({ "needed": needed, "provided": provided })))
    }

    /// The answer that a failure consists of, if it is one.
    fn failed(&mut self, method: Method, fault: Option<&Fault>, now: Instant) -> Option<Reply> {
        match fault? {
            Fault::Limited(wait) => {
                let wait = limits::whole(*wait);
                self.limits.close(method, now, wait);
                Some(Reply::limited(wait))
            }
            Fault::Status(status) => Some(Reply::text(*status, "as the story says")),
            Fault::Refused(code) => Some(Reply::refused(code)),
            _ => None,
        }
    }

    /// Holds the fields against the rules and notes what is wrong.
    fn judge(&mut self, call: &Call) -> Violations {
        let mut violations = Violations::default();
        referee::call(&mut violations, call, self.takes);
        self.blame(call.method.name(), &violations);
        violations
    }

    /// Records what the referee found in something that the bot sent.
    pub fn blame(&mut self, where_: &str, violations: &Violations) {
        for violation in &violations.all {
            self.violation(format!("{where_}: {violation}"));
        }
        self.pings.extend(violations.pings.iter().map(|ping| format!("{where_}: {ping}")));
        self.links.extend(violations.links.iter().map(|link| format!("{where_}: {link}")));
    }
}
