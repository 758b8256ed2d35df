//! Where a long text may be cut, so that a reader can go on at the cut. Pure.

/// The end, in bytes, of the part of `text` that fits into `room`, where each character costs what `cost` says: all of it, or up to the end
/// of a paragraph, of a line, or of a character, the first of these that leaves a good part; one character at the least, so that whoever
/// reads on comes to an end. A paragraph does not end inside a code fence; `before` is what stands before `text`, and may have opened one.
///
/// ```
/// use smolcrawl::model::part_end;
///
/// let text = "One paragraph.\n\nAnother one,\nof two lines.\n\nThe last.";
/// assert_eq!(&text[..part_end("", text, 40, |_| 1)], "One paragraph.\n\n");
/// ```
pub fn part_end(before: &str, text: &str, room: usize, cost: impl Fn(char) -> usize) -> usize {
    let mut fence = Fence::default();
    before.lines().for_each(|line| fence.pass(line));
    let (mut used, mut at) = (0, 0);
    let (mut paragraph, mut line_end) = (0, 0);
    for line in text.split_inclusive('\n') {
        let costs: usize = line.chars().map(&cost).sum();
        if used + costs > room {
            return match () {
                () if paragraph > at / 2 => paragraph,
                () if line_end > 0 => line_end,
                () => at + fitting(line, room - used, cost),
            };
        }
        used += costs;
        at += line.len();
        line_end = at;
        fence.pass(line);
        if line.trim().is_empty() && !fence.is_open() {
            paragraph = at;
        }
    }
    text.len()
}

/// Bytes of the characters of a line that fit.
fn fitting(line: &str, room: usize, cost: impl Fn(char) -> usize) -> usize {
    let mut used = 0;
    let rest = line.char_indices().find(|(at, c)| {
        used += cost(*c);
        used > room && *at > 0
    });
    rest.map_or(line.len(), |(at, _)| at)
}

/// Whether a line of markdown stands in a code block between fences (CommonMark 4.5).
#[derive(Default)]
struct Fence {
    /// The mark and how many of it.
    open: Option<(char, usize)>,
}

impl Fence {
    fn pass(&mut self, line: &str) {
        let line = line.trim();
        let Some(mark) = line.chars().next().filter(|mark| matches!(mark, '`' | '~')) else { return };
        let rest = line.trim_start_matches(mark);
        let marks = line.len() - rest.len();
        match self.open {
            None if marks >= 3 && !(mark == '`' && rest.contains('`')) => self.open = Some((mark, marks)),
            Some((open, least)) if open == mark && marks >= least && rest.is_empty() => self.open = None,
            _ => {}
        }
    }

    fn is_open(&self) -> bool {
        self.open.is_some()
    }
}
