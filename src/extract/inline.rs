//! One paragraph of markdown in the making: blanks joined, specials escaped, emphasis, code and links set so that they are read back.

use crate::extract::html::Form;

pub(super) struct Inline {
    form: Form,
    line: String,
    /// Blanks were read and are written only if something follows them.
    blank: bool,
    /// Emphasis and links are left out, as in headings.
    plain: bool,
    /// Counts paragraphs: marks of an earlier one have lost their place.
    paragraph: u64,
    /// Marks of emphasis open now: `**` within `**` says nothing.
    open: Vec<&'static str>,
    /// Open links, whose text may not hold a bracket.
    links: u32,
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
    /// Whether it is written at all.
    counts: bool,
}

impl Inline {
    pub(super) fn new(form: Form) -> Self {
        Self { form, line: String::new(), blank: false, plain: false, paragraph: 0, open: Vec::new(), links: 0, ended: None, code: None }
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

    /// The paragraph, if there is anything in it; a new one begins.
    pub(super) fn take(&mut self) -> Option<String> {
        self.paragraph += 1;
        self.blank = false;
        self.ended = None;
        self.code = None;
        if self.line.is_empty() {
            return None;
        }
        let line = std::mem::take(&mut self.line);
        let text = without_breaks(&line).trim_start();
        if text.is_empty() {
            return None;
        }
        if self.form == Form::Text {
            return Some(text.to_owned());
        }
        // Only the first line, and those after a break, can be taken for a block.
        Some(text.split('\n').map(escaped_start).collect::<Vec<_>>().join("\n"))
    }

    pub(super) fn text(&mut self, text: &str) {
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            if c.is_ascii_whitespace() || c == '\u{a0}' {
                self.blank = true;
                continue;
            }
            // Invisible: soft hyphen, zero-width space, byte order mark.
            if matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}') {
                continue;
            }
            self.settle(c);
            if self.form == Form::Text {
                self.line.push(c);
                continue;
            }
            let previous = self.line.chars().next_back();
            if c.is_ascii_punctuation() && self.is_special(c, previous, characters.as_str()) {
                self.line.push('\\');
            }
            self.line.push(c);
        }
    }

    fn is_special(&self, c: char, previous: Option<char>, rest: &str) -> bool {
        let next = rest.chars().next();
        let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        match c {
            '`' => true,
            '\\' => next.is_none_or(|next| next.is_ascii_punctuation()),
            '*' => !(blank(previous) && next.is_some_and(char::is_whitespace)),
            '_' => !(previous.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)),
            '~' => previous == Some('~') || next == Some('~'),
            '<' => next.is_none_or(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')),
            '&' => {
                let name = rest.strip_prefix('#').unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_alphanumeric());
                name.starts_with(';')
            }
            '[' => self.links > 0 || previous == Some('!'),
            ']' => self.links > 0,
            // "[a](b)" and "[a]: b" in plain words are no link.
            '(' => previous == Some(']'),
            ':' => previous == Some(']') && self.line.starts_with('['),
            _ => false,
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
            let last = self.line[..end - delimiter.len()].chars().next_back();
            if next.is_alphanumeric() && (last.is_some_and(|last| !last.is_alphanumeric()) || delimiter == "_") {
                self.line.truncate(end - delimiter.len());
                self.line.replace_range(start..start + delimiter.len(), "");
            } else if next != '\0' && !next.is_alphanumeric() {
                self.ended = None;
            }
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
    pub(super) fn open(&mut self, delimiter: &'static str) -> Mark {
        let adjacent = !self.blank;
        if self.blank && !self.line.is_empty() && !self.line.ends_with([' ', '\n']) {
            self.line.push(' ');
        }
        self.blank &= self.line.is_empty();
        let counts = self.form == Form::Markdown && !self.plain && !self.open.contains(&delimiter);
        let mut start = self.line.len();
        // "**a****b**" would not be read: one emphasis goes on.
        if let Some((begun, end, last)) = self.ended
            && counts
            && adjacent
            && !delimiter.is_empty()
            && last == delimiter
            && end == self.line.len()
        {
            self.line.truncate(end - delimiter.len());
            self.line.replace_range(begun..begun + delimiter.len(), "");
            start = begun;
        }
        self.ended = None;
        if counts {
            match delimiter {
                "" => self.links += 1,
                delimiter => self.open.push(delimiter),
            }
        }
        Mark { paragraph: self.paragraph, start, delimiter, counts }
    }

    pub(super) fn close(&mut self, mark: Mark) {
        if !mark.counts {
            return;
        }
        if let Some(at) = self.open.iter().rposition(|open| *open == mark.delimiter) {
            self.open.remove(at);
        }
        let Some((start, end)) = self.since(&mark) else { return };
        let tail = self.line.split_off(end);
        let (before, first) = (self.line[..start].chars().next_back(), self.line[start..end].chars().next());
        // Beside a word, emphasis must begin and end with a letter to be seen; across a break it is not worth it.
        let seen = !(before.is_some_and(char::is_alphanumeric) && first.is_some_and(|first| !first.is_alphanumeric()));
        if seen && !self.line[start..end].contains('\n') {
            self.line.insert_str(start, mark.delimiter);
            self.line.push_str(mark.delimiter);
            self.ended = Some((start, self.line.len(), mark.delimiter)).filter(|_| tail.is_empty());
            self.code = None;
        }
        self.line.push_str(&tail);
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
        self.line.push_str(&destination(target));
        self.line.push(')');
        self.line.push_str(&tail);
        self.ended = None;
        self.code = None;
    }

    pub(super) fn image(&mut self, alternative: &str, source: &str) {
        self.settle('!');
        self.line.push_str("![");
        for c in alternative.chars() {
            if matches!(c, '[' | ']' | '\\' | '`' | '<' | '*' | '_') {
                self.line.push('\\');
            }
            self.line.push(c);
        }
        self.line.push_str("](");
        self.line.push_str(&destination(source));
        self.line.push(')');
    }

    /// A code span; its line breaks become blanks.
    pub(super) fn code(&mut self, text: &str) {
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            self.blank |= !text.is_empty();
            return;
        }
        self.blank |= text.starts_with(|c: char| c.is_ascii_whitespace());
        self.settle('`');
        let mut start = self.line.len();
        if self.form == Form::Text {
            self.line.push_str(&words);
        } else {
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
            let padding = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
            for part in [fence.as_str(), padding, &words, padding, &fence] {
                self.line.push_str(part);
            }
            self.code = Some((start, self.line.len(), words));
        }
        self.blank |= text.ends_with(|c: char| c.is_ascii_whitespace());
    }

    /// Makes all of the paragraph bold, where it has no marks of its own.
    pub(super) fn embolden(&mut self) {
        let text = self.line.trim();
        let first_and_last = [text.chars().next(), text.chars().next_back()];
        if self.form == Form::Text || text.is_empty() || text.contains('\n') || text.contains(['`', '*', '[']) || self.plain {
            return;
        }
        if first_and_last.iter().all(|c| c.is_some_and(|c| !c.is_whitespace())) {
            self.line = format!("**{text}**");
        }
    }

    /// What was written since the mark, without blanks and breaks around it.
    fn since(&self, mark: &Mark) -> Option<(usize, usize)> {
        let written = self.line.get(mark.start..).filter(|_| mark.paragraph == self.paragraph)?;
        let kept = without_breaks(written);
        let end = mark.start + kept.len();
        let start = mark.start + (written.len() - written.trim_start().len());
        (start < end).then_some((start, end))
    }
}

