//! Resource usage of this process, from Linux: <https://docs.kernel.org/filesystems/proc.html>.

use std::{fs, io, time::Duration};

/// The unit of CPU times in `/proc`: `USER_HZ` is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// User and system CPU time of all threads so far.
pub(crate) fn cpu_time() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field may contain blanks; it ends with the last parenthesis. `utime` is the 14th field.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    let ticks = fields.skip(11).take(2).map(|field| field.parse::<u32>().map_err(io::Error::other));
    Ok(TICK * ticks.sum::<io::Result<u32>>()?)
}

/// Time for which this process's threads were ready to run without a CPU so far, a measure of disturbance by others.
/// <https://docs.kernel.org/scheduler/sched-stats.html>
pub(crate) fn waited() -> io::Result<Duration> {
    let mut waited = Duration::ZERO;
    for thread in fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile.
        let Ok(schedule) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let nanoseconds = schedule.split_whitespace().nth(1).unwrap_or_default();
        waited += Duration::from_nanos(nanoseconds.parse().map_err(io::Error::other)?);
    }
    Ok(waited)
}

/// Current resident memory in bytes.
pub(crate) fn memory() -> io::Result<u64> {
    status("VmRSS:")
}

/// Peak resident memory since [`reset_peak_memory`], in bytes.
pub(crate) fn peak_memory() -> io::Result<u64> {
    status("VmHWM:")
}

/// Resets the peak.
pub(crate) fn reset_peak_memory() -> io::Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

/// The machine's load averages over one, five and fifteen minutes.
pub(crate) fn machine_load() -> io::Result<String> {
    let averages = fs::read_to_string("/proc/loadavg")?;
    Ok(averages.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

fn status(field: &str) -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next());
    let kibibytes: u64 = kibibytes.unwrap_or_default().parse().map_err(io::Error::other)?;
    Ok(kibibytes << 10)
}
