//! Which interactions came already: a signed request that is sent again runs nothing twice. Pure.
//!
//! Must not know what an interaction is.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// A request can be sent again for as long as its timestamp is accepted: that may be five minutes ahead of us
/// at first, and five behind at last.
const MEMORY: Duration = Duration::from_mins(10);

/// The ids of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ids: HashSet<u64>,
    order: VecDeque<(Instant, u64)>,
}

impl Seen {
    /// Whether `id` comes for the first time; remembers it. `now` never goes back.
    pub(super) fn is_new(&mut self, id: u64, now: Instant) -> bool {
        while let Some((at, old)) = self.order.front().copied() {
            if now.duration_since(at) <= MEMORY {
                break;
            }
            self.order.pop_front();
            self.ids.remove(&old);
        }
        let new = self.ids.insert(id);
        if new {
            self.order.push_back((now, id));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once_in_ten_minutes() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        assert!(seen.is_new(1, now) && seen.is_new(2, now + MEMORY / 2));
        assert!(!seen.is_new(1, now + MEMORY));
        let later = now + MEMORY + Duration::from_millis(1);
        assert!(seen.is_new(1, later) && !seen.is_new(2, later));
    }

    #[test]
    fn memory_is_flat() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        for id in 0..10_000_u32 {
            assert!(seen.is_new(id.into(), now + Duration::from_mins(1) * id));
        }
        assert!(seen.ids.len() <= 11 && seen.order.len() == seen.ids.len(), "{}", seen.ids.len());
    }
}
