//! The words beside the curves: each lane's state at a moment, and who won in the end.

use super::{
    super::{
        content::Award,
        palette::{ERROR, MUTED, TEXT},
        row::Outcome,
    },
    track::{Phase, Track},
};
use crate::model::Color;

/// Returns the state of a lane at `now` seconds: "writing… 143 tok/s", "215 tok/s after 0.62 s".
pub(super) fn state(track: &Track, now: f64) -> (String, Color) {
    let so_far = |doing: &str| match track.speed_so_far(now) {
        Some(speed) => format!("{doing}… {speed} tok/s"),
        None => format!("{doing}…"),
    };
    match track.phase(now) {
        Phase::Waiting => ("waiting…".into(), MUTED),
        Phase::Thinking => (so_far("thinking"), MUTED),
        Phase::Writing => (so_far("writing"), TEXT),
        Phase::Over => result(track),
    }
}

fn result(track: &Track) -> (String, Color) {
    match (&track.row.outcome, &track.row.first_token) {
        (Outcome::Speed { figure, note: Some(note), .. }, _) => (format!("{figure} tok/s · {note}"), TEXT),
        (Outcome::Speed { figure, .. }, Some(wait)) => (format!("{figure} tok/s after {wait}"), TEXT),
        (Outcome::Speed { figure, .. }, None) => (format!("{figure} tok/s"), TEXT),
        (Outcome::NoSpeed(reason), _) => (reason.clone(), MUTED),
        (Outcome::Failed(error), _) => (format!("failed: {error}"), ERROR),
    }
}

/// Returns the winners, each with its colour and what it won: "GPT-OSS 120B", " wrote fastest: 215 tok/s".
pub(super) fn winners(tracks: &[Track]) -> Vec<(&str, Color, String)> {
    let mut winners: Vec<(Award, &Track, String)> = tracks.iter().filter_map(won).collect();
    winners.sort_by_key(|(award, ..)| *award == Award::First);
    winners.into_iter().map(|(_, track, words)| (track.row.label.as_str(), track.color, words)).collect()
}

fn won(track: &Track) -> Option<(Award, &Track, String)> {
    let award = track.row.award?;
    let speed = match &track.row.outcome {
        Outcome::Speed { figure, .. } => figure.as_str(),
        _ => "",
    };
    let wait = track.first_answer.as_deref().unwrap_or_default();
    let words = match award {
        Award::Fastest => format!(" wrote fastest: {speed} tok/s"),
        Award::First => format!(" answered first: {wait}"),
        Award::Both => format!(" answered first and wrote fastest: {speed} tok/s after {wait}"),
    };
    Some((award, track, words))
}
