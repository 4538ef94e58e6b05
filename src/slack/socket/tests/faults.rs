//! Faults at Slack or on the way, and how the supervisors react.

use super::*;

type Verb = fn(&FakeSocket);

#[tokio::test]
async fn a_broken_connection_is_replaced() {
    // a lost connection stays lost for long enough to be seen on a busy machine
    let slow = Timing { stable_after: TIMEOUT, backoff: Backoff::new(200 * MS, 300 * MS), ..timing() };
    let mut bot = Bot::ready_with(slow).await;
    let breaks: [(&str, Verb); 4] = [
        ("broke", FakeSocket::resets),
        ("closed", FakeSocket::closes),
        ("silent", FakeSocket::goes_dark),
        ("switched off", |fake| fake.disconnects("link_disabled")),
    ];
    for (why, happens) in breaks {
        happens(&bot.fake);
        let said = bot.lost().await;
        assert!(said.contains(why), "{said} for {why}");
        bot.until(|state| *state == State::Ready).await;
        bot.seen(|truth| truth.live.len() == 2).await;
        bot.works().await;
    }
    bot.close().await;
}

#[tokio::test]
async fn garbage_changes_nothing() {
    let mut bot = Bot::ready().await;
    for text in ["", "{", "[]", "null", r#"{"type":"hello"}"#, r#"{"type":7}"#, r#"{"type":"of tomorrow"}"#] {
        bot.fake.garbage(text);
    }
    bot.fake.binary(b"\xff\x00");
    bot.works().await;
    assert_eq!((bot.fake.truth().connections, bot.wavered()), (2, false));
    bot.close().await;
}

#[tokio::test]
async fn a_greeting_that_does_not_come_is_given_up() {
    for (acceptance, greets) in [
        (Acceptance::Open, false),
        (Acceptance::Mute, true),
        (Acceptance::Shut, true),
        (Acceptance::Busy, true),
    ] {
        let fake = Arc::new(FakeSocket::open(Rules::default()).await);
        fake.acceptance(acceptance);
        fake.greets(greets);
        let web_api = WebApi::open(Arc::clone(&fake), []).await;
        let mut bot = Bot::at(fake, web_api, timing());
        let why = bot.lost().await;
        bot.seen(|truth| truth.connections > 1).await;
        bot.fake.acceptance(Acceptance::Open);
        bot.fake.greets(true);
        bot.until(|state| *state == State::Ready).await;
        assert!(why.contains("greet") || why.contains("reached"), "{acceptance:?}: {why}");
        bot.works().await;
        bot.close().await;
    }
}

#[tokio::test]
async fn a_failed_request_for_an_address_is_repeated() {
    for (reply, word) in [
        (Reply::Hang, "no answer in time"),
        (Reply::Status(503), "server error 503"),
        (Reply::Code("internal_error"), "server error 200"),
        (Reply::Code("SELECT * FROM"), "unreadable"),
        (Reply::Text("<html>"), "answer is unreadable"),
        (Reply::Url("http://127.0.0.1:9/"), "no WebSocket address"),
        (Reply::Url("ws://127.0.0.1:9/"), "could not be reached"),
    ] {
        let mut bot = Bot::start([reply]).await;
        let why = bot.lost().await;
        assert!(why.contains(word), "{why} for {word}");
        bot.until(|state| *state == State::Ready).await;
        bot.works().await;
        bot.close().await;
    }
}

/// The old connections serve while no new one can be opened.
#[tokio::test]
async fn a_stalled_refresh_is_survived() {
    let mut bot = Bot::ready().await;
    bot.web_api.then([Reply::Hang, Reply::Hang]);
    let old = bot.fake.truth().live;
    bot.fake.disconnects("refresh_requested");
    for _ in 0..4 {
        bot.works().await;
    }
    bot.fake.closes_these(&old);
    bot.lost().await;
    bot.until(|state| *state == State::Ready).await;
    bot.seen(|truth| truth.live.len() == 2).await;
    bot.works().await;
    bot.close().await;
}

