//! What a running process takes: memory and file descriptors, from Linux's `/proc`.

use std::fs;

use super::Problem;

/// Resident memory in KiB, and open file descriptors.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    pub rss_kib: u64,
    pub fds: usize,
}

/// What the process takes now.
pub fn footprint(pid: u32) -> Result<Footprint, Problem> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rss = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or("no VmRSS")?;
    Ok(Footprint {
        rss_kib: rss.parse()?,
        fds: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
    })
}

impl Footprint {
    /// Whether nothing has piled up since: memory may breathe, descriptors may be a few idle
    /// connections more.
    pub fn is_flat_since(&self, before: &Self) -> bool {
        self.rss_kib <= before.rss_kib + before.rss_kib / 5 + 16 * 1024
            && self.fds <= before.fds + 40
    }
}
