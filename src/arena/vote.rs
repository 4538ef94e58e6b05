//! SHELL. The vote on a blind race: opened when its lanes are over, followed until it closes, closed once.
//!
//! ```text
//! lanes over -> open (labels drawn, stored) -> follow -> close -> the final frame with names and votes
//!                    cast, from any replica ----^
//! ```
//!
//! The process that runs the race follows its vote. If it dies or restarts, the vote goes on in the store, and the process
//! that adopts the race follows it from there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{Arena, LookupError, Recorded, checkpoint::insist, lock, lookup::unavailable};
use crate::{
    race::{
        RaceId, Record,
        blind::blinded,
        event::{EventKind, RaceEvent, StopCause},
        report::{LaneReport, Report, Status},
        run::StopSignal,
        state::RaceState,
        vote::{Choice, Label, RaceKind, Tally, Uncounted, Vote, VoteState, candidates},
    },
    store::{CastOutcome, Store, StoreError},
};

/// The interval at which the ballots of an open vote are counted: other replicas take ballots too.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
/// The time before a message freezes at which its vote closes, so that the result can be shown.
const CLOSING_MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// The settings of blind races.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlindSettings {
    /// The time after which slower lanes are left out.
    pub deadline: Duration,
    /// The time for which a vote is open.
    pub open_for: Duration,
}

impl Default for BlindSettings {
    fn default() -> Self {
        Self { deadline: Duration::from_mins(2), open_for: Duration::from_mins(10) }
    }
}

/// The votes that this process follows, each woken when a ballot is cast here.
#[derive(Default)]
pub(super) struct FollowedVotes(Mutex<HashMap<RaceId, Weak<Notify>>>);

impl FollowedVotes {
    fn follow(&self, id: RaceId) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let mut votes = lock(&self.0);
        votes.retain(|_, vote| vote.strong_count() > 0);
        votes.insert(id, Arc::downgrade(&wake));
        wake
    }

    fn wake(&self, id: RaceId) {
        if let Some(wake) = lock(&self.0).get(&id).and_then(Weak::upgrade) {
            wake.notify_one();
        }
    }
}

/// A ballot that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastBallot {
    /// The voter's choice.
    pub choice: Choice,
    /// The labels of the vote.
    pub labels: Vec<Label>,
}

/// The reason why a ballot or the end of a vote was refused. The text is for the person who pressed the button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoteError {
    /// The vote is closed.
    #[error("This vote is closed. The message shows its result.")]
    Closed,
    /// The vote has no such answer.
    #[error("This vote has no such answer.")]
    UnknownLabel,
    /// The vote is someone else's.
    #[error("Only the person who asked, and those who {also}, can close this vote.")]
    NotYours {
        /// The others who may, as in "manage this channel".
        also: &'static str,
    },
    /// The race can't be looked up.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

/// The end of following a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VoteEnd {
    /// The vote is closed, or there was none.
    Closed,
    /// This process ends, and another one follows the vote.
    Left,
}

impl Arena {
    /// Returns the record of a race whose vote is open without its names and numbers; `None` if it may be shown as it is.
    pub(super) fn blinded(&self, record: &Record) -> Option<Record> {
        let report = blinded(&record.report, &self.telltales)?;
        Some(Record { report, ..record.clone() })
    }

    /// Stores the ballot of `person`, in place of their earlier one. It is stored when this returns.
    ///
    /// # Errors
    /// [`VoteError`].
    pub async fn cast(&self, id: RaceId, person: &str, choice: Choice) -> Result<CastBallot, VoteError> {
        let (store, vote) = self.open_vote_of(id).await?;
        let labels: Vec<Label> = vote.labels().map(|(label, _)| label).collect();
        if let Choice::Best(best, second) = choice
            && (!labels.contains(&best)
                || second.is_some_and(|label| label == best || !labels.contains(&label)))
        {
            return Err(VoteError::UnknownLabel);
        }
        let saved = store.promptly(store.cast(id, person, choice)).await;
        match saved.map_err(|error| unavailable(id, &error))? {
            CastOutcome::Saved => {
                self.votes.wake(id);
                Ok(CastBallot { choice, labels })
            }
            CastOutcome::Closed => Err(VoteError::Closed),
        }
    }

