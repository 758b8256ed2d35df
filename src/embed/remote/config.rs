//! What a service is and how it is treated, checked before anything is sent.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::answer::MAX_DIMENSIONS;
use crate::embed::Error;

/// Settings of [`Remote`](crate::embed::Remote).
#[derive(Clone, Debug)]
pub struct RemoteConfig {
    /// Where the API begins, as in `https://api.openai.com/v1`; the whole path with `/embeddings` is taken too. Default: OpenAI's.
    pub base_url: String,
    /// As the service calls it. Default: `text-embedding-3-small`.
    pub model: String,
    /// Sent as `Authorization: Bearer`. Default: none, right for a service of one's own.
    pub key: Option<Secret>,
    /// Texts of one request, at most. Default: 64.
    pub batch_count: usize,
    /// Tokens of one request, at most, reckoned as one for every three bytes; a longer text goes alone. Default: 50,000,
    /// of the 300,000 that OpenAI takes.
    pub batch_tokens: usize,
    /// Tokens of one passage that the model reads, by which pages are cut. Default: 8,192, as OpenAI's.
    pub max_tokens: usize,
    /// Asks for vectors of this length, which not every model can. Default: the model's own.
    pub dimensions: Option<usize>,
    /// Stands before every question, as some models were trained: `query: ` for E5. Default: nothing.
    pub query_prefix: String,
    /// Stands before every passage: `passage: ` for E5. Part of the model's name, as other passages have other vectors. Default: nothing.
    pub passage_prefix: String,
    /// Requests after the first one for the same texts. Default: 5.
    pub retries: u32,
    /// The longest wait between two requests. A server that asks for a longer one gets no other request. Default: 60 s.
    pub max_wait: Duration,
    /// For one request until its answer is read. Default: 60 s.
    pub timeout: Duration,
    /// Bytes of one answer, at most. Default: 32 MiB.
    pub max_answer: u64,
    /// Asked once the first has failed for a while: the same model and dimensions, elsewhere. Default: none.
    pub second: Option<Box<RemoteConfig>>,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            model: "text-embedding-3-small".to_owned(),
            key: None,
            batch_count: 64,
            batch_tokens: 50_000,
            max_tokens: 8_192,
            dimensions: None,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            retries: 5,
            max_wait: Duration::from_secs(60),
            timeout: Duration::from_secs(60),
            max_answer: 32 << 20,
            second: None,
        }
    }
}

impl RemoteConfig {
    /// Where the texts are sent.
    pub(super) fn endpoint(&self) -> Result<Url, Error> {
        let invalid = || Error::InvalidBaseUrl { url: without_secrets(&self.base_url) };
        let mut url = Url::parse(self.base_url.trim()).map_err(|_| invalid())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(invalid());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&if path.ends_with("/embeddings") { path } else { format!("{path}/embeddings") });
        url.set_fragment(None);
        Ok(url)
    }

    /// What must not be repeated, should the service do so: the key, and what else of the URL only its owner knows.
    pub(super) fn secrets(&self, endpoint: &Url) -> Vec<String> {
        let password = endpoint.password().map(percent_decode).into_iter().chain(endpoint.password().map(str::to_owned));
        let parameters = endpoint.query_pairs().map(|(_, value)| value.into_owned());
        let key = self.key.iter().map(|key| key.0.clone());
        // A shorter one is no secret, and masking it would spoil ordinary words: `api-version=2`.
        let mut secrets: Vec<String> = password.chain(parameters).filter(|secret| secret.len() >= SECRET).chain(key).collect();
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_unstable();
        secrets.dedup();
        // A secret that begins another is looked for after it.
        secrets.reverse();
        secrets
    }

    /// Refuses what could only fail later.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let refuse = |setting, why| Err(Error::InvalidSetting { setting, why });
        self.key = self.key.take().map(|key| Secret::new(key.0.trim())).filter(|key| !key.0.is_empty());
        match () {
            () if self.model.trim().is_empty() => refuse("model", "it is empty"),
            () if self.batch_count == 0 => refuse("batch_count", "it is zero"),
            () if self.dimensions == Some(0) => refuse("dimensions", "it is zero"),
            () if self.dimensions.is_some_and(|dimensions| dimensions > MAX_DIMENSIONS) => refuse("dimensions", "no model has so many"),
            () if self.key.as_ref().is_some_and(|key| !key.0.bytes().all(|byte| byte.is_ascii_graphic())) => {
                refuse("key", "it has a character that no header can carry")
            }
            () => Ok(()),
        }
    }

    /// Vectors of two models in one index would be nonsense.
    pub(super) fn check_second(&self, second: &Self) -> Result<(), Error> {
        let refuse = |why| Err(Error::InvalidSetting { setting: "second", why });
        match () {
            () if second.model != self.model => refuse("it has another model"),
            () if second.dimensions != self.dimensions => refuse("it has another number of dimensions"),
            () if (&second.query_prefix, &second.passage_prefix) != (&self.query_prefix, &self.passage_prefix) => {
                refuse("it has another prefix")
            }
            () if second.second.is_some() => refuse("it has a second of its own"),
            () => Ok(()),
        }
    }

    /// Consecutive texts that go out together.
    pub(super) fn batches<'a>(&self, texts: &'a [String]) -> Vec<&'a [String]> {
        let (mut batches, mut start, mut tokens) = (Vec::new(), 0, 0);
        for (at, text) in texts.iter().enumerate() {
            let more = text.len().div_ceil(3);
            if at > start && (at - start >= self.batch_count || tokens + more > self.batch_tokens) {
                batches.push(&texts[start..at]);
                (start, tokens) = (at, 0);
            }
            tokens += more;
        }
        batches.extend(Some(&texts[start..]).filter(|rest| !rest.is_empty()));
        batches
    }
}

