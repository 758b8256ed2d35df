//! What a page says in elements that others use for their frames is kept, and what only looks like it still goes.

use std::time::SystemTime;

use super::*;

fn page(body: &str) -> Page {
    Page {
        url: Url::parse("https://docs.test/page.html").unwrap(),
        status: 200,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: body.as_bytes().to_vec(),
        depth: 0,
        validators: crate::model::Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    }
}

/// What comes of a part of a page, below its title and a paragraph.
fn part(html: &str) -> String {
    let before = "Text before it is a sentence of some words and more.";
    let markdown = whole(&format!("<title>Kettle guide</title><main><h1>Kettle guide</h1><p>{before}</p>{html}</main>"));
    let (_, part) = markdown.split_once(before).unwrap_or_else(|| panic!("{html}: {markdown}"));
    part.trim().to_owned()
}

fn whole(html: &str) -> String {
    document(&page(html)).unwrap().markdown
}

fn each(cases: &[(&str, &str)]) {
    for (html, expected) in cases {
        assert_eq!(part(html), *expected, "{html}");
    }
}

#[test]
fn numbers_that_are_links_are_text_unless_they_number_lines() {
    each(&[
        (
            "<pre><span class=h2><a class=selflink id=section-1 href='#section-1'>1</a>.  Introduction</span>\n\nSee <a href='#section-1'>1</a> and <a href='#page-3'>3</a> of [<a href='#ref-7'>7</a>].</pre>",
            "```\n1.  Introduction\n\nSee 1 and 3 of [7].\n```",
        ),
        ("<pre>[<a href='#7' id=7>7</a>] Kettles\n<a id=n8 href='#n8'>8</a>. Pots</pre>", "```\n[7] Kettles\n8. Pots\n```"),
        ("<pre>1  Pots ....... <a href='#p3'>3</a>\nsee line <a href='#L12'>12</a></pre>", "```\n1  Pots ....... 3\nsee line 12\n```"),
        ("<pre><a href='#step1'>1</a> first\n<a href='#step2'>2</a> second</pre>", "```\n1 first\n2 second\n```"),
        // Numbers of lines
        ("<pre><a id=L1 href='#L1'>1</a>aa\n<a id=L2 href='#L2'>2</a>bb</pre>", "```\naa\nbb\n```"),
        ("<pre>  <a href='#line-9'>9</a>aa\n <a href='#line-10'>10</a>bb</pre>", "```\n  aa\n bb\n```"),
        ("<pre><a id=n1 href='#n1'>1</a>aa\n<a id=n2 href='#n2'>2</a>bb</pre>", "```\naa\nbb\n```"),
        ("<pre><span><a href='#cb1-1'>1</a></span>aa\n<span><a href='#__codelineno-0-2'>2</a></span>bb</pre>", "```\naa\nbb\n```"),
        ("<pre><a class=line-number href=x>1</a>aa\n<a class=line-number href=x>2</a>bb</pre>", "```\naa\nbb\n```"),
    ]);
}

#[test]
fn listings_and_tables_stay_whatever_is_around_them() {
    let code = "<pre class=language-js><code class=language-js>const a = 1\ngo(a)</code></pre>";
    let copy = "<div class=toolbar><div class=toolbar-item><button>Copy</button></div></div>";
    let expected = "```javascript\nconst a = 1\ngo(a)\n```";
    for around in [
        "div class=code-toolbar",
        "figure class=code-toolbar",
        "section class=code-share",
        "div class=sidebar-code",
        "div class=example-banner",
        "aside class=sidebar",
    ] {
        let name = around.split(' ').next().unwrap();
        assert_eq!(part(&format!("<{around}>{code}{copy}</{name}>")), expected, "{around}");
    }
    // Without an element that is called the content
    let text = "Kettles boil water, and water makes tea when it has boiled for long enough. ".repeat(4);
    let page = format!("<title>Kettles</title><body><h1>Kettles</h1><p>{text}</p><div class=code-toolbar>{code}{copy}</div><p>{text}</p>");
    assert!(whole(&page).contains(expected), "{}", whole(&page));
    each(&[
        (
            "<div class=table-toolbar><table><tr><th>Name<th>Size</tr><tr><td>kettle<td>large</tr></table><button>Export</button></div>",
            "| Name | Size |\n| --- | --- |\n| kettle | large |",
        ),
        ("<div class=toolbar><button>Copy</button><a href=x>Raw view of it</a></div>", ""),
        ("<div class=sidebar><pre>1\n2\n3</pre><button>Copy</button></div>", ""),
        ("<div class=navfooter><table><tr><th>SELECT</tr><tr><td><a href=x>Up</a></tr></table></div>", ""),
        ("<div class=share-banner><a href=x>Tweet this page</a><button>Share</button></div>", ""),
    ]);
}

#[test]
fn buttons_are_read_where_they_are_text() {
    each(&[
        (
            "<h3><button aria-expanded=false>Installation</button></h3><div hidden><p>Run the installer.</p></div>",
            "### Installation\n\nRun the installer.",
        ),
        (
            "<h3><button aria-expanded=false>どうやって使いますか</button></h3><div hidden>こう。</div>",
            "### どうやって使いますか\n\nこう。",
        ),
        ("<dl><dt><button aria-expanded=false>Pricing</button></dt><dd hidden>Free of charge.</dd></dl>", "**Pricing**\\\nFree of charge."),
        ("<h3 role=button aria-expanded=false>Setup</h3><div hidden><p>Plug it in.</p></div>", "### Setup\n\nPlug it in."),
        ("<details><summary><button>Options</button></summary><p>Many.</p></details>", "**Options**\n\nMany."),
        (
            "<table><thead><tr><th><button>Name</button></th><th><button>Size (kB)</button></th></tr></thead><tr><td>a</td><td>1</td></tr></table>",
            "| Name | Size (kB) |\n| --- | --- |\n| a | 1 |",
        ),
        ("<p>Click <button>Save</button> and then <button>Close</button>.</p>", "Click Save and then Close."),
        ("<ul><li><button>Run</button> starts it.</li></ul>", "- Run starts it."),
        (
            "<div class=opblock><button aria-expanded=true><span class=method>GET</span><span class=path>/pots/{id}</span><div>Get a pot</div></button><p>Gives one pot by its id.</p></div>",
            "GET /pots/{id}\n\nGet a pot\n\nGives one pot by its id.",
        ),
        ("<button class=copy-button><code>npm i kettle</code></button>", "`npm i kettle`"),
        // And elsewhere they are not.
        ("<h2>Title<button>Copy link</button></h2><p>Text.</p>", "## Title\n\nText."),
        ("<p>Text. <button>Send feedback</button></p>", "Text."),
    ]);
}

#[test]
fn examples_in_fields_are_listings() {
    each(&[
        (
            "<textarea class='Documentation-exampleCode code' spellcheck=false>package main\n\nfunc main() {\n\tkettle.New(3)\n}\n</textarea>",
            "```go\npackage main\n\nfunc main() {\n\tkettle.New(3)\n}\n```",
        ),
        ("<textarea class=language-js>go(a)</textarea>", "```javascript\ngo(a)\n```"),
        ("<div><textarea class=code>go(a)</textarea></div><div><pre class=language-js>go(a)</pre></div>", "```javascript\ngo(a)\n```"),
        ("<textarea class=comment-code>Say something</textarea>", ""),
        ("<textarea name=q>Say something</textarea>", ""),
    ]);
}

#[test]
fn all_tabs_of_buttons_and_choices_are_read_with_their_labels() {
    let linux_and_mac = "Linux\n\nUse apt.\n\nMac\n\nUse brew to install it.";
    each(&[
        (
            "<div class=tab><button class=tablinks>Linux</button><button class=tablinks>Mac</button></div><div id=L class=tabcontent style='display:block'><p>Use apt.</p></div><div id=M class=tabcontent style='display:none'><p>Use brew to install it.</p></div>",
            linux_and_mac,
        ),
        (
            "<div class=tab><button class=tablinks onclick=\"show(event, 'M')\">Mac</button><button class=tablinks onclick=\"show(event, 'L')\">Linux</button></div><div id=L class=a><p>Use apt.</p></div><div id=M class=b style='display:none'><p>Use brew to install it.</p></div>",
            linux_and_mac,
        ),
        (
            "<div class=tabs><button class='tab active'>Linux</button><button class=tab>Mac</button></div><div class=boxes><div class='box active'><p>Use apt.</p></div><div class='box hidden'><p>Use brew to install it.</p></div></div>",
            linux_and_mac,
        ),
        (
            "<div class=tabs><button class='tab active'>curl</button><button class=tab>Node</button></div><div class=panes><pre>curl x</pre><pre class=hidden>node x</pre></div>",
            "curl\n\n```\ncurl x\n```\n\nNode\n\n```\nnode x\n```",
        ),
        (
            "<div class=tabset><input type=radio id=a checked><label for=a>Linux</label><input type=radio id=b><label for=b>Mac</label><div class=tab-panels><section><p>Use apt.</p></section><section><p>Use brew to install it.</p></section></div></div>",
            linux_and_mac,
        ),
        (
            "<div class=tabs><input type=radio id=a checked><label for=a>Linux</label><div class=tab><p>Use apt.</p></div><input type=radio id=b><label for=b>Mac</label><div class=tab><p>Use brew to install it.</p></div></div>",
            linux_and_mac,
        ),
        // A choice that shows nothing else.
        ("<div><input type=radio><label>Yes</label><input type=radio><label>No</label></div><p>After.</p>", "Yes\n\nNo\n\nAfter."),
        // One panel for all of them, more or less of it.
        (
            "<div role=tablist><button role=tab aria-controls=p>All Methods</button><button role=tab aria-controls=p>Static Methods</button></div><div role=tabpanel id=p><p>Pours out.</p></div>",
            "Pours out.",
        ),
        // A menu that is not shown.
        ("<div><button>File</button><div class=hidden><a href=x>Open a file</a> <a href=y>Close it</a></div></div>", ""),
    ]);
}

