//! Settings from wherever they come become one `Config`, each room's own inside. The only reader of the environment.
//!
//! A setting is looked for from the strongest layer to the weakest. The command line puts flags above the environment,
//! the environment above the configuration file, the file above the defaults. A library puts the environment above its
//! builder, so that an operator can always roll back a reactor without a rebuild; [`Environment::none`] switches that off.

mod browsers;
mod on_disk;
mod servers;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub use self::on_disk::OnDisk;
use crate::chunk;
use crate::crawl;
use crate::http::{self, PrivateAddresses, Proxies};
use crate::reactor::{AskedBy, Choice, ReactorKind};
use crate::render::Sandbox;
use crate::store;

/// Everything the engine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where pages, chunks and vectors are kept: a file, or `postgres://USER@HOST/DATABASE`; `:memory:` keeps them for the life of the engine
    /// only.
    pub database: PathBuf,
    /// Which reactor drives sockets and timers.
    pub reactor: Choice,
    pub crawl: crawl::Config,
    pub chunk: chunk::Config,
    pub store: store::Config,
    pub embeddings: Embeddings,
    /// Where clients of the server export to and import from, by the names of files: see [`Config::shares_in`]. Default: none.
    pub share_folder: Option<PathBuf>,
    /// Folders below which clients of the server may have files read, beside those that the client itself names as its roots. Default: none.
    pub allowed_paths: Vec<PathBuf>,
    /// The project that clients of the server mean if they name none. Default: the one below the roots that the client names.
    pub project: Option<PathBuf>,
    /// Where packages lie that are named. Default: where the tools of this process's user put them.
    pub on_disk: OnDisk,
    /// What an engine of this configuration lets its operator override by `SMOLCRAWL_*` and proxy variables. Default: those this
    /// process was started with; [`Environment::none`] lets nothing in. Empty after [`Config::parse`], which has weighed it.
    pub environment: Environment,
}

/// Where vectors come from.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[cfg_attr(all(feature = "surf", not(feature = "models")), expect(clippy::large_enum_variant, reason = "one value a program"))]
pub enum Embeddings {
    /// No vectors: pages are found by their words only.
    #[cfg_attr(not(feature = "bundled-model"), default)]
    None,
    /// The bundled all-MiniLM-L6-v2, on this machine.
    #[cfg(feature = "bundled-model")]
    #[default]
    MiniLm,
    /// A sentence model of the user's own, on this machine.
    #[cfg(feature = "models")]
    Folder(crate::embed::FolderConfig),
    /// An OpenAI-compatible `/v1/embeddings` server.
    #[cfg(feature = "surf")]
    Remote(crate::embed::RemoteConfig),
}

impl Embeddings {
    /// As the setting `embeddings` calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            #[cfg(feature = "bundled-model")]
            Self::MiniLm => "minilm",
            #[cfg(feature = "models")]
            Self::Folder(_) => "folder",
            #[cfg(feature = "surf")]
            Self::Remote(_) => "remote",
        }
    }
}

impl Config {
    /// The defaults, with a database at `database`.
    pub fn new(database: impl Into<PathBuf>) -> Self {
        let of_new = Self {
            database: PathBuf::new(),
            reactor: Choice::default(),
            crawl: crawl::Config::default(),
            chunk: chunk::Config::default(),
            store: store::Config::default(),
            embeddings: Embeddings::default(),
            share_folder: None,
            allowed_paths: Vec::new(),
            project: None,
            on_disk: OnDisk::default(),
            environment: Environment::of_process(),
        };
        of_new.with_database(database.into())
    }

    /// The same with another database. A password in the address of a server is kept apart from it, where nothing shows it, and is given to
    /// no other server. Of an address that cannot be read nothing is kept: opening it tells that.
    pub fn with_database(mut self, database: PathBuf) -> Self {
        let (address, password) = store::Place::of(&database).without_password().unzip();
        self.store.server.password_of_address = password.flatten();
        self.database = address.map_or(database, PathBuf::from);
        self
    }

