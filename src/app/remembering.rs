//! Where the service remembers, and what it holds to over all replicas, as the configuration says.

use uuid::Uuid;

use crate::{
    arena::Caps,
    config::Config,
    race::cost::Cost,
    store::{Location, Settings, Store},
};

/// The store; nothing is opened yet.
pub(super) fn store(config: &Config) -> Store {
    let location = match (&config.database_url, &config.data_dir) {
        (Some(url), _) => Location::Url(url.clone()),
        (None, Some(folder)) => Location::Folder(folder.clone()),
        (None, None) => Location::Memory,
    };
    Store::new(Settings { location, text_days: config.store.text_days }, Uuid::now_v7().to_string())
}

/// The caps that are set.
pub(super) fn caps(config: &Config) -> Caps {
    let capped = config.providers.iter();
    Caps {
        races_per_user: config.arena.races_per_user,
        lanes_per_race: config.arena.lanes_per_race,
        requests: capped.filter_map(|one| Some((one.id.clone(), one.max_requests?))).collect(),
        user_day: config.budget.user_day_usd.map(Cost::from_dollars),
        server_day: config.budget.server_day_usd.map(Cost::from_dollars),
        day: config.budget.day_usd.map(Cost::from_dollars),
    }
}
