//! Single values: each function checks one TOML value (or a variable's text) and returns it parsed, or an error that
//! says what to write instead.

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    time::Duration,
};

use jiff::fmt::friendly::SpanParser;
use serde::{Deserialize as _, Deserializer, de::Error as _};
use serde_json::Map;
use toml::Value;
use url::Url;

use crate::{model::Color, schedule::Schedule};

const MAX_DURATION: Duration = Duration::from_hours(24);
const MAX_ID_LEN: usize = 40;

/// The path that clients append to a base URL, often pasted along by mistake.
const ENDPOINT_PATH: &str = "/chat/completions";

/// A duration in jiff's friendly format: <https://docs.rs/jiff/latest/jiff/fmt/friendly/index.html>.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let value = Value::deserialize(from)?;
    let parsed = value.as_str().and_then(|text| SpanParser::new().parse_unsigned_duration(text).ok());
    let duration = parsed.ok_or_else(|| {
        D::Error::custom(r#"must be a duration in quotes with its unit, such as "90s" or "5m""#)
    })?;
    if duration < Duration::from_millis(1) || duration > MAX_DURATION {
        return Err(D::Error::custom(r#"must be from "1ms" to "24h""#));
    }
    Ok(duration)
}

pub(super) fn optional_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
}

/// A whole number from `MIN` to `MAX`.
pub(super) fn integer<'de, T, D, const MIN: i64, const MAX: i64>(from: D) -> Result<T, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    let number = Value::deserialize(from)?.as_integer().filter(|number| (MIN..=MAX).contains(number));
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| D::Error::custom(format!("must be a whole number from {MIN} to {MAX}")))
}

pub(super) fn optional_tokens<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    integer::<u32, D, 1, 1_000_000>(from).map(Some)
}

pub(super) fn optional_context<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    integer::<u32, D, 1, 100_000_000>(from).map(Some)
}

pub(super) fn optional_temperature<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    number::<D>(from, 2.0).map(Some)
}

pub(super) fn optional_price<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    number::<D>(from, 1_000_000.0).map(Some)
}

fn number<'de, D: Deserializer<'de>>(from: D, max: f64) -> Result<f64, D::Error> {
    let number = match Value::deserialize(from)? {
        Value::Float(number) => number,
        Value::Integer(number) => i32::try_from(number).map_or(f64::NAN, f64::from),
        _ => f64::NAN,
    };
    if (0.0..=max).contains(&number) {
        return Ok(number);
    }
    Err(D::Error::custom(format!("must be a number from 0 to {max}")))
}

/// The id of a model or a provider.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let id = String::deserialize(from)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if (1..=MAX_ID_LEN).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(id);
    }
    Err(D::Error::custom(format!("must be 1 to {MAX_ID_LEN} of the characters a-z 0-9 . _ -")))
}

pub(super) fn color<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Color>, D::Error> {
    let color = Color::parse(&String::deserialize(from)?);
    color.map(Some).ok_or_else(|| D::Error::custom(r##"must be a colour such as "#4594F0""##))
}

/// A non-blank line of at most `MAX` characters.
pub(super) fn line<'de, D: Deserializer<'de>, const MAX: usize>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("must not be empty"));
    }
    if text.chars().count() > MAX || text.chars().any(char::is_control) {
        return Err(D::Error::custom(format!("must be one line of at most {MAX} characters")));
    }
    Ok(text)
}

pub(super) fn optional_line<'de, D, const MAX: usize>(from: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    line::<D, MAX>(from).map(Some)
}

/// Non-blank text of any length.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() { Err(D::Error::custom("must not be empty")) } else { Ok(text) }
}

/// Non-blank text of at most `MAX` characters.
pub(super) fn short_text<'de, D: Deserializer<'de>, const MAX: usize>(from: D) -> Result<String, D::Error> {
    let text = text(from)?;
    if text.chars().count() > MAX {
        return Err(D::Error::custom(format!("must have at most {MAX} characters")));
    }
    Ok(text)
}

