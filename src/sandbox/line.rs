//! The connection that a call came on, so that a simulated provider can reset it.

use std::any::Any;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

/// A connection of a caller.
#[derive(Clone, Debug)]
pub(super) struct Line(Arc<OwnedFd>);

impl Line {
    /// Makes its end a reset (RST) instead of an orderly close (FIN). What was not sent is lost.
    pub(super) fn reset_on_close(&self) {
        if let Err(error) = SockRef::from(&*self.0).set_linger(Some(Duration::ZERO)) {
            tracing::warn!(%error, "a simulated reset will be an orderly close");
        }
    }
}

/// Keeps a handle of each new connection with it.
pub(super) fn remember(connection: &dyn Any, data: &mut Extensions) {
    let handle = connection
        .downcast_ref::<TcpStream>()
        .and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
    if let Some(handle) = handle {
        data.insert(Line(Arc::new(handle)));
    }
}