#[test]
fn cells_that_show_a_sign_say_what_it_means() {
    let table = |cells: &str| part(&format!("<table><tr><th>Feature<th>Here<th>There</tr><tr><td>SSO</td>{cells}</tr></table>"));
    for cells in [
        "<td><svg aria-hidden=true></svg><span class=sr-only>No</span></td><td><i class=icon-check></i><span class=visually-hidden>Yes</span></td>",
        "<td><i class='fa fa-times' title=No></i></td><td><span aria-label=Yes></span></td>",
        "<td><svg role=img aria-label=No><title>No</title></svg></td><td><svg><title>Yes</title></svg></td>",
        "<td><button title='Show it'></button><img alt=No src=data:x></td><td title=Yes></td>",
    ] {
        assert_eq!(table(cells), "| Feature | Here | There |\n| --- | --- | --- |\n| SSO | No | Yes |", "{cells}");
    }
    let boxes = "<td><input type=checkbox checked disabled></td><td><input type=checkbox disabled></td>";
    assert_eq!(table(boxes), "| Feature | Here | There |\n| --- | --- | --- |\n| SSO | [x] | [ ] |");
    // What a row is chosen by, what else is told of a text, and what a click does.
    let none = "<td><input type=checkbox></td><td>b<span class=sr-only>(for ears)</span><a href=x aria-label=Edit></a></td>";
    assert_eq!(table(none), "| Feature | Here | There |\n| --- | --- | --- |\n| SSO |  | b |");
    assert_eq!(
        part(
            "<ul class=checklist><li><p><i class='fa fa-check-square-o'></i> done</p></li><li><p><i class='fa fa-square-o'></i> open</p></li></ul>"
        ),
        "- [x] done\n- [ ] open"
    );
    assert_eq!(part("<ul><li><i class='fa fa-square'></i> Pots<li><i class='far fa-square'></i> Pans</ul>"), "- Pots\n- [ ] Pans");
}

#[test]
fn who_said_it_stands_below_what_is_quoted() {
    each(&[
        (
            "<blockquote class=blockquote><p>Simple is better.</p><footer class=blockquote-footer>Tim Peters, <cite>The Zen</cite></footer></blockquote>",
            "> Simple is better.\n>\n> — Tim Peters, *The Zen*",
        ),
        (
            "<blockquote><p>Simple is better.</p><div class=quote-footer>— Tim Peters</div></blockquote>",
            "> Simple is better.\n>\n> — Tim Peters",
        ),
        (
            "<figure><blockquote><p>Simple is better.</p></blockquote><footer>Tim Peters</footer></figure>",
            "> Simple is better.\n\nTim Peters",
        ),
        // A card's
        ("<ul><li><p>Kettles boil water.</p><footer><a href=x>Read more of it</a></footer></li></ul>", "- Kettles boil water."),
    ]);
}

#[test]
fn rows_stand_where_they_are_shown() {
    each(&[
        (
            "<table><tfoot><tr><td>Total<td>9</tr></tfoot><thead><tr><th>Item<th>n</tr></thead><tbody><tr><td>a<td>9</tr></tbody></table>",
            "| Item | n |\n| --- | --- |\n| a | 9 |\n| Total | 9 |",
        ),
        // A second head is a row like others.
        (
            "<table><thead><tr><th>A<th>B</tr></thead><tbody><tr><td>1<td>2</tr></tbody><thead><tr><th>C<th>D</tr></thead></table>",
            "| A | B |\n| --- | --- |\n| 1 | 2 |\n| C | D |",
        ),
        ("<table><tr><th>A<th>B</tr><tr><td rowspan=0>x<td>1</tr><tr><td>2</tr></table>", "| A | B |\n| --- | --- |\n| x | 1 |\n|  | 2 |"),
        (
            "<table><tbody><tr><td rowspan=5>x<td>1</tr></tbody><tbody><tr><td>y<td>2</tr></tbody></table>",
            "| x | 1 |\n| --- | --- |\n| y | 2 |",
        ),
        ("<table><tr><th colspan=1000>Pots</tr><tr><td>a<td>1</tr></table>", "| Pots |  |\n| --- | --- |\n| a | 1 |"),
    ]);
}

#[test]
fn tables_have_all_their_columns() {
    let row = |name: &str, letter: char| (0..65).map(|column| format!("<{name}>{letter}{column}</{name}>")).collect::<String>();
    let lines = |letter: char| (0..65).map(|column| format!(" {letter}{column} |")).collect::<String>();
    assert_eq!(
        part(&format!("<table><tr>{}</tr><tr>{}</tr></table>", row("th", 'h'), row("td", 'v'))),
        format!("|{}\n|{}\n|{}", lines('h'), " --- |".repeat(65), lines('v'))
    );
    // What would be far more places than cells is text.
    let tall: String = (0..300).map(|_| "<tr><td>x</td></tr>").collect();
    let wide: String = (0..300).map(|column| format!("<td rowspan=300>w{column}</td>")).collect();
    let text = part(&format!("<table><tr>{wide}</tr>{tall}</table>"));
    assert!(!text.contains('|') && text.contains("w0") && text.contains("w299"), "{text}");
}

#[test]
fn heads_of_rows_that_are_sections_are_told_once_at_least() {
    let long = "Longer description of what the option does and which values it takes";
    let code = "<pre>1\n2\n3\n4\n5\n6\n</pre>";
    each(&[
        (
            &format!("<table><tr><th>Option</th><th>{long}</th></tr><tr><td>a</td><td><p>x</p>{code}</td></tr></table>"),
            &format!(
                "**{long}**\n\n**Option**\\\na\n\n**Longer description of what the option does and which…**\\\nx\n\n```\n1\n2\n3\n4\n5\n6\n```"
            ),
        ),
        (
            &format!(
                "<table><tr><th>Name</th><th>Notes</th><th>Unfilled</th></tr><tr><td>K1</td><td><p>x</p>{code}</td><td></td></tr></table>"
            ),
            "**Unfilled**\n\n**Name**\\\nK1\n\n**Notes**\\\nx\n\n```\n1\n2\n3\n4\n5\n6\n```",
        ),
        (
            &format!(
                "<table><tr><th>Name</th><th></th></tr><tr><td>K1</td><td><p>x</p>{code}</td></tr><tr><td>K2</td><td></td></tr></table>"
            ),
            "**Name**\\\nK1\n\nx\n\n```\n1\n2\n3\n4\n5\n6\n```\n\n**Name**\\\nK2",
        ),
    ]);
}

#[test]
fn what_is_left_out_of_listings_is_counted() {
    let told = |html: &str| {
        let document =
            document(&page(&format!("<title>Kettles</title><main><h1>Kettles</h1><p>Some text of it.</p>{html}</main>"))).unwrap();
        document.notes.into_iter().filter(|note| note.rule == "mark").map(|note| (note.words, note.begins)).collect::<Vec<_>>()
    };
    assert_eq!(told("<pre><span class=lineno>1</span> a\n<span class=lineno>2</span> b</pre>"), [(2, "1 2".to_owned())]);
    assert_eq!(told("<figure class=highlight><pre>1\n2</pre><pre>a\nb</pre></figure>"), [(2, "1 2".to_owned())]);
    assert_eq!(told("<pre>1\n2</pre><pre>a <span class=lineno>12</span>\nb</pre>"), []);
}

#[test]
fn sentences_that_begin_as_phrases_of_sites_do_are_text() {
    let kept = [
        "Last modified by the kernel, the page is written back.",
        "Last updated values win over older ones in the cache.",
        "Last updated values of 3 caches win over older ones.",
        "Edit this page to change the greeting that it shows.",
        "Copy page by page until all are copied.",
        "Powered by Mintlify and by steam",
        "It takes 5 min to read.",
    ];
    for text in kept {
        assert_eq!(part(&format!("<p>{text}</p>")), text);
    }
    for text in [
        "Last updated on May 20, 2024",
        "Last modified: 2024-05-20 09:00",
        "Last updated 3 months ago.",
        "Last updated by Ann Author",
        "Last updated: 4 days",
        "Last modified <time>yesterday</time> by Ann Author",
        "This page was last modified on 3 January 2024, at 10:00.",
        "<a href=x>Edit this page on the site of its sources</a>.",
        "Was this page helpful?",
        "Copy page",
        "Ask AI about this page",
        "Powered by <a href=https://mintlify.test>Mintlify</a>",
        "5 min read",
        "~12 minutes to read",
        "Subscribe to our newsletter",
    ] {
        assert_eq!(part(&format!("<p>{text}</p>")), "", "{text}");
    }
}

#[test]
fn words_of_a_sentence_are_no_phrases_of_the_site() {
    each(&[
        ("<p>Click on <strong>Edit this page</strong> at the bottom.</p>", "Click on **Edit this page** at the bottom."),
        ("<p>Click <a href=e>Edit this page</a> there.</p>", "Click [Edit this page](https://docs.test/e) there."),
        ("<p>Use the <q>Suggest edits</q> link.</p>", "Use the “Suggest edits” link."),
        ("<ol><li>Choose <b>Report an issue with this page</b>.</ol>", "1. Choose **Report an issue with this page**."),
        ("<p>The <a href=a>Ask AI</a> button, <span>Copy page</span> too.</p>", "The [Ask AI](https://docs.test/a) button, Copy page too."),
        ("<ul><li><b>Edit this page</b> opens the editor.<li>More</ul>", "- **Edit this page** opens the editor.\n- More"),
        ("<p>点击<b>Edit this page</b>按钮</p>", "点击**Edit this page**按钮"),
        ("<p>A device in the state <em>advertisement</em> sends.</p>", "A device in the state *advertisement* sends."),
        ("<h3>Advertisement</h3><p>Devices send packets.</p>", "### Advertisement\n\nDevices send packets."),
        ("<ul><li>Min read<li>Advertisement</ul>", "- Min read\n- Advertisement"),
        (
            "<table><tr><th>Button<th>Does</tr><tr><td><a href=e>Edit this page</a><td>Edits</tr><tr><td>Last updated<td>May 2024</tr></table>",
            "| Button | Does |\n| --- | --- |\n| [Edit this page](https://docs.test/e) | Edits |\n| Last updated | May 2024 |",
        ),
    ]);
    // Beside a sentence, or a row of such things, they are.
    each(&[
        ("<p>Something is missing? <a href=e>Edit this page</a></p>", "Something is missing?"),
        ("<p><span>Edit this page</span> | <span>Print</span></p>", ""),
        ("<p><a href=e>Edit this page</a> on the site of its sources</p>", ""),
        ("<div>Kettles <span>Advertisement</span></div>", "Kettles"),
        ("<p>May 20 · <span>5 min read</span></p>", "May 20 ·"),
        ("<table><tr><td>Last modified: 2024-05-20</tr></table>", ""),
    ]);
}

