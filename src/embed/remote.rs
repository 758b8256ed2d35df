//! Vectors from an OpenAI-compatible embeddings service, asked through surf on our own transport.
//! The answers and the waiting are judged in `answer` and `retry`, which know no socket.

mod answer;
mod apart;
mod config;
mod retry;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};

use futures_io::AsyncRead;
use futures_lite::AsyncReadExt;
use serde::Serialize;
use url::Url;

use self::answer::{Answer, masked};
pub use self::config::{RemoteConfig, Secret};
use super::error::chain;
use super::{Embed, Error, Judged, Purpose, only};
use crate::http::surf::RawStatus;
use crate::http::{Client, Error as HttpError, Redirects, Replay};
use crate::reactor::{Boxed, Handle, Lane};

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
            for vector in self.batch(batch, Patience::Full).await? {
                vectors.push(vector?);
            }
        }
        Ok(vectors)
    }

    async fn batch(&self, texts: &[String], patience: Patience) -> Result<Vec<Judged>, Error> {
        let first = match self.persist(&self.first, texts, patience).await {
            Err(error) if error.is_transient() || matches!(error.root(), Error::QuotaExceeded { .. }) => error,
            done => return done,
        };
        let Some(second) = &self.second else { return Err(first) };
        log::warn!("the second embeddings service is asked, because the first failed: {}", chain(&first));
        self.persist(second, texts, patience).await.map_err(|error| Error::Both { first: Box::new(first), source: Box::new(error) })
    }

    /// Asks one provider until it answers, refuses, or has failed too often. Errors are told with the provider's name.
    async fn persist(&self, provider: &Provider, texts: &[String], patience: Patience) -> Result<Vec<Judged>, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.attempt(provider, texts).await {
                Ok(vectors) => return Ok(vectors.into_iter().map(|vector| vector.map_err(|error| provider.at(attempts, error))).collect()),
                Err(error) => error,
            };
            let wait = match error.is_transient() && attempts <= patience.retries(&error).min(provider.config.retries) {
                true => retry::wait(attempts, retry::asked(&error), provider.config.max_wait, retry::chance()),
                false => None,
            };
            let Some(wait) = wait else { return Err(provider.at(attempts, error)) };
            log::debug!("embeddings attempt {attempts} failed, the next is in {wait:?}: {}", chain(&error));
            self.handle.sleep(wait).await;
        }
    }

    async fn soon(&self, provider: &Provider, texts: &[String], limit: Duration) -> Result<Vec<f32>, Error> {
        let asked = self.handle.timeout(limit, self.persist(provider, texts, Patience::None)).await;
        let vectors = asked.unwrap_or_else(|_| Err(provider.at(1, Error::Timeout { limit })))?;
        only(vectors.into_iter().collect::<Result<_, _>>()?)
    }

    /// One request, or two while it is not known whether the service can write base64.
    async fn attempt(&self, provider: &Provider, texts: &[String]) -> Result<Vec<Judged>, Error> {
        let format = provider.format();
        let vectors = match self.exchange(provider, texts, format).await {
            // An unknown field is refused with either status, in words of any kind.
            Err(Error::Status { status: 400 | 422, .. }) if format == Format::Unknown => {
                let vectors = self.exchange(provider, texts, Format::Floats).await?;
                provider.found(Format::Floats);
                vectors
            }
            vectors => vectors?,
        };
        if format == Format::Unknown && provider.format() == Format::Unknown {
            provider.found(Format::Base64);
        }
        // The first vectors decide, and of these the most: one text may have been answered wrongly.
        let Some(usual) = answer::usual_length(&vectors) else { return Ok(vectors) };
        let expected = *self.dimensions.get_or_init(|| usual);
        let of_length = |vector: Vec<f32>| match vector.len() {
            found if found == expected => Ok(vector),
            found => Err(Error::DimensionChanged { expected, found }),
        };
        Ok(vectors.into_iter().map(|vector| vector.and_then(of_length)).collect())
    }

    async fn exchange(&self, provider: &Provider, texts: &[String], format: Format) -> Result<Vec<Judged>, Error> {
        let limit = provider.config.timeout;
        let answered = self.handle.timeout(limit, self.send(provider, texts, format));
        let (status, retry_after, body) = answered.await.map_err(|_| Error::Timeout { limit })?.map_err(|error| provider.masked(error))?;
        match status {
            200..300 => self.read(body, texts.len()).await.map_err(|error| provider.masked(error)),
            _ => Err(answer::refusal(status, retry_after, &body, &provider.secrets.0)),
        }
    }

    /// A large answer is read elsewhere: it may have a million numbers, and the reactor's thread is everybody's.
    async fn read(&self, body: Vec<u8>, expected: usize) -> Result<Vec<Judged>, Error> {
        let is_large = body.len() > READ_AT_ONCE;
        let read = move || Answer::parse(&body)?.vectors(expected);
        if is_large { self.handle.unblock_on(Lane::Heavy, read).await } else { read() }
    }

    async fn send(&self, provider: &Provider, texts: &[String], format: Format) -> Result<(u16, Option<Duration>, Vec<u8>), Error> {
        let mut request = surf::Request::new(http_types::Method::Post, provider.endpoint.clone());
        request.body_bytes(provider.question(texts, format));
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
        let limit = provider.config.max_answer;
        let body = response.take_body();
        let told = body.len();
        let body = whole(body, told, limit).await.map_err(received)?;
        Ok((status, retry_after, body.ok_or(Error::AnswerTooLarge { limit })?))
    }
}

