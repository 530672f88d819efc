//! The last bytes of an answer leave only when its charge is on disk.
//!
//! The tests stop the ledger's thread at a moment of their choice: what leaves meanwhile did not wait.

use std::sync::mpsc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use model_router::actors::ledger::Ledger;
use model_router::sandbox::{Ending, Fault, SeenCall, Vendor};
use serde_json::json;
use tokio::sync::oneshot;

use super::router::{Router, ask};

/// How long the ledger stands still while nothing may leave.
const STANDSTILL: Duration = Duration::from_millis(300);

/// Stops the ledger's thread until it is let go.
struct Stop {
    stopped: oneshot::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

impl actix::Message for Stop {
    type Result = ();
}

impl actix::Handler<Stop> for Ledger {
    type Result = ();

    fn handle(&mut self, stop: Stop, _: &mut Self::Context) {
        stop.stopped.send(()).ok();
        stop.go_on.recv().ok();
    }
}

/// A ledger that stands still, or will once it comes to the message; dropped, it goes on.
struct Stopped {
    stopped: oneshot::Receiver<()>,
    _go_on: mpsc::Sender<()>,
}

fn stop(router: &Router) -> Stopped {
    let (stopped, when_stopped) = oneshot::channel();
    let (let_go, go_on) = mpsc::channel();
    router.desk.ledger.do_send(Stop { stopped, go_on });
    Stopped {
        stopped: when_stopped,
        _go_on: let_go,
    }
}

impl Stopped {
    async fn reached(&mut self) {
        (&mut self.stopped).await.unwrap();
    }
}

async fn upstream_is_done(router: &Router) {
    let done = |calls: &[SeenCall]| calls.iter().all(|call| call.ending == Ending::Complete);
    assert!(router.sandbox.script(Vendor::OpenAi).wait(done).await);
}

/// Everything that comes while the ledger stands still.
async fn read_on(
    stream: &mut (impl Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin),
    seen: &mut String,
) {
    let pause = tokio::time::sleep(STANDSTILL);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return,
            piece = stream.next() => match piece {
                Some(piece) => seen.push_str(std::str::from_utf8(&piece.unwrap()).unwrap()),
                None => return,
            },
        }
    }
}

#[actix_web::test]
async fn the_end_of_a_stream_waits_for_the_settle_and_its_commit() {
    let router = Router::start().await;
    let account = router.account("1.00").await;
    router.sandbox.script(Vendor::OpenAi).set(Fault::GapMs(10));
    let mut body = ask("gpt-4.1", "[[tokens:10]] go");
    body["stream"] = json!(true);
    let mut stream = router.chat(&account, &body).await.bytes_stream();
    let first = stream.next().await.unwrap().unwrap();
    let mut seen = String::from_utf8(first.to_vec()).unwrap();

    let mut before_settle = stop(&router);
    before_settle.reached().await;
    upstream_is_done(&router).await;
    read_on(&mut stream, &mut seen).await;
    assert!(seen.contains("\"finish_reason\":\"stop\""), "{seen}");
    assert!(
        !seen.contains("\"usage\":{") && !seen.contains("[DONE]"),
        "{seen}"
    );

    // The settle waits in the mailbox by now; this stands behind it and before its commit.
    let mut before_commit = stop(&router);
    drop(before_settle);
    before_commit.reached().await;
    read_on(&mut stream, &mut seen).await;
    assert!(
        !seen.contains("\"usage\":{") && !seen.contains("[DONE]"),
        "{seen}"
    );

    drop(before_commit);
    while let Some(piece) = stream.next().await {
        seen.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    assert!(
        seen.contains("\"usage\":{") && seen.ends_with("data: [DONE]\n\n"),
        "{seen}"
    );
}

#[actix_web::test]
async fn a_whole_answer_waits_for_the_settle_and_its_commit() {
    let router = Router::start().await;
    let account = router.account("1.00").await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::DelayMs(200));
    let body = ask("gpt-4.1", "[[tokens:10]] go");
    let answer = router.chat(&account, &body);
    tokio::pin!(answer);
    let arrived = script.wait(|calls| !calls.is_empty());
    tokio::select! {
        arrived = arrived => assert!(arrived),
        _ = &mut answer => panic!("answered before anybody was asked"),
    }

    let mut before_settle = stop(&router);
    tokio::select! {
        () = async { before_settle.reached().await; upstream_is_done(&router).await; tokio::time::sleep(STANDSTILL).await } => {}
        _ = &mut answer => panic!("answered before it was settled"),
    }
    let mut before_commit = stop(&router);
    drop(before_settle);
    tokio::select! {
        () = async { before_commit.reached().await; tokio::time::sleep(STANDSTILL).await } => {}
        _ = &mut answer => panic!("answered before the settle was on disk"),
    }
    drop(before_commit);
    assert_eq!(answer.await.status(), 200);
}
