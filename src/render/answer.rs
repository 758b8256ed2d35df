//! The answer to one request of a page, as the browser is handed it.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::{Position, Url};

use super::around::Around;
use super::error::Error;
use super::rules::Paused;
use super::tab::Tab;
use super::{Asked, Served};
use crate::http::{Method, masked};

/// A request that was answered.
pub(super) struct Done {
    pub(super) began: Instant,
    pub(super) bytes: u64,
}

/// Answers a request of a page: with the page itself, with a script that is known, or as whoever has the rules does.
pub(super) async fn answer(tab: &Tab, served: &Served<'_>, around: Around<'_>, paused: Paused) -> Result<Done, Error> {
    let began = around.handle.now();
    let is_itself = paused.is_of(&tab.target) && paused.method() == "GET";
    let url = paused.url.clone().unwrap_or_else(|| served.url.clone());
    // The first time; a page that loads itself anew is asked for, as it may have set a cookie.
    if is_itself && served.take() {
        let kind = served.content_type.unwrap_or("text/html");
        fulfil(tab, &paused.id, 200, &[("Content-Type".to_owned(), kind.to_owned())], served.body).await?;
        return Ok(Done { began, bytes: 0 });
    }
    let kept = if paused.is_script() { around.scripts().find(&tab.of, url[..Position::AfterQuery].as_ref()) } else { None };
    if let Some(script) = kept {
        fulfil(tab, &paused.id, script.status, &script.headers, &script.body).await?;
        return Ok(Done { began, bytes: script.body.len() as u64 });
    }
    let cookies = if url.origin() == served.url.origin() { cookies(tab, &url).await? } else { None };
    let asked = Asked {
        cookies,
        method: Method::parse(paused.method()).unwrap_or(Method::GET),
        headers: paused.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        page: served.url,
        url: url.clone(),
    };
    match around.fetch.fetch(asked).await {
        Ok(fetched) => {
            let fetched = Arc::new(fetched);
            if paused.is_script() && fetched.status == 200 {
                around.scripts().keep(&tab.of, &url[..Position::AfterQuery], fetched.clone());
            }
            fulfil(tab, &paused.id, fetched.status, &fetched.headers, &fetched.body).await?;
            Ok(Done { began, bytes: fetched.body.len() as u64 })
        }
        Err(declined) => {
            log::debug!("a page's request came to nothing: {}: {}", masked(&url), declined.why);
            refuse(tab, &paused.id);
            Ok(Done { began, bytes: 0 })
        }
    }
}

/// What the browser would send to the address of what scripts have set: it is told no others.
async fn cookies(tab: &Tab, url: &Url) -> Result<Option<String>, Error> {
    let found = match tab.call("Network.getCookies", json!({ "urls": [url.as_str()] })).await {
        Ok(found) => found,
        Err(Error::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let pair = |cookie: &Value| Some((cookie["name"].as_str()?.to_owned(), cookie["value"].as_str()?.to_owned()));
    let pairs: Vec<_> = found["cookies"].as_array().into_iter().flatten().filter_map(pair).take(MOST_COOKIES).collect();
    let pairs = pairs.iter().map(|(name, value)| if name.is_empty() { value.clone() } else { format!("{name}={value}") });
    let all = pairs.collect::<Vec<_>>().join("; ");
    // It goes out as a header: nothing else may stand in it.
    Ok(Some(all).filter(|all| !all.is_empty() && all.len() <= LONGEST_COOKIES && all.bytes().all(|byte| byte >= b' ' && byte != 0x7f)))
}

/// Waited for, so that what is on its way to the browser has a bound.
async fn fulfil(tab: &Tab, id: &str, status: u16, headers: &[(String, String)], body: &[u8]) -> Result<(), Error> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let answer = json!({ "requestId": id, "responseCode": status, "responseHeaders": headers, "body": STANDARD.encode(body) });
    match tab.call("Fetch.fulfillRequest", answer).await {
        // The page does not want it any more, or it is not to be had in this form: then the page is not left waiting.
        Err(Error::Refused { why, .. }) => {
            log::trace!("an answer was not taken: {why}");
            refuse(tab, id);
            Ok(())
        }
        outcome => outcome.map(|_| ()),
    }
}

pub(super) fn refuse(tab: &Tab, id: &str) {
    tab.link.tell(Some(&tab.session), "Fetch.failRequest", json!({ "requestId": id, "errorReason": "BlockedByClient" }));
}

/// Of what a page's scripts have set: what is more than browsers send is not sent.
const MOST_COOKIES: usize = 180;
const LONGEST_COOKIES: usize = 16 << 10;
