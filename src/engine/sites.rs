//! What the sites of sources offer by name: at the end of a crawl the table of symbols that the site's generator makes is asked for, and
//! what rustdoc made is read from its pages as they are stored. Such a table holds what is documented, and says where.

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Engine;
use super::project::names;
use crate::crawl::Robots;
use crate::error::Error;
use crate::model::{Document, SourceId};
use crate::reactor::{Boxed, Lane};
use crate::store::{SITE, Store, StoredPackage};
use crate::symbols::{self, Ecosystem, Indexed, Javadoc, Kind, Package, PackageId, Table};

/// What is kept of a site beside its symbols.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct About {
    pub ecosystem: Ecosystem,
    /// What is documented there, as the site says it.
    pub project: String,
    /// First segments of its names.
    pub roots: Vec<String>,
}

/// A generator of documentation that lists what it documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Sphinx,
    Javadoc,
    TypeDoc,
    Rustdoc,
}

impl Maker {
    fn of(generator: &str) -> Option<Self> {
        let all = [("sphinx", Self::Sphinx), ("javadoc", Self::Javadoc), ("typedoc", Self::TypeDoc), ("rustdoc", Self::Rustdoc)];
        let generator = generator.to_ascii_lowercase();
        all.into_iter().find(|(name, _)| generator.starts_with(name)).map(|(_, maker)| maker)
    }

    fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Sphinx => Ecosystem::PyPi,
            Self::Javadoc => Ecosystem::Maven,
            Self::TypeDoc => Ecosystem::Npm,
            Self::Rustdoc => Ecosystem::Cargo,
        }
    }
}

impl Engine {
    /// Reads what the site of a source offers, and keeps it in place of what was known of it. A site that has no table offers none. What
    /// cannot be had now is left as it was before, and a crawl that has done its work does not fail by it.
    pub(super) async fn read_site(&self, source: SourceId, robots: Robots) {
        // On the heap: it is a small part of a crawl, and a large future.
        let reading: Boxed<'_, _> = Box::pin(self.read_site_to_end(source.clone(), robots));
        match self.inner.handle.timeout(PATIENCE, reading).await {
            Ok(Ok(Some(count))) => log::debug!("{count} symbols of {source}"),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => log::warn!("the symbols that the site of {source} lists are not read: {}", error.chain()),
            Err(_) => log::debug!("the symbols that the site of {source} lists were not had in {} s", PATIENCE.as_secs()),
        }
    }

    /// How many symbols there are.
    async fn read_site_to_end(&self, source: SourceId, robots: Robots) -> Result<Option<u64>, Error> {
        let of = source.clone();
        let first = self.store_in(Lane::Heavy, move |store| store.documents_after(&of, "", LOOKED_AT)).await?;
        let Some(maker) = first.iter().find_map(|page| Maker::of(page.metadata.generator.as_deref()?)) else { return Ok(None) };
        let found = match maker {
            Maker::Rustdoc => {
                let of = source.clone();
                let table = self.store_in(Lane::Heavy, move |store| pages_of_rustdoc(store, &of)).await?;
                Some((table, first[0].url.clone()))
            }
            _ => self.ask_for_table(maker, &first, robots).await,
        };
        let Some((table, base)) = found.filter(|(table, _)| !table.symbols.is_empty()) else { return Ok(None) };
        let said = |of: fn(&Document) -> Option<&String>| first.iter().find_map(of).cloned();
        let version = said(|page| page.metadata.version.as_ref()).unwrap_or_else(|| table.version.clone());
        let project = Some(table.project.clone()).filter(|name| !name.is_empty()).or_else(|| said(|page| page.metadata.software.as_ref()));
        let table = Table { version, project: project.unwrap_or_default(), ..table };
        self.keep_table(source, maker.ecosystem(), table, base).await.map(Some)
    }

