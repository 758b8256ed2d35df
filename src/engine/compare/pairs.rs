//! Which page of one version is which of the other. Pure: it knows pages by their hashes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use url::Url;

use super::passages::Print;

/// What is kept of a page while others are read.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub url: Url,
    pub title: String,
    /// Its address without the version, hashed.
    pub address: u64,
    /// The same from the folder of its source on.
    pub relative: Option<u64>,
    pub print: Print,
}

/// Pages by their numbers, those of the first version before those of the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    /// At the same place, or with the same text or title at another.
    pub pairs: Vec<(usize, usize, At)>,
    pub removed: Vec<usize>,
    pub added: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    SamePlace,
    AnotherPlace,
}

/// The same address, else the same place in the source, else the same text, else the same title with a text that is like it. In each way
/// the first that fits; each page once.
pub(super) fn pairs(old: &[Known], new: &[Known]) -> Pairs {
    let mut pairing = Pairing { old, new, of_old: vec![false; old.len()], of_new: vec![None; new.len()] };
    pairing.round(At::SamePlace, |page| Some(page.address), Several::First, |_, _| true);
    pairing.round(At::SamePlace, |page| page.relative, Several::First, |_, _| true);
    let said = |page: &Known| (!page.print.sketch.is_empty()).then_some(page.print.text);
    // The text is that with its title.
    pairing.round(At::AnotherPlace, said, Several::First, |_, _| true);
    pairing.round(At::AnotherPlace, |page| Some(page.print.title), Several::None, |old, new| old.print.likeness(&new.print) >= ALIKE);
    let mut found = Pairs::default();
    for (index, partner) in pairing.of_new.iter().enumerate() {
        match partner {
            Some((was, at)) => found.pairs.push((*was, index, *at)),
            None => found.added.push(index),
        }
    }
    found.removed = (0..old.len()).filter(|index| !pairing.of_old[*index]).collect();
    found
}

struct Pairing<'a> {
    old: &'a [Known],
    new: &'a [Known],
    of_old: Vec<bool>,
    of_new: Vec<Option<(usize, At)>>,
}

/// What a key means that several pages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Several {
    First,
    None,
}

impl Pairing<'_> {
    fn round<K: Eq + Hash>(
        &mut self,
        at: At,
        key: impl Fn(&Known) -> Option<K>,
        several: Several,
        is_one: impl Fn(&Known, &Known) -> bool,
    ) {
        let free_new = (0..self.new.len()).filter(|index| self.of_new[*index].is_none());
        let new = by_key(free_new.filter_map(|index| Some((key(&self.new[index])?, index))), several);
        let free_old = (0..self.old.len()).filter(|index| !self.of_old[*index]);
        let old = by_key(free_old.filter_map(|index| Some((key(&self.old[index])?, index))), several);
        for (key, was) in old {
            let Some(is) = new.get(&key).copied().flatten() else { continue };
            if let Some(was) = was
                && is_one(&self.old[was], &self.new[is])
            {
                self.of_old[was] = true;
                self.of_new[is] = Some((was, at));
            }
        }
    }
}

fn by_key<K: Eq + Hash>(pages: impl Iterator<Item = (K, usize)>, several: Several) -> HashMap<K, Option<usize>> {
    let mut found = HashMap::new();
    for (key, index) in pages {
        match found.entry(key) {
            Entry::Vacant(free) => _ = free.insert(Some(index)),
            Entry::Occupied(mut taken) if several == Several::None => _ = taken.insert(None),
            Entry::Occupied(_) => {}
        }
    }
    found
}

/// From when on a page of the same title at another place is taken for the same.
const ALIKE: f32 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;

    /// `address title text`, where the text is letters that stand for passages.
    fn known(pages: &str) -> Vec<Known> {
        let number = |text: &str| text.bytes().fold(7, |number: u64, byte| number.wrapping_mul(31) + u64::from(byte));
        let page = |page: &str| {
            let [address, title, text] = page.split(' ').collect::<Vec<_>>()[..] else { panic!("{page}") };
            let text = text.trim_matches('.');
            let sketch = text.bytes().map(u64::from).collect();
            let whole = number(&format!("{title} {text}"));
            let print = Print { exact: whole, text: whole, title: number(title), sketch };
            let url = Url::parse(&format!("https://a.test/{address}")).unwrap();
            let relative = address.split_once('/').map(|(_, rest)| number(rest));
            Known { url, title: title.to_owned(), address: number(address), relative, print }
        };
        pages.split(", ").filter(|page| !page.is_empty()).map(page).collect()
    }

    fn told(old: &str, new: &str) -> String {
        let (old, new) = (known(old), known(new));
        let found = pairs(&old, &new);
        let path = |page: &Known| page.url.path()[1..].to_owned();
        let mut told: Vec<_> = found
            .pairs
            .iter()
            .map(|(was, is, at)| format!("{}{}{}", path(&old[*was]), if *at == At::SamePlace { "=" } else { ">" }, path(&new[*is])))
            .collect();
        told.extend(found.removed.iter().map(|was| format!("-{}", path(&old[*was]))));
        told.extend(found.added.iter().map(|is| format!("+{}", path(&new[*is]))));
        told.join(" ")
    }

    #[test]
    fn pages_are_matched_by_place_then_text_then_title() {
        assert_eq!(told("a A x, b B y", "a A z, c C w"), "a=a -b +c");
        assert_eq!(told("old/a A x", "new/a A y"), "old/a=new/a");
        assert_eq!(told("a A xyz", "b A xyz"), "a>b");
        assert_eq!(told("a A abcd", "b A abce"), "a>b");
        // Another title, another text.
        assert_eq!(told("a A abcd", "b B abce"), "-a +b");
        assert_eq!(told("a A abcd", "b A wxyz"), "-a +b");
    }

    #[test]
    fn a_page_is_matched_once_and_not_by_what_many_have() {
        assert_eq!(told("a A x, b A x", "c A x"), "a>c -b");
        assert_eq!(told("a A abcd, b A abcx", "c A abcy"), "-a -b +c", "a title of two pages names none");
        assert_eq!(told("a A ..", "b A .."), "-a +b", "what says nothing is like nothing");
        assert_eq!(told("x/a A x, a A y", "a A z, y/a A x"), "a=a x/a=y/a");
        assert_eq!(told("", "a A x"), "+a");
    }
}
