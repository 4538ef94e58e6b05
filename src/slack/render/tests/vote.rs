//! A blind race from its first post to its result.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    ALL, blocks, check,
    samples::{CODE, SKY, SampleRace, line_up, race as race_id},
    shown::{NONE, all, shown, string, text},
};
use crate::{
    button::{Button, Page},
    model::Identity,
    platform::handlers::BallotReply,
    race::{
        Circumstances, Record,
        blind::{Telltales, blinded},
        event::{EventKind, RaceEvent},
        vote::{AnswerKey, Choice, Label, RaceKind, Tally, Uncounted, Vote, VoteState},
    },
    slack::render::{Body, answers, ballot, live, opening, page, pressed},
};

const PROMPT: &str = "Why is the sky blue? Show it with a *small* program.";

fn telltales() -> Telltales {
    Telltales::of(line_up().iter().map(|card| (card.id.clone(), Identity::new(card, None, None, []))))
}

fn label(index: usize) -> Label {
    Label::at(index).expect("a label")
}

/// A blind race while its models write.
pub(super) fn writing() -> SampleRace {
    let mut race = SampleRace::of(PROMPT, line_up());
    race.0 = race.0.blind(Arc::new(telltales()));
    race.says(0, (210, 1_600), SKY);
    race.ends(1_600, 0, 231);
    race.says(2, (620, 2_000), &CODE[..240]);
    race
}

/// The race with all of its answers, of which one names its model.
fn written() -> SampleRace {
    let mut race = writing();
    race.says(2, (2_000, 2_600), &CODE[240..]);
    race.ends(2_600, 2, 300);
    race.says(1, (300, 2_700), &format!("I am Qwen 7B.\n\n{CODE}"));
    race.ends(2_700, 1, 280);
    race.says(3, (300, 2_800), "It scatters.");
    race.ends(2_800, 3, 4);
    race.says(4, (300, 2_900), SKY);
    race.ends(2_900, 4, 900);
    race
}

fn vote(is_open: bool, tally: Tally, uncounted: Option<Uncounted>) -> VoteState {
    let closes_at = Timestamp::from_second(1_764_000_600).expect("a time");
    VoteState::Opened(Vote { order: vec![3, 0, 4, 1, 2], closes_at, is_open, tally, uncounted, left_out: 0 })
}

fn with_vote(vote: VoteState) -> SampleRace {
    let mut race = written();
    let at = race.0.now;
    race.0.apply(&RaceEvent { at, kind: EventKind::Vote(vote) });
    race
}

/// The race while this many people have voted.
pub(super) fn open(voters: u64) -> SampleRace {
    with_vote(vote(true, Tally { voters, ..Tally::default() }, None))
}

pub(super) fn closed() -> SampleRace {
    let mut tally = Tally::default();
    for choice in [
        Choice::Best(label(1), Some(label(4))),
        Choice::Best(label(1), None),
        Choice::Best(label(4), Some(label(0))),
        Choice::NoneGood,
    ] {
        tally.add(choice);
    }
    with_vote(vote(false, tally, Some(Uncounted::Leaked)))
}

pub(super) fn first_reply() -> BallotReply {
    let second = |second| Button::Second(race_id(), label(1), second);
    let named = [0, 2, 3, 4].map(|index| (second(Some(label(index))), label(index).to_string()));
    let buttons = named.into_iter().chain([(second(None), "No second".to_owned())]).collect();
    BallotReply {
        race: race_id(),
        text: "Your ballot: B is best. It's saved. Which one is second best?".into(),
        buttons,
    }
}

/// The record as the arena returns it while the vote is open.
fn blinded_record() -> Record {
    let mut record = open(0).record();
    record.report.lanes[4].answer = SKY.repeat(30);
    record.report.lanes[4].reasoning = "The reasoning of DeepSeek R1.".into();
    let report = blinded(&record.report, &telltales()).expect("an open vote");
    Record { report, ..record }
}

/// The elements that can be pressed.
fn elements(body: &Body) -> Vec<Value> {
    let rows = blocks(body).into_iter().filter(|block| block["type"] == "actions");
    rows.flat_map(|row| all(&row["elements"]).cloned().collect::<Vec<_>>()).collect()
}

#[test]
fn a_blind_race_from_its_first_post_to_its_result() {
    shown(
        "blind_opening",
        &opening(RaceKind::Blind, "ana", "U1", (PROMPT, &Circumstances::default()), &line_up()),
    );
    shown("blind_writing", &live(&writing().view(), race_id(), ALL));
    shown("blind_open", &live(&open(2).view(), race_id(), ALL));
    shown("blind_open_plain", &live(&open(1).view(), race_id(), NONE));
    shown("blind_closed", &live(&closed().view(), race_id(), ALL));
    shown("blind_ballot", &ballot(&first_reply()));
}

