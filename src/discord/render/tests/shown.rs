//! The messages as readable text.

use std::fmt::Write as _;

use super::samples::{CODE, SKY, SampleRace, card, finished, line_up, race, running};
use crate::{
    discord::render::{answers, answers_file, body::Body, explanation, live},
    model::{Availability, Delta, ModelError},
    race::event::StopCause,
    view::View,
};

/// A message as lines: its embeds behind a bar, its buttons in brackets.
fn text(body: &Body) -> String {
    let mut out = format!("{}\n", body.content);
    for embed in &body.embeds {
        let _ = writeln!(out, "\n#{:06X} {}", embed.color, embed.title);
        let image = embed.image.as_ref().map_or("", |image| &image.url);
        let footer = embed.footer.as_ref().map_or("", |footer| &footer.text);
        for line in [&embed.description, image, footer].into_iter().flat_map(str::lines) {
            let _ = writeln!(out, "| {line}");
        }
    }
    for button in body.components.iter().flat_map(|row| &row.components) {
        let emoji = &button.emoji.name;
        let _ = write!(out, "\n[{emoji} {}] {}", button.label, button.custom_id);
    }
    out
}

fn shown(name: &str, body: &Body) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(format!("discord_{name}"), text(body)));
}

fn one(end: impl FnOnce(&mut SampleRace)) -> View {
    let mut tale = SampleRace::of("Why?", vec![card("gemma-2b", "Gemma 2B", "⚡", "2B", "#FDE263")]);
    tale.says(0, (200, 1_200), "Because.");
    end(&mut tale);
    tale.view()
}

#[test]
fn a_race_from_live_to_every_end() {
    shown("live", &live(&running().tick(2_100), race(), None));
    shown("final", &live(&finished().view(), race(), Some("Bar chart.")));
    shown("stopped", &live(&running().stop(2_400, StopCause::Asked), race(), None));
    shown("interrupted", &live(&running().stop(2_400, StopCause::Restart), race(), None));
}

#[test]
fn one_model_alone_has_its_numbers_below_its_answer() {
    let asked = live(&one(|tale| tale.ends(1_210, 0, 40)), race(), None);
    let footer = asked.embeds[1].footer.as_ref().expect("a footer");
    assert_eq!(footer.text, "first token 0.20 s · total 1.20 s · 40 tokens · 35 tok/s");
    assert!(!asked.embeds[0].description.contains("```"), "{}", asked.embeds[0].description);
    assert_eq!(asked.components[0].components[0].label, "Ask again");
    let writing = live(&one(|_| ()), race(), None);
    assert_eq!(writing.content, "⚔️ **Arena** · one model answers");
    assert!(writing.embeds[1].description.ends_with('▌') && !writing.embeds[0].description.contains('░'));
}

#[test]
fn a_failure_is_shown_above_the_partial_answer() {
    let failed = live(&one(|tale| tale.fails(2_000, 0, ModelError::Truncated)), race(), None);
    let said = &failed.embeds[1].description;
    assert!(said.starts_with("⚠️ *cut off: the connection ended"), "{said}");
    assert!(said.ends_with("*\nBecause."), "{said}");
}

#[test]
fn more_lanes_than_embeds_share_one_and_keep_their_line() {
    let cards = (0..12).map(|i| card(&format!("m{i}"), &format!("Model {i}"), "", "", "#010203")).collect();
    let mut tale = SampleRace::of("Why?", cards);
    (0..12).for_each(|lane| tale.says(lane, (200, 2_000), &format!("{SKY}\n\n```js\nopen {lane}")));
    let body = live(&tale.view(), race(), Some("alt"));
    assert_eq!(body.embeds.len(), 10);
    let (headline, shared) = (&body.embeds[0].description, &body.embeds[8].description);
    assert!((0..12).all(|i| headline.contains(&format!("**Model {i}**"))), "{headline}");
    assert!((7..12).all(|i| shared.contains(&format!("**Model {i}**\n"))), "{shared}");
    assert_eq!(shared.matches("```").count(), 10, "each with its own fence: {shared}");
}

