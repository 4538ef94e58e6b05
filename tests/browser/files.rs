//! Files on the page: picked, dropped and pasted.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use super::open;
use crate::support::{pictures::png, script::model};

/// Hands a file to the page in one of three ways: its name, its bytes in Base64, the way.
const GIVE: &str = "const [name, data, way] = args;
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([bytes], name));
    const say = document.getElementById('say');
    if (way === 'paste')
      say.dispatchEvent(new ClipboardEvent('paste', { clipboardData: files, cancelable: true, bubbles: true }));
    else if (way === 'drop')
      say.dispatchEvent(new DragEvent('drop', { dataTransfer: files, cancelable: true, bubbles: true }));
    else {
      const picker = document.getElementById('file');
      picker.files = files.files;
      picker.dispatchEvent(new Event('change'));
    }
    return true";

#[tokio::test]
async fn files_are_chips_before_they_are_sent_and_named_in_the_race() {
    let lane = |id| model(id).says_words(40, 10).used(40).finishes("stop");
    let Some((_site, browser)) = open([lane("quick").sees(), lane("strong").sees(), lane("blind")]).await
    else {
        return;
    };
    let picture = png(9, 9);
    for (name, bytes, way) in [
        ("note.txt", &b"a note"[..], "pick"),
        ("dot.png", &picture, "paste"),
        ("other.txt", b"another", "drop"),
    ] {
        let given = vec![json!(name), json!(BASE64_STANDARD.encode(bytes)), json!(way)];
        browser.until(GIVE, given).await;
    }
    assert_eq!(browser.value("document.querySelectorAll('.chip').length").await, 3);
    browser.screenshot("files").await;
    browser.click(".chip:last-child .chip-remove").await;
    browser.send("What is this?").await;
    browser.sees(".race[data-progress=done]").await;
    assert_eq!(browser.text(".race .files").await, "📎 note.txt, dot.png");
    assert_eq!(browser.text(".race .sat-out").await, "blind sat out: cannot see pictures");
    assert_eq!(browser.value("document.querySelectorAll('.chip').length").await, 0);
    browser.screenshot("files-raced").await;
    let five = vec![json!("large.bin"), json!(BASE64_STANDARD.encode(vec![0; (5 << 20) + 1])), json!("pick")];
    browser.until(GIVE, five).await;
    browser.sees("#note:not([hidden])").await;
    assert!(browser.text("#note").await.contains("more than 5 MB"));
    browser.close().await;
}
