//! The visitors: how a browser identifies its user, and whether there is more than one of them.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use axum::http::StatusCode;
use serde::Deserialize;

use super::HttpRefusal;
use crate::{race::Asker, view::text, web::LocalChannel};

/// The most characters of a visitor's name.
const MAX_NAME_CHARS: usize = 40;

/// The user, as their browser identifies them.
#[derive(Deserialize)]
pub(super) struct Visitor {
    /// A random id that the browser stores.
    id: String,
    /// The name that they chose.
    name: String,
}

impl Visitor {
    /// Returns the visitor as an asker, and adds them to the channel's audience.
    ///
    /// # Errors
    /// An id that is none.
    pub(super) fn asker(&self, local: &LocalChannel) -> Result<Asker, HttpRefusal> {
        let is_valid = (8..=64).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_valid {
            let say = "Your browser sent no valid id. Reload the page.";
            return Err(HttpRefusal::new(StatusCode::BAD_REQUEST, say));
        }
        let name = text::one_line(&self.name);
        let name = text::clip(&name, MAX_NAME_CHARS, text::Measure::Chars, text::Keep::Head);
        let name = if name.is_empty() { "guest".to_owned() } else { name };
        let id = format!("web:{}", self.id);
        local.audience.saw(&id);
        Ok(Asker { id, name })
    }
}

/// The people who may vote on the races of the channel: every page identifies its visitor when it is opened.
#[derive(Default)]
pub(in crate::web) struct Audience(Mutex<Seen>);

#[derive(Default)]
enum Seen {
    #[default]
    Nobody,
    One(String),
    Several,
}

impl Audience {
    fn saw(&self, id: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = match mem::take(&mut *seen) {
            Seen::Nobody => Seen::One(id.to_owned()),
            Seen::One(known) if known == id => Seen::One(known),
            _ => Seen::Several,
        };
    }

    /// Expects more people than were seen: a vote from before a restart may have other voters.
    pub(in crate::web) fn expect_several(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Seen::Several;
    }

    /// Returns true if this visitor is the only one since the start of the service: then their ballot decides a vote.
    pub(super) fn is_only(&self, id: &str) -> bool {
        matches!(&*self.0.lock().unwrap_or_else(PoisonError::into_inner), Seen::One(known) if known == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_the_only_one_until_another_comes() {
        let audience = Audience::default();
        assert!(!audience.is_only("ana"));
        audience.saw("ana");
        audience.saw("ana");
        assert!(audience.is_only("ana") && !audience.is_only("bob"));
        audience.saw("bob");
        audience.saw("ana");
        assert!(!audience.is_only("ana") && !audience.is_only("bob"));
    }

    #[test]
    fn a_vote_from_before_a_restart_has_other_voters() {
        let audience = Audience::default();
        audience.expect_several();
        audience.saw("ana");
        assert!(!audience.is_only("ana"));
    }
}
