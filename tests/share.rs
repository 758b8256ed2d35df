//! Sources in a file: what comes out of one database goes into another as it was, and what is no such file changes nothing.
#![cfg(all(feature = "cli", feature = "bundled-model"))]

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;
#[path = "support/stores.rs"]
mod stores;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use futures_lite::future;
use serde_json::{Value, json};
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::engine::{Chunking, Existing, Export, ImportReport};
use smolcrawl::model::{Document, Heading, Hit, Mode, PerPage, Query, Recipe, SourceId, SourceState, Validators, Wanted};
use smolcrawl::reactor::sim::Sim;
use smolcrawl::reactor::{Choice, Handle, choose};
use smolcrawl::share::{self, Form, Record};
use smolcrawl::store::{self, Start};
use smolcrawl::{Engine, Error};
use tempfile::TempDir;
use url::Url;

use binary::{report, run, smolcrawl, text};

fn engine(database: &Path, embeddings: Embeddings) -> (Handle, Engine) {
    engine_on(Sim::new().handle(), database, embeddings)
}

fn engine_on(handle: Handle, database: &Path, embeddings: Embeddings) -> (Handle, Engine) {
    let config = Config { environment: Environment::none(), embeddings, ..Config::new(stores::named(database)) };
    (handle.clone(), Engine::with_handle(config, handle).unwrap())
}

fn source(name: &str) -> SourceId {
    SourceId::named(name).unwrap()
}

fn page(path: &str, markdown: &str) -> Document {
    let url = Url::parse("https://docs.test/").unwrap().join(path).unwrap();
    let title = markdown.lines().next().unwrap().trim_start_matches("# ").to_owned();
    let fetched_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let mut page = Document::new(url, title.clone(), markdown, fetched_at);
    page.outline = vec![Heading { level: 1, text: title, anchor: Some("top".to_owned()), offset: 0 }];
    page.validators =
        Validators { etag: Some("\"1\"".to_owned()), last_modified: Some("Mon, 01 Jan 2024 00:00:00 GMT".to_owned()), twin: None };
    page.metadata.version = Some("1.0".to_owned());
    page
}

fn pages() -> Vec<Document> {
    vec![
        page("tasks", "# Tasks\n\nA task is cancelled by dropping it.\n\n```rust\nlet task = spawn(work());\ndrop(task);\n```\n"),
        page("bread", "# Bread\n\nFlour, water and salt make a dough.\n"),
        page("timers", "# Timers\n\nA timer fires once its deadline has passed. [Tasks](https://docs.test/tasks)\n"),
    ]
}

fn recipe() -> Recipe {
    let seeds = vec![Url::parse("https://somebody:hunter2@docs.test/").unwrap()];
    Recipe { seeds, scope: "prefix".to_owned(), depth: 3, include: vec!["/*".to_owned()], ..Recipe::default() }
}

/// A database with one source of three pages, named and with a recipe.
fn filled(database: &Path, embeddings: Embeddings) -> (Handle, Engine) {
    let store = stores::open(database, store::Config::default()).unwrap();
    let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    store.begin(&source("docs@1.0"), &recipe(), Start::Afresh, made).unwrap();
    for page in pages() {
        let chunks = smolcrawl::chunk::split(&page, &Chunking { min_chars: 0, ..Chunking::default() });
        let most = matches!(embeddings, Embeddings::MiniLm).then_some(1);
        store.put_cut_for(Some(&source("docs@1.0")), &page, &chunks, most).unwrap();
    }
    store.says_version(&source("docs@1.0"), "1.0.7").unwrap();
    store.ended(&source("docs@1.0"), SourceState::Limited, 5, made).unwrap();
    drop(store);
    engine(database, embeddings)
}

async fn embed(engine: &Engine) {
    let mut embedding = engine.embed_pending();
    while let Some(progress) = embedding.next().await {
        progress.unwrap();
    }
}

