//! Relative links of a text in markdown made absolute, as it is read at another address than its own. Code is never touched.

use url::Url;

use crate::extract::formats::inside::Spans;
use crate::extract::formats::markdown::fence_of;
use crate::model::Heading;

/// The text with its links as seen from `base`, and its headings where they stand then. Text grows by its own length at the most: links
/// beyond that stay as they are.
pub(in crate::extract) fn absolute(markdown: &str, outline: &mut [Heading], base: &Url) -> String {
    let most = markdown.len().saturating_add(SPARE);
    let mut out = String::with_capacity(markdown.len() + markdown.len() / 4);
    let mut headings = outline.iter_mut().peekable();
    let (mut at, mut fence, mut place) = (0, None, Place::default());
    for line in markdown.split_inclusive('\n') {
        while let Some(heading) = headings.next_if(|heading| heading.offset < at + line.len()) {
            heading.offset = out.len() + heading.offset.saturating_sub(at);
        }
        at += line.len();
        let bare = line.trim();
        let is_code = place.is_code(line);
        match (fence, fence_of(bare)) {
            (Some((mark, length)), Some((other, long)))
                if mark == other && long >= length && bare.bytes().all(|byte| byte == mark as u8) =>
            {
                fence = None;
            }
            (None, Some(opened)) => fence = Some(opened),
            (None, None) if !is_code && (out.len() + line.len()).saturating_sub(at) < most => {
                rewrite(line, base, &mut out);
                continue;
            }
            _ => {}
        }
        out.push_str(line);
    }
    out
}

/// Whether an indented line is code: not within a list.
#[derive(Default)]
struct Place {
    is_list: bool,
    is_paragraph: bool,
}

impl Place {
    fn is_code(&mut self, line: &str) -> bool {
        let bare = line.trim_start();
        let is_indented = line.starts_with('\t') || line.starts_with("    ");
        if bare.is_empty() {
            self.is_paragraph = false;
            return false;
        }
        let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
        let is_item = bare.starts_with(['-', '*', '+']) || (1..=9).contains(&digits) && bare[digits..].starts_with(['.', ')']);
        let is_code = is_indented && !self.is_list && !self.is_paragraph;
        self.is_list = (is_item && !is_code) || (self.is_list && (is_indented || self.is_paragraph || line.starts_with(' ')));
        self.is_paragraph = !is_code;
        is_code
    }
}

/// Each place of a line is looked at a bounded number of times: no address has a bracket in it.
fn rewrite(line: &str, base: &Url, out: &mut String) {
    let mut spans = Spans::of(line);
    let mut copied = 0;
    let mut put = |(from, to): (usize, usize)| {
        if let Some(target) = resolved(&line[from..to], base) {
            out.push_str(&line[copied..from]);
            out.push_str(target.as_str());
            copied = to;
        }
        to
    };
    let mut from = 0;
    if let Some(place) = definition(line) {
        from = put(place);
    }
    while let Some(found) = spans.find(line, "](", from) {
        from = destination(line, found + 2, Some(')')).map_or(found + 2, &mut put);
    }
    out.push_str(&line[copied..]);
}

/// Of `[label]: address`, which is no footnote.
fn definition(line: &str) -> Option<(usize, usize)> {
    let bare = line.trim_start();
    let label = bare.strip_prefix('[').filter(|label| !label.starts_with('^'))?;
    let end = label.find(']').filter(|end| *end > 0 && label[*end..].starts_with("]:"))?;
    destination(line, line.len() - label.len() + end + 2, None)
}

/// The address that stands from there on, in angle brackets or up to a blank; behind it stands what closes the link, if anything does, or its
/// title.
fn destination(line: &str, from: usize, closed_by: Option<char>) -> Option<(usize, usize)> {
    let ends_well = |at: usize| {
        let rest = line[at..].trim_start();
        rest.starts_with(['"', '\'', '(']) || closed_by.map_or(rest.is_empty(), |close| rest.starts_with(close))
    };
    let start = from + line[from..].len() - line[from..].trim_start_matches([' ', '\t']).len();
    if let Some(rest) = line[start..].strip_prefix('<') {
        let end = rest.find(['>', '<', '[', ']', '\n']).filter(|end| rest[*end..].starts_with('>'))?;
        return Some((start + 1, start + 1 + end)).filter(|_| ends_well(start + 2 + end));
    }
    let mut depth = 0_usize;
    for (at, c) in line[start..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            '[' | ']' | '<' | '>' | '`' | '\\' => return None,
            c if c == ')' || c.is_whitespace() => return (at > 0 && ends_well(start + at)).then_some((start, start + at)),
            _ => {}
        }
    }
    (line.len() > start && depth == 0 && closed_by.is_none()).then_some((start, line.len()))
}

