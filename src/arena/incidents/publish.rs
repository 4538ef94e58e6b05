//! SHELL. The messages of incidents: posted once, edited from then on, with their changes in a thread.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{READ_DAYS, notice};
use crate::{
    alert::{AlertChannel, Notice},
    arena::Arena,
    backoff::Backoff,
    chart::{self, HistoryOptions},
    fnv,
    history::{Calendar, DAY_MS, Incident, IncidentId, IncidentKind, IncidentState, Summary, first_day},
    store::{self, IncidentMessage, Store, StoreError},
    surface::{Chart, SurfaceError},
};

/// The first wait after a call that failed.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(500);
/// The longest wait between two attempts.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The attempts of a call; the next look tries again.
const MAX_ATTEMPTS: u32 = 6;
/// The time for which the message of an incident that is over is kept up to date.
const KEEP_MS: i64 = 7 * DAY_MS;
/// The edits that changes made meanwhile may cause.
const MAX_EDITS: u32 = 5;

impl Arena {
    /// Brings the messages of all incidents up to date.
    pub(super) async fn publish_all(&self, now: i64) {
        let Some(store) = &self.store else { return };
        match store.incidents(now - KEEP_MS).await {
            Ok(all) => {
                for stored in all.iter().filter(|stored| stored.incident.was_confirmed()) {
                    self.publish(stored.incident.id, now).await;
                }
            }
            Err(error) => tracing::warn!(error = error.chain(), "failed to read the incidents"),
        }
    }

    /// Brings the messages of an incident up to date.
    pub(super) async fn publish(&self, id: IncidentId, now: i64) {
        let (Some(store), Some(watch)) = (&self.store, self.watch.get()) else { return };
        let _one_at_a_time = watch.publishing.lock().await;
        for channel in &watch.settings.channels {
            let publisher = Publisher { arena: self, store, channel, id, now };
            if let Err(error) = publisher.run().await {
                let platform = channel.platform();
                tracing::warn!(incident = %id, platform, error = error.chain(), "failed to record a message");
            }
        }
    }

    fn incident_notice(&self, incident: &Incident, now: i64) -> Notice {
        notice::notice(incident, now, |id| self.model_name(id))
    }

    fn model_name(&self, id: &str) -> String {
        let card = self.cards.iter().find(|card| card.id.as_str() == id);
        card.map_or_else(|| id.to_owned(), |card| card.name.clone())
    }

    /// Draws the speeds of the first member, if the incident is about speeds.
    async fn incident_chart(&self, store: &Store, incident: &Incident, now: i64) -> Option<Chart> {
        let member = incident.details.members.first().filter(|_| incident.kind == IncidentKind::Speed)?;
        let stored = store.samples_between(now - READ_DAYS * DAY_MS, now).await.ok()?;
        let mine: Vec<_> = stored
            .into_iter()
            .filter(|one| member.is_of(&one.contender, one.kind == store::SampleKind::Canary))
            .collect();
        let mut series = store::series(&mine);
        for series in &mut series {
            series.name = self.model_name(&member.model);
        }
        let incidents = [incident.clone()];
        let _turn = self.charts.acquire().await.ok()?;
        let drawing = tokio::task::spawn_blocking(move || {
            let mut summaries = Summary::all(&series, first_day(&series, None));
            for summary in &mut summaries {
                summary.record(&incidents);
            }
            let options = HistoryOptions { calendar: Calendar::Dates, days: None, is_light: false };
            summaries.first().map(|summary| chart::history(summary, options))
        });
        let drawn = drawing.await.ok()??;
        drawn.inspect_err(|error| tracing::warn!(%error, "failed to draw the picture of an incident")).ok()
    }
}

/// The message of an incident on a platform.
struct Publisher<'a> {
    arena: &'a Arena,
    store: &'a Store,
    channel: &'a Arc<dyn AlertChannel>,
    id: IncidentId,
    now: i64,
}

