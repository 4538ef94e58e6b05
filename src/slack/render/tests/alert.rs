//! The messages of the service itself.

use proptest::prelude::*;

use super::{check, laws::hostile, preview::page};
use crate::{
    alert::{Notice, tests::samples},
    arena::digest_sample,
    slack::render::alert,
};

#[test]
fn alerts_and_the_digest_can_be_looked_at() {
    let (digest, _) = digest_sample();
    let notices: Vec<Notice> = samples().into_iter().map(|(_, notice)| notice).chain([digest]).collect();
    let bodies: Vec<_> = notices.iter().map(alert).collect();
    let page = page("alerts", &bodies);
    for words in ["GPT-OSS 120B is slower", "👀 Seen", "🔕 Mute 7 days", "As good as before", "1,284 races"]
    {
        assert!(page.contains(words), "{words} in {page}");
    }
    let spoken = "🐢 GPT-OSS 120B is slower: GPT-OSS 120B: 214 → 148 tok/s";
    assert!(bodies[0].text.starts_with(spoken), "{}", bodies[0].text);
    let json = serde_json::to_string(&bodies[0].blocks).expect("JSON");
    assert!(json.contains("Mute 7 days: GPT-OSS 120B is slower"), "{json}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_alert_breaks_a_limit(text in hostile(), lines in 0..40_usize, again in 1..9_usize) {
        let text = text.repeat(again);
        let notice = Notice {
            icon: "🐢",
            title: format!("{text} is slower"),
            lines: vec![text.clone(); lines],
            footer: Some(text.clone()),
            ..samples()[0].1.clone()
        };
        check::message(&alert(&notice)).map_err(TestCaseError::fail)?;
        check::message(&alert(&Notice::default())).map_err(TestCaseError::fail)?;
    }
}
