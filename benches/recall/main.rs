//! Which paragraphs that readers see outside navigation are missing from our markdown?
//!
//! `cargo bench --bench recall -- /usr/share/doc/python-django-doc/html …`, or the folders in `RECALL_SITES`, parted by colons: each
//! folder is one site, all its `.html`, `.xhtml` and `.htm` files are its pages. `--most 0.3` is the share in per cent above which a
//! site fails, `--first 10` how many lost paragraphs of a site are shown, `--pages 800` how many pages of a site are read: of
//! larger ones every k-th. No folders, nothing measured.
//!
//! The page is parsed anew and judged by a few lines of its own (`is_beside`): a meter that shared the judgement of what it measures
//! would agree with it. A paragraph is a run of text directly within a block element, of at least 15 words; it is lost if
//! less than nine tenths of its sequences of four words stand in the markdown. What stands on a tenth of a site's pages is not counted.

mod found;
mod tree;
mod words;

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use smolcrawl::extract;
use smolcrawl::model::{Filled, Page, Validators};

use crate::found::Found;
use crate::tree::Tree;

fn main() -> ExitCode {
    let asked = Asked::of_environment();
    if asked.sites.is_empty() {
        say("no sites: name folders of HTML files, or set RECALL_SITES");
    }
    let mut failed = false;
    for site in &asked.sites {
        let found = measure(site, asked.pages);
        failed |= found.share() > asked.most;
        say(&found.report(site, asked.first));
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

struct Asked {
    sites: Vec<PathBuf>,
    /// Per cent of lost paragraphs above which the run fails.
    most: f64,
    /// Lost paragraphs shown of each site.
    first: usize,
    /// Pages read of each site.
    pages: usize,
}

impl Asked {
    fn of_environment() -> Self {
        let mut asked = Self { sites: Vec::new(), most: 0.3, first: 10, pages: 800 };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_default();
            match argument.as_str() {
                // Cargo's own.
                "--bench" => {}
                "--most" => asked.most = value().parse().expect("--most takes per cent"),
                "--first" => asked.first = value().parse().expect("--first takes a number"),
                "--pages" => asked.pages = value().parse().expect("--pages takes a number"),
                path => asked.sites.push(path.into()),
            }
        }
        if asked.sites.is_empty() {
            let named = std::env::var("RECALL_SITES").unwrap_or_default();
            asked.sites = named.split(':').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
        }
        asked
    }
}

fn measure(site: &Path, pages: usize) -> Found {
    let files = files(site);
    let step = files.len().div_ceil(pages.max(1)).max(1);
    let mut found = Found::among(files.len());
    for file in files.iter().step_by(step) {
        let name = file.strip_prefix(site).unwrap_or(file).to_string_lossy().into_owned();
        let page = page(file, &name);
        let html = extract::decode(&page);
        if !only_forwards(&html) {
            found.add(name, Tree::of(&html), extract::document(&page).map(|document| document.markdown));
        }
    }
    found
}

/// The page has no paragraphs of its own: browsers show another.
fn only_forwards(html: &str) -> bool {
    let head = html.split("<body").next().unwrap_or_default().to_ascii_lowercase();
    head.contains("http-equiv=\"refresh\"")
}

fn files(site: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files, mut seen) = (vec![site.to_owned()], Vec::new(), HashSet::new());
    while let Some(folder) = folders.pop() {
        // Links may lead in circles.
        if !seen.insert(folder.canonicalize().unwrap_or_else(|_| folder.clone())) {
            continue;
        }
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "html" || extension == "xhtml" || extension == "htm") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn page(file: &Path, name: &str) -> Page {
    let kind = if file.extension().is_some_and(|extension| extension == "xhtml") { "application/xhtml+xml" } else { "text/html" };
    let mut url = url::Url::parse("https://site.test/").expect("a URL");
    url.set_path(name);
    Page {
        url,
        status: 200,
        content_type: Some(kind.to_owned()),
        body: std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    }
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads what this prints");
}
