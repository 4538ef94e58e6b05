//! A fake Slack that is also a referee: the Web API over raw TCP in front of a world of plain data, users who type,
//! press and submit, and faults as methods. It records every violation, and the test fails at its end.

mod acks;
mod actions;
mod admit;
mod call;
mod delivery;
mod effect;
mod faults;
mod files;
mod limits;
mod manifest;
mod message;
mod method;
mod payload;
pub mod referee;
mod reply;
mod request;
mod response_urls;
mod server;
#[expect(dead_code, reason = "unit tests of the crate use the same file, and more of it")]
pub mod socket;
mod users;
mod views;
mod world;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::sleep};

use self::{
    delivery::Deliveries,
    server::{AfterCall, Server, Shared},
};
pub use self::{
    delivery::{Acks, Delivery, Envelope, Forgery, SignedRequest},
    faults::{Fault, HungCall, Moment},
    limits::Limits,
    manifest::Manifest,
    message::{Look, Message, Revision, Ts},
    method::Method,
    request::UserRequest,
    users::{ANA, BEN, BOT, CLUB, DM, LOBBY, MOD, THEIR_DM, TOWN, User, VAULT},
    world::{ActionKind, View, World},
};
use crate::support::program::free_address;

/// A Slack on a port of its own. When it is dropped it stops, and fails the test for everything that the bot did
/// wrong.
pub struct FakeSlack {
    address: SocketAddr,
    shared: Arc<Shared>,
    deliveries: Deliveries,
}

impl FakeSlack {
    /// Opens with the usual world.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let slack = Self::at(listener.local_addr().expect("an address"));
        slack.serve(listener);
        slack
    }

    /// Returns the usual world, which does not listen until it [opens its port](Self::open_port).
    pub fn closed() -> Self {
        Self::at(free_address())
    }

    /// Starts to listen.
    ///
    /// # Panics
    /// If the port is taken.
    pub async fn open_port(&self) {
        self.serve(TcpListener::bind(self.address).await.expect("a port"));
    }

    fn at(address: SocketAddr) -> Self {
        let shared = Arc::new(Shared::new(World::default()));
        shared.with(|world| world.origin = format!("http://{address}"));
        let deliveries = Deliveries::new(Arc::clone(&shared));
        Self { address, shared, deliveries }
    }

    fn serve(&self, listener: TcpListener) {
        let after = after_call(self.deliveries.clone());
        Server { shared: Arc::clone(&self.shared), after }.serve(listener);
    }

    /// For `SLACK_API_URL`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// Looks at the world or changes it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.shared.with(look)
    }

    /// Waits until `find` finds something in the world.
    pub async fn until<T>(&self, find: impl Fn(&World) -> Option<T>) -> T {
        self.shared.wait_for(find, "something in the world").await
    }

    /// Sets the number of calls of a method in any window of this length, instead of its tier.
    pub fn set_limit(&self, method: Method, calls: u32, window: Duration) {
        self.world(|world| world.limits.set(method, calls, window));
    }

    /// The next call of the method is refused by 429.
    pub fn rate_limit_next(&self, method: Method, retry_after: Duration) {
        self.queue(method, Fault::Limited(retry_after));
    }

    /// The next call of the method is answered with this status, without an effect.
    pub fn fail_next(&self, method: Method, status: u16) {
        self.queue(method, Fault::Status(status));
    }

    /// The next call of the method is answered with `ok: false` and this code, without an effect.
    pub fn refuse_next(&self, method: Method, code: &'static str) {
        self.queue(method, Fault::Refused(code));
    }

    /// The connection of the next call of the method is cut, before or after the effect.
    pub fn cut_next(&self, method: Method, moment: Moment) {
        self.queue(method, Fault::Cut(moment));
    }

    /// Delays the next call of the method; it has its effect even if the caller disconnects before.
    pub fn delay_next(&self, method: Method, delay: Duration) {
        self.queue(method, Fault::Slow(delay));
    }

    /// Blocks the next call of the method until it is released; it has no effect if the caller disconnects before.
    pub fn hang_next(&self, method: Method) -> HungCall {
        let hung = HungCall::default();
        self.queue(method, Fault::Hang(hung.clone()));
        hung
    }

    /// Blocks the next call of the method until it is released; it has its effect even if the caller disconnects
    /// before.
    pub fn hold_next(&self, method: Method) -> HungCall {
        let hung = HungCall::default();
        self.queue(method, Fault::Hold(hung.clone()));
        hung
    }

    /// This happens to the next edit that shows the end of a race.
    pub fn fail_final_edit(&self, fault: Fault) {
        self.world(|world| world.faults.push_final(fault));
    }

    fn queue(&self, method: Method, fault: Fault) {
        self.world(|world| world.faults.push(method, fault));
    }

    /// Returns the violations so far and clears them.
    pub fn take_violations(&self) -> Vec<String> {
        self.world(|world| {
            world.useless_calls = 0;
            let pings = std::mem::take(&mut world.pings);
            let violations = std::mem::take(&mut world.violations);
            violations.into_iter().chain(pings).collect()
        })
    }

    /// Ends the story.
    ///
    /// # Panics
    /// With everything that the bot did wrong or left undone.
    pub fn assert_clean(self) {
        drop(self);
    }
}

/// Returns what follows calls by itself: files are shared, and the bot receives events of its own direct messages.
fn after_call(deliveries: Deliveries) -> AfterCall {
    Arc::new(move |call, reply| match call.method {
        Method::PostMessage => deliveries.echo(&reply.field("ts")),
        Method::Update => deliveries.echo(call.text("ts")),
        Method::CompleteUpload => {
            let (sharing, delay) = deliveries.shared.read(|world| (world.sharing(call), world.sharing_takes));
            let later = deliveries.clone();
            deliveries.shared.spawn(async move {
                sleep(delay).await;
                if let Some(ts) = later.shared.with(|world| world.share(sharing)) {
                    later.echo(&ts);
                }
            });
        }
        _ => {}
    })
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        if std::thread::panicking() {
            return;
        }
        let wrong = self.world(|world| world.all_violations());
        assert!(wrong.is_empty(), "the referee saw: {wrong:#?}");
    }
}