    /// The folder that is named, else `share` beside the database; none where that is in memory or a server's.
    pub fn shares_in(&self) -> Option<PathBuf> {
        let is_file = self.database.as_os_str() != ":memory:" && matches!(store::Place::of(&self.database), store::Place::File(_));
        let beside = || is_file.then(|| self.database.with_file_name("share"));
        self.share_folder.clone().or_else(beside)
    }

    /// The defaults, changed by every setting that is given. What cannot be understood is an error that names the
    /// setting and where it came from, but for an unknown word in `SMOLCRAWL_REACTOR`: that is warned about and ignored.
    pub fn parse(settings: &Settings, environment: &Environment) -> Result<Self, Error> {
        environment.check()?;
        let database = settings.value(Key::Database).ok_or(Error::NoDatabase)?.0;
        let config = Self { environment: Environment::none(), ..Self::new(database) };
        config.changed(settings, environment)
    }

    /// What a setting comes to in this configuration, as a configuration file would say it: what was asked for, or the default. None where
    /// it is of no use here, has no value, or is a secret.
    pub fn in_force(&self, key: Key) -> Option<String> {
        let http = &self.crawl.http;
        match (key, &self.embeddings) {
            (Key::Database, _) => self.database.to_str().map(str::to_owned),
            (Key::Reactor, _) => Some(self.reactor.kind.to_string()),
            (Key::AllowPrivate, _) => Some((http.private_addresses == PrivateAddresses::Allow).to_string()),
            (Key::UserAgent, _) => Some(http.user_agent.clone()),
            (Key::TimeoutSeconds, _) => Some(http.total_timeout.as_secs().to_string()),
            (Key::MaxBodyMib, _) => Some((http.max_body >> 20).to_string()),
            (Key::Render, _) => Some(self.crawl.render.as_str().to_owned()),
            (Key::Browser, _) => self.crawl.browser.program.as_ref()?.to_str().map(str::to_owned),
            (Key::BrowserNoSandbox, _) => Some((self.crawl.browser.sandbox == Sandbox::Off).to_string()),
            (Key::RenderSeconds, _) => Some(self.crawl.browser.patience.as_secs().to_string()),
            (Key::ShareFolder, _) => self.shares_in()?.to_str().map(str::to_owned),
            (Key::AllowPath, _) if !self.allowed_paths.is_empty() => std::env::join_paths(&self.allowed_paths).ok()?.into_string().ok(),
            (Key::Embeddings, embeddings) => Some(embeddings.name().to_owned()),
            #[cfg(feature = "surf")]
            (Key::EmbeddingsUrl, Embeddings::Remote(remote)) => Url::parse(&remote.base_url).ok().map(|url| http::masked(&url).to_string()),
            #[cfg(feature = "surf")]
            (Key::EmbeddingsModel, Embeddings::Remote(remote)) => Some(remote.model.clone()),
            #[cfg(feature = "surf")]
            (Key::EmbeddingsMaxTokens, Embeddings::Remote(remote)) => Some(remote.max_tokens.to_string()),
            #[cfg(feature = "models")]
            (Key::Model, Embeddings::Folder(folder)) => folder.path.to_str().map(str::to_owned),
            _ => None,
        }
    }

    /// As the environment of this configuration wants it. What it says is used up.
    pub(crate) fn overridden(mut self) -> Result<Self, Error> {
        let environment = std::mem::take(&mut self.environment);
        let settings = Settings::default().then(Origin::Environment, environment.settings());
        self.changed(&settings, &environment)
    }