/// All that a search tells, by words and by meaning.
async fn answers(engine: &Engine, modes: &[Mode]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for mode in modes {
        for wanted in [Wanted::Text, Wanted::Code] {
            let query = Query { mode: *mode, wanted, per_page: PerPage::All, ..Query::new("how is a task cancelled: dropping") };
            hits.extend(engine.find(query).await.unwrap().hits);
        }
    }
    hits
}

fn records(path: &Path) -> Vec<Record> {
    share::records(path).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Bytes as they are before they are compressed.
fn unpacked(path: &Path) -> Vec<u8> {
    let whole = fs::read(path).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&whole[18..]), &mut bytes).unwrap();
    bytes
}

fn import(handle: &Handle, engine: &Engine, file: &Path, existing: Existing) -> Result<ImportReport, Error> {
    handle.block_on(engine.import(file.to_owned(), existing))
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("docs.smolcrawl");
    let (handle, ours) = filled(&home.path().join("ours.db"), Embeddings::MiniLm);
    handle.block_on(embed(&ours));
    let exported = handle.block_on(ours.export(Export::new(vec![source("docs@1.0")], &file))).unwrap();
    assert_eq!((exported.pages, exported.chunks, exported.vectors), (3, 4, 4), "{exported:?}");
    assert_eq!((exported.model.as_deref(), exported.bytes), (ours.model(), fs::metadata(&file).unwrap().len()));
    assert_eq!(
        fs::read_dir(home.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension() == Some("part".as_ref())).count(),
        0
    );

    let database = home.path().join("theirs.db");
    let (handle, theirs) = engine(&database, Embeddings::MiniLm);
    let imported = import(&handle, &theirs, &file, Existing::Refuse).unwrap();
    let of = &imported.sources[0];
    assert_eq!((of.pages, of.added, of.removed, imported.vectors, imported.vectors_of_another_model), (3, 3, 0, 4, 0));
    let progress = handle.block_on(theirs.embed_progress()).unwrap();
    assert_eq!((progress.chunks, progress.embedded), (4, 4), "nothing is left to be embedded");

    let told = |engine: &Engine| handle.block_on(engine.source(&source("docs@1.0"))).unwrap();
    let (our, their) = (told(&ours), told(&theirs));
    let bare = Recipe { seeds: vec![Url::parse("https://docs.test/").unwrap()], ..recipe() };
    assert_eq!(their.recipe, Some(bare));
    assert_eq!(their, smolcrawl::model::SourceSummary { recipe: their.recipe.clone(), ..our });
    assert_eq!((their.state, their.left, their.says_version.as_deref()), (SourceState::Limited, 5, Some("1.0.7")));
    for page in pages() {
        assert_eq!(handle.block_on(theirs.page(page.url.clone())).unwrap(), Some(page));
    }
    let modes = [Mode::Lexical, Mode::Dense, Mode::Hybrid];
    let hits = handle.block_on(answers(&theirs, &modes));
    assert!(hits.len() > 6);
    assert_eq!(hits, handle.block_on(answers(&ours, &modes)), "with the same scores");
    assert!(handle.block_on(theirs.check()).unwrap().is_whole());

    // And out again, it is the same file, but for when it was written.
    let again = home.path().join("again.smolcrawl");
    handle.block_on(theirs.export(Export::new(vec![source("docs@1.0")], &again))).unwrap();
    assert_eq!(records(&again), records(&file));
}

#[test]
fn a_file_has_no_credentials() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("x");
    let (handle, ours) = filled(&home.path().join("ours.db"), Embeddings::None);
    handle.block_on(ours.export(Export::new(vec![source("docs@1.0")], &file))).unwrap();
    let bytes = unpacked(&file);
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("https://docs.test/") && holds("prefix"), "the recipe is in it");
    assert!(!holds("hunter2") && !holds("somebody"));
}

