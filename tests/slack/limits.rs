//! Tiers, windows, `Retry-After`, and what stories can count.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::bot::{Bot, post};
use crate::support::slack::{LOBBY, Method, TOWN};

#[tokio::test]
async fn the_workspace_has_fifty_updates_a_minute() {
    let bot = Bot::new().await;
    let ts = bot.posts(LOBBY, "hello").await;
    for n in 0..50 {
        assert_eq!(bot.update(&ts, &n.to_string()).await.code(), "ok");
    }
    let refused = bot.update(&ts, "one more").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "ratelimited"));
    assert!((50..=60).contains(&refused.retry_after.expect("Retry-After")));
    let (own, most) =
        bot.slack.world(|world| (world.own_429(), world.busiest(Method::Update, Duration::from_mins(1))));
    assert_eq!((own, most), (1, 50));
    let wrong = bot.slack.world(|world| world.all_violations());
    assert_eq!(wrong, ["1 x 429 of its own making"]);
    bot.slack.world(|world| world.own_429_is_fine = true);
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_channel_takes_a_small_burst_of_messages() {
    let bot = Bot::new().await;
    for n in 0..5 {
        bot.posts(LOBBY, &n.to_string()).await;
    }
    let refused = bot.call(Method::PostMessage, &post(LOBBY, "one more")).await;
    assert_eq!((refused.status, refused.retry_after), (429, Some(5)));
    bot.posts(TOWN, "another channel").await;
    assert_eq!(bot.slack.world(|world| world.instants(Method::PostMessage).len()), 6);
    bot.slack.world(|world| world.own_429_is_fine = true);
    bot.slack.assert_clean();
}

#[tokio::test]
async fn other_limits_can_be_set_and_end() {
    let bot = Bot::new().await;
    bot.slack.set_limit(Method::Update, 2, Duration::from_millis(400));
    let ts = bot.posts(LOBBY, "hello").await;
    let began = Instant::now();
    bot.update(&ts, "a").await;
    bot.update(&ts, "b").await;
    sleep_until(began + Duration::from_millis(600)).await;
    assert_eq!(bot.update(&ts, "c").await.code(), "ok");
    assert_eq!(bot.slack.world(|world| world.busiest(Method::Update, Duration::from_millis(400))), 2);
    bot.slack.assert_clean();
}

#[tokio::test]
async fn a_retry_after_is_kept() {
    let bot = Bot::new().await;
    let ts = bot.posts(LOBBY, "hello").await;
    bot.slack.rate_limit_next(Method::Update, Duration::from_secs(1));
    let began = Instant::now();
    assert_eq!(bot.update(&ts, "a").await.retry_after, Some(1));
    assert_eq!(bot.update(&ts, "a").await.status, 429);
    assert_eq!(bot.take_violations(), "", "it may have been on its way");
    sleep_until(began + Duration::from_millis(300)).await;
    assert_eq!(bot.update(&ts, "a").await.status, 429);
    let violation = bot.take_violations();
    assert!(
        violation.starts_with("chat.update: ") && violation.ends_with("ms before a Retry-After has passed"),
        "{violation}"
    );
    sleep_until(began + Duration::from_millis(1_100)).await;
    assert_eq!(bot.update(&ts, "a").await.code(), "ok");
    assert_eq!(bot.slack.world(|world| world.own_429()), 0);
    bot.slack.assert_clean();
}

#[tokio::test]
async fn connections_are_scarce() {
    let bot = Bot::new().await;
    for _ in 0..20 {
        assert_eq!(bot.call(Method::OpenConnection, &json!({})).await.code(), "ok");
    }
    assert_eq!(bot.call(Method::OpenConnection, &json!({})).await.status, 429);
    bot.slack.world(|world| world.own_429_is_fine = true);
    bot.slack.assert_clean();
}
