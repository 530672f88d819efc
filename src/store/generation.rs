//! The record of one inference, as `GET /v1/generations/{id}` shows it. Never any prompt text.

use serde::{Deserialize, Serialize};

use super::db::Db;
use super::error::StoreError;
use super::{codec, key};
use crate::ids::{AccountId, GenerationId, KeyId, RequestId};
use crate::money::Picodollars;
use crate::usage::Usage;

/// Most attempts that are kept.
const MOST_ATTEMPTS: usize = 16;
/// Most candidates that are kept.
const MOST_CANDIDATES: usize = 8;
/// Longest text of one field, in bytes.
const MOST_TEXT_BYTES: usize = 128;

/// One inference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// Its id, and its hold's.
    pub id: GenerationId,
    /// The HTTP request it answered.
    pub request_id: RequestId,
    /// Who asked.
    pub account: AccountId,
    /// With which key.
    pub key: KeyId,
    /// When the request came, in milliseconds since 1970.
    pub created_ms: u64,
    /// Catalog id of the model that ran.
    pub model: String,
    /// Who ran it.
    pub provider: String,
    /// The tier that was served, when one was.
    pub tier: Option<String>,
    /// The caller's preference inside the tier.
    pub prefer: String,
    /// The classifier's score of 0 to 100, for `auto`.
    pub auto_score: Option<u8>,
    /// How the answer was delivered.
    pub streamed: Delivery,
    /// Why the answer ended, in OpenAI's words.
    pub finish_reason: Option<String>,
    /// Why it ended, in the provider's word.
    pub native_finish_reason: Option<String>,
    /// Its tokens, when they are known or estimated.
    pub usage: Option<Usage>,
    /// Given to the ledger: the exact cost. In the stored record: what was charged.
    pub cost: Picodollars,
    /// Time to first token.
    pub ttft_ms: Option<u64>,
    /// Time to the end of the answer.
    pub latency_ms: u64,
    /// What was tried, in order.
    pub attempts: Vec<AttemptRecord>,
    /// How it ended.
    pub status: Status,
    /// The price list that the cost was computed with.
    pub price_version: String,
    /// Who could have answered, best first, as routing saw them; no more than eight. `None` in records
    /// of before they were kept.
    #[serde(default)]
    pub candidates: Option<Vec<CandidateRecord>>,
}

/// One model that could have answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateRecord {
    /// Its catalog id.
    pub model: String,
    /// What the caller was expected to pay for the request.
    pub cost: Picodollars,
    /// The time to its first token that was expected.
    pub ttft_ms: u64,
    /// Where it stood.
    pub state: CandidateState,
}

/// Where a candidate stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CandidateState {
    /// Requests flowed.
    Flowing,
    /// It was left alone; only a request that names it tries it.
    Tripped,
    /// One request found out whether it is well again.
    Probing,
    /// Its provider had no key.
    Unconfigured,
}

impl CandidateState {
    /// The word on the wire and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flowing => "flowing",
            Self::Tripped => "tripped",
            Self::Probing => "probing",
            Self::Unconfigured => "unconfigured",
        }
    }
}

/// One attempt at one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The provider.
    pub provider: String,
    /// Catalog id of the model.
    pub model: String,
    /// `ok`, a status code or the kind of fault.
    pub outcome: String,
}

/// How an answer was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// As one JSON body.
    Whole,
    /// As server-sent events.
    Stream,
}

/// How a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The answer was delivered whole.
    Ok,
    /// It failed, before or in the middle of the answer.
    Failed,
    /// The client left.
    Cancelled,
}

/// A record as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptRecord {
    /// Where the chain ended when it was kept.
    pub at: u64,
    pub record: Generation,
}

impl KeptRecord {
    /// Reads the value of a row. One of before there were candidates ends before them.
    pub fn decode(key: &[u8], value: &[u8]) -> Result<Self, StoreError> {
        codec::decode_grown(key, value)
    }
}

impl Generation {
    /// Reads an account's stored record.
    pub fn read(db: &Db, account: AccountId, id: GenerationId) -> Result<Option<Self>, StoreError> {
        let key = key::record(account, id);
        let stored = db.get(&key)?;
        let kept = stored.map(|bytes| KeptRecord::decode(&key, &bytes));
        Ok(kept.transpose()?.map(|kept| kept.record))
    }

    /// Reads a row of before records stood by account.
    pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<Self, StoreError> {
        codec::decode_grown(key, value)
    }

    /// Cuts lists and texts to what may be stored.
    pub(super) fn bounded(mut self) -> Self {
        for text in [
            &mut self.model,
            &mut self.provider,
            &mut self.prefer,
            &mut self.price_version,
        ] {
            cut(text);
        }
        for text in [
            &mut self.tier,
            &mut self.finish_reason,
            &mut self.native_finish_reason,
        ] {
            text.iter_mut().for_each(cut);
        }
        self.attempts.truncate(MOST_ATTEMPTS);
        for attempt in &mut self.attempts {
            cut(&mut attempt.provider);
            cut(&mut attempt.model);
            cut(&mut attempt.outcome);
        }
        if let Some(candidates) = &mut self.candidates {
            candidates.truncate(MOST_CANDIDATES);
            for candidate in candidates {
                cut(&mut candidate.model);
            }
        }
        self
    }
}

fn cut(text: &mut String) {
    text.truncate(text.floor_char_boundary(MOST_TEXT_BYTES));
}
