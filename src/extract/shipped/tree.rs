//! Compiled forms of a text, written as the HTML that they stand for: elements of React and of MDX, hast, mdast, minimark, Portable Text,
//! the rich text of Contentful, ProseMirror, Lexical and Slate, the blocks of Editor.js. They differ in the names of the same few things.

use std::collections::{HashMap, HashSet};

use crate::extract::shipped::data::Data;
use crate::model::Meter;

/// The HTML of a tree; none of what is no tree, or holds no text.
pub(super) fn html_of(data: &Data, meter: &Meter) -> Option<String> {
    html_of_new(data, &mut Silent::default(), meter)
}

/// Trees that were written and say nothing, by where they are in memory, with all that is in them: none of these says more by itself.
#[derive(Default)]
pub(super) struct Silent(HashSet<*const Data>);

/// The same of data that is looked through from above, where each tree is written once.
pub(super) fn html_of_new(data: &Data, silent: &mut Silent, meter: &Meter) -> Option<String> {
    if silent.0.contains(&std::ptr::from_ref(data)) || !is_tree(data) {
        return None;
    }
    let mut writer = Writer { html: String::new(), of: Of::Text, met: Vec::new(), leads: Vec::new(), meter };
    writer.node(data, 0);
    if says_something(&writer.html) {
        return Some(writer.html);
    }
    silent.0.extend(writer.met);
    None
}

/// The HTML of a row of React's stream, in which `$1` stands for a row that is a text, and `$L1` for one of elements, which is read by itself;
/// `texts` are those that are texts, by their number, each of which is taken out where it stands first.
pub(super) fn of_row<'a>(data: &Data, texts: &mut HashMap<&'a str, &'a str>, meter: &'a Meter) -> String {
    let mut writer = Writer { html: String::new(), of: Of::Row(std::mem::take(texts)), met: Vec::new(), leads: Vec::new(), meter };
    writer.node(data, 0);
    if let Of::Row(left) = writer.of {
        *texts = left;
    }
    writer.html
}

/// Whether HTML has text in blocks.
pub(super) fn says_something(html: &str) -> bool {
    let mut text = 0;
    for part in html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)) {
        text += part.bytes().filter(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80).count();
        if text >= LEAST {
            return BLOCKS.iter().any(|tag| html.contains(tag));
        }
    }
    false
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// By the shapes that the roots of such trees have.
fn is_tree(data: &Data) -> bool {
    match data {
        Data::Call(name, arguments) => is_element_call(name) && arguments.len() > 1,
        // Portable Text, and the children of a root that stand by themselves.
        Data::List(items) => items
            .iter()
            .take(20)
            .any(|item| item.text_of("_type") == Some("block") && item.field("children").is_some() || is_flight(item) || is_block(item)),
        Data::Map(_) => {
            let kind = kind(data);
            let has = |name: &str| matches!(data.field(name), Some(Data::List(items)) if !items.is_empty());
            matches!(kind, "root" | "doc" | "document" | "minimark") && (has("children") || has("content") || has("value"))
                || data.field("root").is_some_and(kind_is_root)
                || has("blocks")
                    && data.field("blocks").is_some_and(|blocks| blocks.items().iter().any(|block| block.field("data").is_some()))
                || data.field("props").is_some_and(|props| props.field("children").is_some()) && !kind.is_empty()
        }
        _ => false,
    }
}

fn kind_is_root(root: &Data) -> bool {
    kind(root) == "root" && root.field("children").is_some()
}

/// A paragraph or heading of Slate and its like, which begin without a root.
fn is_block(item: &Data) -> bool {
    tag_of(kind(item), item).is_some_and(|tag| BLOCKS.iter().any(|block| block[1..] == *tag))
        && (item.field("children").is_some() || item.field("content").is_some())
}

fn is_flight(item: &Data) -> bool {
    matches!(item.items(), [Data::Text(mark), Data::Text(_), ..] if mark == "$")
}

fn is_element_call(name: &str) -> bool {
    matches!(name.trim_start_matches('_'), "jsx" | "jsxs" | "jsxDEV" | "mdx" | "createElement" | "h" | "createVNode" | "createElementVNode")
}

