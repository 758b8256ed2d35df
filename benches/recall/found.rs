//! What of a site's paragraphs is lost, and in which elements they stood.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use smolcrawl::extract::Skip;

use crate::tree::Tree;
use crate::words::{self, SEQUENCE};

/// What came of one site.
#[derive(Default)]
pub struct Found {
    files: usize,
    pages: usize,
    /// By its words: how often each paragraph stands in the site.
    paragraphs: HashMap<u64, usize>,
    lost: Vec<Lost>,
}

struct Lost {
    /// Its words.
    words: u64,
    page: String,
    /// The outermost element of which nothing is left.
    cause: String,
    /// `#` and its id, if it has one.
    id: String,
    /// Of the sequences of the paragraph, those that are there, in per cent.
    present: usize,
    text: String,
}

impl Found {
    /// Of a site of so many files.
    pub fn among(files: usize) -> Self {
        Self { files, ..Self::default() }
    }

    pub fn add(&mut self, page: String, tree: Tree, markdown: Result<String, Skip>) {
        self.pages += 1;
        let (there, skip) = match markdown {
            Ok(markdown) => (words::sequences(&words::of(&words::without_targets(&markdown))).collect(), None),
            Err(skip) => (HashSet::new(), Some(skip)),
        };
        let mut kept = vec![false; tree.elements.len()];
        let mut lost = Vec::new();
        for run in &tree.runs {
            let words = words::of(&run.text);
            let all = words.len().saturating_sub(SEQUENCE - 1);
            if all == 0 {
                continue;
            }
            let present = words::sequences(&words).filter(|sequence| there.contains(sequence)).count();
            let is_paragraph = words.len() >= PARAGRAPH;
            if is_paragraph {
                *self.paragraphs.entry(words::hash(&words)).or_default() += 1;
            }
            if present * 10 < all * 9 {
                if is_paragraph {
                    lost.push((run, words::hash(&words), present * 100 / all));
                }
                continue;
            }
            let mut around = Some(run.element);
            while let Some(element) = around.filter(|element| !kept[*element]) {
                kept[element] = true;
                around = tree.elements[element].parent;
            }
        }
        for (run, words, present) in lost {
            let (cause, id) = match &skip {
                Some(skip) => (format!("whole page: {skip}"), String::new()),
                None => cause(&tree, &kept, run.element),
            };
            self.lost.push(Lost { words, page: page.clone(), cause, id, present, text: run.text.clone() });
        }
    }

    /// What stands on so many of the site's pages is said by the site, not by a page.
    fn is_of_site(&self, times: usize) -> bool {
        times > OF_SITE && times * 10 > self.pages
    }

    /// All paragraphs that are the pages' own, and the lost ones of them.
    fn own(&self) -> (usize, Vec<&Lost>) {
        let all = self.paragraphs.values().filter(|times| !self.is_of_site(**times)).sum();
        (all, self.lost.iter().filter(|lost| !self.is_of_site(self.paragraphs[&lost.words])).collect())
    }

    pub fn share(&self) -> f64 {
        let (all, lost) = self.own();
        lost.len() as f64 * 100.0 / all.max(1) as f64
    }

    pub fn report(&self, site: &Path, first: usize) -> String {
        let (all, lost) = self.own();
        let mut report = format!(
            "{}: {} of {} pages, {all} paragraphs, {} lost, {:.2} %\n",
            site.display(),
            self.pages,
            self.files,
            lost.len(),
            self.share()
        );
        let mut causes: HashMap<&str, (usize, usize, &Lost)> = HashMap::new();
        for lost in &lost {
            let (count, present, _) = causes.entry(&lost.cause).or_insert((0, 0, lost));
            *count += 1;
            *present += lost.present;
        }
        let mut causes: Vec<_> = causes.into_iter().collect();
        causes.sort_by_key(|(cause, (count, ..))| (Reverse(*count), *cause));
        for (cause, (count, present, lost)) in causes.iter().take(first) {
            report.push_str(&format!("  {count:5} in {cause} ({} % present), as {}{}\n", present / count, lost.page, lost.id));
        }
        let mut page = "";
        for lost in lost.into_iter().take(first) {
            if lost.page != page {
                page = &lost.page;
                report.push_str(&format!("  {page}\n"));
            }
            let begins: Vec<&str> = lost.text.split_whitespace().take(12).collect();
            report.push_str(&format!("    {:2} % {}{} | {}\n", lost.present, lost.cause, lost.id, begins.join(" ")));
        }
        report
    }
}

/// The outermost element around a lost run of which nothing is left: in which it stands, and what its id is.
fn cause(tree: &Tree, kept: &[bool], element: usize) -> (String, String) {
    let mut outermost = element;
    while let Some(parent) = tree.elements[outermost].parent.filter(|parent| !kept[*parent]) {
        outermost = parent;
    }
    let label = |element: usize| tree.elements[element].label.as_str();
    let mut cause = tree.elements[outermost].parent.map_or_else(String::new, |parent| format!("{} > ", label(parent)));
    cause.push_str(label(outermost));
    if outermost != element {
        cause.push_str(&format!(" … {}", label(element)));
    }
    (cause, tree.elements[outermost].id.as_ref().map_or_else(String::new, |id| format!("#{id}")))
}

/// In words: shorter ones are often labels of what stands beside the text.
const PARAGRAPH: usize = 15;
/// Pages; in a small site any paragraph may stand on a tenth of them.
const OF_SITE: usize = 8;
