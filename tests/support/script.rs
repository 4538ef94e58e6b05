//! A model that plays a script: no sockets, for films under a paused clock.

use std::{sync::Arc, time::Duration};

use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use llm_arena::model::{
    Availability, ChatModel, Color, Delta, FinishReason, Identity, ModelCard, ModelError, ModelId, Prompt,
    Stamped, Usage,
};
use tokio::time::{Instant, sleep_until};

/// The next step of a scripted model.
#[derive(Clone)]
enum Step {
    Wait(Duration),
    Say(Delta),
    Fail(ModelError),
    Hang,
    Panic,
}

/// A model with a script; each method adds a step.
#[derive(Clone)]
pub struct Script {
    card: ModelCard,
    maker: Option<String>,
    prepare: Duration,
    availability: Availability,
    steps: Vec<Step>,
}

/// A scripted model with this id.
pub fn model(id: &str) -> Script {
    let card = ModelCard {
        id: ModelId::new(id),
        name: id.to_owned(),
        icon: String::new(),
        size: String::new(),
        best_for: String::new(),
        color: Color { r: 69, g: 148, b: 240 },
        provider: "scripted".into(),
        simulated: false,
        vision: false,
        prices: None,
    };
    Script { card, maker: None, prepare: Duration::ZERO, availability: Availability::Listed, steps: vec![] }
}

impl Script {
    pub fn prepares_in(mut self, ms: u64) -> Self {
        self.prepare = Duration::from_millis(ms);
        self
    }

    pub fn is(mut self, availability: Availability) -> Self {
        self.availability = availability;
        self
    }

    pub fn looks(mut self, icon: &str, color: Color) -> Self {
        icon.clone_into(&mut self.card.icon);
        self.card.color = color;
        self
    }

    /// Can see pictures.
    pub fn sees(mut self) -> Self {
        self.card.vision = true;
        self
    }

    pub fn made_by(mut self, maker: &str) -> Self {
        self.maker = Some(maker.to_owned());
        self
    }

    /// With a changed card.
    pub fn with_card(mut self, change: impl FnOnce(&mut ModelCard)) -> Self {
        change(&mut self.card);
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub fn waits(self, ms: u64) -> Self {
        self.step(Step::Wait(Duration::from_millis(ms)))
    }

    pub fn says(self, text: &str) -> Self {
        self.step(Step::Say(Delta::Text(text.into())))
    }

    pub fn thinks(self, text: &str) -> Self {
        self.step(Step::Say(Delta::Reasoning(text.into())))
    }

    pub fn stays_alive(self) -> Self {
        self.step(Step::Say(Delta::Alive))
    }

    /// `n` words, one every `ms`.
    pub fn says_words(mut self, n: usize, ms: u64) -> Self {
        for i in 0..n {
            self = self.says(&format!("w{i} ")).waits(ms);
        }
        self
    }

    pub fn used(self, output_tokens: u64) -> Self {
        self.step(Step::Say(Delta::Usage(Usage { output_tokens: Some(output_tokens), ..Usage::default() })))
    }

    pub fn finishes(self, reason: &str) -> Self {
        self.step(Step::Say(Delta::Finished(FinishReason::new(reason))))
    }

    pub fn fails(self, error: ModelError) -> Self {
        self.step(Step::Fail(error))
    }

    pub fn hangs(self) -> Self {
        self.step(Step::Hang)
    }

    pub fn panics(self) -> Self {
        self.step(Step::Panic)
    }

    pub fn arc(self) -> Arc<dyn ChatModel> {
        Arc::new(self)
    }
}

impl ChatModel for Script {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn identity(&self) -> Identity {
        Identity::new(&self.card, None, self.maker.as_deref(), [])
    }

    fn prepare(&self) -> BoxFuture<'static, Availability> {
        let (wait, availability) = (self.prepare, self.availability.clone());
        async move {
            tokio::time::sleep(wait).await;
            availability
        }
        .boxed()
    }

    fn stream(&self, _: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        let sent = stream::once(async { Ok(Stamped::new(Instant::now(), Delta::Sent)) });
        let steps = stream::iter(self.steps.clone());
        let answer = steps.scan(None, |due: &mut Option<Instant>, step| {
            let due = due.get_or_insert_with(Instant::now);
            if let Step::Wait(wait) = step {
                *due += wait;
            }
            futures::future::ready(Some((*due, step)))
        });
        sent.chain(answer.filter_map(|(due, step)| play(due, step))).boxed()
    }
}

async fn play(due: Instant, step: Step) -> Option<Result<Stamped, ModelError>> {
    sleep_until(due).await;
    match step {
        Step::Wait(_) => None,
        Step::Say(delta) => Some(Ok(Stamped::new(due, delta))),
        Step::Fail(error) => Some(Err(error)),
        Step::Hang => futures::future::pending().await,
        Step::Panic => panic!("as the script says"),
    }
}
