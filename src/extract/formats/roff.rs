//! What both macro packages of manual pages are made of: lines of text with escapes, requests with arguments, fonts.

use crate::extract::formats::sheet::escaped;

/// Text in one font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    Roman,
    Bold,
    Italic,
}

/// A line of text in the making: pieces in their fonts, joined without blanks.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: Vec<(FontOf, String)>,
    /// Whether one of them is more than blanks.
    filled: bool,
}

type FontOf = Option<Font>;

impl Pieces {
    pub(super) fn push(&mut self, font: Font, text: &str) {
        if text.is_empty() {
            return;
        }
        self.filled |= !text.trim().is_empty();
        let font = Some(font).filter(|font| *font != Font::Roman);
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == font => piece.push_str(text),
            _ => self.pieces.push((font, text.to_owned())),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.filled
    }

    /// Markdown with emphasis where it can be read back; takes all that there is.
    pub(super) fn take(&mut self) -> String {
        let pieces = std::mem::take(self).pieces;
        let mut out = String::new();
        for (index, (font, text)) in pieces.iter().enumerate() {
            let trimmed = text.trim();
            let mark = match font {
                Some(Font::Bold) => "**",
                Some(_) => "*",
                None => "",
            };
            let next = pieces.get(index + 1).and_then(|(_, text)| text.chars().next()).unwrap_or(' ');
            // A mark between letters, or at punctuation beside letters, would be text.
            let is_word = |c: char| c.is_alphanumeric() || c == '*' || c == '_';
            let before = out.chars().next_back().unwrap_or(' ');
            let starts = text.starts_with(' ') || !is_word(before);
            let ends = text.ends_with(' ') || !is_word(next);
            if mark.is_empty() || trimmed.is_empty() || !starts || !ends {
                out.push_str(&escaped(text));
                continue;
            }
            let (lead, trail) = (text.len() - text.trim_start().len(), text.trim_end().len());
            out.push_str(&text[..lead]);
            out.push_str(mark);
            out.push_str(&escaped(trimmed));
            out.push_str(mark);
            out.push_str(&text[trail..]);
        }
        out
    }

    /// Without fonts, and nothing escaped; takes all that there is.
    pub(super) fn take_plain(&mut self) -> String {
        std::mem::take(self).pieces.into_iter().map(|(_, text)| text).collect()
    }
}

/// Adds a line of text, following its fonts from `font` on; gives the font that it ends with.
pub(super) fn add(pieces: &mut Pieces, text: &str, font: Font) -> Font {
    let (mut now, mut before) = (font, font);
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('\\') {
        pieces.push(now, plain);
        let Some(c) = after.chars().next() else {
            rest = "";
            break;
        };
        let argument = &after[c.len_utf8()..];
        let mut shown = "";
        let mut buffer = [0; 4];
        rest = match c {
            'f' => {
                let (name, rest) = name_of(argument);
                let changed = match name {
                    "B" | "3" | "CB" | "b" | "BI" | "4" => Font::Bold,
                    "I" | "2" | "CI" | "i" => Font::Italic,
                    "P" | "" => before,
                    _ => Font::Roman,
                };
                (before, now) = (now, changed);
                rest
            }
            '(' => {
                let end = argument.char_indices().nth(2).map_or(argument.len(), |(at, _)| at);
                shown = glyph(&argument[..end]);
                &argument[end..]
            }
            '[' => match ended(argument, ']') {
                Some((name, rest)) => {
                    match code_point(name) {
                        Some(c) => pieces.push(now, c.encode_utf8(&mut buffer)),
                        None => shown = glyph(name),
                    }
                    rest
                }
                None => argument,
            },
            '*' => name_of(argument).1,
            // Sizes, colours, motions and their arguments.
            's' => size_of(argument),
            'm' | 'M' | 'F' | 'g' | 'k' | 'n' | 'V' | 'Y' => name_of(argument).1,
            'h' | 'v' | 'w' | 'l' | 'L' | 'D' | 'o' | 'X' | 'b' | 'H' | 'S' | 'Z' => quoted(argument),
            'e' | '\\' => {
                shown = "\\";
                argument
            }
            '-' => {
                shown = "-";
                argument
            }
            ' ' | '~' | '0' => {
                shown = " ";
                argument
            }
            't' => {
                shown = "\t";
                argument
            }
            '\'' => {
                shown = "'";
                argument
            }
            '`' => {
                shown = "`";
                argument
            }
            '.' => {
                shown = ".";
                argument
            }
            // What begins a comment ends the line.
            '"' | '#' => "",
            '&' | '%' | '|' | '^' | '/' | ',' | ':' | ')' | 'c' | 'p' | 'd' | 'u' | 'r' | 'z' | 'a' | '{' | '}' | '!' => argument,
            other => {
                pieces.push(now, other.encode_utf8(&mut buffer));
                argument
            }
        };
        pieces.push(now, shown);
    }
    pieces.push(now, rest);
    now
}

/// Text without fonts and escapes.
pub(super) fn plain(text: &str) -> String {
    let mut pieces = Pieces::default();
    add(&mut pieces, text, Font::Roman);
    pieces.take_plain()
}