/// A link is not for the reader's way through the site because of its first word.
#[test]
fn links_that_are_words_of_the_text_stay() {
    each(&[
        ("<p>For React, see <a href=https://n.test/>Next.js</a>.</p>", "For React, see [Next.js](https://n.test/)."),
        ("<p><a href=x>Next-generation sequencing</a> is a method.</p>", "[Next-generation sequencing](https://docs.test/x) is a method."),
        ("<p>Call <a href=x><code>Next</code></a> until it is false.</p>", "Call [`Next`](https://docs.test/x) until it is false."),
        ("<h2><a href=/n>Next.js</a></h2><p>It runs.</p>", "## Next.js\n\nIt runs."),
        ("<ul><li><a href=/n>Next.js guide</a><li>Nuxt</ul>", "- [Next.js guide](https://docs.test/n)\n- Nuxt"),
        (
            "<table><tr><th>Method<th>Does</tr><tr><td><a href=n>Next()</a><td>draws</tr><tr><td><a href=p>Previous</a><td>goes back</tr></table>",
            "| Method | Does |\n| --- | --- |\n| [Next()](https://docs.test/n) | draws |\n| [Previous](https://docs.test/p) | goes back |",
        ),
        (
            "<p>Builtins: <a href=x><code>cd</code></a>, <a href=y><code>source</code></a> and <a href=z>fork</a>.</p>",
            "Builtins: [`cd`](https://docs.test/x), [`source`](https://docs.test/y) and [fork](https://docs.test/z).",
        ),
        ("<p>Attributes: <a href=x>src</a>, <a href=y>alt</a>.</p>", "Attributes: [src](https://docs.test/x), [alt](https://docs.test/y)."),
        (
            "<table><tr><th>Command<th>Does</tr><tr><td><a href=cmd-edit.html>edit</a><td>edits</tr></table>",
            "| Command | Does |\n| --- | --- |\n| [edit](https://docs.test/cmd-edit.html) | edits |",
        ),
        ("<h2><a href=q>Quote</a></h2><p>It quotes.</p>", "## Quote\n\nIt quotes."),
        ("<ul><li><p><a href=f>Fork</a>: makes one</p></ul>", "- [Fork](https://docs.test/f): makes one"),
        (
            "<table><tr><th>Operator<th>Does</tr><tr><td><a href='#add'>+</a><td>adds</tr><tr><td><a href='#or'><code>||</code></a><td>or</tr></table>",
            "| Operator | Does |\n| --- | --- |\n| [+](https://docs.test/page.html#add) | adds |\n| [`\\|\\|`](https://docs.test/page.html#or) | or |",
        ),
        ("<p>The <a href='#q'><code>?</code></a> operator.</p>", "The [`?`](https://docs.test/page.html#q) operator."),
        ("<h2>Edit this page</h2><p>Click the pen.</p>", "## Edit this page\n\nClick the pen."),
        ("<h3>Last updated</h3><p>The field tells when.</p>", "### Last updated\n\nThe field tells when."),
        ("<p>Last modified time (mtime) in 2024 format</p>", "Last modified time (mtime) in 2024 format"),
        ("<p>Last updated by the cron job</p>", "Last updated by the cron job"),
        ("<p>Rate this page to 5 requests a second using limit_req</p>", "Rate this page to 5 requests a second using limit_req"),
    ]);
    for html in [
        "<p><a href=2.html>Next</a></p>",
        "<div><a href=1.html>Previous</a> | <a href=2.html>Next</a></div>",
        "<p><a href=2.html>Next: Installing</a></p>",
        "<p><a href=2.html>Next chapter »</a></p>",
        "<div><a href=2.html><span>Next</span> <span>Installing</span></a></div>",
        "<div><a href=e>edit</a> · <a href=r>reply</a></div>",
        "<p><a href=src/lib.rs.html#L4>[source]</a></p>",
        "<h2 id=x><a href='#x'>#</a></h2>",
    ] {
        assert_eq!(part(html), "", "{html}");
    }
    assert_eq!(part("<h2 id=x>Pots <a href='#x'>§</a></h2><p>Warm.</p>"), "## Pots\n\nWarm.");
    assert_eq!(part("<h2>Pots <a href=edit.php>edit</a></h2><p>Warm.</p>"), "## Pots\n\nWarm.");
    assert_eq!(part("<p>f :: Int <a href=src/F.html>Source</a></p>"), "f :: Int");
}

#[test]
fn short_texts_of_a_class_stay_and_words_are_not_glued() {
    each(&[
        ("<div class=banner>Danger: high voltage is inside.</div>", "Danger: high voltage is inside."),
        ("<div class=promo>New in 3.0: the <code>--fast</code> flag.</div>", "New in 3.0: the `--fast` flag."),
        ("<section><header><p>Since version 1.1 of it.</p></header><p>It boils.</p></section>", "Since version 1.1 of it.\n\nIt boils."),
        ("<p>one<img src=x>two</p>", "one two"),
        ("<label>User</label><input><label>Password</label>", "User Password"),
        ("<p>Press it<button>x</button>.</p>", "Press it."),
        ("<ol reversed><li>x<li>y<li>z</ol>", "3. x\n2. y\n1. z"),
        ("<ol reversed start=5><li>x<li>y</ol>", "5. x\n4. y"),
        (
            "<table style='background:white'><tr style='background:navy'><th style='color:white'>Option<th style='color:white'>Is</tr><tr><td>a<td>b</tr></table>",
            "| Option | Is |\n| --- | --- |\n| a | b |",
        ),
        (
            "<div style='background:#fff'><p>It is <span style='color:#fff;background:var(--green)'>STABLE</span>.</p></div>",
            "It is STABLE.",
        ),
        ("<div style='background:#fff'><p>It is <span style='color:#fff'>HIDDEN</span> so.</p></div>", "It is so."),
        ("<div class=banner><a href=x>Try the new one</a></div>", ""),
    ]);
    let page = document(&page("<title>T</title><main><h1>Kettle</h1><p>Words of it.</p><h2><a href='#other'>See the options</a></h2><p>y</p><h2 id=other>Options</h2><p>z</p><h2><a href='#more-pots'>More pots</a></h2><p>z</p></main>")).unwrap();
    let anchors: Vec<_> = page.outline.iter().map(|heading| heading.anchor.as_deref()).collect();
    assert_eq!(anchors, [None, None, Some("other"), Some("more-pots")]);
}

#[test]
fn lines_that_are_taken_out_or_put_in_are_marked() {
    let line = |class: &str, text: &str| format!("<span class='line {class}'><span>{text}</span></span>\n");
    let lines = |out: &str, put: &str| {
        [line("", "a"), line("diff remove", out), line("diff add", put), "<span class=line></span>\n".to_owned(), line("", "d")].concat()
    };
    each(&[
        (&format!("<pre class='shiki language-ts'><code>{}</code></pre>", lines("b", "c")), "```diff\n a\n-b\n+c\n\n d\n```"),
        // They have their marks already.
        (&format!("<pre class=language-ts><code>{}</code></pre>", lines("-b", "+c")), "```typescript\na\n-b\n+c\n\nd\n```"),
        (
            "<pre data-language=js><code><div class=ec-line><div class=code>a</div></div><div class='ec-line highlight del'><div class=code>  b</div></div><div class='ec-line ins'><div class=code>c</div></div></code></pre>",
            "```diff\n a\n-  b\n+c\n```",
        ),
        (
            "<table class=diff-table><tr><td class=blob-num data-line-number=1></td><td class='blob-code blob-code-deletion'><span data-code-marker='-'>old</span></td></tr><tr><td class=blob-num></td><td class='blob-code blob-code-addition'>new</td></tr></table>",
            "```diff\n-old\n+new\n```",
        ),
        (
            "<div class=code-box><div class=line>x</div><div class=line>&nbsp; &nbsp;</div><div class=line>y</div><div class='line diff remove'>a</div><div class='line diff add'>b</div></div>",
            "```diff\n x\n\n y\n-a\n+b\n```",
        ),
        (
            "<pre class=language-js><code><span class='line highlighted'>a</span>\n<span class='line add'>b</span></code></pre>",
            "```javascript\na\nb\n```",
        ),
    ]);
}

#[test]
fn listings_keep_their_lines_in_whatever_they_stand() {
    each(&[
        ("<code><pre>line one\n  line two</pre></code>", "```\nline one\n  line two\n```"),
        ("<p>Text.</p><tt><pre>a\nb</pre></tt>", "Text.\n\n```\na\nb\n```"),
        ("<div class=mermaid>graph TD\n A--&gt;B</div>", "```mermaid\ngraph TD\n A-->B\n```"),
        ("<pre>a<hr>b\n<hr>c</pre>", "```\na\nb\nc\n```"),
        ("<pre><table><tr><td>a</td><td>b</td></tr><tr><td>+</td><td>c</td></tr></table></pre>", "```\na b\n+c\n```"),
        (
            "<div class=code-block><div class=code-line><span class=num>1</span>aa</div><div class=code-line><span class=num>2</span>  bb</div></div>",
            "```\naa\n  bb\n```",
        ),
        (
            "<div class=code-block><div class=code-line><span class=num>7</span> + x</div><div class=code-line><span class=num>3</span> + y</div></div>",
            "```\n7 + x\n3 + y\n```",
        ),
        ("<p>Call <code>level(int&nbsp;a)</code>.</p>", "Call `level(int a)`."),
        (
            "<figure><figcaption><span>app.js</span><a href='/x'>link</a></figcaption><pre>go()</pre></figure>",
            "app.js [link](https://docs.test/x)\n\n```\ngo()\n```",
        ),
    ]);
}

