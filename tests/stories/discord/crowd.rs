//! A crowd: many races at once on buckets whose sizes the bot does not know. The fake's own log of its buckets says
//! what was possible; the provider's own log says when the last token went out. How soon things came is asserted on a
//! quiet machine alone.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    super::crowd::{LANES, MANY, TURN, last_tokens, on_time, prompt, speaks},
    stage::{Setting, Stage, Way},
};
use crate::support::{
    discord::{ANA, Asked, FakeDiscord, Place, Route, Span, World},
    provider::Answer,
};

const RACES: usize = 20;
/// How often a lane speaks, ten times a second.
const EVENTS: u32 = 30;

/// How long the bot may take where nothing else has to be waited for, beside the time that it had no CPU: the race ends,
/// another edit is in flight.
const MACHINE: Duration = Duration::from_millis(800);
/// The same with twenty charts to be drawn, two at a time, by an unoptimised bot.
const DRAWING: Duration = Duration::from_secs(6);

/// A bucket's size and window.
#[derive(Clone, Copy, Debug)]
struct Size(u32, Duration);

impl Size {
    /// When each window began that these calls were in, which came in this order, and how many were in it.
    fn windows(self, calls: &[Instant]) -> Vec<(Instant, u32)> {
        let mut windows: Vec<(Instant, u32)> = vec![];
        for call in calls {
            match windows.last_mut() {
                Some((began, used)) if *call < *began + self.1 => *used += 1,
                _ => windows.push((*call, 1)),
            }
        }
        windows
    }

    /// When one more call may come after these: now, or with the next window.
    fn free_at(self, calls: &[Instant], now: Instant) -> Instant {
        match self.windows(calls).last() {
            Some((began, used)) if *used >= self.0 => now.max(*began + self.1),
            _ => now,
        }
    }
}

/// What became of one race.
struct Run {
    last_token: Instant,
    last_frame: Instant,
    chart: Instant,
}

/// Each race's lanes.
fn answers() -> Vec<Answer> {
    (0..RACES).flat_map(|_| LANES).map(|name| speaks(name, EVENTS).whole()).collect()
}

/// All ask at once; over when all have their chart.
async fn play(discord: FakeDiscord, lines: &str) -> (Stage, Vec<Asked>) {
    let models = LANES.map(|lane| (lane, ""));
    // what it logs at every level is looked at elsewhere, and costs most of the time here
    let setting = Setting {
        way: Way::Gateway,
        models: &models,
        lines: MANY,
        discord: lines,
        cold: true,
        log: "info",
        ..Setting::default()
    };
    let stage = Stage::open_with(discord, setting, answers()).await;
    let ask = |race| stage.discord.types("/arena compare", &[("prompt", &prompt(race))], ANA, Place::Server);
    let asked: Vec<_> = (0..RACES).map(ask).collect();
    stage.discord.until(|world| asked.iter().all(|asked| has_chart(world, asked)).then_some(())).await;
    (stage, asked)
}

fn has_chart(world: &World, asked: &Asked) -> bool {
    world.original(asked.id()).is_some_and(|message| !message.look().attachments.is_empty())
}

/// First answers within a second, no 429 and no edit without a change, and every race told to its end.
fn runs(stage: &Stage, asked: &[Asked]) -> Vec<Run> {
    let (own_429, unchanged) = stage.discord.world(|world| (world.own_429(), world.edits_without_change));
    assert_eq!((own_429, unchanged), (0, 0), "429s of its own making, edits that change nothing");
    let last_tokens = last_tokens(&stage.provider.truth());
    let run = |(race, asked): (usize, &Asked)| {
        let answer = asked.interaction().answer.expect("an answer");
        on_time(answer.after < 1.s(), &format!("the first answer came after {:?}", answer.after));
        let revisions = asked.revisions();
        let last = revisions.iter().find(|one| !one.look.is_loading() && one.look.button("Stop").is_none());
        let last = last.expect("a last frame");
        let chart = revisions.iter().find(|one| !one.look.attachments.is_empty()).expect("a chart");
        Run { last_token: last_tokens[&prompt(race)], last_frame: last.at, chart: chart.at }
    };
    asked.iter().enumerate().map(run).collect()
}

/// When calls of the bucket came.
fn calls(world: &World, route: Route, bucket: &str) -> Vec<Instant> {
    let of_bucket = |target: &str| target.split('/').next() == Some(bucket);
    let calls = world.calls.iter().filter(|call| call.route == route && of_bucket(&call.target));
    calls.map(|call| call.at).collect()
}

/// Twenty races, each with a bucket of its own: the last frame and the chart come as soon as it has room.
async fn each_alone(size: Size) {
    let _turn = TURN.lock().await;
    let discord = FakeDiscord::open().await;
    discord.edits(size.0, size.1);
    let (stage, asked) = play(discord, "").await;
    let runs = runs(&stage, &asked);
    let (mut frames, mut charts) = (vec![], vec![]);
    for (run, asked) in runs.iter().zip(&asked) {
        let token = asked.interaction().token;
        let calls = stage.discord.world(|world| calls(world, Route::EditOriginal, &token));
        let before = |end: Instant| calls.iter().copied().filter(|at| *at < end).collect::<Vec<_>>();
        frames.push(run.last_frame - size.free_at(&before(run.last_frame), run.last_token));
        charts.push(run.chart - size.free_at(&before(run.chart), run.last_frame));
    }
    frames.sort();
    charts.sort();
    let waited = stage.waited();
    on_time(
        frames[RACES - 1] <= MACHINE + waited,
        &format!("late frames, {waited:?} without a CPU: {frames:?}"),
    );
    on_time(
        charts[RACES - 1] <= DRAWING + waited,
        &format!("late charts, {waited:?} without a CPU: {charts:?}"),
    );
    stage.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_races_on_buckets_of_five_in_two_seconds() {
    each_alone(Size(5, 2.s())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_races_on_buckets_of_three_in_five_seconds() {
    each_alone(Size(3, 5.s())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_races_on_buckets_of_one_in_a_second() {
    each_alone(Size(1, 1.s())).await;
}

/// Twenty races whose messages have moved to one channel: from the last token on nearly every slot of its bucket is
/// used, and charts do not hold up last frames.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_all_share() {
    let discord = FakeDiscord::open().await;
    // a fifth of the window that bot authors report, so that the story is short
    let size = Size(5, 1.s());
    discord.allows(Route::EditMessage, size.0, size.1);
    let (stage, asked) = play(discord, "token_seconds = 1").await;
    let runs = runs(&stage, &asked);
    let over = runs.iter().map(|run| run.last_token).max().expect("races");
    let channel = Place::Server.channel().to_string();
    let calls = stage.discord.world(|world| calls(world, Route::EditMessage, &channel));
    let windows = size.windows(&calls);
    let told: Vec<_> = windows.iter().map(|(began, used)| (*began - calls[0], *used)).collect();
    let last_frame = runs.iter().map(|run| run.last_frame).max().expect("races");
    // the window that runs, four for the frames, one for slots lost to edits in flight between two windows
    let frames = last_frame.saturating_duration_since(over);
    let waited = stage.waited();
    on_time(frames <= size.1 * 6 + waited, &format!("the last frame came after {frames:?}: {told:?}"));
    // frames and charts need eight
    let charts = runs.iter().map(|run| run.chart.saturating_duration_since(over)).max().expect("races");
    on_time(charts <= size.1 * 11 + waited, &format!("the last chart came after {charts:?}: {told:?}"));
    stage.ends().await;
}
