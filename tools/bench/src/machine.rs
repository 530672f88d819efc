//! The machine that a run is made on, as far as the figures depend on it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::gateway;
use crate::process::is_real_time;
use crate::results::Machine;

/// What can be told of this machine, and of the sources under `root`.
pub fn describe(root: &Path) -> Machine {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let memory = read("/proc/meminfo");
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let memory_kib = field(&memory, "MemTotal")
        .split(' ')
        .next()
        .and_then(|kib| kib.parse().ok());
    let load = read("/proc/loadavg");
    Machine {
        processor: field(&processors, "model name"),
        cores: processors
            .lines()
            .filter(|line| line.starts_with("processor"))
            .count(),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        memory_mib: memory_kib.unwrap_or(0_u64) / 1024,
        commit: said(
            "git",
            &[
                "-C",
                &root.display().to_string(),
                "rev-parse",
                "--short=12",
                "HEAD",
            ],
        ),
        compiler: said("rustc", &["--version"]),
        nginx: nginx(),
        load: load.split(' ').next().unwrap_or_default().to_owned(),
        day: said("date", &["-u", "+%Y-%m-%d"]),
        real_time: is_real_time(),
    }
}

/// The first line that a program says.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output
        .map(|output| [output.stdout, output.stderr].concat())
        .unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().next().unwrap_or_default().to_owned()
}

fn nginx() -> String {
    let Some(program) = gateway::find("nginx") else {
        return String::new();
    };
    let said = said(&program.display().to_string(), &["-v"]);
    said.rsplit(": ").next().unwrap_or_default().to_owned()
}
