//! Markdown as it is read: what a reader does not see (where links lead, how tables are ruled, marks) is no evidence of what a text says,
//! and a model that reads so many tokens and no more has better ones to read. Linear in its input, whatever it is.

use std::borrow::Cow;

/// The text as a reader sees it.
///
/// Left out are: the targets of links and images (their text stays), the rulings of tables and their pipes, drawn lines, the marks of
/// headings, quotes, fences, inline code and of emphasis by `*`; escapes are undone. A URL in running text is its words: host and path,
/// without scheme, query and fragment. Code, in fences and inline, stays letter for letter, as do HTML and its entities, and `_`, which
/// is more often a part of a name than emphasis.
///
/// ```
/// use smolcrawl::model::plain;
///
/// let markdown = "See [the **guide**](https://docs.test/guide?x=1) or https://docs.test/a/tour.html.\n\n| a | b |\n|---|---|\n| `x|y` | 2 |\n";
/// assert_eq!(plain(markdown), "See the guide or docs.test a tour.html.\n\na b\nx|y 2\n");
/// assert_eq!(plain("nothing to do"), "nothing to do");
/// ```
pub fn plain(markdown: &str) -> Cow<'_, str> {
    if !markdown.contains(MARKS) && !markdown.contains("://") && !markdown.contains("www.") && !markdown.contains(is_drawn) {
        return Cow::Borrowed(markdown);
    }
    let mut writer = Writer { plain: String::with_capacity(markdown.len()), patience: 4 * markdown.len() };
    let mut lines = markdown.split_inclusive('\n').peekable();
    // Lines of running text that belong together: what is in them may go on from one to the next.
    let mut running = String::new();
    let mut fence: Option<Fence> = None;
    let mut in_table = false;
    while let Some(line) = lines.next() {
        if let Some(open) = &fence {
            match open.is_closed_by(line) {
                true => fence = None,
                false => writer.plain.push_str(line),
            }
            continue;
        }
        let content = content(line);
        let opens = Fence::open(content);
        let is_blank = content.trim().is_empty();
        let is_ruling = is_ruling(content);
        in_table = !is_blank && (in_table || lines.peek().is_some_and(|next| content.contains('|') && is_ruling_of(next)));
        let is_row = in_table || is_row(content);
        if opens.is_some() || is_blank || is_ruling || is_row || begins_a_block(line, content) {
            writer.inline(&std::mem::take(&mut running), Cells::None);
        }
        if let Some((open, language)) = opens {
            if !language.is_empty() {
                writer.plain.push_str(language);
                writer.plain.push('\n');
            }
            fence = Some(open);
        } else if is_blank {
            writer.plain.push_str(line);
        } else if is_ruling {
            continue;
        } else if is_row {
            writer.inline(content, Cells::Piped);
        } else {
            running.push_str(content);
        }
    }
    writer.inline(&running, Cells::None);
    Cow::Owned(writer.plain)
}

/// What makes a text other than it looks. `-` and `=` alone do so only where a line is drawn with them.
const MARKS: [char; 10] = ['[', ']', '`', '*', '\\', '|', '#', '~', '<', '>'];

fn is_drawn(c: char) -> bool {
    matches!(c, '=' | '-' | '_')
}

/// A line without what says that it is a heading or quoted. What it lists stays listed.
fn content(line: &str) -> &str {
    let mut rest = line;
    // A mark a step; deeper quotes than that are drawn.
    for _ in 0..MOST_QUOTES {
        let inner = rest.trim_start_matches([' ', '\t']);
        match inner.strip_prefix('>') {
            Some(quoted) => rest = quoted.strip_prefix(' ').unwrap_or(quoted),
            None => break,
        }
    }
    let marks = rest.bytes().take_while(|byte| *byte == b'#').count();
    match &rest[marks..] {
        title if (1..=6).contains(&marks) && title.starts_with([' ', '\t']) => title.trim_start_matches([' ', '\t']),
        _ => rest,
    }
}

/// Whether a line goes on with nothing that was before it.
fn begins_a_block(line: &str, content: &str) -> bool {
    let item = content.trim_start_matches([' ', '\t']);
    let digits = item.bytes().take_while(u8::is_ascii_digit).count();
    let marker = match digits {
        0 if item.starts_with(['-', '+', '*']) => &item[1..],
        1..=9 if item[digits..].starts_with(['.', ')']) => &item[digits + 1..],
        _ => "x",
    };
    line.len() != content.len() || marker.starts_with([' ', '\t'])
}

