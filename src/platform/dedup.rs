//! Duplicate deliveries: a delivery that is sent again is not handled twice.

use std::{
    collections::{HashSet, VecDeque},
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Platforms accept timestamps from five minutes ahead to five behind, and send again within six minutes.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// The maximum number of keys; beyond it the oldest is dropped early.
const MAX_KEYS: usize = 65_536;

/// The delivery keys of the last ten minutes.
#[derive(Debug)]
pub(crate) struct Dedup<K>(Mutex<Keys<K>>);

#[derive(Debug)]
struct Keys<K> {
    known: HashSet<K>,
    order: VecDeque<(Instant, K)>,
}

impl<K> Default for Dedup<K> {
    fn default() -> Self {
        Self(Mutex::new(Keys { known: HashSet::new(), order: VecDeque::new() }))
    }
}

impl<K: Clone + Eq + Hash> Dedup<K> {
    /// Records `key`, and returns true if it is new. `now` never goes back.
    pub(crate) fn is_new(&self, key: K, now: Instant) -> bool {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, _)) = keys.order.front() {
            if now.duration_since(*at) <= KEPT_FOR && keys.order.len() < MAX_KEYS {
                break;
            }
            if let Some((_, old)) = keys.order.pop_front() {
                keys.known.remove(&old);
            }
        }
        let is_new = keys.known.insert(key.clone());
        if is_new {
            keys.order.push_back((now, key));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn len<K>(dedup: &Dedup<K>) -> usize {
        dedup.0.lock().expect("keys").known.len()
    }

    #[test]
    fn a_key_is_new_once_in_ten_minutes() {
        let (dedup, now) = (Dedup::default(), Instant::now());
        assert!(dedup.is_new(1, now) && dedup.is_new(2, now + KEPT_FOR / 2));
        assert!(!dedup.is_new(1, now + KEPT_FOR));
        let later = now + KEPT_FOR + Duration::from_millis(1);
        assert!(dedup.is_new(1, later) && !dedup.is_new(2, later));
    }

    #[test]
    fn old_keys_are_forgotten() {
        let (dedup, now) = (Dedup::default(), Instant::now());
        for key in 0..10_000_u32 {
            assert!(dedup.is_new(key, now + Duration::from_mins(1) * key));
        }
        assert!(len(&dedup) <= 11, "{}", len(&dedup));
    }

    #[test]
    fn a_flood_is_bounded() {
        let (dedup, now) = (Dedup::default(), Instant::now());
        for key in 0..2 * MAX_KEYS {
            assert!(dedup.is_new(key, now));
        }
        assert!(len(&dedup) <= MAX_KEYS && !dedup.is_new(2 * MAX_KEYS - 1, now) && dedup.is_new(0, now));
    }
}
