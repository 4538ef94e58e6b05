//! The messages as readable text.

use std::fmt::Write as _;

use serde_json::Value;

use super::samples::{CODE, SKY, SampleRace, card, finished, line_up, race, running};
use crate::{
    button::{Page, Part},
    discord::render::{
        answers, answers_file,
        body::{Body, Component},
        examples, explanation, follow_up_form, live, page, thread_name,
    },
    guide::Example,
    model::{Availability, Delta, ModelError},
    race::event::StopCause,
    view::View,
};

/// A message as lines: its embeds behind a bar, its buttons in brackets.
pub(super) fn text(body: &Body) -> String {
    let mut out = format!("{}\n", body.content);
    for embed in &body.embeds {
        let _ = writeln!(out, "\n#{:06X} {}", embed.color, embed.title);
        let image = embed.image.as_ref().map(|file| format!("attachment://{file}")).unwrap_or_default();
        for line in [&embed.description, &image, &embed.footer].into_iter().flat_map(|text| text.lines()) {
            let _ = writeln!(out, "| {line}");
        }
    }
    for component in body.components.iter().flat_map(Component::parts) {
        match component {
            Component::Button { emoji, label, custom_id, .. } => {
                let _ = write!(out, "\n[{emoji} {label}] {custom_id}");
            }
            Component::Menu { custom_id, placeholder, options } => {
                let _ = write!(out, "\n({placeholder}) {custom_id}");
                for option in options {
                    let _ = write!(out, "\n  {} ({}) {}", option.label, option.description, option.value);
                }
            }
            Component::Text(text) => out.push_str(text),
            Component::Row(_) => {}
        }
    }
    out
}

