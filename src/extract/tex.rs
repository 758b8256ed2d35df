//! TeX as it stands in plain text for a script to find: `\(…\)`, `\[…\]`, `$$…$$` and `\begin{…}…\end{…}`. To CommonMark `\(` is a
//! bracket and `_` may be emphasis, so the writer sets such pieces, delimiters and all, as code spans: nothing else keeps every character.

/// A part of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Words(&'a str),
    Formula(&'a str),
}

/// The text in pieces, in linear time: where each kind of formula ends next is looked for once.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    if !text.contains(['\\', '$']) {
        return vec![Piece::Words(text)];
    }
    let mut ends = KINDS.map(|_| Some(0));
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(found) = text[at..].find(['\\', '$']) {
        at += found;
        let Some(kind) = KINDS.iter().position(|(open, _)| text[at..].starts_with(open)) else {
            // The character after a backslash begins nothing.
            at += 1 + usize::from(text[at..].starts_with("\\\\"));
            continue;
        };
        let (open, close) = KINDS[kind];
        let inner = at + open.len();
        if ends[kind].is_some_and(|end| end < inner) {
            ends[kind] = text[inner..].find(close).map(|end| inner + end);
        }
        let end = ends[kind].map(|end| end + close.len() + if open == "\\begin{" { name_end(&text[end + close.len()..]) } else { 0 });
        match end.filter(|end| end - at <= LONGEST && is_formula(&text[at..*end], open, close)) {
            Some(end) => {
                pieces.push(Piece::Words(&text[from..at]));
                pieces.push(Piece::Formula(&text[at..end]));
                (from, at) = (end, end);
            }
            None => at = inner,
        }
    }
    pieces.push(Piece::Words(&text[from..]));
    pieces.retain(|piece| *piece != Piece::Words(""));
    pieces
}

const KINDS: [(&str, &str); 4] = [("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("\\begin{", "\\end{")];

/// In bytes; what goes on for longer is no formula.
const LONGEST: usize = 4_000;

/// The name of an environment, and its bracket.
fn name_end(rest: &str) -> usize {
    rest.find('}').filter(|end| *end < 40).map_or(0, |end| end + 1)
}

fn is_formula(text: &str, open: &str, close: &str) -> bool {
    let inner = text[open.len()..text.len() - close.len()].trim();
    // A shell's own number is `$$`.
    !inner.is_empty() && (open != "$$" || inner.contains(['\\', '^', '_', '=', '{', '+', '<', '>']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formulas(text: &str) -> Vec<&str> {
        let found = pieces(text);
        let joined: String = found
            .iter()
            .map(|piece| match piece {
                Piece::Words(text) | Piece::Formula(text) => *text,
            })
            .collect();
        assert_eq!(joined, text);
        found
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Formula(text) => Some(text),
                Piece::Words(_) => None,
            })
            .collect()
    }

    #[test]
    fn formulas_stand_between_their_marks() {
        assert_eq!(formulas(r"Let \(a_1\) and \(b\)."), [r"\(a_1\)", r"\(b\)"]);
        assert_eq!(formulas(r"\[ \sum_i x_i \] so"), [r"\[ \sum_i x_i \]"]);
        assert_eq!(formulas("is $$e^x$$ then"), ["$$e^x$$"]);
        assert_eq!(formulas(r"\begin{align}a &= b\end{align}."), [r"\begin{align}a &= b\end{align}"]);
    }

    #[test]
    fn what_does_not_end_or_says_nothing_is_text() {
        for text in [r"a \( b", r"\)", "pid $$ and $$", "$5 and $6", r"C:\\(x\)", r"\(\)", "$$", r"\"] {
            assert_eq!(formulas(text), [] as [&str; 0], "{text}");
        }
    }
}
