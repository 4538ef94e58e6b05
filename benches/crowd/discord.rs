//! Twenty races at once on Discord, on buckets whose sizes the bot does not know.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    last_tokens, report, report_cpu_wait,
    support::{
        crowd::{self, prompt},
        discord::{ChannelKind, FakeDiscord, Route, Span as _, UserRequest, World},
        scenario::discord::DiscordScenario,
    },
};

const RACES: usize = 20;
/// The events of a lane, ten a second.
const EVENTS: u32 = 30;

const FIRST_ANSWER_TARGET: Duration = Duration::from_secs(1);
/// The race ends, and another edit is in flight.
const FRAME_TARGET: Duration = Duration::from_millis(800);
/// Twenty charts are drawn, two at a time.
const CHART_TARGET: Duration = Duration::from_secs(2);

/// The size and the window of a bucket.
#[derive(Clone, Copy, Debug)]
struct Bucket(u32, Duration);

impl Bucket {
    /// Returns the start of each window that contained some of these calls, and how many it contained.
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

    /// Returns the time from which one more call is allowed after these.
    fn free_at(self, calls: &[Instant], now: Instant) -> Instant {
        match self.windows(calls).last() {
            Some((began, used)) if *used >= self.0 => now.max(*began + self.1),
            _ => now,
        }
    }
}

/// The important moments of a race.
struct Run {
    first_answer: Duration,
    last_token: Instant,
    last_frame: Instant,
    chart: Instant,
}

impl Run {
    fn of(request: &UserRequest, last_token: Instant) -> Self {
        let revisions = request.revisions();
        let last = revisions.iter().find(|one| !one.look.is_loading() && one.look.button("Stop").is_none());
        let chart = revisions.iter().find(|one| !one.look.attachments.is_empty()).expect("a chart");
        Self {
            first_answer: request.interaction().answer.expect("an answer").after,
            last_token,
            last_frame: last.expect("a last frame").at,
            chart: chart.at,
        }
    }
}

pub(crate) async fn measure() {
    for bucket in [Bucket(5, 2.s()), Bucket(3, 5.s()), Bucket(1, 1.s())] {
        each_alone(bucket).await;
    }
    shared_channel().await;
}

async fn race(discord: FakeDiscord, lines: &str) -> (DiscordScenario, Vec<(UserRequest, Run)>) {
    let (scenario, request) = crowd::discord::race(discord, lines, RACES, EVENTS).await;
    let last_tokens = last_tokens(&scenario.provider.truth());
    let run = |(race, request): (usize, UserRequest)| {
        let run = Run::of(&request, last_tokens[&prompt(race)]);
        (request, run)
    };
    (scenario, request.into_iter().enumerate().map(run).collect())
}

/// Every race has a bucket of its own: the last frame and the chart come as soon as it allows them.
async fn each_alone(bucket: Bucket) {
    let discord = FakeDiscord::open().await;
    discord.set_edit_limits(bucket.0, bucket.1);
    let (scenario, runs) = race(discord, "").await;
    let (mut answers, mut frames, mut charts) = (vec![], vec![], vec![]);
    for (request, run) in &runs {
        let token = request.interaction().token;
        let calls = scenario.discord.world(|world| calls(world, Route::EditOriginal, &token));
        let before = |end: Instant| calls.iter().copied().filter(|at| *at < end).collect::<Vec<_>>();
        answers.push(run.first_answer);
        frames.push(run.last_frame - bucket.free_at(&before(run.last_frame), run.last_token));
        charts.push(run.chart - bucket.free_at(&before(run.chart), run.last_frame));
    }
    println!("Discord, {RACES} races, each on a bucket of {} edits in {:?}", bucket.0, bucket.1);
    report("first answer", &answers, FIRST_ANSWER_TARGET);
    report("last frame after its slot", &frames, FRAME_TARGET);
    report("chart after its slot", &charts, CHART_TARGET);
    report_cpu_wait(&scenario.service);
    scenario.finish().await;
}

/// All messages have moved to one channel: from the last token on nearly every slot of its bucket is used, and charts do
/// not delay last frames.
async fn shared_channel() {
    let discord = FakeDiscord::open().await;
    // a fifth of the window that bot authors report
    let bucket = Bucket(5, 1.s());
    discord.set_limit(Route::EditMessage, bucket.0, bucket.1);
    let (scenario, runs) = race(discord, "token_seconds = 1").await;
    let over = runs.iter().map(|(_, run)| run.last_token).max().expect("races");
    let since = |moment: fn(&Run) -> Instant| -> Vec<Duration> {
        runs.iter().map(|(_, run)| moment(run).saturating_duration_since(over)).collect()
    };
    println!("Discord, {RACES} races in one channel of {} edits in {:?}", bucket.0, bucket.1);
    // the running window, four for the frames, one for slots lost to edits in flight between two windows
    report("last frame after the last token", &since(|run| run.last_frame), bucket.1 * 6);
    // frames and charts need eight windows
    report("chart after the last token", &since(|run| run.chart), bucket.1 * 11);
    let channel = ChannelKind::Server.channel().to_string();
    let calls = scenario.discord.world(|world| calls(world, Route::EditMessage, &channel));
    let used: Vec<_> = bucket.windows(&calls).iter().map(|(_, used)| *used).collect();
    println!("  edits in each window: {used:?}");
    report_cpu_wait(&scenario.service);
    scenario.finish().await;
}

/// Returns the times of the calls that count against a bucket.
fn calls(world: &World, route: Route, bucket: &str) -> Vec<Instant> {
    let of_bucket = |target: &str| target.split('/').next() == Some(bucket);
    let calls = world.calls.iter().filter(|call| call.route == route && of_bucket(&call.target));
    calls.map(|call| call.at).collect()
}
