use std::fs;

use super::*;

fn source(name: &str) -> SharedSource {
    let recipe = Recipe { seeds: vec![Url::parse("https://user:secret@docs.test/").unwrap()], ..Recipe::default() };
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_234_567);
    SharedSource {
        source: SourceId::named(name).unwrap(),
        says_version: Some("1.0".to_owned()),
        recipe: Some(recipe),
        state: SourceState::Limited,
        left: 7,
        made: Some(time),
        refreshed: None,
    }
}

fn page(path: &str) -> SharedPage {
    let url = Url::parse("https://docs.test/").unwrap().join(path).unwrap();
    let mut document = Document::new(url, "Tïtle", "# One\n\nText.\n", SystemTime::UNIX_EPOCH + Duration::from_secs(5));
    document.outline = vec![Heading { level: 1, text: "One".to_owned(), anchor: Some("one".to_owned()), offset: 0 }];
    document.metadata.version = Some("1.0".to_owned());
    document.validators.etag = Some("\"1\"".to_owned());
    let chunk =
        Chunk { ordinal: 0, heading_path: vec!["One".into()], text: "Text.".into(), kind: ChunkKind::Text, anchor: Some("one".into()) };
    let code = ChunkKind::Code { language: Some("rust".into()), context: "Text.".into() };
    let chunks = vec![chunk.clone(), Chunk { ordinal: 1, kind: code, anchor: None, ..chunk }];
    SharedPage { document, chunks, cut_for: Some(254) }
}

fn vector(chunk: u32) -> SharedVector {
    SharedVector { chunk, scale: 0.5, data: vec![127, 0x81, 0] }
}

fn written(path: &Path, write: impl FnOnce(&mut Writer<File>) -> Result<(), Error>) {
    let head = Head { model: Some(("m".to_owned(), 3)), written: Some(SystemTime::UNIX_EPOCH) };
    let mut writer = Writer::new(File::create(path).unwrap(), path, &head).unwrap();
    write(&mut writer).unwrap();
    writer.finish().unwrap();
}

/// A file of records of any kind and content, with a checksum that agrees.
fn forged(path: &Path, records: &[(u8, Vec<u8>)]) {
    written(path, |writer| {
        for (kind, record) in records {
            writer.record.clone_from(record);
            writer.write(*kind)?;
        }
        Ok(())
    });
}

fn bytes_of(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

fn read(path: &Path) -> Result<Vec<Record>, Error> {
    records(path)?.collect()
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let pages = [page("a"), SharedPage { chunks: Vec::new(), cut_for: None, ..page("b") }];
    written(&path, |writer| {
        writer.source(&source("one@1"))?;
        writer.page(&pages[0], &[vector(0), vector(1)])?;
        writer.page(&pages[1], &[])?;
        writer.source(&source("two"))?;
        writer.page(&pages[0], &[vector(1)])
    });
    let without = |name| {
        let of = source(name);
        SharedSource { recipe: of.recipe.map(without_credentials), ..of }
    };
    let [a, b] = pages.map(|page| Record::Page(Box::new(page)));
    let expected = vec![
        Record::Source(Box::new(without("one@1"))),
        a.clone(),
        Record::Vectors(vec![vector(0), vector(1)]),
        b,
        Record::Source(Box::new(without("two"))),
        a,
        Record::Vectors(vec![vector(1)]),
    ];
    assert_eq!(read(&path).unwrap(), expected);
    let mut check = Check::begin(&path).unwrap();
    while !check.step().unwrap() {}
    assert_eq!(check.sum().len(), 64);
    let records = check.records().unwrap();
    assert_eq!(records.head(), &Head { model: Some(("m".to_owned(), 3)), written: Some(SystemTime::UNIX_EPOCH) });
}

#[test]
fn where_a_text_came_from_is_told_to_those_that_know_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let mut shipped = page("a");
    shipped.document.filled = Filled::Shipped("docsify".into());
    written(&path, |writer| {
        writer.source(&source("one"))?;
        writer.page(&shipped, &[])
    });
    let records = read(&path).unwrap();
    assert_eq!(records[1], Record::Page(Box::new(shipped.clone())));
    // As versions read it that know no more of a page than what it says of itself, and as they wrote it.
    let said = serde_json::to_string(&Said::of(&shipped.document)).unwrap();
    assert_eq!(serde_json::from_str::<Metadata>(&said).unwrap(), shipped.document.metadata);
    let before = serde_json::to_string(&shipped.document.metadata).unwrap();
    assert_eq!(serde_json::to_string(&Said::of(&page("a").document)).unwrap(), before, "nothing is added to a text of the page's own");
    assert_eq!(serde_json::from_str::<Said>(&before).unwrap().filled, None);
}

