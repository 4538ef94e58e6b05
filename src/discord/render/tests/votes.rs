//! Blind races before and after their votes close.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    preview::page as write_page,
    samples::{CODE, SKY, SampleRace, card, finished, line_up, race},
    shown::{shown, text},
};
use crate::{
    button::{Button, Page},
    chart,
    discord::render::{
        answers, ballot,
        body::{Body, Component},
        live, page, unnamed_answers,
    },
    model::{Color, Identity, ModelCard},
    platform::handlers::BallotReply,
    race::{
        Record,
        blind::{Telltales, blinded},
        report::Report,
        vote::{AnswerKey, Choice, Label, Tally, Vote},
    },
    view::View,
};

fn label(index: usize) -> Label {
    Label::at(index).expect("a label")
}

fn telltales(cards: &[Arc<ModelCard>]) -> Telltales {
    Telltales::of(cards.iter().map(|card| (card.id.clone(), Identity::new(card, None, None, []))))
}

/// A blind race of these models while they write.
fn writing(cards: Vec<Arc<ModelCard>>) -> SampleRace {
    let telltales = Arc::new(telltales(&cards));
    let mut race = SampleRace::of("Why is the sky blue? Show it with a *small* program.", cards);
    race.0 = race.0.blind(telltales);
    race
}

/// A report with a vote on these lanes, in the order of their labels, and these ballots.
fn voted(report: Report, order: Vec<usize>, is_open: bool, ballots: &[Choice]) -> Report {
    let mut tally = Tally::default();
    for choice in ballots {
        tally.add(*choice);
    }
    let left_out = report.lanes.len() - order.len();
    let closes_at = Timestamp::from_second(1_800_000_000).expect("a time");
    Report { vote: Some(Vote { order, closes_at, left_out, is_open, tally, uncounted: None }), ..report }
}

/// The report of the race of [`finished`], whose third model failed.
fn five_answers() -> Report {
    let mut race = finished();
    let error = "I'm **Gemma 2B**.\n\n".repeat(40);
    race.0.lanes[3].answer.push_str(&error);
    race.record().report
}

fn open_report(report: &Report, order: Vec<usize>, ballots: &[Choice]) -> Report {
    let cards: Vec<_> = report.lanes.iter().map(|lane| Arc::clone(&lane.card)).collect();
    blinded(&voted(report.clone(), order, true, ballots), &telltales(&cards)).expect("a blinded report")
}

fn open(ballots: &[Choice]) -> View {
    View::over("ana", &open_report(&five_answers(), vec![4, 2, 0, 3, 1], ballots))
}

fn closed(ballots: &[Choice]) -> View {
    View::over("ana", &voted(five_answers(), vec![4, 2, 0, 1], false, ballots))
}

fn record(report: Report) -> Record {
    Record { report, ..finished().record() }
}

const BALLOTS: [(usize, Option<usize>); 4] = [(1, Some(0)), (1, None), (2, Some(1)), (1, Some(2))];

fn ballots() -> Vec<Choice> {
    let best = |&(best, second): &(usize, Option<usize>)| Choice::Best(label(best), second.map(label));
    BALLOTS.iter().map(best).chain([Choice::NoneGood]).collect()
}

/// A line-up of so many models whose answers are alike.
fn crowd(models: usize) -> Report {
    let cards = (0..models).map(|i| card(&format!("m{i}"), &format!("Model {i}"), "🦙", "", "#FDE263"));
    let mut race = SampleRace::of("Why?", cards.collect());
    for lane in 0..models {
        race.says(lane, (200, 1_000), SKY);
        race.ends(4_000, lane, 236);
    }
    race.record().report
}

fn labels_of(body: &Body) -> Vec<Vec<String>> {
    let row = |row: &Component| -> Vec<String> {
        let parts = row.parts().iter().map(|part| match part {
            Component::Button { label, .. } => label.clone(),
            Component::Menu { placeholder, .. } => placeholder.clone(),
            _ => String::new(),
        });
        parts.collect()
    };
    body.components.iter().map(row).collect()
}

#[test]
fn a_blind_race_from_the_first_word_to_its_result() {
    let mut race_of_five = writing(line_up());
    race_of_five.says(0, (210, 1_600), SKY);
    race_of_five.ends(1_600, 0, 231);
    shown("blind_writing", &live(&race_of_five.view(), race(), None));
    shown("blind_open", &live(&open(&ballots()), race(), None));
    shown("blind_closed", &live(&closed(&ballots()), race(), Some("Bar chart.")));
}

