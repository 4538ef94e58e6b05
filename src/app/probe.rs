//! `models`, `check`, `healthcheck`: what is there, and whether it answers.

use std::{net::SocketAddr, time::Duration};

use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    BAD, GOOD, arena,
    listen::reached,
    output::{self, print},
    platforms,
};
use crate::{config::Config, discord, model::Availability, race::Entrant, slack};

/// How long a provider may take to answer a question about itself: less than the client would wait.
const PATIENCE: Duration = Duration::from_secs(6);

/// `models`: the line-up, one line or one object each.
pub(super) async fn models(config: &Config, json: bool) -> u8 {
    let entrants = arena(config).entrants(PATIENCE).await;
    let text = if json {
        let rows: Vec<Row<'_>> = entrants.iter().map(Row::of).collect();
        serde_json::to_string_pretty(&rows).map_err(|error| error.to_string())
    } else {
        Ok(lines(&entrants))
    };
    output::code(text.and_then(print), GOOD)
}

/// `check`: says what is reachable; the configuration was validated before.
pub(super) async fn check(config: &Config) -> u8 {
    let valid = print(format_args!("configuration: {} is valid", config.origin));
    let arena = arena(config);
    let (entrants, discord, slack) = tokio::join!(arena.entrants(PATIENCE), discord(config), slack(config));
    let written = valid.and_then(|()| print(lines(&entrants)));
    let platforms: Vec<_> = discord.into_iter().chain(slack).collect();
    let written = platforms.iter().fold(written, |written, (line, _)| written.and_then(|()| print(line)));
    let reachable = |entrant: &Entrant| !matches!(entrant.availability, Availability::Unreachable(_));
    let all = entrants.iter().all(reachable) && platforms.iter().all(|(_, is_there)| *is_there);
    output::code(written, if all { GOOD } else { BAD })
}

/// What Discord says of its token, if it has one, and whether that is well.
async fn discord(config: &Config) -> Option<(String, bool)> {
    let settings = platforms::discord_settings(config)?;
    Some(match discord::check(&settings).await {
        Ok(application) => (format!("Discord: ready, application {application}"), true),
        Err(why) => (format!("Discord: {why}"), false),
    })
}

/// What Slack says of its tokens, if it has them, and whether that is well.
async fn slack(config: &Config) -> Option<(String, bool)> {
    let settings = platforms::slack_settings(config)?;
    Some(match slack::check(&settings).await {
        Ok(team) => (format!("Slack: ready, workspace {team}"), true),
        Err(why) => (format!("Slack: {why}"), false),
    })
}

/// `healthcheck`: asks the running service over loopback, as a container's health check does.
pub(super) async fn healthcheck(config: &Config) -> u8 {
    let address = reached(config.http.listen);
    let why = match timeout(Duration::from_secs(2), healthz(address)).await {
        Ok(Ok(true)) => return GOOD,
        Ok(Ok(false)) => "it answers, but not that it is well".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer within 2 s".to_owned(),
    };
    output::note(format_args!("llm-arena: http://{address}/healthz: {why}"));
    BAD
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
    entrants.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(entrant: &Entrant) -> String {
    let card = &entrant.card;
    let told = [card.size.as_str(), &card.best_for].into_iter().filter(|text| !text.is_empty());
    let told = told.collect::<Vec<_>>().join(", ");
    let gap = if told.is_empty() { "" } else { " " };
    let simulated = if card.simulated { ", simulated" } else { "" };
    let said = said(entrant);
    format!("{} {} ({}){gap}{told} · {}{simulated}: {said}", card.icon, card.name, card.id, card.provider)
        .trim_start()
        .to_owned()
}

/// What the provider says of the model, in words.
fn said(entrant: &Entrant) -> String {
    match &entrant.availability {
        _ if entrant.card.simulated => "ready (set the provider's key for the real one)".into(),
        Availability::Listed => "ready".into(),
        Availability::NotListed => "reachable, but the provider does not list this model today".into(),
        Availability::Unknown => "reachable".into(),
        Availability::Unreachable(why) => format!("not reachable: {why}"),
    }
}

/// One model of `models --json`.
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
            note: said(entrant),
        }
    }
}