#[test]
fn vectors_of_another_model_are_made_anew() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("x");
    let (handle, ours) = filled(&home.path().join("ours.db"), Embeddings::MiniLm);
    handle.block_on(embed(&ours));
    handle.block_on(ours.export(Export::new(vec![source("docs@1.0")], &file))).unwrap();
    let (handle, theirs) = engine(&home.path().join("theirs.db"), Embeddings::None);
    let imported = import(&handle, &theirs, &file, Existing::Refuse).unwrap();
    assert_eq!((imported.vectors, imported.vectors_of_another_model), (0, 4));
    assert_eq!(imported.model.as_deref(), ours.model());
    assert_eq!(handle.block_on(theirs.models()).unwrap(), []);
    let modes = [Mode::Lexical];
    assert_eq!(handle.block_on(answers(&theirs, &modes)), handle.block_on(answers(&ours, &modes)));
    drop(theirs);
    let (handle, theirs) = engine(&home.path().join("theirs.db"), Embeddings::MiniLm);
    handle.block_on(embed(&theirs));
    let progress = handle.block_on(theirs.embed_progress()).unwrap();
    assert_eq!((progress.chunks, progress.embedded), (4, 4));
    // And a file without vectors.
    let (handle, bare) = filled(&home.path().join("bare.db"), Embeddings::None);
    let without = home.path().join("without");
    assert_eq!(handle.block_on(bare.export(Export::new(vec![source("docs@1.0")], &without))).unwrap().vectors, 0);
    let imported = import(&handle, &theirs, &without, Existing::Replace).unwrap();
    assert_eq!((imported.sources[0].unchanged, imported.vectors, imported.model), (3, 0, None));
}

/// A small file, and what is refused: nothing of it is stored, no database is made.
#[test]
fn what_is_no_whole_file_of_ours_is_refused_and_nothing_is_stored() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("x");
    let (handle, ours) = filled(&home.path().join("ours.db"), Embeddings::None);
    handle.block_on(ours.export(Export::new(vec![source("docs@1.0")], &file))).unwrap();
    let whole = fs::read(&file).unwrap();
    let database = home.path().join("theirs.db");
    let (handle, theirs) = engine(&database, Embeddings::None);
    let bad = home.path().join("bad");
    let refused = |bytes: &[u8]| {
        fs::write(&bad, bytes).unwrap();
        let error = import(&handle, &theirs, &bad, Existing::Replace).unwrap_err();
        assert!(error.hint().is_some() && error.fault() == smolcrawl::Fault::You, "{error:?}");
        assert!(!database.exists(), "{error:?}");
        error.chain()
    };
    for at in 0..whole.len() {
        let mut other = whole.clone();
        other[at] ^= 0x55;
        refused(&other);
    }
    for length in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        refused(&whole[..length]);
    }
    for foreign in [&b"PK\x03\x04"[..], b"", b"{\"url\":\"https://docs.test/\"}\n", b"SQLite format 3\0", &[0; 4096], &[0x1f, 0x8b, 8, 0]] {
        let told = refused(foreign);
        assert!(told.contains("no export of smolcrawl"), "{told}");
    }
    let mut newer = whole.clone();
    newer[14] = 2;
    assert!(refused(&newer).contains("is of format version 2, this smolcrawl knows versions up to 1"));
    let folder = import(&handle, &theirs, home.path(), Existing::Replace).unwrap_err();
    assert!(folder.hint().is_some() && !database.exists(), "{folder:?}");
    let missing = import(&handle, &theirs, &home.path().join("none"), Existing::Replace).unwrap_err();
    assert_eq!(missing.fault(), smolcrawl::Fault::Disk);
    // The intact one is imported.
    fs::write(&bad, &whole).unwrap();
    assert_eq!(import(&handle, &theirs, &bad, Existing::Refuse).unwrap().sources[0].added, 3);
}

