//! A crowd: many races at once share one workspace's edits. The fake's own log says what came when, the provider's
//! own log says when the last token went out. How soon things came is asserted on a quiet machine alone.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    super::{
        crowd::{LANES, MANY, TURN, last_tokens, on_time, prompt, speaks},
        soon,
    },
    LOBBY, Setting, Stage, Way,
};
use crate::support::{
    provider::{Answer, Exchange, Gate, Truth},
    slack::{ANA, Asked, FakeSlack, Look, Method, World},
};

/// The most edits at once, and how soon one more may come: fifty in any minute at the most.
const BURST: u32 = 10;
const REFILL: Duration = Duration::from_millis(1_500);
/// How long an acknowledgement may take.
const ACK: Duration = Duration::from_millis(500);
/// How long after its race's last token a last frame may come where all races end at once.
const FINAL: Duration = Duration::from_secs(15);
/// How long a message may wait for its slot when it may be edited again, beside others that wait longer.
const TURNS: Duration = Duration::from_secs(4);

/// Who races, and for how long.
#[derive(Clone, Copy)]
struct Crowd {
    way: Way,
    /// Half of them in one channel, the others in one of their own each.
    races: usize,
    seconds: u32,
    /// Slack refuses an edit in the middle and says to wait so long.
    refused: Option<Duration>,
}

impl Crowd {
    /// Each race's lanes, in the order in which they begin: a channel takes one message a second, so its second race
    /// begins a second after the first one. All end when the gate opens.
    fn answers(self, gate: &Gate) -> (Vec<Answer>, usize) {
        let (at_once, mut answers, mut events) = (self.races / 2 + 1, vec![], 0);
        for race in 0..self.races {
            let after = (race + 1).saturating_sub(at_once);
            let spoken = 10 * (self.seconds - u32::try_from(after).expect("few"));
            events += usize::try_from(spoken).expect("few") * LANES.len();
            let lane = |name| speaks(name, spoken).waits_for(gate).says(" And so it is.").whole();
            answers.extend(LANES.map(lane));
        }
        (answers, events)
    }

    /// All ask at once and end at once; over when all have their picture.
    async fn plays(self) -> (Stage, Vec<Asked>) {
        let gate = Gate::default();
        let (answers, events) = self.answers(&gate);
        let stage = Stage::open_with(FakeSlack::open().await, self.setting(), answers).await;
        let asked: Vec<_> = (0..self.races).map(|race| asks(&stage, race)).collect();
        if let Some(wait) = self.refused {
            spoken(&stage, events / 2).await;
            stage.slack.ratelimits_next(Method::Update, wait);
        }
        spoken(&stage, events).await;
        gate.open();
        for asked in &asked {
            asked.ends().await;
            let picture = asked.file(".png").await;
            assert!(picture.alt.is_some_and(|alt| alt.len() > 20), "a picture without words");
        }
        (stage, asked)
    }

    fn setting(self) -> Setting<'static> {
        // what it logs at every level is looked at elsewhere, and costs most of the time here
        let models = const { &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", "")] };
        Setting { way: self.way, models, lines: MANY, cold: true, log: "info", ..Setting::default() }
    }

    /// How far apart the edits of one message are while all race.
    fn spacing(self) -> Duration {
        REFILL * u32::try_from(self.races).expect("few")
    }

    /// Plays it, and holds what came against what may come.
    async fn holds(self) {
        let _turn = TURN.lock().await;
        let (stage, asked) = self.plays().await;
        let waited = stage.bot.waited();
        stage.slack.world(|world| is_within_limits(world));
        let last_tokens = last_tokens(&stage.provider.truth());
        let (mut acks, mut finals, mut gaps) = (vec![], vec![], vec![]);
        for (race, asked) in asked.iter().enumerate() {
            acks.push(asked.acknowledged().await.after);
            let told = Told::of(asked);
            self.says_how_often(asked);
            finals.push(told.last - last_tokens[&prompt(race)]);
            gaps.push(told.gap);
        }
        self.is_in_time(waited, &acks, &finals, &gaps);
        stage.ends().await;
    }

