//! All of one database in another: whatever can be asked of the one, the other answers the same. From file to file, and, where
//! `tests/postgres/run copy` has started a server, to it and back.
#![cfg(all(feature = "cli", feature = "bundled-model"))]

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;
#[path = "support/stores.rs"]
mod stores;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use futures_lite::future;
use serde_json::json;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::engine::{CopyReport, Existing};
use smolcrawl::model::{
    Chunk, Document, Embedded, Heading, Hit, Mode, PerPage, Query, Recipe, SourceId, SourceState, Trail, Validators, Wanted,
};
use smolcrawl::reactor::{Handle, sim::Sim};
use smolcrawl::share;
use smolcrawl::store::{self, Agreement, NamedSymbols, SITE, SharedVectors, Start, Store, StoredPackage, StoredProject};
use smolcrawl::{Engine, Error, chunk};

use binary::{report, run, smolcrawl, text};

/// From where to where: from a file to a file, and by way of the server, if there is one.
fn ways(home: &Path) -> Vec<[PathBuf; 2]> {
    let file = |name: &str| home.join(name);
    let mut ways = vec![[file("a.db"), file("b.db")]];
    let server = stores::named(&file("server"));
    if server != file("server") {
        ways.extend([[file("a.db"), server.clone()], [server, file("c.db")]]);
    }
    ways
}

fn open(database: &Path) -> Store {
    Store::open(database, store::Config::default()).unwrap()
}

fn engine(handle: &Handle, database: &Path) -> Engine {
    let config = Config { environment: Environment::none(), embeddings: Embeddings::None, ..Config::new(database) };
    Engine::with_handle(config, handle.clone()).unwrap()
}

fn copy(from: &Path, to: &Path, existing: Existing) -> Result<CopyReport, Error> {
    let handle = Sim::new().handle();
    let (from, to) = (engine(&handle, from), engine(&handle, to));
    let mut copying = to.copy_from(&from, existing);
    handle.block_on(async {
        let mut before = 0;
        while let Some(progress) = copying.next().await {
            let progress = progress?;
            assert!(progress.copied + progress.checked >= before && progress.copied <= progress.pages, "{progress:?}");
            before = progress.copied + progress.checked;
        }
        Ok(copying.into_report())
    })
}

fn source(name: &str) -> SourceId {
    SourceId::named(name).unwrap()
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1_000 + 123)
}

fn page(address: &str, markdown: &str) -> Document {
    let title = markdown.lines().next().unwrap().trim_start_matches("# ").to_owned();
    let mut page = Document::new(address.parse().unwrap(), title.clone(), markdown, time(1_700_000_000));
    page.outline = vec![Heading { level: 1, text: title, anchor: Some("top".to_owned()), offset: 0 }];
    page.validators = Validators {
        etag: Some("\"1\"".to_owned()),
        last_modified: Some("Mon, 01 Jan 2024 00:00:00 GMT".to_owned()),
        twin: Some(format!("{address}.md").parse().unwrap()),
    };
    page.metadata.version = Some("1.0".to_owned());
    page
}

fn cut(page: &Document) -> Vec<Chunk> {
    chunk::split(page, &chunk::Config { min_chars: 0, ..chunk::Config::default() })
}

/// A direction that depends on the text.
fn meaning(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.01; dimensions];
    text.bytes().enumerate().for_each(|(at, byte)| vector[(at + usize::from(byte)) % dimensions] += f32::from(byte) / 255.0);
    vector
}

fn embed(store: &Store, model: &str, dimensions: usize) {
    loop {
        let pending = store.pending(model, 100).unwrap();
        if pending.is_empty() {
            return;
        }
        let of = |of: smolcrawl::model::Pending| Embedded { chunk: of.chunk, vector: meaning(&of.passage, dimensions) };
        store.put_vectors(model, &pending.into_iter().map(of).collect::<Vec<_>>()).unwrap();
    }
}

fn package(ecosystem: &str, name: &str, stamp: &str) -> StoredPackage {
    StoredPackage {
        ecosystem: ecosystem.into(),
        name: name.into(),
        version: "2.0.2".into(),
        root: format!("/{name}"),
        stamp: stamp.into(),
        symbols: 2,
        about: "{}".into(),
    }
}

fn names(names: &[&str]) -> Vec<NamedSymbols> {
    names.iter().map(|name| NamedSymbols { name: (*name).into(), symbols: name.as_bytes().to_vec() }).collect()
}

