//! The classifier's actor: a thread of its own, so that a long conversation never stalls others.

use std::path::PathBuf;

use actix::{Actor, Addr, Context, Handler, Message, MessageResult};

use super::guard;
use crate::config::{self, ConfigError, Share};
use crate::routing::classify::shares::Shares;
use crate::routing::classify::{
    Circumstances, Conversation, Model, Verdict, WeightsError, builtin, classify, weights,
};

/// Why weights were refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file does not open.
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
    /// It is not what it should be.
    #[error("auto.weights: {path}: {why}")]
    Refused {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: WeightsError,
    },
}

/// Reads the weights of a file, or the built-in ones.
pub fn load(path: Option<&PathBuf>) -> Result<Model, LoadError> {
    let (name, model) = match path {
        Some(path) => {
            let bytes = config::read_bytes(path)?;
            (path.display().to_string(), weights::parse(&bytes))
        }
        None => ("built in".to_owned(), builtin()),
    };
    model.map_err(|why| LoadError::Refused { path: name, why })
}

/// Where the weights come from, and who scores by them.
pub struct WeightsFile {
    /// A file in place of the built-in ones.
    pub path: Option<PathBuf>,
    /// Who takes them.
    pub classifier: Addr<Classifier>,
}

impl WeightsFile {
    /// Reads and checks them. Nothing is taken yet.
    pub fn read(&self) -> Result<Model, LoadError> {
        load(self.path.as_ref())
    }

    /// Lets the classifier take them: before whatever it is asked from now on.
    pub fn hand_over(&self, model: Model) {
        self.classifier.do_send(TakeWeights(Box::new(model)));
    }
}

/// Scores conversations.
pub struct Classifier {
    model: Model,
    shares: Option<Shares>,
}

impl Classifier {
    /// A classifier with a model that was loaded.
    pub fn new(model: Model, share: Option<Share>) -> Self {
        tracing::info!(version = model.version(), "classifier weights loaded");
        Self {
            model,
            shares: share.map(|share| Shares::new(share.economy, share.standard)),
        }
    }

    fn verdict(&mut self, ask: &Classify) -> Verdict {
        let circumstances = Circumstances {
            thresholds: self.shares.as_ref().map(Shares::thresholds),
            ..ask.circumstances
        };
        let verdict = || classify(&self.model, &ask.conversation, &circumstances);
        let verdict = guard::contained(verdict).unwrap_or_else(Verdict::of_nothing);
        if let (Some(shares), Purpose::Serve) = (&mut self.shares, ask.purpose)
            && let Some(moved) = shares.observe(verdict.score)
        {
            tracing::info!(
                standard = moved.standard,
                premium = moved.premium,
                "thresholds of auto follow the wanted shares"
            );
        }
        verdict
    }
}

/// What a verdict is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A request is served by it.
    Serve,
    /// It is only shown.
    Explain,
}

/// Asks for the tier of a conversation.
#[derive(Message)]
#[rtype(result = "Verdict")]
pub struct Classify {
    /// What was said.
    pub conversation: Conversation,
    /// What else the tier depends on.
    pub circumstances: Circumstances,
    /// Whether the answer counts.
    pub purpose: Purpose,
}

/// Takes weights that were read and checked.
#[derive(Message)]
#[rtype(result = "()")]
struct TakeWeights(Box<Model>);

impl Actor for Classifier {
    type Context = Context<Self>;
}

impl Handler<Classify> for Classifier {
    type Result = MessageResult<Classify>;

    fn handle(&mut self, ask: Classify, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.verdict(&ask))
    }
}

impl Handler<TakeWeights> for Classifier {
    type Result = ();

    fn handle(&mut self, TakeWeights(model): TakeWeights, _: &mut Context<Self>) {
        self.model = *model;
    }
}
