//! What the ledger is asked for and answers from memory.

use actix::{Context, Handler, MessageResult};

use super::{AskKeyUsage, AskOverview, AskStatement, Ledger, Statement, clock};

impl Handler<AskStatement> for Ledger {
    type Result = MessageResult<AskStatement>;

    fn handle(&mut self, ask: AskStatement, _: &mut Context<Self>) -> Self::Result {
        let key = self.book.key_usage(ask.key, clock::now_ms());
        MessageResult(self.storage.may_answer().map(|()| Statement {
            balance: self.book.balance(ask.account),
            key,
        }))
    }
}

impl Handler<AskKeyUsage> for Ledger {
    type Result = MessageResult<AskKeyUsage>;

    fn handle(&mut self, AskKeyUsage(keys): AskKeyUsage, _: &mut Context<Self>) -> Self::Result {
        let now_ms = clock::now_ms();
        let usage = |key: &_| self.book.key_usage(*key, now_ms);
        MessageResult(
            self.storage
                .may_answer()
                .map(|()| keys.iter().map(usage).collect()),
        )
    }
}

impl Handler<AskOverview> for Ledger {
    type Result = MessageResult<AskOverview>;

    fn handle(&mut self, _: AskOverview, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.storage.may_answer().map(|()| self.book.overview()))
    }
}
