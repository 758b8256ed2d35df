//! Under which fragment a page opens at a heading, or at a member of an API that its generator describes without a heading.

use crate::extract::article::Article;
use crate::extract::dom::{Dom, NodeId};
use crate::extract::escape;
use crate::extract::title::percent_decoded;

/// Its own id, else that of an anchor in it or right before it, else that of the element it opens, else where its own mark leads.
pub(super) fn of(dom: &Dom, article: &Article, node: NodeId) -> Option<String> {
    id(dom, node)
        .or_else(|| within(dom, node))
        .or_else(|| around(dom, article, node))
        .or_else(|| permalink(dom, article, node))
        .map(|anchor| anchor.trim().to_owned())
        .filter(|anchor| !anchor.is_empty() && anchor.len() <= LONGEST && !anchor.contains(escape::is_invisible))
}

/// In bytes: nobody links to more.
const LONGEST: usize = 300;
/// How many elements of a heading are looked at.
const PARTS: usize = 40;
/// How far above a heading the element that it opens may be.
const LEVELS: usize = 6;
/// How many neighbours before it may be empty.
const NEIGHBOURS: usize = 4;

fn id(dom: &Dom, node: NodeId) -> Option<String> {
    dom.attribute(node, "id").filter(|id| !id.trim().is_empty()).map(str::to_owned)
}

fn name(dom: &Dom, node: NodeId) -> Option<String> {
    id(dom, node).or_else(|| dom.attribute(node, "name").filter(|name| !name.is_empty()).map(str::to_owned))
}

fn within(dom: &Dom, node: NodeId) -> Option<String> {
    let below = || dom.descendants(node).skip(1).take(PARTS);
    // Scaladoc's links are called as what they lead to.
    let is_place = |anchor: &NodeId| {
        let leads = dom.attribute(*anchor, "href").filter(|_| id(dom, *anchor).is_none());
        leads.is_none_or(|href| href.rsplit_once('#').is_some_and(|(_, place)| dom.attribute(*anchor, "name") == Some(place)))
    };
    let anchors = below().filter(|below| dom.is(*below, "a")).filter(is_place);
    anchors.filter_map(|anchor| name(dom, anchor)).next().or_else(|| below().find_map(|below| id(dom, below)))
}

/// An anchor before the heading, or the element whose first content it is.
fn around(dom: &Dom, article: &Article, node: NodeId) -> Option<String> {
    let mut node = node;
    for _ in 0..LEVELS {
        let mut before = dom.previous_sibling(node);
        for _ in 0..NEIGHBOURS {
            let Some(neighbour) = before else { break };
            if let Some(anchor) = empty_anchor(dom, neighbour) {
                return Some(anchor);
            }
            if !is_nothing(dom, article, neighbour) {
                return None;
            }
            before = dom.previous_sibling(neighbour);
        }
        if before.is_some() {
            return None;
        }
        node = dom.parent(node)?;
        match dom.name(node).map(|name| &**name) {
            None | Some("html" | "body" | "main") => return None,
            Some(_) => {}
        }
        if let Some(id) = id(dom, node) {
            return Some(id);
        }
    }
    None
}

/// `<a name="x"></a>`, also in a paragraph of its own.
fn empty_anchor(dom: &Dom, node: NodeId) -> Option<String> {
    let mut below = dom.descendants(node);
    let few: Vec<_> = below.by_ref().take(4).collect();
    let empty = below.next().is_none() && few.iter().all(|below| dom.text(*below).is_none_or(|text| text.trim().is_empty()));
    few.into_iter().filter(|below| empty && dom.is(*below, "a")).find_map(|anchor| name(dom, anchor))
}

fn is_nothing(dom: &Dom, article: &Article, node: NodeId) -> bool {
    article.is_left_out(node)
        || dom.text(node).is_some_and(|text| text.trim().is_empty())
        || dom.text(node).is_none() && dom.name(node).is_none()
        || dom.is(node, "hr")
        || dom.name(node).is_some() && dom.first_child(node).is_none()
        || is_marks(dom, article, node)
}