    /// Puts a table in place of what was known of a source by name: how many symbols it has.
    async fn keep_table(&self, source: SourceId, ecosystem: Ecosystem, table: Table, base: Url) -> Result<u64, Error> {
        for note in &table.notes {
            log::debug!("symbols of {source}: {} left out by the rule {:?}, from {:?}", note.words, note.rule, note.begins);
        }
        let Table { version, project, symbols, .. } = table;
        let version = source.version().map(str::to_owned).unwrap_or(version);
        let count = symbols.len() as u64;
        let name = source.to_string();
        let build = move || {
            let mut package = Package::new(PackageId::new(ecosystem, name.as_str(), version.as_str()));
            package.symbols = symbols;
            let content = symbols::encode(&package);
            let about = About { ecosystem, project, roots: roots(&package) };
            let about = serde_json::to_string(&about).expect("texts are JSON");
            let row =
                StoredPackage { ecosystem: SITE.to_owned(), name, version, root: base.into(), stamp: String::new(), symbols: count, about };
            (row, content, names(Indexed::new(package)))
        };
        let (row, content, names) = self.inner.handle.unblock_on(Lane::Bulk, build).await;
        self.store_in(Lane::Heavy, move |store| store.put_site(&row, &content, &names)).await?;
        self.inner.forget_symbols();
        Ok(count)
    }

    /// The same of what a file of rustdoc lists.
    pub(super) async fn keep_listed(&self, source: SourceId, table: Table, base: Url) -> Result<(), Error> {
        self.keep_table(source, Ecosystem::Cargo, table, base).await.map(drop)
    }

    /// The table lies at the top of what was generated, which is somewhere above the pages.
    async fn ask_for_table(&self, maker: Maker, pages: &[Document], robots: Robots) -> Option<(Table, Url)> {
        for base in bases(pages) {
            match self.table_at(maker, &base, robots).await {
                Ok(table) if speaks_of(&table, &base, pages) => return Some((table, base)),
                Ok(_) => log::debug!("the table of symbols below {base} speaks of none of the pages"),
                Err(why) => log::debug!("no table of symbols below {base}: {why}"),
            }
        }
        None
    }

    async fn table_at(&self, maker: Maker, base: &Url, robots: Robots) -> Result<Table, String> {
        let ask = async |name: &str| {
            let url = base.join(name).map_err(|error| error.to_string())?;
            self.inner.crawler.fetch_file(&url, robots).await.map(|page| page.body).map_err(|error| error.to_string())
        };
        let bodies = match maker {
            Maker::Sphinx => vec![ask("objects.inv").await?],
            Maker::TypeDoc => vec![ask("assets/search.js").await?],
            Maker::Javadoc => {
                let members = ask("member-search-index.js").await?;
                // Without these nothing says in which module a package lies, and the addresses would be wrong.
                vec![members, ask("type-search-index.js").await?, ask("package-search-index.js").await?]
            }
            Maker::Rustdoc => return Err("its pages are read".to_owned()),
        };
        let read = move || match maker {
            Maker::Sphinx => symbols::inventory(&bodies[0]),
            Maker::TypeDoc => symbols::typedoc(&String::from_utf8_lossy(&bodies[0])),
            _ => {
                let [members, types, packages] = [0, 1, 2].map(|at| String::from_utf8_lossy(&bodies[at]));
                symbols::javadoc(Javadoc { members: &members, types: &types, packages: &packages })
            }
        };
        self.inner.handle.unblock_on(Lane::Bulk, read).await.map_err(|error| error.to_string())
    }
}

/// Whether a table is of these pages: that of another manual may lie above them.
fn speaks_of(table: &Table, base: &Url, pages: &[Document]) -> bool {
    let paths: HashSet<&str> = pages.iter().map(|page| page.url.path()).collect();
    let places = table.symbols.iter().filter_map(|symbol| base.join(symbol.anchor.as_deref()?).ok());
    places.into_iter().any(|place| paths.contains(place.path()))
}

