//! Which sites a browser is needed for: learned from what becomes of their pages, and kept for the next crawl of the source. Pure.

use std::collections::{BTreeSet, HashMap};

#[derive(Debug, Default)]
pub(super) struct Scripted {
    /// Origins that an earlier crawl of the source has found to be such.
    before: BTreeSet<String>,
    origins: HashMap<Box<str>, Seen>,
}

/// Pages of an origin.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// A browser has filled them in, and nothing else would.
    filled: u32,
    /// With a text of their own, or one from data.
    own: u32,
}

impl Scripted {
    pub(super) fn known(before: impl IntoIterator<Item = String>) -> Self {
        Self { before: before.into_iter().take(MOST).collect(), origins: HashMap::new() }
    }

    pub(super) fn was_filled(&mut self, origin: &str) {
        self.seen(origin).filled += 1;
    }

    /// A page came from what its site ships: who has that for one has it for others, mostly.
    pub(super) fn has_data(&mut self, origin: &str) {
        self.seen(origin).own += 1;
    }

    pub(super) fn has_own(&mut self, origin: &str) {
        // Most origins need none, and nothing is kept of them.
        if let Some(seen) = self.origins.get_mut(origin) {
            seen.own += 1;
        } else if self.before.contains(origin) {
            self.seen(origin).own += 1;
        }
    }

    /// Whether any page of it was filled by a browser, in this crawl or as a rule.
    pub(super) fn has_any(&self, origin: &str) -> bool {
        self.before.contains(origin) || self.origins.get(origin).is_some_and(|seen| seen.filled > 0)
    }

    /// Whether its pages are as a rule what scripts make of them. What was known before holds until this crawl has seen enough itself.
    pub(super) fn needs(&self, origin: &str) -> bool {
        match self.origins.get(origin) {
            Some(Seen { filled, own }) if filled + own >= ENOUGH => filled > own,
            _ => self.before.contains(origin),
        }
    }

    /// All such origins, for the next crawl.
    pub(super) fn all(&self) -> Vec<String> {
        let met = self.origins.keys().map(|origin| &**origin);
        let all: BTreeSet<&str> = met.chain(self.before.iter().map(String::as_str)).filter(|origin| self.needs(origin)).collect();
        all.into_iter().map(str::to_owned).collect()
    }

    fn seen(&mut self, origin: &str) -> &mut Seen {
        if self.origins.len() >= MOST && !self.origins.contains_key(origin) {
            // Any other one: it is learned again.
            if let Some(other) = self.origins.keys().next().cloned() {
                self.origins.remove(&other);
            }
        }
        self.origins.entry(origin.into()).or_default()
    }
}

/// Pages of an origin that say something of the others.
const ENOUGH: u32 = 3;
const MOST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_pages_of_a_site_need_it_needs() {
        let mut scripted = Scripted::default();
        // A page that scripts fill in among many that they do not.
        scripted.was_filled("http://a.test");
        (0..1_000).for_each(|_| scripted.has_own("http://a.test"));
        (0..3).for_each(|_| scripted.was_filled("http://b.test"));
        scripted.has_own("http://c.test");
        assert_eq!(
            (scripted.needs("http://a.test"), scripted.needs("http://b.test"), scripted.needs("http://c.test")),
            (false, true, false)
        );
        assert_eq!(scripted.all(), ["http://b.test"]);
        let mut next = Scripted::known(scripted.all());
        assert!(next.needs("http://b.test"));
        next.has_own("http://b.test");
        assert!(next.needs("http://b.test"));
        // It is built otherwise now.
        (0..2).for_each(|_| next.has_own("http://b.test"));
        assert!(!next.needs("http://b.test") && next.all().is_empty());
    }

    #[test]
    fn a_site_that_ships_its_texts_needs_no_browser() {
        let mut scripted = Scripted::default();
        (0..10).for_each(|_| scripted.has_data("http://a.test"));
        (0..3).for_each(|_| scripted.was_filled("http://a.test"));
        assert!(!scripted.needs("http://a.test"));
    }

    #[test]
    fn so_many_are_kept() {
        let mut scripted = Scripted::known((0..2 * MOST).map(|number| format!("http://{number}.test")));
        (0..2 * MOST).for_each(|number| scripted.was_filled(&format!("http://x{number}.test")));
        assert_eq!((scripted.before.len(), scripted.origins.len()), (MOST, MOST));
    }
}