/// Two sources that share a passage, one of them half crawled; two models, one of which has not seen all; packages, a project, a site at rest.
fn fill(store: &Store) {
    let recipe = Recipe { seeds: vec!["https://docs.test/".parse().unwrap()], scope: "prefix".to_owned(), depth: 3, ..Recipe::default() };
    let shared = "This passage stands on every page that there is.";
    let pages = [
        (
            "docs@1.0",
            "tasks",
            format!("# Tasks\n\nA task is cancelled by dropping it.\n\n{shared}\n\n```rust\nlet task = spawn(work());\ndrop(task);\n```\n"),
        ),
        ("docs@1.0", "bread", format!("# Bread\n\nFlour, water and salt make a dough.\n\n{shared}\n")),
        ("docs@1.0", "timers", "# Timers\n\nA timer fires once its deadline has passed.\n\n## Later\n\nOr later than that.\n".to_owned()),
        ("docs@2.0", "tasks", format!("# Tasks\n\nA task is aborted by dropping it.\n\n{shared}\n\n```python\ndel task\n```\n")),
    ];
    for name in ["docs@1.0", "docs@2.0"] {
        store.begin(&source(name), &recipe, Start::Afresh, time(1_600_000_000)).unwrap();
    }
    for (name, path, markdown) in pages {
        let page = page(&format!("https://docs.test/{path}"), &markdown);
        let cut_for = (path != "bread").then_some(254);
        store.put_cut_for(Some(&source(name)), &page, &cut(&page), cut_for).unwrap();
        if name == "docs@1.0" {
            embed(store, "small", 3);
        }
        embed(store, "large", 40);
    }
    store.says_version(&source("docs@1.0"), "1.0.7").unwrap();
    store.ended(&source("docs@1.0"), SourceState::Complete, 0, time(1_600_000_100)).unwrap();
    store.miss(&source("docs@1.0"), &"https://docs.test/bread".parse().unwrap()).unwrap();
    store.miss(&source("docs@1.0"), &"https://docs.test/bread".parse().unwrap()).unwrap();
    let address = |path: &str| Box::from(format!("https://docs.test/{path}"));
    let trail = Trail {
        found: vec![(address("next"), 2), (address("after"), 3), (address("tasks"), 0)],
        done: vec![address("tasks")],
        contents: vec![(address("tasks"), u64::MAX - 4)],
        translations: vec![address("de/tasks")],
        left: 2,
    };
    store.record(&source("docs@2.0"), &trail).unwrap();
    store.note_misses(&source("docs@1.0"), &[address("gone"), address("lost")], time(1_600_000_200)).unwrap();
    store.note_misses(&source("docs@1.0"), &[address("gone"), address("late")], time(1_600_000_300)).unwrap();
    store.put_package(&package("crate", "smol", "1"), b"all of it", &names(&["block_on", "spawn"])).unwrap();
    store.put_site(&package(SITE, "docs@1.0", "1"), b"site", &names(&["task"])).unwrap();
    let project = StoredProject { root: "/work".into(), fingerprint: "1".into(), read_at: time(5), content: "{}".into() };
    store.put_project(&project).unwrap();
    store.note_overload("https://docs.test", Some(Duration::from_secs(40)), SystemTime::now()).unwrap();
}