#[test]
fn a_source_that_is_there_is_replaced_only_when_asked_for() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("x");
    let (handle, ours) = filled(&home.path().join("ours.db"), Embeddings::None);
    handle.block_on(ours.export(Export::new(vec![source("docs@1.0")], &file))).unwrap();
    let stored = || handle.block_on(ours.pages_after(String::new(), String::new(), 100)).unwrap();
    let before = stored();

    let store = stores::open(home.path().join("ours.db"), store::Config::default()).unwrap();
    for path in ["a", "bz", "z"] {
        store.put_cut_for(Some(&source("docs@1.0")), &page(path, "# Later\n\nCame later.\n"), &[], None).unwrap();
    }
    store.put_cut_for(Some(&source("docs@1.0")), &page("bread", "# Bread\n\nNo bread any more.\n"), &[], None).unwrap();
    store.put_cut_for(Some(&source("other")), &page("bz", "# Other\n\nOf another source.\n"), &[], None).unwrap();
    let told = import(&handle, &ours, &file, Existing::Refuse).unwrap_err();
    assert!(matches!(&told, Error::Share(share::Error::SourceExists { sources }) if *sources == [source("docs@1.0")]), "{told:?}");
    assert_eq!(handle.block_on(ours.source(&source("docs@1.0"))).unwrap().pages, 6);

    let report = import(&handle, &ours, &file, Existing::Replace).unwrap();
    let of = &report.sources[0];
    assert_eq!((of.pages, of.added, of.replaced, of.unchanged, of.removed), (3, 0, 1, 2, 3));
    assert_eq!(handle.block_on(ours.source(&source("other"))).unwrap().pages, 1, "another source keeps its page at such an address");
    handle.block_on(ours.remove(source("other"))).unwrap();
    assert_eq!(stored(), before);
    assert!(handle.block_on(ours.check()).unwrap().is_whole());
}

#[test]
fn an_interrupted_import_is_completed_by_the_next() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("x");
    let (simulated, ours) = engine(&home.path().join("ours.db"), Embeddings::None);
    let many = 200;
    simulated.block_on(async {
        for number in 0..many {
            let text = format!("# Page {number}\n\n{}\n", format!("Words of {number} that fill it. ").repeat(600));
            ours.put(page(&format!("{number:03}"), &text), Chunking::default()).await.unwrap();
        }
        ours.export(Export::new(vec![source("docs.test")], &file)).await.unwrap();
    });
    // With threads of its own: the simulated pool would be done with it at once.
    let (handle, theirs) = engine_on(choose(Choice::default()).unwrap().0, &home.path().join("theirs.db"), Embeddings::None);
    let known = || handle.block_on(theirs.sources()).unwrap();
    let stopped = handle.block_on(future::or(async { Some(theirs.import(file.clone(), Existing::Refuse).await) }, async {
        while !theirs.has_database() || theirs.sources().await.unwrap().is_empty() {
            future::yield_now().await;
        }
        None
    }));
    assert!(stopped.is_none(), "it was over before it was stopped");
    let [partly] = known().try_into().unwrap();
    assert!(partly.state == SourceState::Incomplete && (1..many).contains(&partly.pages), "{partly:?}");
    // Another file is not taken for the rest of this one.
    let other = home.path().join("other");
    simulated.block_on(ours.put(page("000", "# Page\n\nChanged.\n"), Chunking::default())).unwrap();
    simulated.block_on(ours.export(Export::new(vec![source("docs.test")], &other))).unwrap();
    assert!(matches!(import(&handle, &theirs, &other, Existing::Refuse), Err(Error::Share(share::Error::SourceExists { .. }))));

    let report = import(&handle, &theirs, &file, Existing::Refuse).unwrap();
    assert_eq!(report.sources[0].pages, many);
    assert!(report.sources[0].unchanged >= partly.pages && report.sources[0].removed == 0, "{report:?}");
    let [whole] = known().try_into().unwrap();
    assert_eq!((whole.pages, whole.state, whole.recipe), (many, SourceState::Loose, None));
    assert!(handle.block_on(theirs.check()).unwrap().is_whole());
}

