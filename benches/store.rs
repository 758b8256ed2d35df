//! What does a search cost, by words, by meaning and by both, at 100,000 chunks and at a million; first and later, and narrowed?
//!
//! `cargo bench --bench store`; with `STORE_MILLION=1` at a million as well (some minutes to make). `STORE_VECTORS=FILE` takes vectors of
//! 384 numbers (f32, little-endian, one after the other) as those that all are drawn around, in place of random ones. Beside the figures
//! of the store stand those of comparing every byte in the same run: what counts is the ratio. Times are processor time of one thread.
//! How many of the nearest are found is told as well.

#[cfg(feature = "postgres")]
#[path = "store/server.rs"]
mod server;

use std::io::Write;
use std::time::{Duration, SystemTime};

use smolcrawl::model::{Chunk, ChunkKind, Document, Embedded, Mode, PerPage, Query, SourceId};
use smolcrawl::store::{Config, CutPage, Store};
use url::Url;

fn main() {
    let million = std::env::var("STORE_MILLION").is_ok_and(|value| !value.is_empty());
    let mut around = Around::new();
    #[cfg(feature = "postgres")]
    if let Ok(address) = std::env::var("STORE_SERVER") {
        return server::measure(&address, &mut around);
    }
    // A few only, under `cargo test --benches`.
    let sizes: &[usize] = match std::env::args().any(|argument| argument == "--bench") {
        true if million => &[100_000, 1_000_000],
        true => &[100_000],
        false => &[1_000],
    };
    sizes.iter().for_each(|&chunks| measure(chunks, &mut around));
}

fn measure(chunks: usize, around: &mut Around) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("index.db");
    let open = || Store::open(&path, Config::default()).expect("the database is ours");
    let (all, making) = timed(|| fill(&open(), chunks, around));
    say(&format!("{chunks} chunks, made in {:.1} s", making.as_secs_f64()));
    let queries: Vec<(String, Vec<f32>)> = (0..50).map(|_| (around.words(8), around.vector())).collect();
    let ask = |store: &Store, mode, source: Option<&str>, at: usize| {
        let (text, vector) = &queries[at % queries.len()];
        let sources = source.and_then(SourceId::parse).into_iter().collect();
        let query = Query { mode, sources, per_page: PerPage::Best, ..Query::new(text.clone()) };
        timed(|| store.search(&query, Some(vector), MODEL).expect("there is an answer")).1
    };

    let before = resident();
    let (store, opening) = timed(open);
    say(&format!("  first by words     {}", shown(opening + ask(&store, Mode::Lexical, None, 0))));
    drop(store);
    let (store, opening) = timed(open);
    say(&format!("  first by both      {}", shown(opening + ask(&store, Mode::Hybrid, None, 0))));
    for (name, mode, source) in [
        ("by words", Mode::Lexical, None),
        ("by meaning", Mode::Dense, None),
        ("by both", Mode::Hybrid, None),
        ("meaning, narrowed", Mode::Dense, Some("site1.test")),
        ("both, narrowed", Mode::Hybrid, Some("site1.test")),
    ] {
        let mut times: Vec<_> = (0..100).map(|at| ask(&store, mode, source, at)).collect();
        times.sort();
        say(&format!("  {name:18} p50 {}  p99 {}", shown(times[49]), shown(times[98])));
    }
    say(&format!("  sources            {}", shown(timed(|| store.sources().expect("they are counted")).1)));
    say(&format!("  progress           {}", shown(timed(|| store.progress(MODEL).expect("it is counted")).1)));
    say(&format!("  memory             {} MiB more than before", resident().saturating_sub(before) >> 20));

    let (mut every, mut ten, mut hundred) = (Duration::ZERO, 0, 0);
    for (text, vector) in &queries {
        let (query, _) = steps(vector, 600.0);
        let query: Vec<i16> = query.into_iter().map(|step| step as i16).collect();
        let compare = || all.chunks_exact(BYTES).map(|row| score(row, &query)).collect::<Vec<f32>>();
        let (scores, time) = timed(compare);
        every += time;
        let mut best = scores.clone();
        best.sort_by(|a, b| b.total_cmp(a));
        let asked = Query { mode: Mode::Dense, limit: 100, ..Query::new(text.clone()) };
        let hits = store.search(&asked, Some(vector), MODEL).expect("there is an answer");
        let row = |url: &Url, ordinal: u32| url.path()[1..].parse::<usize>().expect("a page is a number") * 100 + ordinal as usize;
        let found: Vec<f32> = hits.iter().map(|hit| scores[row(&hit.url, hit.chunk.ordinal)]).collect();
        ten += found.iter().filter(|score| **score >= best[9]).count().min(10);
        hundred += found.iter().filter(|score| **score >= best[99]).count().min(100);
    }
    let count = queries.len();
    say(&format!("  every byte         {}", shown(every / count as u32)));
    say(&format!("  found of the nearest 10: {:.4}, 100: {:.4}", ten as f64 / (10 * count) as f64, hundred as f64 / (100 * count) as f64));
}

