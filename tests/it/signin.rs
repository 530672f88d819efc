//! Signing in by a mailed code: accounts, limits, and what strangers can learn from the answers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use model_router::ids::FlowId;
use model_router::store::{Accounts, Db, Disposable, Generosity, Offer, Terms, Visitors};
use reqwest::Response;
use serde_json::{Value, json};

use super::mailbox::{code, mails, other_than, request, verify};
use super::router::{Account, Router, error_of, header, text};

/// An address that the crate's list of throw-away domains has.
const DISPOSABLE: &str = "ada@10minutemail.com";

async fn many_requests() -> Router {
    Router::with("", |settings| {
        settings.sign_in.requests_per_ip_hour = 10_000
    })
    .await
}

async fn ask(router: &Router, body: &Value) -> Response {
    let url = format!("{}/v1/auth/request-code", router.url);
    router.client.post(url).json(body).send().await.unwrap()
}

#[actix_web::test]
async fn a_new_address_becomes_an_account_and_sees_its_first_key_once() {
    let router = Router::start().await;
    let first = router.sign_in("ada@example.com", 1).await;
    assert_eq!(first.answer["new_account"], true);
    assert_eq!(first.answer["email"], "ada@example.com");
    assert_eq!(first.answer["credit_usd"], "0");
    let account = Account {
        id: text(&first.answer["account_id"]),
        key: text(&first.answer["api_key"]),
    };
    assert_eq!(router.balance(&account).await, "0");
    for part in [
        "mr=mr_ss_",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=2592000",
    ] {
        assert!(first.cookie.contains(part), "{}", first.cookie);
    }

    let again = router.sign_in("ada@example.com", 2).await;
    assert_eq!(again.answer["new_account"], false);
    assert_eq!(again.answer["api_key"], Value::Null);
    assert_eq!(again.answer["account_id"], first.answer["account_id"]);
    assert_ne!(again.token, first.token);
    router.verify().await;
}

#[actix_web::test]
async fn an_account_that_the_operator_made_is_entered_without_a_new_key() {
    let router = Router::start().await;
    let made = router
        .admin("/admin/accounts")
        .json(&json!({ "email": "Ada@Example.com" }));
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let entered = router.sign_in("ada@example.com", 1).await.answer;
    assert_eq!(entered["account_id"], made["account_id"]);
    assert_eq!(entered["api_key"], Value::Null);
}

#[actix_web::test]
async fn a_code_is_used_once_and_only_with_its_flow_and_address() {
    let router = Router::start().await;
    let (client, url) = (&router.client, &router.url);
    let flow = request(client, url, "ada@example.com").await;
    let other_flow = request(client, url, "ada@example.com").await;
    let eves = request(client, url, "eve@example.com").await;
    let var = router.dir.path().join("var");
    code(&var, "ada@example.com", 2).await;
    let codes: Vec<String> = mails(&var, "ada@example.com")
        .iter()
        .map(|mail| super::mailbox::code_in(mail))
        .collect();
    // Two mails under way at one time may be written in any order.
    let mut right = None;
    for code in &codes {
        let response = verify(client, url, "ada@example.com", code, &flow).await;
        if response.status() == 200 {
            right = Some(code);
        }
    }
    let right = right.expect("one of the two codes belongs to the flow");
    for (email, flow) in [
        ("ada@example.com", &flow),
        ("ada@example.com", &other_flow),
        ("eve@example.com", &other_flow),
        ("eve@example.com", &eves),
    ] {
        let (status, error) = error_of(verify(client, url, email, right, flow).await).await;
        assert_eq!((status, text(&error["code"])), (401, "invalid_code".into()));
    }
}

