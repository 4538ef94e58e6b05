//! Tests of the whole configuration: the built-in file, precedence, secrets.

mod mistakes;

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

use super::*;

fn config(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_toml(text, "arena.toml", &Env::from_pairs(env.iter().copied()))
}

/// A line-up of one model, for texts about something else.
const ONE: &str = "[[provider]]\nid = 'p'\nbase_url = 'http://127.0.0.1:1/v1'\n\
                   [[model]]\nid = 'm'\nprovider = 'p'\nmodel = 'x'\n";

#[test]
fn the_built_in_file_shows_the_defaults() {
    let of = |text| format!("{:?}", config(text, &[]).unwrap());
    assert_eq!(of(BUILT_IN), of(""));
}

#[test]
fn the_built_in_file_shows_every_setting() {
    for table in [
        "arena",
        "timeouts",
        "http",
        "discord",
        "slack",
        "budget",
        "access",
        "[provider]",
        "[model]",
        "[example]",
    ] {
        let error = toml::from_str::<File>(&format!("[{table}]\nnone_such = 1")).map(|_| ()).unwrap_err();
        let settings = error::known_settings(&error);
        assert!(settings.len() > 2, "{table}: {error}");
        for setting in settings {
            let is_shown = BUILT_IN.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ']);
                let names = line.split(['=', ' ', ',']).take(4).filter(|name| !name.is_empty());
                names.collect::<Vec<_>>().contains(&setting.as_str())
            });
            assert!(is_shown, "[{table}] {setting}");
        }
    }
}

#[test]
fn the_commented_providers_of_the_built_in_file_are_valid() {
    let start = BUILT_IN.find("# vLLM").unwrap();
    let end = BUILT_IN.find("# Canaries:").unwrap();
    let tables = BUILT_IN[start..end].lines().filter_map(|line| line.strip_prefix("# "));
    let text: Vec<_> = tables.filter(|line| line.starts_with("[[") || line.contains(" = ")).collect();
    let config = config(&text.join("\n"), &[("OPENROUTER_API_KEY", "k")]).unwrap();
    assert_eq!((config.providers.len(), config.models.len()), (4, 4));
}

