//! Every misconfiguration is one message that names the place and the remedy, and exit code 2.

use std::net::TcpListener;

use super::with_timeout;
use crate::support::program::Program;

const PROVIDER: &str = "[[provider]]\nid = \"p\"\nbase_url = \"http://127.0.0.1:9/v1\"\n";
const MODEL: &str = "[[model]]\nid = \"m\"\nprovider = \"p\"\nmodel = \"m\"\n";

/// Returns the one line on stderr of a run that ends with exit code 2 and prints nothing else.
async fn refused(program: &Program, args: &[&str]) -> String {
    let outcome = with_timeout(program.run(args)).await;
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "one message: {}", outcome.stderr);
    outcome.stderr.trim_end().to_owned()
}

async fn all(configs: &[String]) -> String {
    let mut said = vec![];
    for config in configs {
        said.push(refused(&Program::with(config), &["check"]).await);
    }
    said.join("\n")
}

#[tokio::test]
async fn files() {
    let said = all(&[
        "[arena\n".into(),
        "[arena]\nmax_prompt_char = 5".into(),
        "[timeouts]\nidle = 90".into(),
        PROVIDER.into(),
        format!("{PROVIDER}{}", MODEL.replace("\"p\"", "\"q\"")),
        format!("{PROVIDER}{MODEL}{MODEL}"),
        format!("{}{MODEL}", PROVIDER.replace("http://", "")),
        format!("{PROVIDER}api_key_env = \"NO_SUCH_KEY\"\n{MODEL}"),
    ])
    .await;
    insta::assert_snapshot!(said, @r#"
    llm-arena: arena.toml, line 1: not valid TOML: unclosed table, expected `]`
    llm-arena: arena.toml, line 2: [arena] max_prompt_char: unknown setting; did you mean `max_prompt_chars`?
    llm-arena: arena.toml, line 2: [timeouts] idle: must be a duration in quotes with its unit, such as "90s" or "5m"
    llm-arena: arena.toml: [[model]]: missing; add at least one [[model]] for the [[provider]] tables
    llm-arena: arena.toml: [[model]] m provider: no [[provider]] has the id "q"; known ids: p
    llm-arena: arena.toml: [[model]] id: "m" is used twice; give each [[model]] a unique id
    llm-arena: arena.toml, line 3: [[provider]] 1 base_url: must be an http or https URL, such as "https://host/v1" or "http://127.0.0.1:8000/v1"
    llm-arena: arena.toml: [[provider]] p api_key_env: NO_SUCH_KEY is not set; set it, or write when_no_key = "simulate" to race simulated models
    "#);
}

#[tokio::test]
async fn variables() {
    let cases: [(&[(&str, &str)], &str); 10] = [
        (&[("ARENA_LISTEN", "here")], "serve"),
        (&[("SLACK_BOT_TOKEN", "xoxb-1")], "serve"),
        (&[("HF_TOKEN", "hf_1"), ("HF_TOKEN_FILE", "token")], "check"),
        (&[("HF_TOKEN_FILE", "missing")], "check"),
        (&[("ARENA_CONFIG", "missing.toml")], "models"),
        (&[("ARENA_LOG", "loud")], "check"),
        (&[("SSL_CERT_FILE", "missing.pem")], "check"),
        (&[("DATABASE_URL", "postgres://arena:s3cret/2@db:5432/arena")], "serve"),
        (&[("DATABASE_URL", "postgres://arena:s3cret@db/arena?sslmode=on")], "serve"),
        (&[("DATABASE_URL", "sqlite:///data/arena.sqlite?mode=ro")], "check"),
    ];
    let mut said = vec![];
    for (variables, command) in cases {
        let program =
            variables.iter().fold(Program::new(), |program, (name, value)| program.env(name, value));
        said.push(refused(&program, &[command]).await);
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    llm-arena: environment: ARENA_LISTEN: must be a host and a port, such as "127.0.0.1:8080", "0.0.0.0:8080" or "localhost:8080"
    llm-arena: environment: SLACK_APP_TOKEN: not set, but SLACK_BOT_TOKEN is; [slack] mode = "socket" needs both, so set it or unset SLACK_BOT_TOKEN
    llm-arena: environment: HF_TOKEN: set together with HF_TOKEN_FILE; unset one of the two
    llm-arena: environment: HF_TOKEN_FILE: missing cannot be read (No such file or directory (os error 2)); name a file that this process can read
    llm-arena: missing.toml: cannot be read (No such file or directory (os error 2)); name a readable file with --config or ARENA_CONFIG
    llm-arena: environment: ARENA_LOG: must be a level (off, error, warn, info, debug, trace) or directives such as "info,hyper=debug"
    llm-arena: environment: SSL_CERT_FILE: missing.pem cannot be read (No such file or directory (os error 2)); name a file that this process can read
    llm-arena: environment: DATABASE_URL: its port must be a number from 1 to 65535; write special characters of a user name or a password as % and two hex digits
    llm-arena: environment: DATABASE_URL: sslmode must be disable, allow, prefer, require, verify-ca or verify-full
    llm-arena: environment: DATABASE_URL: mode must be rw, rwc or memory, since every race is written
    "#);
}

#[tokio::test]
async fn an_empty_key_is_a_missing_one() {
    let program = Program::with(&format!("{PROVIDER}api_key_env = \"MY_KEY\"\n{MODEL}")).env("MY_KEY", "");
    let said = refused(&program, &["compare", "hi"]).await;
    assert!(said.contains("MY_KEY is not set"), "{said}");
}

#[tokio::test]
async fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let in_use = format!("{address} is in use; stop what listens there, or set another address here");
    let metrics = format!("[http]\nlisten = \"127.0.0.1:0\"\nmetrics_listen = \"{address}\"\n");
    let cases = [
        (Program::new().env("ARENA_LISTEN", &address), vec!["serve"], "environment: ARENA_LISTEN", ""),
        (
            Program::with(&format!("[http]\nlisten = \"{address}\"\n")),
            vec!["serve"],
            "arena.toml: [http] listen",
            " or in ARENA_LISTEN",
        ),
        (Program::with(&metrics), vec!["serve"], "arena.toml: [http] metrics_listen", ""),
        (Program::new(), vec!["simulate", "--listen", &address], "command line: --listen", ""),
    ];
    for (program, args, place, more) in cases {
        assert_eq!(refused(&program, &args).await, format!("llm-arena: {place}: {in_use}{more}"));
    }
}

#[tokio::test]
async fn usage() {
    let program = Program::with(&format!("{PROVIDER}{MODEL}"));
    let cases: [&[&str]; 3] = [
        &["compare", "--models", "n", "hi"],
        &["ask", "--model", "gemma", "hi"],
        &["compare", "--chart", "no/such/folder/speed.png", "hi"],
    ];
    let mut said = vec![];
    for args in cases {
        said.push(refused(&program, args).await);
    }
    said.push(refused(&Program::with("[arena]\nmax_prompt_chars = 4\n"), &["compare", "hello"]).await);
    insta::assert_snapshot!(said.join("\n"), @r#"
    llm-arena: No model is called `n`. The line-up: m.
    llm-arena: No model is called `gemma`. The line-up: m.
    llm-arena: --chart no/such/folder/speed.png: cannot be written (No such file or directory (os error 2))
    llm-arena: That prompt has 5 characters; the limit is 4. Shorten it and try again.
    "#);
    let list = refused(&program, &["ask", "--model", "m,m", "hi"]).await;
    assert!(list.contains("No model is called `m,m`"), "one model is asked, not a list: {list}");
    let outcome = with_timeout(program.run(&["compare"])).await;
    assert_eq!(outcome.code, Some(2), "no prompt: {outcome:?}");
}

#[tokio::test]
async fn a_prompt_on_stdin() {
    let program = Program::new();
    let most = vec![b'a'; 4 << 20];
    for (prompt, said) in [
        (&[most.as_slice(), b"a"].concat()[..], "the prompt on stdin is longer than 4 MiB"),
        (most.as_slice(), "That prompt has 4194304 characters"),
        (b"caf\xe9", "the prompt on stdin is not UTF-8 text"),
        (b" \n", "The prompt is empty"),
    ] {
        let outcome = with_timeout(program.run_with(&["compare", "-"], prompt)).await;
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
}

/// Names of files and settings come from outside too.
#[tokio::test]
async fn no_path_and_no_setting_controls_the_terminal() {
    let hostile = "a\u{1b}[31m\u{202e}\u{e0041}b";
    let key = r#""a\u001b[31m\u202E\nb" = 1"#;
    for said in [
        refused(&Program::new(), &["check", "--config", hostile]).await,
        refused(&Program::new().env("ARENA_CONFIG", hostile), &["check"]).await,
        refused(&Program::with(&format!("[arena]\n{key}\n")), &["check"]).await,
        refused(&Program::with(&format!("{key}\n")), &["check"]).await,
    ] {
        assert!(said.contains("a[31m"), "{said:?}");
        assert!(!said.contains(['\u{1b}', '\u{202e}', '\u{e0041}']), "{said:?}");
    }
}
