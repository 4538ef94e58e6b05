//! The board and the history as cards.

use serde_json::{Value, json};

use super::site::{Site, read};
use crate::{
    store::team,
    support::script::{Script, model},
};

fn pair() -> [Script; 2] {
    [model("a").says("x").finishes("stop"), model("b").says("x").finishes("stop")]
}

async fn picture(site: &Site, path: &str) -> Vec<u8> {
    let response = site.get(path).send().await.expect("an answer");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"image/png".parse().expect("a type")),
        "{path}"
    );
    response.bytes().await.expect("bytes").to_vec()
}

#[tokio::test]
async fn a_leader_and_a_slower_model_have_cards_with_pictures() {
    let folder = team::folder("web", 8).await;
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    let (status, said) = site.say("ana", "/arena board 30").await;
    let card = &said["card"];
    assert_eq!(
        (status, &card["kind"], &card["title"]),
        (200, &"overview".into(), &"Team board".into()),
        "{said}"
    );
    assert!(card["lead"][0].as_str().is_some_and(|lead| lead.contains("leads for this team")), "{card}");
    assert_eq!(card["lead"][1], "40 ballots by 5 voters in 8 races in the last 30 days.");
    let rows = &card["table"]["rows"];
    assert_eq!((&rows[0]["cells"][0], &rows[1]["begins_tier"]), (&"1".into(), &true.into()), "{card}");
    assert_eq!(
        (&card["chart"]["url"], &card["page"]),
        (&"/api/board.png?days=30".into(), &"/board?days=30".into())
    );
    assert!(card["chart"]["alt"].as_str().is_some_and(|alt| alt.contains("leads for this team")));
    assert!(picture(&site, "/api/board.png?days=30").await.starts_with(b"\x89PNG"));

    let (_, said) = site.say("ana", "history a").await;
    let card = &said["card"];
    let words = card["models"][0]["words"].as_str().expect("words");
    assert!(words.starts_with("100 → 70 tok/s (−30 %) since "), "{card}");
    assert!(picture(&site, card["chart"]["url"].as_str().expect("an address")).await.starts_with(b"\x89PNG"));

    for (path, status) in [
        ("/api/board?days=0", 400),
        ("/api/history?days=0", 400),
        ("/api/history?model=c", 400),
        ("/api/history.csv?days=3651", 400),
        ("/api/board.png?days=0", 400),
        ("/api/history.png?days=3651", 400),
        ("/api/history.png?model=c", 400),
        ("/api/history.png?model=b", 404),
    ] {
        let (got, said) = read(site.get(path).send().await.expect("an answer")).await;
        assert!(got == status && said["say"].is_string(), "{path}: {got} {said}");
    }
    site.shut_down(store).await;
}

async fn json(site: &Site, path: &str) -> Value {
    let (status, json) = read(site.get(path).send().await.expect("an answer")).await;
    assert_eq!(status, 200, "{path}: {json}");
    json
}

