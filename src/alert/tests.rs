//! Samples for tests of the messages.

use super::Notice;
use crate::{button::Button, history::IncidentId};

/// Notices of an incident in its states, for tests of the messages.
pub(crate) fn samples() -> Vec<(&'static str, Notice)> {
    let id = IncidentId::parse("0192f3a1-0000-7000-8000-00005f3a9c2e").expect("an id");
    let (seen, normal) = ((Button::Seen(id), "Seen"), (Button::NewNormal(id), "This is the new normal"));
    let mute = (Button::Mute(id), "Mute 7 days");
    let confirmed = Notice {
        icon: "🐢",
        title: "GPT-OSS 120B is slower".into(),
        lines: vec![
            "GPT-OSS 120B: 214 → 148 tok/s (−31 %) since Tue 24 Nov; 37 races before, 12 after.".into(),
            "Only this model.".into(),
            "Confirmed by five probes: their median is 146 tok/s.".into(),
        ],
        footer: None,
        buttons: vec![seen, normal, mute],
    };
    let look = |footer: &str, buttons| Notice { footer: Some(footer.into()), buttons, ..confirmed.clone() };
    let seen_by = look("Seen by ana", vec![normal, mute]);
    let muted = look("Seen by ana · muted until Mon 7 Dec", vec![normal]);
    let mut recovered = Notice { icon: "✅", ..look("Seen by ana", vec![]) };
    recovered.lines.push("As good as before since Fri 27 Nov.".into());
    vec![("confirmed", confirmed), ("seen", seen_by), ("muted", muted), ("recovered", recovered)]
}
