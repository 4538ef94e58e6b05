//! The alternative text: everything in the picture, in sentences, except the prompt, which the message shows.

use super::{
    content::Content,
    row::{Outcome, Row},
};

/// The longest alternative text, in characters
/// (<https://docs.slack.dev/reference/methods/files.getUploadURLExternal>; Discord accepts 1024).
pub(super) const MAX_CHARS: usize = 1_000;

const CUT: &str = "The rest is in the message.";

/// The first sentence about a chart.
pub(super) const BARS: &str = "Bar chart, tokens per second.";

/// Describes a picture of `content` in at most [`MAX_CHARS`] characters, cut between sentences; `opening` is the first.
pub(super) fn text(opening: &str, content: &Content) -> String {
    let mut sentences = vec![opening.to_owned()];
    if content.simulated.is_some() {
        sentences.push(if content.is_mixed { "Some models simulated." } else { "Simulated." }.to_owned());
    }
    let mut rank = 0;
    for row in &content.rows {
        rank += usize::from(matches!(row.outcome, Outcome::Speed { is_complete: true, .. }));
        sentences.push(sentence(row, rank, content.is_mixed));
    }
    let remaining = content.tiles.iter().filter(|(label, _)| matches!(*label, "total" | "output tokens"));
    sentences.extend(remaining.map(|(label, figure)| format!("{} {figure}.", capitalised(label))));
    sentences.extend(content.more.as_ref().map(|more| format!("{}.", more.trim_start_matches("+ "))));
    joined(&sentences)
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn sentence(row: &Row, rank: usize, mixed: bool) -> String {
    let name = if mixed && row.is_simulated { format!("{} (simulated)", row.name) } else { row.name.clone() };
    let mut parts = Vec::new();
    match &row.outcome {
        Outcome::Failed(error) => return format!("{name} failed: {error}."),
        Outcome::NoSpeed(reason) => parts.push(format!("{name}: {reason}")),
        Outcome::Speed { figure, note, is_complete, .. } => {
            let rank = if *is_complete { format!("{rank} ") } else { String::new() };
            parts.push(format!("{rank}{name} {figure}"));
            parts.extend(note.map(str::to_owned));
        }
    }
    parts.extend(row.award.map(|award| award.words().to_owned()));
    parts.extend(row.first_token.as_ref().map(|time| format!("first token {time}")));
    parts.extend(row.thought.as_ref().map(|time| format!("thought {time}")));
    parts.join(", ") + "."
}

/// Joins sentences to at most [`MAX_CHARS`] characters.
pub(super) fn joined(sentences: &[String]) -> String {
    let all = sentences.join(" ");
    if all.chars().count() <= MAX_CHARS {
        return all;
    }
    let mut text = String::new();
    let mut left = MAX_CHARS - CUT.len();
    for sentence in sentences {
        let chars = sentence.chars().count() + 1;
        if chars > left {
            break;
        }
        left -= chars;
        text.push_str(sentence);
        text.push(' ');
    }
    text + CUT
}

#[cfg(test)]
mod tests {
    use super::{
        super::{tests::*, text::Fonts},
        *,
    };
    use crate::race::{metrics::TokenCount, report::Report};

    fn alt(report: &Report) -> String {
        text(BARS, &Content::new(report, Fonts::embedded().expect("the embedded fonts are whole")))
    }

    #[test]
    fn describes_the_picture_without_the_prompt() {
        let mut report = line_up();
        report.lanes[1].metrics.token_count = TokenCount::Estimated;
        assert_eq!(
            alt(&report),
            "Bar chart, tokens per second. 1 GPT-OSS 120B 215, fastest stream, first token 0.62 s. \
             2 Gemma 2B 143, first to answer, first token 0.21 s. 3 Qwen 7B ≈97, first token 0.34 s. \
             4 DeepSeek R1 69, first token 0.88 s, thought 12.3 s. \
             Qwen Coder failed: timed out: no first token within 30 s."
        );
    }

    #[test]
    fn simulated_models_and_lanes_left_out_are_named() {
        let mut report = crowd(19);
        report.lanes.iter_mut().for_each(|lane| lane.simulated = true);
        let alt_text = alt(&report);
        assert!(alt_text.starts_with("Bar chart, tokens per second. Simulated. 1 Model 1 260"), "{alt_text}");
        assert!(alt_text.ends_with("11 more in the message, 3 of them failed."), "{alt_text}");
        report.lanes[0].simulated = false;
        let alt_text = alt(&report);
        assert!(alt_text.contains("Some models simulated. 1 Model 1 260,"), "{alt_text}");
        assert!(alt_text.contains("2 Model 2 (simulated) 130,"), "{alt_text}");
    }

    #[test]
    fn a_single_lane_has_all_its_numbers() {
        let mut report = line_up();
        report.lanes.truncate(1);
        assert!(
            alt(&report).ends_with("1 Gemma 2B 143, first token 0.21 s. Total 4.95 s. Output tokens 680.")
        );
    }

    #[test]
    fn is_cut_between_sentences() {
        let mut report = crowd(8);
        for lane in &mut report.lanes {
            *lane = failed(lane.clone(), &"é".repeat(400));
        }
        let alt_text = alt(&report);
        assert!(alt_text.chars().count() <= MAX_CHARS);
        assert!(alt_text.ends_with("…. The rest is in the message."), "{alt_text}");
    }
}