/// What a node is, by the name that its kind of tree has for that.
fn kind(node: &Data) -> &str {
    // hast has a type and a name, and the name says more.
    ["tagName", "tag", "nodeType", "type", "_type", "name"].iter().find_map(|name| node.text_of(name)).unwrap_or_default()
}

struct Writer<'a> {
    html: String,
    of: Of<'a>,
    /// What may be a tree by itself.
    met: Vec<*const Data>,
    /// Where the marks of the block lead that is written, in Portable Text.
    leads: Vec<(String, String)>,
    meter: &'a Meter,
}

enum Of<'a> {
    Text,
    Row(HashMap<&'a str, &'a str>),
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        let Of::Row(texts) = &mut self.of else { return self.html.push_str(&escaped(text)) };
        // A dollar of the text is written twice; one alone refers to something.
        match text.strip_prefix('$') {
            None => self.html.push_str(&escaped(text)),
            Some(rest) if rest.starts_with('$') => self.html.push_str(&escaped(rest)),
            Some(number) => self.html.push_str(&escaped(texts.remove(number).unwrap_or_default())),
        }
    }

    /// HTML that an element holds as it is.
    fn inner(&mut self, properties: &Data) {
        let Some(html) = properties.field("dangerouslySetInnerHTML").and_then(|inner| inner.text_of("__html")) else { return };
        let html = match (&mut self.of, html.strip_prefix('$')) {
            (Of::Row(_), Some(rest)) if rest.starts_with('$') => rest,
            (Of::Row(texts), Some(number)) => texts.remove(number).unwrap_or_default(),
            _ => html,
        };
        self.html.push_str(html);
    }

    fn node(&mut self, node: &Data, depth: usize) {
        if depth > DEEPEST || !self.meter.goes_on() {
            return;
        }
        if matches!((node, &self.of), (Data::List(_) | Data::Map(_) | Data::Call(..), Of::Text)) {
            self.met.push(std::ptr::from_ref(node));
        }
        match node {
            Data::Text(text) => self.text(text),
            Data::Number(number) => self.html.push_str(&written(*number)),
            Data::List(items) => match &items[..] {
                [Data::Text(mark), Data::Text(name), _, properties, ..] if mark == "$" => {
                    self.element(name, properties, std::iter::once(children_of(properties)), depth);
                }
                // Minimark: name, attributes, children.
                [Data::Text(name), attributes @ (Data::Map(_) | Data::Nothing), children @ ..] if is_tag(name) => {
                    self.element(name, attributes, children.iter(), depth);
                }
                items => self.siblings(items, depth),
            },
            Data::Call(name, arguments) if is_element_call(name) => {
                let name = match arguments.first() {
                    Some(Data::Text(name) | Data::Name(name)) => name.as_str(),
                    _ => "",
                };
                let properties = arguments.get(1).unwrap_or(&Data::Nothing);
                let by_argument =
                    properties.field("children").is_none() && !matches!(arguments.get(2), Some(Data::Nothing | Data::Name(_)));
                match by_argument {
                    true => self.element(name, properties, arguments.iter().skip(2), depth),
                    false => self.element(name, properties, std::iter::once(children_of(properties)), depth),
                }
            }
            Data::Map(_) => self.map(node, depth),
            Data::Call(..) | Data::Name(_) | Data::Nothing | Data::Flag(_) => {}
        }
    }

    fn siblings(&mut self, items: &[Data], depth: usize) {
        let mut list = None;
        for item in items {
            // Portable Text says of each item that it is one, and of no list.
            let of = item.text_of("listItem").map(|kind| if kind == "number" { "ol" } else { "ul" });
            if of != list {
                list.iter().for_each(|list| self.close(list));
                of.iter().for_each(|list| self.html.push_str(&format!("<{list}>")));
                list = of;
            }
            self.node(item, depth + 1);
        }
        list.iter().for_each(|list| self.close(list));
    }

    fn map(&mut self, node: &Data, depth: usize) {
        if let Some(root) = node.field("root").filter(|root| kind_is_root(root)) {
            return self.node(root, depth + 1);
        }
        if let Some(blocks) = node.field("blocks").filter(|_| kind(node).is_empty()) {
            return self.siblings(blocks.items(), depth);
        }
        let kind = kind(node);
        if LEFT_OUT.contains(&kind) && node.field("data").is_none() {
            return;
        }
        if let Some(marks) = node.field("markDefs") {
            let lead = |mark: &Data| Some((mark.text_of("_key")?.to_owned(), mark.text_of("href")?.to_owned()));
            self.leads = marks.items().iter().take(MOST_LEADS).filter_map(lead).collect();
        }
        let text = ["value", "text"].iter().find_map(|name| node.text_of(name));
        let tag = if node.text_of("listItem").is_some() { Some("li") } else { tag_of(kind, node) };
        match (text, tag) {
            (Some(code), Some("pre")) => self.code(code, node),
            (Some(text), Some(tag)) if tag != "span" => {
                self.html.push_str(&format!("<{tag}>{}", escaped(text)));
                self.close(tag);
            }
            (Some(html), None) if kind == "html" => self.html.push_str(html),
            (Some(text), _) => self.marked(text, node),
            (None, _) if kind == "code" && node.text_of("code").is_some() => self.code(node.text_of("code").unwrap_or_default(), node),
            (None, _) => {
                // The data of a block of Editor.js, whose text is HTML.
                if let Some(data) = node.field("data").filter(|_| node.field("children").is_none() && node.field("content").is_none()) {
                    return self.block(kind, data, depth);
                }
                let properties =
                    ["props", "attrs", "attributes", "properties", "data"].iter().find_map(|name| node.field(name)).unwrap_or(node);
                let children = ["children", "content", "value"]
                    .iter()
                    .find_map(|name| node.field(name))
                    .or_else(|| properties.field("children"))
                    .unwrap_or(&Data::Nothing);
                self.element(tag.unwrap_or(kind), properties, std::iter::once(children), depth);
            }
        }
    }

    fn element<'a>(&mut self, name: &str, properties: &Data, children: impl Iterator<Item = &'a Data>, depth: usize) {
        let name = name.rsplit('.').next().unwrap_or_default().trim_start_matches("prose-");
        if LEFT_OUT.contains(&name) {
            return;
        }
        let tag = if TAGS.contains(&name) { name } else { tag_of(name, properties).unwrap_or_default() };
        if tag.is_empty() {
            self.inner(properties);
            return children.for_each(|child| self.node(child, depth + 1));
        }
        self.html.push('<');
        self.html.push_str(tag);
        for (name, wanted) in [
            ("href", "href"),
            ("uri", "href"),
            ("url", "href"),
            ("src", "src"),
            ("alt", "alt"),
            ("id", "id"),
            ("className", "class"),
            ("class", "class"),
        ] {
            let is_wanted = match wanted {
                "href" => tag == "a",
                "src" | "alt" => tag == "img",
                _ => matches!(tag, "pre" | "code" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6"),
            };
            if let Some(value) = properties.text_of(name).filter(|_| is_wanted) {
                self.html.push_str(&format!(" {wanted}=\"{}\"", escaped(value)));
            }
        }
        if let Some(language) = properties.text_of("language").filter(|_| tag == "pre") {
            self.html.push_str(&format!(" class=\"language-{}\"", escaped(language)));
        }
        self.html.push('>');
        self.inner(properties);
        children.for_each(|child| self.node(child, depth + 1));
        self.close(tag);
    }

    fn close(&mut self, tag: &str) {
        if !matches!(tag, "br" | "hr" | "img") {
            self.html.push_str(&format!("</{tag}>"));
        }
    }

    fn code(&mut self, code: &str, node: &Data) {
        let language = ["lang", "language"].iter().find_map(|name| node.text_of(name));
        let class = language.map(|language| format!(" class=\"language-{}\"", escaped(language))).unwrap_or_default();
        self.html.push_str(&format!("<pre><code{class}>{}</code></pre>", escaped(code)));
    }

    /// A text with its marks, each of which is a name or has one.
    fn marked(&mut self, text: &str, node: &Data) {
        let marks = node.field("marks").map(Data::items).unwrap_or_default();
        let named = marks.iter().filter_map(|mark| mark.text().or_else(|| mark.text_of("type")));
        let flagged = node.fields().iter().filter(|(_, value)| *value == Data::Flag(true)).map(|(name, _)| name.as_str());
        let tags: Vec<&str> = named.chain(flagged).filter_map(mark).collect();
        let lead = |mark: &Data| self.leads.iter().find(|(key, _)| Some(key.as_str()) == mark.text()).map(|(_, href)| href.as_str());
        let link = marks.iter().find_map(|mark| mark.field("attrs").and_then(|of| of.text_of("href")).or_else(|| lead(mark))).map(escaped);
        link.iter().for_each(|link| self.html.push_str(&format!("<a href=\"{link}\">")));
        tags.iter().for_each(|tag| self.html.push_str(&format!("<{tag}>")));
        self.html.push_str(&escaped(text));
        tags.iter().rev().for_each(|tag| self.close(tag));
        link.iter().for_each(|_| self.html.push_str("</a>"));
    }

    fn block(&mut self, kind: &str, data: &Data, depth: usize) {
        let text = data.text_of("text").unwrap_or_default();
        match kind {
            "header" => {
                let level = level(data).unwrap_or("h2");
                self.html.push_str(&format!("<{level}>{text}</{level}>"));
            }
            "paragraph" | "quote" => self.html.push_str(&format!("<p>{text}</p>")),
            "code" => self.code(data.text_of("code").unwrap_or_default(), data),
            "list" => {
                let tag = if data.text_of("style") == Some("ordered") { "ol" } else { "ul" };
                self.html.push_str(&format!("<{tag}>"));
                for item in data.field("items").map(Data::items).unwrap_or_default() {
                    let text = item.text().or_else(|| item.text_of("content")).unwrap_or_default();
                    self.html.push_str(&format!("<li>{text}</li>"));
                }
                self.close(tag);
            }
            _ => data.field("content").iter().for_each(|content| self.node(content, depth + 1)),
        }
    }
}

