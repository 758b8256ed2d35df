//! How often is right code accused, how much of wrong code is found, and what does reading packages cost?
//!
//! `cargo bench --bench symbols -- rust PROJECT`, `-- python PROJECT` or `-- typescript PROJECT`: reads the packages of a project
//! from the disk, as `smolcrawl project` does, and makes snippets of right code out of their documentation: code blocks of doc comments (without those that are marked
//! not to compile), `>>>` examples of docstrings, and what of JavaScript and TypeScript stands between fences in comments and documents (without
//! those that tell of changes: they show what is no more).
//! Each is checked. A name in them that does not exist by that is a false alarm, and
//! printed; snippets are wrong where their documentation is, so each is to be looked at. Wrong code is made of right code: of each
//! reference that exists, the last name is spelt otherwise. `SYMBOLS_HALF=0` or `1` takes one half of the snippets: tune on one, report the other;
//! `SYMBOLS_MUTANTS=0` makes no wrong code, which takes most of the time. `SYMBOLS_SAMPLE=5` takes a fifth of the snippets, the same ones each time.
//! What of the wrong code is not found is told by the reason that was given for it, the commonest first, with some of the names.
//! With `own` behind the project its own files are the snippets, each checked where it stands against all of them: they are right as long as the
//! project can be built. Processor time is that of the whole process (Unix).

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smolcrawl::config::{Environment, OnDisk};
use smolcrawl::files::{About, Ecosystem, Installed, PackageName, Places, Project, Shelf, modules_in};
use smolcrawl::symbols::{
    self, Dependency, Home, Indexed, Kind, Language, Open, Package, PackageId, Reach, Reader, Reason, Symbol, Verdict,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (language, project, own) = match &arguments[..] {
        [language, project] => (language, project, false),
        [language, project, own] if own == "own" => (language, project, true),
        _ => return say("name a language and a project: cargo bench --bench symbols -- rust ."),
    };
    let of = match language.as_str() {
        "rust" => Ecosystem::Cargo,
        "python" => Ecosystem::Pypi,
        "typescript" => Ecosystem::Npm,
        other => return say(&format!("{other:?} is not checked: rust, python and typescript are")),
    };
    let half = std::env::var("SYMBOLS_HALF").ok().and_then(|half| half.parse::<u64>().ok());
    let mut read = read(Path::new(project), of);
    if own {
        read.own(Path::new(project), of);
    }
    let sample = std::env::var("SYMBOLS_SAMPLE").ok().and_then(|sample| sample.parse::<u64>().ok()).unwrap_or(1).max(1);
    read.snippets.retain(|(_, _, snippet)| half.is_none_or(|half| hash(snippet) % 2 == half) && (hash(snippet) / 2).is_multiple_of(sample));
    // Packages repeat what others say.
    let mut seen = HashSet::new();
    read.snippets.retain(|(_, _, snippet)| of != Ecosystem::Npm || seen.insert(snippet.clone()));
    let language = match of {
        Ecosystem::Cargo => Language::Rust,
        Ecosystem::Pypi => Language::Python,
        _ => Language::TypeScript,
    };
    check(&read, language);
}

struct Read {
    packages: Vec<Arc<Indexed>>,
    /// No package of the project is missing.
    is_whole: bool,
    /// Each with the place of the package that documents it, and where in it the snippet stands.
    snippets: Vec<(usize, Option<Home>, String)>,
}

