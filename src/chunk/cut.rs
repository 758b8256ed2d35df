//! Cuts text that is too long, and joins what is short, into parts of about one size. Knows lines, sentences and words, no markdown.

use std::ops::Range;

/// Tells how large a text is. Larger texts have larger sizes.
pub(super) type Size<'a> = &'a dyn Fn(&str) -> usize;

/// Consecutive parts of `text` of at most `max` in size and of about one size, cut where it hurts least; each with its size.
pub(super) fn cut<'a>(text: &'a str, max: usize, size: Size<'_>) -> Vec<(&'a str, usize)> {
    cut_at(text, size(text), max, size, &[paragraph_ends, line_ends, sentence_ends, word_ends])
}

/// Positions in a text after which it may be cut.
type Ends = fn(&str) -> Vec<usize>;

/// The same of a text of this size. As deep as there are kinds of ends: a unit that is too long is cut at the next finer ones.
fn cut_at<'a>(text: &'a str, whole: usize, max: usize, size: Size<'_>, finer: &[Ends]) -> Vec<(&'a str, usize)> {
    if whole <= max {
        return vec![(text, whole)];
    }
    let Some((ends, finer)) = finer.split_first() else {
        let length = chars(text);
        // As many characters as are a part's share of what they take.
        let parts = cut_anywhere(text, (max * length / whole).clamp(1, max));
        return parts.into_iter().map(|part| (part, size(part))).collect();
    };
    let mut units = Vec::new();
    let mut start = 0;
    for end in ends(text).into_iter().chain([text.len()]).filter(|&end| end > 0) {
        if end > start {
            let unit = &text[start..end];
            // What is not cut is not measured again.
            let whole = if unit.len() == text.len() { whole } else { size(unit) };
            units.extend(cut_at(unit, whole, max, size, finer));
            start = end;
        }
    }
    let sizes: Vec<usize> = units.iter().map(|(_, size)| *size).collect();
    let mut start = 0;
    let runs = pack(&sizes, max).into_iter().map(|run| {
        let alone = if run.len() == 1 { Some(sizes[run.start]) } else { None };
        let length: usize = units[run].iter().map(|(unit, _)| unit.len()).sum();
        start += length;
        let part = &text[start - length..start];
        (part, alone.unwrap_or_else(|| size(part)))
    });
    runs.collect()
}

fn paragraph_ends(text: &str) -> Vec<usize> {
    let mut after_blank = false;
    let mut ends = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let blank = line.trim().is_empty();
        if after_blank && !blank {
            ends.push(at);
        }
        after_blank = blank;
        at += line.len();
    }
    ends
}

fn line_ends(text: &str) -> Vec<usize> {
    text.match_indices('\n').map(|(at, _)| at + 1).collect()
}

fn sentence_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && matches!(before, '.' | '!' | '?' | ';' | ':') {
            ends.push(at + c.len_utf8());
        }
        if matches!(c, '。' | '！' | '？') {
            ends.push(at + c.len_utf8());
        }
        before = c;
    }
    ends
}

fn word_ends(text: &str) -> Vec<usize> {
    text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8()).collect()
}

fn cut_anywhere(text: &str, max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(max) {
        let boundaries = rest[..limit].char_indices().rev().map(|(at, _)| at).take(16);
        let at = std::iter::once(limit).chain(boundaries).find(|&at| at > 0 && !splits_a_grapheme(rest, at)).unwrap_or(limit);
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// Combining marks, joiners, variation selectors and skin tones belong to the character before them.
fn splits_a_grapheme(text: &str, at: usize) -> bool {
    let extends = |c| matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    text[at..].starts_with(extends) || text[..at].ends_with('\u{200d}')
}

/// Runs of consecutive parts, each of at most `max` in sum (but for a part that is larger alone), about equal in size.
pub(super) fn pack(sizes: &[usize], max: usize) -> Vec<Range<usize>> {
    let total: usize = sizes.iter().sum();
    let target = total / total.div_ceil(max.max(1)).max(1);
    let mut runs = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (index, size) in sizes.iter().enumerate() {
        if index > start && (sum + size > max || sum + size / 2 > target) {
            runs.push(start..index);
            (start, sum) = (index, 0);
        }
        sum += size;
    }
    if start < sizes.len() {
        runs.push(start..sizes.len());
    }
    runs
}

pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}
