//! The limiter: cases by hand, and runs against a model of the server.

mod server;

use proptest::prelude::*;

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A clock that the tests move.
struct Clock(Instant);

impl Clock {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn at(&self, at: u64) -> Instant {
        self.0 + ms(at)
    }
}

fn message(channel: u64, message: u64) -> Route {
    Route::EditMessage { channel, message }
}

fn original(token: &str) -> Route {
    Route::EditOriginal { application: 1, token: token.into() }
}

fn progress(route: &Route) -> Reservation {
    Reservation::new(route, Urgency::Live)
}

fn last(route: &Route) -> Reservation {
    Reservation::new(route, Urgency::Final)
}

fn answered(limit: u32, remaining: u32, reset_after: u64) -> Outcome {
    let window = Some(Window { limit, remaining, reset_after: ms(reset_after) });
    Outcome::Answered { window, is_invalid: false }
}

fn refused(scope: Scope, retry_after: u64) -> Outcome {
    Outcome::Limited { window: None, scope, retry_after: ms(retry_after) }
}

fn wait(result: Result<Slot, RestError>) -> Duration {
    match result {
        Err(RestError::Limited { retry_after }) => retry_after,
        other => panic!("no wait but {other:?}"),
    }
}

/// A limiter that knows the bucket of `route`: `limit` calls in `period` milliseconds, the first of them sent at 0
/// and answered at 20.
fn taught(clock: &Clock, route: &Route, limit: u32, period: u64) -> Limiter {
    let mut limiter = Limiter::default();
    let slot = limiter.ask(last(route), clock.at(0)).expect("a slot");
    limiter.settle(slot, answered(limit, limit - 1, period), clock.at(20));
    limiter
}

#[test]
fn an_unknown_bucket_allows_one_call_in_flight_until_its_response() {
    let (clock, route) = (Clock::new(), original("a"));
    let mut limiter = Limiter::default();
    let first = limiter.ask(progress(&route), clock.at(0)).expect("a slot");
    assert_eq!(wait(limiter.ask(last(&route), clock.at(10))), POLL);
    let other = limiter.ask(progress(&original("b")), clock.at(10));
    assert!(other.is_ok(), "another token has its own");
    limiter.settle(first, answered(3, 2, 5_000), clock.at(40));
    let slots: Vec<_> = (0..3).map(|_| limiter.ask(last(&route), clock.at(50))).collect();
    assert_eq!(slots.iter().filter(|slot| slot.is_ok()).count(), 2, "three in all");
    assert_eq!(wait(limiter.ask(last(&route), clock.at(60))), ms(4_980) + MARGIN, "from the receipt");
}

#[test]
fn without_headers_calls_go_one_by_one() {
    let (clock, route) = (Clock::new(), original("a"));
    let mut limiter = Limiter::default();
    for at in 0..5 {
        let slot = limiter.ask(progress(&route), clock.at(at * 10)).expect("a slot");
        assert_eq!(wait(limiter.ask(progress(&route), clock.at(at * 10 + 1))), POLL);
        let none = Outcome::Answered { window: None, is_invalid: false };
        limiter.settle(slot, none, clock.at(at * 10 + 2));
    }
}

#[test]
fn progress_leaves_a_slot_that_the_final_edit_takes() {
    let (clock, route) = (Clock::new(), original("a"));
    let mut limiter = taught(&clock, &route, 3, 5_000);
    let slot = limiter.ask(progress(&route), clock.at(1_000)).expect("the second of three");
    limiter.settle(slot, answered(3, 1, 4_000), clock.at(1_020));
    assert_eq!(wait(limiter.ask(progress(&route), clock.at(2_000))), ms(3_020) + MARGIN);
    assert!(limiter.ask(last(&route), clock.at(2_000)).is_ok());
}

