//! Processes beside ours: started on a core of their own, watched, and ended with all their children.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// After SIGTERM, before SIGKILL.
const PATIENCE: Duration = Duration::from_secs(8);

/// A process with its children.
#[derive(Clone, Debug)]
pub struct Tree {
    pids: Vec<u32>,
}

impl Tree {
    /// A process and its children as they are now.
    pub fn of(pid: u32) -> Self {
        let all = parents();
        let mut pids = vec![pid];
        let mut at = 0;
        while let Some(parent) = pids.get(at).copied() {
            pids.extend(
                all.iter()
                    .filter(|(_, of)| *of == parent)
                    .map(|(pid, _)| *pid),
            );
            at += 1;
        }
        Self { pids }
    }

    /// Ourselves.
    pub fn own() -> Self {
        Self {
            pids: vec![std::process::id()],
        }
    }

    /// Time on processors so far, of all threads that still live.
    pub fn cpu_ns(&self) -> u64 {
        self.pids.iter().map(|pid| cpu_ns(*pid)).sum()
    }

    /// Resident memory in KiB.
    pub fn rss_kib(&self) -> u64 {
        self.pids.iter().map(|pid| rss_kib(*pid)).sum()
    }
}

/// Every process and its parent.
fn parents() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything; state and parent follow it.
        let (_, rest) = stat.rsplit_once(") ")?;
        Some((pid, rest.split(' ').nth(1)?.parse().ok()?))
    };
    pids.filter_map(parent).collect()
}

fn cpu_ns(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let time = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    tasks.filter_map(time).sum()
}

fn rss_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

/// On which core a program runs, and before what else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// The gateways' core.
    Gateways,
    /// The core of upstream and load.
    Load,
}

impl Core {
    /// The command before a command.
    pub fn pin(self) -> Vec<String> {
        let core = match self {
            Self::Gateways => "0",
            Self::Load => "1",
        };
        let mut pin = vec!["taskset".to_owned(), "-c".to_owned(), core.to_owned()];
        if is_real_time() {
            pin.extend(["chrt", "-r", "10"].map(str::to_owned));
        }
        pin
    }
}

/// Whether we may go before everything else on the machine: whoever may, does, so that other work does
/// not stand between gateway and load. `RT=0` goes without.
pub fn is_real_time() -> bool {
    let is_wanted = std::env::var("RT").map_or(true, |wish| wish != "0");
    is_wanted && rustix::process::geteuid().is_root() && Path::new("/usr/bin/chrt").exists()
}

/// A gateway that runs. It ends with this value.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts a program in a process group of its own; what it says goes to `log`.
    pub fn start(
        program: &[String],
        env: &[(String, String)],
        dir: &Path,
        log: &Path,
    ) -> io::Result<Self> {
        let mut words = Core::Gateways.pin();
        words.extend_from_slice(program);
        let log = fs::File::create(log)?;
        let child = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .envs(["PATH", "HOME"].map(|name| (name, std::env::var(name).unwrap_or_default())))
            .envs(env.iter().map(|(name, value)| (name, value)))
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        Ok(Self { child })
    }

    /// The process and its children.
    pub fn tree(&self) -> Tree {
        Tree::of(self.child.id())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets it do nothing until [`Self::resume`]: what runs on by itself would take the core from others.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = pid {
            // Whoever has ended already needs no signal.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        // Whoever is paused hears of it only then.
        self.resume();
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.has_ended() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}
