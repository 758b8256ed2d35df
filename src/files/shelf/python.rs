//! Packages in the `site-packages` of an environment, by what their installer wrote beside them
//! (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>). Nothing is imported.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use url::Url;

use super::{Places, folders, text_of};
use crate::files::error::Error;
use crate::files::package::{About, Ecosystem, Installed, Need, PackageName, web};
use crate::files::place;

#[derive(Debug)]
pub(super) struct Environment {
    /// By normal name: version and the folder of what is said of it.
    packages: HashMap<String, Vec<(String, PathBuf)>>,
}

impl Environment {
    pub(super) fn new(places: &Places) -> Self {
        let in_project = places.project.iter().flat_map(|project| [".venv", "venv"].map(|name| project.join(name)));
        let environment = places.virtual_env.clone().into_iter().chain(in_project).find(|path| path.join("pyvenv.cfg").is_file());
        let mut packages: HashMap<String, Vec<_>> = HashMap::new();
        for site in environment.iter().flat_map(|environment| site_packages(environment)) {
            for (folder, path) in folders(&site) {
                if let Some((name, version)) = described(&folder, &path) {
                    packages.entry(Ecosystem::Pypi.normal(&name)).or_default().push((version, path));
                }
            }
        }
        Self { packages }
    }

    pub(super) fn of(&self, name: &str) -> Vec<(String, PathBuf)> {
        self.packages.get(&Ecosystem::Pypi.normal(name)).cloned().unwrap_or_default()
    }
}

/// `lib/python3.12/site-packages`, on Windows `Lib/site-packages`.
fn site_packages(environment: &Path) -> Vec<PathBuf> {
    let by_version =
        ["lib", "lib64"].into_iter().flat_map(|lib| folders(&environment.join(lib))).filter(|(name, _)| name.starts_with("python"));
    let candidates = by_version.map(|(_, path)| path.join("site-packages")).chain([environment.join("Lib").join("site-packages")]);
    let mut found: Vec<PathBuf> = candidates.filter_map(|path| path.canonicalize().ok()).filter(|path| path.is_dir()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Name and version, by the name of the folder: `requests-2.31.0.dist-info`, `x-1.0-py3.12.egg-info`.
fn described(folder: &str, path: &Path) -> Option<(String, String)> {
    let stem = folder.strip_suffix(".dist-info").or_else(|| folder.strip_suffix(".egg-info"))?;
    match stem.split_once('-') {
        Some((name, version)) => Some((name.to_owned(), version.split("-py").next().unwrap_or(version).to_owned())),
        // Of development installs the file says the version.
        None => {
            let text = text_of(&path.join("PKG-INFO"))?;
            Some((stem.to_owned(), fields(&text).find(|(name, _)| *name == "Version")?.1.to_owned()))
        }
    }
}

/// `at` is the folder that describes it.
pub(super) fn read(package: &PackageName, at: &Path) -> Result<Installed, Error> {
    let metadata = text_of(&at.join("METADATA")).or_else(|| text_of(&at.join("PKG-INFO"))).or_else(|| text_of(at)).unwrap_or_default();
    let site = at.parent().unwrap_or(at);
    let folder = at.file_name().and_then(|name| name.to_str());
    let named = ["METADATA", "PKG-INFO"].into_iter().find(|name| at.join(name).is_file());
    let description = folder.zip(named).map(|(folder, name)| format!("{folder}/{name}"));
    let mut installed = Installed {
        package: package.clone(),
        root: site.to_owned(),
        parts: Vec::new(),
        modules: Vec::new(),
        needs: fields(&metadata).filter(|(name, _)| *name == "Requires-Dist").filter_map(|(_, value)| need(value)).collect(),
        description,
        about: about(&metadata),
    };
    if let Some(name) = fields(&metadata).find(|(name, _)| *name == "Name") {
        name.1.clone_into(&mut installed.package.name);
    }
    let top_level: Vec<String> = text_of(&at.join("top_level.txt"))
        .unwrap_or_default()
        .lines()
        .map(str::trim)
        .filter(|line| is_module(line))
        .map(str::to_owned)
        .collect();
    if let Some(root) = editable(at) {
        installed.root = root;
        // It lies below another root.
        installed.description = None;
        installed.modules = top_level;
        return Ok(installed);
    }
    let record = text_of(&at.join("RECORD"));
    match &record {
        Some(record) => (installed.parts, installed.modules) = parts(record),
        None => {
            let places = top_level.iter().flat_map(|module| [module.clone(), format!("{module}.py"), format!("{module}.pyi")]);
            installed.parts = places.filter(|place| site.join(place).exists()).collect();
            installed.modules = top_level;
        }
    }
    // Nothing of it may be taken for all of what is beside it.
    if installed.parts.is_empty() {
        installed.parts = at.file_name().map(|name| name.to_string_lossy().into_owned()).into_iter().collect();
    }
    Ok(installed)
}

/// Where the sources are, if they are used from where they are written (PEP 610).
fn editable(at: &Path) -> Option<PathBuf> {
    let value: serde_json::Value = serde_json::from_str(&text_of(&at.join("direct_url.json"))?).ok()?;
    let is_editable = value.get("dir_info")?.get("editable")?.as_bool()?;
    let url = Url::parse(value.get("url")?.as_str()?).ok().filter(|url| is_editable && url.scheme() == "file")?;
    place::path_of(&url, cfg!(windows))?.canonicalize().ok().filter(|path| path.is_dir())
}

/// What of `site-packages` is the package's own, and the modules in it, by the list of its files: for each file the outermost folder that
/// is a package of Python. A folder without `__init__.py` is shared by many (a namespace), and so are its files' names the whole of what is
/// known.
fn parts(record: &str) -> (Vec<String>, Vec<String>) {
    let paths: Vec<&str> = record.lines().filter_map(path_of).filter(|path| is_own(path)).collect();
    let packages: BTreeSet<&str> =
        paths.iter().filter_map(|path| path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix("/__init__.pyi"))).collect();
    let mut found = BTreeSet::new();
    let mut modules = BTreeSet::new();
    for path in paths {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        let package = folders.into_iter().find(|folder| packages.contains(folder));
        let stem = path.strip_suffix(".py").or_else(|| path.strip_suffix(".pyi")).or_else(|| native(path));
        match (package, stem) {
            (Some(package), _) => {
                modules.insert(package.replace('/', "."));
                found.insert(package.to_owned());
            }
            (None, Some(module)) => {
                modules.insert(module.replace('/', "."));
                found.insert(path.to_owned());
            }
            (None, None) => {}
        }
        if found.len() >= MAX_PARTS {
            break;
        }
    }
    let is_name = |module: &String| module.split('.').all(is_module);
    (found.into_iter().collect(), modules.into_iter().filter(is_name).collect())
}

/// Of a line of comma-separated values, whose first may be quoted.
fn path_of(line: &str) -> Option<&str> {
    match line.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => line.split(',').next(),
    }
    .filter(|path| !path.is_empty())
}

