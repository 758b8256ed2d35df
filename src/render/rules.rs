//! What becomes of each request of a page: most are answered by the crawl's own client, and what no text comes from is refused. Pure.

use serde_json::Value;
use url::{Position, Url};

/// A request that waits in the browser for its answer.
#[derive(Debug)]
pub(super) struct Paused {
    /// As the browser calls it.
    pub(super) id: String,
    pub(super) url: Option<Url>,
    method: String,
    kind: String,
    frame: String,
    /// Name and value.
    headers: Vec<(String, String)>,
}

/// Takes out of the browser's words about a request what nobody reads and a page can make as large as it likes, before they wait for
/// their turn.
pub(super) fn lighten(params: &mut Value) {
    let Some(request) = params.get_mut("request").and_then(Value::as_object_mut) else { return };
    request.remove("postData");
    request.remove("postDataEntries");
    if let Some(headers) = request.get_mut("headers").and_then(Value::as_object_mut) {
        headers.retain(|_, value| value.as_str().is_some_and(|value| value.len() <= LONGEST_HEADER));
    }
    // It is then refused, as one that is no address.
    if request.get("url").and_then(Value::as_str).is_some_and(|url| url.len() > LONGEST_ADDRESS) {
        request.remove("url");
    }
}

/// What is done with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the page itself, which is known.
    Serve,
    /// Asked for by the crawl's client.
    Ask,
    /// Answered as an empty style sheet: a page may wait for it, and text has no use for it.
    Style,
    /// The page leads elsewhere.
    Leave,
    /// By a rule of this name.
    Refuse(&'static str),
}

impl Paused {
    pub(super) fn of(params: &Value) -> Option<Self> {
        let request = &params["request"];
        let headers = request["headers"].as_object().into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Some(Self {
            id: params["requestId"].as_str()?.to_owned(),
            url: request["url"].as_str().and_then(|url| Url::parse(url).ok()),
            method: request["method"].as_str().unwrap_or_default().to_owned(),
            kind: params["resourceType"].as_str().unwrap_or_default().to_owned(),
            frame: params["frameId"].as_str().unwrap_or_default().to_owned(),
            headers: headers.collect(),
        })
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    pub(super) fn is_script(&self) -> bool {
        self.kind == "Script" && self.method == "GET"
    }

    /// Whether a document of the page's own frame is asked for.
    pub(super) fn is_of(&self, main: &str) -> bool {
        self.kind == "Document" && self.frame == main
    }

    /// What is passed on to the site. What the client says itself, and what is shown to nobody, is not.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| is_passed_on(name)).take(MOST_HEADERS)
    }

    /// `page` is what the page's own frame shows, `is_known` whether that was not loaded yet.
    pub(super) fn verdict(&self, main: &str, page: &Url, is_known: bool) -> Verdict {
        let Some(url) = self.url.as_ref().filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return Verdict::Refuse("an address that is neither http nor https");
        };
        if self.is_of(main) {
            return match &*self.method {
                "GET" if is_known && url[..Position::AfterQuery] == page[..Position::AfterQuery] => Verdict::Serve,
                // Of what was shown before in the same place.
                "GET" if is_known => Verdict::Refuse(GONE),
                "GET" if url[..Position::AfterQuery] == page[..Position::AfterQuery] => Verdict::Ask,
                "GET" => Verdict::Leave,
                _ => Verdict::Refuse(CHANGES),
            };
        }
        match &*self.kind {
            // Its text could not be read.
            "Document" if url.origin() != page.origin() => Verdict::Refuse("a frame of another site"),
            "Stylesheet" => Verdict::Style,
            "Image" | "Media" | "Font" | "TextTrack" | "Manifest" => Verdict::Refuse(NO_TEXT),
            "Ping" | "CSPViolationReport" => Verdict::Refuse(REPORT),
            "EventSource" | "WebSocket" | "Prefetch" | "SignedExchange" | "FedCM" => {
                Verdict::Refuse("a connection that stays open, or a page to come")
            }
            // What a page asks before it asks another site.
            _ if !matches!(&*self.method, "GET" | "HEAD" | "OPTIONS") => Verdict::Refuse(CHANGES),
            _ if is_analytics(url) => Verdict::Refuse(COUNTED),
            _ if url.path() == "/favicon.ico" => Verdict::Refuse(NO_TEXT),
            _ => Verdict::Ask,
        }
    }
}

/// An answer's header that the browser is told.
pub(super) fn is_told(name: &str) -> bool {
    // The body is decoded, and whole.
    const NOT: [&str; 9] = [
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "set-cookie",
        "content-disposition",
    ];
    !NOT.iter().any(|not| name.eq_ignore_ascii_case(not))
}

fn is_passed_on(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let starts = ["sec-", "proxy-", "if-", "upgrade", "access-control-request-private"];
    let is_ours = [
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "user-agent",
        "via",
    ];
    !starts.iter().any(|start| name.starts_with(start)) && !is_ours.contains(&&*name)
}

