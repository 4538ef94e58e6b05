//! Simulated minutes against a server that counts each call somewhere between its sending and its answer. Every step
//! of every call is an event in a queue.

use std::collections::BTreeMap;

use super::*;

/// One live message.
#[derive(Clone, Debug)]
struct Message {
    begins: u64,
    ends: u64,
    /// Asks all the time; otherwise it keeps the pace and the waits that it is given.
    is_pushy: bool,
}

/// The course of a call: the time until it is counted, from then until its answer, and its outcome.
#[derive(Clone, Copy, Debug)]
struct Way {
    there: u64,
    back: u64,
    outcome: Outcome,
}

#[derive(Debug)]
enum Step {
    Ask(usize),
    Answer(usize, Slot, Urgency, Outcome),
}

#[derive(Default)]
struct Editor {
    in_flight: bool,
    over: bool,
    /// The time since which it waits for its next frame.
    wants: Option<u64>,
}

struct Minutes {
    clock: Clock,
    budget: Budget,
    messages: Vec<Message>,
    editors: Vec<Editor>,
    ways: Box<dyn Iterator<Item = Way>>,
    steps: BTreeMap<(u64, usize), Step>,
    serial: usize,
    /// The times of calls, the times when they were counted, and the spans in which Slack refused all.
    went: Vec<u64>,
    counted: Vec<u64>,
    stopped: Vec<(u64, u64)>,
    /// From wanting a live frame to its slot.
    longest: u64,
    /// From a race's end to the answer to its final frame.
    finals: Vec<u64>,
}

const JITTER: [u64; 5] = [0, 3, 40, 11, 90];

impl Minutes {
    fn play(messages: Vec<Message>, ways: Vec<Way>) -> Self {
        let mut minutes = Self {
            clock: Clock::new(),
            budget: shared(messages.len()),
            editors: messages.iter().map(|_| Editor::default()).collect(),
            messages,
            ways: Box::new(ways.into_iter().cycle()),
            steps: BTreeMap::new(),
            serial: 0,
            went: vec![],
            counted: vec![],
            stopped: vec![],
            longest: 0,
            finals: vec![],
        };
        for (id, Message { begins, ends, .. }) in minutes.messages.clone().into_iter().enumerate() {
            minutes.plan(begins, Step::Ask(id));
            minutes.plan(ends, Step::Ask(id));
        }
        while let Some(((now, _), step)) = minutes.steps.pop_first() {
            assert!(now < 3_600_000, "it comes to an end");
            match step {
                Step::Ask(id) => minutes.ask(id, now),
                Step::Answer(id, slot, urgency, outcome) => minutes.answer(id, (slot, urgency, outcome), now),
            }
        }
        minutes.counted.sort_unstable();
        minutes
    }

    fn plan(&mut self, at: u64, step: Step) {
        self.serial += 1;
        self.steps.insert((at, self.serial), step);
    }

    fn ask(&mut self, id: usize, now: u64) {
        let Message { ends, is_pushy, .. } = self.messages[id];
        if self.editors[id].in_flight || self.editors[id].over {
            return;
        }
        let urgency = if now >= ends { Urgency::Final } else { Urgency::Live };
        match self.budget.updates.ask(id as u64, urgency, self.clock.at(now)) {
            Ok(slot) => self.go(id, slot, urgency, now),
            Err(wait) => {
                self.editors[id].wants.get_or_insert(now);
                let told = millis(wait) + JITTER[self.serial % JITTER.len()];
                self.plan(now + if is_pushy { told.min(97) } else { told }, Step::Ask(id));
            }
        }
    }

    fn go(&mut self, id: usize, slot: Slot, urgency: Urgency, now: u64) {
        let Way { there, back, outcome } = self.ways.next().expect("endless");
        let wanted = self.editors[id].wants.take().unwrap_or(now);
        if urgency == Urgency::Live {
            self.longest = self.longest.max(now - wanted);
        }
        self.went.push(now);
        if outcome != Outcome::NotSent {
            self.counted.push(now + there);
        }
        self.editors[id].in_flight = true;
        self.plan(now + there + back, Step::Answer(id, slot, urgency, outcome));
    }

