//! model-router with everything on: keys, rate limits, routing, the context guard, and a ledger on the disk.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Gateway, Place, Target, free_port};
use crate::client;

/// A model that costs something, at a provider of OpenAI's dialect.
pub const PAID: &str = "gpt-4.1-mini";
/// A model that is free, in the same dialect.
pub const FREE: &str = "llama-3.3-70b-versatile";
/// Models of translated dialects.
const ANTHROPIC: &str = "claude-sonnet-4-6";
const GEMINI: &str = "gemini-2.5-pro";
const ADMIN_TOKEN: &str = "an-admin-token-of-the-benchmark-alone";

/// How this router differs from the one as shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Not at all.
    Shipped,
    /// The operator's traces of all requests are exported.
    Traced,
    /// With so many models more.
    Models(usize),
    /// With so many accounts more.
    Accounts(u32),
}

/// A router that can be started again on the same data.
pub struct Router {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
    env: Vec<(&'static str, String)>,
    /// A key of an account with credit.
    pub key: String,
    /// A key of an account without.
    pub poor_key: String,
}

impl Router {
    /// A router with two accounts, that has been started once.
    pub fn prepare(program: &Path, place: &Place, variant: Variant) -> io::Result<Self> {
        let (dir, port) = (place.subdir("router")?, free_port()?);
        let catalog = dir.join("catalog.toml");
        fs::write(&catalog, overlay(variant)?)?;
        let upstream = format!("http://127.0.0.1:{}", place.upstream);
        let mut env = vec![
            ("MODEL_ROUTER_BIND", format!("127.0.0.1:{port}")),
            (
                "MODEL_ROUTER_DATA_DIR",
                dir.join("data").display().to_string(),
            ),
            ("MODEL_ROUTER_ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
            ("MODEL_ROUTER_CATALOG", catalog.display().to_string()),
            ("RUST_LOG", "warn".to_owned()),
            ("OPENAI_API_KEY", "bench".to_owned()),
            ("OPENAI_BASE_URL", format!("{upstream}/v1")),
            ("GROQ_API_KEY", "bench".to_owned()),
            ("GROQ_BASE_URL", format!("{upstream}/v1")),
            ("ANTHROPIC_API_KEY", "bench".to_owned()),
            ("ANTHROPIC_BASE_URL", upstream.clone()),
            ("GEMINI_API_KEY", "bench".to_owned()),
            ("GEMINI_BASE_URL", upstream.clone()),
        ];
        if variant == Variant::Traced {
            env.push(("OTEL_EXPORTER_OTLP_ENDPOINT", upstream));
        }
        let mut router = Self {
            program: program.to_owned(),
            dir,
            port,
            env,
            key: String::new(),
            poor_key: String::new(),
        };
        let started = router.start_bare()?;
        router.key = router.account("rich@example.com", Some("1000000"))?;
        router.poor_key = router.account("poor@example.com", None)?;
        if let Variant::Accounts(accounts) = variant {
            router.crowd(accounts)?;
        }
        drop(started);
        Ok(router)
    }

    /// Starts it: what is paid, what is free, and two translated dialects.
    pub fn start(&self) -> io::Result<Gateway> {
        let targets = vec![
            self.target("paid", PAID, &self.key),
            self.target("free", FREE, &self.key),
            self.target("anthropic", ANTHROPIC, &self.key),
            self.target("gemini", GEMINI, &self.key),
        ];
        Gateway::start(&self.words(), &self.env, &self.dir, targets)
    }

    /// A way to ask it.
    pub fn target(&self, name: &str, model: &str, key: &str) -> Target {
        Target::chat(
            name,
            self.port,
            model,
            &[("authorization", format!("Bearer {key}"))],
        )
    }

    fn words(&self) -> [String; 2] {
        [self.program.display().to_string(), "serve".to_owned()]
    }

    /// Without a key nothing can be asked; its readiness is.
    fn start_bare(&self) -> io::Result<Gateway> {
        let gateway = Gateway::start(&self.words(), &self.env, &self.dir, Vec::new())?;
        for _ in 0..2_000 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(gateway);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let log = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("the router did not start: {log}")))
    }

    /// A new account's key.
    fn account(&self, email: &str, credit_usd: Option<&str>) -> io::Result<String> {
        let body = match credit_usd {
            Some(credit) => format!("{{\"email\":\"{email}\",\"credit_usd\":\"{credit}\"}}"),
            None => format!("{{\"email\":\"{email}\"}}"),
        };
        let headers = [("authorization".to_owned(), format!("Bearer {ADMIN_TOKEN}"))];
        let (status, text) = client::post(self.port, "/admin/accounts", &headers, &body)?;
        let read: serde_json::Value = serde_json::from_str(&text)?;
        match read["api_key"].as_str() {
            Some(key) if status == 201 => Ok(key.to_owned()),
            Some(_) | None => Err(io::Error::other(format!("no account: {status} {text}"))),
        }
    }

    /// Many accounts more, each with a key, made by several callers at once.
    fn crowd(&self, accounts: u32) -> io::Result<()> {
        const CALLERS: u32 = 32;
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    scope.spawn(move || {
                        let mine = (0..accounts).filter(|n| n % CALLERS == caller);
                        mine.map(|n| self.account(&format!("a{n}@example.com"), None))
                            .try_for_each(|made| made.map(drop))
                    })
                })
                .collect();
            for caller in callers {
                let made = caller.join();
                made.map_err(|_| io::Error::other("a caller that makes accounts broke"))??;
            }
            Ok(())
        })
    }
}

/// The free model takes prompts of every size here, so that large ones can be measured on it too.
fn overlay(variant: Variant) -> io::Result<String> {
    let mut text = format!("[[model]]\nid = \"{FREE}\"\ncontext_window = 2000000\n");
    if let Variant::Models(models) = variant {
        for number in 0..models {
            write!(
                text,
                "\n[[model]]\nid = \"further-{number}\"\nprovider = \"groq\"\nupstream = \"further-{number}\"\n\
                 tier = \"economy\"\nfree = true\ncontext_window = 131072\nmax_output = 8192\n\
                 tokenizer = \"llama-3\"\nabilities = []\n\
                 price = {{ input = 0.1, output = 0.4, cache_read = 0.1, cache_write = 0.1 }}\n\
                 quality = 0.1\ncoding = 0.1\nttft_ms = 3000\ntokens_per_s = 10\n"
            )
            .map_err(io::Error::other)?;
        }
    }
    Ok(text)
}