#[test]
fn what_few_pages_have_is_read_as_browsers_show_it() {
    each(&[
        ("<p><ruby>北<rt>bei</rt>京<rt>jing</rt></ruby>へ</p>", "北(bei)京(jing)へ"),
        ("<p><ruby>漢字<rtc><rt>kanji</rt></rtc></ruby></p>", "漢字(kanji)"),
        ("<p><ruby>漢字<rp>(</rp><rt>kanji</rt><rp>)</rp></ruby></p>", "漢字(kanji)"),
        ("<h2><img alt='How it boils' src=l.png></h2><p>Slowly.</p>", "## How it boils\n\nSlowly."),
        ("<h3><img alt='A lens' src=l.png></h3><p>Slowly.</p>", "Slowly."),
        ("<h2><a href='/'><img alt='Logo' src=l.png></a></h2><p>Slowly.</p>", "Slowly."),
        ("<h2>Boiling <img alt='A kettle' src=l.png></h2>", "## Boiling"),
        ("<dialog open><p>Shown at once.</p></dialog><dialog><p>Shown later.</p></dialog>", "Shown at once."),
        ("<noframes><p>No frames.</p></noframes><p>Text.</p>", "Text."),
    ]);
    let frames = "<title>F</title><frameset cols='*,*'><frame src=a.html><noframes><body><h1>Kettles</h1><p>See <a href=b.html>the pots</a>.</p></body></noframes></frameset>";
    assert_eq!(whole(frames), "# Kettles\n\nSee [the pots](https://docs.test/b.html).");
    assert_eq!(links(&page(frames)).links.iter().map(Url::path).collect::<Vec<_>>(), ["/a.html", "/b.html"]);
    let xml = "<!DOCTYPE html [<!ENTITY prod \"Kettle\">]><html xmlns='http://www.w3.org/1999/xhtml'><head><title>T</title></head><body><p>The &prod; boils.</p></body></html>";
    let xml = document(&Page { content_type: Some("application/xhtml+xml".to_owned()), ..page(xml) }).unwrap();
    assert_eq!((xml.title.as_str(), xml.markdown.as_str()), ("T", "The Kettle boils."));
    let doxygen = "<title>K: kettle.h</title><body><div id=top><div id=titlearea><div id=projectname>K<span id=projectnumber>&#160;2.1</span></div></div></div><div class=header><div class=headertitle><div class=title>kettle.h</div></div></div><div class=contents><p>Boils water, and does so until it is told to stop by somebody.</p></div>";
    assert!(!whole(doxygen).contains("2.1"), "{}", whole(doxygen));
    // Of others it is their title.
    assert_eq!(part("<div id=titlearea><h2>Pots and pans</h2></div><p>They are warm."), "## Pots and pans\n\nThey are warm.");
}

/// What the whole page has, of these.
fn holds(html: &str, wanted: &[&str], unwanted: &[&str]) {
    let markdown = whole(html);
    for text in wanted {
        assert!(markdown.contains(text), "{text}: {markdown}");
    }
    for text in unwanted {
        assert!(!markdown.contains(text), "{text}: {markdown}");
    }
}

const WORDS: &str = "<p>The kettle is put on the stove, and nobody leaves before the water in it boils over, which takes some time.</p>";

#[test]
fn who_runs_no_scripts_is_sent_on_alone() {
    let forward = "<meta http-equiv=refresh content='0; url=noscript.html'>";
    let page_of = |head: &str| page(&format!("<head>{head}<title>Kettles</title></head><h1>Kettles</h1><p>Of steel.</p>"));
    assert_eq!(document(&page_of(&format!("<noscript>{forward}</noscript>"))).unwrap().markdown, "# Kettles\n\nOf steel.");
    assert!(matches!(document(&page_of(forward)), Err(Skip::Moved(_))));
}

#[test]
fn a_theme_of_manuals_may_call_each_page_an_article() {
    let body = format!(
        "itemtype='http://schema.org/Article'><div itemprop=articleBody><h1>Pots</h1>{WORDS}<figure><img alt='A pot' src=p.png><figcaption>How a pot pours.</figcaption></figure>{WORDS}</div>"
    );
    holds(
        &format!("<title>Pots</title><div class=rst-content><div role=main class=document itemscope {body}</div></div>"),
        &["# Pots\n", "How a pot pours."],
        &[],
    );
    // A story has its title beside it.
    holds(&format!("<title>Pots</title><div class=post><div itemscope {body}</div></div>"), &[], &["# Pots\n"]);
}

#[test]
fn arrows_that_lead_through_a_manual_are_none_of_its_text() {
    let arrow = |name: &str| format!("<a href='{name}.html'><img src='{name}.png' alt='{name}'></a>");
    let table = format!(
        "<div class=navheader><table><tr><th colspan=3>Pots of the house</th></tr><tr><td>{}</td><th>Chapter 2. All that boils</th><td>{}</td></tr></table></div>",
        arrow("Prev"),
        arrow("Next")
    );
    holds(
        &format!("<title>Pots of the house</title><body>{table}<div class=section><h2>Pots of the house</h2>{WORDS}{WORDS}{WORDS}</div>"),
        &["## Pots of the house"],
        &["Prev", "Next", "All that boils"],
    );
    let row = format!("<div>{}&nbsp; {}</div>", arrow("Contents"), arrow("Search"));
    holds(
        &format!("<title>Pots</title><body>{row}<hr><h1>Pots</h1>{WORDS}<p>{}</p>", arrow("Lid")),
        &["# Pots", "Lid"],
        &["Contents", "Search"],
    );
    each(&[
        ("<p>Pots.</p><div class=top><a href='#page-header'><img alt=top src=up.gif></a></div>", "Pots."),
        (
            "<p>Pots.</p><a href='#lid'><img alt='The lid' src=lid.gif></a>",
            "Pots.\n\n[![The lid](https://docs.test/lid.gif)](https://docs.test/page.html#lid)",
        ),
        ("<a href=a.html>&lt;-previous</a><a href=b.html>next-&gt;</a><h2>Lids</h2><p>Of steel.</p>", "## Lids\n\nOf steel."),
        ("<p>Call <a href=b.html>next</a> until it is over.</p>", "Call [next](https://docs.test/b.html) until it is over."),
    ]);
}

#[test]
fn tables_around_notes_are_frames() {
    let note = |class: &str, rest: &str| {
        format!(
            "<div class={class}><table><tr><td rowspan=2><img alt='[Astuce]' src=t.png></td><th>Astuce</th></tr><tr><td><p>Fill it.</p>{rest}</td></tr></table></div>"
        )
    };
    each(&[(&note("tip", ""), "**Astuce**\n\nFill it."), (&note("note", "<p>Boil it.</p>"), "**Astuce**\n\nFill it.\n\nBoil it.")]);
    // A table in a section that is called something else keeps its picture.
    assert!(part(&note("tips", "")).contains("t.png"));
}

#[test]
fn types_of_parameters_stand_apart_from_their_names() {
    each(&[
        ("<dl><dt><strong>cups</strong><span class=classifier>int</span></dt><dd>How many.</dd></dl>", "**cups** : int\\\nHow many."),
        (
            "<dl><dt>cups<span class=classifier-delimiter>:</span> <span class=classifier>int</span></dt><dd>How many.</dd></dl>",
            "**cups: int**\\\nHow many.",
        ),
        ("<h2><a href=a>Tea</a><span class=sep></span><a href=b>Kettle</a><span class=sep></span>boil</h2>", "## Tea Kettle boil"),
        ("<p>Tea<span></span>Kettle</p>", "TeaKettle"),
        ("<ul><li>1<tt>&nbsp;&nbsp;</tt>Introduction</li></ul>", "- 1 Introduction"),
        (
            "<table><tr><th>A<th>B</tr><tr><td>boil()<td><span class=mlabel>inline</span><span class=mlabel>virtual</span></tr></table>",
            "| A | B |\n| --- | --- |\n| boil() | inline virtual |",
        ),
    ]);
}

#[test]
fn a_name_within_a_sentence_is_no_title() {
    let line = "<p>Directory of the <span class=command><strong>kettle</strong></span> executable, which is looked for first.</p><p>Made by this <strong>kettle</strong></p>";
    holds(
        &format!(
            "<title>kettle</title><body><div><h2>Name</h2>{WORDS}</div><div><h2>Synopsis</h2><p><a href=a>kettle</a> [<a href=b>--boil</a>] [<a href=c>--pour</a>]</p></div>{line}{WORDS}"
        ),
        &["## Synopsis", "--boil", "Directory of the **kettle** executable"],
        &["# kettle"],
    );
    // Alone on its line it is one.
    holds(&format!("<title>Kettle guide</title><body><p><b>Kettle guide</b></p>{WORDS}{WORDS}"), &["# Kettle guide\n"], &[]);
}

#[test]
fn a_heading_may_say_more_than_the_title() {
    let page = |title: &str, own: &str| {
        format!(
            "<title>{title}</title><body><div class=header><div class=headertitle><div class=title>{own}</div></div></div><div class=contents>{WORDS}{WORDS}</div>"
        )
    };
    holds(&page("Tea: Member List", "Kettle Member List"), &["# Kettle Member List"], &[]);
    holds(&page("Tea: kettle.c Source File", "kettle.c"), &["# kettle.c"], &[]);
    holds(&page("Tea: kettle.c Source File", "Quick search"), &[], &["# Quick"]);
}

#[test]
fn links_that_a_paragraph_speaks_of_are_its_words() {
    let member = |text: &str| format!("<div class=memitem><div class=memdoc>{text}</div></div>");
    let html = |rest: &str| {
        format!(
            "<title>Tea: Kettle Class Reference</title><body><div class=header><div class=head><div class=title>Kettle Class Reference</div></div></div><div class=contents>{WORDS}{WORDS}{rest}</div>"
        )
    };
    let told = member("<p>Implements <a href=w.html>tea::Writer_of_many_pots</a>.</p>");
    holds(&html(&told), &["Implements [tea::Writer_of_many_pots]"], &[]);
    let links = "<div class=x><a href=a>Home of the pots</a> <a href=b>Everything else</a></div>";
    holds(&html(&format!("{told}{links}")), &[], &["Everything else"]);
    // Code is no list of links, and is not told to be left out.
    let code = html(
        "<div class=fragment><div class=line><a href=a>boil_the_kettle</a>(<a href=b>kettle_of_steel</a>);</div><div class=line>}</div></div>",
    );
    assert!(whole(&code).contains("boil_the_kettle(kettle_of_steel);"));
    assert!(document(&page(&code)).unwrap().notes.iter().all(|note| note.rule != "list of links"), "{code}");
}

