//! What lies there against what is stored of it: which files are to be read, and which pages are of nothing any more. Pure.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::opened::Todo;
use crate::files::{Listing, Place, is_tag};
use crate::model::Validators;

/// What is stored of a source.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Pages that were read from files, by address, each with the tag of its file.
    pages: HashMap<Box<str>, Box<str>>,
    /// Of files that there was nothing to store of.
    misses: HashSet<Box<str>>,
}

impl Known {
    /// Pages that others have put into the source are not looked at.
    pub fn new(pages: Vec<(Url, Validators)>, misses: impl IntoIterator<Item = Box<str>>) -> Self {
        let tagged = pages.into_iter().filter_map(|(url, validators)| {
            let tag = validators.etag.filter(|tag| is_tag(tag))?;
            Some((Box::from(url.as_str()), tag.into()))
        });
        Self { pages: tagged.collect(), misses: misses.into_iter().collect() }
    }

    pub fn len(&self) -> u64 {
        self.pages.len() as u64
    }

    pub fn has(&self, url: &Url) -> bool {
        self.pages.contains_key(url.as_str())
    }

    /// What is to be done about a file that may be stored under one of these addresses; the first is the one that it has now. Its page is
    /// not among those that are of nothing.
    pub fn meet(&mut self, mut addresses: Vec<Url>, tag: &str) -> Met {
        let url = addresses.remove(0);
        match self.pages.remove(url.as_str()) {
            Some(stored) if &*stored == tag => return Met::Unchanged,
            Some(_) => return Met::Read { url, before: None, is_known: true },
            None => {}
        }
        let before = addresses.into_iter().find(|before| self.pages.remove(before.as_str()).is_some());
        match before {
            None if self.misses.contains(&miss(&url, tag)) => Met::StillNothing,
            before => Met::Read { url, is_known: before.is_some(), before },
        }
    }

    /// The addresses of pages whose files were not met.
    pub fn not_met(&mut self) -> Vec<Url> {
        let mut urls: Vec<Url> = self.pages.drain().filter_map(|(url, _)| Url::parse(&url).ok()).collect();
        urls.sort_unstable();
        urls
    }
}

/// What a file is to its source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    Unchanged,
    /// There was nothing to store of it, and it has not changed.
    StillNothing,
    Read {
        url: Url,
        /// Where it is stored, if that is elsewhere.
        before: Option<Url>,
        is_known: bool,
    },
}

/// What a file is known by that there is nothing to store of. No page has an address with a fragment.
pub(super) fn miss(url: &Url, tag: &str) -> Box<str> {
    format!("{url}#{tag}").into()
}

/// A listing against what is stored.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub todo: Vec<Todo>,
    pub unchanged: u64,
    pub still_nothing: u64,
    pub gone: Vec<Url>,
}

/// `former` is where the files of the source were when it was last read: at another commit, perhaps.
pub(super) fn compare(listing: &Listing, mut known: Known, former: Option<&Place>) -> Compared {
    let mut compared = Compared::default();
    for found in &listing.files {
        let mut addresses = vec![listing.place(found).of(&found.path)];
        for place in former.into_iter().chain([listing.home(), listing.on_disk()]) {
            let other = place.of(&found.path);
            if !addresses.contains(&other) {
                addresses.push(other);
            }
        }
        match known.meet(addresses, &found.tag()) {
            Met::Unchanged => compared.unchanged += 1,
            Met::StillNothing => compared.still_nothing += 1,
            Met::Read { url, before, is_known } => compared.todo.push(Todo { found: found.clone(), url, before, is_known }),
        }
    }
    let places: Vec<&Place> = former.into_iter().chain([listing.home(), listing.on_disk()]).collect();
    let unseen: HashSet<String> = listing.unseen.iter().flat_map(|path| places.iter().map(|place| String::from(place.of(path)))).collect();
    compared.gone = known.not_met().into_iter().filter(|url| !is_within(url, &unseen)).collect();
    compared
}

/// Whether an address is one of these, or begins with one that ends with a slash.
fn is_within(url: &Url, among: &HashSet<String>) -> bool {
    let url = url.as_str();
    !among.is_empty() && (among.contains(url) || url.match_indices('/').any(|(at, _)| among.contains(&url[..=at])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Folder, Selection};

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn known(pages: &[(&str, Option<&str>)]) -> Known {
        let page = |(at, tag): &(&str, Option<&str>)| (url(at), Validators { etag: tag.map(str::to_owned), ..Validators::default() });
        Known::new(pages.iter().map(page).collect(), [miss(&url("file:///empty.md"), "W/\"0-1\"")])
    }

    #[test]
    fn a_file_is_read_where_it_is_new_or_has_changed_or_moved() {
        let mut known = known(&[
            ("file:///a.md", Some("W/\"1-1\"")),
            ("file:///b.md", Some("W/\"1-1\"")),
            ("https://host.test/blob/1/c.md", Some("W/\"1-1\"")),
            ("file:///gone.md", Some("W/\"1-1\"")),
            ("file:///symbols", None),
            ("https://host.test/page", Some("\"strong\"")),
        ]);
        let read = |at: &str, before: Option<&str>, is_known| Met::Read { url: url(at), before: before.map(url), is_known };
        assert_eq!(known.meet(vec![url("file:///a.md")], "W/\"1-1\""), Met::Unchanged);
        assert_eq!(known.meet(vec![url("file:///b.md")], "W/\"2-1\""), read("file:///b.md", None, true));
        assert_eq!(
            known.meet(vec![url("https://host.test/blob/2/c.md"), url("https://host.test/blob/1/c.md")], "W/\"1-1\""),
            read("https://host.test/blob/2/c.md", Some("https://host.test/blob/1/c.md"), true)
        );
        assert_eq!(known.meet(vec![url("file:///new.md")], "W/\"1-1\""), read("file:///new.md", None, false));
        assert_eq!(known.meet(vec![url("file:///empty.md")], "W/\"0-1\""), Met::StillNothing);
        assert_eq!(known.meet(vec![url("file:///empty.md")], "W/\"0-2\""), read("file:///empty.md", None, false));
        assert_eq!(known.not_met(), [url("file:///gone.md")], "what others have stored is no business of files");
    }

    #[test]
    fn what_is_gone_is_removed_but_for_what_could_not_be_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("here.md"), "# Here").unwrap();
        let mut listing = Folder::open(folder.path(), Selection::default()).unwrap().list().unwrap();
        let at = |path: &str| listing.on_disk().of(path);
        let paths = ["shut/a.md", "shut/deep/b.md", "shut-too/c.md", "open/d.md", "e.md", "f.md"].map(at);
        let former = Place::Below(url("https://host.test/blob/1/"));
        let hosted = former.of("shut/g.md");
        let known = || {
            let pages = paths
                .iter()
                .chain([&hosted])
                .map(|url| (url.clone(), Validators { etag: Some("W/\"1-1\"".to_owned()), ..Validators::default() }));
            Known::new(pages.collect(), [])
        };
        assert_eq!(compare(&listing, known(), Some(&former)).gone.len(), 7);
        listing.unseen = vec!["shut/".into(), "f.md".into()];
        let mut gone = compare(&listing, known(), Some(&former)).gone;
        gone.sort_unstable();
        assert_eq!(gone, [paths[4].clone(), paths[3].clone(), paths[2].clone()]);
        listing.unseen = vec!["".into()];
        assert_eq!(compare(&listing, known(), Some(&former)).gone, []);
    }
}
