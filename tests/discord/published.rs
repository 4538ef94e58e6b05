//! Bodies against the published API.

use serde_json::json;

use super::bot::{Bot, message};

#[tokio::test]
async fn bodies_are_held_against_the_published_api() {
    let bot = Bot::new().await;
    let request = bot.deferred().await;
    let mut body = message();
    assert_eq!(bot.edit(&request, &body).await.status, 200);
    assert_eq!(bot.discord.take_violations(), <Vec<String>>::new());
    body["embeds"][0]["timestamp"] = json!(5);
    assert_eq!(bot.edit(&request, &body).await.code(), (400, 50_035));
    insta::assert_snapshot!(bot.discord.take_violations().join("\n"));
}
