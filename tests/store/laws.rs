//! A model of the store beside the store: whatever happens in whatever order, what was delivered runs once, no limit is
//! passed, money is settled to the cent, a lease has one holder.

use std::collections::{BTreeMap, BTreeSet};

use llm_arena::{
    race::{RaceId, cost::Cost},
    store::{Admitted, Hold, Store},
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
    Asks,
    engine::{Engine, Process},
    money, race, slots,
};

const DAY: u64 = 100;
const SLOTS: u64 = 5;

/// What happens.
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

/// What must be true.
#[derive(Default)]
struct Truth {
    delivered: BTreeSet<u8>,
    /// What each race holds until it is settled, in the order in which they were let in.
    races: Vec<(RaceId, Option<(u64, u64)>)>,
    spent: u64,
    leases: BTreeMap<u8, usize>,
}

impl Truth {
    fn held(&self) -> (u64, u64) {
        let held = self.races.iter().filter_map(|(_, held)| *held);
        held.fold((self.spent, 0), |(money, slots), held| (money + held.0, slots + held.1))
    }

    async fn takes(&mut self, stores: &[&Store], step: &Step) {
        match step {
            Step::Admit { delivery, process, money: amount, slots: n } => {
                let holds: Vec<Hold> = vec![money(*amount, DAY), slots(*n, SLOTS)];
                let (id, name) = (race(), format!("d{delivery}"));
                let asks = Asks { id, delivery: Some(&name), holds: &holds, ..Asks::default() };
                let admitted = asks.of(stores[*process]).await;
                let (day, used) = self.held();
                let should = if self.delivered.contains(delivery) {
                    Admitted::Duplicate
                } else if day + amount > DAY {
                    Admitted::Full(0)
                } else if used + n > SLOTS {
                    Admitted::Full(1)
                } else {
                    self.delivered.insert(*delivery);
                    self.races.push((id, Some((*amount, *n))));
                    Admitted::In
                };
                assert_eq!(admitted, should, "{step:?}");
            }
            Step::Settle { race, process, spent } => {
                let Some((id, held)) = self.races.get_mut(*race) else { return };
                let settled =
                    stores[*process].settle(*id, Cost::from_micros(*spent)).await.expect("an answer");
                assert_eq!(settled, held.is_some(), "{step:?}");
                self.spent += held.take().map_or(0, |(amount, _)| amount.min(*spent));
            }
            Step::Withdraw { race, process } => {
                let Some((id, held)) = self.races.get_mut(*race) else { return };
                stores[*process].withdraw(*id).await.expect("an answer");
                *held = None;
            }
            Step::Hold { lease, process } => {
                let name = format!("lease{lease}");
                let epoch = stores[*process].hold(&name).await.expect("an answer");
                let holder = *self.leases.entry(*lease).or_insert(*process);
                assert_eq!(epoch.is_some(), holder == *process, "{step:?}");
            }
            Step::Release { lease, process } => {
                stores[*process].release(&format!("lease{lease}")).await.expect("an answer");
                if self.leases.get(lease) == Some(process) {
                    self.leases.remove(lease);
                }
            }
        }
        let (day, used) = self.held();
        assert_eq!(stores[0].used("day", 30_000).await.expect("a number"), day, "after {step:?}");
        assert_eq!(stores[1].used("provider:fake", 0).await.expect("a number"), used, "after {step:?}");
    }
}

/// Plays so many cases, each on an engine of its own.
async fn plays(cases: u32, engine: impl AsyncFn() -> Option<Engine>) {
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
        let mut truth = Truth::default();
        for step in &steps {
            // a file has one process
            let same = |step: &Step| match step.clone() {
                Step::Hold { lease, .. } => Step::Hold { lease, process: 0 },
                Step::Release { lease, .. } => Step::Release { lease, process: 0 },
                other => other,
            };
            let step = if second.is_some() { step.clone() } else { same(step) };
            truth.takes(&stores, &step).await;
        }
        first.ends().await;
        if let Some(second) = second {
            second.ends().await;
        }
        engine.ends().await;
    }
}

#[tokio::test]
async fn the_store_does_as_its_model_on_sqlite() {
    plays(24, async || Some(Engine::sqlite())).await;
}

#[tokio::test]
async fn the_store_does_as_its_model_on_postgres() {
    plays(12, async || Engine::postgres().await).await;
}