#[test]
fn a_window_of_one_is_for_progress_too() {
    let (clock, route) = (Clock::new(), original("a"));
    let mut limiter = taught(&clock, &route, 1, 1_000);
    assert_eq!(wait(limiter.ask(progress(&route), clock.at(500))), ms(520) + MARGIN);
    assert!(limiter.ask(progress(&route), clock.at(1_070)).is_ok());
}

#[test]
fn a_call_in_flight_counts_in_the_next_window_too() {
    let (clock, route) = (Clock::new(), original("a"));
    let mut limiter = taught(&clock, &route, 2, 1_000);
    let _slow = limiter.ask(last(&route), clock.at(990)).expect("the second of two");
    let _next = limiter.ask(last(&route), clock.at(1_100)).expect("a new window");
    assert!(limiter.ask(last(&route), clock.at(1_100)).is_err(), "the slow one may fall into it");
}

#[test]
fn a_lost_call_is_spent_until_its_window_is_over_and_one_not_sent_is_not() {
    let (clock, route) = (Clock::new(), original("a"));
    let mut limiter = taught(&clock, &route, 2, 1_000);
    let slot = limiter.ask(last(&route), clock.at(100)).expect("the second of two");
    limiter.settle(slot, Outcome::NotSent, clock.at(110));
    let slot = limiter.ask(last(&route), clock.at(120)).expect("it is still there");
    limiter.settle(slot, Outcome::Lost, clock.at(600));
    assert_eq!(wait(limiter.ask(last(&route), clock.at(700))), ms(900) + MARGIN);
}

#[test]
fn a_429_holds_exactly_and_then_one_call_goes_first() {
    let (clock, route) = (Clock::new(), message(1, 1));
    let mut limiter = taught(&clock, &route, 5, 5_000);
    let slot = limiter.ask(last(&route), clock.at(100)).expect("a slot");
    limiter.settle(slot, refused(Scope::User, 1_234), clock.at(200));
    assert_eq!(wait(limiter.ask(last(&route), clock.at(201))), ms(1_233));
    let probe = limiter.ask(last(&route), clock.at(1_434)).expect("exactly then");
    assert_eq!(wait(limiter.ask(last(&message(1, 2)), clock.at(1_434))), POLL, "the other waits for it");
    limiter.settle(probe, answered(5, 4, 5_000), clock.at(1_450));
    assert!(limiter.ask(last(&message(1, 2)), clock.at(1_450)).is_ok());
    assert!(limiter.ask(last(&message(2, 1)), clock.at(300)).is_ok(), "another channel never waited");
}

#[test]
fn a_global_429_stops_all_but_interactions_and_a_shared_one_its_route_alone() {
    let clock = Clock::new();
    let mut limiter = Limiter::default();
    let slot = limiter.ask(last(&message(1, 1)), clock.at(0)).expect("a slot");
    limiter.settle(slot, refused(Scope::Global, 2_000), clock.at(10));
    assert_eq!(wait(limiter.ask(last(&message(2, 1)), clock.at(10))), ms(2_000));
    assert_eq!(wait(limiter.ask(last(&Route::GatewayBot), clock.at(1_010))), ms(1_000));
    let slot = limiter.ask(last(&original("a")), clock.at(10)).expect("exempt");
    limiter.settle(slot, refused(Scope::Global, 500), clock.at(20));
    assert_eq!(wait(limiter.ask(last(&original("a")), clock.at(20))), ms(500), "the one it came on");
    let slot = limiter.ask(last(&original("b")), clock.at(20)).expect("exempt");
    limiter.settle(slot, refused(Scope::Shared, 700), clock.at(30));
    assert_eq!(wait(limiter.ask(last(&original("b")), clock.at(30))), ms(700));
    assert!(limiter.ask(last(&original("c")), clock.at(30)).is_ok());
    let slot = limiter.ask(last(&original("d")), clock.at(30)).expect("a slot");
    limiter.settle(slot, refused(Scope::Address, 900), clock.at(40));
    assert_eq!(wait(limiter.ask(last(&original("e")), clock.at(40))), ms(900), "nothing gets through");
}

