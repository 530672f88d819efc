//! The classifier's actor: a thread of its own, so that a long conversation never stalls others.

use actix::{Actor, Context, Handler, Message, MessageResult};

use crate::routing::classify::{Conversation, Verdict, classify};

/// Scores conversations.
#[derive(Default)]
pub struct Classifier;

/// Asks for the tier of a conversation.
#[derive(Message)]
#[rtype(result = "Verdict")]
pub struct Classify(pub Conversation);

impl Actor for Classifier {
    type Context = Context<Self>;
}

impl Handler<Classify> for Classifier {
    type Result = MessageResult<Classify>;

    fn handle(&mut self, ask: Classify, _: &mut Context<Self>) -> Self::Result {
        MessageResult(classify(&ask.0))
    }
}
