//! Many races at once on Slack, where all of them share the workspace's budget of edits.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    last_tokens, report, report_cpu_wait,
    support::{
        crowd::{prompt, slack::Crowd},
        scenario::slack::Transport,
        slack::{Look, UserRequest},
    },
};

const ACK_TARGET: Duration = Duration::from_millis(500);
/// All races end at once, and their last frames wait for each other.
const LAST_FRAME_TARGET: Duration = Duration::from_secs(15);
/// The longest wait of a message for its slot once it may be edited again, beside others that wait longer.
const TURN_TARGET: Duration = Duration::from_secs(4);

pub(crate) async fn measure() {
    let refused = Some(Duration::from_secs(5));
    for crowd in [
        Crowd { transport: Transport::Http, races: 10, seconds: 30, refused: None },
        Crowd { transport: Transport::Socket, races: 5, seconds: 26, refused },
    ] {
        measure_crowd(crowd).await;
    }
}

async fn measure_crowd(crowd: Crowd) {
    let (scenario, request) = crowd.race().await;
    let last_tokens = last_tokens(&scenario.provider.truth());
    let (mut acks, mut frames, mut gaps) = (vec![], vec![], vec![]);
    for (race, request) in request.iter().enumerate() {
        let (last_frame, gap) = changes(request);
        acks.push(request.wait_for_ack().await.after);
        frames.push(last_frame - last_tokens[&prompt(race)]);
        gaps.push(gap);
    }
    // after a refusal the bot takes the bucket for emptier than it is
    let gap_target = crowd.edit_interval() + TURN_TARGET + crowd.refused.unwrap_or_default() * 2;
    println!("Slack, {} races, {:?}, edits refused for {:?}", crowd.races, crowd.transport, crowd.refused);
    report("acknowledgement", &acks, ACK_TARGET);
    report("last frame after the last token", &frames, LAST_FRAME_TARGET);
    report("between two frames", &gaps, gap_target);
    report_cpu_wait(&scenario.service);
    scenario.finish().await;
}

/// Returns the time of a message's last frame and the longest time between two frames.
fn changes(request: &UserRequest) -> (Instant, Duration) {
    let revisions = request.revisions();
    let is_over = |look: &Look| look.button("Full answers").is_some();
    let last = revisions.iter().position(|one| is_over(&one.look)).expect("a last frame");
    let gaps = revisions[..=last].windows(2).map(|pair| pair[1].at - pair[0].at);
    (revisions[last].at, gaps.max().expect("frames"))
}
