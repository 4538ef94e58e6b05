//! The messages of the service itself.

use proptest::prelude::*;

use super::{
    laws::{check, hostile},
    preview::{page, write},
};
use crate::{
    alert::{Notice, tests::samples},
    arena::digest_sample,
    discord::render::{ALERT_FILE, alert, alert_thread, alert_with_chart},
    surface::Chart,
};

#[test]
fn alerts_and_the_digest_can_be_looked_at() {
    let bodies: Vec<_> = samples().iter().map(|(_, notice)| alert(notice, false)).collect();
    let incidents = page("alerts", &bodies);
    for words in [
        "GPT-OSS 120B is slower",
        "👀 Seen",
        "📏 This is the new normal",
        "🔕 Mute 7 days",
        "As good as before",
    ] {
        assert!(incidents.contains(words), "{words} in {incidents}");
    }
    let (digest, chart) = digest_sample();
    let chart = chart.expect("a picture");
    write(&format!("discord-{ALERT_FILE}"), &chart.png);
    let page = page("digest", &[alert_with_chart(&digest, Some(&chart))]);
    assert!(page.contains("1,284 races") && page.contains("discord-alert.png"), "{page}");
}

#[test]
fn a_notice_without_words_is_a_message_all_the_same() {
    let blank = Notice::default();
    assert!(!alert(&blank, false).content.is_empty());
    assert_eq!(alert_thread(&blank), "Details");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_alert_breaks_a_limit(text in hostile(), lines in 0..40_usize, again in 1..9_usize, has_chart in any::<bool>()) {
        let text = text.repeat(again);
        let notice = Notice {
            icon: "🐢",
            title: format!("{text} is slower"),
            lines: vec![text.clone(); lines],
            footer: Some(text.clone()),
            ..samples()[0].1.clone()
        };
        let chart = has_chart.then(|| Chart { png: vec![1], alt: text });
        check(&alert_with_chart(&notice, chart.as_ref()))?;
        prop_assert!((1..=100).contains(&alert_thread(&notice).encode_utf16().count()));
    }
}
