//! The two things that `theirs` does by hand, by this library: a crawl into a store, and a small MCP server.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::crawl::{CrawlReport, CrawlRequest, Crawler, LeaveOut, Robots, Scope, Sitemaps, Visit};
use smolcrawl::engine::Engine;
use smolcrawl::http::PrivateAddresses;
use smolcrawl::mcp::{Clock, Context, Error, Server, Sleep, Tool, ToolError, Wire};
use smolcrawl::reactor::Handle;
use url::Url;

/// Every page that links lead to on the host of the seed, nothing left out, robots.txt not asked.
pub fn request(seed: &Url, concurrency: usize) -> CrawlRequest {
    CrawlRequest::new(vec![seed.clone()])
        .scope(Scope::Host)
        .depth(1_000)
        .max_pages(1_000_000)
        .concurrency(concurrency)
        .robots(Robots::Ignore)
        .sitemaps(Sitemaps::Ignore)
        .leave_out(LeaveOut::Nothing)
}

/// Settings for a site on this machine, nothing of which this machine's user can change.
pub fn config(database: &Path, embeddings: Embeddings) -> Config {
    let mut config = Config { environment: Environment::none(), embeddings, ..Config::new(database) };
    config.crawl.http.private_addresses = PrivateAddresses::Allow;
    config
}

/// Pages into the store, cut and searchable by words.
pub async fn crawl(engine: &Engine, seed: &Url, concurrency: usize) -> Result<CrawlReport, smolcrawl::Error> {
    let mut crawling = engine.crawl(request(seed, concurrency), engine.config().chunk.clone());
    while let Some(event) = crawling.next().await {
        event?;
    }
    Ok(crawling.finish())
}

/// Pages are fetched and their links followed; each is given to `keep`.
pub async fn links(handle: &Handle, seed: &Url, concurrency: usize, mut keep: impl FnMut(&[u8])) -> Result<CrawlReport, smolcrawl::Error> {
    let mut config = smolcrawl::crawl::Config::default();
    config.http.private_addresses = PrivateAddresses::Allow;
    let mut crawl = Crawler::new(handle.clone(), config)?.crawl(request(seed, concurrency));
    while let Some(visit) = crawl.next().await {
        if let Visit::Page(page) = visit {
            keep(&page.body);
        }
    }
    Ok(crawl.finish())
}

/// Serves two tools, `echo` and `length`, on stdin and stdout.
pub fn serve(handle: &Handle) -> Result<(), Error> {
    let text = json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] });
    let echo = Tool::new("echo", "Says the text back", |arguments: Value, _: Context| async move { Ok::<_, ToolError>(arguments) })
        .input_schema(text.clone())
        .output_schema(text.clone());
    let length = Tool::new("length", "Says how many bytes a text has", |arguments: Value, _: Context| async move {
        let bytes = arguments["text"].as_str().ok_or_else(|| ToolError::new("there is no text"))?.len();
        Ok::<_, ToolError>(json!({ "text": bytes.to_string() }))
    });
    let length = length.input_schema(text.clone()).output_schema(text);
    let server = Server::builder("echo", "1.0").tool(echo).tool(length).build()?;
    handle.block_on(server.serve_stdio(Wire::Claim, HandleClock(handle.clone()), std::future::pending::<()>()))
}

/// The time of a reactor.
#[derive(Clone, Debug)]
struct HandleClock(Handle);

impl Clock for HandleClock {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}

/// For `main`: an address as it was given.
pub fn seed(text: &str) -> io::Result<Url> {
    Url::parse(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, format!("{text}: {error}")))
}
