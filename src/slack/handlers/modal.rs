//! SHELL. The form that a bare `/arena`, `/arena ask` or `/arena blind` opens, and the one of *Race this message*.
//!
//! Slack gives a submitted form no channel and no response URL, so the form carries those of the command that opened it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::OptionFuture;
use secrecy::SecretString;
use serde_json::Value;
use slack_morphism::blocks::SlackView;
use tokio::time::timeout;

use super::CommandHandler;
use crate::{
    platform::{handlers::Outcome, message::SourceMessage},
    race::{Quote, vote::RaceKind},
    slack::{
        incoming::{Ack, ChannelThread, Incoming, QuotedMessage, ReplyTo},
        render::{
            self, Form,
            modal::{self, Filled},
        },
    },
};

/// The rest of the 3 seconds in which a form can be opened.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The time that Slack gets to name the address of a message.
const PERMALINK_TIMEOUT: Duration = Duration::from_secs(2);

/// The answer where Slack does not open the form of a shortcut.
const NOT_OPENED: &str = "Slack didn't open the form. Use the shortcut again.";
/// The error below a form that does not carry its command.
pub(super) const OTHER_VERSION: &str =
    "This form belongs to another version of LLM Arena. Open a new one with /arena.";

/// Returns the form that `text` asks for, if it does.
pub(super) fn wanted(text: &str) -> Option<Form> {
    match text.trim().to_lowercase().as_str() {
        "" | "compare" => Some(Form::Compare),
        "ask" => Some(Form::Ask),
        "blind" => Some(Form::Blind),
        _ => None,
    }
}

impl CommandHandler {
    pub(super) async fn form(&self, incoming: &Incoming, form: Form) {
        let Some(reply_to) = ReplyTo::text(incoming) else { return };
        let view = render::modal(self.arena().cards(), form, &reply_to);
        if !self.opens(incoming, &view).await {
            self.reply(incoming).say(&render::help(self.arena().cards())).await;
        }
    }

    /// Opens the form for a race of a message, or says why that message cannot be raced.
    pub(super) fn race_message(self: &Arc<Self>, incoming: &Arc<Incoming>, source: &SourceMessage) {
        let mut source = self.handlers.without_unseen(source.clone());
        if let Some(refused) = self.handlers.refusal(&self.caller(incoming), &source) {
            return self.follow(incoming, refused);
        }
        let (handler, incoming) = (Arc::clone(self), Arc::clone(incoming));
        self.arena().spawn(async move {
            let Some(reply_to) = metadata(&incoming, &mut source) else { return };
            let view = render::message_modal(handler.arena().cards(), &source, &reply_to);
            if !handler.opens(&incoming, &view).await {
                handler.notice(&incoming, NOT_OPENED).await;
            }
        });
    }

    /// Opens `view` for the user. Returns false if Slack did not open it.
    async fn opens(&self, incoming: &Incoming, view: &SlackView) -> bool {
        let Some(trigger) = &incoming.trigger_id else { return false };
        let opened = self.arena().unless_interrupted(self.api.open_view(trigger, view, OPEN_TIMEOUT)).await;
        if let Some(Err(error)) = &opened {
            tracing::warn!(%error, "failed to open a form");
        }
        !matches!(opened, Some(Err(_)))
    }

    /// Returns the author and the address of the message that is to be raced, as far as Slack tells them in time.
    pub(super) async fn quote(&self, incoming: &Incoming) -> Option<Quote> {
        let QuotedMessage { ts, user, name, .. } = incoming.quoted.as_ref()?;
        let channel = &incoming.place.as_ref()?.channel;
        let author = async {
            let known = OptionFuture::from(user.as_ref().map(|user| self.directory.name_of(user)));
            known.await.flatten().or_else(|| name.clone()).unwrap_or_default()
        };
        let url = timeout(PERMALINK_TIMEOUT, self.api.permalink(channel, ts));
        let (author, url) = tokio::join!(author, url);
        Some(Quote { author, url: url.ok().and_then(Result::ok) })
    }

    /// Opens the form from the Home tab, which is in no channel: the race is posted in `channel`, the user's direct message
    /// with the app.
    pub(super) fn form_in_direct_message(self: &Arc<Self>, incoming: &Incoming, channel: &str) {
        let place = Some(ChannelThread { channel: channel.to_owned(), thread: None });
        let (handler, incoming) = (Arc::clone(self), Incoming { place, ..incoming.clone() });
        self.arena().spawn(async move { handler.form(&incoming, Form::Compare).await });
    }

    /// Starts the race of a submitted form, or returns the errors to show in it.
    pub(super) async fn submitted(
        self: &Arc<Self>,
        incoming: &Arc<Incoming>,
        state: &Value,
        reply_to: &str,
    ) -> Ack {
        let problem = |block: &str, problem: String| Ack::Errors(BTreeMap::from([(block.into(), problem)]));
        let filled = modal::read(&state["values"]);
        if let Some((block, what)) = modal::problem(&filled) {
            return problem(block, what.into());
        }
        let Ok(ReplyTo { place, response_url, mut quoted, .. }) = serde_json::from_str(reply_to) else {
            return problem(modal::PROMPT, OTHER_VERSION.into());
        };
        let (files, note) = quoted.as_mut().map(QuotedMessage::take_files).unwrap_or_default();
        let incoming = Arc::new(Incoming {
            place: Some(place),
            response_url: response_url.map(SecretString::from),
            quoted,
            files,
            ..incoming.as_ref().clone()
        });
        let Filled { form, preset, models, prompt } = filled;
        let kind = if form == Form::Blind { RaceKind::Blind } else { RaceKind::Open };
        // its author and its address are asked for when the race begins
        let quote = incoming.quoted.as_ref().map(|_| Quote { author: String::new(), url: None });
        let race = (kind, &*models, preset.prompt(&prompt));
        match self.handlers.start_quoting(&self.caller(&incoming), race, (quote, note)).await {
            // an error below an input has no markup
            Outcome::Refused(refused) => problem(modal::PROMPT, refused.to_string().replace('`', "")),
            outcome => {
                self.follow(&incoming, outcome);
                Ack::Empty
            }
        }
    }
}

/// Returns the metadata of the form that races `source`: the way back, and its files with the note about the others. Files that
/// do not fit are not sent.
fn metadata(incoming: &Incoming, source: &mut SourceMessage) -> Option<String> {
    loop {
        let mut reply_to = ReplyTo::new(incoming)?;
        if let Some(quoted) = &mut reply_to.quoted {
            (quoted.files, quoted.note) = (source.files.clone(), source.note());
        }
        let text = serde_json::to_string(&reply_to).ok()?;
        if modal::fits(&text) || !source.leave_out_last() {
            return Some(text);
        }
    }
}
