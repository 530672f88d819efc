//! `model-router ledger …`: verify, export, import and statements of a router that is not running.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use model_router::config::{ConfigError, Environment, Settings};
use model_router::ids::AccountId;
use model_router::store::{
    self, Cause, Day, Db, ExportError, ImportError, Item, LedgerError, Report, Snapshot, StoreError,
};
use tempfile::NamedTempFile;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::EXIT_CANNOT_START;
use crate::cli::LedgerCommand;

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Settings(#[from] ConfigError),
    #[error("{0}: there is no data directory; set MODEL_ROUTER_DATA_DIR")]
    NoDirectory(PathBuf),
    #[error(transparent)]
    Open(StoreError),
    #[error("the ledger does not verify: {0}")]
    Damaged(#[from] LedgerError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("{path}: {error}")]
    Import {
        path: PathBuf,
        error: Box<ImportError>,
    },
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{0}: there is no such account")]
    NoSuchAccount(AccountId),
    #[error("cannot write the statement: {0}")]
    Csv(#[from] csv::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Damaged(error.into())
    }
}

impl Failure {
    /// 2 when there was nothing to work on, 1 when something is wrong with it.
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Settings(_) | Self::NoDirectory(_) | Self::Open(_) => {
                ExitCode::from(EXIT_CANNOT_START)
            }
            Self::Damaged(_)
            | Self::Export(_)
            | Self::Import { .. }
            | Self::File { .. }
            | Self::NoSuchAccount(_)
            | Self::Csv(_) => ExitCode::FAILURE,
        }
    }
}

/// Runs one of the commands.
pub fn run(config: Option<&Path>, command: LedgerCommand) -> ExitCode {
    let done = Settings::load(config, &Environment::Process)
        .map_err(Failure::from)
        .and_then(|settings| {
            let dir = &settings.storage.data_dir;
            match command {
                LedgerCommand::Verify => verify(dir),
                LedgerCommand::Export { to } => export(dir, &to),
                LedgerCommand::Import { from } => import(dir, &from),
                LedgerCommand::Statement { account, from, to } => {
                    let from = from.unwrap_or(Day::of(0));
                    let to = to.unwrap_or(Day::of(u64::MAX));
                    statement(dir, account, &(from..=to))
                }
            }
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

fn open(dir: &Path) -> Result<Snapshot, Failure> {
    if !dir.exists() {
        return Err(Failure::NoDirectory(dir.to_owned()));
    }
    let db = Db::open(dir).map_err(Failure::Open)?;
    Ok(Snapshot::take(&db)?)
}

fn verify(dir: &Path) -> Result<(), Failure> {
    let snapshot = open(dir)?;
    let bar = bar(snapshot.transfers(), "{pos}/{len} transfers");
    let report = snapshot.verify(|| bar.inc(1))?;
    bar.finish_and_clear();
    println!("{}", summary("ledger: clean", &report));
    Ok(())
}

fn export(dir: &Path, to: &Path) -> Result<(), Failure> {
    let snapshot = open(dir)?;
    let bar = bar(snapshot.transfers(), "{pos}/{len} transfers");
    if to == Path::new("-") {
        snapshot.export(&mut BufWriter::new(io::stdout().lock()), || bar.inc(1))?;
        bar.finish_and_clear();
        return Ok(());
    }
    let failed = |error| Failure::File {
        path: to.to_owned(),
        error,
    };
    let parent = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let mut file = BufWriter::new(NamedTempFile::new_in(parent).map_err(failed)?);
    snapshot.export(&mut file, || bar.inc(1))?;
    let file = file
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(to).map_err(|error| failed(error.error))?;
    bar.finish_and_clear();
    eprintln!(
        "exported up to transfer {}; the file pepper is not in it, keep a copy of it too",
        snapshot.transfers()
    );
    Ok(())
}

fn import(dir: &Path, from: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::File {
        path: from.to_owned(),
        error,
    };
    let file = File::open(from).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let bar = bar(bytes, "{bytes}/{total_bytes}");
    let imported = store::import(&mut BufReader::new(file), dir, |bytes| bar.inc(bytes));
    let report = imported.map_err(|error| Failure::Import {
        path: from.to_owned(),
        error: Box::new(error),
    })?;
    bar.finish_and_clear();
    println!("{}", summary("ledger: imported", &report));
    if !dir.join("pepper").exists() {
        println!(
            "keys wait for the secret: copy the old data directory's pepper to {}",
            dir.join("pepper").display()
        );
    }
    Ok(())
}

fn statement(dir: &Path, account: AccountId, days: &RangeInclusive<Day>) -> Result<(), Failure> {
    let snapshot = open(dir)?;
    if !snapshot.knows(account) {
        return Err(Failure::NoSuchAccount(account));
    }
    let bar = bar(snapshot.transfers(), "{pos}/{len} transfers");
    let mut out = csv::Writer::from_writer(io::stdout().lock());
    out.write_record([
        "time",
        "kind",
        "amount_usd",
        "balance_usd",
        "generation",
        "model",
        "reason",
    ])?;
    snapshot.statement(
        account,
        days,
        |item| Ok::<_, Failure>(out.write_record(columns(item))?),
        || bar.inc(1),
    )?;
    out.flush().map_err(csv::Error::from)?;
    bar.finish_and_clear();
    Ok(())
}

fn columns(item: Item) -> [String; 7] {
    let nanos = i128::from(item.time_ms) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default();
    let (generation, model, reason) = match item.cause {
        Cause::Generation { id, model, .. } => (id.to_string(), model.to_string(), String::new()),
        Cause::Operator { reason } => (String::new(), String::new(), reason),
        Cause::Payment {
            intent,
            actor,
            reason,
        } => {
            let words = format!("{reason} ({intent}, by {actor})");
            (String::new(), String::new(), words)
        }
    };
    [
        time,
        item.kind.name().to_owned(),
        item.amount.to_string(),
        item.balance.to_string(),
        generation,
        model,
        reason,
    ]
}

fn summary(first: &str, report: &Report) -> String {
    format!(
        "{first}\ntransfers {}\naccounts {}\nopen holds {}\nrecords {}\nhead {}",
        report.transfers, report.accounts, report.holds, report.records, report.head_hash
    )
}

/// A progress bar on a terminal; nothing elsewhere.
fn bar(length: u64, counts: &str) -> ProgressBar {
    let template = format!("{{bar:40}} {counts} {{eta}}");
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