/// A drawn line, below a heading or the head of a table, or alone.
fn is_ruling(content: &str) -> bool {
    let trimmed = content.trim();
    let mut marks = trimmed.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'|' | b':'));
    let Some(mark) = marks.next().filter(|mark| matches!(mark, b'-' | b'=' | b'*' | b'_')) else { return false };
    let all = marks.try_fold(1, |count, byte| (byte == mark).then_some(count + 1));
    let is_of_a_table = mark == b'-' && trimmed.contains('|');
    // A lone "-" is an item without text, and "**" is nothing.
    all.is_some_and(|count| is_of_a_table || (count >= 3 && !trimmed.contains(['|', ':'])))
}

fn is_ruling_of(next: &str) -> bool {
    let next = content(next);
    next.contains('|') && is_ruling(next)
}

/// As it stands in a part of a table that has lost its head.
fn is_row(content: &str) -> bool {
    let row = content.trim();
    row.len() > 1 && row.starts_with('|') && row.ends_with('|')
}

struct Fence {
    mark: char,
    marks: usize,
}

impl Fence {
    /// The fence that a line opens, in whatever list or quote, and its language.
    fn open(content: &str) -> Option<(Self, &str)> {
        let mut inner = content.trim_start_matches([' ', '\t']);
        // "- ```" and "1. ```": an item may begin with code.
        for _ in 0..MOST_QUOTES {
            let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
            let marker = match digits {
                0 if inner.starts_with(['-', '+', '*', '>']) => 1,
                1..=9 if inner[digits..].starts_with(['.', ')']) => digits + 1,
                _ => break,
            };
            inner = inner[marker..].trim_start_matches([' ', '\t']);
        }
        let mark = inner.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = inner.trim_start_matches(mark);
        let marks = inner.len() - info.len();
        if marks < 3 || (mark == '`' && info.contains('`')) {
            return None;
        }
        let word =
            info.split([' ', '\t', ',', '{', '}', ';']).map(|word| word.trim().trim_start_matches('.')).find(|word| !word.is_empty());
        Some((Self { mark, marks }, word.unwrap_or_default()))
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let inner = line.trim_start_matches([' ', '\t', '>']);
        let rest = inner.trim_start_matches(self.mark);
        inner.len() - rest.len() >= self.marks && rest.trim().is_empty()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cells {
    None,
    /// Between pipes.
    Piped,
}

struct Writer {
    plain: String,
    /// Bytes that may yet be looked at in vain for the end of a link's target: what is over it is text, and the whole stays linear.
    patience: usize,
}

impl Writer {
    /// Writes running text.
    fn inline(&mut self, text: &str, cells: Cells) {
        let begun = self.plain.len();
        let marks = self.marks(text, cells);
        let mut at = 0;
        for Mark { start, end, instead } in marks {
            // What lies in another mark is gone with it.
            if start < at {
                continue;
            }
            self.push(&text[at..start], cells, begun);
            match instead {
                Instead::Itself => self.push(&text[start..end], cells, begun),
                Instead::Code => self.plain.push_str(&text[start..end]),
                Instead::Nothing => {}
                Instead::Space if self.plain[begun..].ends_with([' ', '\n']) || self.plain.len() == begun => {}
                Instead::Space => self.plain.push(' '),
                Instead::Words => self.words(&text[start..end]),
            }
            at = end;
        }
        self.push(&text[at..], cells, begun);
        if cells == Cells::Piped {
            let end = self.plain[begun..].trim_end().len() + begun;
            self.plain.truncate(end);
            if text.ends_with('\n') {
                self.plain.push('\n');
            }
        }
    }

    /// Spaces that set cells apart are one.
    fn push(&mut self, text: &str, cells: Cells, begun: usize) {
        let is_apart = self.plain.len() == begun || self.plain.ends_with(' ');
        self.plain.push_str(if cells == Cells::Piped && is_apart { text.trim_start_matches(' ') } else { text });
    }

    /// A URL as the words of its host and its path.
    fn words(&mut self, url: &str) {
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        let address = address.strip_prefix("www.").unwrap_or(address);
        let address = address.split(['?', '#']).next().unwrap_or_default();
        let mut words = address.split('/').filter(|word| !word.is_empty() && word.len() <= LONGEST_WORD);
        if let Some(host) = words.next() {
            // A name and a password before it are nobody's business.
            self.plain.push_str(host.rsplit('@').next().unwrap_or_default());
        }
        for word in words {
            self.plain.push(' ');
            self.plain.push_str(word);
        }
    }

    /// What is not written as it stands, in its order.
    fn marks(&mut self, text: &str, cells: Cells) -> Vec<Mark> {
        let mut found = Vec::new();
        let ticks = Ticks::of(text);
        let mut ticks = ticks.iter().peekable();
        // Brackets that are open, as places in `found`, and runs of `*` likewise, by how many there are.
        let mut brackets: Vec<usize> = Vec::new();
        let mut stars: [Option<usize>; 4] = [None; 4];
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            while ticks.next_if(|run| run.start < at).is_some() {}
            let next = bytes.get(at + 1).copied();
            at = match byte {
                b'\\' if next.is_some_and(|next| next.is_ascii_punctuation()) => {
                    found.push(Mark::new(at, at + 1, Instead::Nothing));
                    // The character itself is none of the marks.
                    at + 2
                }
                b'`' => match ticks.peek().filter(|run| run.start == at).copied() {
                    Some(Ticks { length, closed: Some(end), .. }) => {
                        found.push(Mark::new(at, at + length, Instead::Nothing));
                        found.push(Mark::new(at + length, *end, Instead::Code));
                        found.push(Mark::new(*end, end + length, Instead::Nothing));
                        end + length
                    }
                    run => at + run.map_or(1, |run| run.length),
                },
                b'!' if next == Some(b'[') => {
                    found.push(Mark::new(at, at + 1, Instead::Itself));
                    brackets.push(found.len());
                    found.push(Mark::new(at + 1, at + 2, Instead::Itself));
                    at + 2
                }
                b'[' => {
                    brackets.push(found.len());
                    found.push(Mark::new(at, at + 1, Instead::Itself));
                    at + 1
                }
                b']' => match brackets.pop() {
                    Some(open) => match self.target(text, at + 1) {
                        Some(end) => {
                            let start = found[open].start;
                            // "see[1](#x)" is not "see1".
                            let follows = text[..start].ends_with(char::is_alphanumeric) && bytes[start + 1].is_ascii_digit();
                            found[open].instead = if follows { Instead::Space } else { Instead::Nothing };
                            if let Some(image) = open.checked_sub(1).map(|before| &mut found[before])
                                && image.end == start
                                && &text[image.start..start] == "!"
                            {
                                image.instead = Instead::Nothing;
                            }
                            found.push(Mark::new(at, end, Instead::Nothing));
                            end
                        }
                        None => at + 1,
                    },
                    None => at + 1,
                },
                b'*' => {
                    let length = bytes[at..].iter().take_while(|byte| **byte == b'*').count();
                    let end = at + length;
                    let opens = text[end..].starts_with(|c: char| !c.is_whitespace());
                    let closes = text[..at].ends_with(|c: char| !c.is_whitespace());
                    if let Some(open) = stars.get_mut(length) {
                        match *open {
                            Some(begun) if closes => {
                                let begun: &mut Mark = &mut found[begun];
                                begun.instead = Instead::Nothing;
                                found.push(Mark::new(at, end, Instead::Nothing));
                                *open = None;
                            }
                            _ if opens => {
                                *open = Some(found.len());
                                found.push(Mark::new(at, end, Instead::Itself));
                            }
                            _ => {}
                        }
                    }
                    end
                }
                b'|' if cells == Cells::Piped => {
                    found.push(Mark::new(at, at + 1, Instead::Space));
                    at + 1
                }
                b'<' => match autolink(&text[at..]) {
                    Some(length) => {
                        found.push(Mark::new(at, at + 1, Instead::Nothing));
                        found.push(Mark::new(at + 1, at + length - 1, Instead::Words));
                        found.push(Mark::new(at + length - 1, at + length, Instead::Nothing));
                        at + length
                    }
                    None => at + 1,
                },
                b'h' | b'H' | b'f' | b'F' | b'w' | b'W' if !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') => {
                    match url(&text[at..]) {
                        Some(length) => {
                            found.push(Mark::new(at, at + length, Instead::Words));
                            at + length
                        }
                        None => at + 1,
                    }
                }
                _ => at + 1,
            };
        }
        found
    }