/// A time zone of the IANA database.
pub(super) fn time_zone<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let zone = String::deserialize(from)?;
    match Schedule::cron("0 0 * * *", Some(&zone)) {
        Ok(_) => Ok(Some(zone)),
        Err(error) => Err(D::Error::custom(error)),
    }
}

/// A table that is merged into a JSON body.
pub(super) fn json_object<'de, D>(from: D) -> Result<Map<String, serde_json::Value>, D::Error>
where
    D: Deserializer<'de>,
{
    let table = toml::Table::deserialize(from)?;
    let object: Option<_> = table.into_iter().map(|(key, value)| Some((key, json(value)?))).collect();
    object.ok_or_else(|| D::Error::custom("must contain JSON values only: no dates, inf or nan"))
}

fn json(value: Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::String(text) => text.into(),
        Value::Integer(number) => number.into(),
        Value::Float(number) => serde_json::Number::from_f64(number)?.into(),
        Value::Boolean(flag) => flag.into(),
        Value::Datetime(_) => return None,
        Value::Array(items) => items.into_iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Value::Table(table) => {
            let pairs = table.into_iter().map(|(key, value)| Some((key, json(value)?)));
            pairs.collect::<Option<Map<_, _>>>()?.into()
        }
    })
}

/// The name of an environment variable, as shells accept it.
pub(super) fn variable<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(from)?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && name.starts_with(|first: char| !first.is_ascii_digit()) {
        return Ok(Some(name));
    }
    Err(D::Error::custom(
        r#"must be the name of an environment variable, such as "HF_TOKEN", not the key itself"#,
    ))
}

/// A Discord snowflake, as a number or in quotes: <https://docs.discord.com/developers/reference#snowflakes>.
pub(super) fn snowflake<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let id = snowflake_of(Value::deserialize(from)?);
    id.map(Some).ok_or_else(|| D::Error::custom(r#"must be a server's id, such as "81384788765712384""#))
}

/// The id of a Discord channel, as a number or in quotes.
pub(super) fn discord_channel<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let id = snowflake_of(Value::deserialize(from)?);
    id.map(Some).ok_or_else(|| D::Error::custom(r#"must be a channel's id, such as "81384788765712384""#))
}

/// Discord snowflakes, as numbers or in quotes.
pub(super) fn snowflakes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    let ids: Option<_> = Vec::<Value>::deserialize(from)?.into_iter().map(snowflake_of).collect();
    ids.ok_or_else(|| D::Error::custom(r#"must list Discord ids, such as "81384788765712384""#))
}

fn snowflake_of(value: Value) -> Option<u64> {
    let id = match value {
        Value::Integer(id) => u64::try_from(id).ok(),
        Value::String(id) => id.parse().ok(),
        _ => None,
    };
    id.filter(|id| *id > 0)
}

/// Slack user ids: <https://docs.slack.dev/reference/objects/user-object>.
pub(super) fn slack_users<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let problem = r#"must list member ids such as "U024BE7LH" (profile, three dots, copy member ID)"#;
    slack_ids(from, &['U', 'W'], problem)
}

/// Slack channel ids.
pub(super) fn slack_channels<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    slack_ids(from, &['C', 'G', 'D'], r#"must list channel ids such as "C024BE7LR", not names"#)
}

/// A Slack channel id.
pub(super) fn slack_channel<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(from)?;
    let problem = r#"must be a channel's id such as "C024BE7LR", not its name"#;
    if is_slack_id(&id, &['C', 'G', 'D']) { Ok(Some(id)) } else { Err(D::Error::custom(problem)) }
}

/// Slack user group ids.
pub(super) fn slack_groups<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    slack_ids(from, &['S'], r#"must list user group ids such as "S0615G0KT", not handles"#)
}

fn slack_ids<'de, D: Deserializer<'de>>(
    from: D,
    first: &[char],
    problem: &'static str,
) -> Result<Vec<String>, D::Error> {
    let ids = Vec::<String>::deserialize(from)?;
    if ids.iter().all(|id| is_slack_id(id, first)) { Ok(ids) } else { Err(D::Error::custom(problem)) }
}

fn is_slack_id(id: &str, first: &[char]) -> bool {
    id.starts_with(first) && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// An optional limit, from 1 to 100,000.
pub(super) fn limit<'de, T: TryFrom<i64>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    integer::<T, D, 1, 100_000>(from).map(Some)
}

/// Host names with an optional port, in lower case.
pub(super) fn hosts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let hosts = Vec::<String>::deserialize(from)?;
    hosts.iter().map(|host| bare_host(host)).collect::<Option<_>>().ok_or_else(|| {
        D::Error::custom(r#"must list host names such as "arena.example.org", without http://"#)
    })
}

fn bare_host(host: &str) -> Option<String> {
    let url = Url::parse(&format!("ws://{host}")).ok()?;
    let is_bare = url.path() == "/" && !host.contains(['/', '?', '#', '@', ' ', '*']);
    is_bare.then(|| host.to_ascii_lowercase())
}

pub(super) fn socket_address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    address(&String::deserialize(from)?).map_err(D::Error::custom)
}

