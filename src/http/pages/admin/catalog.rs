//! `/admin/catalog`: which catalog is served, and whether another one could be.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::around;
use super::gate::Console;
use crate::actors::catalog::laid_over;
use crate::catalog::Catalog;
use crate::http::pages::answer;
use crate::http::pages::form::Form;
use crate::http::pages::login::see;
use crate::http::{ApiError, Switchboard, admin};
use crate::pages::Typed;
use crate::pages::admin::{Catalog as CatalogPage, Part};

/// What a checked catalog is called in messages.
const NAME: &str = "catalog";
/// Ids that are named when a catalog would add, remove or reprice them.
const MOST_NAMED: usize = 20;

/// `GET /admin/catalog`
pub async fn catalog(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    let page = page(&desk, &http);
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// `POST /admin/catalog/check`: changes nothing.
pub async fn check(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let mut page = page(&desk, &http);
    page.form = form.over(Typed::default(), &["catalog"]);
    if !form.has("catalog") {
        page.form = page.form.but("catalog", "This has to be filled in.");
        return answer::personal(StatusCode::BAD_REQUEST, &desk.settings, &page);
    }
    let status = match laid_over(NAME, form.text("catalog").to_owned()) {
        Ok(new) => {
            page.verdict = compared(&desk.world.load().catalog, &new);
            StatusCode::OK
        }
        Err(error) => {
            page.problems = error.to_string().lines().map(str::to_owned).collect();
            StatusCode::BAD_REQUEST
        }
    };
    answer::personal(status, &desk.settings, &page)
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
        form: Typed::default(),
        problems: Vec::new(),
        verdict: Vec::new(),
    }
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
