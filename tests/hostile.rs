//! Pages made to cost more than they are long, to write more than they say, or to speak to a terminal. Each shape was once read in
//! quadratic time, or written at many times its size.

// What is measured is the same everywhere; only Unix tells the processor time of a thread.
#![cfg(unix)]

use std::time::{Duration, SystemTime};

use smolcrawl::chunk;
use smolcrawl::extract::{self, Skip};
use smolcrawl::model::{Budget, Document, Filled, OverBudget, Page, Validators};
use url::Url;

fn page(body: &str) -> Page {
    Page {
        url: Url::parse("https://docs.test/en/page.html").unwrap(),
        status: 200,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: body.as_bytes().to_vec(),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    }
}

fn document(body: &str) -> Document {
    extract::document(&page(body)).unwrap()
}

const TEXT: &str = "<p>The quick brown fox jumps over the lazy dog and runs away, and nobody knows where it went.</p>";

fn nested(open: &str, times: usize, within: &str) -> String {
    format!("{TEXT}{}{within}", open.repeat(times))
}

/// Generous for a slow machine, and far from what each shape took while every element around looked at all within.
const QUICK: Duration = Duration::from_secs(30);

fn reads_quickly(name: &str, body: &str) {
    let begun = clock();
    // Its own limit is the test's.
    let meter = endless().begin();
    let markdown = extract::document_within(&page(body), &meter).map(|document| document.markdown).unwrap_or_default();
    let text = extract::text_within(&page(body), &meter).map(|read| read.text).unwrap_or_default();
    extract::links_within(&page(body), &meter).unwrap();
    assert!((clock() - begun) < QUICK, "{name}: {:?}", (clock() - begun));
    let most = 8 * body.len() + 65_536;
    assert!(markdown.len() < most && text.len() < most, "{name}: {} and {} bytes of {}", markdown.len(), text.len(), body.len());
}

#[test]
fn elements_around_many_others_do_not_each_look_at_all_of_them() {
    let many = |what: &str| what.repeat(100_000);
    for (name, body) in [
        ("empties before a phrase", nested("<div>", 480, &format!("{}four words of text", many("<i></i>")))),
        ("hidden within hidden", nested("<div hidden>", 480, &format!("{}<p>never shown</p>", many("<i>fox</i>")))),
        ("noscript within noscript", format!("<p>x</p>{}{}", "<noscript>".repeat(480), many("<i>word </i>"))),
        ("scripts of drawings", nested("<svg><script type='application/ld+json'>", 240, &many("<g/>word"))),
        ("numbers called lines", nested("<table><tr><td class=lineno>", 120, &format!("{}1 x", many("<i></i>")))),
        ("numbers in code", nested("<pre><table><tr><td class=lineno>", 1, &format!("{}x", many("<i></i>")))),
        ("grids within cells", nested("<div role=grid><div role=row><div role=cell>", 150, &many("<b>x</b>"))),
        ("tab lists", nested("<div role=tablist>", 480, &many("<i></i>"))),
        ("replies", nested("<div class=comments>", 480, &many("<i>word</i>"))),
        ("code labels", nested("<pre><div class='code-header label'>", 400, &many("<i>x</i>"))),
    ] {
        reads_quickly(name, &body);
    }
}

#[test]
fn long_texts_are_not_read_once_for_each_element_around() {
    let long = "word ".repeat(400_000);
    let names = "dropdown x".repeat(40_000);
    for (name, body) in [
        ("notes within notes", nested("<div class='admonition note'>", 480, &long)),
        ("titles of notes", nested("<div class='admonition note'><div class=admonition-title>", 240, &long)),
        ("roots within roots", nested("<math><msqrt>", 1, &format!("{}<mi>{}", "<msqrt>".repeat(480), "x".repeat(1_000_000)))),
        ("headings and their ids", nested("<div id=a-b><h2>", 250, &long)),
        ("menus by many names", format!("{TEXT}<div class='{names}'>{}text", "<i></i>".repeat(40_000))),
        ("a long class", nested("<div class=comments>", 480, &format!("<i class='{}'>w</i>", "x".repeat(1_000_000)))),
        (
            "many attributes",
            nested("<div class=comments>", 480, &format!("<i{}>w</i>", (0..10_000).map(|n| format!(" a{n}")).collect::<String>())),
        ),
        ("a long head", format!("{TEXT}<table><tr><th>{}<th>b{}", &long[..200_000], "<tr><td><h3>t</h3>x<td>b".repeat(10_000))),
    ] {
        reads_quickly(name, &body);
    }
}