/// None of what is absolute already, is on the page itself, or is no address.
fn resolved(target: &str, base: &Url) -> Option<Url> {
    let is_template = target.contains(['{', '}', '$', '|']);
    if target.is_empty() || target.starts_with('#') || is_template || Url::parse(target).is_ok() {
        return None;
    }
    // Of a file the root of its site is not known.
    let is_beside = base.scheme() == "file" && !target.starts_with('/');
    base.join(target).ok().filter(|url| matches!(url.scheme(), "http" | "https") || is_beside && url.scheme() == "file")
}

/// Bytes that a short text may grow by.
const SPARE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(markdown: &str) -> String {
        absolute(markdown, &mut [], &Url::parse("https://a.test/docs/x.md").unwrap())
    }

    #[test]
    fn a_file_leads_to_what_lies_beside_it() {
        let read = |markdown: &str| absolute(markdown, &mut [], &Url::parse("file:///home/me/docs/x.md").unwrap());
        assert_eq!(read("[y](y.md) [z](../z.md#a)"), "[y](file:///home/me/docs/y.md) [z](file:///home/me/z.md#a)");
        assert_eq!(read("[y](/y.md) [z](https://a.test/)"), "[y](/y.md) [z](https://a.test/)");
    }

    #[test]
    fn relative_links_lead_where_they_led() {
        for (markdown, expected) in [
            ("See [y](y.md).", "See [y](https://a.test/docs/y.md)."),
            ("[y](../y#z \"Why\")", "[y](https://a.test/y#z \"Why\")"),
            ("![p](/img/p.png)", "![p](https://a.test/img/p.png)"),
            ("[![p](p.png)](y)", "[![p](https://a.test/docs/p.png)](https://a.test/docs/y)"),
            ("[y](<a b.md>)", "[y](<https://a.test/docs/a%20b.md>)"),
            ("[y](f(x).html)", "[y](https://a.test/docs/f(x).html)"),
            ("[y]: y.md\n", "[y]: https://a.test/docs/y.md\n"),
            ("[y]: <y.md> 'Why'", "[y]: <https://a.test/docs/y.md> 'Why'"),
            ("[y](?q=1)", "[y](https://a.test/docs/x.md?q=1)"),
            ("[y](//b.test/)", "[y](https://b.test/)"),
            ("- [y](y)\n\n    [z](z)\n", "- [y](https://a.test/docs/y)\n\n    [z](https://a.test/docs/z)\n"),
            ("text\n    [z](z)\n", "text\n    [z](https://a.test/docs/z)\n"),
            ("é [é](é) é", "é [é](https://a.test/docs/%C3%A9) é"),
        ] {
            assert_eq!(read(markdown), expected);
            assert_eq!(read(expected), expected, "once is enough");
        }
    }

    #[test]
    fn what_is_no_relative_link_stays_as_it_is() {
        for markdown in [
            "[y](https://b.test/y) [m](mailto:a@b.test) [h](#here) [e]()",
            "`[y](y.md)` and ``a ` [y](y.md)``",
            "```\n[y](y.md)\n```\n",
            "~~~~\n[y](y.md)\n~~~\n[y](y.md)\n~~~~\n",
            "Text.\n\n    [y](y.md)\n",
            "[^1]: y.md",
            "[y]({{ url }}) [y](${url})",
            "a](b c](",
            "[y](y.md",
            "[y] (y.md)",
        ] {
            assert_eq!(read(markdown), markdown);
        }
    }

    #[test]
    fn headings_are_found_where_they_stand_then() {
        let markdown = "# A\n\n[y](y)\n\n## B [z](z)\n\nText.\n";
        let heading = |text: &str| Heading { level: 1, text: text.to_owned(), anchor: None, offset: markdown.find(text).unwrap() };
        let mut outline = [heading("# A"), heading("## B")];
        let text = absolute(markdown, &mut outline, &Url::parse("https://a.test/docs/x.md").unwrap());
        assert!(text[outline[0].offset..].starts_with("# A") && text[outline[1].offset..].starts_with("## B [z](https"), "{text}");
    }

    #[test]
    fn a_text_of_links_alone_grows_within_bounds() {
        let base = Url::parse(&format!("https://a.test/{}/x", "long".repeat(400))).unwrap();
        let markdown = "[y](y)\n".repeat(100_000);
        let text = absolute(&markdown, &mut [], &base);
        assert!(text.len() < 2 * markdown.len() + SPARE + 4_000 && text.ends_with("[y](y)\n"), "{}", text.len());
        // Brackets without an end: each is looked at once.
        let line = "](<](".repeat(200_000);
        assert_eq!(absolute(&line, &mut [], &base), line);
    }
}
