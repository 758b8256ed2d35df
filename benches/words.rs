//! What does it cost to index chunks by their words, and to ask for eight of them?
//!
//! `cargo bench --bench words`; `WORDS_CHUNKS=100000,1000000` says how many chunks, `WORDS_DB=FOLDER` where the databases are made and
//! kept for another run (else they go). Texts are of words whose frequencies fall as Zipf's law has it, ten chunks a page, three
//! sources. Wall-clock times of one thread: the machine should have nothing else to do.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use smolcrawl::model::{Chunk, ChunkKind, Document, Mode, PerPage, Query, SourceId};
use smolcrawl::store::{Config, Store};
use url::Url;

fn main() {
    let sizes = std::env::var("WORDS_CHUNKS").unwrap_or_else(|_| "100000".to_owned());
    let kept = std::env::var_os("WORDS_DB").map(PathBuf::from);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for size in sizes.split(',') {
        let chunks = size.trim().parse().expect("WORDS_CHUNKS: numbers, parted by commas");
        let path = kept.as_deref().unwrap_or(folder.path()).join(format!("words-{chunks}.db"));
        if !path.exists() {
            fill(&path, chunks);
        }
        ask(&path, chunks);
    }
}

fn fill(path: &Path, chunks: u32) {
    let store = Store::open(path, Config::default()).expect("the database can be made");
    let mut random = Random(88_172_645_463_325_252);
    let mut spent = Duration::ZERO;
    for page in 0..chunks / CHUNKS_OF_A_PAGE {
        let chunks: Vec<Chunk> = (0..CHUNKS_OF_A_PAGE)
            .map(|ordinal| {
                let words = 60 + random.next() % 120;
                let text = (0..words).map(|_| random.word() + " ").collect();
                Chunk { ordinal, heading_path: vec![random.word()], text, kind: ChunkKind::Text, anchor: None }
            })
            .collect();
        let document = Document::new(address(page), "Title", "", SystemTime::UNIX_EPOCH);
        let started = Instant::now();
        store.put(&document, &chunks).expect("a page can be put");
        spent += started.elapsed();
    }
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    say(&format!(
        "{chunks} chunks: put in {:.1} s, {:.0} µs a chunk; {} MB",
        spent.as_secs_f64(),
        micros(spent) / f64::from(chunks),
        bytes / 1_000_000
    ));
}

fn ask(path: &Path, chunks: u32) {
    let source = SourceId::of(&address(1));
    for (name, source) in [("all", None), ("a source", Some(source))] {
        let started = Instant::now();
        let store = Store::open(path, Config::default()).expect("the database can be opened");
        let opened = started.elapsed();
        let mut random = Random(1_234_567);
        let mut times: Vec<Duration> = (0..QUESTIONS)
            .map(|_| {
                let text: Vec<String> = (0..8).map(|_| random.word()).collect();
                let query = Query {
                    mode: Mode::Lexical,
                    sources: source.clone().into_iter().collect(),
                    per_page: PerPage::Best,
                    limit: 10,
                    ..Query::new(text.join(" "))
                };
                let started = Instant::now();
                store.search(&query, None, "none").expect("a question has an answer");
                started.elapsed()
            })
            .collect();
        let first = times.remove(0);
        times.sort();
        let at = |share: f64| micros(times[(times.len() as f64 * share) as usize]) / 1e3;
        say(&format!(
            "{chunks} chunks, {name}: p50 {:.2} ms, p99 {:.2} ms; opened in {:.2} ms, the first {:.2} ms",
            at(0.5),
            at(0.99),
            micros(opened) / 1e3,
            micros(first) / 1e3
        ));
    }
}

fn address(page: u32) -> Url {
    Url::parse(&format!("https://source{}.test/{page}", page % 3)).expect("this is a URL")
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output takes a line");
}

/// Random numbers that are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A word, each the more seldom the higher its rank is: its share is one by its rank.
    fn word(&mut self) -> String {
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let mut rank = VOCABULARY.powf(share) as usize * 7_919 + 13;
        let mut word = String::new();
        while rank > 0 {
            word.push(char::from(b"bcdfghklmnprstvz"[rank % 16]));
            word.push(char::from(b"aeiou"[rank / 16 % 5]));
            rank /= 80;
        }
        word
    }
}

const CHUNKS_OF_A_PAGE: u32 = 10;
const VOCABULARY: f64 = 300_000.0;
const QUESTIONS: usize = 301;
