//! Everything by keyboard.

use fantoccini::key::Key;

use super::{driver::Browser, open};
use crate::support::script::model;

const FOCUS: &str = "document.activeElement";

#[tokio::test]
async fn the_box_completes_commands_and_models() {
    let Some((_site, browser)) =
        open([model("first"), model("second").says("Yes.").used(2).finishes("stop")]).await
    else {
        return;
    };
    let line = "document.getElementById('say').value";
    let marked = "document.querySelector('.option[aria-selected=true] .option-label').innerText";
    browser.types("/").await;
    browser.sees("#options .option").await;
    let active = "document.getElementById('say').getAttribute('aria-activedescendant')";
    assert_eq!(browser.value(active).await, "option-0");
    browser.press(Key::Down).await;
    assert!(browser.value(marked).await.as_str().is_some_and(|label| label.contains("/arena blind")));
    browser.press(Key::Down).await;
    assert!(browser.value(marked).await.as_str().is_some_and(|label| label.contains("/arena ask")));
    browser.screenshot("completion").await;
    browser.press(Key::Enter).await;
    assert_eq!(browser.value(line).await, "/arena ask ");
    browser.press(Key::Down).await;
    assert!(browser.value(marked).await.as_str().is_some_and(|label| label.contains("second")));
    browser.press(Key::Tab).await;
    assert_eq!(browser.value(line).await, "/arena ask second ");
    browser.types("is it so?").await;
    browser.press(Key::Enter).await;
    browser.sees(".race[data-progress=done] .results").await;
    assert_eq!(browser.value("document.querySelectorAll('.panel').length").await, 1);
    browser.until("return document.getElementById('say').value === ''", vec![]).await;
    browser.press(Key::Up).await;
    assert_eq!(browser.value(line).await, "/arena ask second is it so?", "the last line is restored");
    browser.press(Key::Down).await;
    browser.types("/ar").await;
    browser.sees("#options .option").await;
    browser.press(Key::Escape).await;
    assert_eq!(browser.value("document.getElementById('options').hidden").await, true);
    browser.close().await;
}

#[tokio::test]
async fn tab_reaches_the_buttons_and_a_dialog_returns_the_focus() {
    let Some((_site, browser)) = open([model("a").thinks("Hm.").says("Yes.").used(2).finishes("stop")]).await
    else {
        return;
    };
    browser.send("/arena compare is it so?").await;
    browser.sees(".race[data-progress=done]").await;
    let label = format!("{FOCUS}.textContent");
    back_to(&browser, &label, "Full answers").await;
    let ring = browser.value(&format!("getComputedStyle({FOCUS}).outlineStyle")).await;
    assert_eq!(ring, "solid", "the focus is invisible");
    browser.press(Key::Enter).await;
    browser.sees("dialog[open] .full").await;
    assert!(browser.text("dialog .markdown").await.contains("Yes."));
    browser.screenshot("full-answers").await;
    browser.press(Key::Escape).await;
    browser.until("return !document.querySelector('dialog')", vec![]).await;
    assert_eq!(browser.value(&label).await, "Full answers", "the focus is lost");
    browser.close().await;
}

#[tokio::test]
async fn the_skip_link_leads_to_the_message_box() {
    let Some((_site, browser)) = open([model("a")]).await else { return };
    back_to(&browser, &format!("{FOCUS}.className"), "skip").await;
    browser.press(Key::Enter).await;
    assert_eq!(browser.value(&format!("{FOCUS}.id")).await, "say");
    browser.close().await;
}

/// Presses Shift+Tab until a property of the focused element has the expected value.
async fn back_to(browser: &Browser, property: &str, expected: &str) {
    let mut steps = 0;
    while browser.value(property).await != expected {
        steps += 1;
        assert!(steps < 30, "Tab does not reach {expected}");
        browser.types(&format!("{}{}", char::from(Key::Shift), char::from(Key::Tab))).await;
    }
}
