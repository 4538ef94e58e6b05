//! Follow-ups at the arena: the history of each lane, exactly as its model is sent it. The platforms have stories of
//! their own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use llm_arena::{
    arena::{Arena, Caps, ContinueError, LookupError, Origin},
    model::{
        Availability, ChatModel, Delta, Exchange, FinishReason, ModelCard, ModelError, ModelId, Prompt,
        Stamped,
    },
    race::{Asker, RaceId, Record, conversation::Context},
};
use tokio::time::Instant;

use super::{LIMITS, card, with_timeout};
use crate::{
    store::engine::{Engine, Process, start},
    support::window::Window,
};

const MODELS: [&str; 5] = ["alder", "birch", "cedar", "dogwood", "elm"];

/// A model that answers with its name and the last words of the prompt, and remembers what it was sent.
struct Echo {
    card: ModelCard,
    heard: Arc<Mutex<Vec<Arc<Prompt>>>>,
}

impl ChatModel for Echo {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn prepare(&self) -> BoxFuture<'static, Availability> {
        async { Availability::Listed }.boxed()
    }

    fn stream(&self, prompt: Arc<Prompt>) -> BoxStream<'static, Result<Stamped, ModelError>> {
        let answer = answer(self.card.id.as_str(), &prompt.text);
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(prompt);
        let deltas = [Delta::Sent, Delta::Text(answer), Delta::Finished(FinishReason::new("stop"))];
        stream::iter(deltas.map(|delta| Ok(Stamped::new(Instant::now(), delta)))).boxed()
    }
}

fn answer(model: &str, prompt: &str) -> String {
    format!("{model} on {prompt}")
}

/// A process with an arena.
struct Service {
    arena: Arena,
    process: Process,
    heard: Vec<Arc<Mutex<Vec<Arc<Prompt>>>>>,
}

impl Service {
    async fn start(engine: &Engine, models: &[&str], text_days: u32) -> Self {
        let process = start(engine.location(), text_days);
        process.connected().await;
        let heard: Vec<Arc<Mutex<Vec<_>>>> = models.iter().map(|_| Arc::default()).collect();
        let model = |(id, heard): (&&str, &Arc<_>)| {
            Arc::new(Echo { card: card(id), heard: Arc::clone(heard) }) as Arc<dyn ChatModel>
        };
        let models = models.iter().zip(&heard).map(model).collect();
        let arena = Arena::new(models, LIMITS).with_store(process.store.clone(), Caps::default());
        Self { arena, process, heard }
    }

