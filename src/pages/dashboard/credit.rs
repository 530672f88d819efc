//! Credit: deposits, auto-recharge, transactions and receipts.

use askama::Template;

use super::super::{Frame, Panel, Typed};

/// What an account paid and was charged.
#[derive(Template)]
#[template(path = "dashboard/credit.html")]
pub struct Credit {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// What it can spend, in USD.
    pub balance: String,
    /// Whether money can be deposited.
    pub has_deposits: bool,
    /// Amounts to choose from: what is paid, the fee, the credit, in USD.
    pub amounts: Vec<[String; 3]>,
    /// The fee in percent.
    pub fee_percent: u64,
    /// The least and the most that can be paid at one time, in USD.
    pub bounds: [String; 2],
    /// Deposit and auto-recharge as they stand in their fields.
    pub form: Typed,
    /// Tells one filled-in deposit form from another.
    pub once: String,
    /// The saved card, in words; empty without one.
    pub card: String,
    /// How the auto-recharge stands, in words.
    pub recharge: String,
    /// What was ordered, newest first.
    pub orders: Vec<OrderRow>,
    /// What moved the balance, newest first.
    pub transactions: Vec<TransactionRow>,
    /// The transactions as CSV.
    pub csv: String,
    /// Where the next page of transactions is; empty on the last one.
    pub older: String,
}

/// One deposit.
pub struct OrderRow {
    /// Its id.
    pub id: String,
    /// When it was ordered.
    pub at: String,
    /// Who ordered it: by hand or by auto-recharge.
    pub origin: String,
    /// What was or is to be paid, in USD.
    pub paid: String,
    /// Our fee.
    pub fee: String,
    /// What became credit.
    pub credit: String,
    /// What has gone back.
    pub back: String,
    /// `open`, `expired`, `failed` or `paid`.
    pub status: String,
}

/// One transaction.
pub struct TransactionRow {
    /// When it was booked.
    pub at: String,
    /// What it is, in a word.
    pub kind: String,
    /// What it changed, in USD with its sign.
    pub amount: String,
    /// What it was for.
    pub what: String,
    /// Where more of that is; empty for nowhere.
    pub href: String,
}

/// A deposit on its way to the card processor.
#[derive(Template)]
#[template(path = "dashboard/going.html")]
pub struct Going {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// What is paid, in USD.
    pub paid: String,
    /// Our fee.
    pub fee: String,
    /// What becomes credit.
    pub credit: String,
    /// The processor's page.
    pub url: String,
}

/// A receipt, to be printed.
#[derive(Template)]
#[template(path = "dashboard/receipt.html")]
pub struct Receipt {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// Who sells.
    pub seller: String,
    /// Who bought.
    pub email: String,
    /// The account's id.
    pub account: String,
    /// The deposit.
    pub order: OrderRow,
    /// When it was paid.
    pub paid_at: String,
    /// The processor's name of the payment.
    pub payment: String,
}
