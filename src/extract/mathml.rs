//! MathML without a source told in one line: `x^2`, `(a + b)/2`, `sqrt(x)`, `[1, 0; 0, 1]`. No recursion: each element's text is made
//! of its parts' when it is left.

use crate::extract::dom::{Dom, NodeId, Step};

/// MathML in one line. What is too large for a formula is told as its letters.
pub(super) fn in_one_line(dom: &Dom, math: NodeId) -> String {
    let length = || dom.descendants(math).filter_map(|below| dom.text(below)).map(str::len).sum::<usize>();
    if dom.descendants(math).take(LARGEST + 1).count() > LARGEST || length() > LONGEST {
        return dom.text_content(math);
    }
    // The parts of each element that is open.
    let mut open: Vec<Vec<String>> = Vec::new();
    let mut walk = dom.walk(math);
    while let Some(step) = walk.next() {
        match step {
            Step::Enter(node) => match dom.name(node).map(|name| &**name) {
                Some("annotation" | "annotation-xml" | "mphantom" | "none" | "mprescripts" | "maligngroup" | "malignmark") => {
                    walk.pass_over();
                }
                Some(_) => open.push(Vec::new()),
                None => {}
            },
            Step::Leave(node) => {
                if let (Some(text), Some(parts)) = (dom.text(node), open.last_mut()) {
                    parts.push(joined(text));
                    continue;
                }
                let Some(name) = dom.name(node) else { continue };
                let Some(parts) = open.pop() else { continue };
                let text = element(dom, node, name, &parts);
                match open.last_mut() {
                    Some(parts) => parts.push(text),
                    None => return text.trim().to_owned(),
                }
            }
        }
    }
    String::new()
}

/// In nodes; each may copy what is below it.
const LARGEST: usize = 3_000;
/// In bytes, which are copied once for each element around them.
const LONGEST: usize = 30_000;

/// In characters, of what stands around and between the parts of something in brackets.
const LONGEST_SIGN: usize = 4;

fn element(dom: &Dom, node: NodeId, name: &str, parts: &[String]) -> String {
    let part = |index: usize| parts.get(index).map_or("", |part| part.trim());
    match name {
        "mfrac" => format!("{}/{}", operand(part(0)), operand(part(1))),
        "msqrt" => format!("sqrt({})", row(parts).trim()),
        "mroot" => format!("root({})({})", part(1), part(0)),
        "msup" => grouped(part(0)) + &index('^', part(1)),
        "msub" | "munder" => grouped(part(0)) + &index('_', part(1)),
        "mover" => over(part(0), part(1)),
        "msubsup" | "munderover" | "mmultiscripts" => grouped(part(0)) + &index('_', part(1)) + &index('^', part(2)),
        "mtable" => format!("[{}]", parts.iter().filter(|row| !row.is_empty()).map(String::as_str).collect::<Vec<_>>().join("; ")),
        "mtr" | "mlabeledtr" => parts.iter().map(|cell| cell.trim()).collect::<Vec<_>>().join(", "),
        "mfenced" => {
            let mark = |name, usual| dom.attribute(node, name).unwrap_or(usual).trim().chars().take(LONGEST_SIGN).collect::<String>();
            let inner = parts.iter().map(|part| part.trim()).collect::<Vec<_>>().join(&format!("{} ", mark("separators", ",")));
            format!("{}{inner}{}", mark("open", "("), mark("close", ")"))
        }
        "mo" => operator(dom, node, &parts.concat()),
        "mtext" => format!(" {} ", parts.concat().trim()),
        "mspace" => " ".to_owned(),
        "semantics" | "maction" => part(0).to_owned(),
        _ => row(parts),
    }
}

