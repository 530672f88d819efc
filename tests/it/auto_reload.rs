//! Catalog and weights of `auto` are read again together: both are taken, or neither.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::router::{Account, Router, ask, error_of, text};

const WEIGHTS: &[u8] = include_bytes!("../../data/auto.bin");
const CHECKSUM_BYTES: usize = 32;
const GOOD: &str = "[[model]]\nid = \"gpt-4.1\"\nquality = 0.7\n";
const WRONG: &str =
    "[[model]]\nid = \"gpt-4.1\"\nquality = 0.9\n[[model]]\nid = \"new\"\ntier = \"gold\"\n";

/// Weights that find everything hard: the bias is far above what anything takes away.
fn stern_weights() -> Vec<u8> {
    let mut bytes = WEIGHTS[..WEIGHTS.len() - CHECKSUM_BYTES].to_vec();
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let grams = 12 + number(8);
    let described: Value = serde_json::from_slice(&bytes[12..grams]).unwrap();
    let dimensions = usize::try_from(described["dimensions"].as_u64().unwrap()).unwrap();
    let features = described["features"].as_array().unwrap().len();
    let bias = grams + 4 + number(grams) * (8 + dimensions) + features * 4;
    bytes[bias..bias + 4].copy_from_slice(&(1_i32 << 28).to_le_bytes());
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    bytes
}

/// A router that reads both from files, and what it makes of a greeting.
struct Bench {
    router: Router,
    account: Account,
    weights: PathBuf,
    _dir: TempDir,
}

impl Bench {
    async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let weights = dir.path().join("auto.bin");
        fs::write(&weights, WEIGHTS).unwrap();
        let path = weights.clone();
        let router = Router::with(GOOD, |settings| settings.auto.weights = Some(path)).await;
        let account = router.account("5.00").await;
        Self {
            router,
            account,
            weights,
            _dir: dir,
        }
    }

    fn lay_over(&self, catalog: &str) {
        fs::write(self.router.dir.path().join("catalog.toml"), catalog).unwrap();
    }

    /// The score of a greeting, and the quality of a model.
    async fn stands(&self) -> (u64, Value) {
        let dry = self.router.post(&self.account, "/v1/route");
        let body = ask("auto", "What is the capital of Peru?");
        let said: Value = dry.json(&body).send().await.unwrap().json().await.unwrap();
        let model = self.router.get(&self.account, "/v1/models/gpt-4.1").await;
        (
            said["auto"]["score"].as_u64().unwrap(),
            model["quality"].clone(),
        )
    }

    async fn reload(&self) -> (u16, String) {
        let answer = self.router.admin("/admin/catalog/reload").send().await;
        let answer = answer.unwrap();
        if answer.status() == 200 {
            return (200, String::new());
        }
        let (status, error) = error_of(answer).await;
        (status, text(&error["message"]))
    }
}

#[actix_web::test]
async fn good_weights_wait_for_a_good_catalog() {
    let bench = Bench::start().await;
    let before = bench.stands().await;
    fs::write(&bench.weights, stern_weights()).unwrap();
    bench.lay_over(WRONG);
    let (status, message) = bench.reload().await;
    assert_eq!(status, 400);
    assert!(message.contains("catalog.toml:"), "{message}");
    assert_eq!(bench.stands().await, before, "neither was taken");

    bench.lay_over(&GOOD.replace("0.7", "0.8"));
    assert_eq!(bench.reload().await.0, 200);
    let (score, quality) = bench.stands().await;
    assert!(score > before.0 && score > 90, "{score}");
    assert_eq!(quality, json!(0.8));
}

#[actix_web::test]
async fn a_good_catalog_waits_for_good_weights() {
    let bench = Bench::start().await;
    let before = bench.stands().await;
    fs::write(&bench.weights, &stern_weights()[1..]).unwrap();
    bench.lay_over(&GOOD.replace("0.7", "0.8"));
    let (status, message) = bench.reload().await;
    assert_eq!(status, 400);
    assert!(message.contains("auto.weights"), "{message}");
    assert_eq!(bench.stands().await, before, "neither was taken");

    fs::write(&bench.weights, WEIGHTS).unwrap();
    assert_eq!(bench.reload().await.0, 200);
    assert_eq!(bench.stands().await, (before.0, json!(0.8)));
}