#[test]
fn fifty_a_second_over_all_channels_and_some_are_kept_from_progress() {
    let clock = Clock::new();
    let mut limiter = Limiter::default();
    let asked = |limiter: &mut Limiter, urgency, from: u64| {
        let ask = |n| limiter.ask(Reservation::new(&message(n, 1), urgency), clock.at(from));
        (from..from + 100).map(ask).filter_map(Result::ok).collect::<Vec<_>>()
    };
    let slots = asked(&mut limiter, Urgency::Live, 0);
    assert_eq!(slots.len(), 45);
    let finals = asked(&mut limiter, Urgency::Final, 200);
    assert_eq!(finals.len(), 5);
    for slot in slots.into_iter().chain(finals) {
        limiter.settle(slot, answered(5, 4, 5_000), clock.at(400));
    }
    assert_eq!(wait(limiter.ask(last(&message(999, 1)), clock.at(500))), ms(900) + MARGIN);
    assert!(limiter.ask(last(&original("a")), clock.at(500)).is_ok(), "interactions are exempt");
    assert_eq!(asked(&mut limiter, Urgency::Final, 1_450).len(), 50);
}

#[test]
fn refused_calls_have_a_budget_and_shared_ones_do_not_count() {
    let clock = Clock::new();
    let mut limiter = Limiter::default();
    let is_invalid = Outcome::Answered { window: None, is_invalid: true };
    let spend = |limiter: &mut Limiter, count, at, outcome| {
        let spend = |_| {
            let slot = limiter.ask(last(&original("a")), clock.at(at)).expect("a slot");
            limiter.settle(slot, outcome, clock.at(at))
        };
        (0..count).filter_map(spend).collect::<Vec<_>>()
    };
    assert_eq!(spend(&mut limiter, 4_999, 0, is_invalid), []);
    assert_eq!(spend(&mut limiter, 1, 100, refused(Scope::Shared, 0)), []);
    assert!(limiter.ask(progress(&original("b")), clock.at(100)).is_ok());
    assert_eq!(spend(&mut limiter, 1, 200_000, is_invalid), [Level::Short], "said once");
    assert!(matches!(limiter.ask(progress(&original("b")), clock.at(200_000)), Err(RestError::Budget)));
    assert_eq!(spend(&mut limiter, 4_000, 200_000, is_invalid), [Level::Spent]);
    assert!(matches!(limiter.ask(last(&original("b")), clock.at(200_000)), Err(RestError::Budget)));
    assert!(limiter.ask(progress(&original("c")), clock.at(611_000)).is_ok(), "the first 4,999 are history");
}

#[test]
fn spacing_leaves_a_slot_and_is_shared_by_all() {
    let clock = Clock::new();
    for (limit, period, sharers, expected) in [
        (5, 2_000, 1, 512_500),
        (5, 5_000, 1, 1_262_500),
        (5, 2_000, 4, 2_050_000),
        (3, 5_000, 1, 2_525_000),
        (3, 5_000, 3, 7_575_000),
        (1, 1_000, 1, 1_050_000),
        (1, 1_000, 6, 6_300_000),
        (50, 1_000, 1, 500_000),
        (5, 5_000, 20, 25_250_000),
    ] {
        let route = message(1, 1);
        let mut limiter = taught(&clock, &route, limit, period);
        (0..sharers).for_each(|_| limiter.bucket(route.key(), clock.at(30)).share(clock.at(30)));
        assert_eq!(limiter.bucket(route.key(), clock.at(30)).sharers, sharers);
        let spacing = limiter.bucket(route.key(), clock.at(30)).spacing().as_micros();
        assert_eq!(spacing, expected, "{limit} in {period} ms, {sharers} sharers");
    }
    assert_eq!(Limiter::default().bucket(original("new").key(), clock.at(0)).spacing(), UNKNOWN_SPACING);
}