#[test]
fn texts_are_what_was_stored() {
    let home = TempDir::new().unwrap();
    let (handle, ours) = filled(&home.path().join("ours.db"), Embeddings::None);
    let export = |to: &str, form| {
        let export = Export { form: Some(form), ..Export::new(vec![source("docs@1.0")], home.path().join(to)) };
        handle.block_on(ours.export(export)).map(|report| report.pages)
    };
    assert_eq!(export("tree", Form::Markdown).unwrap(), 3);
    let of = |path: &str| fs::read_to_string(home.path().join("tree").join(path)).unwrap();
    let front = "---\ntitle: \"Timers\"\nurl: \"https://docs.test/timers\"\nsource: \"docs@1.0\"\nversion: \"1.0\"\nfetched: \"2023-11-14T22:13:20Z\"\n---\n\n";
    assert_eq!(of("docs@1.0/docs.test/timers.md"), format!("{front}{}", pages()[2].markdown));
    assert!(matches!(export("tree", Form::Markdown), Err(Error::Share(share::Error::NotEmpty { .. }))));
    assert_eq!(export("llms.txt", Form::LlmsTxt).unwrap(), 3);
    let links = "# docs@1.0\n\n## Pages\n\n- [Bread](https://docs.test/bread)\n- [Tasks](https://docs.test/tasks)\n- [Timers](https://docs.test/timers)\n";
    assert_eq!(fs::read_to_string(home.path().join("llms.txt")).unwrap(), links);
    assert!(matches!(export("llms.txt", Form::LlmsTxt), Err(Error::Share(share::Error::Exists { .. }))));
    assert_eq!(export("full.txt", Form::LlmsFull).unwrap(), 3);
    let full = fs::read_to_string(home.path().join("full.txt")).unwrap();
    assert!(full.starts_with("# Bread\n\nSource: https://docs.test/bread\n\nFlour, water and salt make a dough.\n\n# Tasks\n"), "{full}");
    let not_stored = Export::new(vec![source("none")], home.path().join("none"));
    assert!(matches!(handle.block_on(ours.export(not_stored)), Err(Error::NotStored { .. })));
    assert!(!home.path().join("none").exists());
}

