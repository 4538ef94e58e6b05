//! Seals bind the buttons of a race or an incident to the place of its message.
//!
//! A button's id names only its race or its incident. A copy of it in another channel, or an id that was made up, would otherwise show
//! answers to people who cannot see the race, or stop it. So the id also carries a keyed hash of its meaning and its place,
//! with the platform's own token as key: every replica can check it, also after a restart and without the store.

use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::{ExposeSecret as _, SecretString};

use crate::button::Button;

/// The key of a platform's seals.
#[derive(Clone)]
pub(crate) struct Sealer(Key);

impl Sealer {
    /// Creates the sealer of the platform with this token.
    pub(crate) fn new(token: &SecretString) -> Self {
        Self(Key::new(HMAC_SHA256, token.expose_secret().as_bytes()))
    }

    /// Returns the seal of a button at `place`: 16 hexadecimal digits, enough against guesses that cost a request each.
    pub(crate) fn seal(&self, button: Button, place: &str) -> String {
        let tag = sign(&self.0, format!("llm-arena button\0{button}\0{place}").as_bytes());
        let first = tag.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        format!("{first:016x}")
    }

    /// Returns true if `seal` was made for this button at this place, or if the button works everywhere.
    pub(crate) fn fits(&self, button: Button, seal: Option<&str>, place: &str) -> bool {
        let is_bound = button.race().is_some() || button.incident().is_some();
        !is_bound || seal == Some(&self.seal(button, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{history::IncidentId, race::RaceId};

    #[test]
    fn a_seal_fits_one_button_at_one_place() {
        let sealer = Sealer::new(&"token".into());
        let race =
            |last: u8| RaceId::parse(&format!("0192f3a1-0000-7000-8000-00005f3a9c2{last}")).expect("an id");
        let seal = sealer.seal(Button::Stop(race(1)), "1/2");
        assert_eq!(seal.len(), 16);
        assert!(sealer.fits(Button::Stop(race(1)), Some(&seal), "1/2"));
        assert!(!sealer.fits(Button::Stop(race(1)), Some(&seal), "1/3"), "another channel");
        assert!(!sealer.fits(Button::Stop(race(1)), Some(&seal), "3/2"), "another server");
        assert!(!sealer.fits(Button::Stop(race(2)), Some(&seal), "1/2"), "another race");
        assert!(!sealer.fits(Button::Again(race(1)), Some(&seal), "1/2"), "another button");
        assert!(!sealer.fits(Button::Stop(race(1)), None, "1/2"));
        assert!(!Sealer::new(&"other".into()).fits(Button::Stop(race(1)), Some(&seal), "1/2"));
        assert!(sealer.fits(Button::Try(1), None, "1/3"), "an example works everywhere");
        let incident = IncidentId::parse("0192f3a1-0000-7000-8000-00005f3a9c2e").expect("an id");
        let seal = sealer.seal(Button::Mute(incident), "1");
        assert!(sealer.fits(Button::Mute(incident), Some(&seal), "1"));
        assert!(!sealer.fits(Button::Mute(incident), None, "1"), "an incident's button is bound");
        assert!(!sealer.fits(Button::Seen(incident), Some(&seal), "1"), "another button");
    }
}
