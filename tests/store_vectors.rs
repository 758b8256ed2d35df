//! Vectors through the public API of the store: a passage is embedded once, whatever happens to the pages that say it, and every order of
//! writes, by whichever process, is answered as a plain model of it answers.

#[path = "support/stores.rs"]
mod stores;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rusqlite::Connection;
use smolcrawl::model::{Chunk, ChunkKind, Document, EmbedProgress, Embedded, Mode, PerPage, Query, SourceId, Wanted};
use smolcrawl::store::{Config, Error, Put, Store};
use url::Url;

const MODEL: &str = "test-4";

/// Random numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// A direction of its own for every text, always the same.
fn vector(passage: &str) -> Vec<f32> {
    let mut numbers =
        Numbers(passage.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)));
    let drawn: Vec<f32> = (0..4).map(|_| numbers.below(2_001) as f32 / 1_000.0 - 1.0005).collect();
    let length = drawn.iter().map(|component| component * component).sum::<f32>().sqrt();
    drawn.into_iter().map(|component| component / length).collect()
}

fn url(site: usize, page: usize) -> Url {
    Url::parse(&format!("https://{}.test/{page}", ["a", "b", "c"][site])).unwrap()
}

fn text(text: &str) -> Chunk {
    Chunk { ordinal: 0, heading_path: Vec::new(), text: text.to_owned(), kind: ChunkKind::Text, anchor: None }
}

fn code(text: &str, language: &str) -> Chunk {
    Chunk { kind: ChunkKind::Code { language: Some(language.to_owned()), context: String::new() }, ..self::text(text) }
}

fn put(store: &Store, url: &Url, chunks: &[Chunk]) -> Put {
    let chunks: Vec<_> = (0..).zip(chunks).map(|(ordinal, chunk)| Chunk { ordinal, ..chunk.clone() }).collect();
    let markdown = chunks.iter().map(|chunk| chunk.text.as_str()).collect::<Vec<_>>().join("\n\n");
    store.put(&Document::new(url.clone(), "Title", markdown, SystemTime::UNIX_EPOCH), &chunks).unwrap()
}

/// Embeds at most so many passages and returns them.
fn embed(store: &Store, limit: usize) -> Vec<String> {
    let pending = store.pending(MODEL, limit).unwrap();
    let vectors: Vec<_> = pending.iter().map(|of| Embedded { chunk: of.chunk, vector: vector(&of.passage) }).collect();
    store.put_vectors(MODEL, &vectors).unwrap();
    pending.into_iter().map(|of| of.passage).collect()
}

fn dense(store: &Store, query: Query) -> Vec<(String, String)> {
    let query = Query { mode: Mode::Dense, limit: 1_000, per_page: PerPage::All, ..query };
    match store.search(&query, Some(&[0.5, 0.5, 0.5, 0.5]), MODEL) {
        Ok(hits) => hits.into_iter().map(|hit| (hit.url.to_string(), hit.chunk.text)).collect(),
        Err(Error::NothingEmbedded { .. } | Error::UnknownSource { .. }) => Vec::new(),
        Err(error) => panic!("{error:?}"),
    }
}

/// What a store should know.
#[derive(Default)]
struct Model {
    pages: BTreeMap<(usize, usize), Vec<Chunk>>,
    embedded: HashSet<String>,
}

impl Model {
    fn chunks(&self) -> impl Iterator<Item = ((usize, usize), &Chunk)> {
        self.pages.iter().flat_map(|(page, chunks)| chunks.iter().map(|chunk| (*page, chunk)))
    }

