//! The laws of the fuzz targets, which `tests/laws/fuzzed.rs` checks in every test run too.

use std::sync::Arc;

use llm_arena::{
    command::{self, Command},
    discord,
    model::{Color, ModelCard, ModelId},
    slack,
    view::text::{Keep, Measure, cells, clip, clipped, one_line, open_fence, plain, window},
};
use tokio::runtime::{Builder, Runtime};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    static LINEUP: Vec<Arc<ModelCard>> = [("gemma-2b", "Gemma 2B"), ("qwen", "Qwén 7B"), ("x", "x y z")].map(card).into();
}

fn card((id, name): (&str, &str)) -> Arc<ModelCard> {
    Arc::new(ModelCard {
        id: ModelId::new(id),
        name: name.into(),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: Color { r: 0, g: 0, b: 0 },
        provider: "p".into(),
        simulated: false,
        vision: false,
        prices: None,
    })
}

/// Bodies and signature headers of webhooks are read without a panic; no delivery is taken without its signature; and
/// the words in them obey the laws of commands. The first byte chooses the kind of delivery.
pub fn webhook(input: &[u8]) {
    let Some((&kind, body)) = input.split_first() else { return };
    let words = RUNTIME.with(|runtime| match kind % 5 {
        0 => discord::fuzzing::interaction(body),
        1 => slack::fuzzing::command(body),
        2 => slack::fuzzing::interaction(body),
        3 => slack::fuzzing::event(body),
        _ => {
            let mut parts = body.splitn(4, |byte| *byte == b'\n');
            let mut part = || parts.next().unwrap_or_default();
            let (signature, timestamp, retry, body) = (part(), part(), part(), part());
            let discord = discord::fuzzing::delivery([signature, timestamp], body.to_vec());
            assert_eq!(runtime.block_on(discord), 401);
            let slack = slack::fuzzing::delivery([signature, timestamp, retry], body.to_vec());
            assert_eq!(runtime.block_on(slack), 401);
            None
        }
    });
    words.into_iter().flatten().for_each(|words| command(words.as_bytes()));
}

/// A line is a command with a prompt of its own words and models of the line-up, or a short error of one line.
pub fn command(input: &[u8]) {
    let line = String::from_utf8_lossy(input);
    LINEUP.with(|lineup| {
        let (models, prompt) = match command::parse(&line, lineup) {
            Ok(Command::Ask { model, prompt }) => (vec![model], prompt),
            Ok(Command::Compare { models, prompt }) => (models, prompt),
            Ok(_) => return,
            Err(error) => {
                let error = error.to_string();
                assert!(error.chars().count() < 300 && !error.contains(char::is_control), "{error:?}");
                return;
            }
        };
        assert!(!prompt.trim().is_empty() && line.contains(&prompt), "{prompt:?}");
        assert!(models.iter().all(|model| lineup.iter().any(|card| card.id == *model)), "{models:?}");
    });
}

/// Clean text has nothing hostile, clips fit and leave no fence open, and answers fit on each platform. The first two
/// bytes choose the limit and the end that is kept.
pub fn text(input: &[u8]) {
    let [high, low, rest @ ..] = input else { return };
    let text = String::from_utf8_lossy(rest);
    let limit = usize::from(u16::from_be_bytes([high & 0x0f, *low]));
    let is_writing = high & 0x10 > 0;
    let keep = if is_writing { Keep::Tail } else { Keep::Head };

    cleaned(&text);
    for measure in [Measure::Chars, Measure::Bytes, Measure::Utf16] {
        let (kept, is_cut) = window(&text, limit, measure, keep);
        assert!(measure.of(kept) <= limit && is_cut == (kept.len() < text.len()));
        let clip = clip(&text, limit, measure, keep);
        assert!(measure.of(&clip) <= limit && open_fence(&clip).is_none(), "{clip:?}");
        assert!(measure.of(&clipped(&text, limit.max(3), measure)) <= limit.max(3));
    }
    let columns = limit % 64 + 1;
    assert_eq!(cells(&text, columns).width(), columns);

    let discord = discord::fuzzing::answer(&text, is_writing, limit);
    assert!(
        Measure::Utf16.of(&discord) <= limit && discord.matches("```").count().is_multiple_of(2),
        "{discord:?}"
    );
    let slack = slack::fuzzing::answer(&text, is_writing, limit);
    assert!(serde_json::to_string(&slack).expect("JSON").len() - 2 <= limit, "{slack:?}");
}

/// [`plain`] is idempotent, leaves no control, format or tag character, and at most eight marks on one base.
fn cleaned(text: &str) {
    let clean = plain(text);
    assert_eq!(plain(&clean), clean);
    assert!(!one_line(text).contains(['\n', '\t']));
    let untagged = ["eng", "sct", "wls"].map(|nation| {
        let tags = format!("gb{nation}\u{7f}").chars().map(tag).collect::<String>();
        format!("\u{1F3F4}{tags}")
    });
    let untagged = untagged.iter().fold(clean, |text, flag| text.replace(flag, "\u{1F3F4}"));
    let mut marks = 0;
    for c in untagged.chars() {
        let is_hostile = (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0000}'..='\u{E007F}');
        assert!(!is_hostile, "{c:?}");
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        assert!(marks <= 8, "{marks} marks");
    }
}

fn tag(c: char) -> char {
    char::from_u32(0xE0000 + u32::from(c)).expect("a tag")
}