/// All that can be asked, as text, and the scores of what was found: servers compare half floats, so that these are nearly the same.
fn answers(store: &Store) -> (Vec<String>, Vec<f32>) {
    let (mut answers, mut scores) = (Vec::new(), Vec::new());
    let mut add = |what: &str, answer: &dyn std::fmt::Debug| answers.push(format!("{what}: {answer:?}"));
    let sources = store.sources().unwrap();
    add("sources", &sources);
    add("languages", &store.languages(None).unwrap());
    let mut models = store.models().unwrap();
    models.sort_by(|one, other| one.name.cmp(&other.name));
    add("models", &models);
    for of in &sources {
        let source = &of.source;
        for model in &models {
            let vectors = SharedVectors::of(&*model.name);
            let mut after = String::new();
            while let Some((address, page, vectors)) = store.shared_after(source, &after, Some(&vectors)).unwrap() {
                add(&model.name, &(&page, vectors));
                after = address;
            }
        }
        add("pages", &store.pages(source).unwrap());
        add("validators", &store.validators_before(source, None).unwrap());
        add("has a trail", &store.has_trail(source).unwrap());
        let mut trail = store.trail(source).unwrap();
        trail.translations.sort();
        let mut urls = [&trail.found, &trail.done].map(|of| of.iter().map(|(url, depth)| (url.to_owned(), depth)).collect::<Vec<_>>());
        urls.iter_mut().for_each(|urls| urls.sort());
        add("trail", &(urls, trail.contents, trail.translations));
        let mut misses = store.misses(source).unwrap();
        misses.sort();
        add("misses", &misses);
    }
    for model in &models {
        add("progress", &store.progress(&model.name).unwrap());
    }
    for question in ["how is a task cancelled", "dough of flour", "deadline of a timer", "passage on every page"] {
        for mode in [Mode::Lexical, Mode::Dense, Mode::Hybrid] {
            for (wanted, per_page) in [(Wanted::Text, PerPage::Best), (Wanted::Code, PerPage::All)] {
                let query = Query { mode, wanted, per_page, ..Query::new(question) };
                let vector = meaning(question, 40);
                let hits = store.search(&query, Some(&vector), "large").unwrap();
                // Equal scores are by age, and pages came in another order.
                let told = |hit: Hit| (format!("{:?}", (hit.url, hit.source, hit.chunk, hit.text, hit.same_as)), hit.score);
                let mut told: Vec<_> = hits.into_iter().map(told).collect();
                told.sort_by(|(one, _), (other, _)| one.cmp(other));
                let (told, of_these): (Vec<String>, Vec<f32>) = told.into_iter().unzip();
                scores.extend(of_these);
                add(question, &told);
            }
        }
    }
    add("similar", &store.similar_words("canceled", Wanted::Text).unwrap());
    for (row, of) in store.packages().unwrap() {
        add("package", &(of, store.package_content(row).unwrap(), store.package_names(row).unwrap()));
        add(
            "symbols",
            &store.symbols_named(&[row], "spawn", Agreement::Whole, 5).unwrap().into_iter().map(|(_, of)| of).collect::<Vec<_>>(),
        );
    }
    add("projects", &store.projects().unwrap());
    let resting = store.resting(SystemTime::now()).unwrap();
    add("resting", &resting.iter().map(|(origin, _)| origin.clone()).collect::<Vec<_>>());
    let check = store.check().unwrap();
    assert!(check.is_whole(), "{check:?}");
    add("check", &(check.pages, check.chunks, check.vectors, check.packages));
    (answers, scores)
}

fn assert_same(from: &Path, to: &Path) {
    let ((one, scores), (other, others)) = (answers(&open(from)), answers(&open(to)));
    assert_eq!((one.len(), scores.len()), (other.len(), others.len()));
    assert!(scores.iter().zip(&others).all(|(score, other)| (score - other).abs() < 0.005), "{scores:?} {others:?}");
    if let Some((one, other)) = one.iter().zip(&other).find(|(one, other)| one != other) {
        let at = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count().saturating_sub(60);
        let shown = |text: &str| text.chars().skip(at).take(200).collect::<String>();
        panic!("{}: {}\nis not {}", one.split(':').next().unwrap_or_default(), shown(one), shown(other));
    }
}

#[test]
fn whatever_is_asked_is_answered_the_same() {
    let home = tempfile::tempdir().unwrap();
    for (at, [from, to]) in ways(home.path()).into_iter().enumerate() {
        if at == 0 {
            fill(&open(&from));
        }
        let report = copy(&from, &to, Existing::Refuse).unwrap();
        let [one, two] = report.sources.as_slice() else { panic!("{report:?}") };
        assert_eq!((one.pages, one.written, two.pages, two.addresses), (3, 3, 1, 3), "{report:?}");
        assert!(one.vectors_sum.is_some() && one.vectors > 6 && one.other_vectors == 0, "{report:?}");
        assert_eq!((report.packages, report.packages_there, report.projects, report.resting), (2, 0, 1, 1));
        assert_same(&from, &to);
        // The same page is counted on after it has been missed twice.
        let bread = "https://docs.test/bread".parse().unwrap();
        assert_eq!(open(&to).miss(&source("docs@1.0"), &bread).unwrap(), 3);
        // Again: but for that page, all is there.
        let other = copy(&from, &to, Existing::Refuse).unwrap_err();
        assert!(matches!(&other, Error::Share(share::Error::Others { others }) if *others == ["docs@1.0"]), "{other:?}");
        let report = copy(&from, &to, Existing::Replace).unwrap();
        assert_eq!((report.sources[0].written, report.sources[1].written, report.packages_there, report.projects_there), (1, 0, 2, 1));
        let again = copy(&from, &to, Existing::Refuse).unwrap();
        assert_eq!(again.sources.iter().map(|of| of.written).sum::<u64>(), 0, "{again:?}");
        assert_eq!(again.sources[0].sum, report.sources[0].sum);
        assert_same(&from, &to);
    }
}