/// The arguments of a request: words, or what stands in quotes.
pub(super) fn arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t']);
    while !rest.is_empty() {
        if rest.starts_with("\\\"") {
            break;
        }
        let mut argument = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let Some((inner, after)) = quoted.split_once('"') else {
                    argument.push_str(quoted);
                    rest = "";
                    break;
                };
                argument.push_str(inner);
                // A doubled quote is one.
                match after.strip_prefix('"') {
                    Some(after) => {
                        argument.push('"');
                        quoted = after;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            }
        } else {
            let mut escaped = false;
            let end = rest.find(|c: char| {
                // Other blanks are characters, as they part nothing: see below.
                let ends = matches!(c, ' ' | '\t') && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            argument.push_str(word);
            rest = after;
        }
        arguments.push(argument);
        rest = rest.trim_start_matches([' ', '\t']);
    }
    arguments
}

/// `x`, `(xx` or `[name]` at the beginning, and what follows.
pub(super) fn name_of(text: &str) -> (&str, &str) {
    if let Some(rest) = text.strip_prefix('(') {
        return rest.split_at(rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at));
    }
    if let Some(found) = text.strip_prefix('[').and_then(|rest| ended(rest, ']')) {
        return found;
    }
    text.split_at(text.chars().next().map_or(0, char::len_utf8))
}

/// Behind `+1`, `-1`, `10`, `'10'` or `[10]`.
fn size_of(text: &str) -> &str {
    let text = text.trim_start_matches(['+', '-']);
    match text.chars().next() {
        Some('\'') => quoted(text),
        Some('[' | '(') => name_of(text).1,
        Some(c) if c.is_ascii_digit() => {
            let two = text.as_bytes().get(1).is_some_and(|next| next.is_ascii_digit() && matches!(c, '1'..='3'));
            &text[1 + usize::from(two)..]
        }
        _ => text,
    }
}

/// Behind an argument between two characters that are the same.
fn quoted(text: &str) -> &str {
    let Some(mark) = text.chars().next() else { return text };
    ended(&text[mark.len_utf8()..], mark).map_or(text, |(_, rest)| rest)
}

/// What stands before the next `mark`, and behind it. One that is far away ends nothing: it is looked for at each escape.
fn ended(text: &str, mark: char) -> Option<(&str, &str)> {
    let at = text[..text.floor_char_boundary(LONGEST_ARGUMENT)].find(mark)?;
    Some((&text[..at], &text[at + mark.len_utf8()..]))
}

/// In bytes.
const LONGEST_ARGUMENT: usize = 400;

fn code_point(name: &str) -> Option<char> {
    let hex = name.strip_prefix('u').filter(|hex| hex.len() >= 4)?;
    u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
}

/// A character by its name in roff.
fn glyph(name: &str) -> &'static str {
    match name {
        "aq" => "'",
        "dq" => "\"",
        "oq" => "‘",
        "cq" => "’",
        "lq" => "“",
        "rq" => "”",
        "Bq" => "„",
        "Fo" => "«",
        "Fc" => "»",
        "ga" => "`",
        "ha" => "^",
        "ti" => "~",
        "at" => "@",
        "sh" => "#",
        "rs" => "\\",
        "sl" => "/",
        "ba" | "or" | "bv" => "|",
        "bu" => "•",
        "em" => "—",
        "en" => "–",
        "hy" | "mi" => "-",
        "co" => "©",
        "rg" => "®",
        "tm" => "™",
        "de" => "°",
        "mu" => "×",
        "pl" => "+",
        "eq" => "=",
        "+-" => "±",
        "<=" => "≤",
        ">=" => "≥",
        "!=" => "≠",
        "->" => "→",
        "<-" => "←",
        "la" => "⟨",
        "ra" => "⟩",
        "lB" => "[",
        "rB" => "]",
        "lC" => "{",
        "rC" => "}",
        "Do" => "$",
        "Eu" | "eu" => "€",
        "ss" => "ß",
        ":a" => "ä",
        ":o" => "ö",
        ":u" => "ü",
        "'e" => "é",
        "`e" => "è",
        "'a" => "á",
        "'o" => "ó",
        ",c" => "ç",
        "~n" => "ñ",
        "/o" => "ø",
        "oA" => "Å",
        "*a" => "α",
        "*b" => "β",
        "*m" => "μ",
        "*p" => "π",
        "12" => "½",
        "14" => "¼",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markdown(text: &str) -> String {
        let mut pieces = Pieces::default();
        add(&mut pieces, text, Font::Roman);
        pieces.take()
    }

    #[test]
    fn arguments_end_whatever_blanks_they_have() {
        assert_eq!(arguments("\u{a0}"), ["\u{a0}"]);
        assert_eq!(arguments(" a\u{2028}b\t\u{3000} \"c d\u{a0}\"\u{a0}"), ["a\u{2028}b", "\u{3000}", "c d\u{a0}", "\u{a0}"]);
    }

    #[test]
    fn escapes_are_undone() {
        for (text, wanted) in [
            ("\\fB\\-a\\fR \\fIfile\\fP.", "**-a** *file*."),
            ("\\fBgit\\-add\\fR(1) a\\fBb\\fRc", "**git-add**(1) abc"),
            ("\\(aqx\\(aq \\[dq]y\\[u00E9] \\e \\& \\(bu *z*", "'x' \"yé \\  • \\*z\\*"),
            ("\\s-1SMALL\\s0 \\s+2x \\h'1n'y \\*(lqz \\m[red]r\\m[]", "SMALL x y z r"),
            ("end\\", "end"),
            ("a \\\" comment", "a "),
            ("\\f(CWcode\\fR \\f[B]b\\f[]<c>", "code **b**\\<c>"),
        ] {
            assert_eq!(markdown(text), wanted, "{text}");
        }
    }

    #[test]
    fn arguments_may_be_quoted() {
        assert_eq!(arguments("a \"b c\" d\\ e \"f\"\"g\" \\\" no"), ["a", "b c", "d\\ e", "f\"g"]);
        assert_eq!(arguments("\"open"), ["open"]);
    }
}
