//! The budget step by step, in simulated minutes ([`minutes`]) and behind a clock ([`clock`]).

mod clock;
mod minutes;

use proptest::prelude::*;

use super::{
    posts::{ANSWER_TIMEOUT, SPACING},
    updates::REFILL,
    *,
};

const POST: &str = "chat.postMessage";
const FILE: &str = "files.completeUploadExternal";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Times in milliseconds from a start.
struct Clock(Instant);

impl Clock {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn at(&self, at: u64) -> Instant {
        self.0 + ms(at)
    }
}

fn shared(live: usize) -> Budget {
    let mut budget = Budget::default();
    (0..live).for_each(|_| budget.updates.share());
    budget
}

/// The slots that `who` get at once.
fn granted(budget: &mut Budget, who: std::ops::Range<u64>, urgency: Urgency, now: Instant) -> Vec<Slot> {
    who.filter_map(|who| budget.updates.ask(who, urgency, now).ok()).collect()
}

#[test]
fn live_frames_leave_a_slot_for_the_final_of_each_message() {
    for (live, expected) in [(0, 2), (1, 2), (3, 2), (8, 2), (9, 1), (20, 1)] {
        let (clock, mut budget) = (Clock::new(), shared(live));
        let frames = granted(&mut budget, 0..30, Urgency::Live, clock.at(0));
        let finals = granted(&mut budget, 100..130, Urgency::Final, clock.at(0));
        assert_eq!((frames.len(), finals.len()), (expected, 10 - expected), "{live} live");
    }
}

#[test]
fn the_time_for_all_finals_is_enough_whatever_live_frames_do_before() {
    for live in [0, 1, 8, 10, 14, 20, 40, 64, 120] {
        let (clock, mut budget) = (Clock::new(), shared(live));
        // two minutes of as many live frames as possible
        for at in (0..120_000).step_by(50) {
            for slot in granted(&mut budget, 0..30, Urgency::Live, clock.at(at)) {
                budget.settle(slot, Outcome::Answered, clock.at(at));
            }
        }
        let finals = budget.updates.finals(clock.at(120_000));
        assert_eq!(finals, updates::finals_of(live).max(finals), "{live} live");
        let waiting = 100..100 + u64::try_from(live).expect("few");
        let end = clock.at(120_000) + finals;
        let mut landed = 0;
        for at in (120_000..).step_by(50).map(|at| clock.at(at)).take_while(|at| *at <= end) {
            for slot in granted(&mut budget, waiting.start + landed..waiting.end, Urgency::Final, at) {
                budget.settle(slot, Outcome::Answered, at);
                landed += 1;
            }
        }
        assert_eq!(waiting.start + landed, waiting.end, "{live} live, {finals:?}");
    }
}

#[test]
fn the_finals_of_twenty_races_take_fourteen_seconds_at_the_most() {
    let millis = |races| updates::finals_of(races).as_millis();
    assert_eq!([0, 1, 9, 10, 20].map(millis), [0, 0, 0, 1_200, 13_200]);
    assert!(millis(64) < 80_000, "{}", millis(64));
}

#[test]
fn a_slot_comes_back_after_its_answer() {
    let (clock, mut budget) = (Clock::new(), shared(0));
    let slots = granted(&mut budget, 0..10, Urgency::Final, clock.at(0));
    for slot in slots {
        budget.settle(slot, Outcome::Answered, clock.at(3_000));
    }
    let early = budget.updates.ask(1, Urgency::Final, clock.at(4_199));
    assert_eq!(early.expect_err("not yet"), ms(50), "no sooner than this is asked again");
    assert!(budget.updates.ask(1, Urgency::Final, clock.at(4_200)).is_ok());
    let second = budget.updates.ask(2, Urgency::Final, clock.at(4_200)).expect_err("one at a time");
    assert_eq!(second, REFILL);
}

#[test]
fn an_unsent_edit_costs_nothing_and_a_lost_one_does() {
    let (clock, mut budget) = (Clock::new(), shared(0));
    for outcome in [Outcome::NotSent, Outcome::Lost] {
        for slot in granted(&mut budget, 0..10, Urgency::Final, clock.at(0)) {
            budget.settle(slot, outcome, clock.at(0));
        }
    }
    let wait = budget.updates.ask(1, Urgency::Final, clock.at(0)).expect_err("all are spent");
    assert_eq!(wait, REFILL);
}