impl Read {
    /// Takes the project's own files for the snippets.
    fn own(&mut self, root: &Path, of: Ecosystem) {
        let root = std::fs::canonicalize(root).expect("the project is there");
        let own: Vec<Installed> = match of {
            Ecosystem::Cargo => Shelf::new(Places { project: Some(root), ..Places::default() }).own_crates(),
            _ => vec![Installed {
                package: PackageName { ecosystem: of, name: "own".to_owned(), version: None },
                parts: modules_in(&root).into_iter().map(|(_, part)| part).filter(|part| part != "src").collect(),
                root,
                modules: vec![String::new()],
                needs: Vec::new(),
                description: None,
                about: About::default(),
            }],
        };
        self.snippets.clear();
        for installed in own {
            let Ok(contents) = installed.contents() else { continue };
            let root = installed.modules[0].clone();
            let mut reader = Reader::new(id(&installed), &*root).from_within();
            for file in &contents.files {
                let Ok(text) = contents.read(file, 2 << 20) else { continue };
                reader.file(&file.path, &text);
                let home = Home::of(id(&installed).ecosystem, &root, &file.path);
                self.snippets.push((self.packages.len(), home, String::from_utf8_lossy(&text).into_owned()));
            }
            let unknown = Dependency { root: String::new(), id: PackageId::new(symbols::Ecosystem::C, "", ""), optional: false };
            self.packages.push(Arc::new(Indexed::new(reader.finish()).depending_on(vec![unknown])));
        }
    }
}

/// All packages of one ecosystem that a project uses, each depending on what its own description and the lock file say.
fn read(root: &Path, of: Ecosystem) -> Read {
    let project = Project::read(root).expect("the project can be read");
    let on_disk = OnDisk::of(&Environment::of_process());
    let places = Places {
        cargo_home: on_disk.cargo_home,
        go_mod_cache: on_disk.go_mod_cache,
        virtual_env: on_disk.virtual_env,
        project: Some(root.to_owned()),
    };
    let shelf = Shelf::new(places);
    let located: Vec<Option<Installed>> = project
        .dependencies
        .iter()
        .map(|dependency| shelf.locate(dependency).ok().filter(|_| dependency.package.ecosystem == of))
        .collect();
    // Those of npm that are for other platforms are reached by their own names.
    let is_known = |one: &PackageName| one.ecosystem != of || of == Ecosystem::Npm && !one.name.starts_with("@types/");
    let is_whole = project.dependencies.iter().zip(&located).all(|(one, located)| is_known(&one.package) || located.is_some());
    let (mut packages, mut snippets) = (Vec::new(), Vec::new());
    let (mut files, mut bytes, mut names) = (0_u64, 0_u64, 0);
    let (begun, worked) = (Instant::now(), worked());
    for (dependency, installed) in project.dependencies.iter().zip(&located) {
        let Some(installed) = installed else { continue };
        let Ok(contents) = installed.contents() else { continue };
        let root = installed.modules.first().cloned().unwrap_or_default();
        let mut reader = Reader::new(id(installed), root);
        for file in &contents.files {
            let Ok(text) = contents.read(file, 64 << 20) else { continue };
            files += 1;
            bytes += text.len() as u64;
            reader.file(&file.path, &text);
            snippets.extend(examples(of, &String::from_utf8_lossy(&text)).into_iter().map(|snippet| (packages.len(), None, snippet)));
        }
        for file in &contents.beside {
            let Ok(text) = contents.read(file, 64 << 20) else { continue };
            files += 1;
            bytes += text.len() as u64;
            reader.beside(&text);
        }
        let documents = if of == Ecosystem::Npm { documents(contents.root()) } else { Vec::new() };
        snippets.extend(documents.iter().flat_map(|text| examples(of, text)).map(|snippet| (packages.len(), None, snippet)));
        let needs = installed.needs.iter().flat_map(|need| {
            let found = dependency.needs.iter().find_map(|at| {
                let other = located[*at].as_ref()?;
                (of.normal(&other.package.name) == of.normal(&need.name)).then_some(other)
            });
            match found {
                Some(other) => other
                    .modules
                    .iter()
                    .map(|module| Dependency {
                        root: need.called.clone().unwrap_or_else(|| first(module)),
                        id: id(other),
                        optional: need.is_optional,
                    })
                    .collect(),
                None if need.is_optional => Vec::new(),
                // One that is meant for programs may be another's.
                None if of == Ecosystem::Npm => Vec::new(),
                None => vec![Dependency {
                    root: need.name.replace(['-', '.'], "_"),
                    id: PackageId::new(symbols::Ecosystem::C, "", ""),
                    optional: false,
                }],
            }
        });
        let needs: Vec<Dependency> = needs.collect();
        let package = reader.finish();
        names += package.symbols.len();
        packages.push(Arc::new(Indexed::new(package).depending_on(needs)));
    }
    let (wall, cpu) = (begun.elapsed(), self::worked() - worked);
    say(&format!(
        "{} packages, {files} files, {:.1} MB, {names} symbols: {:.1} s, {:.1} s of a processor, {:.1} MB/s",
        packages.len(),
        bytes as f64 / 1e6,
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
        bytes as f64 / 1e6 / cpu.as_secs_f64().max(0.001)
    ));
    Read { packages, is_whole, snippets }
}

