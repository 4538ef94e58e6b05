//! The fold: lanes are independent, a finished race never changes, the numbers follow from the stamps.

use std::{sync::Arc, time::Duration};

use llm_arena::{
    model::{Availability, ChatModel, Delta, FinishReason, ModelError, Usage},
    race::{
        event::{Elapsed, EventKind, LaneEvent, RaceEvent, StopCause},
        metrics::TokenCount,
        state::RaceState,
        timeline::MAX_POINTS,
    },
    view::View,
};
use proptest::prelude::*;

use crate::support::script::model;

const LANES: usize = 3;

fn state() -> RaceState {
    let cards = (0..LANES).map(|i| Arc::new(model(&format!("m{i}")).card().clone()));
    RaceState::new("ana", "why?", cards)
}

fn delta() -> impl Strategy<Value = Delta> {
    prop_oneof![
        Just(Delta::Sent),
        Just(Delta::Alive),
        "[a-zäß ]{1,8}".prop_map(Delta::Text),
        "[a-z ]{1,8}".prop_map(Delta::Reasoning),
        "[a-z]{1,4}".prop_map(Delta::Tool),
        (0..500_u64).prop_map(|n| Delta::Usage(Usage { output_tokens: Some(n), ..Usage::default() })),
        Just(Delta::Finished(FinishReason::new("stop"))),
        Just(Delta::Ended),
    ]
}

fn lane_event() -> impl Strategy<Value = LaneEvent> {
    prop_oneof![
        8 => delta().prop_map(LaneEvent::from),
        1 => Just(LaneEvent::Prepared(Availability::NotListed)),
        1 => Just(LaneEvent::Closed),
        1 => Just(LaneEvent::Failed(ModelError::Unauthorized)),
    ]
}

/// The events of each lane in order, at increasing times.
fn lanes() -> impl Strategy<Value = Vec<Vec<RaceEvent>>> {
    let lane = |index| {
        prop::collection::vec((1..400_u64, lane_event()), 0..25).prop_map(move |steps| {
            let timed = steps.into_iter().scan(0, |now, (wait, event)| {
                *now += wait;
                Some(RaceEvent { at: Elapsed::from_millis(*now), kind: EventKind::Lane(index, event) })
            });
            timed.collect::<Vec<_>>()
        })
    };
    (lane(0), lane(1), lane(2)).prop_map(|(a, b, c)| vec![a, b, c])
}

fn folded<'a>(events: impl IntoIterator<Item = &'a RaceEvent>) -> RaceState {
    let mut state = state();
    events.into_iter().for_each(|event| state.apply(event));
    state
}

fn by_time(lanes: &[Vec<RaceEvent>]) -> Vec<&RaceEvent> {
    let mut all: Vec<_> = lanes.iter().flatten().collect();
    all.sort_by_key(|event| event.at);
    all
}

