//! Faults that a test injects, queued per method. Pure.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use super::method::Method;
pub use crate::support::fake::{HungCall, Moment};

/// A fault that strikes a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429 with this `Retry-After`; the method is closed until then.
    Limited(Duration),
    Status(u16),
    /// `ok: false` with this code.
    Refused(&'static str),
    Cut(Moment),
    /// Delays the effect and the response, even if the caller disconnects before.
    Slow(Duration),
    Hang(HungCall),
    /// Like `Hang`, but the effect takes place at the release even if the caller disconnected before.
    Hold(HungCall),
}

#[derive(Default)]
pub struct Faults {
    queued: HashMap<Method, VecDeque<Fault>>,
    /// For edits that show the end of a race.
    finals: VecDeque<Fault>,
}

impl Faults {
    pub fn push(&mut self, method: Method, fault: Fault) {
        self.queued.entry(method).or_default().push_back(fault);
    }

    /// For the next edit that shows the end of a race.
    pub fn push_final(&mut self, fault: Fault) {
        self.finals.push_back(fault);
    }

    /// Returns the fault for a call of this method.
    pub fn take(&mut self, method: Method, is_final: bool) -> Option<Fault> {
        let last = if is_final { self.finals.pop_front() } else { None };
        last.or_else(|| self.queued.get_mut(&method)?.pop_front())
    }

    /// Methods with failures that no call met.
    pub fn left(&self) -> Vec<Method> {
        let queued = self.queued.iter().filter(|(_, left)| !left.is_empty()).map(|(method, _)| *method);
        queued.chain(self.finals.iter().map(|_| Method::Update)).collect()
    }
}
