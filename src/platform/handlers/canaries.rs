//! The canaries: their state, and the buttons that run, pause and resume them.

use super::{Caller, Handlers, Outcome};
use crate::{
    arena::{CanaryStatus, NO_CANARY, Origin},
    button::Button,
};

/// The answer to the button of a canary that is not configured any more.
const CANARY_GONE: &str = "This canary is no longer in the configuration. Try `/arena watch`.";

/// The canaries, as one person sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WatchReply {
    /// The canaries: at least one.
    pub(crate) canaries: Vec<CanaryStatus>,
    /// True if the person may run and pause them.
    pub(crate) may_change: bool,
    /// The sentence about who may, for those who may not.
    pub(crate) note: String,
}

impl WatchReply {
    /// Returns the buttons of a canary that this person may press, each with its emoji and its label.
    pub(crate) fn buttons(&self, canary: &CanaryStatus) -> Vec<(Button, &'static str, &'static str)> {
        let pause = if canary.is_paused {
            (Button::ResumeCanary(canary.key), "⏯️", "Resume")
        } else {
            (Button::PauseCanary(canary.key), "⏸️", "Pause")
        };
        if self.may_change { vec![(Button::RunCanary(canary.key), "🏁", "Run now"), pause] } else { vec![] }
    }
}

impl Handlers {
    /// Returns the state of the canaries.
    pub(super) async fn watch(&self, caller: &Caller) -> Result<Outcome, Outcome> {
        caller.permission.clone()?;
        let canaries = self.arena.canaries().await.map_err(Outcome::notice)?;
        if canaries.is_empty() {
            return Err(Outcome::notice(NO_CANARY));
        }
        let note = format!("People who {} can run and pause canaries here.", caller.stoppers);
        Ok(Outcome::Watch(WatchReply { canaries, may_change: caller.may_stop_any, note }))
    }

    /// Runs, pauses or resumes the canary with this key, and returns the state of all.
    pub(super) async fn change_canary(
        &self,
        caller: &Caller,
        button: Button,
        key: u64,
    ) -> Result<Outcome, Outcome> {
        caller.permission.clone()?;
        if !caller.may_stop_any {
            let say = format!("Only people who {} can run and pause canaries.", caller.stoppers);
            return Err(Outcome::Notice(say));
        }
        let is_known = match button {
            Button::RunCanary(_) => {
                let Origin { platform, delivery, .. } = &caller.origin;
                let delivery = delivery.as_ref().map(|delivery| format!("{platform}:{delivery}"));
                self.arena.run_canary_now(key, delivery).await?
            }
            button => {
                let by = matches!(button, Button::PauseCanary(_)).then_some(&caller.asker);
                self.arena.pause_canary(key, by).await.map_err(Outcome::notice)?
            }
        };
        if is_known { self.watch(caller).await } else { Err(Outcome::notice(CANARY_GONE)) }
    }
}
