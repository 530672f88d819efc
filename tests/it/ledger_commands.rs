//! `model-router ledger …` and `/admin/ledger/export`: what a serving router exports, a new directory
//! imports, verifies and exports again.

use std::cell::Cell;
use std::path::Path;
use std::process::{Command, Output};

use actix_web::web;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::router::{ADMIN, Account, Router, ask, text};

/// Runs a command on a data directory.
fn ledger(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_model-router"))
        .env_clear()
        .env("MODEL_ROUTER_DATA_DIR", data)
        .current_dir(data.parent().unwrap())
        .arg("ledger")
        .args(arguments)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn operator(router: &Router, path: &str) -> reqwest::Response {
    let request = router.client.get(format!("{}{path}", router.url));
    request.bearer_auth(ADMIN).send().await.unwrap()
}

/// A router that has served a few requests.
async fn used() -> (Router, Account) {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for model in ["gpt-4.1", "llama3.1-8b", "gpt-4.1-mini"] {
        router.served(&account, &ask(model, "Hello")).await;
    }
    (router, account)
}

/// The export of a router that serves, as a file.
async fn exported(router: &Router, dir: &TempDir) -> String {
    let response = operator(router, "/admin/ledger/export").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let text = response.text().await.unwrap();
    std::fs::write(dir.path().join("export.jsonl"), &text).unwrap();
    text
}

#[actix_web::test]
async fn an_export_of_a_serving_router_is_imported_and_exports_the_same_again() {
    let (router, account) = used().await;
    let verified: Value = operator(&router, "/admin/ledger/verify")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&verified["clean"], &verified["records"]),
        (&json!(true), &json!(3))
    );
    let dir = TempDir::new().unwrap();
    let export = exported(&router, &dir).await;
    assert!(!export.contains(&account.key));

    let data = dir.path().join("var");
    let imported = ledger(&data, &["import", "export.jsonl"]);
    assert!(imported.status.success(), "{}", err(&imported));
    assert!(out(&imported).contains("pepper"), "{}", out(&imported));
    let head = format!("head {}", text(&verified["head_hash"]));
    let again = ledger(&data, &["verify"]);
    assert!(
        out(&again).starts_with("ledger: clean\n"),
        "{}",
        err(&again)
    );
    assert!(out(&again).contains(&head));
    assert_eq!(err(&again), "", "no progress bar without a terminal");

    assert_eq!(out(&ledger(&data, &["export"])), export);
    let file = ledger(&data, &["export", "second.jsonl"]);
    assert!(file.status.success(), "{}", err(&file));
    let second = std::fs::read_to_string(dir.path().join("second.jsonl")).unwrap();
    assert_eq!(second, export);

    let twice = ledger(&data, &["import", "export.jsonl"]);
    assert_eq!(twice.status.code(), Some(1));
    assert!(err(&twice).contains("has a ledger"), "{}", err(&twice));
}

#[actix_web::test]
async fn walks_over_a_ledger_under_load_find_it_sound() {
    let router = Router::start().await;
    let account = router.account("50.00").await;
    let running = Cell::new(true);
    let load = join_all((0..8).map(|i| {
        let (router, account, running) = (&router, &account, &running);
        async move {
            let mut body = ask(if i == 0 { "llama3.1-8b" } else { "gpt-4.1" }, "Hello");
            body["stream"] = json!(i % 2 == 0);
            while running.get() {
                let answer = router.chat(account, &body).await;
                assert_eq!(answer.status(), 200);
                answer.text().await.unwrap();
            }
        }
    }));
    let walks = async {
        let dir = TempDir::new().unwrap();
        let mut lengths = Vec::new();
        for round in 0..5 {
            router.verify().await;
            let export = exported(&router, &dir).await;
            let data = dir.path().join(format!("var{round}"));
            let imported = web::block(move || ledger(&data, &["import", "export.jsonl"]));
            let imported = imported.await.unwrap();
            assert!(imported.status.success(), "{}", err(&imported));
            lengths.push(export.lines().count());
        }
        running.set(false);
        lengths
    };
    let (lengths, _) = tokio::join!(walks, load);
    assert!(
        lengths.is_sorted() && lengths[0] < lengths[4],
        "{lengths:?}"
    );
}

