//! Purpose: what the Web API, the sockets, the actors and the page hold in common: the workspace under its lock,
//! the socket hub, the faults, and a number that grows with every change so that others can wait for one.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Options;
use crate::faults::Faults;
use crate::socket::Hub;
use crate::stage::{Prop, Stage};
use crate::workspace::Workspace;

/// The running simulator's insides. One per simulator, behind an `Arc`.
#[derive(Debug)]
pub struct Shared {
    pub(crate) workspace: Mutex<Workspace>,
    pub(crate) hub: Hub,
    pub(crate) faults: Faults,
    pub(crate) options: Options,
    /// `http://127.0.0.1:PORT`
    pub(crate) base_url: String,
    /// `ws://127.0.0.1:PORT`
    pub(crate) link_url: String,
    pub(crate) stop: CancellationToken,
    /// What is around the workspace, once there is something.
    pub(crate) stage: OnceLock<Arc<dyn Stage>>,
    version: watch::Sender<u64>,
}

/// Takes a lock; a panic elsewhere while it was held is that test's failure, not ours.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(options: Options, base_url: String, link_url: String) -> Arc<Self> {
        Arc::new(Self {
            workspace: Mutex::new(Workspace::new(options.cast.clone(), options.time.clone())),
            hub: Hub::new(&options),
            faults: Faults::new(&options),
            options,
            base_url,
            link_url,
            stop: CancellationToken::new(),
            stage: OnceLock::new(),
            version: watch::channel(0).0,
        })
    }

    /// Looks at the workspace.
    pub fn read<T>(&self, look: impl FnOnce(&Workspace) -> T) -> T {
        look(&locked(&self.workspace))
    }

    /// Changes the workspace and tells everybody who waits.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Workspace) -> T) -> T {
        let result = change(&mut locked(&self.workspace));
        self.version.send_modify(|v| *v += 1);
        result
    }

    /// Like `change` for what nobody sees: triggers, response URLs.
    pub(crate) fn quietly<T>(&self, change: impl FnOnce(&mut Workspace) -> T) -> T {
        change(&mut locked(&self.workspace))
    }

    /// What the page shows of the world around the workspace.
    pub(crate) fn props(&self) -> Vec<Prop> {
        self.stage.get().map(|stage| stage.props()).unwrap_or_default()
    }

    /// Tells everybody who waits that something around the workspace changed.
    pub(crate) fn changed_around(&self) {
        self.version.send_modify(|v| *v += 1);
    }

    /// A number that grows with every visible change.
    pub fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Wakes with every visible change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}
