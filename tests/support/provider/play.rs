//! Plays an answer on a socket and logs what it did, when it did it.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    time::{Instant, sleep, sleep_until},
};

use super::{
    answer::{Answer, Step},
    truth::End,
};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";

/// Plays `answer` to a request that arrived at `arrived`; calls `wrote` after each write of content. The play ends
/// early if the client disconnects or sends something.
pub(super) async fn play(
    stream: &mut TcpStream,
    answer: &Answer,
    arrived: Instant,
    wrote: impl FnMut(Instant, u64),
) -> End {
    let result = {
        let (reader, writer) = stream.split();
        let mut player = Player { writer, answer, wrote };
        tokio::select! {
            result = player.steps(arrived) => result,
            () = leaves(reader) => return End::Left(Instant::now()),
        }
    };
    match result {
        Ok(true) => End::Whole(Instant::now()),
        Ok(false) => {
            if matches!(answer.steps.last(), Some(Step::Reset)) {
                let _ = stream.set_zero_linger();
            }
            End::Closed(Instant::now())
        }
        Err(_) => End::Left(Instant::now()),
    }
}

/// Returns when the client closes the connection (or breaks the rules by talking).
async fn leaves(mut reader: ReadHalf<'_>) {
    let mut byte = [0];
    let _ = reader.read(&mut byte).await;
}

struct Player<'a, F> {
    writer: WriteHalf<'a>,
    answer: &'a Answer,
    wrote: F,
}

impl<F: FnMut(Instant, u64)> Player<'_, F> {
    /// True when the connection may be used again.
    async fn steps(&mut self, arrived: Instant) -> io::Result<bool> {
        for step in &self.answer.steps {
            match step {
                Step::Head => self.head().await?,
                Step::Send { bytes, tokens } => self.send(bytes, *tokens).await?,
                Step::Whole(bytes) => {
                    self.write(bytes).await?;
                    return Ok(true);
                }
                Step::Until(after) => sleep_until(arrived + *after).await,
                Step::Wait(gate) => gate.pass().await,
                Step::Repeat(bytes, pause) => loop {
                    self.send(bytes, 0).await?;
                    sleep(*pause).await;
                },
                Step::Hang => std::future::pending().await,
                Step::Cut | Step::Reset => return Ok(false),
                Step::End => {
                    if self.answer.chunked {
                        self.write(b"0\r\n\r\n").await?;
                    }
                    return Ok(self.answer.chunked);
                }
            }
        }
        Ok(false)
    }

    async fn head(&mut self) -> io::Result<()> {
        let how = if self.answer.chunked { "Transfer-Encoding: chunked" } else { "Connection: close" };
        self.write(format!("{HEAD}{how}\r\n\r\n").as_bytes()).await
    }

    async fn send(&mut self, bytes: &[u8], tokens: u64) -> io::Result<()> {
        if self.answer.chunked {
            let framed = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
            self.write(&framed).await?;
        } else {
            self.write(bytes).await?;
        }
        if tokens > 0 {
            (self.wrote)(Instant::now(), tokens);
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for packet in bytes.chunks(self.answer.packet) {
            self.writer.write_all(packet).await?;
            self.writer.flush().await?;
            if packet.len() < bytes.len() {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
