//! Vectors from an OpenAI-compatible embeddings service, asked through surf on our own transport.
//! The answers and the waiting are judged in `answer` and `retry`, which know no socket.

mod answer;
mod config;
mod retry;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};

use futures_lite::AsyncReadExt;
use serde_json::json;
use url::Url;

use self::answer::Answer;
pub use self::config::{RemoteConfig, Secret};
use super::error::chain;
use super::{Embed, Error, Purpose};
use crate::http::surf::RawStatus;
use crate::http::{Client, Error as HttpError, Redirects, Replay};
use crate::reactor::{Boxed, Handle};

/// An embeddings service: OpenAI's, or any server with its `POST /v1/embeddings`.
///
/// Texts go out in batches, one after the other. What fails for a moment (429, 5xx, the network) is asked again after a wait that grows,
/// or that the server names in `Retry-After`; then the second provider is asked, if there is one. All vectors ever
/// given by one `Remote` have the same length.
///
/// ```
/// use smolcrawl::embed::{Embed, Remote, RemoteConfig, Secret};
/// use smolcrawl::http::{Client, Config, PrivateAddresses};
///
/// # let handle = smolcrawl::reactor::sim::Sim::new().handle();
/// // A service on this machine has a private address.
/// let http = Config { private_addresses: PrivateAddresses::Allow, ..Config::default() };
/// let client = Client::new(&handle, http)?;
/// let model = Remote::new(handle, &client, RemoteConfig {
///     base_url: "http://127.0.0.1:8377/v1".to_owned(),
///     model: "multilingual-e5-small".to_owned(),
///     key: Some(Secret::new("sk-no-ones-business")),
///     ..RemoteConfig::default()
/// })?;
/// assert_eq!(model.model(), "multilingual-e5-small");
/// assert!(!format!("{model:?}").contains("business"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Remote {
    handle: Handle,
    client: surf::Client,
    /// The model, and what else decides where a passage lies: the dimensions asked for, the prefix.
    name: String,
    first: Provider,
    second: Option<Provider>,
    /// The length of the first vector that came; none has another.
    dimensions: OnceLock<usize>,
}

impl Remote {
    /// Nothing is sent yet. `client` must allow private addresses if the service has one; its time limits hold beside
    /// [`RemoteConfig::timeout`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidBaseUrl`] and [`Error::InvalidSetting`].
    pub fn new(handle: Handle, client: &Client, mut config: RemoteConfig) -> Result<Self, Error> {
        let second = config.second.take();
        if let Some(second) = &second {
            config.check_second(second)?;
        }
        let mut name = config.model.clone();
        if let Some(dimensions) = config.dimensions {
            name.push_str(&format!("-{dimensions}"));
        }
        if !config.passage_prefix.is_empty() {
            name.push_str(&format!(" {:?}", config.passage_prefix));
        }
        let dimensions = config.dimensions.map(OnceLock::from).unwrap_or_default();
        let second = second.map(|second| Provider::new(*second)).transpose()?;
        Ok(Self { handle, client: client.surf(), name, first: Provider::new(config)?, second, dimensions })
    }

    /// The length of the vectors, once it is known.
    pub fn dimensions(&self) -> Option<usize> {
        self.dimensions.get().copied()
    }

    async fn vectors(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in self.first.config.batches(texts) {
            vectors.append(&mut self.batch(batch).await?);
        }
        Ok(vectors)
    }

    async fn batch(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
        let first = match self.persist(&self.first, texts).await {
            Err(error) if error.is_transient() => error,
            done => return done,
        };
        let Some(second) = &self.second else { return Err(first) };
        log::warn!("the second embeddings service is asked, because the first failed: {}", chain(&first));
        self.persist(second, texts).await.map_err(|error| Error::Both { first: Box::new(first), source: Box::new(error) })
    }

    /// Asks one provider until it answers, refuses, or has failed too often.
    async fn persist(&self, provider: &Provider, texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.attempt(provider, texts).await {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let wait = match error.is_transient() && attempts <= provider.config.retries {
                true => retry::wait(attempts, retry::asked(&error), provider.config.max_wait, retry::chance()),
                false => None,
            };
            let Some(wait) = wait else { return Err(provider.at(attempts, error)) };
            log::debug!("embeddings attempt {attempts} failed, the next is in {wait:?}: {}", chain(&error));
            self.handle.sleep(wait).await;
        }
    }

    /// One request, or two while it is not known whether the service can write base64.
    async fn attempt(&self, provider: &Provider, texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
        let format = provider.format();
        let answer = match self.exchange(provider, texts, format).await {
            // An unknown field is refused with either status, in words of any kind.
            Err(Error::Status { status: 400 | 422, .. }) if format == Format::Unknown => {
                let answer = self.exchange(provider, texts, Format::Floats).await?;
                provider.found(Format::Floats);
                answer
            }
            answer => answer?,
        };
        if format == Format::Unknown && provider.format() == Format::Unknown {
            provider.found(Format::Base64);
        }
        let vectors = answer.vectors(texts.len())?;
        for vector in &vectors {
            let expected = *self.dimensions.get_or_init(|| vector.len());
            if vector.len() != expected {
                return Err(Error::DimensionChanged { expected, found: vector.len() });
            }
        }
        Ok(vectors)
    }

