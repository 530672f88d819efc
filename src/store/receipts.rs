//! Orders and payments, read by the page: what a customer ordered, paid and got back.

use super::book::{DepositOrder, Payment};
use super::error::StoreError;
use super::{Archive, codec, key};
use crate::ids::{AccountId, OrderId};
use crate::money::Cents;

/// A page of orders, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipts {
    /// The orders, and what has gone back of each.
    pub orders: Vec<(DepositOrder, Cents)>,
    /// Where the next page begins; `None` when there is no older one.
    pub before: Option<OrderId>,
}

/// What a payment was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The order that it was for.
    pub order: OrderId,
    /// What was paid, fee included.
    pub paid: Cents,
    /// What has gone back.
    pub back: Cents,
}

impl Archive {
    /// A customer's orders, newest first, at most `limit` of them, all before the order `before`.
    pub fn receipts(
        &self,
        account: AccountId,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<Receipts, StoreError> {
        let end = before.unwrap_or(OrderId::from_bytes([0xff; 16]));
        let range = key::orders(account)..key::order(account, end);
        let mut page = Receipts {
            orders: Vec::new(),
            before: None,
        };
        for row in self.db().range(range)?.rev().take(limit) {
            let (key, value) = row?;
            let order: DepositOrder = codec::decode(&key, &value)?;
            page.before = (page.orders.len() + 1 == limit).then_some(order.id);
            let receipt = order.intent().map(|intent| self.receipt(intent));
            let back = receipt.transpose()?.flatten().map(|receipt| receipt.back);
            page.orders.push((order, back.unwrap_or_default()));
        }
        Ok(page)
    }

    /// One of a customer's orders, and what has gone back of it.
    pub fn order(
        &self,
        account: AccountId,
        id: OrderId,
    ) -> Result<Option<(DepositOrder, Cents)>, StoreError> {
        let key = key::order(account, id);
        let Some(value) = self.db().get(&key)? else {
            return Ok(None);
        };
        let order: DepositOrder = codec::decode(&key, &value)?;
        let receipt = order.intent().map(|intent| self.receipt(intent));
        let back = receipt.transpose()?.flatten().map(|receipt| receipt.back);
        Ok(Some((order, back.unwrap_or_default())))
    }

    /// What a payment was.
    pub fn receipt(&self, intent: &str) -> Result<Option<Receipt>, StoreError> {
        let key = key::payment(intent);
        let stored = self.db().get(&key)?;
        let payment = stored.map(|value| codec::decode::<Payment>(&key, &value));
        Ok(payment.transpose()?.map(|payment| Receipt {
            order: payment.order,
            paid: payment.paid,
            back: payment.back,
        }))
    }
}