    fn compare(&self, store: &Store) {
        let has = |chunk: &Chunk| self.embedded.contains(&chunk.passage());
        let count = |of: &dyn Fn((usize, usize), &Chunk) -> bool| self.chunks().filter(|(page, chunk)| of(*page, chunk)).count() as u64;
        let progress = EmbedProgress { chunks: count(&|_, _| true), embedded: count(&|_, chunk| has(chunk)) };
        assert_eq!(store.progress(MODEL).unwrap(), progress);

        let sources = store.sources().unwrap();
        let told: Vec<_> = sources.iter().map(|of| (of.source.to_string(), of.pages, of.chunks, of.code_examples, of.embedded)).collect();
        let is_code = |chunk: &Chunk| chunk.kind != ChunkKind::Text;
        let expected = (0..3).filter(|site| self.pages.keys().any(|page| page.0 == *site)).map(|site| {
            let pages = self.pages.keys().filter(|page| page.0 == site).count() as u64;
            let name = SourceId::of(&url(site, 0)).to_string();
            let of_site = |of: &dyn Fn(&Chunk) -> bool| count(&|page, chunk| page.0 == site && of(chunk));
            (name, pages, of_site(&|_| true), of_site(&is_code), of_site(&has))
        });
        assert_eq!(told, expected.collect::<Vec<_>>());

        let mut languages = BTreeMap::new();
        for (_, chunk) in self.chunks() {
            if let ChunkKind::Code { language: Some(language), .. } = &chunk.kind {
                *languages.entry(language.clone()).or_insert(0) += 1;
            }
        }
        assert_eq!(store.languages(None).unwrap().into_iter().collect::<BTreeMap<_, u64>>(), languages);

        for wanted in [Wanted::Text, Wanted::Code] {
            for site in [None, Some(0), Some(1)] {
                let source = site.map(|site| SourceId::of(&url(site, 0)));
                let mut found = dense(store, Query { wanted, sources: source.into_iter().collect(), ..Query::new("x") });
                let fits = |page: (usize, usize), chunk: &Chunk| {
                    has(chunk) && is_code(chunk) == (wanted == Wanted::Code) && site.is_none_or(|site| site == page.0)
                };
                let expected = self.chunks().filter(|(page, chunk)| fits(*page, chunk));
                let mut expected: Vec<_> = expected.map(|(page, chunk)| (url(page.0, page.1).to_string(), chunk.text.clone())).collect();
                found.sort();
                expected.sort();
                assert_eq!(found, expected, "{wanted:?} {site:?}");
            }
        }

        let pending: BTreeSet<_> = store.pending(MODEL, 1_000).unwrap().into_iter().map(|of| of.passage).collect();
        let lacking = self.chunks().filter(|(_, chunk)| !has(chunk)).map(|(_, chunk)| chunk.passage());
        assert_eq!(pending, lacking.collect());
    }
}

#[test]
fn any_order_of_writes_by_two_stores_is_answered_as_by_a_plain_model() {
    for seed in 1..=12 {
        let mut numbers = Numbers(seed * 7_919);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let open = || stores::open(&path, Config::default()).unwrap();
        let (mut stores, mut model) = ([open(), open()], Model::default());
        for step in 0..60 {
            let store = &stores[numbers.below(2)];
            let page = (numbers.below(3), numbers.below(4));
            match numbers.below(10) {
                0..=4 => {
                    let chunks: Vec<_> = (0..numbers.below(6))
                        .map(|_| match numbers.below(12) {
                            word @ 0..=8 => text(&format!("word{word}")),
                            word => code(&format!("word{}", word - 9), ["rust", "sh"][numbers.below(2)]),
                        })
                        .collect();
                    put(store, &url(page.0, page.1), &chunks);
                    model.pages.insert(page, chunks);
                }
                5 => {
                    let there = model.pages.remove(&page).is_some();
                    assert_eq!(store.remove_page(None, &url(page.0, page.1)).unwrap(), there);
                }
                6 if numbers.below(3) == 0 => {
                    let before = model.pages.len();
                    model.pages.retain(|of, _| of.0 != page.0);
                    let removed = store.remove_source(&SourceId::of(&url(page.0, 0))).unwrap();
                    assert_eq!(removed, (before - model.pages.len()) as u64);
                }
                7 => stores[numbers.below(2)] = open(),
                _ => {
                    for passage in embed(store, 1 + numbers.below(4)) {
                        assert!(model.embedded.insert(passage.clone()), "{seed}, {step}: {passage} is embedded twice");
                    }
                }
            }
            if step % 3 == 0 {
                stores.iter().for_each(|store| model.compare(store));
            }
        }
        stores.iter().for_each(|store| model.compare(store));
        let check = stores[0].check().unwrap();
        assert!(check.is_whole() && check.vectors == model.embedded.len() as u64, "{seed}: {check:?}");
    }
}

