//! Folders of the kinds that are met: sites of generators, clones, and those that want to lead out of themselves.

use super::*;
use crate::files::left_out::Rule;
use crate::files::pattern::PathPattern;
use crate::files::selection::Wanted;

struct Made(tempfile::TempDir);

impl Made {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Self(folder);
        files.iter().for_each(|(path, text)| made.write(path, text));
        made
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn list(&self, selection: Selection) -> Listing {
        Folder::open(self.0.path(), selection).unwrap().list().unwrap()
    }

    fn paths(&self) -> Vec<String> {
        paths(&self.list(Selection::default()))
    }
}

fn paths(listing: &Listing) -> Vec<String> {
    listing.files.iter().map(|found| found.path.to_string()).collect()
}

#[test]
fn documents_and_code_are_found_and_the_rest_is_told() {
    let made = Made::new(&[
        ("README.md", ""),
        ("docs/b.md", ""),
        ("docs/a.rst", ""),
        ("src/lib.rs", ""),
        ("logo.png", ""),
        (".hidden/x.md", ""),
        ("node_modules/x/README.md", ""),
        ("target/doc/x.html", ""),
        ("Cargo.toml", ""),
        ("a.min.js", ""),
    ]);
    let listing = made.list(Selection::default());
    assert_eq!(paths(&listing), ["README.md", "docs/a.rst", "docs/b.md", "src/lib.rs"]);
    let counts = [Rule::Hidden, Rule::Vendored, Rule::Generated, Rule::OtherKind].map(|rule| listing.left_out.count(rule));
    assert_eq!(counts, [1, 1, 2, 2]);
    let documents = made.list(Selection { wanted: Wanted::Documents, ..Selection::default() });
    assert_eq!((documents.files.len(), documents.left_out.count(Rule::OtherRole)), (3, 1));
}

#[test]
fn gitignore_is_obeyed_from_the_nearest_upwards() {
    let made = Made::new(&[
        (".gitignore", "*.txt\n/out\n!keep.txt\n"),
        ("a.txt", ""),
        ("keep.txt", ""),
        ("out/a.md", ""),
        ("sub/.gitignore", "!b.txt\nc.md\n"),
        ("sub/b.txt", ""),
        ("sub/c.md", ""),
        ("sub/d.txt", ""),
        ("sub/out/a.md", ""),
    ]);
    let listing = made.list(Selection::default());
    assert_eq!(paths(&listing), ["keep.txt", "sub/b.txt", "sub/out/a.md"]);
    assert_eq!(listing.left_out.count(Rule::Ignored), 4);
    // Within a clone what stands above the folder counts as well.
    let clone = Made::new(&[
        (".git/HEAD", "x"),
        (".gitignore", "*.txt"),
        (".git/info/exclude", "private"),
        ("d/a.txt", ""),
        ("d/a.md", ""),
        ("d/private/b.md", ""),
    ]);
    let listing = Folder::open(&clone.0.path().join("d"), Selection::default()).unwrap().list().unwrap();
    assert_eq!(paths(&listing), ["a.md"]);
    // What is named is taken all the same.
    let include = vec![PathPattern::parse("out").unwrap()];
    assert_eq!(paths(&made.list(Selection { include, ..Selection::default() })), ["out/a.md", "sub/out/a.md"]);
    let broken = Made::new(&[(".gitignore", "[z-a]\n*.txt\n"), ("a.md", ""), ("a.txt", "")]).list(Selection::default());
    assert_eq!((paths(&broken), broken.left_out.count(Rule::BadIgnoreFile)), (vec!["a.md".to_owned()], 1));
}

#[test]
fn limits_are_kept_and_told() {
    let made = Made::new(&[("a.md", "123"), ("b.md", "12345"), ("c.md", "1"), ("d/e.md", "1")]);
    let listing = made.list(Selection { max_file_bytes: 4, max_files: 2, ..Selection::default() });
    assert_eq!(paths(&listing), ["a.md", "c.md"]);
    assert_eq!((listing.left_out.count(Rule::TooLarge), listing.left_out.count(Rule::Limit)), (1, 1));
    let listing = made.list(Selection { max_bytes: 4, ..Selection::default() });
    assert_eq!((paths(&listing).len(), listing.left_out.count(Rule::Limit)), (2, 2));
}

#[test]
fn many_files_are_listed_in_steps() {
    let made = Made::new(&[]);
    for folder in 0..30 {
        for file in 0..200 {
            made.write(&format!("{folder:02}/{file:03}.md"), "");
        }
    }
    let mut folder = Folder::open(made.0.path(), Selection::default()).unwrap();
    let mut steps = 1;
    let listing = loop {
        match folder.step().unwrap() {
            Some(listing) => break listing,
            None => steps += 1,
        }
    };
    assert_eq!(listing.files.len(), 6_000);
    assert!(steps > 10, "{steps}");
    assert!(listing.files.is_sorted_by(|a, b| a.path < b.path));
}

