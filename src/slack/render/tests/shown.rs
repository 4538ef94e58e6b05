//! The messages as readable text.

use std::{collections::HashSet, fmt::Write as _};

use serde_json::Value;

use super::{
    ALL, blocks, check,
    samples::{CODE, SKY, SampleRace, card, finished, line_up, race, running},
};
use crate::{
    button::{Button, Page, Part},
    model::{Availability, Delta, ModelError},
    race::{Circumstances, event::StopCause, vote::RaceKind},
    slack::render::{
        Body, Extras, Pressed, answers, explanation, live, notice, on_it, opening, page, pressed, question,
        suggestion,
    },
    view::View,
};

pub(super) const NONE: Extras = Extras { chart: false, containers: false, tables: false };

pub(super) fn all(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A part of rich text in marks of Markdown, its lines after a mark of its type.
fn rich(part: &Value) -> String {
    let pieces = all(&part["elements"]).map(|piece| {
        let mark = match &piece["style"] {
            style if style["bold"] == true => "**",
            style if style["italic"] == true => "*",
            style if style["code"] == true => "`",
            _ => "",
        };
        let words = if piece["type"] == "date" { &piece["fallback"] } else { &piece["text"] };
        format!("{mark}{}{mark}", string(words))
    });
    let mark = match string(&part["type"]) {
        "rich_text_quote" => "> ",
        "rich_text_preformatted" => "= ",
        _ => "",
    };
    pieces.collect::<String>().lines().flat_map(|line| [mark, line, "\n"]).collect()
}

/// A message as lines: each block under its kind, its buttons in brackets.
pub(super) fn text(body: &Body) -> String {
    let mut out = format!("{}\n", body.text);
    for block in &blocks(body) {
        let _ = writeln!(out, "\n#{}", string(&block["type"]));
        match string(&block["type"]) {
            "rich_text" => all(&block["elements"]).for_each(|part| out.push_str(&rich(part))),
            "markdown" => out.push_str(&(string(&block["text"]).to_owned() + "\n")),
            "context" => {
                all(&block["elements"]).for_each(|e| out.push_str(&(string(&e["text"]).to_owned() + "\n")));
            }
            "actions" => all(&block["elements"]).for_each(|e| {
                if e["type"] == "static_select" {
                    let options = all(&e["options"]).map(|option| string(&option["text"]["text"]));
                    let options = options.collect::<Vec<_>>().join(" / ");
                    let _ = writeln!(out, "[{}: {options}]", string(&e["placeholder"]["text"]));
                    return;
                }
                let [action, value] = ["action_id", "value"].map(|key| string(&e[key]));
                let _ = writeln!(out, "[{}] {action} {value}", string(&e["text"]["text"]));
            }),
            "container" => {
                let _ = writeln!(
                    out,
                    "▸ {} · {}",
                    string(&block["title"]["text"]),
                    string(&block["subtitle"]["text"])
                );
                all(&block["child_blocks"])
                    .for_each(|child| out.push_str(&(string(&child["text"]["text"]).to_owned() + "\n")));
            }
            _ => out.push_str(&(serde_json::to_string_pretty(block).expect("JSON") + "\n")),
        }
    }
    out
}

pub(super) fn shown(name: &str, body: &Body) {
    check::message(body).expect("Slack takes it");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(format!("slack_{name}"), text(body)));
}

fn one(end: impl FnOnce(&mut SampleRace)) -> View {
    let mut tale = SampleRace::of("Why?", vec![card("gemma-2b", "Gemma 2B", "⚡", "2B", "#FDE263")]);
    tale.says(0, (200, 1_200), "Because.");
    end(&mut tale);
    tale.view()
}

#[test]
fn a_race_from_its_first_post_to_every_end() {
    shown(
        "opening",
        &opening(
            RaceKind::Open,
            "ana",
            "U1",
            ("Why is the sky blue? Show it with a *small* program.", &Circumstances::default()),
            &line_up(),
        ),
    );
    shown("live", &live(&running().tick(2_100), race(), ALL));
    shown("final", &live(&finished().view(), race(), ALL));
    shown("stopped", &live(&running().stop(2_400, StopCause::Asked), race(), NONE));
    shown("interrupted", &live(&running().stop(2_400, StopCause::Restart), race(), NONE));
}

