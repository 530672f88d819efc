//! Images and files inside a request: data URIs and web addresses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Where an image or file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media<'a> {
    /// In the request, base64-encoded.
    Inline {
        /// Its media type, such as `image/png`, lower case as far as the caller wrote it so.
        mime: &'a str,
        /// Standard base64, checked.
        data: &'a str,
    },
    /// On the web. The router never fetches it.
    Web(&'a str),
}

/// Why an address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MediaError {
    /// Not `data:<type>;base64,<data>`.
    #[error("a data URI must read data:<media type>;base64,<data>")]
    NotBase64Uri,
    /// The data is not base64.
    #[error("the data is not standard base64")]
    BrokenBase64,
    /// Neither a data URI nor a web address.
    #[error("use a data: URI or an https:// address")]
    UnknownScheme,
}

/// Reads an `image_url.url` or `file_data`.
pub(super) fn parse(url: &str) -> Result<Media<'_>, MediaError> {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        return Ok(Media::Web(url));
    }
    if !lower.starts_with("data:") {
        return Err(MediaError::UnknownScheme);
    }
    let (head, data) = url[5..].split_once(',').ok_or(MediaError::NotBase64Uri)?;
    let mut parameters = head.split(';');
    let mime = parameters
        .next()
        .filter(|mime| mime.contains('/'))
        .ok_or(MediaError::NotBase64Uri)?;
    if !parameters.any(|parameter| parameter.eq_ignore_ascii_case("base64")) {
        return Err(MediaError::NotBase64Uri);
    }
    match is_base64(data) {
        true => Ok(Media::Inline { mime, data }),
        false => Err(MediaError::BrokenBase64),
    }
}

/// Whether a text is standard base64 with its padding. Decodes in pieces: no copy of a large file.
pub(super) fn is_base64(data: &str) -> bool {
    let bytes = data.as_bytes();
    let mut buffer = [0_u8; 3 * 1024];
    if bytes.is_empty() || !bytes.len().is_multiple_of(4) {
        return false;
    }
    let last = bytes.len().div_ceil(4096) - 1;
    bytes.chunks(4096).enumerate().all(|(i, chunk)| {
        let padded = chunk.ends_with(b"=");
        (i == last || !padded) && STANDARD.decode_slice(chunk, &mut buffer).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let inline = Media::Inline {
            mime: "image/png",
            data: "aGk=",
        };
        assert_eq!(parse("data:image/png;base64,aGk="), Ok(inline));
        assert_eq!(parse("DATA:image/png;charset=x;BASE64,aGk="), Ok(inline));
        assert_eq!(
            parse("https://example.com/a.png"),
            Ok(Media::Web("https://example.com/a.png"))
        );
        assert_eq!(parse("data:image/png,plain"), Err(MediaError::NotBase64Uri));
        assert_eq!(parse("data:;base64,aGk="), Err(MediaError::NotBase64Uri));
        assert_eq!(
            parse("data:image/png;base64,a"),
            Err(MediaError::BrokenBase64)
        );
        assert_eq!(
            parse("data:image/png;base64,a*k="),
            Err(MediaError::BrokenBase64)
        );
        assert_eq!(parse("ftp://example.com/a"), Err(MediaError::UnknownScheme));
        assert!(is_base64(&"QUJD".repeat(10_000)));
        assert!(!is_base64(&format!(
            "{}aGk={}",
            "QUJD".repeat(1023),
            "QUJD"
        )));
    }
}
