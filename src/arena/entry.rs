//! Letting a race into the store before anybody hears of it, and out again where it never began.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Arena, Permit, RaceId, Refused, caps, meter};
use crate::{
    race::{
        cost::Cost,
        event::{Elapsed, EventKind, RaceEvent, StopCause},
        report::LaneReport,
        state::RaceState,
    },
    store::{AdmitOutcome, NewRace, Reservation, Store, StoreError},
};

/// How long a race waits for a store that is just being opened.
const OPENING: Duration = Duration::from_millis(400);

/// Where a command came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The platform's word.
    pub platform: &'static str,
    /// The platform's own id of what it delivered; `None` where nothing is ever delivered twice.
    pub delivery: Option<String>,
    /// The server or workspace, unique over all platforms.
    pub server: String,
    /// Where the message will stand, in the platform's own words, where that is known before it stands there.
    pub reference: Option<String>,
}

impl Arena {
    /// Writes the race down before its asker hears that it begins: its delivery, what it may cost, where its message
    /// will stand. Without a store nothing is written, and nothing is refused.
    ///
    /// # Errors
    /// [`Refused`]; [`Refused::Duplicate`] where this or another process has the delivery already: then nobody is told
    /// anything.
    pub async fn enter(&self, mut permit: Permit, origin: &Origin) -> Result<Permit, Refused> {
        permit.platform = origin.platform;
        permit.delivery = origin.delivery.clone().unwrap_or_default();
        let Some(store) = &self.store else { return Ok(permit) };
        let decided = self.write_down(store, &permit, origin).await;
        if let Err(refused) = decided {
            self.admission.forget(&permit.asker.id, permit.admitted_at);
            meter::refused(&refused);
            return Err(refused);
        }
        permit.is_kept = true;
        Ok(permit)
    }

    async fn write_down(&self, store: &Store, permit: &Permit, origin: &Origin) -> Result<(), Refused> {
        if let Some(most) = self.caps.lanes_per_race.filter(|most| permit.models.len() > *most) {
            return Err(Refused::TooManyLanes { most });
        }
        let most_output = self.admission.limits().output_tokens;
        let wanted = self.caps.wanted(permit, &origin.server, Timestamp::now(), most_output);
        let reservations: Vec<Reservation> = wanted.iter().map(|wanted| wanted.hold.clone()).collect();
        let limit = self.admission.limits().races_per_minute;
        let entry = NewRace {
            id: permit.id,
            platform: origin.platform,
            delivery: origin.delivery.as_deref(),
            asker: &permit.asker,
            prompt: &permit.prompt,
            lanes: &unbegun(permit),
            message_ref: origin.reference.as_deref(),
            reservations: &reservations,
            races_per_minute: limit.try_into().unwrap_or(u64::MAX),
        };
        store.wait_until_connected(OPENING).await;
        match store.admit(&entry).await {
            Ok(AdmitOutcome::Admitted) => Ok(()),
            Ok(AdmitOutcome::Duplicate) => Err(Refused::Duplicate),
            Ok(AdmitOutcome::LimitReached(at)) => {
                Err(wanted.get(at).map_or(Refused::Forgetful, |it| it.refusal.clone()))
            }
            Ok(AdmitOutcome::TooFast { wait_ms }) => {
                Err(Refused::TooFast { races: limit, seconds: wait_ms.div_ceil(1_000).max(1) })
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), "a race was refused, for it cannot be written down");
                if matches!(error, StoreError::TimedOut) {
                    self.withdraw(permit.id);
                }
                Err(Refused::Forgetful)
            }
        }
    }

    /// What is left of today's budget for all races, in US dollars; `None` where it has no cap, or nobody knows.
    pub async fn budget_left(&self) -> Option<f64> {
        let (store, cap) = (self.store.as_ref()?, self.caps.day?);
        let used = store.used(caps::ALL, caps::day(Timestamp::now())).await.ok()?;
        Some(cap.dollars() - Cost::from_micros(used).dollars())
    }

    /// Takes back the right to a race that never began: it does not count against its asker.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is given back once")]
    pub fn give_back(&self, permit: Permit) {
        self.admission.forget(&permit.asker.id, permit.admitted_at);
        if permit.is_kept {
            self.withdraw(permit.id);
        }
    }

    fn withdraw(&self, id: RaceId) {
        let Some(store) = self.store.clone() else { return };
        let interrupting = self.interrupting.clone();
        self.tasks.spawn(async move {
            let withdrawn = super::scribe::insist(&interrupting, || store.withdraw(id)).await;
            if withdrawn.is_none() {
                tracing::warn!(race = %id, "a race that never began could not be taken out of the store");
            }
        });
    }

    /// Whether this delivery comes for the first time, to any replica; without a store, or where that cannot be asked,
    /// it does.
    pub async fn is_first(&self, platform: &str, delivery: &str) -> bool {
        let Some(store) = &self.store else { return true };
        store.claim_delivery(platform, delivery).await.unwrap_or_else(|error| {
            tracing::warn!(error = error.chain(), "nobody knows whether this came already");
            true
        })
    }

    /// What this delivery was to do was not done: it may come again, to any replica.
    pub async fn may_come_again(&self, platform: &str, delivery: &str) {
        let Some(store) = &self.store else { return };
        let forgotten =
            super::scribe::insist(&self.interrupting, || store.forget_delivery(platform, delivery)).await;
        if forgotten.is_none() {
            tracing::warn!("what was not done cannot be asked for again");
        }
    }

    /// Writes down where the message of a race stands, in the platform's own words, and what its asker is called.
    pub async fn place(&self, id: RaceId, reference: &str, asker: &str) {
        let Some(store) = &self.store else { return };
        if let Err(error) = store.set_message_ref(id, reference, asker).await {
            tracing::warn!(race = %id, error = error.chain(), "where a message stands was not written down");
        }
    }
}

/// The lanes of a race that was cut off before it began.
fn unbegun(permit: &Permit) -> Vec<LaneReport> {
    let cards = permit.models.iter().map(|model| Arc::new(model.card().clone()));
    let mut state = RaceState::new(&permit.asker.name, &permit.prompt, cards);
    state.apply(&RaceEvent { at: Elapsed::default(), kind: EventKind::Stop(StopCause::Restart) });
    state.report().lanes
}
