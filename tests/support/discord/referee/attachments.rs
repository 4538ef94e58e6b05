//! Files and their descriptions: <https://docs.discord.com/developers/reference#uploading-files>. Pure.

use std::collections::HashSet;

use serde_json::Value;

use super::{Context, Violations};
use crate::support::discord::{call::File, message::Attachment};

/// All files of one request.
const REQUEST: usize = 25 << 20;

/// Checks the files of a message and gives the names that it then has.
pub(super) fn check(
    violations: &mut Violations,
    body: &Value,
    files: &[File],
    context: &Context,
) -> Vec<String> {
    sizes(violations, files, context);
    let present = context.now.map_or(&[][..], |look| &look.attachments[..]);
    let listed = violations.list(&body["attachments"], "attachments", 10);
    if body.get("attachments").is_none() {
        return present
            .iter()
            .map(|kept| kept.name.clone())
            .chain(unlisted(violations, files, listed))
            .collect();
    }
    let (mut names, mut ids) = (vec![], HashSet::new());
    for (n, entry) in listed.iter().enumerate() {
        let place = format!("attachment {n}");
        violations.only(entry, &place, &["id", "filename", "description"]);
        violations.text(&entry["description"], &format!("{place}: description"), 1024);
        let name = named(entry, files, present);
        match name {
            Some(name) if !ids.insert(id(entry)) => {
                violations.refuse(format!("{place}: {name:?} is there twice"));
            }
            Some(name) => names.push(name),
            None => {
                violations
                    .refuse(format!("{place}: the id {} is no file and none that is there", entry["id"]));
            }
        }
        let upload = files.iter().find(|file| Some(file.index) == id(entry));
        if upload.is_some_and(|file| file.mime.starts_with("image/")) && entry["description"].is_null() {
            violations.unwanted(format!("{place} is a picture without an alt text"));
        }
        check_name(violations, entry, &place, names.last());
    }
    names.extend(unlisted(violations, files, listed));
    if names.iter().collect::<HashSet<_>>().len() < names.len() {
        violations.unwanted("two files of one name");
    }
    names
}

/// The id of an entry, which may be a text or a number.
pub fn id(entry: &Value) -> Option<u64> {
    entry["id"].as_u64().or_else(|| entry["id"].as_str()?.parse().ok())
}

fn sizes(violations: &mut Violations, files: &[File], context: &Context) {
    for file in files {
        let (size, limit) = (file.bytes.len(), context.file_limit);
        if size > limit {
            violations.refuse(format!("files[{}] has {size} of {limit} bytes", file.index));
        }
        if size == 0 {
            violations.unwanted(format!("files[{}] is empty", file.index));
        }
    }
    let total: usize = files.iter().map(|file| file.bytes.len()).sum();
    if total > REQUEST {
        violations.refuse(format!("all files have {total} of {REQUEST} bytes"));
    }
}

/// Returns the name of an upload or of a present file.
fn named(entry: &Value, files: &[File], present: &[Attachment]) -> Option<String> {
    let id = id(entry)?;
    let upload = files.iter().find(|file| file.index == id).map(|file| file.name.clone());
    upload.or_else(|| present.iter().find(|kept| kept.id == id).map(|kept| kept.name.clone()))
}

fn check_name(violations: &mut Violations, entry: &Value, place: &str, name: Option<&String>) {
    let Some(name) = name else { return };
    if entry["filename"].as_str().is_some_and(|said| said != name) {
        violations.unwanted(format!("{place} says {} of the file {name:?}", entry["filename"]));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        violations.unwanted(format!("{place}: the name {name:?} cannot be referred to"));
    }
}

/// Returns the names of uploads that `attachments` does not mention.
fn unlisted(violations: &mut Violations, files: &[File], listed: &[Value]) -> Vec<String> {
    let unlisted = files.iter().filter(|file| !listed.iter().any(|entry| id(entry) == Some(file.index)));
    let unlisted: Vec<_> = unlisted.collect();
    for file in &unlisted {
        violations.unwanted(format!("files[{}] is not in attachments", file.index));
    }
    unlisted.into_iter().map(|file| file.name.clone()).collect()
}
