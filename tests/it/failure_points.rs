//! Wherever and however a provider's answer breaks, the caller pays exactly once or nothing.

use futures_util::future::join_all;
use model_router::sandbox::{Manner, Point};
use serde_json::Value;

use super::router::{Router, chunks, header, pico};
use super::ruptures::{Charge, Costs, Row, TOKENS, account, at_rest, pays, recorded, router, saw};

const MANNERS: [Manner; 5] = [
    Manner::Fin,
    Manner::Rst,
    Manner::Stall,
    Manner::Error,
    Manner::Broken,
];
const HALF: usize = TOKENS / 2;

/// What each point of a stream costs when the answer ends there; the last column when one piece
/// cannot be read and the rest comes all the same.
const STREAMED: [(Point, Charge, Charge); 7] = [
    (Point::BeforeHeaders, Charge::Nothing, Charge::Nothing),
    // A stream whose first event cannot be read is none.
    (Point::AfterHeaders, Charge::Nothing, Charge::Nothing),
    (Point::AfterRole, Charge::Nothing, Charge::Whole),
    (Point::AfterTokens(1), Charge::Delivered(1), Charge::Whole),
    (
        Point::AfterTokens(HALF),
        Charge::Delivered(HALF),
        Charge::Whole,
    ),
    // Before the usage: every token has come, and its count has not.
    (
        Point::BeforeLast(2),
        Charge::Delivered(TOKENS),
        Charge::Whole,
    ),
    // Before [DONE]: the provider has counted.
    (Point::BeforeLast(1), Charge::Whole, Charge::Whole),
];

/// A whole answer that breaks anywhere is no answer.
const WHOLE: [Point; 3] = [
    Point::BeforeHeaders,
    Point::AfterHeaders,
    Point::AfterTokens(1),
];

fn rows() -> Vec<Row> {
    let streamed = STREAMED.iter().flat_map(|(point, ends, goes_on)| {
        MANNERS.map(|manner| Row {
            point: *point,
            manner,
            stream: true,
            charge: match manner {
                Manner::Broken => *goes_on,
                Manner::Fin | Manner::Rst | Manner::Stall | Manner::Error => *ends,
            },
        })
    });
    let whole = WHOLE.iter().flat_map(|point| {
        MANNERS.map(|manner| Row {
            point: *point,
            manner,
            stream: false,
            charge: Charge::Nothing,
        })
    });
    streamed.chain(whole).collect()
}

#[actix_web::test]
async fn every_point_at_which_an_answer_can_break_ends_in_one_exact_charge_or_none() {
    let rows = rows();
    assert_eq!(rows.len(), 50);
    let router = router(&rows, |settings| {
        settings.failover.last_first_token_ms = 1_500;
        settings.failover.idle_ms = 1_500;
        settings.failover.total_ms = 3_000;
    })
    .await;
    let costs = Costs::learn(&router, &rows).await;
    join_all(
        (0..)
            .zip(&rows)
            .map(|(number, row)| breaks(&router, number, row, costs)),
    )
    .await;
    at_rest(&router).await;
}

async fn breaks(router: &Router, number: usize, row: &Row, costs: Costs) {
    let shown = format!("{row:?}");
    let account = account(router).await;
    let response = router.chat(&account, &row.request(number)).await;
    if row.charge == Charge::Nothing {
        assert!(
            response.status().is_client_error() || response.status().is_server_error(),
            "{shown}: {}",
            response.status()
        );
        assert!(
            !response.headers().contains_key("x-model-router-cost"),
            "{shown}"
        );
        pays(router, &account, &[0], &shown).await;
        return;
    }
    assert_eq!(response.status(), 200, "{shown}");
    let id = header(response.headers(), "x-model-router-generation-id").to_owned();
    let chunks = chunks(&response.text().await.unwrap());
    let pieces = pieces(&chunks);
    saw(row.charge, &pieces, &shown);
    let cost = costs.of(row.charge, &pieces.concat());
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(pico(&usage["cost"].to_string()), cost, "{shown}: {usage}");
    let counted = matches!(row.charge, Charge::Delivered(_));
    assert_eq!(usage["estimated"] == true, counted, "{shown}: {usage}");
    recorded(router, &account, &id, cost, &shown).await;
    pays(router, &account, &[cost], &shown).await;
}

/// The pieces of text that came.
fn pieces(chunks: &[Value]) -> Vec<String> {
    chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .filter(|piece| !piece.is_empty())
        .map(str::to_owned)
        .collect()
}