#[test]
fn what_is_said_twice_is_embedded_once() {
    let store = stores::in_memory();
    let twice = [text("one"), text("two"), text("one"), code("one", "sh")];
    put(&store, &url(0, 0), &twice);
    put(&store, &url(1, 1), &twice);
    assert_eq!(embed(&store, 100).len(), 2);
    assert_eq!(store.progress(MODEL).unwrap(), EmbedProgress { chunks: 8, embedded: 8 });
    assert_eq!((dense(&store, Query::new("x")).len(), dense(&store, Query { wanted: Wanted::Code, ..Query::new("x") }).len()), (6, 2));
    // A page that is stored later has them at once.
    put(&store, &url(2, 2), &twice[..2]);
    assert_eq!((store.pending(MODEL, 9).unwrap(), dense(&store, Query::new("x")).len()), (vec![], 8));
    assert_eq!(embed(&store, 100), [] as [&str; 0]);
}

/// The first chunk that says a passage speaks for it: where it is not among those that are asked for, the others do.
#[test]
fn what_is_said_twice_is_found_wherever_a_search_is_narrowed_to() {
    let store = stores::in_memory();
    put(&store, &url(0, 0), &[text("one"), text("two")]);
    put(&store, &url(0, 1), &[text("one")]);
    put(&store, &url(1, 0), &[text("three"), text("one")]);
    embed(&store, 100);
    for (site, prefix, expected) in [
        (None, "https://a.test/0", vec!["one", "two"]),
        (None, "https://a.test/1", vec!["one"]),
        (None, "https://b.test/", vec!["one", "three"]),
        (Some("b.test"), "https://b.test/", vec!["one", "three"]),
        (Some("a.test"), "https://", vec!["one", "one", "two"]),
    ] {
        let source = site.and_then(SourceId::parse);
        let found = dense(&store, Query { sources: source.into_iter().collect(), url_prefix: Some(prefix.to_owned()), ..Query::new("x") });
        assert!(found.iter().all(|(url, _)| url.starts_with(prefix)), "{prefix}: {found:?}");
        let mut texts: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
        texts.sort_unstable();
        assert_eq!(texts, expected, "{site:?} {prefix}");
    }
}

/// A passage that is near to every question is near to what all of them are about. How near it is is told as it is.
#[test]
fn what_all_passages_have_in_common_tells_none_from_another() {
    let store = stores::in_memory();
    let of = |text: &str| match text {
        "all of it" => vec![1.0, 0.0, 0.0, 0.0],
        "the matter" => vec![0.0, 0.0, 0.8, 0.6],
        _ => vec![0.96, 0.28, 0.0, 0.0],
    };
    let others: Vec<_> = (0..1_000).map(|number| text(&format!("other {number}"))).collect();
    put(&store, &url(0, 0), &others);
    for (page, passage) in [(1, "all of it"), (2, "the matter")] {
        put(&store, &url(0, page), &[text(passage)]);
    }
    let pending = store.pending(MODEL, 2_000).unwrap();
    let vectors: Vec<_> = pending.iter().map(|pending| Embedded { chunk: pending.chunk, vector: of(&pending.passage) }).collect();
    store.put_vectors(MODEL, &vectors).unwrap();
    let hits = store.search(&Query { mode: Mode::Dense, ..Query::new("x") }, Some(&[0.7, 0.0, 0.71, 0.0]), MODEL).unwrap();
    let found: Vec<_> =
        hits.iter().take(2).map(|hit| (hit.chunk.text.as_str(), hit.evidence.cosine.map(|it| (it * 100.0).round()))).collect();
    assert_eq!(found, [("the matter", Some(57.0)), ("all of it", Some(70.0))]);
}

