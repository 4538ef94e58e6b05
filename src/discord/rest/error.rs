//! The errors of a call, by what the caller does about them. Their texts hold no address, token or content.

use std::{error::Error, sync::Arc, time::Duration};

use super::route::Route;
use crate::error_chain::error_chain;

/// A failed call. Codes: <https://docs.discord.com/developers/topics/opcodes-and-status-codes>.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum RestError {
    /// No permit before that time, by our own count or by a 429 of any scope.
    #[error("rate limited for {retry_after:?}")]
    Limited { retry_after: Duration },
    /// 10062: too late, or another process answered it.
    #[error("unknown interaction")]
    UnknownInteraction,
    /// 40060: the interaction already has its initial response.
    #[error("interaction was acknowledged already")]
    AlreadyAcknowledged,
    /// The message or its channel was deleted (10008, 10003): no further call.
    #[error("message or channel is gone")]
    Gone,
    /// The interaction's token has expired (50027, 10015, 401 on an interaction route): no further call with it.
    #[error("interaction token has expired")]
    TokenExpired,
    /// 401: the bot's token is wrong.
    #[error("bot token was refused")]
    Unauthorized,
    /// 403: the bot may not do this here. The code is Discord's own, 0 if there is none.
    #[error("forbidden, code {code}")]
    Forbidden { code: u32 },
    /// 401, 403 or 404 for a message without one of Discord's own codes: from a proxy before Discord, or from an outage.
    /// It may pass; [`believed`](Self::believed) returns its meaning if it does not.
    #[error("refused with status {status} without a code")]
    Unexplained { status: u16 },
    /// 413 or 40005: too large for this place.
    #[error("request is too large")]
    TooLarge,
    /// Another refusal: a fault of ours, refused again when repeated.
    #[error("refused with status {status}, code {code}")]
    Invalid { status: u16, code: u32 },
    /// 5xx: it may work later. It may also have taken effect.
    #[error("server error {status}")]
    Server { status: u16 },
    /// No response, or an incomplete one, for a cause without its address. An `ambiguous` call may have taken effect; it
    /// `is_cut` if the other side ended the connection, often one from the pool that had been dead for a while.
    #[error("no answer")]
    Transport { source: Arc<dyn Error + Send + Sync>, ambiguous: bool, is_cut: bool },
    /// Too many refusals within ten minutes: nothing was sent, so that Discord does not ban this address.
    #[error("budget of refused requests is spent")]
    Budget,
}

impl RestError {
    /// The error for Discord's `status` (not 2xx, not 429) and JSON `code` on `route`.
    pub(super) fn of_status(route: &Route, status: u16, code: u32) -> Self {
        match (status, code) {
            (500.., _) => Self::Server { status },
            (_, 10_062) => Self::UnknownInteraction,
            (_, 40_060) => Self::AlreadyAcknowledged,
            (_, 10_003 | 10_008) => Self::Gone,
            (_, 10_015 | 50_027) => Self::TokenExpired,
            (413, _) | (_, 40_005) => Self::TooLarge,
            (401 | 403 | 404, 0) if is_about_messages(route) => Self::Unexplained { status },
            (401, _) if route.is_interaction() => Self::TokenExpired,
            (401, _) => Self::Unauthorized,
            (403, _) => Self::Forbidden { code },
            // whatever was not found: Discord punishes repeated calls of a webhook
            (404, _) if is_about_messages(route) => Self::Gone,
            _ => Self::Invalid { status, code },
        }
    }

    /// Treats an unexplained refusal at `route` that came again and again as if Discord had given its code.
    pub(crate) fn believed(self, route: &Route) -> Self {
        match self {
            Self::Unexplained { status: 401 } if route.is_interaction() => Self::TokenExpired,
            Self::Unexplained { status: 401 } => Self::Unauthorized,
            Self::Unexplained { status: 403 } => Self::Forbidden { code: 0 },
            explained => explained,
        }
    }

    /// The value of the metric's label.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Limited { .. } => "limited",
            Self::Server { .. } => "failed",
            Self::Transport { .. } => "no_answer",
            _ => "refused",
        }
    }

    /// A failure without effect at Discord, such as one before anything was sent.
    pub(crate) fn transport(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transport { source: Arc::from(source.into()), ambiguous: false, is_cut: false }
    }

    /// Returns the time until the permit, or the time that Discord named.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        if let Self::Limited { retry_after } = self { Some(*retry_after) } else { None }
    }

    /// Returns true if the other side ended the connection.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self, Self::Transport { is_cut: true, .. })
    }

    /// Returns true if the call may have taken effect nevertheless.
    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Transport { ambiguous: true, .. })
    }

    /// The error and its causes in one line, for logs.
    #[must_use]
    pub(crate) fn chain(&self) -> String {
        error_chain(self)
    }
}

fn is_about_messages(route: &Route) -> bool {
    matches!(
        route,
        Route::EditOriginal { .. }
            | Route::EditMessage { .. }
            | Route::CreateMessage { .. }
            | Route::StartThread { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_a_code_determine_the_error() {
        let edit = Route::EditOriginal { application: 1, token: "t".into() };
        let callback = Route::Callback { interaction: 1, token: "t".into() };
        let channel = Route::EditMessage { channel: 1, message: 2 };
        let put = Route::PutCommands { application: 1, guild: None };
        let of = |route, status, code| format!("{:?}", RestError::of_status(route, status, code));
        assert_eq!(of(&callback, 404, 10_062), "UnknownInteraction");
        assert_eq!(of(&callback, 400, 40_060), "AlreadyAcknowledged");
        assert_eq!(of(&edit, 404, 10_008), "Gone");
        assert_eq!(of(&edit, 404, 10_003), "Gone");
        assert_eq!(of(&edit, 404, 0), "Unexplained { status: 404 }");
        assert_eq!(of(&put, 404, 0), "Invalid { status: 404, code: 0 }");
        assert_eq!(of(&edit, 401, 50_027), "TokenExpired");
        assert_eq!(of(&edit, 404, 10_015), "TokenExpired");
        assert_eq!(of(&callback, 401, 0), "TokenExpired");
        assert_eq!(of(&put, 401, 0), "Unauthorized");
        let of_edit = |status| RestError::of_status(&edit, status, 0);
        assert_eq!(of(&edit, 401, 0), "Unexplained { status: 401 }");
        assert_eq!(of(&edit, 403, 0), "Unexplained { status: 403 }");
        assert_eq!(of(&put, 403, 0), "Forbidden { code: 0 }");
        assert_eq!(format!("{:?}", of_edit(401).believed(&edit)), "TokenExpired");
        assert_eq!(format!("{:?}", of_edit(401).believed(&channel)), "Unauthorized");
        assert_eq!(format!("{:?}", of_edit(403).believed(&channel)), "Forbidden { code: 0 }");
        assert_eq!(of(&edit, 403, 50_013), "Forbidden { code: 50013 }");
        assert_eq!(of(&edit, 413, 0), "TooLarge");
        assert_eq!(of(&edit, 400, 40_005), "TooLarge");
        assert_eq!(of(&edit, 400, 50_035), "Invalid { status: 400, code: 50035 }");
        assert_eq!(of(&edit, 302, 0), "Invalid { status: 302, code: 0 }");
        assert_eq!(of(&edit, 503, 10_008), "Server { status: 503 }");
    }
}
