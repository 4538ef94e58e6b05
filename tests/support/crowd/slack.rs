//! Many races at once on Slack, where all of them share the workspace's budget of edits.

use std::time::Duration;

use super::{LANES, LOG, MODELS, NO_RATE_LIMIT, prompt, streams};
use crate::support::{
    provider::{Answer, Exchange, Gate, Truth},
    scenario::slack::{Setup, SlackScenario, Transport},
    slack::{ANA, FakeSlack, LOBBY, Method, UserRequest, World},
    wait::with_timeout,
};

/// The most edits at once and the time after which one more is allowed: at most fifty in any minute.
const BURST: u32 = 10;
pub const REFILL: Duration = Duration::from_millis(1_500);

/// The races of a crowd.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub transport: Transport,
    /// Half of them race in one channel, the others in one of their own each.
    pub races: usize,
    /// The length of the first races.
    pub seconds: u32,
    /// The wait that Slack demands when it refuses an edit in the middle.
    pub refused: Option<Duration>,
}

impl Crowd {
    /// Returns the answers of all races, in the order in which they start, and the number of their events. A channel
    /// takes one message a second, so its second race starts a second after the first one. All end when the gate
    /// opens.
    fn answers(self, gate: &Gate) -> (Vec<Answer>, usize) {
        let (at_once, mut answers, mut events) = (self.races / 2 + 1, vec![], 0);
        for race in 0..self.races {
            let after = (race + 1).saturating_sub(at_once);
            let streamed = 10 * self.seconds.saturating_sub(u32::try_from(after).expect("few"));
            events += usize::try_from(streamed).expect("few") * LANES.len();
            let lane = |name| streams(name, streamed).waits_for(gate).says(" And so it is.").whole();
            answers.extend(LANES.map(lane));
        }
        (answers, events)
    }

    /// Starts all races at once, ends them at once and waits until all have their picture. Checks that the bot kept
    /// its budget of edits and that each message says how often it changes.
    pub async fn race(self) -> (SlackScenario, Vec<UserRequest>) {
        let gate = Gate::default();
        let (answers, events) = self.answers(&gate);
        let scenario = SlackScenario::start_with(FakeSlack::open().await, self.setup(), answers).await;
        let requests: Vec<_> = (0..self.races).map(|race| ask(&scenario, race)).collect();
        if let Some(wait) = self.refused {
            streamed(&scenario, events / 2).await;
            scenario.slack.rate_limit_next(Method::Update, wait);
        }
        streamed(&scenario, events).await;
        for request in &requests {
            request.wait_for_text(&format!(" s: {} races here", self.races)).await;
        }
        gate.open();
        for request in &requests {
            request.wait_for_end().await;
            let picture = request.wait_for_file(".png").await;
            assert!(picture.alt.is_some_and(|alt| alt.len() > 20), "a picture without words");
            self.assert_tells_interval(request);
        }
        scenario.slack.world(|world| assert_within_limits(world));
        (scenario, requests)
    }

    fn setup(self) -> Setup<'static> {
        Setup {
            transport: self.transport,
            models: &MODELS,
            lines: NO_RATE_LIMIT,
            cold: true,
            log: LOG,
            ..Setup::default()
        }
    }

    /// The interval between two edits of one message while all race.
    pub fn edit_interval(self) -> Duration {
        REFILL * u32::try_from(self.races).expect("few")
    }

    /// Asserts that the message says how often it changes while all races run.
    fn assert_tells_interval(self, request: &UserRequest) {
        let (interval, races) = (self.edit_interval().as_secs(), format!(" s: {} races here", self.races));
        let told = request.revisions().into_iter().find_map(|one| {
            let text = one.look.text();
            let (before, _) = text.split_once(&races)?;
            before.rsplit_once("updates every ")?.1.parse::<u64>().ok()
        });
        assert!(told.is_some_and(|seconds| seconds >= interval), "told {told:?}, not {interval}{races}");
    }
}

/// Starts a race; every second one is in a channel of its own.
fn ask(scenario: &SlackScenario, race: usize) -> UserRequest {
    let channel = if race.is_multiple_of(2) { LOBBY.to_owned() } else { own_channel(scenario, race) };
    scenario.slack.type_command("/arena", &format!("compare {}", prompt(race)), ANA, &channel)
}

/// Creates a channel with the bot in it.
pub fn own_channel(scenario: &SlackScenario, race: usize) -> String {
    let id = format!("C0QUIET{race:02}");
    scenario.slack.world(|world| {
        let mut channel = world.channel(LOBBY).expect("a channel").clone();
        channel.id.clone_from(&id);
        world.channels.push(channel);
    });
    id
}

/// Waits until all lanes together have streamed so many events.
async fn streamed(scenario: &SlackScenario, events: usize) {
    let writes = |exchange: &Exchange| exchange.writes.len();
    let so_far = |truth: &Truth| truth.exchanges.iter().map(writes).sum::<usize>();
    with_timeout(scenario.provider.until(|truth| so_far(truth) >= events)).await;
}

/// Asserts that in windows of any length there are never more edits than a bucket of ten that refills at forty a
/// minute allows, and that no edit is wasted.
fn assert_within_limits(world: &World) {
    for window in [1, 3, 6, 15, 30, 60].map(Duration::from_secs) {
        let edits = world.busiest(Method::Update, window);
        let most = BURST + u32::try_from(window.as_millis() / REFILL.as_millis()).expect("few");
        println!("at most {edits} edits in {window:?}");
        assert!(edits <= most as usize, "{edits} edits in {window:?}");
    }
    assert_eq!((world.own_429(), world.edits_without_change), (0, 0), "own 429s, edits without a change");
}
