//! Files of a race in a terminal: the built binary against a scripted provider.

use image::GenericImageView as _;
use serde_json::{Value, json};

use super::{command_line::with_key, program, with_timeout};
use crate::support::{
    pictures::{PLACE, bomb, decoded, photograph, png},
    provider::{Answer, FakeProvider, answer},
};

const SEES: &str = "vision = true";

fn says_hi(model: &str) -> Answer {
    answer(model).role().says("Hi").says(" there").whole()
}

/// The content of the only message that each model got.
fn contents(fake: &FakeProvider) -> Vec<(String, Value)> {
    let exchanges = fake.truth().exchanges;
    let content = |body: &Value| {
        assert_eq!(body["messages"].as_array().map(Vec::len), Some(1));
        body["messages"][0]["content"].clone()
    };
    exchanges.iter().map(|exchange| (exchange.model.clone(), content(&exchange.body))).collect()
}

#[tokio::test]
async fn texts_follow_the_prompt_and_every_model_reads_them() {
    let fake = with_key([says_hi("a"), says_hi("b")]).await;
    let program = program(&fake, &[("a", ""), ("b", SEES)]);
    std::fs::write(program.path("spec.md"), "\u{feff}Use ``` here.\n").expect("a file");
    std::fs::write(program.path("b.txt"), "two").expect("a file");
    let args = ["compare", "--json", "--file", "spec.md", "--file", "b.txt", "Summarise."];
    let outcome = with_timeout(program.run(&args)).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let race = outcome.json();
    assert_eq!((&race["prompt"], &race["files"]), (&json!("Summarise."), &json!(["spec.md", "b.txt"])));
    let want = "Summarise.\n\nspec.md:\n````\nUse ``` here.\n````\n\nb.txt:\n```\ntwo\n```";
    let got = contents(&fake);
    assert!(got.len() == 2 && got.iter().all(|(_, content)| *content == json!(want)), "{got:?}");
}

#[tokio::test]
async fn models_that_cannot_see_sit_out_and_the_others_get_clean_pictures() {
    let fake = with_key([says_hi("b"), says_hi("d")]).await;
    let program = program(&fake, &[("a", ""), ("b", SEES), ("c", ""), ("d", SEES)]);
    std::fs::write(program.path("photo.jpg"), photograph()).expect("a file");
    std::fs::write(program.path("dot.png"), png(8, 8)).expect("a file");
    std::fs::write(program.path("note.txt"), "the place").expect("a file");
    let files = ["--file", "photo.jpg", "--file", "note.txt", "--file", "dot.png"];
    let args = [&["compare", "--json", "--chart", "speed.png"], &files[..], &["What is this?"]].concat();
    let outcome = with_timeout(program.run(&args)).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let race = outcome.json();
    let lanes = race["lanes"].as_array().expect("lanes");
    let of = |key: &str| lanes.iter().map(|lane| lane[key].clone()).collect::<Value>();
    assert_eq!(of("model"), json!(["a", "b", "c", "d"]), "in the order of the line-up");
    assert_eq!(of("status"), json!(["sat_out", "finished", "sat_out", "finished"]));
    assert_eq!(of("error"), json!(["cannot see pictures", null, "cannot see pictures", null]));
    let keys = |at: usize| lanes[at].as_object().map(serde_json::Map::len);
    assert_eq!(keys(0), keys(1));
    for (_, content) in contents(&fake) {
        let parts = content.as_array().expect("parts");
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert_eq!(
            parts[0],
            json!({"type": "text", "text": "What is this?\n\nnote.txt:\n```\nthe place\n```"})
        );
        let url = |part: &Value| part["image_url"]["url"].as_str().expect("a URL").to_owned();
        assert!(url(&parts[1]).starts_with("data:image/jpeg;base64,"));
        let (bytes, picture) = decoded(&url(&parts[1]));
        assert_eq!(picture.dimensions(), (83, 1_568), "upright and scaled");
        assert!(memchr::memmem::find(&bytes, PLACE.as_bytes()).is_none());
        assert!(url(&parts[2]).starts_with("data:image/png;base64,"));
    }
    assert_eq!(contents(&fake).iter().map(|(model, _)| model.as_str()).collect::<Vec<_>>().len(), 2);
}

#[tokio::test]
async fn the_summary_names_the_files_and_those_who_sat_out() {
    let fake = with_key([says_hi("b")]).await;
    let program = program(&fake, &[("a", ""), ("b", SEES), ("c", "")]);
    std::fs::write(program.path("dot.png"), png(8, 8)).expect("a file");
    let outcome = with_timeout(program.run(&["compare", "--file", "dot.png", "What is this?"])).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for line in ["📎 dot.png", "A and C sat out: cannot see pictures"] {
        assert_eq!(outcome.stdout.lines().filter(|shown| *shown == line).count(), 1, "{}", outcome.stdout);
    }
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named_before_any_model_is_called() {
    let fake = with_key([]).await;
    let program = program(&fake, &[("a", ""), ("b", SEES)]);
    let large = vec![b'x'; 3 << 20];
    let files: [(&str, &[u8]); 7] = [
        ("spec.pdf", b"%PDF-1.7 spec"),
        ("bomb.png", &bomb()),
        ("dot.png", &png(8, 8)),
        ("long.log", &large[..200 << 10]),
        ("large.bin", &large),
        ("larger.bin", &large),
        ("old.txt", b"Gr\xFC\xDFe"),
    ];
    for (name, bytes) in files {
        std::fs::write(program.path(name), bytes).expect("a file");
    }
    for (args, words) in [
        (&["--file", "spec.pdf"][..], "spec.pdf: PDF files can't be read yet. Attach text or a picture."),
        (&["--file", "bomb.png"], "bomb.png: 30000 x 30000 pixels are too many"),
        (&["--file", "long.log"], "long.log: 200 KB of text; the limit is 100 KB."),
        (
            &["--file", "large.bin", "--file", "larger.bin"],
            "larger.bin: the files have more than 5 MB together",
        ),
        (&["--file", "old.txt"], "old.txt: the text is encoded as Latin-1"),
        (&["--file", "no.txt"], "--file no.txt: cannot be read"),
        (&["--models", "a", "--file", "dot.png"], "None of these models can see pictures."),
        (&["--models", "a", "--file", "dot.png"], "`vision = true`"),
    ] {
        let args = [&["compare"], args, &["What is this?"]].concat();
        let outcome = with_timeout(program.run(&args)).await;
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn no_file_is_logged() {
    let fake = with_key([says_hi("a")]).await;
    let program = program(&fake, &[("a", SEES)]).env("ARENA_LOG", "llm_arena=trace,warn");
    std::fs::write(program.path("note.txt"), "a secret note").expect("a file");
    std::fs::write(program.path("dot.png"), png(8, 8)).expect("a file");
    let args = ["ask", "--model", "a", "--file", "note.txt", "--file", "dot.png", "Why?"];
    let outcome = with_timeout(program.run(&args)).await;
    assert_eq!((outcome.code, outcome.stdout.trim()), (Some(0), "Hi there"), "{}", outcome.stderr);
    assert!(outcome.stderr.lines().any(|line| line.starts_with('{')), "there is a log");
    for secret in ["secret note", "base64", "note.txt", "iVBOR"] {
        let logged = outcome.stderr.lines().find(|line| line.starts_with('{') && line.contains(secret));
        assert_eq!(logged, None, "{secret}");
    }
}