/// As it was before there were sketches.
fn score(row: &[u8], query: &[i16]) -> f32 {
    let (scale, row) = row.split_at(4);
    let sum: i32 = row.iter().zip(query).map(|(&step, query)| i32::from(step as i8) * i32::from(*query)).sum();
    sum as f32 * f32::from_le_bytes(scale.try_into().expect("it is four bytes"))
}

/// As the store keeps them.
fn steps(vector: &[f32], limit: f32) -> (Vec<f32>, f32) {
    let largest = vector.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
    (vector.iter().map(|component| (component / (largest / limit)).round()).collect(), largest / limit)
}

/// A hundred chunks a page, of 20 words and a vector each, on three sites and a small one; and all vectors with their scales.
fn fill(store: &Store, chunks: usize, around: &mut Around) -> Vec<u8> {
    let pages: Vec<usize> = (0..chunks.div_ceil(100)).collect();
    let mut all = vec![0; pages.len() * 100 * BYTES];
    for some in pages.chunks(PAGES_AT_ONCE) {
        let cut = some.iter().map(|&page| {
            let site = if page % 100 == 99 { "small".to_owned() } else { format!("site{}", page % 3) };
            let url = Url::parse(&format!("https://{site}.test/{page}")).expect("it is a URL");
            let of_page = (0..100)
                .map(|ordinal| Chunk { ordinal, heading_path: Vec::new(), text: around.words(20), kind: ChunkKind::Text, anchor: None })
                .collect();
            CutPage { source: None, document: Document::new(url, "Title", "", SystemTime::UNIX_EPOCH), chunks: of_page }
        });
        store.put_all(&cut.collect::<Vec<_>>(), None).expect("there is room");
        let pending = store.pending(MODEL, 200 * PAGES_AT_ONCE).expect("they are listed");
        let embedded: Vec<_> = pending.iter().map(|of| Embedded { chunk: of.chunk, vector: around.vector() }).collect();
        for of in &embedded {
            let (row, scale) = steps(&of.vector, 127.0);
            // Numbers of chunks begin with 1, and are given one after the other.
            let place = &mut all[(of.chunk as usize - 1) * BYTES..of.chunk as usize * BYTES];
            place[..4].copy_from_slice(&scale.to_le_bytes());
            place[4..].iter_mut().zip(row).for_each(|(place, step)| *place = step as i8 as u8);
        }
        store.put_vectors(MODEL, &embedded).expect("there is room");
    }
    all
}

/// Draws words, frequent ones often, and vectors around others.
struct Around {
    state: u64,
    centers: Vec<Vec<f32>>,
}

impl Around {
    fn new() -> Self {
        let mut around = Self { state: 0x5eed, centers: Vec::new() };
        around.centers = match std::env::var_os("STORE_VECTORS") {
            Some(file) => {
                let bytes = std::fs::read(file).expect("STORE_VECTORS can be read");
                let numbers: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
                numbers.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect()
            }
            None => (0..2_000).map(|_| (0..DIMENSIONS).map(|_| around.normal() * 0.05).collect()).collect(),
        };
        around
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// Nearly normal.
    fn normal(&mut self) -> f32 {
        let drawn = self.next();
        (0..4).map(|part| ((drawn >> (part * 16)) & 0xffff) as f32 / 65_536.0 - 0.5).sum::<f32>() * 1.7
    }

    /// Between two others, and a little aside.
    fn vector(&mut self) -> Vec<f32> {
        let count = self.centers.len() as u64;
        let (one, other) = ((self.next() % count) as usize, (self.next() % count) as usize);
        let share = 0.3 + 0.4 * (self.next() % 1_000) as f32 / 1_000.0;
        let drawn: Vec<f32> =
            (0..DIMENSIONS).map(|at| self.centers[one][at] + share * self.centers[other][at] + 0.02 * self.normal()).collect();
        let length = drawn.iter().map(|component| component * component).sum::<f32>().sqrt();
        drawn.into_iter().map(|component| component / length).collect()
    }

    /// Zipf's law: the n-th word is n times as rare as the first.
    fn words(&mut self, count: usize) -> String {
        let word = |drawn: u64| format!("word{}", (50_000_f64.powf((drawn % 10_000_000) as f64 / 1e7)) as u64);
        (0..count).map(|_| word(self.next())).collect::<Vec<_>>().join(" ")
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = worked();
    let answer = work();
    (answer, worked() - before)
}

#[cfg(unix)]
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Nothing else should run meanwhile.
#[cfg(not(unix))]
fn worked() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

/// Bytes of memory in use; zero where the system does not tell.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|pages| pages.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

fn shown(time: Duration) -> String {
    format!("{:9.3} ms", time.as_secs_f64() * 1e3)
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("there is an output");
}

/// Stored in one transaction.
const PAGES_AT_ONCE: usize = 10;
const MODEL: &str = "bench-384";
const DIMENSIONS: usize = 384;
const BYTES: usize = 4 + DIMENSIONS;
