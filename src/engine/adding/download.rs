//! An archive of the web onto this disk, for as long as it is read: over our own client, with its guards, within limits.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::net::IpAddr;
use std::time::Duration;

use futures_lite::AsyncReadExt;
use tempfile::NamedTempFile;
use url::Url;

use crate::crawl;
use crate::engine::Engine;
use crate::error::Error;
use crate::files;
use crate::http::{self, Client, Request};
use crate::reactor::Lane;

/// What came of asking for an archive.
pub(super) enum Downloaded {
    /// It is as it was.
    NotModified,
    New {
        file: NamedTempFile,
        tag: Option<String>,
    },
    /// There is none, for us at least.
    Refused(Error),
}

impl Engine {
    /// `known` is the tag of what was there before.
    pub(super) async fn download(&self, url: &Url, known: Option<&str>) -> Result<Downloaded, Error> {
        let config = http::Config {
            total_timeout: LONGEST.max(self.inner.config.crawl.http.total_timeout),
            max_body: LARGEST,
            ..self.inner.config.crawl.http.clone()
        };
        let client = Client::new(&self.inner.handle, config)?;
        let mut request = Request::get(url.clone());
        if let Some(tag) = known {
            request = request.header("If-None-Match", tag);
        }
        let mut response = client.send(request).await?;
        match response.status {
            304 if known.is_some() => return Ok(Downloaded::NotModified),
            200..300 => {}
            status => {
                let source = Box::new(crawl::Error::Status { status, retry_after: None });
                let refused = Error::from(crawl::Error::At { url: http::masked(url), source });
                return match status {
                    401 | 403 | 404 | 410 => Ok(Downloaded::Refused(refused)),
                    _ => Err(refused),
                };
            }
        }
        let tag = response.headers.first("etag").filter(|tag| tag.len() <= LONGEST_TAG).map(str::to_owned);
        let failed = |source| files::Error::Io { path: "a temporary file".into(), act: "written", source };
        let handle = &self.inner.handle;
        let mut file = handle.unblock_on(Lane::Bulk, || NamedTempFile::with_prefix("smolcrawl-")).await.map_err(failed)?;
        let mut part = vec![0; PART];
        loop {
            let mut filled = 0;
            while filled < part.len() {
                match response.body().read(&mut part[filled..]).await {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) => return Err(of_body(error)),
                }
            }
            if filled == 0 {
                break;
            }
            let writing = move || {
                let written = file.as_file_mut().write_all(&part[..filled]);
                (file, part, written)
            };
            let written;
            (file, part, written) = handle.unblock_on(Lane::Bulk, writing).await;
            written.map_err(failed)?;
        }
        let rewind = move || {
            let rewound = file.as_file_mut().seek(SeekFrom::Start(0)).and_then(|_| File::sync_data(file.as_file()));
            (file, rewound)
        };
        let (file, rewound) = handle.unblock_on(Lane::Bulk, rewind).await;
        rewound.map_err(failed)?;
        Ok(Downloaded::New { file, tag })
    }

    /// The address that git is to ask, after redirects, once our own client has had an answer there: what it may not connect to, git may not
    /// either. What asks for a login may well be git's to know. And where its host is: another answer to a later look-up would not be judged.
    pub(super) async fn judged_for_git(&self, remote: &Url) -> Result<(Url, Vec<IpAddr>), Error> {
        let mut asked = remote.clone();
        asked.set_path(&format!("{}{INFO}", remote.path().trim_end_matches('/')));
        asked.set_query(Some("service=git-upload-pack"));
        let client = self.inner.crawler.client();
        let response = client.send(Request::get(asked)).await?;
        let mut found = response.url.clone();
        let path = found.path().strip_suffix(INFO).map(str::to_owned);
        let found = match path {
            Some(path) => {
                found.set_path(&path);
                found.set_query(None);
                found
            }
            None => remote.clone(),
        };
        let addresses = client.addresses(&found).await?;
        Ok((found, addresses))
    }
}

fn of_body(error: std::io::Error) -> Error {
    match error.downcast::<http::Error>() {
        Ok(error) => error.into(),
        Err(source) => files::Error::Io { path: "the archive".into(), act: "read", source }.into(),
    }
}

const INFO: &str = "/info/refs";
/// Bytes of an archive as it is sent.
const LARGEST: u64 = 1 << 30;
const LONGEST: Duration = Duration::from_secs(600);
const LONGEST_TAG: usize = 200;
/// Bytes that are written at once.
const PART: usize = 1 << 20;
