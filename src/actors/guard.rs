//! What a panic means: in a request it is a 500, on a thread that guards state it ends the process. What can begin
//! anew contains it.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Declares that this thread guards state which a panic would leave behind broken.
pub fn abort_on_panic() {
    GUARDED.set(true);
}

/// The result of work whose panic must not end the actor that does it: `None` when it has panicked. Whoever calls
/// puts something sound in the place of what the work has changed.
pub fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Logs panics, and aborts the process when they happen on a guarded thread.
pub fn install() {
    panic::set_hook(Box::new(|info| {
        // The payload may quote a caller's text, so only the place is logged.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
        if GUARDED.get() {
            tracing::error!("a thread that guards state has panicked: the router stops");
            std::process::abort();
        }
    }));
}