    /// Where the target of a link ends that begins at `start`, behind its text.
    fn target(&mut self, text: &str, start: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        if bytes.get(start) != Some(&b'(') {
            return None;
        }
        let end = target_end(&bytes[start + 1..], self.patience);
        match end {
            Ok(length) => Some(start + 1 + length),
            Err(looked) => {
                self.patience -= looked.min(self.patience);
                None
            }
        }
    }
}

/// The length of a link's target and its closing parenthesis, or how much of the text was looked at to find that it is none.
fn target_end(bytes: &[u8], patience: usize) -> Result<usize, usize> {
    let bytes = &bytes[..bytes.len().min(patience)];
    let mut at = 0;
    let blank = |at: usize| bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    while blank(at) {
        at += 1;
    }
    if bytes.get(at) == Some(&b'<') {
        while bytes.get(at).is_some_and(|byte| !matches!(byte, b'>' | b'\n')) {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        if bytes.get(at) != Some(&b'>') {
            return Err(at);
        }
        at += 1;
    } else {
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(at).filter(|_| !blank(at)) {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 0 => break,
                b')' => depth -= 1,
                b'\\' if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => at += 1,
                _ => {}
            }
            at += 1;
        }
    }
    while blank(at) {
        at += 1;
    }
    if let Some(&quote) = bytes.get(at).filter(|quote| matches!(quote, b'"' | b'\'' | b'(')) {
        let closing = if quote == b'(' { b')' } else { quote };
        at += 1;
        while bytes.get(at).is_some_and(|byte| *byte != closing) {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        at += 1;
        while blank(at) {
            at += 1;
        }
    }
    if bytes.get(at) == Some(&b')') { Ok(at + 1) } else { Err(at.min(bytes.len())) }
}

/// The length of `<https://…>` at the beginning of a text, with its marks.
fn autolink(text: &str) -> Option<usize> {
    let length = url(&text[1..])?;
    let end = text[1 + length..].find(|c: char| c == '>' || c == '<' || c.is_whitespace())? + 1 + length;
    text[end..].starts_with('>').then_some(end + 1)
}

/// The length of the URL at the beginning of a text, without what ends the sentence it stands in.
fn url(text: &str) -> Option<usize> {
    let begins = |scheme: &str| text.as_bytes().get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()));
    let scheme = SCHEMES.iter().find(|scheme| begins(scheme))?.len();
    // Before it is looked for an end that may be far.
    if !text[scheme..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let mut depth = 0_usize;
    let mut end = scheme;
    for (at, c) in text[scheme..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            '<' | '>' | '"' | '`' | '|' | '[' | ']' | '{' | '}' | '\\' | '*' | '^' => break,
            c if c.is_whitespace() || c.is_control() || !c.is_ascii() => break,
            _ => {}
        }
        end = scheme + at + c.len_utf8();
    }
    let end = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '_']).len();
    (end > scheme).then_some(end)
}

