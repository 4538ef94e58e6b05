//! The page, used with a mouse.

use fantoccini::key::Key;
use llm_arena::guide::Example;
use serde_json::json;

use super::{
    driver::{Browser, DESKTOP, PHONE},
    open,
};
use crate::{
    support::script::{Script, model},
    web::site::Site,
};

/// A model that answers early, and one that is faster once it has started.
fn pair() -> [Script; 2] {
    [
        model("quick").waits(100).says_words(100, 50).used(100).finishes("stop"),
        model("strong").waits(500).says_words(200, 20).used(200).finishes("stop"),
    ]
}

#[tokio::test]
async fn a_typed_race_has_moving_bars_a_table_and_a_chart() {
    let Some((_site, browser)) = open(pair()).await else { return };
    browser.types("/arena compare why is the sky blue?").await;
    browser.press(Key::Enter).await;
    browser.sees(".race[data-progress=live] .standings").await;
    let widths = "const bars = window.seen ??= new Set(); const bar = document.querySelector('[data-model=quick] .fill');
        bars.add(Math.round(bar.getBoundingClientRect().width)); return bars.size >= 3";
    browser.until(widths, vec![]).await;
    browser.screenshot("live").await;
    browser.sees(".race[data-progress=done]").await;
    let chart = "const link = document.querySelector('.action-chart');
        if (!link) return false;
        fetch(link.href).then((file) => file.blob()).then(createImageBitmap)
            .then((picture) => { window.chart = [picture.width, picture.height, link.download.endsWith('.png')]; });
        return true";
    browser.until(chart, vec![]).await;
    assert_eq!(browser.until("return window.chart", vec![]).await, json!([1200, 675, true]));
    assert_eq!(browser.value("document.querySelectorAll('.numbers tbody tr').length").await, 2);
    assert_eq!(browser.value("document.querySelector('.numbers tbody tr').dataset.model").await, "strong");
    assert!(browser.text(".lesson").await.contains("quick spoke first"));
    let alt = browser.value("document.querySelector('.action-chart').title").await;
    assert!(alt.as_str().expect("alt").contains("strong"), "{alt}");
    browser.screenshot("final").await;
    browser.close().await;
}

/// Collects how long the bars are, from now on.
const OBSERVE: &str = "window.lengths = new Set(); window.observer = new MutationObserver((changes) => {
        for (const { target } of changes) window.lengths.add(target.style.width); });
    for (const bar of document.querySelectorAll('.race .fill'))
        window.observer.observe(bar, { attributeFilter: ['style'] })";

/// Replays a finished race and returns how many lengths its bars had meanwhile.
async fn replayed(browser: &Browser) -> u64 {
    browser.send("/arena compare why is the sky blue?").await;
    browser.sees(".race[data-progress=done] [data-action=replay]").await;
    let before = browser.text(".numbers tbody").await;
    browser.client.execute(OBSERVE, vec![]).await.expect("an observer");
    browser.click("[data-action=replay]").await;
    browser.sees(".race[data-replay=played]").await;
    assert_eq!(browser.text(".numbers tbody").await, before, "the result is back");
    browser.value("window.lengths.size").await.as_u64().expect("a number")
}

#[tokio::test]
async fn a_replay_plays_the_race_again_and_its_picture_is_a_download() {
    let Some((_site, browser)) = open(pair()).await else { return };
    assert!(replayed(&browser).await > 5, "the bars grow");
    browser.click("[data-action=export]").await;
    browser.screenshot("exports").await;
    let start = "const file = (name) => fetch([...document.querySelectorAll('.dropdown-list a')]
            .find((link) => link.href.endsWith(name)).href).then((file) => file.text()).then((text) => text.slice(0, 6));
        Promise.all([file('/replay.gif'), file('/share.png')]).then((files) => { window.heads = files; }); return true";
    browser.until(start, vec![]).await;
    let files = browser.until("return window.heads", vec![]).await;
    assert_eq!(files[0], "GIF89a");
    assert!(files[1].as_str().is_some_and(|head| head.contains("PNG")), "{files}");
    browser.close().await;
}

#[tokio::test]
async fn a_replay_jumps_to_the_end_for_users_who_want_little_motion() {
    let Some(mut browser) = Browser::start_still(DESKTOP).await else { return };
    let site = Site::open(pair()).await;
    browser.visit(&site.url("/")).await;
    assert!(replayed(&browser).await <= 2, "each bar has one length");
    browser.close().await;
}

#[tokio::test]
async fn stop_ends_a_race_and_race_again_starts_the_next_one() {
    let Some((_site, browser)) = open([model("slow").says("So far.").hangs()]).await else { return };
    browser.send("/arena compare wait for it").await;
    browser.sees(".panel .markdown p").await;
    browser.click("[data-action=stop]").await;
    browser.sees(".race[data-progress=stopped] .results").await;
    assert!(browser.text(".race .remark").await.starts_with("stopped"));
    assert_eq!(browser.text(".panel .markdown").await, "So far.");
    browser.click("[data-action=again]").await;
    browser.sees(".race[data-progress=live]").await;
    assert_eq!(browser.value("document.querySelectorAll('.race').length").await, 2);
    browser.close().await;
}