/// Neither what leads out of the folder, as scripts do, nor what an installer has made.
fn is_own(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let is_inside = !path.starts_with('/') && !path.contains(['\\', ':']) && !path.split('/').any(|part| part == "..");
    is_inside
        && !path.contains("__pycache__")
        && !first.ends_with(".dist-info")
        && !first.ends_with(".egg-info")
        && !first.ends_with(".data")
}

/// `x/y.cpython-312-x86_64-linux-gnu.so`: the module `x/y`.
fn native(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/').map_or((None, path), |(folder, name)| (Some(folder.len() + 1), name));
    let is_native = name.ends_with(".so") || name.ends_with(".pyd");
    is_native.then(|| &path[..folder.unwrap_or_default() + name.find('.').unwrap_or(name.len())])
}

fn is_module(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// `charset-normalizer<4,>=2`, `PySocks!=1.5.7; extra == "socks"`, `x @ https://…` (PEP 508). What stands under a condition may be missing.
fn need(requirement: &str) -> Option<Need> {
    let name: String = requirement.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    (!name.is_empty()).then(|| Need { name, called: None, is_optional: requirement.contains(';') })
}

fn about(metadata: &str) -> About {
    let mut about = About::default();
    for (name, value) in fields(metadata) {
        match name {
            "Summary" if value != "UNKNOWN" => about.description = Some(value.to_owned()),
            "Home-page" => about.homepage = about.homepage.or_else(|| web(value)),
            "Project-URL" => {
                let Some((label, url)) = value.split_once(',') else { continue };
                let Some(url) = web(url) else { continue };
                match label.trim().to_ascii_lowercase() {
                    label if label.contains("doc") => about.documentation = about.documentation.or(Some(url)),
                    label if label.contains("home") => about.homepage = about.homepage.or(Some(url)),
                    label if ["source", "repository", "code", "github"].iter().any(|word| label.contains(word)) => {
                        about.repository = about.repository.or(Some(url));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    about
}

/// The fields before the text, in the form of mail headers; lines that go on are not needed here.
fn fields(metadata: &str) -> impl Iterator<Item = (&str, &str)> {
    let head = metadata.lines().take_while(|line| !line.trim().is_empty());
    head.filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
}

const MAX_PARTS: usize = 20_000;
