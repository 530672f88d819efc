//! Names looked up by ourselves: a name is good only when every address behind it is, and the
//! connection goes to the addresses that were looked at.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::timeout;

use super::address::is_global;

/// How long a name may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where targets may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On the public internet, over TLS.
    Public,
    /// Anywhere, also without TLS.
    Anywhere,
}

/// Answers for tests.
type Answers = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Who knows names.
#[derive(Clone, Default)]
pub enum Names {
    /// The system.
    #[default]
    System,
    /// A function, in tests.
    Fixed(Answers),
}

/// Why a name or address is not connected to. It tells no address behind a name: the system may know
/// names of a private network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// Not on the public internet.
    #[error("the host is not on the public internet; use an address that anybody can reach")]
    Special,
    /// Nobody knows it.
    #[error("the host's name is not known; check its spelling")]
    Unknown,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Fixed(_) => "Fixed",
        })
    }
}

impl Reach {
    /// Whether an address may be connected to.
    pub fn admits(self, address: IpAddr) -> Result<(), Unreachable> {
        match self {
            Self::Anywhere => Ok(()),
            Self::Public if is_global(address) => Ok(()),
            Self::Public => Err(Unreachable::Special),
        }
    }
}

impl Names {
    /// The addresses of a name; none of them when one may not be connected to.
    pub async fn find(&self, name: &str, reach: Reach) -> Result<Vec<IpAddr>, Unreachable> {
        let found = match self {
            Self::Fixed(answers) => answers(name),
            Self::System => match timeout(PATIENCE, tokio::net::lookup_host((name, 0))).await {
                Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
                Ok(Err(_)) | Err(_) => Vec::new(),
            },
        };
        if found.is_empty() {
            return Err(Unreachable::Unknown);
        }
        found
            .iter()
            .try_for_each(|address| reach.admits(*address))?;
        Ok(found)
    }
}

/// Names for a client: whatever it connects to has been looked at.
pub(super) struct Guard {
    pub(super) names: Names,
    pub(super) reach: Reach,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, reach) = (self.names.clone(), self.reach);
        Box::pin(async move {
            let found = names.find(name.as_str(), reach).await?;
            // The client puts in the port.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(addresses: &'static [&'static str]) -> Names {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        let addresses: Vec<IpAddr> = addresses.collect();
        Names::Fixed(Arc::new(move |_| addresses.clone()))
    }

    #[tokio::test]
    async fn one_bad_address_spoils_a_name() {
        let find = |names: Names, reach| async move { names.find("a.example", reach).await };
        let good = names(&["1.1.1.1", "2606:4700::1111"]);
        assert_eq!(find(good, Reach::Public).await.unwrap().len(), 2);
        for mixed in [
            &["1.1.1.1", "127.0.0.1"][..],
            &["::1", "1.1.1.1"],
            &["1.1.1.1", "fe80::1"],
        ] {
            let found = find(names(mixed), Reach::Public).await;
            assert_eq!(found, Err(Unreachable::Special));
            assert!(find(names(mixed), Reach::Anywhere).await.is_ok());
        }
        let nobody = find(names(&[]), Reach::Anywhere).await;
        assert_eq!(nobody, Err(Unreachable::Unknown));
    }
}
