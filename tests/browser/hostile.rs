//! Hostile text, which must stay text.

use std::time::Duration;

use tokio::time::timeout;

use super::open;
use crate::support::script::model;

const MARKUP: &str = "<img src=x onerror=\"window.caught=1;alert(1)\"><script>window.caught=2</script>\
    <a href=\"javascript:window.caught=3\">here</a> [there](javascript:alert(4)) <svg onload=alert(5)>";

#[tokio::test]
async fn markup_from_users_and_models_stays_text() {
    let answer = format!(
        "{MARKUP}\n\n# <b>head</b>\n- <iframe src=/>\n\n```html\n{MARKUP}\n```\n| <i>a</i> | b |\n|---|---|\n| `<u>` | c |"
    );
    let Some((site, browser)) =
        open([model("a").thinks(MARKUP).says(&answer).used(9).finishes("stop")]).await
    else {
        return;
    };
    browser.value("localStorage.setItem('arena.name', '<b onclick=alert(6)>ana</b>')").await;
    browser.client.goto(&site.url("/")).await.expect("the page anew");
    browser.sees(".side-model").await;
    browser.send(&format!("/arena compare {MARKUP}")).await;
    browser.sees(".race[data-progress=done]").await;
    browser.screenshot("hostile").await;
    assert_eq!(browser.text(".race .prompt").await, MARKUP);
    assert_eq!(browser.text(".race .asker").await, "<b onclick=alert(6)>ana</b>");
    let said = browser.value("document.querySelector('.panel .markdown').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("<script>window.caught=2</script>")), "{said}");
    assert!(said.as_str().is_some_and(|said| said.contains("there (javascript:alert(4))")), "{said}");
    let inside = "document.querySelectorAll('.race :is(script, iframe, svg:not(.icon), b, i, u, img, a:not(.permalink, .dropdown a))').length";
    assert_eq!(browser.value(inside).await, 0);
    browser.click("[data-action=answers]").await;
    browser.sees("dialog .full").await;
    let whole = browser.value("document.querySelector('dialog .thoughts p').textContent").await;
    assert_eq!(whole, MARKUP);
    let opened = "document.querySelectorAll('dialog :is(script, iframe, img, a, svg:not(.icon))').length";
    assert_eq!(browser.value(opened).await, 0);
    assert!(browser.value("window.caught ?? null").await.is_null(), "a script ran");
    assert!(browser.client.get_alert_text().await.is_err(), "an alert appeared");
    browser.close().await;
}

#[tokio::test]
async fn very_long_blank_lines_do_not_block_the_page() {
    // a pattern that takes quadratic time on this text would block the page beyond the timeout
    let gap = " ".repeat(40_000);
    let marks = format!("# a{gap}b\n\n```{gap}`\n\na | b\n-{gap}|{gap}-{gap}x\n\n-{gap}-x\n\nthe end");
    let Some((_site, browser)) = open([model("a").says(&marks).used(9).finishes("stop")]).await else {
        return;
    };
    let read = async {
        browser.send("/arena compare x").await;
        browser.sees(".race[data-progress=done]").await;
        browser.click("[data-action=answers]").await;
        browser.sees("dialog .full").await;
        browser.value("document.querySelector('dialog .markdown').textContent").await
    };
    let said = timeout(Duration::from_secs(45), read).await.expect("the page is not blocked");
    assert!(said.as_str().is_some_and(|said| said.ends_with("the end")), "{said}");
    browser.close().await;
}

#[tokio::test]
async fn a_markdown_subset_is_rendered_as_nodes() {
    let answer = "## Head\nA **bold** and *leaning* `code <b>`.\n\n1. one\n   - inner\n2. two\n\n```rust\nfn main() {}\n```\n> quoted\n\nsnake_case_name and 2 * 3 * 4";
    let Some((_site, browser)) = open([model("a").says(answer).used(9).finishes("stop")]).await else {
        return;
    };
    browser.send("/arena compare x").await;
    browser.sees(".race[data-progress=done]").await;
    let shape = browser
        .value("[...document.querySelectorAll('.panel .markdown *')].map((node) => node.localName).join(' ')")
        .await;
    assert_eq!(
        shape,
        "h5 p strong em code ol li ul li li div div span button svg path path span span pre code span span blockquote p"
    );
    assert!(browser.text(".panel .markdown > p:last-child").await.ends_with("snake_case_name and 2 * 3 * 4"));
    browser.close().await;
}
