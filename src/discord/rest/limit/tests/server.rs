//! The limiter against a strict server that counts fixed windows from their first call, over a line whose
//! latency jitters. Time is simulated: every step of every call is an event in a heap.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::*;

/// A server's bucket: it is unknown to the limiter.
struct Server {
    limit: u32,
    period: Duration,
    over: Option<Instant>,
    count: u32,
    /// Progress in this window.
    progress: u32,
}

impl Server {
    fn accept(&mut self, urgency: Urgency, now: Instant) -> Outcome {
        if self.over.is_none_or(|over| over <= now) {
            (self.count, self.progress) = (0, 0);
            self.over = Some(now + self.period);
        }
        let over = self.over.unwrap_or(now);
        let reset_after =
            Duration::from_millis(over.duration_since(now).as_millis().try_into().expect("short"));
        self.count += 1;
        self.progress += u32::from(urgency == Urgency::Live);
        if self.count > self.limit {
            return Outcome::Limited { window: None, scope: Scope::User, retry_after: reset_after };
        }
        let window = Window { limit: self.limit, remaining: self.limit - self.count, reset_after };
        Outcome::Answered { window: Some(window), is_invalid: false }
    }
}

/// The next event of an editor.
enum Step {
    /// It asks for a slot.
    Reservation,
    /// Its call reaches the server.
    Arrive(Slot),
    /// The answer reaches it.
    Answer(Slot, Outcome),
}

struct Editor {
    route: Route,
    /// From then on it wants its final edit.
    ends: Instant,
    /// The time of its first request for a slot.
    wants: Option<Instant>,
    edits: Vec<Instant>,
    /// The final edit's wait for its slot.
    waited: Option<Duration>,
}

impl Editor {
    fn urgency(&self, now: Instant) -> Urgency {
        if now >= self.ends { Urgency::Final } else { Urgency::Live }
    }
}

struct World {
    start: Instant,
    limiter: Limiter,
    server: Server,
    editors: Vec<Editor>,
    latencies: Box<dyn Iterator<Item = u64>>,
    events: BinaryHeap<Reverse<(Instant, usize)>>,
    steps: BTreeMap<usize, (usize, Step)>,
    serial: usize,
    /// The limiter's bound for final edits, when the first of them was wanted.
    said: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Plan {
    limit: u32,
    period: u64,
    latencies: Vec<u64>,
    /// The begin and end of each editor, in milliseconds.
    editors: Vec<(u64, u64)>,
}

fn plans() -> impl Strategy<Value = Plan> {
    let bucket =
        prop_oneof![Just((5, 2_000)), Just((3, 5_000)), Just((1, 1_000)), (1..8_u32, 500..6_000_u64)];
    let latencies = prop::collection::vec(prop_oneof![4 => 2..120_u64, 1 => 120..900_u64], 1..60);
    let editors = prop::collection::vec((0..8_000_u64, 10_000..40_000_u64), 1..8);
    (bucket, latencies, editors).prop_map(|((limit, period), latencies, editors)| Plan {
        limit,
        period,
        latencies,
        editors,
    })
}

impl World {
    fn new(plan: &Plan) -> Self {
        let start = Instant::now();
        let editor = |(id, (_, ends)): (usize, &(u64, u64))| Editor {
            route: message(1, id as u64),
            ends: start + ms(*ends),
            wants: None,
            edits: vec![],
            waited: None,
        };
        let mut world = Self {
            start,
            limiter: Limiter::default(),
            server: Server { limit: plan.limit, period: ms(plan.period), over: None, count: 0, progress: 0 },
            editors: plan.editors.iter().enumerate().map(editor).collect(),
            latencies: Box::new(plan.latencies.clone().into_iter().cycle()),
            events: BinaryHeap::new(),
            steps: BTreeMap::new(),
            serial: 0,
            said: None,
        };
        for (id, (begins, _)) in plan.editors.iter().enumerate() {
            world.limiter.bucket(message(1, 0).key(), start).share(start);
            world.plan(start + ms(*begins), id, Step::Reservation);
        }
        world
    }

    fn plan(&mut self, at: Instant, editor: usize, step: Step) {
        self.serial += 1;
        self.events.push(Reverse((at, self.serial)));
        self.steps.insert(self.serial, (editor, step));
    }

    fn latency(&mut self) -> Duration {
        ms(self.latencies.next().expect("endless"))
    }