/// Whatever a model makes of it: near as the vector is, nothing was asked.
#[test]
fn an_answer_to_punctuation_is_weak() {
    let store = stores::in_memory();
    put(&store, &url(0, 0), &[text("one"), text("two")]);
    embed(&store, 9);
    for (question, is_weak) in [("?!", true), ("…", true), ("*** ", true), ("one?", false), ("another", false)] {
        for mode in [Mode::Hybrid, Mode::Dense] {
            let hits = store.search(&Query { mode, ..Query::new(question) }, Some(&vector("one")), MODEL).unwrap();
            assert_eq!((hits[0].chunk.text.as_str(), hits[0].evidence.is_weak()), ("one", is_weak), "{question} {mode:?}");
        }
    }
}

#[test]
fn what_was_removed_and_comes_back_is_not_embedded_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    let page = [text("one"), text("two"), code("three", "sh")];
    put(&store, &url(0, 0), &page);
    assert_eq!(embed(&store, 100).len(), 3);
    store.remove_source(&SourceId::of(&url(0, 0))).unwrap();
    assert_eq!(store.progress(MODEL).unwrap(), EmbedProgress::default());
    assert_eq!(dense(&store, Query::new("x")), []);
    drop(store);
    let store = stores::open(&path, Config::default()).unwrap();
    put(&store, &url(1, 7), &page);
    assert_eq!((store.pending(MODEL, 9).unwrap(), store.pending("another", 9).unwrap().len()), (vec![], 3));
    assert_eq!(dense(&store, Query::new("x")).len(), 2);
    assert!(store.check().unwrap().is_whole());
}

#[test]
fn what_is_newest_or_asked_for_is_embedded_first() {
    let store = stores::in_memory();
    for page in 0..5 {
        put(&store, &url(0, page), &[text(&format!("text {page}")), code(&format!("code {page}"), "sh")]);
    }
    assert_eq!(embed(&store, 2), ["text 4", "text 3"]);
    put(&store, &url(0, 9), &[text("text 9")]);
    assert_eq!(embed(&store, 1), ["text 9"]);
    let chunks: Vec<i64> = (1..=20).rev().collect();
    let asked = store.pending_of(MODEL, &chunks).unwrap();
    let passages = |pending: &[smolcrawl::model::Pending]| pending.iter().map(|of| of.passage.clone()).collect::<Vec<_>>();
    assert_eq!(passages(&asked), ["code 4", "code 3", "code 2", "text 2", "code 1", "text 1", "code 0", "text 0"]);
    assert_eq!(store.pending_of(MODEL, &[asked[3].chunk, asked[3].chunk, -7, i64::MAX]).unwrap(), asked[3..4]);
    store.put_vectors(MODEL, &[Embedded { chunk: asked[7].chunk, vector: vector("text 0") }]).unwrap();
    assert_eq!(embed(&store, 9), ["text 2", "text 1", "code 4", "code 3", "code 2", "code 1", "code 0"].map(str::to_owned));
    assert_eq!(store.pending(MODEL, 9).unwrap(), []);
}