    /// Runs a race, which continues `parent` if there is one.
    async fn ask(
        &self,
        who: &str,
        models: &[&str],
        text: &str,
        parent: Option<(RaceId, Context)>,
    ) -> Arc<Record> {
        let asker = Asker { id: format!("test:{who}"), name: who.into() };
        let models: Vec<ModelId> = models.iter().map(|id| ModelId::new(id)).collect();
        let mut admitted = self.arena.admit(asker, &models, text.into()).expect("admitted");
        if let Some((parent, context)) = parent {
            let conversation = self.arena.conversation(parent, context).await.expect("a conversation");
            admitted = admitted.continuing(conversation, self.arena.cards());
        }
        let recorded = self.arena.record(admitted, &Origin::default()).await.expect("recorded");
        let (mut window, _) = Window::new();
        let record = with_timeout(self.arena.race(recorded, &mut window)).await;
        // its end is stored by a task of its own
        with_timeout(async {
            while self.process.store.lookup(record.id).await.ok().flatten().is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        record
    }

    /// Returns the turns and the new message that the model at this place was sent last.
    fn last(&self, model: usize) -> (Vec<(String, Option<String>)>, String) {
        let heard = self.heard[model].lock().unwrap_or_else(PoisonError::into_inner);
        let prompt = heard.last().expect("a prompt");
        let turn = |turn: &Exchange| (turn.text.clone(), turn.answer.clone());
        (prompt.turns.iter().map(turn).collect(), prompt.text.clone())
    }

    async fn restart(self, engine: &Engine, models: &[&str]) -> Self {
        self.end().await;
        Self::start(engine, models, 30).await
    }

    async fn end(self) {
        assert!(self.arena.drain(Instant::now(), Instant::now() + Duration::from_secs(5)).await);
        drop(self.arena);
        self.process.shut_down().await;
    }
}

fn own(record: &Record) -> (RaceId, Context) {
    (record.id, Context::Own)
}

/// The turns that a model sees of these questions if each has its own history.
fn own_turns(model: &str, questions: &[&str]) -> Vec<(String, Option<String>)> {
    questions.iter().map(|text| ((*text).to_owned(), Some(answer(model, text)))).collect()
}

#[tokio::test]
async fn five_lanes_remember_four_turns_each_its_own_also_after_a_restart() {
    let engine = Engine::sqlite();
    let mut service = Service::start(&engine, &MODELS, 30).await;
    let questions = ["one?", "two?", "three?", "four?"];
    let mut last: Option<Arc<Record>> = None;
    let mut turns = vec![];
    for (n, question) in questions.iter().enumerate() {
        let record = service.ask("ana", &[], question, last.as_deref().map(own)).await;
        for (place, model) in MODELS.iter().enumerate() {
            let (sent, text) = service.last(place);
            assert_eq!((sent, text.as_str()), (own_turns(model, &questions[..n]), *question), "{model}");
        }
        let expected = if n == 0 { vec![] } else { vec![format!("turn {}", n + 1)] };
        assert_eq!(record.report.notes, expected);
        turns.push(record.id);
        last = Some(record);
        service = service.restart(&engine, &MODELS).await;
    }

    // a branch from the second turn, with the answer of one model for all
    service.ask("ana", &[], "other?", Some((turns[1], Context::Shared(2)))).await;
    let (sent, _) = service.last(4);
    let two = ("two?".to_owned(), Some(answer("cedar", "two?")));
    assert_eq!(sent, [own_turns("elm", &["one?"]), vec![two]].concat());

    // one model goes on alone
    let alone = service.ask("ana", &["birch"], "alone?", Some((turns[3], Context::Own))).await;
    assert_eq!(alone.report.lanes.len(), 1);
    assert_eq!(service.last(1).0, own_turns("birch", &questions));
    let kept = service.process.store.lookup(alone.id).await.expect("read").expect("a record");
    assert_eq!(kept.report.notes, ["turn 5"]);
    service.end().await;
}

#[tokio::test]
async fn another_replica_continues_and_several_people_are_told_apart() {
    let Some(engine) = Engine::postgres().await else { return };
    let one = Service::start(&engine, &MODELS, 30).await;
    let other = Service::start(&engine, &MODELS, 30).await;
    let first = one.ask("ana", &["alder"], "one?", None).await;
    let second = other.ask("ben", &["alder"], "two?", Some(own(&first))).await;
    let (sent, text) = other.last(0);
    assert_eq!(sent, [("ana: one?".to_owned(), Some(answer("alder", "one?")))]);
    assert_eq!(text, "ben: two?");
    one.ask("ana", &["alder"], "three?", Some(own(&second))).await;
    let (sent, text) = one.last(0);
    let two = ("ben: two?".to_owned(), Some(answer("alder", "ben: two?")));
    assert_eq!(sent, [("ana: one?".to_owned(), Some(answer("alder", "one?"))), two]);
    assert_eq!(text, "ana: three?");
    one.end().await;
    other.end().await;
    engine.drop_database().await;
}

#[tokio::test]
async fn a_turn_that_was_forgotten_is_left_out_and_said() {
    let engine = Engine::sqlite();
    let service = Service::start(&engine, &["alder"], 30).await;
    let first = service.ask("ana", &[], "one?", None).await;
    let second = service.ask("ben", &[], "two?", Some(own(&first))).await;
    let third = service.ask("ana", &[], "three?", Some(own(&second))).await;
    service.arena.forget("test:ben").await.expect("forgotten");
    let fourth = service.ask("ana", &[], "four?", Some(own(&third))).await;
    let (sent, _) = service.last(0);
    let texts: Vec<&str> = sent.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["ana: one?", "ana: three?"]);
    assert_eq!(fourth.report.notes, ["turn 4", "a deleted turn was not sent"]);
    let error = service.arena.conversation(second.id, Context::Own).await.expect_err("deleted");
    assert_eq!(error, ContinueError::Lookup(LookupError::Deleted));
    service.end().await;
}

#[tokio::test]
async fn a_race_that_another_replica_forgot_is_said_to_be_deleted() {
    let Some(engine) = Engine::postgres().await else { return };
    let one = Service::start(&engine, &["alder"], 30).await;
    let other = Service::start(&engine, &["alder"], 30).await;
    let race = one.ask("ana", &[], "one?", None).await;
    other.arena.forget("test:ana").await.expect("forgotten");
    // where the database takes longer than a second, the race is shown from memory once more
    let refused = with_timeout(async {
        loop {
            if let Err(error) = one.arena.lookup(race.id).await {
                return error;
            }
        }
    });
    assert_eq!(refused.await, LookupError::Deleted, "the first refusal of the replica that has it in memory");
    let again = one.arena.lookup(race.id).await.expect_err("deleted");
    assert_eq!(again, LookupError::Deleted);
    one.end().await;
    other.end().await;
    engine.drop_database().await;
}

#[tokio::test]
async fn of_many_turns_the_newest_are_sent() {
    let engine = Engine::sqlite();
    let service = Service::start(&engine, &["alder"], 30).await;
    let mut last = service.ask("ana", &[], "q1", None).await;
    for n in 2..=25 {
        last = service.ask("ana", &[], &format!("q{n}"), Some(own(&last))).await;
    }
    let (sent, _) = service.last(0);
    assert_eq!((sent.len(), sent[0].0.as_str(), sent[19].0.as_str()), (20, "q5", "q24"));
    assert_eq!(last.report.notes, ["turn 25", "only the last 20 turns were sent"]);
    service.end().await;
}

#[tokio::test]
async fn a_line_up_that_changed_says_who_is_missing_and_without_texts_nothing_continues() {
    let engine = Engine::sqlite();
    let service = Service::start(&engine, &["alder", "birch"], 30).await;
    let first = service.ask("ana", &[], "one?", None).await;
    let service = service.restart(&engine, &["alder", "cedar"]).await;
    let second = service.ask("ana", &[], "two?", Some(own(&first))).await;
    assert_eq!(second.report.notes, ["turn 2", "no longer in the line-up: birch"]);
    assert_eq!(service.last(1).0, [("one?".to_owned(), None)], "it sees the question alone");
    service.end().await;

    let service = Service::start(&engine, &["alder"], 0).await;
    let error = service.arena.conversation(first.id, Context::Own).await.expect_err("no texts");
    assert!(error.to_string().contains("text_days"), "{error}");
    service.end().await;
}
