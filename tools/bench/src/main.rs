//! `make bench`: what the router adds, measured side by side with nginx, with no gateway at all, and with peers.
//! The run writes JSON, a plot, and `docs/performance.md`.

mod client;
mod clock;
mod gateway;
mod histogram;
mod load;
mod machine;
mod poller;
mod process;
mod report;
mod results;
mod rounds;
mod socket;
mod stamps;
mod suite;
mod upstream;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;

use gateway::Place;
use gateway::peers::Peer;
use process::Core;
use results::Results;
use rounds::Plan;
use suite::Suite;

const HELP: &str = "\
model-router-bench ROUTER ROOT [--pinned | --report]

ROUTER is the router's release binary, ROOT the root of its sources. `make bench` says both.
--report writes the page anew from the results of the last run.

Environment: ROUNDS (3), SUITE (full or short), PEERS (litellm,portkey),
PAGE (docs/performance.md under ROOT), RT=0 (not before all other work, even as root)";

/// Where results and the gateways' files are, under the target directory.
struct Output {
    dir: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [router, root] => pinned(router, root),
        [router, root, "--pinned"] => bench(Path::new(router), Path::new(root)),
        [router, root, "--report"] => {
            output(Path::new(router)).and_then(|output| write_report(&output, Path::new(root)))
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs ourselves again on the core of upstream and load.
fn pinned(router: &str, root: &str) -> io::Result<()> {
    let mut words = Core::Load.pin();
    words.push(std::env::current_exe()?.display().to_string());
    words.extend([router.to_owned(), root.to_owned(), "--pinned".to_owned()]);
    let status = Command::new(&words[0]).args(&words[1..]).status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("the run failed: {status}")))
}

fn bench(router: &Path, root: &Path) -> io::Result<()> {
    let plan = plan(router)?;
    let output = output(router)?;
    raise_limit_of_files()?;
    let listener = socket::listen(0)?;
    let place = Place {
        upstream: socket::port(&listener)?,
        dir: output.dir.join("run"),
    };
    thread::spawn(move || upstream::serve(&listener));
    let mut results = Results {
        machine: machine::describe(root),
        suite: format!("{:?}", plan.suite).to_lowercase(),
        ..Results::default()
    };
    rounds::run(&plan, &place, &mut results)?;
    results.write(&output.results())?;
    write_report(&output, root)
}

fn plan(router: &Path) -> io::Result<Plan> {
    let setting = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let rounds = setting("ROUNDS").unwrap_or_else(|| "3".to_owned());
    let suite = match setting("SUITE").as_deref() {
        None | Some("full") => Suite::Full,
        Some("short") => Suite::Short,
        Some(other) => return Err(wrong(format!("SUITE is full or short, not {other:?}"))),
    };
    let peers = setting("PEERS").unwrap_or_default();
    let names = peers
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    Ok(Plan {
        router: fs::canonicalize(router)?,
        peers_dir: output(router)?.dir.join("peers"),
        peers: names
            .map(Peer::parse)
            .collect::<Result<_, _>>()
            .map_err(wrong)?,
        suite,
        rounds: match rounds.parse() {
            Ok(rounds @ 1..=100) => rounds,
            Ok(_) | Err(_) => return Err(wrong(format!("ROUNDS is 1 to 100, not {rounds:?}"))),
        },
    })
}

impl Output {
    fn results(&self) -> PathBuf {
        self.dir.join("results.json")
    }
}

/// `bench` beside the directory of the router's profile.
fn output(router: &Path) -> io::Result<Output> {
    let router = fs::canonicalize(router)?;
    let target = router
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("target"));
    let dir = target.join("bench");
    fs::create_dir_all(&dir)?;
    Ok(Output { dir })
}

fn write_report(output: &Output, root: &Path) -> io::Result<()> {
    let results = Results::read(&output.results())?;
    let page = match std::env::var("PAGE") {
        Ok(page) if !page.is_empty() => PathBuf::from(page),
        Ok(_) | Err(_) => root.join("docs/performance.md"),
    };
    let written = report::write(&results, root, &page)?;
    println!("{written}");
    println!(
        "results: {}; page: {}",
        output.results().display(),
        page.display()
    );
    Ok(())
}

/// Thousands of streams are thousands of sockets.
fn raise_limit_of_files() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(
        Resource::Nofile,
        Rlimit {
            current: most,
            maximum: most,
        },
    )?)
}