    /// While all race, people are told so and how often the message changes.
    fn says_how_often(self, asked: &Asked) {
        let (few, many) = (self.spacing().as_secs(), format!(" s: {} races here", self.races));
        let told = asked.revisions().into_iter().find_map(|one| {
            let text = one.look.text();
            let (before, _) = text.split_once(&many)?;
            before.rsplit_once("updates every ")?.1.parse::<u64>().ok()
        });
        assert!(told.is_some_and(|seconds| seconds >= few), "told {told:?}, not {few}{many}");
    }

    fn is_in_time(self, waited: Duration, acks: &[Duration], finals: &[Duration], gaps: &[Duration]) {
        let most = |all: &[Duration]| all.iter().max().copied().expect("races");
        let figures = format!("{waited:?} without a CPU; acks {acks:?}, finals {finals:?}, gaps {gaps:?}");
        println!("{} races: {figures}", self.races);
        on_time(most(acks) < ACK, &format!("late acknowledgements: {figures}"));
        on_time(most(finals) < FINAL + waited, &format!("late last frames: {figures}"));
        // after a refusal the bucket is taken for emptier than it was
        let gap = self.spacing() + TURNS + self.refused.unwrap_or_default() * 2;
        on_time(most(gaps) < gap + waited, &format!("a message that starves: {figures}"));
    }
}

/// When a message changed.
struct Told {
    /// Its last frame.
    last: Instant,
    /// The longest time that it stood still before.
    gap: Duration,
}

impl Told {
    fn of(asked: &Asked) -> Self {
        let revisions = asked.revisions();
        let is_over = |look: &Look| look.button("Full answers").is_some();
        let last = revisions.iter().position(|one| is_over(&one.look)).expect("a last frame");
        let gaps = revisions[..=last].windows(2).map(|pair| pair[1].at - pair[0].at);
        Self { last: revisions[last].at, gap: gaps.max().expect("frames") }
    }
}

/// Every second race is in a channel of its own.
fn asks(stage: &Stage, race: usize) -> Asked {
    let channel = if race.is_multiple_of(2) { LOBBY.to_owned() } else { own_channel(stage, race) };
    stage.slack.types("/arena", &format!("compare {}", prompt(race)), ANA, &channel)
}

/// A new channel with the bot in it.
pub(super) fn own_channel(stage: &Stage, race: usize) -> String {
    let id = format!("C0QUIET{race:02}");
    stage.slack.world(|world| {
        let mut channel = world.channel(LOBBY).expect("a channel").clone();
        channel.id.clone_from(&id);
        world.channels.push(channel);
    });
    id
}

/// Waits until the lanes have spoken so often, all of them together.
async fn spoken(stage: &Stage, events: usize) {
    let writes = |exchange: &Exchange| exchange.writes.len();
    let so_far = |truth: &Truth| truth.exchanges.iter().map(writes).sum::<usize>();
    soon(stage.provider.until(|truth| so_far(truth) >= events)).await;
}

/// Edits never come closer than a bucket of ten lets them that gets forty a minute, in windows of any length, and
/// none is wasted.
fn is_within_limits(world: &World) {
    for window in [1, 3, 6, 15, 30, 60].map(Duration::from_secs) {
        let edits = world.busiest(Method::Update, window);
        let most = BURST + u32::try_from(window.as_millis() / REFILL.as_millis()).expect("few");
        println!("at most {edits} edits in {window:?}");
        assert!(edits <= most as usize, "{edits} edits in {window:?}");
    }
    assert_eq!((world.own_429(), world.edits_without_change), (0, 0), "own 429s, edits that change nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_races_that_end_at_once() {
    Crowd { way: Way::Http, races: 10, seconds: 30, refused: None }.holds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn races_over_a_socket_whose_edits_are_refused_for_five_seconds_in_their_middle() {
    Crowd { way: Way::Socket, races: 5, seconds: 26, refused: Some(Duration::from_secs(5)) }.holds().await;
}
