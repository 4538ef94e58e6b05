//! `models`, `check` and `healthcheck`: the line-up, and whether everything is reachable.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use futures::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    Composition, FAILURE, SUCCESS,
    listen::reachable,
    output::{self, print},
    serve::is_local_channel_on,
};
use crate::{
    arena::Canary,
    config::{LocalChannel, SlackMode},
    discord,
    model::{Availability, ModelId},
    provider::Check,
    race::Entrant,
    slack,
};

/// The time that a provider may take to say what it lists: less than the client would wait.
const LISTING_TIMEOUT: Duration = Duration::from_secs(6);

/// Prints the line-up, one line or one object per model.
pub(super) async fn models(app: &Composition, json: bool) -> u8 {
    let entrants = app.arena().entrants(LISTING_TIMEOUT).await;
    let text = if json {
        let rows: Vec<Row<'_>> = entrants.iter().map(Row::of).collect();
        serde_json::to_string_pretty(&rows).map_err(|error| error.to_string())
    } else {
        Ok(lines(&entrants))
    };
    output::code(text.and_then(if json { output::print_exact } else { print }), SUCCESS)
}

/// Prints what is reachable; the configuration was validated before.
pub(super) async fn check(app: &Composition) -> u8 {
    let valid = print(format_args!("configuration: {} is valid", app.config.origin));
    let arena = app.arena();
    let (entrants, checks, discord, slack) =
        tokio::join!(arena.entrants(LISTING_TIMEOUT), checks(app), discord(app), slack(app));
    let outcome = |entrant: &Entrant| checks.get(entrant.card.provider.as_str());
    let models = entrants.iter().map(|entrant| match outcome(entrant) {
        Some(check) if !entrant.card.simulated => line(entrant, &checked(entrant, check)),
        _ => line(entrant, &availability(entrant)),
    });
    let written = valid.and_then(|()| print(models.collect::<Vec<_>>().join("\n")));
    let platforms = [discord, slack];
    let written = platforms.iter().fold(written, |written, (line, _)| written.and_then(|()| print(line)));
    let alerts = app.unused_alerts();
    let written = alerts.iter().fold(written, |written, line| written.and_then(|()| print(line)));
    let written = written.and_then(|()| print(local_channel(app)));
    let now = Timestamp::now();
    let written = app
        .canaries()
        .iter()
        .fold(written, |written, canary| written.and_then(|()| print(canary_line(canary, now))));
    let is_bad = |check: &Check| matches!(check, Check::KeyRejected(_) | Check::Unreachable(_));
    let all = !checks.values().any(is_bad) && platforms.iter().all(|(_, is_there)| *is_there);
    output::code(written, if all { SUCCESS } else { FAILURE })
}

/// Tests every provider, by its id.
async fn checks(app: &Composition) -> HashMap<&str, Check> {
    let all =
        app.first_models.iter().map(|(provider, model)| async { (provider.as_str(), model.check().await) });
    join_all(all).await.into_iter().collect()
}

/// Returns the outcome of the provider's test as a sentence about one of its models.
fn checked(entrant: &Entrant, check: &Check) -> String {
    match (check, &entrant.availability) {
        (Check::Unreachable(why), _) => format!("not reachable: {why}"),
        (Check::KeyRejected(status), _) => format!("key rejected (HTTP {status}); check the provider's key"),
        (_, Availability::NotListed) => availability(entrant),
        (Check::KeyUntested(why), _) => format!("reachable, key untested: {why}"),
        (Check::NoKey, Availability::Unreachable(_)) => "reachable".into(),
        (Check::NoKey, _) => availability(entrant),
        (Check::Ready, _) => "ready".into(),
    }
}

/// Returns a line about Discord, and false if it has credentials but is not reachable with them.
async fn discord(app: &Composition) -> (String, bool) {
    let Some(settings) = &app.discord else {
        return ("Discord: off; set DISCORD_TOKEN to switch it on".into(), true);
    };
    match discord::check(settings).await {
        Ok(application) => (format!("Discord: ready, application {application}"), true),
        Err(why) => (format!("Discord: {why}"), false),
    }
}