#[test]
fn the_longest_waiting_edit_goes_first_and_a_final_before_all() {
    let (clock, mut budget) = (Clock::new(), shared(8));
    for slot in granted(&mut budget, 100..102, Urgency::Live, clock.at(0)) {
        budget.settle(slot, Outcome::Answered, clock.at(0));
    }
    let mut ask = |who, at| budget.updates.ask(who, Urgency::Live, clock.at(at));
    assert_eq!(ask(1, 100).expect_err("none left"), ms(1_775));
    assert_eq!(ask(2, 200).expect_err("behind the first"), ms(3_550));
    assert!(ask(2, 1_875).is_err(), "it is the turn of the first");
    let slot = ask(1, 1_876).expect("its turn");
    budget.settle(slot, Outcome::Answered, clock.at(1_877));
    assert!(budget.updates.ask(1, Urgency::Live, clock.at(3_760)).is_err(), "the second is before it now");
    assert!(budget.updates.ask(3, Urgency::Final, clock.at(3_760)).is_ok());
    let late = budget.updates.ask(2, Urgency::Live, clock.at(4_600));
    assert!(late.is_ok(), "{late:?}");
}

#[test]
fn a_429_stops_all_edits_until_its_end_and_finals_go_first_then() {
    let (clock, mut budget) = (Clock::new(), shared(3));
    let slot = budget.updates.ask(1, Urgency::Live, clock.at(0)).expect("a slot");
    budget.settle(slot, Outcome::Limited { retry_after: ms(7_000) }, clock.at(200));
    assert_eq!(budget.held(UPDATE, clock.at(200)), Some(ms(7_100)));
    for (who, urgency) in [(1, Urgency::Live), (2, Urgency::Final)] {
        assert_eq!(budget.updates.ask(who, urgency, clock.at(300)).expect_err("stopped"), ms(7_000));
    }
    assert!(budget.updates.ask(3, Urgency::Final, clock.at(7_299)).is_err());
    assert!(budget.updates.spacing(clock.at(200)) >= ms(7_100), "live frames are told to wait");
    let finals = granted(&mut budget, 2..10, Urgency::Final, clock.at(7_300));
    assert_eq!(finals.len(), 5, "half of what there was: the count was wrong");
    assert!(budget.updates.ask(1, Urgency::Live, clock.at(7_300)).is_err());
}

#[test]
fn the_pace_is_shared_by_all_and_slower_while_the_bucket_recovers() {
    let clock = Clock::new();
    for (live, expected) in [(0, 1_304), (1, 1_304), (4, 6_000), (10, 21_428), (20, 42_857)] {
        assert_eq!(shared(live).updates.spacing(clock.at(0)).as_millis(), expected, "{live} live");
    }
    let mut budget = shared(1);
    for slot in granted(&mut budget, 0..10, Urgency::Final, clock.at(0)) {
        budget.settle(slot, Outcome::Answered, clock.at(0));
    }
    assert_eq!(budget.updates.spacing(clock.at(0)), ms(2_400), "a slot for the final comes back first");
    budget.updates.unshare(0);
    assert_eq!(budget.updates.sharers(), 0);
}

fn hold(result: Result<Slot, Hold>) -> (u64, u64) {
    let Hold { soonest, latest } = result.expect_err("no slot");
    (soonest.as_millis().try_into().expect("short"), latest.as_millis().try_into().expect("short"))
}

#[test]
fn posts_of_a_channel_go_one_a_second_in_their_order() {
    let (clock, mut budget) = (Clock::new(), Budget::default());
    let first = budget.ask_post(POST, "C1", 1, clock.at(0)).expect("a slot");
    assert_eq!(hold(budget.ask_post(POST, "C1", 2, clock.at(100))), (0, 3_900), "it is under way");
    assert_eq!(hold(budget.ask_post(FILE, "C1", 3, clock.at(100))), (1_000, 4_900));
    assert!(budget.ask_post(POST, "C2", 4, clock.at(100)).is_ok(), "another channel");
    budget.settle(first, Outcome::Answered, clock.at(300));
    assert_eq!(hold(budget.ask_post(POST, "C1", 2, clock.at(300))), (1_000, 1_000));
    assert_eq!(
        hold(budget.ask_post(FILE, "C1", 3, clock.at(1_300))),
        (1_000, 1_000),
        "its turn comes second"
    );
    let second = budget.ask_post(POST, "C1", 2, clock.at(1_300)).expect("its turn");
    budget.settle(second, Outcome::NotSent, clock.at(1_400));
    assert!(budget.ask_post(FILE, "C1", 3, clock.at(1_400)).is_ok(), "nothing was sent");
}

#[test]
fn a_post_without_an_answer_blocks_no_other_for_ever() {
    let (clock, mut budget) = (Clock::new(), Budget::default());
    let slow = budget.ask_post(POST, "C1", 1, clock.at(0)).expect("a slot");
    assert_eq!(hold(budget.ask_post(POST, "C1", 2, clock.at(3_999))), (0, 1));
    let _next = budget.ask_post(POST, "C1", 2, clock.at(4_000)).expect("the other hangs");
    budget.settle(slow, Outcome::Lost, clock.at(8_000));
    let _third = budget.ask_post(POST, "C1", 3, clock.at(9_000)).expect("the second hangs too");
}