#[test]
fn the_built_in_line_up_has_five_models() {
    let config = config("", &[]).unwrap();
    let card = |model: &ModelConfig| {
        format!("{} {} {} {}", model.card.icon, model.card.name, model.card.size, model.card.color)
    };
    insta::assert_snapshot!(config.models.iter().map(card).collect::<Vec<_>>().join("\n"), @r#"
    ⚡ Gemma 2B 2B #FDE263
    📜 Qwen 7B 7B #4594F0
    🔧 GPT-OSS 120B 120B #1ADE8C
    💻 Qwen Coder 480B #EA6E28
    🧠 DeepSeek R1 671B #F89BD0
    "#);
    let colors: Vec<_> = config.models.iter().map(|model| model.card.color.to_string()).collect();
    assert_eq!(colors, PALETTE[..5]);
    assert_eq!(config.examples.len(), 5);
    assert!(config.examples.iter().all(|example| !example.lesson.is_empty()));
}

#[test]
fn a_key_makes_the_models_real() {
    let simulated = |env| {
        let config = config("", env).unwrap();
        (config.models.iter().all(|model| model.card.simulated), config.providers[0].key.clone())
    };
    assert!(matches!(simulated(&[]), (true, ProviderKey::Simulate(_))));
    assert!(matches!(simulated(&[("HF_TOKEN", "")]), (true, ProviderKey::Simulate(_))));
    match simulated(&[("HF_TOKEN", "hf_1")]) {
        (false, ProviderKey::Key(key)) => assert_eq!(key.expose_secret(), "hf_1"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_provider_without_a_variable_needs_no_key() {
    let config = config(ONE, &[]).unwrap();
    assert!(matches!(config.providers[0].key, ProviderKey::NotNeeded));
    let model = &config.models[0];
    assert_eq!((model.card.name.as_str(), model.card.simulated, model.system_role), ("m", false, true));
    assert_eq!(config.examples.len(), 5, "the built-in examples are used");
}

#[test]
fn model_settings_are_read() {
    let text = format!(
        "{ONE}system = 'be brief'\nsystem_role = false\ntemperature = 1\nmax_tokens = 9\nfirst_token = '5m'\n\
         idle = '1s 500ms'\nprice_in = 0.25\nextra = {{ top_p = 0.5, stop = ['a', 'b'], deep = {{ on = true }} }}"
    );
    let model = config(&text, &[]).unwrap().models.remove(0);
    assert_eq!((model.temperature, model.max_tokens), (Some(1.0), Some(9)));
    let prices = model.card.prices.expect("a price");
    assert_eq!((prices.input, prices.output, prices.max_output, prices.overhead), (250_000, 0, 9, 72));
    assert_eq!((model.first_token.unwrap().as_secs(), model.idle.unwrap().as_millis()), (300, 1_500));
    assert_eq!((model.system.as_deref(), model.system_role), (Some("be brief"), false));
    let extra = serde_json::json!({ "top_p": 0.5, "stop": ["a", "b"], "deep": { "on": true } });
    assert_eq!(serde_json::Value::Object(model.extra), extra);
}

#[test]
fn colors_are_assigned_in_order_without_repeats() {
    let model =
        |id: usize, more: &str| format!("[[model]]\nid = '{id}'\nprovider = 'p'\nmodel = 'x'\n{more}\n");
    let mut text = format!("{ONE}{}", model(0, "color = '#4594f0'"));
    text.extend((1..=7).map(|id| model(id, "")));
    let colors: Vec<_> =
        config(&text, &[]).unwrap().models.iter().map(|model| model.card.color.to_string()).collect();
    assert_eq!(colors[..4], ["#FDE263", "#4594F0", "#1ADE8C", "#EA6E28"]);
    assert_eq!(colors[8], "#FDE263", "the palette starts again");
}

#[test]
fn the_environment_overrides_the_file() {
    let env = [
        ("ARENA_LISTEN", "0.0.0.0:9"),
        ("DISCORD_API_URL", "http://127.0.0.1:7"),
        ("SLACK_API_URL", "http://127.0.0.1:6/api/"),
        ("ARENA_LOCAL_CHANNEL", "off"),
        ("ARENA_DATA", "/data"),
        ("HOME", "/home/ana"),
    ];
    let text = "http.listen = '127.0.0.1:1'\nslack.api_url = 'http://127.0.0.1:2'";
    let config = config(text, &env).unwrap();
    assert_eq!(config.http.listen.to_string(), "0.0.0.0:9");
    assert_eq!(config.discord.api_url.as_str(), "http://127.0.0.1:7/");
    assert_eq!(config.slack.api_url.as_str(), "http://127.0.0.1:6/api");
    assert_eq!((config.local_channel, config.data_dir), (LocalChannel::Off, Some("/data".into())));
}

#[test]
fn no_color_is_a_wish_if_it_is_not_empty() {
    let has_color = |env: &[(&str, &str)]| config("", env).unwrap().has_color;
    assert!(has_color(&[]) && has_color(&[("NO_COLOR", "")]));
    assert!(!has_color(&[("NO_COLOR", "1")]) && !has_color(&[("NO_COLOR", "0")]), "any value counts");
}

#[test]
fn the_data_folder_defaults_to_that_of_the_user() {
    let folder = |env: &[(&str, &str)]| config("", env).unwrap().data_dir;
    assert_eq!(folder(&[]), None);
    assert_eq!(folder(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]), Some("/x/llm-arena".into()));
    assert_eq!(folder(&[("HOME", "not/absolute")]), None);
    assert!(folder(&[("HOME", "/h")]).unwrap().starts_with("/h"));
}

#[test]
fn a_named_file_overrides_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, seconds: u8| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("arena.drain_seconds = {seconds}")).unwrap();
        path
    };
    let (named, variable) = (write("a.toml", 1), write("b.toml", 2));
    let env = Env::from_pairs([("ARENA_CONFIG", &variable)]);
    let drain = |path: Option<&Path>| Config::load(path, &env).unwrap().arena.drain_seconds;
    assert_eq!((drain(Some(&named)), drain(None)), (1, 2));
    let unset = Config::load(None, &Env::from_pairs([("ARENA_CONFIG", "")])).unwrap();
    assert_eq!((unset.arena.drain_seconds, unset.origin.as_str()), (8, DEFAULT_FILE));
}