fn number(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Two thousand passages a page: the store's own threshold of sketches is behind the eighth.
fn many(store: &Store, pages: std::ops::Range<usize>) {
    for page in pages {
        let chunks: Vec<_> = (0..2_000).map(|chunk| text(&format!("page {page} chunk {chunk}"))).collect();
        put(store, &url(page % 2, page), &chunks);
        embed(store, 2_000);
    }
}

const SKETCHES: &str = "SELECT count(*) FROM vector_sketches";

fn by_meaning(store: &Store, source: Option<&str>) -> Vec<(String, String)> {
    dense(store, Query { sources: source.and_then(SourceId::parse).into_iter().collect(), ..Query::new("x") })
}

#[test]
fn vectors_that_have_sketches_answer_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let (other, store) = (stores::open(&path, Config::default()).unwrap(), stores::open(&path, Config::default()).unwrap());
    many(&store, 0..8);
    assert_eq!((by_meaning(&other, None).len(), number(&path, SKETCHES)), (1_000, 0));
    many(&store, 8..10);
    put(&store, &url(2, 77), &[text("of the third site"), text("also")]);
    embed(&store, 9);
    assert!(number(&path, SKETCHES) >= 16);
    assert!(number(&path, "SELECT max(length(sketches)) FROM vector_sketches") <= 1_024 * 8);
    // One that has read them all as vectors, and one that reads the sketches, narrowed and not, once and again.
    let again = stores::open(&path, Config::default()).unwrap();
    for source in [None, Some("a.test"), Some("c.test"), None] {
        let found = by_meaning(&again, source);
        assert_eq!((&by_meaning(&store, source), &by_meaning(&other, source)), (&found, &found), "{source:?}");
        assert_eq!(found.len(), if source == Some("c.test") { 2 } else { 1_000 });
    }
    store.remove_page(None, &url(2, 77)).unwrap();
    for store in [&store, &other, &again] {
        assert_eq!(by_meaning(store, Some("a.test")).len(), 1_000);
        assert!(by_meaning(store, Some("c.test")).is_empty());
    }
    assert!(again.check().unwrap().is_whole());
}

/// Nothing is lost with them: the answer is the one it was, and they are made anew.
#[test]
fn sketches_that_are_not_what_was_stored_are_done_without_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    many(&store, 0..10);
    let expected = by_meaning(&store, None);
    drop(store);
    let (whole, rows) = (fs::read(&path).unwrap(), number(&path, SKETCHES));
    for sql in [
        "UPDATE vector_sketches SET sketches = zeroblob(length(sketches)) WHERE last < 3000",
        "UPDATE vector_sketches SET passages = substr(passages, 9), factors = substr(factors, 5)",
        "UPDATE vector_sketches SET after = 0",
        "DELETE FROM vector_sketches WHERE last IN (SELECT last FROM vector_sketches ORDER BY last LIMIT 3)",
        "UPDATE models SET center = x'01020304'",
        "UPDATE models SET center = NULL",
    ] {
        fs::write(&path, &whole).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let standing = Store::open_to_read(&path, Config::default()).unwrap();
        assert_eq!(by_meaning(&standing, None), expected, "{sql}");
        let store = stores::open(&path, Config::default()).unwrap();
        let is_told = !sql.starts_with("DELETE");
        assert_eq!(store.check().unwrap().is_whole(), !is_told, "{sql}");
        assert_eq!(by_meaning(&store, None), expected, "{sql}");
        if sql.contains("center = NULL") {
            // With the next vectors.
            many(&store, 10..11);
        }
        let check = store.check().unwrap();
        assert!(check.is_whole(), "{sql}: {check:?}");
        assert!(number(&path, SKETCHES) >= rows, "{sql}");
        assert_eq!(store.progress(MODEL).unwrap().embedded, store.progress(MODEL).unwrap().chunks, "{sql}");
    }
}

