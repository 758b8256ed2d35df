//! What a page repeats by saying it once: the address that all its links are relative to, the head of a column before each cell. So much
//! of it is written that no page grows out of proportion; a real one never comes near.

use std::cell::{Cell, RefCell};

use url::Url;

use crate::extract::escape;
use crate::model::Note;

pub(super) struct Allowance {
    /// In bytes.
    left: Cell<usize>,
    /// How many addresses were not written, and the first of them.
    refused: Cell<usize>,
    first: RefCell<String>,
}

impl Allowance {
    /// Of a page of so many bytes.
    pub(super) fn of(size: usize) -> Self {
        Self { left: Cell::new(3 * size + LEAST), refused: Cell::new(0), first: RefCell::default() }
    }

    /// Where a link leads, if it is of one of these schemes and may be written.
    pub(super) fn address(&self, base: &Url, href: &str, schemes: &[&str]) -> Option<Url> {
        let fits = base.as_str().len() + href.len() <= LONGEST && self.left.get() > 0;
        // A long base makes each link long, and costs time for each.
        let target = if fits { base.join(href).ok()? } else { Url::parse(href).or_else(|_| base.join("/")).ok()? };
        if !schemes.contains(&target.scheme()) {
            return None;
        }
        let repeated = target.as_str().len().saturating_sub(href.len());
        let is_whole = fits || (href.len() <= LONGEST && Url::parse(href).is_ok());
        if is_whole && self.takes(repeated) {
            return Some(target);
        }
        if self.refused.replace(self.refused.get() + 1) == 0 {
            self.first.borrow_mut().extend(href.chars().filter(|c| !escape::is_invisible(*c)).take(FIRST));
        }
        None
    }

    /// Whether `text`, which is written elsewhere, may be written once more.
    pub(super) fn repeats(&self, text: &str) -> bool {
        // Each of its characters may need an escape, and it has marks around it.
        self.takes(2 * text.len() + 8)
    }

    fn takes(&self, length: usize) -> bool {
        let left = self.left.get().checked_sub(length);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    pub(super) fn note(self) -> Option<Note> {
        let words = self.refused.get();
        (words > 0).then(|| Note { rule: "address", words, begins: self.first.into_inner() })
    }
}

/// In bytes: small pages have long addresses, too.
const LEAST: usize = 32 * 1024;
/// In bytes; servers take no longer ones.
pub(super) const LONGEST: usize = 8_000;
/// In characters, of the first address that is not written.
const FIRST: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: [&str; 2] = ["http", "https"];

    #[test]
    fn addresses_are_written_until_they_are_most_of_the_page() {
        let base = Url::parse(&format!("https://docs.test/{}/", "a".repeat(3_900))).unwrap();
        let allowance = Allowance::of(2_000);
        let written = (0..100).filter(|_| allowance.address(&base, "p", &WEB).is_some()).count();
        assert!((5..15).contains(&written), "{written}");
        // What is written out costs no more than it is long.
        assert!(allowance.address(&base, "https://other.test/p", &WEB).is_some());
        assert!(allowance.address(&base, "javascript:x()", &WEB).is_none());
        assert_eq!(allowance.note(), Some(Note { rule: "address", words: 100 - written, begins: "p".to_owned() }));
    }

    #[test]
    fn what_no_server_takes_is_no_address() {
        let base = Url::parse("https://docs.test/").unwrap();
        let allowance = Allowance::of(1_000_000);
        assert!(allowance.address(&base, &format!("p?{}", "a".repeat(7_000)), &WEB).is_some());
        assert!(allowance.address(&base, &format!("p?{}", "a".repeat(9_000)), &WEB).is_none());
        assert!(allowance.address(&base, &format!("https://docs.test/p?{}", "a".repeat(9_000)), &WEB).is_none());
        assert!(allowance.address(&base, &format!("javascript:{}", "a".repeat(9_000)), &WEB).is_none());
        assert_eq!(allowance.note().map(|note| note.words), Some(2));
    }

    #[test]
    fn pages_that_repeat_little_say_nothing_of_it() {
        let base = Url::parse("https://docs.test/en/").unwrap();
        let allowance = Allowance::of(100);
        assert!((0..500).all(|n| allowance.address(&base, &n.to_string(), &WEB).is_some()));
        assert!(allowance.repeats("Name"));
        assert_eq!(allowance.note(), None);
    }
}
