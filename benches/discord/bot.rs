//! The bot's process, and the commands that are posted to it.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    time::Duration,
};

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{server::MODELS, usage::Usage};

const TIMEOUT: Duration = Duration::from_secs(20);
const KEY: [u8; 32] = [7; 32];

/// A bot that ends with the bench, and its configuration.
pub(crate) struct Bot {
    child: Child,
    address: SocketAddr,
    config: PathBuf,
    data: PathBuf,
    key: SigningKey,
}

impl Drop for Bot {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.config);
        let _ = fs::remove_dir_all(&self.data);
    }
}

impl Bot {
    /// Starts it, with Discord and all models at `server`, and waits until it is ready.
    pub(crate) async fn start(server: SocketAddr) -> io::Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let key = SigningKey::from_bytes(&KEY);
        let config =
            env::temp_dir().join(format!("llm-arena-bench-{}-{}.toml", process::id(), address.port()));
        fs::write(&config, configuration(server))?;
        let data = config.with_extension("data");
        let child = Command::new(env!("CARGO_BIN_EXE_llm-arena"))
            .arg("serve")
            .env_clear()
            .env("ARENA_CONFIG", &config)
            .env("ARENA_LISTEN", address.to_string())
            .env("ARENA_DATA", &data)
            .env("ARENA_LOG", "warn")
            .env("DISCORD_TOKEN", "bench")
            .env("DISCORD_PUBLIC_KEY", hex(key.verifying_key().as_bytes()))
            .env("DISCORD_API_URL", format!("http://{server}"))
            .current_dir(env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let bot = Self { child, address, config, data, key };
        let start = Instant::now();
        while !bot.get("/readyz").await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            if start.elapsed() > TIMEOUT {
                return Err(io::Error::other("the bot is not ready"));
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(bot)
    }

    /// Returns its resource usage.
    pub(crate) fn usage(&self) -> io::Result<Usage> {
        Usage::of(&self.child.id().to_string())
    }

    /// Returns the number of its open files and sockets.
    pub(crate) fn files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// A gauge without labels among its metrics.
    pub(crate) async fn gauge(&self, name: &str) -> io::Result<String> {
        let page = self.get("/metrics").await?;
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.unwrap_or("no").to_owned())
    }

    async fn get(&self, path: &str) -> io::Result<String> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await
    }

    /// Posts `/arena compare`; `race` determines the interaction's id and token.
    pub(crate) async fn compares(&self, race: u32) -> io::Result<()> {
        let options = json!([prompt(race)]);
        self.sends(race, &json!([{ "name": "compare", "type": 1, "options": options }])).await
    }

    /// Posts `/arena ask`.
    pub(crate) async fn asks(&self, race: u32) -> io::Result<()> {
        let options = json!([{ "name": "model", "type": 3, "value": MODELS[0] }, prompt(race)]);
        self.sends(race, &json!([{ "name": "ask", "type": 1, "options": options }])).await
    }

    async fn sends(&self, race: u32, options: &Value) -> io::Result<()> {
        let user = json!({ "id": "7001", "username": "ana", "discriminator": "0", "global_name": "Ana", "avatar": null });
        let body = json!({
            "id": (1_300_000_000_000_000_000_u64 + u64::from(race)).to_string(), "application_id": "1001", "type": 2,
            "token": format!("token-{race}"), "version": 1, "locale": "en-US", "entitlements": [],
            "app_permissions": "2147483647", "context": 1, "authorizing_integration_owners": { "0": "0" },
            "attachment_size_limit": 10_485_760, "channel_id": "6002", "user": user,
            "channel": { "id": "6002", "type": 1, "flags": 0, "recipients": [user] },
            "data": { "id": "9001", "name": "arena", "type": 1, "options": options },
        })
        .to_string();
        let timestamp = jiff::Timestamp::now().as_second();
        let signature = hex(&self.key.sign(format!("{timestamp}{body}").as_bytes()).to_bytes());
        let request = format!(
            "POST /discord/interactions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: \
             application/json\r\nX-Signature-Ed25519: {signature}\r\nX-Signature-Timestamp: {timestamp}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = self.exchange(&request).await?;
        let is_taken = answer.starts_with("HTTP/1.1 202");
        if is_taken { Ok(()) } else { Err(io::Error::other(format!("the bot answered {answer:?}"))) }
    }

    async fn exchange(&self, request: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

fn prompt(race: u32) -> Value {
    json!({ "name": "prompt", "type": 3, "value": format!("Why is the sky blue? ({race})") })
}

fn configuration(server: SocketAddr) -> String {
    let mut text = format!(
        "[arena]\nconcurrent_races = 10000\nraces_per_user_per_minute = 100000\n[discord]\nmode = \"http\"\n\
         [[provider]]\nid = \"made-up\"\nbase_url = \"http://{server}/v1\"\n"
    );
    for model in MODELS {
        let names = format!("id = \"{model}\"\nname = \"{model}\"\nmodel = \"{model}\"\n");
        text = text + "[[model]]\nprovider = \"made-up\"\n" + &names;
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // writing to a string cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    })
}
