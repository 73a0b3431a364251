//! What `/proc` says about this machine and the processes on it.

use std::{collections::BTreeMap, fs};

/// Ticks of the processor clock a second: what Linux has told programs since 2.6, whatever it counts inside.
const TICKS: f64 = 100.0;

/// Memory of a process in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident.
    pub now: u64,
    /// Of that, not backed by a file: what the process has made itself.
    pub own: u64,
    /// The most that was ever resident.
    pub peak: u64,
}

/// Memory of a process; zeros once it has ended.
pub fn memory(pid: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
    };
    Memory { now: field("VmRSS:"), own: field("RssAnon:"), peak: field("VmHWM:") }
}

/// Seconds of processor time that a process has used.
pub fn processor_time(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name may hold blanks; it ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

/// Processor time of several processes, by name.
pub fn processor_times(pids: &BTreeMap<&'static str, u32>) -> BTreeMap<&'static str, f64> {
    pids.iter().map(|(name, pid)| (*name, processor_time(*pid))).collect()
}

/// What the processes have used since, as `operator 1.2 s, ...`.
pub fn used(pids: &BTreeMap<&'static str, u32>, since: &BTreeMap<&'static str, f64>) -> String {
    let parts = processor_times(pids).into_iter().map(|(name, now)| {
        let before = since.get(name).copied().unwrap_or(0.0);
        format!("{name} {:.1} s", now - before)
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// Processor, number of processors and memory.
pub fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let count = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib: u64 = kib.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0);
    format!("{count} x {}, {} GiB", model.unwrap_or("unknown processor").trim(), kib / 1024 / 1024)
}

/// Average number of processes that wanted a processor in the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}
