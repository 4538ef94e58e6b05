//! Rate limits of the whole workspace, and methods that are closed after a 429. Pure.
//! <https://docs.slack.dev/apis/web-api/rate-limits>

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::method::Method;

/// A method, and the channel where the limit is the channel's.
type Key = (Method, Option<String>);

/// About one message a second in a channel; so many at once are tolerated.
const BURST: u32 = 5;

/// The longest time that a call may have been in flight when a 429 was sent.
const ON_ITS_WAY: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
struct Closed {
    told: Instant,
    until: Instant,
}

/// A call before its `Retry-After` has passed.
pub struct Early {
    pub left: Duration,
    /// Its sender can have known.
    pub knew: bool,
}

#[derive(Default)]
pub struct Limits {
    /// Instead of a method's tier: calls in any window of this length.
    set: HashMap<Method, (u32, Duration)>,
    sent: HashMap<Key, VecDeque<Instant>>,
    closed: HashMap<Key, Closed>,
}

impl Limits {
    /// Instead of the method's tier: so many calls in any window of this length.
    pub fn set(&mut self, method: Method, calls: u32, window: Duration) {
        self.set.insert(method, (calls, window));
    }

    /// Closes the method in all channels until this has passed.
    pub fn close(&mut self, method: Method, now: Instant, wait: Duration) {
        self.closed.insert((method, None), Closed { told: now, until: now + wait });
    }

    /// Returns how much too early a call is after a `Retry-After`.
    pub fn too_early(&self, method: Method, channel: &str, now: Instant) -> Option<Early> {
        let everywhere = self.closed.get(&(method, None));
        let closed =
            self.closed.get(&key(method, channel)).into_iter().chain(everywhere).max_by_key(|c| c.until)?;
        let left = closed.until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some(Early { left, knew: now > closed.told + ON_ITS_WAY })
    }

    /// Counts a call. Returns the wait until the next one if the limit is reached.
    pub fn count(&mut self, method: Method, channel: &str, now: Instant) -> Result<(), Duration> {
        let Some((calls, window)) = self.of(method) else { return Ok(()) };
        let key = key(method, channel);
        let sent = self.sent.entry(key.clone()).or_default();
        sent.retain(|at| now.saturating_duration_since(*at) < window);
        if sent.len() < calls as usize {
            sent.push_back(now);
            return Ok(());
        }
        let left = sent.front().map_or(window, |first| (*first + window).saturating_duration_since(now));
        let wait = whole(left);
        self.closed.insert(key, Closed { told: now, until: now + wait });
        Err(wait)
    }

    fn of(&self, method: Method) -> Option<(u32, Duration)> {
        let tier = || match method {
            Method::PostMessage => Some((BURST, Duration::from_secs(BURST.into()))),
            _ => method.per_minute().map(|calls| (calls, Duration::from_mins(1))),
        };
        self.set.get(&method).copied().or_else(tier)
    }
}

fn key(method: Method, channel: &str) -> Key {
    (method, (method == Method::PostMessage).then(|| channel.to_owned()))
}

/// `Retry-After` is in whole seconds, at least one.
pub fn whole(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_millis().div_ceil(1000).max(1).try_into().expect("seconds"))
}
