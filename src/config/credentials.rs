//! The platforms' credentials: for each platform all that its mode needs, or none.

use secrecy::{ExposeSecret as _, SecretString};

use super::{ConfigError, DiscordMode, Env, SlackMode};

/// Tokens of the chat platforms. A platform is enabled by its token.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// `DISCORD_TOKEN`; enables Discord.
    pub discord_token: Option<SecretString>,
    /// `DISCORD_PUBLIC_KEY`, 64 hex digits; set if Discord is enabled in mode http.
    pub discord_public_key: Option<SecretString>,
    /// `SLACK_BOT_TOKEN`; enables Slack.
    pub slack_bot_token: Option<SecretString>,
    /// `SLACK_APP_TOKEN`; set if Slack is enabled in mode socket.
    pub slack_app_token: Option<SecretString>,
    /// `SLACK_SIGNING_SECRET`; set if Slack is enabled in mode http.
    pub slack_signing_secret: Option<SecretString>,
}

impl Credentials {
    /// Reads them from the environment.
    ///
    /// # Errors
    /// An incomplete set of credentials, or a value that cannot be read.
    pub(super) fn read(env: &Env, discord: DiscordMode, slack: SlackMode) -> Result<Self, ConfigError> {
        let credentials = Self {
            discord_token: env.token("DISCORD_TOKEN")?,
            discord_public_key: env.token("DISCORD_PUBLIC_KEY")?,
            slack_bot_token: env.token("SLACK_BOT_TOKEN")?,
            slack_app_token: env.token("SLACK_APP_TOKEN")?,
            slack_signing_secret: env.token("SLACK_SIGNING_SECRET")?,
        };
        credentials.check_discord(discord)?;
        credentials.check_slack(slack)?;
        Ok(credentials)
    }

    fn check_discord(&self, mode: DiscordMode) -> Result<(), ConfigError> {
        let http = mode == DiscordMode::Http;
        let mode = if http { r#"[discord] mode = "http""# } else { r#"[discord] mode = "gateway""# };
        all_or_none(
            mode,
            &[
                ("DISCORD_TOKEN", &self.discord_token, true),
                ("DISCORD_PUBLIC_KEY", &self.discord_public_key, http),
            ],
        )?;
        let is_key = |key: &SecretString| {
            let key = key.expose_secret();
            key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if self.discord_public_key.as_ref().is_none_or(is_key) {
            return Ok(());
        }
        let problem =
            "must be 64 hex digits; copy the public key from the application's page in the developer portal";
        Err(ConfigError::in_env("DISCORD_PUBLIC_KEY", problem))
    }

    fn check_slack(&self, mode: SlackMode) -> Result<(), ConfigError> {
        let http = mode == SlackMode::Http;
        let mode = if http { r#"[slack] mode = "http""# } else { r#"[slack] mode = "socket""# };
        all_or_none(
            mode,
            &[
                ("SLACK_BOT_TOKEN", &self.slack_bot_token, true),
                ("SLACK_APP_TOKEN", &self.slack_app_token, !http),
                ("SLACK_SIGNING_SECRET", &self.slack_signing_secret, http),
            ],
        )
    }
}

/// Checks that all needed variables are set if any is. Each part is a name, its value and true if the mode needs it.
fn all_or_none(mode: &str, parts: &[(&str, &Option<SecretString>, bool)]) -> Result<(), ConfigError> {
    let Some((given, _, needed)) = parts.iter().find(|(_, value, _)| value.is_some()) else { return Ok(()) };
    let Some((missing, ..)) = parts.iter().find(|(_, value, needed)| *needed && value.is_none()) else {
        return Ok(());
    };
    let what = if *needed { "both" } else { "it" };
    let problem = format!("not set, but {given} is; {mode} needs {what}, so set it or unset {given}");
    Err(ConfigError::in_env(*missing, problem))
}
