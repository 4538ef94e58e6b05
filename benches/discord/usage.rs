//! The resource usage of a process: <https://docs.kernel.org/filesystems/proc.html>.

use std::{fs, io, time::Duration};

/// A tick of the CPU times in `/proc`: `USER_HZ` is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// CPU time so far and resident memory now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    cpu: Duration,
    kibibytes: u32,
}

impl Usage {
    /// Of the process with this id, or "self".
    pub(crate) fn of(process: &str) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The second field may hold blanks; it ends with the last parenthesis. `utime` is the 14th field.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
        let ticks = fields.skip(11).take(2).map(|field| field.parse::<u32>().map_err(io::Error::other));
        let cpu = TICK * ticks.sum::<io::Result<u32>>()?;
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        let kibibytes = resident.unwrap_or_default().parse().map_err(io::Error::other)?;
        Ok(Self { cpu, kibibytes })
    }

    /// CPU seconds since `before`.
    pub(crate) fn cpu_since(self, before: Self) -> f64 {
        self.cpu.saturating_sub(before.cpu).as_secs_f64()
    }

    /// Bytes more than `before`.
    pub(crate) fn memory_since(self, before: Self) -> f64 {
        f64::from(self.kibibytes.saturating_sub(before.kibibytes)) * 1_024.0
    }

    /// Resident memory in millions of bytes.
    pub(crate) fn megabytes(self) -> f64 {
        f64::from(self.kibibytes) * 1_024.0 / 1e6
    }
}
