//! Starting, stopping and starting again.

use serde_json::json;

use super::Rig;
use crate::sandbox::{Ending, Fault, Sandbox, Vendor};

#[actix_web::test]
async fn stop_cuts_open_connections_and_restart_brings_the_port_back() {
    let rig = Rig::start(Vendor::OpenAi).await;
    let url = rig.sandbox.base_url(Vendor::OpenAi);
    rig.script().set(Fault::Stall(0));
    let body = rig.body("Hi", json!({"stream": true}));
    let mut open = rig.send(&body).await.unwrap();
    open.chunk().await.unwrap().unwrap();
    rig.sandbox.stop(Vendor::OpenAi).await;
    assert!(open.chunk().await.is_err());
    assert!(rig.send(&body).await.unwrap_err().is_connect());
    let seen = |calls: &[crate::sandbox::SeenCall]| calls[0].ending == Ending::HungUp;
    assert!(rig.script().wait(seen).await);
    rig.sandbox.restart(Vendor::OpenAi).await.unwrap();
    rig.script().clear();
    assert_eq!(rig.sandbox.base_url(Vendor::OpenAi), url);
    assert_eq!(rig.chat(&body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn works_without_an_actix_system() {
    let rig = Rig::start(Vendor::Groq).await;
    assert!(rig.sandbox.base_url(Vendor::Groq).ends_with("/openai/v1"));
    assert_eq!(rig.chat(&rig.body("Hi", json!({}))).await.status, 200);
    rig.sandbox.stop(Vendor::Groq).await;
    assert!(rig.send(&rig.body("Hi", json!({}))).await.is_err());
}

#[actix_web::test]
async fn a_provider_that_was_not_started_answers_nothing() {
    let sandbox = Sandbox::start(&[Vendor::Xai]).await.unwrap();
    assert_eq!(
        sandbox.base_url(Vendor::Groq),
        "http://127.0.0.1:0/openai/v1"
    );
    assert!(sandbox.restart(Vendor::Groq).await.is_err());
    sandbox.stop(Vendor::Groq).await;
    assert!(sandbox.script(Vendor::Groq).calls().is_empty());
}

#[actix_web::test]
async fn a_dropped_sandbox_stops_listening() {
    let rig = Rig::start(Vendor::Xai).await;
    let address = rig.sandbox.base_url(Vendor::Xai);
    let Rig {
        sandbox, client, ..
    } = rig;
    drop(sandbox);
    let gone = async {
        while client.get(&address).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(5);
    assert!(tokio::time::timeout(patience, gone).await.is_ok());
}
