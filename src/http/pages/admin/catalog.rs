//! `/admin/catalog`: which catalog is served, whether another one could be, and that one applied.

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::around;
use super::gate::Console;
use crate::actors::catalog::{Apply, ApplyError, laid_over};
use crate::actors::clock::now_ms;
use crate::actors::ledger::Note;
use crate::actors::overlay::{OverlayError, digest};
use crate::catalog::Catalog;
use crate::config;
use crate::http::pages::answer;
use crate::http::pages::form::Form;
use crate::http::pages::login::see;
use crate::http::{ApiError, Switchboard, admin};
use crate::pages::Typed;
use crate::pages::admin::{Catalog as CatalogPage, Part};
use crate::store::{Action, Deed};

/// What a checked catalog is called in messages.
const NAME: &str = "catalog";
/// Bytes of a form with a catalog of a million letters, most of which a form writes as one byte.
const MOST_FORM_BYTES: usize = 2 << 20;
/// Ids that are named when a catalog would add, remove or reprice them.
const MOST_NAMED: usize = 20;

/// `GET /admin/catalog?from=file`: the operator's file may be where an edit begins.
pub async fn catalog(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    let mut page = page(&desk, &http);
    if Form::of_query(&http).text("from") == "file" {
        match file(&desk).await? {
            Ok(text) => page.form = page.form.with("catalog", text),
            Err(why) => page.form = page.form.but("catalog", why),
        }
    }
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// `POST /admin/catalog/check`: changes nothing.
pub async fn check(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read_within(&desk, &http, payload, MOST_FORM_BYTES).await?;
    let mut page = page(&desk, &http);
    page.form = form.over(Typed::default(), &["catalog"]);
    if !form.has("catalog") {
        page.form = page.form.but("catalog", "This has to be filled in.");
        return answer::personal(StatusCode::BAD_REQUEST, &desk.settings, &page);
    }
    let text = text_of(&form);
    let status = match laid_over(NAME, text.clone()) {
        Ok(new) => {
            page.verdict = compared(&desk.world.load().catalog, &new);
            if page.has_file {
                match file(&desk).await? {
                    Ok(before) => page.sums = Some([digest(&text), digest(&before)]),
                    Err(why) => page.panel.trouble = why,
                }
            }
            StatusCode::OK
        }
        Err(error) => {
            page.problems = error.to_string().lines().map(str::to_owned).collect();
            StatusCode::BAD_REQUEST
        }
    };
    answer::personal(status, &desk.settings, &page)
}

/// `POST /admin/catalog/apply`: what was checked takes the place of the operator's file.
pub async fn apply(
    desk: Data<Switchboard>,
    http: HttpRequest,
    console: Console,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read_within(&desk, &http, payload, MOST_FORM_BYTES).await?;
    let text = text_of(&form);
    let applied = if digest(&text) == form.text("checked") {
        let before = form.text("before").to_owned();
        let apply = Apply { text, before };
        let applied = desk.catalog.send(apply).await;
        applied.map_err(ApiError::internal)?.map_err(refusal)
    } else {
        let why = "This is not the text that was checked. Check it again.";
        Err((StatusCode::CONFLICT, why.to_owned()))
    };
    match applied {
        Ok(version) => {
            let author = console.0.author();
            let deed = Deed::new(author, Action::CatalogApplied, None, now_ms());
            let deed = deed.with("version", &version);
            let deed = deed.with("sha256", form.text("checked"));
            desk.ledger.do_send(Note(deed));
            Ok(see(&format!("{}?done=applied", Part::Catalog.path())))
        }
        Err((status, why)) => {
            let mut page = page(&desk, &http);
            page.form = form.over(Typed::default(), &["catalog"]);
            page.panel.trouble = why;
            answer::personal(status, &desk.settings, &page)
        }
    }
}

/// `POST /admin/catalog/load-again`
pub async fn load_again(
    desk: Data<Switchboard>,
    http: HttpRequest,
    console: Console,
) -> Result<HttpResponse, ApiError> {
    match admin::reload(&desk, &console.0).await {
        Ok(_) => Ok(see(&format!("{}?done=loaded", Part::Catalog.path()))),
        Err(error) => {
            let mut page = page(&desk, &http);
            page.panel.trouble = error.message().to_owned();
            answer::personal(StatusCode::BAD_REQUEST, &desk.settings, &page)
        }
    }
}

fn page(desk: &Switchboard, http: &HttpRequest) -> CatalogPage {
    let (frame, panel) = around(http, Part::Catalog);
    let world = desk.world.load();
    let overlay = desk.settings.catalog.overlay.as_ref();
    let overlay = overlay.map_or("none".to_owned(), |path| path.display().to_string());
    let fact = |name: &str, value: String| [name.to_owned(), value];
    CatalogPage {
        frame,
        panel,
        facts: vec![
            fact("Version", world.catalog.version().to_owned()),
            fact("Models", world.catalog.models().len().to_string()),
            fact("Providers", world.catalog.providers().len().to_string()),
            fact("Laid over it", overlay),
        ],
        has_file: desk.settings.catalog.overlay.is_some(),
        form: Typed::default(),
        problems: Vec::new(),
        verdict: Vec::new(),
        sums: None,
    }
}

/// What was typed, as it would stand in a file: browsers end the lines of a form as DOS does.
fn text_of(form: &Form) -> String {
    let mut text = form.text("catalog").replace("\r\n", "\n");
    text.push('\n');
    text
}

/// The operator's file as it is now, or why there is nothing to show.
async fn file(desk: &Switchboard) -> Result<Result<String, String>, ApiError> {
    let Some(path) = desk.settings.catalog.overlay.clone() else {
        return Ok(Err("No catalog file is configured.".to_owned()));
    };
    let read = web::block(move || config::read(&path)).await;
    let read = read.map_err(ApiError::internal)?;
    Ok(read.map_err(|error| error.to_string()))
}

/// Why a catalog was not applied, and whose turn it is.
fn refusal(error: ApplyError) -> (StatusCode, String) {
    let status = match &error {
        ApplyError::NoFile | ApplyError::Rows(_) => StatusCode::BAD_REQUEST,
        ApplyError::File(OverlayError::Changed { .. }) => StatusCode::CONFLICT,
        ApplyError::File(OverlayError::Unreadable(_) | OverlayError::Unwritable { .. }) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    (status, format!("Nothing was changed: {error}."))
}

/// What a catalog is, and what it would change.
fn compared(old: &Catalog, new: &Catalog) -> Vec<String> {
    let ids = |of: &Catalog, not_in: &Catalog| -> Vec<String> {
        let models = of.models().iter();
        models
            .filter(|model| not_in.model(model.id.as_str()).is_none())
            .map(|model| model.id.to_string())
            .collect()
    };
    let repriced: Vec<String> = new
        .models()
        .iter()
        .filter(|model| {
            old.model(model.id.as_str())
                .is_some_and(|before| before.price != model.price || before.free != model.free)
        })
        .map(|model| model.id.to_string())
        .collect();
    let mut lines = vec![format!(
        "{} models of {} providers, version {}",
        new.models().len(),
        new.providers().len(),
        new.version(),
    )];
    for (what, ids) in [
        ("New", ids(new, old)),
        ("Gone", ids(old, new)),
        ("Another price", repriced),
    ] {
        if !ids.is_empty() {
            let named = ids.iter().take(MOST_NAMED).map(String::as_str);
            let named: Vec<&str> = named.collect();
            let more = ids.len().saturating_sub(MOST_NAMED);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            lines.push(format!("{what}: {}{more}", named.join(", ")));
        }
    }
    if lines.len() == 1 {
        lines.push("The same models at the same prices.".to_owned());
    }
    lines
}
