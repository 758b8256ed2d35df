//! Folders that are sources, looked at when something is asked: what has changed there is read before the answer, if that is a matter of a
//! moment, else behind it. Who asks waits a bounded time, and looking is rare however often something is asked.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};

use crate::engine::Engine;
use crate::tools::background::{Background, Work};

/// When it was last looked, and whether it is being looked.
#[derive(Debug)]
pub struct Watch {
    /// Held for one look or one change, never across `.await`.
    state: Mutex<State>,
    asked: (Sender<Sender<Infallible>>, Receiver<Sender<Infallible>>),
}

#[derive(Debug, Default)]
struct State {
    /// Closed when the looking that goes on has ended.
    going: Option<Receiver<Infallible>>,
    /// Not before.
    next: Option<Instant>,
}

impl Watch {
    pub fn new() -> Self {
        Self { state: Mutex::default(), asked: async_channel::unbounded() }
    }

    /// Has the sources of this disk looked at, if that was not done lately, and waits for a moment.
    pub async fn ask(&self, engine: &Engine) {
        if !engine.has_database() {
            return;
        }
        let handle = engine.handle();
        let going = {
            let mut state = self.lock();
            match (&state.going, state.next) {
                (Some(going), _) => going.clone(),
                (None, Some(next)) if handle.now() < next => return,
                (None, _) => {
                    let (ended, going) = async_channel::bounded(1);
                    state.going = Some(going.clone());
                    // Neither end is closed before this value goes.
                    let _ = self.asked.0.try_send(ended);
                    going
                }
            }
        };
        // Nothing is ever sent: it fails once the looking has ended.
        let _ = handle.timeout(PATIENCE, going.recv()).await;
    }

    /// Looks whenever it is asked to, for as long as it is polled.
    pub async fn look(&self, engine: &Engine, background: &Background) {
        while let Ok(ended) = self.asked.1.recv().await {
            let began = engine.handle().now();
            refresh_what_has_changed(engine, background).await;
            let now = engine.handle().now();
            let mut state = self.lock();
            state.going = None;
            state.next = Some(now + REST.max(now.saturating_duration_since(began) * SHARE));
            drop(state);
            drop(ended);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole at any moment a panic could come.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn refresh_what_has_changed(engine: &Engine, background: &Background) {
    let sources = match engine.sources_on_disk().await {
        Ok(sources) => sources,
        // Whoever asks is told by the answer itself.
        Err(error) => return log::debug!("it is not known which folders are sources: {}", error.chain()),
    };
    for summary in sources {
        match engine.has_changed_on_disk(&summary).await {
            Ok(false) => {}
            Ok(true) if background.running_on(&summary.source).is_some() => {}
            Ok(true) => {
                log::info!("refreshing {}, whose files have changed", summary.source);
                match background.begin(Work::Refresh(summary.source, None, engine.config().chunk.clone())) {
                    Ok((job, _)) => job.ended().await,
                    // So many others run: it is looked at again later.
                    Err(error) => log::debug!("{error}"),
                }
            }
            Err(error) => log::debug!("{} cannot be looked at: {}", summary.source, error.chain()),
        }
    }
}

/// How long who asks waits.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// From the end of one looking until the next, and at least so many times as long as it took.
const REST: Duration = Duration::from_secs(3);
const SHARE: u32 = 10;
