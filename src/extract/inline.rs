//! One paragraph of markdown in the making: blanks joined, specials escaped, emphasis, code and links set so that they are read back.

use crate::extract::escape::{self, Around};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Markdown,
    /// Words, line breaks and list marks only.
    Text,
}

/// Where a paragraph stands, and so what its first characters may be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On lines of its own, where it could be taken for another block.
    Lines,
    /// Behind the marks of a heading, or in a cell.
    Within,
}

/// What an element is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// Stress, of which there may be more within.
    Stress,
    /// Looks: what looks so already looks no different.
    Look,
}

pub(super) struct Inline {
    form: Form,
    line: String,
    /// Blanks were read and are written only if something follows them.
    blank: bool,
    /// Emphasis and links are left out, as in headings.
    plain: bool,
    /// Counts paragraphs: marks of an earlier one have lost their place.
    paragraph: u64,
    /// Marks of emphasis open now.
    open: Vec<&'static str>,
    /// Emphasis that goes on: its first mark is written, and its last one must be.
    resumed: Vec<&'static str>,
    /// Open links, whose text may not hold a bracket.
    links: u32,
    /// Where the emphasis that was opened last begins.
    begun: Option<usize>,
    /// Emphasis that ended where the line ends now: its start, and its marks.
    ended: Option<(usize, usize, &'static str)>,
    /// A code span that ended where the line ends now, and its text.
    code: Option<(usize, usize, String)>,
}

/// Where something began.
pub(super) struct Mark {
    paragraph: u64,
    start: usize,
    delimiter: &'static str,
    means: Means,
    /// Whether it is written at all.
    counts: bool,
    /// Its first mark is there already.
    resumes: bool,
    /// Other emphasis that ends where it begins: its start, its end, and its marks.
    beside: Option<(usize, usize, &'static str)>,
}

impl Inline {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            line: String::new(),
            blank: false,
            plain: false,
            paragraph: 0,
            open: Vec::new(),
            resumed: Vec::new(),
            links: 0,
            begun: None,
            ended: None,
            code: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.trim().is_empty()
    }

    /// Whether the last thing written is a line break.
    pub(super) fn is_broken(&self) -> bool {
        self.line.ends_with('\n')
    }

    /// Leaves emphasis out from here on, or no longer.
    pub(super) fn plain(&mut self, plain: bool) {
        self.plain = plain;
    }

    /// What stands right before what is written next, marks of emphasis aside; nothing after a blank.
    pub(super) fn before(&self) -> &str {
        let end = match self.ended {
            Some((_, end, delimiter)) if end == self.line.len() => end - delimiter.len(),
            _ => self.line.len(),
        };
        if self.blank { "" } else { &self.line[..end] }
    }

    /// Whether this is the last that was written, blanks aside.
    pub(super) fn ends_with(&self, mark: char) -> bool {
        self.line.trim_end().ends_with(mark)
    }

    pub(super) fn is_in_link(&self) -> bool {
        self.links > 0
    }

    /// The paragraph, if there is anything in it; a new one begins.
    pub(super) fn take(&mut self, place: Place) -> Option<String> {
        self.paragraph += 1;
        self.blank = false;
        self.begun = None;
        self.ended = None;
        self.code = None;
        if self.line.is_empty() {
            return None;
        }
        let mut line = std::mem::take(&mut self.line);
        line.truncate(self.without_breaks(&line).len());
        for delimiter in self.resumed.drain(..).rev() {
            line.push_str(delimiter);
        }
        let text = line.trim_start();
        if text.is_empty() {
            return None;
        }
        if self.form == Form::Text || place == Place::Within {
            return Some(text.to_owned());
        }
        // Only the first line, and those after a break, can be taken for a block.
        Some(text.split('\n').map(escape::at_start).collect::<Vec<_>>().join("\n"))
    }

    /// Words stand apart here.
    pub(super) fn part(&mut self) {
        self.blank = true;
    }

    /// Two spans of code side by side, which stand for two things, stand apart.
    pub(super) fn part_from_code(&mut self) {
        self.blank |= self.code.as_ref().is_some_and(|(_, end, _)| *end == self.line.len());
    }

