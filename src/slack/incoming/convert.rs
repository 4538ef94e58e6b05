//! The library's events as [`Incoming`]. Pure.

use serde_json::Value;
use slack_morphism::prelude::*;
use tokio::time::Instant;

use super::{ChannelThread, Incoming, Kind, QuotedMessage, body::BOT_MENTION, text};
use crate::platform::{
    files::RemoteFile,
    message::{MessageAuthor, SourceMessage},
};

/// The callback id of the shortcut in the menu of messages, as in `config/slack-manifest.yaml`.
const RACE_MESSAGE: &str = "race_message";

/// The reason for dropping a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::slack) enum Dropped {
    /// It lacks what we need of it.
    Unreadable(&'static str),
    /// It is none of those that concern us.
    NotForUs(&'static str),
}

/// Converts a slash command
/// (<https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling>).
pub(in crate::slack) fn command(event: SlackCommandEvent, received_at: Instant) -> Incoming {
    let kind = Kind::Command { text: text::unescaped(event.text.as_deref().unwrap_or_default().trim()) };
    let trigger_id = event.trigger_id.0;
    Incoming {
        place: Some(ChannelThread { channel: event.channel_id.0, thread: None }),
        response_url: Some(String::from(event.response_url.0).into()),
        trigger_id: Some(trigger_id.clone()),
        ..Incoming::new(trigger_id, received_at, event.team_id.0, event.user_id.0, kind)
    }
}

/// Converts an interaction (<https://docs.slack.dev/reference/interaction-payloads>).
/// `bot` is our own user, if known.
pub(in crate::slack) fn interaction(
    event: SlackInteractionEvent,
    bot: Option<&str>,
    received_at: Instant,
) -> Result<Incoming, Dropped> {
    let other = match event {
        SlackInteractionEvent::BlockActions(event) => return button(event, received_at),
        SlackInteractionEvent::ViewSubmission(event) => return modal(event, received_at),
        SlackInteractionEvent::MessageAction(event) if event.callback_id.0 == RACE_MESSAGE => {
            return race_message(event, bot, received_at);
        }
        SlackInteractionEvent::MessageAction(_) => "message_action",
        SlackInteractionEvent::BlockSuggestion(_) => "block_suggestion",
        SlackInteractionEvent::DialogSubmission(_) => "dialog_submission",
        SlackInteractionEvent::Shortcut(_) => "shortcut",
        SlackInteractionEvent::ViewClosed(_) => "view_closed",
    };
    Err(Dropped::NotForUs(other))
}

fn button(event: SlackInteractionBlockActionsEvent, received_at: Instant) -> Result<Incoming, Dropped> {
    let user = event.user.ok_or(Dropped::Unreadable("button"))?;
    let action = event.actions.into_iter().flatten().next().ok_or(Dropped::Unreadable("button"))?;
    let (contained, message, is_private) = match event.container {
        SlackInteractionActionContainer::Message(it) => {
            (it.channel_id, Some(it.message_ts.0), it.is_ephemeral)
        }
        SlackInteractionActionContainer::MessageAttachment(it) => {
            (it.channel_id, Some(it.message_ts.0), None)
        }
        SlackInteractionActionContainer::View(_) => (None, None, None),
    };
    let is_private = is_private == Some(true);
    let thread = event.message.and_then(|message| message.origin.thread_ts).map(|thread| thread.0);
    // the first message of a thread names itself as soon as it has replies, although it is in the channel
    // (<https://docs.slack.dev/messaging/retrieving-messages#finding_threads>)
    let thread = thread.filter(|thread| message.as_ref() != Some(thread));
    let channel = event.channel.map(|channel| channel.id).or(contained).map(|channel| channel.0);
    let value = action.value.or(action.selected_option.map(|option| option.value)).unwrap_or_default();
    let kind = Kind::Button { action_id: action.action_id.0, value, message, is_private };
    let trigger_id = event.trigger_id.0;
    Ok(Incoming {
        name: user.name.or(user.username),
        place: channel.map(|channel| ChannelThread { channel, thread }),
        response_url: event.response_url.map(|url| String::from(url.0).into()),
        trigger_id: Some(trigger_id.clone()),
        ..Incoming::new(trigger_id, received_at, event.team.id.0, user.id.0, kind)
    })
}

/// Converts the shortcut in the menu of a message
/// (<https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload>).
fn race_message(
    event: SlackInteractionMessageActionEvent,
    bot: Option<&str>,
    received_at: Instant,
) -> Result<Incoming, Dropped> {
    let (Some(channel), Some(message)) = (event.channel, event.message) else {
        return Err(Dropped::Unreadable("message shortcut"));
    };
    let (origin, sender, content) = (message.origin, message.sender, message.content);
    let author = sender.user.map(|user| user.0);
    // the first message of a thread names itself
    let thread = origin.thread_ts.filter(|thread| *thread != origin.ts).map(|thread| thread.0);
    let has = |is_there: bool, name: &'static str| is_there.then_some(name);
    let parts = [
        has(content.blocks.is_some(), "blocks of an app"),
        has(content.attachments.is_some(), "an attachment"),
    ];
    let source = SourceMessage {
        author: match author.as_deref() {
            Some(author) if Some(author) == bot => MessageAuthor::Arena,
            Some(author) if author == event.user.id.0 => MessageAuthor::Asker,
            _ => MessageAuthor::Other,
        },
        text: text::typed(&content.text.unwrap_or_default(), Some(bot.unwrap_or_default())),
        files: vec![],
        unreadable: parts.into_iter().flatten().map(str::to_owned).collect(),
    };
    let kind = Kind::RaceMessage { source: source.with_files(files(content.files)) };
    let (ts, trigger_id) = (origin.ts.0, event.trigger_id.0);
    Ok(Incoming {
        name: event.user.name.or(event.user.username),
        place: Some(ChannelThread { channel: channel.id.0, thread }),
        root: Some(ts.clone()),
        response_url: Some(String::from(event.response_url.0).into()),
        trigger_id: Some(trigger_id.clone()),
        quoted: Some(QuotedMessage { ts, user: author, name: sender.username, files: vec![], note: None }),
        ..Incoming::new(trigger_id, received_at, event.team.id.0, event.user.id.0, kind)
    })
}

fn modal(event: SlackInteractionViewSubmissionEvent, received_at: Instant) -> Result<Incoming, Dropped> {
    let SlackView::Modal(view) = event.view.view else { return Err(Dropped::NotForUs("home")) };
    let params = event.view.state_params;
    let trigger_id = event.trigger_id.map(|trigger| trigger.0);
    let delivery = trigger_id.clone().unwrap_or_else(|| format!("{}:{}", params.id.0, params.hash));
    let kind = Kind::Modal {
        view_state: serde_json::to_value(params.state).unwrap_or(Value::Null),
        private_metadata: view.private_metadata.unwrap_or_default(),
    };
    Ok(Incoming {
        name: event.user.name.or(event.user.username),
        trigger_id,
        ..Incoming::new(delivery, received_at, event.team.id.0, event.user.id.0, kind)
    })
}

/// Converts an event (<https://docs.slack.dev/apis/events-api#callback-field>). `bot` is our own user, if known.
pub(in crate::slack) fn event(
    event: SlackPushEventCallback,
    bot: Option<&str>,
    received_at: Instant,
) -> Result<Incoming, Dropped> {
    let authorized = event.authorizations.into_iter().flatten().find(|one| one.is_bot == Some(true));
    let authorized = authorized.map(|one| one.user_id.0);
    let bot = bot.or(authorized.as_deref());
    let (mut root, id, team) = (None, event.event_id.0, event.team_id.0);
    let (user, channel, origin, files, kind) = match event.event {
        // every edit of a message that mentions us arrives as a mention of its own
        SlackEventCallbackBody::AppMention(mention) if mention.edited.is_some() => {
            return Err(Dropped::NotForUs("edited"));
        }
        SlackEventCallbackBody::AppMention(mention) => {
            let text = text::typed(mention.content.text.as_deref().unwrap_or_default(), bot);
            root = Some(mention.origin.ts.0.clone());
            let files = files(mention.content.files);
            (mention.user.0, mention.channel.0, mention.origin, files, Kind::Message { text })
        }
        // only the Home tab is ours to fill (<https://docs.slack.dev/reference/events/app_home_opened>)
        SlackEventCallbackBody::AppHomeOpened(opened) if opened.tab.as_deref() != Some("home") => {
            return Err(Dropped::NotForUs("messages tab"));
        }
        SlackEventCallbackBody::AppHomeOpened(opened) => {
            let place = Some(ChannelThread { channel: opened.channel.0, thread: None });
            return Ok(Incoming { place, ..Incoming::new(id, received_at, team, opened.user.0, Kind::Home) });
        }
        SlackEventCallbackBody::Message(event) => {
            let (user, channel) = sender(&event)?;
            let (text, shared) = event.content.map(|content| (content.text, content.files)).unzip();
            let text = text.flatten().unwrap_or_default();
            let text = text::typed(&text, Some(bot.unwrap_or_default()));
            (user, channel, event.origin, files(shared.flatten()), Kind::Message { text })
        }
        SlackEventCallbackBody::Unknown(event) => return Err(unknown(&event)),
        _ => return Err(Dropped::NotForUs("event")),
    };
    let place = ChannelThread { channel, thread: origin.thread_ts.map(|thread| thread.0) };
    if root.is_none() && !place.is_dm() {
        return Err(Dropped::NotForUs("channel"));
    }
    if bot == Some(user.as_str()) {
        return Err(Dropped::NotForUs("own"));
    }
    // Slack has sent one message under several event ids (<https://github.com/slackapi/node-slack-sdk/issues/2141>)
    let delivery = format!("{}/{}", place.channel, origin.ts.0);
    let (event_id, place) = (Some(id), Some(place));
    Ok(Incoming { event_id, place, root, files, ..Incoming::new(delivery, received_at, team, user, kind) })
}

/// The files of a message (<https://docs.slack.dev/reference/objects/file-object>). Those that Slack does not hold itself
/// have no address that is fetched.
fn files(shared: Option<Vec<SlackFile>>) -> Vec<RemoteFile> {
    let file = |file: SlackFile| RemoteFile {
        name: file.name.or(file.title).unwrap_or_default(),
        declared: file.mimetype.map(|mime| mime.0).unwrap_or_default(),
        // see `body::adapted`
        size: file.pretty_type.and_then(|size| size.0.parse().ok()),
        url: file.url_private.map(String::from).unwrap_or_default(),
    };
    shared.into_iter().flatten().map(file).collect()
}

/// The user and the channel of a message that a user wrote.
fn sender(event: &SlackMessageEvent) -> Result<(String, String), Dropped> {
    if event.hidden == Some(true) {
        return Err(Dropped::NotForUs("hidden"));
    }
    // a message with a file and a reply that is also sent to the channel are a user's words, all other subtypes are not
    let written = [SlackMessageEventType::FileShare, SlackMessageEventType::ThreadBroadcast];
    if event.subtype.as_ref().is_some_and(|subtype| !written.contains(subtype)) {
        return Err(Dropped::NotForUs("subtype"));
    }
    if event.sender.bot_id.is_some() || event.sender.bot_profile.is_some() {
        return Err(Dropped::NotForUs("bot"));
    }
    let user = event.sender.user.as_ref().ok_or(Dropped::NotForUs("nobody"))?;
    let channel = event.origin.channel.as_ref().ok_or(Dropped::Unreadable("message"))?;
    Ok((user.0.clone(), channel.0.clone()))
}

/// The library knows neither this event nor, for the two that are ours, this form of it.
fn unknown(event: &Value) -> Dropped {
    match event["type"].as_str() {
        Some("app_mention") => Dropped::Unreadable("mention"),
        Some("message") => Dropped::Unreadable("message"),
        Some(BOT_MENTION) => Dropped::NotForUs("bot"),
        _ => Dropped::NotForUs("event"),
    }
}
