//! `GET /status`: where every provider's models stand, as a plain page.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Data;

use super::Switchboard;
use super::standings::{self, Row};

/// `GET /status`
pub async fn status(desk: Data<Switchboard>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'",
        ))
        .body(page(&standings::all(&desk.world.load())))
}

fn page(rows: &[Row]) -> String {
    let configured: Vec<&Row> = rows
        .iter()
        .filter(|row| row.shown.state != "unconfigured")
        .collect();
    let flowing = configured
        .iter()
        .filter(|row| row.shown.state == "flowing")
        .count();
    let headline = match (configured.len(), flowing) {
        (0, _) => "No provider is configured",
        (all, flowing) if all == flowing => "Everything flows",
        (_, 0) => "Nothing flows",
        (_, _) => "Some models are left alone",
    };
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"10\">\n<title>Status - model-router</title>\n\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}}\
         table{{border-collapse:collapse;width:100%}}td,th{{padding:.25rem .75rem .25rem 0;text-align:left}}\
         .flowing{{color:#176f2c}}.tripped{{color:#a40e26}}.probing{{color:#8a5700}}\
         .unconfigured{{color:#57606a}}</style>\n</head>\n<body>\n<h1>{headline}</h1>\n\
         <p>{flowing} of {} configured models flow.</p>\n<table>\n\
         <tr><th>Provider</th><th>Model</th><th>State</th><th>Since</th><th>Why</th></tr>\n",
        configured.len()
    );
    // What is not well comes first.
    let (well, unwell): (Vec<&Row>, Vec<&Row>) = rows
        .iter()
        .partition(|row| matches!(row.shown.state, "flowing" | "unconfigured"));
    for row in unwell.into_iter().chain(well) {
        html.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td class=\"{state}\">{state}</td><td>{}</td><td>{}</td></tr>\n",
            escape(&row.provider),
            escape(&row.model),
            escape(row.shown.since.as_deref().unwrap_or_default()),
            escape(row.shown.reason.unwrap_or_default()),
            state = row.shown.state,
        ));
    }
    html.push_str("</table>\n</body>\n</html>\n");
    html
}

/// Text between tags.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::state::Shown;

    fn row(model: &str, state: &'static str) -> Row {
        Row {
            provider: "p".to_owned(),
            model: model.to_owned(),
            shown: Shown {
                state,
                since: Some("2026-01-31T12:00:00Z".to_owned()),
                reason: Some("why & when"),
            },
        }
    }

    #[test]
    fn what_is_not_well_comes_first_and_names_are_escaped() {
        let html = page(&[row("a", "flowing"), row("<b>", "tripped")]);
        assert!(
            html.contains("<h1>Some models are left alone</h1>"),
            "{html}"
        );
        assert!(html.contains("<td>2026-01-31T12:00:00Z</td><td>why &amp; when</td>"));
        let (bad, good) = (
            html.find("&lt;b&gt;").unwrap(),
            html.find("<td>a</td>").unwrap(),
        );
        assert!(bad < good);
        assert!(page(&[row("a", "flowing")]).contains("Everything flows"));
    }
}
