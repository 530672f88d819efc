//! The simulated world: providers, a card processor, an account with credit, and what is printed of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use actix_web::web::Data;
use model_router::actors::accounts::{
    CreateAccount, DeleteKey, FindAccount, ListKeys, MakeKey, Tell,
};
use model_router::actors::ledger::Grant;
use model_router::actors::{Providers, Switchboard};
use model_router::config::{Environment, Settings, StripeAccess};
use model_router::ids::{AccountId, ApiKey};
use model_router::money::Picodollars;
use model_router::sandbox::stripe::Stripe;
use model_router::sandbox::{Sandbox, Vendor};
use model_router::store::{Author, PolicyChange};
use model_router::telemetry;
use rand::distr::{Alphanumeric, SampleString};
use tempfile::TempDir;

use super::signals::Signals;
use super::{Failure, run, serve_until_signal};

/// Keys of the sandbox's account at the most.
const SANDBOX_KEYS: usize = 50;
/// The simulated Stripe's key; it takes any.
const STRIPE_KEY: &str = "sk_test_simulated";
/// Where events of Stripe's come in.
const WEBHOOK: &str = "/v1/billing/webhook";

const SANDBOX_EMAIL: &str = "sandbox@localhost";
/// Five dollars.
const SANDBOX_CREDIT: Picodollars = Picodollars::new(5_000_000_000_000);

/// Runs only the simulated providers.
pub fn only(port: u16) -> ExitCode {
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

/// Serves with simulated providers, an account with credit, and a key for it.
pub async fn serve(mut settings: Settings, env: &Environment) -> Result<(), Failure> {
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