/// As scripts write a number: a few characters of data may stand for hundreds of digits.
fn written(number: f64) -> String {
    match number.abs() {
        size if size >= LARGE => format!("{number:e}"),
        _ => number.to_string(),
    }
}

fn children_of(properties: &Data) -> &Data {
    properties.field("children").unwrap_or(&Data::Nothing)
}

fn is_tag(name: &str) -> bool {
    TAGS.contains(&name) || name.contains('-') && name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'0'..=b'9'))
}

fn level(node: &Data) -> Option<&'static str> {
    let number = ["depth", "level"].iter().find_map(|name| match node.field(name).or_else(|| node.field("attrs")?.field(name)) {
        Some(Data::Number(number)) => Some(*number as usize),
        _ => None,
    })?;
    HEADINGS.get(number.wrapping_sub(1)).copied()
}

/// The tag of what trees of texts call otherwise.
fn tag_of(kind: &str, node: &Data) -> Option<&'static str> {
    Some(match kind {
        "paragraph" => "p",
        "heading" => level(node).unwrap_or("h2"),
        // The style of a block of Portable Text is its tag.
        "block" => match node.text_of("style") {
            Some("blockquote") => "blockquote",
            Some(style) => HEADINGS.iter().find(|tag| **tag == style).unwrap_or(&"p"),
            None => "p",
        },
        "heading-1" | "heading_1" | "heading1" | "header-one" | "heading-one" => "h1",
        "heading-2" | "heading_2" | "heading2" | "header-two" | "heading-two" => "h2",
        "heading-3" | "heading_3" | "heading3" | "header-three" | "heading-three" => "h3",
        "heading-4" | "heading4" | "heading-four" => "h4",
        "heading-5" | "heading5" | "heading-five" => "h5",
        "heading-6" | "heading6" | "heading-six" => "h6",
        "emphasis" => "em",
        "inlineCode" | "inline-code" => "code",
        "code" | "codeBlock" | "code_block" | "code-block" => "pre",
        "list" if node.field("ordered") == Some(&Data::Flag(true)) => "ol",
        "list" | "bulletList" | "bullet_list" | "unordered-list" | "bulleted-list" => "ul",
        "orderedList" | "ordered_list" | "ordered-list" | "numbered-list" => "ol",
        "listItem" | "list_item" | "list-item" => "li",
        "quote" | "block-quote" => "blockquote",
        "link" | "hyperlink" | "NuxtLink" => "a",
        "thematicBreak" | "horizontalRule" => "hr",
        "break" | "hardBreak" => "br",
        "tableRow" | "table-row" | "table_row" => "tr",
        "tableCell" | "table-cell" | "table_cell" => "td",
        "tableHeader" | "table-header-cell" => "th",
        other => TAGS.iter().find(|tag| **tag == other)?,
    })
}

