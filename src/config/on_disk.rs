//! Where this user's tools keep what they have installed, as they tell it in the environment. Nothing is looked at here.

use std::path::PathBuf;

use super::Environment;

/// Folders of this user, as far as they are known. None is made, and each may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnDisk {
    /// What `~` stands for.
    pub home: Option<PathBuf>,
    /// Crates: `$CARGO_HOME`, else `~/.cargo`.
    pub cargo_home: Option<PathBuf>,
    /// Modules of Go: `$GOMODCACHE`, else `pkg/mod` in the first of `$GOPATH`, else in `~/go`.
    pub go_mod_cache: Option<PathBuf>,
    /// The environment of Python that is active: `$VIRTUAL_ENV`.
    pub virtual_env: Option<PathBuf>,
}

impl OnDisk {
    /// As an environment has it; of one that says nothing, nothing.
    pub fn of(environment: &Environment) -> Self {
        // A path that is not absolute would mean another folder wherever the program is started.
        let path = |name: &str| environment.value(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = if cfg!(windows) { path("USERPROFILE") } else { path("HOME") };
        let at_home = |names: &[&str]| home.as_ref().map(|home| names.iter().fold(home.clone(), |path, name| path.join(name)));
        let go = environment.value("GOPATH").and_then(|paths| std::env::split_paths(paths).next()).filter(|path| path.is_absolute());
        let go = go.or_else(|| at_home(&["go"])).map(|go| go.join("pkg").join("mod"));
        Self {
            cargo_home: path("CARGO_HOME").or_else(|| at_home(&[".cargo"])),
            go_mod_cache: path("GOMODCACHE").or(go),
            virtual_env: path("VIRTUAL_ENV"),
            home,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_where_their_tools_put_them() {
        let root = if cfg!(windows) { r"C:\" } else { "/" };
        let of = |variables: &[(&str, String)]| {
            let home = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
            let all = [(home, format!("{root}me"))].into_iter().chain(variables.iter().cloned());
            OnDisk::of(&all.map(|(name, value)| (name.to_owned(), value)).collect())
        };
        let me = PathBuf::from(format!("{root}me"));
        let plain = of(&[]);
        assert_eq!(plain.cargo_home, Some(me.join(".cargo")));
        assert_eq!(plain.go_mod_cache, Some(me.join("go").join("pkg").join("mod")));
        assert_eq!((plain.virtual_env, plain.home), (None, Some(me.clone())));
        let told = of(&[("CARGO_HOME", format!("{root}c")), ("GOPATH", format!("{root}g")), ("VIRTUAL_ENV", "relative".to_owned())]);
        assert_eq!(told.cargo_home, Some(PathBuf::from(format!("{root}c"))));
        assert_eq!(told.go_mod_cache, Some(PathBuf::from(format!("{root}g")).join("pkg").join("mod")));
        assert_eq!(told.virtual_env, None, "a path that is not absolute");
        assert_eq!(OnDisk::of(&Environment::none()), OnDisk::default());
    }
}
