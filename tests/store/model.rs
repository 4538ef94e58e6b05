//! Random steps against a model of the store: a delivery is admitted once, no limit is exceeded, money is settled
//! exactly, a lease has one holder.

use std::collections::{BTreeMap, BTreeSet};

use llm_arena::{
    race::{RaceId, cost::Cost},
    store::{AdmitOutcome, Reservation, Store},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
    Request,
    engine::{Engine, Process},
    money, race, slots,
};

const DAY: u64 = 100;
const SLOTS: u64 = 5;

#[derive(Clone, Debug)]
enum Step {
    Admit { delivery: u8, process: usize, money: u64, slots: u64 },
    Settle { race: usize, process: usize, spent: u64 },
    Withdraw { race: usize, process: usize },
    Hold { lease: u8, process: usize },
    Release { lease: u8, process: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (race, process, lease) = (0..12_usize, 0..2_usize, 0..2_u8);
    prop_oneof![
        4 => (0..20_u8, process.clone(), 0..60_u64, 0..4_u64)
            .prop_map(|(delivery, process, money, slots)| Step::Admit { delivery, process, money, slots }),
        3 => (race.clone(), process.clone(), 0..70_u64)
            .prop_map(|(race, process, spent)| Step::Settle { race, process, spent }),
        1 => (race, process.clone()).prop_map(|(race, process)| Step::Withdraw { race, process }),
        1 => (lease.clone(), process.clone()).prop_map(|(lease, process)| Step::Hold { lease, process }),
        1 => (lease, process).prop_map(|(lease, process)| Step::Release { lease, process }),
    ]
}

/// The expected state.
#[derive(Default)]
struct Model {
    delivered: BTreeSet<u8>,
    /// The reservations of each race until it is settled, in the order of admission.
    races: Vec<(RaceId, Option<(u64, u64)>)>,
    spent: u64,
    leases: BTreeMap<u8, usize>,
}

impl Model {
    fn used(&self) -> (u64, u64) {
        let held = self.races.iter().filter_map(|(_, held)| *held);
        held.fold((self.spent, 0), |(money, slots), held| (money + held.0, slots + held.1))
    }

    async fn apply(&mut self, stores: &[&Store], step: &Step) {
        match step {
            Step::Admit { delivery, process, money: amount, slots: n } => {
                let reservations: Vec<Reservation> = vec![money(*amount, DAY), slots(*n, SLOTS)];
                let (id, name) = (race(), format!("d{delivery}"));
                let request =
                    Request { id, delivery: Some(&name), reservations: &reservations, ..Request::default() };
                let admitted = request.admit(stores[*process]).await;
                let (day, used) = self.used();
                let expected = if self.delivered.contains(delivery) {
                    AdmitOutcome::Duplicate
                } else if day + amount > DAY {
                    AdmitOutcome::LimitReached(0)
                } else if used + n > SLOTS {
                    AdmitOutcome::LimitReached(1)
                } else {
                    self.delivered.insert(*delivery);
                    self.races.push((id, Some((*amount, *n))));
                    AdmitOutcome::Admitted
                };
                assert_eq!(admitted, expected, "{step:?}");
            }
            Step::Settle { race, process, spent } => {
                let Some((id, held)) = self.races.get_mut(*race) else { return };
                let settled =
                    stores[*process].settle(*id, Cost::from_micros(*spent)).await.expect("a result");
                assert_eq!(settled, held.is_some(), "{step:?}");
                self.spent += held.take().map_or(0, |(amount, _)| amount.min(*spent));
            }
            Step::Withdraw { race, process } => {
                let Some((id, held)) = self.races.get_mut(*race) else { return };
                stores[*process].withdraw(*id).await.expect("a result");
                *held = None;
            }
            Step::Hold { lease, process } => {
                let name = format!("lease{lease}");
                let epoch = stores[*process].renew_lease(&name).await.expect("a result");
                let holder = *self.leases.entry(*lease).or_insert(*process);
                assert_eq!(epoch.is_some(), holder == *process, "{step:?}");
            }
            Step::Release { lease, process } => {
                stores[*process].release_lease(&format!("lease{lease}")).await.expect("a result");
                if self.leases.get(lease) == Some(process) {
                    self.leases.remove(lease);
                }
            }
        }
        let (day, used) = self.used();
        assert_eq!(stores[0].used("day", 30_000).await.expect("a number"), day, "after {step:?}");
        assert_eq!(stores[1].used("provider:fake", 0).await.expect("a number"), used, "after {step:?}");
    }
}

/// Runs random cases, each on a new engine.
async fn run_cases(cases: u32, engine: impl AsyncFn() -> Option<Engine>) {
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    for _ in 0..cases {
        let steps = proptest::collection::vec(step(), 1..40).new_tree(&mut runner).expect("steps").current();
        let Some(engine) = engine().await else { return };
        let first = engine.process().await;
        let second: Option<Process> = match &engine {
            Engine::Postgres(_) => Some(engine.process().await),
            Engine::Sqlite(_) => None,
        };
        let stores = [&first.store, second.as_ref().map_or(&first.store, |second| &second.store)];
        let mut model = Model::default();
        for step in &steps {
            // a file is used by one process
            let same = |step: &Step| match step.clone() {
                Step::Hold { lease, .. } => Step::Hold { lease, process: 0 },
                Step::Release { lease, .. } => Step::Release { lease, process: 0 },
                other => other,
            };
            let step = if second.is_some() { step.clone() } else { same(step) };
            model.apply(&stores, &step).await;
        }
        first.shut_down().await;
        if let Some(second) = second {
            second.shut_down().await;
        }
        engine.drop_database().await;
    }
}

#[tokio::test]
async fn the_store_matches_its_model_on_sqlite() {
    run_cases(24, async || Some(Engine::sqlite())).await;
}

#[tokio::test]
async fn the_store_matches_its_model_on_postgres() {
    run_cases(12, async || Engine::postgres().await).await;
}
