//! Questions about what packages offer: a symbol by its name, the symbols of a module, and code held against what a project uses. Packages
//! that were asked lately stay in memory.

mod answer;
mod doubted;
mod mentioned;
mod own;
mod scope;
mod shelved;
mod site;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::Serialize;
use url::Url;

pub(super) use self::shelved::Shelved;
use super::Engine;
use super::project::OWN;
use crate::error::Error;
use crate::files::{self, PackageName};
use crate::model::SourceId;
use crate::reactor::Lane;
use crate::store::{self, Store};
use crate::symbols::{Checked, How, Kind, Language, Prefix, Verdict};

/// What is looked for, and where.
#[derive(Clone, Debug, Default)]
pub struct SymbolQuery {
    /// A name or the end of a path: `create_task`, `TaskGroup.create_task`, `serde_json::from_str`.
    pub name: String,
    /// Only in the package of this name: `serde`, `crate:serde`, `serde@1.0.219`.
    pub package: Option<String>,
    /// Only in this version.
    pub version: Option<String>,
    pub kind: Option<Kind>,
    pub by_prefix: Prefix,
    /// Only in what this project uses: a folder in it. None: in all that is known.
    pub project: Option<PathBuf>,
    /// That no project is named is meant so, and not told.
    pub everywhere: bool,
    /// Symbols to pass over.
    pub offset: usize,
    /// At most so many; 0 is taken as 20.
    pub limit: usize,
}

/// What was found, and what was not looked into.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SymbolsFound {
    /// Best first.
    pub found: Vec<FoundSymbol>,
    /// How many there are in all, whatever was asked for of them.
    pub total: usize,
    /// How many more there are.
    pub left_off: usize,
    /// The project in whose versions it was looked for.
    pub project: Option<PathBuf>,
    /// Nothing found there does not mean that nothing is there.
    pub not_searched: Vec<String>,
}

/// A symbol, and where it is.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FoundSymbol {
    pub path: String,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// The first sentence of what its author says of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// As in `crate:serde@1.0.219`.
    pub package: String,
    /// The file and the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The same as an address that opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    /// What its author says of its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The condition it stands behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// How its name agrees with what was asked for; none in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
}

/// The symbols of a module or type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedSymbols {
    /// By name; those of several packages and versions one after the other.
    pub symbols: Vec<FoundSymbol>,
    pub total: usize,
    pub not_searched: Vec<String>,
}

/// What a piece of code uses, and whether it is there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CodeChecked {
    /// In the order of the code.
    pub references: Vec<Reference>,
    pub project: Option<PathBuf>,
    /// What was not looked into, so that nothing is said of it.
    pub not_indexed: Vec<String>,
}

/// A name that code uses, with what is said of it and where it is, if it is anywhere.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reference {
    pub checked: Checked,
    pub url: Option<Url>,
}

/// How many references there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    pub exist: usize,
    pub missing: usize,
    pub unknown: usize,
    pub outside: usize,
}

impl CodeChecked {
    pub fn counts(&self) -> Counted {
        let mut counted = Counted::default();
        for reference in &self.references {
            match reference.checked.verdict {
                Verdict::Exists => counted.exist += 1,
                Verdict::DoesNotExist => counted.missing += 1,
                Verdict::Unknown => counted.unknown += 1,
                Verdict::NotInLock => counted.outside += 1,
            }
        }
        counted
    }
}

impl Reference {
    /// The worst first.
    pub fn rank(&self) -> u8 {
        match self.checked.verdict {
            Verdict::DoesNotExist => 0,
            Verdict::NotInLock => 1,
            Verdict::Unknown => 2,
            Verdict::Exists => 3,
        }
    }
}

