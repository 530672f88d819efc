//! What is asked of Stripe: one form for each request, with the key that makes it happen once.

use url::form_urlencoded::Serializer;

use super::{ACCOUNT, ORDER, StripeId, fee};
use crate::ids::{AccountId, OrderId};
use crate::money::Cents;

/// The only currency.
const USD: &str = "usd";

/// A request to Stripe: path, body and idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where, below the address of the API.
    pub path: &'static str,
    /// `application/x-www-form-urlencoded`.
    pub body: String,
    /// The same key with the same body happens once.
    pub idempotency_key: String,
}

/// Stripe's customer for an account, made once.
#[derive(Clone, Copy, Debug)]
pub struct NewCustomer<'a> {
    /// Whose.
    pub account: AccountId,
    /// Where Stripe may write to.
    pub email: &'a str,
    /// How many customers of this account Stripe has lost: another one needs another key.
    pub lost: u32,
}

/// A page on which a customer pays an order.
#[derive(Clone, Copy, Debug)]
pub struct Checkout<'a> {
    /// What is paid.
    pub order: OrderId,
    /// For whom.
    pub account: AccountId,
    /// By whom.
    pub customer: &'a StripeId,
    /// How much, fee included.
    pub amount: Cents,
    /// Until when, in seconds since 1970; Stripe wants 30 minutes to 24 hours.
    pub expires_s: u64,
    /// Where the router is reached.
    pub site: &'a str,
}

/// A charge of a saved card while nobody is there.
#[derive(Clone, Copy, Debug)]
pub struct OffSession<'a> {
    /// What is paid.
    pub order: OrderId,
    /// For whom.
    pub account: AccountId,
    /// Whose card.
    pub customer: &'a StripeId,
    /// The card.
    pub method: &'a StripeId,
    /// How much, fee included.
    pub amount: Cents,
}

impl NewCustomer<'_> {
    /// `POST /v1/customers`
    pub fn form(&self) -> Form {
        let account = self.account.to_string();
        let mut body = Serializer::new(String::new());
        body.append_pair("email", self.email)
            .append_pair(&metadata(ACCOUNT), &account);
        Form {
            path: "/v1/customers",
            body: body.finish(),
            idempotency_key: format!("customer-{account}-{}", self.lost),
        }
    }
}

impl Checkout<'_> {
    /// `POST /v1/checkout/sessions`. The card is kept for later charges, and Stripe's page says so.
    pub fn form(&self) -> Form {
        let (order, account) = (self.order.to_string(), self.account.to_string());
        let fee_of = fee(self.amount);
        let credit = Cents::new(self.amount.get().saturating_sub(fee_of.get()));
        let price = "line_items[0][price_data]";
        let mut body = Serializer::new(String::new());
        body.append_pair("mode", "payment")
            .append_pair("customer", self.customer.as_str())
            .append_pair("client_reference_id", &order)
            .append_pair("payment_method_types[0]", "card")
            .append_pair("line_items[0][quantity]", "1")
            .append_pair(&format!("{price}[currency]"), USD)
            .append_pair(
                &format!("{price}[unit_amount]"),
                &self.amount.get().to_string(),
            )
            .append_pair(&format!("{price}[product_data][name]"), "Prepaid credit")
            .append_pair(
                &format!("{price}[product_data][description]"),
                &format!("${credit} of credit and a fee of ${fee_of}"),
            )
            .append_pair("payment_intent_data[setup_future_usage]", "off_session")
            .append_pair(&metadata(ORDER), &order)
            .append_pair(&metadata(ACCOUNT), &account);
        // The payment and its charge carry the order too: their events say it again.
        for (name, value) in [(ORDER, &order), (ACCOUNT, &account)] {
            body.append_pair(&format!("payment_intent_data[metadata][{name}]"), value);
        }
        for (field, outcome) in [("success_url", "paid"), ("cancel_url", "cancelled")] {
            let url = format!("{}/dashboard?deposit={outcome}&order={order}", self.site);
            body.append_pair(field, &url);
        }
        body.append_pair("expires_at", &self.expires_s.to_string());
        Form {
            path: "/v1/checkout/sessions",
            body: body.finish(),
            // Another customer is another request, after Stripe has lost the first one.
            idempotency_key: format!("checkout-{order}-{}", self.customer),
        }
    }
}