/// The last vector of a row of sketches may have gone: what is before it has its sketches again all the same.
#[test]
fn sketches_of_a_row_whose_last_vector_is_gone_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    many(&store, 0..10);
    drop(store);
    let rows = number(&path, SKETCHES);
    let last = "(SELECT min(last) FROM vector_sketches)";
    Connection::open(&path).unwrap().execute_batch(&format!("UPDATE vectors SET checksum = checksum + 1 WHERE id = {last}")).unwrap();
    let store = stores::open(&path, Config::default()).unwrap();
    let chunks: Vec<_> = (0..2_000).map(|chunk| text(&format!("page 0 chunk {chunk}"))).collect();
    put(&store, &url(0, 0), &chunks);
    assert_eq!(embed(&store, 9_000).len(), 1);
    let expected = by_meaning(&store, None);
    assert!(store.check().unwrap().is_whole());
    drop(store);
    let sql = format!("UPDATE vector_sketches SET sketches = zeroblob(length(sketches)) WHERE last = {last}");
    Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    let store = stores::open(&path, Config::default()).unwrap();
    assert_eq!(by_meaning(&store, None), expected);
    assert_eq!(number(&path, SKETCHES), rows, "none is without its sketch");
    assert!(store.check().unwrap().is_whole());
}

/// A damaged byte of a vector costs that vector and no other, with sketches and without.
#[test]
fn a_vector_that_is_not_what_was_stored_is_told_and_healed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    many(&store, 0..1);
    drop(store);
    let few = fs::read(&path).unwrap();
    let store = stores::open(&path, Config::default()).unwrap();
    many(&store, 1..9);
    drop(store);
    let sketched = fs::read(&path).unwrap();
    for (whole, pages, sql) in [
        (&sketched, 9, "UPDATE vectors SET data = zeroblob(length(data)) WHERE id = 3"),
        (&sketched, 9, "DELETE FROM vectors WHERE id = 3"),
        (&few, 1, "UPDATE vectors SET data = CAST(x'00' AS TEXT) WHERE id = 3"),
        (&few, 1, "UPDATE vectors SET passage = passage + 1 WHERE id = 3"),
        (&few, 1, "UPDATE vectors SET checksum = checksum + 1 WHERE id = 3"),
        (&few, 1, "UPDATE embedded SET vector = vector + 1000000 WHERE vector = 3"),
        (&few, 1, "UPDATE page_chunks SET chunks = x'0001'"),
        (&few, 1, "UPDATE page_chunks SET source = NULL"),
        (&few, 1, "UPDATE page_chunks SET page = 777"),
        (&few, 1, "DELETE FROM page_chunks"),
    ] {
        fs::write(&path, whole).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let store = stores::open(&path, Config::default()).unwrap();
        assert!(!store.check().unwrap().is_whole(), "{sql}");
        let query = Query { mode: Mode::Dense, limit: 20_000, per_page: PerPage::All, ..Query::new("x") };
        let answer = store.search(&query, Some(&[0.5; 4]), MODEL);
        if sql.contains("SET data") || sql.contains("SET chunks") {
            let error = answer.unwrap_err();
            assert!(matches!(error, Error::Damaged { .. }) && error.to_string().contains(".test/"), "{sql}: {error:?}");
        }
        let chunks: Vec<_> = (0..2_000).map(|chunk| text(&format!("page 0 chunk {chunk}"))).collect();
        put(&store, &url(0, 0), &chunks);
        let lacking = embed(&store, 9_000).len();
        assert!(lacking <= 2, "{sql}: {lacking}");
        let check = store.check().unwrap();
        assert!(check.is_whole(), "{sql}: {check:?}");
        let chunks = 2_000 * pages;
        assert_eq!(store.progress(MODEL).unwrap(), EmbedProgress { chunks, embedded: chunks }, "{sql}");
        assert_eq!(dense(&store, Query::new("x")).len(), 1_000, "{sql}");
    }
}

