//! Documents and sound in a request: how many pages, how long.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a page where pages cannot be counted.
const PAGE_BYTES: u64 = 100_000;
/// Pages of a document that the router does not have, such as an uploaded one.
const UNKNOWN_PAGES: u64 = 20;
/// How much of a document is searched for pages, in characters of base64.
const MOST_SEARCHED: usize = 1 << 20;
/// Bytes of a second of compressed sound: 64 kbit/s.
const COMPRESSED_S: u64 = 8_000;
/// Bytes of a second of uncompressed sound: 16 kHz, 16 bit, one channel.
const PLAIN_S: u64 = 32_000;

/// Pages of a document in base64, with or without the head of a `data:` URL; `None` is one that the
/// provider keeps, which counts as 20.
pub fn pages(data: Option<&str>) -> u64 {
    let Some(data) = data else {
        return UNKNOWN_PAGES;
    };
    let data = data.split_once(',').map_or(data, |(_, data)| data);
    let searched = data.get(..data.len().min(MOST_SEARCHED) / 4 * 4);
    let bytes = searched.and_then(|head| STANDARD.decode(head).ok());
    let found = bytes.map_or(0, |bytes| page_objects(&bytes));
    let bytes = data.len() as u64 * 3 / 4;
    if found == 0 {
        return bytes.div_ceil(PAGE_BYTES).max(1);
    }
    // Pages beyond the part that was searched are as frequent as in it.
    let searched = (data.len().min(MOST_SEARCHED) as u64).max(1);
    (found * data.len() as u64).div_ceil(searched)
}

/// Page objects of a PDF that stand outside compressed streams.
fn page_objects(pdf: &[u8]) -> u64 {
    let is_page = |at: &[u8]| {
        let rest = at.strip_prefix(b"/Type")?.trim_ascii_start();
        let after = rest.strip_prefix(b"/Page")?.first();
        (!after.is_some_and(u8::is_ascii_alphabetic)).then_some(())
    };
    let objects = pdf
        .windows(24)
        .filter(|window| window.first() == Some(&b'/'));
    objects.filter_map(is_page).count() as u64
}

/// Length of sound in base64, in milliseconds: by the rate in a WAV's header, else by a rate that is
/// low for its kind.
pub fn audio_ms(data: &str, format: &str) -> u64 {
    let bytes = data.len() as u64 * 3 / 4;
    let header = data.get(..64).and_then(|head| STANDARD.decode(head).ok());
    let rate = match format {
        "wav" => header.as_deref().and_then(wav_rate).unwrap_or(PLAIN_S),
        "pcm16" => PLAIN_S,
        _ => COMPRESSED_S,
    };
    bytes * 1000 / rate
}

/// Bytes a second, from the header of a WAV.
fn wav_rate(header: &[u8]) -> Option<u64> {
    let is_wav = header.starts_with(b"RIFF") && header.get(12..16)? == b"fmt ";
    let rate = u32::from_le_bytes(header.get(28..32)?.try_into().ok()?);
    (is_wav && rate > 0).then_some(rate.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_a_pdf_are_counted() {
        let page = "1 0 obj << /Type /Page /Parent 2 0 R >> endobj ";
        let pdf = format!("%PDF-1.4 << /Type /Pages /Kids [] >> {}", page.repeat(7));
        let url = format!("data:application/pdf;base64,{}", STANDARD.encode(pdf));
        assert_eq!(pages(Some(&url)), 7);
    }

    #[test]
    fn pages_that_cannot_be_seen_are_guessed_by_size() {
        assert_eq!(pages(Some(&STANDARD.encode(vec![0; 220_000]))), 3);
        assert_eq!(pages(Some("")), 1);
        assert_eq!(pages(Some("not base64, at all")), 1);
        assert_eq!(pages(None), UNKNOWN_PAGES);
    }

    #[test]
    fn the_header_of_a_wav_tells_its_rate() {
        let mut wav = b"RIFF....WAVEfmt ".to_vec();
        wav.extend([16, 0, 0, 0, 1, 0, 1, 0]);
        wav.extend(24_000_u32.to_le_bytes());
        wav.extend(48_000_u32.to_le_bytes());
        wav.resize(480_000, 0);
        assert_eq!(audio_ms(&STANDARD.encode(&wav), "wav"), 10_000);
        assert_eq!(audio_ms(&STANDARD.encode(vec![0; 24_000]), "mp3"), 3_000);
    }
}