/// Returns a line about Slack, and false if it has credentials but is not reachable with them.
async fn slack(app: &Composition) -> (String, bool) {
    let Some(settings) = &app.slack else {
        let second = match app.config.slack.mode {
            SlackMode::Socket => "SLACK_APP_TOKEN",
            SlackMode::Http => "SLACK_SIGNING_SECRET",
        };
        return (format!("Slack: off; set SLACK_BOT_TOKEN and {second} to switch it on"), true);
    };
    match slack::check(settings).await {
        Ok(team) => (format!("Slack: ready, workspace {team}"), true),
        Err(why) => (format!("Slack: {why}"), false),
    }
}

/// Returns a line about the local channel: its address, or the reason why it is off.
fn local_channel(app: &Composition) -> String {
    let listen = app.config.http.listen;
    if is_local_channel_on(app) {
        return format!("Local channel: http://{}", reachable(listen));
    }
    let why = match app.config.local_channel {
        LocalChannel::Off => "ARENA_LOCAL_CHANNEL is off".to_owned(),
        _ if app.has_chat_platform() => {
            "a chat platform is set; ARENA_LOCAL_CHANNEL=on switches it on".to_owned()
        }
        _ => format!("{listen} is not a loopback address; ARENA_LOCAL_CHANNEL=on switches it on"),
    };
    format!("Local channel: off; {why}")
}

/// Returns a line about a canary: its schedule, its models and its next run.
fn canary_line(canary: &Canary, now: Timestamp) -> String {
    let models: Vec<&str> = canary.models.iter().map(ModelId::as_str).collect();
    let next = canary.next_start(now).map_or_else(
        || "no next run".to_owned(),
        |next| format!("next run {}", next.strftime("%a %-d %b %Y, %H:%M UTC")),
    );
    format!("Canary {}: {}, {}; {next}", canary.id, canary.schedule_text, models.join(", "))
}

/// Asks the running service over loopback, as a container's health check does.
pub(super) async fn healthcheck(app: &Composition) -> u8 {
    let address = reachable(app.config.http.listen);
    let why = match timeout(Duration::from_secs(2), healthz(address)).await {
        Ok(Ok(true)) => return SUCCESS,
        Ok(Ok(false)) => "it answers, but reports that it is unhealthy".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer within 2 s".to_owned(),
    };
    output::note(format_args!("llm-arena: http://{address}/healthz: {why}"));
    FAILURE
}

async fn healthz(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(status.starts_with(b"HTTP/1.") && status.ends_with(b" 200"))
}

fn lines(entrants: &[Entrant]) -> String {
    entrants.iter().map(|entrant| line(entrant, &availability(entrant))).collect::<Vec<_>>().join("\n")
}

fn line(entrant: &Entrant, available: &str) -> String {
    let card = &entrant.card;
    let details = [card.size.as_str(), &card.best_for].into_iter().filter(|text| !text.is_empty());
    let details = details.collect::<Vec<_>>().join(", ");
    let gap = if details.is_empty() { "" } else { " " };
    let simulated = if card.simulated { ", simulated" } else { "" };
    format!(
        "{} {} ({}){gap}{details} · {}{simulated}: {available}",
        card.icon, card.name, card.id, card.provider
    )
    .trim_start()
    .to_owned()
}

/// Returns the availability of a model as a sentence.
fn availability(entrant: &Entrant) -> String {
    match &entrant.availability {
        _ if entrant.card.simulated => "ready (set the provider's key for the real one)".into(),
        Availability::Listed => "ready".into(),
        Availability::NotListed => "reachable, but the provider does not list this model today".into(),
        Availability::Unknown => "reachable".into(),
        Availability::Unreachable(why) => format!("not reachable: {why}"),
    }
}

/// One model in `models --json`.
#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    name: &'a str,
    icon: &'a str,
    size: &'a str,
    best_for: &'a str,
    color: String,
    provider: &'a str,
    simulated: bool,
    availability: &'static str,
    note: String,
}

impl<'a> Row<'a> {
    fn of(entrant: &'a Entrant) -> Self {
        let card = &entrant.card;
        Self {
            model: card.id.as_str(),
            name: &card.name,
            icon: &card.icon,
            size: &card.size,
            best_for: &card.best_for,
            color: card.color.to_string(),
            provider: &card.provider,
            simulated: card.simulated,
            availability: entrant.availability.as_str(),
            note: availability(entrant),
        }
    }
}
