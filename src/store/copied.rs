//! What copied pages are known by: the same in both stores, if nothing was lost on the way. Pure.

use std::borrow::Cow;

use ring::digest::{Context, SHA256};

use super::error::Error;
use super::written::{columns_of, milliseconds, written};
use crate::model::{Chunk, ChunkKind, CopiedPage, Document, SharedPage, SharedVector, Validators};

/// The sum of pages in the order of their addresses: all of their texts and what is known of them, and their vectors beside it.
#[derive(Clone)]
pub(crate) struct CopySum {
    texts: Context,
    vectors: Context,
    counts: Counts,
}

/// How much a sum is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub pages: u64,
    pub chunks: u64,
    /// A passage that several chunks say counts with each.
    pub vectors: u64,
}

impl Default for CopySum {
    fn default() -> Self {
        Self { texts: Context::new(&SHA256), vectors: Context::new(&SHA256), counts: Counts::default() }
    }
}

impl std::fmt::Debug for CopySum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopySum").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl CopySum {
    pub fn add(&mut self, copied: &CopiedPage) {
        let CopiedPage { page, missed, vectors } = &*as_kept(copied);
        let SharedPage { document, chunks, cut_for } = page;
        let Document { url, title, markdown, validators, filled, fetched_at, metadata, outline, .. } = document;
        let Validators { etag, last_modified, twin } = validators;
        let json = "texts, numbers and addresses are JSON";
        let texts = &mut self.texts;
        for text in [url.as_str(), title, markdown] {
            put(texts, Some(text));
        }
        for text in [etag.as_deref(), last_modified.as_deref(), twin.as_ref().map(url::Url::as_str), written(filled).as_deref()] {
            put(texts, text);
        }
        put(texts, Some(&serde_json::to_string(metadata).expect(json)));
        put(texts, Some(&serde_json::to_string(outline).expect(json)));
        let numbers = [milliseconds(*fetched_at).cast_unsigned(), cut_for.map_or(u64::MAX, u64::from), *missed, chunks.len() as u64];
        numbers.into_iter().for_each(|number| texts.update(&number.to_le_bytes()));
        for Chunk { ordinal, heading_path, text, kind, anchor } in chunks {
            let (kind, language, context) = columns_of(kind);
            [i64::from(*ordinal), kind].into_iter().for_each(|number| texts.update(&number.to_le_bytes()));
            put(texts, Some(&serde_json::to_string(heading_path).expect(json)));
            [Some(text.as_str()), anchor.as_deref(), language, context].into_iter().for_each(|text| put(texts, text));
        }
        for of_model in vectors {
            self.vectors.update(&(of_model.len() as u64).to_le_bytes());
            for vector in of_model {
                [vector.chunk, vector.scale.to_bits()].into_iter().for_each(|number| self.vectors.update(&number.to_le_bytes()));
                self.vectors.update(&vector.data);
            }
        }
        self.counts.pages += 1;
        self.counts.chunks += chunks.len() as u64;
        self.counts.vectors += vectors.iter().map(Vec::len).sum::<usize>() as u64;
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// SHA-256 of texts and all that is known of the pages, in hexadecimal.
    pub fn of_texts(&self) -> String {
        hexadecimal(self.texts.clone())
    }

    /// The same of the vectors.
    pub fn of_vectors(&self) -> String {
        hexadecimal(self.vectors.clone())
    }
}

/// Whether all of a page is there, with a vector wherever the one to be copied has one; and how many of these are others.
pub(crate) fn is_there(copied: &CopiedPage, there: &CopiedPage) -> Option<u64> {
    let (copied, there) = (as_kept(copied), as_kept(there));
    if copied.page != there.page || copied.missed != there.missed {
        return None;
    }
    let mut others = 0;
    for (wanted, found) in copied.vectors.iter().zip(&there.vectors) {
        let mut found = found.iter();
        for vector in wanted {
            // Both are in the order of the chunks.
            others += u64::from(found.find(|found| found.chunk == vector.chunk)? != vector);
        }
    }
    Some(others)
}

/// Whether a vector can be one of a model: a store may be a file of somebody else.
pub(super) fn is_sound(model: &str, dimensions: usize, vector: &SharedVector) -> Result<(), Error> {
    let SharedVector { chunk, scale, data } = vector;
    if data.len() != dimensions {
        return Err(Error::Dimensions { model: model.to_owned(), expected: dimensions, found: data.len() });
    }
    match scale.is_finite() && *scale > 0.0 && data.iter().any(|step| *step != 0) {
        true => Ok(()),
        false => Err(Error::BadVector { chunk: i64::from(*chunk) }),
    }
}

fn put(sum: &mut Context, text: Option<&str>) {
    sum.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
    sum.update(text.unwrap_or_default().as_bytes());
}