#[cfg(unix)]
#[test]
fn links_are_never_followed_and_pipes_never_opened() {
    use std::os::unix::fs::symlink;
    let outside = Made::new(&[("secret.md", "secret")]);
    let made = Made::new(&[("a.md", "a"), ("d/b.md", "b")]);
    symlink(outside.0.path().join("secret.md"), made.0.path().join("link.md")).unwrap();
    symlink(outside.0.path(), made.0.path().join("folder")).unwrap();
    symlink("..", made.0.path().join("d/loop")).unwrap();
    let listing = made.list(Selection::default());
    assert_eq!((paths(&listing), listing.left_out.count(Rule::Link)), (vec!["a.md".to_owned(), "d/b.md".to_owned()], 3));
    // A folder that has become a link since.
    fs::remove_dir_all(made.0.path().join("d")).unwrap();
    symlink(outside.0.path(), made.0.path().join("d")).unwrap();
    outside.write("b.md", "another secret");
    assert!(matches!(listing.read(&listing.files[1]), Err(Error::Outside { .. })));
    assert_eq!(listing.read(&listing.files[0]).unwrap(), b"a");
}

#[test]
fn a_file_that_has_grown_or_gone_is_told() {
    let made = Made::new(&[("a.md", "1"), ("b.md", "1")]);
    let listing = made.list(Selection { max_file_bytes: 4, ..Selection::default() });
    made.write("a.md", "12345");
    fs::remove_file(made.0.path().join("b.md")).unwrap();
    assert!(matches!(listing.read(&listing.files[0]), Err(Error::TooLarge { limit: 4, .. })));
    assert!(matches!(listing.read(&listing.files[1]), Err(Error::NotFound { .. })));
    assert!(matches!(Folder::open(&made.0.path().join("none"), Selection::default()), Err(Error::NotFound { .. })));
    assert!(matches!(Folder::open(&made.0.path().join("a.md"), Selection::default()), Err(Error::Special { .. })));
}

#[test]
fn a_page_has_an_address_that_opens() {
    let made = Made::new(&[("docs/a b.md", "# A")]);
    let listing = made.list(Selection::default());
    let page = listing.page(&listing.files[0]).unwrap();
    assert!(page.url.as_str().starts_with("file:///") && page.url.as_str().ends_with("/docs/a%20b.md"), "{}", page.url);
    assert_eq!((page.content_type.as_deref(), page.status), (Some("text/markdown"), 200));
    assert!(page.validators.last_modified.is_some());
    let commit = "0123456789abcdef0123456789abcdef01234567";
    made.write(".git/HEAD", commit);
    made.write(".git/config", "[remote \"origin\"]\nurl = https://github.com/o/r.git\n");
    let listing = Folder::open(&made.0.path().join("docs"), Selection::default()).unwrap().list().unwrap();
    let untracked = listing.page(&listing.files[0]).unwrap();
    assert_eq!(untracked.url, page.url, "it is in no commit");
    assert_eq!(untracked.validators.last_modified, None, "a clone has the time of the cloning");
    assert_eq!(untracked.validators.etag, page.validators.etag);
    made.write("docs/a b.md", "# Another");
    let changed = Folder::open(&made.0.path().join("docs"), Selection::default()).unwrap().list().unwrap();
    assert_ne!(Some(changed.files[0].tag()), page.validators.etag);
}

#[test]
fn documents_come_in_the_order_of_their_site() {
    let mkdocs = Made::new(&[
        (
            "mkdocs.yml",
            "site_name: x\nplugins:\n  - x: !!python/name:y.z\nnav:\n  - Home: index.md\n  - Guide:\n      - z.md\n      - A: sub/a.md\n  - https://x.test\n",
        ),
        ("docs/a.md", ""),
        ("docs/z.md", ""),
        ("docs/index.md", ""),
        ("docs/sub/a.md", ""),
    ]);
    assert_eq!(mkdocs.paths(), ["docs/index.md", "docs/z.md", "docs/sub/a.md", "docs/a.md"]);
    let mdbook = Made::new(&[
        ("src/SUMMARY.md", "# S\n- [Z](./z.md)\n  - [A](sub/a.md#x \"t\")\n- [Draft]()\n- [Out](../../../x.md)"),
        ("src/sub/a.md", ""),
        ("src/b.md", ""),
        ("src/z.md", ""),
    ]);
    assert_eq!(mdbook.paths(), ["src/z.md", "src/sub/a.md", "src/SUMMARY.md", "src/b.md"]);
    let docsify = Made::new(&[("_sidebar.md", "* [Two](/two)\n* [One](one/)"), ("one/README.md", ""), ("two.md", ""), ("README.md", "")]);
    assert_eq!(docsify.paths(), ["two.md", "one/README.md", "README.md", "_sidebar.md"]);
    let docusaurus = Made::new(&[
        ("docs/a/_category_.json", "{\"position\": 2}"),
        ("docs/a/x.md", ""),
        ("docs/b/_category_.yml", "position: 1"),
        ("docs/b/y.md", "---\nsidebar_position: 2\n---\n"),
        ("docs/b/z.md", "---\ntitle: Z\nsidebar_position: 1.5\n---\nsidebar_position: 9"),
        ("docs/intro.md", "---\nsidebar_position: 0\n---"),
        ("docs/b/index.md", ""),
    ]);
    assert_eq!(docusaurus.paths(), ["docs/intro.md", "docs/b/index.md", "docs/b/z.md", "docs/b/y.md", "docs/a/x.md"]);
    let broken = Made::new(&[("mkdocs.yml", "nav: [\n"), ("_category_.json", "{"), ("b.md", "---\nweight: NaN\n---"), ("a.md", "")]);
    assert_eq!(broken.paths(), ["a.md", "b.md"]);
}

