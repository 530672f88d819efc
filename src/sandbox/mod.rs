//! Simulated providers on loopback that speak the real wire formats.
//!
//! Used by `serve --sandbox`, by `model-router sandbox` and by the tests. Answers are made up but
//! the same each time, tokens are counted honestly, and [`Script`] or a call's own
//! `x-sandbox-fault` header or model suffix (`gpt-4.1!status=503`) makes calls fail on purpose.

mod anthropic;
mod bedrock;
mod bounds;
mod call;
mod dice;
mod fault;
mod gemini;
mod line;
mod marks;
mod openai;
mod play;
mod reply;
mod rupture;
mod schema;
mod script;
pub mod stripe;
mod tokens;
mod tools;
mod vector;
mod vendor;
mod words;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpServer, web};

pub use fault::{Fault, FaultError, Faults};
pub use rupture::{Manner, Point};
pub use script::{Ending, Script, SeenCall};
pub use vendor::Vendor;

/// The largest request body.
const MOST_BODY_BYTES: usize = 25 * 1024 * 1024;

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a caller may take to send the head of a request. Callers on a busy machine are slow.
const SLOWEST_HEAD: Duration = Duration::from_secs(60);

/// Running simulated providers, each a server of its own. Dropped, they stop.
#[derive(Debug)]
pub struct Sandbox {
    sites: [Site; Vendor::ALL.len()],
}

/// One provider's server. The script outlives a stop.
#[derive(Debug)]
struct Site {
    vendor: Vendor,
    script: Arc<Script>,
    /// Port 0 when the provider was never started.
    address: SocketAddr,
    server: Mutex<Option<ServerHandle>>,
}

impl Sandbox {
    /// Starts the providers on free ports of 127.0.0.1.
    ///
    /// # Errors
    /// A port cannot be bound.
    pub async fn start(vendors: &[Vendor]) -> io::Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let placed: Vec<_> = vendors.iter().map(|vendor| (*vendor, free)).collect();
        Self::start_on(&placed).await
    }

    /// Starts the providers on the given addresses. Must run inside a tokio runtime.
    ///
    /// # Errors
    /// An address cannot be bound.
    pub async fn start_on(vendors: &[(Vendor, SocketAddr)]) -> io::Result<Self> {
        let mut sandbox = Self {
            sites: Vendor::ALL.map(Site::idle),
        };
        for (vendor, address) in vendors {
            sandbox.sites[vendor.index()].launch(*address)?;
        }
        Ok(sandbox)
    }

    /// The provider's base URL without a trailing slash, as its real one would be configured. Its
    /// port is 0, where nothing answers, when the provider was not started.
    pub fn base_url(&self, vendor: Vendor) -> String {
        let address = self.site(vendor).address;
        format!("http://{address}{}", vendor.base_path())
    }

    /// The provider's script, before, while and after it runs.
    pub fn script(&self, vendor: Vendor) -> &Arc<Script> {
        &self.site(vendor).script
    }

    /// Stops the provider at once: nothing listens any more, and open connections are cut.
    pub async fn stop(&self, vendor: Vendor) {
        let server = self.site(vendor).server().take();
        if let Some(server) = server {
            server.stop(false).await;
        }
    }

    /// Starts a stopped provider again, on the port it had.
    ///
    /// # Errors
    /// The provider was never started, or somebody else has taken its port.
    pub async fn restart(&self, vendor: Vendor) -> io::Result<()> {
        let site = self.site(vendor);
        if site.address.port() == 0 {
            let never = format!("{} was never started", vendor.as_str());
            return Err(io::Error::new(io::ErrorKind::NotConnected, never));
        }
        self.stop(vendor).await;
        let (_, server) = serve(site.vendor, &site.script, site.address)?;
        *site.server() = Some(server);
        Ok(())
    }

    fn site(&self, vendor: Vendor) -> &Site {
        &self.sites[vendor.index()]
    }
}

impl Site {
    fn idle(vendor: Vendor) -> Self {
        Self {
            vendor,
            script: Arc::default(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            server: Mutex::new(None),
        }
    }

    fn launch(&mut self, address: SocketAddr) -> io::Result<()> {
        let (address, server) = serve(self.vendor, &self.script, address)?;
        self.address = address;
        *self.server() = Some(server);
        Ok(())
    }

    fn server(&self) -> MutexGuard<'_, Option<ServerHandle>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(server) = self.server().take() {
            // The order to stop is given by the call itself; nobody needs to wait for it.
            drop(server.stop(false));
        }
    }
}

/// Starts a server and drives it in the background.
fn serve(
    vendor: Vendor,
    script: &Arc<Script>,
    address: SocketAddr,
) -> io::Result<(SocketAddr, ServerHandle)> {
    let script = Arc::clone(script);
    let server = HttpServer::new(move || {
        let script = Arc::clone(&script);
        App::new()
            .wrap(DefaultHeaders::new().add(("X-Simulated", "true")))
            .app_data(web::PayloadConfig::new(MOST_BODY_BYTES))
            .configure(move |app| routes(app, vendor, script))
    })
    .workers(1)
    .tcp_nodelay(true)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(SLOWEST_HEAD)
    .h1_allow_half_closed(false)
    .on_connect(line::remember)
    .disable_signals()
    .bind(address)?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((bound, handle))
}

fn routes(app: &mut web::ServiceConfig, vendor: Vendor, script: Arc<Script>) {
    let flavour = match vendor {
        Vendor::OpenAi => openai::Flavour::OpenAi,
        Vendor::Xai => openai::Flavour::Xai,
        Vendor::Groq => openai::Flavour::Groq,
        Vendor::Cerebras => openai::Flavour::Cerebras,
        Vendor::Bedrock => return bedrock::routes(app, script),
        Vendor::Google => return gemini::routes(app, script),
        Vendor::Anthropic => return anthropic::routes(app, script),
    };
    openai::routes(app, vendor.base_path(), flavour, script);
}

#[cfg(test)]
mod tests;
