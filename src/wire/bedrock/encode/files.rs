//! Documents of a request: their format, and names that Bedrock takes.

use std::collections::HashSet;

/// The longest name.
const MOST_NAME_CHARS: usize = 180;

/// Gives each document of a request a name of its own.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A name from a file name: letters, digits, single spaces, hyphens, parentheses and brackets
    /// only, and no other document's.
    pub(super) fn name(&mut self, filename: Option<&str>) -> String {
        let stem = filename.map_or("", |name| {
            name.rsplit_once('.').map_or(name, |(stem, _)| stem)
        });
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-()[]".contains(c);
        let spaced: String = stem
            .chars()
            .map(|c| if allowed(c) { c } else { ' ' })
            .take(MOST_NAME_CHARS)
            .collect();
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let base = if words.is_empty() {
            "document".to_owned()
        } else {
            words.join(" ")
        };
        let mut name = base.clone();
        let mut number = 1;
        while !self.0.insert(name.clone()) {
            number += 1;
            name = format!("{base} {number}");
        }
        name
    }
}

/// Converse's word for a document's format, by its media type or else by its name.
pub(super) fn format(mime: Option<&str>, filename: Option<&str>) -> Option<&'static str> {
    let by_mime = match mime.unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/pdf" => Some("pdf"),
        "text/csv" => Some("csv"),
        "application/msword" => Some("doc"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Some("docx"),
        "application/vnd.ms-excel" => Some("xls"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Some("xlsx"),
        "text/html" => Some("html"),
        "text/markdown" => Some("md"),
        "text/plain" => Some("txt"),
        _ => None,
    };
    let by_name = || {
        let (_, extension) = filename?.rsplit_once('.')?;
        let extension = extension.to_ascii_lowercase();
        let known = [
            "pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md",
        ];
        known.into_iter().find(|known| **known == extension)
    };
    by_mime.or_else(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_unique() {
        let mut names = Names::default();
        let given = [
            Some("Report 2024_final.v2.pdf"),
            Some("../../etc/passwd"),
            None,
            Some("é.pdf"),
            Some("Report 2024 final v2.txt"),
        ];
        let made: Vec<String> = given.into_iter().map(|name| names.name(name)).collect();
        assert_eq!(
            made,
            [
                "Report 2024 final v2",
                "document",
                "document 2",
                "document 3",
                "Report 2024 final v2 2"
            ]
        );
    }

    #[test]
    fn formats_by_media_type_and_by_name() {
        assert_eq!(format(Some("Application/PDF"), None), Some("pdf"));
        assert_eq!(format(None, Some("a.XLSX")), Some("xlsx"));
        assert_eq!(
            format(Some("application/octet-stream"), Some("a.md")),
            Some("md")
        );
        assert_eq!(format(Some("video/mp4"), Some("a.mp4")), None);
    }
}