impl OffSession<'_> {
    /// `POST /v1/payment_intents`, confirmed at once.
    pub fn form(&self) -> Form {
        let order = self.order.to_string();
        let mut body = Serializer::new(String::new());
        body.append_pair("amount", &self.amount.get().to_string())
            .append_pair("currency", USD)
            .append_pair("customer", self.customer.as_str())
            .append_pair("payment_method", self.method.as_str())
            .append_pair("payment_method_types[0]", "card")
            .append_pair("off_session", "true")
            .append_pair("confirm", "true")
            .append_pair(&metadata(ORDER), &order)
            .append_pair(&metadata(ACCOUNT), &self.account.to_string());
        Form {
            path: "/v1/payment_intents",
            body: body.finish(),
            idempotency_key: format!("charge-{order}"),
        }
    }
}

fn metadata(name: &str) -> String {
    format!("metadata[{name}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(form: &Form) -> Vec<(String, String)> {
        url::form_urlencoded::parse(form.body.as_bytes())
            .into_owned()
            .collect()
    }

    fn value(form: &Form, name: &str) -> String {
        let pairs = pairs(form);
        let found = pairs.iter().find(|(key, _)| key == name);
        found.unwrap_or_else(|| panic!("{name}")).1.clone()
    }

    #[test]
    fn a_checkout_says_what_is_paid_and_carries_its_order_on_session_and_payment() {
        let (order, account) = (OrderId::new(), AccountId::new());
        let customer = "cus_1".parse().unwrap();
        let form = Checkout {
            order,
            account,
            customer: &customer,
            amount: Cents::new(1013),
            expires_s: 1_700_000_000,
            site: "https://router.example",
        }
        .form();
        assert_eq!(form.idempotency_key, format!("checkout-{order}-cus_1"));
        for (name, expected) in [
            ("mode", "payment"),
            ("line_items[0][price_data][unit_amount]", "1013"),
            ("line_items[0][price_data][currency]", "usd"),
            (
                "line_items[0][price_data][product_data][description]",
                "$9.72 of credit and a fee of $0.41",
            ),
            ("payment_intent_data[setup_future_usage]", "off_session"),
            ("expires_at", "1700000000"),
        ] {
            assert_eq!(value(&form, name), expected);
        }
        for name in [
            "client_reference_id",
            "metadata[model_router_order]",
            "payment_intent_data[metadata][model_router_order]",
        ] {
            assert_eq!(value(&form, name), order.to_string());
        }
        let back = format!("https://router.example/dashboard?deposit=paid&order={order}");
        assert_eq!(value(&form, "success_url"), back);
    }

    #[test]
    fn a_charge_is_confirmed_off_session_under_the_orders_key() {
        let (customer, method) = ("cus_1".parse().unwrap(), "pm_1".parse().unwrap());
        let charge = OffSession {
            order: OrderId::new(),
            account: AccountId::new(),
            customer: &customer,
            method: &method,
            amount: Cents::new(2000),
        };
        let form = charge.form();
        assert_eq!(form, charge.form());
        assert_eq!(form.idempotency_key, format!("charge-{}", charge.order));
        for (name, expected) in [
            ("amount", "2000"),
            ("off_session", "true"),
            ("confirm", "true"),
            ("payment_method", "pm_1"),
        ] {
            assert_eq!(value(&form, name), expected);
        }
    }

    #[test]
    fn an_account_has_one_customer_until_stripe_loses_it() {
        let account = AccountId::new();
        let form = |lost| {
            NewCustomer {
                account,
                email: "a+b@example.com",
                lost,
            }
            .form()
        };
        assert_eq!(form(0).idempotency_key, form(0).idempotency_key);
        assert_ne!(form(0).idempotency_key, form(1).idempotency_key);
        assert_eq!(value(&form(0), "email"), "a+b@example.com");
    }
}
