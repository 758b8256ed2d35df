//! Settings from wherever they come become one `Config`, each room's own inside. The only reader of the environment.
//!
//! A setting is looked for from the strongest layer to the weakest. The command line puts flags above the environment,
//! the environment above the configuration file, the file above the defaults. A library puts the environment above its
//! builder, so that an operator can always roll back a reactor without a rebuild; [`Environment::none`] switches that off.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::chunk;
use crate::crawl;
use crate::embed;
use crate::http::{self, PrivateAddresses, Proxies};
use crate::reactor::{AskedBy, Choice, ReactorKind};
use crate::store;

/// Everything the engine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where pages, chunks and vectors are kept; `:memory:` keeps them for the life of the engine only.
    pub database: PathBuf,
    /// Which reactor drives sockets and timers.
    pub reactor: Choice,
    pub crawl: crawl::Config,
    pub chunk: chunk::Config,
    pub store: store::Config,
    pub embeddings: Embeddings,
}

/// Where vectors come from.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Embeddings {
    /// No vectors: pages are found by their words only.
    #[cfg_attr(not(feature = "bundled-model"), default)]
    None,
    /// The bundled all-MiniLM-L6-v2, on this machine.
    #[cfg(feature = "bundled-model")]
    #[default]
    MiniLm,
    /// An OpenAI-compatible `/v1/embeddings` server.
    #[cfg(feature = "surf")]
    Remote(embed::RemoteConfig),
}

impl Config {
    /// The defaults, with a database at `database`.
    pub fn new(database: impl Into<PathBuf>) -> Self {
        Self {
            database: database.into(),
            reactor: Choice::default(),
            crawl: crawl::Config::default(),
            chunk: chunk::Config::default(),
            store: store::Config::default(),
            embeddings: Embeddings::default(),
        }
    }

    /// The defaults, changed by every setting that is given. What cannot be understood is an error that names the
    /// setting and where it came from, but for an unknown word in `SMOLCRAWL_REACTOR`: that is warned about and ignored.
    pub fn parse(settings: &Settings, environment: &Environment) -> Result<Self, Error> {
        let database = settings.value(Key::Database).ok_or(Error::NoDatabase)?.0;
        let mut config = Self::new(database);
        if let Some((word, origin)) = settings.value(Key::Reactor) {
            match word.parse::<ReactorKind>() {
                Ok(kind) => config.reactor = Choice { kind, asked_by: origin.into(), ..Choice::default() },
                Err(_) if origin == Origin::Environment => {
                    log::warn!("{} asks for an unknown reactor {word:?} and is ignored; known: {REACTORS}", Key::Reactor.variable())
                }
                Err(_) => return Err(settings.invalid(Key::Reactor, REACTORS)),
            }
        }
        if settings.switch(Key::AllowPrivate)? {
            config.crawl.http.private_addresses = PrivateAddresses::Allow;
        }
        if let Some((agent, _)) = settings.value(Key::UserAgent) {
            if agent.is_empty() || agent.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
                return Err(settings.invalid(Key::UserAgent, "printable ASCII"));
            }
            agent.clone_into(&mut config.crawl.http.user_agent);
        }
        config.crawl.http.proxies = Proxies::from_variables(environment.iter()).map_err(|source| Error::Proxy { source })?;
        config.embeddings = settings.embeddings()?;
        Ok(config)
    }
}

/// A setting's name, as in the configuration file; in the environment it is `SMOLCRAWL_` and the name in capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Database,
    Reactor,
    AllowPrivate,
    UserAgent,
    Embeddings,
    EmbeddingsUrl,
    EmbeddingsModel,
    EmbeddingsKey,
}

impl Key {
    /// Every setting, in the order `doctor` shows them.
    pub const ALL: [Self; 8] = [
        Self::Database,
        Self::Reactor,
        Self::AllowPrivate,
        Self::UserAgent,
        Self::Embeddings,
        Self::EmbeddingsUrl,
        Self::EmbeddingsModel,
        Self::EmbeddingsKey,
    ];

    /// The name in the configuration file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "db",
            Self::Reactor => "reactor",
            Self::AllowPrivate => "allow_private",
            Self::UserAgent => "user_agent",
            Self::Embeddings => "embeddings",
            Self::EmbeddingsUrl => "embeddings_url",
            Self::EmbeddingsModel => "embeddings_model",
            Self::EmbeddingsKey => "embeddings_key",
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

    /// As `value`, fit to be shown: a key's value is not.
    pub fn shown(&self, key: Key) -> Option<(&str, Origin)> {
        let (value, origin) = self.value(key)?;
        Some((if key == Key::EmbeddingsKey { "(set)" } else { value }, origin))
    }

    fn switch(&self, key: Key) -> Result<bool, Error> {
        match self.value(key).map(|(word, _)| word.to_ascii_lowercase()).as_deref() {
            None | Some("" | "0" | "false" | "no" | "off") => Ok(false),
            Some("1" | "true" | "yes" | "on") => Ok(true),
            Some(_) => Err(self.invalid(key, "true or false")),
        }
    }

