//! Sample races for the tests of the renderers; the numbers are invented.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    arena::CanaryStatus,
    model::{Availability, Color, Delta, FinishReason, ModelCard, ModelError, ModelId, ServedModel, Usage},
    platform::handlers::WatchReply,
    race::{
        Asker, Circumstances, Quote, RaceId, Record,
        event::{Elapsed, EventKind, LaneEvent, RaceEvent, StopCause},
        state::RaceState,
        vote::{Choice, Label, Tally, Vote, VoteState, candidates},
    },
    view::View,
};

pub(crate) const SKY: &str = "## Why the sky is blue\n\nSunlight holds **every colour**. Air scatters *short* waves \
    much more than long ones, so blue comes from all sides:\n\n- red passes almost straight\n- blue is scattered about \
    **5.5 times** as much, see `1 / λ^4`\n\n> Lord Rayleigh worked it out in 1871.";
pub(crate) const CODE: &str = "Scattering goes with the fourth power of the wavelength:\n\n```python\ndef \
    scattered(nanometres: float) -> float:\n    return (550 / nanometres) ** 4\n\nfor color, length in [(\"blue\", \
    450), (\"red\", 700)]:\n    print(f\"{color:5} {scattered(length):.2f}\")\n```\n\n| colour | nm | scattered |\n\
    |---|---:|---:|\n| blue | 450 | **2.23** |\n| red | 700 | 0.38 |\n\nSo blue wins by far.";
pub(crate) const THOUGHT: &str = "The user asks about the sky. Rayleigh scattering, then. ";

pub(crate) fn race() -> RaceId {
    RaceId::parse("0192f3a1-0000-7000-8000-00005f3a9c2e").expect("an id")
}

/// A quoted message and a persona with names as long as they can be.
pub(crate) fn crowded_circumstances() -> Circumstances {
    Circumstances {
        quote: Some(Quote { author: "@*".repeat(200), url: None }),
        persona: Some("_".repeat(200)),
        parent: None,
    }
}

pub(crate) fn card(id: &str, name: &str, icon: &str, size: &str, color: &str) -> Arc<ModelCard> {
    Arc::new(ModelCard {
        id: ModelId::new(id),
        name: name.into(),
        icon: icon.into(),
        size: size.into(),
        best_for: "complex reasoning, math, logic".into(),
        color: Color::parse(color).expect("a colour"),
        provider: "hf".into(),
        simulated: false,
        vision: false,
        prices: None,
    })
}

/// The default line-up.
pub(crate) fn line_up() -> Vec<Arc<ModelCard>> {
    vec![
        card("gemma-2b", "Gemma 2B", "⚡", "2B", "#FDE263"),
        card("qwen-7b", "Qwen 7B", "📜", "7B", "#4594F0"),
        card("gpt-oss-120b", "GPT-OSS 120B", "🔧", "120B", "#1ADE8C"),
        card("qwen-coder", "Qwen Coder", "💻", "480B", "#EA6E28"),
        card("deepseek-r1", "DeepSeek R1", "🧠", "large", "#F89BD0"),
    ]
}

/// A race that a test builds event by event.
pub(crate) struct SampleRace(pub(crate) RaceState);

impl SampleRace {
    pub(crate) fn of(prompt: &str, cards: Vec<Arc<ModelCard>>) -> Self {
        let lanes = cards.len();
        let mut race = Self(RaceState::new("ana", prompt, cards));
        for lane in 0..lanes {
            race.0.apply(&event(0, lane, LaneEvent::Prepared(Availability::Listed)));
            race.delta(0, lane, Delta::Sent);
        }
        race
    }

    pub(crate) fn delta(&mut self, at: u64, lane: usize, delta: Delta) {
        // the texts are excerpts of those that the numbers belong to
        let arrived = 8 * delta.text_len();
        self.0.apply(&event(at, lane, LaneEvent::Delta { arrived, delta }));
    }

    /// Streams `text` in pieces from `first` to `last`.
    pub(crate) fn says(&mut self, lane: usize, (first, last): (u64, u64), text: &str) {
        let chars: Vec<char> = text.chars().collect();
        // at least eight, so that there is a speed
        let pieces: Vec<String> =
            chars.chunks((chars.len() / 8).clamp(1, 4)).map(String::from_iter).collect();
        let steps = u64::try_from(pieces.len()).expect("few").max(2) - 1;
        for (i, piece) in (0..).zip(pieces) {
            self.delta(first + (last - first) * i / steps, lane, Delta::Text(piece));
        }
    }

    pub(crate) fn ends(&mut self, at: u64, lane: usize, tokens: u64) {
        let usage = Usage { output_tokens: Some(tokens), ..Usage::default() };
        self.delta(at, lane, Delta::Usage(usage));
        self.delta(at, lane, Delta::Finished(FinishReason::new("stop")));
        self.delta(at, lane, Delta::Ended);
        self.0.apply(&event(at, lane, LaneEvent::Closed));
    }

