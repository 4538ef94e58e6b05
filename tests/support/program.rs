//! The built binary, run as people run it: a folder of its own, an environment of just what is named.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicU16, Ordering},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStderr, Command},
    time::timeout,
};

use super::{skip::skip, wait::TIMEOUT};

/// The binary in its folder.
pub struct Program {
    folder: TempDir,
    env: Vec<(String, String)>,
    limits: Vec<String>,
    user: Option<u32>,
}

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A run under way; dropped, it is killed.
pub struct Running {
    pub child: Child,
    pub stderr: Lines<BufReader<ChildStderr>>,
}

/// Lines of a program's log.
pub type Log = Lines<BufReader<ChildStderr>>;

impl Program {
    /// In an empty folder.
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder"), env: vec![], limits: vec![], user: None }
    }

    /// With this configuration, in a file that `ARENA_CONFIG` names.
    pub fn with(config: &str) -> Self {
        let program = Self::new();
        std::fs::write(program.path("arena.toml"), config).expect("a file");
        program.env("ARENA_CONFIG", "arena.toml")
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// With these limits of the system, as `prlimit` takes them (`--nofile=1024`).
    pub fn limited(mut self, limits: &[&str]) -> Self {
        self.limits = limits.iter().map(|&limit| limit.to_owned()).collect();
        self
    }

    /// With these lines before its configuration.
    pub fn with_lines(self, lines: &str) -> Self {
        let file = self.path("arena.toml");
        let config = std::fs::read_to_string(&file).expect("a file");
        std::fs::write(&file, [lines, &config].concat()).expect("a file");
        self
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As this user, if the tests run as root.
    pub fn without_root(self, user: u32) -> Self {
        let is_root = std::os::unix::fs::chown(self.folder.path(), Some(user), Some(user)).is_ok();
        Self { user: is_root.then_some(user), ..self }
    }

    fn command(&self, args: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_llm-arena");
        let mut command = if self.limits.is_empty() {
            Command::new(program)
        } else {
            let mut limited = Command::new("prlimit");
            limited.args(&self.limits).arg(program);
            limited
        };
        command.args(args).env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).kill_on_drop(true);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end, with nothing on standard input.
    pub async fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(args, "").await
    }

    /// Runs to the end with this on standard input.
    pub async fn run_with(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Outcome {
        let mut child = self.command(args).spawn().expect("the binary");
        let mut input = child.stdin.take().expect("a pipe");
        // a program that reads no input may have exited already
        let _ = input.write_all(stdin.as_ref()).await;
        drop(input);
        Outcome::of(child.wait_with_output().await.expect("an end"))
    }

    /// Runs it in a terminal of 80 columns: waits for each text on the screen, then types the keys behind it. Returns the exit
    /// code and the screen; `None` where `script`, of util-linux, is missing.
    pub async fn run_in_terminal(
        &self,
        line: &str,
        dialogue: &[(&str, &str)],
    ) -> Option<(Option<i32>, String)> {
        let program = env!("CARGO_BIN_EXE_llm-arena");
        let mut command = Command::new("script");
        command.arg("-qec").arg(format!("stty cols 80 rows 40; {program} {line}")).arg("/dev/null");
        command.envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let Ok(mut child) = command.spawn() else {
            skip("no terminal: there is no `script` in the PATH");
            return None;
        };
        let (mut keys, mut out) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let (mut screen, mut dialogue, mut seen) = (vec![], dialogue.iter(), 0);
        let mut next = dialogue.next();
        let run = async {
            while out.read_buf(&mut screen).await.expect("a pipe") > 0 {
                let shown = String::from_utf8_lossy(&screen).into_owned();
                while let Some((text, typed)) = next
                    && let Some(at) = shown.get(seen..).and_then(|rest| rest.find(text))
                {
                    seen += at + text.len();
                    keys.write_all(typed.as_bytes()).await.expect("a terminal");
                    next = dialogue.next();
                }
            }
            child.wait().await.expect("an end").code()
        };
        let code = timeout(TIMEOUT, run).await;
        let screen = String::from_utf8_lossy(&screen).into_owned();
        Some((code.unwrap_or_else(|_| panic!("it did not end: {screen}")), screen))
    }

    /// Starts it.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut child = self.command(args).spawn().expect("the binary");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        Running { child, stderr }
    }
}

impl Outcome {
    fn of(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The one JSON value that stdout is.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Running {
    /// Stops reading its standard output, as `head` does.
    pub fn close_stdout(&mut self) {
        drop(self.child.stdout.take());
    }

    /// Returns the next line on stderr that contains `word`.
    pub async fn wait_for_line(&mut self, word: &str) -> String {
        let mut lines = String::new();
        let find = async {
            while let Some(line) = self.stderr.next_line().await.expect("a pipe") {
                if line.contains(word) {
                    return Some(line);
                }
                lines += &line;
                lines.push('\n');
            }
            None
        };
        let found = timeout(TIMEOUT, find).await.ok().flatten();
        found.unwrap_or_else(|| panic!("it did not print {word:?}, but\n{lines}"))
    }

    /// Sends SIGTERM, as an orchestrator does.
    pub async fn terminate(&self) {
        signal(&self.child, "TERM").await;
    }

    /// Waits for the exit and returns the lines on stderr that were not read before.
    pub async fn wait_for_exit(mut self) -> Outcome {
        let mut stderr = String::new();
        while let Some(line) = self.stderr.next_line().await.expect("a pipe") {
            stderr += &line;
            stderr.push('\n');
        }
        let outcome = Outcome::of(self.child.wait_with_output().await.expect("an end"));
        Outcome { stderr, ..outcome }
    }
}

/// Sends this signal, by its name without SIG.
pub async fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id().expect("a process"));
    let status = Command::new("sh").args(["-c", &kill]).status().await.expect("a shell");
    assert!(status.success());
}

/// Returns an address on which nothing listens. Its port is below those that the system hands out, and no other test
/// of this run gets it.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).expect("below ten thousand");
    let mut ports =
        (0..10_000).map(|_| 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed) % 10_000) % 10_000);
    let is_free = |address: &SocketAddr| std::net::TcpListener::bind(address).is_ok();
    let free = ports.find_map(|port| Some(SocketAddr::from(([127, 0, 0, 1], port))).filter(is_free));
    free.expect("a port")
}

/// Status and body of a GET.
pub async fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut answer = String::new();
    open(address, path).await?.read_to_string(&mut answer).await?;
    Ok(parsed(&answer))
}

/// Status and body of a POST of JSON.
pub async fn post(address: SocketAddr, path: &str, body: &serde_json::Value) -> io::Result<(u16, String)> {
    let (mut stream, body) = (TcpStream::connect(address).await?, body.to_string());
    let about = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    let request = format!("POST {path} HTTP/1.0\r\nHost: {address}\r\n{about}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    // a service that is killed closes the connection without an answer
    if answer.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(parsed(&answer)) }
}

/// Returns the response to a GET as a stream, head included.
pub async fn open(address: SocketAddr, path: &str) -> io::Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    Ok(BufReader::new(stream))
}

fn parsed(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}