    fn changed(mut self, settings: &Settings, environment: &Environment) -> Result<Self, Error> {
        environment.check()?;
        if let Some((database, _)) = settings.value(Key::Database) {
            if database.trim().is_empty() {
                return Err(settings.invalid(Key::Database, "a path, or :memory:"));
            }
            if store::Place::of(Path::new(database)).is_unreadable() {
                return Err(settings.invalid(Key::Database, store::READABLE));
            }
            self = self.with_database(database.into());
        }
        if let Some((word, origin)) = settings.value(Key::Reactor) {
            match word.parse::<ReactorKind>() {
                Ok(kind) => self.reactor = Choice { kind, asked_by: origin.into(), ..self.reactor },
                Err(_) if origin == Origin::Environment => {
                    let meant = reactor_meant(word).map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
                    log::warn!("{} asks for an unknown reactor {word:?} and is ignored; known: {REACTORS}{meant}", Key::Reactor.variable())
                }
                Err(_) => return Err(settings.invalid(Key::Reactor, REACTORS)),
            }
        }
        if let Some(allowed) = settings.switch(Key::AllowPrivate)? {
            self.crawl.http.private_addresses = if allowed { PrivateAddresses::Allow } else { PrivateAddresses::Refuse };
        }
        if let Some((agent, _)) = settings.value(Key::UserAgent) {
            if agent.is_empty() || agent.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
                return Err(settings.invalid(Key::UserAgent, "printable ASCII"));
            }
            agent.clone_into(&mut self.crawl.http.user_agent);
            // What a site reads in its log is what it names in its robots.txt (RFC 9309 2.2.1).
            let token: String = agent.chars().take_while(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_')).collect();
            if !token.is_empty() {
                self.crawl.agent = token;
            }
        }
        if let Some(seconds) = settings.number(Key::TimeoutSeconds, "1 to 86400", 1..=86_400)? {
            self.crawl.http.total_timeout = Duration::from_secs(seconds);
        }
        if let Some(mebibytes) = settings.number(Key::MaxBodyMib, "1 to 1024", 1..=1024)? {
            self.crawl.http.max_body = mebibytes << 20;
        }
        if let Some((word, _)) = settings.value(Key::Render) {
            self.crawl.render = word.parse().map_err(|_| settings.invalid(Key::Render, "never, auto or always"))?;
        }
        if let Some((program, _)) = settings.value(Key::Browser) {
            if program.trim().is_empty() {
                return Err(settings.invalid(Key::Browser, "the program of a browser"));
            }
            self.crawl.browser.program = Some(program.into());
        }
        if let Some(is_off) = settings.switch(Key::BrowserNoSandbox)? {
            self.crawl.browser.sandbox = if is_off { Sandbox::Off } else { Sandbox::On };
        }
        if let Some(seconds) = settings.number(Key::RenderSeconds, "1 to 300", 1..=300)? {
            self.crawl.browser.patience = Duration::from_secs(seconds);
        }
        if let Some((folder, _)) = settings.value(Key::ShareFolder) {
            if folder.trim().is_empty() {
                return Err(settings.invalid(Key::ShareFolder, "the path of a folder"));
            }
            self.share_folder = Some(folder.into());
        }
        if let Some((paths, _)) = settings.value(Key::AllowPath) {
            let paths: Vec<PathBuf> = std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()).collect();
            if paths.is_empty() || paths.iter().any(|path| !path.is_absolute()) {
                return Err(settings.invalid(Key::AllowPath, ABSOLUTE_PATHS));
            }
            self.allowed_paths = paths;
        }
        if environment.iter().next().is_some() {
            self.on_disk = OnDisk::of(environment);
            self.crawl.browser.places = browsers::places(environment);
            let said = servers::of(environment);
            // What was set for this configuration is nearer, and what its address says nearest.
            let store::Server { password, password_of_address, .. } = self.store.server;
            self.store.server = store::Server { password: password.or(said.password), password_of_address, ..said };
        }
        if environment.names_a_proxy() {
            self.crawl.http.proxies = Proxies::from_variables(environment.iter()).map_err(|source| Error::Proxy { source })?;
        }
        if let Some(embeddings) = settings.embeddings()? {
            self.embeddings = embeddings;
        }
        #[cfg(feature = "models")]
        if let Embeddings::Folder(folder) = &mut self.embeddings {
            settings.describe(folder)?;
        }
        Ok(self)
    }
}

