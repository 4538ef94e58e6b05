//! Canaries: due times, pauses, refusals, and what is kept of answers.

use llm_arena::{
    race::{report::Report, vote::RaceKind},
    store::{AdmitOutcome, RefusedBy},
};

use super::{Request, asker, engine::Engine, lane, on_both};

on_both!(
    a_due_time_is_claimed_once,
    pauses_and_refusals_are_stored,
    answers_leave_their_features_and_other_prompts_begin_anew,
    canaries_are_kept_from_people,
);

async fn a_due_time_is_claimed_once(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    assert_eq!(store.claim_tick("c", 10).await.expect("an answer"), None, "it is unknown");
    store.register_canary("c", "hash", 10).await.expect("stored");
    for (tick, claim) in [(10, None), (20, Some(true)), (20, None), (15, None), (30, Some(true))] {
        assert_eq!(store.claim_tick("c", tick).await.expect("an answer"), claim, "{tick}");
    }
    store.register_canary("c", "hash", 40).await.expect("stored");
    assert_eq!(store.claim_tick("c", 40).await.expect("an answer"), Some(true), "it was known");
    let claims = (0..8).map(|_| store.claim_tick("c", 50));
    let claims = futures::future::join_all(claims).await;
    assert_eq!(claims.into_iter().filter(|claim| matches!(claim, Ok(Some(true)))).count(), 1);
    // a process whose clock was ten years ahead
    store.claim_tick("c", 315_360_000_000).await.expect("an answer");
    assert_eq!(store.claim_tick("c", 60).await.expect("an answer"), Some(true));
    process.shut_down().await;
}

async fn pauses_and_refusals_are_stored(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    store.register_canary("c", "hash", 0).await.expect("stored");
    store.pause_canary("c", &asker("ana")).await.expect("stored");
    store.pause_canary("c", &asker("ben")).await.expect("stored");
    let state = store.canary_state("c").await.expect("a state");
    assert_eq!((state.paused_by.as_deref(), state.refused, state.is_running), (Some("ana"), None, false));
    assert_eq!(store.claim_tick("c", 10).await.expect("an answer"), Some(false), "claimed, not run");
    store.forget("test:ana").await.expect("forgotten");
    assert_eq!(store.canary_state("c").await.expect("a state").paused_by.as_deref(), Some(""));
    store.resume_canary("c").await.expect("stored");
    assert_eq!(store.canary_state("c").await.expect("a state").paused_by, None);

    let refuse =
        async |now, day| store.refuse_canary("c", RefusedBy::Service, now, day).await.expect("stored");
    assert_eq!([refuse(110, 100).await, refuse(120, 100).await, refuse(210, 200).await], [true, false, true]);
    let state = store.canary_state("c").await.expect("a state");
    assert_eq!(state.refused, Some((210, RefusedBy::Service)));
    process.shut_down().await;
}

async fn answers_leave_their_features_and_other_prompts_begin_anew(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    store.register_canary("c", "hash", 0).await.expect("stored");
    for (kind, tag) in
        [(RaceKind::Canary, Some("c")), (RaceKind::Canary, Some("probe")), (RaceKind::Open, None)]
    {
        let request = Request { kind, tag, ..Request::default() };
        assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
        let lanes = vec![lane("a", "one, two"), lane("b", " ")];
        let report = Report { prompt: "why?".into(), lanes, ..Report::default() };
        store.mark_ended(request.id, &report).await.expect("stored");
        store.mark_shown(request.id).await.expect("stored");
    }
    let series = store.canary_answers(7).await.expect("answers");
    assert_eq!(series.len(), 1, "{series:?}");
    assert_eq!((series[0].tag.as_str(), series[0].model.as_str(), series[0].answers.len()), ("c", "a", 1));
    let answer = &series[0].answers[0];
    assert_eq!(answer.answer.features, llm_arena::history::Features::of("one, two"));
    assert_eq!(store.answer(answer.race, answer.place).await.expect("a text").as_deref(), Some("one, two"));
    let kept =
        engine.query_text("SELECT CAST(COUNT(*) AS TEXT) FROM samples WHERE features IS NOT NULL").await;
    assert_eq!(kept.as_deref(), Some("2"), "nothing is counted in the answers of people's races");

    store.forget("test:ana").await.expect("forgotten");
    assert_eq!(store.answer(answer.race, answer.place).await.expect("none"), None);
    assert_eq!(store.canary_answers(7).await.expect("answers").len(), 1, "without their texts");
    engine.execute("UPDATE samples SET at = at - 60000").await;
    engine.execute("UPDATE canaries SET prompt_since = prompt_since - 120000").await;
    store.register_canary("c", "hash", 0).await.expect("stored");
    assert_eq!(store.canary_answers(7).await.expect("answers").len(), 1, "the prompt is the same");
    store.register_canary("c", "other", 0).await.expect("stored");
    assert_eq!(store.canary_answers(7).await.expect("none"), []);
    process.shut_down().await;
}

async fn canaries_are_kept_from_people(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    let request =
        Request { kind: RaceKind::Canary, tag: Some("c"), platform: "canary", ..Request::default() };
    assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
    assert!(store.canary_state("c").await.expect("a state").is_running);
    let mut counted = lane("a", "one, two");
    counted.metrics.output_tokens = 64;
    let report = Report { prompt: "why?".into(), lanes: vec![counted], ..Report::default() };
    store.mark_ended(request.id, &report).await.expect("stored");
    store.mark_shown(request.id).await.expect("stored");
    assert_eq!(store.speeds(7).await.expect("none"), [], "medians of the line-up");
    assert_eq!(store.usual("a").await.expect("none"), None, "usual speeds");
    assert!(store.votes(None, None).await.expect("none").ballots.is_empty(), "the board");
    assert_eq!(store.channel_races("web", 9).await.expect("none"), [], "the local channel");
    let state = store.canary_state("c").await.expect("a state");
    let run = state.last_run.expect("a run");
    assert_eq!((run.lanes.len(), run.lanes[0].has_answered, run.lanes[0].speed), (2, true, Some(97.25)));
    // a canary's texts are kept as long as those of people
    engine.execute("UPDATE races SET admitted_at = admitted_at - 31 * CAST(86400000 AS BIGINT)").await;
    store.purge().await.expect("purged");
    assert_eq!(store.answer(request.id, 0).await.expect("none"), None);
    process.shut_down().await;
}