    fn embeddings(&self) -> Result<Embeddings, Error> {
        let url = self.value(Key::EmbeddingsUrl).map(|(url, _)| url);
        match self.value(Key::Embeddings).map(|(word, _)| word) {
            Some("none") => Ok(Embeddings::None),
            #[cfg(feature = "bundled-model")]
            Some("minilm") => Ok(Embeddings::MiniLm),
            #[cfg(feature = "surf")]
            Some("remote") => self.remote(url.unwrap_or("https://api.openai.com/v1")),
            Some(_) => Err(self.invalid(Key::Embeddings, EMBEDDINGS)),
            #[cfg(feature = "surf")]
            None if url.is_some() => self.remote(url.expect("it is some")),
            None => Ok(Embeddings::default()),
        }
    }

    #[cfg(feature = "surf")]
    fn remote(&self, url: &str) -> Result<Embeddings, Error> {
        let (model, _) = self.value(Key::EmbeddingsModel).ok_or(Error::NoModel)?;
        let key = self.value(Key::EmbeddingsKey).map(|(key, _)| embed::Secret::new(key));
        Ok(Embeddings::Remote(embed::RemoteConfig {
            base_url: url.to_owned(),
            model: model.to_owned(),
            key,
            ..embed::RemoteConfig::default()
        }))
    }

    fn invalid(&self, key: Key, expected: &'static str) -> Error {
        let (value, origin) = self.shown(key).unwrap_or(("", Origin::Default));
        Error::Invalid { key, origin, value: value.to_owned(), expected }
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
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The variables this process was started with; those that are not Unicode are left out.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect())
    }

    /// For programs that let nothing in from outside.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every variable.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One variable, if it is set and not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value)
    }

    /// The settings among the variables.
    pub fn settings(&self) -> impl Iterator<Item = (Key, String)> {
        Key::ALL.into_iter().filter_map(|key| Some((key, self.value(&key.variable())?.to_owned())))
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
    #[error("{} ({origin}) is {value:?}, expected {expected}", key.name())]
    Invalid { key: Key, origin: Origin, value: String, expected: &'static str },
    #[error("no database is named")]
    NoDatabase,
    #[error("an embeddings server needs a model's name")]
    NoModel,
    #[error("a proxy variable of the environment cannot be used")]
    Proxy { source: http::Error },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Invalid { key, .. } => format!("set it by {} or in the configuration file as {}", key.variable(), key.name()),
            Self::NoDatabase => {
                format!("name one by --db, {} or in the configuration file as {}", Key::Database.variable(), Key::Database.name())
            }
            Self::Proxy { source } => source.hint().unwrap_or("a proxy is given as http://host:port").to_owned(),
            Self::NoModel => format!("name one by {}, for example text-embedding-3-small", Key::EmbeddingsModel.variable()),
        }
    }
}

const REACTORS: &str = "auto, selector, edge or poll";
const EMBEDDINGS: &str = "minilm, remote or none (and built in)";

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(layers: &[(Origin, &[(Key, &str)])]) -> Settings {
        layers.iter().fold(Settings::default(), |settings, (origin, values)| {
            settings.then(*origin, values.iter().map(|(key, value)| (*key, (*value).to_owned())))
        })
    }

    #[test]
    fn the_strongest_layer_wins() {
        let settings = settings(&[
            (Origin::Flag, &[(Key::Database, "flag.db")]),
            (Origin::Environment, &[(Key::Database, "environment.db"), (Key::Reactor, "selector")]),
            (Origin::Default, &[(Key::Reactor, "auto")]),
        ]);
        assert_eq!(settings.value(Key::Database), Some(("flag.db", Origin::Flag)));
        assert_eq!(settings.value(Key::Reactor), Some(("selector", Origin::Environment)));
        let config = Config::parse(&settings, &Environment::none()).unwrap();
        assert_eq!(config.reactor.kind, ReactorKind::Selector);
        assert_eq!(config.reactor.asked_by, AskedBy::Environment);
    }

    #[test]
    fn an_unknown_reactor_is_ignored_from_the_environment_only() {
        let asked =
            |origin| Config::parse(&settings(&[(origin, &[(Key::Database, "x.db"), (Key::Reactor, "warp")])]), &Environment::none());
        assert_eq!(asked(Origin::Environment).unwrap().reactor.kind, ReactorKind::Auto);
        let error = asked(Origin::Flag).unwrap_err();
        assert_eq!(error.to_string(), format!("reactor (flag) is \"warp\", expected {REACTORS}"));
    }

    #[test]
    fn a_key_is_never_shown() {
        let settings = settings(&[(Origin::File, &[(Key::EmbeddingsKey, "sk-secret")])]);
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
        let environment = Environment(vec![("SMOLCRAWL_EMBEDDINGS_KEY".into(), "sk-secret".into())]);
        assert!(!format!("{environment:?}").contains("secret"), "{environment:?}");
    }

    #[test]
    fn a_switch_is_a_switch() {
        let with =
            |word| Config::parse(&settings(&[(Origin::Flag, &[(Key::Database, "x.db"), (Key::AllowPrivate, word)])]), &Environment::none());
        assert_eq!(with("yes").unwrap().crawl.http.private_addresses, PrivateAddresses::Allow);
        assert_eq!(with("0").unwrap().crawl.http.private_addresses, PrivateAddresses::Refuse);
        assert!(with("maybe").is_err());
    }
}
