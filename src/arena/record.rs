//! Recording: an admitted race enters the store before its asker hears that it begins, and leaves it again if it never
//! did.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{task::JoinHandle, time::timeout};

use super::{Admitted, Arena, Refused, caps, checkpoint::insist, metrics};
use crate::race::{Circumstances, Quote, RaceId};
use crate::{
    race::{
        cost::Cost,
        event::{Elapsed, EventKind, RaceEvent, StopCause},
        report::{LaneReport, SatOut},
        state::RaceState,
        vote::{MAX_LABELS, RaceKind},
    },
    store::{AdmitOutcome, NewRace, Reservation, Store, StoreError},
};

/// The time that a race waits for a store that is just being opened.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(400);
/// The longest wait for a withdrawal, which continues in any case.
const WITHDRAW_TIMEOUT: Duration = Duration::from_secs(1);

/// The origin of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The platform's name, such as `discord`.
    pub platform: &'static str,
    /// The platform's own id of the delivery; `None` where nothing is ever delivered twice.
    pub delivery: Option<String>,
    /// The server or workspace, unique over all platforms.
    pub server: String,
    /// The channel whose persona holds, unique over all platforms; `None` where there are none.
    pub channel: Option<String>,
    /// The thread that it was asked in, in the platform's terms, unique over all platforms.
    pub thread: Option<String>,
    /// The message's reference in the platform's terms, if it is known before the message is posted.
    pub message_ref: Option<String>,
    /// The last moment at which the message can be edited, where it is known: a vote closes before it.
    pub editable_until: Option<Timestamp>,
}

/// A race that may begin: admitted, and in the store if there is one.
pub struct Recorded {
    pub(super) race: Admitted,
    /// The store that has the race.
    pub(super) store: Option<Store>,
    pub(super) platform: &'static str,
    pub(super) delivery: String,
    pub(super) editable_until: Option<Timestamp>,
}

impl Recorded {
    /// Returns the id of the race.
    #[must_use]
    pub fn id(&self) -> RaceId {
        self.race.id
    }

    /// Returns the purpose of the race.
    #[must_use]
    pub fn kind(&self) -> RaceKind {
        self.race.kind
    }

    /// Returns the prompt.
    #[must_use]
    pub fn prompt(&self) -> &str {
        &self.race.prompt
    }

    /// Returns the names of the attached files.
    #[must_use]
    pub fn file_names(&self) -> Vec<String> {
        self.race.file_names()
    }

    /// Returns true if its files are still to be [attached](Arena::attach).
    #[must_use]
    pub fn awaits_files(&self) -> bool {
        self.race.files.len() != self.race.expected.len()
    }

    /// Returns the models that take no part.
    #[must_use]
    pub fn sat_out(&self) -> &[SatOut] {
        &self.race.sat_out
    }

    /// Returns the asker's display name.
    #[must_use]
    pub fn asker(&self) -> &str {
        &self.race.asker.name
    }

    /// Returns the race with the asker's display name, where it was not known before.
    #[must_use]
    pub fn asked_by(mut self, name: String) -> Self {
        self.race.asker.name = name;
        self
    }

    /// Returns the circumstances that its message shows.
    #[must_use]
    pub fn circumstances(&self) -> &Circumstances {
        &self.race.circumstances
    }

    /// Returns the race with the message that it quotes, where that was not fully known before.
    #[must_use]
    pub fn quoting(mut self, quote: Option<Quote>) -> Self {
        self.race.circumstances.quote = quote;
        self
    }

    /// Returns the race before its first event.
    #[must_use]
    pub fn opening(&self) -> RaceState {
        let cards = self.race.models.iter().map(|model| Arc::new(model.card().clone()));
        RaceState {
            notes: self.race.notes.clone(),
            circumstances: self.race.circumstances.clone(),
            files: self.race.file_names(),
            sat_out: self.race.sat_out.clone(),
            ..RaceState::new(self.asker(), self.prompt(), cards)
        }
    }

    /// Returns the models that race, in the order of the line-up.
    #[must_use]
    pub fn lanes(&self) -> impl ExactSizeIterator<Item = &crate::model::ModelCard> {
        self.race.lanes()
    }
}

impl Arena {
    /// Records the race before its asker hears that it begins: its delivery, the budget it reserves, where its message
    /// will be. Without a store nothing is recorded and nothing refused.
    ///
    /// # Errors
    /// [`Refused`]; [`Refused::Duplicate`] if this or another process has the delivery already; then no answer
    /// is given.
    pub async fn record(&self, race: Admitted, origin: &Origin) -> Result<Recorded, Refused> {
        let (asker, since) = (race.asker.id.clone(), race.since);
        let written = async {
            let race = self.with_persona_of(race, origin.channel.as_deref()).await?;
            match &self.store {
                Some(store) => self.write(store, &race, origin).await?,
                None if race.kind == RaceKind::Blind => return Err(Refused::NoVotes),
                None => {}
            }
            Ok(race)
        };
        let race = Box::pin(written).await.inspect_err(|refused| {
            self.admission.forget(&asker, since);
            metrics::refused(refused);
        })?;
        let delivery = origin.delivery.clone().unwrap_or_default();
        Ok(Recorded {
            race,
            store: self.store.clone(),
            platform: origin.platform,
            delivery,
            editable_until: origin.editable_until,
        })
    }

