//! The store through its public API: what is promised about replacing, finding, sharing one file, and failing.

#[path = "support/stores.rs"]
mod stores;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use smolcrawl::chunk;
use smolcrawl::model::{
    Chunk, ChunkKind, Document, EmbedProgress, Embedded, Heading, Hit, Metadata, Mode, PageKind, PerPage, Query, SourceId, Translation,
    Validators, Wanted,
};
use smolcrawl::store::{Config, CutPage, Error, Put, Store};
use url::Url;

const MODEL: &str = "test-4";

fn document(url: &str, title: &str, markdown: &str) -> Document {
    Document::new(Url::parse(url).unwrap(), title, markdown, SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123))
}

fn put(store: &Store, url: &str, markdown: &str) -> Put {
    let document = document(url, "Title", markdown);
    store.put(&document, &chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() })).unwrap()
}

fn put_in(store: &Store, source: &str, url: &str, markdown: &str) {
    let page = CutPage { source: Some(SourceId::named(source).unwrap()), ..cut(url, markdown) };
    store.put_all(&[page], None).unwrap();
}

fn cut(url: &str, markdown: &str) -> CutPage {
    let document = document(url, "Title", markdown);
    let chunks = chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
    CutPage { source: None, document, chunks }
}

fn query(text: &str, mode: Mode) -> Query {
    Query { mode, per_page: PerPage::All, ..Query::new(text) }
}

fn by_words(store: &Store, text: &str) -> Vec<Hit> {
    store.search(&query(text, Mode::Lexical), None, MODEL).unwrap()
}

fn paths(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.url.path()).collect()
}

/// Gives every pending chunk the vector that `meaning` finds for its passage.
fn embed(store: &Store, meaning: impl Fn(&str) -> [f32; 4]) -> usize {
    let pending = store.pending(MODEL, 1_000).unwrap();
    let vectors = pending.iter().map(|pending| Embedded { chunk: pending.chunk, vector: meaning(&pending.passage).to_vec() });
    store.put_vectors(MODEL, &vectors.collect::<Vec<_>>()).unwrap();
    pending.len()
}

/// A direction of its own for each of a few words.
fn meaning(passage: &str) -> [f32; 4] {
    let mut vector = ["apple", "brick", "cloud"].map(|word| if passage.contains(word) { 1.0 } else { 0.0 }).to_vec();
    vector.push(0.1);
    let length = vector.iter().map(|component| component * component).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|component| *component /= length);
    vector.try_into().unwrap()
}

const APPLE: [f32; 4] = [1.0, 0.0, 0.0, 0.0];
const BRICK: [f32; 4] = [0.0, 1.0, 0.0, 0.0];

/// As one after the other, also where one of them is there already, and where one replaces another of them.
#[test]
fn pages_put_together_are_as_those_put_one_by_one() {
    let pages = [
        ("https://a.test/1", "# One\n\napple pie\n"),
        ("https://a.test/2", "# Two\n\nbrick wall\n"),
        ("https://b.test/3", "# Three\n\ncloud over the wall\n"),
        ("https://a.test/1", "# One\n\npear tart\n"),
        ("https://a.test/4", "# Four\n\napple tree\n"),
        ("https://a.test/4", "# Four\n\napple tree\n"),
    ];
    let (together, apart) = (stores::in_memory(), stores::in_memory());
    for store in [&together, &apart] {
        put(store, "https://a.test/2", "# Two\n\nold brick\n");
    }
    let cut: Vec<_> = pages.iter().map(|(url, markdown)| cut(url, markdown)).collect();
    let expected = [Put::Added, Put::Replaced, Put::Added, Put::Replaced, Put::Added, Put::Unchanged];
    assert_eq!(together.put_all(&cut, None).unwrap(), expected);
    assert_eq!(pages.map(|(url, markdown)| put(&apart, url, markdown)), expected);
    for word in ["apple", "pie", "tart", "brick", "old", "wall", "cloud", "tree", "title", "one"] {
        let found = |store: &Store| {
            let mut found: Vec<_> = by_words(store, word).into_iter().map(|hit| (hit.url, hit.chunk.text)).collect();
            found.sort();
            found
        };
        assert_eq!(found(&together), found(&apart), "{word}");
    }
    assert_eq!((paths(&by_words(&together, "apple")), by_words(&together, "pie").len()), (vec!["/4"], 0));
    for store in [together, apart] {
        assert!(store.check().unwrap().is_whole());
    }
}

#[test]
fn a_page_comes_back_as_it_was_put() {
    let store = stores::in_memory();
    let mut page = document("https://a.test/x?y=1", "Ünï", "# H\n\ntext\n");
    page.validators =
        Validators { etag: Some("\"1\"".into()), last_modified: Some("yesterday".into()), twin: Some(page.url.join("/en.md").unwrap()) };
    let chunks = vec![
        Chunk {
            ordinal: 0,
            heading_path: vec!["H \"q\"".into(), "I".into()],
            text: "text".into(),
            kind: ChunkKind::Text,
            anchor: Some("h-q".into()),
        },
        Chunk {
            ordinal: 1,
            heading_path: vec![],
            text: "code();".into(),
            kind: ChunkKind::Code { language: Some("rust".into()), context: "why".into() },
            anchor: None,
        },
    ];
    assert_eq!(store.put(&page, &chunks).unwrap(), Put::Added);
    assert_eq!(store.page(&page.url).unwrap().unwrap(), page);
    let hits = by_words(&store, "text");
    assert_eq!((&hits[0].chunk, hits[0].title.as_str(), hits[0].source.as_str()), (&chunks[0], "Ünï", "a.test"));
    let code = store.search(&Query { wanted: Wanted::Code, ..query("why code", Mode::Lexical) }, None, MODEL).unwrap();
    assert_eq!(code[0].chunk, chunks[1]);
    assert_eq!(store.validators(&SourceId::of(&page.url)).unwrap(), [(page.url.clone(), page.validators.clone())]);
    let later = page.fetched_at + Duration::from_secs(60);
    store.touch(&SourceId::of(&page.url), &page.url, later).unwrap();
    assert_eq!(store.pages(&SourceId::of(&page.url)).unwrap()[0].fetched_at, later);
}

#[test]
fn pages_and_sources_are_listed_in_parts() {
    let store = stores::in_memory();
    assert_eq!((store.pages_after("", "", 5).unwrap(), store.sources_after("", "", 5).unwrap()), (vec![], vec![]));
    for host in ["b.test", "a.test", "a.test:81", "c.test"] {
        for path in ["", "z", "a", "a/b", "b?c=%20d"] {
            put(&store, &format!("http://{host}/{path}"), "Ein Wört.");
        }
    }
    put(&store, "https://a.test/", "Text.");
    store.remove_source(&SourceId::parse("c.test").unwrap()).unwrap();

    let begin = |prefix, after| store.pages_after(prefix, after, 2).unwrap().iter().map(|page| page.url.to_string()).collect::<Vec<_>>();
    assert_eq!(begin("http://b.test/a", ""), ["http://b.test/a", "http://b.test/a/b"]);
    assert_eq!(begin("http://b.test/a", "http://b.test/a"), ["http://b.test/a/b"], "a prefix may be an address itself");
    assert_eq!(begin("http://b.test/a", "http://b.test/z"), [] as [&str; 0]);
    assert_eq!(begin("http://a.test:", ""), ["http://a.test:81/", "http://a.test:81/a"]);
    assert_eq!((store.count_pages("http://b.test/a").unwrap(), store.count_pages("http://b.test/%").unwrap()), (2, 0));
    assert_eq!(store.pages_after("http://b.test/a", "", 1).unwrap()[0].bytes, "Ein Wört.".len() as u64);

    let names =
        |prefix, after, limit| store.sources_after(prefix, after, limit).unwrap().iter().map(SourceId::to_string).collect::<Vec<_>>();
    assert_eq!(names("", "", 9), ["a.test", "a.test:81", "b.test"], "what is removed is no source");
    assert_eq!(names("", "a.test", 1), ["a.test:81"]);
    assert_eq!(names("b", "", 9), ["b.test"]);

    // Part by part they are all, in their order, whatever is removed or added in between.
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let part = store.pages_after("", &after, 4).unwrap();
        let Some(last) = part.last() else { break };
        assert!(part.len() <= 4);
        after = last.url.to_string();
        seen.extend(part.iter().map(|page| page.url.to_string()));
        store.remove_page(None, &part[0].url).unwrap();
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (16, &sorted));
}

