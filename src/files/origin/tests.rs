//! What was given, by its form and by what lies on the disk.

use super::*;

fn here(folder: &Path) -> Here {
    Here { folder: folder.to_owned(), home: Some(folder.join("home")) }
}

fn parse(text: &str) -> Result<Origin, Error> {
    Origin::parse(text, &here(Path::new("/nonexistent")))
}

#[test]
fn addresses_are_pages_archives_or_repositories() {
    for (text, wanted) in [
        ("https://docs.rs/smol/", "web https://docs.rs/smol/"),
        (" http://localhost:8000/a@b ", "web http://localhost:8000/a@b"),
        ("https://medium.test/@me/post", "web https://medium.test/@me/post"),
        ("https://github.com/o/r/wiki", "web https://github.com/o/r/wiki"),
        ("https://x.test/a.zip?x=1", "archive https://x.test/a.zip?x=1"),
        ("https://x.test/a.TAR.GZ", "archive https://x.test/a.TAR.GZ"),
        ("https://github.com/o/r/archive/v1.tar.gz", "archive https://github.com/o/r/archive/v1.tar.gz"),
        ("https://github.com/o/r", "git https://github.com/o/r.git"),
        ("https://github.com/o/r@v1.0", "git https://github.com/o/r.git v1.0"),
        ("https://github.com/o/r@feature/x", "git https://github.com/o/r.git feature/x"),
        ("https://me:secret@github.com/o/r.git", "git https://github.com/o/r.git"),
        ("https://github.com/o/r/tree/main/docs", "git https://github.com/o/r.git main docs"),
        ("https://git.sr.ht/~o/r", "git https://git.sr.ht/~o/r"),
        ("https://own.test/x/y.git@dev", "git https://own.test/x/y.git dev"),
        ("git@github.com:o/r.git", "git git@github.com:o/r.git"),
        ("git@own.test:deep/er/r@v2", "git git@own.test:deep/er/r v2"),
        ("ssh://git@own.test:2222/o/r", "git ssh://git@own.test:2222/o/r"),
        ("git+https://own.test/o/r@v1", "git https://own.test/o/r v1"),
        ("docs.rs/smol", "site docs.rs/smol"),
        ("localhost:8000", "site localhost:8000"),
        ("crate:smol@2", "package crate:smol@2"),
        ("npm:@types/node", "package npm:@types/node"),
    ] {
        let found = match parse(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
            Origin::Web(url) => format!("web {url}"),
            Origin::Site(text) => format!("site {text}"),
            Origin::ArchiveAt(url) => format!("archive {url}"),
            Origin::Package(package) => format!("package {package}"),
            Origin::Repository(of) => {
                let more = [of.reference.clone(), of.folder.clone()].into_iter().flatten();
                ["git".to_owned(), of.remote.to_string()].into_iter().chain(more).collect::<Vec<_>>().join(" ")
            }
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn a_repository_of_a_known_host_has_its_page_however_it_was_written() {
    for text in ["https://github.com/o/r", "git@github.com:o/r.git", "ssh://git@github.com/o/r.git", "git+ssh://git@github.com/o/r"] {
        let Origin::Repository(found) = parse(text).unwrap() else { panic!("{text}") };
        assert_eq!(found.web.as_ref().unwrap().1.as_str(), "https://github.com/o/r", "{text}");
        assert_eq!((found.name(), found.tarball().unwrap().as_str()), ("r", "https://codeload.github.com/o/r/tar.gz/HEAD"), "{text}");
    }
}

#[test]
fn what_could_run_something_or_is_nothing_is_refused_with_a_hint() {
    for bad in [
        "",
        " ",
        "-",
        "--upload-pack=x",
        "-oProxyCommand=x",
        "ext::sh -c id",
        "fd::17",
        "git://host/x",
        "ftp://x/y",
        "git@-oProxyCommand=x:o/r",
        "git@host:-x",
        "ssh://-oProxyCommand=x/o",
        "ssh://-l@host/o/r",
        "https://github.com/o/r@-x",
        "https://github.com/o/r@a..b",
        "https://github.com/o/r@",
        "https://github.com/o/r@a b",
        "git+https://own.test/o/r@x^{}",
        "https://",
        "https://x.test/a.7z",
        "a\0b",
        "a\nb",
        "crate:../../x",
        "file://server/x",
    ] {
        let error = parse(bad).expect_err(bad);
        assert!(error.hint().is_some(), "{bad}: {error}");
        assert!(!error.to_string().contains('\n'), "{bad}");
    }
    let secret = parse("ftp://me:s3cret@x.test/").unwrap_err().to_string();
    assert!(!secret.contains("s3cret"), "{secret}");
    assert!(parse(&"x".repeat(5_000)).is_err());
}

#[test]
fn paths_of_windows_are_known_by_their_form() {
    for path in [r"C:\docs", "c:/docs", r"\\server\share\x", r".\x", r"..\x"] {
        assert_eq!(written(path, true).unwrap(), Written::Path(path));
    }
    for path in [r"C:\docs", "c:/docs", r"\\server\share\x"] {
        assert!(matches!(written(path, false), Err(Error::Origin { .. })), "{path}");
    }
    assert_eq!(written("docs", true).unwrap(), Written::Bare("docs"));
    assert!(matches!(written("c://x", false), Err(Error::Origin { .. })));
}

#[test]
fn what_lies_on_the_disk_is_told_by_looking_at_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("docs")).unwrap();
    fs::create_dir(at.join("home")).unwrap();
    fs::write(at.join("a.md"), "# A").unwrap();
    fs::write(at.join("renamed.bin"), b"PK\x05\x06rest").unwrap();
    fs::write(at.join("x.7z"), b"7z\xbc\xaf\x27\x1c").unwrap();
    fs::write(at.join("readme.zip"), "no archive at all").unwrap();
    let parse = |text: &str| Origin::parse(text, &here(at));
    assert_eq!(parse("docs").unwrap(), Origin::Folder(at.join("docs")));
    assert_eq!(parse("./a.md").unwrap(), Origin::File(at.join("./a.md")));
    assert_eq!(parse("renamed.bin").unwrap_err().to_string(), Error::Ambiguous { text: "renamed.bin".into() }.to_string());
    assert_eq!(parse("./renamed.bin").unwrap(), Origin::Archive(at.join("./renamed.bin")));
    assert_eq!(parse("~").unwrap(), Origin::Folder(at.join("home")));
    let url = place::file_url(&at.join("a.md").to_string_lossy(), cfg!(windows)).unwrap();
    assert_eq!(parse(url.as_str()).unwrap(), Origin::File(at.join("a.md")));
    assert!(matches!(parse("./x.7z"), Err(Error::Unsupported { .. })));
    assert!(matches!(parse("./readme.zip"), Ok(Origin::File(_))), "its first bytes are no archive's");
    assert!(matches!(parse("./none"), Err(Error::NotFound { .. })));
    assert!(matches!(parse("none"), Err(Error::NotFound { .. })));
}

#[test]
fn one_folder_is_the_same_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = fs::canonicalize(folder.path()).unwrap();
    fs::create_dir_all(at.join("docs/guide")).unwrap();
    fs::create_dir(at.join("other")).unwrap();
    let given = |text: &str, below: &str| Origin::parse(text, &here(&at.join(below))).unwrap().given();
    let wanted = given("docs", "");
    for (text, below) in
        [("./docs", ""), ("docs/", ""), (".//docs/.", ""), (".", "docs"), ("./", "docs"), ("..", "docs/guide"), ("../docs", "other")]
    {
        assert_eq!(given(text, below), wanted, "{text}");
    }
    assert_ne!(given("../other", "docs"), wanted);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at.join("docs/guide"), at.join("link")).unwrap();
        assert_eq!(given("link", ""), at.join("link").to_string_lossy(), "a link is followed when it is read");
        assert_eq!(given("link/..", ""), wanted, "as the system follows it");
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_neither_file_nor_folder() {
    assert!(matches!(parse("/dev/null"), Err(Error::Special { .. })));
}

