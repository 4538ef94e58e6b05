//! A race of simulated models behind their own server, through the real client.

use std::sync::Arc;

use llm_arena::{
    model::Availability,
    provider::{
        Deadlines,
        simulated::{
            SimulatedModel,
            server::{ServedModel, serve},
        },
    },
};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{arena, card, model, provider, race, with_timeout};

/// Enough for a speed, also where a busy machine reads many of them at once.
const TOKENS: u32 = 80;

#[tokio::test]
async fn answers_over_a_socket_are_marked_as_simulated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let served = |name: &str| ServedModel {
        names: vec![name.into()],
        model: Arc::new(SimulatedModel::new(card(name), Some(TOKENS))),
    };
    let serving =
        serve(listener, vec![served("gemma-2b"), served("gpt-oss-120b")], stop.clone().cancelled_owned());
    tasks.spawn(async move { serving.await.expect("a server") });
    tasks.close();
    let client = provider(&base_url, None);
    let lanes = ["gemma-2b", "gpt-oss-120b"].map(|name| model(&client, name, Deadlines::default()));
    let record = race(&arena(lanes)).await;
    for lane in &record.report.lanes {
        assert!(lane.simulated && !lane.card.simulated, "marked by the server, not by the configuration");
        assert!(lane.status.is_finished(), "{lane:?}");
        assert_eq!((lane.metrics.output_tokens, &lane.availability), (TOKENS.into(), &Availability::Listed));
        assert!(lane.metrics.tokens_per_second.is_some());
    }
    assert!(record.report.simulated());
    stop.cancel();
    with_timeout(tasks.wait()).await;
}
