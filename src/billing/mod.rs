//! Card payments: the fee, Stripe's forms and answers, and what its signed events say. Pure.

mod card;
mod charge;
mod event;
mod fee;
mod form;
mod id;
mod reply;
mod signature;

pub use card::Card;
pub use charge::{Charge, Declined};
pub use event::{BadEvent, Currency, DisputeStage, Event, Mode, Notice, Paid};
pub use fee::{FEE_PERCENT, LEAST_DEPOSIT, MOST_DEPOSIT, fee};
pub use form::{Checkout, Form, NewCustomer, OffSession};
pub use id::{NotAnId, StripeId};
pub use reply::{Cards, Customer, Refusal, Session};
pub use signature::{BadSignature, verify};

/// The metadata under which Stripe keeps our order and hands it back.
const ORDER: &str = "model_router_order";
/// The metadata that tells the operator whose payment it is, in Stripe's dashboard.
const ACCOUNT: &str = "model_router_account";
