//! `GET /v1/account/export`: everything that is kept of an account, as one JSON document that is
//! written page by page.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Bytes, Data};
use futures_util::stream;
use serde::Serialize;
use serde_json::{Value, json};

use super::auth::Manager;
use super::generations::{self, rfc3339};
use super::history::transfer_view;
use super::usage::{days, read};
use super::{ApiError, Switchboard, account, admin, billing, keys};
use crate::actors::accounts::ListSessions;
use crate::ids::{AccountId, GenerationId, OrderId};
use crate::store::{Session, Sought, Wanted};

/// Rows of one piece.
const PAGE: usize = 500;

/// What comes next.
enum Step {
    Head(String),
    Usage {
        before: Option<GenerationId>,
        comma: &'static str,
    },
    Transactions {
        before: Option<u64>,
        comma: &'static str,
    },
    Orders {
        before: Option<OrderId>,
        comma: &'static str,
    },
    Audit {
        sought: Sought,
        comma: &'static str,
    },
    End,
}

/// `GET /v1/account/export`
pub async fn export(desk: Data<Switchboard>, manager: Manager) -> Result<HttpResponse, ApiError> {
    let id = manager.account();
    let head = head(&desk, id).await?;
    let body = stream::try_unfold(Step::Head(head), move |step| next(desk.clone(), id, step));
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.json\""),
        ))
        .streaming(body))
}

/// The document up to its first list.
async fn head(desk: &Switchboard, id: AccountId) -> Result<String, ApiError> {
    let account = account::find(desk, id).await?;
    let sessions = desk.accounts.send(ListSessions(id)).await;
    let sessions = sessions.map_err(ApiError::internal)?;
    let sessions: Vec<Value> = sessions.iter().map(session).collect();
    Ok(format!(
        "{{\"account\":{},\"card\":{},\"keys\":{},\"sessions\":{},\"usage\":[",
        account::view(desk, &account),
        billing::card(desk, id).await?,
        Value::Array(keys::all(desk, id).await?),
        Value::Array(sessions),
    ))
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "created_at": rfc3339(session.created_ms),
        "last_seen_at": rfc3339(session.seen_ms),
        "user_agent": session.agent,
    })
}

/// The next piece, and what comes after it.
async fn next(
    desk: Data<Switchboard>,
    id: AccountId,
    step: Step,
) -> Result<Option<(Bytes, Step)>, ApiError> {
    let archive = desk.archive.clone();
    let always = days(None, None)?;
    Ok(match step {
        Step::Head(head) => {
            let usage = Step::Usage {
                before: None,
                comma: "",
            };
            Some((head.into(), usage))
        }
        Step::Usage { before, comma } => {
            let page = read(&desk, move || archive.page(id, always, before, PAGE)).await?;
            let mut piece = rows(page.records.into_iter().map(generations::view), comma)?;
            let then = match page.before {
                before @ Some(_) => Step::Usage { before, comma: "," },
                None => {
                    piece.push_str("],\"transactions\":[");
                    Step::Transactions {
                        before: None,
                        comma: "",
                    }
                }
            };
            Some((piece.into(), then))
        }
        Step::Transactions { before, comma } => {
            let page = read(&desk, move || {
                archive.transactions(id, &always, &Wanted::default(), before, PAGE)
            })
            .await?;
            let view = |t| transfer_view(t, id, &page.receipts);
            let views = page.transfers.iter().map(view);
            let mut piece = rows(views, comma)?;
            let then = match page.before {
                before @ Some(_) => Step::Transactions { before, comma: "," },
                None => {
                    piece.push_str("],\"orders\":[");
                    Step::Orders {
                        before: None,
                        comma: "",
                    }
                }
            };
            Some((piece.into(), then))
        }
        Step::Orders { before, comma } => {
            let page = read(&desk, move || archive.receipts(id, before, PAGE)).await?;
            let orders = page.orders.iter();
            let views = orders.map(|(order, back)| billing::order_view(order, *back));
            let mut piece = rows(views, comma)?;
            let then = match page.before {
                before @ Some(_) => Step::Orders { before, comma: "," },
                None => {
                    piece.push_str("],\"audit\":[");
                    Step::Audit {
                        sought: Sought {
                            account: Some(id),
                            ..Sought::default()
                        },
                        comma: "",
                    }
                }
            };
            Some((piece.into(), then))
        }
        Step::Audit { mut sought, comma } => {
            let page = read(&desk, move || archive.deeds(&sought, PAGE)).await?;
            sought.before = page.before;
            let mut piece = rows(page.deeds.iter().map(admin::deed_view), comma)?;
            let then = if sought.before.is_some() {
                Step::Audit { sought, comma: "," }
            } else {
                piece.push_str("]}\n");
                Step::End
            };
            Some((piece.into(), then))
        }
        Step::End => None,
    })
}

/// Rows of a list; `comma` stands before the first.
fn rows(
    rows: impl Iterator<Item = impl Serialize>,
    mut comma: &'static str,
) -> Result<String, ApiError> {
    let mut text = String::new();
    for row in rows {
        text.push_str(comma);
        text.push_str(&serde_json::to_string(&row).map_err(ApiError::internal)?);
        comma = ",";
    }
    Ok(text)
}
