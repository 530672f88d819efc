//! Gateways: how each one is started in front of the upstream, and what it is asked.

pub mod nginx;
pub mod peers;
pub mod router;

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::client;
use crate::load::prompt::{self, Wish};
use crate::process::Running;
use crate::upstream::Form;

/// A gateway that has not answered after so long counts as broken.
const START_LIMIT: Duration = Duration::from_secs(90);
const CHAT: &str = "/v1/chat/completions";

/// Where things are.
#[derive(Clone, Debug)]
pub struct Place {
    /// The upstream's port.
    pub upstream: u16,
    /// A directory for this run.
    pub dir: PathBuf,
}

impl Place {
    /// A new directory inside.
    pub fn subdir(&self, name: &str) -> io::Result<PathBuf> {
        let dir = self.dir.join(name);
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        fs::create_dir_all(&dir)?;
        Ok(dir)
    }
}

/// A row of the tables: one way to ask one gateway.
#[derive(Clone, Debug)]
pub struct Target {
    /// The row's name.
    pub name: String,
    /// Where it listens.
    pub port: u16,
    /// The path that is asked.
    pub path: String,
    /// `model` of the request.
    pub model: String,
    /// Headers beside those of every request.
    pub headers: Vec<(String, String)>,
}

impl Target {
    /// A target that is asked for chat completions.
    pub fn chat(name: &str, port: u16, model: &str, headers: &[(&str, String)]) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self {
            name: name.to_owned(),
            port,
            path: CHAT.to_owned(),
            model: model.to_owned(),
            headers: headers.collect(),
        }
    }

    /// The upstream itself.
    pub fn direct(place: &Place) -> Self {
        Self::chat("direct", place.upstream, "bench", &[])
    }

    /// A short question, and whether it gets a 200.
    pub fn ask(&self) -> io::Result<()> {
        let wish = Wish {
            form: Form::Whole,
            tokens: 4,
            first_us: 0,
            gap_us: 0,
        };
        let body = prompt::body(&self.model, wish, 0);
        match client::post(self.port, &self.path, &self.headers, &body)? {
            (200, _) => Ok(()),
            (status, text) => Err(io::Error::other(format!("{}: {status} {text}", self.name))),
        }
    }
}

/// A gateway that answers.
pub struct Gateway {
    /// What it can be asked.
    pub targets: Vec<Target>,
    /// The process; `None` for the upstream itself.
    pub running: Option<Running>,
    /// From its start to its first 200, in milliseconds.
    pub start_ms: f64,
}

impl Gateway {
    /// Starts a program and waits for the first 200 of its first target.
    pub fn start(
        program: &[String],
        env: &[(&str, String)],
        dir: &Path,
        targets: Vec<Target>,
    ) -> io::Result<Self> {
        let env: Vec<(String, String)> = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let log = dir.join("log");
        let started = Instant::now();
        let mut running = Running::start(program, &env, dir, &log)?;
        while let Some(Err(error)) = targets.first().map(Target::ask) {
            if running.has_ended() || started.elapsed() > START_LIMIT {
                let said = fs::read_to_string(&log).unwrap_or_default();
                let last: Vec<&str> = said.lines().rev().take(5).collect();
                return Err(io::Error::other(format!(
                    "{} did not start: {error}; {last:?}",
                    program[0]
                )));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(Self {
            targets,
            running: Some(running),
            start_ms: started.elapsed().as_secs_f64() * 1000.0,
        })
    }
}

/// A program on the search path.
pub fn find(program: &str) -> Option<PathBuf> {
    let sbin = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/bin")];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain(sbin);
    dirs.map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// A port that nobody listens on.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
