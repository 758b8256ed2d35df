//! Pages from memory, each connection with a blocking thread.

use std::collections::HashMap;
use std::sync::Arc;

use super::http;
use crate::support::site;

/// Answers by target, each with whether the connection ends with it; the one without a target stands for all others.
pub type Pages = Arc<HashMap<String, (Vec<u8>, bool)>>;

/// One page of so many bytes, at every address.
pub fn one(size: usize) -> Pages {
    let body = vec![b'x'; size];
    let answer = |connection| http::answer("200 OK", http::HTML, connection, &body);
    Arc::new([("/close".to_owned(), (answer(http::CLOSE), true)), (String::new(), (answer(http::KEEP), false))].into())
}

/// The made-up site.
pub fn site(pages: u64) -> Pages {
    let page = |number| (http::answer("200 OK", http::HTML, http::KEEP, site::page(number, pages).as_bytes()), false);
    let missing = (http::answer("404 Not Found", http::HTML, http::KEEP, b"<title>Not found</title>"), false);
    let all = (0..pages).map(|number| (format!("/page/{number}"), page(number)));
    Arc::new(all.chain([("/".to_owned(), page(0)), (String::new(), missing)]).collect())
}

pub fn serve(pages: &Pages) {
    let mut apart = super::Apart::default();
    for stream in super::listen(None).incoming().flatten() {
        let pages = pages.clone();
        apart.begin(move || {
            let mut stream = stream;
            stream.set_nodelay(true)?;
            http::serve(&mut stream, |target, _| of(&pages, target))
        });
    }
}

/// What is answered to who asks for `target`.
pub fn of(pages: &Pages, target: &str) -> (Vec<u8>, bool) {
    pages.get(target).or_else(|| pages.get("")).cloned().expect("there is one for all")
}