#[test]
fn what_is_there_and_is_other_stays_unless_it_is_to_be_replaced() {
    let home = tempfile::tempdir().unwrap();
    for (at, [from, to]) in ways(home.path()).into_iter().enumerate() {
        if at == 0 {
            fill(&open(&from));
        }
        let there = open(&to);
        let more = page("https://docs.test/more", "# More\n\nA page of their own.\n");
        there.put_cut_for(Some(&source("docs@1.0")), &more, &cut(&more), None).unwrap();
        let own = page("https://own.test/", "# Own\n\nA source of their own. This passage stands on every page that there is.\n");
        there.put(&own, &cut(&own)).unwrap();
        there.put_package(&package("crate", "smol", "2"), b"another", &names(&["spawn"])).unwrap();
        let before = answers_of_pages(&there);
        let refused = copy(&from, &to, Existing::Refuse).unwrap_err();
        assert!(
            matches!(&refused, Error::Share(share::Error::Others { others }) if *others == ["docs@1.0", "crate:smol@2.0.2"]),
            "{refused:?}"
        );
        assert_eq!(answers_of_pages(&there), before);

        let report = copy(&from, &to, Existing::Replace).unwrap();
        assert_eq!((report.sources[0].written, report.sources[0].removed), (3, 1), "{report:?}");
        let pages = |source: &str| there.pages(&self::source(source)).unwrap().len();
        assert_eq!((pages("docs@1.0"), pages("own.test")), (3, 1));
        let (row, smol) = there.packages().unwrap().remove(0);
        assert_eq!((smol.stamp, there.package_names(row).unwrap().len()), ("1".to_owned(), 2));
        there.remove_source(&source("own.test")).unwrap();
        drop(there);
        assert_same(&from, &to);
    }
}

fn answers_of_pages(store: &Store) -> String {
    format!("{:?} {:?}", store.sources().unwrap(), store.packages().unwrap())
}

/// A passage that has a vector of the same model keeps it, which is told.
#[test]
fn vectors_that_are_there_stay() {
    let home = tempfile::tempdir().unwrap();
    // From a file alone: what is added there would be in the way of the next.
    for (at, [from, to]) in ways(home.path()).into_iter().take(2).enumerate() {
        if at == 0 {
            fill(&open(&from));
        }
        let own = page("https://own.test/", "# Own\n\nThis passage stands on every page that there is.\n");
        // As the pages of the other sources are cut.
        let of_all = cut(&page(
            "https://docs.test/bread",
            "# Bread\n\nFlour, water and salt make a dough.\n\nThis passage stands on every page that there is.\n",
        ));
        let there = open(&to);
        there.put(&own, &of_all).unwrap();
        let pending = there.pending("large", 10).unwrap();
        let others: Vec<_> = pending.iter().map(|of| Embedded { chunk: of.chunk, vector: meaning("another", 40) }).collect();
        there.put_vectors("large", &others).unwrap();
        let report = copy(&from, &to, Existing::Refuse).unwrap();
        let others: u64 = report.sources.iter().map(|of| of.other_vectors).sum();
        assert!(others > 0 && report.sources[0].vectors_sum.is_none(), "{report:?}");
        // And so it is the next time.
        let again = copy(&from, &to, Existing::Refuse).unwrap();
        assert_eq!((again.sources[0].written, again.sources[0].other_vectors), (0, report.sources[0].other_vectors));
    }
}

#[cfg(unix)]
fn links_to(file: &Path) -> Vec<PathBuf> {
    let [link, hard] = ["link.db", "hard.db"].map(|name| file.with_file_name(name));
    std::os::unix::fs::symlink(file, &link).unwrap();
    std::fs::hard_link(file, &hard).unwrap();
    vec![link, hard]
}

#[cfg(not(unix))]
fn links_to(_: &Path) -> Vec<PathBuf> {
    Vec::new()
}