#[test]
fn the_first_post_names_the_asker_and_promises_nothing() {
    let said =
        text(&opening(RaceKind::Open, "<@U1> *ana*", "U9", ("", &Circumstances::default()), &line_up()[..1]));
    assert_eq!(
        said,
        "⚔️ &lt;\u{2060}@\u{2060}U1&gt; *ana* asks one model\n\n#rich_text\n⚔️ **<\u{2060}@\u{2060}U1> *ana*** asks one model\n\n\
         #rich_text\n⚡ Gemma 2B\n"
    );
    assert!(
        text(&opening(RaceKind::Open, " ", "U9", ("Why?", &Circumstances::default()), &[]))
            .contains("**U9** asks 0 models"),
        "an id is better than nothing"
    );
    assert!(!said.contains("race ") && !said.contains('['));
}

#[test]
fn one_model_alone_is_the_answer_with_its_numbers_below() {
    let asked = text(&live(&one(|tale| tale.ends(1_210, 0, 40)), race(), ALL));
    assert!(asked.contains("first token 0.20 s · total 1.20 s · 40 tokens · 35 tok/s · tok/s = "), "{asked}");
    assert!(asked.contains("[🔁 Ask again] again ") && !asked.contains("data_visualization"), "{asked}");
    let spoken = "🏁 Gemma 2B: 35 tok/s. ana. Gemma 2B: 35 tok/s, first token 0.20 s, 40 tokens. Because.\n";
    assert!(asked.starts_with(spoken) && !asked.contains("#container"), "{asked}");
    let writing = text(&live(&one(|_| ()), race(), ALL));
    assert!(writing.contains("\nBecause.▌\n") && !writing.contains('░'), "no bar without another: {writing}");
}

#[test]
fn a_failure_is_above_the_partial_answer() {
    let failed = text(&live(&one(|tale| tale.fails(2_000, 0, ModelError::Truncated)), race(), NONE));
    assert!(failed.contains("**⚡ Gemma 2B** · ⚠️ _cut off: the connection ended"), "{failed}");
    assert!(failed.contains("_\n\nBecause.\n"), "{failed}");
    let mut tale = SampleRace::of("Why?", line_up());
    (0..5).for_each(|lane| tale.fails(2_000, lane, ModelError::RateLimited { retry_after: None }));
    let failed = text(&live(&tale.view(), race(), ALL));
    assert!(failed.contains("**⚠️ All 5 models failed: rate limited by the provider"), "{failed}");
    assert!(!failed.contains("data_visualization"), "nothing to draw: {failed}");
}

#[test]
fn many_models_stay_one_message() {
    let cards = (0..25)
        .map(|i| card(&format!("m{i}"), &format!("Model Number {i}"), "🦙", "7B", "#010203"))
        .collect();
    let mut tale = SampleRace::of("Why?", cards);
    (0..25).for_each(|lane| tale.says(lane, (200, 2_000), &format!("{SKY}\n\n{SKY}\n\n```js\nopen {lane}")));
    let body = live(&tale.view(), race(), ALL);
    check::message(&body).expect("Slack takes it");
    let said = text(&body);
    assert!((0..25).all(|i| said.contains(&format!("🦙 Model Number {i} ≈"))), "{said}");
    (0..25).for_each(|lane| tale.ends(2_500, lane, 236));
    for extras in [ALL, NONE] {
        let body = live(&tale.view(), race(), extras);
        check::message(&body).expect("Slack takes it");
    }
    let said = text(&live(&tale.view(), race(), ALL));
    assert_eq!(said.matches("#container").count(), 12, "{said}");
    assert!(said.contains("_Read the rest with the menu below._"), "{said}");
    let said = text(&live(&tale.view(), race(), NONE));
    assert!(said.contains("… 17 more in Full answers"), "{said}");
    for lane in 0..25 {
        assert!(said.contains(&format!("Model Number {lane}: ")), "{lane} is not spoken: {said}");
    }
    let distinct = (0..25)
        .filter(|i| said.contains(&format!("…{i} ")) || said.contains(&format!("Number {i} ")))
        .count();
    assert!(distinct >= 25, "names stay distinct: {said}");
}