#[test]
fn a_page_of_contents_keeps_the_list_below_its_title() {
    let list = "<ul><li><a href=a>Browse all of the pots</a><li><a href=b>Search for a kettle by name</a><li><a href=c>So you want to quote the guide</a><li><a href=d>Read this if you think that it is bogus</a><li><a href=e>Awards that the kettle has won so far</a></ul>";
    holds(&format!("<title>Kettle resources</title><body><h1>The Kettle Guide</h1>{WORDS}<hr>{list}"), &["[Browse all of the pots]"], &[]);
    holds(&format!("<title>Kettle resources</title><body>{list}<h1>The Kettle Guide</h1>{WORDS}"), &[], &["Browse"]);
}

#[test]
fn what_is_said_beside_a_declaration_is_kept() {
    let proto = "<div class=memproto><table class=mlabels><tr><td class=mlabels-left><table class=memname><tr><td class=memname>int Kettle::fill</td><td>(</td><td>)</td></tr></table></td><td class=mlabels-right><span class=mlabels><span class=mlabel>static</span><span class=mlabel>pure virtual</span></span></td></tr></table></div>";
    assert!(part(proto).ends_with("int Kettle::fill()\n```\n\n`static`, `pure virtual`"), "{}", part(proto));
}

#[test]
fn what_a_script_answers_to_is_no_code() {
    for (html, line) in [
        ("<pre><a href='#' class=sql_link>sql</a>&gt;&gt;&gt; go()</pre>", "\n>>> go()\n"),
        ("<pre>go(<a href='#' class=link>sql</a>)</pre>", "\ngo(sql)\n"),
        ("<pre><a href='#sql' class=link>sql</a>()</pre>", "\nsql()\n"),
    ] {
        assert!(part(html).contains(line), "{}", part(html));
    }
}

#[test]
fn hidden_notes_that_a_mark_leads_to_are_read() {
    let sentence = "Some pots are filled by the user, and not by a pipe.";
    for (note, wanted) in [
        ("<section class='footnotes visually-hidden'><ol><li id=fn1><p>{}</p></ol></section>", "{}"),
        ("<aside id=fn1 hidden><p>{}</p></aside>", "{}"),
        ("<div class=endnotes hidden><p id=fn1>{}</p><p>Another one.</p></div>", "{}"),
        // Nothing leads there.
        ("<section class='footnotes visually-hidden'><ol><li id=fn2><p>{}</p></ol></section>", ""),
        ("<aside id=fn2 hidden><p>{}</p></aside>", ""),
        // What holds a note and more is no list of notes, and a style may hide it for reasons of its own.
        ("<div class=menu hidden><p id=fn1>{}</p></div>", ""),
        ("<aside id=fn1 style='display:none'><p>{}</p></aside>", ""),
    ] {
        for mark in ["<sup><a href='#fn1'>1</a></sup>", "<a href='#fn1' role=doc-noteref>[1]</a>", "<a href='#fn1'><sup>a</sup></a>"] {
            let found = part(&format!("<p>It is empty.{mark}</p><p>Between.</p>{}", note.replace("{}", sentence)));
            assert_eq!(found.contains(sentence), !wanted.is_empty(), "{note}: {found}");
        }
    }
    // No mark of a note: a control, or a link to a part of the page.
    for mark in ["<a href='#fn1'>1</a>", "<sup><a href='#fn1'>Details</a></sup>", "<p hidden><sup><a href='#fn1'>1</a></sup></p>"] {
        assert!(
            !part(&format!("<p>It is empty.</p>{mark}<p>Between.</p><aside id=fn1 hidden><p>{sentence}</p></aside>")).contains(sentence),
            "{mark}"
        );
    }
}

#[test]
fn windows_over_the_page_are_told_by_their_name() {
    for window in ["<dialog id=d>{}</dialog>", "<div role=dialog aria-modal=true>{}</div>", "<div role=alertdialog>{}</div>"] {
        let html =
            format!("<main><h1>A</h1><p>Text of the page.</p>{}</main>", window.replace("{}", "<p>Six words stand in this window.</p>"));
        let found = document(&page(&html)).unwrap();
        assert_eq!(found.markdown, "# A\n\nText of the page.", "{window}");
        let notes: Vec<_> = found.notes.iter().map(|note| (note.rule, note.words)).collect();
        assert_eq!(notes, [("dialog", 6)], "{window}");
    }
}

#[test]
fn notes_within_their_marks_stand_in_brackets() {
    each(&[(
        "<p>Initially it is empty.<sup class=fn>183<span class=fn-text>Unfortunately some pots are traditionally filled by the user.</span></sup> The end.</p>",
        "Initially it is empty. (183: Unfortunately some pots are traditionally filled by the user.) The end.",
    )]);
    assert!(!part("<p>Initially it is empty.<sup class=fn>183</sup></p>").contains('('));
}

#[test]
fn what_is_named_as_parts_of_frames_are_stays_where_it_is_text() {
    each(&[
        ("<p>v<span class=label>2.1</span> of H<span class=label>2</span>O</p>", "v2.1 of H2O"),
        ("<p>We train a <span class=classifier>Naive Bayes</span> model.</p>", "We train a Naive Bayes model."),
        (
            "<ul><li><a href='#b'>--netrc</a></li><li><a href='#c'>--next</a></li></ul>",
            "- [--netrc](https://docs.test/page.html#b)\n- [--next](https://docs.test/page.html#c)",
        ),
        ("<p>See <a href='#x'>-next</a></p>", "See [-next](https://docs.test/page.html#x)"),
    ]);
    for (html, kept) in [
        (
            "<pre><span class=line><span class=num>1</span>fn a() {</span>\n<span class=line><span class=num>2</span>-b</span>\n<span class=line><span class=num>3</span>}</span></pre>",
            "fn a() {\n-b\n}",
        ),
        ("<pre><a href='#' class=type-link>String</a> name;\n<a href='#' class=link>Pot</a>.boil();</pre>", "String name;\nPot.boil();"),
        (
            "<pre><ol><li class=line-number>if (a) {</li><li class=line-number>  x = 1;</li><li class=line-number>}</li></ol></pre>",
            "}\n```",
        ),
        ("<div class=note><table><tr><td><img alt='How the lid is put on' src=l.png></td></tr></table></div>", "l.png"),
        ("<div class=tip>Look at it: <table><tr><td><img alt=Lid src=l.png></td><td>Of steel</td></tr></table></div>", "l.png"),
        ("<p>Press <a href='#up'><img alt=Up src=u.png></a> or <a href='#top'><img alt=Top src=t.png></a> to move.</p>", "u.png"),
        ("<p>Press <a href='#up'><img alt=Up src=u.png></a> or <a href='#top'><img alt=Top src=t.png></a> to move.</p>", "t.png"),
        (
            "<table class=warning><thead><tr><th>Code</th><th>Meaning</th></tr></thead><tr><td>1</td><td>Dry</td></tr></table>",
            "**Warning**",
        ),
        (
            "<table class=warning><thead><tr><th>Code</th><th>Meaning</th></tr></thead><tr><td>1</td><td>Dry</td></tr></table>",
            "\n\nMeaning\n\n1",
        ),
    ] {
        assert!(part(html).contains(kept), "{html}: {}", part(html));
    }
    let figure = "<figure><a href=big.png><img alt='Figure 1: where the water goes in' src=s.png></a></figure>";
    let badges = "<p><a href=a><img alt=build src=a.svg></a> <a href=b><img alt=crates.io src=b.svg></a></p>";
    let sidebar = "<div class=sidebar><a href=x><img alt=Fig src=f.png></a><pre>boil()\npour()\ndrink()</pre></div>";
    holds(
        &format!("<title>Pots</title><body>{figure}{badges}<h1>Pots</h1>{WORDS}{sidebar}{WORDS}"),
        &["Figure 1", "a.svg", "drink()"],
        &[],
    );
}

/// A story says so itself.
const STORY: &str = "<title>Kettles</title><meta property=og:type content=article>";

fn sentences(of: &str, times: usize) -> String {
    format!("<p>{}</p>", format!("{of} goes on to say a few things of kettles, and of what they hold. ").repeat(times))
}

#[test]
fn where_generators_names_are_those_of_each_entry_all_are_read() {
    let posts: String = (1..6)
        .map(|n| {
            format!(
                "<div class=post><h2><a href='/{n}'>Entry {n}</a></h2><div itemprop=articleBody>{}</div></div>",
                sentences(&format!("Post {n}"), n)
            )
        })
        .collect();
    holds(&format!("{STORY}<main>{posts}</main>"), &["Post 1 goes", "Post 2 goes", "Post 5 goes"], &[]);
    let comment = |of: &str, times| {
        format!(
            "<div class=comment><h3><a href='/{of}'>{of}</a> commented</h3><div class=markdown-body>{}</div></div>",
            sentences(of, times)
        )
    };
    let question = format!("<title>It leaks</title><main><h1>It leaks</h1>{}", comment("Anna", 6));
    holds(&format!("{question}{}{}</main>", comment("Ben", 2), comment("Cleo", 1)), &["Anna goes", "Ben goes", "Cleo goes"], &[]);
    let review = |of: &str| {
        format!(
            "<div class=inline-comments><div class='comment review-comment'><div class=comment-body>{}</div></div></div>",
            sentences(of, 2)
        )
    };
    let opened = format!("<title>Mend it</title><h1>Mend it</h1><div class='comment timeline-comment'>{}</div>", sentences("Anna", 3));
    holds(&format!("{opened}{}{}", review("Ben"), review("Cleo")), &["Anna goes", "Ben goes", "Cleo goes"], &[]);
    // What is short beside the content is beside it.
    let aside = "<div><div class=markdown-body><p>Two kettles found.</p></div></div>";
    holds(&format!("{question}</main>{aside}"), &["Anna goes"], &["Two kettles"]);
}