fn is_analytics(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    ANALYTICS.iter().any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Bytes of an address that is asked for.
const LONGEST_ADDRESS: usize = 16 << 10;
const CHANGES: &str = "a method that may change something";
const NO_TEXT: &str = "no text";
const REPORT: &str = "a report";
const COUNTED: &str = "analytics";
/// Rules by which no page loses any text.
pub const NO_LOSS: [&str; 4] = [NO_TEXT, REPORT, COUNTED, GONE];
const GONE: &str = "a page that is gone";
/// Bytes of a header, and how many a request has at the most.
const LONGEST_HEADER: usize = 8 << 10;
const MOST_HEADERS: usize = 30;

/// Who counts visitors, watches them, or shows them advertisements; and nothing else.
const ANALYTICS: &[&str] = &[
    "amplitude.com",
    "clarity.ms",
    "connect.facebook.net",
    "doubleclick.net",
    "fullstory.com",
    "google-analytics.com",
    "googlesyndication.com",
    "googletagmanager.com",
    "heap-api.com",
    "hotjar.com",
    "matomo.cloud",
    "mixpanel.com",
    "nr-data.net",
    "plausible.io",
    "posthog.com",
    "segment.com",
    "segment.io",
    "sentry.io",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(kind: &str, method: &str, url: &str, frame: &str, is_known: bool) -> Verdict {
        let page = Url::parse("https://docs.test/guide?x=1#top").unwrap();
        let params =
            json!({ "requestId": "1", "resourceType": kind, "frameId": frame, "request": { "url": url, "method": method, "headers": {} } });
        Paused::of(&params).unwrap().verdict("main", &page, is_known)
    }

    #[test]
    fn what_text_comes_from_is_asked_for() {
        for (kind, url) in [("Script", "https://cdn.test/app.js"), ("XHR", "https://api.test/x"), ("Fetch", "/x"), ("Other", "/worker.js")]
        {
            let url = Url::parse("https://docs.test/").unwrap().join(url).unwrap();
            assert_eq!(verdict(kind, "GET", url.as_str(), "main", false), Verdict::Ask, "{kind}");
        }
        assert_eq!(verdict("XHR", "OPTIONS", "https://api.test/x", "main", false), Verdict::Ask);
        assert_eq!(verdict("Document", "GET", "https://docs.test/frame", "other", false), Verdict::Ask);
        assert_eq!(verdict("Stylesheet", "GET", "https://docs.test/x.css", "main", false), Verdict::Style);
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (kind, method, url) in [
            ("Image", "GET", "https://docs.test/x.png"),
            ("XHR", "POST", "https://docs.test/api"),
            ("Fetch", "DELETE", "https://docs.test/api"),
            ("Ping", "POST", "https://docs.test/beacon"),
            ("Script", "GET", "https://www.googletagmanager.com/gtag/js"),
            ("Script", "GET", "file:///etc/passwd"),
            ("Document", "GET", "https://other.test/frame"),
            ("EventSource", "GET", "https://docs.test/events"),
        ] {
            assert!(matches!(verdict(kind, method, url, "frame", false), Verdict::Refuse(_)), "{kind} {method} {url}");
        }
        assert!(matches!(verdict("Document", "POST", "https://docs.test/guide?x=1", "main", false), Verdict::Refuse(CHANGES)));
        assert_eq!(verdict("Script", "GET", "https://notsentry.io/x.js", "main", false), Verdict::Ask);
    }

    #[test]
    fn the_page_itself_is_served_once() {
        assert_eq!(verdict("Document", "GET", "https://docs.test/guide?x=1", "main", true), Verdict::Serve);
        assert_eq!(verdict("Document", "GET", "https://docs.test/guide?x=1", "main", false), Verdict::Ask);
        assert!(matches!(verdict("Document", "GET", "https://docs.test/guide?x=2", "main", true), Verdict::Refuse(_)));
        assert_eq!(verdict("Document", "GET", "https://docs.test/guide?x=2", "main", false), Verdict::Leave);
    }

    #[test]
    fn what_a_page_makes_large_is_not_kept() {
        let headers = json!({ "Accept": "*/*", "X-Long": "x".repeat(LONGEST_HEADER + 1) });
        let url = format!("https://docs.test/?{}", "x".repeat(LONGEST_ADDRESS));
        let request =
            json!({ "url": url, "method": "POST", "headers": headers, "postData": "x", "postDataEntries": [{ "bytes": "eA==" }] });
        let mut params = json!({ "requestId": "1", "resourceType": "XHR", "request": request });
        lighten(&mut params);
        assert_eq!(params["request"], json!({ "method": "POST", "headers": { "Accept": "*/*" } }));
        let page = Url::parse("https://docs.test/").unwrap();
        assert!(matches!(Paused::of(&params).unwrap().verdict("main", &page, false), Verdict::Refuse(_)));
        lighten(&mut json!("no request"));
    }

    #[test]
    fn headers_of_ours_and_secrets_of_the_browser_are_not_passed_on() {
        let headers =
            json!({ "Accept": "*/*", "X-Key": "k", "User-Agent": "Chrome", "sec-ch-ua": "x", "Cookie": "c", "Origin": "https://a.test" });
        let params = json!({ "requestId": "1", "request": { "url": "https://a.test/", "method": "GET", "headers": headers } });
        let paused = Paused::of(&params).unwrap();
        let mut names: Vec<_> = paused.headers().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert_eq!(names, ["Accept", "Origin", "X-Key"]);
        assert!(is_told("Content-Type") && !is_told("Content-Encoding"));
    }
}
