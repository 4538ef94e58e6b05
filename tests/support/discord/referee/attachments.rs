//! Files and what is said of them: <https://docs.discord.com/developers/reference#uploading-files>. Pure.

use std::collections::HashSet;

use serde_json::Value;

use super::{Fouls, Scene};
use crate::support::discord::{call::File, message::Attachment};

/// All files of one request.
const REQUEST: usize = 25 << 20;

/// Checks the files of a message and gives the names that it then has.
pub(super) fn check(fouls: &mut Fouls, body: &Value, files: &[File], scene: &Scene) -> Vec<String> {
    sizes(fouls, files, scene);
    let present = scene.now.map_or(&[][..], |look| &look.attachments[..]);
    let listed = fouls.list(&body["attachments"], "attachments", 10);
    if body.get("attachments").is_none() {
        return present.iter().map(|kept| kept.name.clone()).chain(unlisted(fouls, files, listed)).collect();
    }
    let (mut names, mut ids) = (vec![], HashSet::new());
    for (n, entry) in listed.iter().enumerate() {
        let place = format!("attachment {n}");
        fouls.only(entry, &place, &["id", "filename", "description"]);
        fouls.text(&entry["description"], &format!("{place}: description"), 1024);
        let name = named(entry, files, present);
        match name {
            Some(name) if !ids.insert(id(entry)) => fouls.refuse(format!("{place}: {name:?} is there twice")),
            Some(name) => names.push(name),
            None => {
                fouls.refuse(format!("{place}: the id {} is no file and none that is there", entry["id"]));
            }
        }
        let upload = files.iter().find(|file| Some(file.index) == id(entry));
        if upload.is_some_and(|file| file.mime.starts_with("image/")) && entry["description"].is_null() {
            fouls.unwanted(format!("{place} is a picture without an alt text"));
        }
        check_name(fouls, entry, &place, names.last());
    }
    names.extend(unlisted(fouls, files, listed));
    if names.iter().collect::<HashSet<_>>().len() < names.len() {
        fouls.unwanted("two files of one name");
    }
    names
}

/// The id of an entry, which may be a text or a number.
pub fn id(entry: &Value) -> Option<u64> {
    entry["id"].as_u64().or_else(|| entry["id"].as_str()?.parse().ok())
}

fn sizes(fouls: &mut Fouls, files: &[File], scene: &Scene) {
    for file in files {
        let (size, limit) = (file.bytes.len(), scene.file_limit);
        if size > limit {
            fouls.refuse(format!("files[{}] has {size} of {limit} bytes", file.index));
        }
        if size == 0 {
            fouls.unwanted(format!("files[{}] is empty", file.index));
        }
    }
    let total: usize = files.iter().map(|file| file.bytes.len()).sum();
    if total > REQUEST {
        fouls.refuse(format!("all files have {total} of {REQUEST} bytes"));
    }
}

/// The name behind an entry: that of an upload, or of a file that is there already.
fn named(entry: &Value, files: &[File], present: &[Attachment]) -> Option<String> {
    let id = id(entry)?;
    let upload = files.iter().find(|file| file.index == id).map(|file| file.name.clone());
    upload.or_else(|| present.iter().find(|kept| kept.id == id).map(|kept| kept.name.clone()))
}

fn check_name(fouls: &mut Fouls, entry: &Value, place: &str, name: Option<&String>) {
    let Some(name) = name else { return };
    if entry["filename"].as_str().is_some_and(|said| said != name) {
        fouls.unwanted(format!("{place} says {} of the file {name:?}", entry["filename"]));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        fouls.unwanted(format!("{place}: the name {name:?} cannot be referred to"));
    }
}

/// Uploads of which `attachments` says nothing; their names all the same.
fn unlisted(fouls: &mut Fouls, files: &[File], listed: &[Value]) -> Vec<String> {
    let unlisted = files.iter().filter(|file| !listed.iter().any(|entry| id(entry) == Some(file.index)));
    let unlisted: Vec<_> = unlisted.collect();
    for file in &unlisted {
        fouls.unwanted(format!("files[{}] is not in attachments", file.index));
    }
    unlisted.into_iter().map(|file| file.name.clone()).collect()
}
