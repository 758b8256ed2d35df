//! Shapes of pages that somebody made to be read for ever, or to be written at many times their length: each is doubled until it costs
//! something, and the next doubling may cost no more than a line would. Another shape is one line of a table.
#![cfg(unix)]

use std::time::{Duration, SystemTime};

use smolcrawl::chunk::{self, Config, Measure};
use smolcrawl::extract;
use smolcrawl::model::{self, Budget, Filled, Page, Validators};
use url::Url;

/// A name, and a page of so many parts.
type Shape = (&'static str, fn(usize) -> String);

const W: &str = "The quick brown fox jumps over the lazy dog and runs away. ";

fn r(part: &str, times: usize) -> String {
    part.repeat(times)
}

fn each(times: usize, part: impl Fn(usize) -> String) -> String {
    (0..times).map(part).collect()
}

const HTML: &[Shape] = &[
    ("bold beside bold", |n| format!("<p>{}", r("<b>a</b>", n))),
    ("all marks beside each other", |n| format!("<p>{}", r("<b>a</b><i>b</i><s>c</s><strong>d</strong><em>e</em>", n))),
    ("marks around marks", |n| format!("<p>{}", r("<b>a<i>b</i></b>", n))),
    ("marks that open and hold nothing", |n| format!("<p>x{}y", r("<b></b><i> </i>", n))),
    ("marks with punctuation", |n| format!("<p>x{}y", r("<b>.</b>a", n))),
    ("marks in one word", |n| format!("<p>x{}", r("<b>a.</b>b", n))),
    ("italics after bangs", |n| format!("<p>x{}", r("!<a href=x>a</a>", n))),
    ("backslashes before a break", |n| format!("<p>x{}<br></p><p>end", r("\\", n))),
    ("backslashes and breaks", |n| format!("<p>x{}</p><p>end", r("\\<br>", n))),
    ("breaks within bold", |n| format!("<p><b>x{}</b>y", r("<br>", n))),
    ("blanks and breaks", |n| format!("<p>x{}y", r("\u{a0}<br> ", n))),
    ("tildes", |n| format!("<p>{W}{}", r("~", n))),
    ("ampersands and letters", |n| format!("<p>{W}{}", r("&a", n))),
    ("an ampersand and letters", |n| {
        format!("<p>{W}{}", r("&amp;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", n))
    }),
    ("brackets", |n| format!("<p>{W}{}", r("[", n))),
    ("brackets in a heading", |n| format!("<h1>{}</h1><p>{W}", r("[", n))),
    ("backticks in a heading", |n| format!("<h1>{}</h1><p>{W}", r("<code>`</code> ", n))),
    ("links", |n| format!("<p>{W}{}", each(n, |i| format!("<a href=p{i}>l</a> ")))),
    ("long titles", |n| format!("<title>{}</title><h1>{}</h1><p>{W}", r("a - ", n), r("a", n))),
    ("long paragraphs in cells", |n| format!("<table>{}", r("<tr><td>a<td>b<br>c<p>d", n))),
    ("tables in tables", |n| r("<table><tr><td>a<td>b", n)),
    ("lists in lists", |n| format!("{}x", r("<ul><li>", n))),
    ("empty items", |n| format!("<ol>{}<li>x", r("<li></li>", n))),
    ("definitions", |n| format!("<dl>{}", r("<dt>a<dd>b", n))),
    ("code beside code", |n| format!("<p>{W}{}", r("<code>a</code>", n))),
    ("code with backticks", |n| format!("<p>{W}{}", each(n, |i| format!("<code>{}</code> ", r("`", i % 40))))),
    ("lines of code", |n| format!("{W}<pre>{}</pre>", r("a <b>b</b>\n", n))),
    ("spans in code", |n| format!("{W}<pre>{}</pre>", r("<span class=k>a</span>", n))),
    ("numbered code", |n| format!("{W}<pre>{}</pre>", r("<span class=lineno>1</span>a\n", n))),
    ("drawings in drawings", |n| format!("<p>{W}<svg>{}", r("<g>", n))),
    ("titles in drawings", |n| format!("<p>{W}<svg>{}", r("<title>", n))),
    ("foreign objects", |n| format!("<p>{W}{}", r("<svg><foreignObject><p>x", n))),
    ("formulas in formulas", |n| format!("<p>{W}<math>{}", r("<mrow><mi>x</mi>", n))),
    ("formulas and breakouts", |n| format!("<p>{W}{}", r("<math><mi><b>x", n))),
    ("annotated formulas", |n| format!("<p>{W}{}", r("<math><annotation-xml encoding=text/html><div>", n))),
    ("drawings with br and img", |n| format!("<p>{W}<svg>{}", r("<desc><br><img>", n))),
    ("drawings that close p", |n| format!("<p>{W}{}", r("<svg></p><style>", n))),
    ("fractions", |n| format!("<p>{W}{}", r("<sup>1</sup>/<sub>2</sub>", n))),
    ("scripts in scripts", |n| format!("<p>{W}{}", r("<sup><sub>", n))),
    ("options", |n| format!("<p>{W}<select>{}", r("<option>x", n))),
    ("details", |n| format!("<p>{W}{}", r("<details><summary>a</summary>b", n))),
    ("ids", |n| format!("<p>{W}{}", each(n, |i| format!("<h2 id=a{i}>x</h2>")))),
    ("anchors before headings", |n| format!("<p>{W}{}", r("<a name=x></a>", n))),
    ("headings", |n| r("<h2>a</h2>b", n)),
    ("headings of long ids", |n| each(n, |i| format!("<h2 id='{}{i}'>a</h2>b", r("x", 200)))),
    ("tab lists", |n| r("<ul role=tablist><li role=tab>A</ul><div role=tabpanel>1</div>", n)),
    ("notes", |n| r("<div class='admonition note'><p class=admonition-title>N</p>x</div>", n)),
    ("forms", |n| format!("<p>{W}{}", r("<form><div>", n))),
    ("marks of hidden notes", |n| {
        format!("<p>{W}{}", each(n, |i| format!("<sup><a href=#n{i}>1</a></sup><div class=footnote hidden><p id=n{i}>x</div>")))
    }),
    ("hidden notes in notes", |n| format!("<p>{W}<sup><a href=#n>1</a></sup>{}", r("<div class=footnote id=n hidden>", n))),
    ("drawn formulas", |n| format!("<p>{W}{}", r("<mjx-container><mjx-c class=mjx-c41></mjx-c></mjx-container> ", n))),
    ("drawn formulas in formulas", |n| format!("<p>{W}{}", r("<mjx-container><mjx-c class=mjx-c41></mjx-c>", n))),
    ("paragraphs that close", |n| format!("<p>{W}{}", r("</p>", n))),
    ("formatting left open", |n| r("<p><b><i><u><font>x", n)),
    ("foster parents", |n| format!("<table>{}", r("x<b>", n))),
    ("adoption agency", |n| format!("<a>{}", r("<p>x</a><b>", n))),
    ("nobr", |n| format!("<p>{W}{}", r("<nobr>x", n))),
    ("buttons", |n| format!("<p>{W}{}", r("<button>x", n))),
    ("rubies", |n| format!("<p>{W}{}", r("<ruby>a<rt>b", n))),
    ("templates", |n| format!("<p>{W}{}", r("<template>x", n))),
    ("late parts", |n| format!("<p>{W}{}", each(n, |i| format!("<template id='B:{i}'></template><div hidden id='S:{i}'>x</div>")))),
    ("attributes", |n| format!("<i {}>x</i><p>{W}", each(n, |i| format!("a{i} ")))),
    ("many tags of many attributes", |n| r(&format!("<i {}>x</i>", each(300, |i| format!("a{i} "))), n / 40 + 1)),
    ("attributes with angles", |n| format!("<i {}>x</i><p>{W}", each(n, |i| format!("a{i}='>' ")))),
    ("classes", |n| format!("<div class='{}'>{}", r("a ", n), r("<p>x", n))),
    ("styles", |n| format!("<div style='{}'>{}", r("a:b;", n), r("<p>x", n))),
    ("metas", |n| format!("{}<p>{W}", r("<meta name=author content=a><meta property=og:title content=b>", n))),
    ("alternates", |n| format!("{}<p>{W}", each(n, |i| format!("<link rel=alternate hreflang=en href=/{i}>")))),
    ("linked data", |n| format!("<p>{W}{}", r("<script type=application/ld+json>{\"@type\":\"Article\"</script>", n))),
    ("linked data, nested", |n| format!("<p>{W}<script type=application/ld+json>{}</script>", r("{\"a\":", n))),
    ("items", |n| format!("<p>{W}{}", r("<span itemscope itemprop=author><b itemprop=name>x", n))),
    ("times", |n| format!("<p>{W}{}", r("<time datetime=2024-01-01>x</time>", n))),
    ("comments at the start", |n| format!("{}<p>{W}", r("<!-- x -->", n))),
    ("comments that do not end", |n| format!("<p>{W}{}", r("<!--", n))),
    ("hidden parts", |n| format!("<p>{W}{}", r("<div style='display:none'>x", n))),
    ("hidden copies", |n| format!("<p>{W}{}", each(n, |i| format!("<div hidden>{i}</div><p>{i}")))),
    ("controls that open", |n| format!("<p>{W}{}", each(n, |i| format!("<a data-toggle=x href=#i{i}>x</a><div hidden id=i{i}>y</div>")))),
    ("lists of links", |n| r("<ul><li><a href=x>x</a><li><a href=y>y</a></ul>", n)),
    ("cards", |n| r("<article><h2><a href=x>x</a></h2><p>y</article>", n)),
    ("posts", |n| r("<div class=post><span class=user>x</span><div class=message>y", n)),
    ("formulas in dollars", |n| format!("<p>{W}{}", r("\\(x ", n))),
    ("formulas that end", |n| format!("<p>{W}{}", r("\\[x\\] $$y$$ ", n))),
    ("pictures", |n| format!("<p>{W}{}", r("<img src=x alt='y [z]'>", n))),
    ("grids", |n| r("<div role=grid><div role=row><div role=cell>x", n)),
    ("a row of many cells", |n| format!("<table><tr>{}", r("<td>x", n))),
    ("colspan", |n| format!("<table>{}", r("<tr><td colspan=99999>a<td>b", n))),
    ("rowspan", |n| format!("<table>{}", r("<tr><td rowspan=99999 colspan=99999>a<td>b", n))),
    ("quotes", |n| format!("<p>{W}{}", r("<q>x", n))),
    ("captions", |n| format!("<table>{}", r("<caption>x</caption><tr><td>a<td>b", n))),
    ("signatures", |n| format!("<p>{W}{}", r("<dl><dt class=sig id=x>f()</dt><dd>x</dl>", n))),
    ("members", |n| format!("<p>{W}{}", r("<p class=src><a class=def>boil</a> :: Int</p>", n))),
    ("small breaks", |n| format!("<p>{W}{}", r("a<wbr>", n))),
    ("references", |n| format!("<p>{}", r("&amp;&lt;&notit;&#x41;", n))),
    ("long words", |n| format!("<p>{}", r("w", 20 * n))),
    ("blanks", |n| format!("<p>a{}b", r(" ", 20 * n))),
    ("ligatures", |n| format!("<p>{}", r("\u{fb01}", n))),
];

const MARKDOWN: &[Shape] = &[
    ("brackets in a heading", |n| format!("# {}\n\n{W}", r("[", n))),
    ("links in a heading", |n| format!("# {}\n\n{W}", r("[a](", n))),
    ("half links in a heading", |n| format!("# {})\n\n{W}", r("](", n))),
    ("equals after prose", |n| format!("{}\n{}", r(W, 5), r("=\n", n))),
    ("dashes after prose", |n| format!("{}\n{}", r(W, 5), r("--\n", n))),
    ("long prose and equals", |n| r(&format!("{}\n=\n", r(W, 5)), n / 20 + 1)),
    ("items on one line", |n| format!("{}x\n{W}", r("- ", n))),
    ("numbers on one line", |n| format!("{}x\n{W}", r("1. ", n))),
    ("stars and pluses on one line", |n| format!("{}x\n{W}", r("* + ", n))),
    ("items and blanks on one line", |n| format!("{}x{}\n{W}", r("- ", n), r(" ", n))),
    ("items on one line, then a table", |n| format!("{}x\n\n| a | b |\n|-|-|\n{}", r("- ", n), r("|c|d|\n", n))),
    ("items of drawn lines", |n| r("- - - -\n", n)),
    ("stars", |n| format!("{}\n{W}", r("* ", n))),
    ("quotes", |n| format!("{}x\n{W}", r(">", n))),
    ("quoted fences", |n| format!("{}```\nx\n{W}", r("> ", n))),
    ("many quoted fences", |n| r("> > > > ```\n> > > > x\n", n)),
    ("fences", |n| r("```\nab\ncd\n```\n", n)),
    ("fences after prose", |n| format!("{}\n\n{}", r(W, n / 8 + 1), r("```\nab\ncd\n```\n", n))),
    ("fences after blanks", |n| format!("a{}b\n\n{}", r(" ", n), r("```\nab\ncd\n```\n", n))),
    ("fences below long headings", |n| {
        format!("{}{}", each(6, |i| format!("{} {}\n\n", r("#", i + 1), r("h", 190))), r("```\nab\ncd\n```\n", n))
    }),
    ("headings below long headings", |n| {
        format!("{}{}", each(5, |i| format!("{} {}\n\n", r("#", i + 1), r("h", 190))), r("###### h\n\nx\n\n", n))
    }),
    ("fences that do not end", |n| r("- ```\n", n)),
    ("long fences", |n| format!("```{}\n{}\n```", r("x", n), r("line of code\n", n))),
    ("one long line of code", |n| format!("```\n{}\n```", r("x ", n))),
    ("wide heads", |n| format!("{}|\n{}|\n{}", r("|a", n), r("|-", n), r("|c|d|\n", n))),
    ("heads of tables", |n| r("|a|b|\n|-|-|\n", n)),
    ("rows", |n| format!("| a | b |\n|-|-|\n{}", r("| c | d |\n", n))),
    ("headings", |n| each(n, |i| format!("{} h{i}\n\ntext {i}\n\n", r("#", 1 + i % 6)))),
    ("empty headings", |n| r("# h\n", n)),
    ("one line", |n| r("word ", n)),
    ("no blanks", |n| r("w", n)),
    ("marks that combine", |n| r("\u{301}", n)),
    ("joiners", |n| r("\u{1f469}\u{200d}", n)),
    ("backticks", |n| format!("{W}\n\n{}\n{W}", r("`", n))),
    ("code that does not end", |n| r("`a ``b ```c ", n)),
    ("growing backticks", |n| each(n / 20 + 1, |i| format!("{} ", r("`", i)))),
    ("steps", |n| each(n / 20 + 1, |i| format!("{}- x\n", r(" ", 2 * i)))),
    ("blank lines", |n| format!("{W}{}{W}", r("\n", n))),
    ("pipes", |n| r("a|b\n", n)),
    ("setext", |n| r("t\n=\n", n)),
    ("setext and dashes", |n| r("t\n---\n", n)),
    ("front matter", |n| format!("---\n{}", r("a: b\n", n))),
    ("front matter that ends", |n| format!("---\n{}---\nx", r("a: b\n", n.min(10_000)))),
    ("a list in front matter", |n| format!("---\ntitle: {}{}\n---\n{W}", r("[", n.min(20_000)), r("]", n.min(20_000)))),
    ("carriage returns", |n| format!("{W}{}{W}", r("\r", n))),
    ("comments", |n| r("<!-- a -->\n", n)),
    ("comments that do not end", |n| r("<!-- a\n", n)),
    ("comments on one line", |n| r("<!-- a --> b ", n)),
    ("components", |n| format!("import X from 'x'\n\n{}", r("<Tabs>\n", n))),
    ("components that do not end", |n| format!("import X from 'x'\n\n{}", r("<Tabs \n\n", n))),
    ("components on one line", |n| format!("import X from 'x'\n\n{}", r("a <Kbd>b</Kbd> ", n))),
    ("components behind components", |n| format!("import X from 'x'\n\n{}", r("<Aa b='c'>", n))),
    ("labels of components", |n| format!("import X from 'x'\n\n<Tabs items={{[{}]}}>\n{}", r("'a',", 1_000), r("<Tab>\n", n))),
    ("braces of components", |n| format!("import X from 'x'\n\n<Tabs a={}", r("{\n", n))),
    ("containers", |n| r(":::note\n", n)),
    ("admonitions", |n| r("!!! note\n", n)),
    ("admonitions in items", |n| r("- a\n\n    !!! note\n        b\n\n", n)),
    ("blocks in items", |n| format!("{}    ////\n", r("- a\n\n    //// note\n", n))),
    ("underlined headings", |n| r("A {#b}\n===\n", n)),
    ("includes", |n| r("{* a *}\n--8<-- \"b\"\n", n)),
    ("directives", |n| r("```{note}\nx\n", n)),
    ("anchors", |n| r("# a <a id=\"b\"></a> {#c}\n", n)),
    ("definitions", |n| each(n, |i| format!("[{i}]: /{i}\n"))),
    ("uses of one definition", |n| format!("[a]: /{}\n\n{}", r("x", 1_900), r("[a] ", n))),
    ("links", |n| r("[a](b) ", n)),
    ("links that do not end", |n| r("[a](", n)),
    ("links with angles", |n| r("[a](<b ", n)),
    ("addresses", |n| r("http://a.test/) ", n)),
    ("addresses side by side", |n| r("http://)", n)),
    ("tags of anchors", |n| r("<a ", n)),
    ("images", |n| r("![a](b)", n)),
    ("inline HTML", |n| r("<b>a</b>", n)),
    ("indented lines", |n| r("    a\n\n", n)),
    ("tabs", |n| r("\ta\n\n", n)),
    ("tabs before items", |n| r("-\ta\n", n)),
];

const RESTRUCTURED: &[Shape] = &[
    ("headings", |n| r("A\n====\n\nB\n----\n\n", n)),
    ("adornments", |n| r("====\n", n)),
    ("literals", |n| r("``a`` ", n)),
    ("literals that do not end", |n| r("``a ", n)),
    ("roles", |n| r(":a:`b` ", n)),
    ("roles that do not end", |n| r(":a:`b ", n)),
    ("colons", |n| r(":a", n)),
    ("references", |n| format!(".. _a: http://a.test/{}\n\n{}", r("x", 1_900), r("a_ ", n))),
    ("named references", |n| format!("{}\n{}", each(n, |i| format!(".. _a{i}: /b{i}\n")), each(n, |i| format!("a{i}_ ")))),
    ("underscores", |n| r("_", n)),
    ("words and underscores", |n| r("a_a", n)),
    ("substitutions", |n| format!(".. |a| replace:: {}\n\n{}", r("x", 190), r("|a| ", n))),
    ("bars", |n| r("|", n)),
    ("brackets", |n| r("[a", n)),
    ("items", |n| r("- a\n", n)),
    ("steps", |n| each(n / 20 + 1, |i| format!("{}- x\n\n", r(" ", 2 * i)))),
    ("simple tables", |n| format!("{}\n{}\n{}\nx\n{}", r("== ", n), r("a ", n), r("== ", n), r("== ", n))),
    ("simple tables, many rows", |n| format!("{}\n{}{}\n", r("== ", 200), r("x\n", n), r("== ", 200))),
    ("grids", |n| format!("{}+\n{}|\n{}+\n", r("+-", n), r("|a", n), r("+-", n))),
    ("tall grids", |n| format!("+-+-+\n{}", r("|a|b|\n+-+-+\n", n))),
    ("lists that are tables", |n| format!(".. list-table::\n\n{}", r("   * - a\n     - b\n", n))),
    ("commas", |n| format!(".. csv-table::\n\n   {}\n", r("a,", n))),
    ("rows of commas", |n| format!(".. csv-table::\n\n{}", r("   a,b\n", n))),
    ("directives", |n| r(".. note:: x\n\n", n)),
    ("includes", |n| r(".. literalinclude:: a\n\n.. include:: b\n\n", n)),
    ("directives and options", |n| format!(".. image:: x\n{}", r("   :a: b\n", n))),
    ("members", |n| format!(".. function:: f\n{}", r("   g\n", n))),
    ("members in members", |n| each(n / 20 + 1, |i| format!("{}.. function:: f\n\n", r(" ", i)))),
    ("code", |n| format!(".. highlight:: {}\n\n{}", r("x", 500), r("::\n\n  a\n\nb\n\n", n))),
    ("comments", |n| r(".. a\n\n", n)),
    ("doctests", |n| r(">>> a\n\n", n)),
    ("line blocks", |n| r("| a\n", n)),
    ("terms", |n| r("a\n  b\n", n)),
    ("fields", |n| r(":a: b\n", n)),
    ("tabs", |n| r("::\n\n\t\t\ta\n\nb\n\n", n)),
    ("blank lines", |n| format!("a\n{}b", r("\n", n))),
    ("backslashes", |n| r("\\", n)),
    ("footnotes", |n| r(".. [1] a\n\n", n)),
    ("quoted literals", |n| r("a::\n\n> b\n\n", n)),
    ("numerals", |n| r("(i) a\n(ii) b\n", n)),
    ("terms of a glossary", |n| format!(".. glossary::\n\n{}", r("   a\n   b\n", n))),
    ("images by name", |n| format!(".. |a| image:: {}\n   :alt: c\n\n{}", r("x", 1_000), r("|a| ", n))),
    ("classes", |n| r(".. class:: A\n   :b: c\n", n)),
];

const ASCIIDOC: &[Shape] = &[
    ("titles", |n| r("== A\n\n", n)),
    ("underlined titles", |n| r("Abc\n---\n\n", n)),
    ("attributes", |n| format!("{}\n{}", each(n, |i| format!(":a{i}: b\n")), each(n, |i| format!("{{a{i}}} ")))),
    ("one long attribute", |n| format!(":a: {}\n\n{}", r("x", 190), r("{a} ", n))),
    ("braces", |n| r("{", n)),
    ("stars", |n| r("*", n)),
    ("stars and words", |n| r("*a ", n)),
    ("double stars", |n| r("**a ", n)),
    ("underscores", |n| r("_a ", n)),
    ("backticks", |n| r("`a", n)),
    ("pluses", |n| r("+a ", n)),
    ("hashes", |n| r("#a ", n)),
    ("carets", |n| r("^a", n)),
    ("angles", |n| r("<<a", n)),
    ("brackets", |n| r("[[a", n)),
    ("macros", |n| r("a:", n)),
    ("macros that do not end", |n| r("a:[", n)),
    ("links", |n| r("link:a[b] ", n)),
    ("links with escapes", |n| format!("link:a[{}", r("\\]", n))),
    ("addresses", |n| r("http://a.test/ ", n)),
    ("footnotes", |n| r("footnote:[a] ", n)),
    ("items", |n| r("* a\n", n)),
    ("items of all depths", |n| r("* a\n** b\n. c\n.. d\n", n)),
    ("terms", |n| r("a:: b\n", n)),
    ("colons", |n| r("a::\n", n)),
    ("delimited", |n| r("----\na\n----\n", n)),
    ("delimited, open", |n| r("----\na\n\n", n)),
    ("examples in examples", |n| each(n / 20 + 1, |i| format!("{}\n", r("=", 4 + i)))),
    ("rows", |n| format!("|===\n{}|===\n", r("|a |b\n", n))),
    ("wide rows", |n| format!("|===\n{}\n{}|===\n", r("|a ", n), r("|b\n", n))),
    ("tables that do not end", |n| r("|===\n|a\n", n)),
    ("comments", |n| r("// a\n", n)),
    ("comments that do not end", |n| r("////\na\n", n)),
    ("blocks", |n| r("[source,c]\n----\na\n----\n", n)),
    ("titles of blocks", |n| r(".A\n", n)),
    ("continuations", |n| format!("* a\n{}", r("+\nb\n", n))),
    ("indented", |n| r(" a\n\n", n)),
    ("odd blanks", |n| r(" a\n\u{a0}b\n\n", n)),
    ("breaks", |n| r("a +\n", n)),
    ("conditions", |n| r("ifdef::a[]\n", n)),
    ("conditions in conditions", |n| format!("{}a{}\n", r("ifdef::a[", n), r("]", n))),
    ("curly quotes that do not end", |n| r("\"`a ", n)),
    ("terms of an index", |n| r("((a ", n)),
    ("terms of an index that end", |n| format!("{}a{}", r("((", n), r("))", n))),
    ("passed through", |n| format!("{{{}", r("`+a ++b pass:[ ", n))),
    ("roles", |n| r("[.a]#b", n)),
    ("cells that reach far", |n| format!("[cols=60*]\n|===\n{}|===\n", r("60+|a\n.1000+|b\n1000*|c\n", n))),
    ("values", |n| format!(",===\n{},===\n", r("a,\"b\n", n))),
    ("quotations", |n| r("[quote, a, b]\n____\nc\n____\n", n)),
    ("passed blocks", |n| r("++++\n<b>a</b>\n++++\n", n)),
];

const ORG: &[Shape] = &[
    ("headlines", |n| r("* A :b:\n", n)),
    ("stars", |n| format!("{} a\n", r("*", n))),
    ("drawers", |n| r(":A:\n", n)),
    ("drawers that end", |n| r(":A:\nx\n:END:\n", n)),
    ("links", |n| r("[[a][b]] ", n)),
    ("links that do not end", |n| r("[[a", n)),
    ("marks", |n| r("*a* ", n)),
    ("marks that do not end", |n| r("*a ", n)),
    ("equals", |n| r("=a ", n)),
    ("slashes", |n| r("/a ", n)),
    ("rows", |n| r("| a | b |\n", n)),
    ("wide rows", |n| format!("{}|\n{}", r("|a", n), r("|b|\n", n))),
    ("items", |n| r("- a\n", n)),
    ("items with terms", |n| r("- a :: b\n", n)),
    ("blocks", |n| r("#+BEGIN_SRC c\na\n#+END_SRC\n", n)),
    ("blocks that do not end", |n| r("#+BEGIN_SRC c\na\n", n)),
    ("quotes", |n| r("#+BEGIN_QUOTE\n", n)),
    ("keywords", |n| r("#+TITLE: a\n", n)),
    ("comments", |n| r("# a\n", n)),
    ("fixed width", |n| r(": a\n", n)),
    ("planning", |n| r("DEADLINE: a\n", n)),
    ("verses that do not end", |n| r("#+BEGIN_VERSE\na\n", n)),
    ("tags", |n| r("<a", n)),
];

const MANUAL: &[Shape] = &[
    ("sections", |n| r(".SH A\nb\n", n)),
    ("fonts", |n| r("\\fBa\\fR", n)),
    ("glyphs that do not end", |n| r("\\[", n)),
    ("names that do not end", |n| r("\\f[", n)),
    ("names of strings that do not end", |n| r("\\*[", n)),
    ("quotes that do not end", |n| each(n, |i| format!("\\h{}", char::from_u32(0x4e00 + (i % 20_000) as u32).unwrap()))),
    ("sizes", |n| r("\\s'", n)),
    ("backslashes", |n| r("\\", n)),
    ("lines that go on", |n| r("a\\\n", n)),
    ("conditions", |n| format!("{}x\n", r(".if n ", n))),
    ("conditions with tabs", |n| format!(".if n {}x\n", r(".if\tn ", n))),
    ("conditions in braces", |n| format!("{}x\n", r(".if n \\{", n))),
    ("conditions in braces that do not end", |n| r(".if t \\{\n", n)),
    ("conditions with an else", |n| r(".ie n a\n.el b\n", n)),
    ("blank words", |n| r(".B \" \"\n.I \" \"\n", n)),
    ("words in fonts", |n| r(".B a\n.I b\n", n)),
    ("alternating", |n| format!(".BR {}\n", r("a ", n))),
    ("quotes", |n| format!(".B {}\n", r("\"", n))),
    ("quotes that end", |n| format!(".B {}\n", r("\"a\"", n))),
    ("tags", |n| r(".TP\n.B a\nb\n", n)),
    ("items", |n| r(".IP \\(bu 2\na\n", n)),
    ("indents", |n| r(".RS\na\n", n)),
    ("displays", |n| r(".nf\na\n.fi\n", n)),
    ("tables", |n| format!(".TS\nl l.\n{}.TE\n", r("a\tb\n", n))),
    ("tables that do not end", |n| r(".TS\nl.\na\n", n)),
    ("wide tables", |n| format!(".TS\nl.\n{}\n{}.TE\n", r("a\t", n), r("b\n", n))),
    ("cells over lines", |n| format!(".TS\nl.\n{}.TE\n", r("T{\na\nT}\n", n))),
    ("definitions", |n| r(".de x\n", n)),
    ("equations", |n| r(".EQ\na\n.EN\n", n)),
    ("breaks", |n| r("a\n.br\n", n)),
    ("addresses", |n| r(".UR http://a.test/\nb\n.UE\n", n)),
    ("unknown macros", |n| r(".Xyz a\n", n)),
];

const MDOC: &[Shape] = &[
    ("sections", |n| r(".Sh A\nb\n", n)),
    ("names", |n| format!(".Nm {}\n{}", r("x", 2_000), r(".Nm\n", n))),
    ("options", |n| format!(".Op {}\n", r("Op ", n))),
    ("flags", |n| format!(".Fl {}\n", r("a ", n))),
    ("lists", |n| r(".Bl -bullet\n.It\na\n", n)),
    ("lists that end", |n| r(".Bl -tag\n.It Fl a\nb\n.El\n", n)),
    ("columns", |n| format!(".Bl -column\n.It {}\n", r("a Ta ", n))),
    ("displays", |n| r(".Bd -literal\na\n.Ed\n", n)),
    ("functions", |n| format!(".Fn f {}\n", r("a ", n))),
    ("parameters", |n| format!(".Fo f\n{}", r(".Fa a\n", n))),
    ("links", |n| r(".Lk http://a.test/ b\n", n)),
    ("words", |n| r("a\n", n)),
];

const OPENAPI: &[Shape] = &[
    ("paths", |n| format!("paths:\n{}", each(n, |i| format!("  /a{i}:\n    get: {{summary: x}}\n")))),
    ("parameters of a path", |n| {
        format!(
            "paths:\n  /a:\n    parameters:\n{}{}",
            each(n, |i| format!("    - {{name: p{i}, in: query}}\n")),
            each(8, |i| format!("    {}: {{summary: x}}\n", ["get", "put", "post", "patch", "delete", "head", "options", "trace"][i]))
        )
    }),
    ("references to a long parameter", |n| {
        format!(
            "components:\n  parameters:\n    A: {{name: {}, in: query, description: b}}\npaths:\n  /a:\n    get:\n      parameters:\n{}",
            r("x", n),
            r("      - {$ref: '#/components/parameters/A'}\n", n)
        )
    }),
    ("references to a long body", |n| {
        format!(
            "components:\n  requestBodies:\n    A:\n      content:\n        application/json:\n          schema: {{properties: {{{}}}}}\npaths:\n{}",
            each(n, |i| format!("p{i}: {{type: string}}, ")),
            each(n, |i| format!("  /a{i}: {{post: {{requestBody: {{$ref: '#/components/requestBodies/A'}}}}}}\n"))
        )
    }),
    ("references to long responses", |n| {
        format!(
            "components:\n  responses:\n    A:\n      description: {}\npaths:\n{}",
            r("x", n),
            each(n, |i| format!("  /a{i}: {{get: {{responses: {{200: {{$ref: '#/components/responses/A'}}}}}}}}\n"))
        )
    }),
    ("callbacks", |n| {
        format!(
            "components:\n  callbacks:\n    A: {{b: {{get: {{callbacks: {{c: {{$ref: '#/components/callbacks/A'}}}}}}}}}}\npaths:\n{}",
            each(n, |i| format!("  /a{i}: {{get: {{callbacks: {{c: {{$ref: '#/components/callbacks/A'}}}}}}}}\n"))
        )
    }),
    ("types of types", |n| {
        format!(
            "components: {{schemas: {{A: {{type: [{0}], items: {{type: [{0}], items: {{type: [{0}], items: {{type: [{0}], items: {{type: string}}}}}}}}}}, B: {{properties: {{{1}}}}}}}}}",
            r("array,", 40),
            each(n, |i| format!("p{i}: {{type: string}}, "))
        )
    }),
    ("choices of choices", |n| format!("components: {{schemas: {{A: {{oneOf: [{}]}}}}}}", r("{oneOf: [{oneOf: [{type: a}]}]}, ", n))),
    ("properties of properties", |n| {
        format!(
            "components: {{schemas: {{A: {{properties: {{{}: {{properties: {{{}}}}}}}}}}}}}",
            r("x", 110),
            each(n, |i| format!("p{i}: {{}}, "))
        )
    }),
    ("aliases of one value", |n| format!("x-a: &a {{{}}}\npaths:\n{}", each(n, |i| format!("k{i}: 1, ")), r("  - *a\n", n))),
    ("anchors in anchors", |n| format!("x-a: {}x{}\npaths: {{}}\n", each(100.min(n), |i| format!("&a{i} [")), r("]", 100.min(n)))),
    ("many anchors", |n| format!("x-a:\n{}paths: {{}}\n", each(n, |i| format!("- &a{i} b\n- *a{i}\n")))),
    ("merges", |n| format!("x-a: &a {{b: 1}}\npaths:\n{}", each(n, |i| format!("  /a{i}: {{<<: *a}}\n")))),
    ("flow", |n| format!("x-a: {}\npaths: {{}}\n", r("[", n))),
    ("flow that ends", |n| format!("x-a: [{}]\npaths: {{}}\n", r("a, ", n))),
    ("flow mappings", |n| format!("x-a: {{{}}}\npaths: {{}}\n", each(n, |i| format!("a{i}: b, ")))),
    ("folded text", |n| format!("info:\n  title: T\n  description: >\n{}paths: {{}}\n", r("    word word\n", n))),
    ("quoted text", |n| format!("info:\n  title: \"{}\"\npaths: {{}}\n", r("a\\n ", n))),
    ("keys without values", |n| format!("paths: {{}}\n{}", each(n, |i| format!("? a{i}\n")))),
    ("comments", |n| format!("paths: {{}}\n{}", r("# a\n", n))),
    ("servers", |n| format!("paths: {{}}\nservers:\n{}", r("- {url: http://a.test/}\n", n))),
];

const FEED: &[Shape] = &[
    ("entries", |n| each(n, |i| format!("<item><title>{i}</title><description>a &lt;b&gt;c&lt;/b&gt;</description></item>"))),
    ("entries of long links", |n| {
        r(
            &format!("<item><link>/{}</link><description>{}</description></item>", r("x", 1_500), r("&lt;a href=p&gt;l&lt;/a&gt; ", 20)),
            n / 40 + 1,
        )
    }),
    ("elements in elements", |n| r("<a>", n)),
    ("attributes", |n| format!("<item {}>", each(n, |i| format!("a{i}='b' ")))),
    ("links of many attributes", |n| format!("<item><link {}/></item>", each(n, |i| format!("a{i}='b' ")))),
    ("references", |n| format!("<item><title>{}</title></item>", r("&amp;&x;", n))),
    ("quoted", |n| format!("<item><title>{}</title></item>", r("<![CDATA[a]]>", n))),
    ("comments", |n| r("<!-- a -->", n)),
    ("text", |n| format!("<item><description>{}</description></item>", r("word ", n))),
    ("text that does not end", |n| r("<item><title>a", n)),
];

const NOTEBOOK: &[Shape] = &[
    ("cells", |n| format!("[{}{{}}]", r("{\"cell_type\":\"markdown\",\"source\":\"# a\\n\\nb\"},", n))),
    ("code", |n| {
        format!(
            "[{}{{}}]",
            r("{\"cell_type\":\"code\",\"source\":\"a\\nb\",\"outputs\":[{\"output_type\":\"stream\",\"text\":\"x\"}]},", n)
        )
    }),
    ("outputs", |n| {
        format!("[{{\"cell_type\":\"code\",\"source\":\"a\",\"outputs\":[{}{{}}]}}]", r("{\"output_type\":\"stream\",\"text\":\"x\"},", n))
    }),
    ("colours", |n| {
        format!(
            "[{{\"cell_type\":\"code\",\"source\":\"a\",\"outputs\":[{{\"output_type\":\"stream\",\"text\":\"{}\"}}]}}]",
            r("\\u001b[", n)
        )
    }),
    ("lines", |n| format!("[{{\"cell_type\":\"markdown\",\"source\":[{}\"\"]}}]", r("\"a\\n\",", n))),
];

#[test]
fn html_is_read_in_the_time_that_it_is_long() {
    check("page.html", "text/html", HTML, |body| body);
}

#[test]
fn markdown_is_read_in_the_time_that_it_is_long() {
    check("page.md", "text/markdown", MARKDOWN, |body| body);
}

#[test]
fn components_of_markdown_are_read_in_the_time_that_they_are_long() {
    check("page.mdx", "text/markdown", MARKDOWN, |body| body);
}

#[test]
fn plain_text_is_read_in_the_time_that_it_is_long() {
    check("page.txt", "text/plain", MARKDOWN, |body| body);
}

#[test]
fn other_markup_is_read_in_the_time_that_it_is_long() {
    check("page.rst", "text/plain", RESTRUCTURED, |body| body);
    check("page.adoc", "text/plain", ASCIIDOC, |body| body);
    check("page.org", "text/plain", ORG, |body| body);
}

#[test]
fn manual_pages_are_read_in_the_time_that_they_are_long() {
    check("page.1", "text/troff", MANUAL, |body| format!(".TH A 1\n.SH B\n{body}"));
    check("mdoc.1", "text/troff", MDOC, |body| format!(".Dd May 1, 2024\n.Dt A 1\n.Sh B\n{body}"));
}

#[test]
fn data_is_read_in_the_time_that_it_is_long() {
    check("openapi.yaml", "application/yaml", OPENAPI, |body| format!("openapi: 3.1.0\n{body}"));
    check("feed.xml", "application/rss+xml", FEED, |body| format!("<rss><channel><title>T</title>{body}</channel></rss>"));
    check("page.ipynb", "application/json", NOTEBOOK, |body| format!("{{\"nbformat\":4,\"cells\":{body}}}"));
}

/// What a reader sees of markdown, by itself: the time that it takes is little beside that of reading the page.
#[test]
fn what_is_plain_is_found_in_the_time_that_it_is_long() {
    let shapes: &[Shape] = &[
        ("brackets", |n| r("[", n)),
        ("ends of brackets", |n| r("](", n)),
        ("links without an end", |n| r("[a](b", n)),
        ("links in links", |n| format!("{}{}", r("[", n), r("](x)", n))),
        ("targets in parentheses", |n| r("[a](((", n)),
        ("targets in quotes", |n| r("[a](b \"", n)),
        ("targets in brackets", |n| r("[a](<", n)),
        ("addresses", |n| r("http://(", n)),
        ("addresses in brackets", |n| r("<http://a|", n)),
        ("dots behind an address", |n| format!("http://a{}", r(".", n))),
        ("backticks", |n| each(n, |i| format!("{}a", r("`", i % 40)))),
        ("stars", |n| r("*a **b ***c ", n)),
        ("pipes", |n| format!("|{}|", r("a|", n))),
        ("rulings", |n| r("a|b\n-|-\n", n)),
        ("quotes", |n| format!("{}\n{}", r("> ", n), r("> > # a\n", n))),
        ("fences", |n| r("- ```a`\n~~~\n", n)),
        ("lines", |n| r("a [b\n", n)),
    ];
    for (name, make) in shapes {
        let measured = growth(|parts| {
            let markdown = make(parts);
            let begun = processor_time();
            let plain = model::plain(&markdown);
            (processor_time() - begun, markdown.len(), plain.len())
        });
        assert!(measured.is_ok(), "{name}: {measured:?}");
    }
}

/// Within the data of a page that has no text of its own.
const SHIPPED: &[Shape] = &[
    ("roots in roots", |n| r("{\"type\":\"root\",\"children\":[{\"type\":\"text\",\"value\":\"x\"},", n)),
    ("elements in elements", |n| r("{\"type\":\"p\",\"props\":{\"children\":", n)),
    ("texts beside texts", |n| format!("{{\"props\":[{}]}}", each(n, |i| format!("{{\"title\":\"T\",\"content\":\"<p>{W}{i}</p>\"}},")))),
    ("one text many times", |n| format!("{{\"props\":[{}]}}", r(&format!("{{\"content\":\"<p>{W}</p>\"}},"), n))),
    ("fields without text", |n| format!("{{\"props\":{{{}}}}}", each(n, |i| format!("\"a{i}\":{i},")))),
    ("minimark", |n| {
        format!("{{\"props\":{{\"body\":{{\"type\":\"minimark\",\"value\":[{}]}}}}}}", r("[\"p\",{},\"a text of some words\"],", n))
    }),
    ("brackets", |n| r("[", n)),
    ("calls", |n| r("a(", n)),
    ("quotes", |n| r("\"a\":\"", n)),
    ("backslashes", |n| format!("\"{}", r("\\", n))),
    ("comments", |n| r("/**/", n)),
    ("functions", |n| r("{a:function(){", n)),
    ("places", |n| format!("[{}]", each(n, |i| format!("[{i},{i}],")))),
    ("names of arguments", |n| format!("(function(a){{return [{}]}}(\"{}\"))", r("a,", n), r("x", n))),
    ("names of long arguments", |n| format!("(function(a){{return [{}]}}([{}]))", r("a,", n), r("1,", n))),
    ("parts of a stream", |n| r("self.__next_f.push([1,\"", n)),
    ("rows of a stream", |n| format!("self.__next_f.push([1,\"{}\"])", r("\\n", n))),
    ("rows of a stream with elements", |n| format!("self.__next_f.push([1,\"{}\"])", r("1:[[[[\\n", n))),
];

#[test]
fn data_for_scripts() {
    let json = ["<script id=__NEXT_DATA__ type=application/json>{\"props\":", "<script id=__NUXT_DATA__ type=application/json>"];
    let programs = [("<script>window.__NUXT__=", "arguments"), ("<script>window.__NUXT__=", "calls"), ("<script>", "stream")];
    let named =
        programs.iter().flat_map(|(open, word)| SHIPPED.iter().filter(move |(name, _)| name.contains(word)).map(|shape| (*open, shape)));
    let mut wrong = Vec::new();
    for (open, (name, make)) in json.iter().take(1).flat_map(|open| SHIPPED.iter().map(|shape| (*open, shape))).chain(named) {
        let page = |parts| cost("x", "text/html", &format!("<div id=app></div>{open}{}</script>", make(parts)));
        wrong.extend(growth(page).err().map(|why| format!("{open} {name}: {why}")));
    }
    let (open, (name, make)) = (json[1], SHIPPED.iter().find(|(name, _)| *name == "places").expect("it is in the table"));
    let page = |parts| cost("x", "text/html", &format!("<div id=app></div>{open}{}", make(parts)));
    wrong.extend(growth(page).err().map(|why| format!("{open} {name}: {why}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let shapes: &[Shape] = &[
        ("scripts", |n| r("<script>self.__next_f.push([1,\"0:[\"])</script>", n)),
        ("templates in templates", |n| r("<template><p>a text of some words", n)),
        ("templates", |n| r("<template><p>a text of some words</template>", n)),
        ("noscripts", |n| r("<noscript><p>a text of some words</noscript>", n)),
        ("mounts in mounts", |n| r("<div id=app>", n)),
        ("linked data", |n| r("<script type=application/ld+json>{\"a\":[</script>", n)),
    ];
    check("x", "text/html", shapes, |parts| format!("<div id=app></div><script></script>{parts}"));
}

/// That the measure can fail.
#[test]
fn what_is_quadratic_is_found() {
    let squared = |size: usize| {
        let meter = Budget::new(Duration::MAX).begin();
        let begun = processor_time();
        // More than a square, so that a machine that does other things, too, does not hide it.
        (0..size * size / 4 * size / 100).for_each(|_| assert!(meter.goes_on()));
        (processor_time() - begun, 10 * size, 0)
    };
    assert!(growth(squared).is_err());
}

fn check(path: &str, kind: &str, shapes: &[Shape], around: fn(String) -> String) {
    let only = std::env::var("GROWTH").unwrap_or_default();
    let mut wrong = Vec::new();
    for (name, make) in shapes.iter().filter(|(name, _)| name.contains(&only)) {
        let measured = growth(|parts| cost(path, kind, &around(make(parts))));
        if !only.is_empty() {
            eprintln!("{path}, {name}: {measured:?}");
        }
        if let Err(why) = measured {
            eprintln!("{path}, {name}: {why}");
            wrong.push(format!("{path}, {name}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Time, and the lengths of what was read and of what was made of it.
fn cost(path: &str, kind: &str, body: &str) -> (Duration, usize, usize) {
    let page = Page {
        url: Url::parse("https://docs.test/en/").unwrap().join(path).unwrap(),
        status: 200,
        content_type: Some(kind.to_owned()),
        body: body.as_bytes().to_vec(),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    };
    // Whoever is over it has grown too fast.
    let meter = Budget::new(2 * LONGEST).begin();
    let begun = processor_time();
    let mut written = 0;
    if let Ok(document) = extract::document_within(&page, &meter) {
        let measure = Measure::new(256, &tokens);
        let chunks = chunk::split_for(&document, &Config::default(), Some(&measure), &meter).unwrap_or_default();
        let chunks: usize = chunks.iter().map(|chunk| chunk.passage().len()).sum();
        // What they repeat is told by its excess.
        written = document.markdown.len() + chunks.saturating_sub(8 * document.markdown.len() + 200_000);
    }
    let _ = extract::links_within(&page, &meter);
    (processor_time() - begun, body.len(), written)
}

/// About as many as a model would count, in less time.
fn tokens(text: &str) -> usize {
    2 + text.len().div_ceil(4).max(text.bytes().filter(u8::is_ascii_punctuation).count())
}

/// Doubles a page until it costs something; the doubling after that must cost about as much again.
fn growth(measure: impl Fn(usize) -> (Duration, usize, usize)) -> Result<String, String> {
    let mut parts = 500;
    let mut last = measure(parts);
    loop {
        let (time, length, written) = last;
        if written > 8 * length + 65_536 {
            return Err(format!("{written} bytes of {length}"));
        }
        if time > LONGEST {
            return Err(format!("{time:?} for {length} bytes"));
        }
        if length > LARGEST {
            return Ok(format!("{time:?} for {length} bytes"));
        }
        parts *= 2;
        let next = measure(parts);
        // Some shapes end by themselves.
        if next.1 == length {
            return Ok(format!("{time:?} for all of {length} bytes"));
        }
        let longer = (next.1.max(1) as f64 / length.max(1) as f64).max(1.0);
        if time >= FLOOR && next.0 > time.mul_f64(MOST * longer) {
            // Beside other work even processor time is now more, now less: the least of several is what it costs.
            let least = |parts| (0..CHANCES).map(|_| measure(parts).0).min().expect("there are some");
            let (time, next_time) = (least(parts / 2).min(time), least(parts).min(next.0));
            if next_time > time.mul_f64(MOST * longer) {
                // A step is no growth: from some length on a page is cut in more ways before one fits. What grows, grows on.
                let further = least(parts * 2);
                if further > next_time.mul_f64(MOST * longer) {
                    return Err(format!("{time:?} for {length} bytes, {next_time:?} for {}, {further:?} for twice as many", next.1));
                }
            }
        }
        if time >= FLOOR {
            return Ok(format!("{time:?} for {length} bytes, {:?} for {}", next.0, next.1));
        }
        last = next;
    }
}

/// Less says nothing.
const FLOOR: Duration = Duration::from_millis(60);
const LONGEST: Duration = Duration::from_secs(8);
/// In bytes.
const LARGEST: usize = 1 << 18;
const CHANCES: usize = 4;
/// For each byte that a page is longer: a line has 1, a square 2 for a page of twice the length.
const MOST: f64 = 1.7;

fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
