//! The races that may start from one address: a browser chooses its own id, so a limit per id alone could be escaped.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::arena::Refused;

/// The window of the limit.
const WINDOW: Duration = Duration::from_mins(1);

/// The starts of the last minute by address; visitors without a known one share an entry.
pub(in crate::web) struct AddressLimit {
    /// The races that an address may start in any minute.
    races: usize,
    starts: Mutex<HashMap<Option<IpAddr>, VecDeque<Instant>>>,
}

impl AddressLimit {
    pub(in crate::web) fn new(races: usize) -> Self {
        Self { races, starts: Mutex::default() }
    }

    /// Runs `start` and counts it for this address if it succeeds.
    ///
    /// # Errors
    /// [`Refused::TooFast`] if the address started too many races, or the error of `start`.
    pub(in crate::web) fn start<T>(
        &self,
        address: Option<IpAddr>,
        now: Instant,
        start: impl FnOnce() -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let mut all = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, starts| {
            starts.retain(|at| now.duration_since(*at) < WINDOW);
            !starts.is_empty()
        });
        let starts = all.entry(address.map(network)).or_default();
        if let Some(oldest) = starts.front().filter(|_| starts.len() >= self.races) {
            let wait = WINDOW.saturating_sub(now.duration_since(*oldest));
            return Err(Refused::TooFast { races: self.races, seconds: wait.as_secs() + 1 });
        }
        let started = start()?;
        starts.push_back(now);
        Ok(started)
    }
}

/// The address, or the network of an IPv6 address: one household has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_starts_only_so_many_races_in_a_minute() {
        let limit = AddressLimit::new(2);
        let now = Instant::now();
        let starts = |address: &str, after: u64| {
            limit.start(address.parse().ok(), now + Duration::from_secs(after), || Ok(())).is_ok()
        };
        assert!(starts("192.0.2.1", 0) && starts("192.0.2.1", 10));
        assert!(!starts("192.0.2.1", 20) && !starts("::ffff:192.0.2.1", 59), "the same address");
        assert!(starts("192.0.2.2", 20), "another address");
        assert!(starts("192.0.2.1", 60) && !starts("192.0.2.1", 61));
        assert!(
            starts("2001:db8::1", 0) && starts("2001:db8::2", 0) && !starts("2001:db8::3", 0),
            "one network"
        );
        assert!(starts("unknown", 0) && starts("", 0) && !starts("", 0), "all without an address");
    }

    #[test]
    fn a_start_that_fails_is_not_counted() {
        let limit = AddressLimit::new(1);
        let now = Instant::now();
        let failed = limit.start::<()>(None, now, || Err(Refused::EmptyPrompt));
        assert_eq!(failed, Err(Refused::EmptyPrompt));
        assert!(limit.start(None, now, || Ok(())).is_ok());
    }
}
