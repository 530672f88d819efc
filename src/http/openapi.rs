//! `GET /openapi.json`: the API in OpenAPI 3.1, for readers and for programs that write clients.

mod document;

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, IF_NONE_MATCH, IfNoneMatch,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::ApiError;

/// The document as it is sent, made by the first who asks.
static SERVED: LazyLock<Result<Served, serde_json::Error>> = LazyLock::new(|| {
    let body = document::whole()?;
    let digest = hex::encode(&Sha256::digest(&body)[..16]);
    Ok(Served {
        body: body.into(),
        tag: EntityTag::new_strong(digest),
    })
});

struct Served {
    body: Bytes,
    tag: EntityTag,
}

/// `GET /openapi.json`
pub async fn openapi(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let served = SERVED.as_ref().map_err(ApiError::internal)?;
    let known = is_known(&request, &served.tag);
    let status = if known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    };
    let mut response = HttpResponse::build(status);
    response
        .insert_header((ETAG, served.tag.to_string()))
        .insert_header((CACHE_CONTROL, "public, max-age=300"));
    if known {
        return Ok(response.finish());
    }
    Ok(response
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(served.body.clone()))
}

/// The document as it is sent.
pub fn document() -> Result<&'static Bytes, ApiError> {
    let served = SERVED.as_ref().map_err(ApiError::internal)?;
    Ok(&served.body)
}

/// Whether the client has this version.
fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    if !request.headers().contains_key(IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}