#[test]
fn vectors_of_a_large_page_are_in_several_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let many = 30_000;
    let chunk = |ordinal| Chunk { ordinal, heading_path: Vec::new(), text: String::new(), kind: ChunkKind::Text, anchor: None };
    let large = SharedPage { chunks: (0..many).map(chunk).collect(), ..page("a") };
    let vectors: Vec<_> = (0..many).map(|chunk| SharedVector { chunk, scale: 0.1, data: vec![1; 100] }).collect();
    let head = Head { model: Some(("m".to_owned(), 100)), written: None };
    let mut writer = Writer::new(File::create(&path).unwrap(), &path, &head).unwrap();
    writer.source(&source("one")).unwrap();
    writer.page(&large, &vectors).unwrap();
    writer.finish().unwrap();
    let read = read(&path).unwrap();
    assert_eq!(read.len(), 2 + (many as usize * 108).div_ceil(VECTORS_AT_ONCE / 108 * 108));
}

#[test]
fn a_record_that_no_export_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let good_source = bytes_of(|bytes| {
        put_text(bytes, "one");
        bytes.extend([0, 0, 1]);
        put_u64(bytes, 0);
        bytes.extend([0, 0]);
    });
    let page = |url: &str, outline: &str, more: &[u8]| {
        bytes_of(|bytes| {
            put_text(bytes, url);
            put_text(bytes, "Title");
            bytes.extend([0, 0]);
            put_u64(bytes, 0);
            put_text(bytes, "{}");
            put_text(bytes, outline);
            bytes.push(0);
            put_text(bytes, "ü");
            bytes.extend(more);
        })
    };
    let one = [
        1, 0, 0, 0, /* ordinal */ 0, 0, 0, 0, /* headings */ 0, 0, 0, 0, /* text */ 0, 0, 0, 0, /* anchor, kind */ 0, 0,
    ];
    let good_page = page("https://a.test/", "[]", &one);
    let of_vectors = |count: u32, chunk: u32, scale: f32, data: &[u8]| {
        bytes_of(|bytes| {
            put_u32(bytes, count);
            put_u32(bytes, chunk);
            put_u32(bytes, scale.to_bits());
            bytes.extend(data);
        })
    };
    let end = |sources: u64, pages: u64| bytes_of(|bytes| [sources, pages, pages, 0].into_iter().for_each(|number| put_u64(bytes, number)));
    let before = [(SOURCE, good_source.clone()), (PAGE, good_page.clone())];
    /// What is wrong, and the records that are.
    type Case<'a> = (&'a str, Vec<(u8, Vec<u8>)>);
    let cases: Vec<Case<'_>> = vec![
        ("no source", vec![(PAGE, good_page.clone())]),
        ("twice a source", vec![(SOURCE, good_source.clone()), (SOURCE, good_source.clone())]),
        ("a source called nothing", vec![(SOURCE, bytes_of(|bytes| put_text(bytes, "")))]),
        ("a source with a path above", vec![(SOURCE, [good_source.as_slice(), &[0]].concat())]),
        (
            "a state that is none",
            vec![(SOURCE, {
                let mut bad = good_source.clone();
                bad[9] = 9;
                bad
            })],
        ),
        ("twice a page", vec![before[0].clone(), before[1].clone(), before[1].clone()]),
        ("pages in no order", vec![before[0].clone(), before[1].clone(), (PAGE, page("https://0.test/", "[]", &one))]),
        ("not of the web", vec![before[0].clone(), (PAGE, page("file:///etc/passwd", "[]", &one))]),
        ("no host", vec![before[0].clone(), (PAGE, page("data:x", "[]", &one))]),
        ("a user", vec![before[0].clone(), (PAGE, page("https://u:p@a.test/", "[]", &one))]),
        ("an address otherwise written", vec![before[0].clone(), (PAGE, page("https://A.test", "[]", &one))]),
        (
            "an outline behind the text",
            vec![before[0].clone(), (PAGE, page("https://a.test/", r#"[{"level":1,"text":"","offset":3}]"#, &one))],
        ),
        (
            "an outline within a letter",
            vec![before[0].clone(), (PAGE, page("https://a.test/", r#"[{"level":1,"text":"","offset":1}]"#, &one))],
        ),
        ("a heading of level 7", vec![before[0].clone(), (PAGE, page("https://a.test/", r#"[{"level":7,"text":"","offset":0}]"#, &one))]),
        ("more passages than bytes", vec![before[0].clone(), (PAGE, page("https://a.test/", "[]", &[255, 255, 0, 0]))]),
        ("passages without end", vec![before[0].clone(), (PAGE, page("https://a.test/", "[]", &[255, 255, 255, 255]))]),
        ("bytes behind a page", vec![before[0].clone(), (PAGE, page("https://a.test/", "[]", &[&one[..], &[0]].concat()))]),
        ("a vector of no page", vec![before[0].clone(), (VECTORS, of_vectors(1, 0, 0.5, &[1, 2, 3]))]),
        ("a vector of no passage", [&before[..], &[(VECTORS, of_vectors(1, 1, 0.5, &[1, 2, 3]))]].concat()),
        ("a short vector", [&before[..], &[(VECTORS, of_vectors(1, 0, 0.5, &[1, 2]))]].concat()),
        ("many vectors", [&before[..], &[(VECTORS, of_vectors(u32::MAX, 0, 0.5, &[1, 2, 3]))]].concat()),
        ("no direction", [&before[..], &[(VECTORS, of_vectors(1, 0, 0.5, &[0, 0, 0]))]].concat()),
        ("a step too many", [&before[..], &[(VECTORS, of_vectors(1, 0, 0.5, &[0x80, 0, 0]))]].concat()),
        ("no number", [&before[..], &[(VECTORS, of_vectors(1, 0, f32::NAN, &[1, 2, 3]))]].concat()),
        ("endless", [&before[..], &[(VECTORS, of_vectors(1, 0, f32::INFINITY, &[1, 2, 3]))]].concat()),
        (
            "two vectors",
            [&before[..], &[(VECTORS, of_vectors(1, 0, 0.5, &[1, 2, 3])), (VECTORS, of_vectors(1, 0, 0.5, &[1, 2, 3]))]].concat(),
        ),
        ("an unknown kind", vec![(b'?', Vec::new())]),
        ("two heads", vec![(HEAD, vec![0; 6])]),
        ("less than it says", vec![before[0].clone(), (END, end(1, 1))]),
        ("something behind the end", vec![before[0].clone(), (END, end(1, 0))]),
    ];
    for (what, records) in cases {
        forged(&path, &records);
        let refused = read(&path).unwrap_err();
        assert!(matches!(refused, Error::Malformed { .. }), "{what}: {refused:?}");
        assert!(!refused.hint().is_empty());
    }
    // What is wrong above is the one thing that is wrong: without it, only the end's figures are missing, which the writer has not counted.
    forged(&path, &[&before[..], &[(VECTORS, of_vectors(1, 0, 0.5, &[1, 2, 3]))]].concat());
    let Error::Malformed { what, .. } = read(&path).unwrap_err() else { panic!() };
    assert_eq!(what, "there is not as much in it as it says");
}

#[test]
fn a_page_is_of_the_web_or_of_this_machine() {
    for (address, is_one) in [
        ("https://a.test/x", true),
        ("file:///home/me/docs/a.md", true),
        ("file:///C:/docs/a.md", true),
        ("file://server/share/a.md", false),
        ("data:x", false),
    ] {
        assert_eq!(is_of_page(&Url::parse(address).unwrap()), is_one, "{address}");
    }
}

#[test]
fn a_record_larger_than_any_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for length in [MOST_OF_RECORD as u32 + 1, u32::MAX] {
        let mut start = MAGIC.to_vec();
        put_u32(&mut start, VERSION);
        let mut sum = Context::new(&SHA256);
        sum.update(&start);
        let mut bomb = ZlibEncoder::new(Summed { to: start, sum }, Compression::best());
        let mut head = vec![HEAD];
        put_u32(&mut head, 6);
        head.extend([0; 6]);
        head.push(PAGE);
        put_u32(&mut head, length);
        bomb.write_all(&head).unwrap();
        for _ in 0..70 {
            bomb.write_all(&vec![0; 1 << 20]).unwrap();
        }
        let Summed { mut to, sum } = bomb.finish().unwrap();
        to.extend(sum.finish().as_ref());
        assert!(to.len() < 200_000);
        fs::write(&path, to).unwrap();
        assert!(matches!(read(&path), Err(Error::Malformed { what: "a record is larger than any", .. })));
    }
}

#[test]
fn a_page_that_would_not_be_read_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let mut large = page("a");
    large.document.markdown = "x".repeat(MOST_OF_RECORD);
    let mut writer = Writer::new(File::create(&path).unwrap(), &path, &Head::default()).unwrap();
    writer.source(&source("one")).unwrap();
    assert!(matches!(writer.page(&large, &[]), Err(Error::TooLarge { .. })));
    writer.page(&page("b"), &[]).unwrap();
    writer.finish().unwrap();
    assert_eq!(read(&path).unwrap().len(), 2);
}

#[test]
fn a_flipped_byte_and_a_missing_end_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    written(&path, |writer| {
        writer.source(&source("one"))?;
        writer.page(&page("a"), &[vector(0)])
    });
    let whole = fs::read(&path).unwrap();
    assert!(read(&path).is_ok());
    for at in 0..whole.len() {
        for mask in [1, 0x80, 0xff] {
            let mut other = whole.clone();
            other[at] ^= mask;
            fs::write(&path, other).unwrap();
            let refused = read(&path).unwrap_err();
            let expected = match at {
                0..14 => matches!(refused, Error::Foreign { .. }),
                14..18 => matches!(refused, Error::Newer { .. } | Error::Damaged { .. }),
                _ => matches!(refused, Error::Damaged { .. }),
            };
            assert!(expected, "{at}: {refused:?}");
        }
        fs::write(&path, &whole[..at]).unwrap();
        let refused = read(&path).unwrap_err();
        assert!(matches!(refused, Error::Damaged { .. }) || (at == 0 && matches!(refused, Error::Foreign { .. })), "{at}: {refused:?}");
    }
    fs::write(&path, [whole.as_slice(), b"x"].concat()).unwrap();
    assert!(matches!(read(&path), Err(Error::Damaged { .. })));
}
