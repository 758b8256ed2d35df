//! What honest archives hold, and what dishonest ones try.

use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;
use crate::files::pattern::PathPattern;
use crate::files::selection::Wanted;

fn tar(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, contents) in entries {
        bytes.extend(raw_entry(name, *kind, contents, contents.len() as u64));
    }
    bytes.extend([0; 1024]);
    bytes
}

/// With whatever name and size, which the builder of the crate would refuse.
fn raw_entry(name: &str, kind: tar::EntryType, contents: &[u8], size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len().min(100)].copy_from_slice(&name.as_bytes()[..name.len().min(100)]);
    header.set_size(size);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(contents);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, contents) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(contents).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What is read of an archive: its files, what was left out, and how it ended.
fn read(bytes: &[u8], selection: Selection, top: TopFolder, limits: ArchiveLimits) -> (Vec<Unpacked>, LeftOut, Result<(), Error>) {
    let (_folder, path) = stored(bytes);
    let mut archive = match Archive::open(&path, selection, top, limits) {
        Ok(archive) => archive,
        Err(error) => return (Vec::new(), LeftOut::default(), Err(error)),
    };
    let mut files = Vec::new();
    let end = loop {
        match archive.next() {
            Ok(Next::File(file)) => files.push(file),
            Ok(Next::More) => {}
            Ok(Next::End) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    (files, archive.left_out().clone(), end)
}

fn stored(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read_all(bytes: &[u8]) -> (Vec<Unpacked>, LeftOut, Result<(), Error>) {
    read(bytes, Selection::default(), TopFolder::Keep, ArchiveLimits::default())
}

fn paths(files: &[Unpacked]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn every_form_is_read_alike() {
    let plain = tar(&[
        ("r/README.md", FILE, b"# R"),
        ("r/", tar::EntryType::Directory, b""),
        ("r/src/a.rs", FILE, b"fn a() {}"),
        ("r/a.png", FILE, b"x"),
    ]);
    let zipped = zip(&[("r/README.md", b"# R"), ("r/src/a.rs", b"fn a() {}"), ("r/a.png", b"x")]);
    for bytes in [plain.clone(), gzip(&plain), zipped] {
        let (files, left, end) = read_all(&bytes);
        end.unwrap();
        assert_eq!(paths(&files), ["r/README.md", "r/src/a.rs"]);
        assert_eq!((files[0].bytes.as_slice(), files[1].role), (b"# R".as_slice(), Role::Code("rust")));
        assert_eq!((left.count(Rule::OtherKind), left.by_rule().count()), (1, 1));
        let (files, _, end) = read(&bytes, Selection::default(), TopFolder::Strip, ArchiveLimits::default());
        end.unwrap();
        assert_eq!(paths(&files), ["README.md", "src/a.rs"]);
    }
}

#[test]
fn long_names_and_the_commit_are_read_from_extensions() {
    let long = format!("{}/a.md", "long-name".repeat(20));
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let record = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 2;
        while length.to_string().len() + rest.len() != length {
            length += 1;
        }
        format!("{length}{rest}").into_bytes()
    };
    let bytes = tar(&[
        ("pax_global_header", tar::EntryType::XGlobalHeader, &record("comment", commit)),
        ("x", tar::EntryType::XHeader, &record("path", &long)),
        ("short", FILE, b"pax"),
        ("././@LongLink", tar::EntryType::GNULongName, format!("{long}.md\0").as_bytes()),
        ("short", FILE, b"gnu"),
        ("last.md", FILE, b"plain"),
    ]);
    let (_folder, path) = stored(&bytes);
    let mut archive = Archive::open(&path, Selection::default(), TopFolder::Keep, ArchiveLimits::default()).unwrap();
    let mut found = Vec::new();
    while let Next::File(file) = archive.next().unwrap() {
        found.push((file.path, file.bytes));
    }
    assert_eq!(
        found,
        [(long.clone(), b"pax".to_vec()), (format!("{long}.md"), b"gnu".to_vec()), ("last.md".to_owned(), b"plain".to_vec())]
    );
    assert_eq!(archive.commit(), Some(commit));
}

#[test]
fn names_that_lead_elsewhere_links_and_devices_are_left_out_and_told() {
    let bytes = tar(&[
        ("../../etc/a.md", FILE, b"x"),
        ("/etc/a.md", FILE, b"x"),
        (r"C:\a.md", FILE, b"x"),
        (r"..\a.md", FILE, b"x"),
        ("link.md", tar::EntryType::Symlink, b""),
        ("hard.md", tar::EntryType::Link, b""),
        ("device.md", tar::EntryType::Block, b""),
        ("pipe.md", tar::EntryType::Fifo, b""),
        ("good.md", FILE, b"x"),
        ("good.md", FILE, b"another"),
        ("GOOD.md", FILE, b"a third"),
        ("node_modules/x/README.md", FILE, b"x"),
    ]);
    let (files, left, end) = read_all(&bytes);
    end.unwrap();
    assert_eq!(paths(&files), ["good.md"]);
    assert_eq!(files[0].bytes, b"x", "the first of a name counts");
    let counts = [Rule::UnsafeName, Rule::Link, Rule::Special, Rule::Duplicate, Rule::Vendored].map(|rule| left.count(rule));
    assert_eq!(counts, [4, 2, 2, 2, 1]);
    let zipped = zip(&[("../a.md", b"x"), ("/a.md", b"x"), ("a.md", b"x"), ("A.md", b"x"), ("C:/a.md", b"x")]);
    let (files, left, end) = read_all(&zipped);
    end.unwrap();
    assert_eq!((paths(&files), left.count(Rule::UnsafeName), left.count(Rule::Duplicate)), (vec!["a.md"], 3, 1), "{left:?}");
}

/// Two entries of one name, which no writer of the crate makes: the second is renamed in place.
fn zip_with_doubles(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = zip(entries);
    let at: Vec<usize> = bytes.windows(2).enumerate().filter(|(_, two)| *two == b"%%").map(|(at, _)| at).collect();
    at.into_iter().for_each(|at| bytes[at..at + 2].copy_from_slice(b"ok"));
    bytes
}

#[test]
fn of_two_entries_of_a_zip_with_one_name_the_last_is_read_and_the_other_is_told() {
    let zipped = zip_with_doubles(&[("ok.md", b"first"), ("%%.md", b"last"), ("OK.md", b"upper"), ("x/ok/", b""), ("x/%%/", b"")]);
    let (files, left, end) = read_all(&zipped);
    end.unwrap();
    assert_eq!((paths(&files), &*files[0].bytes), (vec!["ok.md"], &b"last"[..]), "{left:?}");
    // One of the same name, and one of the same in other case; a folder is nothing that is read.
    assert_eq!((left.count(Rule::Duplicate), left.by_rule().count()), (2, 1), "{left:?}");
    let (files, left, end) = read_all(&zip_with_doubles(&[("../ok.md", b"x"), ("../%%.md", b"x"), ("a.md", b"x")]));
    end.unwrap();
    assert_eq!((paths(&files), left.count(Rule::UnsafeName), left.count(Rule::Duplicate)), (vec!["a.md"], 2, 0), "{left:?}");
    // The negative control.
    let (files, left, end) = read_all(&zip(&[("ok.md", b"first"), ("no.md", b"last")]));
    end.unwrap();
    assert_eq!((files.len(), left.by_rule().count()), (2, 0), "{left:?}");
}

#[test]
fn links_in_zip_are_left_out() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("a.md", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let (files, left, end) = read_all(&writer.finish().unwrap().into_inner());
    end.unwrap();
    assert_eq!((files.len(), left.count(Rule::Link)), (0, 1));
}

#[test]
fn a_bomb_is_stopped_by_what_comes_out_and_not_by_what_it_says() {
    // 100 MB of zeros in 100 KB.
    let zeros = vec![0; 100 << 20];
    let bomb = gzip(&tar(&[("a.bin", FILE, &zeros), ("b.md", FILE, b"never reached")]));
    let (files, _, end) = read_all(&bomb);
    assert!(matches!(end, Err(Error::Archive { why: Refusal::Ratio { limit: 200 }, .. })), "{end:?}");
    assert_eq!(files.len(), 0);
    let small = ArchiveLimits { max_bytes: 1 << 20, ..ArchiveLimits::default() };
    let (_, _, end) = read(&bomb, Selection::default(), TopFolder::Keep, small);
    assert!(matches!(end, Err(Error::Archive { why: Refusal::Bytes { .. }, .. })), "{end:?}");
    // The same without the zeros passes.
    let (files, _, end) = read_all(&gzip(&tar(&[("b.md", FILE, b"reached")])));
    end.unwrap();
    assert_eq!(files.len(), 1);
}

#[test]
fn too_many_entries_are_refused_before_they_are_read() {
    let limits = ArchiveLimits { max_entries: 3, ..ArchiveLimits::default() };
    let names: Vec<String> = (0..4).map(|number| format!("{number}.md")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let (files, _, end) = read(&zip(&entries), Selection::default(), TopFolder::Keep, limits);
    assert!(matches!(end, Err(Error::Archive { why: Refusal::Entries { limit: 3 }, .. })), "{end:?}");
    assert_eq!(files.len(), 0);
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), FILE, b"x".as_slice())).collect();
    let (files, _, end) = read(&tar(&entries), Selection::default(), TopFolder::Keep, limits);
    assert!(matches!(end, Err(Error::Archive { why: Refusal::Entries { limit: 3 }, .. })), "{end:?}");
    assert_eq!(files.len(), 3, "what was read before is kept");
}

#[test]
fn large_files_and_what_is_beyond_the_limits_are_left_out_and_told() {
    let selection = Selection { max_file_bytes: 10, max_files: 2, ..Selection::default() };
    let bytes = tar(&[("a.md", FILE, &[b'x'; 11]), ("b.md", FILE, b"x"), ("c.md", FILE, b"x"), ("d.md", FILE, b"x")]);
    let (files, left, end) = read(&bytes, selection, TopFolder::Keep, ArchiveLimits::default());
    end.unwrap();
    assert_eq!((paths(&files), left.count(Rule::TooLarge), left.count(Rule::Limit)), (vec!["b.md", "c.md"], 1, 1));
    let selection = Selection { max_bytes: 3, ..Selection::default() };
    let (files, left, end) = read(&bytes, selection, TopFolder::Keep, ArchiveLimits::default());
    end.unwrap();
    assert_eq!((files.len(), left.count(Rule::Limit)), (3, 1));
}

#[test]
fn what_is_cut_off_or_damaged_is_told_after_what_was_whole() {
    let plain = tar(&[("a.md", FILE, b"whole"), ("b.md", FILE, &[b'y'; 2_000])]);
    let zipped = zip(&[("a.md", b"whole"), ("b.md", &[b'y'; 2_000])]);
    let gzipped = gzip(&plain);
    // Within an entry, within a header, and where the end mark is missing.
    for end in [1_600, 1_100, plain.len() - 1_024] {
        let (files, _, ended) = read_all(&plain[..end]);
        assert!(matches!(ended, Err(Error::Archive { why: Refusal::Damaged(_), .. })), "{end}: {ended:?}");
        assert_eq!(files[0].path, "a.md");
    }
    for bytes in [&gzipped[..gzipped.len() - 10], &zipped[..zipped.len() - 30]] {
        let (_, _, ended) = read_all(bytes);
        assert!(matches!(ended, Err(Error::Archive { why: Refusal::Damaged(_), .. })), "{ended:?}");
    }
    let mut flipped = zipped.clone();
    let at = flipped.windows(5).position(|found| found == b"whole").unwrap_or(35);
    flipped[at] ^= 0xff;
    assert!(read_all(&flipped).2.is_err(), "its sum is wrong");
    let mut header = plain.clone();
    header[0] ^= 1;
    assert!(matches!(read_all(&header).2, Err(Error::Archive { .. })));
}

#[test]
fn an_entry_that_is_packed_in_a_way_that_is_not_read_is_left_out_alone() {
    let mut bytes = zip(&[("a.md", b"whole"), ("b.md", b"other")]);
    // The method stands eight bytes behind the mark of an entry, and ten behind that of the directory's (APPNOTE 4.3.7 and 4.3.12).
    for (mark, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let found = bytes.windows(4).position(|found| found == mark).unwrap();
        bytes[found + at] = 14;
    }
    let (files, left, end) = read_all(&bytes);
    end.unwrap();
    assert_eq!((paths(&files), left.count(Rule::Unreadable)), (vec!["b.md"], 1));
}

#[test]
fn sizes_that_cannot_be_are_damage_and_reserve_nothing() {
    for (name, kind) in [("a.md", FILE), ("x", tar::EntryType::XHeader), ("x", tar::EntryType::GNULongName)] {
        let bytes = [raw_entry(name, kind, b"x", 0o777_777_777), vec![0; 1_024]].concat();
        let selection = Selection { max_file_bytes: u64::MAX, ..Selection::default() };
        let (files, _, end) = read(&bytes, selection, TopFolder::Keep, ArchiveLimits::default());
        assert!(matches!(end, Err(Error::Archive { why: Refusal::Damaged(_), .. })), "{name}: {end:?}");
        assert_eq!(files.len(), 0);
    }
}

#[test]
fn other_archives_are_named_and_no_archive_is_none() {
    for (bytes, what) in [(&b"\xfd7zXZ\0abc"[..], "xz"), (b"Rar!\x1a\x07\0", "RAR"), (b"plain text", "no archive"), (b"", "no archive")] {
        let error = read_all(bytes).2.unwrap_err();
        assert!(error.to_string().contains(what) && error.hint().is_some(), "{error}");
    }
    assert!(read_all(b"PK\x03\x04nothing more").2.is_err());
    assert!(read_all(b"\x1f\x8bnothing more").2.is_err());
}

#[test]
fn an_archive_comes_through_a_pipe_as_well() {
    let bytes = tar(&[("a.md", FILE, b"x")]);
    let mut archive = Archive::stream("the pipe", Cursor::new(bytes), Selection::default(), TopFolder::Keep, ArchiveLimits::default());
    assert!(matches!(archive.next().unwrap(), Next::File(_)));
    assert_eq!(archive.next().unwrap(), Next::End);
}

#[test]
fn any_bytes_are_read_without_panic() {
    let whole = [tar(&[("a.md", FILE, b"x")]), zip(&[("a.md", b"x")]), gzip(&tar(&[("a.md", FILE, b"x")]))];
    let mut state = 1_u64;
    for bytes in whole {
        for _ in 0..300 {
            let mut broken = bytes.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % broken.len();
                broken[at] = (state >> 20) as u8;
            }
            let _ = read_all(&broken);
        }
    }
}