/// A setting's name, as in the configuration file; in the environment it is `SMOLCRAWL_` and the name in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Database,
    Reactor,
    AllowPrivate,
    UserAgent,
    TimeoutSeconds,
    MaxBodyMib,
    Credentials,
    Render,
    Browser,
    BrowserNoSandbox,
    RenderSeconds,
    ShareFolder,
    AllowPath,
    Embeddings,
    Model,
    ModelQueryPrefix,
    ModelPassagePrefix,
    ModelPooling,
    ModelMaxTokens,
    EmbeddingsUrl,
    EmbeddingsModel,
    EmbeddingsKey,
    EmbeddingsQueryPrefix,
    EmbeddingsPassagePrefix,
    EmbeddingsMaxTokens,
}

impl Key {
    /// Every setting, in the order `doctor` shows them.
    pub const ALL: [Self; 25] = [
        Self::Database,
        Self::Reactor,
        Self::AllowPrivate,
        Self::UserAgent,
        Self::TimeoutSeconds,
        Self::MaxBodyMib,
        Self::Credentials,
        Self::Render,
        Self::Browser,
        Self::BrowserNoSandbox,
        Self::RenderSeconds,
        Self::ShareFolder,
        Self::AllowPath,
        Self::Embeddings,
        Self::Model,
        Self::ModelQueryPrefix,
        Self::ModelPassagePrefix,
        Self::ModelPooling,
        Self::ModelMaxTokens,
        Self::EmbeddingsUrl,
        Self::EmbeddingsModel,
        Self::EmbeddingsKey,
        Self::EmbeddingsQueryPrefix,
        Self::EmbeddingsPassagePrefix,
        Self::EmbeddingsMaxTokens,
    ];

    /// The name in the configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "db",
            Self::Reactor => "reactor",
            Self::AllowPrivate => "allow_private",
            Self::UserAgent => "user_agent",
            Self::TimeoutSeconds => "timeout_seconds",
            Self::MaxBodyMib => "max_body_mib",
            Self::Credentials => "credentials",
            Self::Render => "render",
            Self::Browser => "browser",
            Self::BrowserNoSandbox => "browser_no_sandbox",
            Self::RenderSeconds => "render_seconds",
            Self::ShareFolder => "share_folder",
            Self::AllowPath => "allow_path",
            Self::Embeddings => "embeddings",
            Self::Model => "model",
            Self::ModelQueryPrefix => "model_query_prefix",
            Self::ModelPassagePrefix => "model_passage_prefix",
            Self::ModelPooling => "model_pooling",
            Self::ModelMaxTokens => "model_max_tokens",
            Self::EmbeddingsUrl => "embeddings_url",
            Self::EmbeddingsModel => "embeddings_model",
            Self::EmbeddingsKey => "embeddings_key",
            Self::EmbeddingsQueryPrefix => "embeddings_query_prefix",
            Self::EmbeddingsPassagePrefix => "embeddings_passage_prefix",
            Self::EmbeddingsMaxTokens => "embeddings_max_tokens",
        }
    }

    /// The name in the environment.
    pub fn variable(self) -> String {
        format!("SMOLCRAWL_{}", self.name().to_ascii_uppercase())
    }

    /// The setting of that name in a configuration file.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The setting that may have been meant by a name that is none.
    ///
    /// ```
    /// use smolcrawl::config::Key;
    ///
    /// assert_eq!(Key::meant("timout"), Some(Key::TimeoutSeconds));
    /// assert_eq!(Key::meant("colour"), None);
    /// ```
    pub fn meant(name: &str) -> Option<Self> {
        nearest(name, Self::ALL.map(|key| (key, key.name())))
    }

    /// Whether it names a file or folder: a number or a switch is no such name.
    pub fn is_path(self) -> bool {
        matches!(self, Self::Database | Self::Credentials | Self::Browser | Self::ShareFolder | Self::AllowPath | Self::Model)
    }

    /// What makes the vectors that this setting is about, by the name that `embeddings` gives it; none for all other settings. Set for
    /// anything else it is ignored.
    pub fn only_of(self) -> Option<&'static str> {
        match self {
            key if OF_A_FOLDER.contains(&key) => Some("folder"),
            key if OF_A_SERVER.contains(&key) => Some("remote"),
            _ => None,
        }
    }

    /// As whoever set it by `origin` calls it: `--db`, `SMOLCRAWL_DB` or `db in the configuration file`.
    pub fn named(self, origin: Origin) -> String {
        match origin {
            Origin::Flag => format!("--{}", self.name().replace('_', "-")),
            Origin::Environment => self.variable(),
            Origin::File => format!("{} in the configuration file", self.name()),
            Origin::Builder | Origin::Default => self.name().to_owned(),
        }
    }
}

