//! The canaries: their state, and the buttons that run, pause and resume them.

use super::{Caller, Handlers, Outcome, WatchReply};
use crate::{
    arena::{NO_CANARY, Origin, Refused},
    button::Button,
};

/// The answer to the button of a canary that is not configured any more.
const CANARY_GONE: &str = "This canary is no longer in the configuration. Try `/arena watch`.";

impl Handlers {
    /// Returns the state of the canaries.
    pub(super) async fn watch(&self, caller: &Caller) -> Outcome {
        if let Err(refused) = &caller.permission {
            return Outcome::Refused(refused.clone());
        }
        match self.arena.canaries().await {
            Ok(canaries) if canaries.is_empty() => Outcome::Notice(NO_CANARY.into()),
            Ok(canaries) => {
                let note = format!("People who {} can run and pause canaries here.", caller.stoppers);
                Outcome::Watch(WatchReply { canaries, may_change: caller.may_stop_any, note })
            }
            Err(error) => Outcome::Notice(error.to_string()),
        }
    }

    /// Runs, pauses or resumes the canary with this key, and returns the state of all.
    pub(super) async fn change_canary(&self, caller: &Caller, button: Button, key: u64) -> Outcome {
        if let Err(refused) = &caller.permission {
            return Outcome::Refused(refused.clone());
        }
        if !caller.may_stop_any {
            return Outcome::Notice(format!(
                "Only people who {} can run and pause canaries.",
                caller.stoppers
            ));
        }
        let changed = match button {
            Button::RunCanary(_) => {
                let Origin { platform, delivery, .. } = &caller.origin;
                let delivery = delivery.as_ref().map(|delivery| format!("{platform}:{delivery}"));
                match self.arena.run_canary_now(key, delivery).await {
                    Err(Refused::Duplicate) => return Outcome::Duplicate,
                    Err(refused) => return Outcome::Refused(refused),
                    Ok(is_known) => Ok(is_known),
                }
            }
            Button::PauseCanary(_) => self.arena.pause_canary(key, Some(&caller.asker)).await,
            _ => self.arena.pause_canary(key, None).await,
        };
        match changed {
            Ok(true) => self.watch(caller).await,
            Ok(false) => Outcome::Notice(CANARY_GONE.into()),
            Err(error) => Outcome::Notice(error.to_string()),
        }
    }
}