#[test]
fn counts_that_are_wrong_are_found() {
    for sql in [
        "UPDATE sources SET pages = pages + 1",
        "UPDATE sources SET chunks = chunks - 1",
        "UPDATE sources SET code_examples = 7",
        "UPDATE sources SET embedded = 0",
        "UPDATE languages SET examples = 2",
        "DELETE FROM languages",
        "INSERT INTO languages VALUES (1, 'rust', 1)",
        "UPDATE models SET chunks = chunks + 1",
        "UPDATE models SET vectors = vectors + 1",
        "UPDATE passages SET uses = uses + 1 WHERE id = 1",
        "UPDATE passages SET uses = 0",
        "DELETE FROM embedded WHERE vector = 1; UPDATE models SET chunks = 1, vectors = 1; UPDATE sources SET embedded = 1",
        "UPDATE passages SET hash = x'00112233445566778899aabbccddeeff' WHERE id = 1",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let store = stores::open(&path, Config::default()).unwrap();
        put(&store, &url(0, 0), &[text("one"), code("two", "sh")]);
        embed(&store, 9);
        assert!(store.check().unwrap().is_whole());
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let check = store.check().unwrap();
        assert!(!check.is_whole() && check.faults.len() == 1, "{sql}: {check:?}");
        // Wrong as they are, they keep nobody from storing and removing.
        put(&store, &url(0, 1), &[text("one"), text("three")]);
        put(&store, &url(0, 0), &[text("two")]);
        assert_eq!(store.remove_source(&SourceId::of(&url(0, 0))).unwrap(), 2, "{sql}");
        assert_eq!(store.sources().unwrap(), []);
    }
}

#[test]
fn what_is_kept_of_removed_pages_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let store = stores::open(folder.path().join("index.db"), Config::default()).unwrap();
    let page = |number: usize| (0..1_000).map(|chunk| text(&format!("{number} {chunk}"))).collect::<Vec<_>>();
    for number in 0..12 {
        put(&store, &url(0, number), &page(number));
        embed(&store, 1_000);
    }
    store.remove_source(&SourceId::of(&url(0, 0))).unwrap();
    let check = store.check().unwrap();
    assert!(check.is_whole() && (8_000..=10_000).contains(&check.vectors), "{check:?}");
    // The oldest are gone.
    for (number, lacking) in [(11, 0), (5, 0), (0, 1_000)] {
        put(&store, &url(1, number), &page(number));
        assert_eq!(store.pending(MODEL, 2_000).unwrap().len(), lacking, "{number}");
    }
    while !embed(&store, 1_000).is_empty() {}
    assert_eq!(dense(&store, Query::new("x")).len(), 1_000);
    assert!(store.check().unwrap().is_whole());
}

/// A file that version 0.1.0 of the schema's third version has written: four pages and their vectors by the bundled model.
#[test]
fn an_older_file_keeps_its_vectors() {
    let model = "all-MiniLM-L6-v2-int8-384";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/version-3.db"), &path).unwrap();
    let old = |sql: &str| Connection::open(&path).unwrap().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((old("PRAGMA user_version"), old("SELECT count(*) FROM vectors")), (3, 5), "it was not made anew");
    let bytes: Vec<u8> =
        Connection::open(&path).unwrap().query_row("SELECT data FROM vectors WHERE chunk = 1", [], |row| row.get(0)).unwrap();
    let store = stores::open(&path, Config::default()).unwrap();
    assert_eq!(store.progress(model).unwrap(), EmbedProgress { chunks: 5, embedded: 5 });
    assert_eq!(store.pending(model, 9).unwrap(), []);
    let vector: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte.cast_signed())).collect();
    let hits = store.search(&Query { mode: Mode::Dense, per_page: PerPage::All, ..Query::new("x") }, Some(&vector), model).unwrap();
    assert!(hits[0].chunk.text.contains("herons"), "{hits:?}");
    let check = store.check().unwrap();
    assert!(check.is_whole() && (check.pages, check.vectors) == (4, 4), "one passage stands on two pages: {check:?}");
    // And its words.
    assert_eq!(store.search(&Query { mode: Mode::Lexical, ..Query::new("storks") }, None, model).unwrap().len(), 1);
}
