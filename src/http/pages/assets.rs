//! `GET /assets/{name}`: style sheet, script and icon, kept by browsers for good.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, Encoding, VARY};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::taken;
use crate::http::{ApiError, not_found};
use crate::pages::asset::Asset;

/// `GET /assets/{name}`
pub async fn asset(http: HttpRequest) -> Result<HttpResponse, ApiError> {
    let asset = Asset::at(http.path()).ok_or_else(|| not_found(http.path()))?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, asset.media_type))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"));
    let taken = taken(&http, &[Encoding::brotli(), Encoding::gzip()]);
    Ok(match taken {
        Some(coding) if coding == Encoding::brotli() => response
            .insert_header((CONTENT_ENCODING, "br"))
            .body(asset.brotli.as_slice()),
        Some(_) => response
            .insert_header((CONTENT_ENCODING, "gzip"))
            .body(asset.gzip.as_slice()),
        None => response.body(asset.plain),
    })
}
