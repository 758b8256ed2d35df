//! Formulas: the TeX that stands beside what is drawn, or else MathML told in one line (`x^2`, `(a+b)/2`, `sqrt(x)`). Knows the marks that
//! KaTeX, MathJax, MediaWiki and drawers of pictures leave; each formula is told once.

use crate::extract::dom::{Dom, NodeId};
use crate::extract::mathml::{self, joined};
use crate::extract::title::percent_decoded;

/// A formula as it is told.
#[derive(Debug, PartialEq)]
pub(super) struct Formula {
    pub(super) text: String,
    /// It stands on a line of its own.
    pub(super) display: bool,
}

/// What to do with an element.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// It is a formula, all of it.
    Formula(Formula),
    /// It shows a formula that is told elsewhere.
    Copy,
}

/// Whether the element is all of a formula; elements within one are not asked.
pub(super) fn find(dom: &Dom, node: NodeId) -> Option<Found> {
    let name = dom.name(node)?;
    match &**name {
        "math" => Some(told(of_math(dom, node), dom.attribute(node, "display") == Some("block"))),
        "script" => of_script(dom, node).map(Found::Formula),
        "img" => of_image(dom, node).map(|text| told(text, false)),
        "mjx-container" => Some(told(of_drawing(dom, node), dom.attribute(node, "display") == Some("true"))),
        "mjx-assistive-mml" => Some(Found::Copy),
        _ => of_class(dom, node),
    }
}

/// A script that holds a formula and no program.
pub(super) fn is_formula_script(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "type").is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("math/tex") || kind.eq_ignore_ascii_case("math/latex") || kind.eq_ignore_ascii_case("math/asciimath")
    })
}

fn told(text: String, display: bool) -> Found {
    Found::Formula(Formula { text: joined(&text), display })
}

fn of_script(dom: &Dom, node: NodeId) -> Option<Formula> {
    is_formula_script(dom, node).then(|| {
        let display = dom.attribute(node, "type").is_some_and(|kind| kind.contains("display"));
        Formula { text: joined(&dom.text_content(node)), display }
    })
}

fn of_class(dom: &Dom, node: NodeId) -> Option<Found> {
    if !matches!(&**dom.name(node)?, "span" | "div") {
        return None;
    }
    for class in dom.attribute(node, "class")?.split_ascii_whitespace() {
        match class {
            "katex" | "katex-display" | "mwe-math-element" => return Some(told(of_drawing(dom, node), class == "katex-display")),
            "MathJax_Preview" => return is_told_after(dom, node).then_some(Found::Copy),
            "MathJax" | "MathJax_Display" | "MathJax_SVG" | "MathJax_SVG_Display" | "MathJax_CHTML" | "mjx-chtml" | "MJXc-display" => {
                return Some(match is_told_after(dom, node) {
                    true => Found::Copy,
                    false => told(of_drawing(dom, node), class.ends_with("isplay")),
                });
            }
            _ => {}
        }
    }
    None
}

/// MathJax 2 puts what it draws before the script that it draws.
fn is_told_after(dom: &Dom, node: NodeId) -> bool {
    let next = std::iter::successors(dom.next_sibling(node), |next| dom.next_sibling(*next));
    next.take(SIBLINGS).any(|next| dom.is(next, "script") && is_formula_script(dom, next))
}

const SIBLINGS: usize = 4;

/// What stands behind a drawing: its MathML, the description of its picture, the source beside it, or else its letters.
fn of_drawing(dom: &Dom, node: NodeId) -> String {
    let mut picture = None;
    for below in dom.descendants(node) {
        if dom.is(below, "math") {
            return of_math(dom, below);
        }
        // Of MathJax 4, which draws no MathML.
        if let Some(source) = dom.attribute(below, "data-latex").filter(|source| !source.trim().is_empty()) {
            return source.trim().to_owned();
        }
        if dom.is(below, "img") {
            picture = picture.or_else(|| dom.attribute(below, "alt"));
        }
    }
    let label = || dom.attribute(node, "aria-label");
    picture
        .or_else(label)
        .or_else(|| beside(dom, node))
        .map(|text| without_style(text.trim()).to_owned())
        .unwrap_or_else(|| letters(dom, node))
}

/// What is drawn, sign by sign: MathJax has the number of each in its class, or as data.
fn letters(dom: &Dom, node: NodeId) -> String {
    let text = dom.text_content(node);
    if !text.trim().is_empty() {
        return text;
    }
    let numbers = dom.descendants(node).filter_map(|below| {
        let of_class = |class: &'_ str| class.strip_prefix("mjx-c").map(str::to_owned);
        let class = || dom.attribute(below, "class")?.split_ascii_whitespace().find_map(of_class);
        match dom.is(below, "mjx-c") {
            true => class(),
            false => dom.attribute(below, "data-c").map(str::to_owned),
        }
    });
    numbers.filter_map(|number| u32::from_str_radix(&number, 16).ok().and_then(sign)).collect()
}

