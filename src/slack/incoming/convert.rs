//! The library's events as [`Incoming`]. Pure.

use serde_json::Value;
use slack_morphism::prelude::*;
use tokio::time::Instant;

use super::{Incoming, Kind, Place, text};

/// What was read.
pub(super) struct Read {
    /// It.
    pub(super) incoming: Incoming,
    /// Another key that is the same when it comes again.
    pub(super) also: Option<String>,
}

/// What is not handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// Nobody understands it.
    Unreadable(&'static str),
    /// It is right but means nothing to us.
    NotForUs(&'static str),
}

/// A slash command
/// (<https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling>).
pub(super) fn command(event: SlackCommandEvent, received_at: Instant) -> Read {
    let channel = event.channel_id.0;
    let trigger_id = event.trigger_id.0;
    let incoming = Incoming {
        id: trigger_id.clone(),
        delivery: trigger_id.clone(),
        received_at,
        team: event.team_id.0,
        user: event.user_id.0,
        name: None,
        is_dm: is_dm(&channel),
        place: Some(Place { channel, thread: None }),
        response_url: Some(String::from(event.response_url.0).into()),
        trigger_id: Some(trigger_id),
        kind: Kind::Command { text: text::unescaped(event.text.as_deref().unwrap_or_default().trim()) },
    };
    Read { incoming, also: None }
}

/// An interaction (<https://docs.slack.dev/reference/interaction-payloads>).
pub(super) fn interaction(event: SlackInteractionEvent, received_at: Instant) -> Result<Read, Dropped> {
    let other = match event {
        SlackInteractionEvent::BlockActions(event) => return button(event, received_at),
        SlackInteractionEvent::ViewSubmission(event) => return modal(event, received_at),
        SlackInteractionEvent::BlockSuggestion(_) => "block_suggestion",
        SlackInteractionEvent::DialogSubmission(_) => "dialog_submission",
        SlackInteractionEvent::MessageAction(_) => "message_action",
        SlackInteractionEvent::Shortcut(_) => "shortcut",
        SlackInteractionEvent::ViewClosed(_) => "view_closed",
    };
    Err(Dropped::NotForUs(other))
}

fn button(event: SlackInteractionBlockActionsEvent, received_at: Instant) -> Result<Read, Dropped> {
    let user = event.user.ok_or(Dropped::Unreadable("button"))?;
    let action = event.actions.into_iter().flatten().next().ok_or(Dropped::Unreadable("button"))?;
    let (contained, message) = match event.container {
        SlackInteractionActionContainer::Message(it) => (it.channel_id, Some(it.message_ts.0)),
        SlackInteractionActionContainer::MessageAttachment(it) => (it.channel_id, Some(it.message_ts.0)),
        SlackInteractionActionContainer::View(_) => (None, None),
    };
    let thread = event.message.and_then(|message| message.origin.thread_ts).map(|thread| thread.0);
    // the first message of a thread names itself as soon as there are replies, yet it stands in the channel
    // (<https://docs.slack.dev/messaging/retrieving-messages#finding_threads>)
    let thread = thread.filter(|thread| message.as_ref() != Some(thread));
    let channel = event.channel.map(|channel| channel.id).or(contained).map(|channel| channel.0);
    let trigger_id = event.trigger_id.0;
    let incoming = Incoming {
        id: trigger_id.clone(),
        delivery: trigger_id.clone(),
        received_at,
        team: event.team.id.0,
        name: user.name.or(user.username),
        user: user.id.0,
        is_dm: channel.as_deref().is_some_and(is_dm),
        place: channel.map(|channel| Place { channel, thread }),
        response_url: event.response_url.map(|url| String::from(url.0).into()),
        trigger_id: Some(trigger_id),
        kind: Kind::Button {
            action_id: action.action_id.0,
            value: action.value.unwrap_or_default(),
            message,
        },
    };
    Ok(Read { incoming, also: None })
}

fn modal(event: SlackInteractionViewSubmissionEvent, received_at: Instant) -> Result<Read, Dropped> {
    let SlackView::Modal(view) = event.view.view else { return Err(Dropped::NotForUs("home")) };
    let params = event.view.state_params;
    let trigger_id = event.trigger_id.map(|trigger| trigger.0);
    let id = trigger_id.clone().unwrap_or_else(|| format!("{}:{}", params.id.0, params.hash));
    let incoming = Incoming {
        delivery: id.clone(),
        id,
        received_at,
        team: event.team.id.0,
        name: event.user.name.or(event.user.username),
        user: event.user.id.0,
        place: None,
        is_dm: false,
        response_url: None,
        trigger_id,
        kind: Kind::Modal {
            view_state: serde_json::to_value(params.state).unwrap_or(Value::Null),
            private_metadata: view.private_metadata.unwrap_or_default(),
        },
    };
    Ok(Read { incoming, also: None })
}

/// An event (<https://docs.slack.dev/apis/events-api#callback-field>). `bot` is our own user, if it is known.
pub(super) fn event(
    event: SlackPushEventCallback,
    bot: Option<&str>,
    received_at: Instant,
) -> Result<Read, Dropped> {
    let told = event.authorizations.into_iter().flatten().find(|one| one.is_bot == Some(true));
    let told = told.map(|one| one.user_id.0);
    let bot = bot.or(told.as_deref());
    let Words { user, channel, origin, kind } = match event.event {
        // every edit of a message that mentions us comes as a mention of its own
        SlackEventCallbackBody::AppMention(mention) if mention.edited.is_some() => {
            return Err(Dropped::NotForUs("edited"));
        }
        SlackEventCallbackBody::AppMention(mention) => mentioned(mention, bot),
        SlackEventCallbackBody::Message(message) => written(message, bot)?,
        SlackEventCallbackBody::Unknown(event) => return Err(unknown(&event)),
        _ => return Err(Dropped::NotForUs("event")),
    };
    if bot == Some(user.as_str()) {
        return Err(Dropped::NotForUs("own"));
    }
    // Slack has sent one message under several event ids (<https://github.com/slackapi/node-slack-sdk/issues/2141>)
    let words = format!("{channel}/{}", origin.ts.0);
    let incoming = Incoming {
        id: event.event_id.0,
        delivery: words.clone(),
        received_at,
        team: event.team_id.0,
        user,
        name: None,
        is_dm: is_dm(&channel),
        place: Some(Place { channel: channel.clone(), thread: origin.thread_ts.map(|thread| thread.0) }),
        response_url: None,
        trigger_id: None,
        kind,
    };
    Ok(Read { incoming, also: Some(words) })
}

/// A message that somebody wrote.
struct Words {
    user: String,
    channel: String,
    origin: SlackMessageOrigin,
    kind: Kind,
}

fn mentioned(event: SlackAppMentionEvent, bot: Option<&str>) -> Words {
    let text = text::typed(event.content.text.as_deref().unwrap_or_default(), bot);
    let kind = Kind::Mention { text };
    Words { user: event.user.0, channel: event.channel.0, origin: event.origin, kind }
}

fn written(event: SlackMessageEvent, bot: Option<&str>) -> Result<Words, Dropped> {
    if event.hidden == Some(true) {
        return Err(Dropped::NotForUs("hidden"));
    }
    // a file sent along and a reply that is also sent to the channel are people's words, all other subtypes are not
    let words = [SlackMessageEventType::FileShare, SlackMessageEventType::ThreadBroadcast];
    if event.subtype.is_some_and(|subtype| !words.contains(&subtype)) {
        return Err(Dropped::NotForUs("subtype"));
    }
    if event.sender.bot_id.is_some() || event.sender.bot_profile.is_some() {
        return Err(Dropped::NotForUs("bot"));
    }
    let user = event.sender.user.ok_or(Dropped::NotForUs("nobody"))?.0;
    let channel = event.origin.channel.clone().ok_or(Dropped::Unreadable("message"))?.0;
    if !is_dm(&channel) {
        return Err(Dropped::NotForUs("channel"));
    }
    let text = event.content.and_then(|content| content.text).unwrap_or_default();
    let kind = Kind::Message { text: text::typed(&text, Some(bot.unwrap_or_default())) };
    Ok(Words { user, channel, origin: event.origin, kind })
}

/// The library knows neither this event nor, for the two that are ours, this form of it.
fn unknown(event: &Value) -> Dropped {
    match event["type"].as_str() {
        Some("app_mention") => Dropped::Unreadable("mention"),
        Some("message") => Dropped::Unreadable("message"),
        _ => Dropped::NotForUs("event"),
    }
}

/// A direct message with one person; those with several have a `G...` or `C...` id.
fn is_dm(channel: &str) -> bool {
    channel.starts_with('D')
}
