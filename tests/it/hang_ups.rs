//! Wherever and however a caller leaves, what was delivered is charged exactly once.

use std::time::Duration;

use futures_util::future::join_all;
use model_router::sandbox::{Ending, Manner, Point, SeenCall, Vendor};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::router::{Account, Router};
use super::ruptures::{Charge, Costs, Row, TOKENS, account, at_rest, pays, recorded, router, saw};

const HALF: usize = TOKENS / 2;

/// How a caller leaves.
#[derive(Clone, Copy, Debug)]
enum Exit {
    Fin,
    Rst,
}

/// The provider falls silent at the point, so that the caller leaves exactly there.
fn rows() -> Vec<(Row, Exit)> {
    let row = |point, stream, charge| Row {
        point,
        manner: Manner::Stall,
        stream,
        charge,
    };
    let rows = [
        row(Point::BeforeHeaders, true, Charge::Nothing),
        row(Point::AfterHeaders, true, Charge::Nothing),
        row(Point::AfterRole, true, Charge::Nothing),
        row(Point::AfterTokens(1), true, Charge::Delivered(1)),
        row(Point::AfterTokens(HALF), true, Charge::Delivered(HALF)),
        row(Point::BeforeLast(2), true, Charge::Delivered(TOKENS)),
        row(Point::BeforeLast(1), true, Charge::Whole),
        row(Point::BeforeHeaders, false, Charge::Nothing),
        row(Point::AfterHeaders, false, Charge::Nothing),
        row(Point::AfterTokens(1), false, Charge::Nothing),
    ];
    rows.into_iter()
        .flat_map(|row| [(row, Exit::Fin), (row, Exit::Rst)])
        .collect()
}

#[actix_web::test]
async fn every_point_at_which_a_caller_can_leave_ends_in_one_exact_charge_or_none() {
    let cases = rows();
    let rows: Vec<Row> = cases.iter().map(|(row, _)| *row).collect();
    let router = router(&rows, |_| {}).await;
    let costs = Costs::learn(&router, &rows).await;
    let leaving = (0..)
        .zip(&cases)
        .map(|(number, (row, exit))| leaves(&router, number, row, *exit, costs));
    join_all(leaving).await;
    at_rest(&router).await;
}

async fn leaves(router: &Router, number: usize, row: &Row, exit: Exit, costs: Costs) {
    let shown = format!("{row:?} {exit:?}");
    let account = account(router).await;
    let mut connection = send(router, &account, &row.request(number).to_string()).await;
    let script = router.sandbox.script(Vendor::OpenAi);
    let model = Row::model(number);
    let arrived = |calls: &[SeenCall]| calls.iter().any(|call| call.model == model);
    assert!(script.wait(arrived).await, "{shown}: nothing went upstream");
    let mut seen = String::new();
    let awaited = match row.charge {
        Charge::Nothing => 0,
        Charge::Delivered(tokens) => tokens,
        Charge::Whole => TOKENS,
    };
    let finished = matches!(row.point, Point::BeforeLast(_));
    while pieces(&seen).len() < awaited
        || (finished && !seen.contains("\"finish_reason\":\"stop\""))
    {
        let mut buffer = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(10), connection.read(&mut buffer));
        let length = read
            .await
            .unwrap_or_else(|_| panic!("{shown}: {seen}"))
            .unwrap();
        assert!(length > 0, "{shown}: {seen}");
        seen.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    saw(row.charge, &pieces(&seen), &shown);
    leave(connection, exit).await;

    let closed = |calls: &[SeenCall]| {
        let ours = calls.iter().find(|call| call.model == model);
        ours.is_some_and(|call| call.ending == Ending::HungUp)
    };
    assert!(
        script.wait(closed).await,
        "{shown}: the upstream stays open"
    );
    let text = pieces(&seen).concat();
    // The usage passes the caller by: one that leaves behind the last token may leave before it.
    let costs: Vec<i64> = match row.charge {
        Charge::Whole => vec![
            costs.of(Charge::Whole, &text),
            costs.of(Charge::Delivered(TOKENS), &text),
        ],
        charge @ (Charge::Nothing | Charge::Delivered(_)) => vec![costs.of(charge, &text)],
    };
    let paid = pays(router, &account, &costs, &shown).await;
    if let Some(id) = generation(&seen) {
        recorded(router, &account, id, paid, &shown).await;
    }
}

async fn send(router: &Router, account: &Account, body: &str) -> TcpStream {
    let host = router.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        account.key,
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

async fn leave(mut connection: TcpStream, exit: Exit) {
    match exit {
        Exit::Fin => connection.shutdown().await.unwrap(),
        Exit::Rst => SockRef::from(&connection)
            .set_linger(Some(Duration::ZERO))
            .unwrap(),
    }
}

/// The pieces of text that came, each in an event of its own.
fn pieces(seen: &str) -> Vec<String> {
    seen.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|data| serde_json::from_str::<serde_json::Value>(data).ok())
        .filter_map(|chunk| {
            chunk["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .filter(|piece| !piece.is_empty())
        .collect()
}

fn generation(seen: &str) -> Option<&str> {
    seen.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("x-model-router-generation-id")
            .then_some(value.trim())
    })
}
