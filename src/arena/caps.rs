//! Caps that all replicas share, each off until it is set: money per day, concurrent requests to a provider, concurrent
//! races of one person. A race reserves its part of each before it begins.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Admitted, Refused};
use crate::{
    race::{cost::Cost, run::LaneRequest},
    store::{self, Refund},
};

/// The length of a day in milliseconds.
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The scope that counts the cost of all races.
pub(super) const ALL: &str = "day";

/// The owner of a canary's budget in [`Refused::BudgetSpent`].
pub(super) const THIS_CANARY: &str = "this canary";

/// Returns the number of the UTC day at `now`, the period of money budgets.
pub(super) fn day(now: Timestamp) -> i64 {
    now.as_millisecond().div_euclid(DAY_MS)
}

/// The caps; `None` means no cap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Concurrent races of one person.
    pub races_per_user: Option<u64>,
    /// Models in one race.
    pub lanes_per_race: Option<usize>,
    /// Concurrent requests to each provider, by its id.
    pub requests: BTreeMap<String, u64>,
    /// The cost of one person's races per UTC day.
    pub user_day: Option<Cost>,
    /// The cost of one server's or workspace's races per UTC day.
    pub server_day: Option<Cost>,
    /// The cost of all races per UTC day.
    pub day: Option<Cost>,
}

/// A part of a cap that a race needs, and the refusal if it is taken.
pub(super) struct Reservation {
    pub(super) part: store::Reservation,
    pub(super) refusal: Refused,
}

impl Caps {
    /// Returns what `race`, asked in `server`, reserves at `now`: one row per limit, in an order that all replicas share.
    pub(super) fn reservations(
        &self,
        race: &Admitted,
        server: &str,
        now: Timestamp,
        max_output_tokens: u32,
    ) -> Vec<Reservation> {
        let upper_bound = |lane: &LaneRequest| Cost::upper_bound(lane.model.card(), &lane.prompt);
        let worst: Cost = race.requests(max_output_tokens).iter().map(upper_bound).sum();
        let mut reservations: Vec<Reservation> = self.money(race, server, now, worst);
        reservations.extend(self.requests(race));
        reservations.extend(self.concurrent_races(race));
        reservations.sort_by(|a, b| a.part.scope.cmp(&b.part.scope));
        reservations
    }

    /// Money is counted even without a cap: one may be set in the middle of a day.
    fn money(&self, race: &Admitted, server: &str, now: Timestamp, worst: Cost) -> Vec<Reservation> {
        let ms = now.as_millisecond();
        let period = day(now);
        let minutes = u64::try_from((DAY_MS - ms.rem_euclid(DAY_MS)) / 60_000).unwrap_or(0);
        let reserve = |scope: String, cap: Option<Cost>, whose| Reservation {
            part: store::Reservation {
                scope,
                period,
                amount: worst.micros(),
                limit: cap.map_or(i64::MAX.unsigned_abs(), Cost::micros),
                refund: Refund::Unspent,
            },
            refusal: Refused::BudgetSpent { whose, cap: cap.unwrap_or_default(), minutes },
        };
        let all = reserve(ALL.into(), self.day, "this service");
        if let Some(tag) = &race.tag {
            return vec![all, reserve(format!("canary:{tag}"), race.day_budget, THIS_CANARY)];
        }
        vec![
            all,
            reserve(format!("server:{server}"), self.server_day, "this place"),
            reserve(format!("user:{}", race.asker.id), self.user_day, "you"),
        ]
    }

    fn requests(&self, race: &Admitted) -> impl Iterator<Item = Reservation> {
        let mut lanes = BTreeMap::<&str, u64>::new();
        for card in race.lanes().filter(|card| !card.simulated) {
            *lanes.entry(&card.provider).or_default() += 1;
        }
        let capped = lanes
            .into_iter()
            .filter_map(|(provider, lanes)| Some((provider, lanes, *self.requests.get(provider)?)));
        capped.map(|(provider, amount, most)| Reservation {
            part: store::Reservation {
                scope: format!("provider:{provider}"),
                period: 0,
                amount,
                limit: most,
                refund: Refund::All,
            },
            refusal: Refused::ProviderBusy { provider: provider.to_owned(), most },
        })
    }

    fn concurrent_races(&self, race: &Admitted) -> Option<Reservation> {
        let most = self.races_per_user?;
        let scope = format!("running:{}", race.asker.id);
        Some(Reservation {
            part: store::Reservation { scope, period: 0, amount: 1, limit: most, refund: Refund::All },
            refusal: Refused::TooManyRaces { most },
        })
    }
}
