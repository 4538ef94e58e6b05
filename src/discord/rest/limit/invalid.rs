//! The budget of calls that Discord refuses (401, 403, 429): past 10,000 within ten minutes it bans the address.
//! <https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
//!
//! Must not know routes.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::Urgency;

/// From here on only what people wait for may go.
const SHORT: u32 = 5_000;
/// From here on nothing may.
const SPENT: u32 = 9_000;
const SPAN: Duration = Duration::from_mins(10);
/// Calls are counted in groups of this length, each of them until its youngest is out of the span.
const GROUP: Duration = Duration::from_secs(10);

/// How much of the budget is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Little.
    #[default]
    Fine,
    /// Half: progress is refused.
    Short,
    /// Nearly all: everything is refused.
    Spent,
}

#[derive(Debug, Default)]
pub(super) struct Invalid {
    /// When each group began, and how many it holds.
    groups: VecDeque<(Instant, u32)>,
    total: u32,
    /// What was said last.
    said: Level,
}

impl Invalid {
    pub(super) fn allows(&mut self, urgency: Urgency, now: Instant) -> bool {
        self.forget(now);
        let most = if urgency == Urgency::Progress { Level::Fine } else { Level::Short };
        self.level() <= most
    }

    /// Counts one; gives the level if it is worse than the last one that was given.
    pub(super) fn add(&mut self, now: Instant) -> Option<Level> {
        self.forget(now);
        match self.groups.back_mut() {
            Some((began, count)) if now.duration_since(*began) < GROUP => *count += 1,
            _ => self.groups.push_back((now, 1)),
        }
        self.total += 1;
        let level = self.level();
        (level > self.said).then(|| {
            self.said = level;
            level
        })
    }

    fn level(&self) -> Level {
        match self.total {
            SPENT.. => Level::Spent,
            SHORT.. => Level::Short,
            _ => Level::Fine,
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((began, count)) = self.groups.front().copied()
            && now.duration_since(began) >= SPAN + GROUP
        {
            self.groups.pop_front();
            self.total -= count;
        }
        self.said = self.said.min(self.level());
    }
}
