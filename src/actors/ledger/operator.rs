//! What the operator does to balances: grants and corrections.

use actix::{Context, Handler, ResponseFuture};

use super::{Adjust, Grant, Ledger, StorageDown, promised};
use crate::actors::clock;
use crate::money::Picodollars;
use crate::store::CreditError;

impl Handler<Grant> for Ledger {
    type Result = ResponseFuture<Result<Result<Picodollars, CreditError>, StorageDown>>;

    fn handle(&mut self, grant: Grant, ctx: &mut Context<Self>) -> Self::Result {
        let now_ms = clock::now_ms();
        let granted = self.book.grant(
            grant.account,
            grant.amount,
            &grant.idempotency_key,
            &grant.reason,
            now_ms,
        );
        self.wake(ctx, grant.account);
        self.publish(grant.account);
        let answered = self.when_durable(ctx, granted);
        Box::pin(promised(answered))
    }
}

impl Handler<Adjust> for Ledger {
    type Result = ResponseFuture<Result<Result<Picodollars, CreditError>, StorageDown>>;

    fn handle(&mut self, adjust: Adjust, ctx: &mut Context<Self>) -> Self::Result {
        let adjusted = self.book.adjust(
            adjust.account,
            adjust.amount,
            &adjust.idempotency_key,
            &adjust.reason,
            clock::now_ms(),
        );
        self.wake(ctx, adjust.account);
        self.publish(adjust.account);
        let answered = self.when_durable(ctx, adjusted);
        Box::pin(promised(answered))
    }
}