#[test]
fn a_replaced_page_is_found_by_its_new_words_only() {
    let store = stores::in_memory();
    assert_eq!(put(&store, "https://a.test/", "# A\n\nzebra\n\n# B\n\nyak\n"), Put::Added);
    assert_eq!(put(&store, "https://a.test/", "# A\n\nzebra\n\n# C\n\nowl\n"), Put::Replaced);
    assert_eq!(by_words(&store, "yak"), []);
    assert_eq!(by_words(&store, "zebra owl").len(), 2);
    let renamed = document("https://a.test/", "Aviary", "# A\n\nzebra\n\n# C\n\nowl\n");
    let chunks = chunk::split(&renamed, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
    assert_eq!(store.put(&renamed, &chunks).unwrap(), Put::Replaced);
    assert_eq!(by_words(&store, "aviary").len(), 2);
    assert_eq!(by_words(&store, "title"), []);
}

#[test]
fn an_unchanged_page_takes_over_its_validators_and_keeps_its_vectors() {
    let store = stores::in_memory();
    let mut page = document("https://a.test/", "T", "apple");
    let chunks = chunk::split(&page, &chunk::Config::default());
    store.put(&page, &chunks).unwrap();
    assert_eq!(embed(&store, meaning), 1);
    page.validators.etag = Some("new".into());
    page.fetched_at += Duration::from_secs(5);
    assert_eq!(store.put(&page, &chunks).unwrap(), Put::Unchanged);
    assert_eq!(store.page(&page.url).unwrap().unwrap(), page);
    assert_eq!(store.pending(MODEL, 10).unwrap(), []);
    // The same text cut otherwise is another page to a search.
    let recut = vec![Chunk { heading_path: vec!["H".into()], ..chunks[0].clone() }];
    assert_eq!(store.put(&page, &recut).unwrap(), Put::Replaced);
    assert_eq!(store.pending(MODEL, 10).unwrap().len(), 1);
}

#[test]
fn chunks_that_say_the_same_keep_their_vectors() {
    let store = stores::in_memory();
    put(&store, "https://a.test/", "# A\n\napple\n\n# B\n\nbrick\n\n# B\n\nbrick\n");
    assert_eq!(embed(&store, meaning), 2, "what is said twice is embedded once");
    assert_eq!(put(&store, "https://a.test/", "# N\n\ncloud\n\n# B\n\nbrick\n\n# A\n\napple\n"), Put::Replaced);
    let pending = store.pending(MODEL, 10).unwrap();
    assert_eq!(pending.iter().map(|pending| pending.passage.as_str()).collect::<Vec<_>>(), ["N\ncloud"]);
    assert_eq!(store.progress(MODEL).unwrap(), EmbedProgress { chunks: 3, embedded: 2 });
    let hits = store.search(&query("?", Mode::Dense), Some(&BRICK), MODEL).unwrap();
    assert_eq!((hits.len(), hits[0].chunk.text.as_str(), hits[0].chunk.ordinal), (2, "brick", 1));
}

#[test]
fn a_vector_that_comes_late_meets_no_other_chunk() {
    let store = stores::in_memory();
    put(&store, "https://a.test/", "apple");
    let pending = store.pending(MODEL, 10).unwrap();
    put(&store, "https://a.test/", "brick");
    store.put_vectors(MODEL, &[Embedded { chunk: pending[0].chunk, vector: APPLE.to_vec() }]).unwrap();
    assert_eq!(store.progress(MODEL).unwrap(), EmbedProgress { chunks: 1, embedded: 0 });
    assert_eq!(store.pending(MODEL, 10).unwrap()[0].passage, "brick");
}

#[test]
fn pending_gives_text_before_code_and_batches_by_length() {
    let store = stores::in_memory();
    let code = "# A\n\nlonger words here\n\n```sh\na\nb\n```\n";
    put(&store, "https://a.test/1", code);
    put(&store, "https://a.test/2", "short");
    let first = store.pending(MODEL, 2).unwrap();
    assert_eq!(first[0].passage, "short");
    assert!(first[1].passage.starts_with("A\nlonger words here"));
    embed(&store, meaning);
    put(&store, "https://a.test/3", "late");
    assert_eq!(store.pending(MODEL, 10).unwrap().len(), 1);
    assert_eq!(store.pending("another model", 10).unwrap().len(), 4);
}

#[test]
fn a_search_is_narrowed_to_source_kind_and_page() {
    let store = stores::in_memory();
    put(&store, "https://a.test/1", "# X\n\napple one\n\n# Y\n\napple two\n\n```sh\necho apple\necho done\n```\n");
    put(&store, "https://b.test:8080/2", "apple three");
    embed(&store, meaning);
    for mode in [Mode::Lexical, Mode::Dense, Mode::Hybrid] {
        let ask = |query: Query| store.search(&query, Some(&APPLE), MODEL).unwrap();
        assert_eq!(ask(query("apple", mode)).len(), 3, "{mode:?}");
        let b = SourceId::parse("b.test:8080");
        assert_eq!(paths(&ask(Query { sources: b.into_iter().collect(), ..query("apple", mode) })), ["/2"], "{mode:?}");
        assert_eq!(ask(Query { per_page: PerPage::Best, ..query("apple", mode) }).len(), 2, "{mode:?}");
        let code = ask(Query { wanted: Wanted::Code, ..query("apple", mode) });
        assert!(code.len() == 1 && code[0].chunk.text.contains("echo"), "{mode:?}");
        assert_eq!(ask(Query { limit: 1, ..query("apple", mode) }).len(), 1, "{mode:?}");
    }
    let unknown = Query { sources: SourceId::parse("c.test").into_iter().collect(), ..query("apple", Mode::Lexical) };
    assert!(matches!(store.search(&unknown, None, MODEL), Err(Error::UnknownSource { .. })));
}

/// One page is one hit by default; what else of it answers is joined, and what is between is told to be left out.
#[test]
fn a_page_is_one_hit_with_its_passages_joined() {
    let store = stores::in_memory();
    let section = |name: &str, text: &str| format!("## {name}\n\n{text}\n\n");
    let filler = "Clay is dug and washed and dried in the sun, which takes a while. ".repeat(5);
    let markdown =
        ["# Page\n\n".to_owned(), section("One", "An apple is red."), section("Two", &filler), section("Three", "An apple is green.")];
    put(&store, "https://a.test/long", &markdown.concat());
    put(&store, "https://a.test/short", "An apple lies on a brick.");
    embed(&store, meaning);
    for mode in [Mode::Lexical, Mode::Dense, Mode::Hybrid] {
        let ask = |per_page| store.search(&Query { per_page, ..query("red or green apple", mode) }, Some(&APPLE), MODEL).unwrap();
        let hits = ask(PerPage::Best);
        assert_eq!(hits.len(), 2, "{mode:?}");
        let long = hits.iter().find(|hit| hit.url.path() == "/long").unwrap();
        assert_eq!(long.text, "An apple is red.\n\n[…]\n\n## Three\n\nAn apple is green.", "{mode:?}");
        let counts = |hits: &[Hit]| hits.iter().filter(|hit| hit.url.path() == "/long").count();
        assert_eq!((counts(&ask(PerPage::AtMost(1))), counts(&ask(PerPage::AtMost(2)))), (1, 2), "{mode:?}");
        assert!(ask(PerPage::All).iter().all(|hit| hit.text == hit.chunk.text), "{mode:?}");
    }
}

#[test]
fn what_is_said_twice_is_one_hit_that_names_both_pages() {
    let store = stores::in_memory();
    let text = "An apple falls from its tree when it is ripe, and whoever stands below may eat it or leave it where it lies.";
    put(&store, "https://a.test/1/apples", text);
    put(&store, "https://a.test/2/apples", &text.replace("tree", "Tree"));
    put(&store, "https://a.test/3/apples", &format!("{text} {}", "A pear does not.".repeat(20)));
    let ask = |per_page| store.search(&Query { per_page, ..query("when does an apple fall", Mode::Lexical) }, None, MODEL).unwrap();
    let hits = ask(PerPage::Best);
    assert_eq!((hits.len(), ask(PerPage::All).len()), (2, 3));
    let twice = hits.iter().find(|hit| !hit.same_as.is_empty()).unwrap();
    let both: std::collections::BTreeSet<_> = [twice.url.path(), twice.same_as[0].path()].into();
    assert_eq!(both, ["/1/apples", "/2/apples"].into());
}

#[test]
fn fewer_answers_are_the_first_of_more() {
    let store = stores::in_memory();
    for page in 0..400 {
        // The more there is beside it the further behind a page stands, but for what stands there letter for letter.
        let more = format!("leaf{page} ").repeat(4 + page);
        let words = if page % 9 == 0 { "A kettle that is red" } else { "A red kettle" };
        let matter = ["apple", "brick", "cloud", "tea"][page % 4];
        put(&store, &format!("https://a.test/{page}"), &format!("{words} {matter} {more}"));
    }
    embed(&store, meaning);
    for mode in [Mode::Lexical, Mode::Hybrid] {
        let ask = |limit| {
            let query = Query { mode, limit, ..Query::new("kettle \"that is red\"") };
            paths(&store.search(&query, Some(&BRICK), MODEL).unwrap()).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let all = ask(100);
        for limit in [1, 2, 5, 10, 20, 50, 66, 67, 90] {
            assert_eq!(ask(limit), all[..limit], "{mode:?} {limit}");
        }
    }
}

#[test]
fn the_preferred_version_stands_there_however_few_are_asked_for() {
    let store = stores::in_memory();
    let text = |page: &str| {
        format!("The red kettle of the {page} boils the water of the house in the morning, and is emptied at night by whoever is there.")
    };
    for (source, prefix) in [("docs@1", "1"), ("docs@2", "2")] {
        for page in ["kitchen", "garden", "cellar"] {
            let more = if prefix == "1" { " The red kettle." } else { "" };
            put_in(&store, source, &format!("https://a.test/{prefix}/{page}"), &format!("{}{more}", text(page)));
        }
    }
    let ask = |limit| {
        let query = Query { mode: Mode::Lexical, limit, ..Query::new("red kettle of the kitchen") };
        paths(&store.search(&query, None, MODEL).unwrap()).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = ask(3);
    assert_eq!(all[0], "/2/kitchen");
    assert!(all.iter().all(|path| path.starts_with("/2/")), "{all:?}");
    for limit in [1, 2] {
        assert_eq!(ask(limit), all[..limit]);
    }
}

#[test]
fn what_is_said_everywhere_takes_no_place_of_what_is_said_once() {
    let store = stores::in_memory();
    for page in 0..100 {
        put(&store, &format!("https://a.test/{page}"), "An apple a day.");
    }
    let other = format!("An apple is a fruit. {}", "Much else is told of it here. ".repeat(20));
    put(&store, "https://a.test/other", &other);
    let hits = store.search(&Query { mode: Mode::Lexical, ..Query::new("apple") }, None, MODEL).unwrap();
    assert_eq!((hits.len(), paths(&hits)[1]), (2, "/other"));
}

#[test]
fn a_name_is_found_letter_for_letter() {
    let store = stores::in_memory();
    for page in 0..30 {
        put(
            &store,
            &format!("https://a.test/{page}"),
            &format!("The kettle task group of page {page} is missing, ok? Kettle kettle task."),
        );
    }
    put(&store, "https://a.test/exact", &format!("{} At last kettle.missing\\_ok is told.", "Much else is said of tea. ".repeat(20)));
    embed(&store, meaning);
    for mode in [Mode::Lexical, Mode::Hybrid] {
        let hits = store.search(&query("kettle.missing_ok", mode), Some(&BRICK), MODEL).unwrap();
        assert_eq!(hits[0].url.path(), "/exact", "{mode:?}");
        assert!(hits[0].evidence.exact > 0.0 && hits[1].evidence.exact == 0.0, "{mode:?}");
    }
}

#[test]
fn release_notes_and_contents_stand_behind_what_they_lead_to() {
    let store = stores::in_memory();
    let text = |more: &str| format!("The apple of a tree is picked by hand{more}");
    put(&store, "https://a.test/whatsnew/2.html", &text(" now."));
    put(&store, "https://a.test/genindex.html", &text(" page."));
    put(&store, "https://a.test/guide.html", &text(" too."));
    put(&store, "https://a.test/other.html", &format!("An apple. {}", "Much else is said of tea. ".repeat(20)));
    let hits = by_words(&store, "how is an apple picked");
    assert_eq!(hits[0].url.path(), "/guide.html", "{:?}", paths(&hits));
    let changes = by_words(&store, "what is new in how an apple is picked");
    assert_eq!(changes[0].url.path(), "/whatsnew/2.html", "{:?}", paths(&changes));
}

#[test]
fn where_the_model_knows_nothing_the_words_decide() {
    let store = stores::in_memory();
    put(&store, "https://a.test/words", "zwetschge");
    put(&store, "https://a.test/meaning", "apple");
    embed(&store, meaning);
    let first = |familiarity| {
        let query = Query { familiarity, ..query("zwetschge", Mode::Hybrid) };
        store.search(&query, Some(&APPLE), MODEL).unwrap().swap_remove(0)
    };
    assert_eq!(first(1.0).url.path(), "/meaning");
    let hit = first(0.0);
    assert_eq!((hit.url.path(), hit.evidence.weight_of_meaning, hit.evidence.cosine), ("/words", 0.0, None));
    // Between the two it is less and less that meaning weighs, and little where one name is all that is asked for.
    for (asked, familiarity, expected) in
        [("zwetschge", 1.0, 0.8), ("zwetschge", 0.5, 0.5), ("zwetschge", 0.01, 0.206), ("E0502", 1.0, 0.15), ("429", 0.5, 0.15)]
    {
        let query = Query { familiarity, ..query(asked, Mode::Hybrid) };
        let weight = store.search(&query, Some(&APPLE), MODEL).unwrap()[0].evidence.weight_of_meaning;
        assert!((weight - expected).abs() < 0.001, "{asked}, {familiarity}: {weight}");
    }
}

#[test]
fn a_search_is_narrowed_to_addresses_and_languages() {
    let store = stores::in_memory();
    // Better matches elsewhere, more than a search looks at.
    for page in 0..150 {
        put(
            &store,
            &format!("https://a.test/other/{page}"),
            &format!("apple apple apple {page}\n\n```rust\napple(apple);\n// {page}\n```\n"),
        );
    }
    put(&store, "https://a.test/guide/1", "One apple among much else that is said here.\n\n```python\nan = \"apple\"\nprint(an)\n```\n");
    put(&store, "https://a.test/guidebook", "apple\n\n```py\napple\nprint()\n```\n");
    embed(&store, meaning);
    for mode in [Mode::Lexical, Mode::Dense, Mode::Hybrid] {
        let ask = |query: Query| store.search(&query, Some(&APPLE), MODEL).unwrap();
        let below = |prefix: &str| Query { url_prefix: Some(prefix.into()), ..query("apple", mode) };
        assert_eq!(paths(&ask(below("https://a.test/guide/"))), ["/guide/1"], "{mode:?}");
        assert_eq!(ask(below("https://a.test/guide")).len(), 2, "{mode:?}");
        assert_eq!(ask(below("https://a.test/")).len(), 10, "{mode:?}");
        let code = |languages: &[&str]| Query {
            wanted: Wanted::Code,
            languages: languages.iter().map(|&name| name.into()).collect(),
            ..query("apple", mode)
        };
        assert_eq!(paths(&ask(code(&["python"]))), ["/guide/1"], "{mode:?}");
        assert_eq!(ask(code(&["python", "py"])).len(), 2, "{mode:?}");
        assert_eq!(ask(code(&["go"])), [], "{mode:?}");
        let both = Query { url_prefix: Some("https://a.test/guidebook".into()), ..code(&["python", "py"]) };
        assert_eq!(paths(&ask(both)), ["/guidebook"], "{mode:?}");
    }
    let unknown = Query { url_prefix: Some("https://b.test/".into()), ..query("apple", Mode::Lexical) };
    let error = store.search(&unknown, None, MODEL).unwrap_err();
    assert!(matches!(error, Error::UnknownPrefix { .. }) && error.hint().is_some(), "{error:?}");
    let languages = [("rust", 150), ("py", 1), ("python", 1)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(store.languages(None).unwrap(), languages);
    assert_eq!(store.languages(SourceId::parse("b.test").as_ref()).unwrap(), []);
    // The same again, after a change.
    let guide = || Query { url_prefix: Some("https://a.test/guide/".into()), ..query("apple", Mode::Lexical) };
    let asked = |store: &Store| store.search(&guide(), None, MODEL).map(|hits| hits.len());
    assert_eq!((asked(&store).unwrap(), asked(&store).unwrap()), (1, 1));
    put(&store, "https://a.test/guide/2", "Another apple.");
    assert_eq!(asked(&store).unwrap(), 2);
    store.remove_source(&SourceId::parse("a.test").unwrap()).unwrap();
    assert!(matches!(asked(&store), Err(Error::UnknownPrefix { .. })));
}

#[test]
fn a_search_is_narrowed_to_kinds_of_pages_and_dates() {
    let store = stores::in_memory();
    let put_dated = |path: &str, modified: Option<&str>, published: Option<&str>, served: Option<&str>| {
        let mut page = document(&format!("https://a.test/{path}"), "Title", &format!("An apple of the {path}."));
        page.metadata.modified = modified.map(str::to_owned);
        page.metadata.published = published.map(str::to_owned);
        page.validators.last_modified = served.map(str::to_owned);
        store.put(&page, &chunk::split(&page, &chunk::Config { min_chars: 0, ..chunk::Config::default() })).unwrap();
    };
    put_dated("guide", Some("2025-03-02"), None, Some("Sat, 01 Jan 2000 00:00:00 GMT"));
    put_dated("blog/tea", None, Some("2025-01-31T23:30:00-02:00"), None);
    put_dated("changelog", None, None, Some("Fri, 07 Feb 2025 10:00:00 GMT"));
    put_dated("old", Some("2019-01-01T10:00:00Z"), Some("2025-05-05"), None);
    put_dated("genindex", Some("2460000.5"), None, None);
    put_dated("undated", None, None, Some("lately"));
    embed(&store, meaning);
    for mode in [Mode::Lexical, Mode::Dense, Mode::Hybrid] {
        let ask = |kinds: &[PageKind], since: Option<&str>| {
            let asked = Query { kinds: kinds.to_vec(), since: since.map(str::to_owned), per_page: PerPage::All, ..query("apple", mode) };
            let hits = store.search(&asked, Some(&APPLE), MODEL).unwrap();
            let mut found: Vec<_> = hits.iter().map(|hit| hit.url.path().to_owned()).collect();
            found.sort();
            found
        };
        assert_eq!(ask(&[PageKind::Blog], None), ["/blog/tea"], "{mode:?}");
        assert_eq!(ask(&[PageKind::Contents, PageKind::ReleaseNotes], None), ["/changelog", "/genindex"], "{mode:?}");
        assert_eq!(ask(&[PageKind::Page], None), ["/guide", "/old", "/undated"], "{mode:?}");
        assert_eq!(ask(&[PageKind::Source], None), [""; 0], "{mode:?}");
        assert_eq!(ask(&[], Some("2025-02-01")), ["/blog/tea", "/changelog", "/guide"], "{mode:?}");
        assert_eq!(ask(&[], Some("2025-02-01T01:30:01Z")), ["/changelog", "/guide"], "{mode:?}");
        assert_eq!(ask(&[PageKind::Page], Some("2018-12-31")), ["/guide", "/old"], "{mode:?}");
    }
    for text in ["", "yesterday", "2460000.5", "2025-13-01", "2025-02-30", "2025-1-1", "now"] {
        let asked = Query { since: Some(text.into()), ..query("apple", Mode::Lexical) };
        let error = store.search(&asked, None, MODEL).unwrap_err();
        assert!(matches!(error, Error::NoDate { .. }) && error.hint().is_some(), "{text:?}: {error:?}");
    }
}

#[test]
fn a_passage_among_others_on_the_matter_comes_before_one_that_is_near_by_itself() {
    let store = stores::in_memory();
    let sections = |words: [&str; 3]| words.map(|word| format!("# {word}\n\nAbout the {word}, and much more of it.\n\n")).concat();
    put(&store, "https://a.test/stray", &sections(["cloud", "apple brick", "brick"]));
    put(&store, "https://a.test/guide", &sections(["apple", "apple brick cloud", "apple"]));
    // Code stands between two texts and is no neighbour of theirs.
    let with_code =
        sections(["apple", "apple brick cloud", "apple"]).replacen("cloud, and", "cloud:\n\n```\nlet x = 1;\nlet y = 2;\n```\n\nand", 1);
    put(&store, "https://a.test/code", &with_code);
    embed(&store, meaning);
    let hits = store.search(&query("x", Mode::Dense), Some(&APPLE), MODEL).unwrap();
    let place = |path: &str, text: &str| hits.iter().position(|hit| hit.url.path() == path && hit.text.contains(text)).unwrap();
    let cosine = |at: usize| hits[at].evidence.cosine.unwrap();
    let (stray, guide) = (place("/stray", "apple brick"), place("/guide", "brick cloud"));
    assert!(guide < stray && cosine(guide) < cosine(stray), "{hits:#?}");
    assert_eq!(hits[guide].score, hits[place("/code", "brick cloud")].score);
}

/// What a question asks for is often said in two passages, one behind the other.
#[test]
fn words_of_passages_beside_one_another_are_found_together() {
    let store = stores::in_memory();
    let sections = |words: [&str; 6]| words.map(|word| format!("# A part\n\nAbout the {word}, and much more of it.\n\n")).concat();
    put(&store, "https://a.test/apart", &sections(["cloud", "apple", "cloud", "cloud", "brick", "cloud"]));
    put(&store, "https://a.test/beside", &sections(["cloud", "apple", "brick", "cloud", "cloud", "cloud"]));
    // Code stands between two texts and is no neighbour of theirs.
    let with_code =
        sections(["cloud", "apple", "brick", "cloud", "cloud", "cloud"]).replace("it.\n", "it:\n\n```\nlet x = 1;\nlet y = 2;\n```\n");
    put(&store, "https://a.test/code", &with_code);
    let hits = by_words(&store, "apple brick");
    let scores = |path: &str| hits.iter().filter(|hit| hit.url.path() == path).map(|hit| hit.score).collect::<Vec<_>>();
    let (beside, apart) = (scores("/beside"), scores("/apart"));
    assert_eq!((beside.len(), apart.len()), (2, 2), "none is found that has none of the words: {hits:#?}");
    assert!(beside.iter().chain(&scores("/code")).all(|score| score > &apart[0]), "{hits:#?}");
    // What is told of a passage is of its own words.
    assert!(hits.iter().all(|hit| (0.4..0.6).contains(&hit.evidence.words_found)), "{hits:#?}");
}

/// Texts, the links in them included, are there once, whoever says them, and go with the last who does.
#[test]
fn the_second_version_of_a_manual_costs_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    let sources = ["1.0", "2.0"].map(|version| SourceId::new("manual", Some(version)).unwrap());
    let text = |version: &str, page: usize, changed: &str| {
        let section = |n: usize| {
            let words = "It stands in shallow water and waits for what passes by. ".repeat(4);
            format!(
                "## Part {n} of {page}\n\n{words}See [part {n}](https://a.test/{version}/page{n}.html).{changed}\n\n```sh\nwatch {page} {n}\n```\n\n"
            )
        };
        (0..6).map(section).collect::<String>()
    };
    let fill = |source: &SourceId, changed: &str| {
        let version = source.version().unwrap();
        for page in 0..20 {
            let text = text(version, page, if page == 7 { changed } else { "" });
            let document = document(&format!("https://a.test/{version}/page{page}.html"), "Page", &text);
            let chunks = chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
            store.put_cut_for(Some(source), &document, &chunks, None).unwrap();
            assert_eq!(store.page(&document.url).unwrap().unwrap().markdown, text);
        }
    };
    let rows = || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        ["sayings", "parts"]
            .map(|table| connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap())
    };
    fill(&sources[0], "");
    embed(&store, meaning);
    let first = rows();
    fill(&sources[1], " It flies.");
    let second = rows();
    assert_eq!(second[0] - first[0], 6, "six passages are others");
    assert!((1..=6).contains(&(second[1] - first[1])), "{first:?} {second:?}");
    assert_eq!(embed(&store, meaning), 6);
    let hits = by_words(&store, "watch");
    assert!(hits.iter().all(|hit| !hit.text.contains('\u{1}')));
    let of = |source: &SourceId| {
        let query = Query { sources: vec![source.clone()], ..query("flies", Mode::Lexical) };
        store.search(&query, None, MODEL).unwrap().into_iter().map(|hit| (hit.url.path().to_owned(), hit.chunk.text)).collect::<Vec<_>>()
    };
    let found = of(&sources[1]);
    assert!(found.iter().all(|(path, text)| path == "/2.0/page7.html" && text.contains("https://a.test/2.0/page")), "{found:?}");
    assert!(store.check().unwrap().is_whole());

    fill(&sources[1], "");
    assert_eq!(rows(), first);
    store.remove_source(&sources[0]).unwrap();
    assert_eq!(rows(), first);
    assert!(store.check().unwrap().is_whole());
    assert_eq!(store.page(&"https://a.test/2.0/page3.html".parse().unwrap()).unwrap().unwrap().markdown, text("2.0", 3, ""));
    store.remove_source(&sources[1]).unwrap();
    assert_eq!(rows(), [0, 0]);
}

/// What several pages say and was damaged is told of each, and healed for all by storing one of them again.
#[test]
fn a_text_of_several_pages_that_is_damaged_is_healed_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    let text = "# Herons\n\nAll that is known of herons.\n";
    for page in ["https://a.test/1", "https://a.test/2"] {
        put(&store, page, text);
    }
    let damage = "UPDATE sayings SET text = replace(text, 'known', 'knowm'); UPDATE parts SET text = replace(text, 'known', 'knowm')";
    rusqlite::Connection::open(&path).unwrap().execute_batch(damage).unwrap();
    assert_eq!(store.check().unwrap().damaged, ["https://a.test/1", "https://a.test/2"]);
    assert_eq!(put(&store, "https://a.test/2", text), Put::Replaced);
    let check = store.check().unwrap();
    assert!(check.is_whole(), "{check:?}");
    assert_eq!(store.page(&"https://a.test/1".parse().unwrap()).unwrap().unwrap().markdown, text);
}

#[test]
fn hybrid_works_on_what_is_embedded_so_far() {
    let store = stores::in_memory();
    put(&store, "https://a.test/fruit", "apple is a fruit");
    assert_eq!(paths(&store.search(&query("fruit", Mode::Hybrid), Some(&APPLE), MODEL).unwrap()), ["/fruit"]);
    let error = store.search(&query("fruit", Mode::Dense), Some(&APPLE), MODEL).unwrap_err();
    assert!(matches!(error, Error::NothingEmbedded { .. }) && error.is_transient() && error.hint().is_some());
    embed(&store, meaning);
    put(&store, "https://a.test/wall", "a wall of brick");
    let hits = store.search(&query("a wall", Mode::Hybrid), Some(&APPLE), MODEL).unwrap();
    assert_eq!(paths(&hits), ["/fruit", "/wall"]);
}

#[test]
fn no_question_is_misread() {
    let store = stores::in_memory();
    put(&store, "https://a.test/", "AND OR NOT NEAR are words; so is café, naïve, 東京 and source1.");
    for text in [
        "AND OR NEAR(\" * ^ :",
        "\"",
        "near(a b, 3)",
        "text : x",
        "body:x",
        "{title} : y",
        "a* ^b -c +d",
        "'; DROP TABLE pages; --",
        "source : source1",
        "\0near\0",
        "NOT",
        "((((",
        "é̀",
        "\u{202e}rtl near",
    ] {
        for mode in [Mode::Lexical, Mode::Hybrid] {
            match store.search(&query(text, mode), Some(&APPLE), MODEL) {
                Ok(_) | Err(Error::EmptyQuery) => {}
                Err(error) => panic!("{text:?}: {error:?}"),
            }
        }
    }
    assert_eq!(by_words(&store, "AND NEAR(").len(), 1);
    assert_eq!(by_words(&store, "cafe").len(), 1);
    assert_eq!(by_words(&store, "NAÏVE").len(), 1);
    assert_eq!(by_words(&store, "東京").len(), 1);
    for text in ["", "  \n", "***"] {
        assert!(matches!(store.search(&query(text, Mode::Lexical), None, MODEL), Err(Error::EmptyQuery)), "{text:?}");
    }
}

#[test]
fn vectors_are_checked() {
    let store = stores::in_memory();
    put(&store, "https://a.test/", "apple");
    for mode in [Mode::Dense, Mode::Hybrid] {
        assert!(matches!(store.search(&query("apple", mode), None, MODEL), Err(Error::NeedsVector { .. })));
    }
    let chunk = store.pending(MODEL, 1).unwrap()[0].chunk;
    let refused = |vector: &[f32]| store.put_vectors(MODEL, &[Embedded { chunk, vector: vector.to_vec() }]).unwrap_err();
    assert!(matches!(refused(&[0.0; 4]), Error::BadVector { .. }));
    assert!(matches!(refused(&[f32::NAN; 4]), Error::BadVector { .. }));
    assert_eq!(store.progress(MODEL).unwrap().embedded, 0);
    embed(&store, meaning);
    assert!(matches!(refused(&[1.0; 3]), Error::Dimensions { expected: 4, found: 3, .. }));
    assert!(matches!(store.search(&query("apple", Mode::Dense), Some(&[1.0; 3]), MODEL), Err(Error::Dimensions { .. })));
    assert!(matches!(store.search(&query("apple", Mode::Dense), Some(&[0.0; 4]), MODEL), Err(Error::BadQueryVector)));
}

#[test]
fn sources_are_counted_and_forgotten() {
    let store = stores::in_memory();
    put(&store, "https://a.test/1", "apple\n\n```sh\na\nb\n```\n");
    put(&store, "https://a.test/2", "brick");
    put(&store, "https://b.test/3", "cloud apple");
    embed(&store, meaning);
    put(&store, "https://b.test/4", "brick too");
    let sources = store.sources().unwrap();
    let counts: Vec<_> = sources.iter().map(|of| (of.source.as_str(), of.pages, of.chunks, of.code_examples, of.embedded)).collect();
    assert_eq!(counts, [("a.test", 2, 3, 1, 3), ("b.test", 2, 2, 0, 1)]);
    let a = SourceId::parse("a.test").unwrap();
    assert_eq!(store.pages(&a).unwrap().len(), 2);
    // The vectors are in memory by now: they have to leave it, too.
    assert_eq!(store.search(&query("apple", Mode::Dense), Some(&APPLE), MODEL).unwrap().len(), 3);
    assert_eq!(store.remove_source(&a).unwrap(), 2);
    assert_eq!(store.remove_source(&a).unwrap(), 0);
    assert_eq!(paths(&store.search(&query("apple", Mode::Dense), Some(&APPLE), MODEL).unwrap()), ["/3"]);
    assert_eq!(paths(&by_words(&store, "apple brick")).len(), 2);
    assert!(store.remove_page(None, &Url::parse("https://b.test/4").unwrap()).unwrap());
    assert!(!store.remove_page(None, &Url::parse("https://b.test/4").unwrap()).unwrap());
    assert_eq!(by_words(&store, "brick"), []);
    assert_eq!(store.sources().unwrap().len(), 1);
}

#[test]
fn two_stores_on_one_file_see_each_others_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/index.db");
    let (one, two) = (stores::open(&path, Config::default()).unwrap(), stores::open(&path, Config::default()).unwrap());
    let dense = |store: &Store| {
        let hits = store.search(&query("x", Mode::Dense), Some(&APPLE), MODEL).unwrap();
        hits.iter().map(|hit| hit.url.path().to_owned()).collect::<Vec<_>>()
    };
    put(&one, "https://a.test/1", "apple");
    assert_eq!(by_words(&two, "apple").len(), 1);
    assert_eq!(embed(&two, meaning), 1);
    assert_eq!((dense(&one), dense(&two)), (vec!["/1".to_owned()], vec!["/1".to_owned()]));
    put(&two, "https://a.test/2", "apple brick");
    embed(&one, meaning);
    assert_eq!(dense(&two), ["/1", "/2"]);
    one.remove_page(None, &Url::parse("https://a.test/1").unwrap()).unwrap();
    assert_eq!((dense(&one), dense(&two)), (vec!["/2".to_owned()], vec!["/2".to_owned()]));
    put(&one, "https://a.test/2", "apple cloud");
    put(&one, "https://a.test/3", "apple");
    embed(&one, meaning);
    assert_eq!(dense(&two), ["/3", "/2"]);
    assert_eq!(two.pending(MODEL, 10).unwrap(), []);
}

