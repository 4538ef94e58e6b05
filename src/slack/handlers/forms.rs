//! SHELL. Forms: the one that a bare `/arena`, `/arena ask` or `/arena blind` opens, the one of *Race this message*, and the
//! one that *Continue* opens.
//!
//! Slack gives a submitted form no channel and no response URL, so the form carries those of the command or the button that
//! opened it; the one that continues a race carries the race, its seal and its thread too.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::OptionFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slack_morphism::blocks::SlackView;
use tokio::time::timeout;

use super::CommandHandler;
use crate::{
    button::Button,
    platform::{
        handlers::{Outcome, RaceRequest},
        message::SourceMessage,
    },
    race::{Quote, RaceId, Record, vote::RaceKind},
    slack::{
        METRICS,
        incoming::{Ack, ChannelThread, Incoming, QuotedMessage, ReplyTo},
        render::{
            self, Form,
            follow_up::{self, FilledFollowUp},
            modal::{self, Filled, PROMPT},
        },
    },
};

/// The rest of the 3 seconds in which a form can be opened.
const OPEN_TIMEOUT: Duration = Duration::from_millis(2_500);

/// The time that Slack gets to name the address of a message.
const PERMALINK_TIMEOUT: Duration = Duration::from_secs(2);

/// The answer where Slack does not open the form of a shortcut.
const NOT_OPENED: &str = "Slack didn't open the form. Use the shortcut again.";
/// The answer where Slack does not open the form that continues a race.
const FOLLOW_UP_NOT_OPENED: &str = "Slack didn't open the form. Press *Continue* again.";
/// The error below a form that does not carry its command.
const OTHER_VERSION: &str = "This form belongs to another version of LLM Arena. Open a new one with /arena.";

/// The mistake in a submitted form: the id of a block, and the sentence to show below it.
type Problem = (&'static str, &'static str);

/// The metadata of an open form that continues a race.
#[derive(Serialize, Deserialize)]
struct OpenForm {
    /// The race that is continued.
    #[serde(rename = "continue")]
    race: String,
    /// The seal of its button.
    seal: String,
    /// The thread of the race.
    below: String,
    #[serde(flatten)]
    reply_to: ReplyTo,
}

