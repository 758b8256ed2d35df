//! Scripts that several pages of one crawl and site have in common, kept in memory up to a bound: the first that came go first. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Fetched;

/// Whose it is, and the address. A site shows its own pages what it does not show to others.
type Name = (Owner, Box<str>);

/// The crawl and the origin of its page.
pub(super) type Owner = (u64, String);

#[derive(Debug, Default)]
pub(super) struct Scripts {
    kept: HashMap<Name, Arc<Fetched>>,
    in_order: VecDeque<Name>,
    bytes: usize,
}

impl Scripts {
    pub(super) fn find(&self, owner: &Owner, url: &str) -> Option<Arc<Fetched>> {
        self.kept.get(&(owner.clone(), url.into())).cloned()
    }

    pub(super) fn keep(&mut self, owner: &Owner, url: &str, script: Arc<Fetched>) {
        let name: Name = (owner.clone(), url.into());
        if script.body.len() > LARGEST || self.kept.contains_key(&name) {
            return;
        }
        self.bytes += script.body.len();
        self.in_order.push_back(name.clone());
        self.kept.insert(name, script);
        while self.bytes > MOST || self.in_order.len() > MOST_SCRIPTS {
            let Some(gone) = self.in_order.pop_front().and_then(|first| self.kept.remove(&first)) else { return };
            self.bytes -= gone.body.len();
        }
    }
}

/// Bytes of one script, and of all.
const LARGEST: usize = 8 << 20;
const MOST: usize = 64 << 20;
const MOST_SCRIPTS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_of_one_crawl_and_site_and_within_bounds() {
        let of = |crawl, origin: &str| (crawl, origin.to_owned());
        let (one, two, other) = (of(1, "https://a.test"), of(2, "https://a.test"), of(1, "https://b.test"));
        let script = |bytes| Arc::new(Fetched { status: 200, headers: Vec::new(), body: vec![b'x'; bytes] });
        let mut scripts = Scripts::default();
        scripts.keep(&one, "a", script(3));
        assert!(scripts.find(&one, "a").is_some() && scripts.find(&two, "a").is_none() && scripts.find(&other, "a").is_none());
        scripts.keep(&one, "huge", script(LARGEST + 1));
        assert!(scripts.find(&one, "huge").is_none());
        for number in 0..20 {
            scripts.keep(&two, &number.to_string(), script(LARGEST));
        }
        assert!(scripts.bytes <= MOST && scripts.find(&one, "a").is_none() && scripts.find(&two, "19").is_some());
        assert_eq!(scripts.kept.len(), scripts.in_order.len());
    }
}
