//! SHELL. The weekly digest: one message on Mondays at nine in each channel of alerts, once over all processes.
//!
//! A service that was down at nine posts on that Monday as soon as it is back, if its store outlives it. A week without races is one sentence, so
//! that its reader knows that the service runs.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use jiff_02::{civil::Date, tz::TimeZone};
use tokio::time::sleep;

use super::{
    Arena, ContenderNames,
    overview::{drawn, series},
};
use crate::{
    alert::{AlertChannel, Notice},
    board::{Board, words},
    chart::{self, HistoryOptions},
    history::{Calendar, DAY_MS, RECENT_DAYS, Series, Summary, WINDOW_DAYS, first_day},
    race::{
        cost::Cost,
        figures::{self, thousands},
        metrics::TokenCount,
    },
    schedule::{Schedule, ScheduleError},
    store::{Store, StoreError, Votes, Week},
    surface::{Chart, SurfaceError},
};

/// Mondays at nine.
const CRON: &str = "0 9 * * 1";
/// The longest sleep: the clock of the machine may be set.
const MAX_SLEEP: Duration = Duration::from_mins(10);
/// The wait after a digest that could not be made or posted.
const RETRY_DELAY: Duration = Duration::from_mins(5);
/// The attempts at a post whose outcome is unknown, with an equal key.
const MAX_ATTEMPTS: u32 = 3;
/// The wait between them: Discord remembers a key for some minutes.
const REPEAT_DELAY: Duration = Duration::from_secs(10);
/// The platform's name of digests among the deliveries.
const DELIVERY: &str = "digest";

/// The weekly digest of an arena.
pub struct WeeklyDigest {
    arena: Arc<Arena>,
    channels: Vec<Arc<dyn AlertChannel>>,
    schedule: Schedule,
    zone: TimeZone,
    zone_name: String,
    /// The last Monday on which nothing is left to do.
    done: Option<Date>,
}

impl WeeklyDigest {
    /// Returns the digest of `arena`, which is posted in `channels` at nine in a time zone of the IANA database; UTC without
    /// one.
    ///
    /// # Errors
    /// [`ScheduleError::TimeZone`].
    pub fn new(
        arena: Arc<Arena>,
        channels: Vec<Arc<dyn AlertChannel>>,
        time_zone: Option<&str>,
    ) -> Result<Self, ScheduleError> {
        let zone = time_zone.map_or(Ok(TimeZone::UTC), TimeZone::get).map_err(|_| ScheduleError::TimeZone)?;
        let zone_name = time_zone.unwrap_or("UTC").to_owned();
        Ok(Self { arena, channels, schedule: Schedule::cron(CRON, time_zone)?, zone, zone_name, done: None })
    }

    /// Posts each digest when it is due. Does not return.
    pub async fn run(mut self) {
        if let Some(store) = self.arena.store.clone() {
            store.wait_until_connected(RETRY_DELAY).await;
            // it does not know what an earlier process posted
            if !store.is_lasting() {
                self.done = self.due(Timestamp::now());
            }
        }
        loop {
            let wait = self.look(Timestamp::now()).await;
            sleep(wait).await;
        }
    }

    /// Posts what is due at `now` and returns the time until the next look.
    pub async fn look(&mut self, now: Timestamp) -> Duration {
        let Some(monday) = self.due(now).filter(|monday| self.done != Some(*monday)) else {
            return self.wait(now).min(MAX_SLEEP);
        };
        let mut is_done = true;
        for channel in self.channels.clone() {
            is_done &= self.publish(&*channel, monday, now).await == Published::Done;
        }
        if is_done {
            self.done = Some(monday);
        }
        RETRY_DELAY
    }

    /// Returns the Monday whose digest is due at `now`, from nine until the day ends.
    fn due(&self, now: Timestamp) -> Option<Date> {
        let last = self.schedule.next_after(now - Duration::from_hours(24)).filter(|time| *time <= now)?;
        let monday = self.date(last)?;
        (self.date(now)? == monday).then_some(monday)
    }

