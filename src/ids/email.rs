//! E-mail addresses that a person types to sign in: ASCII only, and fit to be mailed to.

use std::fmt;
use std::str::FromStr;

use lettre::Address;

use super::IdError;

/// Longest address, by RFC 5321's limit on a path, in bytes.
const MOST_BYTES: usize = 254;

/// An address that mail can be sent to, as it was typed.
///
/// ASCII only: beyond it, letters of different scripts fall together when case is ignored, and a
/// code for one mailbox would open the account of another. International domains are written in
/// their `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress(Address);

impl EmailAddress {
    /// The address as it was typed.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// The form under which addresses are compared.
    pub fn folded(&self) -> String {
        self.as_str().to_ascii_lowercase()
    }

    /// What follows the `@`.
    pub fn domain(&self) -> &str {
        self.0.domain()
    }

    /// The address as a mail's header wants it.
    pub fn to_mail(&self) -> Address {
        self.0.clone()
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EmailAddress {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        // Quoted local parts and address literals are legal, and nobody's.
        let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '[' | ']' | '<' | '>');
        if text.len() > MOST_BYTES || text.contains(odd) {
            return Err(IdError("EmailAddress"));
        }
        text.parse::<Address>()
            .map(Self)
            .map_err(|_| IdError("EmailAddress"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn usual_addresses_are_taken_and_compared_without_case() {
        let address: EmailAddress = " Ada+x@Example.com ".parse().unwrap();
        assert_eq!(address.as_str(), "Ada+x@Example.com");
        assert_eq!(address.folded(), "ada+x@example.com");
        assert_eq!(address.domain(), "Example.com");
    }

    #[test]
    fn what_no_mail_reaches_or_is_not_ascii_is_refused() {
        let long = format!("ada@{}.com", "a".repeat(260));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "a@b@example.com",
            "\"a b\"@example.com",
            "ada@[127.0.0.1]",
            "ada@example.com\r\nBcc: eve@example.com",
            "mi\u{212a}e@example.com",
            "ada@ex\u{430}mple.com",
            &long,
        ] {
            assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nonsense_never_panics(text in ".{0,80}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert!(address.as_str().is_ascii());
                prop_assert!(!address.as_str().contains(char::is_whitespace));
            }
        }
    }
}
