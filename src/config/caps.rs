//! The tables that bound who may use the service and what it may cost, and how long texts are kept. Each cap is off
//! until it is set. Must not know the environment or another table.

use serde::Deserialize;

use super::value;

/// `[budget]`: the most that races may cost in a day (UTC), in US dollars. Prices stand with the models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetConfig {
    /// The races of one person.
    #[serde(deserialize_with = "value::optional_price")]
    pub user_day_usd: Option<f64>,
    /// The races of one Discord server or Slack workspace.
    #[serde(deserialize_with = "value::optional_price")]
    pub server_day_usd: Option<f64>,
    /// All races.
    #[serde(deserialize_with = "value::optional_price")]
    pub day_usd: Option<f64>,
}

/// `[access]`: where and to whom the service is open. A list that is empty leaves all in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// Ids of Discord servers.
    #[serde(deserialize_with = "value::snowflakes")]
    pub discord_servers: Vec<u64>,
    /// Ids of Discord channels.
    #[serde(deserialize_with = "value::snowflakes")]
    pub discord_channels: Vec<u64>,
    /// Ids of Discord roles, of which a person needs one.
    #[serde(deserialize_with = "value::snowflakes")]
    pub discord_roles: Vec<u64>,
    /// Ids of Slack channels.
    #[serde(deserialize_with = "value::slack_channels")]
    pub slack_channels: Vec<String>,
    /// Ids of Slack user groups, of which a person needs one.
    #[serde(deserialize_with = "value::slack_groups")]
    pub slack_groups: Vec<String>,
}

/// `[store]`: what is remembered, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// For how many days prompts and answers are kept, 0 (never stored) to 3,650.
    #[serde(deserialize_with = "value::within::<_, _, 0, 3_650>")]
    pub text_days: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { text_days: 30 }
    }
}