/// The sign of this number; letters of formulas as letters.
fn sign(number: u32) -> Option<char> {
    let letter = match number {
        // Where the alphabets of letters have gaps.
        0x210e => return Some('h'),
        // Of each 52, in thirteen ways to write them.
        0x1d400..=0x1d6a3 => (number - 0x1d400) % 52,
        _ => return char::from_u32(number),
    };
    char::from_u32(if letter < 26 { u32::from('A') + letter } else { u32::from('a') + letter - 26 })
}

/// The source that the element, or what holds nothing else, has as data.
fn beside(dom: &Dom, node: NodeId) -> Option<&str> {
    let only = |above: &NodeId| {
        dom.children(*above).filter(|child| dom.text(*child).is_none_or(|text| !text.trim().is_empty())).take(2).count() < 2
    };
    let around = std::iter::once(node).chain(dom.ancestors(node).take(LEVELS).take_while(only));
    around.flat_map(|node| SOURCES.iter().filter_map(move |name| dom.attribute(node, name))).find(|source| !source.trim().is_empty())
}

const LEVELS: usize = 2;
const SOURCES: [&str; 5] = ["data-math", "data-tex", "data-latex", "data-formula", "data-expr"];

/// Pictures of formulas tell what they are pictures of, and so do the addresses of those that a service draws.
fn of_image(dom: &Dom, node: NodeId) -> Option<String> {
    if let Some(formula) = ["src", "data-src"].into_iter().filter_map(|name| dom.attribute(node, name)).find_map(drawn) {
        return Some(formula);
    }
    let alternative = dom.attribute(node, "alt").map(str::trim).filter(|text| !text.is_empty())?;
    let classes = dom.attribute(node, "class")?;
    let formula = classes.split_ascii_whitespace().any(|class| {
        matches!(class, "math" | "latex" | "tex" | "formula" | "equation" | "formulaInl" | "formulaDsp")
            || class.starts_with("mwe-math-fallback")
    });
    formula.then(|| without_style(alternative).to_owned())
}

/// The formula in an address: `/svg.latex?x^2`, `/render/math?math=x%5E2`, `/chart?cht=tx&chl=x%5E2`.
fn drawn(address: &str) -> Option<String> {
    let (path, query) = address.split_once('?').filter(|_| address.len() <= LONGEST)?;
    let query = query.split('#').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let by_name = |wanted: &str| query.split('&').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='));
    let formula = match () {
        () if DRAWERS.iter().any(|drawer| name.ends_with(drawer)) => query.replace("&space;", " ").replace("&plus;", "+"),
        () if by_name("cht") == Some("tx") => by_name("chl")?.replace('+', " "),
        () => ["math", "tex", "latex"].into_iter().find_map(by_name)?.replace('+', " "),
    };
    let formula = percent_decoded(&formula);
    let mut formula = formula.trim();
    // How it is drawn is none of it.
    while let Some(rest) = HOW.iter().find_map(|how| formula.strip_prefix(how)) {
        formula = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '{' | '}' | '_')).trim_start();
    }
    formula.contains(['\\', '^', '_', '=', '{']).then(|| formula.to_owned())
}

/// How the names of what draws a formula end.
const DRAWERS: [&str; 5] = [".latex", "svg.image", "png.image", "gif.image", "tex.cgi"];
const HOW: [&str; 4] = ["\\dpi{", "\\bg_", "\\fn_", "\\inline"];
/// In bytes.
const LONGEST: usize = 8_000;

fn of_math(dom: &Dom, math: NodeId) -> String {
    let is_source = |node: &NodeId| {
        dom.is(*node, "annotation") && dom.attribute(*node, "encoding").is_none_or(|encoding| encoding.to_ascii_lowercase().contains("tex"))
    };
    let source = dom.descendants(math).find(is_source).map(|node| dom.text_content(node));
    let told = || ["alttext", "data-latex"].into_iter().find_map(|name| dom.attribute(math, name)).map(str::to_owned);
    let source = source.or_else(told).filter(|source| !source.trim().is_empty());
    match source {
        Some(source) => without_style(source.trim()).to_owned(),
        None => mathml::in_one_line(dom, math),
    }
}