#[test]
fn depth_is_bounded_however_it_comes_about() {
    let titles = nested("<math>", 1, &"<title>".repeat(20_000));
    let styles = nested("<svg>", 1, &format!("{}{}", "<style>".repeat(15_000), "</x>".repeat(15_000)));
    let bogus = nested("<span>", 520, &"</x></x><span>".repeat(30_000));
    // Parts that came late, each of which holds the place of the next one.
    let part = |n: usize| {
        let place = format!("<template id='B:{}'></template>", n + 1);
        format!("<div hidden id='S:{n}'>{}{place}{}</div>", "<blockquote>".repeat(480), "</blockquote>".repeat(480))
    };
    let parts: String = (0..100).map(part).collect();
    let late = format!("{TEXT}<template id='B:0'></template>{parts}<div hidden id='S:100'>{}</div>", "<p>a b c</p>".repeat(20_000));
    for (name, body) in [("titles", titles), ("styles", styles), ("bogus end tags", bogus), ("parts that came late", late)] {
        reads_quickly(name, &body);
    }
}

#[test]
fn siblings_do_not_each_search_the_page() {
    let heads = "<div><h1>x y z</h1></div>".repeat(30_000);
    let attributes = |name: &str| -> String { (0..60_000).map(|n| format!("<{name} a{n}=1>")).collect() };
    for (name, body) in [
        ("a title at the end", format!("<body>{heads}<main>{}</main><p>z</p><title>Other name</title>", TEXT.repeat(20))),
        ("attributes of the body", format!("{TEXT}{}", attributes("body"))),
        ("attributes of the page", format!("{TEXT}{}", attributes("html"))),
    ] {
        reads_quickly(name, &body);
    }
}

#[test]
fn what_is_said_once_is_not_written_without_end() {
    let base = |length: usize, what: &str| format!("<base href='https://docs.test/{}/'>{TEXT}{}", "a".repeat(length), what.repeat(2_000));
    let stars = "*".repeat(59);
    for (name, body) in [
        ("base and links", base(3_900, "<a href=p>l</a> ")),
        ("long base and links", base(200_000, "<a href=p>l</a> ")),
        ("base and pictures", base(3_900, "<img src=x alt=y>")),
        ("indentation", nested("<ol start=999999999><li>x", 12, &"<p>a".repeat(40_000))),
        ("indented code", nested("<ol start=999999999><li>x", 12, &format!("<pre>{}", "a\n".repeat(80_000)))),
        ("quotes", nested("<blockquote>", 12, &"<p>a".repeat(40_000))),
        ("wide rows", format!("{TEXT}<table><tr>{}{}", "<td>a".repeat(60), "<tr><td>a".repeat(20_000))),
        ("tall cells", format!("{TEXT}<table><tr>{}<td>b{}", "<td rowspan=99999>a".repeat(59), "<tr><td>a".repeat(20_000))),
        ("separators", format!("{TEXT}<math><mfenced separators='{}'>{}", "x".repeat(20_000), "<mi>a</mi>".repeat(1_400))),
        ("heads of columns", format!("{TEXT}<table><tr><th>{stars}<th>{stars}<tr><td><h3>t</h3>x<td>b{}", "<tr><td>x<td>b".repeat(20_000))),
        (
            "labels of tabs",
            format!(
                "{TEXT}<div role=tablist><a role=tab id=t>{stars}</a><a role=tab>b</a></div>{}",
                "<p class=tab-pane id=t>a".repeat(20_000)
            ),
        ),
    ] {
        reads_quickly(name, &body);
    }
}

#[test]
fn links_that_are_not_written_keep_their_text_and_are_counted() {
    let links: String = (0..2_000).map(|n| format!("<a href=p{n}>leaf{n}</a> ")).collect();
    let document = document(&format!("<base href='https://docs.test/{}/'><p>Some words before. {links} last words.", "a".repeat(3_000)));
    assert!((0..2_000).all(|n| document.markdown.contains(&format!("leaf{n}"))));
    let written = document.markdown.matches("](https://").count();
    let note = document.notes.iter().find(|note| note.rule == "address").unwrap();
    assert_eq!(note.words + written, 2_000);
    assert!(note.begins.starts_with('p'), "{}", note.begins);
}