    /// Closes a vote for `person`: its asker, or one of those who `also` may, as `is_entitled` says.
    ///
    /// # Errors
    /// [`VoteError`].
    pub async fn close_vote_for(
        &self,
        id: RaceId,
        person: &str,
        is_entitled: bool,
        also: &'static str,
    ) -> Result<(), VoteError> {
        let (store, _) = self.open_vote_of(id).await?;
        if !is_entitled {
            let asker = store.promptly(store.asker(id)).await.map_err(|error| unavailable(id, &error))?;
            if asker.is_none_or(|(asker, _)| asker != person) {
                return Err(VoteError::NotYours { also });
            }
        }
        let closed = store.promptly(store.close_vote(id)).await;
        if !closed.map_err(|error| unavailable(id, &error))? {
            return Err(VoteError::Closed);
        }
        self.votes.wake(id);
        Ok(())
    }

    async fn open_vote_of(&self, id: RaceId) -> Result<(&Store, Vote), VoteError> {
        let store = self.store.as_ref().ok_or(LookupError::Expired)?;
        let vote = store.promptly(store.vote(id)).await.map_err(|error| unavailable(id, &error))?;
        match vote {
            Some(vote) if vote.is_open => Ok((store, vote)),
            None if self.asker(id).is_some() => Err(LookupError::Running.into()),
            _ => Err(VoteError::Closed),
        }
    }

    /// Draws the labels of a blind race whose lanes are over and opens its vote, in the store before in `race`. Without two
    /// answers to choose from, the race becomes an ordinary one.
    pub(super) async fn open_vote(&self, recorded: &Recorded, race: &watch::Sender<RaceState>) {
        let report = race.borrow().report();
        let opened = match &recorded.store {
            Some(store) => self.open(recorded, store, report).await,
            None => None,
        };
        fold(race, opened.map_or(VoteState::None, VoteState::Opened));
    }

    /// Follows the open vote of `race` to its end and folds each step into it.
    pub(super) async fn hold_vote(
        &self,
        recorded: &Recorded,
        race: &watch::Sender<RaceState>,
        stopped: &mut StopSignal,
    ) -> VoteEnd {
        let (VoteState::Opened(vote), Some(store)) = (race.borrow().vote.clone(), &recorded.store) else {
            return VoteEnd::Closed;
        };
        let wake = self.votes.follow(recorded.id());
        let counted = |voters| {
            let mut vote = vote.clone();
            vote.tally.voters = voters;
            fold(race, VoteState::Opened(vote));
        };
        let end = tokio::select! {
            end = self.follow(recorded.id(), store, &wake, counted) => end,
            end = ended_early(stopped) => end,
        };
        // no process can adopt a race that is only in the memory of this one
        if end == VoteEnd::Left && store.is_lasting() {
            return end;
        }
        match self.close_vote(recorded.id(), store).await {
            Some(closed) => fold(race, VoteState::Opened(closed)),
            None if store.is_lasting() => return VoteEnd::Left,
            None => fold(race, VoteState::Opened(Vote { is_open: false, ..vote })),
        }
        VoteEnd::Closed
    }

    /// Draws the labels and stores the vote; `None` where there is nothing to vote on.
    async fn open(&self, recorded: &Recorded, store: &Store, mut report: Report) -> Option<Vote> {
        let was_ended =
            |lane: &LaneReport| matches!(lane.status, Status::Stopped(by) if by != StopCause::TooLate);
        let mut order = candidates(&report.lanes);
        if report.lanes.iter().any(was_ended) || order.len() < 2 {
            return None;
        }
        fastrand::shuffle(&mut order);
        let uncounted = match self.telltales.leaked(&report, &order) {
            None if insist(&self.interrupting, || store.is_repeated(recorded.id())).await? => {
                Some(Uncounted::Repeated)
            }
            leaked => leaked,
        };
        let open_for = SignedDuration::try_from(self.blind.open_for).unwrap_or(SignedDuration::MAX);
        let due = Timestamp::now().saturating_add(open_for).unwrap_or(Timestamp::MAX);
        let frozen = recorded.editable_until.and_then(|until| until.checked_sub(CLOSING_MARGIN).ok());
        let closes_at = frozen.map_or(due, |frozen| due.min(frozen));
        let left_out = report.lanes.len() - order.len();
        let vote = Vote { order, left_out, closes_at, is_open: true, tally: Tally::default(), uncounted };
        report.vote = Some(vote.clone());
        if insist(&self.interrupting, || store.mark_ended(recorded.id(), &report)).await.is_none() {
            tracing::warn!(race = %recorded.id(), "failed to open a vote: the race is shown with its names");
            return None;
        }
        Some(vote)
    }