#[actix_web::test]
async fn after_two_hundred_guesses_at_once_the_right_code_opens_nothing() {
    let router = Router::start().await;
    let (client, url, ada) = (&router.client, &router.url, "ada@example.com");
    let flow = request(client, url, ada).await;
    let right = code(&router.dir.path().join("var"), ada, 1).await;
    let first: u32 = right.parse().unwrap();
    let guesses = (1..=200).map(|i| {
        let guess = format!("{:08}", (first + i) % 100_000_000);
        let flow = &flow;
        async move { verify(client, url, ada, &guess, flow).await }
    });
    let mut bodies = BTreeSet::new();
    for response in join_all(guesses).await {
        let (status, error) = error_of(response).await;
        assert_eq!(status, 401);
        bodies.insert(error.to_string());
    }
    assert_eq!(bodies.len(), 1, "compared and refused guesses differ");
    let (status, error) = error_of(verify(client, url, ada, &right, &flow).await).await;
    assert_eq!(status, 401);
    assert_eq!(Some(&error.to_string()), bodies.first());
}

#[actix_web::test]
async fn of_two_hundred_right_codes_at_once_one_signs_in() {
    let router = Router::start().await;
    let (client, url, ada) = (&router.client, &router.url, "ada@example.com");
    let flow = request(client, url, ada).await;
    let right = code(&router.dir.path().join("var"), ada, 1).await;
    let tries = (0..200).map(|_| verify(client, url, ada, &right, &flow));
    let answers = join_all(tries).await;
    let entered = answers.iter().filter(|answer| answer.status() == 200);
    assert_eq!(entered.count(), 1);
}

#[actix_web::test]
async fn the_sixth_code_of_an_hour_is_not_mailed_and_nothing_shows_it() {
    let router = Router::start().await;
    let (client, url) = (&router.client, &router.url);
    for _ in 0..5 {
        request(client, url, "ada@example.com").await;
    }
    let var = router.dir.path().join("var");
    code(&var, "ada@example.com", 5).await;
    let flow = request(client, url, "Ada@Example.com").await;
    request(client, url, DISPOSABLE).await;
    // Requests are handled in order, so a later mail shows that the earlier ones had their turn.
    router.sign_in("bob@example.com", 1).await;
    assert!(mails(&var, "Ada@Example.com").is_empty());
    assert!(mails(&var, DISPOSABLE).is_empty());
    let (status, _) =
        error_of(verify(client, url, "ada@example.com", "12345678", &flow).await).await;
    assert_eq!(status, 401);
}

