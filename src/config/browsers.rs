//! Where browsers may be, as the environment and the system tell it. Nothing is looked at here.

use std::path::PathBuf;

use super::Environment;
use crate::render::Places;

/// The folders of `PATH`, and those of applications.
pub(super) fn places(environment: &Environment) -> Places {
    let folders = environment.value("PATH").map(|paths| std::env::split_paths(paths).collect()).unwrap_or_default();
    let mut applications: Vec<PathBuf> = Vec::new();
    if cfg!(windows) {
        let named = ["ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"];
        applications.extend(named.iter().filter_map(|name| environment.value(name)).map(PathBuf::from));
    }
    if cfg!(target_os = "macos") {
        applications.push("/Applications".into());
        applications.extend(environment.value("HOME").map(|home| PathBuf::from(home).join("Applications")));
    }
    applications.retain(|folder| folder.is_absolute());
    Places { folders, applications }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_without_anything_names_no_place() {
        assert_eq!(places(&Environment::none()), Places::default());
        let folders = std::env::join_paths(["one", "two"]).unwrap().into_string().unwrap();
        let of: Environment = [("PATH".to_owned(), folders)].into_iter().collect();
        assert_eq!(places(&of).folders, [PathBuf::from("one"), PathBuf::from("two")]);
    }
}
