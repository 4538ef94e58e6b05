//! The personas of channels, and the circumstances of races.

use llm_arena::{
    race::{Circumstances, Quote, report::Report},
    store::AdmitOutcome,
};

use super::{Request, engine::Engine, lane, on_both, race, records::assert_not_on_disk};

on_both!(
    each_channel_keeps_its_own_persona,
    circumstances_outlive_the_process_and_are_deleted_with_the_prompt,
    circumstances_are_never_stored_with_a_retention_of_zero_days,
);

fn circumstances() -> Circumstances {
    let quote =
        Quote { author: "Qzauthor \"ünï\" 😀\0".into(), url: Some("https://chat.example/9".into()) };
    Circumstances { quote: Some(quote), persona: Some("terse".into()), parent: Some(race()) }
}

async fn each_channel_keeps_its_own_persona(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    assert_eq!(store.persona("slack:C1").await.expect("a result"), None);
    store.set_persona("slack:C1", Some("terse")).await.expect("stored");
    store.set_persona("slack:C2", Some("terse")).await.expect("stored");
    store.set_persona("slack:C1", Some("tutor")).await.expect("stored");
    store.set_persona("slack:C2", None).await.expect("stored");
    process.shut_down().await;
    let process = engine.process().await;
    let store = &process.store;
    for (channel, persona) in [("slack:C1", Some("tutor")), ("slack:C2", None), ("discord:C1", None)] {
        assert_eq!(store.persona(channel).await.expect("a result").as_deref(), persona, "{channel}");
    }
    process.shut_down().await;
}

async fn circumstances_outlive_the_process_and_are_deleted_with_the_prompt(engine: &Engine) {
    let process = engine.process().await;
    let request = Request { circumstances: circumstances(), ..Request::default() };
    assert_eq!(request.admit(&process.store).await, AdmitOutcome::Admitted);
    let lanes = vec![lane("a", "because"), lane("b", "why")];
    let report = Report { prompt: request.prompt.into(), lanes, ..Report::default() };
    process.store.mark_ended(request.id, &report).await.expect("stored");
    process.store.mark_shown(request.id).await.expect("stored");
    process.shut_down().await;
    let process = engine.process().await;
    let store = &process.store;
    let record = store.lookup(request.id).await.expect("a result").expect("a race");
    let quote = record.report.circumstances.quote.expect("a quote");
    assert_eq!(quote.author.trim_end_matches(['\0', '\u{FFFD}']), "Qzauthor \"ünï\" 😀");
    assert_eq!(record.report.circumstances.persona.as_deref(), Some("terse"));
    assert_eq!(record.report.circumstances.parent, request.circumstances.parent);
    assert_eq!(store.forget_race("test:ana", request.id).await.expect("a result").deleted, 1);
    assert_not_on_disk(engine, &["Qzauthor"]);
    process.shut_down().await;
}

async fn circumstances_are_never_stored_with_a_retention_of_zero_days(engine: &Engine) {
    let process = engine.process_with(0).await;
    let request = Request { circumstances: circumstances(), ..Request::default() };
    assert_eq!(request.admit(&process.store).await, AdmitOutcome::Admitted);
    process.store.set_circumstances(request.id, &circumstances()).await.expect("a result");
    let query = format!("SELECT circumstances FROM races WHERE id = '{}'", request.id);
    assert_eq!(engine.query_text(&query).await, None);
    process.shut_down().await;
}
