//! An account's history over HTTP: paged, filtered, as CSV, and summed.

use reqwest::Method;
use serde_json::{Value, json};

use super::mailbox::SignedIn;
use super::router::{Router, ask, error_of, header, pico, text};

async fn get(router: &Router, owner: &SignedIn, path: &str) -> Value {
    let response = router
        .send(Method::GET, path, &owner.token, &json!({}))
        .await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

async fn csv(router: &Router, owner: &SignedIn, path: &str) -> Vec<Vec<String>> {
    let request = router.client.get(format!("{}{path}", router.url));
    let request = request
        .bearer_auth(&owner.token)
        .header("accept", "text/csv");
    let response = request.send().await.unwrap();
    assert!(header(response.headers(), "content-type").starts_with("text/csv"));
    let body = response.text().await.unwrap();
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    let records = reader.records();
    records
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[actix_web::test]
async fn usage_and_transactions_are_paged_filtered_and_summed() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let stranger = router.owner("eve@example.com", "5").await;
    let (first_id, first) = router.make_key(&owner, json!({})).await;
    let (_, second) = router.make_key(&owner, json!({})).await;
    let mut cost = 0;
    for (key, model) in [
        (&first, "gpt-4.1"),
        (&second, "gpt-4.1-mini"),
        (&first, "gpt-4.1-mini"),
    ] {
        let (headers, _) = router.served(key, &ask(model, "Hello")).await;
        cost += pico(header(&headers, "x-model-router-cost"));
    }
    let path = "/v1/account/usage";
    let all = get(&router, &owner, path).await;
    let ids = |page: &Value| -> Vec<String> {
        let data = page["data"].as_array().unwrap();
        data.iter().map(|row| text(&row["id"])).collect()
    };
    assert_eq!((ids(&all).len(), &all["has_more"]), (3, &json!(false)));
    let page = get(&router, &owner, &format!("{path}?limit=2")).await;
    let rest = get(
        &router,
        &owner,
        &format!("{path}?limit=2&before={}", text(&page["before"])),
    )
    .await;
    assert_eq!([ids(&page), ids(&rest)].concat(), ids(&all));
    let count =
        async |query: &str| ids(&get(&router, &owner, &format!("{path}?{query}")).await).len();
    assert_eq!(count(&format!("key={first_id}")).await, 2);
    assert_eq!(count("model=gpt-4.1-mini").await, 2);
    assert_eq!(count(&format!("key={first_id}&model=gpt-4.1")).await, 1);
    assert_eq!(count("to=2020-01-01").await, 0);
    assert_eq!(csv(&router, &owner, path).await.len(), 3);

    let path = "/v1/account/transactions";
    let all = get(&router, &owner, path).await;
    let amounts = |page: &Value| -> Vec<i64> {
        let data = page["data"].as_array().unwrap();
        data.iter()
            .map(|row| pico(&text(&row["amount_usd"])))
            .collect()
    };
    assert_eq!(amounts(&all).len(), 4, "a grant and three charges");
    assert_eq!(amounts(&all)[3], pico("5"));
    assert_eq!(amounts(&all)[..3].iter().sum::<i64>(), -cost);
    assert_eq!(all["data"][0]["kind"], "post");
    let page = get(&router, &owner, &format!("{path}?limit=3")).await;
    let rest = get(
        &router,
        &owner,
        &format!("{path}?limit=3&before={}", text(&page["before"])),
    )
    .await;
    assert_eq!([amounts(&page), amounts(&rest)].concat(), amounts(&all));
    assert_eq!(csv(&router, &owner, path).await.len(), 4);
    let paid = async |query: &str| {
        let page = get(&router, &owner, &format!("{path}?{query}")).await;
        amounts(&page).len()
    };
    assert_eq!(paid(&format!("key={first_id}")).await, 2);
    assert_eq!(paid("model=gpt-4.1-mini").await, 2);
    assert_eq!(paid(&format!("key={first_id}&model=gpt-4.1")).await, 1);

    for (by, rows) in [("day", 1), ("model", 2), ("key", 2)] {
        let sums = get(&router, &owner, &format!("/v1/account/activity?by={by}")).await;
        let sums = sums["data"].as_array().unwrap().clone();
        assert_eq!(sums.len(), rows, "{by}");
        let spent: i64 = sums.iter().map(|row| pico(&text(&row["total_cost"]))).sum();
        assert_eq!(spent, cost, "{by}");
    }
    let other = get(&router, &stranger, "/v1/account/usage").await;
    assert!(ids(&other).is_empty());
    router.verify().await;
}

#[actix_web::test]
async fn a_bad_query_is_refused_by_name() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    for (path, param) in [
        ("usage?from=yesterday", "from"),
        ("usage?limit=0", "limit"),
        ("usage?key=x", "key"),
        ("usage?before=x", "before"),
        ("usage?page=2", "page"),
        ("transactions?before=x", "before"),
        ("transactions?key=x", "key"),
        ("transactions?page=2", "page"),
        ("activity?by=hour", "by"),
    ] {
        let path = format!("/v1/account/{path}");
        let response = router
            .send(Method::GET, &path, &owner.token, &json!({}))
            .await;
        let (status, error) = error_of(response).await;
        assert_eq!(
            (status, error["param"].as_str()),
            (400, Some(param)),
            "{path}"
        );
    }
}