#[test]
fn a_crawler_is_given_no_more_addresses_than_a_page_can_mean() {
    let links: String = (0..20_000).map(|n| format!("<a href=p{n}>l</a>")).collect();
    let body = format!("<base href='https://docs.test/{}/'>{links}<a href='https://other.test/x'>x</a>", "a".repeat(7_000));
    let found = extract::links(&page(&body)).links;
    assert!(found.iter().map(|link| link.as_str().len()).sum::<usize>() < 16 * body.len() + (2 << 20));
    let body = format!("<base href='https://docs.test/{}/'>{links}<a href='https://other.test/x'>x</a>", "a".repeat(70_000));
    let found = extract::links(&page(&body)).links;
    assert_eq!(found.iter().map(Url::as_str).collect::<Vec<_>>(), ["https://other.test/x"]);
}

/// What a terminal or an eye would obey.
const COMMANDS: [char; 13] =
    ['\u{1b}', '\u{7}', '\u{8}', '\u{0}', '\r', '\u{7f}', '\u{9b}', '\u{9d}', '\u{202e}', '\u{202a}', '\u{2066}', '\u{2069}', '\u{c}'];

#[test]
fn what_commands_a_terminal_is_not_written() {
    for command in COMMANDS {
        // In text and attributes, as a character and as a reference.
        for written in [command.to_string(), format!("&#{};", u32::from(command))] {
            let body = format!(
                "<title>Kettle {written}[2J boils</title><h1 id='a{written}b'>Ket{written}tles</h1>{TEXT}<p>Red{written}[31m <b>te{written}a</b> \
                 <a href='/x{written}y'>li{written}nk</a> <img src=/p.png alt='pic{written}ture'> <code>co{written}de</code> <sup>{written}2</sup></p>\
                 <pre>echo{written}[0m\nmore{written}</pre><table><tr><th>he{written}ad<th>b<tr><td>c{written}d<td>e</table>\
                 <dl><dt id=m class=sig>mem{written}ber()</dt><dd>does{written}</dd></dl><button>press{written} me</button>"
            );
            let read = document(&body);
            let text = extract::plain_text(&page(&body)).unwrap();
            let outline = read.outline.iter().flat_map(|heading| [Some(&heading.text), heading.anchor.as_ref()]).flatten();
            let notes = read.notes.iter().map(|note| &note.begins);
            for shown in [&read.title, &read.markdown, &text].into_iter().chain(outline).chain(notes) {
                assert!(!shown.contains(|c| COMMANDS.contains(&c)), "{command:?} as {written:?} in {shown:?}");
            }
            assert!(read.markdown.contains("[31m"), "what follows is text: {}", read.markdown);
        }
    }
}

#[test]
fn commands_are_gone_from_text_and_seen_in_code() {
    let read =
        document(&format!("<h1>He\u{1b}ad</h1>{TEXT}<p>re\u{202e}d <code>a\u{1b}[0m</code></p><pre>printf '\u{1b}[1m'\u{9b}\tx\n</pre>"));
    assert!(read.markdown.starts_with("# Head\n\n"), "{}", read.markdown);
    assert!(read.markdown.ends_with("red `a\u{241b}[0m`\n\n```\nprintf '\u{241b}[1m'\u{fffd}\tx\n```"), "{}", read.markdown);
}

#[test]
fn joiners_and_marks_of_languages_stay() {
    // Persian and a family of emoji are written with joiners, Arabic and Hebrew with marks of direction.
    let words = "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645} \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} a\u{200f}b e\u{301}";
    assert!(document(&format!("{TEXT}<p>{words}</p>")).markdown.ends_with(words));
}

