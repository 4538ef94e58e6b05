//! What the fakes have in common: a world of plain data that one can look at, change and wait on, tasks that end
//! with the fake, and a call that hangs.
//!
//! It must not know which platform it plays.

use std::time::Duration;

use tokio::{io::AsyncReadExt, net::TcpStream, sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// So long a test waits for something to be shown, before it tells what was.
const PATIENCE: Duration = Duration::from_secs(90);

/// A world that tells what happened in it.
pub trait Transcript {
    /// For a test that waited in vain.
    fn transcript(&self) -> String;
}

/// The world, and who is told when it changes.
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
        let found = timeout(PATIENCE, looking).await.ok();
        found.unwrap_or_else(|| {
            panic!("waited in vain for {what}. So far:\n{}", self.world.borrow().transcript())
        })
    }
}

/// When a connection is cut.
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
    /// Returns when the call has come.
    pub async fn reached(&self) {
        self.reached.cancelled().await;
    }

    /// Lets it go on.
    pub fn release(&self) {
        self.released.cancel();
    }

    /// Holds a call up until the release, also when the caller goes away before.
    pub async fn wait_for_release(&self) {
        self.reached.cancel();
        self.released.cancelled().await;
    }

    /// Holds a call up until the release; false when the caller goes away before.
    pub async fn wait_for_release_or_close(&self, stream: &mut TcpStream) -> bool {
        self.reached.cancel();
        let mut byte = [0];
        tokio::select! {
            () = self.released.cancelled() => true,
            _ = stream.read(&mut byte) => false,
        }
    }
}