#[test]
fn short_answers_leave_their_room_to_long_ones() {
    let mut tale = SampleRace::of("Why?", line_up());
    (0..4).for_each(|lane| tale.says(lane, (200, 1_200), "Short."));
    tale.says(4, (200, 9_000), &"One long line of words. ".repeat(900));
    (0..5).for_each(|lane| tale.ends(9_100, lane, 100));
    let body = live(&tale.view(), race(), ALL);
    let texts = blocks(&body).into_iter().map(|block| block["child_blocks"][0]["text"]["text"].clone());
    let long = texts.map(|text| string(&text).len()).max().unwrap_or(0);
    assert!((2_400..=3_000).contains(&long), "{long}");
}

#[test]
fn entities_do_not_make_a_section_too_long() {
    let mut tale = SampleRace::of("Why?", line_up());
    (0..4).for_each(|lane| tale.says(lane, (200, 1_200), "Short."));
    tale.says(4, (200, 9_000), &format!("```\n{}\n```", "<a> && <b>\n".repeat(2_000)));
    (0..5).for_each(|lane| tale.ends(9_100, lane, 100));
    check::message(&live(&tale.view(), race(), ALL)).expect("Slack takes it");
}

#[test]
fn an_answer_with_a_table_is_whole() {
    let mut tale = SampleRace::of("Why?", line_up());
    (0..5).for_each(|lane| tale.says(lane, (200, 1_200), CODE));
    (0..5).for_each(|lane| tale.ends(1_300, lane, 100));
    let said = text(&live(&tale.view(), race(), ALL));
    assert_eq!(said.matches("So blue wins by far.").count(), 5, "{said}");
    assert!(!said.contains("Read the rest"), "{said}");
    let said = text(&live(
        &{
            let mut tale = SampleRace::of("Why?", line_up()[..1].to_vec());
            tale.says(0, (200, 1_200), CODE);
            tale.ends(1_300, 0, 100);
            tale.view()
        },
        race(),
        ALL,
    ));
    assert!(said.contains("So blue wins by far.") && !said.contains("Read all of it"), "{said}");
}

#[test]
fn pace_and_simulated_models_are_labelled_once() {
    let mut cards = line_up();
    cards.truncate(2);
    let mut tale = SampleRace::of("Why?", cards);
    tale.delta(100, 0, Delta::Simulated);
    (0..2).for_each(|lane| tale.says(lane, (200, 1_000), SKY));
    let mut view = tale.view();
    view.notice = Some("updates every 6 s: 5 races here".into());
    assert!(text(&live(&view, race(), ALL)).contains("#context\nupdates every 6 s: 5 races here · race"));
    (0..2).for_each(|lane| tale.ends(2_000, lane, 100));
    let said = text(&live(&tale.view(), race(), ALL));
    assert!(said.contains("ana · some models simulated") && said.contains("= *Gemma 2B"), "{said}");
    assert!(said.contains("· * simulated ·"), "{said}");
    assert!(said.contains("\"title\": \"Speed, some of it simulated\""), "{said}");
}

#[test]
fn an_estimated_speed_is_marked_in_the_native_chart() {
    let stopped = running().stop(2_400, StopCause::Asked);
    let said = text(&live(&stopped, race(), ALL));
    assert!(said.contains("\"≈Qwen 7B\""), "{said}");
}