fn check(read: &Read, language: Language) {
    let Read { packages, is_whole, snippets } = read;
    let known: Vec<bool> = packages.iter().map(|package| package.package().is_whole && package.package().open.is_empty()).collect();
    let is_known = |id: Option<&PackageId>| packages.iter().zip(&known).any(|(package, known)| *known && Some(&package.package().id) == id);
    let (mut at, mut reach) = (usize::MAX, Reach::default());
    let (mut accused, mut references, mut mutants, mut found, mut outside) = (0, 0, 0, 0, 0);
    // Of packages that leave nothing open.
    let (mut mutants_known, mut found_known) = (0, 0);
    let mut missed: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    let begun = Instant::now();
    let mutants_of_each = std::env::var("SYMBOLS_MUTANTS").ok().and_then(|most| most.parse().ok()).unwrap_or(MOST_MUTANTS);
    for (done, (of, home, snippet)) in snippets.iter().enumerate() {
        if done > 0 && done % 500 == 0 {
            say(&format!("{done} of {} snippets: {accused} accused", snippets.len()));
        }
        let check = |code: &str, reach: &Reach| match home {
            Some(home) => symbols::check_at(code, language, reach, home),
            None => symbols::check(code, language, reach),
        };
        if at != *of {
            // Of several versions the one that documents it, and those that it depends on.
            let package = packages[*of].package();
            let mut order: Vec<usize> = (0..packages.len()).collect();
            order.sort_by_key(|other| {
                let id = &packages[*other].package().id;
                (other != of, !package.dependencies.iter().any(|dependency| dependency.id == *id))
            });
            let is_named = |id: &PackageId| *id == package.id || package.dependencies.iter().any(|dependency| dependency.id == *id);
            let several = several(packages, is_named);
            reach = Reach::new(several.into_iter().chain(order.into_iter().map(|other| packages[other].clone())).collect());
            if *is_whole {
                reach = reach.whole();
            }
            at = *of;
        }
        let checked = check(snippet, &reach);
        references += checked.len();
        let alarms: Vec<_> = checked.iter().filter(|of| of.verdict == Verdict::DoesNotExist).collect();
        if let Some(alarm) = alarms.first() {
            accused += 1;
            let word = alarm.text.rsplit('.').next().unwrap_or_default();
            let of = packages.iter().find(|package| alarm.package.as_ref() == Some(&package.package().id));
            let known = if of.is_some_and(|of| of.has_word(word)) { ", a word of the package" } else { "" };
            match home {
                Some(_) => alarms.iter().for_each(|alarm| say(&format!("alarm: {home:?} {}: {} ({})", alarm.line, alarm.text, alarm.why))),
                None => say(&format!("alarm: {} ({}{known})\n{snippet}\n----", alarm.text, alarm.why)),
            }
        }
        for right in checked.iter().filter(|of| of.verdict == Verdict::Exists && of.path.is_some()).take(mutants_of_each) {
            let Some(wrong) = renamed(snippet, right.offset) else { continue };
            mutants += 1;
            let is_known = is_known(right.package.as_ref());
            mutants_known += usize::from(is_known);
            let again = check(&wrong, &reach);
            let answer = again.iter().find(|of| of.offset == right.offset);
            if let Some(verdict @ (Verdict::DoesNotExist | Verdict::NotInLock)) = answer.map(|of| of.verdict) {
                found += 1;
                outside += usize::from(verdict == Verdict::NotInLock);
                found_known += usize::from(is_known);
                continue;
            }
            let (many, names) = missed.entry(answer.map_or_else(|| "it is not answered".to_owned(), |of| kind_of(&of.why))).or_default();
            *many += 1;
            if names.len() < 20 {
                names.push(format!("{} ({})", one_line(&right.text), answer.map_or("", |of| &of.why)));
            }
        }
    }
    let percent = |part: usize, all: usize| 100.0 * part as f64 / all.max(1) as f64;
    say(&format!("{} snippets, {references} references: {accused} accused ({:.3} %)", snippets.len(), percent(accused, snippets.len())));
    say(&format!("{mutants} renamed references: {found} found ({:.1} %); {:.1} s", percent(found, mutants), begun.elapsed().as_secs_f64()));
    let (inside, here) = (mutants - outside, found - outside);
    say(&format!("without {outside} names of packages that no lock file has: {here} of {inside} ({:.1} %)", percent(here, inside)));
    say(&format!("of packages that leave nothing open: {found_known} of {mutants_known} ({:.1} %)", percent(found_known, mutants_known)));
    let mut missed: Vec<_> = missed.into_iter().collect();
    missed.sort_by_key(|(_, (many, _))| std::cmp::Reverse(*many));
    for (why, (many, names)) in missed {
        say(&format!("{many} not found ({:.1} %): {why}\n    {}", percent(many, mutants), names.join("\n    ")));
    }
}

