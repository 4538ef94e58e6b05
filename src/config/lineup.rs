//! The line-up: `[[provider]]`, `[[model]]` and `[[example]]`, first as written, then with ids matched, keys looked up
//! and colours assigned.

use std::{path::Path, time::Duration};

use rustls::pki_types::CertificateDer;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Map;
use url::Url;

use super::{ConfigError, Env, roots, value};
use crate::model::{Color, ModelCard, ModelId, Prices};

/// The colours of models without one, in this order: distinguishable for most eyes, also on a dark background.
pub const PALETTE: [&str; 8] =
    ["#FDE263", "#4594F0", "#1ADE8C", "#EA6E28", "#F89BD0", "#9D7BF5", "#A9B4C2", "#E0475B"];

/// `[[provider]]`: a server that speaks the `OpenAI` chat protocol.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// The id in the configuration.
    pub id: String,
    /// The parent URL of `/chat/completions`, without a trailing slash (except the root's) or a query.
    pub base_url: Url,
    /// The API key.
    pub key: ProviderKey,
    /// Concurrent requests, over all replicas.
    pub max_requests: Option<u64>,
    /// Root certificates to trust beside Mozilla's: those of `SSL_CERT_FILE` and of its own file.
    pub roots: Vec<CertificateDer<'static>>,
}

/// The API key of a provider.
#[derive(Clone, Debug)]
pub enum ProviderKey {
    /// No key is sent.
    NotNeeded,
    /// This key is sent.
    Key(SecretString),
    /// The key is missing: the models are simulated and the provider is never called. With the name of its
    /// variable, where that can be shown.
    Simulate(Option<String>),
}

/// `[[model]]`: a model of the line-up.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// Its public description; simulated if its provider's key is [`ProviderKey::Simulate`].
    pub card: ModelCard,
    /// The id of its provider, one of [`super::Config::providers`].
    pub provider: String,
    /// Its name at the provider.
    pub model: String,
    /// The system text, if any.
    pub system: Option<String>,
    /// The maker, by which an answer in a blind race could be recognised.
    pub maker: Option<String>,
    /// False moves the system text into the user's turn, for models without a system role.
    pub system_role: bool,
    /// Sampling temperature, 0 to 2; `None` for the provider's default.
    pub temperature: Option<f64>,
    /// Its own limit of output tokens; the arena's applies too.
    pub max_tokens: Option<u32>,
    /// Its context in tokens, prompt and answer together, if known.
    pub context: Option<u32>,
    /// Its own deadline for the first token, if any.
    pub first_token: Option<Duration>,
    /// Its own deadline between two events, if any.
    pub idle: Option<Duration>,
    /// Fields merged into the request body.
    pub extra: Map<String, serde_json::Value>,
}

/// `[[example]]`: a prompt to try.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleConfig {
    /// The title, at most 75 characters: the maximum of a button's text on Slack
    /// (<https://docs.slack.dev/reference/block-kit/block-elements/button-element>).
    #[serde(deserialize_with = "value::line::<_, 75>")]
    pub title: String,
    /// The prompt.
    #[serde(deserialize_with = "value::text")]
    pub prompt: String,
    /// The usual result of the race, or empty.
    #[serde(default)]
    pub lesson: String,
}

/// `[[provider]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderTable {
    #[serde(deserialize_with = "value::id")]
    id: String,
    #[serde(deserialize_with = "value::base_url")]
    base_url: Url,
    #[serde(default, deserialize_with = "value::variable")]
    api_key_env: Option<String>,
    when_no_key: Option<WhenNoKey>,
    #[serde(default, deserialize_with = "value::limit")]
    max_requests: Option<u64>,
    #[serde(default, deserialize_with = "value::optional_line::<_, 4096>")]
    ca_file: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WhenNoKey {
    Simulate,
}