#[test]
fn secrets_are_read_from_files_and_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "DISCORD_TOKEN",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "HF_TOKEN",
        "DATABASE_URL",
    ];
    let pairs: BTreeMap<String, PathBuf> = names
        .iter()
        .map(|name| {
            let path = folder.path().join(name);
            let scheme = if *name == "DATABASE_URL" { "postgres://" } else { "" };
            std::fs::write(&path, format!("{scheme}hush-{name}\n")).unwrap();
            (format!("{name}_FILE"), path)
        })
        .collect();
    let config = Config::from_toml("", "arena.toml", &Env::from_pairs(pairs)).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("hush"), "{shown}");
    let token = config.credentials.slack_app_token.unwrap();
    assert_eq!(token.expose_secret(), "hush-SLACK_APP_TOKEN");
    assert_eq!(config.database_url.unwrap().expose_secret(), "postgres://hush-DATABASE_URL");
}

#[test]
fn a_platform_without_its_token_is_disabled_in_any_mode() {
    let text = "discord.mode = 'http'\nslack.mode = 'http'\ndiscord.guild_id = 81384788765712384";
    let config = config(text, &[]).unwrap();
    assert!(config.credentials.discord_token.is_none() && config.credentials.slack_bot_token.is_none());
    assert_eq!(
        (config.discord.mode, config.discord.guild_id),
        (DiscordMode::Http, Some(81_384_788_765_712_384))
    );
}

#[test]
fn examples_yield_to_a_low_prompt_limit_and_to_an_empty_list() {
    let count = |text| config(text, &[]).unwrap().examples.len();
    assert!(count("arena.max_prompt_chars = 100") < 5);
    assert_eq!(count("example = []"), 0);
}

/// A file with root certificates, and the line-up of a provider that trusts it.
fn with_ca(pem: &str) -> (tempfile::TempDir, String, String) {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("ca.pem").display().to_string();
    std::fs::write(&path, pem).unwrap();
    let text = ONE.replacen("[[model]]", &format!("ca_file = '{path}'\n[[model]]"), 1);
    (folder, path, text)
}

#[test]
fn root_certificates_come_from_the_variable_and_the_provider() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert;
    let bundle = format!(
        "# ours\n{}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        certificate.pem()
    );
    let (_folder, path, text) = with_ca(&bundle);
    let roots = |text: &str, env: &[(&str, &str)]| config(text, env).unwrap().providers[0].roots.len();
    assert_eq!(roots(ONE, &[]), 0);
    assert_eq!(roots(&text, &[]), 1, "the odd one is left out");
    assert_eq!(roots(ONE, &[("SSL_CERT_FILE", &path)]), 1);
    assert_eq!(roots(&text, &[("SSL_CERT_FILE", &path)]), 2);
}

#[test]
fn a_file_without_root_certificates_is_named() {
    for pem in ["", "not PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let (_folder, path, text) = with_ca(pem);
        let want =
            format!("{path} holds no certificate; name a PEM file with -----BEGIN CERTIFICATE----- in it");
        let error = config(&text, &[]).unwrap_err().to_string();
        assert_eq!(error, format!("arena.toml: [[provider]] p ca_file: {want}"));
        let error = config(ONE, &[("SSL_CERT_FILE", &path)]).unwrap_err().to_string();
        assert_eq!(error, format!("environment: SSL_CERT_FILE: {want}"));
    }
}
