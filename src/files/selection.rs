//! Which of the files below a root are wanted: what was named to be taken or left out, and what nobody reads, such as what a build made.
//! Pure: it knows paths, and which names stand beside them.

use super::left_out::Rule;
use super::pattern::PathPattern;
use super::role::Role;

/// What is wanted of a folder or an archive, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Only files that one of these takes, those in hidden, generated or vendored folders too. Empty: all.
    pub include: Vec<PathPattern>,
    /// No files or folders that one of these takes. It outweighs `include`.
    pub exclude: Vec<PathPattern>,
    /// Likewise, of what every package has alike: nobody has to name it.
    pub alike: Vec<PathPattern>,
    pub wanted: Wanted,
    pub usual: Usual,
    /// Files that are taken at the most. Default: 100,000.
    pub max_files: usize,
    /// Bytes of the files that are taken, in sum. Default: 2 GiB.
    pub max_bytes: u64,
    /// Bytes of one file. Default: 8 MiB.
    pub max_file_bytes: u64,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            alike: Vec::new(),
            wanted: Wanted::Both,
            usual: Usual::LeaveOut,
            max_files: 100_000,
            max_bytes: 2 << 30,
            max_file_bytes: 8 << 20,
        }
    }
}

/// Which roles are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wanted {
    Documents,
    Code,
    #[default]
    Both,
}

/// What becomes of files that are hidden, ignored, generated or vendored and that nobody has named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Usual {
    #[default]
    LeaveOut,
    /// All are taken: what was installed by a tool is meant to be read, wherever it lies.
    Take,
}

impl Selection {
    /// Whether a file is taken, by its path below the root with `/` between its names: as what, or why not.
    pub(super) fn file(&self, path: &str) -> Result<Role, Rule> {
        self.is_left(path)?;
        let is_named = !self.include.is_empty();
        if is_named && !self.include.iter().any(|pattern| pattern.takes(path)) {
            return Err(Rule::Unwanted);
        }
        if !is_named && self.usual == Usual::LeaveOut {
            let name = path.rsplit('/').next().unwrap_or(path);
            if let Some(rule) = usual_file(name) {
                return Err(rule);
            }
        }
        let role = Role::of(path).ok_or(Rule::OtherKind)?;
        match (self.wanted, role) {
            (Wanted::Documents, Role::Code(_)) | (Wanted::Code, Role::Document(_)) => Err(Rule::OtherRole),
            _ => Ok(role),
        }
    }

    /// Whether a folder is looked into. `beside` tells whether a file of that name stands beside it, `inside` whether one stands in it.
    pub(super) fn folder(&self, path: &str, beside: impl Fn(&str) -> bool, inside: impl Fn(&str) -> bool) -> Result<(), Rule> {
        self.is_left(path)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        // The innards of a repository are nobody's reading.
        if matches!(name, ".git" | ".hg" | ".svn") {
            return Err(Rule::Hidden);
        }
        // What was named may lie anywhere: all has to be looked through.
        if self.usual == Usual::Take || !self.include.is_empty() {
            return Ok(());
        }
        usual_folder(name, beside, inside).map_or(Ok(()), Err)
    }

    /// Whether it may be taken at all.
    fn is_left(&self, path: &str) -> Result<(), Rule> {
        let takes = |patterns: &[PathPattern]| patterns.iter().any(|pattern| pattern.takes(path));
        match (takes(&self.exclude), takes(&self.alike)) {
            (true, _) => Err(Rule::Unwanted),
            (false, true) => Err(Rule::OfPackages),
            (false, false) => Ok(()),
        }
    }

    /// As `file`, for a path of which every folder is judged too, and nothing is known of what stands beside it: an entry of an archive.
    pub(super) fn entry(&self, path: &str) -> Result<Role, Rule> {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends {
            self.folder(&path[..end], |_| false, |_| false)?;
        }
        self.file(path)
    }

    /// Whether ignore files are obeyed.
    pub(super) fn obeys_ignore_files(&self) -> bool {
        self.usual == Usual::LeaveOut
    }
}

fn usual_folder(name: &str, beside: impl Fn(&str) -> bool, inside: impl Fn(&str) -> bool) -> Option<Rule> {
    if name.starts_with('.') {
        return Some(Rule::Hidden);
    }
    let lower = name.to_ascii_lowercase();
    let by_name = FOLDERS.iter().find(|folder| folder.name == lower).filter(|folder| {
        let proofs = folder.beside;
        proofs.is_empty() || proofs.iter().any(|proof| beside(proof))
    });
    if let Some(folder) = by_name {
        return Some(folder.rule);
    }
    if [".egg-info", ".dist-info", ".egg-link"].iter().any(|end| lower.ends_with(end)) {
        return Some(Rule::Generated);
    }
    // The first marks what can be made again (https://bford.info/cachedir/), the second an environment of Python.
    if inside("CACHEDIR.TAG") {
        return Some(Rule::Generated);
    }
    inside("pyvenv.cfg").then_some(Rule::Vendored)
}

fn usual_file(name: &str) -> Option<Rule> {
    if name.starts_with('.') {
        return Some(Rule::Hidden);
    }
    let lower = name.to_ascii_lowercase();
    let is_generated = GENERATED_ENDS.iter().any(|end| lower.ends_with(end)) || GENERATED_NAMES.contains(&&*lower);
    is_generated.then_some(Rule::Generated)
}

struct Folder {
    name: &'static str,
    rule: Rule,
    /// Files of which one has to stand beside the folder: its name alone says too little. Empty: the name is enough.
    beside: &'static [&'static str],
}

