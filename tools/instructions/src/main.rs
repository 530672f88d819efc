//! `make bench-check`: counts the instructions of the hot paths under callgrind and compares them with the committed
//! baseline.
#![allow(
    clippy::unwrap_used,
    reason = "a broken fixture ends the count where it is used"
)]

#[path = "../../../benches/wire/fixtures.rs"]
mod fixtures;
#[path = "../../../benches/pieces/list.rs"]
mod list;
#[path = "../../../benches/pieces/stock.rs"]
mod stock;

mod baseline;
mod callgrind;

use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use baseline::{Baseline, Verdict};
use list::Piece;
use stock::Stock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Calls of a piece before it is counted: what is made once is made then.
const WARM: u32 = 3;
/// Calls that are counted.
const COUNTED: u32 = 4;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["run"] => {
            run();
            return ExitCode::SUCCESS;
        }
        ["check", file] => check(Path::new(file)),
        ["bless", file] => bless(Path::new(file)),
        _ => {
            eprintln!("instructions check|bless BASELINE");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(Verdict::Held) => ExitCode::SUCCESS,
        Ok(Verdict::Broken) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-check: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What runs under callgrind: all pieces, first uncounted.
fn run() {
    let mut stock = Stock::new();
    for (_, piece) in list::PIECES {
        warmed(*piece, &mut stock);
        counted(*piece, &mut stock);
    }
}

#[inline(never)]
fn warmed(piece: fn(&mut Stock), stock: &mut Stock) {
    (0..WARM).for_each(|_| piece(stock));
}

/// Callgrind's profile tells calls by who makes them: those from here count.
#[inline(never)]
fn counted(piece: fn(&mut Stock), stock: &mut Stock) {
    for _ in 0..COUNTED {
        piece(stock);
    }
}

fn check(file: &Path) -> io::Result<Verdict> {
    let (text, verdict) = Baseline::read(file)?.compare(&count()?);
    print!("{text}");
    Ok(verdict)
}

fn bless(file: &Path) -> io::Result<Verdict> {
    count()?.write(file)?;
    println!("bench-check: {} has the counts of now", file.display());
    Ok(Verdict::Held)
}

/// Instructions of one call of every piece.
fn count() -> io::Result<Baseline> {
    let profile = callgrind::profile(&std::env::current_exe()?, "run")?;
    let one = |(name, _): &Piece| match profile.get(*name) {
        Some(cost) => Ok((*name, cost / u64::from(COUNTED))),
        None => Err(io::Error::other(format!("callgrind saw no call of {name}"))),
    };
    let counts = list::PIECES
        .iter()
        .map(one)
        .collect::<io::Result<Vec<_>>>()?;
    Ok(Baseline::of(made_with(), &counts))
}

/// What counts depend on beside the sources.
fn made_with() -> String {
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").output();
        let said = output.map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&said).trim().to_owned()
    };
    let (compiler, valgrind) = (version("rustc"), version("valgrind"));
    format!("{compiler}, {valgrind}, {}", processor())
}

/// The processor, as far as libraries choose their code by it.
fn processor() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return "x86_64 with AVX2";
    }
    std::env::consts::ARCH
}