fn mark(name: &str) -> Option<&'static str> {
    Some(match name {
        "strong" | "bold" => "strong",
        "em" | "italic" | "emphasis" => "em",
        "code" => "code",
        _ => return None,
    })
}

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Each as it begins in HTML.
const BLOCKS: [&str; 11] = ["<p", "<h1", "<h2", "<h3", "<h4", "<li", "<pre", "<blockquote", "<td", "<dd", "<h5"];

const TAGS: [&str; 41] = [
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "pre",
    "code",
    "a",
    "em",
    "strong",
    "b",
    "i",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "dl",
    "dt",
    "dd",
    "hr",
    "br",
    "img",
    "div",
    "section",
    "article",
    "main",
    "span",
    "del",
    "sup",
    "sub",
    "kbd",
    "figure",
    "figcaption",
];

const LEFT_OUT: [&str; 18] = [
    "script", "style", "title", "select", "svg", "head", "nav", "footer", "header", "aside", "button", "form", "yaml", "toml", "mdxjsEsm",
    "comment", "template", "noscript",
];

/// Letters and digits of a text that says something.
const LEAST: usize = 20;
/// From which on numbers have an exponent.
const LARGE: f64 = 1e21;
/// Of one block.
const MOST_LEADS: usize = 200;
/// Levels that are written.
const DEEPEST: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::shipped::literal;
    use crate::model::Budget;

    fn html(source: &str) -> Option<String> {
        let meter = Budget::default().begin();
        html_of(&literal::value(source, &meter), &meter)
    }

    #[test]
    fn trees_of_many_kinds_are_one_text() {
        let expected = "<h2>Kettles</h2><p>A kettle <strong>boils</strong> water in minutes.</p>";
        for source in [
            // hast, as nuxt content has it
            r#"{"type":"root","children":[{"type":"element","tag":"h2","props":{},"children":[{"type":"text","value":"Kettles"}]},
                {"type":"element","tag":"p","props":{"class":"x"},"children":[{"type":"text","value":"A kettle "},{"type":"element","tag":"strong","props":{},"children":[{"type":"text","value":"boils"}]},{"type":"text","value":" water in minutes."}]}]}"#,
            // minimark
            r#"{"type":"minimark","value":[["h2",{},"Kettles"],["p",{},"A kettle ",["strong",{},"boils"]," water in minutes."]]}"#,
            // mdast
            r#"{"type":"root","children":[{"type":"heading","depth":2,"children":[{"type":"text","value":"Kettles"}]},{"type":"paragraph","children":[{"type":"text","value":"A kettle "},{"type":"strong","children":[{"type":"text","value":"boils"}]},{"type":"text","value":" water in minutes."}]}]}"#,
            // Contentful
            r#"{"nodeType":"document","data":{},"content":[{"nodeType":"heading-2","data":{},"content":[{"nodeType":"text","value":"Kettles","marks":[],"data":{}}]},{"nodeType":"paragraph","data":{},"content":[{"nodeType":"text","value":"A kettle ","marks":[]},{"nodeType":"text","value":"boils","marks":[{"type":"bold"}]},{"nodeType":"text","value":" water in minutes.","marks":[]}]}]}"#,
            // Portable Text
            r#"[{"_type":"block","style":"h2","children":[{"_type":"span","text":"Kettles","marks":[]}]},{"_type":"block","style":"normal","children":[{"_type":"span","text":"A kettle ","marks":[]},{"_type":"span","text":"boils","marks":["strong"]},{"_type":"span","text":" water in minutes.","marks":[]}]}]"#,
            // ProseMirror
            r#"{"type":"doc","content":[{"type":"heading","attrs":{"level":2},"content":[{"type":"text","text":"Kettles"}]},{"type":"paragraph","content":[{"type":"text","text":"A kettle "},{"type":"text","text":"boils","marks":[{"type":"bold"}]},{"type":"text","text":" water in minutes."}]}]}"#,
            // Slate
            r#"[{"type":"heading-two","children":[{"text":"Kettles"}]},{"type":"paragraph","children":[{"text":"A kettle "},{"text":"boils","bold":true},{"text":" water in minutes."}]}]"#,
            // Lexical
            r#"{"root":{"type":"root","children":[{"type":"heading","tag":"h2","children":[{"type":"text","text":"Kettles"}]},{"type":"paragraph","children":[{"type":"text","text":"A kettle "},{"type":"strong","children":[{"type":"text","text":"boils"}]},{"type":"text","text":" water in minutes."}]}]}}"#,
            // React
            r#"{"type":"div","props":{"children":[{"type":"h2","props":{"children":"Kettles"}},{"type":"p","props":{"children":["A kettle ",{"type":"strong","props":{"children":"boils"}}," water in minutes."]}}]}}"#,
            r#"[["$","h2",null,{"children":"Kettles"}],["$","p",null,{"children":["A kettle ",["$","strong",null,{"children":"boils"}]," water in minutes."]}]]"#,
            // MDX
            r#"_jsxs(_Fragment, {children: [_jsx(_components.h2, {children: "Kettles"}), _jsxs(_components.p, {children: ["A kettle ", _jsx(_components.strong, {children: "boils"}), " water in minutes."]})]})"#,
            r#"mdx(MDXLayout, _extends({}, props), mdx("h2", null, "Kettles"), mdx("p", null, "A kettle ", mdx("strong", {parentName: "p"}, "boils"), " water in minutes."))"#,
        ] {
            let found = html(source).unwrap_or_else(|| panic!("{source}"));
            assert_eq!(found.trim_start_matches("<div>").trim_end_matches("</div>"), expected, "{source}");
        }
        assert_eq!(
            html(r#"{"time":1,"blocks":[{"type":"header","data":{"text":"Kettles and pots","level":2}},{"type":"list","data":{"style":"ordered","items":["boil <b>water</b>"]}}]}"#).unwrap(),
            "<h2>Kettles and pots</h2><ol><li>boil <b>water</b></li></ol>"
        );
    }

    #[test]
    fn marks_that_are_told_apart_lead_where_their_block_says() {
        let source = r#"[{"_type":"block","style":"normal","markDefs":[{"_key":"k1","_type":"link","href":"/pots"}],
            "children":[{"_type":"span","text":"A kettle is no ","marks":[]},{"_type":"span","text":"pot","marks":["strong","k1"]}]},
            {"_type":"block","style":"normal","markDefs":[],"children":[{"_type":"span","text":"Nor is it a pan.","marks":["k1"]}]}]"#;
        assert_eq!(html(source).unwrap(), "<p>A kettle is no <a href=\"/pots\"><strong>pot</strong></a></p><p>Nor is it a pan.</p>");
    }

    #[test]
    fn numbers_are_written_as_scripts_write_them() {
        let source = r#"{"type":"root","children":[{"type":"p","children":[1e308, " and ", 12.5, " and ", -3, " are numbers"]}]}"#;
        assert_eq!(html(source).unwrap(), "<p>1e308 and 12.5 and -3 are numbers</p>");
    }

    #[test]
    fn what_is_no_text_is_none() {
        for source in [
            r#"{"type":"group","children":[{"type":"link","label":"A long label of a menu that leads somewhere","href":"/a"}]}"#,
            r#"{"type":"root","children":[]}"#,
            r#"{"type":"root","children":[{"type":"element","tag":"script","children":[{"type":"text","value":"let aLongScript = thatDoesSomething();"}]}]}"#,
            r#"[1,2,"a text of a list that is long enough to be one"]"#,
            r#""a text""#,
        ] {
            assert_eq!(html(source), None, "{source}");
        }
    }
}
