//! Posts: one a second in each channel, in the order in which they were asked for.
//! <https://docs.slack.dev/apis/web-api/rate-limits>
//!
//! A post arrives at an unknown time between its sending and its answer, so the second runs from the answer. After a
//! while without an answer the next post goes; if the answer arrives later, a second runs from then too.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::{Held, Outcome, Slot};

/// Between two posts in one channel.
pub(super) const SPACING: Duration = Duration::from_secs(1);
/// Maximum wait of the next posts for the answer to a post.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);

#[derive(Debug, Default)]
pub(super) struct Posts(HashMap<String, Channel>);

#[derive(Debug)]
struct Channel {
    /// A second after the newest answer to any post.
    apart: Instant,
    /// The last post, until its answer.
    unanswered: Option<Unanswered>,
    waiting: VecDeque<Ticket>,
}

#[derive(Clone, Copy, Debug)]
struct Unanswered {
    number: u64,
    /// The end of the others' wait.
    until: Instant,
}

/// A position in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) method: &'static str,
}

/// The wait for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// The minimum wait.
    pub(super) soonest: Duration,
    /// The wait if no answer arrives before.
    pub(super) latest: Duration,
}

impl Posts {
    /// Grants a slot for the post of `ticket` to the channel `name`, or gives it a position in the channel's queue until
    /// it [leaves](Self::leave). A post whose method is `held` does not hold up the others.
    pub(super) fn ask(
        &mut self,
        name: &str,
        ticket: Ticket,
        held: &Held,
        now: Instant,
    ) -> Result<Slot, Hold> {
        let Ticket { number, method } = ticket;
        self.sweep(now);
        let channel = self.channel(name, now);
        let ahead = channel.ahead(number, |method| held.get(method).is_some_and(|until| *until > now));
        let held = held.get(method).copied().unwrap_or(now);
        // the post under way may turn out never to have been sent
        let (soonest, latest) = (channel.apart.max(now).max(held), channel.free().max(now).max(held));
        if ahead == 0 && latest <= now {
            channel.waiting.retain(|other| other.number != number);
            channel.unanswered = Some(Unanswered { number, until: now + ANSWER_TIMEOUT });
            return Ok(Slot::Post { method, channel: name.into(), number });
        }
        if channel.waiting.iter().all(|other| other.number != number) {
            channel.waiting.push_back(ticket);
        }
        let others = SPACING.saturating_mul(ahead);
        Err(Hold { soonest: soonest + others - now, latest: latest + others - now })
    }

    /// Settles the post `number` with its outcome, known since `now`.
    pub(super) fn settle(&mut self, channel: &str, number: u64, outcome: Outcome, now: Instant) {
        let channel = self.channel(channel, now);
        if channel.unanswered.is_some_and(|post| post.number == number) {
            channel.unanswered = None;
        }
        if outcome != Outcome::NotSent {
            channel.apart = now + SPACING;
        }
    }

    /// Gives up the position in the channel's queue.
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

    /// Removes channels with no recent, unanswered or waiting post.
    fn sweep(&mut self, now: Instant) {
        let counts = |channel: &Channel| {
            channel.apart > now || channel.unanswered.is_some() || !channel.waiting.is_empty()
        };
        self.0.retain(|_, channel| counts(channel));
    }
}

impl Channel {
    /// Returns the number of posts that wait before `number`.
    fn ahead(&self, number: u64, is_held: impl Fn(&'static str) -> bool) -> u32 {
        let before = self.waiting.iter().take_while(|ticket| ticket.number != number);
        let count = before.filter(|ticket| !is_held(ticket.method)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Returns the time of the next slot if no answer arrives before.
    fn free(&self) -> Instant {
        self.unanswered.map_or(self.apart, |post| self.apart.max(post.until))
    }
}