/// A body, of which so many bytes are told; none if it has more than `limit`.
async fn whole(mut body: impl AsyncRead + Unpin, told: Option<usize>, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // Zeroed pages of a large length cost nothing until the bytes really come; the byte more is where the end is found.
    let mut bytes = vec![0; told.unwrap_or(READ_AT_ONCE).min(limit).min(BELIEVED) + 1];
    let mut filled = 0;
    loop {
        let count = body.read(&mut bytes[filled..]).await?;
        filled += count;
        match () {
            () if filled > limit => return Ok(None),
            () if count == 0 => break,
            () if filled == bytes.len() => bytes.resize(filled.saturating_mul(2).min(limit.saturating_add(1)), 0),
            () => {}
        }
    }
    bytes.truncate(filled);
    Ok(Some(bytes))
}

impl Embed for Remote {
    fn model(&self) -> &str {
        &self.name
    }

    fn most_tokens(&self) -> Option<usize> {
        let prefix = super::reckoned(&self.first.config.passage_prefix);
        Some(self.first.config.max_tokens.saturating_sub(prefix))
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

    fn embed_each<'a>(&'a self, texts: &'a [String]) -> Boxed<'a, Result<Vec<Judged>, Error>> {
        let prefix = &self.first.config.passage_prefix;
        Box::pin(async move {
            let texts: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
            let mut vectors = Vec::with_capacity(texts.len());
            for batch in self.first.config.batches(&texts) {
                vectors.append(&mut self.each(batch).await?);
            }
            Ok(vectors)
        })
    }

    fn embed_soon<'a>(&'a self, question: &'a str, limit: Duration) -> Boxed<'a, Result<Vec<f32>, Error>> {
        let texts = [format!("{}{question}", self.first.config.query_prefix)];
        Box::pin(async move {
            // Where there is a second, the first may not use up all the time.
            let [first, second] = if self.second.is_some() { [limit / 2; 2] } else { [limit; 2] };
            match (self.soon(&self.first, &texts, first).await, &self.second) {
                (Err(first), Some(provider)) if first.is_transient() => self
                    .soon(provider, &texts, second)
                    .await
                    .map_err(|error| Error::Both { first: Box::new(first), source: Box::new(error) }),
                (done, _) => done,
            }
        })
    }

    fn batch_hint(&self) -> usize {
        self.first.config.batch_count
    }
}

/// How often what fails is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// As often as is configured.
    Full,
    /// Once, where one of the texts may be what the service fails on: it would fail each time.
    Brief,
    /// So does every failure but a rate limit.
    Probing,
    /// As `Probing`, and not even once.
    Single,
    /// Not at all.
    None,
}

impl Patience {
    fn retries(self, error: &Error) -> u32 {
        let is_rate = matches!(error, Error::Status { status: 408 | 409 | 425 | 429, .. } | Error::Status { retry_after: Some(_), .. });
        let is_own = matches!(
            error,
            Error::Status { status: 500..=502 | 504.., .. } | Error::Transport { .. } | Error::Client { .. } | Error::Timeout { .. }
        );
        match self {
            Self::None => 0,
            Self::Probing if !is_rate => 1,
            Self::Single if !is_rate => 0,
            Self::Brief if is_own && !is_rate => 1,
            Self::Full | Self::Brief | Self::Probing | Self::Single => u32::MAX,
        }
    }
}

/// A service, and what has been learnt about it.
#[derive(Debug)]
struct Provider {
    config: RemoteConfig,
    endpoint: Url,
    /// Kept out of every message, should the service repeat them.
    secrets: Secrets,
    /// A [`Format`]: whether the service understands `encoding_format`.
    format: AtomicU8,
}

impl Provider {
    fn new(mut config: RemoteConfig) -> Result<Self, Error> {
        config.check()?;
        let endpoint = config.endpoint()?;
        let secrets = Secrets(config.secrets(&endpoint));
        Ok(Self { endpoint, config, secrets, format: AtomicU8::new(Format::Unknown as u8) })
    }

    /// The error without what it repeats of the service's words that should not be told.
    fn masked(&self, error: Error) -> Error {
        match error {
            Error::Malformed { why } => Error::Malformed { why: masked(why, &self.secrets.0) },
            Error::Client { why } => Error::Client { why: masked(why, &self.secrets.0) },
            other => other,
        }
    }

    /// As it is sent.
    fn question(&self, texts: &[String], format: Format) -> Vec<u8> {
        let encoding_format = (format != Format::Floats).then_some("base64");
        let question = Question { model: &self.config.model, input: texts, encoding_format, dimensions: self.config.dimensions };
        serde_json::to_vec(&question).expect("texts and numbers have a JSON form")
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

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

/// Shown nowhere.
struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(***)")
    }
}

/// Bytes of an answer that are read on the spot.
const READ_AT_ONCE: usize = 64 * 1024;

/// Bytes that are kept ready for an answer because it says that it is so long.
const BELIEVED: usize = 4 << 20;

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
fn received(error: io::Error) -> Error {
    let why = error.to_string();
    match error.into_inner().map(|inner| inner.downcast::<HttpError>()) {
        Some(Ok(source)) => Error::Transport { source: *source },
        _ => Error::Client { why },
    }
}