    /// Returns the time from `now` to the next Monday at nine.
    fn wait(&self, now: Timestamp) -> Duration {
        let next = self.schedule.next_after(now).map(|next| next.duration_since(now));
        next.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(MAX_SLEEP)
    }

    fn date(&self, time: Timestamp) -> Option<Date> {
        let time = jiff_02::Timestamp::from_millisecond(time.as_millisecond()).ok()?;
        Some(time.to_zoned(self.zone.clone()).date())
    }

    /// Posts the digest of the week before `monday` in `channel`, unless it was posted there.
    async fn publish(&self, channel: &dyn AlertChannel, monday: Date, now: Timestamp) -> Published {
        let Some(store) = &self.arena.store else { return Published::Done };
        let claim = format!("{}@{monday}", channel.platform());
        match store.promptly(store.claim_delivery(DELIVERY, &claim)).await {
            Ok(true) => {}
            Ok(false) => return Published::Done,
            Err(error) => {
                tracing::warn!(error = error.chain(), "the digest waits for the database");
                return Published::Later;
            }
        }
        let posted = match self.digest(store, monday, now).await {
            Ok((notice, chart)) => post(channel, &format!("digest-{monday}"), &notice, chart.as_ref()).await,
            Err(error) => {
                tracing::warn!(error = error.chain(), "failed to read the numbers of the digest");
                Err(Published::Later)
            }
        };
        match posted {
            Ok(()) => Published::Done,
            Err(published) => {
                self.arena.release_delivery(DELIVERY, &claim).await;
                published
            }
        }
    }

    /// Reads the numbers of the week and returns the digest with its picture.
    async fn digest(
        &self,
        store: &Store,
        monday: Date,
        now: Timestamp,
    ) -> Result<(Notice, Option<Chart>), StoreError> {
        let week = store.promptly(store.week()).await?;
        let votes = store.promptly(store.votes(None, None)).await?;
        let series = series(store, &self.arena.cards, u32::try_from(RECENT_DAYS).unwrap_or(0)).await?;
        let zone = self.zone_name.clone();
        let today = now.as_millisecond().div_euclid(DAY_MS);
        let numbers = WeekNumbers { week, votes, series, today, monday, zone };
        let names = self.arena.contender_names();
        self.arena.computed(move || numbers.digest(&names)).await.map_err(|_| StoreError::Unavailable)
    }
}

/// The outcome of a digest in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Published {
    /// It was posted, by this process or another one, or cannot be.
    Done,
    /// It could not be made or posted now, and is not there.
    Later,
}

/// Posts `notice`. An error says that it is certainly not there.
async fn post(
    channel: &dyn AlertChannel,
    key: &str,
    notice: &Notice,
    chart: Option<&Chart>,
) -> Result<(), Published> {
    let platform = channel.platform();
    let mut posted = channel.post(key, notice, chart).await;
    let is_unknown = matches!(posted, Err(SurfaceError::Transient { .. }));
    for _ in 1..MAX_ATTEMPTS {
        if !matches!(posted, Err(SurfaceError::Transient { .. })) {
            break;
        }
        sleep(REPEAT_DELAY).await;
        posted = channel.post(key, notice, chart).await;
    }
    let Err(error) = posted else {
        tracing::info!(platform, "posted the digest");
        return Ok(());
    };
    tracing::warn!(platform, error = error.chain(), "failed to post the digest");
    match error {
        // it may be there, and would be there twice
        _ if is_unknown => Ok(()),
        SurfaceError::RateLimited { .. } | SurfaceError::Paced { .. } => Err(Published::Later),
        _ => Err(Published::Done),
    }
}

/// The numbers of a week.
struct WeekNumbers {
    week: Week,
    votes: Votes,
    series: Vec<Series>,
    /// The day's number, to tell this week's judgements.
    today: i64,
    /// The day of the digest.
    monday: Date,
    /// The name of its time zone.
    zone: String,
}

