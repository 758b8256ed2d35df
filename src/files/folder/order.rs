//! In which order a site has its documents, where a file of its generator tells it: the list of MkDocs and mdBook, the sidebar of docsify,
//! the positions of Docusaurus, Hugo and Jekyll's themes. Configurations that are programs are not run, and so not known.

use std::collections::HashMap;
use std::path::Path;

use super::{Found, read_below};
use crate::files::role::Role;
use crate::files::yaml::{self, Yaml};

/// Whether a file tells an order.
pub(super) fn is_navigation(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "mkdocs.yml" | "mkdocs.yaml" | "SUMMARY.md" | "_sidebar.md" | "_category_.json" | "_category_.yml")
}

/// Files that are being put in order.
#[derive(Debug)]
pub(super) struct Order {
    files: Vec<Found>,
    navigation: Vec<String>,
    /// Documents that lists name, in their order.
    listed: HashMap<String, usize>,
    /// Of files and folders, the place that they say to have among those beside them.
    positions: HashMap<String, f64>,
    at: usize,
    heads: usize,
}

impl Order {
    pub(super) fn new(files: Vec<Found>, navigation: Vec<String>) -> Self {
        Self { files, navigation, listed: HashMap::new(), positions: HashMap::new(), at: 0, heads: 0 }
    }

    /// Reads some of what tells an order; all files once there is no more of it.
    pub(super) fn step(&mut self, root: &Path) -> Option<Vec<Found>> {
        for path in std::mem::take(&mut self.navigation) {
            let text = read_below(root, &path, LARGEST).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            if let Some(text) = text {
                self.read_navigation(&path, &text);
            }
        }
        for _ in 0..STEP {
            let Some(found) = self.files.get(self.at) else { return Some(self.finish()) };
            self.at += 1;
            if found.role != Role::Document("text/markdown") || found.bytes > LARGEST || self.heads >= MAX_HEADS {
                continue;
            }
            self.heads += 1;
            let path = found.path.to_string();
            let position =
                read_below(root, &path, LARGEST).ok().and_then(|bytes| position(&String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)])));
            if let Some(position) = position {
                self.positions.insert(path, position);
            }
        }
        None
    }

    fn read_navigation(&mut self, path: &str, text: &str) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match name {
            "_category_.json" => {
                let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
                if let Some(position) = value.and_then(|value| value.get("position")?.as_f64()) {
                    self.positions.insert(folder.to_owned(), position);
                }
            }
            "_category_.yml" => {
                let position = yaml::documents(text).ok().and_then(|documents| documents.first()?.text_at("position")?.parse().ok());
                if let Some(position) = position {
                    self.positions.insert(folder.to_owned(), position);
                }
            }
            "SUMMARY.md" | "_sidebar.md" => links(text).for_each(|target| self.list(folder, target)),
            _ => {
                let documents = yaml::documents(text).unwrap_or_default();
                let Some(site) = documents.first() else { return };
                let below = site.text_at("docs_dir").unwrap_or("docs");
                let mut targets = Vec::new();
                if let Some(navigation) = site.at("nav") {
                    targets_of(navigation, &mut targets);
                }
                let folder = resolved(folder, below);
                targets.iter().for_each(|target| self.list(folder.as_deref().unwrap_or_default(), target));
            }
        }
    }

    /// Sidebars may leave away the ending, and name a folder for its first page.
    fn list(&mut self, folder: &str, target: &str) {
        let target = target.split(['#', '?']).next().unwrap_or_default();
        let (folder, target) = match target.strip_prefix('/') {
            Some(rooted) => (folder, rooted),
            None => (folder, target),
        };
        if target.is_empty() || target.contains("://") || self.listed.len() >= MAX_LISTED {
            return;
        }
        let Some(path) = resolved(folder, target) else { return };
        let at = self.listed.len();
        for candidate in [path.clone(), format!("{path}.md"), format!("{path}/README.md"), format!("{path}/index.md")] {
            self.listed.entry(candidate).or_insert(at * 4);
        }
    }

    fn finish(&mut self) -> Vec<Found> {
        let mut keyed: Vec<_> = std::mem::take(&mut self.files).into_iter().map(|found| (self.key(&found), found)).collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        keyed.into_iter().map(|(_, found)| found).collect()
    }

    /// Documents before code; what a list names, in its order; then folder by folder, in each by position, then by name, its first page
    /// first.
    fn key(&self, found: &Found) -> (bool, usize, Vec<(u64, String)>) {
        if !found.role.is_document() {
            return (true, usize::MAX, vec![(0, found.path.to_string())]);
        }
        let listed = self.listed.get(&*found.path).copied().unwrap_or(usize::MAX);
        let mut parts = Vec::new();
        let ends = found.path.match_indices('/').map(|(at, _)| at).chain([found.path.len()]);
        let mut start = 0;
        for end in ends {
            let (path, name) = (&found.path[..end], &found.path[start..end]);
            let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
            let is_first = end == found.path.len() && matches!(&*stem, "readme" | "index" | "_index");
            let index = |name: &str| self.positions.get(&format!("{path}/{name}")).copied();
            let position = self.positions.get(path).copied().or_else(|| index("index.md")).or_else(|| index("_index.md"));
            let rank = match (is_first, position) {
                (true, _) => 0,
                (false, Some(position)) => 1 + (position.clamp(-1e6, 1e6) * 1_000.0 + 1e9) as u64,
                (false, None) => u64::MAX,
            };
            parts.push((rank, name.to_owned()));
            start = end + 1;
        }
        (false, listed, parts)
    }
}

/// The targets of a tree of titles, in its order.
fn targets_of<'a>(value: &'a Yaml, targets: &mut Vec<&'a str>) {
    targets.extend(value.text());
    value.items().iter().for_each(|item| targets_of(item, targets));
    value.entries().iter().for_each(|(_, item)| targets_of(item, targets));
}

/// The targets of the links in markdown: `](target)`, with a title behind it or not.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let inner = rest.get(..rest.find([')', '\n'])?)?.trim();
        let inner = inner.strip_prefix('<').map_or(inner, |inner| inner.split('>').next().unwrap_or(inner));
        inner.split_ascii_whitespace().next()
    })
}

/// What a path is relative to a folder, both below the root; none if it leads out of it.
fn resolved(folder: &str, target: &str) -> Option<String> {
    let mut names: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

/// The place that a document's front matter gives it among those beside it.
fn position(head: &str) -> Option<f64> {
    let (fence, mark) = match head.trim_start_matches('\u{feff}') {
        head if head.starts_with("---") => ("---", ':'),
        head if head.starts_with("+++") => ("+++", '='),
        _ => return None,
    };
    let lines = head.lines().skip(1).take_while(|line| line.trim_end() != fence);
    let fields = lines.filter_map(|line| line.split_once(mark));
    let mut found = fields.filter(|(name, _)| matches!(name.trim_end(), "sidebar_position" | "nav_order" | "weight" | "order"));
    found.find_map(|(_, value)| value.trim().trim_matches(['"', '\'']).parse().ok().filter(|number: &f64| number.is_finite()))
}

/// Documents that one step opens.
const STEP: usize = 500;
/// Documents whose front matter is looked at; of more they are sorted by name.
const MAX_HEADS: usize = 20_000;
const MAX_LISTED: usize = 20_000;
/// Bytes of a file that tells an order, and of a document that may.
const LARGEST: u64 = 1 << 20;
/// Bytes of a document in which its front matter ends.
const HEAD: usize = 4 << 10;
