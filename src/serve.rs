//! `model-router serve` and `model-router sandbox`: start, serve, drain.

pub mod sandbox;
mod signals;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::web::Data;
use model_router::actors::exporter::{self, TakeFigures};
use model_router::actors::ledger::Drain;
use model_router::actors::mailer::Finish;
use model_router::actors::statistics::KeepStatistics;
use model_router::actors::{Providers, Switchboard, guard, scheduling};
use model_router::catalog::Encoding;
use model_router::config::{Environment, Settings};
use model_router::routing::context::encoding;
use model_router::{http, telemetry};

use self::signals::Signals;
use crate::EXIT_CANNOT_START;

/// The storage failed: start again when it is well (sysexits' EX_TEMPFAIL).
const EXIT_STORAGE: i32 = 75;
/// How long running answers may go on after that.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How long requests may take to end once they are told to.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// And how long their bills may take after that.
const LAST_BILLS: Duration = Duration::from_secs(1);
/// How long mails may be on their way after the last request has ended.
const MAIL_TIME: Duration = Duration::from_secs(5);

type Failure = Box<dyn std::error::Error>;

/// Serves until a signal ends it.
pub fn serve(config: Option<&Path>, providers: Providers) -> ExitCode {
    let env = Environment::Process;
    telemetry::start(&env);
    guard::install();
    let settings = match Settings::load(config, &env) {
        Ok(settings) => settings,
        Err(error) => return cannot_start(&error),
    };
    // The encoding of the chat models: no worker has to lay it out while its requests wait.
    let warm_up = std::thread::Builder::new().name("encoding".to_owned());
    warm_up.spawn(|| encoding::warm(Encoding::O200k)).ok();
    run(async move {
        match providers {
            Providers::Simulated => sandbox::serve(settings, &env).await,
            Providers::Real => serve_real(settings, env).await,
        }
    })
}

fn run(work: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    // The only provider of cryptography that is linked; a second installation keeps the first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    match actix::System::new().block_on(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cannot_start(error.as_ref()),
    }
}

fn cannot_start(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("model-router cannot start: {error}");
    ExitCode::from(EXIT_CANNOT_START)
}

async fn serve_real(settings: Settings, env: Environment) -> Result<(), Failure> {
    let desk = Switchboard::start(settings, env, Providers::Real)?;
    serve_until_signal(Data::new(desk), |address| {
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
        None
    })
    .await
}

async fn serve_until_signal(
    desk: Data<Switchboard>,
    announce: impl FnOnce(SocketAddr) -> Option<String>,
) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let bind = desk.settings.server.bind;
    let listener = TcpListener::bind(bind).map_err(|error| {
        format!("server.bind: cannot listen on {bind} ({error}); set MODEL_ROUTER_BIND to another")
    })?;
    let address = listener.local_addr()?;
    let operators = desk.settings.server.admin_bind.map(|bind| {
        TcpListener::bind(bind)
            .map_err(|error| format!("server.admin_bind: cannot listen on {bind} ({error})"))
    });
    let server = http::serve(desk.clone(), listener, operators.transpose()?)?;
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    // It starts the workers when it is asked for the first time, and they must not wait as this thread does.
    tokio::task::yield_now().await;
    scheduling::give_way();
    if let Some(text) = announce(address) {
        println!("{text}");
    }

    tokio::select! {
        () = signals.stop_or_reload(&desk) => {}
        () = desk.storage.failed() => fail_stop().await,
    }
    drain(&desk, handle.stop(true), &mut signals).await;
    running.abort();
    desk.statistics.send(KeepStatistics).await?;
    if desk.ledger.send(Drain).await?.is_err() {
        std::process::exit(EXIT_STORAGE);
    }
    desk.exporter
        .do_send(TakeFigures(http::metrics_text(&desk)));
    let time = Duration::from_millis(desk.settings.telemetry.drain_ms);
    if tokio::time::timeout(time, desk.exporter.send(exporter::Finish))
        .await
        .is_err()
    {
        tracing::warn!("spans were still on their way: they are lost");
    }
    if tokio::time::timeout(MAIL_TIME, desk.mailer.send(Finish))
        .await
        .is_err()
    {
        tracing::error!("mails were still on their way: they are lost");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Ends the process after the storage failed: refusals and answers of free models still go out for a
/// moment, and threads that hang on a dead disk are not waited for.
async fn fail_stop() -> ! {
    tokio::time::sleep(LAST_ANSWERS).await;
    std::process::exit(EXIT_STORAGE);
}

/// Lets running requests end. After the limit, or on a second signal, they are told to end. What they
/// settled then is with the ledger, whether or not every connection could be closed in time.
async fn drain(desk: &Switchboard, graceful: impl Future<Output = ()>, signals: &mut Signals) {
    tracing::info!("draining: no new connections, running requests may end");
    let limit = Duration::from_secs(desk.settings.server.drain_timeout_s);
    let hurry = async {
        tokio::select! {
            () = tokio::time::sleep(limit) => tracing::warn!("the time to drain is over"),
            () = signals.stop() => tracing::warn!("second signal"),
        }
        desk.stop.end_all();
        tokio::time::sleep(LAST_WORDS).await;
        tracing::warn!("some connections stayed open to the end");
    };
    tokio::select! {
        () = graceful => {}
        () = hurry => {}
    }
    // Streams whose callers left may still be read on.
    desk.stop.end_all();
    let all = u32::try_from(desk.settings.limits.requests_in_flight).unwrap_or(u32::MAX);
    let settled = desk.in_flight.acquire_many(all);
    if tokio::time::timeout(LAST_BILLS, settled).await.is_err() {
        tracing::warn!("some requests ended without a bill; the next start voids what they held");
    }
}