#[test]
fn only_what_lies_below_the_allowed_folders_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    for name in ["open/docs", "shut", "open-too"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    fs::write(root.join("open/docs/a.md"), "# A").unwrap();
    fs::write(root.join("shut/secret.md"), "# Secret").unwrap();
    let allowed = [root.join("open")];
    let parse = |text: &str| Origin::parse_below(text, &here(&root.join("open")), &allowed);
    assert_eq!(parse("./docs").unwrap(), Origin::Folder(root.join("open").join("docs")));
    assert_eq!(parse("docs").unwrap(), Origin::Folder(root.join("open").join("docs")));
    let url = place::file_url(&root.join("open").join("docs").join("a.md").to_string_lossy(), cfg!(windows)).unwrap();
    assert!(matches!(parse(url.as_str()).unwrap(), Origin::File(_)));
    let outside = [
        "../shut",
        "./docs/../../shut/secret.md",
        "..",
        "./../open-too",
        &root.join("shut").to_string_lossy(),
        &root.join("missing").to_string_lossy(),
        place::file_url(&root.join("shut").to_string_lossy(), cfg!(windows)).unwrap().as_ref(),
    ]
    .map(str::to_owned);
    for text in outside {
        let error = parse(&text).unwrap_err();
        assert!(matches!(error, Error::Outside { .. }) && error.hint().is_some(), "{text}: {error:?}");
    }
    assert!(matches!(parse("./missing.md").unwrap_err(), Error::NotFound { .. }));
    assert!(matches!(parse("docs.rs").unwrap(), Origin::Site(_)), "a host is none of the disk");
    for text in ["git@github.com:o/r.git", "http@10.0.0.5:o/r", "https@own.test:o/r.git@v1", "ssh://http@own.test/o/r"] {
        assert!(matches!(parse(text).unwrap_err(), Error::Origin { .. }), "{text}");
    }
    assert!(matches!(parse("https://github.com/o/r").unwrap(), Origin::Repository(_)));
    assert!(matches!(Origin::parse_below("./docs", &here(&root.join("open")), &[]).unwrap_err(), Error::Outside { .. }));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_allowed_folders_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    fs::create_dir_all(root.join("open")).unwrap();
    fs::create_dir_all(root.join("shut")).unwrap();
    fs::write(root.join("shut/secret.md"), "# Secret").unwrap();
    std::os::unix::fs::symlink(root.join("shut"), root.join("open/link")).unwrap();
    std::os::unix::fs::symlink(root.join("open"), root.join("other")).unwrap();
    let parse = |text: &str, allowed: PathBuf| Origin::parse_below(text, &here(&root.join("open")), &[allowed]);
    for text in ["./link", "./link/secret.md"] {
        assert!(matches!(parse(text, root.join("open")).unwrap_err(), Error::Outside { .. }), "{text}");
    }
    // The allowed folder may be named by a link itself.
    assert_eq!(parse(".", root.join("other")).unwrap(), Origin::Folder(root.join("open")));
}