/// A page of each kind that is read, as long as asked for.
fn of_each_kind(size: usize) -> Vec<Page> {
    let text = "The quick brown fox jumps over the lazy dog and runs away, and nobody knows where it went.";
    let many = |what: String| what.repeat(size / what.len() + 1);
    let paths = (0..size / 120).map(|n| format!("  /a{n}:\n    get: {{summary: {text}, responses: {{'200': {{description: ok}}}}}}\n"));
    let cells: Vec<String> = (0..size / 120).map(|n| format!("{{\"cell_type\":\"markdown\",\"source\":\"## {n}\\n\\n{text}\"}}")).collect();
    let entries = (0..size / 150).map(|n| format!("<item><title>{n}</title><description>&lt;p&gt;{text}</description></item>"));
    [
        ("page.html", "text/html", format!("<main>{}", many(format!("<h2>A</h2><p>{text}<pre>a\nb</pre>")))),
        ("page.md", "text/markdown", many(format!("## A\n\n{text}\n\n```\na\nb\n```\n\n"))),
        ("page.txt", "text/plain", many(format!("{text}\n"))),
        ("page.rst", "text/plain", many(format!("A\n====\n\n{text}\n\n- *item* ``x``\n\n"))),
        ("page.adoc", "text/plain", many(format!("== A\n\n{text}\n\n* item `x`\n\n"))),
        ("page.org", "text/plain", many(format!("* A\n\n{text}\n\n- item =x=\n\n"))),
        ("page.1", "text/troff", format!(".TH A 1\n{}", many(format!(".SH A\n{text}\n.TP\n.B x\n{text}\n")))),
        ("mdoc.1", "text/troff", format!(".Dd May 1, 2024\n.Dt A 1\n{}", many(format!(".Sh A\n{text}\n.Op Fl a\n.Pp\n")))),
        ("page.ipynb", "application/json", format!("{{\"nbformat\":4,\"cells\":[{}]}}", cells.join(","))),
        ("openapi.yaml", "application/yaml", format!("openapi: 3.1.0\ninfo: {{title: T}}\npaths:\n{}", paths.collect::<String>())),
        ("feed.xml", "application/rss+xml", format!("<rss><channel><title>T</title>{}</channel></rss>", entries.collect::<String>())),
    ]
    .map(|(path, kind, body)| Page {
        url: Url::parse("https://docs.test/en/").unwrap().join(path).unwrap(),
        content_type: Some(kind.to_owned()),
        ..page(&body)
    })
    .into()
}

/// A budget that never ends but by being stopped.
fn endless() -> Budget {
    Budget::new(Duration::MAX)
}

#[test]
fn a_page_that_costs_too_much_is_told_as_such_and_read_no_further() {
    let over = OverBudget::Time { limit: Duration::ZERO };
    for page in of_each_kind(400_000) {
        let name = page.url.path();
        assert_eq!(extract::document_within(&page, &Budget::new(Duration::ZERO).begin()), Err(Skip::OverBudget(over)), "{name}");
        assert_eq!(extract::text_within(&page, &Budget::new(Duration::ZERO).begin()), Err(Skip::OverBudget(over)), "{name}");
        assert_eq!(extract::links_within(&page, &Budget::new(Duration::ZERO).begin()), Err(over), "{name}");
        let document = extract::document_within(&page, &endless().begin()).unwrap();
        let cut = chunk::split_within(&document, &chunk::Config::default(), &Budget::new(Duration::ZERO).begin());
        assert_eq!(cut, Err(over), "{name}");
        assert!(!chunk::split_within(&document, &chunk::Config::default(), &endless().begin()).unwrap().is_empty(), "{name}");
    }
    let error = Skip::OverBudget(OverBudget::Time { limit: Duration::from_secs(10) });
    assert_eq!(error.to_string(), "reading this page took more than 10 s of processor time; it is left out");
    assert!(!error.is_transient() && Skip::from(OverBudget::Stopped).is_transient());
}

#[cfg(unix)]
#[test]
fn what_is_stopped_costs_little_more() {
    let cost = |budget: &Budget, page: &Page| {
        let begun = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let read = extract::document_within(page, &budget.begin());
        let ended = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        ((ended.tv_sec - begun.tv_sec) as f64 + (ended.tv_nsec - begun.tv_nsec) as f64 / 1e9, read)
    };
    let stopped = endless();
    stopped.stop();
    for page in of_each_kind(600_000) {
        let (whole, read) = cost(&endless(), &page);
        assert!(read.is_ok());
        let (early, read) = cost(&stopped, &page);
        assert_eq!(read, Err(Skip::OverBudget(OverBudget::Stopped)), "{}", page.url);
        // What is only decoded, or parsed by the parser of JSON, is not stopped within.
        assert!(early < whole / 2.0 + 0.02, "{}: {early:.3} s of {whole:.3} s", page.url);
    }
}

/// What this thread has cost: other work on the machine is none of a page's.
fn clock() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
