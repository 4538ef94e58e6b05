//! The checks of every call before it takes effect: headers, rate limits, faults, the referee. Pure.

use tokio::time::Instant;

use super::{
    call::Call,
    faults::{Family, Fault},
    limits::RateLimit,
    message::Look,
    openapi,
    referee::{self, Context, MessageAction, Violations},
    reply::{self, Reply},
    route::Route,
    world::{RecordedCall, World},
};
use crate::support::provider::wire::Request;

/// The permission to send files.
pub const ATTACH_FILES: u64 = 1 << 15;
/// The permission to see a channel.
pub const VIEW_CHANNEL: u64 = 1 << 10;
/// The permission to post.
pub const SEND_MESSAGES: u64 = 1 << 11;
/// The permission to open a thread.
pub const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
/// The permission to post in a thread.
pub const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;

/// The outcome of the checks.
pub struct Admitted {
    /// Its place in the world's log.
    pub number: usize,
    pub told: RateLimit,
    /// An answer without an effect.
    pub refused: Option<Reply>,
    pub fault: Option<Fault>,
}

impl World {
    /// Judges a call before its effect.
    pub fn admit(&mut self, call: &Call, request: &Request, now: Instant) -> Admitted {
        let denied = self.check_headers(call, request);
        if let Some(early) = self.limits.too_early(call) {
            self.violation(call, &format!("{} ms before the time that a 429 told", early.as_millis()));
        }
        let (mut told, own) = self.limits.count(call, now);
        let free = denied.is_none() && told.refused.is_none();
        let fault = if free { self.faults.take(&self.families(call)) } else { None };
        if let Some(Fault::Limited(scope, wait)) = fault {
            self.limits.close(call, (scope, wait), now, &mut told);
        }
        let violations = self.judge(call);
        let limited = told.refused.map(|(scope, wait)| reply::limited(scope, wait));
        let refused = denied.or(limited).or_else(|| failed(fault.as_ref()));
        let refused = refused.or_else(|| self.lacks_permission(call));
        let refused = refused.or_else(|| (!violations.refused.is_empty()).then(invalid));
        let faulty = fault.is_some();
        let number = self.calls.len();
        let target = target(call);
        self.calls.push(RecordedCall {
            at: call.at,
            route: call.route,
            target,
            status: 0,
            code: 0,
            own,
            faulty,
        });
        Admitted { number, told, refused, fault }
    }

    /// Notes what was answered.
    pub fn answered(&mut self, number: usize, reply: &Reply) {
        let (status, code) = (reply.status, reply.code());
        let called = self.calls[number].clone();
        let same = |other: &&RecordedCall| {
            (other.route, &other.target, other.status, other.code)
                == (called.route, &called.target, status, code)
        };
        // what Discord itself did not say may be asked again
        let may_pass = called.faulty && code == 0;
        if matches!(status, 401 | 403 | 404)
            && !may_pass
            && self.calls[..number].iter().any(|other| same(&other))
        {
            self.useless_calls += 1;
        }
        (self.calls[number].status, self.calls[number].code) = (status, code);
    }

    pub fn violation(&mut self, call: &Call, what: &str) {
        self.violations.push(format!("{}: {what}", call.route.name()));
    }

    /// Checks the user agent, and the bot's token where one is required.
    fn check_headers(&mut self, call: &Call, request: &Request) -> Option<Reply> {
        let agent = request.header("user-agent").ok().flatten().unwrap_or_default();
        if !is_agent(agent) {
            self.violation(call, &format!("the client calls itself {agent:?}"));
        }
        let said = request.header("authorization").ok().flatten();
        let right = said == Some(&format!("Bot {}", self.bot_token));
        if right && self.token_is_revoked || !right && !call.route.is_of_interaction() {
            if !self.token_is_revoked {
                self.violation(call, "the bot's token is missing or wrong");
            }
            return Some(reply::refusal(401, 0, "401: Unauthorized"));
        }
        if said.is_some() && !right {
            self.violation(call, "a wrong token of the bot");
        }
        None
    }

    /// Files need `ATTACH_FILES`, which an interaction says that the bot lacks; posts and threads need theirs.
    fn lacks_permission(&self, call: &Call) -> Option<Reply> {
        let is_in_thread = self.threads.iter().any(|thread| thread.id == call.ids.channel);
        let is_post = call.route == Route::CreateMessage;
        let needs = [
            (ATTACH_FILES, !call.files.is_empty()),
            (CREATE_PUBLIC_THREADS, call.route == Route::StartThread),
            (SEND_MESSAGES_IN_THREADS, is_post && is_in_thread),
            (SEND_MESSAGES, is_post && !is_in_thread),
        ];
        let is_missing = needs.iter().any(|(bit, needs)| *needs && self.missing_permissions & bit != 0);
        is_missing.then(|| reply::refusal(403, 50_013, "Missing Permissions"))
    }

