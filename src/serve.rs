//! `model-router serve` and `model-router sandbox`: start, serve, drain.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::web::Data;
use model_router::actors::accounts::{
    CreateAccount, DeleteKey, FindAccount, ListKeys, MakeKey, Tell,
};
use model_router::actors::catalog::Reload;
use model_router::actors::exporter::{self, TakeFigures};
use model_router::actors::ledger::{Drain, Grant};
use model_router::actors::mailer::Finish;
use model_router::actors::statistics::KeepStatistics;
use model_router::actors::{Providers, Switchboard, guard};
use model_router::catalog::Encoding;
use model_router::config::{Environment, Settings, StripeAccess};
use model_router::ids::{AccountId, ApiKey};
use model_router::money::Picodollars;
use model_router::routing::context::encoding;
use model_router::sandbox::stripe::Stripe;
use model_router::sandbox::{Sandbox, Vendor};
use model_router::store::{Author, PolicyChange};
use model_router::{http, telemetry};
use rand::distr::{Alphanumeric, SampleString};
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::EXIT_CANNOT_START;

/// The storage failed: start again when it is well (sysexits' EX_TEMPFAIL).
const EXIT_STORAGE: i32 = 75;
/// Keys of the sandbox's account at the most.
const SANDBOX_KEYS: usize = 50;
/// How long running answers may go on after that.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How long requests may take to end once they are told to.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// And how long their bills may take after that.
const LAST_BILLS: Duration = Duration::from_secs(1);

/// The simulated Stripe's key; it takes any.
const STRIPE_KEY: &str = "sk_test_simulated";
/// Where events of Stripe's come in.
const WEBHOOK: &str = "/v1/billing/webhook";

const SANDBOX_EMAIL: &str = "sandbox@localhost";
/// Five dollars.
const SANDBOX_CREDIT: Picodollars = Picodollars::new(5_000_000_000_000);
/// How long mails may be on their way after the last request has ended.
const MAIL_TIME: Duration = Duration::from_secs(5);

type Failure = Box<dyn std::error::Error>;

/// Serves until a signal ends it.
pub fn serve(config: Option<&Path>, sandbox: bool) -> ExitCode {
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
        if sandbox {
            serve_sandbox(settings, &env).await
        } else {
            serve_real(settings, env).await
        }
    })
}

