//! Pages that say nearly the same: counted, never left out. Knows words and addresses only, no page and no markdown. Pure.
//!
//! Each text has a sketch of 64 bits (Charikar 2002): of two that differ in one word of some hundreds the sketches differ in a bit or two, of
//! two others in about 32. Three bits are taken for the same (Manku, Jain and Das Sarma 2007), of texts that are long enough to tell.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use url::Url;

use crate::http::masked;

use super::report::{CrawlReport, MAX_LISTED, NearlySame};

/// The texts that were met, and those among them that say nearly the same as an earlier one. At most 1,000,000 are remembered, at about 150
/// bytes each.
///
/// ```
/// use smolcrawl::crawl::Alike;
///
/// let (mut alike, url) = (Alike::default(), |path: &str| url::Url::parse("https://a.test").unwrap().join(path).unwrap());
/// let text: String = (0..2_000).map(|number| format!("word{number} ")).collect();
/// assert_eq!(alike.meet(&url("/1"), &text), None);
/// assert_eq!(alike.meet(&url("/2"), &text.replace("word1000 ", "other ")).as_deref(), Some("https://a.test/1"));
/// assert_eq!(alike.meet(&url("/3"), "too short to tell"), None);
/// let mut report = smolcrawl::crawl::CrawlReport::default();
/// alike.tell(&mut report);
/// assert_eq!((report.alike_total, report.alike[0].like.path()), (1, "/1"));
/// ```
#[derive(Debug, Default)]
pub struct Alike {
    met: Vec<(u64, Arc<str>)>,
    /// A quarter of a sketch, and which -> the texts that have it, the last first to be looked at. Of two sketches that differ in three bits
    /// one quarter is the same.
    quarters: HashMap<(u8, u16), Vec<u32>>,
    found: Vec<NearlySame>,
    total: u64,
}

impl Alike {
    /// The address of the first text that is nearly the same; if there is none, or the text has fewer than 50 words, none. A text that is
    /// like none before is one that later ones may be like. Of an address that was met the text has been replaced: it is like itself.
    pub fn meet(&mut self, url: &Url, text: &str) -> Option<Arc<str>> {
        let sketch = sketch(text)?;
        let found = quarters(sketch).into_iter().find_map(|quarter| {
            let same = self.quarters.get(&quarter)?;
            let near = same.iter().rev().take(MOST_LOOKS).find(|at| (self.met[**at as usize].0 ^ sketch).count_ones() <= MOST_BITS)?;
            Some(self.met[*near as usize].1.clone())
        });
        if let Some(first) = found {
            let first = Some(first).filter(|first| **first != *url.as_str())?;
            self.total += 1;
            if self.found.len() < MAX_LISTED
                && let Ok(like) = Url::parse(&first)
            {
                self.found.push(NearlySame { url: masked(url), like: masked(&like) });
            }
            return Some(first);
        }
        if self.met.len() < MOST_TEXTS {
            let at = self.met.len() as u32;
            self.met.push((sketch, url.as_str().into()));
            for quarter in quarters(sketch) {
                self.quarters.entry(quarter).or_default().push(at);
            }
        }
        None
    }

    /// Puts what was found into the account of the crawl.
    pub fn tell(&self, report: &mut CrawlReport) {
        (report.alike, report.alike_total) = (self.found.clone(), self.total);
    }
}

/// None of a text that is too short. Linear in the text.
fn sketch(text: &str) -> Option<u64> {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut bits = [0_i32; 64];
    let mut count = 0;
    let mut before = "";
    for word in words.take(MOST_WORDS) {
        // Two in a row, so that the same words in another order are another text.
        let hash = hasher.hash_one((before, word));
        for (at, bit) in bits.iter_mut().enumerate() {
            *bit += if hash >> at & 1 == 1 { 1 } else { -1 };
        }
        before = word;
        count += 1;
    }
    (count >= LEAST_WORDS).then(|| bits.iter().enumerate().fold(0, |sketch, (at, bit)| sketch | u64::from(*bit > 0) << at))
}

fn quarters(sketch: u64) -> [(u8, u16); 4] {
    [0, 1, 2, 3].map(|at| (at, (sketch >> (16 * at)) as u16))
}

/// Bits in which sketches of one text may differ.
const MOST_BITS: u32 = 3;

/// Words of a text that has enough of them to tell, and of one that are looked at.
const LEAST_WORDS: usize = 50;
const MOST_WORDS: usize = 1_000_000;

/// Texts with one quarter that are compared, the last ones; by chance it is one of 16,000.
const MOST_LOOKS: usize = 64;

const MOST_TEXTS: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("http://a.test").unwrap().join(path).unwrap()
    }

    /// Different words for each seed.
    fn text(seed: u64, words: u64) -> Vec<String> {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        (0..words).map(|number| format!("w{}", hasher.hash_one((seed, number)) % 5_000)).collect()
    }

    #[test]
    fn a_word_changed_makes_no_other_page_and_many_do() {
        let mut alike = Alike::default();
        let first = text(1, 2_000);
        assert_eq!(alike.meet(&url("/first"), &first.join(" ")), None);
        let mut near = first.clone();
        near[200] = "changed".to_owned();
        assert_eq!(alike.meet(&url("/near"), &near.join(" ")).as_deref(), Some("http://a.test/first"));
        assert_eq!(alike.meet(&url("/marks"), &first.join(" *")).as_deref(), Some("http://a.test/first"), "only words count");
        let half: Vec<_> = first[..1_000].iter().cloned().chain(text(2, 1_000)).collect();
        assert_eq!(alike.meet(&url("/half"), &half.join(" ")), None);
        let backwards: Vec<_> = first.iter().rev().cloned().collect();
        assert_eq!(alike.meet(&url("/backwards"), &backwards.join(" ")), None);
        assert_eq!(alike.meet(&url("/first"), &first.join(" ")), None, "it is itself");
    }

    #[test]
    fn short_texts_are_not_compared_and_others_are_not_alike() {
        let mut alike = Alike::default();
        let short = text(1, 49).join(" ");
        assert_eq!((alike.meet(&url("/1"), &short), alike.meet(&url("/2"), &short)), (None, None));
        for number in 0..2_000 {
            assert_eq!(alike.meet(&url(&format!("/{number}")), &text(number + 10, 60).join(" ")), None);
        }
        assert_eq!(alike.met.len(), 2_000);
    }

    /// Of one template every page may have one quarter of its sketch.
    #[test]
    fn looking_is_bounded_where_a_quarter_is_common() {
        let mut alike = Alike::default();
        alike.quarters.insert((0, 7), (0..100_000).collect());
        alike.met = vec![(u64::MAX << 16 | 7, "http://a.test/".into()); 100_000];
        let started = std::time::Instant::now();
        for number in 0..2_000 {
            alike.meet(&url("/x"), &text(number, 60).join(" "));
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(20));
    }
}