#[test]
fn a_reader_sees_the_old_page_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    let version = |number: u32| {
        let section = |part: u32| format!("# S{part}\n\nshared version{number}\n\n");
        (0..4).map(section).collect::<String>()
    };
    put(&store, "https://a.test/", &version(0));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (1..60).for_each(|number| assert_eq!(put(&store, "https://a.test/", &version(number)), Put::Replaced)));
        let reader = stores::open(&path, Config::default()).unwrap();
        while !writer.is_finished() {
            let hits = by_words(&reader, "shared");
            assert_eq!(hits.len(), 4);
            assert!(hits.iter().all(|hit| hit.chunk.text == hits[0].chunk.text), "{hits:?}");
        }
    });
}

#[test]
fn a_lock_that_stays_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config { busy_timeout: Duration::from_millis(20), ..Config::default() }).unwrap();
    put(&store, "https://a.test/", "apple");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store
        .touch(&SourceId::of(&Url::parse("https://a.test/").unwrap()), &Url::parse("https://a.test/").unwrap(), SystemTime::now())
        .unwrap_err();
    assert!(matches!(error, Error::Busy { .. }) && error.is_transient() && error.hint().is_some(), "{error:?}");
    assert_eq!(by_words(&store, "apple").len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    store
        .touch(&SourceId::of(&Url::parse("https://a.test/").unwrap()), &Url::parse("https://a.test/").unwrap(), SystemTime::now())
        .unwrap();
}