#[test]
fn documents_have_what_they_include_of_the_archive() {
    let asks: &[u8] = b"{* ../src/a.py *}\n\n{* ../secret/b.py *}\n\n{* ../data.yml *}";
    let entries: &[(&str, &[u8])] = &[
        ("r/docs/a.md", asks),
        ("r/docs/b.md", b"# B"),
        ("r/src/a.py", b"boil()"),
        ("r/secret/b.py", b"b"),
        ("r/data.yml", b"a: 1\n"),
        ("r/z.md", b"# Z"),
    ];
    let plain = tar(&entries.iter().map(|(name, bytes)| (*name, FILE, *bytes)).collect::<Vec<_>>());
    for bytes in [plain.clone(), gzip(&plain), zip(entries)] {
        let exclude = vec![PathPattern::parse("secret").unwrap()];
        let selection = Selection { wanted: Wanted::Documents, exclude, ..Selection::default() };
        let (files, left_out, end) = read(&bytes, selection, TopFolder::Strip, ArchiveLimits::default());
        end.unwrap();
        // Those that wait come last.
        assert_eq!(paths(&files), ["docs/b.md", "z.md", "docs/a.md"]);
        let whole = String::from_utf8_lossy(&files[2].bytes);
        assert_eq!(whole, "```python\nboil()\n```\n\n{* ../secret/b.py *}\n\n```yml\na: 1\n```");
        assert_eq!((left_out.count(Rule::OtherRole), left_out.count(Rule::OtherKind)), (1, 1));
    }
    // A pipe is read once: they stay as they are.
    let mut archive = Archive::stream("the pipe", Cursor::new(plain), Selection::default(), TopFolder::Strip, ArchiveLimits::default());
    assert!(matches!(archive.next().unwrap(), Next::File(file) if file.bytes == asks));
}