#[test]
fn names_that_begin_alike_stay_distinct_in_the_native_chart() {
    let named =
        |i: usize| card(&format!("m{i}"), &format!("A Very Long Model Number {i}"), "", "", "#010203");
    let mut tale = SampleRace::of("Why?", (0..3).map(named).collect());
    (0..3).for_each(|lane| tale.says(lane, (200, 2_000), SKY));
    (0..3).for_each(|lane| tale.ends(2_500, lane, 236));
    let body = live(&tale.view(), race(), ALL);
    let blocks = blocks(&body);
    let chart = blocks.iter().find(|block| block["type"] == "data_visualization").expect("a chart");
    let bars = chart["chart"]["series"][0]["data"].as_array().expect("bars");
    let labels: HashSet<&str> = bars.iter().map(|bar| string(&bar["label"])).collect();
    assert_eq!(labels.len(), 3, "{labels:?}");
}

#[test]
fn a_long_answer_is_read_page_by_page() {
    let mut record = finished().record();
    let lines: Vec<String> = (1..=900).map(|n| format!("let line_{n:04} = \"<b> & 漢字\";")).collect();
    record.report.lanes[1].answer = format!("Before.\n\n```rust\n{}\n```\nThe end.", lines.join("\n"));
    record.report.lanes[1].reasoning = "Let me see.".into();
    let mut at = Page::first(race(), 1);
    let mut read = String::new();
    loop {
        let body = page(&record, at);
        check::message(&body).expect("Slack takes it");
        let said = text(&body);
        assert_eq!(said.matches("```").count() % 2, 0, "{said}");
        read.push_str(&said);
        if !said.contains("Next]") {
            break;
        }
        at.index += 1;
    }
    assert!(at.index >= 4 && read.contains("The end."), "{}", at.index);
    assert!((1..=900).all(|n| read.matches(&format!("line_{n:04}")).count() == 1));
    let beyond = page(&record, Page { index: 10_000, ..at });
    assert_eq!(beyond, page(&record, at), "the last page");
    let reasoning = text(&page(&record, Page { part: Part::Reasoning, index: 0, ..at }));
    assert!(reasoning.contains("· reasoning") && reasoning.contains("Let me see."), "{reasoning}");
    assert!(text(&page(&record, Page::first(race(), 99))).contains("This race has no such model."));
}

#[test]
fn a_suggestion_carries_a_question_only_if_it_carries_all_of_it() {
    let body = suggestion("Did you mean `compare`?", "compar @ <b> & why?", Some("1764000001.000119"));
    let button = &blocks(&body)[1]["elements"][0];
    assert_eq!(button["value"], "compar @ <b> & why?");
    assert_eq!(question(string(&button["action_id"])), Some("1764000001.000119"));
    assert_eq!((question("question"), question("questions"), question("stop")), (Some(""), None, None));
    check::message(&body).expect("Slack takes it");
    assert_eq!(suggestion("Did you mean `compare`?", &"x".repeat(2_000), None).blocks.len(), 2);
    assert_eq!(suggestion("Did you mean `compare`?", &"x".repeat(2_001), None).blocks.len(), 1);
}

#[test]
fn a_remark_of_the_provider_is_above_the_answer() {
    let said = text(&live(&one(|tale| tale.0.lanes[0].availability = Availability::NotListed), race(), NONE));
    assert!(said.contains("\n\n_hf does not list this model today; tried anyway_\n\nBeca"), "{said}");
}

#[test]
fn short_answers_are_complete_in_the_thread() {
    let mut tale = SampleRace::of("Why?", line_up());
    (0..5).for_each(|lane| tale.says(lane, (200, 1_200), &format!("{SKY}\n\n{CODE}")));
    (0..5).for_each(|lane| tale.ends(1_300, lane, 100));
    let given = answers(&tale.record());
    assert_eq!((given.messages.len(), given.file), (1, None));
    let said = text(&given.messages[0]);
    assert!(said.contains("**Full answers of race 5f3a9c2e**"), "{said}");
    assert_eq!(said.matches("So blue wins by far.").count(), 5, "{said}");
    assert!(said.contains("_first token 0.20 s, total 1.20 s, 100 tokens, 99 tok/s_"), "{said}");
}

