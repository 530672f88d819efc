//! `/admin/ledger`: the whole ledger checked or exported while the router serves. The ledger's actor
//! only takes the snapshot; the walk over it has a thread of its own.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::spawn_blocking;

use crate::actors::clock::now_ms;
use crate::actors::ledger::{Note, TakeSnapshot};
use crate::http::operator::Operator;
use crate::http::{ApiError, Code, Switchboard};
use crate::store::{Action, Deed, ExportError, Snapshot};

/// Bytes of an export in one piece.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that wait for a slow reader.
const PIECES_AHEAD: usize = 16;
/// How long a reader may take for a piece.
const READER_PATIENCE: Duration = Duration::from_secs(60);

/// `GET /admin/ledger/verify`
pub async fn verify(desk: Data<Switchboard>, _: Operator) -> Result<HttpResponse, ApiError> {
    let body = check(&desk).await?;
    Ok(if body["clean"] == true {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::InternalServerError().json(body)
    })
}

/// Follows the whole ledger from its first transfer, and tells what came of it.
pub async fn check(desk: &Switchboard) -> Result<Value, ApiError> {
    let audit = begin(desk)?;
    let snapshot = snapshot(desk).await?;
    let verified = web::block(move || {
        let _audit = audit;
        snapshot.verify(|| ())
    })
    .await
    .map_err(ApiError::internal)?;
    Ok(match verified {
        Ok(report) => json!({
            "clean": true,
            "transfers": report.transfers,
            "accounts": report.accounts,
            "open_holds": report.holds,
            "records": report.records,
            "head_hash": report.head_hash,
        }),
        Err(error) => {
            let reason = error.to_string();
            tracing::error!(reason, "the ledger does not verify");
            json!({ "clean": false, "reason": reason })
        }
    })
}

/// `GET /admin/ledger/export`: the ledger as of one transfer. An export that fails breaks off without
/// its last line, and no import takes it.
pub async fn export(desk: Data<Switchboard>, operator: Operator) -> Result<HttpResponse, ApiError> {
    let audit = begin(&desk)?;
    let snapshot = snapshot(&desk).await?;
    let transfers = snapshot.transfers();
    let deed = Deed::new(operator.author(), Action::LedgerExported, None, now_ms());
    let deed = deed.with("transfers", transfers);
    desk.ledger.do_send(Note(deed));
    let (pieces, received) = mpsc::channel(PIECES_AHEAD);
    let runtime = Handle::current();
    // Not awaited: it ends with its last piece, or when nobody takes them any more.
    spawn_blocking(move || write_export(&snapshot, &Pieces { pieces, runtime }, audit));
    let body = stream::unfold(received, |mut received| async move {
        received.recv().await.map(|piece| (piece, received))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header((
            "Content-Disposition",
            format!("attachment; filename=\"ledger-{transfers}.jsonl\""),
        ))
        .streaming(body))
}

fn write_export(snapshot: &Snapshot, pieces: &Pieces, _audit: OwnedSemaphorePermit) {
    let mut out = BufWriter::with_capacity(PIECE_BYTES, pieces);
    let Err(error) = snapshot.export(&mut out, || ()) else {
        return;
    };
    // What is buffered must not follow.
    let (_, _) = out.into_parts();
    match error {
        ExportError::Write(error) => tracing::warn!(%error, "the reader of an export has left"),
        ExportError::Ledger(_) | ExportError::Json(_) => {
            tracing::error!(%error, "the ledger could not be exported");
        }
    }
    pieces.send(Err(io::Error::other("the export failed"))).ok();
}

/// The right to walk over the whole ledger.
fn begin(desk: &Switchboard) -> Result<OwnedSemaphorePermit, ApiError> {
    Arc::clone(&desk.audits).try_acquire_owned().map_err(|_| {
        let message = "The ledger is being verified or exported already; wait for that to end.";
        ApiError::new(Code::Overloaded, message).retry_after(Duration::from_secs(5))
    })
}

async fn snapshot(desk: &Switchboard) -> Result<Box<Snapshot>, ApiError> {
    ApiError::unless_down(desk.ledger.send(TakeSnapshot).await)
}

type Piece = Result<Bytes, io::Error>;

/// Where an export is written: pieces on their way to the reader.
struct Pieces {
    pieces: mpsc::Sender<Piece>,
    runtime: Handle,
}

impl Pieces {
    fn send(&self, piece: Piece) -> io::Result<()> {
        self.runtime
            .block_on(self.pieces.send_timeout(piece, READER_PATIENCE))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for &Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(Ok(Bytes::copy_from_slice(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