#[test]
fn what_has_parts_of_its_own_is_no_story() {
    let things = "<div class=left><p>Ingredients</p><ul><li>2 cups of water</li><li>1 spoon of tea</li></ul></div>";
    let steps = format!("<div class=right><ol>{}</ol></div>", ["Boil", "Pour"].map(|of| format!("<li>{}</li>", sentences(of, 2))).concat());
    let page = |kind: &str| {
        let data = format!("<script type='application/ld+json'>{{\"@type\":\"{kind}\",\"name\":\"Tea\"}}</script>");
        format!("{STORY}{data}<div><h1>Kettles</h1><div class=row>{things}{steps}</div></div>")
    };
    holds(&page("Recipe"), &["2 cups of water", "1 spoon of tea", "Boil goes", "Pour goes"], &[]);
    holds(&page("NewsArticle"), &["Boil goes"], &["1 spoon"]);
}

#[test]
fn lists_and_sections_beside_the_text_of_a_story_are_its_own() {
    let text = format!("<div class=text>{}{}</div>", sentences("The text", 4), sentences("It", 4));
    let page = |beside: &str| format!("{STORY}<article><h1>Kettles</h1><div class=row>{beside}{text}</div></article><div>{beside}</div>");
    let list =
        "<h3>What it takes</h3><div class=things><ul><li>2 cups of water</li><li>1 spoon of tea</li><li>sugar, if you like</li></ul></div>";
    holds(&page(list), &["What it takes", "1 spoon of tea", "The text goes"], &[]);
    let linked = "<div class=things><h3>What it takes</h3><button>+</button><ul><li>2 cups of <a href=w>water</a></li><li>1 spoon of the best tea</li><li>sugar, if you like</li></ul></div>";
    holds(&page(linked), &["What it takes", "1 spoon of the best tea"], &[]);
    let section = "<div class=box><h3>How they are made</h3><div>Of steel, in one piece, and then polished by hand.</div></div>";
    holds(&page(section), &["How they are made", "in one piece"], &[]);
    // What leads elsewhere, and what is asked for
    let others = "<h3>Most read</h3><div class=things><ul><li><a href=a>Pots of iron</a></li><li><a href=b>Pans</a></li><li><a href=c>Lids</a></li></ul></div>";
    holds(&page(others), &["The text goes"], &["Most read", "Pots of iron"]);
    let letter =
        "<div class=box><h3>Our letter</h3><div>News of kettles, each week, and never more than that.</div><input type=email></div>";
    holds(&page(letter), &["The text goes"], &["Our letter"]);
}

#[test]
fn what_a_story_says_first_is_told() {
    let text = format!("<div class=text>{}{}</div>", sentences("The text", 4), sentences("It", 4));
    let lead = "A kettle that tells when it boils has been on sale since Monday, and nobody knows who makes it or where it is from.";
    for head in [
        format!("<h1>Kettles</h1><div class=intro>{lead}</div>"),
        format!("<h1>Kettles</h1><div class=teaser-text><p>{lead}</p></div>"),
        format!("<header><h1>Kettles</h1><p>{lead}</p><span>By <a href=/anna>Anna</a></span></header>"),
    ] {
        holds(&format!("{STORY}<article>{head}{text}</article>"), &["on sale since Monday", "The text goes"], &["Anna"]);
    }
    let other = format!("<div class=teaser-text><p><a href=other>Pots of iron.</a> {lead}</p></div>");
    holds(&format!("{STORY}<article><h1>Kettles</h1>{other}{text}</article>"), &["The text goes"], &["on sale since Monday"]);
    // Of several levels the sections of a story may have the first.
    let sections = format!("{}<h1>Of copper</h1>{}", sentences("The text", 4), sentences("It", 4));
    holds(&format!("{STORY}<article><h1>Kettles</h1><div class=text>{sections}</div></article>"), &["Of copper"], &[]);
}

#[test]
fn a_list_of_topics_is_no_story_whatever_it_says() {
    let topic = |n: usize| {
        format!(
            "<ul><li><a href='/topic/{n}'>Kettle number {n} leaks at its lid</a><p>By <a href='/anna'>Anna</a></p></li><li>{n}</li><li>2 days ago</li></ul>"
        )
    };
    let topics: String = (1..9).map(topic).collect();
    let info = "<p>This forum has 8 topics and 24 answers, and was changed 2 hours ago by <a href='/anna'>Anna</a>.</p>";
    holds(&format!("{STORY}<main><h1>Kettles</h1><div>{info}</div><div>{topics}</div></main>"), &["number 1 leaks", "number 8 leaks"], &[]);
}

#[test]
fn pictures_that_scripts_load_have_their_address() {
    let real = "![Kettle](https://docs.test/kettle.png)";
    let empty = "data:image/gif;base64,R0lGODlhAQAB";
    each(&[
        (&format!("<p>See <img alt=Kettle src='{empty}'><noscript><img alt=Kettle src=kettle.png></noscript></p>"), &format!("See {real}")),
        (&format!("<p>See <noscript><img alt=Kettle src=kettle.png></noscript><img alt=Kettle src='{empty}'></p>"), &format!("See {real}")),
        (&format!("<p>See <img alt=Kettle src='{empty}' srcset='kettle.png 1x, kettle-2.png 2x'></p>"), &format!("See {real}")),
        ("<p>See <img alt=Kettle data-srcset='kettle.png 400w, kettle-2.png 800w'></p>", &format!("See {real}")),
        // Nothing says where it is.
        (
            &format!("<p>See <img alt=Kettle src='{empty}'><span><img alt=Pot src=pot.png></span></p>"),
            "See ![Pot](https://docs.test/pot.png)",
        ),
    ]);
}

#[test]
fn numbers_beside_blocks_of_code_number_lines() {
    let row = |n: &str, code: &str| format!("<div class=row><span class=left>{n}</span><div class=flex-1>{code}</div></div>");
    let rows = |ns: [&str; 3]| format!("<pre>{}</pre>", [row(ns[0], "boil()"), row(ns[1], "pour()"), row(ns[2], "drink()")].concat());
    each(&[
        (&rows(["1", "2", "3"]), "```\nboil()\npour()\ndrink()\n```"),
        // A table of numbers
        (&rows(["20", "10", "50"]), "```\n20\nboil()\n10\npour()\n50\ndrink()\n```"),
    ]);
}

#[test]
fn what_stands_in_a_frame_beside_the_text_is_kept() {
    // In a page that is not made of it
    let beside = |html: &str| {
        let behind = sentences("Pots", 6);
        let part = part(&format!("{html}{behind}"));
        part.split_once("Pots goes on").map(|(before, _)| before.trim().to_owned()).unwrap()
    };
    let said = "<p>The limit is set in two values, see <a href='/x'>the other page</a>.</p>";
    for class in ["topic", "sidebar"] {
        let html = format!("<aside class={class}><p class={class}-title>Soft, or hard?</p>{said}</aside>");
        let expected = "**Soft, or hard?**\n\nThe limit is set in two values, see [the other page](https://docs.test/x).";
        assert_eq!(beside(&html), expected);
        assert_eq!(beside(&html.replace("aside", "div")), expected);
    }
    let sentence = "The limit is set in two values and that is all of it.";
    assert_eq!(beside(&format!("<aside class=sidebar><p>{sentence}</p></aside>")), sentence);
    for html in [
        // Lists of links, whatever title they have
        "<aside class='topic contents'><p class=topic-title>Contents</p><ul><li><a href='#a'>Soft</a><li><a href='#b'>Hard</a></ul></aside>",
        "<aside class=sidebar><p><a href='/a'>Soft limits of kettles</a></p><p><a href='/b'>Hard limits of kettles</a></p></aside>",
        "<aside class=sidebar><h3 class=sidebar-title>Recent posts</h3><ul><li><a href='/a'>Soft limits</a><li><a href='/b'>Hard limits</a></ul></aside>",
        "<aside class=newsletter><p>Get the best of our kettles in your mail, once in a week or so.</p></aside>",
    ] {
        assert_eq!(beside(html), "", "{html}");
    }
    // Beside the content it is of the frame, whatever it has.
    let frame = "<div class=sidebar><p class=sidebar-title>Recent posts</p><p><a href='/a'>Soft limits</a></p></div>";
    holds(&format!("<title>Pots</title>{frame}<main><h1>Pots</h1>{}</main>", sentences("Pots", 6)), &["# Pots"], &["Soft limits"]);
}

#[test]
fn headings_that_link_to_themselves_are_none_of_a_list() {
    let (first, last) = (sentences("Kettles", 3), sentences("Pots", 3));
    for (open, close) in [("<a class=toclink href='#ID'>", "</a>"), ("<a href='/page.html#ID'>", "</a>"), ("", "")] {
        let head = |level: usize, id: &str, text: &str| format!("<h{level} id={id}>{}{text}{close}</h{level}>", open.replace("ID", id));
        let body = format!(
            "<title>Pots - Kitchen</title><div id=main-content>{}{first}<div>{}</div>{first}{}{last}</div>",
            head(1, "a", "All about pots"),
            head(2, "b", "Kettles of iron"),
            head(2, "c", "Pots")
        );
        holds(&body, &["# All about pots\n", "## Kettles of iron\n", "## Pots\n"], &[]);
    }
    // Those of other pages are, and so is the way to the top.
    for href in ["/", "#", "/kettles.html#top"] {
        let body = format!(
            "<title>Pots - Kitchen</title><div id=main-content><h2><a href='{href}'>Kettles of iron</a></h2><h1>Pots</h1>{first}{last}</div>"
        );
        holds(&body, &["# Pots\n"], &["Kettles of iron"]);
    }
}

