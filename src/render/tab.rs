//! A page's place in the browser: a context of its own, with cookies and storage that no other site sees, and one window in it. Used again for
//! pages of the same crawl and site.

use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use serde_json::{Value, json};

use super::error::Error;
use super::link::{Event, Link};

/// Gone from the browser when dropped.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) link: Arc<Link>,
    /// The crawl and the origin that it is for.
    pub(super) of: (u64, String),
    /// Of its own frame, too.
    pub(super) target: String,
    pub(super) session: String,
    pub(super) events: Receiver<Event>,
    context: String,
    /// For what the browser does by itself.
    limit: Duration,
    /// Pages that it has shown.
    pub(super) pages: u32,
}

impl Tab {
    pub(super) async fn open(link: &Arc<Link>, of: (u64, String), limit: Duration) -> Result<Self, Error> {
        let text = |value: &Value, name: &str| {
            let found = value[name].as_str().map(str::to_owned);
            found.ok_or_else(|| Error::Junk { what: format!("an answer without {name}") })
        };
        let made = link.call(None, "Target.createBrowserContext", json!({ "disposeOnDetach": true }), limit).await?;
        // From here on it is disposed of whatever comes.
        let context = Context { link: link.clone(), id: text(&made, "browserContextId")? };
        let denied = json!({ "behavior": "deny", "browserContextId": context.id });
        link.call(None, "Browser.setDownloadBehavior", denied, limit).await?;
        let asked = json!({ "url": "about:blank", "browserContextId": context.id });
        let target = text(&link.call(None, "Target.createTarget", asked, limit).await?, "targetId")?;
        let asked = json!({ "targetId": target, "flatten": true });
        let session = text(&link.call(None, "Target.attachToTarget", asked, limit).await?, "sessionId")?;
        let events = link.listen(&session);
        let tab = Self { link: link.clone(), of, target, session, events, context: context.keep(), limit, pages: 0 };
        // Before anything else: from here on nothing goes out that was not judged.
        tab.call("Fetch.enable", json!({ "patterns": [{ "urlPattern": "*" }] })).await?;
        tab.call("Page.enable", json!({})).await?;
        tab.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })).await?;
        tab.call("Inspector.enable", json!({})).await?;
        Ok(tab)
    }

    /// What does not depend on the page's own process.
    pub(super) async fn call(&self, method: &'static str, params: Value) -> Result<Value, Error> {
        self.link.call(Some(&self.session), method, params, self.limit).await
    }

    /// Lets a page at rest lie until the next one takes its place, which costs less than an empty page between the two.
    pub(super) async fn rest(&self) -> Result<(), Error> {
        // What the pages before it have left is not missed by a heap that is far from full: it would grow to twice what a page needs.
        if self.pages.is_multiple_of(SWEPT_AFTER) {
            self.call("HeapProfiler.collectGarbage", json!({})).await?;
        }
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await.map(|_| ())
    }

    /// Scripts are run again.
    pub(super) async fn wake(&self) -> Result<(), Error> {
        while self.events.try_recv().is_ok() {}
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await.map(|_| ())
    }

    /// Ends what the last page does. What it had asked for is not answered any more.
    pub(super) async fn clear(&self) -> Result<(), Error> {
        self.call("Page.navigate", json!({ "url": "about:blank" })).await?;
        while self.events.try_recv().is_ok() {}
        Ok(())
    }

    /// Ends its process, which may be too busy to be asked for anything.
    pub(super) fn crash(&self) {
        self.link.tell(Some(&self.session), "Page.crash", json!({}));
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.link.forget(&self.session);
        self.link.tell(None, "Target.disposeBrowserContext", json!({ "browserContextId": self.context }));
    }
}

/// Disposed of when dropped.
struct Context {
    link: Arc<Link>,
    id: String,
}

impl Context {
    /// Somebody else disposes of it.
    fn keep(mut self) -> String {
        std::mem::take(&mut self.id)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if !self.id.is_empty() {
            self.link.tell(None, "Target.disposeBrowserContext", json!({ "browserContextId": self.id }));
        }
    }
}

/// Pages at rest after which its heap is swept: some milliseconds of work each time.
const SWEPT_AFTER: u32 = 3;
