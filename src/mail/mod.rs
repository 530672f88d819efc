//! Mails: what they say, as text and as HTML. One constructor for each purpose.

mod notice;

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};

pub use notice::{NamedKey, Notice};

use crate::billing::fee;
use crate::ids::{EmailAddress, OrderId, SignInCode};
use crate::money::Cents;

/// How long a mail with a code is worth sending: as long as the code is good for.
const CODE_GOOD_FOR: Duration = Duration::from_secs(10 * 60);

/// How long a receipt is worth sending.
const RECEIPT_GOOD_FOR: Duration = Duration::from_secs(24 * 3600);

/// What a receipt is for.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    /// The order.
    pub order: OrderId,
    /// What was paid, fee included.
    pub paid: Cents,
}

/// A mail that is ready to be addressed from the operator and sent.
pub struct Mail {
    purpose: &'static str,
    to: EmailAddress,
    subject: String,
    text: String,
    html: String,
    good_for: Duration,
}

impl Mail {
    /// The code that lets someone sign in to the site at this address. The subject, which servers
    /// log, does not hold it.
    pub fn sign_in_code(to: EmailAddress, code: &SignInCode, site: &str) -> Self {
        let subject = "Your sign-in code";
        let values = [
            ("subject", subject),
            ("site", site),
            ("code", code.reveal()),
        ];
        Self {
            purpose: "sign-in code",
            to,
            subject: subject.to_owned(),
            text: fill(include_str!("sign_in_code.txt"), &values, str::to_owned),
            html: fill(include_str!("sign_in_code.html"), &values, escape),
            good_for: CODE_GOOD_FOR,
        }
    }

    /// That a deposit has arrived at the site at this address.
    pub fn receipt(to: EmailAddress, receipt: Receipt, site: &str) -> Self {
        let Receipt { order, paid } = receipt;
        let fee = fee(paid);
        let credit = Cents::new(paid.get().saturating_sub(fee.get()));
        let subject = format!("Receipt for your deposit of ${paid}");
        let (paid, fee, credit) = (paid.to_string(), fee.to_string(), credit.to_string());
        let order = order.to_string();
        let values = [
            ("subject", subject.as_str()),
            ("site", site),
            ("paid", &paid),
            ("fee", &fee),
            ("credit", &credit),
            ("order", &order),
        ];
        Self {
            purpose: "receipt",
            to,
            text: fill(include_str!("receipt.txt"), &values, str::to_owned),
            html: fill(include_str!("receipt.html"), &values, escape),
            good_for: RECEIPT_GOOD_FOR,
            subject,
        }
    }

    /// What it is for, in words that a log may hold.
    pub fn purpose(&self) -> &'static str {
        self.purpose
    }

    /// How long it is worth sending.
    pub fn good_for(&self) -> Duration {
        self.good_for
    }

    /// The mail as it travels. `id` is what stands before the `@` of its Message-ID.
    ///
    /// Fails when a header would be larger than mail allows.
    pub fn compose(
        &self,
        from: &Mailbox,
        id: &str,
        date: SystemTime,
    ) -> Result<Message, lettre::error::Error> {
        // RFC 3834: answering machines leave such a mail alone.
        let machine_made = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, self.to.to_mail()))
            .subject(self.subject.as_str())
            .date(date)
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .raw_header(machine_made)
            .multipart(MultiPart::alternative_plain_html(
                self.text.clone(),
                self.html.clone(),
            ))
    }
}

/// A template with a value in place of every `{{name}}`.
fn fill(template: &str, values: &[(&str, &str)], write: impl Fn(&str) -> String) -> String {
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), &write(value))
        })
}

/// Text as HTML shows it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(site: &str) -> (SignInCode, String) {
        let code = SignInCode::generate();
        let mail = Mail::sign_in_code("ada@example.com".parse().unwrap(), &code, site);
        let from = "model-router <no-reply@router.example>".parse().unwrap();
        let message = mail.compose(&from, "mail_1", SystemTime::UNIX_EPOCH);
        let bytes = message.unwrap().formatted();
        (code, String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_sign_in_mail_has_its_code_in_both_parts_and_nowhere_else() {
        let (code, mail) = composed("https://router.example");
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains(code.reveal()), "{head}");
        assert_eq!(body.matches(code.reveal()).count(), 2, "{body}");
        for line in [
            "From: model-router <no-reply@router.example>",
            "To: ada@example.com",
            "Subject: Your sign-in code",
            "Message-ID: <mail_1@router.example>",
            "Auto-Submitted: auto-generated",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(head.contains(line), "{line} is missing:\n{head}");
        }
        assert!(body.contains("text/plain") && body.contains("text/html"));
        assert!(!mail.contains("{{"), "{mail}");
    }

    #[test]
    fn a_receipt_says_what_was_paid_and_what_became_credit() {
        let receipt = Receipt {
            order: OrderId::new(),
            paid: Cents::new(1013),
        };
        let to = "ada@example.com".parse().unwrap();
        let mail = Mail::receipt(to, receipt, "https://router.example");
        assert_eq!(mail.subject, "Receipt for your deposit of $10.13");
        for part in [&mail.text, &mail.html] {
            for word in ["$10.13", "$0.41", "$9.72", &receipt.order.to_string()] {
                assert!(part.contains(word), "{word} is not in {part}");
            }
            assert!(!part.contains("{{"), "{part}");
        }
    }

    #[test]
    fn what_is_put_into_html_cannot_become_markup() {
        assert_eq!(escape("<b>&\""), "&lt;b&gt;&amp;&quot;");
        let (_, mail) = composed("http://<script>");
        assert_eq!(mail.matches("<script>").count(), 1, "{mail}");
    }
}