    async fn exchange(&self, provider: &Provider, texts: &[String], format: Format) -> Result<Answer, Error> {
        let limit = provider.config.timeout;
        let answered = self.handle.timeout(limit, self.send(provider, texts, format));
        let (status, retry_after, body) = answered.await.map_err(|_| Error::Timeout { limit })??;
        match status {
            200..300 => Answer::parse(&body),
            _ => Err(Error::Status { status, message: answer::message(&body, provider.config.key.as_ref()), retry_after }),
        }
    }

    async fn send(&self, provider: &Provider, texts: &[String], format: Format) -> Result<(u16, Option<Duration>, Vec<u8>), Error> {
        let mut request = surf::Request::new(http_types::Method::Post, provider.endpoint.clone());
        request.body_bytes(provider.question(texts, format).to_string());
        request.insert_header("content-type", "application/json");
        request.insert_header("accept", "application/json");
        if let Some(key) = &provider.config.key {
            request.insert_header("authorization", format!("Bearer {}", key.reveal()));
        }
        let http: &mut http_types::Request = request.as_mut();
        // Twice the same texts are the same vectors.
        http.ext_mut().insert(Replay::Safe);
        // A redirected POST may lose its body, and the key is for this service alone.
        http.ext_mut().insert(Redirects::Stop);
        let mut response = self.client.send(request).await.map_err(sent)?;
        let status = response.ext::<RawStatus>().map_or(u16::from(response.status()), |raw| raw.0);
        let header = |name: &str| response.header(name).map(|values| values.last().as_str().to_owned());
        let retry_after = header("retry-after").and_then(|value| retry::after(&value, header("date").as_deref(), SystemTime::now()));
        let mut body = Vec::new();
        let limit = provider.config.max_answer;
        response.take_body().take(limit.saturating_add(1)).read_to_end(&mut body).await.map_err(received)?;
        match body.len() as u64 > limit {
            true => Err(Error::AnswerTooLarge { limit }),
            false => Ok((status, retry_after, body)),
        }
    }
}

impl Embed for Remote {
    fn model(&self) -> &str {
        &self.name
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>> {
        let prefix = match purpose {
            Purpose::Query => &self.first.config.query_prefix,
            Purpose::Passage => &self.first.config.passage_prefix,
        };
        if prefix.is_empty() {
            return Box::pin(self.vectors(texts));
        }
        let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        Box::pin(async move { self.vectors(&texts).await })
    }

    fn batch_hint(&self) -> usize {
        self.first.config.batch_count
    }
}

/// A service, and what has been learnt about it.
#[derive(Debug)]
struct Provider {
    config: RemoteConfig,
    endpoint: Url,
    /// A [`Format`]: whether the service understands `encoding_format`.
    format: AtomicU8,
}

impl Provider {
    fn new(mut config: RemoteConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self { endpoint: config.endpoint()?, config, format: AtomicU8::new(Format::Unknown as u8) })
    }

    fn question(&self, texts: &[String], format: Format) -> serde_json::Value {
        let mut question = json!({ "model": self.config.model, "input": texts });
        if format != Format::Floats {
            question["encoding_format"] = "base64".into();
        }
        if let Some(dimensions) = self.config.dimensions {
            question["dimensions"] = dimensions.into();
        }
        question
    }

    fn format(&self) -> Format {
        match self.format.load(Ordering::Relaxed) {
            known if known == Format::Base64 as u8 => Format::Base64,
            known if known == Format::Floats as u8 => Format::Floats,
            _ => Format::Unknown,
        }
    }

    fn found(&self, format: Format) {
        self.format.store(format as u8, Ordering::Relaxed);
    }

    fn at(&self, attempts: u32, error: Error) -> Error {
        let mut url = self.endpoint.clone();
        // Both may be secrets; neither call can fail for a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        Error::At { url: url.into(), model: self.config.model.clone(), attempts, source: Box::new(error) }
    }
}

/// How a service is asked to write numbers. Base64 is a third of the size of decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Format {
    /// Base64 is asked for, and may yet be refused.
    Unknown,
    /// Base64 has been asked for without complaint; floats are taken all the same.
    Base64,
    /// Asking for base64 is refused.
    Floats,
}

/// The error of a request that has no answer.
fn sent(error: surf::Error) -> Error {
    match error.downcast::<HttpError>() {
        Ok(source) => Error::Transport { source },
        Err(other) => Error::Client { why: other.to_string() },
    }
}

/// The error of an answer that does not end.
fn received(error: std::io::Error) -> Error {
    let why = error.to_string();
    match error.into_inner().map(|inner| inner.downcast::<HttpError>()) {
        Some(Ok(source)) => Error::Transport { source: *source },
        _ => Error::Client { why },
    }
}
