//! Faults that a test injects, queued per family of calls. Pure.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use super::limits::Scope;
pub use crate::support::fake::{HungCall, Moment};

/// Calls that fail together. A call may be of several families; the first of them here that has something
/// queued decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Carries files.
    Upload,
    /// An edit after which the message has no Stop button.
    FinalEdit,
    /// An edit by channel and message.
    ChannelEdit,
    /// Any edit.
    Edit,
    Callback,
    Followup,
    /// A new message in a channel or a thread.
    Post,
    /// A new thread.
    Thread,
    /// Reads and writes of commands.
    Commands,
    /// `GET /gateway/bot`.
    Gateway,
    /// `GET /applications/@me`.
    Application,
    /// The removal of commands that another configuration registered.
    Cleanup,
}

/// A fault that strikes a call.
#[derive(Clone, Debug)]
pub enum Fault {
    Limited(Scope, Duration),
    /// A refusal with Discord's code; 0 for a refusal without one, as by a proxy in front of Discord.
    Status(u16, u32),
    Cut(Moment),
    Hang(HungCall),
    /// 403, code 50001.
    Forbidden,
}

#[derive(Default)]
pub struct Faults {
    queued: HashMap<Family, VecDeque<Fault>>,
    forbidden: HashSet<Family>,
}

impl Faults {
    pub fn push(&mut self, family: Family, fault: Fault) {
        self.queued.entry(family).or_default().push_back(fault);
    }

    /// Every call of the family is forbidden from now on.
    pub fn forbid(&mut self, family: Family) {
        self.forbidden.insert(family);
    }

    /// Returns the fault for a call of these families, the most specific first.
    pub fn take(&mut self, families: &[Family]) -> Option<Fault> {
        let queued = families.iter().find_map(|family| self.queued.get_mut(family)?.pop_front());
        let forbidden = families.iter().any(|family| self.forbidden.contains(family));
        queued.or(forbidden.then_some(Fault::Forbidden))
    }

    /// Families with failures that no call met.
    pub fn left(&self) -> Vec<Family> {
        self.queued.iter().filter(|(_, left)| !left.is_empty()).map(|(family, _)| *family).collect()
    }
}