/// In bytes: joining code spans copies what is joined.
const LONGEST_JOINED: usize = 1_000;

/// Without blanks and line breaks at the end.
fn without_breaks(text: &str) -> &str {
    let mut kept = text.trim_end();
    while text[kept.len()..].contains('\n')
        && let Some(line) = kept.strip_suffix('\\')
    {
        kept = line.trim_end();
    }
    kept
}

/// A link destination; in pointed brackets where it would end too early.
fn destination(target: &str) -> String {
    match target.contains(['(', ')', ' ', '<', '>']) {
        true => format!("<{}>", target.replace('<', "%3C").replace('>', "%3E")),
        false => target.to_owned(),
    }
}

/// A line that begins like a block, escaped.
fn escaped_start(line: &str) -> String {
    let after = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let escape_at = match line.as_bytes().first() {
        Some(b'#') if after(line.trim_start_matches('#')) => Some(0),
        Some(b'-' | b'+') if after(&line[1..]) => Some(0),
        Some(b'-' | b'=') if line.trim_end().chars().all(|c| c == '-' || c == '=' || c == ' ') => Some(0),
        Some(b'>' | b'~') => Some(0),
        Some(b'|') => Some(0),
        Some(b'0'..=b'9') if digits <= 9 && line[digits..].starts_with(['.', ')']) && after(&line[digits + 1..]) => Some(digits),
        _ => None,
    };
    match escape_at {
        Some(at) => format!("{}\\{}", &line[..at], &line[at..]),
        None => line.to_owned(),
    }
}
