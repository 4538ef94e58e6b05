//! Helpers for stories with faults.

use super::{ANSWER, Setup, SlackScenario, eventually, with_timeout};
use crate::support::{
    provider::{Answer, answer},
    slack::{Fault, Method, Moment, Revision, UserRequest, World},
};

/// Faults after which the bot cannot know whether the call took effect.
pub(super) const FAULTS: [Fault; 4] =
    [Fault::Status(503), Fault::Status(500), Fault::Cut(Moment::Before), Fault::Cut(Moment::After)];

/// The next call of a method meets this.
pub(super) fn inject(scenario: &SlackScenario, method: Method, trouble: &Fault) {
    scenario.slack.world(|world| world.faults.push(method, trouble.clone()));
}

/// Returns an answer that begins and never ends.
pub(super) fn endless_answer() -> Answer {
    answer("a").role().says(ANSWER).says(" begins").hangs()
}

/// Two models, and one race at a time: a permit that is not given back is noticed.
pub(super) fn one_at_a_time() -> Setup<'static> {
    let lines = "[arena]\nraces_per_user_per_minute = 60\nconcurrent_races = 1";
    Setup { lines, ..Setup::default() }
}

/// Waits until every injected fault has struck a call.
pub(super) async fn wait_for_faults(scenario: &SlackScenario) {
    scenario.slack.until(|world| world.faults.left().is_empty().then_some(())).await;
}

/// Returns the number of calls of a method that Slack received.
pub(super) fn calls(scenario: &SlackScenario, method: Method) -> usize {
    scenario.slack.world(|world| world.calls.iter().filter(|call| call.method == method).count())
}

/// Returns the number of model calls.
pub(super) fn model_calls(scenario: &SlackScenario) -> usize {
    scenario.provider.truth().exchanges.len()
}

/// Returns the number of pictures below the message.
pub(super) fn picture_count(request: &UserRequest) -> usize {
    file_count(request, ".png")
}

/// Returns the number of files with this extension below the message.
pub(super) fn file_count(request: &UserRequest, ending: &str) -> usize {
    let files = request.thread().into_iter().flat_map(|message| message.files);
    files.filter(|file| file.name.ends_with(ending)).count()
}

/// Waits until all model calls are cancelled.
pub(super) async fn wait_until_models_stop(scenario: &SlackScenario) {
    let left =
        scenario.provider.until(|truth| truth.exchanges.iter().all(|exchange| exchange.left().is_some()));
    with_timeout(left).await;
}

/// Waits until the service says that it shuts down.
pub(super) async fn wait_for_shutdown(scenario: &SlackScenario) {
    eventually(async || scenario.service.ready().await.1.contains("shutting down")).await;
}

/// Waits until the last frame is repeated after a late live one.
pub(super) async fn wait_for_repeated_end(scenario: &SlackScenario, request: &UserRequest) {
    let is_over = |revision: &Revision| revision.look.is_over();
    let shown_twice = |world: &World| {
        let all = world.messages.iter().flat_map(|message| &message.revisions);
        (all.filter(|revision| is_over(revision)).count() == 2).then_some(())
    };
    scenario.slack.until(shown_twice).await;
    let are_over: Vec<_> = request.revisions().iter().rev().map(is_over).collect();
    assert_eq!(are_over[..3], [true, false, true]);
}