#[cfg(unix)]
#[test]
fn what_is_committed_is_seen_on_the_host_and_what_is_not_on_the_disk() {
    let made = Made::new(&[("docs/a.md", "a"), ("docs/b.md", "b")]);
    let git = |arguments: &[&str]| {
        let options = ["-c", "user.name=a", "-c", "user.email=a@b.test", "-c", "commit.gpgsign=false"];
        let run = std::process::Command::new("git")
            .args(options)
            .args(arguments)
            .current_dir(made.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output();
        assert!(run.unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "--quiet"]);
    git(&["remote", "add", "origin", "git@github.com:o/r.git"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "x"]);
    made.write("docs/b.md", "changed");
    made.write("docs/c.md", "new");
    let listing = Folder::open(&made.0.path().join("docs"), Selection::default()).unwrap().list().unwrap();
    let commit = listing.checkout.as_ref().unwrap().commit.clone().unwrap();
    let urls: Vec<_> = listing.files.iter().map(|found| listing.place(found).of(&found.path)).collect();
    assert_eq!(urls[0].as_str(), format!("https://github.com/o/r/blob/{commit}/docs/a.md"));
    assert!(urls[1..].iter().all(|url| url.scheme() == "file"), "{urls:?}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_looked_at_is_told_apart_from_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    let parts = ["file/below.md", "gone.md"].map(str::to_owned);
    let listing = Folder::open_parts(folder.path(), &parts, Selection::default()).unwrap().list().unwrap();
    assert_eq!(listing.left_out.count(Rule::Unreadable), 2);
    assert_eq!(listing.unseen, [Box::from("file/below.md")]);
}

#[test]
fn documents_have_what_they_include_of_the_folder() {
    let made = Made::new(&[
        ("docs/en/docs/a.md", "# A\n\n{* ../../docs_src/a.py *}\n"),
        ("docs/en/docs/b.md", "# B\n\n{* ../../secret/b.py *}\n\n{* ../../../../out.py *}\n"),
        ("docs/en/docs/c.md", "# C"),
        ("docs_src/a.py", "boil()\r\n"),
        ("secret/b.py", "b"),
    ]);
    let exclude = vec![PathPattern::parse("secret").unwrap()];
    let listing = made.list(Selection { wanted: Wanted::Documents, exclude, ..Selection::default() });
    let pages: Vec<Page> = listing.files.iter().map(|found| listing.page(found).unwrap()).collect();
    let bodies: Vec<_> = pages.iter().map(|page| String::from_utf8_lossy(&page.body).into_owned()).collect();
    assert_eq!(bodies[0], "# A\n\n```python\nboil()\n```\n");
    assert_eq!(bodies[1], "# B\n\n{* ../../secret/b.py *}\n\n{* ../../../../out.py *}\n");
    // Another code is another page, which the file alone does not tell.
    let tags = |at: usize| pages[at].validators.etag.clone().unwrap();
    assert!(is_tag(&tags(0)) && tags(0) != listing.files[0].tag());
    assert_eq!(tags(2), listing.files[2].tag());
    made.write("docs_src/a.py", "cool()");
    assert_ne!(listing.page(&listing.files[0]).unwrap().validators.etag.unwrap(), tags(0));
    // From the folder of the documents alone it is not to be had.
    let alone = Folder::open(&made.0.path().join("docs/en"), Selection::default()).unwrap().list().unwrap();
    assert_eq!(alone.page(&alone.files[0]).unwrap().body, b"# A\n\n{* ../../docs_src/a.py *}\n");
}

#[cfg(unix)]
#[test]
fn no_link_is_included() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("a.py"), "outside").unwrap();
    let made = Made::new(&[("a.md", "{* a.py *}\n\n{* linked/a.py *}"), ("b.md", "{* b.py *}"), ("b.py", "b\0")]);
    std::os::unix::fs::symlink(outside.path().join("a.py"), made.0.path().join("a.py")).unwrap();
    std::os::unix::fs::symlink(outside.path(), made.0.path().join("linked")).unwrap();
    let listing = made.list(Selection { wanted: Wanted::Documents, ..Selection::default() });
    for found in &listing.files {
        assert_eq!(listing.page(found).unwrap().body, listing.read(found).unwrap());
    }
}
