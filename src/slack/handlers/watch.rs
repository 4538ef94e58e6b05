//! SHELL. The canaries, for one person.

use super::CommandHandler;
use crate::{
    platform::handlers::WatchReply,
    slack::{
        incoming::{Incoming, Kind},
        render,
    },
};

impl CommandHandler {
    /// Shows the canaries, in place of the private message whose button was pressed.
    pub(super) async fn watch(&self, incoming: &Incoming, canaries: &WatchReply) {
        if let Err(refused) = self.access.check_person(&self.directory, incoming).await {
            return self.notice(incoming, &refused.to_string()).await;
        }
        let body = render::watch(canaries);
        match incoming.kind {
            Kind::Button { is_private: true, .. } => self.reply(incoming).instead(&body).await,
            _ => self.reply(incoming).say(&body).await,
        }
    }
}
