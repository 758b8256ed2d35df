//! Scripts that several pages of one crawl have in common, kept in memory up to a bound: the first that came go first. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Fetched;

/// By the crawl, and the address.
type Name = (u64, Box<str>);

#[derive(Debug, Default)]
pub(super) struct Scripts {
    kept: HashMap<Name, Arc<Fetched>>,
    in_order: VecDeque<Name>,
    bytes: usize,
}

impl Scripts {
    pub(super) fn find(&self, crawl: u64, url: &str) -> Option<Arc<Fetched>> {
        self.kept.get(&(crawl, url.into())).cloned()
    }

    pub(super) fn keep(&mut self, crawl: u64, url: &str, script: Arc<Fetched>) {
        let name: Name = (crawl, url.into());
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
    fn scripts_are_of_one_crawl_and_within_bounds() {
        let script = |bytes| Arc::new(Fetched { status: 200, headers: Vec::new(), body: vec![b'x'; bytes] });
        let mut scripts = Scripts::default();
        scripts.keep(1, "a", script(3));
        assert!(scripts.find(1, "a").is_some() && scripts.find(2, "a").is_none());
        scripts.keep(1, "huge", script(LARGEST + 1));
        assert!(scripts.find(1, "huge").is_none());
        for number in 0..20 {
            scripts.keep(2, &number.to_string(), script(LARGEST));
        }
        assert!(scripts.bytes <= MOST && scripts.find(1, "a").is_none() && scripts.find(2, "19").is_some());
        assert_eq!(scripts.kept.len(), scripts.in_order.len());
    }
}
