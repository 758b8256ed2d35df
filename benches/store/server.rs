//! The same of a server: what searches take from outside, one after the other and from 16 at once, and how many of the nearest the index finds.
//!
//! `STORE_SERVER=postgres://… cargo bench --bench store`; `STORE_CHUNKS=1000,100000` chooses the sizes. Each size has a schema of its own, which
//! stays and is used again. Times are from question to answer, as the server works elsewhere.

use std::time::{Duration, Instant};

use smolcrawl::model::{Mode, PerPage, Query, SourceId};
use smolcrawl::store::{Config, Store};

use super::{Around, MODEL, fill, say, shown};

pub fn measure(server: &str, around: &mut Around) {
    let sizes = std::env::var("STORE_CHUNKS").unwrap_or_else(|_| "1000,100000".to_owned());
    for chunks in sizes.split(',') {
        let chunks = chunks.trim().parse().expect("STORE_CHUNKS are numbers");
        let joined = if server.contains('?') { '&' } else { '?' };
        of_size(&format!("{server}{joined}schema=bench_{chunks}"), chunks, around);
    }
}

fn of_size(address: &str, chunks: usize, around: &mut Around) {
    let open = |indexed_from| Store::open(address, Config { indexed_from, ..Config::default() }).expect("the server lets us in");
    let (store, exact) = (open(20_000), open(u64::MAX));
    say(&format!("{chunks} chunks on a server"));
    let there = store.progress(MODEL).expect("it is counted");
    if there.chunks == 0 {
        let started = Instant::now();
        fill(&store, chunks, around);
        say(&format!("  stored in          {:9.1} s", started.elapsed().as_secs_f64()));
    }
    let started = Instant::now();
    if store.index_vectors(MODEL).expect("an index can be made") {
        say(&format!("  indexed in         {:9.1} s", started.elapsed().as_secs_f64()));
    }
    let sources = store.sources().expect("they are counted");
    let is_there = |name: Option<&str>| name.is_none_or(|name| sources.iter().any(|of| of.source.as_str() == name));
    let queries: Vec<(String, Vec<f32>)> = (0..200).map(|_| (around.words(8), around.vector())).collect();
    let kinds = [
        ("by words", Mode::Lexical, None),
        ("by meaning", Mode::Dense, None),
        ("by both", Mode::Hybrid, None),
        ("both, a third", Mode::Hybrid, Some("site1.test")),
        ("both, a hundredth", Mode::Hybrid, Some("small.test")),
    ];
    let ask = |store: &Store, (_, mode, source): (&str, Mode, Option<&str>), at: usize| {
        let (text, vector) = &queries[at % queries.len()];
        let sources = source.and_then(SourceId::parse).into_iter().collect();
        let query = Query { mode, sources, per_page: PerPage::Best, ..Query::new(text.clone()) };
        let started = Instant::now();
        store.search(&query, Some(vector), MODEL).expect("there is an answer");
        started.elapsed()
    };
    for (which, store) in [("index", &store), ("exact", &exact)] {
        if which == "exact" && chunks > 400_000 {
            continue;
        }
        // The small site has its first page with the hundredth.
        for kind in kinds.into_iter().filter(|(.., source)| is_there(*source)) {
            let rounds = if which == "exact" { 40 } else { 200 };
            (0..rounds.min(50)).for_each(|at| {
                ask(store, kind, at);
            });
            let one: Vec<Duration> = (0..rounds).map(|at| ask(store, kind, at)).collect();
            say(&format!("  {which} {:18} {}", kind.0, quantiles(one)));
        }
    }
    let all = kinds[2];
    let many: Vec<Duration> = std::thread::scope(|scope| {
        let ask = &ask;
        let store = &store;
        let threads: Vec<_> =
            (0..16).map(|of| scope.spawn(move || (0..40).map(|at| ask(store, all, of * 13 + at)).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no question fails")).collect()
    });
    say(&format!("  16 at once by both       {}", quantiles(many)));
    recall(&store, &exact, &queries, [None, Some("site1.test"), Some("small.test")].into_iter().filter(|source| is_there(*source)));
}

/// How many of those that comparing all finds first the index has among its own first.
fn recall<'a>(index: &Store, exact: &Store, queries: &[(String, Vec<f32>)], sources: impl Iterator<Item = Option<&'a str>>) {
    let found = |store: &Store, (text, vector): &(String, Vec<f32>), source: Option<&str>| -> Vec<(String, u32)> {
        let sources = source.and_then(SourceId::parse).into_iter().collect();
        let query = Query { mode: Mode::Dense, sources, limit: 100, per_page: PerPage::All, ..Query::new(text.clone()) };
        let hits = store.search(&query, Some(vector), MODEL).expect("there is an answer");
        hits.into_iter().map(|hit| (hit.url.into(), hit.chunk.ordinal)).collect()
    };
    for source in sources {
        let ([mut ten, mut hundred], mut short, mut there) = ([0, 0], 0, [0, 0]);
        let asked = &queries[..50];
        for query in asked {
            let (all, some) = (found(exact, query, source), found(index, query, source));
            there = [there[0] + all.len().min(10), there[1] + all.len()];
            ten += all[..10.min(all.len())].iter().filter(|hit| some[..10.min(some.len())].contains(hit)).count();
            hundred += all.iter().filter(|hit| some.contains(hit)).count();
            short += usize::from(some.len() < all.len());
        }
        let share = |found: usize, of: usize| found as f64 / of as f64;
        let of = source.unwrap_or("all");
        say(&format!(
            "  of the nearest in {of}: 10 {:.4}, 100 {:.4}, answers that came short {short}",
            share(ten, there[0]),
            share(hundred, there[1])
        ));
    }
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    format!("p50 {}  p99 {}", shown(at(0.5)), shown(at(0.99)))
}
