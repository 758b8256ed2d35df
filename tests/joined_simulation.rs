//! Many crawlers on a web that is made up, of which most die: each page is stored once, politeness is kept, and limits are exact.
//! `cargo bench --bench simulate` does the same with a thousand crawlers and a million pages.

#[path = "support/virtual_web.rs"]
mod virtual_web;

use std::time::Duration;

use smolcrawl::model::JoinedEnd;
use virtual_web::Web;

const WEB: Web = Web {
    pages: 6_000,
    hosts: 60,
    crawlers: 60,
    per_host: 4,
    life: Duration::from_secs(20),
    max_pages: u64::MAX >> 1,
    max_requests: u64::MAX >> 1,
};

#[test]
fn each_page_is_stored_once_however_many_crawlers_die() {
    let outcome = WEB.crawl();
    assert_eq!((outcome.stored, outcome.twice), (6_000, 0), "{outcome:?}");
    assert_eq!(
        (outcome.totals.stored, outcome.totals.pages, outcome.totals.ended),
        (6_000, 6_000, Some(JoinedEnd::Complete)),
        "{outcome:?}"
    );
    assert!(outcome.deaths > 60 && outcome.again > 0, "they do die: {outcome:?}");
    assert!(outcome.again <= outcome.totals.returned, "only where a lease ran out it is asked for again: {outcome:?}");
    assert!(outcome.most_at_once <= 4 && outcome.least_delay.is_some_and(|least| least >= Duration::from_millis(500)), "{outcome:?}");
}

#[test]
fn a_limit_of_pages_is_exact_however_many_crawlers_die() {
    let outcome = Web { max_pages: 2_345, ..WEB }.crawl();
    assert_eq!((outcome.stored, outcome.twice, outcome.totals.pages), (2_345, 0, 2_345), "{outcome:?}");
    assert_eq!(outcome.totals.ended, Some(JoinedEnd::MaxPages));
    assert!(outcome.most_at_once <= 4 && outcome.deaths > 0, "{outcome:?}");
}

#[test]
fn a_limit_of_requests_is_exact_and_all_of_them_are_made() {
    // Few hosts with few places: most of those who could ask have nothing to ask for, and some have something and may not.
    let outcome = Web { max_requests: 1_234, hosts: 5, life: Duration::from_secs(100_000), ..WEB }.crawl();
    assert_eq!((outcome.fetched, outcome.totals.requests, outcome.deaths), (1_234, 1_234, 0), "{outcome:?}");
    assert_eq!((outcome.totals.ended, outcome.twice), (Some(JoinedEnd::MaxRequests), 0), "{outcome:?}");
}

#[test]
fn a_limit_of_requests_is_kept_however_many_crawlers_die() {
    let outcome = Web { max_requests: 2_345, ..WEB }.crawl();
    // What a dead one was allowed counts as spent.
    assert_eq!((outcome.totals.requests, outcome.totals.ended), (2_345, Some(JoinedEnd::MaxRequests)), "{outcome:?}");
    assert!(outcome.fetched <= 2_345 && outcome.fetched > 1_500 && outcome.deaths > 0 && outcome.twice == 0, "{outcome:?}");
}