#[test]
fn while_the_models_write_only_the_number_of_answers_moves() {
    let mut race_of_five = writing(line_up());
    let begun = live(&race_of_five.view(), race(), None);
    race_of_five.says(0, (210, 1_600), SKY);
    let mut written = race_of_five.tick(9_000);
    written.notice = Some("updates every 6 s: 5 races here".into());
    assert_eq!(live(&written, race(), None), begun);
    race_of_five.ends(1_600, 0, 231);
    assert_ne!(live(&race_of_five.view(), race(), None), begun);
    assert_eq!(labels_of(&begun), [["Stop"]]);
}

#[test]
fn every_answer_has_the_same_room_and_the_same_look() {
    let body = live(&open(&[]), race(), None);
    let [embed] = body.embeds.as_slice() else { panic!("one embed: {body:?}") };
    assert_eq!(embed.color, 0x80_84_8E);
    let answers: Vec<_> =
        embed.description.split("\n\n").filter(|part| part.starts_with("**Answer")).collect();
    assert_eq!(answers.len(), 5, "{}", embed.description);
    assert!(answers.iter().all(|answer| (110..140).contains(&answer.chars().count())), "{answers:#?}");
    assert!(embed.description.ends_with("The vote closes <t:1800000000:R>."), "{}", embed.description);
    assert!(embed.description.contains("▇▇▇"), "{}", embed.description);
}

/// The names, ids, icons, colours and providers of the models.
fn identities(cards: &[Arc<ModelCard>]) -> Vec<String> {
    let of = |card: &Arc<ModelCard>| {
        let Color { r, g, b } = card.color;
        let number = u32::from_be_bytes([0, r, g, b]);
        let texts = [card.id.as_str(), &card.name, &card.icon, &card.best_for, &card.provider];
        let colors = [format!("{number}"), format!("{r:02x}{g:02x}{b:02x}")];
        texts
            .map(str::to_lowercase)
            .into_iter()
            .chain(colors)
            .filter(|text| text.len() > 2)
            .collect::<Vec<_>>()
    };
    cards.iter().flat_map(of).collect()
}

#[test]
fn nothing_that_is_sent_before_the_vote_closes_names_a_model() {
    let cards = line_up();
    let report = open_report(&five_answers(), vec![4, 2, 0, 3, 1], &ballots());
    let open_record = record(report);
    let (body, files) = unnamed_answers(&open_record, 10 << 20);
    let mut sent = vec![
        live(&writing(line_up()).tick(2_000), race(), None).json().to_string(),
        live(&open(&ballots()), race(), None).json().to_string(),
        body.json().to_string(),
    ];
    sent.extend(files.into_iter().map(|(name, bytes)| name + &String::from_utf8(bytes).expect("UTF-8")));
    for index in 0..5 {
        let first = Page::first(open_record.id, AnswerKey::Label(label(index)));
        sent.push(page(&open_record, first).json().to_string());
    }
    for text in &sent {
        for word in identities(&cards) {
            assert!(!text.to_lowercase().contains(&word), "{word} is in\n{text}");
        }
    }
}

#[test]
fn the_ballot_is_a_button_for_each_answer_as_far_as_rows_reach() {
    let rows = |answers: usize| {
        let report = open_report(&crowd(answers), (0..answers).rev().collect(), &[]);
        labels_of(&live(&View::over("ana", &report), race(), None))
    };
    let below = ["None is good", "Full answers", "Close vote"];
    let five = rows(5);
    assert_eq!(five[0], ["Best: A", "Best: B", "Best: C", "Best: D", "Best: E"]);
    assert_eq!((&five[1..2], five.len()), (&[below.map(str::to_owned).to_vec()][..], 3));
    assert_eq!(rows(15).len(), 5, "with the menu");
    let twenty = rows(20);
    assert_eq!((twenty.len(), twenty[4].as_slice()), (5, &below.map(str::to_owned)[..]));
    assert_eq!(twenty[..4].concat().len(), 20);
}

#[test]
fn the_second_best_is_chosen_among_the_others() {
    let others = |labels: usize| {
        let best = label(1);
        let buttons = (0..labels)
            .filter(|index| *index != 1)
            .map(|index| (Button::Second(race(), best, Some(label(index))), label(index).to_string()));
        let none = (Button::Second(race(), best, None), "No second".to_owned());
        let buttons = buttons.chain([none]).collect();
        labels_of(&ballot(&BallotReply { race: race(), text: "Saved.".into(), buttons }))
    };
    assert_eq!(others(3), [["Second: A", "Second: C", "No second"]]);
    assert_eq!(others(20).iter().map(Vec::len).collect::<Vec<_>>(), [5, 5, 5, 5]);
    let decided = ballot(&BallotReply { race: race(), text: "Saved.".into(), buttons: vec![] });
    assert!(decided.components.is_empty());
}