/// What a stranger sees: status, headers and the shape of the body.
async fn shape(response: Response) -> String {
    let status = response.status();
    let names: BTreeSet<String> = response.headers().keys().map(ToString::to_string).collect();
    let body = response.text().await.unwrap();
    let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let flow = body.find("flow_").map_or(0, |at| at + 5);
    let masked: String = body
        .char_indices()
        .map(|(at, c)| {
            if (flow..flow + 32).contains(&at) && digits(c) {
                '#'
            } else {
                c
            }
        })
        .collect();
    format!("{status} {names:?} {masked}")
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[actix_web::test]
async fn known_unknown_refused_and_limited_addresses_get_the_same_answer_in_the_same_time() {
    let router = many_requests().await;
    router.sign_in("known@example.com", 1).await;
    for _ in 0..5 {
        request(&router.client, &router.url, "limited@example.com").await;
    }
    const ROUNDS: usize = 40;
    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut shapes = BTreeSet::new();
    for round in 0..ROUNDS {
        let unknown = format!("unknown{round}@example.com");
        let addresses = [
            "known@example.com",
            &unknown,
            DISPOSABLE,
            "limited@example.com",
        ];
        // Each round begins with another one, so that none always follows the same neighbour.
        for turn in 0..addresses.len() {
            let at = (turn + round) % addresses.len();
            let body = json!({ "email": addresses[at] });
            let started = Instant::now();
            let response = ask(&router, &body).await;
            times[at].push(started.elapsed());
            shapes.insert(shape(response).await);
        }
    }
    assert_eq!(shapes.len(), 1, "{shapes:#?}");
    let medians = times.each_mut().map(|times| median(times));
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(
        *most < *least * 2 + Duration::from_millis(1),
        "known, unknown, disposable, limited: {medians:?}"
    );
}

#[actix_web::test]
async fn wrong_codes_for_known_and_unknown_addresses_are_refused_alike() {
    let router = many_requests().await;
    let var = router.dir.path().join("var");
    let (client, url) = (&router.client, &router.url);
    router.sign_in("known@example.com", 1).await;
    let mut bodies = BTreeSet::new();
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..2 {
        for (at, address) in ["known@example.com", "unknown@example.com"]
            .into_iter()
            .enumerate()
        {
            let flow = request(client, url, address).await;
            let already = usize::from(at == 0);
            let wrong = other_than(&code(&var, address, round + 1 + already).await);
            for _ in 0..5 {
                let started = Instant::now();
                let response = verify(client, url, address, &wrong, &flow).await;
                times[at].push(started.elapsed());
                let (status, error) = error_of(response).await;
                bodies.insert(format!("{status} {error}"));
            }
        }
    }
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    let [known, unknown] = times.each_mut().map(|times| median(times));
    let (least, most) = (known.min(unknown), known.max(unknown));
    assert!(
        most < least * 3 + Duration::from_millis(5),
        "{known:?}, {unknown:?}"
    );
}

#[actix_web::test]
async fn one_network_address_asks_twenty_times_an_hour() {
    let router = Router::with("", |settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let url = format!("{}/v1/auth/request-code", router.url);
    let from = |client: &str, i: usize| {
        let body = json!({ "email": format!("ada{i}@example.com") });
        let request = router.client.post(&url).header("x-forwarded-for", client);
        request.json(&body).send()
    };
    for i in 0..20 {
        assert_eq!(from("2001:db8:0:1::1", i).await.unwrap().status(), 200);
    }
    let refused = from("2001:db8:0:1:ffff::9", 20).await.unwrap();
    let wait: u64 = header(refused.headers(), "retry-after").parse().unwrap();
    assert!((1..=3600).contains(&wait));
    let (status, error) = error_of(refused).await;
    assert_eq!(
        (status, text(&error["code"])),
        (429, "rate_limit_exceeded".into())
    );
    assert_eq!(from("2001:db8:0:2::1", 21).await.unwrap().status(), 200);
}

#[actix_web::test]
async fn a_forwarded_address_is_not_believed_from_a_stranger() {
    let router = Router::with("", |settings| settings.sign_in.requests_per_ip_hour = 2).await;
    let url = format!("{}/v1/auth/request-code", router.url);
    let mut statuses = Vec::new();
    for i in 0..3 {
        let request = router
            .client
            .post(&url)
            .header("x-forwarded-for", format!("198.51.100.{i}"))
            .json(&json!({ "email": "ada@example.com" }));
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[actix_web::test]
async fn new_accounts_are_given_credit_until_the_day_s_cap() {
    let router = Router::with("", |settings| {
        settings.sign_in.credit_usd = "0.50".parse().unwrap();
        settings.sign_in.daily_credit_cap_usd = "0.75".parse().unwrap();
    })
    .await;
    let mut balances = Vec::new();
    for address in ["ada@example.com", "bob@example.com"] {
        let answer = router.sign_in(address, 1).await.answer;
        let account = Account {
            id: text(&answer["account_id"]),
            key: text(&answer["api_key"]),
        };
        balances.push((text(&answer["credit_usd"]), router.balance(&account).await));
    }
    let of = |usd: &str| (usd.to_owned(), usd.to_owned());
    assert_eq!(balances, [of("0.5"), of("0")]);
    let again = router.sign_in("ada@example.com", 2).await.answer;
    assert_eq!(again["credit_usd"], "0");
    router.verify().await;
}

#[actix_web::test]
async fn what_a_crash_kept_from_the_ledger_is_posted_at_the_next_start() {
    let dir = tempfile::TempDir::new().unwrap();
    let (key, token) = {
        let db = Db::open(dir.path()).unwrap();
        let pepper = db.pepper().unwrap();
        let terms = Terms {
            disposable: Disposable::Refuse,
            generosity: Generosity {
                credit: "0.50".parse().unwrap(),
                daily_cap: "1".parse().unwrap(),
            },
        };
        let mut accounts = Accounts::load(&db, pepper.clone()).unwrap();
        let mut visitors = Visitors::load(&db, &pepper, terms).unwrap();
        let (flow, email) = (FlowId::generate(), "ada@example.com".parse().unwrap());
        let now_ms = model_router::actors::clock::now_ms();
        let code = visitors.request(&accounts, &flow, &email, now_ms).unwrap();
        let agent = String::new();
        let offer = Offer {
            flow,
            email,
            code,
            agent,
        };
        let welcome = visitors
            .sign_in(&mut accounts, &offer, now_ms)
            .ok()
            .unwrap();
        let mut batch = accounts.take_batch();
        batch.merge(visitors.take_batch());
        db.commit(batch).unwrap();
        let newcomer = welcome.newcomer.unwrap();
        let token = welcome.opened.token.reveal().to_owned();
        (newcomer.key.reveal().to_owned(), token)
    };
    let path = dir.path().to_owned();
    let router = Router::with("", |settings| settings.storage.data_dir = path).await;
    let account = Account {
        id: String::new(),
        key,
    };
    assert_eq!(router.balance(&account).await, "0.5");
    let sessions = format!("{}/v1/account/sessions", router.url);
    let seen = router.client.get(sessions).bearer_auth(token).send();
    assert_eq!(seen.await.unwrap().status(), 200);
    router.verify().await;
}

#[actix_web::test]
async fn bad_input_is_refused_by_name_and_changes_nothing() {
    let router = Router::start().await;
    let good = format!("flow_{}", "0".repeat(32));
    let cases = [
        ("request-code", json!({}), "email"),
        ("request-code", json!({ "email": 5 }), "email"),
        ("request-code", json!({ "email": "ada" }), "email"),
        (
            "request-code",
            json!({ "email": "ada@example.com\r\nBcc: eve@example.com" }),
            "email",
        ),
        (
            "request-code",
            json!({ "email": "mi\u{212a}e@example.com" }),
            "email",
        ),
        (
            "request-code",
            json!({ "email": "ada@example.com", "admin": true }),
            "admin",
        ),
        (
            "verify-code",
            json!({ "email": "ada@example.com", "flow": good }),
            "code",
        ),
        (
            "verify-code",
            json!({ "email": "ada@example.com", "code": "1234567", "flow": good }),
            "code",
        ),
        (
            "verify-code",
            json!({ "email": "ada@example.com", "code": 12_345_678, "flow": good }),
            "code",
        ),
        (
            "verify-code",
            json!({ "email": "ada@example.com", "code": "12345678", "flow": "x" }),
            "flow",
        ),
    ];
    for (route, body, param) in cases {
        let url = format!("{}/v1/auth/{route}", router.url);
        let response = router.client.post(url).json(&body).send().await.unwrap();
        let (status, error) = error_of(response).await;
        assert_eq!(
            (status, text(&error["param"])),
            (400, param.to_owned()),
            "{body}"
        );
    }
    let url = format!("{}/v1/auth/request-code", router.url);
    let response = router.client.post(url).body("{").send().await.unwrap();
    let (status, error) = error_of(response).await;
    assert_eq!((status, text(&error["code"])), (400, "invalid_json".into()));
    // A mail that any of them had caused would have come before this one.
    router.sign_in("last@example.com", 1).await;
    let var = router.dir.path().join("var");
    let all = std::fs::read_dir(var.join("mail")).unwrap().count();
    assert_eq!(all, 1);
}