#[actix_web::test]
async fn a_changed_export_is_refused_with_its_line() {
    let (router, _) = used().await;
    let dir = TempDir::new().unwrap();
    let export = exported(&router, &dir).await;
    let changed = export.replacen("\"amount\":5000000000000", "\"amount\":6000000000000", 1);
    assert_ne!(changed, export);
    let line = changed
        .lines()
        .position(|line| line.contains("6000000000000"))
        .unwrap();
    std::fs::write(dir.path().join("changed.jsonl"), changed).unwrap();
    let data = dir.path().join("var");
    let refused = ledger(&data, &["import", "changed.jsonl"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = err(&refused);
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains(&format!("line {}: ", line + 1)), "{said}");
    assert!(!data.exists());
    let missing = ledger(&data, &["import", "nowhere.jsonl"]);
    assert!(err(&missing).contains("nowhere.jsonl"));
}

#[actix_web::test]
async fn a_statement_is_csv_whose_last_balance_is_the_accounts() {
    let (router, account) = used().await;
    let reason = "a \"gift\", with\nlines";
    let grant = json!({ "amount_usd": "1.00", "idempotency_key": "k", "reason": reason });
    let path = format!("/admin/accounts/{}/credits", account.id);
    router.admin(&path).json(&grant).send().await.unwrap();
    let balance = router.balance(&account).await;
    let dir = TempDir::new().unwrap();
    exported(&router, &dir).await;
    let data = dir.path().join("var");
    assert!(ledger(&data, &["import", "export.jsonl"]).status.success());

    let statement = ledger(&data, &["statement", "--account", &account.id]);
    assert!(statement.status.success(), "{}", err(&statement));
    let mut reader = csv::Reader::from_reader(statement.stdout.as_slice());
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        header,
        [
            "time",
            "kind",
            "amount_usd",
            "balance_usd",
            "generation",
            "model",
            "reason"
        ]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let kinds: Vec<&str> = rows.iter().map(|row| &row[1]).collect();
    assert_eq!(kinds, ["grant", "post", "post", "grant"]);
    assert!(rows[1][4].starts_with("gen_") && &rows[1][5] == "gpt-4.1");
    assert!(rows[1][2].starts_with('-'));
    assert_eq!((&rows[3][3], &rows[3][6]), (balance.as_str(), reason));

    let yesterday = ["statement", "--account", &account.id, "--to", "2020-01-01"];
    assert_eq!(out(&ledger(&data, &yesterday)).lines().count(), 1);
    for (arguments, code) in [
        (
            ["statement", "--account", "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV"].as_slice(),
            1,
        ),
        (["statement", "--account", "me"].as_slice(), 2),
        (
            ["statement", "--account", &account.id, "--from", "today"].as_slice(),
            2,
        ),
    ] {
        assert_eq!(
            ledger(&data, arguments).status.code(),
            Some(code),
            "{arguments:?}"
        );
    }
}

#[actix_web::test]
async fn the_commands_need_the_directory_for_themselves() {
    let router = Router::start().await;
    let data = router.dir.path().join("var");
    for arguments in [&["verify"][..], &["export"], &["import", "/dev/null"]] {
        let refused = ledger(&data, arguments);
        assert!(
            matches!(refused.status.code(), Some(1 | 2)),
            "{arguments:?}"
        );
        let said = err(&refused);
        assert!(said.contains("in use by another process"), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
    let nowhere = ledger(&data.join("nowhere"), &["verify"]);
    assert_eq!(nowhere.status.code(), Some(2));
}

#[actix_web::test]
async fn the_walks_are_the_operators() {
    let (router, account) = used().await;
    for path in ["/admin/ledger/export", "/admin/ledger/verify"] {
        let url = format!("{}{path}", router.url);
        let guess = router.client.get(url).bearer_auth(&account.key);
        assert_eq!(guess.send().await.unwrap().status(), 401, "{path}");
    }
}
