//! How often each client address asks for a sign-in code. Counted by address, or by /64 in IPv6,
//! which is what one subscriber gets.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::store::{Pace, Recent};

const HOUR_MS: u64 = 3600 * 1000;
/// Addresses that are remembered at one time.
const MOST_CLIENTS: usize = 65_536;
/// How often addresses that no longer matter are looked for, in milliseconds.
const SWEEP_MS: u64 = 60 * 1000;

/// Requests of each client within the last hour.
pub struct Arrivals {
    pace: Pace,
    clients: HashMap<IpAddr, Recent>,
    swept_ms: u64,
}

impl Arrivals {
    /// Admits so many requests an hour from each client.
    pub fn new(per_hour: usize) -> Self {
        Self {
            pace: Pace {
                most: per_hour,
                window_ms: HOUR_MS,
            },
            clients: HashMap::new(),
            swept_ms: 0,
        }
    }

    /// Counts a request, or says how long its client has to wait.
    pub fn admit(&mut self, client: IpAddr, now_ms: u64) -> Result<(), Duration> {
        let client = subscriber(client);
        if !self.clients.contains_key(&client) {
            self.make_room(now_ms);
        }
        self.clients
            .entry(client)
            .or_default()
            .admit(self.pace, now_ms)
            .map_err(Duration::from_millis)
    }

    /// Beyond the bound one client is forgotten: to be refused because others ask too often would
    /// be worse.
    fn make_room(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.swept_ms) >= SWEEP_MS {
            self.swept_ms = now_ms;
            let pace = self.pace;
            self.clients
                .retain(|_, recent| !recent.is_over(pace, now_ms));
        }
        if self.clients.len() >= MOST_CLIENTS
            && let Some(client) = self.clients.keys().next().copied()
        {
            self.clients.remove(&client);
        }
    }
}

/// The address that stands for all addresses of one subscriber.
fn subscriber(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_client_has_twenty_an_hour() {
        let mut arrivals = Arrivals::new(20);
        for now in 0..20 {
            assert!(arrivals.admit(ip("192.0.2.1"), now).is_ok());
        }
        let wait = arrivals.admit(ip("192.0.2.1"), 20).unwrap_err();
        assert_eq!(wait, Duration::from_millis(HOUR_MS - 20));
        assert!(arrivals.admit(ip("::ffff:192.0.2.1"), 20).is_err());
        assert!(arrivals.admit(ip("192.0.2.2"), 20).is_ok());
        assert!(arrivals.admit(ip("192.0.2.1"), HOUR_MS).is_ok());
    }

    #[test]
    fn a_subscriber_s_64_counts_as_one() {
        let mut arrivals = Arrivals::new(1);
        assert!(arrivals.admit(ip("2001:db8:0:1::1"), 0).is_ok());
        assert!(arrivals.admit(ip("2001:db8:0:1:ffff::2"), 0).is_err());
        assert!(arrivals.admit(ip("2001:db8:0:2::1"), 0).is_ok());
    }

    #[test]
    fn memory_is_bounded_and_old_clients_are_forgotten() {
        let mut arrivals = Arrivals::new(1);
        for i in 0..70_000_u32 {
            arrivals.admit(IpAddr::V4(i.into()), SWEEP_MS).ok();
        }
        assert_eq!(arrivals.clients.len(), MOST_CLIENTS);
        arrivals.admit(ip("2001:db8::1"), SWEEP_MS + HOUR_MS).ok();
        assert_eq!(arrivals.clients.len(), 1);
    }
}
