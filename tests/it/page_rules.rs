//! Pages that belong to somebody: nobody else sees them, and no other site sends their forms.

use serde_json::json;

use super::forms::Browser;
use super::matrix::pages::{PAGES, Who};
use super::router::{Router, ask, header};

fn path_of(path: &str, id: &str) -> String {
    path.replace("{id}", id)
}

#[actix_web::test]
async fn every_page_leads_strangers_to_its_own_door_and_takes_no_form_of_another_site() {
    let router = Router::start().await;
    let owner = router.owner("ada@example.com", "5").await;
    let (_, key) = router
        .make_key(&owner, json!({ "scopes": ["inference", "read", "manage"] }))
        .await;
    let (member, operator) = (
        Browser::of(&router, &owner),
        Browser::operator(&router).await,
    );
    let stranger = Browser::new(&router.url, "");
    let forged = Browser::new(&router.url, "mr=mr_ss_nonsense; mr-admin=nonsense");
    for (method, path, who) in PAGES {
        let path = path_of(path, "x");
        let (door, own, others) = match who {
            Who::Everyone => continue,
            Who::Member => ("/login?next=", &member, &operator),
            Who::Console => ("/admin/sign-in?next=", &operator, &member),
        };
        for browser in [&stranger, &forged, others] {
            let answer = match *method {
                "GET" => browser.get(&path).await,
                _ => browser.send(&path, &[]).await,
            };
            assert_eq!(answer.status(), 303, "{method} {path}");
            let to = header(answer.headers(), "location");
            assert!(to.starts_with(door), "{method} {path}: {to}");
        }
        if *method == "POST" {
            for site in ["cross-site", "same-site"] {
                let answer = own.send_from(site, &path, &[]).await;
                assert_eq!(answer.status(), 403, "{path} from {site}");
            }
        }
    }
    // Nothing of that has happened: the session, the key and the balance are as they were.
    assert_eq!(member.get("/dashboard").await.status(), 200);
    assert_eq!(operator.get("/admin").await.status(), 200);
    assert_eq!(router.balance(&key).await, "5");
    router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
}

#[actix_web::test]
async fn what_belongs_to_others_is_not_there() {
    let router = Router::start().await;
    let ada = router.owner("ada@example.com", "5").await;
    let eve = Browser::of(&router, &router.owner("eve@example.com", "5").await);
    let (id, key) = router.make_key(&ada, json!({})).await;
    let (headers, _) = router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
    let generation = header(&headers, "x-model-router-generation-id");
    for path in [
        format!("/dashboard/keys/{id}"),
        format!("/dashboard/requests/{generation}"),
        "/dashboard/receipts/order_01KBBBBBBBBBBBBBBBBBBBBBBB".to_owned(),
    ] {
        assert_eq!(eve.get(&path).await.status(), 404, "{path}");
    }
    for (path, fields) in [
        (
            format!("/dashboard/keys/{id}"),
            vec![("name", "x"), ("scopes", "read")],
        ),
        (
            format!("/dashboard/keys/{id}/access"),
            vec![("disabled", "yes")],
        ),
        (format!("/dashboard/keys/{id}/delete"), vec![]),
        (
            format!("/dashboard/profile/sessions/{}", ada.session),
            vec![],
        ),
    ] {
        assert_eq!(eve.send(&path, &fields).await.status(), 404, "{path}");
    }
    let page = eve.page(&format!("/dashboard/requests?key={id}")).await;
    assert!(!page.contains(generation));
    router.served(&key, &ask("gpt-4.1-mini", "Hello")).await;
    assert_eq!(
        Browser::of(&router, &ada).get("/dashboard").await.status(),
        200
    );
}
