//! The times at which something is due: every few hours, or as a cron expression says in a time zone.
//!
//! Pure: the time is an argument. All replicas compute the same times, which do not depend on when they started.

use std::time::Duration;

use croner::{Cron, errors::CronError};
use jiff::Timestamp;
use jiff_02::tz::TimeZone;

/// More than clocks are ever set back, and a day, in milliseconds.
const FOLD_MS: i64 = 25 * 3_600_000;

/// A schedule.
#[derive(Clone, Debug)]
pub struct Schedule(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Every(Duration),
    Cron(Box<Cron>, TimeZone),
}

/// An expression or a time zone that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is none.
    #[error("{0}")]
    Expression(#[from] CronError),
    /// The time zone is unknown.
    #[error("not a time zone of the IANA database, such as \"Europe/Berlin\"")]
    TimeZone,
}

impl Schedule {
    /// Returns a schedule of all multiples of `interval` since 1970, UTC. It is due at least a second apart.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self(Kind::Every(interval.max(Duration::from_secs(1))))
    }

    /// Returns the schedule of a cron `expression` in a time zone of the IANA database; UTC without one.
    ///
    /// # Errors
    /// [`ScheduleError`] if either cannot be read.
    pub fn cron(expression: &str, time_zone: Option<&str>) -> Result<Self, ScheduleError> {
        let cron: Cron = expression.parse()?;
        let zone = time_zone.map_or(Ok(TimeZone::UTC), TimeZone::get).map_err(|_| ScheduleError::TimeZone)?;
        Ok(Self(Kind::Cron(Box::new(cron), zone)))
    }

    /// Returns the last time up to `now` at which it was due, or `None` if there is none.
    #[must_use]
    pub fn last_at(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Kind::Every(interval) => {
                let interval_ms = i64::try_from(interval.as_millis()).ok()?;
                Timestamp::from_millisecond(now.as_millisecond().div_euclid(interval_ms) * interval_ms).ok()
            }
            Kind::Cron(cron, zone) => {
                let zoned =
                    jiff_02::Timestamp::from_millisecond(now.as_millisecond()).ok()?.to_zoned(zone.clone());
                let previous = cron.find_previous_occurrence(&zoned, true).ok()?.timestamp().as_millisecond();
                // where clocks are set back, a time exists twice: backwards croner finds the other one
                let start = Timestamp::from_millisecond(previous - FOLD_MS).ok()?;
                let times = std::iter::successors(self.next_after(start), |time| self.next_after(*time));
                times.take_while(|time| *time <= now).last()
            }
        }
    }

    /// Returns the first time after `after` at which it is due, or `None` if there is none.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let after_ms = after.as_millisecond();
        let next_ms = match &self.0 {
            Kind::Every(interval) => {
                let interval_ms = i64::try_from(interval.as_millis()).ok()?;
                (after_ms.div_euclid(interval_ms) + 1).checked_mul(interval_ms)?
            }
            Kind::Cron(cron, zone) => {
                let after = jiff_02::Timestamp::from_millisecond(after_ms).ok()?.to_zoned(zone.clone());
                cron.find_next_occurrence(&after, false).ok()?.timestamp().as_millisecond()
            }
        };
        Timestamp::from_millisecond(next_ms).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn due(schedule: &Schedule, after: &str, times: usize) -> Vec<String> {
        let next = |time: &Timestamp| schedule.next_after(*time);
        let first = schedule.next_after(at(after));
        std::iter::successors(first, next).take(times).map(|time| time.to_string()).collect()
    }

    #[test]
    fn an_interval_is_due_at_its_multiples() {
        let schedule = Schedule::every(Duration::from_hours(3));
        let times = due(&schedule, "2026-11-29T10:20:00Z", 2);
        assert_eq!(times, ["2026-11-29T12:00:00Z", "2026-11-29T15:00:00Z"]);
        assert_eq!(due(&schedule, "2026-11-29T12:00:00Z", 1), ["2026-11-29T15:00:00Z"]);
    }

    #[test]
    fn an_expression_follows_the_clocks_of_its_zone() {
        let schedule = Schedule::cron("0 9 * * *", Some("Europe/Berlin")).expect("valid");
        let times = due(&schedule, "2026-10-24T00:00:00Z", 3);
        assert_eq!(times, ["2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z", "2026-10-26T08:00:00Z"]);
        // 02:30 does not exist on 29 March 2026, and exists twice on 25 October
        let nightly = Schedule::cron("30 2 * * *", Some("Europe/Berlin")).expect("valid");
        assert_eq!(due(&nightly, "2026-03-28T12:00:00Z", 2).len(), 2);
        let october = due(&nightly, "2026-10-24T12:00:00Z", 2);
        assert_eq!(october, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"], "once a day");
    }

    #[test]
    fn the_last_time_is_one_of_those_that_come_next() {
        let every = Schedule::every(Duration::from_hours(3));
        assert_eq!(every.last_at(at("2026-11-29T12:00:00Z")), Some(at("2026-11-29T12:00:00Z")));
        assert_eq!(every.last_at(at("2026-11-29T11:59:59Z")), Some(at("2026-11-29T09:00:00Z")));
        // from the day before the clocks change
        for (expression, zone, spring, autumn) in [
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-10-24T00:00:00Z"),
            ("15 * * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-10-24T00:00:00Z"),
            ("*/20 1-3 * * *", "America/New_York", "2026-03-07T00:00:00Z", "2026-10-31T00:00:00Z"),
            ("30 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", "2026-10-03T00:00:00Z"),
            ("0 0 1 * *", "UTC", "2026-03-31T00:00:00Z", "2026-10-31T00:00:00Z"),
        ] {
            let schedule = Schedule::cron(expression, Some(zone)).expect("valid");
            for from in [spring, autumn].map(at) {
                let first = schedule.next_after(from - Duration::from_hours(24 * 32));
                let times = std::iter::successors(first, |time| schedule.next_after(*time));
                let end = from + Duration::from_hours(72);
                let times: Vec<Timestamp> = times.take_while(|time| *time < end).collect();
                for minutes in (0..72 * 60).step_by(15) {
                    let now = from + Duration::from_mins(minutes);
                    let last = times.iter().rev().find(|time| **time <= now).copied();
                    assert_eq!(schedule.last_at(now), last, "{expression} {zone} at {now}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert!(matches!(Schedule::cron("every noon", None), Err(ScheduleError::Expression(_))));
        assert!(matches!(Schedule::cron("0 9 * * *", Some("Mars/Olympus")), Err(ScheduleError::TimeZone)));
    }
}
