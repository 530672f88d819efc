//! Mails that an account's owner gets without having asked: about sign-ins and keys, as the settings
//! say.

use model_router::actors::mailer::Finish;
use reqwest::Method;
use serde_json::json;

use super::mailbox::{SignedIn, mails};
use super::router::Router;

const ADA: &str = "ada@example.com";

impl Router {
    /// The subjects of all mails to an address but those with a code, oldest first, once none is on
    /// its way.
    pub async fn notices(&self, to: &str) -> Vec<String> {
        self.desk.mailer.send(Finish).await.unwrap();
        let mails = mails(&self.dir.path().join("var"), to);
        let subjects = mails.iter().map(|mail| {
            let line = mail.lines().find(|line| line.starts_with("Subject: "));
            line.unwrap()["Subject: ".len()..].trim().to_owned()
        });
        subjects
            .filter(|subject| subject != "Your sign-in code")
            .collect()
    }
}

async fn change_keys(router: &Router, owner: &SignedIn) {
    let named = json!({ "name": "<b>ci</b>" });
    let (id, _) = router.make_key(owner, named).await;
    let path = format!("/v1/keys/{id}");
    for (method, body) in [
        (Method::PATCH, json!({ "name": "other" })),
        (Method::PATCH, json!({ "disabled": true })),
        (Method::DELETE, json!({})),
    ] {
        let done = router.send(method, &path, &owner.token, &body).await;
        assert_eq!(done.status(), 200);
    }
}

#[actix_web::test]
async fn sign_ins_and_keys_are_told_and_the_first_sign_in_is_not() {
    let router = Router::start().await;
    let first = router.sign_in(ADA, 1).await;
    assert_eq!(router.notices(ADA).await, Vec::<String>::new());
    let second = router.sign_in(ADA, 2).await;
    change_keys(&router, &second).await;
    // Mails are sent side by side, and each file is named when its mail is sent.
    let mut subjects = router.notices(ADA).await;
    subjects.sort();
    let expected = [
        "An API key was created",
        "An API key was deleted",
        "An API key was switched off",
        "New sign-in to your account",
    ];
    assert_eq!(subjects, expected);
    let all = mails(&router.dir.path().join("var"), ADA).join("");
    for secret in [&first.token, &second.token] {
        assert!(!all.contains(secret.as_str()));
    }
    assert!(all.contains("&lt;b&gt;ci"), "{all}");
}

#[actix_web::test]
async fn who_wants_no_security_mails_gets_none() {
    let router = Router::start().await;
    let owner = router.sign_in(ADA, 1).await;
    let off = json!({ "notifications": { "security": false } });
    let done = router.send(Method::PATCH, "/v1/account", &owner.token, &off);
    assert_eq!(done.await.status(), 200);
    change_keys(&router, &owner).await;
    router.sign_in(ADA, 2).await;
    assert_eq!(router.notices(ADA).await, Vec::<String>::new());
}

#[actix_web::test]
async fn the_deletion_of_an_account_is_told_to_its_address() {
    let router = Router::start().await;
    let owner = router.sign_in(ADA, 1).await;
    let body = json!({ "email": ADA });
    let done = router.send(Method::DELETE, "/v1/account", &owner.token, &body);
    assert_eq!(done.await.status(), 200);
    assert_eq!(router.notices(ADA).await, ["Your account was deleted"]);
}

#[actix_web::test]
async fn an_account_gets_twenty_security_mails_an_hour() {
    let router = Router::start().await;
    let owner = router.sign_in(ADA, 1).await;
    for _ in 0..12 {
        let (id, _) = router.make_key(&owner, json!({})).await;
        let path = format!("/v1/keys/{id}");
        let gone = router
            .send(Method::DELETE, &path, &owner.token, &json!({}))
            .await;
        assert_eq!(gone.status(), 200);
    }
    assert_eq!(router.notices(ADA).await.len(), 20);
}
