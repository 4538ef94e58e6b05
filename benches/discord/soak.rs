//! Twenty races at once for a long time: memory, open files and tasks of the bot, looked at every minute.

use std::{io, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    AT_ONCE,
    bot::Bot,
    server::{Answers, PERIOD, Server},
};

/// Races that are started in a second at most: more than a busy team ever will.
const A_SECOND: u32 = 20;
const MINUTE: Duration = Duration::from_mins(1);

/// Runs for so many minutes and prints the memory, files and tasks of the bot after each.
pub(crate) async fn run(minutes: u32) -> io::Result<()> {
    let server = Arc::new(Server::open(Answers::AtOnce, PERIOD).await?);
    let bot = Bot::start(server.address()).await?;
    let (start, mut asked, mut looked) = (Instant::now(), 0, vec![]);
    for minute in 1..=minutes {
        let until = start + MINUTE * minute;
        // Requests that arrived already count, even after `until`.
        while Instant::now() < until
            && let Ok(room) = timeout_at(until, server.until(|seen| seen.finals + AT_ONCE > asked)).await
        {
            room?;
            bot.compares(asked).await?;
            asked += 1;
            sleep(Duration::from_secs(1) / A_SECOND).await;
        }
        let (used, files, tasks) = (bot.usage()?, bot.files()?, bot.gauge("arena_tasks_alive").await?);
        println!(
            "minute {minute}: {asked} races, {:.1} MB, {files} open files, {tasks} tasks",
            used.megabytes()
        );
        looked.push(used.megabytes());
    }
    server.until(|seen| seen.finals >= asked).await?;
    let third = looked.len().div_ceil(3);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / f64::from(u32::try_from(part.len()).unwrap_or(1));
    let (middle, last) = (mean(&looked[third..2 * third]), mean(&looked[2 * third..]));
    println!(
        "memory in the second third {middle:.1} MB, in the last {last:.1} MB: {:.3} times",
        last / middle
    );
    Ok(())
}