/// Every byte of every message, searched for what could name a model.
#[test]
fn nothing_names_a_model_before_the_vote_is_closed() {
    let record = blinded_record();
    let pages = (0..5).map(|index| page(&record, Page::first(race_id(), AnswerKey::Label(label(index)))));
    let given = answers(&record);
    let file = String::from_utf8(given.file.expect("long answers are in a file")).expect("UTF-8");
    let frames = [ALL, NONE]
        .into_iter()
        .flat_map(|extras| [writing(), open(0), open(3)].map(|race| live(&race.view(), race_id(), extras)));
    let bodies = frames.chain(pages).chain(given.messages).chain([
        opening(RaceKind::Blind, "ana", "U1", (PROMPT, &Circumstances::default()), &line_up()),
        ballot(&first_reply()),
    ]);
    let sent = bodies.map(|body| {
        check::message(&body).expect("Slack takes it");
        serde_json::to_string(&body).expect("JSON")
    });
    for sent in sent.chain([file]) {
        for card in line_up() {
            let color = format!("{:02x}{:02x}{:02x}", card.color.r, card.color.g, card.color.b);
            for word in [card.id.as_str(), &card.name, &card.icon, &color] {
                assert!(!sent.to_lowercase().contains(&word.to_lowercase()), "{word} in {sent}");
            }
        }
        for number in ["tok/s", "tokens", "first token", "reasoning"] {
            assert!(!sent.contains(number), "{number} in {sent}");
        }
    }
}

#[test]
fn a_frame_moves_only_with_its_counts() {
    let mut race = writing();
    let before = live(&race.view(), race_id(), ALL);
    race.says(3, (2_100, 2_300), "It scatters.");
    let mut view = race.tick(60_000);
    view.notice = Some("updates every 6 s: 5 races here".into());
    assert_eq!(live(&view, race_id(), ALL), before);
    race.ends(61_000, 3, 3);
    assert_ne!(live(&race.view(), race_id(), ALL), before);
    let mut view = open(2).view();
    let before = live(&view, race_id(), ALL);
    view.notice = Some("updates every 6 s: 5 races here".into());
    assert_eq!(live(&view, race_id(), ALL), before);
}

#[test]
fn every_button_has_words_for_a_screen_reader_and_is_read_back() {
    let bodies = [
        live(&writing().view(), race_id(), ALL),
        live(&open(2).view(), race_id(), ALL),
        ballot(&first_reply()),
    ];
    let mut read = vec![];
    for element in bodies.iter().flat_map(elements) {
        let (action, value) = if element["type"] == "static_select" {
            (&element["action_id"], &element["options"][4]["value"])
        } else {
            assert!(string(&element["accessibility_label"]).len() > 10, "{element}");
            (&element["action_id"], &element["value"])
        };
        read.push(pressed(string(action), string(value)).expect("ours").button);
    }
    let [a, b, e] = [0, 1, 4].map(label);
    for button in [
        Button::Stop(race_id()),
        Button::Best(race_id(), a),
        Button::Best(race_id(), e),
        Button::NoneGood(race_id()),
        Button::Read(Page::first(race_id(), AnswerKey::Label(e))),
        Button::Answers(race_id()),
        Button::CloseVote(race_id()),
        Button::Second(race_id(), b, Some(a)),
        Button::Second(race_id(), b, None),
    ] {
        assert!(read.contains(&button), "{button} in {read:?}");
    }
    assert!(text(&bodies[1]).contains("[A] best:"), "the letter alone is seen");
}

/// Long answers share what the message holds, whoever wrote them.
#[test]
fn long_answers_have_equal_room() {
    let mut race = SampleRace::of(PROMPT, line_up());
    race.0 = race.0.blind(Arc::new(telltales()));
    (0..5).for_each(|lane| race.says(lane, (200, 4_000), &SKY.repeat(20 + 10 * lane)));
    (0..5).for_each(|lane| race.ends(4_200, lane, 500));
    let at = race.0.now;
    race.0.apply(&RaceEvent { at, kind: EventKind::Vote(vote(true, Tally::default(), None)) });
    let body = live(&race.view(), race_id(), ALL);
    check::message(&body).expect("Slack takes it");
    let texts =
        blocks(&body).into_iter().map(|block| string(&block["child_blocks"][0]["text"]["text"]).len());
    let lengths: Vec<usize> = texts.filter(|length| *length > 0).collect();
    let (least, most) = (lengths.iter().min().expect("five"), lengths.iter().max().expect("five"));
    assert!(lengths.len() == 5 && most - least < most / 5, "{lengths:?}");
}
