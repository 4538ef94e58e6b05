//! Caps that hold over all replicas, each off until it is set: money a day, requests under way at a provider, races of
//! one person at once. What a race takes of them, and how a refusal says it.
//!
//! Must not know platforms; a server is whatever the platform calls one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Permit, Refused};
use crate::{
    race::cost::Cost,
    store::{Hold, Kept},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The scope of what all races cost.
pub(super) const ALL: &str = "day";

/// The number of a day (UTC), which is a period of money.
pub(super) fn day(now: Timestamp) -> i64 {
    now.as_millisecond().div_euclid(DAY_MS)
}

/// The caps; `None` is no cap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Races of one person at once.
    pub races_per_user: Option<u64>,
    /// Models in one race.
    pub lanes_per_race: Option<usize>,
    /// Requests under way at each provider, by its id.
    pub requests: BTreeMap<String, u64>,
    /// What one person's races may cost in a day (UTC).
    pub user_day: Option<Cost>,
    /// What the races of one server or workspace may cost in a day.
    pub server_day: Option<Cost>,
    /// What all races may cost in a day.
    pub day: Option<Cost>,
}

/// Something to hold, and how it is said that it is not to be had.
pub(super) struct Wanted {
    pub(super) hold: Hold,
    pub(super) refusal: Refused,
}

impl Caps {
    /// What the race of `permit` takes, asked in `server`, at `now`: one row a limit, in an order that all replicas
    /// share.
    pub(super) fn wanted(
        &self,
        permit: &Permit,
        server: &str,
        now: Timestamp,
        most_output: u32,
    ) -> Vec<Wanted> {
        let worst: Cost =
            permit.lanes().map(|card| Cost::upper_bound(card, permit.prompt(), most_output)).sum();
        let mut wanted: Vec<Wanted> = self.money(permit, server, now, worst).into();
        wanted.extend(self.requests(permit));
        wanted.extend(self.at_once(permit));
        wanted.sort_by(|a, b| a.hold.scope.cmp(&b.hold.scope));
        wanted
    }

    /// Money is counted also where there is no cap: one may be set in the middle of a day.
    fn money(&self, permit: &Permit, server: &str, now: Timestamp, worst: Cost) -> [Wanted; 3] {
        let ms = now.as_millisecond();
        let period = day(now);
        let minutes = u64::try_from((DAY_MS - ms.rem_euclid(DAY_MS)) / 60_000).unwrap_or(0);
        let wanted = |scope: String, cap: Option<Cost>, whose| Wanted {
            hold: Hold {
                scope,
                period,
                amount: worst.micros(),
                most: cap.map_or(i64::MAX.unsigned_abs(), Cost::micros),
                kept: Kept::Spent,
            },
            refusal: Refused::Spent { whose, cap: cap.unwrap_or_default(), minutes },
        };
        [
            wanted(ALL.into(), self.day, "this service"),
            wanted(format!("server:{server}"), self.server_day, "this place"),
            wanted(format!("user:{}", permit.asker.id), self.user_day, "you"),
        ]
    }

    fn requests(&self, permit: &Permit) -> impl Iterator<Item = Wanted> {
        let mut lanes = BTreeMap::<&str, u64>::new();
        for card in permit.lanes().filter(|card| !card.simulated) {
            *lanes.entry(&card.provider).or_default() += 1;
        }
        let capped = lanes
            .into_iter()
            .filter_map(|(provider, lanes)| Some((provider, lanes, *self.requests.get(provider)?)));
        capped.map(|(provider, amount, most)| Wanted {
            hold: Hold {
                scope: format!("provider:{provider}"),
                period: 0,
                amount,
                most,
                kept: Kept::Nothing,
            },
            refusal: Refused::ProviderBusy { provider: provider.to_owned(), most },
        })
    }

    fn at_once(&self, permit: &Permit) -> Option<Wanted> {
        let most = self.races_per_user?;
        let scope = format!("running:{}", permit.asker.id);
        Some(Wanted {
            hold: Hold { scope, period: 0, amount: 1, most, kept: Kept::Nothing },
            refusal: Refused::OneAtATime { most },
        })
    }
}