/// `[[model]]` as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelTable {
    #[serde(deserialize_with = "value::id")]
    id: String,
    #[serde(deserialize_with = "value::id")]
    provider: String,
    #[serde(deserialize_with = "value::line::<_, 200>")]
    model: String,
    #[serde(default, deserialize_with = "value::optional_line::<_, 40>")]
    name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_line::<_, 8>")]
    icon: Option<String>,
    #[serde(default, deserialize_with = "value::optional_line::<_, 40>")]
    size: Option<String>,
    #[serde(default, deserialize_with = "value::optional_line::<_, 200>")]
    best_for: Option<String>,
    #[serde(default, deserialize_with = "value::color")]
    color: Option<Color>,
    #[serde(default, deserialize_with = "value::optional_line::<_, 40>")]
    maker: Option<String>,
    #[serde(default)]
    vision: bool,
    system: Option<String>,
    #[serde(default = "yes")]
    system_role: bool,
    #[serde(default, deserialize_with = "value::optional_temperature")]
    temperature: Option<f64>,
    #[serde(default, deserialize_with = "value::optional_tokens")]
    max_tokens: Option<u32>,
    #[serde(default, deserialize_with = "value::optional_context")]
    context: Option<u32>,
    #[serde(default, deserialize_with = "value::optional_duration")]
    first_token: Option<Duration>,
    #[serde(default, deserialize_with = "value::optional_duration")]
    idle: Option<Duration>,
    #[serde(default, deserialize_with = "value::json_object")]
    extra: Map<String, serde_json::Value>,
    #[serde(default, deserialize_with = "value::optional_price")]
    price_in: Option<f64>,
    #[serde(default, deserialize_with = "value::optional_price")]
    price_out: Option<f64>,
}

fn yes() -> bool {
    true
}

/// Looks up the keys and root certificates of the providers.
///
/// # Errors
/// A duplicate id, a missing key without `when_no_key`, or a file of certificates that holds none.
pub(super) fn providers(
    file: &str,
    tables: Vec<ProviderTable>,
    env: &Env,
) -> Result<Vec<ProviderConfig>, ConfigError> {
    unique(file, "provider", tables.iter().map(|table| table.id.as_str()))?;
    let shared = roots::of_environment(env)?;
    tables
        .into_iter()
        .map(|table| {
            let key = key(file, &table, env)?;
            let mut roots = shared.clone();
            if let Some(path) = &table.ca_file {
                let setting = || format!("[[provider]] {} ca_file", table.id);
                roots.extend(
                    roots::read(Path::new(path))
                        .map_err(|problem| ConfigError::in_file(file, setting(), problem))?,
                );
            }
            Ok(ProviderConfig {
                id: table.id,
                base_url: table.base_url,
                key,
                max_requests: table.max_requests,
                roots,
            })
        })
        .collect()
}

fn key(file: &str, table: &ProviderTable, env: &Env) -> Result<ProviderKey, ConfigError> {
    let Some(variable) = &table.api_key_env else { return Ok(ProviderKey::NotNeeded) };
    match (env.token(variable)?, table.when_no_key) {
        (Some(key), _) => Ok(ProviderKey::Key(key)),
        (None, Some(WhenNoKey::Simulate)) => {
            Ok(ProviderKey::Simulate(is_displayable(variable).then(|| variable.clone())))
        }
        (None, None) => {
            let problem = format!(
                "{} is not set; set it, or write when_no_key = \"simulate\" to race simulated models",
                displayable(variable)
            );
            Err(ConfigError::in_file(file, format!("[[provider]] {} api_key_env", table.id), problem))
        }
    }
}

/// Hides a name with lower-case letters.
fn displayable(variable: &str) -> &str {
    if is_displayable(variable) { variable } else { "the named variable" }
}