/// An operator with its blanks: between two operands it has them, before one it has not.
fn operator(dom: &Dom, node: NodeId, sign: &str) -> String {
    let first = sign.chars().next();
    match sign {
        "\u{2061}" | "\u{2062}" | "\u{2063}" | "\u{2064}" => String::new(),
        "," | ";" => format!("{sign} "),
        "-" | "\u{2212}" | "+" | "±" | "∓" if is_prefix(dom, node) => sign.to_owned(),
        _ if sign.chars().count() > 1 && sign.chars().all(char::is_alphabetic) => format!(" {sign} "),
        _ if first.is_some_and(is_relation) => format!(" {sign} "),
        _ => sign.to_owned(),
    }
}

fn is_relation(c: char) -> bool {
    matches!(c, '+' | '-' | '=' | '<' | '>' | ':' | '*' | '×' | '÷' | '±' | '∓' | '·')
        // Arrows and mathematical operators, without the large ones, quantifiers and roots that stand before what they are about.
        || matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2208}'..='\u{220d}' | '\u{2212}' | '\u{2213}' | '\u{2227}'..='\u{222a}')
        || matches!(c, '\u{2234}'..='\u{22bf}' | '\u{22c4}'..='\u{22ed}' | '\u{2a7d}'..='\u{2aff}')
}

/// Nothing that it could be added to stands before it.
fn is_prefix(dom: &Dom, node: NodeId) -> bool {
    let before = dom.previous_sibling(node).and_then(|mut before| {
        while dom.name(before).is_none() {
            before = dom.previous_sibling(before)?;
        }
        Some(before)
    });
    before.is_none_or(|before| dom.is(before, "mo") && !matches!(dom.text_content(before).trim(), ")" | "]" | "}" | "|" | "!"))
}

/// Parts side by side; two numbers or names do not run together.
fn row(parts: &[String]) -> String {
    let (mut line, mut before) = (String::new(), "");
    for part in parts {
        let (last, first) = (line.chars().next_back(), part.chars().next());
        let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let word = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() > 1 && text.chars().all(char::is_alphabetic);
        let names = last.is_some_and(char::is_alphanumeric) && first.is_some_and(char::is_alphanumeric);
        let last_word = line.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        // What comes after a fraction or an index is not part of it.
        let after_index = first.is_some_and(char::is_alphanumeric) && before.contains(['^', '_', '/']);
        if digits(last) && digits(first) || names && (word(part) || word(last_word)) || after_index {
            line.push(' ');
        }
        before = part;
        match line.ends_with(' ') {
            true => line.push_str(part.trim_start()),
            false => line.push_str(part),
        }
    }
    line
}

fn index(mark: char, index: &str) -> String {
    let index: String = index.chars().filter(|c| *c != ' ').collect();
    match index.as_str() {
        "" | "\u{2032}" | "'" | "\u{2033}" => index,
        _ => format!("{mark}{}", in_index(&index)),
    }
}

fn over(base: &str, above: &str) -> String {
    let name = match above {
        "\u{af}" | "\u{203e}" | "_" | "\u{2015}" | "\u{304}" | "\u{305}" => "overline",
        "\u{2192}" | "\u{20d7}" => "vec",
        "^" | "\u{2c6}" | "\u{302}" => "hat",
        "~" | "\u{2dc}" | "\u{303}" => "tilde",
        "." | "\u{2d9}" | "\u{307}" => "dot",
        _ => return grouped(base) + &index('^', above),
    };
    format!("{name}({base})")
}

/// An index that is one thing, or is in brackets.
pub(super) fn in_index(index: &str) -> String {
    let sign = index.strip_prefix(['-', '+', '\u{2212}', '\u{b1}']).unwrap_or(index);
    // The charge of an ion.
    let charge = index.strip_suffix(['-', '+', '\u{2212}']).unwrap_or(index);
    match is_one(index) || is_one(sign) || sign.is_empty() || is_one(charge) {
        true => index.to_owned(),
        false => format!("({index})"),
    }
}

fn grouped(text: &str) -> String {
    match is_one(text) || text.is_empty() {
        true => text.to_owned(),
        false => format!("({text})"),
    }
}

