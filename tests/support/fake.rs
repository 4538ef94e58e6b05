//! The common parts of the fakes: plain state that a test can read, change and wait on, tasks that end with the fake,
//! and a call that hangs.

use std::time::Duration;

use tokio::{io::AsyncReadExt, net::TcpStream, sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The longest time that a test waits for a change before it fails with the transcript.
const TIMEOUT: Duration = Duration::from_secs(90);

/// State that can describe what happened to it.
pub trait Transcript {
    /// Returns what happened so far, for a test that timed out.
    fn transcript(&self) -> String;
}

/// The state of a fake, shared by its tasks and observed by the test.
pub struct Shared<W> {
    pub world: watch::Sender<W>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl<W: Transcript> Shared<W> {
    /// A shared with this world in it.
    pub fn new(world: W) -> Self {
        Self { world: watch::Sender::new(world), tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }

    /// Looks at the world or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut W) -> T) -> T {
        let mut seen = None;
        self.world.send_modify(|world| seen = Some(look(world)));
        seen.expect("looked")
    }

    /// Looks at the world and leaves it as it is.
    pub fn read<T>(&self, look: impl FnOnce(&W) -> T) -> T {
        look(&self.world.borrow())
    }

    /// Runs something until the fake is dropped.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Waits until `find` finds something.
    pub async fn wait_for<T>(&self, find: impl Fn(&W) -> Option<T>, what: &str) -> T {
        let mut changes = self.world.subscribe();
        let looking = async {
            loop {
                if let Some(found) = find(&changes.borrow_and_update()) {
                    return found;
                }
                changes.changed().await.expect("the world stands");
            }
        };
        let found = timeout(TIMEOUT, looking).await.ok();
        found.unwrap_or_else(|| {
            panic!("waited in vain for {what}. So far:\n{}", self.world.borrow().transcript())
        })
    }
}

/// A defect of a signed request that is posted to the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// No defect.
    None,
    /// The signature is of another body.
    OtherBody,
    /// The signature is by another key or secret.
    OtherKey,
    /// The timestamp header is not the one that was signed.
    OtherTimestamp,
    /// Signed correctly this many seconds ago; negative for the future.
    Age(i64),
    /// No signature.
    Unsigned,
    /// A signature that is no hexadecimal number.
    Garbage,
}

/// The moment at which a connection is cut, relative to the effect of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// A call that hangs.
#[derive(Clone, Debug, Default)]
pub struct HungCall {
    reached: CancellationToken,
    released: CancellationToken,
}

impl HungCall {
    /// Waits until the call has arrived.
    pub async fn reached(&self) {
        self.reached.cancelled().await;
    }

    /// Lets it go on.
    pub fn release(&self) {
        self.released.cancel();
    }

    /// Blocks a call until the release, even if the caller goes away before.
    pub async fn wait_for_release(&self) {
        self.reached.cancel();
        self.released.cancelled().await;
    }

    /// Blocks a call until the release. Returns false if the caller goes away before.
    pub async fn wait_for_release_or_close(&self, stream: &mut TcpStream) -> bool {
        self.reached.cancel();
        let mut byte = [0];
        tokio::select! {
            () = self.released.cancelled() => true,
            _ = stream.read(&mut byte) => false,
        }
    }
}