/// The post may have arrived right before its answer.
#[test]
fn a_second_runs_from_a_late_answer_too() {
    let (clock, mut budget) = (Clock::new(), Budget::default());
    let late = budget.ask_post(POST, "C1", 1, clock.at(0)).expect("a slot");
    budget.settle(late, Outcome::Answered, clock.at(6_000));
    assert_eq!(hold(budget.ask_post(POST, "C1", 2, clock.at(6_100))), (900, 900));
    let late = budget.ask_post(POST, "C1", 2, clock.at(7_000)).expect("a slot");
    let next = budget.ask_post(POST, "C1", 3, clock.at(11_000)).expect("the other hangs");
    budget.settle(late, Outcome::Answered, clock.at(11_200));
    budget.settle(next, Outcome::NotSent, clock.at(11_300));
    assert_eq!(hold(budget.ask_post(POST, "C1", 4, clock.at(11_300))), (900, 900), "the late one was");
}

#[test]
fn a_429_holds_its_method_in_all_channels_and_nothing_else() {
    let (clock, mut budget) = (Clock::new(), Budget::default());
    let slot = budget.ask_post(FILE, "C1", 1, clock.at(0)).expect("a slot");
    budget.settle(slot, Outcome::Limited { retry_after: ms(30_000) }, clock.at(100));
    assert_eq!(hold(budget.ask_post(FILE, "C1", 2, clock.at(200))), (29_999 + 1, 30_000));
    assert_eq!(hold(budget.ask_post(FILE, "C2", 3, clock.at(200))), (30_000, 30_000));
    let _ahead = budget.ask_post(POST, "C1", 4, clock.at(1_100)).expect("it does not wait behind the file");
    assert!(budget.ask_post(FILE, "C2", 3, clock.at(30_200)).is_ok());
    assert_eq!(budget.held("views.open", clock.at(200)), None);
    budget.limited("views.open", ms(1_000), clock.at(200));
    assert_eq!(budget.held("views.open", clock.at(300)), Some(ms(1_000)));
    assert_eq!(budget.held("views.open", clock.at(1_300)), None);
    budget.limited("views.open", ms(9_000), clock.at(2_000));
    budget.limited("views.open", ms(1_000), clock.at(2_001));
    assert_eq!(budget.held("views.open", clock.at(2_001)), Some(ms(9_099)), "the longer one holds");
}

#[test]
fn a_position_that_is_given_up_blocks_no_other_and_is_forgotten() {
    let (clock, mut budget) = (Clock::new(), Budget::default());
    for channel in 0..1_000_u64 {
        let name = format!("C{channel}");
        let now = clock.at(channel * 100);
        let slot = budget.ask_post(POST, &name, channel, now).expect("a slot");
        budget.settle(slot, Outcome::Answered, now);
        assert!(budget.ask_post(POST, &name, 2_000, now).is_err());
        assert!(budget.ask_post(POST, &name, 2_001, now).is_err());
        budget.posts.leave(&name, 2_000);
        assert_eq!(hold(budget.ask_post(POST, &name, 2_001, now)), (1_000, 1_000));
        budget.posts.leave(&name, 2_001);
        assert!(budget.posts.len() <= 11, "{}", budget.posts.len());
    }
}

/// One process alone, then three: when all edit as often as they may, Slack counts at most 50 in 60 seconds.
#[test]
fn several_processes_share_one_budget() {
    let start = Instant::now();
    for joined in [0_u64, 7, 30, 61, 100] {
        let mut all: [Updates; 3] = Default::default();
        let mut went = vec![];
        for tenth in 0..2_400_u64 {
            let now = start + Duration::from_millis(100 * tenth);
            // the newcomers know at once, the first one two seconds later
            for (process, since) in [(1, joined), (2, joined), (0, joined + 2)] {
                if tenth >= since * 10 {
                    all[process].shared_by(3, now);
                }
            }
            let there = if tenth >= joined * 10 { 3 } else { 1 };
            for updates in &mut all[..there] {
                if updates.ask(1, Urgency::Final, now).is_ok() {
                    updates.settle(Outcome::Answered, now);
                    went.push(tenth);
                }
            }
        }
        for (at, first) in went.iter().enumerate() {
            let within = went[at..].iter().take_while(|tenth| **tenth < first + 600).count();
            assert!(within <= 50, "{within} in a minute, joined after {joined} s");
        }
        assert!(went.len() > 120, "{} in four minutes", went.len());
    }
}
