//! The headings that a passage is told under: the nearest ones, within their share of what a model reads.

use std::borrow::Cow;

use super::measure::Measure;

/// The headings of one chunk.
pub(super) struct Headings<'a> {
    /// From the outermost to the nearest. What was left out is told by [`LEFT_OUT`].
    pub(super) shown: Vec<Cow<'a, str>>,
    /// Whether all headings are there, and each of them whole.
    pub(super) is_whole: bool,
    /// Whether the nearest one is whole.
    pub(super) is_nearest_whole: bool,
}

impl<'a> Headings<'a> {
    pub(super) fn of(path: &[&'a str], measure: Option<&Measure<'_>>) -> Self {
        let whole = || Self { shown: path.iter().map(|heading| Cow::Borrowed(*heading)).collect(), is_whole: true, is_nearest_whole: true };
        let Some(measure) = measure else { return whole() };
        let share = measure.most() / SHARE;
        let joined = path.join(" > ");
        let Some((nearest, outer)) = path.split_last().filter(|_| !measure.is_within(&joined, share)) else { return whole() };
        // For the marks between them, and for what tells that there were more.
        let mut left = share.saturating_sub(MARKS);
        if !measure.is_within(nearest, left) {
            return Self { shown: vec![Cow::Owned(beginning(nearest, left, measure))], is_whole: false, is_nearest_whole: false };
        }
        left -= measure.of(nearest).min(left);
        let mut shown = vec![Cow::Borrowed(*nearest)];
        for heading in outer.iter().rev() {
            let taken = measure.of(heading) + MARKS;
            if taken > left {
                break;
            }
            left -= taken;
            shown.push(Cow::Borrowed(heading));
        }
        shown.push(Cow::Borrowed(LEFT_OUT));
        shown.reverse();
        Self { shown, is_whole: false, is_nearest_whole: true }
    }
}

/// As much of a heading as there is room for, and a mark that there was more.
fn beginning(heading: &str, most: usize, measure: &Measure<'_>) -> String {
    let ends: Vec<usize> = heading.char_indices().map(|(at, _)| at).collect();
    let fits = |end: &usize| measure.is_within(&heading[..*end], most);
    // More characters are more tokens.
    let end = ends[..ends.partition_point(fits).max(1)].last().copied().unwrap_or(0);
    let words = heading[..end].rfind(char::is_whitespace).filter(|space| 2 * space > end).unwrap_or(end);
    format!("{}{LEFT_OUT}", heading[..words].trim_end())
}

/// The part of what a model reads that headings may take: one in so many.
const SHARE: usize = 4;
/// Tokens between two headings, or of the mark that tells of more.
const MARKS: usize = 2;
/// Stands for the headings, or the rest of one, that were left out.
const LEFT_OUT: &str = "…";

#[cfg(test)]
mod tests {
    use super::*;

    /// A token a word.
    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    #[test]
    fn the_nearest_headings_win() {
        let measure = Measure::new(64, &words);
        let of = |path: &[&str]| {
            let headings = Headings::of(path, Some(&measure));
            (headings.shown.join(" > "), headings.is_whole, headings.is_nearest_whole)
        };
        assert_eq!(of(&["a b", "c d"]), ("a b > c d".to_owned(), true, true));
        let (six, ten) = (&"s ".repeat(6), &"t ".repeat(10));
        assert_eq!(of(&[ten, "b", six]), (format!("… > b > {six}"), false, true));
        let long = "w ".repeat(40);
        assert_eq!(of(&["a", &long]), (format!("{}…", "w ".repeat(14).trim_end()), false, false));
        assert!(Headings::of(&[&long], None).is_whole);
    }
}