pub(super) fn shown(name: &str, body: &Body) {
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

fn description(body: &Body) -> &str {
    &body.embeds.last().expect("an embed").description
}

#[test]
fn one_model_alone_is_the_answer_with_its_numbers_below() {
    let asked = live(&one(|tale| tale.ends(1_210, 0, 40)), race(), None);
    let footer = &asked.embeds[0].footer;
    let numbers = "first token 0.20 s · total 1.20 s · 40 tokens · 35 tok/s";
    assert!(footer.starts_with(numbers), "{footer}");
    assert_eq!(description(&asked), "> Why?\n-# ana\nBecause.");
    assert_eq!(asked.embeds[0].title, "⚡ Gemma 2B");
    assert_eq!(asked.components.len(), 1, "no menu for one answer");
    let writing = live(&one(|_| ()), race(), None);
    assert!(description(&writing).ends_with('▌') && !description(&writing).contains('░'));
}

#[test]
fn a_single_answer_that_was_stopped_says_why() {
    let mut tale = SampleRace::of("Why?", vec![card("gemma-2b", "Gemma 2B", "⚡", "2B", "#FDE263")]);
    tale.says(0, (200, 1_200), "Because.");
    let frozen = live(&tale.stop(1_300, StopCause::Frozen), race(), None);
    let cause = "Stopped: this message could not be edited any longer";
    assert!(description(&frozen).contains(cause), "{}", description(&frozen));
}

#[test]
fn lessons_are_whole() {
    let lesson = "Speed and depth trade places here, word by word. ".repeat(5);
    let mut view = finished().view();
    view.lesson = Some(lesson.clone());
    assert!(text(&live(&view, race(), None)).contains(lesson.trim()));
    let example = Example { title: "Sky".into(), prompt: "Why?".into(), lesson: lesson.clone() };
    let Body { components, .. } = examples(&[example], None);
    let is_whole = |part: &Component| matches!(part, Component::Text(text) if text.contains(lesson.trim()));
    assert!(components.iter().any(is_whole), "{components:?}");
}

#[test]
fn an_example_has_its_buttons_right_below_it() {
    let example =
        |n: usize| Example { title: format!("T{n}"), prompt: format!("Why {n}?"), lesson: String::new() };
    let body = examples(&[1, 2, 3].map(example), None);
    assert_eq!(body.flags, Some(1 << 15), "a message of components alone");
    let kinds: String =
        body.components
            .iter()
            .map(|part| {
                if let Component::Text(text) = part { text.lines().next().unwrap_or_default() } else { "row" }
            })
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ");
    assert_eq!(kinds, "**T1** row **T2** row **T3** row");
}

#[test]
fn a_single_answer_takes_all_the_room_of_a_message_and_the_rest_is_read_by_pages() {
    let long = format!("{CODE}\n\n").repeat(30);
    let mut tale = SampleRace::of("Why?", vec![card("gemma-2b", "Gemma 2B", "⚡", "2B", "#FDE263")]);
    tale.says(0, (200, 9_000), &long);
    tale.ends(9_100, 0, 4_000);
    let body = live(&tale.view(), race(), None);
    let total: usize = body.embeds.iter().map(|embed| embed.description.encode_utf16().count()).sum();
    assert!((5_300..=6_000).contains(&total), "{total}");
    assert!(text(&body).contains("[📖 Read it all] arena:read:"), "{}", text(&body));
    let record = tale.record();
    let (mut whole, mut index) = (String::new(), 0);
    loop {
        let body = page(&record, Page { index, ..Page::first(race(), 0) });
        assert_eq!(description(&body).matches("```").count() % 2, 0, "{}", description(&body));
        whole.push_str(description(&body));
        whole.push('\n');
        if !text(&body).contains("Next") {
            break;
        }
        index += 1;
    }
    assert!(index >= 2, "{index}");
    let words = |text: &str| {
        text.replace("```python", "")
            .replace("```", "")
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let all = words(&crate::view::markdown::canonical(&long));
    assert_eq!(words(&whole).len(), all.len());
    assert_eq!(words(&whole), all);
}

#[test]
fn reasoning_is_behind_a_button_of_its_own() {
    let record = finished().record();
    let first = page(&record, Page::first(race(), 4));
    assert!(text(&first).contains("[🧠 Reasoning]") && !description(&first).contains("The user asks"));
    let others = text(&first).split_once("(📖 Read another answer …)").expect("a menu").1.to_owned();
    assert!(others.contains("Gemma 2B (") && !others.contains("DeepSeek R1"), "{others}");
    let reasoning = page(&record, Page { part: Part::Reasoning, ..Page::first(race(), 4) });
    assert!(
        description(&reasoning).starts_with("The user asks about the sky."),
        "{}",
        description(&reasoning)
    );
    assert!(text(&reasoning).contains("[📄 Answer]"));
    let none = page(&record, Page::first(race(), 99));
    assert_eq!(description(&none), "This race has no such model.");
}

#[test]
fn a_failure_is_shown_above_the_partial_answer() {
    let failed = live(&one(|tale| tale.fails(2_000, 0, ModelError::Truncated)), race(), None);
    let said = description(&failed);
    assert!(said.contains("⚠️ *cut off: the connection ended"), "{said}");
    assert!(said.ends_with("*\nBecause."), "{said}");
}

#[test]
fn many_models_stay_one_short_message() {
    let cards = (0..25).map(|i| card(&format!("m{i}"), &format!("Model {i}"), "", "", "#010203")).collect();
    let mut tale = SampleRace::of("Why?", cards);
    (0..25).for_each(|lane| tale.says(lane, (200, 2_000), &format!("{SKY}\n\n```js\nopen {lane}")));
    let body = live(&tale.view(), race(), None);
    assert!(
        (0..25).all(|i| description(&body).contains(&format!("**Model {i}**"))),
        "{}",
        description(&body)
    );
    (0..25).for_each(|lane| tale.ends(2_500, lane, 236));
    let body = live(&tale.view(), race(), Some("alt"));
    assert!(description(&body).ends_with("-# 17 more in the menu below"), "{}", description(&body));
    assert_eq!(text(&body).matches("arena:read:").count(), 24, "a menu has 25 options");
    assert!(text(&body).contains("  📄 All answers, as a file () arena:answers:"), "{}", text(&body));
}

#[test]
fn one_answer_keeps_the_button_of_its_file_and_without_answers_nothing_is_continued() {
    let asked = text(&live(&one(|tale| tale.ends(1_210, 0, 40)), race(), None));
    assert!(
        asked.contains("[💬 Continue] arena:continue:") && asked.contains("[📄 Full answers]"),
        "{asked}"
    );
    let mut failed = SampleRace::of("Why?", line_up());
    (0..5).for_each(|lane| failed.fails(900, lane, ModelError::RateLimited { retry_after: None }));
    let failed = text(&live(&failed.view(), race(), None));
    assert!(!failed.contains("Continue") && failed.contains("[📄 Full answers]"), "{failed}");
}

#[test]
fn a_form_to_continue_names_the_fastest_first_and_the_ways_with_all_last() {
    let labels = |form: &Value| -> Vec<String> {
        let options = form["components"][0]["component"]["options"].as_array().expect("options");
        options.iter().map(|option| option["label"].as_str().expect("a label").to_owned()).collect()
    };
    let form = follow_up_form(&finished().record(), 6_000, "id");
    let all = labels(&form);
    assert_eq!(all[0], "GPT-OSS 120B (the fastest)");
    assert_eq!(
        all[all.len() - 2..],
        ["All of them, each with its own answer", "All of them, with the answer of GPT-OSS 120B"]
    );
    assert_eq!(form["components"][0]["component"]["options"][0]["default"], true);
    assert_eq!(form["components"][1]["component"]["max_length"], 4_000);
    let cards = (0..25).map(|i| card(&format!("m{i}"), &"Model ".repeat(30), "", "", "#010203")).collect();
    let mut tale = SampleRace::of("Why?", cards);
    (0..25).for_each(|lane| tale.says(lane, (200, 2_000), SKY));
    (0..25).for_each(|lane| tale.ends(2_500, lane, 236));
    let many = labels(&follow_up_form(&tale.record(), 100, "id"));
    assert_eq!(many.len(), 25);
    assert!(many.iter().all(|label| label.chars().count() <= 100), "{many:?}");
    assert!(
        many[23].starts_with("All of them, each") && many[24].starts_with("All of them, with"),
        "{many:?}"
    );
}

#[test]
fn a_thread_is_named_after_the_first_line_of_the_prompt() {
    assert_eq!(thread_name("why?\n\nand **how**?"), "why? …");
    assert_eq!(thread_name(&"x".repeat(300)).chars().count(), 100);
    assert_eq!(thread_name(" \u{200b}\n"), "Follow-ups");
}

#[test]
fn some_simulated_models_are_marked_in_the_table() {
    let mut cards = line_up();
    cards.truncate(2);
    let mut tale = SampleRace::of("Why?", cards);
    tale.delta(100, 0, Delta::Simulated);
    tale.says(0, (190, 990), &format!("a{}b", "\n".repeat(300)));
    tale.says(1, (200, 1_000), &"x\n".repeat(2_000));
    (0..2).for_each(|lane| tale.ends(2_000, lane, 100));
    let body = live(&tale.view(), race(), None);
    assert_eq!(body.embeds[0].description, "> Why? — ana · some models simulated");
    assert!(description(&body).contains("\n*Gemma 2B"), "{}", description(&body));
    assert!(
        description(&body).lines().any(|line| line.ends_with("**Gemma 2B** a b")),
        "{}",
        description(&body)
    );
    assert!(body.embeds[1].footer.contains("* simulated"));
}

#[test]
fn the_providers_note_is_shown_above_the_answer() {
    let view = one(|tale| tale.0.lanes[0].availability = Availability::NotListed);
    let body = live(&view, race(), None);
    let said = description(&body);
    assert!(said.contains("-# hf does not list this model today; tried anyway\n"), "{said}");
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
    let first = &body.json()["attachments"][0];
    assert_eq!((&first["id"], &first["filename"]), (&0.into(), &"race-5f3a9c2e.md".into()));
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
    assert!(said.starts_with("Starting early and writing fast are two different things."), "{said}");
    assert!(said.contains("\n\nIncomplete: Qwen Coder."), "{said}");
    assert!(said.contains("\n\nHow it was measured:"), "{said}");
}
