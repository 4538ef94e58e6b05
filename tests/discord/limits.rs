//! Buckets, their headers, and injected 429s.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::bot::{Bot, Said, saying};
use crate::support::discord::{Family, Route, Scope, Span, UserRequest};

async fn says(bot: &Bot, request: &UserRequest, text: &str) -> Said {
    bot.edit(request, &saying(text)).await
}

fn seconds(text: &str) -> f64 {
    text.parse().expect("a number")
}

#[tokio::test]
async fn a_bucket_is_counted_per_token_and_told_in_headers() {
    let bot = Bot::new().await;
    bot.discord.set_edit_limits(2, 60.s());
    let (one, other) = (bot.deferred().await, bot.deferred().await);
    let first = says(&bot, &one, "a").await;
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("2", "1"));
    let after = seconds(first.header("x-ratelimit-reset-after"));
    assert!(after > 50.0 && after <= 60.0, "{after}");
    let reset = seconds(first.header("x-ratelimit-reset"));
    assert!((reset - after - jiff::Timestamp::now().as_duration().as_secs_f64()).abs() < 5.0, "{reset}");
    assert_eq!(says(&bot, &one, "b").await.header("x-ratelimit-remaining"), "0");
    let of_the_other = says(&bot, &other, "a").await;
    assert_eq!(of_the_other.header("x-ratelimit-remaining"), "1");
    assert_eq!(of_the_other.header("x-ratelimit-bucket"), first.header("x-ratelimit-bucket"));

    let refused = says(&bot, &one, "c").await;
    assert_eq!((refused.status, refused.header("x-ratelimit-scope")), (429, "user"));
    assert_eq!(refused.body["global"], false);
    let wait = refused.body["retry_after"].as_f64().expect("seconds");
    assert!((0.0..=60.0).contains(&wait) && seconds(refused.header("retry-after")) >= wait, "{refused:?}");
    assert_eq!(
        bot.discord.world(|world| (world.own_429(), world.calls.last().map(|call| call.status))),
        (1, Some(429))
    );
    assert_eq!(one.current().embeds[0]["description"], "b", "no effect");
    bot.discord.world(|world| world.own_429_is_fine = true);
    bot.discord.assert_clean();
}

#[tokio::test]
async fn a_window_ends_so_long_after_its_first_call() {
    let bot = Bot::new().await;
    bot.discord.set_limit(Route::EditOriginal, 1, 500.ms());
    let request = bot.deferred().await;
    assert_eq!(says(&bot, &request, "a").await.status, 200);
    let began = bot.discord.world(|world| world.calls.last().expect("a call").at);
    let refused = says(&bot, &request, "b").await;
    let wait = Duration::from_secs_f64(refused.body["retry_after"].as_f64().expect("seconds"));
    sleep_until(Instant::now() + wait).await;
    assert_eq!(says(&bot, &request, "b").await.status, 200, "after exactly so long as was told");
    assert!(began.elapsed() >= 500.ms(), "{:?}", began.elapsed());
    bot.discord.world(|world| world.own_429_is_fine = true);
}

#[tokio::test]
async fn the_global_limit_counts_all_but_interactions() {
    let bot = Bot::new().await;
    bot.discord.world(|world| world.limits.set_global(1, 60.s()));
    let request = bot.deferred().await;
    assert_eq!(bot.get("/gateway/bot").await.status, 200);
    let refused = bot.get("/applications/@me").await;
    assert_eq!((refused.status, refused.header("x-ratelimit-global")), (429, "true"));
    assert_eq!(
        (refused.header("x-ratelimit-scope"), &refused.body["global"]),
        ("global", &Value::Bool(true))
    );
    assert_eq!(says(&bot, &request, "a").await.status, 200);
    bot.discord.world(|world| world.own_429_is_fine = true);
}

#[tokio::test]
async fn a_refusal_that_was_asked_for_holds_until_its_time() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    bot.discord.rate_limit_next(Family::Edit, Scope::Shared, 60.s());
    let refused = says(&bot, &request, "a").await;
    assert_eq!((refused.status, refused.header("x-ratelimit-scope")), (429, "shared"));
    assert_eq!((&refused.body["retry_after"], refused.header("retry-after")), (&json!(60.0), "60"));
    sleep_until(Instant::now() + 150.ms()).await;
    assert_eq!(says(&bot, &request, "a").await.status, 429);
    let violation = bot.take_violations();
    assert!(
        violation.starts_with("PATCH @original: 59")
            && violation.ends_with("ms before the time that a 429 told"),
        "{violation}"
    );
    assert_eq!(says(&bot, &bot.deferred().await, "a").await.status, 200, "another token");
    assert_eq!(bot.discord.world(|world| world.own_429()), 0);
    request.excuse();

    let exempt = bot.deferred().await;
    exempt.excuse();
    bot.discord.rate_limit_next(Family::Edit, Scope::Global, 60.s());
    assert_eq!(says(&bot, &exempt, "a").await.header("x-ratelimit-global"), "true");
    sleep_until(Instant::now() + 150.ms()).await;
    assert_eq!(says(&bot, &exempt, "a").await.status, 429, "also where the global limit does not count");
    assert!(bot.take_violations().contains("before the time that a 429 told"));
}

#[tokio::test]
async fn a_global_refusal_holds_everywhere_and_ends() {
    let bot = Bot::new().await;
    bot.discord.rate_limit_next(Family::Gateway, Scope::Global, 500.ms());
    let began = Instant::now();
    assert_eq!(bot.get("/gateway/bot").await.header("x-ratelimit-global"), "true");
    assert_eq!(bot.call(Method::GET, "/applications/@me", &Value::Null).await.status, 429);
    sleep_until(began + 600.ms()).await;
    assert_eq!(bot.get("/applications/@me").await.status, 200);
    bot.take_violations();
}