    /// Runs to the end, or to what must never happen.
    fn run(&mut self) -> Result<(), TestCaseError> {
        while let Some(Reverse((now, serial))) = self.events.pop() {
            prop_assert!(now < self.start + ms(600_000), "an editor waits for ever");
            let (id, step) = self.steps.remove(&serial).expect("a step");
            match step {
                Step::Reservation => self.ask(id, now),
                Step::Arrive(slot) => {
                    let outcome = self.server.accept(slot.reservation.urgency, now);
                    prop_assert!(
                        !matches!(outcome, Outcome::Limited { .. }),
                        "429 at {:?}",
                        now - self.start
                    );
                    let room = self.server.limit.max(2) - 1;
                    prop_assert!(self.server.progress <= room, "no room at {:?}", now - self.start);
                    let back = self.latency();
                    self.plan(now + back, id, Step::Answer(slot, outcome));
                }
                Step::Answer(slot, outcome) => {
                    self.limiter.settle(slot, outcome, now);
                    self.rest(id, now);
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, id: usize, now: Instant) {
        let editor = &mut self.editors[id];
        let urgency = editor.urgency(now);
        if urgency == Urgency::Final {
            editor.wants.get_or_insert(now);
            self.said.get_or_insert_with(|| self.limiter.finals());
        }
        match self.limiter.ask(Reservation::new(&editor.route, urgency), now) {
            Ok(slot) => {
                editor.edits.push(now);
                editor.waited = editor.wants.map(|wants| now - wants);
                let there = self.latency();
                self.plan(now + there, id, Step::Arrive(slot));
            }
            Err(RestError::Limited { retry_after: wait }) => {
                // its last token may come while it waits for a slot
                let ends = Some(editor.ends).filter(|ends| *ends > now);
                let next = ends.map_or(now + wait, |ends| ends.min(now + wait));
                self.plan(next, id, Step::Reservation);
            }
            Err(error) => unreachable!("no 429 was given: {error}"),
        }
    }

    /// The next edit, after an answer; none after the final one.
    fn rest(&mut self, id: usize, now: Instant) {
        let editor = &self.editors[id];
        if editor.waited.is_some() {
            let route = editor.route.clone();
            self.limiter.bucket(route.key(), now).unshare(route.who(), now);
            return;
        }
        let next = now + self.limiter.bucket(editor.route.key(), now).spacing();
        let next = if editor.ends > now { next.min(editor.ends) } else { now };
        self.plan(next, id, Step::Reservation);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn never_a_429_always_room_and_all_finals_land(plan in plans()) {
        let mut world = World::new(&plan);
        world.run()?;
        for editor in &world.editors {
            prop_assert!(editor.waited.is_some(), "a final edit was never sent");
        }
    }

    #[test]
    fn a_final_edit_waits_for_one_slot_at_most(plan in plans()) {
        let mut plan = plan;
        plan.editors.truncate(1);
        let mut world = World::new(&plan);
        world.run()?;
        let slowest = plan.latencies.iter().max().expect("some");
        let slot = ms(plan.period + 2 * slowest) + MARGIN + POLL;
        let waited = world.editors[0].waited.expect("a final edit");
        prop_assert!(waited <= slot, "{waited:?} for {slot:?}");
        // where answers are quicker than windows, the room is there at once
        if plan.limit > 1 && 4 * slowest < plan.period {
            prop_assert_eq!(waited, Duration::ZERO);
        }
    }

    #[test]
    fn finals_that_come_together_wait_as_long_as_was_said(plan in plans()) {
        let mut plan = plan;
        plan.latencies.iter_mut().for_each(|latency| *latency = 2 + *latency % 60);
        plan.editors = plan.editors.iter().map(|(begins, _)| (*begins, 40_000)).collect();
        let mut world = World::new(&plan);
        world.run()?;
        let (said, slowest) = (world.said.expect("finals"), plan.latencies.iter().max().expect("some"));
        let windows = u32::try_from(said.as_millis() / u128::from(plan.period)).expect("few");
        // every window is counted from an answer, and what is under way when they are wanted goes first
        let longest = said + (ms(2 * slowest) + MARGIN + POLL) * (windows + 1);
        for editor in &world.editors {
            prop_assert!(editor.waited <= Some(longest), "{:?} for {longest:?}", editor.waited);
        }
    }

    #[test]
    fn no_editor_starves_beside_others(plan in plans()) {
        let mut plan = plan;
        plan.editors = plan.editors.iter().map(|_| (0, 120_000)).collect();
        let mut world = World::new(&plan);
        world.run()?;
        let slowest = ms(2 * plan.latencies.iter().max().expect("some"));
        let cycle = ms(plan.period) + MARGIN + slowest;
        let usable = plan.limit.max(2) - 1;
        let sharers = u32::try_from(world.editors.len()).expect("few");
        // one turn of everybody, one window for what the turn began with, and the pace itself
        let longest = cycle * (sharers.div_ceil(usable) + 2) + MIN_SPACING + slowest;
        for editor in &world.editors {
            let gap = editor.edits.windows(2).map(|pair| pair[1] - pair[0]).max();
            prop_assert!(gap.is_some_and(|gap| gap <= longest), "{gap:?} for {longest:?}");
        }
    }
}