#[test]
fn finals_are_left_the_windows_that_they_may_have_to_wait_for() {
    let clock = Clock::new();
    for (limit, period, sharers, expected) in [
        (5, 2_000, 1, 2_050),
        (3, 5_000, 1, 5_050),
        (1, 5_000, 1, 5_050),
        (5, 5_000, 1, 5_050),
        (5, 5_000, 5, 5_050),
        (5, 5_000, 6, 10_100),
        (50, 1_000, 9, 0),
        (1, 1_000, 6, 6_300),
        (5, 5_000, 0, 0),
    ] {
        let route = message(1, 1);
        let mut limiter = taught(&clock, &route, limit, period);
        (0..sharers).for_each(|_| limiter.bucket(route.key(), clock.at(30)).share(clock.at(30)));
        assert_eq!(limiter.finals(), ms(expected), "{limit} in {period} ms, {sharers} sharers");
        limiter.bucket(original("new").key(), clock.at(30)).share(clock.at(30));
        assert_eq!(limiter.finals(), ms(expected), "what is not known counts nothing");
    }
}

#[test]
fn places_are_kept_in_order_finals_first_and_for_those_who_come() {
    let clock = Clock::new();
    let [a, b, c] = [1, 2, 3].map(|id| message(1, id));
    let mut limiter = taught(&clock, &a, 1, 1_000);
    assert_eq!(wait(limiter.ask(progress(&b), clock.at(100))), ms(970));
    assert_eq!(wait(limiter.ask(progress(&c), clock.at(200))), ms(870 + 1_050), "behind the other");
    assert!(limiter.ask(progress(&a), clock.at(1_070)).is_err(), "a had its turn");
    let slot = limiter.ask(progress(&b), clock.at(1_071)).expect("its turn");
    limiter.settle(slot, answered(1, 0, 1_000), clock.at(1_080));
    assert_eq!(wait(limiter.ask(last(&b), clock.at(1_100))), ms(1_030), "a final edit goes before all");
    assert!(limiter.ask(progress(&c), clock.at(2_130)).is_err());
    let slot = limiter.ask(last(&b), clock.at(2_131)).expect("its turn");
    limiter.settle(slot, answered(1, 0, 1_000), clock.at(2_140));
    assert!(limiter.ask(progress(&a), clock.at(3_191)).is_err(), "held for c");
    assert!(limiter.ask(progress(&a), clock.at(4_700)).is_ok(), "which never came");
}

#[test]
fn memory_stays_flat_over_thousands_of_tokens_and_no_limit_is_forgotten() {
    let clock = Clock::new();
    let mut limiter = Limiter::default();
    let (held, shared) = (original("held"), original("shared"));
    let slot = limiter.ask(last(&held), clock.at(0)).expect("a slot");
    limiter.settle(slot, refused(Scope::User, 3_000_000), clock.at(10));
    limiter.bucket(shared.key(), clock.at(0)).share(clock.at(0));
    let mut most = 0;
    for n in 0..20_000_u64 {
        let (route, at) = (original(&n.to_string()), clock.at(n * 100));
        let slot = limiter.ask(progress(&route), at).expect("a slot");
        limiter.settle(slot, answered(5, 4, 2_000), at + ms(20));
        most = most.max(limiter.buckets.len());
    }
    assert!(most < 800, "{most} buckets at ten new ones a second");
    assert_eq!(wait(limiter.ask(last(&held), clock.at(2_000_010))), ms(1_000_000));
    assert_eq!(limiter.bucket(shared.key(), clock.at(2_000_010)).sharers, 1);
    limiter.bucket(shared.key(), clock.at(2_000_010)).unshare(0, clock.at(2_000_010));
    let _last = limiter.ask(progress(&original("late")), clock.at(4_000_000));
    assert_eq!(limiter.buckets.len(), 1, "all others are gone");
}
