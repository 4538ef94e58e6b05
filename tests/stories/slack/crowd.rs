//! A crowd: many races at once share one workspace's edits. The bench `crowd` measures how soon their frames come.

use std::time::Duration;

use super::Transport;
use crate::support::crowd::slack::Crowd;

#[tokio::test]
async fn ten_races_that_end_at_once() {
    let crowd = Crowd { transport: Transport::Http, races: 10, seconds: 30, refused: None };
    crowd.race().await.0.finish().await;
}

#[tokio::test]
async fn races_over_a_socket_whose_edits_are_refused_for_five_seconds_in_their_middle() {
    let refused = Some(Duration::from_secs(5));
    let crowd = Crowd { transport: Transport::Socket, races: 5, seconds: 26, refused };
    crowd.race().await.0.finish().await;
}