/// Whatever names it has: what is under way would be lost.
#[test]
fn a_database_is_not_copied_to_itself() {
    let home = tempfile::tempdir().unwrap();
    let from = home.path().join("a.db");
    fill(&open(&from));
    std::fs::create_dir(home.path().join("folder")).unwrap();
    let names = [home.path().join(".").join("a.db"), home.path().join("folder").join("..").join("a.db")];
    let names = names.into_iter().chain(links_to(&from));
    let mut pairs: Vec<(PathBuf, PathBuf)> = names.map(|name| (from.clone(), name)).collect();
    let server = stores::named(&from);
    if server != from {
        fill(&open(&server));
        let other = server.display().to_string().replace("127.0.0.1", "localhost");
        pairs.push((server, other.into()));
    }
    for (from, to) in pairs {
        let before = answers(&open(&from));
        let error = copy(&from, &to, Existing::Replace).unwrap_err();
        assert!(matches!(&error, Error::Share(share::Error::Itself { .. })) && error.hint().is_some(), "{to:?}: {error:?}");
        assert_eq!(answers(&open(&from)), before, "{to:?}");
    }
    // What is the same and is another is copied.
    copy(&from, &home.path().join("b.db"), Existing::Replace).unwrap();
}

/// Wherever it is ended, the same again goes on: nothing is lost, and no page is written twice.
#[test]
fn a_copy_that_was_ended_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let pages = 12;
    for (at, [from, to]) in ways(home.path()).into_iter().enumerate() {
        if at == 0 {
            long_pages(&open(&from), pages);
        }
        let handle = Sim::new().handle();
        let (from_engine, to_engine) = (engine(&handle, &from), engine(&handle, &to));
        let (mut ended, mut written) = (0, 0);
        // Each time it gets a step further, and is dropped in the middle of the next.
        let report = loop {
            let before = open(&to).first_pages(&source("docs@1.0"), "", 100).unwrap().len() as u64;
            let mut copying = to_engine.copy_from(&from_engine, Existing::Refuse);
            let mut is_over = false;
            handle.block_on(async {
                for _ in 0..=ended {
                    match copying.next().await {
                        Some(progress) => drop(progress.unwrap()),
                        None => {
                            is_over = true;
                            return;
                        }
                    }
                }
                future::poll_once(copying.next()).await;
            });
            if is_over {
                break copying.into_report();
            }
            // What was under way when it was dropped comes to its end.
            drop(copying);
            let now = open(&to).first_pages(&source("docs@1.0"), "", 100).unwrap().len() as u64;
            written = written.max(now);
            assert!(now >= before, "nothing that was copied is lost");
            ended += 1;
        };
        assert!(ended > 4, "it has to be ended in the middle: {ended}");
        assert_eq!((report.sources[0].pages, report.sources[0].written), (pages as u64, 0), "the last time all was there");
        assert_eq!(written, pages as u64);
        assert_eq!(answers_of_sums(&open(&from)), answers_of_sums(&open(&to)));
    }
}

fn long_pages(store: &Store, pages: usize) {
    let long = "Herons stand still in shallow water until a fish comes by. ".repeat(6_000);
    for number in 0..pages {
        let page = page(&format!("https://docs.test/{number:02}"), &format!("# Page {number}\n\n{long}"));
        let few = cut(&page).into_iter().take(3).collect::<Vec<_>>();
        store.put_cut_for(Some(&source("docs@1.0")), &page, &few, None).unwrap();
    }
    embed(store, "small", 3);
}

/// A process that is killed has acknowledged nothing that is not there.
#[test]
fn a_copy_that_is_killed_goes_on() {
    let home = tempfile::tempdir().unwrap();
    for (at, [from, to]) in ways(home.path()).into_iter().enumerate() {
        if at == 0 {
            long_pages(&open(&from), 20);
        }
        // It may be in the middle of making the database.
        let there = || {
            let store = Store::open_to_read(&to, store::Config::default()).ok()?;
            Some(store.first_pages(&source("docs@1.0"), "", 100).ok()?.len())
        };
        let (mut kills, mut before) = (0, 0);
        loop {
            let mut copy = smolcrawl(home.path());
            copy.arg("copy").arg("--from").arg(&from).arg("--to").arg(&to).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = copy.spawn().unwrap();
            let is_over = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    assert!(status.success(), "{status}");
                    break true;
                }
                let now = there().unwrap_or(before);
                assert!(now >= before, "nothing that was copied is lost");
                if now > before && now < 20 {
                    before = now;
                    break false;
                }
            };
            if is_over {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
        assert!(kills > 1, "it has to be killed in the middle: {kills}");
        assert_eq!(answers_of_sums(&open(&from)), answers_of_sums(&open(&to)));
    }
}