#[test]
fn a_source_that_a_sentence_speaks_of_is_its_word() {
    each(&[
        (
            "<p>First, get the <a href='https://kettle.test/downloads/source/'>source</a>. You can boil it.</p>",
            "First, get the [source](https://kettle.test/downloads/source/). You can boil it.",
        ),
        (
            "<p>The <a href='https://kettle.test/blob/main/x.c'>source</a> explains why it is so.</p>",
            "The [source](https://kettle.test/blob/main/x.c) explains why it is so.",
        ),
        (
            "<p>If in doubt, look it up in the <a href='https://kettle.test/src/'>source</a></p>",
            "If in doubt, look it up in the [source](https://kettle.test/src/)",
        ),
        (
            "<ul><li>Build from <a href='https://kettle.test/src/'>source</a>, or take what is built.</ul>",
            "- Build from [source](https://kettle.test/src/), or take what is built.",
        ),
        (
            "<ul><li>Boil (see the <a href='https://kettle.test/src/'>source</a>)</ul>",
            "- Boil (see the [source](https://kettle.test/src/))",
        ),
        // Marks beside a signature
        ("<dl><dt>a.b(x) <a href='https://kettle.test/blob/x.py#L3'>source</a></dt><dd>Boils it.</dd></dl>", "**a.b(x)**\\\nBoils it."),
        ("<dl><dt>a.b <a href='https://kettle.test/blob/x.py#L3'>source</a></dt><dd>Boils it.</dd></dl>", "**a.b**\\\nBoils it."),
        ("<p><code>a.b</code> <a href='https://kettle.test/blob/x.py#L3'>source</a></p>", "`a.b`"),
        ("<p><code>a.b</code> <a href='https://kettle.test/blob/x.py#L3'>source</a> boils it.</p>", "`a.b` boils it."),
        (
            "<dl><dt>a.b(x) (<a href='https://kettle.test/blob/x.py#L3'>source</a>)</dt><dd>Boils it.</dd></dl>",
            "**a.b(x) ()**\\\nBoils it.",
        ),
        ("<p>a.b(x) <a href='https://kettle.test/blob/x.py#L3'>[source]</a></p>", "a.b(x)"),
        ("<ul><li>boil <a href='https://kettle.test/blob/x.py#L3'>src</a></ul>", "- boil"),
    ]);
}

#[test]
fn listings_that_a_script_types_have_no_tags() {
    let pre = "<pre><code class=language-console>$ fastapi dev &lt;u style=\"solid\"&gt;main.py&lt;/u&gt;\n&lt;span style=\"x\"&gt;&lt;font color=\"red\"&gt; Fast &lt;/font&gt;&lt;/span&gt; a &lt; b\nOptions: &amp;lt;TEXT&amp;gt; &lt;NAME&gt;</code></pre>";
    each(&[
        (
            &format!("<div class=termy><div class=highlight>{pre}</div></div>"),
            "```console\n$ fastapi dev main.py\n Fast  a < b\nOptions: <TEXT> <NAME>\n```",
        ),
        // Elsewhere they are code.
        (
            &format!("<div class=term><div class=highlight>{pre}</div></div>"),
            "```console\n$ fastapi dev <u style=\"solid\">main.py</u>\n<span style=\"x\"><font color=\"red\"> Fast </font></span> a < b\nOptions: &lt;TEXT&gt; <NAME>\n```",
        ),
    ]);
}

#[test]
fn a_member_that_is_called_as_a_language_names_none() {
    let html = "<section class=detail id=D><h3>D</h3><div class=member-signature><span class=modifiers>public static final</span>&nbsp;\
        <span>M</span>&nbsp;<span class=element-name>D</span></div></section>";
    let document = document(&page(&format!("<title>M</title><main><h1>Class M</h1><p>Some text of it.</p>{html}</main>"))).unwrap();
    assert_eq!(document.code[0].language.as_deref(), Some("java"));
    assert!(document.code[0].inferred);
}

#[test]
fn references_from_words_of_a_listing_are_words() {
    each(&[
        (
            "<pre class=screen>$ clisp-link <code class=option><a class=link href='#opt-run'>run</a></code> <em>source</em></pre>",
            "```console\n$ clisp-link run source\n```",
        ),
        ("<pre>use <a class=xref href=b.html>edit</a>\n<a class=link href=c.html>try</a> it</pre>", "```\nuse edit\ntry it\n```"),
        // What is done with the listing is none.
        ("<pre>boil()\n<a class=link href='#'>Copy</a></pre>", "```\nboil()\n```"),
        ("<pre>boil()\nwait()<a class=copy-btn href=x>Copied!</a></pre>", "```\nboil()\nwait()\n```"),
    ]);
}

#[test]
fn marks_of_footnotes_are_no_powers() {
    let body = "<p>Use <code>liblzma</code><a id=D56 href='#F56'><sup>56</sup></a> version 5, prose<a href='#F57'><sup>57</sup></a> and \
        <code>.add = TRUE</code><a href='#fn1' class=footnote-ref id=fnref1 role=doc-noteref><sup>1</sup></a>. Word<sup id='fnref:1'><a \
        href='#fn:1' class=footnote-ref>7</a></sup> ends.</p>";
    assert_eq!(
        part(body),
        "Use `liblzma`[\\[56\\]](https://docs.test/page.html#F56) version 5, prose[\\[57\\]](https://docs.test/page.html#F57) and \
         `.add = TRUE`[\\[1\\]](https://docs.test/page.html#fn1). Word[7](https://docs.test/page.html#fn:1) ends."
    );
    let text = text(&page(&format!("<title>Kettles</title><main><h1>Kettles</h1>{body}</main>"))).unwrap().text;
    assert!(text.ends_with("Use liblzma[56] version 5, prose[57] and .add = TRUE[1]. Word[7] ends."), "{text}");
    each(&[
        // What else is raised in a link is no note.
        (
            "<p>2<a href='#p'><sup>n+1</sup></a> and 4<a href=x.html><sup>2</sup></a>.</p>",
            "2[^(n+1)](https://docs.test/page.html#p) and 4[^2](https://docs.test/x.html).",
        ),
        ("<p>See <a href='#s'>x<sup>2</sup></a>.</p>", "See [x^2](https://docs.test/page.html#s)."),
    ]);
}

#[test]
fn emphasis_side_by_side_is_read_back() {
    each(&[
        ("<p>${<i>parameter</i><b>#</b><i>word</i>}</p>", "${*parameter*#*word*}"),
        ("<p>${<i>parameter</i><b>:-</b><i>word</i>}</p>", "${*parameter*:-*word*}"),
        ("<p><b>!</b><i>name</i> and <i>a.</i><b>b</b></p>", "!*name* and a.**b**"),
        ("<p><b>-a</b><i>file</i><b>c</b></p>", "**-a***file***c**"),
        ("<p><b>!</b><a href=x><i>name</i></a></p>", "**!**[*name*](https://docs.test/x)"),
        ("<p><b>!</b><i></i>name</p>", "!name"),
        ("<p><b>a b</b> <i>!c</i></p>", "**a b** *!c*"),
        ("<p><i>x</i><b>(y)</b> <b>(y)</b><i>(z)</i></p>", "*x*(y) **(y)***(z)*"),
    ]);
}

#[test]
fn since_which_version_is_told_below() {
    let rustdoc = "<section id=main-content class=content><div class=main-heading><h1>Function std::foo</h1><span class=out-of-band><span \
        class=since title='Stable since Rust version 1.59.0'>1.59.0</span> · <a class=srclink href=x>source</a></span></div>\
        <p>Does foo with all that it finds.</p><section id=method.boil class=method><span class=rightside><span class=since>1.7.0 (const: \
        unstable)</span> · <a class=srclink href=x>source</a></span><a href='#method.boil' class=anchor></a><h4>pub fn boil()</h4>\
        </section><p>Boils.</p></section>";
    let document = document(&page(&format!("<title>foo in std</title><body class=rustdoc>{rustdoc}"))).unwrap();
    assert_eq!(
        document.markdown,
        "# Function std::foo\n\nSince 1.59.0\n\nDoes foo with all that it finds.\n\n#### pub fn boil()\n\nSince 1.7.0 (const: unstable)\n\nBoils."
    );
    let outline: Vec<_> = document.outline.iter().map(|heading| (heading.text.as_str(), heading.anchor.as_deref())).collect();
    assert_eq!(outline[1], ("pub fn boil()", Some("method.boil")));
    assert!(!document.notes.iter().any(|note| note.begins.contains("1.7.0")), "{:?}", document.notes);
    each(&[
        (
            "<h4 id=a-1><span>a(Cups) -> ok</span><div><span class=since>OTP 22.1</span></div></h4><p>Boils.</p>",
            "#### a(Cups) -> ok\n\nSince OTP 22.1\n\nBoils.",
        ),
        ("<p>Boils <span class=since>since 4.0</span>, and waits.</p>", "Boils since 4.0 , and waits."),
        ("<p>Boils <span class=since>for ever</span></p>", "Boils"),
    ]);
}

#[test]
fn marks_beside_examples_and_members_are_none_of_the_text() {
    each(&[
        (
            "<div class=example-wrap><pre class='rust rust-example-rendered'><code>let x = 1;</code></pre><a class=test-arrow \
             href='https://play.test/?code=x'>Run</a></div>",
            "```rust\nlet x = 1;\n```",
        ),
        ("<p>Any <a href='x.html#a'><img src=permalink.png alt=Permalink></a></p>", "Any"),
        (
            "<p>Any <a href='x.html#a'><img src=kettle.png alt=Kettle></a></p>",
            "Any [![Kettle](https://docs.test/kettle.png)](https://docs.test/x.html#a)",
        ),
    ]);
}

#[test]
fn what_is_in_a_listing_is_not_left_out_by_its_name() {
    let html = "<pre>>>> session.commit()\n<div class='popup_sql'>COMMIT</div></pre>";
    let document = document(&page(&format!("<title>Kettles</title><main><h1>Kettles</h1><p>Some text of it.</p>{html}</main>"))).unwrap();
    assert!(document.markdown.ends_with("```pycon\n>>> session.commit()\nCOMMIT\n```"), "{}", document.markdown);
    assert_eq!(document.notes, []);
}

