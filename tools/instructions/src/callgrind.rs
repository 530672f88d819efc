//! Runs a program under callgrind and reads what its profile says.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// The function whose calls are counted.
const CALLER: &str = "instructions::counted";

/// glibc copies with `rep movsb` or not by where the bytes happen to lie, and callgrind counts every byte of it: with
/// these it never does.
const TUNABLES: &str =
    "glibc.cpu.x86_rep_movsb_threshold=4294967296:glibc.cpu.x86_rep_stosb_threshold=4294967296";

/// Instructions of the functions that [`CALLER`] calls, and of everything that they call, by the last part of
/// their names.
pub fn profile(program: &Path, argument: &str) -> io::Result<HashMap<String, u64>> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("profile");
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--compress-strings=no",
            "--compress-pos=no",
            // Otherwise a thread of the storage engine that waits busily may keep the others from running for minutes.
            "--fair-sched=try",
        ])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .arg(argument)
        // The same environment everywhere, or the stack would begin elsewhere.
        .env_clear()
        .envs(
            ["PATH", "TMPDIR"]
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .env("GLIBC_TUNABLES", TUNABLES)
        // mimalloc gives memory back when some time has passed: never here.
        .env("MIMALLOC_PURGE_DELAY", "-1")
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("valgrind failed: {said}")));
    }
    Ok(read(&fs::read_to_string(file)?))
}

/// A call is three lines: `cfn=` whom, `calls=` how often, and then the line it stands on with its cost.
fn read(profile: &str) -> HashMap<String, u64> {
    let mut found = HashMap::new();
    let (mut counts, mut called, mut is_cost) = (false, "", false);
    for line in profile.lines() {
        if let Some(function) = line.strip_prefix("fn=") {
            counts = function.ends_with(CALLER);
        } else if let Some(function) = line.strip_prefix("cfn=") {
            called = function.rsplit("::").next().unwrap_or(function);
        } else if line.starts_with("calls=") {
            is_cost = true;
        } else if is_cost {
            is_cost = false;
            let cost = line
                .split(' ')
                .nth(1)
                .and_then(|cost| cost.parse::<u64>().ok());
            if let (true, Some(cost)) = (counts, cost) {
                *found.entry(called.to_owned()).or_default() += cost;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_of_the_caller_count() {
        let profile = "events: Ir\n\nfn=instructions::counted\n0 12\ncob=x\ncfi=y\ncfn=instructions::list::key\ncalls=4 0\n0 400\n0 3\n\
            fn=instructions::warmed\ncfn=instructions::list::key\ncalls=3 0\n0 900\n\
            fn=(below main)\ncfn=instructions::counted\ncalls=1 0\n0 999\n";
        assert_eq!(read(profile), HashMap::from([("key".to_owned(), 400)]));
    }
}