#[tokio::test]
async fn the_pages_have_their_data_without_voters() {
    let folder = team::folder("web", 8).await;
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    let board = json(&site, "/api/board?days=30").await;
    assert_eq!(
        (&board["verdict"], &board["chart"]["url"]),
        (&"leader".into(), &"/api/board.png?days=30".into())
    );
    let first = &board["standings"][0];
    assert_eq!((&first["model"]["id"], &first["tier"]), (&"a".into(), &1.into()), "{first}");
    let share = |key: &str| first[key].as_f64().expect("a share");
    assert!(share("pick_rate_low") < share("pick_rate") && share("pick_rate") < share("pick_rate_high"));
    assert_eq!(board["headings"].as_array().map(Vec::len), first["cells"].as_array().map(Vec::len));
    assert_eq!(board["progress"], json!([]));
    assert!(!board.to_string().contains("voter "), "a voter's id in {board}");

    // the model that lost most of its speed, unless another one is asked for
    let history = json(&site, "/api/history").await;
    assert_eq!((&history["model"], &history["days"]), (&"a".into(), &90.into()));
    let words = history["models"][0]["words"].as_str().expect("words");
    assert!(words.starts_with("100 → 70 tok/s (−30 %) since "), "{words}");
    assert!(history["models"][1]["words"].is_null());
    let series = &history["series"][0];
    assert_eq!((series["races"].as_array().map(Vec::len), &series["is_canary"]), (Some(208), &false.into()));
    assert_eq!((&series["races"][0][1], &series["races"][207][1]), (&100.0.into(), &70.0.into()));
    let days = series["days"].as_array().expect("days");
    assert!(days.iter().all(|day| day["races"].as_u64() <= Some(4) && day["median"].is_f64()));
    assert_eq!(days[30]["quartiles"], json!([100.0, 100.0]));
    let week = json(&site, "/api/history?model=a&days=7").await;
    let races = week["series"][0]["races"].as_array().map_or(0, Vec::len);
    assert!((24..=28).contains(&races), "{races}");
    let none = json(&site, "/api/history?model=b").await;
    assert_eq!((&none["model"], &none["series"], &none["table"]), (&"b".into(), &json!([]), &Value::Null));

    let file = site.get(history["table"].as_str().expect("an address")).send().await.expect("an answer");
    assert_eq!(file.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"history.csv\"");
    let table = file.text().await.expect("text");
    assert!(table.starts_with("series,at_hours,tokens_per_second\na,"), "{table}");
    assert_eq!(table.lines().count(), 209);
    let table =
        site.get("/api/history.csv?model=b").send().await.expect("an answer").text().await.expect("text");
    assert_eq!(table, "series,at_hours,tokens_per_second\n");
    site.shut_down(store).await;
}

#[tokio::test]
async fn few_ballots_give_counts_alone_and_no_store_a_sentence() {
    let folder = team::folder("web", 3).await;
    let (site, store) = Site::stored(pair(), folder.path(), 30).await;
    let (_, said) = site.say("ana", "board").await;
    let card = &said["card"];
    assert_eq!(card["lead"][0], "Too early: 15 of 20 ballots, 3 of 8 races.", "{card}");
    assert!(card["table"].is_null() && card["chart"].is_null(), "{card}");
    let board = json(&site, "/api/board").await;
    assert_eq!(
        (&board["verdict"], &board["standings"], &board["chart"]),
        (&"too_early".into(), &json!([]), &Value::Null)
    );
    assert_eq!(board["progress"][0], json!({ "have": 15, "need": 20, "what": "ballots" }));
    site.shut_down(store).await;
    let site = Site::open(pair()).await;
    for line in ["board", "history"] {
        let (status, said) = site.say("ana", line).await;
        assert_eq!(status, 503, "{said}");
        assert!(
            said["say"].as_str().is_some_and(|say| say.contains("The database is unavailable")),
            "{said}"
        );
        for path in [format!("/api/{line}"), format!("/api/{line}.png")] {
            let (status, said) = read(site.get(&path).send().await.expect("an answer")).await;
            assert!(status == 503 && said["say"].is_string(), "{path}: {status} {said}");
        }
    }
}

#[tokio::test]
async fn a_race_is_compared_with_the_usual_speed() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = model("a").waits(5).says_words(70, 2).used(70).finishes("stop");
    let (site, store) = Site::stored([writer], folder.path(), 30).await;
    let mut tab = site.tab().await;
    let mut lessons = vec![];
    // a race is a sample as soon as its end is stored
    for _ in 0..12 {
        let id = site.race("ana", "ask a x").await;
        lessons.push(tab.over(&id).await["lesson"].clone());
        if lessons.last().is_some_and(|lesson| !lesson.is_null()) {
            break;
        }
    }
    let lesson = lessons.last().and_then(|lesson| lesson.as_str()).unwrap_or_default();
    assert!(lesson.contains("usual here: ") && lesson.ends_with(" races)."), "{lessons:?}");
    assert!(lessons.len() > 5, "five races are needed: {lessons:?}");
    drop(tab);
    site.shut_down(store).await;
}
