//! AWS Signature Version 4 for one request, from credentials and a time that are given.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
//! The path is encoded once more for the signature, as all services but S3 want it.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use secrecy::{ExposeSecret, SecretString};

/// Bedrock's name in the credential scope.
const SERVICE: &str = "bedrock";

/// Who signs.
#[derive(Clone, Debug)]
pub struct AwsKeys {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`, which temporary keys come with.
    pub session_token: Option<SecretString>,
    /// The region that the signature is for.
    pub region: String,
}

/// The request cannot be signed: its address or the operator's keys hold something odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed with the AWS keys that are set")]
pub struct CannotSign;

/// The headers that sign a POST of `body` as JSON: names in lower case, with their values. The
/// request must go out with exactly this URL, body and content type.
pub fn signed_headers(
    keys: &AwsKeys,
    url: &str,
    body: &[u8],
    time: SystemTime,
) -> Result<Vec<(&'static str, String)>, CannotSign> {
    let token = keys.session_token.as_ref();
    let identity = Credentials::from_keys(
        keys.access_key_id.as_str(),
        keys.secret_access_key.expose_secret(),
        token.map(|token| token.expose_secret().to_owned()),
    )
    .into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&keys.region)
        .name(SERVICE)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|_| CannotSign)?
        .into();
    let content_type = [("content-type", "application/json")].into_iter();
    let request = SignableRequest::new("POST", url, content_type, SignableBody::Bytes(body))
        .map_err(|_| CannotSign)?;
    let (instructions, _) = sign(request, &params).map_err(|_| CannotSign)?.into_parts();
    let (headers, _) = instructions.into_parts();
    Ok(headers
        .iter()
        .map(|header| (header.name(), header.value().to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// 2025-01-02T03:04:05Z.
    const TIME: Duration = Duration::from_secs(1_735_787_045);

    fn authorization(token: Option<&str>) -> Vec<(&'static str, String)> {
        let keys = AwsKeys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: token.map(Into::into),
            region: "eu-west-1".into(),
        };
        let url = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/openai.gpt-oss-120b-1%3A0/converse-stream";
        signed_headers(
            &keys,
            url,
            br#"{"messages":[]}"#,
            SystemTime::UNIX_EPOCH + TIME,
        )
        .unwrap()
    }

    /// The signatures are those of botocore for the same request, keys and time.
    #[test]
    fn signatures_are_those_of_the_python_sdk() {
        let mut plain = authorization(None);
        plain.sort();
        insta::assert_debug_snapshot!(plain, @r#"
        [
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250102/eu-west-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=e7b368ac01dc74af3ea5aba7513313e22ebaa72e68c52ccc4cff7fd4d52de37c",
            ),
            (
                "x-amz-date",
                "20250102T030405Z",
            ),
        ]
        "#);
        let mut temporary = authorization(Some("tok/en+=="));
        temporary.sort();
        insta::assert_debug_snapshot!(temporary, @r#"
        [
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250102/eu-west-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=fad879c56575f1ca731991691747abb9ebd918b120731eabf64c54109c333228",
            ),
            (
                "x-amz-date",
                "20250102T030405Z",
            ),
            (
                "x-amz-security-token",
                "tok/en+==",
            ),
        ]
        "#);
    }

    #[test]
    fn keys_do_not_show_in_logs() {
        let keys = AwsKeys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "hush-hush".into(),
            session_token: Some("hush-token".into()),
            region: "eu-west-1".into(),
        };
        assert!(!format!("{keys:?}").contains("hush"));
    }
}
