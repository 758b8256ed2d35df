//! Which browser it is: the one that is named, else the first that is where browsers are. Runs nothing.

use std::path::{Path, PathBuf};

use super::error::Error;

/// Where programs are looked for, as the environment of this process has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Those of `PATH`.
    pub folders: Vec<PathBuf>,
    /// Where applications are installed: `Program Files` and its like, and what this user has of them.
    pub applications: Vec<PathBuf>,
}

/// The named one, or the first of those that are known. A name without a folder is looked for where programs are.
pub(super) fn find(named: Option<&Path>, places: &Places) -> Result<PathBuf, Error> {
    if let Some(named) = named {
        if named.components().count() > 1 {
            // As a whole, so that whatever starts it takes it for nothing else.
            let whole = std::path::absolute(named).ok().filter(|path| path.is_file());
            return whole.ok_or_else(|| Error::NotThere { path: named.to_owned() });
        }
        let name = named.to_string_lossy();
        return in_folders(&name, &places.folders).ok_or_else(|| Error::NotThere { path: named.to_owned() });
    }
    let on_path = NAMES.iter().find_map(|name| in_folders(name, &places.folders));
    let installed = || {
        let apart = places.applications.iter().flat_map(|folder| APPLICATIONS.iter().map(move |path| below(folder, path)));
        apart.into_iter().find(|path| path.is_file())
    };
    on_path.or_else(installed).ok_or(Error::NoBrowser)
}

fn in_folders(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    // What is started by a relative path would be another one in every folder.
    let folders = folders.iter().filter(|folder| folder.is_absolute());
    folders.flat_map(|folder| ENDINGS.iter().map(move |ending| folder.join(format!("{name}{ending}")))).find(|path| is_program(path))
}

fn below(folder: &Path, path: &str) -> PathBuf {
    path.split('/').fold(folder.to_owned(), |path, part| path.join(part))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(windows)]
const ENDINGS: &[&str] = &[".exe", ""];
#[cfg(not(windows))]
const ENDINGS: &[&str] = &[""];

/// In the order in which they are taken: those that are made to show nothing take half of the processor time and less memory.
const NAMES: &[&str] = &[
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
];

/// Below a folder of applications, on macOS and on Windows.
const APPLICATIONS: &[&str] = &[
    "Chromium.app/Contents/MacOS/Chromium",
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "Chromium/Application/chrome.exe",
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
];

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_that_is_there_is_taken() {
        let folder = std::env::temp_dir().join(format!("smolcrawl-find-{}", std::process::id()));
        let edge = below(&folder, "apps/Microsoft/Edge/Application/msedge.exe");
        let program = folder.join("bin").join(if cfg!(windows) { "google-chrome.exe" } else { "google-chrome" });
        for path in [&edge, &program] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        #[cfg(unix)]
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let apps = Places { folders: vec![], applications: vec![folder.join("apps")] };
        let both = Places { folders: vec![PathBuf::from("bin"), folder.join("bin")], ..apps.clone() };
        assert_eq!(find(None, &apps).unwrap(), edge);
        assert_eq!(find(None, &both).unwrap(), program);
        assert_eq!(find(Some(Path::new("google-chrome")), &both).unwrap(), program);
        assert_eq!(find(Some(&edge), &Places::default()).unwrap(), edge);
        assert!(matches!(find(None, &Places::default()), Err(Error::NoBrowser)));
        // Where cargo runs tests, both are there: whoever starts a bare name would start what is on its path.
        let whole = find(Some(Path::new("src/lib.rs")), &both).unwrap();
        assert!(whole.is_absolute() && whole.is_file(), "{whole:?}");
        for missing in ["nonesuch", "/nonesuch/chromium", "Cargo.toml"] {
            assert!(matches!(find(Some(Path::new(missing)), &both), Err(Error::NotThere { .. })), "{missing}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
