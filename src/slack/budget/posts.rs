//! Posts: one a second in a channel, in the order in which they were asked for. Channels do not wait for each other.
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! When a post arrives is not known but for that it is between its sending and its answer, so the second runs from
//! the answer. One that has none for a while either has arrived or will not: nobody waits for it any longer. Must
//! not know what is posted.

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
    /// Nothing may be posted before this.
    free: Instant,
    /// The last post, while it has no answer.
    unanswered: Option<u64>,
    waiting: VecDeque<Ticket>,
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
        let fresh = || Channel { free: now, unanswered: None, waiting: VecDeque::new() };
        let channel = self.0.entry(channel.into()).or_insert_with(fresh);
        let ahead = channel.ahead(ticket.number, |method| held(method).is_some());
        let held = held(ticket.method).unwrap_or(now);
        let (soonest, latest) = (channel.soonest(now).max(held), channel.free.max(now).max(held));
        if ahead == 0 && latest <= now {
            channel.waiting.retain(|other| other.number != ticket.number);
            (channel.free, channel.unanswered) = (now + UNANSWERED, Some(ticket.number));
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
        let Some(channel) = self.0.get_mut(channel).filter(|channel| channel.unanswered == Some(number))
        else {
            return;
        };
        channel.unanswered = None;
        if outcome == Outcome::NotSent {
            channel.free = now;
        } else if now < channel.free {
            channel.free = now + SPACING;
        }
    }

    pub(super) fn leave(&mut self, channel: &str, number: u64) {
        if let Some(channel) = self.0.get_mut(channel) {
            channel.waiting.retain(|ticket| ticket.number != number);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Lets channels go in which nothing counts any more.
    fn sweep(&mut self, now: Instant) {
        let counts = |channel: &Channel| {
            channel.free > now || channel.unanswered.is_some() || !channel.waiting.is_empty()
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

    /// When a slot may be free at the earliest.
    fn soonest(&self, now: Instant) -> Instant {
        // its answer may say at once that it was never sent
        if self.unanswered.is_some() { now } else { self.free.max(now) }
    }
}