pub(super) fn optional_address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    socket_address(from).map(Some)
}

/// Parses an address to listen on: an IP address or a host name, and a port. Only a host name other than `localhost`
/// is looked up, which blocks; an IPv4 address is preferred.
///
/// # Errors
/// A description of what the address must be.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    const FORM: &str =
        r#"must be a host and a port, such as "127.0.0.1:8080", "0.0.0.0:8080" or "localhost:8080""#;
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
    let port: u16 = port.parse().map_err(|_| FORM)?;
    if host.is_empty() || host.contains([':', '/', ' ', '[', ']']) {
        return Err(FORM.into());
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    let found = (host, port).to_socket_addrs().map_err(|error| format!("cannot look up {host} ({error})"))?;
    let found: Vec<SocketAddr> = found.collect();
    let best = found.iter().find(|address| address.is_ipv4()).or(found.first());
    best.copied().ok_or_else(|| format!("cannot look up {host}; set an IP address and a port"))
}

pub(super) fn base_url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    web_url(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// An http or https URL. A slash at its end is removed, except that of the root.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let mut url = url
        .ok_or(r#"must be an http or https URL, such as "https://host/v1" or "http://127.0.0.1:8000/v1""#)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password; keys come from environment variables".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not contain a query (?) or a fragment (#)".into());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if path.ends_with(ENDPOINT_PATH) {
        return Err(format!("must not include {ENDPOINT_PATH}, which is appended to it"));
    }
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_is_removed_from_a_url() {
        let url = |text| web_url(text).map(String::from);
        assert_eq!(url("https://router.test/v1/"), Ok("https://router.test/v1".into()));
        assert_eq!(url("http://127.0.0.1:8000"), Ok("http://127.0.0.1:8000/".into()));
    }

    #[test]
    fn an_address_may_name_its_host() {
        for (text, expected) in [
            ("localhost:8080", "127.0.0.1:8080"),
            ("LocalHost:0", "127.0.0.1:0"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()), Ok(expected.into()), "{text}");
        }
        for wrong in
            ["localhost", "here", ":8080", "localhost:", "localhost:99999", "::1:8080", "http://localhost:80"]
        {
            assert!(address(wrong).is_err_and(|problem| problem.starts_with("must be")), "{wrong}");
        }
    }

    #[test]
    fn a_host_is_a_bare_name() {
        assert_eq!(bare_host("Arena.Example.org:8443"), Some("arena.example.org:8443".into()));
        for wrong in
            ["https://arena.example.org", "arena.example.org/", "a b", "", "*.example.org", "me@host"]
        {
            assert_eq!(bare_host(wrong), None, "{wrong}");
        }
    }
}
