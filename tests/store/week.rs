//! The numbers of a week.

use llm_arena::{
    race::cost::Cost,
    store::{AdmitOutcome, Refund, Reservation, Week},
};

use super::{Request, engine::Engine, on_both};

on_both!(a_week_counts_its_races_answers_and_canaries);

async fn a_week_counts_its_races_answers_and_canaries(engine: &Engine) {
    let process = engine.process().await;
    let store = &process.store;
    assert_eq!(store.week().await.expect("numbers"), Week::default());
    let money = |scope: &str, period: i64, amount| Reservation {
        scope: scope.into(),
        period,
        amount,
        limit: 1_000,
        refund: Refund::Unspent,
    };
    let today = jiff::Timestamp::now().as_second().div_euclid(86_400);
    for (kind, age_days, reservations) in [
        ("open", 0, vec![money("day", today, 9)]),
        ("blind", 6, vec![]),
        ("canary", 6, vec![money("canary:a", today, 100), money("canary:b", today - 6, 50)]),
        ("canary", 8, vec![money("canary:a", today - 8, 7)]),
    ] {
        let request = Request { reservations: &reservations, ..Request::default() };
        assert_eq!(request.admit(store).await, AdmitOutcome::Admitted);
        let (id, age_ms) = (request.id, age_days * 86_400_000_i64);
        engine
            .execute(&format!(
                "UPDATE races SET kind = '{kind}', admitted_at = admitted_at - {age_ms} WHERE id = '{id}';
                INSERT INTO samples SELECT id, 0, 'a', 'a', 'p', 'people', admitted_at, 9.0, NULL,
                    CASE WHEN kind = 'blind' THEN 1 ELSE 0 END FROM races WHERE id = '{id}';"
            ))
            .await;
    }
    let canaries = Cost::from_micros(150);
    let week = Week { races: 3, asked: 2, answers: 3, failures: 1, canaries };
    assert_eq!(store.week().await.expect("numbers"), week);
    store.purge().await.expect("cleaned");
    assert_eq!(store.week().await.expect("numbers"), week, "what a digest needs outlives other budgets");
    process.shut_down().await;
}
