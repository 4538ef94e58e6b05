//! The scripts of the races, shared by the process that plays them and the one that measures.

use std::time::Duration;

use crate::provider::{Answer, Spelling, answer};

/// One race of five lanes.
pub(crate) struct Scenario {
    /// The name on the command line and in the table.
    pub(crate) name: &'static str,
    /// The number of races.
    pub(crate) rounds: usize,
    pub(crate) lanes: Vec<Lane>,
}

/// One lane: its tokens and their schedule.
#[derive(Clone)]
pub(crate) struct Lane {
    pub(crate) model: String,
    /// From the request to the first token.
    first: Duration,
    /// Tokens per second.
    rate: f64,
    tokens: usize,
    per_event: usize,
    /// The spelling of reasoning and its number of tokens.
    thoughts: Option<(Spelling, usize)>,
    /// Sends the role as soon as the request arrives.
    early_role: bool,
}

const PACES: [(f64, u64); 5] = [(215.0, 620), (143.0, 210), (97.0, 340), (72.0, 880), (50.0, 450)];
const WORDS: [&str; 6] = ["light ", "naïve ", "日本 ", "🌍 ", "scatters\r\n", "\"so\" "];

/// All scenarios in the order of the table.
pub(crate) fn all() -> Vec<Scenario> {
    let lanes = || PACES.iter().enumerate().map(|(i, (rate, first))| Lane::new(i, *rate, *first)).collect();
    let every = |change: fn(usize, Lane) -> Lane| {
        let lanes: Vec<Lane> = lanes();
        lanes.into_iter().enumerate().map(|(i, lane)| change(i, lane)).collect()
    };
    let scenario = |name, rounds, lanes| Scenario { name, rounds, lanes };
    vec![
        scenario("plain", 1, lanes()),
        scenario("four a chunk", 1, every(|_, lane| Lane { per_event: 4, ..lane })),
        scenario("reasoning", 1, every(Lane::thinking)),
        scenario("late", 1, every(|_, lane| lane.late())),
        scenario(STOP, 10, every(|_, lane| Lane { tokens: 10_000, ..lane })),
    ]
}

/// The scenario whose races are stopped mid-answer.
pub(crate) const STOP: &str = "stop";

impl Lane {
    fn new(index: usize, rate: f64, first_ms: u64) -> Self {
        Self {
            model: format!("lane {}, {rate} tok/s", index + 1),
            first: Duration::from_millis(first_ms),
            rate,
            tokens: 400,
            per_event: 1,
            thoughts: None,
            early_role: false,
        }
    }

    /// Sends 40 tokens, two seconds after an event that only has the role.
    fn late(self) -> Self {
        Self { first: Duration::from_secs(2), tokens: 40, early_role: true, ..self }
    }

    /// Turns half of the tokens into reasoning, with a different spelling per lane.
    fn thinking(index: usize, mut lane: Self) -> Self {
        let spelling = Spelling::ALL[index % Spelling::ALL.len()];
        lane.model = format!("{spelling:?} {}", lane.rate);
        lane.thoughts = Some((spelling, lane.tokens / 2));
        lane
    }

    fn words(&self) -> Vec<&'static str> {
        (0..self.tokens).map(|i| WORDS[(i * i + i / 7) % WORDS.len()]).collect()
    }

    /// The expected reasoning and answer.
    pub(crate) fn texts(&self) -> (String, String) {
        let words = self.words();
        let (thoughts, answer) = words.split_at(self.thoughts.map_or(0, |(_, count)| count));
        (thoughts.concat(), answer.concat())
    }

    /// The provider's script.
    pub(crate) fn answer(&self) -> Answer {
        let words = self.words();
        let (thoughts, spoken) = words.split_at(self.thoughts.map_or(0, |(_, count)| count));
        let mut script = answer(&self.model);
        if self.early_role {
            script = script.role();
        }
        script = script.until(self.first);
        if !self.early_role {
            script = script.role();
        }
        if let Some((spelling, _)) = self.thoughts {
            script = script.begins_to_think(spelling);
            for (i, some) in thoughts.chunks(self.per_event).enumerate() {
                script = script.until(self.due(i * self.per_event)).thinks(spelling, some);
            }
            script = script.ends_thinking(spelling);
        }
        for (i, some) in spoken.chunks(self.per_event).enumerate() {
            script = script.until(self.due(thoughts.len() + i * self.per_event)).says_tokens(some);
        }
        script.whole()
    }

    /// The time at which a token is sent.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand tokens")]
    fn due(&self, token: usize) -> Duration {
        self.first + Duration::from_secs_f64(token as f64 / self.rate)
    }
}