/// Something that is written otherwise than it stands.
struct Mark {
    start: usize,
    end: usize,
    instead: Instead,
}

impl Mark {
    fn new(start: usize, end: usize, instead: Instead) -> Self {
        Self { start, end, instead }
    }
}

enum Instead {
    Itself,
    /// As it is, whatever it holds.
    Code,
    Nothing,
    Space,
    /// Of a URL.
    Words,
}

/// A run of backticks, and where the next one of its length begins.
struct Ticks {
    start: usize,
    length: usize,
    closed: Option<usize>,
}

impl Ticks {
    fn of(text: &str) -> Vec<Self> {
        let bytes = text.as_bytes();
        let mut runs = Vec::new();
        let mut at = 0;
        while let Some(next) = bytes[at..].iter().position(|byte| *byte == b'`') {
            let start = at + next;
            let length = bytes[start..].iter().take_while(|byte| **byte == b'`').count();
            runs.push(Self { start, length, closed: None });
            at = start + length;
        }
        // From the last to the first, with where each length was seen last.
        let mut last = [None; MOST_TICKS];
        for run in runs.iter_mut().rev() {
            if let Some(last) = last.get_mut(run.length) {
                run.closed = last.replace(run.start);
            }
        }
        runs
    }
}

/// Backticks around inline code, at the most.
const MOST_TICKS: usize = 16;
const MOST_QUOTES: usize = 16;
/// Bytes of a part of a path beyond which it is a key that nobody reads.
const LONGEST_WORD: usize = 60;
const SCHEMES: [&str; 5] = ["https://", "http://", "ftp://", "www.", "wss://"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_are_their_texts() {
        for (markdown, expected) in [
            ("[a](https://x.test/b) c", "a c"),
            ("![alt *text*](i.png \"title\")", "alt text"),
            ("[![logo](i.png)](https://x.test/)", "logo"),
            ("[a](</with space>) [b](x_(y)) [c](x 'it') [d]() [](x)", "a b c d "),
            ("[a](x(y [b](z)", "[a](x(y b"),
            ("[`a[0](b)`](x)", "a[0](b)"),
            ("see[1](#n) and [see](x)[2](#m)", "see 1 and see2"),
            ("[not] a (link), \\[nor](this)", "[not] a (link), [nor](this)"),
            ("a[0][1](x", "a[0][1](x"),
            ("[over\ntwo lines](x)", "over\ntwo lines"),
        ] {
            assert_eq!(plain(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn addresses_are_their_words() {
        for (markdown, expected) in [
            ("See https://docs.test/3/lib/asyncio-task.html?x=1#y.", "See docs.test 3 lib asyncio-task.html."),
            ("(at http://127.0.0.1:8377/v1/)", "(at 127.0.0.1:8377 v1)"),
            ("<https://a.test/b> and <b>", "a.test b and <b>"),
            ("www.a.test/x, xhttp://no", "a.test x, xhttp://no"),
            ("https://me:word@a.test/", "a.test"),
            ("[https://a.test/b](https://a.test/b)", "a.test b"),
            ("https:// and https://\u{e9}", "https:// and https://\u{e9}"),
            ("`curl https://a.test/b`", "curl https://a.test/b"),
        ] {
            assert_eq!(plain(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn tables_are_their_cells() {
        let table = "Words.\n\n| Name | Use |\n| --- | :-: |\n| `a|b` | c \\| d |\n\n- item\n";
        assert_eq!(plain(table), "Words.\n\nName Use\na|b c | d\n\n- item\n");
        assert_eq!(plain("a | b\n--|--\nc | [d](x)\n\ne | f\n"), "a b\nc d\n\ne | f\n");
        assert_eq!(plain("| part | of one |\n"), "part of one\n");
    }

    #[test]
    fn code_stays_letter_for_letter() {
        let code = "x = [a](b) | **c**  # https://a.test/?q\n\\_\n| --- |\n";
        assert_eq!(plain(&format!("Do:\n\n```python\n{code}```\n\n*so*\n")), format!("Do:\n\npython\n{code}\nso\n"));
        assert_eq!(plain(&format!("- ~~~\n{code}  ~~~\n")), code);
        assert_eq!(plain("`` a`*b* `` and `\\_`"), " a`*b*  and \\_");
        assert_eq!(plain("a ` b *c*"), "a ` b c");
    }

    #[test]
    fn marks_go_and_escapes_are_undone() {
        assert_eq!(plain("# A\n\n> ## B *c*\n> d\n"), "A\n\nB c\nd\n");
        assert_eq!(plain("Title\n=====\n\n***\n\ntext\n"), "Title\n\n\ntext\n");
        assert_eq!(plain("snake\\_case \\*args 2 * 3 * 4 __init__ **kwargs"), "snake_case *args 2 * 3 * 4 __init__ **kwargs");
        assert_eq!(plain("&lt;b&gt; <br> #tag a-b"), "&lt;b&gt; <br> #tag a-b");
        assert!(matches!(plain("Nothing, to do; here: at all!"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn any_text_has_one_and_it_is_no_longer(text in "\\PC{0,300}") {
            // The line end behind the language of a fence that had none.
            prop_assert!(plain(&text).len() <= text.len() + 1);
        }

        /// But for escapes and code, which a second reading takes for marks.
        #[test]
        fn what_is_plain_stays_so(parts in prop::collection::vec(prop_oneof![
            "[a-z.,é漢 ]{0,12}", Just("[a b](https://x.test/y)".to_owned()), Just("\n".to_owned()), Just("\n\n".to_owned()),
            Just("https://a.test/b/c?d".to_owned()), Just("| a | b |\n| --- | --- |\n".to_owned()), Just("![](x)".to_owned()), Just(" **b** ".to_owned()),
        ], 0..20)) {
            let text: String = parts.concat();
            let once = plain(&text).into_owned();
            prop_assert_eq!(plain(&once), once.as_str(), "{}", text);
        }
    }
}
