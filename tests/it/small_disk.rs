//! The binary on a disk of a few MiB: a tmpfs in a mount namespace of its own, so that no test needs
//! to be root and nothing is left mounted.

use std::io::{BufRead, BufReader, Read, Write, stderr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::router::ADMIN;

/// Mounts the disk, serves on it, says how that ended, and keeps the disk until standard input closes.
const SCRIPT: &str = r#"
mount -t tmpfs -o size="$3" none "$2" || exit 97
MODEL_ROUTER_DATA_DIR="$2/var" "$1" serve --sandbox
echo "exit code $?"
cat >/dev/null
"#;

/// A router on a small disk, killed when dropped.
pub struct SmallDisk {
    child: Child,
    _open: Option<ChildStdin>,
    lines: Receiver<String>,
    mounted: PathBuf,
    stderr: PathBuf,
    pub url: String,
    pub key: String,
}

impl SmallDisk {
    /// Serves in `dir` on a disk of so many MiB with these settings. `None`, and a line that says so,
    /// where the machine lets nobody mount.
    pub fn serve(dir: &Path, mib: u32, settings: &str) -> Option<Self> {
        let isolation = ["-m", "-Urm"].into_iter().find(|flags| may_mount(flags));
        let Some(isolation) = isolation else {
            // Not captured: who reads the run should know what it did not show.
            let told = stderr().write_all(b"skipped: this machine lets nobody mount a tmpfs\n");
            told.unwrap();
            return None;
        };
        let (disk, config, stderr) = (dir.join("disk"), dir.join("settings"), dir.join("stderr"));
        std::fs::create_dir(&disk).unwrap();
        std::fs::write(&config, settings).unwrap();
        let mut child = Command::new("unshare")
            .args([isolation, "--pid", "--fork", "--kill-child=KILL"])
            .args(["sh", "-c", SCRIPT, "sh", env!("CARGO_BIN_EXE_model-router")])
            .arg(&disk)
            .arg(format!("{mib}m"))
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("MODEL_ROUTER_BIND", "127.0.0.1:0")
            .env("MODEL_ROUTER_ADMIN_TOKEN", ADMIN)
            .env("MODEL_ROUTER_CONFIG", &config)
            .env("RUST_LOG", "model_router=error")
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        // The process that left for a namespace of its own still shows it.
        let root = PathBuf::from(format!("/proc/{}/root", child.id()));
        let mut running = Self {
            _open: child.stdin.take(),
            child,
            lines,
            mounted: root.join(disk.strip_prefix("/").unwrap()),
            stderr,
            url: String::new(),
            key: String::new(),
        };
        running.read_banner();
        Some(running)
    }

    fn read_banner(&mut self) {
        loop {
            let line = self.line(Duration::from_secs(20));
            let word = || line.split_whitespace().last().unwrap().to_owned();
            match line.split_whitespace().next() {
                Some("endpoint") => self.url = word().trim_end_matches("/v1").to_owned(),
                Some("API") => self.key = word(),
                Some("Ctrl-C") => return,
                Some(_) | None => {}
            }
        }
    }

    fn line(&self, limit: Duration) -> String {
        let line = self.lines.recv_timeout(limit);
        line.unwrap_or_else(|_| panic!("no more output: {}", self.stderr()))
    }

    /// A file that takes up room on the disk; as much as there is when `bytes` is `None`.
    pub fn put_ballast(&self, bytes: Option<u64>) {
        let size = bytes.unwrap_or(u64::MAX);
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        // The disk fills up before the end; what fits stays.
        std::io::copy(&mut std::io::repeat(1).take(size), &mut file).ok();
    }

    pub fn remove_ballast(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.mounted.join("ballast")
    }

    /// How the router ended, once it has.
    pub fn exit_code(&self, limit: Duration) -> String {
        loop {
            let line = self.line(limit);
            if !line.is_empty() {
                return line;
            }
        }
    }

    /// What the router said on standard error.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// A copy of the data directory after the router ended.
    pub fn copy_data(&self, to: &Path) {
        let copied = Command::new("cp")
            .arg("-a")
            .arg(self.mounted.join("var"))
            .arg(to)
            .status()
            .unwrap();
        assert!(copied.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn may_mount(isolation: &str) -> bool {
    let tried = Command::new("unshare")
        .args([isolation, "--pid", "--fork", "--kill-child=KILL"])
        .args(["mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"])
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}