/// Where a setting came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Environment,
    File,
    Builder,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Builder => "builder",
            Self::Default => "default",
        })
    }
}

impl From<Origin> for AskedBy {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Flag => Self::Flag,
            Origin::Environment => Self::Environment,
            Origin::File => Self::File,
            Origin::Builder => Self::Builder,
            Origin::Default => Self::Default,
        }
    }
}

/// Layers of settings as text, the strongest first.
#[derive(Clone, Default)]
pub struct Settings {
    layers: Vec<(Origin, BTreeMap<Key, String>)>,
}

impl Settings {
    /// Adds a layer below those there are.
    pub fn then(mut self, origin: Origin, values: impl IntoIterator<Item = (Key, String)>) -> Self {
        self.layers.push((origin, values.into_iter().collect()));
        self
    }

    /// Adds a layer above those there are.
    pub fn under(mut self, origin: Origin, values: impl IntoIterator<Item = (Key, String)>) -> Self {
        self.layers.insert(0, (origin, values.into_iter().collect()));
        self
    }

    /// The strongest value of a setting, and where it came from.
    pub fn value(&self, key: Key) -> Option<(&str, Origin)> {
        self.layers.iter().find_map(|(origin, values)| Some((values.get(&key)?.as_str(), *origin)))
    }

    /// As `value`, fit to be shown: a key is not, nor is what looks like a secret in a URL.
    pub fn shown(&self, key: Key) -> Option<(Cow<'_, str>, Origin)> {
        let (value, origin) = self.value(key)?;
        let shown = match key {
            Key::EmbeddingsKey => "(set)".into(),
            Key::Database => store::Place::of(Path::new(value)).without_password().map_or(value.into(), |(address, _)| address.into()),
            Key::EmbeddingsUrl => match Url::parse(value) {
                Ok(url) if http::masked(&url) != url => http::masked(&url).to_string().into(),
                Ok(_) => value.into(),
                // Where a password would begin is not to be known.
                Err(_) if value.contains('@') => "(no URL)".into(),
                Err(_) => value.into(),
            },
            _ => value.into(),
        };
        Some((shown, origin))
    }

    fn switch(&self, key: Key) -> Result<Option<bool>, Error> {
        match self.value(key).map(|(word, _)| word.to_ascii_lowercase()).as_deref() {
            None => Ok(None),
            Some("" | "0" | "false" | "no" | "off") => Ok(Some(false)),
            Some("1" | "true" | "yes" | "on") => Ok(Some(true)),
            Some(_) => Err(self.invalid(key, "true or false")),
        }
    }

    fn number(&self, key: Key, expected: &'static str, range: RangeInclusive<u64>) -> Result<Option<u64>, Error> {
        match self.value(key).map(|(word, _)| word.trim().parse()) {
            None => Ok(None),
            Some(Ok(number)) if range.contains(&number) => Ok(Some(number)),
            Some(_) => Err(self.invalid(key, expected)),
        }
    }