    /// The families of a call, the most special first.
    fn families(&self, call: &Call) -> Vec<Family> {
        let mut families = vec![];
        if !call.files.is_empty() {
            families.push(Family::Upload);
        }
        if call.route.is_edit() && !self.keeps_stop(call) {
            families.push(Family::FinalEdit);
        }
        families.extend_from_slice(match call.route {
            Route::EditMessage => &[Family::ChannelEdit, Family::Edit],
            Route::EditOriginal => &[Family::Edit],
            Route::Callback => &[Family::Callback],
            Route::Followup => &[Family::Followup],
            Route::CreateMessage => &[Family::Post],
            Route::StartThread => &[Family::Thread],
            Route::ListCommands | Route::PutCommands => &[Family::Commands],
            Route::DeleteCommand | Route::ListGuilds => &[Family::Cleanup],
            Route::GatewayBot => &[Family::Gateway],
            Route::Application => &[Family::Application],
            _ => &[],
        });
        families
    }

    /// After the edit the message has a Stop button.
    fn keeps_stop(&self, call: &Call) -> bool {
        let components = match call.body.get("components") {
            Some(components) => components.as_array().cloned().unwrap_or_default(),
            None => self.subject(call).map(|look| look.components.clone()).unwrap_or_default(),
        };
        let look = Look { components, ..Look::default() };
        look.buttons().iter().any(|button| button.label.contains("Stop"))
    }

    /// Returns the current look of the message that an edit is about.
    fn subject(&self, call: &Call) -> Option<&Look> {
        let message = match call.route {
            Route::EditOriginal => self.original(self.by_token(&call.ids.token)?.id),
            Route::EditMessage => self.message(call.ids.message),
            _ => None,
        };
        message.map(super::message::Message::look)
    }

    /// Holds the body against the rules and notes what is wrong.
    fn judge(&mut self, call: &Call) -> Violations {
        let mut violations = Violations::default();
        if call.route == Route::PutCommands {
            referee::commands(&mut violations, &call.body);
        } else if call.route == Route::StartThread {
            referee::thread(&mut violations, &call.body);
        } else if call.route.has_body() {
            self.judge_message(&mut violations, call);
        }
        violations.refused.extend(openapi::errors(call));
        for violation in violations.refused.iter().chain(&violations.unwanted) {
            self.violations.push(format!("{}: {violation}", call.route.name()));
        }
        violations
    }

    fn judge_message(&self, violations: &mut Violations, call: &Call) {
        let act = match call.route {
            Route::Callback | Route::Followup => MessageAction::Reply,
            Route::CreateMessage => MessageAction::Post,
            _ => MessageAction::Edit,
        };
        let (now, forbidden_words) = (self.subject(call), &self.forbidden_words[..]);
        let context = Context { act, now, file_limit: self.file_limit, forbidden_words };
        if call.route != Route::Callback {
            return referee::message(violations, &call.body, &call.files, &context);
        }
        let Some(interaction) = self.interaction(call.ids.interaction) else { return };
        let kind = (&interaction.kind, self.button_on(interaction));
        referee::callback(violations, &call.body, &call.files, kind, context);
    }
}

/// The answer that a failure consists of, if it is one.
fn failed(fault: Option<&Fault>) -> Option<Reply> {
    match fault? {
        Fault::Status(status, code) => Some(reply::refusal(*status, *code, "as the story says")),
        Fault::Forbidden => Some(reply::refusal(403, 50_001, "Missing Access")),
        _ => None,
    }
}

fn invalid() -> Reply {
    reply::refusal(400, 50_035, "Invalid Form Body")
}

/// Returns the subject of a call.
pub(super) fn target(call: &Call) -> String {
    format!("{}/{}", call.route.major(&call.ids), call.ids.message)
}

/// Checks the format `DiscordBot (address, version)`: <https://docs.discord.com/developers/reference#user-agent>.
fn is_agent(agent: &str) -> bool {
    let inner = agent.strip_prefix("DiscordBot (").and_then(|rest| rest.split_once(')'));
    let parts = inner.and_then(|(inner, _)| inner.split_once(", "));
    parts.is_some_and(|(url, version)| !url.is_empty() && !url.contains(".example") && !version.is_empty())
}