    /// Whether code that may be a name ends right here.
    pub(super) fn ends_in_code(&self) -> bool {
        let ended = self.code.as_ref().filter(|(_, end, _)| *end == self.line.len());
        ended.is_some_and(|(.., code)| code.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ';' | ')' | ']' | '>' | '}')))
    }

    /// Marks that are not escaped, as those of tasks.
    pub(super) fn raw(&mut self, marks: &str) {
        if let Some(first) = marks.chars().next() {
            self.settle(first);
            self.line.push_str(marks);
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            if escape::is_blank(c) {
                self.blank = true;
            } else if let Some(letters) = escape::parted(c) {
                self.settle(c);
                self.line.push_str(letters);
            } else if !escape::is_invisible(c) {
                self.settle(c);
                let around = Around { line: &self.line, rest: characters.as_str(), in_link: self.links > 0 };
                if self.form == Form::Markdown && c.is_ascii_punctuation() && escape::is_special(c, &around) {
                    self.line.push('\\');
                }
                self.line.push(c);
            }
        }
    }

    /// Writes the blank that was read, and mends emphasis that `next` would keep from being read as such.
    fn settle(&mut self, next: char) {
        if self.blank {
            self.blank = false;
            if !self.line.is_empty() && !self.line.ends_with([' ', '\n']) {
                self.line.push(' ');
            }
        }
        if let Some((start, end, delimiter)) = self.ended.take().filter(|(_, end, _)| *end == self.line.len()) {
            let last = self.line[..end - delimiter.len()].trim_end_matches('*').chars().next_back();
            if next.is_alphanumeric() && (last.is_some_and(|last| !last.is_alphanumeric()) || delimiter.starts_with('_')) {
                self.line.truncate(end - delimiter.len());
                self.line.replace_range(start..start + delimiter.len(), "");
            } else if next != '\0' && !next.is_alphanumeric() {
                self.ended = None;
            }
        }
    }

    /// `^` or `_`, and an index. Between letters neither is taken for emphasis, so that only an odd place costs an escape.
    pub(super) fn index(&mut self, mark: char, index: &str) {
        let plain =
            self.before().ends_with(char::is_alphanumeric) && self.ended.is_none() && !self.open.iter().any(|open| open.starts_with('_'));
        if mark == '_' && plain {
            self.raw("_");
            self.text(index);
        } else {
            self.text(&format!("{mark}{index}"));
        }
    }

    pub(super) fn line_break(&mut self) {
        self.blank = false;
        self.line.truncate(self.line.trim_end_matches(' ').len());
        if self.line.is_empty() {
            return;
        }
        match self.form {
            Form::Text => self.line.push('\n'),
            Form::Markdown if self.line.ends_with('\n') => {}
            Form::Markdown => self.line.push_str("\\\n"),
        }
    }

    /// Begins emphasis, or with an empty delimiter a link.
    pub(super) fn open(&mut self, delimiter: &'static str, means: Means) -> Mark {
        let adjacent = !self.blank;
        if self.blank && !self.line.is_empty() && !self.line.ends_with([' ', '\n']) {
            self.line.push(' ');
        }
        self.blank &= self.line.is_empty();
        // Within emphasis, more of the same has other marks; what is within both says nothing.
        let delimiter = match (delimiter, means, self.open.contains(&delimiter)) {
            ("*", Means::Stress, true) => "_",
            ("**", Means::Stress, true) => "__",
            _ => delimiter,
        };
        let counts = self.form == Form::Markdown && !self.plain && !self.open.contains(&delimiter);
        let (mut start, mut resumes) = (self.line.len(), false);
        // "**a****b**" would not be read: one emphasis goes on.
        if let Some((begun, end, last)) = self.ended
            && counts
            && adjacent
            && !delimiter.is_empty()
            && last == delimiter
            && end == self.line.len()
        {
            self.line.truncate(end - delimiter.len());
            self.resumed.push(delimiter);
            (start, resumes) = (begun, true);
        }
        let beside = self.ended.take().filter(|(_, end, _)| counts && adjacent && !resumes && *end == start);
        if counts {
            // Code within does not go on with code before.
            self.code = None;
        }
        if counts && delimiter.is_empty() {
            self.links += 1;
            // "![" begins an image. Emphasis that begins here, too, would lose its place; its mark parts the two.
            if self.line.ends_with('!') && self.begun.is_none_or(|begun| begun < start) {
                self.line.insert(start - 1, '\\');
                start += 1;
            }
        } else if counts {
            self.open.push(delimiter);
            self.begun = Some(start);
        }
        Mark { paragraph: self.paragraph, start, delimiter, means, counts, resumes, beside }
    }

    pub(super) fn close(&mut self, mark: Mark) {
        if !mark.counts {
            return;
        }
        if let Some(at) = self.open.iter().rposition(|open| *open == mark.delimiter) {
            self.open.remove(at);
        }
        let Some((mut start, end)) = self.since(&mark) else {
            // Nothing stands between what ended before it and what comes next.
            self.ended = mark.beside.filter(|(_, end, _)| mark.paragraph == self.paragraph && *end == self.line.len());
            return;
        };
        let tail = self.line.split_off(end);
        if mark.resumes {
            self.resumed.pop();
            self.line.push_str(mark.delimiter);
            self.ended = Some((start, self.line.len(), mark.delimiter)).filter(|_| tail.is_empty());
            self.code = None;
            self.line.push_str(&tail);
            return;
        }
        if mark.means == Means::Look {
            self.unmark_all_of(start, end, mark.delimiter);
        }
        if self.is_seen(start, mark.delimiter) {
            start -= self.part_from_beside(start, &mark);
            self.line.insert_str(start, mark.delimiter);
            self.line.push_str(mark.delimiter);
            self.ended = Some((start, self.line.len(), mark.delimiter)).filter(|_| tail.is_empty());
            self.code = None;
        }
        self.line.push_str(&tail);
    }

    /// "**!***a*" would not be read: marks behind a sign, and before a letter, end nothing. Returns how many bytes went.
    fn part_from_beside(&mut self, start: usize, mark: &Mark) -> usize {
        let Some((begun, end, delimiter)) = mark.beside.filter(|(_, end, _)| *end == start && mark.delimiter.starts_with('*')) else {
            return 0;
        };
        let (Some(within), true) = (self.line.get(begun + delimiter.len()..end - delimiter.len()), delimiter.starts_with('*')) else {
            return 0;
        };
        let ends_in_sign = within.trim_end_matches('*').ends_with(|c: char| !c.is_alphanumeric());
        let is_before_letter = self.line[start..].trim_start_matches('*').starts_with(char::is_alphanumeric);
        if !ends_in_sign || !is_before_letter {
            return 0;
        }
        self.line.replace_range(end - delimiter.len()..end, "");
        self.line.replace_range(begun..begun + delimiter.len(), "");
        2 * delimiter.len()
    }

    /// What looks so already looks no different for all of it being stressed.
    fn unmark_all_of(&mut self, start: usize, end: usize, delimiter: &str) {
        if let Some((inner, ended, within)) = self.ended
            && (inner, ended) == (start, end)
            && within == delimiter.replace('*', "_")
        {
            self.line.truncate(end - within.len());
            self.line.replace_range(start..start + within.len(), "");
            self.ended = None;
        }
    }

    /// Whether marks around what stands from `start` on would be read as emphasis.
    fn is_seen(&self, start: usize, delimiter: &str) -> bool {
        let within = &self.line[start..];
        let before = self.line[..start].chars().next_back();
        // Marks of what stands beside it are read together with its own.
        let last = if delimiter.starts_with('*') { self.line[..start].trim_end_matches('*').chars().next_back() } else { before };
        let beside_word = last.is_some_and(char::is_alphanumeric);
        match delimiter {
            // More than two together mean something else.
            "~~" if within.starts_with('~') || within.ends_with('~') || before == Some('~') => return false,
            "_" | "__" if beside_word || within.starts_with('_') => return false,
            _ => {}
        }
        // Beside a word, emphasis must begin and end with a letter to be seen.
        let first = within.trim_start_matches('*').chars().next();
        !(beside_word && first.is_some_and(|first| !first.is_alphanumeric()))
    }

    pub(super) fn link(&mut self, mark: Mark, target: &str) {
        if !mark.counts {
            return;
        }
        self.links = self.links.saturating_sub(1);
        let Some((start, end)) = self.since(&mark) else { return };
        let tail = self.line.split_off(end);
        self.line.insert(start, '[');
        self.line.push_str("](");
        self.line.push_str(&escape::destination(target));
        self.line.push(')');
        self.line.push_str(&tail);
        self.ended = None;
        self.code = None;
    }

    pub(super) fn image(&mut self, alternative: &str, source: &str) {
        self.settle('!');
        self.line.push_str("![");
        self.line.push_str(&escape::alternative(alternative));
        self.line.push_str("](");
        self.line.push_str(&escape::destination(source));
        self.line.push(')');
    }

    /// A code span on one line. Blanks at its ends stay in it, unless they are the page's own line ends.
    pub(super) fn code(&mut self, text: &str) {
        let inner = text.trim_ascii();
        let (start, end) = text.split_at(text.len() - text.trim_ascii_start().len());
        let end = &end[inner.len()..];
        self.blank |= start.contains(['\n', '\r']) || inner.is_empty() && end.contains(['\n', '\r']);
        // Blanks that do not break, and nothing else, part words.
        self.blank |= !inner.is_empty() && inner.chars().all(|c| c.is_ascii_whitespace() || c == '\u{a0}');
        let mut words = String::new();
        if !start.is_empty() && !start.contains(['\n', '\r']) {
            words.push(' ');
        }
        let mut gap = "";
        // A blank that does not break is one like others where code is read.
        for word in inner.split(|c: char| c.is_ascii_whitespace() || c == '\u{a0}').filter(|word| !word.is_empty()) {
            words.push_str(gap);
            words.push_str(word);
            gap = " ";
        }
        if !end.is_empty() && !end.contains(['\n', '\r']) {
            words.push(' ');
        }
        self.code_as_is(words);
        self.blank |= end.contains(['\n', '\r']);
    }

    /// A code span with all its blanks.
    pub(super) fn code_as_is(&mut self, words: String) {
        let mut words = escape::visible(&words).into_owned();
        if self.form == Form::Text || words.is_empty() {
            self.blank |= words.starts_with(' ');
            let trimmed = words.trim_matches(' ');
            if !trimmed.is_empty() {
                self.settle('`');
                let start = self.line.len();
                self.line.push_str(trimmed);
                self.code = Some((start, self.line.len(), trimmed.to_owned()));
            }
            self.blank |= words.ends_with(' ');
            return;
        }
        self.settle('`');
        let mut start = self.line.len();
        // Two spans side by side would be read as one with odd marks.
        if let Some((begun, end, before)) = self.code.take()
            && end == start
            && before.len() < LONGEST_JOINED
        {
            self.line.truncate(begun);
            start = begun;
            words.insert_str(0, &before);
        }
        let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest + 1);
        // One blank at each end is not read as part of the code, unless there is nothing else.
        let blanks = words.starts_with(' ') && words.ends_with(' ') && !words.trim_matches(' ').is_empty();
        let padding = if blanks || words.starts_with('`') || words.ends_with('`') { " " } else { "" };
        for part in [fence.as_str(), padding, &words, padding, &fence] {
            self.line.push_str(part);
        }
        self.code = Some((start, self.line.len(), words));
    }

    /// Makes all of the paragraph bold, where it has no marks of its own.
    pub(super) fn embolden(&mut self) {
        let text = self.line.trim();
        let first_and_last = [text.chars().next(), text.chars().next_back()];
        if self.form == Form::Text
            || text.is_empty()
            || text.contains('\n')
            || text.contains(['`', '*'])
            || text.contains("](")
            || self.plain
        {
            return;
        }
        if first_and_last.iter().all(|c| c.is_some_and(|c| !c.is_whitespace())) {
            self.line = format!("**{text}**");
        }
    }

    /// What was written since the mark, without blanks and breaks around it.
    fn since(&self, mark: &Mark) -> Option<(usize, usize)> {
        let written = self.line.get(mark.start..).filter(|_| mark.paragraph == self.paragraph)?;
        let kept = self.without_breaks(written);
        let end = mark.start + kept.len();
        let start = mark.start + (written.len() - written.trim_start().len());
        (start < end).then_some((start, end))
    }

    /// Without blanks and line breaks at the end.
    fn without_breaks<'t>(&self, text: &'t str) -> &'t str {
        let mut kept = text.trim_end();
        let mut broken = self.form == Form::Markdown && text[kept.len()..].contains('\n');
        while broken && let Some(line) = kept.strip_suffix('\\') {
            kept = line.trim_end();
            broken = line[kept.len()..].contains('\n');
        }
        kept
    }
}

/// In bytes: joining code spans copies what is joined.
const LONGEST_JOINED: usize = 1_000;
