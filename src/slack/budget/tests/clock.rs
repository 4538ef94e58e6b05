//! The rate limiter under a paused clock, without sockets.

use futures::{FutureExt as _, future::join_all};

use super::*;

fn at(start: Instant) -> u64 {
    Instant::now().duration_since(start).as_millis().try_into().expect("short")
}

/// Posts to `channel` in order, 200 ms per call, and returns the time of each.
async fn post_all(
    rate_limiter: &RateLimiter,
    channel: &str,
    count: usize,
    deadline: Instant,
) -> Vec<Result<u64, u64>> {
    let start = Instant::now();
    let post = async |_| match rate_limiter.wait_post(POST, channel, deadline).await {
        Ok(permit) => {
            let went = at(start);
            tokio::time::sleep(ms(200)).await;
            permit.settle(Outcome::Answered);
            Ok(went)
        }
        Err(wait) => Err(u64::try_from(wait.as_millis()).expect("short")),
    };
    join_all((0..count).map(post)).await
}

#[tokio::test(start_paused = true)]
async fn posts_go_as_soon_as_they_may_and_channels_side_by_side() {
    let (rate_limiter, deadline) = (RateLimiter::default(), Instant::now() + Duration::from_mins(1));
    let both =
        tokio::join!(post_all(&rate_limiter, "C1", 4, deadline), post_all(&rate_limiter, "C2", 3, deadline));
    assert_eq!(both.0, [0, 1_200, 2_400, 3_600].map(Ok));
    assert_eq!(both.1, [0, 1_200, 2_400].map(Ok));
}

#[tokio::test(start_paused = true)]
async fn a_turn_after_the_deadline_is_not_waited_for() {
    let (rate_limiter, start) = (RateLimiter::default(), Instant::now());
    let posts = post_all(&rate_limiter, "C1", 5, start + ms(2_500)).await;
    assert_eq!(posts[..3], [0, 1_200, 2_400].map(Ok), "in time");
    assert_eq!(posts[3..], [Err(3_000), Err(3_000)], "said at once: three seconds are before the fourth");
    rate_limiter.limited("views.open", ms(5_000));
    assert_eq!(rate_limiter.held("views.open"), Some(ms(5_100)));
    tokio::time::sleep(ms(5_100)).await;
    assert_eq!(rate_limiter.held("views.open"), None);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gives_up_leaves_the_queue() {
    let (rate_limiter, deadline) = (RateLimiter::default(), Instant::now() + Duration::from_mins(1));
    let start = Instant::now();
    rate_limiter.wait_post(POST, "C1", deadline).await.expect("a slot").settle(Outcome::Answered);
    let mut second = Box::pin(rate_limiter.wait_post(POST, "C1", deadline));
    let mut third = Box::pin(rate_limiter.wait_post(POST, "C1", deadline));
    assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
    drop(second);
    let permit = third.await.expect("a slot");
    assert_eq!(at(start), 1_000, "it takes the place of the second");
    drop(permit);
    rate_limiter.wait_post(POST, "C1", deadline).await.expect("a slot").settle(Outcome::NotSent);
    assert_eq!(at(start), 2_000, "a call that was given up counts");
}

#[tokio::test(start_paused = true)]
async fn a_live_message_counts_until_its_share_is_dropped() {
    let rate_limiter = RateLimiter::default();
    let shares: Vec<Share> = (0..4).map(|_| rate_limiter.share()).collect();
    assert_eq!((shares[0].sharers(), rate_limiter.spacing()), (4, ms(6_000)));
    let permits: Vec<_> =
        (0..10).filter_map(|_| rate_limiter.ask_update(&shares[0], Urgency::Live).ok()).collect();
    assert_eq!(permits.len(), 2, "live frames are spread over the minute");
    drop(permits);
    rate_limiter.ask_update(&shares[1], Urgency::Final).expect("what was left").settle(Outcome::NotSent);
    drop(shares);
    let alone = rate_limiter.share();
    let spacing = rate_limiter.spacing().as_millis();
    assert_eq!((alone.sharers(), spacing), (1, 1_695), "a live frame has to come back first");
    let wait = rate_limiter.ask_update(&alone, Urgency::Final).map(|permit| permit.settle(Outcome::Answered));
    assert_eq!(wait, Ok(()));
}
