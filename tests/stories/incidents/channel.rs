//! A channel for incidents in memory, which is strict: it refuses unknown references, keys that are too long and keys that
//! come again with another text.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use llm_arena::{
    alert::{AlertChannel, Notice},
    surface::{Chart, SurfaceError},
};

/// A message as people see it.
#[derive(Clone, Debug)]
pub struct Posted {
    pub key: String,
    /// Every text that it showed, the newest last.
    pub shown: Vec<Notice>,
    /// The texts in its thread, each with whether it has a picture.
    pub replies: Vec<(Notice, bool)>,
    reply_keys: Vec<String>,
}

impl Posted {
    /// Its present title.
    pub fn title(&self) -> &str {
        &self.shown.last().expect("a text").title
    }

    /// Everything that it shows now.
    pub fn text(&self) -> String {
        let notice = self.shown.last().expect("a text");
        let footer = notice.footer.iter().cloned();
        [notice.title.clone()]
            .into_iter()
            .chain(notice.lines.clone())
            .chain(footer)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The titles in its thread.
    pub fn thread(&self) -> Vec<&str> {
        self.replies.iter().map(|(notice, _)| notice.title.as_str()).collect()
    }
}

/// A channel whose messages a story can read.
pub trait ReadableChannel: AlertChannel {
    /// All messages, oldest first.
    fn messages(&self) -> Vec<Posted>;

    /// The number of edits that changed nothing.
    fn useless_edits(&self) -> usize;

    /// The place of its messages, as handlers name it.
    fn place(&self) -> &'static str;
}

/// The fault of the next post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The message is posted, and the answer is lost.
    LosesAnswer,
    /// The message is posted, and the call never returns.
    Hangs,
    /// Nothing is posted.
    Refuses,
}

#[derive(Default)]
pub struct MemoryChannel {
    messages: Mutex<Vec<Posted>>,
    fault: Mutex<Option<Fault>>,
    useless_edits: AtomicUsize,
}

impl MemoryChannel {
    pub fn fail_next_post(&self, fault: Fault) {
        *self.fault.lock().expect("a lock") = Some(fault);
    }

    fn transient() -> SurfaceError {
        SurfaceError::Transient { source: Arc::new(std::io::Error::other("cut")) }
    }

    fn with<T>(&self, message_ref: &str, act: impl FnOnce(&mut Posted) -> T) -> Result<T, SurfaceError> {
        let index = message_ref.strip_prefix("C1/").and_then(|at| at.parse::<usize>().ok());
        let mut messages = self.messages.lock().expect("a lock");
        index.and_then(|at| messages.get_mut(at)).map(act).ok_or(SurfaceError::Deleted)
    }
}

impl ReadableChannel for MemoryChannel {
    fn messages(&self) -> Vec<Posted> {
        self.messages.lock().expect("a lock").clone()
    }

    fn useless_edits(&self) -> usize {
        self.useless_edits.load(Ordering::Relaxed)
    }

    fn place(&self) -> &'static str {
        "C1"
    }
}

#[async_trait]
impl AlertChannel for MemoryChannel {
    fn platform(&self) -> &'static str {
        "memory"
    }

    async fn post(&self, key: &str, notice: &Notice, _: Option<&Chart>) -> Result<String, SurfaceError> {
        assert!((1..=25).contains(&key.len()), "{key}");
        let fault = self.fault.lock().expect("a lock").take();
        if fault == Some(Fault::Refuses) {
            return Err(SurfaceError::Refused("a fault"));
        }
        let at = {
            let mut messages = self.messages.lock().expect("a lock");
            let known = messages.iter().position(|message| message.key == key);
            known.unwrap_or_else(|| {
                let shown = vec![notice.clone()];
                messages.push(Posted { key: key.to_owned(), shown, replies: vec![], reply_keys: vec![] });
                messages.len() - 1
            })
        };
        match fault {
            Some(Fault::LosesAnswer) => Err(Self::transient()),
            Some(Fault::Hangs) => std::future::pending().await,
            _ => Ok(format!("C1/{at}")),
        }
    }

    async fn edit(&self, message_ref: &str, notice: &Notice) -> Result<(), SurfaceError> {
        self.with(message_ref, |message| {
            if message.shown.last() == Some(notice) {
                self.useless_edits.fetch_add(1, Ordering::Relaxed);
            } else {
                message.shown.push(notice.clone());
            }
        })
    }

    async fn reply(
        &self,
        message_ref: &str,
        key: &str,
        notice: &Notice,
        chart: Option<&Chart>,
    ) -> Result<(), SurfaceError> {
        assert!((1..=25).contains(&key.len()), "{key}");
        self.with(message_ref, |message| {
            assert!(!message.reply_keys.contains(&key.to_owned()), "a reply that was there");
            message.reply_keys.push(key.to_owned());
            message.replies.push((notice.clone(), chart.is_some()));
        })
    }
}