fn answers_of_sums(store: &Store) -> String {
    let documents = store.documents_after(&source("docs@1.0"), "", 100).unwrap();
    let hashes: Vec<_> = documents.iter().map(|page| (page.url.clone(), store::text_hash(page.markdown.as_bytes()))).collect();
    format!("{hashes:?} {:?} {:?}", store.sources().unwrap(), store.models().unwrap())
}

#[test]
fn an_export_of_one_engine_is_one_of_the_other() {
    use smolcrawl::engine::Export;
    let home = tempfile::tempdir().unwrap();
    for (at, [from, to]) in ways(home.path()).into_iter().enumerate() {
        if at == 0 {
            fill(&open(&from));
        }
        let (handle, file) = (Sim::new().handle(), home.path().join(format!("{at}.smolcrawl")));
        let (ours, theirs) = (engine(&handle, &from), engine(&handle, &to));
        handle.block_on(async {
            ours.export(Export::new(vec![source("docs@1.0"), source("docs@2.0")], &file)).await.unwrap();
            theirs.import(file.clone(), Existing::Refuse).await.unwrap();
        });
        let pages = |store: &Store, name: &str| {
            let (mut pages, mut after) = (Vec::new(), String::new());
            while let Some((address, mut page, _)) = store.shared_after(&source(name), &after, None).unwrap() {
                // An export says nothing of a twin, and so nothing of what its answer was known by.
                page.document.validators = Validators::default();
                pages.push(page);
                after = address;
            }
            pages
        };
        for name in ["docs@1.0", "docs@2.0"] {
            assert_eq!(pages(&open(&from), name), pages(&open(&to), name));
        }
        // The next way begins with what this one has made, whole.
        copy(&from, &to, Existing::Replace).unwrap();
    }
}

#[test]
fn the_command_line_copies() {
    let home = tempfile::tempdir().unwrap();
    fill(&open(&home.path().join("a.db")));
    let smol = |arguments: &[&str]| run(home.path(), arguments);
    let copied = report(&smol(&["copy", "--from", "a.db", "--to", "b.db", "--json"]));
    assert_eq!((&copied["sources"][0]["written"], &copied["packages"]), (&json!(3), &json!(2)), "{copied}");
    assert_eq!(copied["sources"][0]["sha256"].as_str().unwrap().len(), 64);
    let told = text(&smol(&["copy", "--to", "b.db", "--db", "a.db"]).stdout);
    assert!(told.starts_with("docs@1.0: 3 pages (0 written, 3 there), 5 chunks, 10 vectors\n"), "{told}");
    assert!(told.contains("\n  the same in both: sha256 ") && told.contains("\n2 packages (2 there), 1 projects (1 there)\n"), "{told}");
    assert!(told.trim_end().lines().last().unwrap().starts_with("4 pages of 2 sources from a.db to b.db in "), "{told}");

    smol(&["remove", "docs@1.0", "--db", "b.db"]);
    let own = page("https://docs.test/more", "# More\n\nA page of their own.\n");
    open(&home.path().join("b.db")).put_cut_for(Some(&source("docs@1.0")), &own, &cut(&own), None).unwrap();
    let refused = smol(&["copy", "--from", "a.db", "--to", "b.db"]);
    assert_eq!(refused.status.code(), Some(1));
    let why = text(&refused.stderr);
    assert!(why.starts_with("error: already stored, and not the same: docs@1.0\nhint: --replace puts "), "{why}");
    let replaced = report(&smol(&["copy", "--from", "a.db", "--to", "b.db", "--replace", "--json"]));
    assert_eq!((&replaced["sources"][0]["written"], &replaced["sources"][0]["removed"]), (&json!(3), &json!(1)), "{replaced}");

    for (wrong, status, why) in [
        (&["copy"][..], 2, "--from"),
        (&["copy", "--from", "a.db", "--to", "a.db"], 2, "the same database"),
        (&["copy", "--from", "none.db", "--to", "c.db"], 1, "none.db does not exist"),
        (&["copy", "--from", "a.db", "--to", "a.db/b.db"], 1, "hint: "),
    ] {
        let output = smol(wrong);
        assert_eq!(output.status.code(), Some(status), "{wrong:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(why), "{wrong:?}: {}", text(&output.stderr));
    }
    assert!(!home.path().join("c.db").exists());
}