/// MediaWiki and others wrap all they draw.
fn without_style(source: &str) -> &str {
    let inner = source.strip_prefix("{\\displaystyle ").or_else(|| source.strip_prefix("{\\textstyle "));
    inner.and_then(|inner| inner.strip_suffix('}')).map_or(source, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formula(html: &str) -> String {
        let dom = Dom::parse(html);
        let found = dom.descendants(dom.root()).find_map(|node| find(&dom, node));
        match found {
            Some(Found::Formula(formula)) => formula.text,
            other => panic!("{html}: {other:?}"),
        }
    }

    #[test]
    fn tex_beside_what_is_drawn_is_the_formula() {
        for html in [
            "<math><semantics><mrow><mi>a</mi></mrow><annotation encoding='application/x-tex'>a_1</annotation></semantics></math>",
            "<math alttext='a_1'><mi>x</mi></math>",
            "<span class=katex><span class=katex-mathml><math><semantics><mi>a</mi><annotation encoding='application/x-tex'>a_1</annotation></semantics></math></span><span class=katex-html>a1</span></span>",
            "<script type='math/tex; mode=display'> a_1 </script>",
            "<span class=mwe-math-element><img alt='{\\displaystyle a_1}'></span>",
            "<mjx-container><mjx-math aria-hidden=true></mjx-math><mjx-assistive-mml><math alttext='a_1'></math></mjx-assistive-mml></mjx-container>",
            "<img class=math alt='a_1'>",
            "<mjx-container class=MathJax jax=CHTML><mjx-math data-latex='a_1'><mjx-msub data-latex='a_1'><mjx-mi data-latex=a><mjx-c class='mjx-c1D44E TEX-I'></mjx-c></mjx-mi></mjx-msub></mjx-math></mjx-container>",
            "<mjx-container jax=SVG><svg><g data-mml-node=math data-latex='a_1'><use data-c='1D44E'></use></g></svg></mjx-container>",
            "<mjx-container><mjx-math></mjx-math><mjx-assistive-mml><math data-latex='a_1'><mi>a</mi></math></mjx-assistive-mml></mjx-container>",
        ] {
            assert_eq!(formula(html), "a_1", "{html}");
        }
    }

    #[test]
    fn what_is_only_drawn_is_its_signs() {
        for html in [
            "<mjx-container jax=CHTML><mjx-math><mjx-mi><mjx-c class='mjx-c1D44E TEX-I'></mjx-c></mjx-mi><mjx-mo><mjx-c class='mjx-c2B'></mjx-c></mjx-mo><mjx-mi><mjx-c class='mjx-c210E'></mjx-c></mjx-mi></mjx-math></mjx-container>",
            "<mjx-container jax=SVG><svg><use data-c='1D44E'></use><use data-c='2B'></use><use data-c='68'></use></svg></mjx-container>",
        ] {
            assert_eq!(formula(html), "a+h", "{html}");
        }
        assert_eq!(formula("<mjx-container><mjx-c class=mjx-cFFFFFFFF></mjx-c><mjx-c class=other></mjx-c></mjx-container>"), "");
    }

    #[test]
    fn what_a_drawing_has_beside_it_is_the_formula() {
        for html in [
            "<span data-math='a_1'><span class=katex><span class=katex-html>a1</span></span></span>",
            "<span class=katex data-tex='a_1'><span class=katex-html>a1</span></span>",
            "<img src='https://tex.test/svg.latex?\\dpi{120}&space;a_1' alt=equation>",
            "<img src='https://tex.test/svg.image?a_1'>",
            "<img src='https://code.test/render/math?math=a_1'>",
            "<img src='https://code.test/chart?cht=tx&chl=a%5F1'>",
        ] {
            assert_eq!(formula(html), "a_1", "{html}");
        }
        // Beside other text it may be of something else.
        let html = "<p data-math='b_2'>Of <span class=katex><span class=katex-html>a1</span></span></p>";
        assert_eq!(formula(html), "a1");
        for html in
            ["<img src='/chart?cht=lc&chl=a_1' alt=Sales>", "<img src='/kettle.png?tex=1' alt=Kettle>", "<img src='/a_1.svg' alt=Kettle>"]
        {
            let dom = Dom::parse(html);
            assert!(dom.descendants(dom.root()).all(|node| find(&dom, node).is_none()), "{html}");
        }
    }

    #[test]
    fn what_is_drawn_before_its_script_is_a_copy() {
        let html = "<p><span class=MathJax_Preview>x</span><span class=MathJax>xx</span><script type='math/tex'>x</script>";
        let dom = Dom::parse(html);
        let found: Vec<_> = dom.descendants(dom.root()).filter_map(|node| find(&dom, node)).collect();
        assert!(matches!(found.as_slice(), [Found::Copy, Found::Copy, Found::Formula(Formula { display: false, .. })]), "{found:?}");
    }
}