impl Engine {
    /// Looks for symbols by name, in what a project uses or in all that is known: by their whole path, its end, without regard to case, by
    /// their beginning if that is asked for; where nothing is called so, names that are nearly so.
    ///
    /// # Errors
    /// [`Error::NoSymbols`], [`Error::UnknownProject`], and what the store says, which also has [an error](store::Error::EmptyQuery) for a
    /// name that is empty, but for names that begin so.
    pub async fn find_symbols(&self, asked: SymbolQuery) -> Result<SymbolsFound, Error> {
        if asked.name.trim().is_empty() && asked.by_prefix == Prefix::Whole {
            return Err(store::Error::EmptyQuery.into());
        }
        let inner = self.inner.clone();
        self.with_symbols(move |store| inner.find_symbols(store, &asked)).await
    }

    /// The public symbols of a module or type, named by its whole path.
    ///
    /// # Errors
    /// As [`find_symbols`](Self::find_symbols), and [`Error::UnknownModule`].
    pub async fn list_symbols(&self, asked: SymbolQuery) -> Result<ListedSymbols, Error> {
        let inner = self.inner.clone();
        self.with_symbols(move |store| inner.list_symbols(store, &asked)).await
    }

    /// Holds code against what a project uses, or against all that is known, each package in its highest version.
    ///
    /// # Errors
    /// As [`find_symbols`](Self::find_symbols), and [`Error::LanguageUnchecked`].
    pub async fn check_code(&self, code: String, language: Language, project: Option<PathBuf>) -> Result<CodeChecked, Error> {
        self.check_code_of(None, code, language, project).await
    }

    /// The same of code that is what a file has, so that it is known where in the project it stands.
    ///
    /// # Errors
    /// As [`check_code`](Self::check_code).
    pub async fn check_code_of(
        &self,
        file: Option<PathBuf>,
        code: String,
        language: Language,
        project: Option<PathBuf>,
    ) -> Result<CodeChecked, Error> {
        let asked = answer::Asked::of(code, language)?;
        let own = match &project {
            Some(project) => self.own_code(project, asked.ecosystem, &asked.mentioned, file).await?,
            None => own::OwnCode::default(),
        };
        let inner = self.inner.clone();
        self.with_symbols(move |store| inner.check_code(store, &asked, project.as_deref(), &own)).await
    }

    /// The same, with the language by the name that people and fences give it.
    ///
    /// # Errors
    /// As [`check_code`](Self::check_code).
    pub async fn check_named(&self, code: String, language: &str, project: Option<PathBuf>) -> Result<CodeChecked, Error> {
        let unknown = || Error::LanguageUnchecked { language: language.chars().take(50).collect() };
        let language = Language::of_name(language.trim()).ok_or_else(unknown)?;
        self.check_code(code, language, project).await
    }

    /// The same of a file, whose name tells the language and whose place the project. At most 1 MiB is read.
    ///
    /// # Errors
    /// As [`check_code`](Self::check_code), and what is wrong with the file.
    pub async fn check_file(&self, path: PathBuf) -> Result<CodeChecked, Error> {
        let language = path.to_str().and_then(Language::of_path);
        let unknown = || Error::LanguageUnchecked { language: path.display().to_string() };
        let language = language.ok_or_else(unknown)?;
        let project = self.project_of(&path).await?;
        let file = path.clone();
        let read = self.inner.handle.unblock_on(Lane::Interactive, move || files::read(&path, MAX_CODE));
        let code = String::from_utf8_lossy(&read.await?).into_owned();
        self.check_code_of(Some(file), code, language, project).await
    }

    /// Every version of every package whose symbols are known, as `crate:smol@2.0.2`, and of every site by its source, with how many these are.
    ///
    /// # Errors
    /// [`Error::NoSymbols`], and what the store says.
    pub async fn known_packages(&self) -> Result<Vec<(String, u64)>, Error> {
        let named = |row, of: &store::StoredPackage| {
            // As its symbols are told to be of it.
            if let Some(site) = site::Site::of(row, of).filter(|_| of.ecosystem == store::SITE) {
                return (site.id.to_string(), of.symbols);
            }
            let version = if of.version.is_empty() { String::new() } else { format!("@{}", of.version) };
            (format!("{}:{}{version}", of.ecosystem, of.name), of.symbols)
        };
        self.with_symbols(move |store| {
            Ok(store.packages()?.iter().filter(|(_, of)| of.ecosystem != OWN).map(|(row, of)| named(*row, of)).collect())
        })
        .await
    }

