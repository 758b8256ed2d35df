//! Finds symbols by name: exact, then without regard to case, then by the end of their path, then names that are nearly so.

use serde::Serialize;

use super::package::{Kind, PackageId, Symbol};
use super::reach::{Indexed, Reach};

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A name or the end of a path: `create_task`, `TaskGroup.create_task`, `serde_json::from_str`.
    pub name: String,
    /// Only in the package of this name.
    pub package: Option<String>,
    /// Only in this version.
    pub version: Option<String>,
    pub kind: Option<Kind>,
    /// Names that begin so count as found.
    pub by_prefix: Prefix,
    /// At most so many; 0 is taken as 20.
    pub limit: usize,
}

/// Whether a name may go on behind what is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    #[default]
    Whole,
    Begins,
}

/// How a symbol's name agrees with what was asked for; better ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The whole path.
    Path,
    /// The end of the path.
    End,
    /// The end of the path in other letter case.
    Case,
    /// The last name begins so.
    Begins,
    /// A name like it: nothing is called as was asked.
    Near,
}

/// A symbol found.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    pub package: &'a PackageId,
    pub symbol: &'a Symbol,
    pub how: How,
}

/// What was found, and what was not looked into.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// Best first.
    pub found: Vec<Found<'a>>,
    /// How many more there are.
    pub left_off: usize,
    /// Packages asked for by name or version that are not in reach, and those of which only part is known: nothing found there does not
    /// mean that nothing is there.
    pub not_searched: Vec<String>,
}

/// Looks for a name in every package in reach.
///
/// ```
/// use std::sync::Arc;
/// use smolcrawl::symbols::{Ecosystem, Indexed, Kind, Package, PackageId, Reach, Symbol, Wanted, find};
///
/// let mut trio = Package::new(PackageId::new(Ecosystem::PyPi, "trio", "0.27.0"));
/// trio.symbols.push(Symbol::new("trio.Nursery.start_soon", Kind::Method));
/// let reach = Reach::new(vec![Arc::new(Indexed::new(trio))]);
/// let search = find(&reach, &Wanted { name: "Nursery.start_soon".into(), ..Wanted::default() });
/// assert_eq!(search.found[0].symbol.path, "trio.Nursery.start_soon");
/// ```
pub fn find<'a>(reach: &'a Reach, wanted: &Wanted) -> Search<'a> {
    let limit = if wanted.limit == 0 { 20 } else { wanted.limit };
    let asked = segments(&wanted.name);
    let mut found: Vec<Found<'a>> = Vec::new();
    let mut not_searched = Vec::new();
    let packages: Vec<&Indexed> =
        reach.packages().iter().map(AsRef::as_ref).filter(|package| is_meant(&package.package().id, wanted)).collect();
    if packages.is_empty() {
        not_searched.push(missing(reach, wanted));
    }
    let is_kind = |symbol: &Symbol| wanted.kind.is_none_or(|kind| kind == symbol.kind);
    for package in &packages {
        let of = package.package();
        if !of.is_whole {
            not_searched.push(format!("{}: only its documented names are known", of.id));
        } else if let Some(open) = package.own_openness("") {
            not_searched.push(format!("{}: {}", of.id, open.reason.text()));
        }
        if let Some(last) = asked.last() {
            let lower = last.to_lowercase();
            let same = package.named(&lower).filter(|symbol| is_kind(symbol));
            found.extend(same.filter_map(|symbol| Some(Found { package: &of.id, symbol, how: agreement(&symbol.path, &asked)? })));
        }
        if let (Prefix::Begins, Some(last)) = (wanted.by_prefix, asked.last()) {
            let begins = of
                .symbols
                .iter()
                .filter(|symbol| is_kind(symbol) && symbol.name().len() > last.len() && symbol.name().starts_with(last.as_str()));
            let begins = begins.filter(|symbol| goes_on(&symbol.path, &asked));
            found.extend(begins.map(|symbol| Found { package: &of.id, symbol, how: How::Begins }));
        }
    }
    if found.is_empty()
        && let Some(last) = asked.last()
    {
        for package in &packages {
            let names = package.package().symbols.iter().filter(|symbol| is_kind(symbol)).map(Symbol::name);
            let mut near: Vec<String> = nearest(&last.to_lowercase(), names, 9).iter().map(|name| name.to_lowercase()).collect();
            near.dedup();
            for name in near.into_iter().take(3) {
                let near = package.named(&name).filter(|symbol| is_kind(symbol)).take(3);
                found.extend(near.map(|symbol| Found { package: &package.package().id, symbol, how: How::Near }));
            }
        }
    }
    found.sort_by_cached_key(|found| {
        (found.how, found.symbol.private, segments(&found.symbol.path).len(), found.symbol.path.clone(), found.symbol.line)
    });
    let left_off = found.len().saturating_sub(limit);
    found.truncate(limit);
    Search { found, left_off, not_searched }
}