    fn answer(&mut self, id: usize, (slot, urgency, outcome): (Slot, Urgency, Outcome), now: u64) {
        if let Outcome::Limited { retry_after } = outcome {
            self.stopped.push((now, now + millis(retry_after)));
        }
        self.budget.settle(slot, outcome, self.clock.at(now));
        self.editors[id].in_flight = false;
        let Message { ends, is_pushy, .. } = self.messages[id];
        if urgency == Urgency::Final && outcome == Outcome::Answered {
            self.editors[id].over = true;
            self.finals.push(now - ends);
            return self.budget.updates.unshare(id as u64);
        }
        let pace = millis(self.budget.updates.spacing(self.clock.at(now)));
        let next = now + if is_pushy || now >= ends { 1 } else { pace };
        self.plan(next.min(ends.max(now + 1)), Step::Ask(id));
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_micros().div_ceil(1_000).try_into().expect("short")
}

fn messages(most: usize, ends: impl Strategy<Value = u64>) -> impl Strategy<Value = Vec<Message>> {
    let message = (0..30_000_u64, ends, any::<bool>());
    let message = message.prop_map(|(begins, ends, is_pushy)| Message { begins, ends, is_pushy });
    prop::collection::vec(message, 1..=most)
}

fn ways(slowest: u64, outcomes: impl Strategy<Value = Outcome>) -> impl Strategy<Value = Vec<Way>> {
    let leg = || prop_oneof![4 => 1..90_u64, 1 => 90..slowest];
    let way = (leg(), leg(), outcomes).prop_map(|(there, back, outcome)| Way { there, back, outcome });
    prop::collection::vec(way, 1..60)
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let limited = (1..20_u64).prop_map(|s| Outcome::Limited { retry_after: Duration::from_secs(s) });
    prop_oneof![
        12 => Just(Outcome::Answered),
        2 => Just(Outcome::Lost),
        1 => Just(Outcome::NotSent),
        1 => limited,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No 60 s hold more than 50 edits and no moment more than 10, answered or not, wherever between sending and answer
    /// Slack counts.
    #[test]
    fn no_window_holds_more_than_ten_at_once_and_fifty_a_minute(
        messages in messages(14, 35_000..150_000_u64),
        ways in ways(8_000, outcomes()),
    ) {
        let ways = ways.into_iter().chain([Way { there: 5, back: 5, outcome: Outcome::Answered }]).collect();
        let Minutes { counted, went, stopped, .. } = Minutes::play(messages, ways);
        prop_assert_eq!(crowd(&counted), None);
        for (since, until) in stopped {
            let early = went.iter().find(|at| since < **at && **at < until);
            prop_assert!(early.is_none(), "{early:?} within {since} to {until}");
        }
    }

    /// Twenty races end at once after a minute of as many frames as possible.
    #[test]
    fn the_finals_of_twenty_races_land_within_fourteen_seconds(
        pushy in prop::collection::vec(any::<bool>(), 20),
        ways in ways(91, Just(Outcome::Answered)),
    ) {
        let messages = pushy.into_iter().map(|is_pushy| Message { begins: 0, ends: 70_000, is_pushy }).collect();
        let Minutes { finals, .. } = Minutes::play(messages, ways);
        prop_assert_eq!(finals.len(), 20);
        let latency = 11 * 180;
        prop_assert!(finals.iter().all(|took| *took <= 14_000 + latency), "{finals:?}");
    }

    /// Ten races end at once after a minute of as many frames as possible; calls are slow.
    #[test]
    fn finals_that_come_together_land_within_fifteen_seconds(
        pushy in prop::collection::vec(any::<bool>(), 10),
        ways in ways(2_000, Just(Outcome::Answered)),
    ) {
        let messages = pushy.into_iter().map(|is_pushy| Message { begins: 0, ends: 70_000, is_pushy }).collect();
        let Minutes { finals, .. } = Minutes::play(messages, ways);
        prop_assert_eq!(finals.len(), 10);
        prop_assert!(finals.iter().all(|took| *took <= 15_000), "{finals:?}");
    }

    /// Each message gets a frame about every 2 s per message, however often the others ask.
    #[test]
    fn no_live_message_starves(messages in messages(12, 90_000..150_000_u64), ways in ways(500, Just(Outcome::Answered))) {
        let most = 2_200 * (messages.len() as u64 + 1) + 5_000;
        let Minutes { longest, finals, .. } = Minutes::play(messages, ways);
        prop_assert!(longest <= most, "{longest} ms of {most}");
        prop_assert!(finals.iter().all(|took| *took <= 15_000), "{finals:?}");
    }
}

/// A window with too many edits: its start, their number, its length.
fn crowd(counted: &[u64]) -> Option<(u64, usize, u64)> {
    let windows = (0..counted.len()).flat_map(|first| (first..counted.len()).map(move |last| (first, last)));
    let window =
        |(first, last): (usize, usize)| (counted[first], last - first + 1, counted[last] - counted[first]);
    let room = |length: u64| 10 + usize::try_from(length / 1_200).expect("few");
    windows
        .map(window)
        .find(|(_, count, length)| *count > room(*length) || (*length <= 60_000 && *count > 50))
}

proptest! {
    /// No window holds too many edits if each caller asks for one final frame, at any time.
    #[test]
    fn no_window_holds_more_for_finals_only(ways in ways(8_000, Just(Outcome::Answered)), gaps in prop::collection::vec(0..700_u64, 1..9)) {
        let (clock, mut budget) = (Clock::new(), Budget::default());
        let (mut now, mut counted, mut under_way) = (0, vec![], vec![]);
        for (who, (way, gap)) in ways.iter().cycle().zip(gaps.iter().cycle()).take(400).enumerate() {
            now += gap;
            let mut over: Vec<(Slot, u64)> = under_way.extract_if(.., |(_, at)| *at <= now).collect();
            over.sort_by_key(|(_, at)| *at);
            for (slot, at) in over {
                budget.settle(slot, Outcome::Answered, clock.at(at));
            }
            match budget.updates.ask(who as u64, Urgency::Final, clock.at(now)) {
                // it never comes again
                Err(_) => budget.updates.unshare(who as u64),
                Ok(slot) => {
                    counted.push(now + way.there);
                    under_way.push((slot, now + way.there + way.back));
                }
            }
        }
        counted.sort_unstable();
        prop_assert!(counted.len() > 9 && crowd(&counted).is_none(), "{:?}", crowd(&counted));
    }
}

/// One post: its channel, the time when it is wanted, the time until its answer.
type Post = (u8, u64, u64);

/// A post that was sent: its index, and the times of sending, counting and answer.
#[derive(Debug)]
struct Went {
    post: usize,
    at: u64,
    counted: u64,
    answered: u64,
}

proptest! {
    /// Each post asks again after the wait it is given, and is counted somewhere before its answer. A post with an answer
    /// later than the others wait is unknown until then.
    #[test]
    fn posts_of_a_channel_keep_a_second_and_their_order(
        posts in prop::collection::vec((0..3_u8, 0..9_000_u64, prop_oneof![4 => 1..3_000_u64, 1 => 3_000..9_000_u64]), 1..25),
        counted in prop::collection::vec(0..100_u64, 1..7),
    ) {
        let went = play_posts(&posts, &counted);
        for (i, next) in went.iter().enumerate() {
            for before in went[..i].iter().filter(|before| posts[before.post].0 == posts[next.post].0) {
                let pair = (before, next);
                if before.answered <= next.at {
                    prop_assert!(next.counted - before.counted >= millis(SPACING), "{pair:?}");
                } else {
                    prop_assert!(next.at - before.at >= millis(ANSWER_TIMEOUT), "{pair:?}");
                }
                prop_assert!(posts[before.post].1 <= posts[next.post].1, "in their order: {pair:?}");
            }
        }
        prop_assert_eq!(went.len(), posts.len());
    }
}

/// Returns the posts in the order of their slots. A waiting post asks again after its wait and after every answer.
fn play_posts(posts: &[Post], counted: &[u64]) -> Vec<Went> {
    let (clock, mut budget) = (Clock::new(), Budget::default());
    let mut waiting: Vec<usize> = (0..posts.len()).collect();
    waiting.sort_by_key(|post| posts[*post].1);
    let (mut went, mut under_way, mut now) = (vec![], vec![], 0);
    while !waiting.is_empty() {
        let over: Vec<(Slot, u64)> = under_way.extract_if(.., |(_, at)| *at <= now).collect();
        for (slot, _) in over {
            budget.settle(slot, Outcome::Answered, clock.at(now));
        }
        let mut next = u64::MAX;
        waiting.retain(|post| {
            let (channel, wanted, latency) = posts[*post];
            if wanted > now {
                next = next.min(wanted);
                return true;
            }
            match budget.ask_post(POST, &channel.to_string(), *post as u64, clock.at(now)) {
                Err(hold) => {
                    next = next.min(now + millis(hold.latest));
                    true
                }
                Ok(slot) => {
                    let answered = now + latency;
                    let counted = now + latency * counted[went.len() % counted.len()] / 100;
                    went.push(Went { post: *post, at: now, counted, answered });
                    under_way.push((slot, answered));
                    false
                }
            }
        });
        now = under_way.iter().map(|(_, at)| *at).fold(next, u64::min).max(now + 1);
    }
    went
}
