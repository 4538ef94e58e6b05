//! First answers to interactions.
//! <https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object>. Pure.

use serde_json::Value;

use super::{Act, Fouls, Scene, message};
use crate::support::discord::{
    call::File,
    message::{EPHEMERAL, Look},
    world::Kind,
};

/// Checks an answer to an interaction of this kind; `button_on` is the message that the button is on.
pub fn callback<'a>(
    fouls: &mut Fouls,
    body: &Value,
    files: &[File],
    (kind, button_on): (&Kind, Option<&'a Look>),
    mut scene: Scene<'a>,
) {
    fouls.only(body, "the answer", &["type", "data"]);
    let completion = matches!(kind, Kind::Completion { .. });
    let button = matches!(kind, Kind::Button { .. });
    let data = &body["data"];
    match body["type"].as_u64() {
        Some(8) if completion => choices(fouls, data),
        Some(4) if !completion => message(fouls, data, files, &scene),
        Some(5) if !completion => deferred(fouls, data),
        Some(6) if button && data.is_null() => {}
        Some(7) if button => {
            (scene.act, scene.now) = (Act::Edit, button_on);
            message(fouls, data, files, &scene);
        }
        _ => fouls.refuse(format!("an answer of type {} to this", body["type"])),
    }
}

/// The only thing to say of an answer that comes later is who sees it.
fn deferred(fouls: &mut Fouls, data: &Value) {
    if data.is_null() {
        return;
    }
    fouls.only(data, "the deferral", &["flags"]);
    if !data["flags"].is_null() && !matches!(data["flags"].as_u64(), Some(0 | EPHEMERAL)) {
        fouls.refuse(format!("the deferral has the flags {}", data["flags"]));
    }
}

fn choices(fouls: &mut Fouls, data: &Value) {
    fouls.only(data, "the completion", &["choices"]);
    if !data["choices"].is_array() {
        fouls.refuse("the completion has no choices");
    }
    for (n, choice) in fouls.list(&data["choices"], "choices", 25).iter().enumerate() {
        let place = format!("choice {n}");
        fouls.only(choice, &place, &["name", "value", "name_localizations"]);
        fouls.needed(&choice["name"], &format!("{place}: name"), 100);
        fouls.needed(&choice["value"], &format!("{place}: value"), 100);
    }
}
