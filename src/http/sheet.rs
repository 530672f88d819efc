//! Rows as CSV, for spreadsheets.

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};

use super::ApiError;

/// The ending of paths that a link of a page leads to.
const SUFFIX: &str = ".csv";

/// Whether a request asks for CSV: by its header, or by a path that ends so.
pub fn wants_csv(http: &HttpRequest) -> bool {
    let accept = http.headers().get(ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    http.path().ends_with(SUFFIX) || accept.is_some_and(|accept| accept.contains("text/csv"))
}

/// A page as CSV. Where the next one begins is in a header.
pub fn csv(
    http: &HttpRequest,
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    before: Option<&str>,
) -> Result<HttpResponse, ApiError> {
    let mut out = ::csv::Writer::from_writer(Vec::new());
    out.write_record(head).map_err(ApiError::internal)?;
    for row in rows {
        let cells = row.into_iter().map(|cell| disarmed(&cell));
        out.write_record(cells).map_err(ApiError::internal)?;
    }
    let body = out.into_inner().map_err(ApiError::internal)?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"));
    response.insert_header((CACHE_CONTROL, "no-store"));
    if http.path().ends_with(SUFFIX) {
        response.insert_header((CONTENT_DISPOSITION, "attachment"));
    }
    if let Some(before) = before {
        response.insert_header(("X-Next-Before", before));
    }
    Ok(response.body(body))
}

/// A text that no spreadsheet takes for a formula. Numbers stay what they are.
fn disarmed(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(disarmed("=1+1"), "'=1+1");
        assert_eq!(disarmed("-0.02"), "-0.02");
        assert_eq!(disarmed("gpt-4.1"), "gpt-4.1");
    }
}
