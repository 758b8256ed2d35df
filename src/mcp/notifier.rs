//! Tells clients that something has changed: the embedder's end, and the session's ear. Knows no wire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::mcp::context::Bell;

/// Tells every connected client that wants to know of a change. Make one, give a clone to
/// [`Builder::notifier`](crate::mcp::Builder::notifier), and keep the other where changes happen; clones are the same one.
///
/// Cheap and never blocks. The same change told twice before a client was reached is told once.
///
/// ```
/// use smolcrawl::mcp::{Contents, Context, Notifier, ReadRequest, Resource, RpcError, Server};
///
/// let notifier = Notifier::new();
/// let server = Server::builder("weather", "1.0")
///     .notifier(notifier.clone())
///     .resource(Resource::new("weather://now", "now"), |_: ReadRequest, _: Context| async { Ok::<_, RpcError>(Contents::text("rain")) })
///     .build()?;
/// notifier.resource_updated("weather://now");
/// # Ok::<(), smolcrawl::mcp::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Notifier {
    /// Held for a few instructions only, never across `.await`.
    listeners: Arc<Mutex<Vec<Weak<Listener>>>>,
}

impl Notifier {
    pub fn new() -> Notifier {
        Notifier::default()
    }

    /// The list of tools has changed.
    pub fn tools_changed(&self) {
        self.tell(|news| news.tools = true);
    }

    /// The list of prompts has changed.
    pub fn prompts_changed(&self) {
        self.tell(|news| news.prompts = true);
    }

    /// The list of resources has changed.
    pub fn resources_changed(&self) {
        self.tell(|news| news.resources = true);
    }

    /// What the resource holds has changed: reaches the clients that subscribed to exactly this URI.
    pub fn resource_updated(&self, uri: &str) {
        self.tell(|news| {
            if news.watched.contains_key(uri) {
                news.updated.insert(uri.to_owned());
            }
        });
    }

    /// The resources that clients have subscribed to, each once: where many may have changed, only these need to be told of.
    pub fn watched(&self) -> BTreeSet<String> {
        let listeners: Vec<Arc<Listener>> = self.lock().iter().filter_map(Weak::upgrade).collect();
        listeners.iter().flat_map(|listener| listener.lock().watched.keys().cloned().collect::<Vec<_>>()).collect()
    }

    pub(crate) fn listener(&self, bell: Arc<Bell>) -> Arc<Listener> {
        let listener = Arc::new(Listener { news: Mutex::default(), bell });
        let mut listeners = self.lock();
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.push(Arc::downgrade(&listener));
        listener
    }

    fn tell(&self, tell: impl Fn(&mut News)) {
        // Cloned, so that no waker runs while the list is locked.
        let listeners: Vec<Arc<Listener>> = self.lock().iter().filter_map(Weak::upgrade).collect();
        for listener in listeners {
            tell(&mut listener.lock());
            listener.bell.ring();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Listener>>> {
        // Every change is complete before anything could panic.
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's ear.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Held for a few instructions only, never across `.await`.
    news: Mutex<News>,
    bell: Arc<Bell>,
}

/// What was not told to the client yet.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) tools: bool,
    pub(crate) prompts: bool,
    pub(crate) resources: bool,
    pub(crate) updated: BTreeSet<String>,
    /// URIs that the client subscribed to, and how many times: nothing is kept of others.
    watched: BTreeMap<String, usize>,
}

impl Listener {
    pub(crate) fn watch(&self, uri: &str) {
        *self.lock().watched.entry(uri.to_owned()).or_default() += 1;
    }

    pub(crate) fn unwatch(&self, uri: &str) {
        let mut news = self.lock();
        if let Some(count) = news.watched.get_mut(uri) {
            *count -= 1;
            if *count == 0 {
                news.watched.remove(uri);
                news.updated.remove(uri);
            }
        }
    }

    /// What has changed since this was last asked.
    pub(crate) fn news(&self) -> News {
        let mut news = self.lock();
        let updated = std::mem::take(&mut news.updated);
        let told = News { updated, watched: BTreeMap::new(), ..*news };
        (news.tools, news.prompts, news.resources) = (false, false, false);
        told
    }

    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
