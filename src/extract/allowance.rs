//! What a page repeats by saying it once: the address that all its links are relative to, the head of a column before each cell. So much
//! of it is written that no page grows out of proportion; a real one never comes near.

use std::cell::{Cell, RefCell};

use url::Url;

use crate::extract::base::{Base, Unresolved};
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
    pub(super) fn address(&self, base: &Base, href: &str, schemes: &[&str]) -> Option<Url> {
        match base.join(href) {
            Ok(target) if !schemes.contains(&target.scheme()) && !base.has_beside(&target, href) => return None,
            Ok(target) if self.takes(target.as_str().len().saturating_sub(href.len())) => return Some(target),
            Err(Unresolved::NotAnAddress) => return None,
            Err(Unresolved::TooLong) if !would_lead(base, href, schemes) => return None,
            Ok(_) | Err(Unresolved::TooLong) => {}
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

/// Whether an address that is too long would be of one of these schemes.
pub(super) fn would_lead(base: &Base, href: &str, schemes: &[&str]) -> bool {
    is_of(href, schemes) || base.is_of_web() && is_relative(href)
}

/// Whether an address that is too long begins with one of these schemes.
fn is_of(href: &str, schemes: &[&str]) -> bool {
    href.split_once(':').is_some_and(|(scheme, _)| schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)))
}

fn is_relative(href: &str) -> bool {
    !href.split(['/', '?', '#']).next().unwrap_or_default().contains(':')
}

/// In bytes: small pages have long addresses, too.
const LEAST: usize = 32 * 1024;
/// In bytes; no address that people link to is longer, and few servers take one.
pub(super) const LONGEST: usize = 2_000;
/// In characters, of the first address that is not written.
const FIRST: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> Base {
        Base::of(&Url::parse(url).unwrap(), encoding_rs::UTF_8)
    }

    const WEB: [&str; 2] = ["http", "https"];

    #[test]
    fn addresses_are_written_until_they_are_most_of_the_page() {
        let base = base(&format!("https://docs.test/{}/", "a".repeat(1_900)));
        let allowance = Allowance::of(2_000);
        let written = (0..100).filter(|_| allowance.address(&base, "p", &WEB).is_some()).count();
        assert!((10..30).contains(&written), "{written}");
        // What is written out costs no more than it is long.
        assert!(allowance.address(&base, "https://other.test/p", &WEB).is_some());
        assert!(allowance.address(&base, "javascript:x()", &WEB).is_none());
        assert_eq!(allowance.note(), Some(Note { rule: "address", words: 100 - written, begins: "p".to_owned() }));
    }

    #[test]
    fn what_no_server_takes_is_no_address() {
        let base = base("https://docs.test/");
        let allowance = Allowance::of(1_000_000);
        assert!(allowance.address(&base, &format!("p?{}", "a".repeat(1_900)), &WEB).is_some());
        assert!(allowance.address(&base, &format!("p?{}", "a".repeat(2_000)), &WEB).is_none());
        assert!(allowance.address(&base, &format!("https://docs.test/p?{}", "a".repeat(2_000)), &WEB).is_none());
        assert!(allowance.address(&base, &format!("javascript:{}", "a".repeat(2_000)), &WEB).is_none());
        assert_eq!(allowance.note().map(|note| note.words), Some(2));
    }

    #[test]
    fn pages_that_repeat_little_say_nothing_of_it() {
        let base = base("https://docs.test/en/");
        let allowance = Allowance::of(100);
        assert!((0..500).all(|n| allowance.address(&base, &n.to_string(), &WEB).is_some()));
        assert!(allowance.repeats("Name"));
        assert_eq!(allowance.note(), None);
    }
}
