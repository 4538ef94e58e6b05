//! The fake's socket: one call after the other on a raw connection, which failures may cut or hold up.

use std::sync::Arc;

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::{
    call::{self, Call},
    faults::{Fault, Moment},
    limits::RateLimit,
    reply::{Reply, refusal},
    world::World,
};
use crate::support::{
    fake::Transcript,
    provider::wire::{self, Request},
};

/// The state of the fake.
pub(super) type Shared = crate::support::fake::Shared<World>;

impl Transcript for World {
    fn transcript(&self) -> String {
        self.transcript()
    }
}

impl Shared {
    /// Takes connections until the fake is dropped.
    pub(super) fn serve(self: &Arc<Self>, listener: TcpListener) {
        let shared = Arc::clone(self);
        let accepting = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                shared.spawn(Arc::clone(&shared).connection(stream));
            }
        };
        self.spawn(accepting);
    }

    async fn connection(self: Arc<Self>, mut stream: TcpStream) {
        loop {
            let keep = match wire::read(&mut stream).await {
                Ok(None) => return,
                Ok(Some(request)) => self.request(&mut stream, &request).await,
                Err(violation) => {
                    self.with(|world| world.violations.push(violation));
                    false
                }
            };
            if !keep {
                return;
            }
        }
    }

    /// Answers one call; false when the connection ends with it.
    async fn request(&self, stream: &mut TcpStream, request: &Request) -> bool {
        self.with(|world| {
            if let Some(received) = &mut world.received {
                received.push(request.text());
            }
        });
        if let Some(id) = request.path.strip_prefix("/attachments/") {
            return self.file(stream, request, id).await;
        }
        match call::read(request) {
            Ok(Some(call)) => self.call(stream, request, &call).await,
            Ok(None) => {
                let path = self.read(|world| world.without_secrets(&request.path));
                self.violation(stream, format!("nobody calls {} {path}", request.method), 404).await
            }
            Err(violation) => self.violation(stream, violation, 400).await,
        }
    }

    /// Serves an attached file, for which no one may show a token.
    async fn file(&self, stream: &mut TcpStream, request: &Request, id: &str) -> bool {
        let found = self.with(|world| {
            if request.header("authorization") != Ok(None) {
                world.violations.push("a token for the host of files".into());
            }
            let id = id.split('/').next().and_then(|id| id.parse::<u64>().ok())?;
            let (_, file) = world.files.iter().find(|(known, _)| *known == id)?.clone();
            world.fetched.push(file.name);
            Some(file)
        });
        if let Some(file) = found {
            file.serve(stream).await;
        }
        false
    }

    async fn violation(&self, stream: &mut TcpStream, violation: String, status: u16) -> bool {
        self.with(|world| world.violations.push(violation));
        write(stream, &refusal(status, 0, "a violation"), None).await
    }

    async fn call(&self, stream: &mut TcpStream, request: &Request, call: &Call) -> bool {
        let admitted = self.with(|world| world.admit(call, request, Instant::now()));
        let (number, told) = (admitted.number, Some(&admitted.told));
        match &admitted.fault {
            Some(Fault::Cut(Moment::Before)) => return false,
            Some(Fault::Hang(hung)) if !hung.wait_for_release_or_close(stream).await => return false,
            _ => {}
        }
        let reply = self.with(|world| {
            let reply = admitted.refused.unwrap_or_else(|| world.perform(call));
            if !matches!(admitted.fault, Some(Fault::Cut(_))) {
                world.answered(number, &reply);
            }
            reply
        });
        !matches!(admitted.fault, Some(Fault::Cut(_))) && write(stream, &reply, told).await
    }
}

async fn write(stream: &mut TcpStream, reply: &Reply, told: Option<&RateLimit>) -> bool {
    stream.write_all(&reply.bytes(told)).await.is_ok()
}
