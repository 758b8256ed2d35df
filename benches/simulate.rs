//! What do a thousand crawlers make of one crawl of a million pages, when most of them die on the way?
//!
//! `cargo bench --bench simulate`; `SIMULATE_PAGES=100000` another number of pages, `SIMULATE_CRAWLERS=100` of crawlers. The web is made up and
//! time is a number: what is real are the rules of a crawl that is done together, and its table in memory. It fails where a page is stored
//! twice or not at all, where one is asked for again that nobody had in hand who died, where a host is asked too much, and
//! where a limit is not exact.

use std::io::{self, Write};
use std::time::{Duration, Instant};

#[path = "../tests/support/virtual_web.rs"]
mod virtual_web;

use virtual_web::Web;

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let number = |name: &str, usual: usize| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let pages = number("SIMULATE_PAGES", if is_bench { 1_000_000 } else { 2_000 });
    let crawlers = number("SIMULATE_CRAWLERS", if is_bench { 1_000 } else { 20 });
    let web = Web {
        pages,
        hosts: (pages / 500).max(10),
        crawlers,
        per_host: 8,
        life: Duration::from_secs(60),
        max_pages: u64::MAX >> 1,
        max_requests: u64::MAX >> 1,
    };
    for (what, web) in [("all", web), ("half", Web { max_pages: pages as u64 / 2, ..web })] {
        let began = Instant::now();
        let outcome = web.crawl();
        let wanted = web.max_pages.min(pages as u64);
        assert_eq!((outcome.stored, outcome.twice, outcome.totals.pages), (wanted, 0, wanted), "{outcome:?}");
        assert!(outcome.again <= outcome.totals.returned, "{outcome:?}");
        assert!(outcome.most_at_once <= web.per_host, "{outcome:?}");
        assert!(outcome.least_delay.is_none_or(|least| least >= Duration::from_millis(500)), "{outcome:?}");
        let virtual_seconds = outcome.took.as_secs_f64();
        say(&format!(
            "{what} of {pages} pages at {} hosts by {crawlers} crawlers, {} of which died: {wanted} stored once, {} asked for again of {} that came \
             back; {} calls to the table, {virtual_seconds:.0} s of their time in {:.1} s",
            web.hosts,
            outcome.deaths,
            outcome.again,
            outcome.totals.returned,
            outcome.calls,
            began.elapsed().as_secs_f64()
        ));
    }
}

fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