#[test]
fn long_answers_are_in_the_file() {
    let mut tale = finished();
    let long = format!("{}\n\n```rust\nopen", "天空 😀 | a | b |\n".repeat(900));
    tale.0.lanes[1].answer.clone_from(&long);
    let given = answers(&tale.record());
    given.messages.iter().for_each(|message| check::message(message).expect("Slack takes it"));
    let said: String = given.messages.iter().map(text).collect();
    assert!(
        said.contains("_The full answer is in the file._") && said.contains("Reasoning is there"),
        "{said}"
    );
    let file = String::from_utf8(given.file.expect("a file")).expect("UTF-8");
    assert!(file.contains(&long) && file.contains(SKY) && file.contains(CODE), "{file}");
    assert!(file.contains("rate limited by the provider, try again in 20 s"), "{file}");
    assert_eq!(crate::view::results::file_name(&race().brief()), "race-5f3a9c2e.md");
}

#[test]
fn a_crowd_of_answers_does_not_flood_the_thread() {
    let mut record = finished().record();
    let mut lane = record.report.lanes[0].clone();
    lane.answer = "word ".repeat(1_400);
    record.report.lanes = vec![lane; 19];
    let given = answers(&record);
    given.messages.iter().for_each(|message| check::message(message).expect("Slack takes it"));
    assert_eq!(given.messages.len(), 6);
    assert!(text(&given.messages[5]).contains("13 more are in the file."), "{}", text(&given.messages[5]));
    assert!(given.file.is_some_and(|file| file.len() > 19 * 6_999));
}

#[test]
fn the_explanation_is_read_in_paragraphs() {
    let said = text(&explanation(&finished().record()));
    assert!(said.contains("#rich_text\nStarting early and writing fast are two different things."), "{said}");
    assert!(said.contains("#rich_text\nIncomplete: Qwen Coder."), "{said}");
    assert!(said.contains("#rich_text\nHow it was measured:"), "{said}");
}

#[test]
fn a_notice_keeps_its_code_and_nothing_else() {
    let said = text(&notice("There is no `<!here>`: did you mean `compare`? *a* <@U1>"));
    assert!(said.ends_with("no `< !here>`: did you mean `compare`? *a* <\u{2060}@\u{2060}U1>\n"), "{said}");
    assert!(text(&notice("one ` alone")).ends_with("#rich_text\none ` alone\n"));
    for nothing in ["", " \n", "\u{200B}", "``", "` `"] {
        let body = notice(nothing);
        assert!(text(&body).ends_with("#rich_text\n…\n") && body.text == "…", "{nothing:?}");
    }
    assert_eq!(on_it(5).text, "On it: asking 5 models.");
}

#[test]
fn a_button_is_read_as_it_was_written() {
    let id = race().to_string();
    let alone = |button| Some(Pressed { button, seal: None, thread: None });
    assert_eq!(pressed("stop", &id), alone(Button::Stop(race())));
    assert_eq!(pressed("explain", &id), alone(Button::Explain(race())));
    assert_eq!(pressed(&format!("menu:{id}"), "3"), alone(Button::Read(Page::first(race(), 3))));
    let next = Page { index: 1, ..Page::first(race(), 3) };
    assert_eq!(pressed(&format!("read:{next}"), &next.to_string()), alone(Button::Read(next)));
    assert_eq!(pressed("try:0000000000000007", "0000000000000007"), alone(Button::Try(7)));
    let within = Pressed { button: Button::Try(7), seal: None, thread: Some("1764000001.000119".into()) };
    assert_eq!(pressed("try:0000000000000007", "0000000000000007@1764000001.000119"), Some(within));
    for (action, value) in
        [("stop", "x"), ("stop:", &id), ("try", "0000000000000007"), ("try:7", "7"), ("", ""), ("vote", &id)]
    {
        assert_eq!(pressed(action, value), None, "{action} {value}");
    }
}