impl Publisher<'_> {
    async fn run(&self) -> Result<(), StoreError> {
        for _ in 0..MAX_EDITS {
            let Some(stored) = self.store.incident(self.id).await? else { return Ok(()) };
            let incident = stored.incident;
            let message = match self.message().await? {
                Some(message) => message,
                // an incident that was over before it could be posted is not news
                None if incident.state != IncidentState::Confirmed || incident.is_muted(self.now) => {
                    return Ok(());
                }
                None => IncidentMessage {
                    platform: self.channel.platform().into(),
                    message_ref: None,
                    shown: 0,
                    replies: 0,
                    is_gone: false,
                },
            };
            if message.is_gone {
                return Ok(());
            }
            let notice = self.arena.incident_notice(&incident, self.now);
            let Some(message_ref) = &message.message_ref else {
                if !self.post(&notice).await? {
                    return Ok(());
                }
                continue;
            };
            if message.shown != fingerprint(&notice) {
                // a change made meanwhile, perhaps by another process, is shown by another edit
                if !self.edit(message_ref, &notice).await? {
                    return Ok(());
                }
                continue;
            }
            return self.reply(&incident, &message, message_ref).await;
        }
        Ok(())
    }

    async fn message(&self) -> Result<Option<IncidentMessage>, StoreError> {
        let mut messages = self.store.incident_messages(self.id).await?.into_iter();
        Ok(messages.find(|message| message.platform == self.channel.platform()))
    }

    /// Posts the message, unless another process does.
    async fn post(&self, notice: &Notice) -> Result<bool, StoreError> {
        let platform = self.channel.platform();
        if !self.store.claim_incident_message(self.id, platform).await? {
            return Ok(false);
        }
        let key = self.key("post", 0);
        let posted = self.insist("post", || self.channel.post(&key, notice, None)).await;
        let Ok(message_ref) = posted else { return Ok(false) };
        self.store.set_incident_message(self.id, platform, &message_ref, fingerprint(notice)).await?;
        Ok(true)
    }

    async fn edit(&self, message_ref: &str, notice: &Notice) -> Result<bool, StoreError> {
        let platform = self.channel.platform();
        match self.insist("edit", || self.channel.edit(message_ref, notice)).await {
            Ok(()) => {
                self.store.set_incident_shown(self.id, platform, fingerprint(notice)).await.map(|()| true)
            }
            Err(SurfaceError::Deleted) => {
                self.store.set_incident_gone(self.id, platform).await.map(|()| false)
            }
            Err(_) => Ok(false),
        }
    }

    /// Adds the newest change to the thread, unless it has it; nothing while the incident is muted.
    async fn reply(
        &self,
        incident: &Incident,
        message: &IncidentMessage,
        message_ref: &str,
    ) -> Result<(), StoreError> {
        let changes = incident.details.changes;
        let is_due = message.replies < changes;
        if !is_due || !self.store.claim_incident_reply(self.id, &message.platform, changes).await? {
            return Ok(());
        }
        if incident.is_muted(self.now) {
            return Ok(());
        }
        let notice = notice::reply(incident, |id| self.arena.model_name(id));
        let chart = self.arena.incident_chart(self.store, incident, self.now).await;
        let key = self.key("reply", changes);
        // the message itself says the same
        let _ = self.insist("reply", || self.channel.reply(message_ref, &key, &notice, chart.as_ref())).await;
        Ok(())
    }

    /// The key of a call: 17 characters.
    fn key(&self, call: &str, change: u32) -> String {
        format!("i{:016x}", fnv::hash(format!("{} {call} {change}", self.id).into_bytes()))
    }

    /// Repeats a call until it succeeds or cannot.
    async fn insist<T, F: Future<Output = Result<T, SurfaceError>>>(
        &self,
        call: &'static str,
        mut run: impl FnMut() -> F,
    ) -> Result<T, SurfaceError> {
        let mut backoff = Backoff::new(MIN_RETRY_DELAY, MAX_RETRY_DELAY);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match run().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let wait = match &error {
                SurfaceError::RateLimited { retry_after } | SurfaceError::Paced { retry_after } => {
                    *retry_after
                }
                SurfaceError::Transient { .. } => backoff.next(fastrand::f64()),
                _ => Duration::MAX,
            };
            if attempts == MAX_ATTEMPTS || wait == Duration::MAX {
                let platform = self.channel.platform();
                tracing::warn!(incident = %self.id, platform, call, error = error.chain(), "failed to publish an incident");
                return Err(error);
            }
            sleep(wait).await;
        }
    }
}

/// A hash of everything that the message shows.
fn fingerprint(notice: &Notice) -> i64 {
    let buttons = notice.buttons.iter().map(|(button, label)| format!("{button} {label}"));
    let lines = notice.lines.iter().cloned().chain(notice.footer.clone()).chain(buttons);
    let text = lines.fold(format!("{}\0{}", notice.icon, notice.title), |text, line| text + "\0" + &line);
    i64::from_ne_bytes(fnv::hash(text.into_bytes()).to_ne_bytes())
}
