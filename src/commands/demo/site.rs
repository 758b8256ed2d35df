//! The site of the demo: a few pages of a manual behind the smallest HTTP server that can still misbehave as real ones
//! do. Standard library only, one thread a connection.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// A running site. Its threads end with the process.
#[derive(Debug)]
pub struct Site {
    url: String,
}

impl Site {
    /// Listens on a free port of the loopback interface.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}/", listener.local_addr()?);
        let root = url.clone();
        thread::Builder::new().name("demo site".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let root = root.clone();
                // A peer that goes away is the crawler's business, not the site's.
                thread::spawn(move || drop(serve(stream, &root)));
            }
        })?;
        Ok(Self { url })
    }

    /// The front page.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Answers requests until the peer closes, or a page asks for a reset.
fn serve(mut stream: TcpStream, root: &str) -> io::Result<()> {
    while let Some(path) = asked_for(&stream)? {
        let answer = answer(&path, root);
        if path == RESETS {
            // The request is left unread, so that closing resets the connection (RFC 1122 4.2.2.13).
            stream.write_all(&answer)?;
            if cfg!(windows) {
                // Lets the answer be read first: Windows drops unread data when a reset arrives.
                thread::sleep(BEFORE_RESET);
            }
            return Ok(());
        }
        let mut request = BufReader::new(&stream);
        let mut field = String::new();
        while request.read_line(&mut field)? > END_OF_HEAD {
            field.clear();
        }
        stream.write_all(&answer)?;
    }
    Ok(())
}

/// The path of the next request, which stays unread; none when the peer has closed.
fn asked_for(stream: &TcpStream) -> io::Result<Option<String>> {
    let mut head = [0; 2048];
    let seen = stream.peek(&mut head)?;
    let line = String::from_utf8_lossy(&head[..seen]);
    // The only client is ours, and it writes a head at once.
    Ok(line.split(' ').nth(1).map(str::to_owned))
}

fn answer(path: &str, root: &str) -> Vec<u8> {
    if path == "/guide/getting-started" {
        return b"HTTP/1.1 301 Moved Permanently\r\nlocation: /guide/install\r\ncontent-length: 0\r\n\r\n".to_vec();
    }
    if path == "/sitemap.xml" {
        return with_body("200 OK", "application/xml", &sitemap(root));
    }
    match PAGES.iter().find(|(known, _)| *known == path) {
        Some((_, page)) => with_body("200 OK", "text/html; charset=utf-8", page),
        None => with_body("404 Not Found", "text/plain", "no such page\n"),
    }
}

fn with_body(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn sitemap(root: &str) -> String {
    let pages: String = PAGES.iter().map(|(path, _)| format!("<url><loc>{}{}</loc></url>", root.trim_end_matches('/'), path)).collect();
    format!("<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{pages}</urlset>")
}

const RESETS: &str = "/changelog";
/// Length of the empty line, CR LF.
const END_OF_HEAD: usize = 2;
const BEFORE_RESET: Duration = Duration::from_millis(50);

const PAGES: &[(&str, &str)] = &[
    ("/", include_str!("site/index.html")),
    ("/guide/install", include_str!("site/install.html")),
    ("/guide/jobs", include_str!("site/jobs.html")),
    ("/guide/retries", include_str!("site/retries.html")),
    ("/guide/workers", include_str!("site/workers.html")),
    ("/reference/configuration", include_str!("site/configuration.html")),
    ("/cookbook/python", include_str!("site/python.html")),
    ("/cookbook/sql", include_str!("site/sql.html")),
    (RESETS, include_str!("site/changelog.html")),
];