#[test]
fn many_threads_open_write_and_search_one_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let config = || Config { busy_timeout: Duration::from_secs(60), ..Config::default() };
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let store = stores::open(path, config()).unwrap();
                for page in 0..20 {
                    put(&store, &format!("https://a.test/{writer}/{page}"), "apple and words");
                    embed(&store, meaning);
                    store.search(&query("apple", Mode::Hybrid), Some(&APPLE), MODEL).unwrap();
                }
            });
        }
    });
    let store = stores::open(&path, config()).unwrap();
    assert_eq!(store.progress(MODEL).unwrap(), EmbedProgress { chunks: 80, embedded: 80 });
    let all = Query { limit: 100, ..query("apple", Mode::Dense) };
    assert_eq!(store.search(&all, Some(&APPLE), MODEL).unwrap().len(), 80);
}

#[test]
fn what_a_page_says_of_itself_comes_back_and_is_compared() {
    let store = stores::in_memory();
    let mut page = document("https://a.test/pots", "Pots", "# Pots\n\nWarm.");
    let same = |page: &Document| store.put(page, &[]).unwrap();
    assert_eq!(same(&page), Put::Added);
    assert_eq!(store.page(&page.url).unwrap().unwrap(), page);
    let translation = Translation { language: "de".into(), url: Url::parse("https://a.test/de/kannen").unwrap() };
    let steps: [fn(&mut Document); 4] = [
        |page| page.metadata.description = Some("All of \"pots\",\u{2028}and lids".into()),
        |page| page.metadata.version = Some("3.2".into()),
        |page| page.outline = vec![Heading { level: 1, text: "Pots".into(), anchor: Some("pöts".into()), offset: 0 }],
        |page| page.outline[0].anchor = None,
    ];
    for step in steps {
        step(&mut page);
        assert_eq!((same(&page), same(&page)), (Put::Replaced, Put::Unchanged));
        assert_eq!(store.page(&page.url).unwrap().unwrap(), page);
    }
    page.metadata.translations = vec![translation];
    page.metadata.canonical = Some(page.url.clone());
    assert_eq!((same(&page), store.page(&page.url).unwrap().unwrap()), (Put::Replaced, page.clone()));
    (page.metadata, page.outline) = (Metadata::default(), vec![]);
    assert_eq!((same(&page), store.page(&page.url).unwrap().unwrap()), (Put::Replaced, page));
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "These are my notes and no database at all. ".repeat(100)).unwrap();
    let before = fs::read(&path).unwrap();
    let error = stores::open(&path, Config::default()).unwrap_err();
    assert!(matches!(error, Error::NotADatabase { .. }) && error.hint().is_some(), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);

    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE bookmarks (url)").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(stores::open(&path, Config::default()).unwrap_err(), Error::NotADatabase { .. }));
    assert_eq!(fs::read(&path).unwrap(), before);

    // SQLite takes one byte for nothing.
    for length in [1, 2, 99, 100] {
        let path = folder.path().join("short");
        fs::write(&path, "x".repeat(length)).unwrap();
        assert!(matches!(stores::open(&path, Config::default()).unwrap_err(), Error::NotADatabase { .. }), "{length}");
        assert_eq!(fs::read(&path).unwrap().len(), length);
    }
    fs::write(folder.path().join("empty"), "").unwrap();
    stores::open(folder.path().join("empty"), Config::default()).unwrap();

    let error = stores::open(folder.path(), Config::default()).unwrap_err();
    assert!(matches!(error, Error::CannotOpen { .. }), "{error:?}");
    let error = stores::open(path.join("below/a/file.db"), Config::default()).unwrap_err();
    assert!(matches!(error, Error::CannotOpen { .. }), "{error:?}");
}

