//! The page across restarts, deletions in two tabs, the page of one race, and picked models.

use std::net::SocketAddr;

use fantoccini::key::Key;
use serde_json::json;

use super::{
    driver::{Browser, DESKTOP},
    open,
};
use crate::support::{
    program::{Program, free_address},
    script::{Script, model},
    service::TestService,
};

const EXPORTS: [&str; 6] =
    ["Markdown", "JSON", "Replay (GIF)", "Share card (PNG)", "Chart (PNG)", "Link to this race"];
const RACES: &str = "document.querySelectorAll('.race').length";

/// The service with its simulated models, its database in its own folder.
fn service(address: SocketAddr) -> Program {
    Program::new()
        .env("ARENA_LISTEN", &address.to_string())
        .env("ARENA_LOCAL_CHANNEL", "on")
        .env("ARENA_LOG", "info")
        .env("ARENA_DATA", "data")
}

/// Waits until the page is connected again and shows this many races.
async fn shows(browser: &Browser, races: u32) {
    let shown = "return document.getElementById('banner').hidden && document.querySelectorAll('.race').length === args[0]";
    browser.until(shown, vec![json!(races)]).await;
}

#[tokio::test]
async fn the_history_survives_a_restart_and_a_kill() {
    let Some(mut browser) = Browser::start(DESKTOP).await else { return };
    let address = free_address();
    let service = TestService::start(service(address), address).await;
    browser.visit(&format!("http://{address}/")).await;
    assert!(browser.text("#hint").await.contains("Set HF_TOKEN to race the real models"));
    browser.send("/arena ask gemma-2b Why is the sky blue?").await;
    browser.sees(".race[data-progress=done]").await;
    let answer = browser.text(".panel .markdown").await;
    browser.send("Write a long story about a lynx.").await;
    browser.sees(".race[data-progress=live] .panel .markdown p").await;
    let program = service.kill().await;
    browser.sees("#banner").await;
    let service = TestService::start(program, address).await;
    browser.sees(".race[data-progress=interrupted]").await;
    shows(&browser, 2).await;
    browser.client.goto(&format!("http://{address}/")).await.expect("the page anew");
    browser.sees(".race[data-progress=interrupted] .state-tag").await;
    assert_eq!(
        browser.text(".race[data-progress=interrupted] .state-tag").await.to_lowercase(),
        "interrupted"
    );
    assert_eq!(browser.text(".race[data-progress=done] .panel .markdown").await, answer);
    browser.screenshot("restored").await;
    browser.click(".race[data-progress=done] [data-action=answers]").await;
    browser.sees("dialog[open] .full").await;
    browser.press(Key::Escape).await;
    browser.until("return !document.querySelector('dialog')", vec![]).await;
    browser.click(".race[data-progress=done] [data-action=again]").await;
    browser.until("return document.querySelectorAll('.race[data-progress=done]').length === 2", vec![]).await;
    service.signal("TERM").await;
    let log = service.wait_for_exit(0).await;
    assert!(!log.is_empty());
    browser.close().await;
}

fn short() -> [Script; 2] {
    ["a", "b"].map(|id| model(id).says_words(12, 10).used(12).finishes("stop"))
}

#[tokio::test]
async fn forget_and_delete_remove_messages_from_both_tabs() {
    let Some((site, browser)) = open(short()).await else { return };
    let first = browser.client.window().await.expect("a window");
    for (n, line) in ["one", "two", "three"].into_iter().enumerate() {
        browser.send(line).await;
        browser
            .until(
                "return document.querySelectorAll('.race .action-chart').length === args[0]",
                vec![json!(n + 1)],
            )
            .await;
    }
    let second = browser.client.new_window(true).await.expect("a tab").handle;
    browser.client.switch_to_window(second.clone()).await.expect("the second tab");
    browser.client.goto(&site.url("/")).await.expect("a page");
    shows(&browser, 3).await;
    browser.click(".race [data-action=delete]").await;
    browser.sees("dialog[open] [data-confirm=delete]").await;
    browser.press(Key::Enter).await;
    browser.until("return !document.querySelector('dialog')", vec![]).await;
    assert_eq!(browser.value(RACES).await, 3, "the focus begins on Keep");
    browser.click(".race [data-action=delete]").await;
    browser.click("[data-confirm=delete]").await;
    shows(&browser, 2).await;
    browser.client.switch_to_window(first).await.expect("the first tab");
    shows(&browser, 2).await;
    assert_eq!(browser.text(".race .prompt").await, "two");
    browser.send("/arena forget").await;
    shows(&browser, 0).await;
    browser.sees(".welcome").await;
    browser.client.switch_to_window(second).await.expect("the second tab");
    shows(&browser, 0).await;
    browser.close().await;
}

