//! The fake's socket: one call after the other on a raw connection, which failures may cut or hold up.

use std::sync::Arc;

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use super::{
    admit::Admitted,
    call::{self, Call},
    faults::{Fault, Moment},
    reply::Reply,
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

/// A reaction to a call that took effect.
pub(super) type AfterCall = Arc<dyn Fn(&Call, &Reply) + Send + Sync>;

/// The server of the fake, and its reactions to calls.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) shared: Arc<Shared>,
    /// Runs after a call: shares files, delivers events.
    pub(super) after: AfterCall,
}

impl Server {
    /// Takes connections until the fake is dropped.
    pub(super) fn serve(self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        shared.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let server = self.clone();
                self.shared.spawn(server.connection(stream));
            }
        });
    }

    async fn connection(self, mut stream: TcpStream) {
        loop {
            let keep = match wire::read(&mut stream).await {
                Ok(None) => return,
                Ok(Some(request)) => self.request(&mut stream, &request).await,
                Err(violation) => {
                    self.shared.with(|world| world.violation(violation));
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
        if let Some(id) = request.path.strip_prefix("/files-pri/") {
            return self.file(stream, request, id).await;
        }
        match call::read(request) {
            Ok(Some(call)) => self.call(stream, &call).await,
            Ok(None) => {
                let path = request.path.split('?').next().unwrap_or_default();
                self.violation(stream, format!("nobody calls {} {path}", request.method), "unknown_method")
                    .await
            }
            Err(violation) => self.violation(stream, violation, "invalid_arguments").await,
        }
    }

    /// Serves a shared file to the bot.
    async fn file(&self, stream: &mut TcpStream, request: &Request, id: &str) -> bool {
        let found = self.shared.with(|world| {
            let token = format!("Bearer {}", world.bot_token);
            if request.header("authorization") != Ok(Some(&token)) {
                world.violation("a file was asked for without the bot's token");
                return None;
            }
            let id = id.split('/').next().unwrap_or_default();
            let (_, file) = world.shared_files.iter().find(|(known, _)| known == id)?.clone();
            world.fetched.push(file.name);
            Some(file)
        });
        if let Some(file) = found {
            file.serve(stream).await;
        }
        false
    }

    async fn violation(&self, stream: &mut TcpStream, violation: String, code: &str) -> bool {
        self.shared.with(|world| world.violation(violation));
        self.write(stream, &Reply::refused(code)).await
    }

    async fn call(&self, stream: &mut TcpStream, call: &Call) -> bool {
        let admitted = self.shared.with(|world| world.admit(call, Instant::now()));
        match &admitted.fault {
            Some(Fault::Cut(Moment::Before)) => return false,
            Some(Fault::Hang(hung)) if !hung.wait_for_release_or_close(stream).await => return false,
            Some(Fault::Hold(hung)) => hung.wait_for_release().await,
            Some(Fault::Slow(late)) => sleep(*late).await,
            _ => {}
        }
        let reply = self.takes_effect(call, admitted);
        match reply {
            Some(reply) => self.write(stream, &reply).await,
            None => false,
        }
    }

    /// Applies the effect. Returns `None` if the connection is to be cut without a response.
    fn takes_effect(&self, call: &Call, admitted: Admitted) -> Option<Reply> {
        let Admitted { number, refused, fault } = admitted;
        let is_cut = matches!(fault, Some(Fault::Cut(_)));
        let had_effect = refused.is_none();
        let reply = self.shared.with(|world| {
            let reply = refused.unwrap_or_else(|| world.perform(call));
            if !is_cut {
                world.answered(number, &reply);
            }
            reply
        });
        if had_effect && reply.code() == "ok" {
            (self.after)(call, &reply);
        }
        (!is_cut).then_some(reply)
    }

    async fn write(&self, stream: &mut TcpStream, reply: &Reply) -> bool {
        let scopes = self.shared.read(|world| world.manifest.scopes.join(","));
        stream.write_all(&reply.bytes(&scopes)).await.is_ok()
    }
}
