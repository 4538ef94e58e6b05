//! `DATABASE_URL`, checked as far as that is possible without a connection: a URL that can never work is a mistake in the
//! configuration. Errors name the part, never its value: that may be a password.

use std::{net::IpAddr, str::FromStr as _};

use secrecy::SecretString;
use sqlx::{
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::SqliteConnectOptions,
};
use url::{ParseError, Url};

use super::{ConfigError, Env};

const NAME: &str = "DATABASE_URL";

/// Reads the URL of the database, if one is set.
///
/// # Errors
/// It can never work.
pub(super) fn url(env: &Env) -> Result<Option<SecretString>, ConfigError> {
    let Some(text) = env.text(NAME)? else { return Ok(None) };
    let checked =
        match text.split_once(':') {
            Some(("sqlite", rest)) => sqlite(&text, rest),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => postgres(&text),
            _ => Err(r#"must be "sqlite:///folder/file?mode=rwc", "postgres://..." or "postgresql://...""#
                .to_owned()),
        };
    checked.map(|()| Some(text.into())).map_err(|problem| ConfigError::in_env(NAME, problem))
}

fn sqlite(url: &str, rest: &str) -> Result<(), String> {
    let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
    if file.trim_start_matches('/').is_empty() {
        return Err(r#"names no file; write "sqlite:///folder/file?mode=rwc""#.into());
    }
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let is_valid = match &*key {
            "mode" => matches!(&*value, "rw" | "rwc" | "memory"),
            "cache" => matches!(&*value, "private" | "shared"),
            "immutable" => matches!(&*value, "false" | "0"),
            "vfs" => true,
            _ => return Err("has an unknown parameter; SQLite has mode, cache, immutable and vfs".into()),
        };
        if !is_valid {
            return Err(match &*key {
                "mode" => "mode must be rw, rwc or memory, since every race is written".into(),
                "cache" => "cache must be private or shared".into(),
                _ => "immutable must be false, since every race is written".to_owned(),
            });
        }
    }
    SqliteConnectOptions::from_str(url).map(drop).map_err(|_| "is not a valid SQLite URL".into())
}

fn postgres(url: &str) -> Result<(), String> {
    const ESCAPES: &str = "write special characters of a user name or a password as % and two hex digits";
    const PORT: &str = "its port must be a number from 1 to 65535";
    let parsed = Url::parse(url).map_err(|error| match error {
        ParseError::InvalidPort => format!("{PORT}; {ESCAPES}"),
        ParseError::EmptyHost => "names no host".into(),
        ParseError::InvalidDomainCharacter
        | ParseError::InvalidIpv4Address
        | ParseError::InvalidIpv6Address
        | ParseError::IdnaError => format!("its host is not valid; {ESCAPES}"),
        _ => format!("is not a valid URL; {ESCAPES}"),
    })?;
    let is_port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    let mut has_host = parsed.host_str().is_some_and(|host| !host.is_empty());
    if parsed.port() == Some(0) {
        return Err(PORT.into());
    }
    for (key, value) in parsed.query_pairs() {
        has_host |= matches!(&*key, "host" | "hostaddr") && !value.is_empty();
        let problem = match &*key {
            "sslmode" | "ssl-mode" if value.parse::<PgSslMode>().is_err() => {
                "sslmode must be disable, allow, prefer, require, verify-ca or verify-full"
            }
            "port" if !is_port(&value) => PORT,
            "hostaddr" if value.parse::<IpAddr>().is_err() => "hostaddr must be an IP address",
            "statement-cache-capacity" if value.parse::<usize>().is_err() => {
                "statement-cache-capacity must be a number"
            }
            _ => continue,
        };
        return Err(problem.into());
    }
    if !has_host {
        return Err("names no host".into());
    }
    PgConnectOptions::from_str(url).map(drop).map_err(|_| format!("is not a valid URL; {ESCAPES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), String> {
        url(&Env::from_pairs([(NAME, text)])).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn urls_that_can_work_are_accepted() {
        for text in [
            "postgres://arena:p%2Fss@db.example:5433/arena?sslmode=verify-full&channel_binding=require",
            "postgresql://arena@[::1]/arena",
            "postgres://arena@%2Fvar%2Frun%2Fpostgresql/arena",
            "postgres:///arena?host=/var/run/postgresql&port=5432",
            "sqlite:///data/arena.sqlite?mode=rwc",
            "sqlite:arena.sqlite",
            "sqlite::memory:",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn urls_that_can_never_work_are_refused_by_their_part_and_without_their_password() {
        for (text, part) in [
            ("mysql://u:s3cret@h/d", "must be"),
            ("postgres:u:s3cret@h/d", "must be"),
            ("postgres://u:s3cret@h:99999/d", "port"),
            ("postgres://u:s3cret@h:port/d", "port"),
            ("postgres://u:s3cret@h:0/d", "port"),
            ("postgres://u:s3cret/more@h/d", "port"),
            ("postgres://u:s3cret@h/d?port=s3cret", "port"),
            ("postgres://u:s3cret@h/d?sslmode=s3cret", "sslmode"),
            ("postgres://u:s3cret@h/d?hostaddr=s3cret", "hostaddr"),
            ("postgres://u:s3cret@h/d?statement-cache-capacity=s3cret", "statement-cache-capacity"),
            ("postgres://u:s3cret@/d", "host"),
            ("postgres://u:s3cret@:5432/d", "host"),
            ("postgres:///d?password=s3cret", "host"),
            ("postgres://u:s3cret@h h/d", "host"),
            ("postgres://u:s3cret@[::g]/d", "host"),
            ("postgres://u:s3cret%FF@h/d", "URL"),
            ("sqlite:", "file"),
            ("sqlite://?mode=rwc", "file"),
            ("sqlite:///a?mode=ro", "mode"),
            ("sqlite:///a?mode=s3cret", "mode"),
            ("sqlite:///a?immutable=1", "immutable"),
            ("sqlite:///a?cache=s3cret", "cache"),
            ("sqlite:///a?s3cret=1", "parameter"),
        ] {
            let problem = check(text).expect_err(text);
            assert!(problem.contains("DATABASE_URL") && problem.contains(part), "{text}: {problem}");
            assert!(!problem.contains("s3cret"), "{problem}");
        }
    }
}