fn percent_decode(text: &str) -> String {
    // The form's decoder, of one value; a plus stands for itself in userinfo.
    let escaped = text.replace('+', "%2B");
    url::form_urlencoded::parse(escaped.as_bytes()).next().map_or_else(|| text.to_owned(), |(name, _)| name.into_owned())
}

/// Bytes that a parameter of the URL has at the least where it is a secret.
const SECRET: usize = 12;

/// A key: shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The key itself, for the one header it belongs in.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// A URL that cannot be used may still have a password in it, or be the key itself, put into the wrong field.
fn without_secrets(url: &str) -> String {
    match Url::parse(url.trim()) {
        Ok(mut url) if url.has_host() => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.into()
        }
        _ => url.chars().take(8).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Result<String, Error> {
        RemoteConfig { base_url: base_url.to_owned(), ..RemoteConfig::default() }.endpoint().map(String::from)
    }

    #[test]
    fn a_base_url_is_taken_as_people_write_it() {
        for base in ["https://a.test/v1", " https://a.test/v1/ ", "https://a.test/v1/embeddings", "https://a.test/v1/embeddings/"] {
            assert_eq!(endpoint(base).unwrap(), "https://a.test/v1/embeddings", "{base}");
        }
        assert_eq!(endpoint("http://127.0.0.1:8377").unwrap(), "http://127.0.0.1:8377/embeddings");
        assert_eq!(endpoint("https://a.test/x?api-version=2").unwrap(), "https://a.test/x/embeddings?api-version=2");
    }

    #[test]
    fn what_is_no_base_url_is_refused_and_not_repeated_in_full() {
        for base in ["", "api.openai.com/v1", "ftp://a.test/", "file:///v1", "sk-0123456789abcdef"] {
            let error = endpoint(base).unwrap_err();
            assert!(matches!(error, Error::InvalidBaseUrl { .. }), "{base}");
            assert!(error.hint().is_some());
            assert!(!error.to_string().contains("abcdef"));
        }
        assert!(!endpoint("ftp://me:secret@a.test/?key=secret").unwrap_err().to_string().contains("secret"));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let refused = |change: fn(&mut RemoteConfig)| {
            let mut config = RemoteConfig::default();
            change(&mut config);
            matches!(config.check(), Err(Error::InvalidSetting { .. }))
        };
        assert!(!refused(|_| ()));
        assert!(refused(|config| config.model.clear()));
        assert!(refused(|config| config.batch_count = 0));
        assert!(refused(|config| config.dimensions = Some(0)));
        assert!(refused(|config| config.dimensions = Some(MAX_DIMENSIONS + 1)));
        assert!(refused(|config| config.key = Some(Secret::new("a\nb"))));
        // As read from a file.
        assert!(!refused(|config| config.key = Some(Secret::new("sk-1\n"))));
        let config = RemoteConfig::default();
        assert!(config.check_second(&config).is_ok());
        assert!(config.check_second(&RemoteConfig { model: "other".to_owned(), ..config.clone() }).is_err());
        assert!(config.check_second(&RemoteConfig { dimensions: Some(3), ..config.clone() }).is_err());
        assert!(config.check_second(&RemoteConfig { query_prefix: "query: ".to_owned(), ..config.clone() }).is_err());
    }

    #[test]
    fn batches_are_bounded_by_count_and_by_tokens() {
        let config = RemoteConfig { batch_count: 3, batch_tokens: 10, ..RemoteConfig::default() };
        let sizes = |lengths: &[usize]| {
            let texts: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
            config.batches(&texts).iter().map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[1; 7]), [3, 3, 1]);
        assert_eq!(sizes(&[15, 15, 15]), [2, 1]);
        assert_eq!(sizes(&[1, 3000, 1]), [1, 1, 1]);
    }
}