#[test]
fn items_that_are_marked_by_letters_have_them() {
    each(&[
        ("<ol type=a><li>One<li><p>Two</p><p>See (a).</p></ol>", "1. (a) One\n2. (b) Two\n\n   See (a)."),
        ("<ol type=I start=4><li>One<li>Two</ol>", "4. (IV) One\n5. (V) Two"),
        ("<ol class='loweralpha simple' start=26><li>One<li>Two</ol>", "26. (z) One\n27. (aa) Two"),
        ("<ol style='list-style-type: upper-alpha'><li>One<li value=4>Two</ol>", "1. (A) One\n4. (D) Two"),
        ("<ol type=i><li><pre>one()</pre><li><ol type=a><li>Two</ol></ol>", "1. (i)\n\n   ```\n   one()\n   ```\n2. (ii)\n\n   1. (a) Two"),
        ("<ol type=a><li>(a) One<li></li></ol><p>Text.</p>", "1. (a) One\n\nText."),
        ("<ol type=1><li>One</ol>", "1. One"),
        ("<ul type=i><li>One</ul>", "- One"),
    ]);
}

#[test]
fn a_part_of_something_is_no_page() {
    let (text, title) = (sentences("It", 5), "<title>Functions for pots (Kettle guide)</title><body>");
    let head = "<h3>41.1 Functions for pots</h3>";
    // The only definition of a page has its term.
    let term = format!("{title}{head}<dl><dt><i>Function: </i><b>pot_min</b> (FOM, xx)</dt><dd>{text}</dd></dl>");
    holds(&term, &["Function:", "**pot_min** (FOM, xx)", "It goes on"], &[]);
    for part in [
        format!("<dl><dt>x</dt><dt><a href=z>zz</a></dt><dd>{text}</dd></dl>"),
        format!("<div>zz x</div><blockquote>{text}</blockquote>"),
        format!("<ul><li><a href=z>zz</a> x<li>{text}</ul>"),
        format!("<table><tr><th>zz</th><td>{text}</td></tr></table>"),
        format!("<table><tr><th>a<th>zz</tr><tbody><tr><th>x</th><td>{text}</td></tr></table>"),
        format!("<figure><img src=x alt=p><figcaption><a href=z>zz</a></figcaption><div>{text}</div></figure>"),
    ] {
        holds(&format!("{title}{head}{part}"), &["zz", "It goes on"], &[]);
    }
    // Frames that look like it.
    let quoted = format!("{title}<blockquote><div>{head}{text}</div></blockquote>");
    holds(&quoted, &["### 41.1 Functions for pots\n\nIt goes on"], &["> "]);
    holds(&format!("{title}<ul><li><div>{head}{text}</div></ul>"), &["\n\nIt goes on"], &["- "]);
    let frame = format!("{title}<table><tr><td><a href=a>Home</a></td><td>{head}{text}</td></tr></table>");
    holds(&frame, &["It goes on"], &["Home"]);
}

/// A page whose content has no known name.
fn unnamed(rest: &str) -> String {
    format!(
        "<title>Kettles (guide)</title><body><div id=top><p>x</div><div class=all><h2>Pots</h2>{WORDS}{WORDS}{WORDS}{rest}{WORDS}</div>"
    )
}

#[test]
fn a_name_or_two_are_no_list_of_links() {
    for (html, wanted) in [
        (
            "<dl class=x><dt><b><a href=d>Deprecated:</a></b></dt><dd>use <a href=x>boil_the_kettle()</a></dd></dl>",
            "use [boil_the_kettle()]",
        ),
        ("<dl><dt>See also</dt><dd><a href=x>Pot::operator=(const Pot&amp;)</a></dd></dl>", "See also"),
        ("<table><tr><td>size</td><td>A <a href=x>Kettle::PotSize</a> .</td></tr></table>", "[Kettle::PotSize]"),
    ] {
        holds(&unnamed(&format!("<div><div>{html}</div></div>")), &[wanted], &[]);
    }
    // Ways to other pages are.
    for html in [
        "<div class=x><a href=a>Cups of the world</a> <a href=b>Lids of the world</a></div>",
        "<table><tr><td>Next: <a href=a>Cups of the world</a><td>Up: <a href=b>Lids of the world</a></tr></table>",
        "<table><tr><td><a href=a>Cups</a><td><a href=b>Pans</a><td><a href=c>Lids of the world</a></tr></table>",
    ] {
        holds(&unnamed(&format!("<div>{html}</div>")), &[], &["Lids of the world"]);
    }
}

#[test]
fn tables_with_heads_and_lists_below_headings_are_no_way_elsewhere() {
    let rows: String =
        (0..9).map(|n| format!("<tr><td><a href=t>Pot</a><td><a href='#p{n}'>pour_{n}</a>(<a href=k>Pot</a> p)</tr>")).collect();
    let table = format!("<table><tr><th>Type<th>Name and description</tr>{rows}</table>");
    holds(&unnamed(&format!("<div>{table}</div>")), &["[pour_8]"], &[]);
    holds(&unnamed(&format!("<div><ul class=x>{table}</ul></div>")), &["[pour_8]"], &[]);
    // One head over all of it is its title.
    let box_of = "<table><tr><th colspan=2>The guide</th></tr><tr><td><a href=a>Cups</a><td><a href=b>Pans</a><td><a href=c>Lids of the world</a></tr></table>";
    holds(&unnamed(&format!("<div>{box_of}</div>")), &[], &["Lids of the world"]);
    let list = "<ul><li><a href=a>Cups</a><li><a href=b>Pans</a><li><a href=c>Lids of the world</a></ul>";
    for html in [
        format!("<div><h3>Summary of all</h3></div><div><div>{list}</div></div>"),
        format!("<dl><dt><h3>Summary of all</h3></dt><dd><div>{list}</div></dd></dl>"),
        "<h3>pot() = <div><a href=a>cup()</a> | <a href=b>pan()</a> | <a href=c>Lids of the world()</a></div></h3>".to_owned(),
    ] {
        holds(&unnamed(&html), &["Lids of the world"], &[]);
    }
    holds(&unnamed(&format!("<div><h3>Summary of all</h3></div><p>Text.</p><div><div>{list}</div></div>")), &[], &["Lids of the world"]);
}

#[test]
fn doxygen_names_its_content_below_its_title() {
    let html = |before: &str| {
        format!(
            "<title>Tea: Pots</title><body>{before}<div class=contents>{WORDS}{WORDS}<div><div><a href=a>Cups</a> <a href=b>Pans</a> <a href=c>Lids of the world</a></div></div></div>"
        )
    };
    let title = "<div class=title>Pots</div>";
    let named = html(&format!("<div class=header><div class=headertitle>{title}</div></div>"));
    holds(&named, &["# Pots\n", "Lids of the world"], &[]);
    holds(&html(&format!("<div class=header>{title}</div>")), &["# Pots\n"], &["Lids of the world"]);
}

#[test]
fn a_menu_may_have_many_headings_before_the_title() {
    let groups: String = (0..6)
        .map(|group| {
            let links: String = (0..20).map(|n| format!("<li><a href=x{group}{n}>mod.name{group}{n}</a>")).collect();
            format!("<h2>Group {group}</h2><ul>{links}</ul>")
        })
        .collect();
    let html = |heading: &str| {
        format!(
            "<title>Script pot.lua - kettle API</title><body><div id=main><div id=navigation><h1>kettle</h1>{groups}</div><div id=content><h1>{heading}</h1>{}</div></div>",
            sentences("It", 3)
        )
    };
    holds(&html("Script <code>pot.lua</code>"), &["# Script `pot.lua`\n"], &["Group 5", "mod.name"]);
}

#[test]
fn a_book_has_its_contents_below_its_title_page() {
    let contents: String = (0..40).map(|n| format!("<dt><a href=c{n}>Chapter {n} of the kettle</a></dt>")).collect();
    let notice = format!("<div class=legalnotice>{}</div>", sentences("Permission", 4));
    let html = format!(
        "<title>The Kettle FAQ</title><body><div class=navheader><a href=c0>Next page</a></div><div class=book><div class=titlepage><div><div><h1 class=title>The Kettle FAQ</h1></div><div>{notice}</div></div></div><div class=toc><p><b>Table of Contents</b></p><dl>{contents}</dl></div></div>"
    );
    holds(&html, &["# The Kettle FAQ\n", "Permission goes on", "Chapter 39 of the kettle"], &["Next page"]);
}

#[test]
fn a_list_of_chapters_has_all_of_them() {
    let chapter = |of: usize| {
        let entries: String =
            (0..4 * of).map(|n| format!("<dt><h3><a href=c{of}#{n}>{of}.{n}: What is pot {n} of these?</a></h3></dt>")).collect();
        format!("<dt><h2><a href=c{of}>Chapter {of}: Kettles</a></h2></dt><dd><dl>{entries}</dl></dd>")
    };
    let chapters: String = (1..4).map(chapter).collect();
    let html =
        format!("<title>Kettle FAQ</title><body><h1>Kettle FAQ</h1><h1>Table of Contents</h1><dl>{chapters}</dl><p>Archive-Name: kettle");
    holds(&html, &["Chapter 1: Kettles", "1.3: What is pot", "Chapter 2: Kettles", "2.7: What is pot", "3.11: What is pot"], &[]);
}

#[test]
fn a_heading_that_leads_home_is_not_the_title() {
    let title = |title: &str, heading: &str| {
        let text = sentences("It", 3);
        let html = format!(
            "<title>{title}</title><body><div id=top><h1>{heading}</h1><p class=x>the optimized kettle of iron and steel</p></div><div id=main><h2>Pots</h2>{text}{text}</div>"
        );
        document(&page(&html)).unwrap().title
    };
    assert_eq!(title("Pots and pans - Kettles - H2O - the optimized kettle", "<a href=index.html>H2O</a>"), "Pots and pans - Kettles");
    assert_eq!(title("Pots - H2O", "<a href=index.html>H2O</a>"), "Pots");
    // Its own, as the title begins or is made, or as the link says.
    assert_eq!(title("tea - How long may it draw? - Tea Overflow", "<a href=/q/1>How long may it draw?</a>"), "How long may it draw?");
    assert_eq!(title("H2O - the optimized kettle", "<a href=index.html>H2O</a>"), "H2O");
    assert_eq!(title("Kettles - Water - the optimized kettle", "<a href=page.html#top>Water</a>"), "Water");
    assert_eq!(title("Kettles - Water - the optimized kettle", "Water"), "Water");
}