/// A reason without what it is about.
fn kind_of(why: &str) -> String {
    why.split('`').step_by(2).collect::<Vec<_>>().join("_")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect()
}

/// In place of packages that are there in several versions, none of which is named: it is not known which one is meant, nor what that has.
fn several(packages: &[Arc<Indexed>], is_named: impl Fn(&PackageId) -> bool) -> Vec<Arc<Indexed>> {
    let mut versions: BTreeMap<&str, Vec<&Arc<Indexed>>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.package().id.name).or_default().push(package);
    }
    versions.retain(|_, all| all.len() > 1 && !all.iter().any(|package| is_named(&package.package().id)));
    let roots = |all: &[&Arc<Indexed>]| {
        let mut roots: Vec<String> = all.iter().flat_map(|package| package.roots()).map(str::to_owned).collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    };
    let unread = versions.into_values().map(|all| {
        let mut package = Package::new(PackageId { version: String::new(), ..all[0].package().id.clone() });
        let roots = roots(&all);
        let open = |path: &String| Open { path: path.clone(), reason: Reason::Unread, detail: "one of several versions".to_owned() };
        package.open = std::iter::once(&String::new()).chain(&roots).map(open).collect();
        package.symbols = roots.into_iter().map(|root| Symbol::new(root, Kind::Module)).collect();
        Arc::new(Indexed::new(package))
    });
    unread.collect()
}

/// The snippet with the name at a place spelt otherwise.
fn renamed(snippet: &str, offset: usize) -> Option<String> {
    let name: String = snippet.get(offset..)?.chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect();
    (name.len() >= 2).then(|| format!("{}{name}zq{}", &snippet[..offset], &snippet[offset + name.len()..]))
}

fn examples(of: Ecosystem, text: &str) -> Vec<String> {
    let all = match of {
        Ecosystem::Cargo => of_doc_comments(text),
        Ecosystem::Pypi => of_docstrings(text),
        _ => of_fences(text),
    };
    all.into_iter().filter(|snippet| snippet.len() > 10 && snippet.len() < 20_000).collect()
}