/// What rustdoc documents, page after page.
fn pages_of_rustdoc(store: &Store, source: &SourceId) -> Result<Table, crate::store::Error> {
    let mut table = Table::default();
    let mut after = String::new();
    loop {
        let pages = store.documents_after(source, &after, AT_ONCE)?;
        let Some(last) = pages.last() else { return Ok(table) };
        after = last.url.as_str().to_owned();
        for page in &pages {
            let is_made = page.metadata.generator.as_deref().and_then(Maker::of) == Some(Maker::Rustdoc);
            if let Some(name) = page.metadata.software.as_deref().filter(|_| is_made) {
                let room = MOST.saturating_sub(table.symbols.len());
                table.symbols.extend(symbols::rustdoc(name, &page.url, &page.outline, &page.markdown).into_iter().take(room));
            }
        }
    }
}

/// The folder that all of some pages lie in, and those above it.
fn bases(pages: &[Document]) -> Vec<Url> {
    let Some(first) = pages.first() else { return Vec::new() };
    let folder = |url: &Url| url.path().rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"));
    let mut common = folder(&first.url);
    let same_host = pages.iter().filter(|page| page.url.origin() == first.url.origin());
    for page in same_host {
        while !page.url.path().starts_with(&common) {
            common = common.trim_end_matches('/').rsplit_once('/').map_or_else(|| "/".to_owned(), |(above, _)| format!("{above}/"));
        }
    }
    let mut bases = Vec::new();
    while bases.len() < MOST_BASES {
        let mut base = first.url.clone();
        base.set_path(&common);
        base.set_query(None);
        base.set_fragment(None);
        bases.push(base);
        if common == "/" {
            break;
        }
        common = common.trim_end_matches('/').rsplit_once('/').map_or_else(|| "/".to_owned(), |(above, _)| format!("{above}/"));
    }
    bases
}

/// What is before the first separator of each module's and type's path.
fn roots(package: &Package) -> Vec<String> {
    let first = |path: &str| path.split(['.', ':', '#']).next().unwrap_or(path).to_owned();
    let scopes = package.symbols.iter().filter(|symbol| symbol.kind == Kind::Module || symbol.kind.has_members());
    let mut roots: Vec<String> = scopes.map(|symbol| first(&symbol.path)).collect::<HashSet<_>>().into_iter().collect();
    roots.sort_unstable();
    roots
}

/// Pages that are asked for what made them, and that its table has to speak of.
const LOOKED_AT: usize = 300;
/// For all that is asked of a site.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pages of rustdoc that are in memory at once.
const AT_ONCE: usize = 50;
/// Symbols of a site's pages.
const MOST: usize = 500_000;
/// Folders that are asked for a table.
const MOST_BASES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_looked_for_from_the_folder_of_all_pages_upwards() {
        let pages = |urls: &[&str]| -> Vec<Document> {
            urls.iter().map(|url| Document::new(url.parse().unwrap(), "", "", std::time::SystemTime::UNIX_EPOCH)).collect()
        };
        let found = |urls: &[&str]| bases(&pages(urls)).iter().map(Url::to_string).collect::<Vec<_>>();
        let wanted = ["https://a.test/3/", "https://a.test/"];
        assert_eq!(found(&["https://a.test/3/library/a.html?q#f", "https://a.test/3/c/b.html", "https://b.test/"]), wanted);
        assert_eq!(found(&["https://a.test/3/"]), wanted);
        assert_eq!(found(&["https://a.test/"]), ["https://a.test/"]);
        assert_eq!(found(&["https://a.test/1/2/3/4/5/6/7"]).len(), MOST_BASES);
        assert!(found(&[]).is_empty());
    }

    #[test]
    fn generators_are_known_with_their_versions() {
        assert_eq!(Maker::of("Sphinx 5.3.0"), Some(Maker::Sphinx));
        assert_eq!(Maker::of("javadoc"), Some(Maker::Javadoc));
        assert_eq!(Maker::of("Docusaurus v3"), None);
    }
}