#[test]
fn short_answers_leave_their_room_to_long_ones() {
    let mut tale = SampleRace::of("Why?", line_up());
    (0..4).for_each(|lane| tale.says(lane, (200, 1_200), "Short."));
    tale.says(4, (200, 9_000), &CODE.repeat(30));
    (0..5).for_each(|lane| tale.ends(9_100, lane, 100));
    let body = live(&tale.view(), race(), None);
    let long = body.embeds[5].description.encode_utf16().count();
    assert!((3_000..=4_096).contains(&long), "{long}");
    assert!(body.embeds[0].footer.as_ref().is_some_and(|footer| footer.text.contains("shortened")));
    let (writing, over) = (running().tick(2_200), finished().view());
    let says = |view: &View| live(view, race(), None).embeds[0].footer.as_ref().expect("one").text.clone();
    assert!(!says(&writing).contains("shortened") && !says(&over).contains("shortened"));
}

#[test]
fn floods_of_lines_and_simulated_models_are_marked() {
    let mut cards = line_up();
    cards.truncate(2);
    let mut tale = SampleRace::of("Why?", cards);
    tale.delta(100, 0, Delta::Simulated);
    tale.says(0, (200, 1_000), &format!("a{}b", "\n".repeat(5_000)));
    tale.says(1, (200, 1_000), &"x\n".repeat(2_000));
    (0..2).for_each(|lane| tale.ends(2_000, lane, 100));
    let body = live(&tale.view(), race(), None);
    assert_eq!(body.embeds[1].description, "a\n\n\nb");
    assert_eq!(body.embeds[2].description.lines().count(), 81, "80 and the mark of the cut");
    assert!(body.embeds[0].description.starts_with("**ana** asks · some models simulated\n"));
    assert!(body.embeds[0].description.contains("\n*Gemma 2B"), "{}", body.embeds[0].description);
    assert_eq!(body.embeds[1].title, "⚡ Gemma 2B · 2B · simulated");
    assert!(body.embeds[0].footer.as_ref().is_some_and(|footer| footer.text.contains("* simulated")));
}

#[test]
fn the_providers_note_is_shown_above_the_answer() {
    let view = one(|tale| tale.0.lanes[0].availability = Availability::NotListed);
    let said = &live(&view, race(), None).embeds[1].description;
    assert!(said.starts_with("-# hf does not list this model today; tried anyway\n"), "{said}");
}

#[test]
fn the_file_holds_every_answer_whole() {
    let mut tale = finished();
    tale.0.lanes[1].answer.push_str("\n```rust\nopen");
    let (body, file) = answers(&tale.record(), 1 << 20);
    let file = String::from_utf8(file).expect("UTF-8");
    assert!(file.contains(SKY) && file.contains(CODE) && file.contains("```rust\nopen\n```\n"), "{file}");
    assert!(file.contains("## 🧠 DeepSeek R1 large\n\nfirst token 0.50 s"), "{file}");
    assert!(file.contains("### Reasoning\n\n> The user asks about the sky."), "{file}");
    assert!(file.contains("rate limited by the provider, try again in 20 s"), "{file}");
    assert_eq!((body.attachments[0].id, body.attachments[0].filename.as_str()), (0, "race-5f3a9c2e.md"));
    assert_eq!(answers_file(race()), body.attachments[0].filename);
    assert!(!body.embeds[0].description.contains("missing"));
}

#[test]
fn a_file_that_is_too_long_says_so_and_stays_text() {
    let record = finished().record();
    for limit in [0, 10, 47, 200, 1_001, 1_002, 1_003] {
        let (body, file) = answers(&record, limit);
        assert!(file.len() <= limit, "{} > {limit}", file.len());
        let file = String::from_utf8(file).expect("cut between characters");
        assert!(limit < 200 || file.ends_with("[Cut here: this chat takes no larger file.]\n"), "{file}");
        assert!(body.embeds[0].description.contains("its end is missing"));
    }
}

#[test]
fn the_explanation_is_read_in_paragraphs() {
    let body = explanation(&finished().record());
    let said = &body.embeds[0].description;
    assert!(said.starts_with("Latency and throughput differ."), "{said}");
    assert!(said.contains("\n\nIncomplete: Qwen Coder."), "{said}");
    assert!(said.contains("\n\nHow it was measured:"), "{said}");
}