#[test]
fn the_answers_of_an_open_vote_are_files_by_their_letters() {
    let of = |answers: usize, limit: usize| {
        let report = open_report(&crowd(answers), (0..answers).collect(), &[]);
        unnamed_answers(&record(report), limit)
    };
    let (body, files) = of(10, 1 << 20);
    assert_eq!((files.len(), files[9].0.as_str()), (10, "answer-j.md"));
    assert!(files[2].1.starts_with(b"# Answer C\n\n## Why the sky is blue"));
    assert_eq!(body.attachments[2].description, "Answer C as Markdown");
    let (body, files) = of(11, 1 << 20);
    assert_eq!((files.len(), files[0].0.as_str()), (1, "answers.md"));
    assert_eq!(String::from_utf8_lossy(&files[0].1).matches("# Answer ").count(), 11);
    assert!(!body.embeds[0].description.contains("missing"));
    let (body, files) = of(2, 100);
    assert!(
        files.iter().all(|(_, bytes)| bytes.len() <= 100) && body.embeds[0].description.contains("missing")
    );
    let over = record(voted(five_answers(), vec![4, 2, 0, 1], false, &[]));
    let (_, file) = answers(&over, 1 << 20);
    assert!(String::from_utf8_lossy(&file).contains("## ⚡ Gemma 2B"));
}

#[test]
fn a_page_of_an_open_vote_has_no_numbers() {
    let mut report = crowd(2);
    report.lanes[1].answer = format!("{CODE}\n\n").repeat(30);
    let open_record = record(open_report(&report, vec![1, 0], &[]));
    let first = page(&open_record, Page::first(open_record.id, AnswerKey::Label(label(0))));
    let read = text(&first);
    assert_eq!(first.embeds[0].title, "Answer A");
    assert!(read.contains("| page 1 of ") && !read.contains("tokens") && !read.contains(" s,"), "{read}");
    assert!(read.contains("Answer B () arena:read:") && read.contains(":B:answer:0"), "{read}");
    let short = page(&open_record, Page::first(open_record.id, AnswerKey::Label(label(1))));
    assert_eq!(short.embeds[0].footer, "");
}

#[test]
fn the_states_of_a_vote_can_be_looked_at() {
    let chart = chart::png(&five_answers()).expect("a chart");
    let mut race_of_five = writing(line_up());
    for lane in [0, 2, 4] {
        race_of_five.says(lane, (210, 1_600), SKY);
        race_of_five.ends(1_600, lane, 231);
    }
    write_page("blind-writing", &[live(&race_of_five.view(), race(), None)]);
    let open_page = write_page("blind-open", &[live(&open(&ballots()), race(), None)]);
    assert!(open_page.contains("Best: A") && open_page.contains("Close vote"), "{open_page}");
    let result = write_page("blind-closed", &[live(&closed(&ballots()), race(), Some(&chart.alt))]);
    assert!(result.contains("5 votes: B GPT-OSS 120B 3 (+1 second)"), "{result}");
    let two = View::over("ana", &open_report(&five_answers(), vec![2, 0], &[]));
    let twenty = View::over("ana", &open_report(&crowd(20), (0..20).collect(), &ballots()));
    write_page("blind-two", &[live(&two, race(), None)]);
    write_page("blind-twenty", &[live(&twenty, race(), None)]);
    let buttons = |labels: usize| {
        let others =
            (1..labels).map(|i| (Button::Second(race(), label(0), Some(label(i))), label(i).to_string()));
        others.chain([(Button::Second(race(), label(0), None), "No second".to_owned())]).collect()
    };
    let asks = "Your ballot: A is best. It's saved. Which one is second best?";
    let saved = "Your ballot is saved: A is best, then C. You can change it until the vote closes.";
    let open_record = record(open_report(&five_answers(), vec![4, 2, 0, 3, 1], &[]));
    let reply =
        |text: &str, buttons| ballot(&BallotReply { race: race(), text: text.into(), buttons }).private();
    write_page(
        "blind-ballots",
        &[
            reply(asks, buttons(5)),
            reply(saved, vec![]),
            reply(asks, buttons(20)),
            unnamed_answers(&open_record, 1 << 20).0.private(),
            page(&open_record, Page::first(race(), AnswerKey::Label(label(1)))).private(),
        ],
    );
}
