//! Discord's rate limits: buckets with fixed windows, a global limit, and 429s that a test injects. Pure.
//! <https://docs.discord.com/developers/topics/rate-limits>

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use tokio::time::Instant;

use super::{call::Call, route::Route};

/// Short forms of durations: `2.s()`, `400.ms()`.
pub trait Span {
    fn s(self) -> Duration;
    fn ms(self) -> Duration;
}

impl Span for u64 {
    fn s(self) -> Duration {
        Duration::from_secs(self)
    }

    fn ms(self) -> Duration {
        Duration::from_millis(self)
    }
}

/// The scope of a 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    User,
    Global,
    Shared,
}

/// The rate limit headers of a response.
#[derive(Clone, Debug)]
pub struct RateLimit {
    pub limit: u32,
    pub remaining: u32,
    pub reset_after: Duration,
    /// The bucket's name, which all major parameters of a route share.
    pub bucket: String,
    /// The call is refused so long.
    pub refused: Option<(Scope, Duration)>,
}

/// All buckets.
pub struct Limits {
    sizes: HashMap<Route, (u32, Duration)>,
    global: (u32, Duration),
    windows: HashMap<(Route, String), Window>,
    everything: Option<Window>,
    closed: Vec<Closed>,
}

struct Window {
    began: Instant,
    used: u32,
}

/// An injected 429 and the time until which it applies.
struct Closed {
    /// `None`: everywhere that the global limit counts.
    bucket: Option<(Route, String)>,
    scope: Scope,
    told: Instant,
    until: Instant,
}

/// A call that was on its way when a refusal went out is no violation.
const ON_THE_WAY: Duration = Duration::from_millis(100);

impl Default for Limits {
    /// Sizes that bot authors report; Discord publishes only the global one.
    fn default() -> Self {
        let sizes = [
            (Route::Callback, (5, 2.s())),
            (Route::EditOriginal, (5, 2.s())),
            (Route::Followup, (5, 2.s())),
            (Route::CreateMessage, (5, 5.s())),
            (Route::EditMessage, (5, 5.s())),
        ];
        let (windows, everything, closed) = (HashMap::new(), None, vec![]);
        Self { sizes: sizes.into(), global: (50, 1.s()), windows, everything, closed }
    }
}

impl Limits {
    /// Sets the number of calls of this route in each window, per top-level resource.
    pub fn set(&mut self, route: Route, calls: u32, window: Duration) {
        self.sizes.insert(route, (calls, window));
    }

    /// Sets the number of calls of all routes except those of interactions.
    pub fn set_global(&mut self, calls: u32, window: Duration) {
        self.global = (calls, window);
    }

    /// Refuses this bucket (or everything) from `now` on, beginning with this call, which was counted.
    pub fn close(
        &mut self,
        call: &Call,
        (scope, wait): (Scope, Duration),
        now: Instant,
        told: &mut RateLimit,
    ) {
        if let Some(window) = self.windows.get_mut(&key(call)) {
            window.used = window.used.saturating_sub(1);
        }
        if scope != Scope::Global {
            (told.remaining, told.reset_after) = (0, wait);
        }
        told.refused = Some((scope, wait));
        let mut close = |bucket| self.closed.push(Closed { bucket, scope, told: now, until: now + wait });
        if scope == Scope::Global {
            close(None);
        }
        if scope != Scope::Global || call.route.is_of_interaction() {
            close(Some(key(call)));
        }
    }

    /// Returns how much too early the call came after an injected 429.
    pub fn too_early(&self, call: &Call) -> Option<Duration> {
        let closed = self.closed_for(call)?;
        (call.at > closed.told + ON_THE_WAY).then(|| closed.until - call.at)
    }

    fn closed_for(&self, call: &Call) -> Option<&Closed> {
        let holds = |closed: &&Closed| match &closed.bucket {
            _ if closed.until <= call.at => false,
            Some(bucket) => *bucket == key(call),
            None => !call.route.is_of_interaction(),
        };
        self.closed.iter().find(holds)
    }

    /// Counts the call. Returns the headers of its response, and true if the bot's own pace caused a 429.
    pub fn count(&mut self, call: &Call, now: Instant) -> (RateLimit, bool) {
        let closed =
            self.closed_for(call).map(|closed| (closed.scope, closed.until.saturating_duration_since(now)));
        let (size, window) = self.sizes.get(&call.route).copied().unwrap_or((20, 1.s()));
        let entry = self.windows.entry(key(call)).or_insert(Window { began: now, used: 0 });
        let free = entry.free(size, window, now);
        let reset_after = (entry.began + window).saturating_duration_since(now);
        let mut told = RateLimit {
            limit: size,
            remaining: free,
            reset_after,
            bucket: name(call.route),
            refused: closed,
        };
        if let Some((Scope::User | Scope::Shared, wait)) = closed {
            (told.remaining, told.reset_after) = (0, wait);
        }
        if told.refused.is_some() {
            return (told, false);
        }
        if free == 0 {
            told.refused = Some((Scope::User, reset_after));
        } else if let Some(wait) = (!call.route.is_of_interaction()).then(|| self.all(now)).flatten() {
            told.refused = Some((Scope::Global, wait));
        } else if let Some(entry) = self.windows.get_mut(&key(call)) {
            entry.used += 1;
            told.remaining = free - 1;
        }
        let own = told.refused.is_some();
        (told, own)
    }

    /// Counts the call globally. Returns the wait if the limit is reached.
    fn all(&mut self, now: Instant) -> Option<Duration> {
        let (size, window) = self.global;
        let all = self.everything.get_or_insert(Window { began: now, used: 0 });
        if all.free(size, window, now) == 0 {
            return Some((all.began + window).saturating_duration_since(now));
        }
        all.used += 1;
        None
    }
}

impl Window {
    /// Returns the number of calls left. An expired window starts again.
    fn free(&mut self, size: u32, window: Duration, now: Instant) -> u32 {
        if now >= self.began + window {
            *self = Self { began: now, used: 0 };
        }
        size.saturating_sub(self.used)
    }
}

fn key(call: &Call) -> (Route, String) {
    (call.route, call.route.major(&call.ids))
}

fn name(route: Route) -> String {
    let mut hasher = DefaultHasher::new();
    route.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
