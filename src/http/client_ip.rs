//! Whose address a request comes from. Forwarded headers are believed only from proxies that the
//! operator has named.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

const FORWARDED: &str = "x-forwarded-for";

/// The client's address: the peer's, or, behind trusted proxies, the one that the outermost of them
/// has seen.
pub fn client_ip(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    // Only a socket without an address, which we never listen on, has no peer.
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let hops = request
        .headers()
        .get_all(FORWARDED)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    behind_proxies(peer, hops.collect(), trusted)
}

/// Each proxy appends whom it has seen, so the list is read from its end for as long as the one who
/// wrote an entry is trusted.
fn behind_proxies(peer: IpAddr, hops: Vec<&str>, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut client = peer.to_canonical();
    for hop in hops.into_iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        match address(hop.trim()) {
            Some(seen) => client = seen.to_canonical(),
            None => break,
        }
    }
    client
}

/// An entry as proxies write it: an address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let socket = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || {
        text.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<IpAddr>()
            .ok()
    };
    text.parse().ok().or_else(socket).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client(peer: &str, header: &str) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"]
            .iter()
            .map(|net| net.parse().unwrap())
            .collect();
        let peer = peer.parse().unwrap();
        behind_proxies(peer, header.split(',').collect(), &trusted).to_string()
    }

    #[test]
    fn a_stranger_s_header_is_not_believed() {
        assert_eq!(client("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(client("203.0.113.9", ""), "203.0.113.9");
    }

    #[test]
    fn behind_trusted_proxies_the_last_untrusted_address_counts() {
        assert_eq!(client("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(
            client("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9"),
            "198.51.100.1"
        );
        assert_eq!(client("fd00::1", "[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(client("10.0.0.1", "198.51.100.1:99"), "198.51.100.1");
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_search() {
        assert_eq!(client("10.0.0.1", "198.51.100.1, unknown"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", ""), "10.0.0.1");
    }

    proptest! {
        #[test]
        fn no_header_makes_an_untrusted_peer_anyone_else(header in ".{0,60}") {
            prop_assert_eq!(client("203.0.113.9", &header), "203.0.113.9");
        }
    }
}
