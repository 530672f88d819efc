//! Style sheet, script and icon: compiled in, named by their content, compressed once.

use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// Hex digits of the content's hash in a name.
const HASH_DIGITS: usize = 16;

/// The style sheet of every page.
pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", STYLE_TEXT));
/// The script of every page.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "script",
        "js",
        "text/javascript; charset=utf-8",
        SCRIPT_TEXT,
    )
});
/// The script of the playground, beside the one of every page.
pub static PLAYGROUND: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "playground",
        "js",
        "text/javascript; charset=utf-8",
        PLAYGROUND_TEXT,
    )
});
/// The icon.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", ICON_TEXT));

const STYLE_TEXT: &str = include_str!("../../pages/assets/style.css");
const SCRIPT_TEXT: &str = include_str!("../../pages/assets/script.js");
const PLAYGROUND_TEXT: &str = include_str!("../../pages/assets/playground.js");
const ICON_TEXT: &str = include_str!("../../pages/assets/icon.svg");

/// A file that never changes under its name.
pub struct Asset {
    /// Its path: `/assets/style.0123456789abcdef.css`.
    pub path: String,
    /// Its media type.
    pub media_type: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// As gzip.
    pub gzip: Vec<u8>,
    /// As brotli.
    pub brotli: Vec<u8>,
}

impl Asset {
    fn new(name: &str, suffix: &str, media_type: &'static str, text: &'static str) -> Self {
        let hash = hex::encode(Sha256::digest(text));
        Self {
            path: format!("/assets/{name}.{}.{suffix}", &hash[..HASH_DIGITS]),
            media_type,
            plain: text.as_bytes(),
            gzip: gzip(text.as_bytes(), Compression::best()),
            brotli: brotli(text.as_bytes()),
        }
    }

    /// The asset at a path.
    pub fn at(path: &str) -> Option<&'static Self> {
        let all: [&'static Self; 4] = [&STYLE, &SCRIPT, &PLAYGROUND, &ICON];
        all.into_iter().find(|asset| asset.path == path)
    }
}

/// Bytes as gzip. Nothing can go wrong in memory; if it did, the result would be empty.
pub fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), level);
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .unwrap_or_default()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::with_capacity(bytes.len() / 3);
    // A window of 64 KiB holds every asset; the default one would cost ten megabytes at the start.
    let params = brotli::enc::BrotliEncoderParams {
        lgwin: 16,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &params)
        .map(|_| compressed)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn every_form_says_the_same_and_is_found_by_its_path() {
        for asset in [&*STYLE, &*SCRIPT, &*PLAYGROUND, &*ICON] {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&asset.gzip[..])
                .read_to_end(&mut text)
                .unwrap();
            assert_eq!(text, asset.plain);
            let mut text = Vec::new();
            brotli::BrotliDecompress(&mut &asset.brotli[..], &mut text).unwrap();
            assert_eq!(text, asset.plain);
            assert_eq!(Asset::at(&asset.path).unwrap().path, asset.path);
        }
        assert!(Asset::at("/assets/style.css").is_none());
    }

    #[test]
    fn the_scripts_stay_small() {
        assert!(PLAYGROUND_TEXT.lines().count() <= 400);
        assert!(SCRIPT_TEXT.lines().count() <= 300);
    }
}