/// What is divided: several letters are a product.
fn operand(text: &str) -> String {
    let number = text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',');
    match number || text.chars().count() == 1 || is_bracketed(text) {
        true => text.to_owned(),
        false => format!("({text})"),
    }
}

/// A number, a name, one sign, or what is in brackets or a function's.
fn is_one(text: &str) -> bool {
    let word = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '.');
    word || text.chars().count() == 1 || is_bracketed(text)
}

/// From its first bracket to its end one pair, and a name at most before it.
fn is_bracketed(text: &str) -> bool {
    let Some(open) = text.find(['(', '[', '{', '|']) else { return false };
    if !text[..open].chars().all(char::is_alphanumeric) {
        return false;
    }
    let mut depth = 0usize;
    let mut characters = text[open..].char_indices().peekable();
    while let Some((_, c)) = characters.next() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return characters.peek().is_none() && c != '|';
        }
    }
    false
}

/// Words with one blank between them.
pub(super) fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(html: &str) -> String {
        let dom = Dom::parse(html);
        let math = dom.descendants(dom.root()).find(|node| dom.is(*node, "math")).unwrap();
        in_one_line(&dom, math)
    }

    #[test]
    fn mathml_is_told_in_one_line() {
        for (inner, expected) in [
            ("<msup><mi>x</mi><mn>2</mn></msup>", "x^2"),
            ("<msup><mi>e</mi><mrow><mo>-</mo><mi>x</mi></mrow></msup>", "e^-x"),
            ("<msup><mi>x</mi><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow></msup>", "x^(n+1)"),
            ("<msub><mi>a</mi><mrow><mi>i</mi><mi>j</mi></mrow></msub>", "a_ij"),
            ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
            ("<mfrac><mn>1</mn><mn>2</mn></mfrac>", "1/2"),
            ("<mn>3</mn><mfrac><mn>1</mn><mn>2</mn></mfrac>", "3 1/2"),
            ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mrow><mn>2</mn><mi>c</mi></mrow></mfrac>", "(a + b)/(2c)"),
            ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt>", "sqrt(x + 1)"),
            ("<mroot><mi>x</mi><mn>3</mn></mroot>", "root(3)(x)"),
            ("<mi>a</mi><mo>=</mo><mo>-</mo><mi>b</mi><mo>≤</mo><mn>2</mn><mo>&InvisibleTimes;</mo><mi>c</mi>", "a = -b ≤ 2c"),
            (
                "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><msub><mi>x</mi><mi>i</mi></msub>",
                "∑_(i=1)^n x_i",
            ),
            ("<munder><mi>lim</mi><mrow><mi>x</mi><mo>→</mo><mn>0</mn></mrow></munder><mi>f</mi>", "lim_(x→0) f"),
            ("<mi>sin</mi><mo>&ApplyFunction;</mo><mi>x</mi>", "sin x"),
            ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a, b)"),
            ("<mover><mi>x</mi><mo>¯</mo></mover>", "overline(x)"),
            (
                "<mo>(</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr><mtr><mtd><mn>0</mn></mtd><mtd><mn>1</mn></mtd></mtr></mtable><mo>)</mo>",
                "([1, 0; 0, 1])",
            ),
            ("<mtext>if</mtext><mi>x</mi><mo>&gt;</mo><mn>0</mn>", "if x > 0"),
            ("<msup><mrow><mo>(</mo><mi>a</mi><mo>+</mo><mi>b</mi><mo>)</mo></mrow><mn>2</mn></msup>", "(a + b)^2"),
            ("<msup><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></msup>", "(a + b)^2"),
        ] {
            assert_eq!(told(&format!("<math>{inner}</math>")), expected, "{inner}");
        }
    }

    #[test]
    fn a_large_formula_is_told_as_its_letters() {
        let deep = format!("<math>{}x{}</math>", "<mrow>".repeat(400), "<mi>y</mi>".repeat(4_000));
        assert!(told(&deep).starts_with('x'));
    }
}
