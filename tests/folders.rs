//! Folders, files, archives, clones and packages as sources: what is stored of them, what is read again and what not, what is left out, and
//! what a refresh makes of what has changed. Through the public API, on real folders.
#![cfg(feature = "files")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use smolcrawl::config::{Environment, OnDisk};
use smolcrawl::engine::{AddEvent, AddReport, AddRequest, Chunking, Existing, Export, RefreshReport, RefreshRequest};
use smolcrawl::files::{Ecosystem, Origin, PackageName, PathPattern, Places, Selection, Shelf};
use smolcrawl::model::{Document, FilesRecipe, Mode, Query, Recipe, SharedPage, SharedSource, SourceId, SourceState};
use smolcrawl::share::{Head, Writer};
use smolcrawl::{Config, Engine, Error};
use tempfile::TempDir;
use url::Url;

struct World {
    home: TempDir,
    engine: Engine,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let engine = engine(home.path());
        Self { home, engine }
    }

    fn path(&self, path: &str) -> PathBuf {
        path.split('/').fold(fs::canonicalize(self.home.path()).unwrap(), |at, name| at.join(name))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Another text, and another time, however coarse the clock of the disk is.
    fn rewrite(&self, path: &str, text: &str) {
        self.write(path, text);
        let later = SystemTime::now() + Duration::from_secs(7);
        File::options().write(true).open(self.path(path)).unwrap().set_modified(later).unwrap();
    }

    fn add(&self, path: &str) -> AddReport {
        self.request(self.of(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn of(&self, path: &str) -> AddRequest {
        let folder = self.path("");
        let origin = self.engine.origin(format!("./{path}"), folder);
        AddRequest::new(self.engine.handle().block_on(origin).unwrap())
    }

    fn request(&self, request: AddRequest) -> Result<AddReport, Error> {
        self.engine.handle().block_on(async {
            let mut adding = self.engine.add(request, Chunking::default());
            let mut outcome = Ok(());
            while let Some(event) = adding.next().await {
                outcome = outcome.and(event.map(drop));
            }
            outcome.map(|()| adding.report())
        })
    }

    fn refresh(&self, source: &str) -> Result<RefreshReport, Error> {
        let request = RefreshRequest::new(SourceId::named(source).unwrap());
        self.engine.handle().block_on(self.engine.refresh(request, Chunking::default()))
    }

    /// The addresses of the pages of a source, without what they have in common.
    fn pages(&self, source: &str) -> Vec<String> {
        let pages = self.engine.pages_of(SourceId::named(source).unwrap(), String::new(), 1_000);
        let pages = self.engine.handle().block_on(pages).unwrap();
        let home = self.path("").to_string_lossy().trim_start_matches(r"\\?\").replace('\\', "/");
        pages
            .into_iter()
            .map(|page| page.url.as_str().replace(&format!("{}/", home.trim_end_matches('/')), "HOME/").replace("file:////", "file:///"))
            .collect()
    }

    fn find(&self, text: &str) -> Vec<(String, String)> {
        let found = self.engine.handle().block_on(self.engine.find(Query { mode: Mode::Lexical, ..Query::new(text) })).unwrap();
        found.hits.into_iter().map(|hit| (hit.source.to_string(), hit.url.path().rsplit('/').next().unwrap().to_owned())).collect()
    }

    fn source(&self, source: &str) -> smolcrawl::model::SourceSummary {
        self.engine.handle().block_on(self.engine.source(&SourceId::named(source).unwrap())).unwrap()
    }
}

fn engine(home: &Path) -> Engine {
    let mut config = Config::new(home.join("index.db"));
    config.environment = Environment::none();
    config.embeddings = smolcrawl::config::Embeddings::None;
    Engine::new(config).unwrap()
}

fn left_out(report: &AddReport) -> Vec<String> {
    report.left_out.iter().map(|of| format!("{} {} {}", of.count, of.rule, of.first)).collect()
}

fn counts(report: &AddReport) -> [u64; 6] {
    [report.files, report.added, report.updated, report.unchanged, report.removed, report.skipped_total]
}

/// By another engine, as another process would.
#[test]
fn a_folder_that_is_removed_while_it_is_read_again_is_no_complete_source() {
    for changed in [1, 30] {
        let world = World::new();
        (0..30).for_each(|page| world.write(&format!("docs/{page}.md"), &format!("# Page {page}\n\nWords of page {page}.\n")));
        assert_eq!(world.add("docs").added, 30);
        (0..changed).for_each(|page| world.rewrite(&format!("docs/{page}.md"), &format!("# Page {page}\n\nOther words of it.\n")));
        let theirs = engine(&world.path(""));
        let source = SourceId::named("docs").unwrap();
        let request = world.of("docs");
        let errors = world.engine.handle().block_on(async {
            let (mut adding, mut errors) = (world.engine.add(request, Chunking::default()), Vec::new());
            while let Some(event) = adding.next().await {
                if matches!(event, Ok(AddEvent::Found)) {
                    assert_eq!(theirs.remove(source.clone()).await.unwrap(), 30);
                }
                errors.extend(event.err());
            }
            errors
        });
        assert!(matches!(&errors[..], [Error::Removed { source_id }] if *source_id == source), "{changed}: {errors:?}");
        let left = world.engine.handle().block_on(theirs.sources()).unwrap();
        assert!(left.iter().all(|of| of.pages < 30 && of.state == SourceState::Incomplete && of.recipe.is_some()), "{left:?}");
        let again = world.add("docs");
        assert_eq!((again.pages(), again.is_complete), (30, true), "{again:?}");
        assert_eq!((world.source("docs").pages, world.source("docs").state), (30, SourceState::Complete));
    }
}

#[test]
fn a_folder_is_read_once_and_then_what_has_changed() {
    let world = World::new();
    world.write("docs/kettle.md", "# Kettle\n\nPut the kettle on. See [tea](sub/tea.rst).\n");
    world.write("docs/sub/tea.rst", "Tea\n===\n\nBrew *tea* for four minutes.\n");
    world.write("docs/page.html", "<title>Mugs</title><h1>Mugs</h1><p>A mug holds a <a href='kettle.md'>kettle's</a> water.</p>");
    world.write("docs/empty.md", "");
    world.write("docs/logo.png", "x");
    world.write("docs/code.rs", "fn main() {}");
    world.write("docs/.hidden/a.md", "# Hidden");
    let first = world.add("docs");
    assert_eq!(counts(&first), [4, 3, 0, 0, 0, 1], "{first:?}");
    assert_eq!(first.source.as_ref().unwrap().as_str(), "docs");
    assert_eq!(left_out(&first), ["1 hidden .hidden/", "1 neither document nor source code logo.png", "1 source code code.rs"]);
    assert_eq!(
        world.pages("docs"),
        ["file:///HOME/docs/kettle.md", "file:///HOME/docs/page.html", "file:///HOME/docs/sub/tea.rst"]
            .map(|url| url.replace("///HOME", if cfg!(windows) { "///HOME" } else { "//HOME" }))
    );
    assert_eq!(world.find("brew minutes")[0], ("docs".to_owned(), "tea.rst".to_owned()));
    let summary = world.source("docs");
    assert_eq!((summary.state, summary.recipe.as_ref().unwrap().files.as_ref().unwrap().folder.clone()), (SourceState::Complete, None));

    // Nothing is read a second time: what says the same by size and time may say anything.
    let modified = fs::metadata(world.path("docs/kettle.md")).unwrap().modified().unwrap();
    world.write("docs/kettle.md", "# Kettle\n\nPut the KETTLE on. See [tea](sub/tea.rst).\n");
    File::options().write(true).open(world.path("docs/kettle.md")).unwrap().set_modified(modified).unwrap();
    let again = world.add("docs");
    assert_eq!(counts(&again), [4, 0, 0, 3, 0, 0]);
    assert_eq!(again.still_skipped_total, 1, "the empty one is known, too");

    world.rewrite("docs/kettle.md", "# Kettle\n\nPut the copper kettle on.\n");
    fs::remove_file(world.path("docs/sub/tea.rst")).unwrap();
    world.write("docs/herons.txt", "Herons stand in the water.\n");
    let report = world.refresh("docs").unwrap();
    assert_eq!((report.added, report.updated, report.removed, report.unchanged, report.looked_for_new), (1, 1, 1, 1, true), "{report:?}");
    assert!(report.removed_pages[0].url.as_str().ends_with("/docs/sub/tea.rst") && report.removed_pages[0].title == "Tea");
    assert_eq!(world.find("copper")[0].1, "kettle.md");
    assert_eq!(world.find("brew minutes"), []);
    // A time alone makes no other page.
    world.rewrite("docs/herons.txt", "Herons stand in the water.\n");
    let report = world.refresh("docs").unwrap();
    assert_eq!((report.added, report.updated, report.removed, report.unchanged), (0, 0, 0, 3));
    // What has become empty has no page.
    world.rewrite("docs/herons.txt", "");
    let report = world.refresh("docs").unwrap();
    assert_eq!((report.removed + report.new_skipped_total, world.pages("docs").len()), (2, 2), "{report:?}");
    let removed = world.engine.handle().block_on(world.engine.remove(SourceId::named("docs").unwrap())).unwrap();
    assert_eq!(removed, 2);
}

#[test]
fn pages_have_the_code_that_they_include_and_are_read_again_as_it_changes() {
    let world = World::new();
    world.write("r/docs/en/kettle.md", "# Kettle\n\nPut it on:\n\n{* ../../docs_src/kettle.py *}\n");
    world.write("r/docs/mug.rst", "Mug\n===\n\n.. literalinclude:: ../docs_src/mug.py\n\n.. literalinclude:: gone.py\n");
    world.write("r/docs/tea.md", "# Tea\n\nBrew it.\n");
    world.write("r/docs_src/kettle.py", "boil(water)\n");
    world.write("r/docs_src/mug.py", "fill(mug)\n");
    assert_eq!(counts(&world.add("r")), [3, 3, 0, 0, 0, 0]);
    assert_eq!(world.find("boil water")[0].1, "kettle.md");
    let text = |path: &str| {
        let url = Url::from_file_path(world.path(path)).unwrap();
        world.engine.handle().block_on(world.engine.page(url)).unwrap().unwrap().markdown
    };
    assert_eq!(text("r/docs/mug.rst"), "# Mug\n\n```python\nfill(mug)\n```\n\n`literalinclude:: gone.py`");
    // Those two are read again, as nobody knows without, and say the same.
    assert_eq!(counts(&world.add("r")), [3, 0, 0, 3, 0, 0]);
    let verify = |path: &str| {
        let url = Url::from_file_path(world.path(path)).unwrap();
        let source = Some(SourceId::named("r").unwrap());
        world.engine.handle().block_on(world.engine.verify(url, source)).unwrap().checked.as_str()
    };
    assert_eq!(verify("r/docs/en/kettle.md"), "unchanged");
    world.rewrite("r/docs_src/kettle.py", "descale(water)\n");
    assert_eq!(verify("r/docs/en/kettle.md"), "changed");
    assert_eq!(counts(&world.add("r")), [3, 0, 1, 2, 0, 0]);
    assert_eq!((world.find("descale")[0].1.as_str(), world.find("boil").len()), ("kettle.md", 0));
}

#[test]
fn what_is_wanted_is_told_and_kept_for_the_refresh() {
    let world = World::new();
    for number in 0..5 {
        world.write(&format!("docs/{number}.md"), &format!("# Page {number}\n\nText of page {number}.\n"));
    }
    world.write("docs/drafts/x.md", "# Draft");
    world.write("docs/large.md", &format!("# Large\n\n{}", "words ".repeat(1_000)));
    let pattern = |text: &str| vec![PathPattern::parse(text).unwrap()];
    let selection = Selection { exclude: pattern("drafts"), max_files: 4, max_file_bytes: 1_000, ..Selection::default() };
    let request = world.of("docs").selection(selection).named(Some("handbook".to_owned()), Some("1.0".to_owned()));
    let report = world.request(request).unwrap();
    assert_eq!(left_out(&report), ["1 not wanted (include, exclude) drafts/", "1 too large large.md", "1 beyond the limit 4.md"]);
    assert_eq!((report.added, report.beyond_limits), (4, 1));
    let summary = world.source("handbook@1.0");
    assert_eq!((summary.state, summary.left, summary.version()), (SourceState::Limited, 1, Some("1.0")));
    let report = world.refresh("handbook@1.0").unwrap();
    assert_eq!((report.unchanged, report.added, report.left), (4, 0, 1));
    // Another selection of the same folder is another one of the same source.
    let wider = Selection { max_file_bytes: 1 << 20, ..Selection::default() };
    let request = world.of("docs").selection(wider).named(Some("handbook".to_owned()), Some("1.0".to_owned()));
    let report = world.request(request).unwrap();
    assert_eq!((report.added, report.unchanged, report.removed), (3, 4, 0), "{report:?}");
    assert_eq!(world.source("handbook@1.0").state, SourceState::Complete);
}

#[test]
fn two_folders_of_one_name_are_two_sources_and_a_name_is_not_taken_away() {
    let world = World::new();
    world.write("a/docs/x.md", "# Of A");
    world.write("b/docs/x.md", "# Of B");
    assert_eq!(world.add("a/docs").source.unwrap().as_str(), "docs");
    assert_eq!(world.add("b/docs").source.unwrap().as_str(), "b/docs");
    assert_eq!(world.add("a/docs").source.unwrap().as_str(), "docs");
    let error = world.request(world.of("b/docs").named(Some("docs".to_owned()), None)).unwrap_err();
    assert!(matches!(error, Error::NameTaken { .. }) && error.hint().is_some(), "{error}");
    let error = world.request(world.of("b/docs").named(Some("two words".to_owned()), None)).unwrap_err();
    assert!(matches!(error, Error::Name { .. }), "{error}");
    assert_eq!(world.pages("docs").len(), 1);
}

#[test]
fn versions_of_a_folder_are_compared() {
    let world = World::new();
    for (version, text) in [("1.0", "The kettle boils in four minutes."), ("2.0", "The kettle boils in two minutes.")] {
        world.write(&format!("pots-{version}/guide.md"), &format!("# Guide\n\n{text}\n"));
        world.write(&format!("pots-{version}/same.md"), "# Same\n\nNothing has changed here.\n");
        world.request(world.of(&format!("pots-{version}")).named(Some("pots".to_owned()), Some(version.to_owned()))).unwrap();
    }
    let [old, new] = ["pots@1.0", "pots@2.0"].map(|name| SourceId::named(name).unwrap());
    let compared = world.engine.handle().block_on(world.engine.compare(&old, &new)).unwrap();
    let changed: Vec<_> = compared.changed.iter().map(|pair| pair.url.path().rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!((compared.added.len(), compared.removed.len(), changed), (0, 0, vec!["guide.md".to_owned()]), "{compared:?}");
}

#[test]
fn what_is_not_there_takes_nothing_away() {
    let world = World::new();
    world.write("docs/a.md", "# A\n\nHerons.");
    world.add("docs");
    fs::rename(world.path("docs"), world.path("elsewhere")).unwrap();
    let error = world.refresh("docs").unwrap_err();
    assert!(error.to_string().contains("there is nothing at") && error.hint().is_some(), "{error}");
    assert_eq!(world.pages("docs").len(), 1);
    // A folder that is empty may be one whose disk is not there.
    fs::create_dir(world.path("docs")).unwrap();
    let error = world.refresh("docs").unwrap_err();
    assert!(matches!(error, Error::NothingToRead { kept: 1, .. }) && error.hint().unwrap().contains("are kept"), "{error:?}");
    assert_eq!(world.pages("docs").len(), 1);
    let error = world.request(world.of("elsewhere/a.md").named(Some("docs".to_owned()), None)).unwrap_err();
    assert!(matches!(error, Error::NameTaken { .. }));
    world.write("none/x.png", "x");
    let error = world.request(world.of("none")).unwrap_err();
    assert!(error.to_string().contains("1 neither document nor source code (such as x.png)"), "{error}");
    assert!(world.engine.handle().block_on(world.engine.sources()).unwrap().len() == 1, "nothing is left of what came to nothing");
}

#[test]
fn what_is_emptied_or_written_over_takes_nothing_away() {
    let world = World::new();
    let entries = [("a.md", "# A\n\nHerons.\n"), ("b.md", "# B\n\nStorks.\n")];
    zip(&world.path("pots.zip"), &entries);
    world.add("pots.zip");
    zip(&world.path("one.zip"), &entries[..1]);
    world.add("one.zip");
    for (path, text) in entries {
        world.write(&format!("docs/{path}"), text);
    }
    world.add("docs");
    world.write("notes.txt", "Cranes.\n");
    world.add("notes.txt");
    let is_kept = |outcome: Result<(), Error>, source: &str, pages: usize| {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::NothingToRead { kept, .. } if kept == pages as u64), "{source}: {error:?}");
        assert!(error.hint().unwrap().contains("are kept"), "{source}: {error}");
        assert_eq!(world.pages(source).len(), pages, "{source}");
        let summary = world.source(source);
        assert_eq!(summary.state, SourceState::Complete, "{source}");
        assert!(summary.recipe.unwrap().files.unwrap().state.is_some(), "{source}: what it was at its last reading is known");
        error.to_string()
    };
    // As `curl -o` leaves it until the first byte comes, and as a server that is down has it written.
    for text in ["", "<!DOCTYPE html><html><title>502</title><body><h1>Bad gateway</h1><p>Try again later.</body></html>"] {
        for (archive, source, pages) in [("pots.zip", "pots", 2), ("one.zip", "one", 1)] {
            world.rewrite(archive, text);
            let told = is_kept(world.refresh(source).map(drop), source, pages);
            assert!(told.contains("which is no folder or archive any more"), "{told}");
            is_kept(world.request(world.of(archive)).map(drop), source, pages);
        }
    }
    // As it was again, it is read again.
    zip(&world.path("pots.zip"), &entries);
    assert_eq!(world.refresh("pots").unwrap().unchanged, 2);
    // An archive that is whole, and has nothing in it.
    for entries in [&[][..], &[("a.md", ""), ("b.md", "")]] {
        zip(&world.path("pots.zip"), entries);
        let later = SystemTime::now() + Duration::from_secs(7 + entries.len() as u64);
        File::options().write(true).open(world.path("pots.zip")).unwrap().set_modified(later).unwrap();
        is_kept(world.refresh("pots").map(drop), "pots", 2);
    }
    world.rewrite("notes.txt", "");
    is_kept(world.refresh("notes.txt").map(drop), "notes.txt", 1);
    world.rewrite("docs/a.md", "");
    world.rewrite("docs/b.md", "");
    let told = is_kept(world.refresh("docs").map(drop), "docs", 2);
    assert!(told.contains("2 without text (such as file:") && told.contains("no text in the page"), "{told}");
    // One that is empty beside one that is not is a page less.
    world.rewrite("docs/a.md", "# A\n\nHerons again.\n");
    let report = world.refresh("docs").unwrap();
    assert_eq!((report.updated, report.removed, world.pages("docs").len()), (1, 1, 1), "{report:?}");
    fs::remove_dir_all(world.path("docs")).unwrap();
    world.write("docs", "A file, where a folder was.\n");
    is_kept(world.refresh("docs").map(drop), "docs", 1);
    // What was never more than this is no loss.
    world.write("none/a.md", "");
    let report = world.add("none");
    assert_eq!((report.added, report.skipped_total), (0, 1));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_to_another_file_is_read_where_it_leads() {
    let world = World::new();
    world.write("v1.md", "# One\n\nHerons.\n");
    world.write("v2.md", "# Two\n\nStorks.\n");
    std::os::unix::fs::symlink(world.path("v1.md"), world.path("latest.md")).unwrap();
    world.add("latest.md");
    fs::remove_file(world.path("latest.md")).unwrap();
    std::os::unix::fs::symlink(world.path("v2.md"), world.path("latest.md")).unwrap();
    let report = world.refresh("latest.md").unwrap();
    assert_eq!((report.added, report.removed), (1, 1), "{report:?}");
    assert_eq!(world.find("storks").len(), 1);
}

#[cfg(unix)]
#[test]
fn a_database_that_is_removed_or_replaced_under_a_reading_is_told() {
    let world = World::new();
    world.write("docs/a.md", "# A\n\nHerons.\n");
    world.add("docs");
    let (at, aside) = (world.home.path().join("index.db"), world.home.path().join("aside.db"));
    fs::rename(&at, &aside).unwrap();
    for replaced in [false, true] {
        world.rewrite("docs/a.md", "# A\n\nStorks.\n");
        if replaced {
            fs::copy(&aside, &at).unwrap();
        }
        let error = world.refresh("docs").unwrap_err();
        assert!(error.to_string().contains("was removed or replaced while it was in use") && error.hint().is_some(), "{error}");
    }
    fs::rename(&aside, &at).unwrap();
    world.rewrite("docs/a.md", "# A\n\nCranes.\n");
    assert_eq!(world.refresh("docs").unwrap().updated, 1, "it is the same again");
}

#[test]
fn one_file_is_a_source_whatever_its_name_is() {
    let world = World::new();
    world.write("notes.weird", "Herons stand in the water.\n");
    let report = world.add("notes.weird");
    assert_eq!((report.source.unwrap().to_string(), report.added), ("notes.weird".to_owned(), 1));
    assert_eq!(world.find("herons")[0].1, "notes.weird");
    world.rewrite("notes.weird", "Storks.\n");
    assert_eq!(world.refresh("notes.weird").unwrap().updated, 1);
}

/// An archive as its maker writes it, with entries that no folder could have.
fn zip(path: &Path, entries: &[(&str, &str)]) {
    let mut writer = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, text) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn an_archive_is_read_in_place_and_nothing_leads_out_of_it() {
    let world = World::new();
    let path = world.path("pots-1.4.zip");
    let same = ("docs/same.md", "# Same\n\nStays as it is.\n");
    zip(
        &path,
        &[
            ("README.md", "# Pots\n\nKettles.\n"),
            same,
            ("../evil.md", "# Evil"),
            ("/etc/evil.md", "# Evil"),
            ("a.png", "x"),
            ("docs\\win.md", "# Back\n\nslash"),
        ],
    );
    let report = world.add("pots-1.4.zip");
    assert_eq!((report.source.as_ref().unwrap().as_str(), report.is_complete), ("pots@1.4", true), "{report:?}");
    let unsafe_names = report.left_out.iter().find(|of| of.rule == "unsafe name").unwrap();
    assert_eq!(unsafe_names.count, 2, "{report:?}");
    assert!(!world.path("evil.md").exists() && !world.path("README.md").exists(), "nothing is unpacked");
    let pages = world.pages("pots@1.4");
    assert!(pages.iter().any(|url| url.ends_with("/pots-1.4.zip/README.md")) && pages.iter().all(|url| !url.contains("evil")), "{pages:?}");
    // As it is, it is not opened again.
    let again = world.add("pots-1.4.zip");
    assert_eq!((again.unchanged, again.added), (pages.len() as u64, 0));
    zip(&path, &[("README.md", "# Pots\n\nCopper kettles and more of them.\n"), same]);
    let later = SystemTime::now() + Duration::from_secs(7);
    File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    let report = world.refresh("pots@1.4").unwrap();
    assert_eq!((report.updated, report.unchanged, report.added), (1, 1, 0), "{report:?}");
    assert_eq!(report.removed, pages.len() as u64 - 2);
    // Cut off, it takes nothing away.
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = world.refresh("pots@1.4").unwrap_err();
    assert!(matches!(error, Error::Files(_)) && error.hint().is_some(), "{error}");
    assert_eq!(world.pages("pots@1.4").len(), 2);
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere() {
    let world = World::new();
    world.write("secret/key.md", "# Secret\n\nHerons.\n");
    world.write("docs/a.md", "# A\n\nStorks.\n");
    std::os::unix::fs::symlink(world.path("secret"), world.path("docs/link")).unwrap();
    std::os::unix::fs::symlink(world.path("secret/key.md"), world.path("docs/key.md")).unwrap();
    std::os::unix::fs::symlink(world.path("docs"), world.path("docs/round")).unwrap();
    let report = world.add("docs");
    assert_eq!((report.added, left_out(&report)), (1, vec!["3 a link key.md".to_owned()]));
    assert_eq!(world.find("herons"), []);
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// An index of git, of version 2, with the files as they lie there.
fn index(root: &Path, paths: &[&str]) -> Vec<u8> {
    let mut bytes = b"DIRC".to_vec();
    bytes.extend([2, paths.len() as u32].map(u32::to_be_bytes).concat());
    for path in paths {
        let metadata = fs::metadata(root.join(path)).unwrap();
        let modified = metadata.modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let mut entry = vec![0; 8];
        entry.extend([modified.as_secs() as u32, modified.subsec_nanos()].map(u32::to_be_bytes).concat());
        entry.extend([0; 20]);
        entry.extend((metadata.len() as u32).to_be_bytes());
        entry.extend([0; 20]);
        entry.extend((path.len() as u16).to_be_bytes());
        entry.extend(path.as_bytes());
        entry.resize((entry.len() + 8) / 8 * 8, 0);
        bytes.extend(entry);
    }
    bytes
}

#[test]
fn pages_of_a_clone_are_seen_on_its_host_and_move_with_its_commit() {
    let world = World::new();
    world.write("pots/.git/HEAD", "ref: refs/heads/main\n");
    world.write("pots/.git/config", "[remote \"origin\"]\n\turl = git@github.com:team/pots.git\n");
    world.write("pots/.git/refs/heads/main", COMMIT);
    world.write("pots/README.md", "# Pots\n\nKettles.\n");
    world.write("pots/guide.md", "# Guide\n\nPut it on.\n");
    world.write("pots/draft.md", "# Draft\n\nNot committed.\n");
    fs::write(world.path("pots/.git/index"), index(&world.path("pots"), &["README.md", "guide.md"])).unwrap();
    let report = world.add("pots");
    assert_eq!((report.added, report.version.as_deref()), (3, Some(&COMMIT[..10])));
    let hosted = |commit: &str, path: &str| format!("https://github.com/team/pots/blob/{commit}/{path}");
    let pages = world.pages("pots");
    assert_eq!(pages[1..], [hosted(COMMIT, "README.md"), hosted(COMMIT, "guide.md")], "{pages:?}");
    assert!(pages[0].ends_with("/pots/draft.md") && pages[0].starts_with("file://"), "what is not committed is nowhere else");
    assert_eq!(world.source("pots").version(), Some(&COMMIT[..10]));

    world.write("pots/.git/refs/heads/main", OTHER);
    world.rewrite("pots/guide.md", "# Guide\n\nPut the kettle on, at last.\n");
    fs::write(world.path("pots/.git/index"), index(&world.path("pots"), &["README.md", "guide.md", "draft.md"])).unwrap();
    let report = world.refresh("pots").unwrap();
    assert_eq!((report.added, report.updated, report.removed, report.unchanged), (0, 1, 0, 2), "{report:?}");
    assert_eq!(world.pages("pots"), ["README.md", "draft.md", "guide.md"].map(|path| hosted(OTHER, path)));
    assert_eq!(world.source("pots").version(), Some(&OTHER[..10]));
    let url = hosted(OTHER, "guide.md").parse().unwrap();
    let error = world.engine.handle().block_on(world.engine.verify(url, None)).unwrap_err();
    assert!(matches!(error, Error::OfFiles { .. }) && error.hint().unwrap().contains("refresh"), "{error}");
}

#[test]
fn a_package_is_read_where_its_tool_has_put_it() {
    let world = World::new();
    let root = "cargo/registry/src/index/pots-1.4.0";
    world.write(&format!("{root}/Cargo.toml"), "[package]\nname = 'pots'\nversion = '1.4.0'\n");
    world.write(&format!("{root}/README.md"), "# Pots\n\nKettles for everybody.\n");
    world.write(&format!("{root}/docs/guide.md"), "# Guide\n\nHerons.\n");
    world.write(&format!("{root}/LICENSE.md"), "# Licence\n\nAll of it.\n");
    world.write(&format!("{root}/src/lib.rs"), "//! Pots.\n");
    let site = "venv/lib/python3.12/site-packages";
    world.write("venv/pyvenv.cfg", "");
    world.write(
        &format!("{site}/mugs-2.0.dist-info/METADATA"),
        "Name: mugs\nVersion: 2.0\nDescription-Content-Type: text/markdown\n\n# Mugs\n\nMugs hold tea.\n",
    );
    world.write(&format!("{site}/mugs-2.0.dist-info/RECORD"), "mugs/__init__.py,,\nmugs/guide.rst,,\n");
    world.write(&format!("{site}/mugs/__init__.py"), "");
    world.write(&format!("{site}/mugs/guide.rst"), "Guide\n=====\n\nStorks.\n");
    world.write(&format!("{site}/other/README.md"), "# Somebody else's\n");
    let mut config = Config::new(world.path("packages.db"));
    config.environment = Environment::none();
    config.embeddings = smolcrawl::config::Embeddings::None;
    config.on_disk = OnDisk { cargo_home: Some(world.path("cargo")), virtual_env: Some(world.path("venv")), ..OnDisk::default() };
    let world = World { engine: Engine::new(config).unwrap(), ..world };
    let add = |text: &str| world.request(AddRequest::new(Origin::Package(PackageName::parse(text).unwrap())));

    let report = add("crate:pots").unwrap();
    assert_eq!(left_out(&report)[0], "1 hidden, licence or tests of a package LICENSE.md", "and nobody has excluded it");
    assert_eq!((report.source.unwrap().to_string(), report.added), ("crate:pots@1.4.0".to_owned(), 2));
    assert!(report.hints[0].contains("https://docs.rs/pots/1.4.0"), "{:?}", report.hints);
    assert_eq!(world.find("herons")[0], ("crate:pots@1.4.0".to_owned(), "guide.md".to_owned()));
    let report = add("pypi:mugs@2.0").unwrap();
    assert_eq!(
        (report.source.unwrap().to_string(), report.added),
        ("pypi:mugs@2.0".to_owned(), 2),
        "its README and its guide, and nobody else's"
    );
    assert_eq!(world.find("hold tea")[0].1, "METADATA");
    let error = add("crate:pots@9.9.9").unwrap_err();
    assert!(error.hint().unwrap().contains("1.4.0") && error.hint().unwrap().contains("cargo add"), "{error}: {:?}", error.hint());

    // As `project` asks for each dependency: a second time costs a look.
    let shelf = Shelf::new(Places { cargo_home: Some(world.path("cargo")), ..Places::default() });
    let installed = shelf.find(&PackageName { ecosystem: Ecosystem::Cargo, name: "pots".to_owned(), version: None }).unwrap();
    let again = world.engine.handle().block_on(world.engine.add_package(installed, Chunking::default())).unwrap();
    assert!(left_out(&again)[0].starts_with("1 hidden, licence"), "{:?}", left_out(&again));
    assert_eq!((again.source.unwrap().to_string(), again.unchanged, again.added), ("crate:pots@1.4.0".to_owned(), 2, 0));
    assert_eq!(world.refresh("pypi:mugs@2.0").unwrap().unchanged, 2);
}

#[test]
fn what_another_machine_exports_is_read_and_not_looked_for_here() {
    let world = World::new();
    world.write("docs/a.md", "# A\n\nHerons.\n");
    world.add("docs");
    let file = world.path("docs.smolcrawl");
    let export = Export::new(vec![SourceId::named("docs").unwrap()], &file);
    world.engine.handle().block_on(world.engine.export(export)).unwrap();
    let other = World::new();
    let imported = other.engine.handle().block_on(other.engine.import(file, Existing::Refuse)).unwrap();
    assert_eq!((imported.sources.len(), imported.sources[0].pages), (1, 1));
    assert_eq!(other.find("herons")[0], ("docs".to_owned(), "a.md".to_owned()));
    let summary = other.source("docs");
    assert_eq!((summary.recipe, summary.state), (None, SourceState::Loose), "its path is no business of this machine");
}

#[cfg(unix)]
#[test]
fn a_folder_of_a_client_that_has_become_a_link_is_not_followed() {
    let world = World::new();
    world.write("docs/a.md", "# A\n\nHerons.\n");
    world.write("own/a.md", "# A\n\nTerns.\n");
    world.write("shut/a.md", "# A\n\nThe password is told.\n");
    world.request(world.of("docs").confined_to(vec![world.path("")])).unwrap();
    world.add("own");
    for name in ["docs", "own"] {
        fs::rename(world.path(name), world.path(&format!("{name}-away"))).unwrap();
        std::os::unix::fs::symlink(world.path("shut"), world.path(name)).unwrap();
    }
    let is_outside = |error: Error| matches!(error, Error::Files(error) if error.is_outside());
    assert!(is_outside(world.refresh("docs").unwrap_err()));
    let summary = world.source("docs");
    assert!(is_outside(world.engine.handle().block_on(world.engine.has_changed_on_disk(&summary)).unwrap_err()));
    let page = Url::from_file_path(world.path("").join("docs").join("a.md")).unwrap();
    assert!(world.engine.handle().block_on(world.engine.verify(page, Some(summary.source))).is_err());
    assert_eq!(world.find("password"), []);
    assert_eq!(world.find("herons").len(), 1, "nothing is taken away");
    // What its user has named may be a link.
    world.refresh("own").unwrap();
    assert_eq!(world.find("password").len(), 1);
}

/// What another machine says is the page of a file here, which is not looked at for that.
#[test]
fn a_page_is_looked_at_only_where_its_source_is_read() {
    let world = World::new();
    world.write("docs/a.md", "# A\n\nHerons.\n");
    world.write("shut/key.md", "# Key\n\nThe password is told.\n");
    world.write("cargo/credentials.toml", "The password is told.");
    world.write("cargo/registry/src/index/pots-1.4.0/README.md", "# Pots\n");
    world.add("docs");
    let url = |path: &str| Url::from_file_path(world.path(path)).unwrap();
    let verify = |url: Url, source: &str| {
        let source = Some(SourceId::named(source).unwrap());
        world.engine.handle().block_on(world.engine.verify(url, source)).map(|verified| verified.checked.as_str())
    };
    assert_eq!(verify(url("docs/a.md"), "docs").unwrap(), "unchanged");
    world.rewrite("docs/a.md", "# A\n\nStorks.\n");
    assert_eq!(verify(url("docs/a.md"), "docs").unwrap(), "changed");
    fs::remove_file(world.path("docs/a.md")).unwrap();
    assert_eq!(verify(url("docs/a.md"), "docs").unwrap(), "gone");

    let mut config = Config::new(world.path("imported.db"));
    config.environment = Environment::none();
    config.embeddings = smolcrawl::config::Embeddings::None;
    config.on_disk = OnDisk { cargo_home: Some(world.path("cargo")), ..OnDisk::default() };
    let engine = Engine::new(config).unwrap();
    let recipe = |given: &str| {
        let files = FilesRecipe { given: given.to_owned(), ..FilesRecipe::default() };
        Recipe { files: Some(files), ..Recipe::default() }
    };
    let shut = url("shut/key.md");
    let sources = [
        ("web", None, vec![shut.clone()]),
        ("folder", Some(recipe(&world.path("shut").to_string_lossy())), vec![shut.clone()]),
        ("archive", Some(recipe("https://a.test/a.zip")), vec![shut.clone()]),
        (
            "crate:pots",
            Some(recipe("crate:pots@1.4.0")),
            vec![url("cargo/credentials.toml"), url("cargo/registry/src/index/pots-1.4.0/README.md"), shut.clone()],
        ),
    ];
    let file = world.path("forged.smolcrawl");
    let mut writer = Writer::new(File::create(&file).unwrap(), &file, &Head::default()).unwrap();
    for (source, recipe, pages) in sources {
        let source = SourceId::named(source).unwrap();
        let state = SourceState::Complete;
        let of = SharedSource { source, says_version: None, recipe, state, left: 0, made: None, refreshed: None };
        writer.source(&of).unwrap();
        for page in pages {
            let document = Document::new(page, "Pots", "# Mugs\n", SystemTime::UNIX_EPOCH);
            writer.page(&SharedPage { document, chunks: Vec::new(), cut_for: None }, &[]).unwrap();
        }
    }
    writer.finish().unwrap();
    engine.handle().block_on(engine.import(file, Existing::Refuse)).unwrap();
    let verify = |url: &Url, source: &str| {
        let source = Some(SourceId::named(source).unwrap());
        engine.handle().block_on(engine.verify(url.clone(), source)).map(|verified| verified.checked.as_str())
    };
    for (url, source) in
        [(&shut, "web"), (&shut, "folder"), (&shut, "archive"), (&shut, "crate:pots"), (&url("cargo/credentials.toml"), "crate:pots")]
    {
        let error = verify(url, source).unwrap_err();
        assert!(matches!(error, Error::NotFiles { .. }), "{source} {url}: {error}");
    }
    assert_eq!(verify(&url("cargo/registry/src/index/pots-1.4.0/README.md"), "crate:pots").unwrap(), "changed");
}

#[test]
fn a_stop_keeps_what_is_stored_and_the_rest_is_read_later() {
    let world = World::new();
    for number in 0..200 {
        world.write(&format!("docs/{number}.md"), &format!("# Page {number}\n\nText of page {number}.\n"));
    }
    let stored = world.engine.handle().block_on(async {
        let mut adding = world.engine.add(world.of_now("docs").await, Chunking::default());
        let mut stored = 0;
        while let Some(event) = adding.next().await {
            if let AddEvent::Stored { .. } = event.unwrap() {
                stored += 1;
                if stored == 20 {
                    adding.stop();
                }
            }
        }
        assert!(!adding.report().is_complete);
        stored
    });
    assert!((20..200).contains(&stored), "{stored}");
    assert_eq!(world.source("docs").state, SourceState::Incomplete);
    let on_disk = || world.engine.handle().block_on(world.engine.sources_on_disk()).unwrap();
    assert_eq!(on_disk().len(), 0, "who has not read all of it says when the rest is to be read");
    let rest = world.add("docs");
    assert_eq!((rest.unchanged, rest.added, rest.is_complete), (stored, 200 - stored, true));
    assert_eq!(world.source("docs").state, SourceState::Complete);
    for number in 0..200 {
        world.rewrite(&format!("docs/{number}.md"), &format!("# Page {number}\n\nAnother text of page {number}.\n"));
    }
    world.engine.handle().block_on(async {
        let mut adding = world.engine.add(world.of_now("docs").await, Chunking::default());
        while let Some(event) = adding.next().await {
            if let AddEvent::Stored { .. } = event.unwrap() {
                adding.stop();
            }
        }
    });
    let known = on_disk();
    assert_eq!(known.iter().map(|of| of.state).collect::<Vec<_>>(), [SourceState::Incomplete], "it was read to its end once");
    assert!(world.engine.handle().block_on(world.engine.has_changed_on_disk(&known[0])).unwrap());
}

impl World {
    async fn of_now(&self, path: &str) -> AddRequest {
        AddRequest::new(self.engine.origin(format!("./{path}"), self.path("")).await.unwrap())
    }
}