impl OpenForm {
    /// Returns the form that the press of *Continue* below `race` opens.
    fn new(incoming: &Incoming, race: RaceId, seal: String) -> Option<Self> {
        let reply_to = ReplyTo::new(incoming)?;
        Some(Self { race: race.to_string(), seal, below: incoming.race_thread()?.thread?, reply_to })
    }
}

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
    /// Opens the form that starts a race.
    pub(super) async fn form(&self, incoming: &Incoming, form: Form) {
        let Some(reply_to) = ReplyTo::text(incoming) else { return };
        let view = render::modal(self.arena().cards(), form, &reply_to);
        if !self.open_view(incoming, &view, "race", None).await {
            self.reply(incoming).say(&render::help(self.arena().cards())).await;
        }
    }

    /// Opens the form for a race of a message, or says why that message cannot be raced.
    pub(super) fn race_message(self: &Arc<Self>, incoming: &Arc<Incoming>, source: &SourceMessage) {
        METRICS.command("shortcut");
        let mut source = self.handlers.without_unseen(source.clone());
        if let Some(refused) = self.handlers.refusal(&self.caller(incoming), &source) {
            return self.follow(incoming, refused);
        }
        self.spawn(incoming, async move |handler, incoming| {
            let Some(reply_to) = metadata(&incoming, &mut source) else { return };
            let view = render::message_modal(handler.arena().cards(), &source, &reply_to);
            if !handler.open_view(&incoming, &view, "message", None).await {
                handler.notice(&incoming, NOT_OPENED).await;
            }
        });
    }

    /// Opens the form from the Home tab, which is in no channel: the race is posted in `channel`, the user's direct message
    /// with the app.
    pub(super) fn form_in_direct_message(self: &Arc<Self>, incoming: &Incoming, channel: &str) {
        let place = Some(ChannelThread { channel: channel.to_owned(), thread: None });
        let incoming = Arc::new(Incoming { place, ..incoming.clone() });
        self.spawn(&incoming, async move |handler, incoming| handler.form(&incoming, Form::Compare).await);
    }

    /// Opens the form that asks how a race is to be continued.
    pub(super) async fn follow_up_form(&self, incoming: &Incoming, record: &Record) {
        let seal = self.handlers.sealer.seal(Button::Continue(record.id), &self.caller(incoming).place);
        let form = OpenForm::new(incoming, record.id, seal);
        let metadata = form.and_then(|form| serde_json::to_string(&form).ok());
        let view = metadata.and_then(|metadata| render::follow_up(&record.report, &metadata));
        if let Some(view) = view
            && !self.open_view(incoming, &view, "follow-up", Some(record.id)).await
        {
            self.notice(incoming, FOLLOW_UP_NOT_OPENED).await;
        }
    }

    /// Opens `view` for the user; `form` and the `race` that it continues name it in the log. Returns false if Slack did not
    /// open it.
    async fn open_view(
        &self,
        incoming: &Incoming,
        view: &SlackView,
        form: &str,
        race: Option<RaceId>,
    ) -> bool {
        let Some(trigger) = &incoming.trigger_id else { return false };
        let opened = self.arena().unless_interrupted(self.api.open_view(trigger, view, OPEN_TIMEOUT)).await;
        if let Some(Err(error)) = &opened {
            tracing::warn!(form, race = race.map(tracing::field::display), %error, "failed to open a form");
        }
        !matches!(opened, Some(Err(_)))
    }

    /// Starts the race of a submitted form, or returns the errors to show in it.
    pub(super) async fn submitted(
        self: &Arc<Self>,
        incoming: &Incoming,
        state: &Value,
        private_metadata: &str,
    ) -> Ack {
        let carried_out = if let Ok(form) = serde_json::from_str::<OpenForm>(private_metadata) {
            METRICS.command("follow-up");
            self.continue_race(incoming, follow_up::read(&state["values"]), form).await
        } else {
            METRICS.command("modal");
            self.start_race(incoming, modal::read(&state["values"]), private_metadata).await
        };
        let (block, text) = match carried_out {
            // an error below an input has no markup
            Ok((_, Outcome::Notice(text))) => (PROMPT, text.replace(['`', '*'], "")),
            Ok((incoming, outcome)) => {
                self.follow(&Arc::new(incoming), outcome);
                return Ack::Empty;
            }
            Err((block, text)) => (block, text.to_owned()),
        };
        Ack::Errors(BTreeMap::from([(block.into(), text)]))
    }

    /// Starts the race of the form that starts one.
    async fn start_race(
        &self,
        incoming: &Incoming,
        filled: Filled,
        reply_to: &str,
    ) -> Result<(Incoming, Outcome), Problem> {
        if let Some(problem) = modal::problem(&filled) {
            return Err(problem);
        }
        let reply_to = serde_json::from_str(reply_to).map_err(|_| (PROMPT, OTHER_VERSION))?;
        let ReplyTo { place, response_url, mut quoted, .. } = reply_to;
        let (files, note) = quoted.as_mut().map(QuotedMessage::take_files).unwrap_or_default();
        // its author and its address are asked for when the race begins
        let quote = quoted.as_ref().map(|_| Quote { author: String::new(), url: None });
        let response_url = response_url.map(SecretString::from);
        let (place, root) = (Some(place), quoted.as_ref().map(|quoted| quoted.ts.clone()));
        let incoming = Incoming { place, root, response_url, files, quoted, ..incoming.clone() };
        let Filled { form, preset, models, prompt } = filled;
        let kind = if form == Form::Blind { RaceKind::Blind } else { RaceKind::Open };
        let request = RaceRequest::new(kind, &models, preset.prompt(&prompt)).quoting(quote, note);
        let outcome = self.handlers.begin(&self.caller(&incoming), request).await;
        Ok((incoming, outcome))
    }

    /// Starts the race of the form that continues one.
    async fn continue_race(
        &self,
        incoming: &Incoming,
        filled: FilledFollowUp,
        form: OpenForm,
    ) -> Result<(Incoming, Outcome), Problem> {
        if let Some(problem) = follow_up::problem(&filled) {
            return Err(problem);
        }
        let ReplyTo { place, response_url, .. } = form.reply_to;
        let response_url = response_url.map(SecretString::from);
        let (place, root) = (Some(place), Some(form.below));
        let incoming = Incoming { place, root, response_url, ..incoming.clone() };
        let caller = self.caller(&incoming);
        let fits = |race: &RaceId| {
            self.handlers.sealer.fits(Button::Continue(*race), Some(&form.seal), &caller.place)
        };
        let race = RaceId::parse(&form.race).filter(fits).ok_or((PROMPT, OTHER_VERSION))?;
        let FilledFollowUp { follow_up: Some(follow_up), prompt } = filled else {
            return Ok((incoming, Outcome::Done));
        };
        let outcome = self.handlers.follow_up(&caller, race, follow_up, prompt).await;
        Ok((incoming, outcome))
    }

    /// Returns the author and the address of the message that is to be raced, as far as Slack names them in time.
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