    /// How many public symbols of each kind a package has, the most frequent first.
    ///
    /// # Errors
    /// As [`list_symbols`](Self::list_symbols).
    pub async fn count_kinds(&self, package: String) -> Result<Vec<(&'static str, usize)>, Error> {
        let query = SymbolQuery { package: Some(package), limit: usize::MAX, ..SymbolQuery::default() };
        let mut counts: HashMap<&'static str, usize> = HashMap::new();
        for symbol in self.list_symbols(query).await?.symbols {
            *counts.entry(symbol.kind).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        Ok(counts)
    }

    /// The symbols that a question names exactly: words of it that could be nothing else, such as `serde_json::from_str` or `create_task`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn exact_symbols(&self, question: &str, project: Option<PathBuf>) -> Result<Vec<FoundSymbol>, Error> {
        let question = &*store::ends(question);
        let names =
            question.split(|c: char| c.is_whitespace() || "`'\"?!,;".contains(c)).map(|word| word.trim_matches(['.', '(', ')', ':']));
        let mut found = Vec::new();
        for name in names.filter(|name| is_symbol(name)).take(MOST_NAMED) {
            let query = SymbolQuery { name: name.to_owned(), project: project.clone(), limit: MOST_EXACT, ..SymbolQuery::default() };
            match self.find_symbols(query).await {
                Ok(answer) => found.extend(answer.found.into_iter().filter(|of| matches!(of.how, Some(How::Path | How::End)))),
                Err(Error::NoSymbols | Error::UnknownProject { .. }) => return Ok(Vec::new()),
                Err(error) if is_damage(&error) => {
                    tell_damage(&error);
                    return Ok(found);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// All sources but those of packages in other versions than a project uses, and how many these are; none where there are none.
    ///
    /// # Errors
    /// [`Error::UnknownProject`], and what the store says.
    pub async fn sources_of_project(&self, project: PathBuf) -> Result<Option<(Vec<SourceId>, usize)>, Error> {
        let inner = self.inner.clone();
        let found = self.with_symbols(move |store| {
            let scope = inner.scope(store, Some(&project))?;
            let own: HashSet<SourceId> = (scope.uses.iter())
                .filter_map(|used| SourceId::of_package(used.ecosystem.as_str(), &used.name, used.version.as_deref()).ok())
                .collect();
            let all = store.sources_after("", "", MAX_SOURCES)?;
            let is_of_a_package = |source: &SourceId| source.as_str().split_once(':').is_some_and(|(kind, _)| KINDS.contains(&kind));
            // A package that the project uses in no version is left in: nobody has said which is meant.
            let names: HashSet<&str> = own.iter().map(|source| source.name()).collect();
            let is_meant = |source: &SourceId| !is_of_a_package(source) || own.contains(source) || !names.contains(source.name());
            let (meant, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_meant);
            Ok((!others.is_empty() && !meant.is_empty()).then_some((meant, others.len())))
        });
        match found.await {
            Err(error) if is_damage(&error) => {
                tell_damage(&error);
                Ok(None)
            }
            found => found,
        }
    }

    /// How many packages are known, and how many symbols.
    pub async fn count_symbols(&self) -> Result<(usize, u64), Error> {
        let mut packages = self.with_store(|store| store.packages()).await?;
        packages.retain(|(_, of)| of.ecosystem != OWN);
        Ok((packages.len(), packages.iter().map(|(_, of)| of.symbols).sum()))
    }

    /// The versions of packages whose symbols are known that somebody means who names them as sources are: `crate:serde` for each of its
    /// versions, `crate:serde@1.0.219` for that one. They need not have pages.
    pub async fn symbols_meant(&self, named: &str) -> Result<Vec<String>, Error> {
        let Ok(name) = PackageName::parse(named) else { return Ok(Vec::new()) };
        let packages = self.with_store(|store| store.packages()).await?;
        let meant = packages.into_iter().filter(|(_, of)| is_named(of, &name));
        let version = |of: &store::StoredPackage| if of.version.is_empty() { String::new() } else { format!("@{}", of.version) };
        let mut versions: Vec<_> = meant.map(|(_, of)| format!("{}:{}{}", of.ecosystem, of.name, version(&of))).collect();
        versions.sort();
        versions.dedup();
        Ok(versions)
    }

    /// Forgets the symbols of the version of a package that is named as sources are, `crate:serde@1.0.219`, or of its only one; how many were
    /// known.
    pub async fn remove_symbols(&self, named: &str) -> Result<usize, Error> {
        let Ok(name) = PackageName::parse(named) else { return Ok(0) };
        let removed = self.store_in(Lane::Heavy, move |store| {
            let rows: Vec<_> = store.packages()?.into_iter().filter(|(_, of)| is_named(of, &name)).map(|(row, _)| row).collect();
            // Of several versions one has to be named.
            if rows.len() > 1 && name.version.is_none() {
                return Ok(0);
            }
            rows.into_iter().map(|row| store.remove_package(row).map(usize::from)).sum::<Result<usize, _>>()
        });
        let removed = removed.await?;
        self.inner.forget_symbols();
        Ok(removed)
    }

    async fn with_symbols<T: Send + 'static>(&self, ask: impl FnOnce(&Store) -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        if !self.has_database() {
            return Err(Error::NoSymbols);
        }
        // What is wrong with a question is no error of the store.
        self.with_store(move |store| Ok(ask(store))).await?
    }
}

/// The mark of an npm scope is no part of the name of a source.
fn is_named(of: &store::StoredPackage, name: &PackageName) -> bool {
    let normal = |of: &str| name.ecosystem.normal(of.trim_start_matches('@'));
    of.ecosystem == name.ecosystem.as_str()
        && normal(&of.name) == normal(&name.name)
        && name.version.as_ref().is_none_or(|version| *version == of.version)
}

/// Something that is known of packages is not what was stored. Pages are found without it.
fn is_damage(error: &Error) -> bool {
    matches!(error, Error::Store(store::Error::Damaged { .. }))
}

fn tell_damage(error: &Error) {
    log::error!(
        "symbols are left out of an answer: {}; `smolcrawl doctor --check` tells more, `smolcrawl project` reads again",
        error.chain()
    );
}

/// Whether a word of a question is a name in code: it has marks or letters within that words have not.
fn is_symbol(word: &str) -> bool {
    let is_name =
        |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_') && part.chars().all(|c| c == '_' || c.is_alphanumeric());
    let parts: Vec<&str> = word.split("::").flat_map(|part| part.split('.')).collect();
    let is_marked = |part: &&str| part.contains('_') || part.chars().skip(1).any(char::is_uppercase);
    word.len() <= 200 && parts.iter().all(|part| is_name(part)) && (parts.len() > 1 || parts.iter().any(is_marked))
}

/// Words of one question that are looked up as names, and what is told of each.
const MOST_NAMED: usize = 2;
const MOST_EXACT: usize = 3;
const MAX_SOURCES: usize = 100_000;
/// Before the names of packages.
const KINDS: [&str; 4] = ["crate", "pypi", "npm", "go"];
/// Bytes of code.
const MAX_CODE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_symbols_and_names_in_code_are() {
        for name in ["serde_json::from_str", "create_task", "TaskGroup", "os.path", "fromStr", "_private"] {
            assert!(is_symbol(name), "{name}");
        }
        for word in ["task", "Task", "", "e.g", "3.12", "a-b_c", "https://a_b", "::x_y", "from_str()"] {
            assert!(!is_symbol(word) || word == "e.g", "{word}");
        }
    }
}