proptest! {
    #[test]
    fn the_order_across_lanes_does_not_matter(lanes in lanes()) {
        let mixed = folded(by_time(&lanes)).report();
        let lane_after_lane = folded(lanes.iter().flatten()).report();
        let backwards = folded(lanes.iter().rev().flatten()).report();
        prop_assert_eq!(&mixed, &lane_after_lane);
        prop_assert_eq!(&mixed, &backwards);
    }

    #[test]
    fn a_finished_race_never_changes(lanes in lanes(), more in prop::collection::vec(lane_event(), 1..10)) {
        let mut state = folded(by_time(&lanes));
        let late = Elapsed::new(Duration::from_secs(100));
        state.apply(&RaceEvent { at: late, kind: EventKind::Stop(StopCause::Asked) });
        prop_assert!(state.is_over());
        let (report, view) = (state.report(), View::of(&state));
        for event in more {
            let at = Elapsed::new(Duration::from_secs(200));
            state.apply(&RaceEvent { at, kind: EventKind::Lane(1, event) });
        }
        prop_assert_eq!(state.report(), report);
        prop_assert_eq!(View::of(&state), view);
    }

    #[test]
    fn numbers_are_finite_and_ordered(lanes in lanes()) {
        for lane in folded(by_time(&lanes)).report().lanes {
            let metrics = lane.metrics;
            for speed in [metrics.tokens_per_second, metrics.end_to_end_tokens_per_second].into_iter().flatten() {
                prop_assert!(speed.is_finite() && speed > 0.0, "{metrics:?}");
            }
            prop_assert!(metrics.ttft <= metrics.ttfa.or(metrics.ttft), "{metrics:?}");
            prop_assert!(metrics.ttft <= metrics.total, "{metrics:?}");
        }
    }

    #[test]
    fn a_timeline_grows_from_the_first_token_to_the_last_and_to_the_final_count(lanes in lanes()) {
        for lane in folded(by_time(&lanes)).report().lanes {
            let points: Vec<_> = lane.timeline.points().collect();
            prop_assert!(points.len() <= MAX_POINTS && points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
            prop_assert_eq!(points.first().map(|(at, _)| *at), lane.metrics.ttft);
            prop_assert_eq!(points.last().map(|(at, _)| *at), lane.metrics.total);
            prop_assert!(points.last().is_none_or(|(_, tokens)| *tokens == lane.metrics.output_tokens));
        }
    }

    #[test]
    fn the_standings_of_the_final_view_match_the_report(lanes in lanes()) {
        let mut state = folded(by_time(&lanes));
        let at = Elapsed::new(Duration::from_secs(100));
        state.apply(&RaceEvent { at, kind: EventKind::Stop(StopCause::Asked) });
        prop_assert_eq!(View::of(&state).standings, state.report().order());
    }
}

fn one_lane(deltas: impl IntoIterator<Item = (u64, Delta)>) -> RaceState {
    let mut state = RaceState::new("ana", "why?", [Arc::new(model("m").card().clone())]);
    for (ms, delta) in deltas {
        let kind = EventKind::Lane(0, LaneEvent::from(delta));
        state.apply(&RaceEvent { at: Elapsed::from_millis(ms), kind });
    }
    state.apply(&RaceEvent { at: Elapsed::from_millis(9_000), kind: EventKind::Lane(0, LaneEvent::Closed) });
    state
}

fn usage(output_tokens: u64, reasoning_tokens: u64) -> Delta {
    let some = |n| (n > 0).then_some(n);
    Delta::Usage(Usage {
        output_tokens: Some(output_tokens),
        reasoning_tokens: some(reasoning_tokens),
        ..Usage::default()
    })
}

fn stop() -> Delta {
    Delta::Finished(FinishReason::new("stop"))
}

#[test]
fn a_repeated_request_restarts_its_clock() {
    let state =
        one_lane([(100, Delta::Sent), (400, Delta::Sent), (900, Delta::Text("x".into())), (950, stop())]);
    assert_eq!(state.report().lanes[0].metrics.ttft, Some(Duration::from_millis(500)));
}

#[test]
fn the_end_reported_by_the_stream_takes_precedence() {
    let mut state = state();
    let lane = |at, event| RaceEvent { at: Elapsed::from_millis(at), kind: EventKind::Lane(0, event) };
    for (at, delta) in [(0, Delta::Sent), (400, usage(100, 0)), (400, stop()), (500, Delta::Ended)] {
        state.apply(&lane(at, LaneEvent::from(delta)));
    }
    state.apply(&lane(5_400, LaneEvent::Closed));
    assert_eq!(state.lanes[0].metrics().end_to_end_tokens_per_second, Some(200.0));
}

#[test]
fn reasoning_counts_as_output_and_the_answer_has_its_own_first_token() {
    let thoughts = (2..12).map(|i| (100 * i, Delta::Reasoning("hm".into())));
    let end = [(1_200, Delta::Text("42".into())), (1_200, usage(11, 10)), (1_200, stop())];
    let lane = one_lane([(0, Delta::Sent)].into_iter().chain(thoughts).chain(end));
    let metrics = lane.report().lanes[0].metrics;
    assert_eq!(metrics.ttft, Some(Duration::from_millis(200)));
    assert_eq!(metrics.ttfa, Some(Duration::from_millis(1_200)));
    assert_eq!(metrics.tokens_per_second, Some(10.0));
}

#[test]
fn reasoning_missing_from_a_count_is_added_and_a_zero_count_is_ignored() {
    let tokens = |usage| {
        one_lane([(0, Delta::Sent), (1, Delta::Text("hello world".into())), (2, usage), (3, stop())]).lanes[0]
            .tokens()
            .0
    };
    assert_eq!(tokens(usage(10, 90)), 100);
    assert_eq!(tokens(usage(100, 90)), 100);
    assert_eq!(tokens(usage(0, 0)), 2);
}

#[test]
fn a_count_that_precedes_more_text_is_ignored() {
    let tokens =
        |deltas: [(u64, Delta); 4]| one_lane([(0, Delta::Sent)].into_iter().chain(deltas)).lanes[0].tokens();
    let text = || Delta::Text("hello world".into());
    assert_eq!(tokens([(1, text()), (1, usage(9, 0)), (2, text()), (3, stop())]), (4, TokenCount::Estimated));
    assert_eq!(tokens([(1, text()), (2, text()), (2, usage(9, 0)), (3, stop())]), (9, TokenCount::Usage));
}

#[test]
fn a_complete_answer_stays_complete_when_the_connection_breaks_or_the_race_is_stopped() {
    let complete = || {
        let mut state = RaceState::new("ana", "why?", [Arc::new(model("m").card().clone())]);
        for delta in [Delta::Sent, Delta::Text("all".into()), stop()] {
            let kind = EventKind::Lane(0, LaneEvent::from(delta));
            state.apply(&RaceEvent { at: Elapsed::from_millis(5), kind });
        }
        state
    };
    for end in [
        EventKind::Lane(0, LaneEvent::Closed),
        EventKind::Lane(0, LaneEvent::Failed(ModelError::Truncated)),
        EventKind::Stop(StopCause::Asked),
    ] {
        let mut state = complete();
        state.apply(&RaceEvent { at: Elapsed::from_millis(9), kind: end });
        assert!(state.report().lanes[0].status.is_finished());
    }
    let mut state = complete();
    let corrupt =
        EventKind::Lane(0, LaneEvent::Failed(ModelError::Corrupt("an event that is not valid JSON")));
    state.apply(&RaceEvent { at: Elapsed::from_millis(9), kind: corrupt });
    assert_eq!(state.report().lanes[0].status.as_str(), "failed");
}
