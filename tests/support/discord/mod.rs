//! A fake Discord that is also a referee: REST v10 over raw TCP in front of a world of plain data, users who type and
//! press, and faults as methods. It records every violation, and the test fails at its end.

mod actions;
mod admit;
mod call;
mod delivery;
mod effect;
mod faults;
#[expect(
    dead_code,
    reason = "other verbs of it are for the unit tests of src/discord/gateway, which take it in too"
)]
pub mod gateway;
mod interaction;
mod limits;
mod message;
mod openapi;
mod payload;
mod referee;
mod reply;
mod request;
mod responses;
mod route;
mod server;
mod targets;
mod users;
mod world;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::net::TcpListener;

use self::server::Shared;
pub use self::{
    admit::{ATTACH_FILES, CREATE_PUBLIC_THREADS, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS, VIEW_CHANNEL},
    delivery::{Delivery, Forgery},
    faults::{Family, Fault, HungCall, Moment},
    interaction::Fate,
    limits::{Scope, Span},
    message::{Look, Message},
    request::UserRequest,
    route::Route,
    users::{ANA, BEN, ChannelKind, GUILD, MOD, User},
    world::{Id, World},
};

/// The option for the file with all answers, below a race of several models.
pub const ALL_ANSWERS: &str = "📄 All answers, as a file";

/// A Discord on a port of its own. When it is dropped it stops, and fails the test for everything that the bot
/// did wrong.
pub struct FakeDiscord {
    address: SocketAddr,
    shared: Arc<Shared>,
    delivery: Mutex<Option<Delivery>>,
}

impl FakeDiscord {
    /// Opens with the usual world.
    pub async fn open() -> Self {
        openapi::prepare();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::new(World::default()));
        shared.with(|world| world.cdn = format!("http://{address}"));
        shared.serve(listener);
        Self { address, shared, delivery: Mutex::default() }
    }

    /// The origin for a client's configuration, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at the world or changes it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.shared.with(look)
    }

    /// Waits until `find` finds something in the world.
    pub async fn until<T>(&self, find: impl Fn(&World) -> Option<T>) -> T {
        self.shared.wait_for(find, "something in the world").await
    }

    /// Interaction edits, followups and channel edits are limited to this.
    pub fn set_edit_limits(&self, calls: u32, window: Duration) {
        for route in [Route::EditOriginal, Route::EditMessage, Route::Followup] {
            self.set_limit(route, calls, window);
        }
    }

    /// Sets the number of calls of a route in each window, per top-level resource.
    pub fn set_limit(&self, route: Route, calls: u32, window: Duration) {
        self.world(|world| world.limits.set(route, calls, window));
    }

    /// The next call of the family is refused by 429.
    pub fn rate_limit_next(&self, family: Family, scope: Scope, retry_after: Duration) {
        self.queue(family, Fault::Limited(scope, retry_after));
    }

    /// The next call of the family is answered with this status, without an effect.
    pub fn fail_next(&self, family: Family, status: u16) {
        self.refuse_next(family, status, 0);
    }

    /// Answers the next call of the family with this status and this Discord error code, without an effect.
    pub fn refuse_next(&self, family: Family, status: u16, code: u32) {
        self.queue(family, Fault::Status(status, code));
    }

    /// The connection of the next call of the family is cut, before or after the effect.
    pub fn cut_next(&self, family: Family, moment: Moment) {
        self.queue(family, Fault::Cut(moment));
    }

    /// The next call of the family hangs until it is released.
    pub fn hang_next(&self, family: Family) -> HungCall {
        let hung = HungCall::default();
        self.queue(family, Fault::Hang(hung.clone()));
        hung
    }

    fn queue(&self, family: Family, fault: Fault) {
        self.world(|world| world.faults.push(family, fault));
    }

    /// Every call of the family is forbidden from now on.
    pub fn forbid(&self, family: Family) {
        self.world(|world| world.faults.forbid(family));
    }

    /// Deletes a message, as a moderator does.
    pub fn delete_message(&self, message: Id) {
        self.world(|world| world.message_mut(message).expect("a message").deleted = true);
    }

    /// Corrupts the payload of the next interaction.
    pub fn corrupt_next(&self, corrupt: fn(&mut Value)) {
        self.world(|world| world.corrupt = Some(corrupt));
    }

    /// The next interaction is answered by another process of the bot before this one can.
    pub fn another_process_answers_first(&self) {
        self.set_next_fate(Fate::Taken);
    }

    /// The next interaction is unknown when it is answered.
    pub fn forget_next_interaction(&self) {
        self.set_next_fate(Fate::Unknown);
    }

    fn set_next_fate(&self, fate: Fate) {
        self.world(|world| world.fates.push_back(fate));
    }

    /// Registers commands in advance, as the bot would put them, in all places (0) or in one server.
    pub fn set_registered_commands(&self, guild: Id, commands: &Value) {
        self.world(|world| {
            world.put_commands(guild, commands);
            world.registrations = 0;
        });
    }

    /// Returns the violations so far and clears them.
    pub fn take_violations(&self) -> Vec<String> {
        self.world(|world| {
            world.useless_calls = 0;
            std::mem::take(&mut world.violations)
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

impl Drop for FakeDiscord {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        if std::thread::panicking() {
            return;
        }
        let wrong = self.world(|world| world.all_violations());
        assert!(wrong.is_empty(), "the referee saw: {wrong:#?}");
    }
}