/// Runs only the simulated providers.
pub fn sandbox_only(port: u16) -> ExitCode {
    telemetry::start(&Environment::Process);
    run(async move {
        let vendors: Vec<(Vendor, SocketAddr)> = Vendor::ALL
            .into_iter()
            .zip(port..)
            .map(|(vendor, port)| (vendor, SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
            .collect();
        let sandbox = Sandbox::start_on(&vendors).await?;
        let taken = u16::try_from(vendors.len()).unwrap_or(u16::MAX);
        let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, port.saturating_add(taken)));
        let (stripe, secret) = (Stripe::start_on(behind)?, webhook_secret());
        stripe.deliver_to(format!("http://127.0.0.1:8080{WEBHOOK}"), &secret);
        println!("simulated providers; point a router at them with");
        for (name, value) in variables(&sandbox) {
            println!("export {name}={value}");
        }
        println!("export STRIPE_API_BASE={}", stripe.base_url());
        println!("export STRIPE_SECRET_KEY={STRIPE_KEY}");
        println!("export STRIPE_WEBHOOK_SECRET={secret}");
        Signals::new()?.stop().await;
        Ok(())
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

async fn serve_sandbox(mut settings: Settings, env: &Environment) -> Result<(), Failure> {
    let sandbox = Sandbox::start(&Vendor::ALL).await?;
    let (stripe, secret) = (Stripe::start()?, webhook_secret());
    settings.deposits.webhook_secrets = vec![secret.clone().into()];
    settings.deposits.stripe = Some(StripeAccess {
        secret_key: STRIPE_KEY.into(),
        api_base: stripe.base_url(),
    });
    // Without a directory of the operator's own, nothing is kept.
    let kept = env.get("MODEL_ROUTER_DATA_DIR").is_some();
    let temporary = if kept {
        None
    } else {
        Some(TempDir::with_prefix("model-router-sandbox-")?)
    };
    if let Some(dir) = &temporary {
        settings.storage.data_dir = dir.path().to_path_buf();
    }
    // Real keys stay out: the sandbox must not reach a real provider.
    let simulated = Environment::Fixed(variables(&sandbox).into_iter().collect());
    let desk = Data::new(Switchboard::start(
        settings,
        simulated,
        Providers::Simulated,
    )?);
    let (key, balance) = sandbox_account(&desk).await?;
    serve_until_signal(desk, |address| {
        stripe.deliver_to(format!("http://{address}{WEBHOOK}"), secret);
        Some(banner(address, &key, balance, &stripe.base_url()))
    })
    .await
}

/// A secret that nobody else knows: whoever could sign events could make credit.
fn webhook_secret() -> String {
    format!("whsec_{}", Alphanumeric.sample_string(&mut rand::rng(), 32))
}

/// The variables that point a router at the simulated providers.
fn variables(sandbox: &Sandbox) -> Vec<(String, String)> {
    Vendor::ALL
        .into_iter()
        .flat_map(|vendor| vendor.variables(sandbox.base_url(vendor)))
        .collect()
}

/// The sandbox's account with its opening credit, and a new key for it.
async fn sandbox_account(desk: &Switchboard) -> Result<(ApiKey, Picodollars), Failure> {
    let email = SANDBOX_EMAIL.to_owned();
    let (account, key): (AccountId, ApiKey) = match desk
        .accounts
        .send(FindAccount {
            email: email.clone(),
        })
        .await?
    {
        Some(account) => {
            make_room(desk, account).await?;
            let make = MakeKey {
                account,
                author: Author::ROUTER,
                name: "sandbox".to_owned(),
                policy: PolicyChange::default(),
                said: String::new(),
                tell: Tell::Nobody,
            };
            let (_, key) = desk.accounts.send(make).await???;
            (account, key)
        }
        None => {
            let create = CreateAccount {
                email,
                daily_limit: None,
                author: Author::ROUTER,
            };
            let created = desk.accounts.send(create).await???;
            (created.account, created.key)
        }
    };
    let grant = Grant {
        account,
        amount: SANDBOX_CREDIT,
        idempotency_key: "opening".to_owned(),
        reason: "sandbox credit".to_owned(),
        author: Author::ROUTER,
    };
    desk.ledger.send(grant).await???;
    Ok((key, desk.purses.of(account).available()))
}

/// Each start makes a key, because none can be shown again; the oldest goes before there are too many.
async fn make_room(desk: &Switchboard, account: AccountId) -> Result<(), Failure> {
    let keys = desk.accounts.send(ListKeys(account)).await?;
    if keys.len() < SANDBOX_KEYS {
        return Ok(());
    }
    if let Some(oldest) = keys.first() {
        let delete = DeleteKey {
            account,
            author: Author::ROUTER,
            key: oldest.key.id,
            tell: Tell::Nobody,
        };
        desk.accounts.send(delete).await???;
    }
    Ok(())
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

/// Reads catalog and weights again: both are taken, or neither.
async fn reload(desk: &Switchboard) {
    match desk.catalog.send(Reload).await {
        // The keeper tells what it took.
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, "nothing was taken; catalog and weights stay what they were");
        }
        Err(error) => tracing::error!(%error, "catalog and weights not reloaded"),
    }
}

/// The signals an operator sends.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The same, and reloads catalog and weights on each SIGHUP meanwhile.
    async fn stop_or_reload(&mut self, desk: &Switchboard) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload(desk).await,
            }
        }
    }
}

fn banner(address: SocketAddr, key: &ApiKey, balance: Picodollars, stripe: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let key = key.reveal();
    let curl = |flags: &str, path: &str, body: &str| {
        format!(
            "curl {flags}http://{address}{path} -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{body}'"
        )
    };
    let hello = r#""messages":[{"role":"user","content":"Say hello in one line."}]"#;
    let tier = curl(
        "-i ",
        "/v1/chat/completions",
        &format!(r#"{{"model":"standard","prefer":"cheap",{hello}}}"#),
    );
    let stream = curl(
        "-N ",
        "/v1/chat/completions",
        &format!(r#"{{"model":"economy","stream":true,{hello}}}"#),
    );
    let dry = curl(
        "",
        "/v1/route",
        &format!(r#"{{"model":"auto","prefer":"quality",{hello}}}"#),
    );
    format!(
        "
  model-router {version} · sandbox
  The providers are simulated: no keys, no network, no real models.

  endpoint   http://{address}/v1
  account    {SANDBOX_EMAIL}, ${balance} of credit
  API key    {key}
  deposits   on, paid to a simulated Stripe at {stripe}

  Route by tier
    {tier}

  Stream
    {stream}

  Dry run: who would serve this, and why
    {dry}

  Ctrl-C stops it.
"
    )
}