    fn embeddings(&self) -> Result<Option<Embeddings>, Error> {
        let folder = self.value(Key::Model).is_some_and(|(path, _)| !path.trim().is_empty());
        let asked = match self.value(Key::Embeddings).map(|(word, _)| word) {
            None if folder => Some("folder"),
            None if cfg!(feature = "surf") && self.value(Key::EmbeddingsUrl).is_some() => Some("remote"),
            asked => asked,
        };
        if asked != Some("remote") {
            self.warn_unused("no embeddings server is asked for", "remote", &OF_A_SERVER);
        }
        if asked != Some("folder") {
            self.warn_unused("no model of your own is asked for", "folder", &OF_A_FOLDER);
        }
        match asked {
            None => Ok(None),
            Some("none") => Ok(Some(Embeddings::None)),
            #[cfg(feature = "bundled-model")]
            Some("minilm") => Ok(Some(Embeddings::MiniLm)),
            #[cfg(feature = "models")]
            Some("folder") => match self.value(Key::Model) {
                Some((path, _)) if folder => Ok(Some(Embeddings::Folder(crate::embed::FolderConfig::new(path)))),
                _ => Err(Error::NoFolder),
            },
            #[cfg(not(feature = "models"))]
            Some("folder") if folder => Err(self.invalid(Key::Model, "nothing: this program was built without the feature models")),
            #[cfg(feature = "surf")]
            Some("remote") => self.remote().map(Some),
            Some(_) => Err(self.invalid(Key::Embeddings, EMBEDDINGS)),
        }
    }

    fn warn_unused(&self, why: &str, wanted: &str, keys: &[Key]) {
        for key in keys {
            if let Some((_, origin)) = self.value(*key) {
                log::warn!("{} ({origin}) is not used, as {why}: set {} to {wanted}", key.name(), Key::Embeddings.name());
            }
        }
    }

    /// What is set of a model in a folder stands above what its files say.
    #[cfg(feature = "models")]
    fn describe(&self, folder: &mut crate::embed::FolderConfig) -> Result<(), Error> {
        let text = |key| self.value(key).map(|(text, _)| text.to_owned());
        folder.query_prefix = text(Key::ModelQueryPrefix).or(folder.query_prefix.take());
        folder.passage_prefix = text(Key::ModelPassagePrefix).or(folder.passage_prefix.take());
        if let Some((name, _)) = self.value(Key::ModelPooling) {
            let known = name.parse().map_err(|()| self.invalid(Key::ModelPooling, "mean, cls, max, last or weighted"))?;
            folder.pooling = Some(known);
        }
        let tokens = self.number(Key::ModelMaxTokens, "8 to 32768", 8..=32_768)?;
        folder.max_tokens = tokens.and_then(|tokens| usize::try_from(tokens).ok()).or(folder.max_tokens);
        Ok(())
    }

    #[cfg(feature = "surf")]
    fn remote(&self) -> Result<Embeddings, Error> {
        use crate::embed::{RemoteConfig, Secret};
        let url = self.value(Key::EmbeddingsUrl).map_or("https://api.openai.com/v1", |(url, _)| url);
        let (model, _) = self.value(Key::EmbeddingsModel).ok_or(Error::NoModel)?;
        let key = self.value(Key::EmbeddingsKey).map(|(key, _)| Secret::new(key));
        let prefix = |key| self.value(key).map_or_else(String::new, |(prefix, _)| prefix.to_owned());
        let max_tokens = self.number(Key::EmbeddingsMaxTokens, "64 to 1000000", 64..=1_000_000)?;
        Ok(Embeddings::Remote(RemoteConfig {
            base_url: url.to_owned(),
            model: model.to_owned(),
            key,
            query_prefix: prefix(Key::EmbeddingsQueryPrefix),
            passage_prefix: prefix(Key::EmbeddingsPassagePrefix),
            max_tokens: max_tokens.map_or(RemoteConfig::default().max_tokens, |most| most as usize),
            ..RemoteConfig::default()
        }))
    }

    fn invalid(&self, key: Key, expected: &'static str) -> Error {
        let (value, origin) = self.shown(key).unwrap_or((Cow::Borrowed(""), Origin::Default));
        Error::Invalid { key, origin, value: value.into_owned(), expected }
    }
}

