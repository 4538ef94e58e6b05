//! The service: health, readiness, metrics, and an end in good order.

use super::soon;
use crate::support::program::{Program, Running, free_address, get};

/// A service that listens, with these variables beside its address.
async fn started(program: &Program) -> Running {
    let mut running = program.start(&["serve"]);
    soon(running.says("\"listening\"")).await;
    running
}

#[tokio::test]
async fn it_answers_its_probes_and_ends_with_0() {
    let address = free_address();
    let program = Program::new().env("ARENA_LISTEN", &address.to_string());
    let running = started(&program).await;
    assert_eq!(get(address, "/healthz").await.expect("an answer"), (200, "ok\n".into()));
    assert_eq!(get(address, "/readyz").await.expect("an answer").0, 200);
    let (status, metrics) = get(address, "/metrics").await.expect("an answer");
    assert_eq!(status, 200);
    assert!(metrics.contains("arena_build_info{version="), "{metrics}");
    assert_eq!(soon(program.run(&["healthcheck"])).await.code, Some(0));
    running.terminate().await;
    assert_eq!(soon(running.end()).await.code, Some(0));
    let gone = soon(program.run(&["healthcheck"])).await;
    assert_eq!(gone.code, Some(1), "{gone:?}");
}

#[tokio::test]
async fn metrics_may_have_an_address_of_their_own() {
    let (address, metrics) = (free_address(), free_address());
    let config = format!("[http]\nlisten = \"{address}\"\nmetrics_listen = \"{metrics}\"\n");
    let running = started(&Program::with(&config)).await;
    assert_eq!(get(metrics, "/metrics").await.expect("an answer").0, 200);
    assert_eq!(get(address, "/metrics").await.expect("an answer").0, 404);
    running.terminate().await;
    assert_eq!(soon(running.end()).await.code, Some(0));
}

#[tokio::test]
async fn the_simulated_server_is_a_provider_to_others() {
    let address = free_address();
    let mut server = Program::new().start(&["simulate", "--listen", &address.to_string()]);
    soon(server.says("simulated models at")).await;
    let config = format!(
        "[[provider]]\nid = \"sim\"\nbase_url = \"http://{address}/v1\"\n\
         [[model]]\nid = \"m\"\nprovider = \"sim\"\nmodel = \"google/gemma-2-2b-it\"\nmax_tokens = 10\n"
    );
    let outcome = soon(Program::with(&config).run(&["compare", "--json", "hi"])).await;
    let race = outcome.json();
    assert_eq!((outcome.code, &race["simulated"]), (Some(0), &true.into()));
    assert_eq!(
        (&race["lanes"][0]["output_tokens"], &race["lanes"][0]["token_count"]),
        (&10.into(), &"usage".into())
    );
    server.terminate().await;
    assert_eq!(soon(server.end()).await.code, Some(0));
}
