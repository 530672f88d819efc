//! How the router proves who it is to a provider, read from the environment, and where Bedrock is.

use secrecy::{ExposeSecret, SecretString};

use crate::catalog::{Dialect, Provider};
use crate::config::Environment;
use crate::wire::sigv4::AwsKeys;

/// The variable that stands for a pair of AWS keys in a provider's row.
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
const REGION: &str = "AWS_REGION";
const DEFAULT_REGION: &str = "us-east-1";
/// What Bedrock's addresses begin and end with; the region stands between.
const BEDROCK_HOST: (&str, &str) = ("https://bedrock-runtime.", ".amazonaws.com");

/// The operator's credential for one provider.
#[derive(Clone, Debug)]
pub enum Credential {
    /// None is set, or none is needed.
    None,
    /// A key, sent as it is in the header that the dialect has for it.
    Key(SecretString),
    /// AWS keys, which sign each request and are never sent.
    Aws(AwsKeys),
}

/// A credential that the operator set only in part, or wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// An AWS key without its secret.
    #[error("{ACCESS_KEY_ID} is set without {SECRET_ACCESS_KEY}; set both")]
    SecretMissing,
    /// The region would not make a host name.
    #[error("{REGION} is no region; set one such as {DEFAULT_REGION}")]
    NoRegion,
}

impl Credential {
    /// The first of the provider's variables that is set.
    pub fn read(provider: &Provider, env: &Environment) -> Result<Self, CredentialError> {
        for name in &provider.api_key_env {
            let Some(value) = env.get(name) else {
                continue;
            };
            if name != ACCESS_KEY_ID {
                return Ok(Self::Key(SecretString::from(value)));
            }
            let secret = |name: &str| env.get(name).map(SecretString::from);
            return Ok(Self::Aws(AwsKeys {
                access_key_id: value,
                secret_access_key: secret(SECRET_ACCESS_KEY)
                    .ok_or(CredentialError::SecretMissing)?,
                session_token: secret(SESSION_TOKEN),
                region: region(env)?,
            }));
        }
        Ok(Self::None)
    }

    /// Whether it is the same as another: what was learned with one holds for the other.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Key(one), Self::Key(other)) => one.expose_secret() == other.expose_secret(),
            (Self::Aws(one), Self::Aws(other)) => {
                let secret = |keys: &AwsKeys| keys.secret_access_key.expose_secret().to_owned();
                (&one.access_key_id, &one.region) == (&other.access_key_id, &other.region)
                    && secret(one) == secret(other)
            }
            (Self::None | Self::Key(_) | Self::Aws(_), _) => false,
        }
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        match self {
            Self::None => false,
            Self::Key(_) | Self::Aws(_) => true,
        }
    }
}

/// Where a provider's API begins, without a trailing slash: the operator's variable, or the
/// catalog's address, for Bedrock in the operator's region.
pub fn base_url(provider: &Provider, env: &Environment) -> Result<String, CredentialError> {
    let replaced = provider
        .base_url_env
        .as_ref()
        .and_then(|name| env.get(name));
    if let Some(url) = replaced {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let (start, end) = BEDROCK_HOST;
    let is_regional = provider.dialect == Dialect::Bedrock
        && provider.base_url.starts_with(start)
        && provider.base_url.ends_with(end);
    if is_regional && env.get(REGION).is_some() {
        return Ok(format!("{start}{}{end}", region(env)?));
    }
    Ok(provider.base_url.clone())
}

fn region(env: &Environment) -> Result<String, CredentialError> {
    let region = env.get(REGION).unwrap_or_else(|| DEFAULT_REGION.to_owned());
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.len() <= 32 && region.bytes().all(allowed) {
        Ok(region)
    } else {
        Err(CredentialError::NoRegion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ProviderName;
    use crate::catalog::model::KeyNeed;

    fn bedrock() -> Provider {
        Provider {
            name: ProviderName::new("bedrock"),
            dialect: Dialect::Bedrock,
            base_url: "https://bedrock-runtime.us-east-1.amazonaws.com".into(),
            base_url_env: Some("AWS_ENDPOINT_URL_BEDROCK_RUNTIME".into()),
            api_key_env: vec!["AWS_BEARER_TOKEN_BEDROCK".into(), ACCESS_KEY_ID.into()],
            key_need: KeyNeed::Required,
            omit: Vec::new(),
            on_disconnect: crate::catalog::OnDisconnect::Cancel,
            source: String::new(),
        }
    }

    fn env(pairs: &[(&str, &str)]) -> Environment {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Environment::Fixed(pairs.iter().map(own).collect())
    }

    #[test]
    fn a_bearer_key_goes_before_aws_keys() {
        let read = |pairs: &[(&str, &str)]| Credential::read(&bedrock(), &env(pairs));
        let keys = [(ACCESS_KEY_ID, "id"), (SECRET_ACCESS_KEY, "secret")];
        assert!(matches!(read(&[]), Ok(Credential::None)));
        assert!(matches!(
            read(&[keys[0], keys[1], ("AWS_BEARER_TOKEN_BEDROCK", "b")]),
            Ok(Credential::Key(_))
        ));
        let Ok(Credential::Aws(aws)) = read(&keys) else {
            panic!("no AWS keys");
        };
        assert_eq!(
            (aws.access_key_id.as_str(), aws.region.as_str()),
            ("id", "us-east-1")
        );
        assert!(aws.session_token.is_none());
        let Ok(Credential::Aws(aws)) = read(&[
            keys[0],
            keys[1],
            (SESSION_TOKEN, "t"),
            (REGION, "eu-west-3"),
        ]) else {
            panic!("no AWS keys");
        };
        assert_eq!(aws.region, "eu-west-3");
        assert!(aws.session_token.is_some());
        assert_eq!(
            read(&keys[..1]).unwrap_err(),
            CredentialError::SecretMissing
        );
    }

    #[test]
    fn the_region_makes_the_host_and_nothing_else() {
        let url = |pairs: &[(&str, &str)]| base_url(&bedrock(), &env(pairs));
        assert_eq!(
            url(&[]).unwrap(),
            "https://bedrock-runtime.us-east-1.amazonaws.com"
        );
        assert_eq!(
            url(&[(REGION, "eu-west-1")]).unwrap(),
            "https://bedrock-runtime.eu-west-1.amazonaws.com"
        );
        for bad in ["evil.example/", "a@b", "EU", "x#"] {
            assert_eq!(
                url(&[(REGION, bad)]),
                Err(CredentialError::NoRegion),
                "{bad}"
            );
        }
        let endpoint = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9/");
        assert_eq!(
            url(&[(REGION, "eu-west-1"), endpoint]).unwrap(),
            "http://127.0.0.1:9"
        );
        let mut gateway = bedrock();
        gateway.base_url = "https://gateway.example".into();
        assert_eq!(
            base_url(&gateway, &env(&[(REGION, "eu-west-1")])).unwrap(),
            "https://gateway.example"
        );
    }
}
