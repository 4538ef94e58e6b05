//! Who streamed fastest and who answered first: two different winners teach throughput and latency in one look.
//!
//! Must not know how it is shown.

use super::{super::sanitize, Entry};
use crate::race::figures;

/// What a lane won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chart) enum Honour {
    /// The highest decode speed.
    Fastest,
    /// The first answer token.
    First,
    /// Both.
    Both,
}

impl Honour {
    /// As it stands in the bar.
    pub(in crate::chart) fn words(self) -> &'static str {
        match self {
            Self::Fastest => "fastest stream",
            Self::First => "first to answer",
            Self::Both => "first and fastest",
        }
    }
}

/// The honour of each entry. Only finished lanes win, only against another one, and only by figures that read
/// differently. Thinking aloud is not answering: the first token outside reasoning counts.
pub(super) fn of(entries: &[Entry<'_>]) -> Vec<Option<Honour>> {
    let finished = || entries.iter().enumerate().filter(|(_, entry)| entry.lane.status.is_finished());
    let speeds = finished().filter_map(|(i, entry)| {
        let speed = entry.drawn_speed()?;
        Some((i, -speed, figures::speed(Some(speed), entry.lane.metrics.token_count)))
    });
    let waits = finished().filter_map(|(i, entry)| {
        let wait = sanitize::time(entry.lane.metrics.ttfa)?;
        Some((i, wait.as_secs_f64(), figures::seconds(wait)))
    });
    let (fastest, first) = (winner(speeds), winner(waits));
    let honour = |i| match (fastest == Some(i), first == Some(i)) {
        (true, true) => Some(Honour::Both),
        (true, false) => Some(Honour::Fastest),
        (false, true) => Some(Honour::First),
        (false, false) => None,
    };
    (0..entries.len()).map(honour).collect()
}

/// The index with the smallest key, unless it is alone or another one reads the same.
fn winner(candidates: impl Iterator<Item = (usize, f64, String)>) -> Option<usize> {
    let mut candidates: Vec<_> = candidates.collect();
    candidates.sort_by(|a, b| a.1.total_cmp(&b.1));
    match &candidates[..] {
        [best, second, ..] if best.2 != second.2 => Some(best.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::samples::*, ordered},
        *,
    };
    use crate::race::report::Report;

    fn honours(report: &Report) -> Vec<(String, Honour)> {
        let entries = ordered(report);
        let named = entries.iter().zip(of(&entries));
        named.filter_map(|(entry, honour)| Some((entry.lane.card.name.clone(), honour?))).collect()
    }

    #[test]
    fn latency_and_throughput_have_different_winners() {
        let expected = [("GPT-OSS 120B".into(), Honour::Fastest), ("Gemma 2B".into(), Honour::First)];
        assert_eq!(honours(&line_up()), expected);
    }

    #[test]
    fn one_lane_may_win_both() {
        let mut report = line_up();
        report.lanes[2].metrics.ttfa = Some(ms(90));
        assert_eq!(honours(&report), [("GPT-OSS 120B".into(), Honour::Both)]);
    }

    #[test]
    fn a_tie_and_a_single_lane_have_no_winner() {
        let mut report = line_up();
        for lane in &mut report.lanes {
            lane.metrics.tokens_per_second = Some(143.2);
            lane.metrics.ttfa = Some(ms(210));
        }
        assert_eq!(honours(&report), []);
        report = line_up();
        report.lanes.truncate(1);
        assert_eq!(honours(&report), []);
    }

    #[test]
    fn thinking_early_is_not_answering_first() {
        let mut report = line_up();
        report.lanes[4].metrics.ttft = Some(ms(1));
        assert_eq!(honours(&report)[1], ("Gemma 2B".into(), Honour::First));
    }
}
