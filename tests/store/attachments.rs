//! The files of races: kept with the prompt, deleted with it.

use std::sync::Arc;

use llm_arena::{
    attachment::{Attachment, Content},
    model::Image,
    race::{
        Circumstances, RaceId,
        report::{Report, SatOut},
    },
    store::{AdmitOutcome, AttachedRace, Store},
};

use super::{Request, engine::Engine, lane, on_both, records::assert_not_on_disk};

on_both!(
    files_outlive_the_process_and_are_deleted_with_the_prompt,
    files_are_never_stored_with_a_retention_of_zero_days,
    a_withdrawn_race_leaves_no_file,
);

fn files() -> Vec<Attachment> {
    let image = Image { mime: "image/png", bytes: b"\x89PNG Qzpicture"[..].into() };
    let text =
        Attachment { name: "a \"note\".txt".into(), content: Content::Text("Qznote ünï 😀".into()) };
    vec![text, Attachment { name: "p.png".into(), content: Content::Image(Arc::new(image)) }]
}

fn names() -> Vec<String> {
    files().into_iter().map(|file| file.name).collect()
}

/// Admits a race of two models, of which the first one cannot see.
async fn attached(store: &Store, request: &Request<'_>) -> Report {
    let names = names();
    let request = Request { files: &names, circumstances: request.circumstances.clone(), ..*request };
    assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
    let sat_out = vec![SatOut { place: 0, card: (*lane("a", "").card).clone() }];
    let lanes = [lane("b", "")];
    let contenders = ["b@1".to_owned()];
    let race = AttachedRace {
        id: request.id,
        files: &files(),
        lanes: &lanes,
        contenders: &contenders,
        sat_out: &sat_out,
    };
    store.attach(&race).await.expect("stored");
    Report {
        circumstances: Circumstances::default(),
        prompt: request.prompt.into(),
        notes: vec![],
        lanes: vec![lane("b", "because")],
        vote: None,
        files: names,
        sat_out,
    }
}

async fn end(store: &Store, id: RaceId, report: &Report) {
    store.mark_ended(id, report).await.expect("stored");
    store.mark_shown(id).await.expect("stored");
}

async fn files_outlive_the_process_and_are_deleted_with_the_prompt(engine: &Engine) {
    let process = engine.process().await;
    let request = Request::default();
    let report = attached(&process.store, &request).await;
    end(&process.store, request.id, &report).await;
    process.shut_down().await;
    let process = engine.process().await;
    let store = &process.store;
    let record = store.lookup(request.id).await.expect("a result").expect("a race");
    assert_eq!(record.report, report, "with the names of the files and those who sat out");
    assert_eq!(store.attachments(request.id).await.expect("files"), files());
    assert_eq!(store.speeds(7).await.expect("speeds").len(), 1, "who sat out is not counted");
    assert_eq!(store.forget_race("test:ana", request.id).await.expect("a result").deleted, 1);
    assert_eq!(store.attachments(request.id).await.expect("files"), []);
    assert_not_on_disk(engine, &["Qznote", "a \\\"note", "UXpwaWN0dXJl"]);
    process.shut_down().await;
}

async fn files_are_never_stored_with_a_retention_of_zero_days(engine: &Engine) {
    let process = engine.process_with(0).await;
    let request = Request::default();
    let report = attached(&process.store, &request).await;
    end(&process.store, request.id, &report).await;
    assert_eq!(process.store.attachments(request.id).await.expect("files"), []);
    let query = format!("SELECT files FROM races WHERE id = '{}'", request.id);
    assert_eq!(engine.query_text(&query).await, None);
    process.shut_down().await;
}

async fn a_withdrawn_race_leaves_no_file(engine: &Engine) {
    let process = engine.process().await;
    let request = Request::default();
    attached(&process.store, &request).await;
    process.store.withdraw(request.id).await.expect("withdrawn");
    assert_eq!(process.store.attachments(request.id).await.expect("files"), []);
    process.shut_down().await;
}
