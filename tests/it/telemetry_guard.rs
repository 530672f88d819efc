//! Targets that a customer must not reach: whatever the spelling, nobody is connected to.

use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use model_router::otlp::{
    Again, Carrier, Endpoint, Headers, Names, Payload, Protocol, Reach, Target,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use reqwest::Method;
use serde_json::json;

use super::collector::{Collector, Manner};
use super::router::{Router, crypto, error_of, text};
use super::spans::{exporting, router};

/// Hosts that lead to this machine or to other special places. Each is tried with the trap's port.
const HOSTS: &[&str] = &[
    // This machine.
    "127.0.0.1",
    "127.0.0.2",
    "127.1",
    "127.0.1",
    "127.1.1",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0.0",
    "0x0",
    "00",
    "0.1.2.3",
    "localhost",
    "LOCALHOST",
    "LocalHost.",
    "localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "127.0.0.1.",
    "127.1.",
    // Decimal, octal, hexadecimal and mixed.
    "2130706433",
    "2130706434",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "00177.0.0.1",
    "0177.1",
    "127.0x1",
    "127.0.0x1",
    "127.0.0.0x1",
    "127.00.00.01",
    "0x7f.0.1",
    "0177.0x1",
    "4294967295",
    "0xffffffff",
    "3232235521",
    "0xc0a80001",
    "167772161",
    "0xa000001",
    "012.0.0.1",
    "2851995904",
    "0xa9fea9fe",
    "025177524776",
    "2852039166",
    // Other digits, dots and escapes.
    "１２７.０.０.１",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
    "127.0.0.%31",
    "%6c%6f%63%61%6c%68%6f%73%74",
    "127%2e0%2e0%2e1",
    "１２７.1",
    "0x７f.1",
    // Private and special networks.
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.255.255",
    "169.254.169.254",
    "169.254.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    // IPv6.
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0001]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::FFFF:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:8.8.8.8]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:1::1]",
    "[2002:a00:1::1]",
    "[2001::1]",
    "[2001:0:7f00:1::]",
    "[2001:db8::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[::1%25lo]",
    "[::1%lo]",
    // Users, and hosts that are not what they seem.
    "a.example@127.0.0.1",
    "a.example:443@127.0.0.1",
    "127.0.0.1@a.example",
    "@127.0.0.1",
    "a.example%40@127.0.0.1",
    "a.example#@127.0.0.1",
    "a.example\\@127.0.0.1",
    "127.0.0.1\\",
    "127.0.0.1#",
    "127.0.0.1?",
    // Names that lead there.
    "loopback.test",
    "private.test",
    "mixed.test",
    "mixed6.test",
    "mapped.test",
    "nat64.test",
    "link.test",
    "empty.test",
];

/// Names as an attacker's own server would give them.
fn answers(name: &str) -> Vec<IpAddr> {
    let addresses: &[&str] = match name.trim_end_matches('.') {
        "localhost" | "loopback.test" => &["127.0.0.1", "::1"],
        "private.test" => &["10.0.0.1"],
        "mixed.test" => &["1.1.1.1", "127.0.0.1"],
        "mixed6.test" => &["2606:4700::1111", "::1"],
        "mapped.test" => &["::ffff:127.0.0.1"],
        "nat64.test" => &["64:ff9b::7f00:1"],
        "link.test" => &["169.254.169.254"],
        "good.test" => &["1.1.1.1"],
        _ => &[],
    };
    addresses.iter().map(|text| text.parse().unwrap()).collect()
}

/// Counts who connects, over IPv4 and IPv6, on all addresses of this machine.
struct Trap {
    port: u16,
    connections: Arc<AtomicUsize>,
}

fn trap() -> Trap {
    let listener = TcpListener::bind("[::]:0")
        .or_else(|_| TcpListener::bind("0.0.0.0:0"))
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    Trap { port, connections }
}

fn payload() -> Payload {
    Payload::Traces(ExportTraceServiceRequest::default())
}

fn target(text: &str, reach: Reach, protocol: Protocol) -> Option<Target> {
    Some(Target {
        endpoint: Endpoint::parse(text, reach).ok()?,
        protocol,
        headers: Headers::default(),
    })
}