const fn folder(name: &'static str, rule: Rule, beside: &'static [&'static str]) -> Folder {
    Folder { name, rule, beside }
}

/// Any of these says that a folder of the name is made by a build, and not about builds.
const BUILT: &[&str] = &[
    "package.json",
    "setup.py",
    "setup.cfg",
    "pyproject.toml",
    "CMakeLists.txt",
    "build.gradle",
    "build.gradle.kts",
    "pom.xml",
    "meson.build",
    "Makefile",
    "conf.py",
    "mkdocs.yml",
    "pubspec.yaml",
];

const FOLDERS: &[Folder] = &[
    folder("node_modules", Rule::Vendored, &[]),
    folder("bower_components", Rule::Vendored, &[]),
    folder("jspm_packages", Rule::Vendored, &[]),
    folder("site-packages", Rule::Vendored, &[]),
    folder("third_party", Rule::Vendored, &[]),
    folder("third-party", Rule::Vendored, &[]),
    folder("thirdparty", Rule::Vendored, &[]),
    folder("vendored", Rule::Vendored, &[]),
    folder("_vendor", Rule::Vendored, &[]),
    folder("vendor", Rule::Vendored, &["go.mod", "composer.json", "Cargo.toml", "Gemfile", "package.json"]),
    folder("pods", Rule::Vendored, &["Podfile"]),
    folder("carthage", Rule::Vendored, &["Cartfile"]),
    folder("__pycache__", Rule::Generated, &[]),
    folder("__snapshots__", Rule::Generated, &[]),
    folder("htmlcov", Rule::Generated, &[]),
    folder("_build", Rule::Generated, &[]),
    folder("_site", Rule::Generated, &[]),
    folder("target", Rule::Generated, &["Cargo.toml", "pom.xml", "build.sbt"]),
    folder("build", Rule::Generated, BUILT),
    folder("dist", Rule::Generated, BUILT),
    folder("out", Rule::Generated, BUILT),
    folder("coverage", Rule::Generated, BUILT),
    folder("site", Rule::Generated, &["mkdocs.yml"]),
    folder("book", Rule::Generated, &["book.toml"]),
    folder("public", Rule::Generated, &["hugo.toml", "hugo.yaml", "config.toml"]),
];

const GENERATED_ENDS: [&str; 15] = [
    ".min.js",
    ".min.mjs",
    ".bundle.js",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    "_pb.js",
    "_pb.d.ts",
    ".generated.rs",
    ".generated.ts",
    ".generated.go",
    ".designer.cs",
];
const GENERATED_NAMES: [&str; 2] = ["searchindex.js", "search-index.js"];

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &str, beside: &str) -> Result<(), Rule> {
        Selection::default().folder(path, |name| name == beside, |_| false)
    }

    #[test]
    fn a_name_that_says_too_little_needs_a_proof_beside_it() {
        assert_eq!(folder("docs/build", "README.md"), Ok(()));
        assert_eq!(folder("docs/build", "conf.py"), Err(Rule::Generated));
        assert_eq!(folder("target", "Cargo.toml"), Err(Rule::Generated));
        assert_eq!(folder("docs/target", ""), Ok(()));
        assert_eq!(folder("a/node_modules", ""), Err(Rule::Vendored));
        assert_eq!(folder("vendor", "go.mod"), Err(Rule::Vendored));
        assert_eq!(folder(".github", ""), Err(Rule::Hidden));
        assert_eq!(Selection::default().folder("cache", |_| false, |name| name == "CACHEDIR.TAG"), Err(Rule::Generated));
        assert_eq!(Selection::default().folder("env", |_| false, |name| name == "pyvenv.cfg"), Err(Rule::Vendored));
    }

    #[test]
    fn what_is_named_is_taken_wherever_it_lies_and_what_is_excluded_is_not() {
        let pattern = |text: &str| vec![PathPattern::parse(text).unwrap()];
        let included = Selection { include: pattern("node_modules/*/README.md"), ..Selection::default() };
        assert_eq!(included.folder("node_modules", |_| false, |_| false), Ok(()));
        assert_eq!(included.file("node_modules/x/README.md"), Ok(Role::Document("text/markdown")));
        assert_eq!(included.file("README.md"), Err(Rule::Unwanted));
        let excluded = Selection { include: pattern("*.md"), exclude: pattern("old"), ..Selection::default() };
        assert_eq!(excluded.folder("old", |_| false, |_| false), Err(Rule::Unwanted));
        assert_eq!(excluded.file("old/a.md"), Err(Rule::Unwanted));
        assert_eq!(excluded.folder(".git", |_| false, |_| false), Err(Rule::Hidden));
        let alike = Selection { alike: pattern("tests"), usual: Usual::Take, ..excluded };
        assert_eq!(alike.folder("tests", |_| false, |_| false), Err(Rule::OfPackages));
        assert_eq!((alike.file("tests/a.md"), alike.file("old/a.md")), (Err(Rule::OfPackages), Err(Rule::Unwanted)));
    }

    #[test]
    fn roles_are_asked_for() {
        let documents = Selection { wanted: Wanted::Documents, ..Selection::default() };
        assert_eq!(documents.file("a.rs"), Err(Rule::OtherRole));
        assert_eq!(documents.file("a.md"), Ok(Role::Document("text/markdown")));
        assert_eq!(Selection::default().file("a.min.js"), Err(Rule::Generated));
        assert_eq!(Selection::default().file("a.png"), Err(Rule::OtherKind));
        assert_eq!(Selection { usual: Usual::Take, ..documents }.file(".x.md"), Ok(Role::Document("text/markdown")));
        assert_eq!(Selection::default().entry("x/node_modules/y/README.md"), Err(Rule::Vendored));
        assert_eq!(Selection::default().entry("build/a.md"), Ok(Role::Document("text/markdown")));
    }
}