/// Returns false for a name with lower-case letters: it may be a key that was pasted in place of the variable's name.
fn is_displayable(variable: &str) -> bool {
    !variable.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Matches the models with their providers.
///
/// # Errors
/// No model, a duplicate id, or an unknown provider.
pub(super) fn models(
    file: &str,
    tables: Vec<ModelTable>,
    providers: &[ProviderConfig],
) -> Result<Vec<ModelConfig>, ConfigError> {
    if tables.is_empty() {
        let problem = "missing; add at least one [[model]] for the [[provider]] tables";
        return Err(ConfigError::in_file(file, "[[model]]", problem));
    }
    unique(file, "model", tables.iter().map(|table| table.id.as_str()))?;
    let mut colors = free_colors(&tables);
    tables
        .into_iter()
        .map(|table| {
            let provider = provider_of(file, &table, providers)?;
            let color = table.color.or_else(|| colors.next());
            Ok(table.resolve(provider, color.unwrap_or(Color { r: 0x80, g: 0x80, b: 0x80 })))
        })
        .collect()
}

/// The palette without the colours that models chose, repeated endlessly.
fn free_colors(tables: &[ModelTable]) -> impl Iterator<Item = Color> + use<> {
    let palette: Vec<Color> = PALETTE.iter().filter_map(|hex| Color::parse(hex)).collect();
    let is_free = |color: &Color| !tables.iter().any(|table| table.color == Some(*color));
    let free: Vec<Color> = palette.iter().copied().filter(is_free).collect();
    if free.is_empty() { palette } else { free }.into_iter().cycle()
}

fn provider_of<'a>(
    file: &str,
    table: &ModelTable,
    providers: &'a [ProviderConfig],
) -> Result<&'a ProviderConfig, ConfigError> {
    providers.iter().find(|provider| provider.id == table.provider).ok_or_else(|| {
        let known = providers.iter().map(|provider| provider.id.as_str()).collect::<Vec<_>>().join(", ");
        let problem = if known.is_empty() {
            format!(
                "no [[provider]] is configured; add one with id = \"{}\" and its base_url",
                table.provider
            )
        } else {
            format!("no [[provider]] has the id \"{}\"; known ids: {known}", table.provider)
        };
        ConfigError::in_file(file, format!("[[model]] {} provider", table.id), problem)
    })
}

pub(super) fn unique<'a>(
    file: &str,
    table: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<(), ConfigError> {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            let problem = format!("\"{id}\" is used twice; give each [[{table}]] a unique id");
            return Err(ConfigError::in_file(file, format!("[[{table}]] id"), problem));
        }
    }
    Ok(())
}

/// Upper bound of the input tokens of the chat template.
const MAX_TEMPLATE_TOKENS: usize = 64;

impl ModelTable {
    /// Token prices; a single price means that the other is zero. Simulated models have none.
    fn prices(&self, provider: &ProviderConfig) -> Option<Prices> {
        if matches!(provider.key, ProviderKey::Simulate(_)) || (self.price_in, self.price_out) == (None, None)
        {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a price has its range")]
        let trillionths =
            |dollars_a_million: Option<f64>| (dollars_a_million.unwrap_or(0.0) * 1e6).ceil() as u64;
        let overhead = MAX_TEMPLATE_TOKENS + self.system.as_ref().map_or(0, String::len);
        Some(Prices {
            input: trillionths(self.price_in),
            output: trillionths(self.price_out),
            max_output: self.max_tokens.unwrap_or(u32::MAX),
            overhead: overhead.try_into().unwrap_or(u32::MAX),
        })
    }

    fn resolve(self, provider: &ProviderConfig, color: Color) -> ModelConfig {
        let prices = self.prices(provider);
        let card = ModelCard {
            id: ModelId::new(&self.id),
            name: self.name.unwrap_or(self.id),
            icon: self.icon.unwrap_or_default(),
            size: self.size.unwrap_or_default(),
            best_for: self.best_for.unwrap_or_default(),
            color,
            provider: provider.id.clone(),
            simulated: matches!(provider.key, ProviderKey::Simulate(_)),
            vision: self.vision,
            prices,
        };
        ModelConfig {
            card,
            provider: self.provider,
            model: self.model,
            maker: self.maker,
            system: self.system.filter(|text| !text.trim().is_empty()),
            system_role: self.system_role,
            temperature: self.temperature,
            max_tokens: self.max_tokens,
            context: self.context,
            first_token: self.first_token,
            idle: self.idle,
            extra: self.extra,
        }
    }
}