impl WeekNumbers {
    /// Returns the digest with the picture of the model that lost most of its speed.
    fn digest(&self, names: &ContenderNames) -> (Notice, Option<Chart>) {
        let summaries = Summary::all(&self.series, first_day(&self.series, None));
        let slowest = self.slowest(&summaries);
        let lines = match self.week.races {
            0 => vec!["No races this week.".to_owned()],
            _ => [
                Some(races(&self.week)),
                self.verdict(names),
                slowest.map(|(summary, ratio)| slowest_words(summary, ratio)),
                failures(&self.week),
                canaries(self.week.canaries),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        let day = |days: i64| {
            let date = self.monday.checked_sub(jiff_02::Span::new().days(days)).unwrap_or(self.monday);
            date.strftime("%-d %b").to_string()
        };
        let notice = Notice {
            icon: "🗓️",
            title: format!("Weekly digest, {} to {}", day(7), day(1)),
            lines,
            footer: Some(format!("Mondays at 9:00 {}; off with digest = false in [alerts]", self.zone)),
            buttons: vec![],
        };
        let days = u32::try_from(WINDOW_DAYS).ok();
        let options = HistoryOptions { calendar: Calendar::Dates, days, is_light: false };
        let charted = slowest.filter(|_| self.week.races > 0);
        (notice, charted.and_then(|(summary, _)| drawn(chart::history(summary, options))))
    }

    /// Returns the board's verdict, if people have voted.
    fn verdict(&self, names: &ContenderNames) -> Option<String> {
        let board = Board::of(&self.votes.ballots).ok().filter(|board| board.counts.ballots > 0)?;
        let board = board.named(|contender| names.name(contender));
        Some(format!("Board: {}.", words::verdict(&board)))
    }

    /// Returns the series that lost most of its speed against the four weeks before, with the ratio that is left; of those
    /// that were judged this week.
    fn slowest<'a>(&self, summaries: &'a [Summary<'a>]) -> Option<(&'a Summary<'a>, f64)> {
        let ratio = |summary: &'a Summary<'a>| {
            let last = summary.verdict.last.filter(|last| last.day > self.today - RECENT_DAYS - 1)?;
            Some((summary, last.recent / last.baseline))
        };
        summaries.iter().filter_map(ratio).min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

fn races(week: &Week) -> String {
    let noun = if week.races == 1 { "race" } else { "races" };
    let asked = match week.asked {
        asked if asked == week.races => "all asked by people".to_owned(),
        0 => "none asked by people".to_owned(),
        asked => format!("{} asked by people", thousands(asked)),
    };
    format!("{} {noun}, {asked}.", thousands(week.races))
}

fn slowest_words(summary: &Summary<'_>, ratio: f64) -> String {
    let Some(last) = summary.verdict.last.filter(|_| ratio < 0.995) else {
        return "No model was slower than in the four weeks before.".into();
    };
    let speed = |speed| figures::speed(Some(speed), TokenCount::Usage);
    format!(
        "Slowest week: {}, {} → {} tok/s (−{:.0} %) against the four weeks before.",
        summary.series.name,
        speed(last.baseline),
        speed(last.recent),
        (1.0 - ratio) * 100.0
    )
}

fn failures(week: &Week) -> Option<String> {
    Some(match (week.failures, week.answers) {
        (_, 0) => return None,
        (0, answers) => format!("None of {} answers failed.", thousands(answers)),
        (failures, answers) => format!("{} of {} answers failed.", thousands(failures), thousands(answers)),
    })
}

fn canaries(cost: Cost) -> Option<String> {
    (cost > Cost::default()).then(|| format!("Canaries cost {cost}."))
}

/// The digest of a week of a team, for tests of its message.
#[cfg(test)]
pub(crate) fn sample() -> (Notice, Option<Chart>) {
    let cards = crate::view::tests::line_up();
    let (votes, series) = super::overview::samples::votes_and_series(&cards);
    let today = series[0].samples.last().map_or(0, crate::history::Sample::day);
    let week =
        Week { races: 1_284, asked: 1_116, answers: 5_310, failures: 37, canaries: Cost::from_dollars(0.42) };
    let monday = Date::new(2026, 11, 30).expect("a date");
    WeekNumbers { week, votes, series, today, monday, zone: "Europe/Berlin".into() }
        .digest(&ContenderNames::default())
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use async_trait::async_trait;

    use super::*;

    #[test]
    fn a_week_is_a_few_sentences_and_a_picture() {
        let (notice, chart) = sample();
        assert_eq!(notice.title, "Weekly digest, 23 Nov to 29 Nov");
        assert_eq!(notice.lines[0], "1,284 races, 1,116 asked by people.");
        assert!(notice.lines[1].starts_with("Board: ") && notice.lines[1].ends_with('.'), "{notice:?}");
        assert!(notice.lines[2].starts_with("Slowest week: Gemma 2B, 2"), "{notice:?}");
        assert_eq!(notice.lines[3..], ["37 of 5,310 answers failed.", "Canaries cost $0.42."]);
        let footer = notice.footer.expect("a footer");
        assert_eq!(footer, "Mondays at 9:00 Europe/Berlin; off with digest = false in [alerts]");
        assert!(chart.expect("a picture").alt.contains("Gemma 2B"));
    }

    fn written(week: Week) -> Vec<String> {
        let monday = Date::new(2026, 3, 2).expect("a date");
        let numbers = WeekNumbers {
            week,
            votes: Votes::default(),
            series: vec![],
            today: 0,
            monday,
            zone: "UTC".into(),
        };
        let (notice, chart) = numbers.digest(&ContenderNames::default());
        assert_eq!((notice.title.as_str(), chart), ("Weekly digest, 23 Feb to 1 Mar", None));
        notice.lines
    }

    #[test]
    fn a_week_says_only_what_is_known() {
        assert_eq!(written(Week::default()), ["No races this week."]);
        let one = Week { races: 1, asked: 1, answers: 2, ..Week::default() };
        assert_eq!(written(one), ["1 race, all asked by people.", "None of 2 answers failed."]);
        let quiet = Week { races: 56, ..Week::default() };
        assert_eq!(written(quiet), ["56 races, none asked by people."]);
    }

    /// A channel whose first posts fail.
    struct Failing(Mutex<Vec<SurfaceError>>, AtomicUsize);

    #[async_trait]
    impl AlertChannel for Failing {
        fn platform(&self) -> &'static str {
            "test"
        }

        async fn post(&self, key: &str, _: &Notice, _: Option<&Chart>) -> Result<String, SurfaceError> {
            assert_eq!(key, "digest-2026-03-02");
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.lock().expect("not poisoned").pop().map_or_else(|| Ok("there".into()), Err)
        }

        async fn edit(&self, _: &str, _: &Notice) -> Result<(), SurfaceError> {
            Err(SurfaceError::Closed)
        }

        async fn reply(&self, _: &str, _: &str, _: &Notice, _: Option<&Chart>) -> Result<(), SurfaceError> {
            Err(SurfaceError::Closed)
        }
    }

    /// Posts to a channel that fails with `errors` and returns the outcome and the number of attempts.
    async fn posted(errors: &[SurfaceError]) -> (Result<(), Published>, usize) {
        let channel = Failing(Mutex::new(errors.iter().rev().cloned().collect()), AtomicUsize::new(0));
        let outcome = post(&channel, "digest-2026-03-02", &Notice::default(), None).await;
        (outcome, channel.1.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_outcome_is_asked_about_again_and_never_posted_anew() {
        let unknown = SurfaceError::Transient { source: Arc::new(io::Error::other("no answer")) };
        let limited = SurfaceError::RateLimited { retry_after: RETRY_DELAY };
        assert_eq!(posted(&[]).await, (Ok(()), 1));
        assert_eq!(posted(std::slice::from_ref(&unknown)).await, (Ok(()), 2));
        assert_eq!(posted(&[unknown.clone(), unknown.clone(), unknown.clone()]).await, (Ok(()), 3));
        // as Slack answers to the repetition
        assert_eq!(posted(&[unknown, SurfaceError::Refused("sent before")]).await, (Ok(()), 2));
        assert_eq!(posted(&[limited]).await, (Err(Published::Later), 1));
        assert_eq!(posted(&[SurfaceError::Forbidden("no")]).await, (Err(Published::Done), 1));
    }
}