/// Code blocks of `///` and `//!`, hidden lines with them.
fn of_doc_comments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    let mut is_wanted = false;
    for line in text.lines() {
        let line = line.trim_start();
        let Some(doc) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            block = None;
            continue;
        };
        let doc = doc.strip_prefix(' ').unwrap_or(doc);
        match (&mut block, doc.trim_start().strip_prefix("```")) {
            (Some(code), Some(_)) => {
                if is_wanted {
                    found.push(std::mem::take(code));
                }
                block = None;
            }
            (None, Some(mark)) => {
                let words: Vec<&str> = mark.split([',', ' ']).map(str::trim).collect();
                is_wanted = words.iter().all(|word| ["", "rust", "no_run", "should_panic"].contains(word) || word.starts_with("edition"));
                block = Some(String::new());
            }
            (Some(code), None) => {
                let doc = doc.strip_prefix("# ").unwrap_or(if doc == "#" { "" } else { doc });
                code.push_str(doc.strip_prefix("##").map_or(doc, |_| &doc[1..]));
                code.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// What of JavaScript and TypeScript stands between fences, in a document or in comments of code, and imports something.
fn of_fences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<(bool, String)> = None;
    for line in text.lines() {
        let bare = line.trim_start();
        let bare = bare.strip_prefix("* ").unwrap_or(if bare == "*" { "" } else { bare });
        match (&mut block, bare.trim_start().strip_prefix("```")) {
            (Some((is_wanted, code)), Some(_)) => {
                let imports = code.contains("import ") || code.contains("require(");
                if *is_wanted && imports {
                    found.push(std::mem::take(code));
                }
                block = None;
            }
            (None, Some(mark)) => {
                let word = mark.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                let is_wanted = ["js", "javascript", "ts", "typescript", "jsx", "tsx", "mjs", "cjs"].contains(&word);
                block = Some((is_wanted, String::new()));
            }
            (Some((_, code)), None) => {
                code.push_str(bare);
                code.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// Documents of a package: those in markdown, some folders down.
fn documents(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut ahead = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = ahead.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy().to_lowercase();
            let is_history = ["change", "history", "migrat", "upgrad", "release"].iter().any(|word| name.contains(word));
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && name != "node_modules" && depth < 5 => ahead.push((path, depth + 1)),
                Ok(kind) if kind.is_file() && (name.ends_with(".md") || name.ends_with(".mdx")) && !is_history => {
                    found.extend(std::fs::read_to_string(path));
                }
                _ => {}
            }
        }
    }
    found
}

/// Runs of `>>>` lines; those whose answer is an error are meant to fail.
fn of_docstrings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = String::new();
    let mut is_to_fail = false;
    for line in text.lines().chain(["end"]) {
        let line = line.trim();
        if let Some(doctest) = line.strip_prefix(">>>").or_else(|| line.strip_prefix("...").filter(|_| !code.is_empty())) {
            code.push_str(doctest.strip_prefix(' ').unwrap_or(doctest));
            code.push('\n');
        } else if !code.is_empty() && (line.is_empty() || line.starts_with("\"\"\"") || line == "end") {
            let snippet = std::mem::take(&mut code);
            if !std::mem::take(&mut is_to_fail) && snippet.contains("import") {
                found.push(snippet);
            }
        } else if line.contains("Error") || line.starts_with("Traceback") {
            is_to_fail = true;
        }
    }
    found
}

fn id(installed: &Installed) -> PackageId {
    let ecosystem = match installed.package.ecosystem {
        Ecosystem::Cargo => symbols::Ecosystem::Cargo,
        Ecosystem::Pypi => symbols::Ecosystem::PyPi,
        _ => symbols::Ecosystem::Npm,
    };
    PackageId::new(ecosystem, &*installed.package.name, installed.package.version.as_deref().unwrap_or_default())
}

fn first(module: &str) -> String {
    module.split('.').next().unwrap_or(module).to_owned()
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(unix)]
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

#[cfg(not(unix))]
fn worked() -> Duration {
    Duration::ZERO
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// References of one snippet that are renamed.
const MOST_MUTANTS: usize = 10;