#[actix_web::test]
async fn no_spelling_of_a_special_address_is_connected_to() {
    assert!(HOSTS.len() >= 120, "{}", HOSTS.len());
    let trap = trap();
    let names = Names::Fixed(Arc::new(answers));
    let guarded = names.clone();
    let router = Router::with("", |settings| settings.telemetry.names = names).await;
    let owner = router.owner("ada@example.com", "5").await;
    let carrier = Carrier::new(&guarded, Reach::Public);
    let mut sent = 0;
    for host in HOSTS {
        let url = format!("https://{host}:{}/v1/traces", trap.port);
        let body = json!({ "telemetry": { "endpoint": url } });
        let answer = router.send(Method::PATCH, "/v1/account", &owner.token, &body);
        let (status, error) = error_of(answer.await).await;
        assert_eq!(
            (status, &error["param"]),
            (400, &json!("telemetry.endpoint")),
            "{host}: {error}"
        );
        // As if it had been saved under other settings, or before its name was changed.
        for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
            for url in [url.clone(), url.replace("https", "http")] {
                let Some(target) = target(&url, Reach::Anywhere, protocol) else {
                    continue;
                };
                sent += 1;
                let limit = Duration::from_secs(5);
                let failure = carrier.send(&target, &payload(), limit).await.unwrap_err();
                assert_eq!(failure.status, None, "{host}: {failure}");
            }
        }
    }
    assert!(sent > 200, "{sent} were tried");
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0);

    // The trap works: whoever may go there does.
    let open = Carrier::new(&guarded, Reach::Anywhere);
    for host in ["127.0.0.1", "loopback.test"] {
        let before = trap.connections.load(Ordering::SeqCst);
        let url = format!("http://{host}:{}", trap.port);
        let target = target(&url, Reach::Anywhere, Protocol::HttpProtobuf).unwrap();
        let limit = Duration::from_millis(300);
        open.send(&target, &payload(), limit).await.unwrap_err();
        assert!(trap.connections.load(Ordering::SeqCst) > before, "{host}");
    }
}

#[actix_web::test]
async fn a_name_that_changes_is_looked_at_again() {
    let trap = trap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    // Well when it is saved, this machine afterwards.
    let names = Names::Fixed(Arc::new(move |_: &str| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        let address = if first { "1.1.1.1" } else { "127.0.0.1" };
        vec![address.parse().unwrap()]
    }));
    let router = Router::with("", |settings| settings.telemetry.names = names).await;
    let owner = router.owner("ada@example.com", "5").await;
    let url = format!("https://rebind.test:{}", trap.port);
    let body = json!({ "telemetry": { "endpoint": url } });
    let saved = router
        .send(Method::PATCH, "/v1/account", &owner.token, &body)
        .await;
    assert_eq!(saved.status(), 200);
    let path = "/v1/account/telemetry/test";
    let report = router
        .send(Method::POST, path, &owner.token, &json!({}))
        .await;
    let report: serde_json::Value = report.json().await.unwrap();
    assert_eq!(report["delivered"], false);
    assert!(
        text(&report["message"]).contains("public internet"),
        "{report}"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn redirects_and_proxies_are_not_followed() {
    let trap = trap();
    let location = format!("location: http://127.0.0.1:{}/v1/traces", trap.port);
    let location: &'static str = Box::leak(location.into_boxed_str());
    let router = router().await;
    for status in [301, 302, 303, 307, 308] {
        let collector = Collector::start(Manner::Answers(status, location, String::new())).await;
        let email = format!("{status}@example.com");
        let account = exporting(&router, &email, json!({ "endpoint": collector.url() })).await;
        let path = "/v1/account/telemetry/test";
        let report = router
            .send(Method::POST, path, &account.key, &json!({}))
            .await;
        let report: serde_json::Value = report.json().await.unwrap();
        assert_eq!(report["status"], status, "{report}");
    }
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn a_good_name_is_tried_at_its_own_address() {
    crypto();
    let names = Names::Fixed(Arc::new(answers));
    let carrier = Carrier::new(&names, Reach::Public);
    // Nothing answers there, or nothing that we trust; it is tried all the same.
    let good = target("https://good.test:9", Reach::Public, Protocol::HttpProtobuf).unwrap();
    let limit = Duration::from_millis(300);
    let failure = carrier.send(&good, &payload(), limit).await.unwrap_err();
    assert_eq!(failure.again, Again::Later(None), "{failure}");
}