    /// Follows a vote and reports each number of voters, until it is closed or this process is about to end.
    async fn follow(
        &self,
        id: RaceId,
        store: &Store,
        wake: &Notify,
        mut counted: impl FnMut(u64),
    ) -> VoteEnd {
        let mut voters = 0;
        loop {
            match store.vote_progress(id).await {
                Ok(Some(progress)) if progress.is_open && !progress.is_due => {
                    if std::mem::replace(&mut voters, progress.voters) != progress.voters {
                        counted(voters);
                    }
                }
                Ok(_) => return VoteEnd::Closed,
                Err(error) => {
                    tracing::debug!(race = %id, error = error.chain(), "failed to count ballots, will retry");
                }
            }
            let next = Instant::now() + COUNT_INTERVAL;
            tokio::select! {
                () = sleep_until(next) => {}
                () = wake.notified() => {}
                () = self.closing.cancelled() => return VoteEnd::Left,
            }
        }
    }

    /// Closes a vote unless it is closed already, and returns it with its ballots. While the store does not work, the vote
    /// waits for it: a result without the ballots would be wrong. `None` if this process ends first.
    async fn close_vote(&self, id: RaceId, store: &Store) -> Option<Vote> {
        let close = || async {
            store.close_vote(id).await?;
            store.vote(id).await?.ok_or(StoreError::Unreadable)
        };
        loop {
            if let Some(closed) = insist(&self.interrupting, close).await {
                return Some(closed);
            }
            tracing::warn!(race = %id, "failed to close a vote, will retry");
            self.closing.run_until_cancelled(sleep(COUNT_INTERVAL)).await?;
        }
    }

    /// Follows the vote of an adopted race, whose report is not blinded, and shows each step with `show`; returns the
    /// closed vote, or `None` if this process ends first.
    pub(super) async fn follow_adopted<F: Future<Output = ()>>(
        &self,
        id: RaceId,
        store: &Store,
        show: impl Fn(u64) -> F,
    ) -> Option<Vote> {
        let wake = self.votes.follow(id);
        let begun = store.vote_progress(id).await.ok().flatten().map_or(0, |progress| progress.voters);
        let (sender, mut voters) = watch::channel(begun);
        let showing = async {
            // the process that died may not have shown that the vote is open
            loop {
                let now = *voters.borrow_and_update();
                show(now).await;
                if voters.changed().await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let following = self.follow(id, store, &wake, |voters| {
            sender.send_replace(voters);
        });
        let end = tokio::select! {
            end = following => end,
            () = showing => VoteEnd::Left,
        };
        match end {
            VoteEnd::Left if store.is_lasting() => None,
            _ => self.close_vote(id, store).await,
        }
    }

    /// Waits for the deadline of a blind race; for ever in an open one.
    pub(super) async fn deadline(&self, kind: RaceKind) {
        match kind {
            RaceKind::Blind => sleep(self.blind.deadline).await,
            RaceKind::Open | RaceKind::Canary => std::future::pending().await,
        }
    }
}

/// Folds a step of the vote, at the time of the newest event: nothing about a vote is measured.
fn fold(race: &watch::Sender<RaceState>, vote: VoteState) {
    race.send_modify(|state| state.apply(&RaceEvent { at: state.now, kind: EventKind::Vote(vote) }));
}

/// Waits until a vote is ended early: because its message is gone or freezes, or because this process must leave it.
async fn ended_early(stopped: &mut StopSignal) -> VoteEnd {
    let is_end = |cause: &Option<StopCause>| !matches!(cause, None | Some(StopCause::TooLate));
    match stopped.wait_for(is_end).await.map(|cause| *cause) {
        Ok(Some(StopCause::Restart | StopCause::CutOff)) => VoteEnd::Left,
        Ok(_) => VoteEnd::Closed,
        Err(_) => std::future::pending().await,
    }
}