/// Does not show values: one may be a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Key::ALL.iter().filter_map(|key| Some((key.name(), self.shown(*key)?)))).finish()
    }
}

/// The process's environment, or none of it.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Vec<(String, String)>,
    /// The names of those whose values are not Unicode.
    unreadable: Vec<String>,
}

impl Environment {
    /// The variables this process was started with. One that is not Unicode counts as not set, but for settings and proxies: whoever set it
    /// would get something else, so that a [`Config`] is refused then.
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => environment.variables.push((name, value)),
                (Ok(name), Err(_)) => environment.unreadable.push(name),
                (Err(_), _) => {}
            }
        }
        environment
    }

    /// Whether all can be read that is asked of it.
    fn check(&self) -> Result<(), Error> {
        let is_setting = |name: &&String| name.get(..PREFIX.len()).is_some_and(|start| start == PREFIX) || is_proxy(name);
        match self.unreadable.iter().find(is_setting) {
            Some(variable) => Err(Error::NotUnicode { variable: variable.clone() }),
            None => Ok(()),
        }
    }

    /// For programs that let nothing in from outside.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every variable.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One variable, if it is set and not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        // Windows tells no spelling of a name from another.
        let is_named = |known: &str| if cfg!(windows) { known.eq_ignore_ascii_case(name) } else { known == name };
        self.iter().find(|(known, value)| is_named(known) && !value.is_empty()).map(|(_, value)| value)
    }

    /// Whether a variable says anything about proxies.
    fn names_a_proxy(&self) -> bool {
        self.iter().any(|(name, value)| !value.is_empty() && is_proxy(name))
    }

    /// The names of variables that begin as settings do and are none, each with the setting that it may have been meant to be. The
    /// library warns of none by itself: its host may have variables of its own that begin so.
    pub fn strangers(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        let known = || Key::ALL.into_iter().map(Key::variable).chain(OTHERS.map(str::to_owned));
        let is_known = move |name: &str| known().any(|known| known.eq_ignore_ascii_case(name));
        let names = self.iter().map(|(name, _)| name).filter(|name| name.get(..PREFIX.len()).is_some_and(|start| start == PREFIX));
        names.filter(move |name| !is_known(name)).map(move |name| {
            let known: Vec<_> = known().collect();
            let meant = nearest(&name[PREFIX.len()..], known.iter().map(|known| (known, &known[PREFIX.len()..])));
            (name, meant.cloned())
        })
    }

    /// The settings among the variables.
    pub fn settings(&self) -> impl Iterator<Item = (Key, String)> {
        Key::ALL.into_iter().filter_map(|key| Some((key, self.value(&key.variable())?.to_owned())))
    }
}

/// Names and values, for programs that have them from elsewhere.
impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self { variables: variables.into_iter().collect(), unreadable: Vec::new() }
    }
}

/// Variable values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{} is {value:?}, expected {expected}", key.named(*origin))]
    Invalid { key: Key, origin: Origin, value: String, expected: &'static str },
    /// A variable of the environment that is a setting or names a proxy.
    #[error("{variable} is not Unicode")]
    NotUnicode { variable: String },
    #[error("no database is named")]
    NoDatabase,
    #[error("an embeddings server needs a model's name")]
    NoModel,
    #[error("a model of your own needs its folder")]
    NoFolder,
    #[error("a proxy variable of the environment cannot be used")]
    Proxy { source: http::Error },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Invalid { key: key @ Key::Reactor, origin: origin @ (Origin::Flag | Origin::File), value, .. } => {
                let how = match origin {
                    Origin::Flag => "--reactor ",
                    _ => "reactor = ",
                };
                match reactor_meant(value) {
                    Some(meant) => format!("did you mean {how}{meant}?"),
                    None => format!("give another with {}", key.named(*origin)),
                }
            }
            Self::Invalid { key, origin: Origin::Flag, .. } => format!("give another with {}", key.named(Origin::Flag)),
            Self::Invalid { key, origin: Origin::File, .. } => {
                format!("change it in the configuration file, or set {}, which comes before it", key.variable())
            }
            Self::Invalid { key, .. } => format!("set it by {} or in the configuration file as {}", key.variable(), key.name()),
            Self::NoDatabase => {
                format!("name one by --db, {} or in the configuration file as {}", Key::Database.variable(), Key::Database.name())
            }
            Self::NotUnicode { variable } => format!("set {variable} to text in UTF-8, or unset it"),
            Self::Proxy { source } => source.hint().unwrap_or("a proxy is given as http://host:port").to_owned(),
            Self::NoFolder => format!("name the one with model.onnx and tokenizer.json by {}", Key::Model.variable()),
            Self::NoModel => format!("name one by {}, for example text-embedding-3-small", Key::EmbeddingsModel.variable()),
        }
    }
}