#[tokio::test]
async fn no_request_is_made_before_retry_after() {
    let mut bot = Bot::start([Reply::Limited(1)]).await;
    assert!(bot.lost().await.contains("limits"));
    bot.until(|state| *state == State::Ready).await;
    let times = bot.web_api.times();
    assert!(times[1] - times[0] >= Duration::from_secs(1), "{:?}", times[1] - times[0]);
    bot.close().await;
}

#[tokio::test]
async fn a_refused_token_ends_it_with_instructions() {
    for code in ["invalid_auth", "not_allowed_token_type", "missing_scope", "account_inactive"] {
        let mut bot = Bot::start([Reply::Code(code)]).await;
        let state = bot.until(|state| matches!(state, State::Refused { .. })).await;
        let State::Refused { why } = state else { panic!("refused") };
        assert!(
            why.contains("SLACK_APP_TOKEN") && why.contains(code) && why.contains("connections:write"),
            "{why}"
        );
        timeout(TIMEOUT, bot.task).await.expect("it returns by itself").expect("no panic");
        assert_eq!((bot.web_api.asked(), bot.fake.truth().connections), (1, 0), "{code}");
    }
}

#[tokio::test]
async fn a_socket_of_the_real_slack_is_refused_from_another_api() {
    let mut bot = Bot::start([Reply::Url("wss://wss-primary.slack.com/link/?ticket=secret")]).await;
    let state = bot.until(|state| matches!(state, State::Refused { .. })).await;
    assert!(
        matches!(&state, State::Refused { why } if why.contains("SLACK_API_URL") && !why.contains("secret"))
    );
}

#[tokio::test]
async fn a_server_that_is_away_at_first_is_found_soon() {
    let fake = Arc::new(FakeSocket::open(Rules::default()).await);
    let web_api = WebApi::closed(Arc::clone(&fake)).await;
    let mut bot = Bot::at(fake, web_api, timing());
    assert!(bot.lost().await.contains("no connection"));
    bot.web_api.comes_back().await;
    let begin = Instant::now();
    bot.until(|state| *state == State::Ready).await;
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    bot.works().await;
    bot.close().await;
}

#[tokio::test]
async fn a_client_that_is_turned_away_backs_off() {
    let fake = Arc::new(FakeSocket::open(Rules { most: 0, ..Rules::default() }).await);
    let web_api = WebApi::open(Arc::clone(&fake), []).await;
    let mut bot = Bot::at(fake, web_api, timing());
    assert!(bot.lost().await.contains("too many connections"));
    bot.seen(|truth| truth.connections == 6).await;
    let times = bot.web_api.times();
    // 30, 60, 120, 240, and at least two thirds of 300
    assert!(times[5] - times[0] >= 650 * MS, "{:?}", times[5] - times[0]);
    bot.close().await;
}

#[tokio::test]
async fn connections_that_end_at_once_are_replaced_more_slowly() {
    let mut bot = Bot::start([]).await;
    for ends in 0..10 {
        let truth = bot.seen(|truth| truth.ends.len() >= ends && !truth.live.is_empty()).await;
        bot.fake.closes_these(&truth.live);
        bot.seen(|truth| truth.ends.len() > ends).await;
    }
    let times = bot.web_api.times();
    // both supervisors: 30, 60, 120 and so on, unless one connection lived longer
    assert!(times[9] - times[0] >= 150 * MS, "{:?}", times[9] - times[0]);
    bot.until(|state| *state == State::Ready).await;
    bot.close().await;
}

#[tokio::test]
async fn it_closes_soon_whatever_it_does() {
    for (acceptance, reply) in [
        (Acceptance::Shut, None),
        (Acceptance::Mute, None),
        (Acceptance::Open, Some(Reply::Hang)),
        (Acceptance::Open, Some(Reply::Limited(60))),
    ] {
        let fake = Arc::new(FakeSocket::open(Rules::default()).await);
        fake.acceptance(acceptance);
        let web_api = WebApi::open(Arc::clone(&fake), reply).await;
        let bot = Bot::at(fake, web_api, TIMING);
        timeout(TIMEOUT, bot.web_api.was_asked()).await.expect("in time");
        let took = bot.close().await;
        assert!(took < SOON, "{acceptance:?}: {took:?}");
    }
    let bot = Bot::ready().await;
    bot.fake.goes_dark();
    let took = bot.close().await;
    assert!(took < SOON, "dark: {took:?}");
}
