//! The error message for each kind of mistake.

use super::*;

fn message(text: &str, env: &[(&str, &str)]) -> String {
    config(text, env).map_or_else(|error| error.to_string(), |_| "accepted".into())
}

/// The messages for `texts`, one per line.
fn messages<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(|text| message(text, &[])).collect::<Vec<_>>().join("\n")
}

fn env_messages(env: &[&[(&str, &str)]], text: &str) -> String {
    env.iter().map(|env| message(text, env)).collect::<Vec<_>>().join("\n")
}

#[test]
fn syntax_and_unknown_settings() {
    insta::assert_snapshot!(messages([
        "[arena\n",
        "\n\n[arena]\ndrain_seconds = = 8",
        "[http]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"",
        "[htp]\nlisten = \"127.0.0.1:1\"",
        "color = 1",
        "[http]\nlistn = \"127.0.0.1:1\"",
        "[arena]\nfast = true",
        "\n[arena]\nmax_prompt_chars = \"many\"",
        "[slack]\nadmins = \"U1\"",
        "[provider]\nid = \"p\"",
        "arena = 3",
    ]), @r#"
    arena.toml, line 1: not valid TOML: unclosed table, expected `]`
    arena.toml, line 4: not valid TOML: extra `=`, expected nothing
    arena.toml, line 3: not valid TOML: duplicate key
    arena.toml, line 1: htp: unknown setting; did you mean `http`?
    arena.toml, line 1: color: unknown setting; known settings: arena, timeouts, http, discord, slack, budget, blind, access, store, provider, model, example, alerts, canary, persona
    arena.toml, line 2: [http] listn: unknown setting; did you mean `listen`?
    arena.toml, line 2: [arena] fast: unknown setting; known settings: max_prompt_chars, max_output_tokens, concurrent_races, races_per_user_per_minute, races_per_user, lanes_per_race, drain_seconds
    arena.toml, line 3: [arena] max_prompt_chars: must be a whole number from 1 to 1000000
    arena.toml, line 2: [slack] admins: must be a list, not a string
    arena.toml, line 1: [provider]: must be a list, not a table
    arena.toml, line 1: [arena]: must be a table, not a whole number
    "#);
}

#[test]
fn numbers_and_durations() {
    insta::assert_snapshot!(messages([
        "[arena]\nconcurrent_races = 0",
        "[arena]\nmax_output_tokens = 0",
        "[arena]\nmax_prompt_chars = -1",
        "[arena]\nraces_per_user_per_minute = 1.5",
        "[arena]\ndrain_seconds = 86400",
        "[timeouts]\nidle = 90",
        "[timeouts]\nidle = \"90\"",
        "[timeouts]\nidle = \"0s\"",
        "[timeouts]\ntotal = \"30 days\"",
        "[timeouts]\nconnect = \"-5s\"",
        "[discord]\ntoken_seconds = 901",
        "[arena]\ndrain_seconds = 0",
    ]), @r#"
    arena.toml, line 2: [arena] concurrent_races: must be a whole number from 1 to 100000
    arena.toml, line 2: [arena] max_output_tokens: must be a whole number from 1 to 1000000
    arena.toml, line 2: [arena] max_prompt_chars: must be a whole number from 1 to 1000000
    arena.toml, line 2: [arena] races_per_user_per_minute: must be a whole number from 1 to 100000
    arena.toml, line 2: [arena] drain_seconds: must be a whole number from 0 to 3600
    arena.toml, line 2: [timeouts] idle: must be a duration in quotes with its unit, such as "90s" or "5m"
    arena.toml, line 2: [timeouts] idle: must be a duration in quotes with its unit, such as "90s" or "5m"
    arena.toml, line 2: [timeouts] idle: must be from "1ms" to "24h"
    arena.toml, line 2: [timeouts] total: must be a duration in quotes with its unit, such as "90s" or "5m"
    arena.toml, line 2: [timeouts] connect: must be a duration in quotes with its unit, such as "90s" or "5m"
    arena.toml, line 2: [discord] token_seconds: must be a whole number from 1 to 900
    accepted
    "#);
}

#[test]
fn addresses_and_platforms() {
    insta::assert_snapshot!(messages([
        "[http]\nlisten = \"localhost\"",
        "[http]\nmetrics_listen = 9090",
        "[http]\nallowed_hosts = [\"https://arena.example.org\"]",
        "[discord]\nmode = \"socket\"",
        "[discord]\nguild_id = \"my server\"",
        "[discord]\napi_url = \"discord.com\"",
        "[slack]\nmode = \"gateway\"",
        "[slack]\nadmins = [\"@ana\"]",
        "[slack]\ntoken = \"xoxb-hidden\"",
    ]), @r#"
    arena.toml, line 2: [http] listen: must be a host and a port, such as "127.0.0.1:8080", "0.0.0.0:8080" or "localhost:8080"
    arena.toml, line 2: [http] metrics_listen: must be a string, not a whole number
    arena.toml, line 2: [http] allowed_hosts: must list host names such as "arena.example.org", without http://
    arena.toml, line 2: [discord] mode: must be "gateway" or "http"
    arena.toml, line 2: [discord] guild_id: must be a server's id, such as "81384788765712384"
    arena.toml, line 2: [discord] api_url: must be an http or https URL, such as "https://host/v1" or "http://127.0.0.1:8000/v1"
    arena.toml, line 2: [slack] mode: must be "socket" or "http"
    arena.toml, line 2: [slack] admins: must list member ids such as "U024BE7LH" (profile, three dots, copy member ID)
    arena.toml, line 2: [slack] token: unknown setting; keys and tokens come from the environment
    "#);
}

#[test]
fn providers() {
    let provider = |lines: &str| format!("[[provider]]\nid = \"a\"\n{lines}");
    let url = |url: &str| provider(&format!("base_url = \"{url}\""));
    let key = |lines: &str| provider(&format!("base_url = \"http://127.0.0.1:1\"\n{lines}"));
    let texts = [
        provider(""),
        url("router.example.org/v1"),
        url("ftp://example.org"),
        url("https://me:hidden@example.org"),
        url("https://example.org/v1?key=hidden"),
        url("https://example.org/v1/chat/completions"),
        key("api_key = \"hidden\""),
        key("api_key_env = \"sk-hidden\""),
        key("api_key_env = \"hf_hidden\""),
        key("api_key_env = \"MY_KEY\""),
        key("api_key_env = \"MY_KEY\"\nwhen_no_key = \"skip\""),
        key(""),
        format!("{ONE}{}", ONE.replace("[[model]]\nid = 'm'", "[[model]]\nid = 'n'")),
        "[[provider]]\nid = \"My Server\"\nbase_url = \"http://127.0.0.1:1\"".into(),
    ];
    let messages = messages(texts.iter().map(String::as_str));
    assert!(!messages.contains("hidden"), "{messages}");
    insta::assert_snapshot!(messages, @r#"
    arena.toml, line 1: [[provider]] 1 base_url: missing; every [[provider]] needs it
    arena.toml, line 3: [[provider]] 1 base_url: must be an http or https URL, such as "https://host/v1" or "http://127.0.0.1:8000/v1"
    arena.toml, line 3: [[provider]] 1 base_url: must be an http or https URL, such as "https://host/v1" or "http://127.0.0.1:8000/v1"
    arena.toml, line 3: [[provider]] 1 base_url: must not contain a user name or password; keys come from environment variables
    arena.toml, line 3: [[provider]] 1 base_url: must not contain a query (?) or a fragment (#)
    arena.toml, line 3: [[provider]] 1 base_url: must not include /chat/completions, which is appended to it
    arena.toml, line 4: [[provider]] 1 api_key: unknown setting; did you mean `api_key_env`?
    arena.toml, line 4: [[provider]] 1 api_key_env: must be the name of an environment variable, such as "HF_TOKEN", not the key itself
    arena.toml: [[provider]] a api_key_env: the named variable is not set; set it, or write when_no_key = "simulate" to race simulated models
    arena.toml: [[provider]] a api_key_env: MY_KEY is not set; set it, or write when_no_key = "simulate" to race simulated models
    arena.toml, line 5: [[provider]] 1 when_no_key: must be "simulate"
    arena.toml: [[model]]: missing; add at least one [[model]] for the [[provider]] tables
    arena.toml: [[provider]] id: "p" is used twice; give each [[provider]] a unique id
    arena.toml, line 2: [[provider]] 1 id: must be 1 to 40 of the characters a-z 0-9 . _ -
    "#);
}

#[test]
fn models() {
    let model = |lines: &str| format!("{ONE}{lines}");
    let second = |lines: &str| format!("{ONE}[[model]]\n{lines}");
    let texts = [
        "[[model]]\nid = \"a\"\nprovider = \"p\"\nmodel = \"x\"".into(),
        ONE.replace("provider = 'p'", "provider = 'huggingface'"),
        second("id = \"m\"\nprovider = \"p\"\nmodel = \"y\""),
        second("id = \"n\"\nmodel = \"y\""),
        second("id = \"GPT 4\"\nprovider = \"p\"\nmodel = \"y\""),
        model("color = \"blue\""),
        model("icon = \"far too long\""),
        model("icon = \"\""),
        model("name = \"This is a name that no chart and no button could ever hold\""),
        model("best_for = \"two\\nlines\""),
        model("temperature = 3"),
        model("temperature = \"warm\""),
        model("max_tokens = 0"),
        model("first_token = 30"),
        model("price_in = -1"),
        model("extra = { since = 2026-01-01 }"),
        model("extra = 1"),
        model("system_role = \"no\""),
        model("colour = \"#4594F0\""),
    ];
    insta::assert_snapshot!(messages(texts.iter().map(String::as_str)), @r##"
    arena.toml: [[model]] a provider: no [[provider]] is configured; add one with id = "p" and its base_url
    arena.toml: [[model]] m provider: no [[provider]] has the id "huggingface"; known ids: p
    arena.toml: [[model]] id: "m" is used twice; give each [[model]] a unique id
    arena.toml, line 8: [[model]] 2 provider: missing; every [[model]] needs it
    arena.toml, line 9: [[model]] 2 id: must be 1 to 40 of the characters a-z 0-9 . _ -
    arena.toml, line 8: [[model]] 1 color: must be a colour such as "#4594F0"
    arena.toml, line 8: [[model]] 1 icon: must be one line of at most 8 characters
    arena.toml, line 8: [[model]] 1 icon: must not be empty
    arena.toml, line 8: [[model]] 1 name: must be one line of at most 40 characters
    arena.toml, line 8: [[model]] 1 best_for: must be one line of at most 200 characters
    arena.toml, line 8: [[model]] 1 temperature: must be a number from 0 to 2
    arena.toml, line 8: [[model]] 1 temperature: must be a number from 0 to 2
    arena.toml, line 8: [[model]] 1 max_tokens: must be a whole number from 1 to 1000000
    arena.toml, line 8: [[model]] 1 first_token: must be a duration in quotes with its unit, such as "90s" or "5m"
    arena.toml, line 8: [[model]] 1 price_in: must be a number from 0 to 1000000
    arena.toml, line 8: [[model]] 1 extra: must contain JSON values only: no dates, inf or nan
    arena.toml, line 8: [[model]] 1 extra: must be a table, not a whole number
    arena.toml, line 8: [[model]] 1 system_role: must be true or false, not a string
    arena.toml, line 8: [[model]] 1 colour: unknown setting; did you mean `color`?
    "##);
}

#[test]
fn examples() {
    insta::assert_snapshot!(messages([
        "[[example]]\ntitle = \"a\"",
        "[[example]]\ntitle = \"a\"\nprompt = \" \"",
        "arena.max_prompt_chars = 3\n[[example]]\ntitle = \"a\"\nprompt = \"four\"",
        "[[example]]\ntitle = \"a\"\nprompt = \"b\"\nleson = \"c\"",
    ]), @r#"
    arena.toml, line 1: [[example]] 1 prompt: missing; every [[example]] needs it
    arena.toml, line 3: [[example]] 1 prompt: must not be empty
    arena.toml: [[example]] "a" prompt: longer than [arena] max_prompt_chars = 3; shorten it or raise the limit
    arena.toml, line 4: [[example]] 1 leson: unknown setting; did you mean `lesson`?
    "#);
}

#[test]
fn incomplete_credentials() {
    let (discord, key) = (("DISCORD_TOKEN", "hidden"), ("DISCORD_PUBLIC_KEY", "hidden"));
    let (bot, app, secret) =
        (("SLACK_BOT_TOKEN", "hidden"), ("SLACK_APP_TOKEN", "hidden"), ("SLACK_SIGNING_SECRET", "hidden"));
    let open =
        env_messages(&[&[discord], &[bot, app], &[bot], &[app], &[secret], &[bot, secret], &[key]], "");
    let http = "discord.mode = 'http'\nslack.mode = 'http'";
    let closed = env_messages(
        &[&[discord], &[key], &[discord, key], &[bot], &[bot, app], &[secret], &[bot, secret]],
        http,
    );
    assert!(!format!("{open}{closed}").contains("hidden"));
    insta::assert_snapshot!(open, @r#"
    accepted
    accepted
    environment: SLACK_APP_TOKEN: not set, but SLACK_BOT_TOKEN is; [slack] mode = "socket" needs both, so set it or unset SLACK_BOT_TOKEN
    environment: SLACK_BOT_TOKEN: not set, but SLACK_APP_TOKEN is; [slack] mode = "socket" needs both, so set it or unset SLACK_APP_TOKEN
    environment: SLACK_BOT_TOKEN: not set, but SLACK_SIGNING_SECRET is; [slack] mode = "socket" needs it, so set it or unset SLACK_SIGNING_SECRET
    environment: SLACK_APP_TOKEN: not set, but SLACK_BOT_TOKEN is; [slack] mode = "socket" needs both, so set it or unset SLACK_BOT_TOKEN
    environment: DISCORD_TOKEN: not set, but DISCORD_PUBLIC_KEY is; [discord] mode = "gateway" needs it, so set it or unset DISCORD_PUBLIC_KEY
    "#);
    insta::assert_snapshot!(closed, @r#"
    environment: DISCORD_PUBLIC_KEY: not set, but DISCORD_TOKEN is; [discord] mode = "http" needs both, so set it or unset DISCORD_TOKEN
    environment: DISCORD_TOKEN: not set, but DISCORD_PUBLIC_KEY is; [discord] mode = "http" needs both, so set it or unset DISCORD_PUBLIC_KEY
    environment: DISCORD_PUBLIC_KEY: must be 64 hex digits; copy the public key from the application's page in the developer portal
    environment: SLACK_SIGNING_SECRET: not set, but SLACK_BOT_TOKEN is; [slack] mode = "http" needs both, so set it or unset SLACK_BOT_TOKEN
    environment: SLACK_SIGNING_SECRET: not set, but SLACK_BOT_TOKEN is; [slack] mode = "http" needs both, so set it or unset SLACK_BOT_TOKEN
    environment: SLACK_BOT_TOKEN: not set, but SLACK_SIGNING_SECRET is; [slack] mode = "http" needs both, so set it or unset SLACK_SIGNING_SECRET
    accepted
    "#);
}

#[test]
fn variables() {
    insta::assert_snapshot!(env_messages(&[
        &[("HF_TOKEN", "hidden"), ("HF_TOKEN_FILE", "/run/secrets/hf")],
        &[("HF_TOKEN_FILE", "/none/such")],
        &[("HF_TOKEN", "hidden\nhidden")],
        &[("ARENA_LISTEN", "8080")],
        &[("ARENA_LOCAL_CHANNEL", "yes")],
        &[("DATABASE_URL", "mysql://ana:hidden@db/arena")],
        &[("DATABASE_URL_FILE", "/none/such")],
        &[("DISCORD_API_URL", "proxy:8080")],
        &[("SLACK_API_URL", "https://hidden:hidden@slack.test/api")],
    ], ""), @r#"
    environment: HF_TOKEN: set together with HF_TOKEN_FILE; unset one of the two
    environment: HF_TOKEN_FILE: /none/such cannot be read (No such file or directory (os error 2)); name a file that this process can read
    environment: HF_TOKEN: contains a character that keys never contain (such as a space, a curly quote or a line break); paste it again
    environment: ARENA_LISTEN: must be a host and a port, such as "127.0.0.1:8080", "0.0.0.0:8080" or "localhost:8080"
    environment: ARENA_LOCAL_CHANNEL: must be "auto", "on" or "off"
    environment: DATABASE_URL: must be "sqlite:///folder/file?mode=rwc", "postgres://..." or "postgresql://..."
    environment: DATABASE_URL_FILE: /none/such cannot be read (No such file or directory (os error 2)); name a file that this process can read
    environment: DISCORD_API_URL: must be an http or https URL, such as "https://host/v1" or "http://127.0.0.1:8000/v1"
    environment: SLACK_API_URL: must not contain a user name or password; keys come from environment variables
    "#);
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let latin = folder.path().join("latin.toml");
    std::fs::write(&latin, b"[arena] # \xe9").unwrap();
    let missing = folder.path().join("missing.toml");
    let message = |path: &Path| {
        let error = Config::load(Some(path), &Env::default()).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };
    insta::assert_snapshot!(format!("{}\n{}", message(&latin), message(&missing)), @r#"
    FOLDER/latin.toml: not UTF-8; save it as UTF-8 text
    FOLDER/missing.toml: cannot be read (No such file or directory (os error 2)); name a readable file with --config or ARENA_CONFIG
    "#);
    let env = Env::from_pairs([("ARENA_CONFIG", &missing)]);
    assert_eq!(Config::load(None, &env).unwrap_err().file, missing.display().to_string());
    assert!(Config::load(Some(folder.path()), &Env::default()).is_err(), "a folder is no file");
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_utf8() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};
    let env = Env::from_pairs([("HF_TOKEN", OsString::from_vec(vec![0xff]))]);
    let error = Config::from_toml("", "arena.toml", &env).unwrap_err();
    assert_eq!(error.to_string(), "environment: HF_TOKEN: not UTF-8; set it to plain text");
}
