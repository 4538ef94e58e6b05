//! Files: an upload address, the bytes, and sharing with a delay. Pure.
//! <https://docs.slack.dev/messaging/working-with-files>

use serde_json::{Value, json};

use super::{
    call::Call,
    message::{File, Look, Ts},
    reply::Reply,
    world::{Upload, World},
};

/// The name of the picture that goes into a race's thread.
const CHART: &str = "race.png";

/// A file that is about to be shared.
#[derive(Clone, Debug)]
pub(super) struct Sharing {
    ids: Vec<String>,
    channel: String,
    thread: Option<Ts>,
    look: Look,
    action: Option<usize>,
}

impl World {
    pub(super) fn upload_url(&mut self, call: &Call) -> Result<Value, String> {
        let length = match call.fields.get("length") {
            Some(Value::Number(length)) => length.as_u64(),
            _ => call.text("length").parse().ok(),
        };
        let name = call.text("filename");
        let alt = call.fields.get("alt_txt").and_then(Value::as_str).map(str::to_owned);
        let Some(length) = length.filter(|length| *length > 0) else {
            self.violation_of(call.method, "a file of no length");
            return Err("invalid_arguments".into());
        };
        let is_image = [".png", ".gif", ".jpg"].iter().any(|ending| name.ends_with(ending));
        if name.is_empty()
            || alt.as_ref().is_some_and(|alt| alt.chars().count() > 1000)
            || is_image && alt.is_none()
        {
            self.violation_of(
                call.method,
                "a file has a name, and a picture an alt text of at most 1,000 characters",
            );
        }
        let id = format!("F0{:06}", self.number());
        let key = format!("{id}5ecretupload");
        let file = File { id: id.clone(), name: name.into(), title: name.into(), alt, bytes: vec![] };
        let length = usize::try_from(length).expect("a length");
        self.uploads.insert(key.clone(), Upload { file, length, has_come: false, is_complete: false });
        Ok(json!({ "upload_url": format!("{}/upload/v1/{key}", self.origin), "file_id": id }))
    }

    /// The bytes.
    pub(super) fn uploaded(&mut self, call: &Call) -> Reply {
        let Some(upload) = self.uploads.get_mut(&call.address) else {
            self.violation_of(call.method, "there is no such upload address");
            return Reply::text(404, "not found");
        };
        let (announced, came) = (upload.length, call.bytes.len());
        if announced != came {
            self.violation_of(call.method, &format!("{announced} bytes were announced, {came} came"));
            return Reply::text(400, "length mismatch");
        }
        upload.file.bytes.clone_from(&call.bytes);
        upload.has_come = true;
        Reply::text(200, &format!("OK - {came}"))
    }

    /// <https://docs.slack.dev/reference/methods/files.completeUploadExternal>
    pub(super) fn complete_upload(&mut self, call: &Call) -> Result<Value, String> {
        let files = call.fields.get("files").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut ids = vec![];
        for file in &files {
            let id = file["id"].as_str().unwrap_or_default();
            let Some(upload) = self.uploads.values().find(|upload| upload.file.id == id) else {
                self.violation_of(call.method, "there is no such file");
                return Err("file_not_found".into());
            };
            if !upload.has_come {
                self.violation_of(call.method, "the bytes have not come");
                return Err("file_not_found".into());
            }
            if upload.is_complete {
                self.violation_of(call.method, "the file is complete already");
                return Err("file_not_found".into());
            }
            ids.push(id.to_owned());
        }
        self.admits(call.channel(), false)?;
        self.thread_of(call)?;
        for (file, id) in files.iter().zip(&ids) {
            let upload = self.uploads.values_mut().find(|upload| upload.file.id == *id).expect("known");
            upload.is_complete = true;
            if let Some(title) = file["title"].as_str() {
                upload.file.title = title.into();
            }
        }
        Ok(json!({ "files": files }))
    }

    /// Returns the share that follows this call.
    pub(super) fn sharing(&self, call: &Call) -> Sharing {
        let files = call.fields.get("files").and_then(Value::as_array).into_iter().flatten();
        let ids: Vec<_> = files.filter_map(|file| file["id"].as_str()).map(str::to_owned).collect();
        let is_chart = |upload: &Upload| ids.contains(&upload.file.id) && upload.file.name == CHART;
        let mut look = Look::of(&call.fields);
        call.text("initial_comment").clone_into(&mut look.fallback);
        let thread = Some(call.text("thread_ts").to_owned()).filter(|ts| !ts.is_empty());
        // the chart of an earlier turn may come after the next one was asked for
        let is_of_race = thread.is_some() && self.uploads.values().any(is_chart);
        let action = if is_of_race { None } else { self.led_to(call.channel(), thread.as_deref(), call) };
        Sharing { ids, channel: call.channel().to_owned(), thread, look, action }
    }

    /// The files become a message.
    pub(super) fn share(&mut self, sharing: Sharing) -> Option<Ts> {
        let files = self.uploads.values().filter(|upload| sharing.ids.contains(&upload.file.id));
        let files = files.map(|upload| upload.file.clone()).collect();
        if self.loses_files {
            return None;
        }
        let ts = self.add(sharing.look, (&sharing.channel, sharing.thread), None, sharing.action);
        self.message_mut(&ts).expect("new").files = files;
        Some(ts)
    }
}
