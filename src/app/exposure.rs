//! Warnings at the start about settings that let strangers spend a provider's key, or read it.

use url::Host;

use crate::config::{Config, ModelConfig, ProviderConfig, ProviderKey};

/// Logs each warning about `config`.
pub(super) fn warn(config: &Config) {
    for warning in warnings(config) {
        tracing::warn!("{warning}");
    }
}

fn warnings(config: &Config) -> Vec<String> {
    let (budget, access) = (&config.budget, &config.access);
    let has_key = |provider: &&ProviderConfig| matches!(provider.key, ProviderKey::Key(_));
    let is_paid = config.providers.iter().any(|provider| has_key(&provider));
    let has_budget = [budget.user_day_usd, budget.server_day_usd, budget.day_usd].iter().any(Option::is_some);
    let is_uncounted = |model: &&ModelConfig| {
        let mut keyed = config.providers.iter().filter(has_key);
        model.card.prices.is_none() && keyed.any(|provider| provider.id == model.provider)
    };
    let uncounted: Vec<_> =
        config.models.iter().filter(is_uncounted).map(|model| model.card.id.as_str()).collect();
    let is_capped = has_budget && uncounted.is_empty();
    let unlimited = (has_budget && !uncounted.is_empty()).then(|| {
        format!(
            "[budget] does not count the models {}: set their price_in and price_out",
            uncounted.join(", ")
        )
    });
    let lists = [&access.discord_servers, &access.discord_channels, &access.discord_roles];
    let discord = config.credentials.discord_token.is_some() && lists.iter().all(|list| list.is_empty());
    let lists = [&access.slack_channels, &access.slack_groups];
    let slack = config.credentials.slack_bot_token.is_some() && lists.iter().all(|list| list.is_empty());
    let open = [(discord, "Discord", "discord_servers"), (slack, "Slack", "slack_channels")];
    let open = open.into_iter().filter(|(is_open, ..)| *is_open && is_paid && !is_capped);
    let open = open.map(|(_, platform, list)| {
        format!(
            "everyone who can reach the app on {platform} can spend the providers' keys: set [access] {list}, or limits in \
             [budget]"
        )
    });
    let is_clear =
        |provider: &&ProviderConfig| provider.base_url.scheme() == "http" && !is_loopback(provider);
    let clear = config.providers.iter().filter(has_key).filter(is_clear).map(|provider| {
        format!("the key of the provider {} is sent over plain http: use https in its base_url", provider.id)
    });
    open.chain(unlimited).chain(clear).collect()
}

fn is_loopback(provider: &ProviderConfig) -> bool {
    match provider.base_url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Env;

    fn said(base_url: &str, tables: &str, env: &[(&str, &str)]) -> String {
        let text = format!(
            "{tables}\n[[provider]]\nid = 'p'\nbase_url = '{base_url}'\napi_key_env = 'K'\nwhen_no_key = 'simulate'\n\
             [[model]]\nid = 'm'\nprovider = 'p'\nmodel = 'x'\n"
        );
        let config = Config::from_toml(&text, "arena.toml", &Env::from_pairs(env.iter().copied()));
        warnings(&config.expect("a configuration")).join("\n")
    }

    #[test]
    fn an_open_platform_with_a_key_is_a_warning() {
        let https = "https://a.example/v1";
        let discord = [("DISCORD_TOKEN", "d"), ("K", "k")];
        let slack = [("SLACK_BOT_TOKEN", "xoxb-1"), ("SLACK_APP_TOKEN", "xapp-1"), ("K", "k")];
        assert!(said(https, "", &discord).contains("on Discord can spend"));
        assert!(said(https, "[access]\nslack_channels = ['C1']", &discord).contains("on Discord can spend"));
        assert!(said(https, "", &slack).contains("on Slack can spend"));
        assert_eq!(said(https, "[access]\ndiscord_servers = ['1']", &discord), "");
        let priced =
            "[budget]\nday_usd = 1.0\n[[model]]\nid = 'priced'\nprovider = 'p'\nmodel = 'y'\nprice_out = 1.0";
        let uncounted = said(https, priced, &discord);
        assert!(uncounted.contains("[budget] does not count the models m:"), "{uncounted}");
        assert!(
            uncounted.contains("on Discord can spend"),
            "a limit that counts nothing limits nothing: {uncounted}"
        );
        assert_eq!(said(https, "[access]\nslack_groups = ['S1']", &slack), "");
        assert_eq!(said(https, "", &discord[..1]), "", "simulated models cost nothing");
        assert_eq!(said(https, "", &discord[1..]), "", "no platform");
    }

    #[test]
    fn a_key_over_plain_http_is_a_warning_beyond_loopback() {
        for (url, is_clear) in [
            ("http://a.example/v1", true),
            ("http://192.168.0.9:8000/v1", true),
            ("https://a.example/v1", false),
            ("http://127.0.0.1:8000/v1", false),
            ("http://localhost/v1", false),
            ("http://[::1]:8000/v1", false),
        ] {
            assert_eq!(said(url, "", &[("K", "k")]).contains("plain http"), is_clear, "{url}");
            assert_eq!(said(url, "", &[]), "", "without a key: {url}");
        }
    }
}
