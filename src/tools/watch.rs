//! Folders that are sources, looked at when something is asked: what has changed there is read before the answer, if that is a matter of a
//! moment, else behind it. Who asks waits a bounded time, and looking is rare however often something is asked.

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};

use crate::engine::Engine;
use crate::model::SourceId;
use crate::tools::background::{Background, State as Outcome, Work};
use crate::tools::bound::line;
use crate::tools::reply::reply;

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
    /// What has changed and could not be read when it was looked last, and why.
    unread: Vec<Unread>,
}

/// A source that is not read as it is now.
#[derive(Clone, Debug)]
struct Unread {
    source: SourceId,
    why: String,
    /// What its files were known by when that was tried.
    state: Option<String>,
    /// As they are they are not tried again before.
    again: Instant,
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

    /// Which of these sources could not be read as they are now, and why; of all where none is named. What is stored of them is as it was.
    pub fn unread(&self, among: &[SourceId]) -> Option<String> {
        let state = self.lock();
        let mut told = state.unread.iter().filter(|of| among.is_empty() || among.contains(&of.source));
        let Unread { source, why, .. } = told.next()?;
        let more = match told.count() {
            0 => String::new(),
            more => format!(", and {more} more could not"),
        };
        Some(line(&format!("{source} could not be read again and is answered as it was{more}: {why}")))
    }

    /// Looks whenever it is asked to, for as long as it is polled.
    pub async fn look(&self, engine: &Engine, background: &Background) {
        while let Ok(ended) = self.asked.1.recv().await {
            let began = engine.handle().now();
            let before = self.lock().unread.clone();
            let unread = refresh_what_has_changed(engine, background, before).await;
            let now = engine.handle().now();
            let mut state = self.lock();
            state.unread = unread;
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

/// What could not be read, and why; `before` is what could not at the last look.
async fn refresh_what_has_changed(engine: &Engine, background: &Background, mut before: Vec<Unread>) -> Vec<Unread> {
    let mut unread = Vec::new();
    let sources = match engine.sources_on_disk().await {
        Ok(sources) => sources,
        // Whoever asks is told by the answer itself.
        Err(error) => {
            log::debug!("it is not known which folders are sources: {}", error.chain());
            return before;
        }
    };
    for summary in sources {
        let source = summary.source.clone();
        let failed = before.iter().position(|of| of.source == source).map(|at| before.swap_remove(at));
        let now = engine.handle().now();
        match engine.changed_on_disk(&summary).await {
            Ok(None) => {}
            Ok(Some(_)) if background.running_on(&source).is_some() => unread.extend(failed),
            Ok(state) => {
                if let Some(failed) = failed.filter(|failed| failed.state == state && now < failed.again) {
                    unread.push(failed);
                    continue;
                }
                log::info!("refreshing {source}, whose files have changed");
                match background.begin(Work::Refresh(source.clone(), None, engine.config().chunk.clone())) {
                    Ok((job, _)) => {
                        job.ended().await;
                        if let Outcome::Failed(error) = job.account(engine.handle().now()).state {
                            log::info!("{source} could not be read again: {}", error.message);
                            unread.push(Unread { source, why: error.message, state, again: now + TRY_AGAIN });
                        }
                    }
                    // So many others run: it is looked at again later.
                    Err(error) => log::debug!("{error}"),
                }
            }
            Err(error) => {
                log::debug!("{source} cannot be looked at: {}", error.chain());
                unread.push(Unread { source, why: reply(&error).message, state: None, again: now });
            }
        }
    }
    unread
}

/// How long who asks waits.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// From the end of one looking until the next, and at least so many times as long as it took.
const REST: Duration = Duration::from_secs(3);
const SHARE: u32 = 10;
/// From one try of what failed until the next, where its files are as they were.
const TRY_AGAIN: Duration = Duration::from_secs(60);