#[test]
fn a_newer_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    drop(stores::open(&path, Config::default()).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 1_000).unwrap();
    let error = stores::open(&path, Config::default()).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 1_000, .. }) && error.hint().is_some(), "{error:?}");
}

#[test]
fn a_damaged_file_is_an_error_and_never_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    {
        let store = stores::open(&path, Config::default()).unwrap();
        for page in 0..50 {
            put(&store, &format!("https://a.test/{page}"), &format!("apple {page} {}", "words ".repeat(500)));
        }
    }
    let whole = fs::read(&path).unwrap();
    for damage in ["truncated", "overwritten"] {
        let mut bytes = whole.clone();
        match damage {
            "truncated" => bytes.truncate(bytes.len() / 2),
            _ => bytes[4_096..].fill(0x5a),
        }
        fs::write(&path, bytes).unwrap();
        let answers = stores::open(&path, Config::default()).and_then(|store| {
            let document = document("https://a.test/new", "T", "new");
            store.put(&document, &chunk::split(&document, &chunk::Config::default()))?;
            store.search(&Query { limit: 100, ..query("apple", Mode::Lexical) }, None, MODEL)
        });
        let error = answers.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. } | Error::NotADatabase { .. }), "{damage}: {error:?}");
        assert!(error.hint().is_some());
    }
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let root_writes_everywhere = fs::write(folder.path().join("probe"), "").is_ok();
    let opened = stores::open(folder.path().join("index.db"), Config::default());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    match opened {
        Err(Error::ReadOnly { .. }) => {}
        Ok(_) if root_writes_everywhere => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_clean_end_leaves_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let (one, two) = (stores::open(&path, Config::default()).unwrap(), stores::open(&path, Config::default()).unwrap());
    put(&one, "https://a.test/", "apple");
    assert_eq!(by_words(&two, "apple").len(), 1);
    drop(one);
    assert_eq!(names(), ["index.db", "index.db-shm", "index.db-wal"]);
    drop(two);
    assert_eq!(names(), ["index.db"]);
}

