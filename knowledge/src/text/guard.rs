//! Purpose: runs a reader of somebody else's format where it can do no harm but to itself.

use std::sync::mpsc;
use std::thread;

use super::LIMIT;

/// Readers call themselves for what is nested. The system gives memory only for what is touched.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// The answer of `read`; none if it panicked or took too long. A thread cannot be stopped: one that takes too long goes on
/// without anybody waiting for it, so readers get nothing that could make them go on forever, as far as that is known.
pub(super) fn guarded<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, answer) = mpsc::channel();
    thread::Builder::new()
        .name("reading".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // Nobody may be left to take it.
            let _ = done.send(read());
        })
        .ok()?;
    // A panic drops the sender, which ends the wait.
    answer.recv_timeout(LIMIT).ok()
}
