//! The pages of the board and of the history of speeds.

use fantoccini::key::Key;
use serde_json::json;

use super::driver::{Browser, DESKTOP, PHONE};
use crate::{
    store::team,
    support::script::{Script, model},
    web::site::Site,
};

fn pair() -> [Script; 2] {
    ["a", "b"].map(|id| model(id).waits(5).says_words(70, 2).used(70).finishes("stop"))
}

/// Nothing but a table is wider than the page.
async fn fits(browser: &Browser) {
    let wide = browser.value("document.documentElement.scrollWidth - innerWidth").await;
    assert!(wide.as_i64().is_some_and(|wide| wide <= 0), "{wide}");
}

#[tokio::test]
async fn the_board_has_a_page_with_a_choice_of_periods() {
    let Some(mut browser) = Browser::start(PHONE).await else { return };
    let folder = team::folder("web", 8).await;
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    browser.visit(&site.url("/")).await;
    browser.click("#menu").await;
    browser.click(".side-pages a[href='/board']").await;
    browser.sees(".standings").await;
    assert!(browser.text(".verdict-text").await.contains("leads for this team"));
    assert_eq!(browser.text(".standings tbody th[scope=row]").await, "a");
    assert_eq!(browser.value("document.querySelectorAll('.tier').length").await, 2);
    fits(&browser).await;
    browser.screenshot("board-phone").await;
    browser.click("#periods a[href='/board?days=30']").await;
    browser.sees("#periods a[href='/board?days=30'][aria-current]").await;
    browser
        .until("return document.querySelector('.verdict').textContent.includes('last 30 days')", vec![])
        .await;
    assert_eq!(browser.value("location.search").await, "?days=30");
    let focused = browser.value("document.activeElement.search").await;
    assert_eq!(focused, "?days=30", "the focus stays on the choice");
    browser.client.back().await.expect("back");
    browser
        .until("return !document.querySelector('.verdict').textContent.includes('last 30 days')", vec![])
        .await;
    browser.close().await;
    site.shut_down(store).await;
}

#[tokio::test]
async fn a_board_that_is_too_early_says_how_far_it_is() {
    let Some(browser) = Browser::start(PHONE).await else { return };
    let folder = team::folder("web", 3).await;
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    browser.client.goto(&site.url("/board")).await.expect("a page");
    browser.sees(".goals").await;
    assert_eq!(browser.text(".goal").await.replace('\n', " "), "15 of 20 ballots");
    assert_eq!(browser.value("document.querySelectorAll('.standings').length").await, 0);
    fits(&browser).await;
    browser.close().await;
    site.shut_down(store).await;
}

#[tokio::test]
async fn the_chart_is_read_with_the_keyboard_and_grows_with_every_race() {
    let Some(browser) = Browser::start(DESKTOP).await else { return };
    let folder = team::folder("web", 1).await;
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    browser.client.goto(&site.url("/history?days=30")).await.expect("a page");
    browser.sees(".chart .dots").await;
    browser.screenshot("history").await;
    fits(&browser).await;
    let focus = "document.querySelector('.chart').focus()";
    browser.client.execute(focus, vec![]).await.expect("a focus");
    let words = async || browser.value("document.querySelector('.chart').ariaValueText").await.to_string();
    assert!(words().await.ends_with(": 70 tok/s\""), "{}", words().await);
    let newest = words().await;
    browser.press(Key::Left).await;
    assert!(words().await.ends_with(": 70 tok/s\"") && words().await != newest, "{}", words().await);
    browser.press(Key::Home).await;
    assert_eq!(browser.value("document.querySelector('.chart').ariaValueNow").await, "1");
    browser.sees(".tip").await;
    browser.press(Key::End).await;

    // the page knows of races from the channel's stream; the first one is of a contender of its own
    browser.sees(".live").await;
    for races in ["1", "2"] {
        site.race("ana", "ask a x").await;
        browser
            .until("return document.querySelector('.chart').ariaValueMax === args[0]", vec![json!(races)])
            .await;
    }
    assert_eq!(browser.value("document.getElementById('announcer').textContent").await, "1 new race of a");

    // another model, which has no races yet
    browser.click(".models a[href*='model=b']").await;
    browser
        .until("return document.querySelector('.panel h2').textContent.startsWith(args[0])", vec![json!("b")])
        .await;
    assert_eq!(browser.value("document.querySelector('.chart').checkVisibility()").await, false);
    browser.close().await;
    site.shut_down(store).await;
}