/// Nothing can be written in a file that says so; no other word is needed on Windows, where a folder cannot say it.
#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    drop(stores::open(&path, Config::default()).unwrap());
    let writable = fs::metadata(&path).unwrap().permissions();
    let mut shut = writable.clone();
    shut.set_readonly(true);
    fs::set_permissions(&path, shut).unwrap();
    let writes_everywhere = fs::OpenOptions::new().write(true).open(&path).is_ok();
    let opened = stores::open(&path, Config::default());
    fs::set_permissions(&path, writable).unwrap();
    match opened {
        Err(error @ Error::ReadOnly { .. }) => assert!(error.hint().is_some()),
        Ok(_) if writes_everywhere => {}
        other => panic!("{other:?}"),
    }
}

#[test]
#[cfg(windows)]
fn a_file_that_others_keep_to_themselves_is_busy() {
    use std::os::windows::fs::OpenOptionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    drop(stores::open(&path, Config::default()).unwrap());
    let alone = fs::OpenOptions::new().read(true).write(true).share_mode(0).open(&path).unwrap();
    let error = stores::open(&path, Config::default()).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }) && error.hint().is_some(), "{error:?}");
    drop(alone);
    stores::open(&path, Config::default()).unwrap();
}

#[test]
#[cfg(windows)]
fn an_open_file_cannot_be_taken_away() {
    const ERROR_SHARING_VIOLATION: i32 = 32;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    put(&store, "https://a.test/", "apple");
    assert_eq!(fs::remove_file(&path).unwrap_err().raw_os_error(), Some(ERROR_SHARING_VIOLATION));
    assert_eq!(fs::rename(&path, folder.path().join("away.db")).unwrap_err().raw_os_error(), Some(ERROR_SHARING_VIOLATION));
    put(&store, "https://a.test/2", "apple");
    assert_eq!(by_words(&store, "apple").len(), 2);
    drop(store);
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_path_may_be_long() {
    let folder = tempfile::tempdir().unwrap();
    // SQLite itself takes 512 bytes on Unix; the older limit of Windows is 260 characters, that of SQLite's usual files there 1,040 bytes.
    let lengths: &[usize] = if cfg!(windows) { &[235, 250, 262, 600, 1_500] } else { &[262, 450] };
    for &length in lengths {
        let mut path = folder.path().join(length.to_string());
        while path.as_os_str().len() + 60 < length {
            path.push("ü".repeat(25));
        }
        path.push("x".repeat(length.saturating_sub(path.as_os_str().len() + 1).max(1)));
        assert!(path.as_os_str().len() >= length);
        let (one, two) = (stores::open(&path, Config::default()).unwrap(), stores::open(&path, Config::default()).unwrap());
        put(&one, "https://a.test/", "apple");
        assert_eq!(by_words(&two, "apple").len(), 1);
        put(&two, "https://a.test/2", "apple");
        assert_eq!(by_words(&one, "apple").len(), 2);
        drop((one, two));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

/// The variable that makes this test binary the child of the crash test: the database's path.
const CHILD: &str = "SMOLCRAWL_STORE_CRASH_TEST";

/// Not a test of its own: what the child does until it is killed.
#[test]
fn crash_child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = stores::open(path, Config::default()).unwrap();
    let mut done = std::io::stderr();
    let first = store.pages(&SourceId::parse("a.test").unwrap()).unwrap().len();
    for page in first.. {
        // Every third page replaces one that is acknowledged, with a text that says so.
        let number = if page % 3 == 2 { page / 2 } else { page };
        put(&store, &format!("https://a.test/{number}"), &format!("# P\n\nversion{page} {}\n\n# Q\n\nsame\n", "words ".repeat(page % 700)));
        embed(&store, meaning);
        // In one write, so that the kill comes before the line or after it.
        done.write_all(format!("stored {number} {page}\n").as_bytes()).unwrap();
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let mut acknowledged = std::collections::HashMap::new();
    for round in 0..10 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash_child", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut killed = false;
        for (count, line) in lines.map_while(Result::ok).enumerate() {
            // What was written before the kill is still read: it was acknowledged.
            let words: Vec<_> = line.split(' ').collect();
            let ["stored", number, version] = words[..] else { continue };
            acknowledged.insert(number.to_owned(), version.parse::<u64>().unwrap());
            if count >= 5 + 3 * round && !killed {
                // SIGKILL on Unix: the child is somewhere within the next page by now.
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the child ended by itself in round {round}");
        check(&path, &acknowledged);
    }
    assert!(acknowledged.len() > 50);
}

fn check(path: &Path, acknowledged: &std::collections::HashMap<String, u64>) {
    let store = stores::open(path, Config::default()).unwrap();
    for (number, version) in acknowledged {
        let url = Url::parse(&format!("https://a.test/{number}")).unwrap();
        let page = store.page(&url).unwrap().unwrap();
        let words = page.markdown.split_whitespace().find_map(|word| word.strip_prefix("version")).unwrap();
        // Of the page being written when the kill came there may be the newer version, but whole.
        assert!(words.parse::<u64>().unwrap() >= *version);
        assert!(by_words(&store, &format!("version{words}")).iter().any(|hit| hit.url == url), "{url}");
    }
    let connection = rusqlite::Connection::open(path).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let strays: i64 = connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    assert_eq!(strays, 0);
}

/// The variable that makes this test binary the child of the full-disk test: a folder to mount a tiny file system on.
#[cfg(target_os = "linux")]
const TINY: &str = "SMOLCRAWL_STORE_TINY_DISK";

/// Not a test of its own: runs in a mount namespace where the folder is a file system of 600 kB.
#[test]
#[cfg(target_os = "linux")]
fn full_disk_child() {
    let Some(folder) = std::env::var_os(TINY) else { return };
    let path = Path::new(&folder).join("index.db");
    let store = stores::open(&path, Config::default()).unwrap();
    let text = |page: u32| format!("apple page{page} {}", "words that fill a disk ".repeat(100));
    let page = |number| document(&format!("https://a.test/{number}"), "T", &text(number));
    let store_page = |number| store.put(&page(number), &chunk::split(&page(number), &chunk::Config::default()));
    let (stored, error) = (0..).find_map(|number| store_page(number).err().map(|error| (number, error))).unwrap();
    assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
    assert!(stored > 3, "{stored}");
    for number in 0..stored {
        assert_eq!(store.page(&page(number).url).unwrap().unwrap(), page(number));
        assert_eq!(by_words(&store, &format!("page{number}")).len(), 1);
    }
    assert_eq!(store.page(&page(stored).url).unwrap(), None);
    drop(store);
    let error = stores::open(Path::new(&folder).join("another.db"), Config::default()).unwrap_err();
    assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
    eprintln!("full disk was met");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=800k tmpfs \"$1\" || exit 77; exec \"$2\" full_disk_child --exact --nocapture";
    let child = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([folder.path(), &std::env::current_exe().unwrap()])
        .env(TINY, folder.path())
        .output();
    match child {
        Ok(output) if String::from_utf8_lossy(&output.stderr).contains("full disk was met") => {}
        // No namespaces to be had here: the store's unit test has a full database without a full disk.
        Ok(output) if !String::from_utf8_lossy(&output.stdout).contains("running 1 test") => {}
        Ok(output) => panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        Err(_) => {}
    }
}

#[test]
fn a_page_that_is_said_to_be_in_another_language_is_indexed_by_it() {
    let store = stores::in_memory();
    let url = Url::parse("https://a.test/1").unwrap();
    let mut page = Document::new(url, "Title", "Ein Haus.\n", SystemTime::UNIX_EPOCH);
    let chunks = chunk::split(&page, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
    store.put(&page, &chunks).unwrap();
    assert_eq!(by_words(&store, "häuser"), []);
    page.metadata.language = Some("de".to_owned());
    store.put(&page, &chunks).unwrap();
    assert_eq!(by_words(&store, "häuser").len(), 1);
    assert!(store.check().unwrap().is_whole());
}

#[test]
fn a_misspelt_word_has_its_like() {
    let store = stores::in_memory();
    put(&store, "https://a.test/1", "Regular expressions group what they match.");
    let similar = |word: &str, wanted| store.similar_words(word, wanted).unwrap();
    assert_eq!(similar("Regluar", Wanted::Text), ["regular"]);
    assert_eq!(similar("expresion", Wanted::Text), ["expressions"]);
    assert!(similar("gruop", Wanted::Code).is_empty());
    let corrected = |question: &str| store.corrected(question, Wanted::Text).unwrap();
    assert_eq!(corrected("Regluar expresions that match").as_deref(), Some("regular expressions that match"));
    assert_eq!(corrected("regular expression"), None, "it is there in another form");
}

/// As it is asked for it stands first, whatever was stored before.
#[test]
fn a_word_is_found_as_others_type_it() {
    let store = stores::in_memory();
    for (page, text) in [
        (1, "The server answers with HTTP 404 then."),
        (2, "A view of it does raise Http404 then."),
        (3, "刪除數據庫的備份。"),
        (4, "删除数据库的备份。"),
        (5, "می\u{200c}خواهم ایمیل بفرستم"),
        (6, "값은 따옴표 안에 적는다."),
    ] {
        put(&store, &format!("https://a.test/{page}"), text);
    }
    for (question, pages) in [
        ("http404", &["/2", "/1"][..]),
        ("what does Http404 mean", &["/2", "/1"]),
        ("HTTP 404", &["/1", "/2"]),
        ("http405", &[]),
        ("数据库备份", &["/4", "/3"]),
        ("數據庫備份", &["/3", "/4"]),
        ("می خواهم", &["/5"]),
        ("ايميل", &["/5"]),
        ("값을", &["/6"]),
    ] {
        assert_eq!(paths(&by_words(&store, question)), pages, "{question}");
    }
}

/// A route, say: with the fragment of a heading in its place it would be another page.
#[test]
fn a_page_whose_address_has_a_fragment_opens_at_that() {
    let store = stores::in_memory();
    for url in ["https://a.test/#/guide", "https://a.test/guide"] {
        let page = document(url, "Guide", "# Guide\n\nA kettle boils.\n");
        let mut chunks = chunk::split(&page, &chunk::Config::default());
        chunks.iter_mut().for_each(|chunk| chunk.anchor = Some("boiling".to_owned()));
        store.put(&page, &chunks).unwrap();
    }
    let query = Query { per_page: PerPage::All, ..query("kettle", Mode::Lexical) };
    let hits = store.search(&query, None, MODEL).unwrap();
    let links: Vec<String> = hits.iter().map(|hit| hit.link().into()).collect();
    assert_eq!(links, ["https://a.test/#/guide", "https://a.test/guide#boiling"]);
}