fn is_proxy(name: &str) -> bool {
    PROXIES.iter().any(|proxy| name.eq_ignore_ascii_case(proxy))
}

/// The one of the known names that somebody may have meant who said another: one that it begins with or has within it, or that is most
/// like it. Marks between words are not looked at.
fn nearest<'a, T>(said: &str, known: impl IntoIterator<Item = (T, &'a str)>) -> Option<T> {
    let letters = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let said_letters = letters(said);
    if said_letters.len() < SHORTEST || said.len() > LONGEST {
        return None;
    }
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&said_letters, &letters(name));
    let close = known.into_iter().map(|(value, name)| {
        // "timout" is the beginning of "timeout_seconds", spelt badly.
        let beginnings = name.match_indices('_').map(|(end, _)| likeness(&name[..end]) - PART);
        let whole = letters(name);
        let is_part = whole.contains(&said_letters) || said_letters.contains(&whole);
        let likeness = beginnings.chain([likeness(name), if is_part { LIKE } else { 0.0 }]).fold(0.0, f64::max);
        (likeness, value)
    });
    // The first of several that are as near.
    let best = close.filter(|(likeness, _)| *likeness >= LIKE).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, value)| value)
}

/// The word for a reactor that somebody may have meant.
fn reactor_meant(word: &str) -> Option<String> {
    let (known, kind) = nearest(word, ReactorKind::WORDS.iter().map(|(known, kind)| ((*known, *kind), *known)))?;
    let name = kind.to_string();
    Some(if known == name { name } else { format!("{known}, which is {name}") })
}

/// The share of a name that has to be the same, and what it counts less if it is a part of the name alone.
const LIKE: f64 = 0.6;
const PART: f64 = 0.05;
/// Letters of a name that is compared.
const SHORTEST: usize = 2;
const LONGEST: usize = 100;
const PREFIX: &str = "SMOLCRAWL_";
/// Variables that are no settings of this file: where the file of settings is, what is logged, and by which shells ask for completions.
const OTHERS: [&str; 3] = ["SMOLCRAWL_CONFIG", "SMOLCRAWL_LOG", "SMOLCRAWL_COMPLETE"];
const PROXIES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
const REACTORS: &str = "auto, selector, edge, poll or completion";
#[cfg(windows)]
const ABSOLUTE_PATHS: &str = "absolute paths of folders, with ; between them";
#[cfg(not(windows))]
const ABSOLUTE_PATHS: &str = "absolute paths of folders, with : between them";
const EMBEDDINGS: &str = "minilm, folder, remote or none (and built in)";
/// What only a model of the user's own is run with.
const OF_A_FOLDER: [Key; 5] = [Key::Model, Key::ModelQueryPrefix, Key::ModelPassagePrefix, Key::ModelPooling, Key::ModelMaxTokens];
/// What only an embeddings server is asked with.
const OF_A_SERVER: [Key; 6] = [
    Key::EmbeddingsUrl,
    Key::EmbeddingsModel,
    Key::EmbeddingsKey,
    Key::EmbeddingsQueryPrefix,
    Key::EmbeddingsPassagePrefix,
    Key::EmbeddingsMaxTokens,
];

#[cfg(test)]
mod tests;