/// Of symbols whose last names agree with what is looked for, as a table of names gives them: those that agree as a whole, best first, each
/// with how it does.
///
/// ```
/// use smolcrawl::symbols::{Ecosystem, How, Kind, PackageId, Symbol, Wanted, rank};
///
/// let trio = PackageId::new(Ecosystem::PyPi, "trio", "0.27.0");
/// let paths = ["trio.Nursery.start_soon", "trio.Portal.start_soon"];
/// let found = paths.map(|path| (trio.clone(), Symbol::new(path, Kind::Method))).to_vec();
/// let ranked = rank(found, &Wanted { name: "Nursery.start_soon".into(), ..Wanted::default() });
/// assert_eq!((ranked.len(), ranked[0].2), (1, How::End));
/// ```
pub fn rank(candidates: Vec<(PackageId, Symbol)>, wanted: &Wanted) -> Vec<(PackageId, Symbol, How)> {
    let asked = segments(&wanted.name);
    let how = |symbol: &Symbol| {
        let begins = || wanted.by_prefix == Prefix::Begins && goes_on(&symbol.path, &asked);
        agreement(&symbol.path, &asked).or_else(|| begins().then_some(How::Begins))
    };
    let mut found: Vec<_> = candidates
        .into_iter()
        .filter(|(_, symbol)| wanted.kind.is_none_or(|kind| kind == symbol.kind))
        .filter_map(|(id, symbol)| how(&symbol).map(|how| (id, symbol, how)))
        .collect();
    found.sort_by_cached_key(|(id, symbol, how)| {
        (*how, symbol.private, segments(&symbol.path).len(), symbol.path.clone(), symbol.line, id.version.clone())
    });
    found
}

/// The last part of what somebody writes for a path, in lower case: by what a table of names is asked.
pub fn last_name(name: &str) -> String {
    segments(name).last().map(|last| last.to_lowercase()).unwrap_or_default()
}

/// At most `most` names that are like one, the likest first. Takes time in proportion to the names; long ones are not compared.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<String> {
    let length = name.chars().count();
    // Every name of two letters is like every other.
    if !(3..=60).contains(&length) {
        return Vec::new();
    }
    let lower = name.to_lowercase();
    let allowed = (length / 3).min(4);
    let own = signs(&lower);
    let is_far = |here: u64, there: u64| (here & !there).count_ones() as usize > allowed;
    let mut near: Vec<(usize, &str)> = names
        .filter(|other| other.len() <= 100 && *other != name && !other.starts_with("__"))
        .filter(|other| other.len().abs_diff(name.len()) <= allowed + 1)
        // One change brings or takes one sign at the most: for nearly all names that is enough to know.
        .filter(|other| {
            let there = signs(other);
            !is_far(own, there) && !is_far(there, own)
        })
        .filter_map(|other| {
            let distance = strsim::osa_distance(&lower, &other.to_lowercase());
            (distance <= allowed).then_some((distance, other))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(most).map(|(_, name)| name.to_owned()).collect()
}

/// Which letters, without regard to case, digits and other signs of ASCII a name has, a bit each; the signs share theirs.
fn signs(name: &str) -> u64 {
    let bit = |byte: u8| match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => letter - b'a',
        digit @ b'0'..=b'9' => 26 + digit - b'0',
        b'_' => 36,
        other => 37 + other % 27,
    };
    name.bytes().filter(u8::is_ascii).fold(0, |signs, byte| signs | 1 << bit(byte))
}

/// Whether a package is among those that are asked for by name and version.
pub fn is_meant(id: &PackageId, wanted: &Wanted) -> bool {
    let same = |name: &String| plain_name(name) == plain_name(&id.name);
    wanted.package.as_ref().is_none_or(same) && wanted.version.as_ref().is_none_or(|version| *version == id.version)
}

/// Registries take `-`, `_` and letter case for one.
fn plain_name(name: &str) -> String {
    name.to_lowercase().replace(['-', '.'], "_")
}

fn missing(reach: &Reach, wanted: &Wanted) -> String {
    let Some(name) = &wanted.package else { return "nothing is indexed".to_owned() };
    let others: Vec<String> = (reach.packages().iter())
        .map(|package| &package.package().id)
        .filter(|id| plain_name(&id.name) == plain_name(name))
        .map(|id| id.version.clone())
        .collect();
    match (&wanted.version, others.is_empty()) {
        (Some(version), false) => format!("{name}@{version} is not indexed; {} is", others.join(", ")),
        _ => format!("{name} is not indexed"),
    }
}

/// A path or what a person writes for one: `A.b`, `A::b`, `A#b`, `a/b`.
fn segments(path: &str) -> Vec<String> {
    path.trim_end_matches("()")
        .trim_end_matches('!')
        .split(['.', ':', '#', '/'])
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether the last segment goes on behind what is asked for, and those before it are as asked.
fn goes_on(path: &str, asked: &[String]) -> bool {
    let path = segments(path);
    let (Some(last), Some(above)) = (asked.last(), path.len().checked_sub(asked.len())) else { return false };
    path[above..path.len() - 1] == asked[..asked.len() - 1]
        && path.last().is_some_and(|name| name.len() > last.len() && name.to_lowercase().starts_with(&last.to_lowercase()))
}

fn agreement(path: &str, asked: &[String]) -> Option<How> {
    let path = segments(path);
    if path == asked {
        return Some(How::Path);
    }
    let end = path.get(path.len().checked_sub(asked.len())?..)?;
    if end == asked {
        return Some(How::End);
    }
    end.iter().zip(asked).all(|(a, b)| a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()).then_some(How::Case)
}