#[test]
fn the_command_line_exports_and_imports() {
    let home = TempDir::new().unwrap();
    drop(filled(&home.path().join("ours.db"), Embeddings::None));
    let smol = |arguments: &[&str]| {
        let output = run(home.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        output
    };
    let exported = report(&smol(&["export", "docs", "--to", "docs.smolcrawl", "--db", "ours.db", "--json"]));
    assert_eq!((&exported["pages"], &exported["sources"]), (&json!(3), &json!(["docs@1.0"])), "{exported}");
    let again = run(home.path(), &["export", "docs@1", "--to", "docs.smolcrawl", "--db", "ours.db"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("exists already") && text(&again.stderr).contains("--force"), "{}", text(&again.stderr));
    let told = text(&smol(&["export", "docs@1", "--to", "docs.smolcrawl", "--force", "--db", "ours.db"]).stdout);
    assert!(told.starts_with("docs@1.0: 3 pages, 4 chunks, no vectors\nwritten to docs.smolcrawl, "), "{told}");

    let imported = report(&smol(&["import", "docs.smolcrawl", "--db", "theirs.db", "--no-index", "--json"]));
    assert_eq!(imported["sources"][0]["added"], json!(3), "{imported}");
    let refused = run(home.path(), &["import", "docs.smolcrawl", "--db", "theirs.db"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("already stored: docs@1.0") && text(&refused.stderr).contains("--replace"));
    let told = text(&smol(&["import", "docs.smolcrawl", "--replace", "--no-index", "--db", "theirs.db"]).stdout);
    assert!(told.starts_with("docs@1.0: 3 pages: 0 added, 0 replaced, 3 unchanged, 0 removed\n4 chunks, no vectors in the file"), "{told}");
    fs::write(home.path().join("text"), "text").unwrap();
    let refused = run(home.path(), &["import", "text", "--db", "none.db"]);
    assert_eq!((refused.status.code(), home.path().join("none.db").exists()), (Some(1), false));
    assert!(text(&refused.stderr).contains("text is no export of smolcrawl\nhint: "), "{}", text(&refused.stderr));

    let search = |database: &str| {
        let found = report(&smol(&["search", "dough", "--mode", "lexical", "--db", database, "--json"]));
        let hits = found["hits"].as_array().unwrap();
        hits.iter().map(|hit| hit["url"].as_str().unwrap().split('#').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(search("theirs.db"), ["https://docs.test/bread"]);

    // Lines, and back.
    let lines = smol(&["export", "docs", "--to", "-", "--format", "jsonl", "--db", "ours.db"]).stdout;
    assert_eq!(text(&lines).lines().count(), 3);
    let mut index = smolcrawl(home.path());
    index.args(["index", "--jsonl", "-", "--no-index", "--db", "lines.db", "--json"]);
    let mut child = index.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&lines).unwrap();
    let indexed = report(&child.wait_with_output().unwrap());
    assert_eq!(indexed["added"], json!(3));
    assert_eq!(search("lines.db"), search("ours.db"));
    let names = |database: &str| {
        let told = report(&smol(&["sources", "--db", database, "--json"]));
        let of =
            |source: &Value| (source["source"].as_str().unwrap().to_owned(), source["version"].clone(), source["pages"].as_u64().unwrap());
        told["sources"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(names("lines.db"), [("docs@1.0".to_owned(), json!("1.0"), 3)]);
    assert_eq!(smol(&["export", "docs", "--to", "-", "--format", "jsonl", "--db", "lines.db"]).stdout.len(), lines.len());

    // A source whose pages say their version, lines of before, and lines that mean something else by these words.
    let line = |url: &str, more: Value| {
        let mut line = json!({ "url": url, "text": "Herons wade." });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    let all = [
        line("https://a.test/1", json!({ "source": "herons", "version": "2.0" })),
        line("https://a.test/2", json!({ "source": "herons", "version": "2.0", "fetched": "2023-11-14T22:13:20Z" })),
        line("https://b.test/1", json!({ "source": "storks", "version": "1" })),
        line("https://b.test/2", json!({ "source": "storks", "version": "2" })),
        line("https://c.test/1", json!({})),
        line("https://c.test/2", json!({ "source": "a sentence", "version": 3 })),
        line("https://c.test/3", json!({ "source": { "id": 7 }, "version": null })),
        line("https://c.test/4", json!({ "source": "", "version": "2" })),
    ];
    fs::write(home.path().join("all.jsonl"), all.join("\n")).unwrap();
    let told = smol(&["index", "--jsonl", "all.jsonl", "--no-index", "--db", "all.db"]);
    assert!(text(&told.stderr).starts_with("note: 1 lines name a source that cannot be called so"), "{}", text(&told.stderr));
    let expected = [("c.test", Value::Null, 4), ("herons", json!("2.0"), 2), ("storks", Value::Null, 2)];
    assert_eq!(names("all.db"), expected.map(|(name, version, pages)| (name.to_owned(), version, pages)));
    assert_eq!(text(&smol(&["index", "--jsonl", "all.jsonl", "--no-index", "--db", "all.db", "-q"]).stderr), "");
    fs::remove_file(home.path().join("all.jsonl")).unwrap();
    fs::remove_file(home.path().join("all.db")).unwrap();
    let links = text(&smol(&["export", "docs", "--to", "-", "--format", "llms-txt", "--db", "ours.db"]).stdout);
    assert!(links.ends_with("- [Timers](https://docs.test/timers)\n"), "{links}");

    for wrong in [&["--to", "-"][..], &["--to", "-", "--format", "markdown"], &["--to", "-", "--format", "jsonl", "--json"], &[]] {
        let output = run(home.path(), &[&["export", "docs", "--db", "ours.db"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", text(&output.stderr));
    }
    let mut files: Vec<PathBuf> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name().into()).collect();
    files.sort();
    assert_eq!(files, ["docs.smolcrawl", "lines.db", "ours.db", "text", "theirs.db"].map(PathBuf::from));
}
