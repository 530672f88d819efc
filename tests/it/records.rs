//! What an account has used, as the operator sees it: records by the page, totals by day and month.

use serde_json::{Value, json};

use super::router::{ADMIN, Account, Router, ask, error_of, text};

async fn get(router: &Router, path: &str) -> reqwest::Response {
    let request = router.client.get(format!("{}{path}", router.url));
    request.bearer_auth(ADMIN).send().await.unwrap()
}

async fn read(router: &Router, account: &Account, rest: &str) -> Value {
    let response = get(router, &format!("/admin/accounts/{}/{rest}", account.id)).await;
    assert_eq!(response.status(), 200, "{rest}");
    response.json().await.unwrap()
}

#[actix_web::test]
async fn records_come_by_the_page_newest_first() {
    let router = Router::start().await;
    let (account, other) = (router.account("5.00").await, router.account("5.00").await);
    let mut asked = Vec::new();
    for _ in 0..5 {
        let (_, answer) = router.served(&account, &ask("gpt-4.1", "Hello")).await;
        asked.push(text(&answer["id"]));
    }
    router.served(&other, &ask("gpt-4.1", "Hello")).await;

    let (mut seen, mut rest) = (Vec::new(), "usage?limit=2".to_owned());
    let mut pages = 0;
    loop {
        let page = read(&router, &account, &rest).await;
        let data = page["data"].as_array().unwrap().clone();
        seen.extend(data.iter().map(|record| text(&record["id"])));
        pages += 1;
        if page["has_more"] == false {
            break;
        }
        rest = format!("usage?limit=2&before={}", text(&page["before"]));
    }
    asked.sort();
    asked.reverse();
    assert_eq!((seen, pages), (asked, 3));

    let record = &read(&router, &account, "usage").await["data"][0];
    assert_eq!(
        (&record["model"], &record["status"]),
        (&json!("gpt-4.1"), &json!("ok"))
    );
    let before = read(&router, &account, "usage?to=2020-01-01").await;
    assert_eq!(before["data"], json!([]));
}

#[actix_web::test]
async fn totals_by_day_and_month_add_up_to_the_records() {
    let router = Router::start().await;
    let account = router.account("5.00").await;
    for model in ["gpt-4.1", "llama3.1-8b", "gpt-4.1"] {
        router.served(&account, &ask(model, "Hello")).await;
    }
    let usage = read(&router, &account, "usage").await;
    let sum = |field: &str, totals: &Value| -> u64 {
        let rows = totals["data"].as_array().unwrap();
        rows.iter().map(|row| row[field].as_u64().unwrap()).sum()
    };
    let spent = text(&router.get(&account, "/v1/credits").await["data"]["total_usage"]);
    // At midnight there are two days, and both kinds of totals still add up.
    for by in ["day", "month"] {
        let totals = read(&router, &account, &format!("totals?by={by}")).await;
        assert_eq!(sum("requests", &totals), 3);
        assert_eq!(
            sum("tokens_completion", &totals),
            sum("tokens_completion", &usage)
        );
        if totals["data"].as_array().unwrap().len() == 1 {
            assert_eq!(totals["data"][0]["total_cost"], spent.as_str());
        }
    }
    let none = read(
        &router,
        &account,
        "totals?by=month&from=2020-01-01&to=2020-12-31",
    )
    .await;
    assert_eq!(none["data"], json!([]));
}

#[actix_web::test]
async fn bad_parameters_are_named() {
    let router = Router::start().await;
    let account = router.account("").await;
    for (rest, param) in [
        ("usage?from=yesterday", "from"),
        ("usage?to=2026-02-30", "to"),
        ("usage?from=2026-02-02&to=2026-02-01", "from"),
        ("usage?limit=0", "limit"),
        ("usage?limit=1001", "limit"),
        ("usage?limit=-1", "limit"),
        ("usage?before=gen_x", "before"),
        ("usage?colour=red", "colour"),
        ("totals?by=week", "by"),
        ("totals?by=day&from=1", "from"),
        ("totals?limit=1", "limit"),
    ] {
        let path = format!("/admin/accounts/{}/{rest}", account.id);
        let (status, error) = error_of(get(&router, &path).await).await;
        assert_eq!(
            (status, text(&error["param"]).as_str()),
            (400, param),
            "{rest}"
        );
    }
    for unknown in ["me", "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        for rest in ["usage", "totals"] {
            let path = format!("/admin/accounts/{unknown}/{rest}");
            assert_eq!(error_of(get(&router, &path).await).await.0, 404);
        }
    }
    let path = format!("{}/admin/accounts/{}/usage", router.url, account.id);
    let guess = router.client.get(path).bearer_auth(&account.key);
    assert_eq!(guess.send().await.unwrap().status(), 401);
}