    pub(crate) fn fails(&mut self, at: u64, lane: usize, error: ModelError) {
        self.0.apply(&event(at, lane, LaneEvent::Failed(error)));
    }

    pub(crate) fn stop(&mut self, at: u64, cause: StopCause) -> View {
        self.0.apply(&RaceEvent { at: Elapsed::from_millis(at), kind: EventKind::Stop(cause) });
        self.view()
    }

    pub(crate) fn tick(&mut self, at: u64) -> View {
        self.0.apply(&RaceEvent { at: Elapsed::from_millis(at), kind: EventKind::Tick });
        self.view()
    }

    pub(crate) fn view(&self) -> View {
        View::of(&self.0)
    }

    pub(crate) fn record(&self) -> Record {
        Record {
            id: race(),
            asker: Asker { id: "discord:1".into(), name: "ana".into() },
            started_at: Timestamp::UNIX_EPOCH,
            report: self.0.report(),
        }
    }
}

fn event(at: u64, lane: usize, event: LaneEvent) -> RaceEvent {
    RaceEvent { at: Elapsed::from_millis(at), kind: EventKind::Lane(lane, event) }
}

/// A race of the default line-up, half-way through.
pub(crate) fn running() -> SampleRace {
    let mut race = SampleRace::of("Why is the sky blue? Show it with a *small* program.", line_up());
    race.says(0, (210, 1_600), SKY);
    race.ends(1_600, 0, 231);
    race.says(2, (620, 2_000), &CODE[..240]);
    race.says(1, (340, 2_050), &SKY[..180]);
    for at in [500, 900, 1_500, 2_080] {
        race.delta(at, 4, Delta::Reasoning(THOUGHT.into()));
    }
    race
}

/// The race of [`running`] when it is over; Qwen Coder failed.
pub(crate) fn finished() -> SampleRace {
    let mut race = running();
    race.says(2, (2_030, 3_100), &CODE[240..]);
    race.ends(3_120, 2, 430);
    race.says(1, (2_100, 4_300), &SKY[180..]);
    race.ends(4_310, 1, 236);
    race.fails(5_000, 3, ModelError::RateLimited { retry_after: Some(std::time::Duration::from_secs(20)) });
    race.says(4, (5_600, 9_800), &format!("{SKY}\n\n{CODE}"));
    race.ends(9_810, 4, 1_310);
    race
}

#[test]
fn a_lane_says_why_it_has_no_speed_and_which_model_answered() {
    let mut race = SampleRace::of("Why?", line_up());
    race.says(0, (200, 200), "All of it arrives in the very same read, however long it is.");
    race.delta(200, 0, Delta::Usage(Usage { server_tokens_per_second: Some(66.0), ..Usage::default() }));
    race.ends(210, 0, 40);
    race.says(1, (200, 1_200), "Another model answers.");
    race.delta(1_200, 1, Delta::Served(ServedModel { name: "plain60".into(), is_other: true }));
    race.ends(1_210, 1, 40);
    race.delta(300, 2, Delta::Loading);
    let lanes = race.view().lanes;
    assert_eq!(lanes[0].speed, None);
    let note = |lane: usize| lanes[lane].note.as_deref().unwrap_or_default();
    assert_eq!(note(0), "arrived in one piece; its server says 66 tok/s");
    assert_eq!(note(1), "answered by plain60, not by the model that was asked for");
    assert_eq!(lanes[2].status, "loading the model 1.2 s");
}

/// As many canaries, each second one paused, for someone who may change them or not.
pub(crate) fn canaries(count: usize, may_change: bool) -> WatchReply {
    let canary = |at: usize| CanaryStatus {
        key: at as u64,
        id: format!("nightly_{at}"),
        about: "every day at 04:00 UTC: GPT-OSS 120B, Qwen 7B".into(),
        state: if at % 2 == 1 { "paused by *ana*" } else { "active" }.into(),
        last_run: "last run 12 min ago: all 3 answered, 96 / 104 / 151 tok/s".into(),
        next_run: at.is_multiple_of(2).then(|| "next run in 3 h".into()),
        is_paused: at % 2 == 1,
    };
    let note = "People who manage messages can run and pause canaries here.".into();
    WatchReply { canaries: (0..count).map(canary).collect(), may_change, note }
}

/// The views of a blind race: while the models write, while people vote, and afterwards.
pub(crate) fn blind_views() -> [View; 3] {
    let mut live = running();
    live.0.vote = VoteState::Awaited;
    let mut race = finished();
    let order = candidates(&race.0.report().lanes).into_iter().rev().collect();
    let mut vote = Vote {
        order,
        closes_at: Timestamp::UNIX_EPOCH,
        is_open: true,
        tally: Tally::default(),
        left_out: 1,
        uncounted: None,
    };
    vote.tally.add(Choice::Best(Label::at(1).expect("a label"), Label::at(0)));
    race.0.vote = VoteState::Opened(vote.clone());
    let open = race.view();
    race.0.vote = VoteState::Opened(Vote { is_open: false, ..vote });
    [live.view(), open, race.view()]
}
