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
    limits::Told,
    reply::{Reply, refusal},
    world::World,
};
use crate::support::{
    house::Tells,
    provider::wire::{self, Request},
};

/// The house of this world.
pub(super) type House = crate::support::house::House<World>;

impl Tells for World {
    fn tells(&self) -> String {
        self.transcript()
    }
}

impl House {
    /// Takes connections until the fake is dropped.
    pub(super) fn serve(self: &Arc<Self>, listener: TcpListener) {
        let house = Arc::clone(self);
        let accepting = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                house.spawn(Arc::clone(&house).connection(stream));
            }
        };
        self.spawn(accepting);
    }

    async fn connection(self: Arc<Self>, mut stream: TcpStream) {
        loop {
            let keep = match wire::read(&mut stream).await {
                Ok(None) => return,
                Ok(Some(request)) => self.request(&mut stream, &request).await,
                Err(foul) => {
                    self.with(|world| world.violations.push(foul));
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
        match call::read(request) {
            Ok(Some(call)) => self.call(stream, request, &call).await,
            Ok(None) => {
                let path = self.see(|world| world.without_secrets(&request.path));
                self.foul(stream, format!("nobody calls {} {path}", request.method), 404).await
            }
            Err(foul) => self.foul(stream, foul, 400).await,
        }
    }

    async fn foul(&self, stream: &mut TcpStream, foul: String, status: u16) -> bool {
        self.with(|world| world.violations.push(foul));
        write(stream, &refusal(status, 0, "a foul"), None).await
    }

    async fn call(&self, stream: &mut TcpStream, request: &Request, call: &Call) -> bool {
        let admitted = self.with(|world| world.admit(call, request, Instant::now()));
        let (number, told) = (admitted.number, Some(&admitted.told));
        match &admitted.fault {
            Some(Fault::Cut(Moment::Before)) => return false,
            Some(Fault::Hang(hung)) if !hung.holds(stream).await => return false,
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

async fn write(stream: &mut TcpStream, reply: &Reply, told: Option<&Told>) -> bool {
    stream.write_all(&reply.bytes(told)).await.is_ok()
}