    async fn write(&self, store: &Store, race: &Admitted, origin: &Origin) -> Result<(), Refused> {
        let limits = self.admission.limits();
        if let Some(most) = self.caps.lanes_per_race.filter(|most| race.models.len() > *most) {
            return Err(Refused::TooManyLanes { most });
        }
        if race.kind == RaceKind::Blind {
            match race.models.len() {
                0 | 1 => return Err(Refused::TooFewForVote),
                2..=MAX_LABELS => {}
                _ => return Err(Refused::TooManyLanes { most: MAX_LABELS }),
            }
        }
        let reservations =
            self.caps.reservations(race, &origin.server, race.started_at, self.max_output_tokens(race.kind));
        let parts: Vec<Reservation> =
            reservations.iter().map(|reservation| reservation.part.clone()).collect();
        let new_race = NewRace {
            id: race.id,
            platform: origin.platform,
            delivery: origin.delivery.as_deref(),
            asker: &race.asker,
            prompt: &race.prompt,
            files: &race.file_names(),
            circumstances: &race.circumstances,
            original: race.original,
            kind: race.kind,
            tag: race.tag.as_deref(),
            parent: race.conversation.as_ref().map(|talk| (talk.parent, talk.context)),
            // a thread below some other message is none of a race until one is continued there
            thread: origin.thread.as_deref().filter(|_| race.conversation.is_some()),
            notes: &race.notes,
            server: &origin.server,
            contenders: &race.contenders(),
            lanes: &unbegun(race),
            message_ref: origin.message_ref.as_deref(),
            reservations: &parts,
            races_per_minute: limits.races_per_minute.try_into().unwrap_or(u64::MAX),
        };
        store.wait_until_connected(CONNECT_TIMEOUT).await;
        match store.promptly(store.admit(&new_race)).await {
            Ok(AdmitOutcome::Admitted) => Ok(()),
            Ok(AdmitOutcome::Duplicate) => Err(Refused::Duplicate),
            Ok(AdmitOutcome::LimitReached(index)) => Err(reservations
                .into_iter()
                .nth(index)
                .map_or(Refused::StoreUnavailable, |full| full.refusal)),
            Ok(AdmitOutcome::TooFast { wait_ms }) => Err(Refused::TooFast {
                races: limits.races_per_minute,
                seconds: wait_ms.div_ceil(1_000).max(1),
            }),
            Err(error) => {
                tracing::warn!(error = error.chain(), "race refused: the database did not take the write");
                if matches!(error, StoreError::TimedOut) {
                    self.remove(race.id);
                }
                Err(Refused::StoreUnavailable)
            }
        }
    }

    /// Withdraws a race that never began: it does not count against its asker. Waits for the store, though not for long,
    /// so that an asker who is told afterwards can try again at once.
    pub async fn withdraw(&self, recorded: Recorded) {
        let Admitted { id, asker, since, .. } = &recorded.race;
        self.admission.forget(&asker.id, *since);
        if let Some(removed) = self.remove(*id) {
            let _ = timeout(WITHDRAW_TIMEOUT, removed).await;
        }
    }

    /// Removes a race from the store in a task of its own, if there is a store.
    fn remove(&self, id: RaceId) -> Option<JoinHandle<()>> {
        let store = self.store.clone()?;
        let interrupting = self.interrupting.clone();
        Some(self.tasks.spawn(async move {
            if insist(&interrupting, || store.withdraw(id)).await.is_none() {
                tracing::warn!(race = %id, "failed to remove a race that never began");
            }
        }))
    }

    /// Records where the message of the race is, in the platform's terms, its asker's display name and its circumstances.
    pub async fn set_message_ref(&self, recorded: &Recorded, message_ref: &str) {
        let Some(store) = &recorded.store else { return };
        if let Err(error) = store.set_message_ref(recorded.id(), message_ref, recorded.asker()).await {
            tracing::warn!(race = %recorded.id(), error = error.chain(), "failed to record where a message is");
        }
        if recorded.circumstances().quote.is_some()
            && let Err(error) = store.set_circumstances(recorded.id(), recorded.circumstances()).await
        {
            tracing::warn!(race = %recorded.id(), error = error.chain(), "failed to record a quoted message");
        }
    }

    /// Returns the US dollars that are left of today's budget for all races, or `None` if it has no cap or the store cannot
    /// be read.
    pub async fn budget_left(&self) -> Option<f64> {
        let (store, cap) = (self.store.as_ref()?, self.caps.day?);
        let used = store.used(caps::ALL, caps::day(Timestamp::now())).await.ok()?;
        Some(cap.dollars() - Cost::from_micros(used).dollars())
    }

    /// Claims the delivery for this process. Returns false if this or another replica claimed it before; true without a
    /// store, or if it cannot be asked.
    pub async fn claim_delivery(&self, platform: &str, delivery: &str) -> bool {
        let Some(store) = &self.store else { return true };
        store.promptly(store.claim_delivery(platform, delivery)).await.unwrap_or_else(|error| {
            tracing::warn!(error = error.chain(), "cannot tell whether this delivery is a duplicate");
            true
        })
    }

    /// Gives up the claim on a delivery whose work was not done: any replica may claim it again.
    pub async fn release_delivery(&self, platform: &str, delivery: &str) {
        let Some(store) = &self.store else { return };
        if insist(&self.interrupting, || store.forget_delivery(platform, delivery)).await.is_none() {
            tracing::warn!("failed to release a delivery: its work cannot be asked for again");
        }
    }
}

/// Returns the lanes of a race that was cut off before it began.
pub(super) fn unbegun(race: &Admitted) -> Vec<LaneReport> {
    let cards = race.models.iter().map(|model| Arc::new(model.card().clone()));
    let mut state = RaceState::new(&race.asker.name, &race.prompt, cards);
    state.apply(&RaceEvent { at: Elapsed::default(), kind: EventKind::Stop(StopCause::Restart) });
    state.report().lanes
}