#[tokio::test]
async fn one_click_on_an_example_starts_a_race() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let example =
        Example { title: "A quick fact".into(), prompt: "What is a lynx?".into(), lesson: "Short".into() };
    let site = Site::with([model("a").says("A cat.").used(3).finishes("stop")], 60, vec![example]).await;
    browser.visit(&site.url("/")).await;
    browser.screenshot("welcome").await;
    browser.click(".welcome .example").await;
    browser.sees(".race[data-progress=done]").await;
    assert_eq!(browser.text(".race .prompt").await, "What is a lynx?");
    assert_eq!(browser.value("document.querySelector('.welcome').hidden").await, true);
    browser.close().await;
}

#[tokio::test]
async fn a_second_tab_sees_the_same() {
    let Some((site, browser)) = open([model("a").says("Only **one** answer.").hangs()]).await else { return };
    let first = browser.client.window().await.expect("a window");
    browser.send("/arena compare the same").await;
    let second = browser.client.new_window(true).await.expect("a tab").handle;
    browser.client.switch_to_window(second.clone()).await.expect("the second tab");
    browser.client.goto(&site.url("/")).await.expect("a page");
    browser.sees(".race[data-progress=live] .panel strong").await;
    browser.click("[data-action=stop]").await;
    browser.sees(".race[data-progress=stopped]").await;
    let shown = "document.querySelector('.race').innerText";
    let there = browser.value(shown).await;
    browser.client.switch_to_window(first).await.expect("the first tab");
    browser.sees(".race[data-progress=stopped]").await;
    assert_eq!(browser.value(shown).await, there);
    browser.close().await;
}

#[tokio::test]
async fn a_phone_shows_nineteen_lanes_and_very_long_words_without_overflow() {
    let Some(mut browser) = Browser::start(PHONE).await else { return };
    let endless = "w".repeat(10_000);
    let lanes = (0..19)
        .map(|i| model(&format!("model-{i}")).waits(20 * i).says(&endless).waits(20).says(" end").hangs());
    let site = Site::open(lanes).await;
    browser.visit(&site.url("/")).await;
    let fits = "['documentElement', 'body'].every((part) => document[part].scrollWidth <= innerWidth)
        && document.getElementById('log').scrollWidth <= document.getElementById('log').clientWidth";
    assert_eq!(browser.value(fits).await, true, "empty");
    browser.send(&format!("/arena compare {}", "p".repeat(10_000))).await;
    browser.sees(".race[data-progress=live] .lane:nth-child(19)").await;
    assert_eq!(browser.value(fits).await, true, "live");
    browser.screenshot("phone-live").await;
    browser.click("[data-action=stop]").await;
    browser.sees(".race[data-progress=stopped] .results").await;
    assert_eq!(browser.value(fits).await, true, "done");
    browser.screenshot("phone-final").await;
    browser.click("#menu").await;
    browser.sees("#side .side-model").await;
    browser.screenshot("phone-line-up").await;
    browser.close().await;
}

#[tokio::test]
async fn cards_and_refusals_appear_only_in_this_tab() {
    let Some((site, browser)) = open([model("a").says("x").finishes("stop")]).await else { return };
    browser.send("/arena help").await;
    browser.sees(".ephemeral .commands").await;
    browser.send("/arena compar x").await;
    browser.sees("#note").await;
    assert!(
        browser.text("#note").await.contains("did you mean compare")
            || browser.text("#note").await.contains("did you mean `compare`?")
    );
    assert_eq!(
        browser.value("document.getElementById('say').value").await,
        "/arena compar x",
        "the line is lost"
    );
    browser.click("#note .link").await;
    browser.sees(".race[data-progress=done]").await;
    assert_eq!(browser.text(".race .prompt").await, "compar x");
    assert_eq!(browser.value("document.getElementById('say').value").await, "", "the line stays");
    let second = browser.client.new_window(true).await.expect("a tab").handle;
    browser.client.switch_to_window(second).await.expect("the second tab");
    browser.client.goto(&site.url("/")).await.expect("a page");
    browser.sees(".race").await;
    assert_eq!(browser.value("document.querySelectorAll('.ephemeral').length").await, json!(0));
    browser.close().await;
}

#[tokio::test]
async fn earlier_messages_are_loaded_on_request() {
    let Some((site, browser)) = open([model("a").says("x").finishes("stop")]).await else { return };
    let mut tab = site.tab().await;
    for n in 0..45 {
        let id = site.race("ana", &format!("compare {n}")).await;
        tab.over(&id).await;
    }
    browser.client.goto(&site.url("/")).await.expect("the page anew");
    let count = "return document.querySelectorAll('.race').length === args[0]";
    for shown in [20, 40, 45] {
        browser.until(count, vec![json!(shown)]).await;
        if shown < 45 {
            browser.click(".earlier").await;
        }
    }
    let prompts =
        browser.value("[...document.querySelectorAll('.race .prompt')].map((node) => node.textContent)");
    let numbers: Vec<String> = (0..45).map(|n| n.to_string()).collect();
    assert_eq!(prompts.await, json!(numbers), "in their order");
    assert_eq!(browser.value("document.querySelector('.earlier').hidden").await, true);
    browser.close().await;
}

#[tokio::test]
async fn a_tab_too_many_is_told_so_and_connects_later() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let site = Site::open([model("a")]).await;
    let mut tabs = vec![];
    for _ in 0..64 {
        tabs.push(site.tab().await);
    }
    browser.visit(&site.url("/")).await;
    let told = "return document.getElementById('banner').textContent.includes('Too many tabs')";
    browser.until(told, vec![]).await;
    tabs.clear();
    browser.until("return document.getElementById('banner').hidden", vec![]).await;
    browser.close().await;
}