#[tokio::test]
async fn a_race_has_a_page_of_its_own_with_its_exports() {
    let Some((site, browser)) = open(short()).await else { return };
    browser.send("first").await;
    browser.until("return document.querySelector('.race .action-chart') !== null", vec![]).await;
    browser.send("second").await;
    browser.until("return document.querySelectorAll('.race .action-chart').length === 2", vec![]).await;
    browser.click(".race .permalink").await;
    browser.until("return location.pathname.startsWith('/race/')", vec![]).await;
    browser.until("return document.title.startsWith('first')", vec![]).await;
    assert_eq!(browser.value(RACES).await, 1);
    browser.click("[data-action=export]").await;
    browser.sees(".dropdown-list").await;
    browser.screenshot("one-race").await;
    let labels = "[...document.querySelectorAll('.dropdown-list a')].map((link) => link.textContent)";
    assert_eq!(browser.value(labels).await, json!(EXPORTS));
    let race = browser.value("location.pathname.split('/')[2]").await;
    assert_eq!(site.press("nobody", race.as_str().expect("an id"), "delete").await.0, 403);
    browser.press(Key::Escape).await;
    browser.click("[data-action=delete]").await;
    browser.click("[data-confirm=delete]").await;
    browser.sees(".gone").await;
    browser.client.refresh().await.expect("the page anew");
    browser.sees(".gone").await;
    browser.click(".back").await;
    shows(&browser, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn picked_models_race_alone_by_keyboard_and_mouse() {
    let Some((_site, browser)) = open(short()).await else { return };
    browser.click(".side-model[data-model=b]").await;
    browser.sees("#picked .chip").await;
    assert_eq!(
        browser.value("document.querySelector('.side-model[data-model=b]').ariaPressed").await,
        "true"
    );
    assert!(
        browser
            .value("document.getElementById('say').placeholder")
            .await
            .as_str()
            .is_some_and(|hint| hint.contains("Ask b"))
    );
    browser.screenshot("picked").await;
    // a bare line races
    browser.send("is it so?").await;
    browser.sees(".race[data-progress=done]").await;
    assert_eq!(
        browser.value("[...document.querySelectorAll('.panel')].map((panel) => panel.dataset.model)").await,
        json!(["b"])
    );
    browser.value("document.querySelector('#picked .chip').focus()").await;
    browser.press(Key::Enter).await;
    assert_eq!(browser.value("document.getElementById('picked').hidden").await, true);
    assert_eq!(browser.value("document.activeElement.id").await, "say");
    browser.send("and now?").await;
    browser.until("return document.querySelectorAll('.race[data-progress=done]').length === 2", vec![]).await;
    assert_eq!(browser.value("document.querySelectorAll('.race:last-child .panel').length").await, 2);
    browser.close().await;
}

#[tokio::test]
async fn stop_is_offered_to_the_asker_alone() {
    let Some((site, browser)) = open([model("a").says("So far.").hangs()]).await else { return };
    site.race("someone-else", "compare theirs").await;
    browser.sees(".race[data-progress=live] .panel p").await;
    browser.send("mine").await;
    browser.sees("[data-action=stop]").await;
    assert_eq!(browser.value("document.querySelectorAll('[data-action=stop]').length").await, 1);
    browser.click("[data-action=stop]").await;
    browser.sees(".race[data-progress=stopped] [data-action=delete]").await;
    browser.close().await;
}

#[tokio::test]
async fn a_hidden_tab_reports_the_end_in_its_title_and_notes_go_with_their_reason() {
    let Some((_site, browser)) = open(short()).await else { return };
    let hide = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => arguments[0] });
        document.dispatchEvent(new Event('visibilitychange'));";
    browser.client.execute(hide, vec![json!(true)]).await.expect("hidden");
    browser.send("is it so?").await;
    browser.until("return document.title.startsWith('✓ ') && document.title.includes('tok/s')", vec![]).await;
    browser.client.execute(hide, vec![json!(false)]).await.expect("visible");
    assert_eq!(browser.value("document.title.startsWith('#')").await, true);
    browser.close().await;
}
