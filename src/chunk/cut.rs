//! Cuts text that is too long, and joins what is short, into parts of about one size. Knows lines, sentences and words, no markdown.

use std::ops::Range;

/// Tells how large a text is. Larger texts have larger sizes.
pub(super) type Size<'a> = &'a dyn Fn(&str) -> usize;

/// How parts share what is more than one of them can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// All are of about one size.
    Even,
    /// Each holds as much as it can, so that words which are found together stay together. Measured by words, where most texts are just over
    /// the limit (manuals): nDCG .468, and without a limit .472; with even parts .453.
    Full,
}

/// Consecutive parts of `text` of at most `max` in size, cut where it hurts least.
pub(super) fn cut<'a>(text: &'a str, max: usize, packing: Packing, size: Size<'_>) -> Vec<&'a str> {
    cut_at(text, max, packing, size, &[paragraph_ends, line_ends, sentence_ends, word_ends])
}

/// Positions in a text after which it may be cut.
type Ends = fn(&str) -> Vec<usize>;

/// As deep as there are kinds of ends: a unit that is too long is cut at the next finer ones.
fn cut_at<'a>(text: &'a str, max: usize, packing: Packing, size: Size<'_>, finer: &[Ends]) -> Vec<&'a str> {
    let whole = size(text);
    if whole <= max {
        return vec![text];
    }
    let Some((ends, finer)) = finer.split_first() else {
        let length = chars(text);
        // As many characters as are a part's share of what they take.
        return cut_anywhere(text, (max * length / whole).clamp(1, max));
    };
    let mut units = Vec::new();
    let mut start = 0;
    for end in ends(text).into_iter().chain([text.len()]).filter(|&end| end > 0) {
        if end > start {
            units.extend(cut_at(&text[start..end], max, packing, size, finer));
            start = end;
        }
    }
    let sizes: Vec<usize> = units.iter().map(|unit| size(unit)).collect();
    let mut start = 0;
    let runs = pack(&sizes, max, packing).into_iter().map(|run| {
        let length: usize = units[run].iter().map(|unit| unit.len()).sum();
        start += length;
        &text[start - length..start]
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

/// Runs of consecutive parts, each of at most `max` in sum (but for a part that is larger alone).
pub(super) fn pack(sizes: &[usize], max: usize, packing: Packing) -> Vec<Range<usize>> {
    let total: usize = sizes.iter().sum();
    let target = match packing {
        Packing::Even => total / total.div_ceil(max.max(1)).max(1),
        Packing::Full => max,
    };
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
    if packing == Packing::Full
        && let [.., before, last] = runs.as_mut_slice()
    {
        // A few words that are left say nothing alone.
        while before.len() > 1 && sum < max / LEAST && sum + sizes[before.end - 1] <= max / 2 {
            sum += sizes[before.end - 1];
            (before.end, last.start) = (before.end - 1, last.start - 1);
        }
    }
    runs
}

/// The part of what it can hold that the last of several holds at the least, where it can: one in so many.
const LEAST: usize = 8;

pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even_or_full() {
        let of = |sizes: &[usize], packing| pack(sizes, 10, packing).into_iter().map(|run| sizes[run].iter().sum()).collect::<Vec<usize>>();
        assert_eq!(of(&[2; 6], Packing::Even), [6, 6]);
        assert_eq!(of(&[2; 6], Packing::Full), [10, 2]);
        assert_eq!(pack(&[30, 30, 30, 5], 90, Packing::Full), [0..2, 2..4], "a rest that says nothing takes what stands before it along");
        assert_eq!(pack(&[90, 5], 90, Packing::Full), [0..1, 1..2]);
        assert_eq!(of(&[], Packing::Full), [0; 0]);
    }
}
