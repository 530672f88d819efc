//! A catalog of models that break, one for every point and manner, and what each of them may cost.

use std::fmt::Write;
use std::time::{Duration, Instant};

use model_router::config::Settings;
use model_router::sandbox::{Manner, Point};
use serde_json::{Value, json};

use super::router::{Account, Router, ask, pico, text};

/// Tokens of a whole answer.
pub const TOKENS: usize = 20;
/// Pico-dollars for a token in and a token out.
const INPUT: i64 = 1_000_000;
const OUTPUT: i64 = 4_000_000;
/// What each account has.
const CREDIT: i64 = 1_000_000_000_000;

/// What a broken answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Not a picodollar.
    Nothing,
    /// So many tokens of text, counted by the router because the provider did not.
    Delivered(usize),
    /// What the provider counted.
    Whole,
}

/// One model that breaks.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub point: Point,
    pub manner: Manner,
    pub stream: bool,
    pub charge: Charge,
}

impl Row {
    /// The name of the row's model, to us and at the provider.
    pub fn model(number: usize) -> String {
        format!("breaks-{number}")
    }

    pub fn request(&self, number: usize) -> Value {
        let mut body = ask(&Self::model(number), &prompt());
        body["stream"] = json!(self.stream);
        body
    }

    fn fault(&self) -> String {
        let point = match self.point {
            Point::BeforeHeaders => "before_headers".to_owned(),
            Point::AfterHeaders => "after_headers".to_owned(),
            Point::AfterRole => "after_role".to_owned(),
            Point::AfterTokens(tokens) => format!("after_tokens:{tokens}"),
            Point::BeforeLast(pieces) => format!("before_last:{pieces}"),
        };
        let manner = match self.manner {
            Manner::Fin => "fin",
            Manner::Rst => "rst",
            Manner::Stall => "stall",
            Manner::Error => "error",
            Manner::Broken => "broken",
        };
        format!("break={point}/{manner}")
    }
}

fn prompt() -> String {
    format!("[[tokens:{TOKENS}]] Tell me of the sea.")
}

/// A router with a model for every row, and a last one that does not break.
pub async fn router(rows: &[Row], change: impl FnOnce(&mut Settings)) -> Router {
    let mut overlay = String::new();
    let faults = rows.iter().map(Row::fault).chain([String::new()]);
    for (number, fault) in faults.enumerate() {
        let name = Row::model(number);
        write!(
            overlay,
            "[[model]]\nid = \"{name}\"\nprovider = \"openai\"\nupstream = \"{name}!{fault}\"\n\
             tier = \"standard\"\ncontext_window = 100000\nmax_output = 4000\n\
             price = {{ input = {}, output = {} }}\nabilities = []\nquality = 0.5\ncoding = 0.5\n\
             ttft_ms = 500\ntokens_per_s = 100\n",
            INPUT / 1_000_000,
            OUTPUT / 1_000_000,
        )
        .unwrap();
    }
    Router::with(&overlay, change).await
}

/// An account with a dollar.
pub async fn account(router: &Router) -> Account {
    router.account("1.00").await
}

/// What answers cost when nothing breaks, and how the router counts when the provider does not.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    whole: i64,
    prompt_estimate: i64,
}

impl Costs {
    /// Asks the model that does not break.
    pub async fn learn(router: &Router, rows: &[Row]) -> Self {
        let account = account(router).await;
        let body = ask(&Row::model(rows.len()), &prompt());
        let (_, answer) = router.served(&account, &body).await;
        let tokens = |name: &str| answer["usage"][name].as_i64().unwrap();
        assert_eq!(tokens("completion_tokens"), i64::try_from(TOKENS).unwrap());
        let whole = tokens("prompt_tokens") * INPUT + tokens("completion_tokens") * OUTPUT;
        assert_eq!(pico(&answer["usage"]["cost"].to_string()), whole);
        let dry: Value = router
            .post(&account, "/v1/route")
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        Self {
            whole,
            prompt_estimate: dry["prompt_tokens_estimate"].as_i64().unwrap(),
        }
    }

    /// The exact cost of a charge, of which the caller saw so much text.
    pub fn of(&self, charge: Charge, seen: &str) -> i64 {
        match charge {
            Charge::Nothing => 0,
            Charge::Whole => self.whole,
            Charge::Delivered(_) => {
                // A token for every four bytes begun, as the API's reference says.
                let tokens = i64::try_from(seen.len().div_ceil(4)).unwrap();
                self.prompt_estimate * INPUT + tokens * OUTPUT
            }
        }
    }
}

/// The caller saw as much text as the charge is for.
pub fn saw(charge: Charge, pieces: &[String], row: &str) {
    match charge {
        Charge::Nothing => assert_eq!(pieces.len(), 0, "{row}"),
        Charge::Delivered(tokens) => assert_eq!(pieces.len(), tokens, "{row}: {pieces:?}"),
        Charge::Whole => assert_eq!(pieces.len(), TOKENS, "{row}: {pieces:?}"),
    }
}

/// Waits until the account has paid exactly one of these and holds nothing, at most ten seconds.
/// Answers with which.
pub async fn pays(router: &Router, account: &Account, costs: &[i64], row: &str) -> i64 {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let paid = CREDIT - pico(&router.balance(account).await);
        if costs.contains(&paid) {
            return paid;
        }
        assert!(
            Instant::now() < deadline,
            "{row}: paid {paid}, not {costs:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The record of a generation says what was charged.
pub async fn recorded(router: &Router, account: &Account, id: &str, cost: i64, row: &str) {
    let record = router.get(account, &format!("/v1/generations/{id}")).await;
    let total = pico(&text(&record["data"]["total_cost"]));
    assert_eq!(total, cost, "{row}: {record}");
}

/// After all of it nothing is held and the ledger verifies.
pub async fn at_rest(router: &Router) {
    let request = router
        .client
        .get(format!("{}/admin/ledger/verify", router.url))
        .bearer_auth(super::router::ADMIN);
    let report: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(report["clean"], true, "{report}");
    assert_eq!(report["open_holds"], 0, "{report}");
}
