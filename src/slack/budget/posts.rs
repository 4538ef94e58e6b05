//! Posts: one a second in a channel, in the order in which they were asked for. Channels do not wait for each other.
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! When a post arrives is not known but for that it is between its sending and its answer, so the second runs from
//! the answer. For one that has none for a while nobody waits any longer; if its answer comes all the same, the second
//! runs from then. Must not know what is posted.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::Outcome;

/// Between two posts in one channel.
pub(super) const SPACING: Duration = Duration::from_secs(1);
/// How long others wait for the answer to a post.
pub(super) const UNANSWERED: Duration = Duration::from_secs(4);

#[derive(Debug, Default)]
pub(super) struct Posts(HashMap<String, Channel>);

#[derive(Debug)]
struct Channel {
    /// A second after the newest answer, whichever post it was to.
    apart: Instant,
    /// The last post, while it has no answer.
    unanswered: Option<Unanswered>,
    waiting: VecDeque<Ticket>,
}

#[derive(Clone, Copy, Debug)]
struct Unanswered {
    number: u64,
    /// So long others wait.
    until: Instant,
}

/// One who waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) method: &'static str,
}

/// How long there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// There is none before this.
    pub(super) soonest: Duration,
    /// When to ask again, if no answer comes before.
    pub(super) latest: Duration,
}

impl Posts {
    /// Whether `ticket`'s post may go now; else it has a place in the queue. `held` says until when Slack holds a
    /// method: those who wait for that hold up nobody else.
    pub(super) fn ask(
        &mut self,
        channel: &str,
        ticket: Ticket,
        held: impl Fn(&'static str) -> Option<Instant>,
        now: Instant,
    ) -> Result<(), Hold> {
        self.sweep(now);
        let channel = self.channel(channel, now);
        let ahead = channel.ahead(ticket.number, |method| held(method).is_some());
        let held = held(ticket.method).unwrap_or(now);
        // the answer to a post under way may say at once that it was never sent
        let (soonest, latest) = (channel.apart.max(now).max(held), channel.free().max(now).max(held));
        if ahead == 0 && latest <= now {
            channel.waiting.retain(|other| other.number != ticket.number);
            channel.unanswered = Some(Unanswered { number: ticket.number, until: now + UNANSWERED });
            return Ok(());
        }
        if channel.waiting.iter().all(|other| other.number != ticket.number) {
            channel.waiting.push_back(ticket);
        }
        let others = SPACING.saturating_mul(ahead);
        Err(Hold { soonest: soonest + others - now, latest: latest + others - now })
    }

    /// What came of the post that `number` stands for, and when that was known.
    pub(super) fn settle(&mut self, channel: &str, number: u64, outcome: Outcome, now: Instant) {
        let channel = self.channel(channel, now);
        if channel.unanswered.is_some_and(|post| post.number == number) {
            channel.unanswered = None;
        }
        if outcome != Outcome::NotSent {
            channel.apart = now + SPACING;
        }
    }

    pub(super) fn leave(&mut self, channel: &str, number: u64) {
        if let Some(channel) = self.0.get_mut(channel) {
            channel.waiting.retain(|ticket| ticket.number != number);
        }
    }

    fn channel(&mut self, name: &str, now: Instant) -> &mut Channel {
        let fresh = || Channel { apart: now, unanswered: None, waiting: VecDeque::new() };
        self.0.entry(name.into()).or_insert_with(fresh)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Lets channels go in which nothing counts any more.
    fn sweep(&mut self, now: Instant) {
        let counts = |channel: &Channel| {
            channel.apart > now || channel.unanswered.is_some() || !channel.waiting.is_empty()
        };
        self.0.retain(|_, channel| counts(channel));
    }
}

impl Channel {
    /// How many wait that came before `number`.
    fn ahead(&self, number: u64, is_held: impl Fn(&'static str) -> bool) -> u32 {
        let before = self.waiting.iter().take_while(|ticket| ticket.number != number);
        let count = before.filter(|ticket| !is_held(ticket.method)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// When there is a slot, if no answer comes before.
    fn free(&self) -> Instant {
        self.unanswered.map_or(self.apart, |post| self.apart.max(post.until))
    }
}
