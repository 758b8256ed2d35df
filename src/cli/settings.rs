//! Where settings come from: flags, the environment, the configuration file.

use std::fs;
use std::path::{Path, PathBuf};

use smolcrawl::config::{Environment, Key, Origin, Settings};

use super::Everywhere;
use crate::failure::{Failure, place};

impl Everywhere {
    /// Flags above the environment above the configuration file above the defaults.
    pub fn settings(&self, environment: &Environment) -> Result<Settings, Failure> {
        let folders = directories::ProjectDirs::from("", "", "smolcrawl");
        let is_named = self.config.is_some() || environment.value("SMOLCRAWL_CONFIG").is_some();
        let file = match self.configuration_file(environment) {
            Some(file) if is_named || file.exists() => read_file(&file)?,
            _ => Vec::new(),
        };
        // Local: on Windows a roaming profile is copied over the network at each log-on.
        let database = folders.map(|folders| folders.data_local_dir().join("index.db"));
        let default = database.and_then(|path| Some((Key::Database, path.to_str()?.to_owned())));
        let reactor = (Key::Reactor, "auto".to_owned());
        Ok(Settings::default()
            .then(Origin::Flag, self.flags()?)
            .then(Origin::Environment, environment.settings())
            .then(Origin::File, file)
            .then(Origin::Default, default.into_iter().chain([reactor])))
    }

    /// The file that settings are read from, if it is there: the one that is named, or the usual one.
    pub fn configuration_file(&self, environment: &Environment) -> Option<PathBuf> {
        let named = self.config.clone().or_else(|| environment.value("SMOLCRAWL_CONFIG").map(PathBuf::from));
        named.or_else(|| Some(directories::ProjectDirs::from("", "", "smolcrawl")?.config_dir().join("config.toml")))
    }

    /// Where credentials are read from, if no setting says so.
    pub fn usual_credentials() -> Option<PathBuf> {
        Some(directories::ProjectDirs::from("", "", "smolcrawl")?.config_dir().join("credentials.toml"))
    }

    /// The settings among the flags.
    pub fn flags(&self) -> Result<Vec<(Key, String)>, Failure> {
        let mut flags = Vec::new();
        if let Some(database) = &self.db {
            let path = database.to_str().ok_or_else(|| Failure::usage("--db: the path is not Unicode"))?;
            flags.push((Key::Database, path.to_owned()));
        }
        flags.extend(self.reactor.iter().map(|kind| (Key::Reactor, kind.clone())));
        if let Some(browser) = &self.browser {
            let path = browser.to_str().ok_or_else(|| Failure::usage("--browser: the path is not Unicode"))?;
            flags.push((Key::Browser, path.to_owned()));
        }
        flags.extend(self.browser_no_sandbox.then(|| (Key::BrowserNoSandbox, "true".to_owned())));
        flags.extend(self.allow_private.then(|| (Key::AllowPrivate, "true".to_owned())));
        Ok(flags)
    }
}

/// A configuration file: TOML, one `name = value` a setting. Names that are no settings are warned about: a file may be of a later version.
fn read_file(path: &Path) -> Result<Vec<(Key, String)>, Failure> {
    let what = |why: String| format!("configuration file {}: {why}", path.display());
    let failure = |why: String| Failure::usage(what(why)).hinting(known_settings());
    let text =
        fs::read_to_string(path).map_err(|error| Failure::new(what(error.to_string()), "name a file that is there and may be read"))?;
    let table = toml::de::DeTable::parse(&text).map_err(|error| {
        let at = error.span().map_or_else(String::new, |span| format!("{}: ", place(&text, span.start)));
        failure(format!("{at}{}", error.message()))
    })?;
    let mut values = Vec::new();
    for (name, value) in table.get_ref() {
        let at = place(&text, name.span().start);
        let Some(key) = Key::parse(name.get_ref()) else {
            let name = name.get_ref();
            let meant = Key::meant(name).map_or_else(|| " and is ignored".to_owned(), |meant| format!("; did you mean {}?", meant.name()));
            log::warn!("configuration file {}, {at}: {name} is not a setting{meant}", path.display());
            continue;
        };
        let is_text = matches!(value.get_ref(), toml::de::DeValue::String(_));
        // `db = 5` would be a file of that name.
        if key.is_path() && !is_text {
            let wrong = Failure::usage(what(format!("{at}: {} is not a string", key.name())));
            return Err(wrong.hinting(format!("write {} = \"…\"", key.name())));
        }
        let text = match value.get_ref() {
            toml::de::DeValue::String(text) => text.to_string(),
            toml::de::DeValue::Boolean(switch) => switch.to_string(),
            toml::de::DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => number.to_string(),
                Err(error) => return Err(failure(format!("{at}: {}: {error}", key.name()))),
            },
            _ => return Err(failure(format!("{at}: {} is not a string, number or boolean", key.name()))),
        };
        values.push((key, text));
    }
    Ok(values)
}

fn known_settings() -> String {
    let names: Vec<_> = Key::ALL.iter().map(|key| key.name()).collect();
    format!("settings are {}", names.join(", "))
}