/// Marks that are left out, and what parts them: "1.7.0 · source" beside a signature.
fn is_marks(dom: &Dom, article: &Article, node: NodeId) -> bool {
    dom.is(node, "span")
        && dom.descendants(node).take(MARKS + 1).count() <= MARKS
        && article.text(dom, node).chars().all(|c| c.is_whitespace() || matches!(c, '·' | '|'))
}

/// In nodes.
const MARKS: usize = 12;

/// Whether a fragment is made of the heading's words.
fn is_like(fragment: &str, heading: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (fragment, heading) = (letters(&percent_decoded(fragment)), letters(heading));
    !fragment.is_empty() && (heading.contains(&fragment) || fragment.contains(&heading) && !heading.is_empty())
}

fn permalink(dom: &Dom, article: &Article, node: NodeId) -> Option<String> {
    let links = dom.descendants(node).skip(1).take(PARTS).filter(|below| dom.is(*below, "a"));
    let mut fragments = links.filter_map(|link| {
        let href = dom.attribute(link, "href")?.trim();
        // A heading may lead to another section, too.
        let is_its_own = |fragment: &&str| article.is_left_out(link) || is_like(fragment, &dom.text_start(node, LONGEST));
        // Scaladoc names the page as well.
        href.strip_prefix('#')
            .filter(is_its_own)
            .or_else(|| href.split_once('#').map(|(_, fragment)| fragment).filter(|_| dom.has_class(link, "documentableName")))
    });
    fragments.next().filter(|fragment| fragment.len() <= 3 * LONGEST).map(percent_decoded)
}

/// How many descriptions of other members it stands in.
pub(super) fn depth(dom: &Dom, member: NodeId) -> u8 {
    let describes = |above: NodeId| dom.is(above, "dd") || dom.has_class(above, "classattr");
    let outer = dom.ancestors(member).take(4 * LEVELS).filter(|above| describes(*above)).count();
    u8::try_from(outer).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::article;

    fn anchor(html: &str) -> Option<String> {
        let dom = Dom::parse(html);
        let heading = dom.descendants(dom.root()).find(|node| dom.is(*node, "h2")).unwrap();
        of(&dom, &article::find(&dom), heading)
    }

    #[test]
    fn each_generator_has_its_place_for_the_id() {
        for (html, expected) in [
            ("<h2 id=a>x</h2>", "a"),
            ("<h2><a name=a></a>x</h2>", "a"),
            ("<h2><span class=mw-headline id=a>x</span></h2>", "a"),
            ("<p>t</p><a name=a></a><h2>x</h2>", "a"),
            ("<p>t</p><p><a id=a></a></p>\n<h2>x</h2>", "a"),
            ("<section id=a>\n<h2>x</h2></section>", "a"),
            ("<a id=a></a><h2>x: <a class=extype name=b.C href=C.html>C</a></h2>", "a"),
            ("<h2><a name=a href='#a'>x</a></h2>", "a"),
            (
                "<section id=a><span><span class=since>1.7.0</span> · <a href=s.html class=src>Source</a></span><a href='#a'></a><h2>x</h2></section>",
                "a",
            ),
            ("<section id=a><a href=s.html class=src>Source</a><h2>x</h2></section>", "a"),
            ("<a name=a></a><ul><li><h2>x</h2></ul>", "a"),
            ("<div id=a><div><h2>x</h2></div></div>", "a"),
            ("<h2>x <a class=headerlink href='#a%C3%A9'>¶</a></h2>", "aé"),
        ] {
            assert_eq!(anchor(html).as_deref(), Some(expected), "{html}");
        }
    }

    #[test]
    fn an_id_further_up_is_of_more_than_the_heading() {
        for html in [
            "<section id=a><p>t</p><h2>x</h2></section>",
            "<main id=a><h2>x</h2></main>",
            "<section id=a><span>t</span><h2>x</h2></section>",
            "<a name=a>t</a><h2>x</h2>",
            "<h2>x</h2>",
        ] {
            assert_eq!(anchor(html), None, "{html}");
        }
    }
}
