//! The chat platforms that are configured: their settings from the configuration, their surfaces.

use std::{sync::Arc, time::Duration};

use crate::{
    arena::Arena,
    config::{Config, ConfigError, DiscordMode, ExampleConfig},
    discord::{self, Discord, SettingsError},
    guide::Example,
};

/// The Discord surface, if it has a token.
///
/// # Errors
/// A token or a key that cannot be one.
pub(super) fn discord(config: &Config, arena: &Arc<Arena>) -> Result<Option<Discord>, ConfigError> {
    let Some(settings) = discord_settings(config) else { return Ok(None) };
    let wrong = |error: SettingsError| {
        let name = match error {
            SettingsError::PublicKey => "DISCORD_PUBLIC_KEY",
            SettingsError::Token => "DISCORD_TOKEN",
        };
        ConfigError::in_env(name, error.to_string())
    };
    Discord::new(Arc::clone(arena), settings).map(Some).map_err(wrong)
}

/// What Discord needs, if it is on.
pub(super) fn discord_settings(config: &Config) -> Option<discord::Settings> {
    let token = config.credentials.discord_token.clone()?;
    let mode = match (config.discord.mode, &config.credentials.discord_public_key) {
        (DiscordMode::Http, Some(key)) => discord::Mode::Http { public_key: key.clone() },
        _ => discord::Mode::Gateway,
    };
    Some(discord::Settings {
        api_url: config.discord.api_url.clone(),
        token,
        mode,
        guild: config.discord.guild_id,
        token_life: Duration::from_secs(config.discord.token_seconds),
        examples: examples(config),
    })
}

/// Platforms that are configured and that this version does not speak yet.
pub(super) fn absent(config: &Config) -> Vec<&'static str> {
    let slack = config.credentials.slack_bot_token.is_some();
    slack.then_some("Slack has a token, but this version has no Slack surface yet").into_iter().collect()
}

/// Whether any chat platform has its credentials.
pub(super) fn any(config: &Config) -> bool {
    config.credentials.discord_token.is_some() || config.credentials.slack_bot_token.is_some()
}

/// The prompts to try.
pub(super) fn examples(config: &Config) -> Vec<Example> {
    let example = |settings: &ExampleConfig| Example {
        title: settings.title.clone(),
        prompt: settings.prompt.clone(),
        lesson: settings.lesson.clone(),
    };
    config.examples.iter().map(example).collect()
}
