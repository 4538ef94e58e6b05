//! Which keys came already: what is sent again runs nothing twice.

use std::{
    collections::{HashSet, VecDeque},
    hash::Hash,
    time::Duration,
};

use tokio::time::Instant;

/// Platforms accept timestamps of five minutes ahead to five behind, and send again within six minutes.
const MEMORY: Duration = Duration::from_mins(10);
/// So many keys at most, whatever comes: then the oldest is forgotten early.
const MOST: usize = 65_536;

/// The keys of the last ten minutes.
#[derive(Debug)]
pub(crate) struct Seen<K> {
    keys: HashSet<K>,
    order: VecDeque<(Instant, K)>,
}

impl<K> Default for Seen<K> {
    fn default() -> Self {
        Self { keys: HashSet::new(), order: VecDeque::new() }
    }
}

impl<K: Clone + Eq + Hash> Seen<K> {
    /// Whether `key` comes for the first time; remembers it. `now` never goes back.
    pub(crate) fn is_new(&mut self, key: K, now: Instant) -> bool {
        while let Some((at, _)) = self.order.front() {
            if now.duration_since(*at) <= MEMORY && self.order.len() < MOST {
                break;
            }
            if let Some((_, old)) = self.order.pop_front() {
                self.keys.remove(&old);
            }
        }
        let new = self.keys.insert(key.clone());
        if new {
            self.order.push_back((now, key));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_once_in_ten_minutes() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        assert!(seen.is_new(1, now) && seen.is_new(2, now + MEMORY / 2));
        assert!(!seen.is_new(1, now + MEMORY));
        let later = now + MEMORY + Duration::from_millis(1);
        assert!(seen.is_new(1, later) && !seen.is_new(2, later));
    }

    #[test]
    fn memory_is_flat() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        for key in 0..10_000_u32 {
            assert!(seen.is_new(key, now + Duration::from_mins(1) * key));
        }
        assert!(seen.keys.len() <= 11 && seen.order.len() == seen.keys.len(), "{}", seen.keys.len());
    }

    #[test]
    fn a_flood_is_bounded() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        for key in 0..2 * MOST {
            assert!(seen.is_new(key, now));
        }
        assert!(seen.keys.len() <= MOST && !seen.is_new(2 * MOST - 1, now) && seen.is_new(0, now));
    }
}