fn hexadecimal(sum: Context) -> String {
    sum.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A server has no U+0000 in its texts, and another character in its place, which is two bytes longer.
fn as_kept(copied: &CopiedPage) -> Cow<'_, CopiedPage> {
    let SharedPage { document, chunks, .. } = &copied.page;
    let has = |text: &str| text.contains(NUL);
    let Validators { etag, last_modified, .. } = &document.validators;
    let of_page = [Some(&document.title), Some(&document.markdown), etag.as_ref(), last_modified.as_ref()];
    let in_chunk = |chunk: &Chunk| {
        let (_, language, context) = columns_of(&chunk.kind);
        [Some(chunk.text.as_str()), chunk.anchor.as_deref(), language, context].into_iter().flatten().any(has)
            || chunk.heading_path.iter().any(|heading| has(heading))
    };
    if !of_page.into_iter().flatten().any(|text| has(text)) && !chunks.iter().any(in_chunk) {
        return Cow::Borrowed(copied);
    }
    let mut kept = copied.clone();
    let SharedPage { document, chunks, .. } = &mut kept.page;
    let (mut before, mut at) = (0, 0);
    for heading in &mut document.outline {
        let here = heading.offset.min(document.markdown.len());
        before += document.markdown.as_bytes()[at.min(here)..here].iter().filter(|byte| **byte == 0).count();
        at = here;
        heading.offset += (STAND_IN.len() - 1) * before;
    }
    let clean = |text: &mut String| *text = text.replace(NUL, STAND_IN);
    let Validators { etag, last_modified, .. } = &mut document.validators;
    [Some(&mut document.title), Some(&mut document.markdown), etag.as_mut(), last_modified.as_mut()].into_iter().flatten().for_each(clean);
    for chunk in chunks {
        clean(&mut chunk.text);
        chunk.anchor.as_mut().into_iter().chain(&mut chunk.heading_path).for_each(clean);
        if let ChunkKind::Code { language, context } = &mut chunk.kind {
            language.as_mut().into_iter().chain([context]).for_each(clean);
        }
    }
    Cow::Owned(kept)
}

const NUL: char = '\0';
const STAND_IN: &str = "\u{fffd}";

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn page(markdown: &str, vectors: &[u32]) -> CopiedPage {
        let mut document = Document::new("https://docs.test/a".parse().unwrap(), "A", markdown, SystemTime::UNIX_EPOCH);
        document.metadata.version = Some("1".to_owned());
        let chunk =
            |ordinal| Chunk { ordinal, heading_path: vec!["A".into()], text: markdown.to_owned(), kind: ChunkKind::Text, anchor: None };
        let vector = |chunk: &u32| SharedVector { chunk: *chunk, scale: 0.5, data: vec![1, 2] };
        let shared = SharedPage { document, chunks: vec![chunk(0), chunk(1)], cut_for: Some(254) };
        CopiedPage { page: shared, missed: 0, vectors: vec![vectors.iter().map(vector).collect()] }
    }

    fn sum(pages: &[CopiedPage]) -> CopySum {
        let mut sum = CopySum::default();
        pages.iter().for_each(|page| sum.add(page));
        sum
    }

    #[test]
    fn whatever_is_other_makes_another_sum() {
        let one = page("text", &[0, 1]);
        let of = |change: &dyn Fn(&mut CopiedPage)| {
            let mut changed = one.clone();
            change(&mut changed);
            sum(&[changed])
        };
        let same = sum(std::slice::from_ref(&one));
        assert_eq!(same.counts(), Counts { pages: 1, chunks: 2, vectors: 2 });
        let changes: [&dyn Fn(&mut CopiedPage); 9] = [
            &|page| page.missed = 1,
            &|page| page.page.cut_for = None,
            &|page| page.page.document.title.push('b'),
            &|page| page.page.document.validators.etag = Some(String::new()),
            &|page| page.page.document.metadata.version = None,
            &|page| page.page.document.fetched_at += std::time::Duration::from_millis(1),
            &|page| page.page.chunks[1].ordinal = 2,
            &|page| page.page.chunks[1].anchor = Some(String::new()),
            &|page| page.page.chunks.truncate(1),
        ];
        for change in changes {
            assert_ne!(of(change).of_texts(), same.of_texts());
        }
        let other = of(&|page| page.vectors[0][1].data[0] = 3);
        assert_eq!(other.of_texts(), same.of_texts());
        assert_ne!(other.of_vectors(), same.of_vectors());
        assert_ne!(sum(&[one.clone(), one.clone()]).of_texts(), same.of_texts());
    }

    #[test]
    fn a_page_is_there_with_more_vectors_and_not_with_fewer() {
        let (few, more) = (page("text", &[1]), page("text", &[0, 1]));
        assert_eq!((is_there(&few, &more), is_there(&more, &few)), (Some(0), None));
        assert_eq!(is_there(&few, &page("texts", &[1])), None);
        let mut other = more.clone();
        other.vectors[0][1].scale = 0.25;
        assert_eq!(is_there(&few, &other), Some(1));
    }

    #[test]
    fn a_text_with_a_character_that_servers_do_not_take_is_the_one_that_they_have() {
        use crate::model::Heading;
        let (mut file, mut server) = (page("a\0\n# B\0\n# C", &[]), page("a\u{fffd}\n# B\u{fffd}\n# C", &[]));
        let heading = |offset| Heading { level: 1, text: "B".into(), anchor: None, offset };
        file.page.document.outline = vec![heading(3), heading(8)];
        server.page.document.outline = vec![heading(5), heading(12)];
        assert_eq!(is_there(&file, &server), Some(0));
        assert_eq!(sum(&[file]).of_texts(), sum(&[server]).of_texts());
    }
}
