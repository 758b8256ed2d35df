//! Small imitations of what generators ship.

use std::time::SystemTime;

use crate::extract::shipped::literal;
use crate::extract::{Skip, document, links};
use crate::model::{Budget, Document, Filled, Page, Validators};

fn page(body: &str) -> Page {
    Page {
        url: "https://docs.test/guide/kettles".parse().unwrap(),
        status: 200,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: body.as_bytes().to_vec(),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    }
}

fn read(body: &str) -> Result<Document, Skip> {
    document(&page(body))
}

/// The text, which is of the data of that name.
fn shipped(body: &str, name: &str) -> String {
    let document = read(body).unwrap_or_else(|why| panic!("{why}: {body}"));
    assert_eq!(document.filled, Filled::Shipped(name.to_owned().into()), "{body}");
    assert_eq!(links(&page(body)).shell.and_then(|shell| shell.shipped).as_deref(), Some(name), "the crawl is told the same");
    document.markdown
}

const SHELL: &str = "<head><title>Kettles</title></head><body><div id=root></div><script src=/main.js></script>";
const HTML: &str = "<h2>Boiling</h2><p>A kettle boils water in <b>two</b> minutes, see <a href='../pots'>pots</a>.</p>";
const TEXT: &str = "# Kettles\n\n## Boiling\n\nA kettle boils water in **two** minutes, see [pots](https://docs.test/pots).";

/// As a string of JSON.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[test]
fn data_of_frameworks_is_read_as_a_page() {
    let post = format!("{{\"title\":\"Kettles\",\"slug\":\"kettles\",\"className\":\"a-class of-names\",\"content\":{}}}", json(HTML));
    let next = format!(
        "{SHELL}<script id=__NEXT_DATA__ type=application/json>{{\"props\":{{\"pageProps\":{{\"post\":{post},\"related\":[{{\"title\":\"Pans\",\"slug\":\"pans\",\"content\":\"<p>Pans are flat and wide, and nothing for tea.</p>\"}}]}}}},\"page\":\"/guide/[slug]\",\"buildId\":\"x\"}}</script>"
    );
    assert_eq!(shipped(&next, "__NEXT_DATA__"), TEXT);
    let nuxt = format!(
        "{SHELL}<script>window.__NUXT__=(function(a,b){{return {{layout:b,data:[{{post:{{title:a,content:{}}}}}]}}}}(\"Kettles\",\"default\"))</script>",
        json(HTML)
    );
    assert_eq!(shipped(&nuxt, "__NUXT__"), TEXT);
    let flat = format!(
        "{SHELL}<script type=application/json id=__NUXT_DATA__>[[\"Reactive\",1],{{\"data\":2}},{{\"page\":3}},{{\"title\":4,\"body\":5}},\"Kettles\",{}]</script>",
        json(HTML)
    );
    assert_eq!(shipped(&flat, "__NUXT_DATA__"), TEXT);
    let remix = format!("{SHELL}<script>window.__remixContext = {{\"state\":{{\"loaderData\":{{\"routes/$\":{post}}}}}}};</script>");
    assert_eq!(shipped(&remix, "__remixContext"), TEXT);
    let list = format!(
        "[{{\"_1\":2}},\"loaderData\",{{\"_3\":4}},\"routes/guide\",{{\"_5\":6,\"_7\":8}},\"title\",\"Kettles\",\"content\",{}]\n",
        json(HTML)
    );
    let router = format!(
        "{SHELL}<script>window.__reactRouterContext = {{\"isSpaMode\":false}};</script><script>window.__reactRouterContext.streamController.enqueue({});</script>",
        json(&list)
    );
    assert_eq!(shipped(&router, "__reactRouterContext"), TEXT);
    let svelte = format!(
        "{SHELL}<script>kit.start(app, element, {{node_ids: [0, 2], data: [null,{{type:\"data\",data:{post},uses:{{}}}}], form: null}})</script>"
    );
    assert_eq!(shipped(&svelte, "SvelteKit"), TEXT);
    let fetched = format!(
        "{SHELL}<script type=application/json data-sveltekit-fetched data-url=/api>{{\"status\":200,\"body\":{}}}</script>",
        json(&post)
    );
    assert_eq!(shipped(&fetched, "SvelteKit"), TEXT);
    let state = format!("{SHELL}<script>window.__INITIAL_STATE__={{\"page\":{post}}};(function(){{}})()</script>");
    assert_eq!(shipped(&state, "__INITIAL_STATE__"), TEXT);
    let other = format!("{SHELL}<script type=application/json id=vike_pageContext>{post}</script>");
    assert_eq!(shipped(&other, "JSON in the page"), TEXT);
    let stream = format!(
        "{SHELL}<script>self.__next_f.push([0])</script><script>self.__next_f.push([1,{}])</script>",
        json(&format!("0:[\"$\",\"h1\",null,{{\"children\":\"Kettles\"}}]\n2:T{:x},{HTML}", HTML.len()))
    );
    assert_eq!(shipped(&stream, "__next_f"), TEXT);
}

#[test]
fn markdown_compiled_mdx_and_trees_are_read() {
    let markdown = "---\ntitle: Kettles\n---\n\n## Boiling\n\nA kettle boils water in **two** minutes, see [pots](../pots).\n";
    let page = |field: &str| {
        format!(
            "{SHELL}<script id=__NEXT_DATA__ type=application/json>{{\"props\":{{\"pageProps\":{{\"frontMatter\":{{\"title\":\"Kettles\"}},{field}}}}}}}</script>"
        )
    };
    assert!(
        shipped(&page(&format!("\"markdown\":{}", json(markdown))), "__NEXT_DATA__").contains("A kettle boils water in **two** minutes")
    );
    let compiled = "/*@jsxRuntime automatic*/ function _createMdxContent(props) { const _components = {h2: \"h2\"}; return _jsxs(_Fragment, {children: [_jsx(_components.h2, {children: \"Boiling\"}), \"\\n\", _jsxs(_components.p, {children: [\"A kettle boils water in \", _jsx(_components.strong, {children: \"two\"}), \" minutes, see \", _jsx(_components.a, {href: \"../pots\", children: \"pots\"}), \".\"]})]}); }";
    assert_eq!(
        shipped(&page(&format!("\"mdxSource\":{{\"compiledSource\":{}}}", json(compiled))), "__NEXT_DATA__").replace("# Kettles\n\n", ""),
        TEXT.replace("# Kettles\n\n", "")
    );
    let tree = "{\"type\":\"minimark\",\"value\":[[\"h2\",{\"id\":\"boiling\"},\"Boiling\"],[\"p\",{},\"A kettle boils water in \",[\"strong\",{},\"two\"],\" minutes, see \",[\"a\",{\"href\":\"../pots\"},\"pots\"],\".\"]]}";
    assert_eq!(shipped(&page(&format!("\"body\":{tree}")), "__NEXT_DATA__"), TEXT);
    // What begins as JSON may be markdown: a badge, a link, a directive.
    for start in ["[![Kettles](/badge.svg)](/kettles)", "[Pots](/pots) are another matter.", "{% note %}"] {
        let markdown = format!("{start}\n\n## Boiling\n\nA kettle boils water in **two** minutes.");
        let read = shipped(&page(&format!("\"content\":{}", json(&markdown))), "__NEXT_DATA__");
        assert!(read.contains("## Boiling\n\nA kettle boils water in **two** minutes"), "{start}: {read}");
    }
    // Of several forms of one text the one that says most is taken.
    let both = format!("\"content\":\"A kettle boils water in two minutes, see pots for more of that.\",\"html\":{}", json(HTML));
    assert!(!shipped(&page(&both), "__NEXT_DATA__").contains("for more of that"));
}

#[test]
fn what_pages_keep_without_a_framework_is_read() {
    let body = "A kettle boils water in two minutes.\n\nA pot takes longer than that.";
    let linked = format!(
        "{SHELL}<script type=application/ld+json>{{\"@graph\":[{{\"@type\":\"WebSite\"}},{{\"@type\":\"Article\",\"headline\":\"Kettles\",\"articleBody\":{}}}]}}</script>",
        json(body)
    );
    assert_eq!(shipped(&linked, "JSON-LD"), format!("# Kettles\n\n{body}"));
    let noscript = format!("{SHELL}<noscript>{HTML}</noscript><noscript><img src=x></noscript>");
    assert_eq!(shipped(&noscript, "noscript"), TEXT.replace("# Kettles\n\n", ""));
    let template = format!("{SHELL}<template id=content>{HTML}<template>{{{{x}}}}</template></template>");
    let _ = read(&template);
    let template = format!(
        "{SHELL}<template id=content>{HTML}</template><template id=row><p>{{{{ a.name.of.something }}}} and a text around it</p></template>"
    );
    assert_eq!(shipped(&template, "template"), TEXT.replace("# Kettles\n\n", ""));
    let markdown = format!("{SHELL}<script type=text/markdown># Kettles\n\nA kettle boils water.\n</script>");
    assert_eq!(shipped(&markdown, "markdown in the page").trim(), "# Kettles\n\nA kettle boils water.");
    let xmp = "<!doctype html><title>K</title><xmp theme=united style='display:none'># Kettles\n\nA kettle boils water.\n</xmp><script src=strapdown.js></script>";
    assert_eq!(shipped(xmp, "markdown in the page").trim(), "# Kettles\n\nA kettle boils water.");
}

#[test]
fn what_components_and_elements_are_given_is_read() {
    let props =
        serde_json::json!({ "title": [0, "Kettles"], "body": [0, HTML], "tags": [1, [[0, "a"]]] }).to_string().replace('"', "&quot;");
    let island = |client: &str| {
        format!("<head><title>Kettles</title></head><astro-island client={client} props=\"{props}\"></astro-island><script>a</script>")
    };
    assert_eq!(shipped(&island("only"), "astro-island"), TEXT);
    let text = "<p>All about kettles, and what they are for.</p>";
    let own = read(&format!("{}{text}", island("load"))).unwrap();
    assert_eq!((own.markdown.as_str(), own.filled), ("All about kettles, and what they are for.", Filled::Served));
    let page = serde_json::json!({ "component": "Doc", "props": { "doc": { "title": "Kettles", "body": HTML } }, "url": "/x" });
    let page = page.to_string().replace('"', "&quot;");
    let inertia = format!("<head><title>Kettles</title></head><div id=app data-page=\"{page}\"></div><script src=/main.js></script>");
    assert_eq!(shipped(&inertia, "JSON in the page"), TEXT);
}

#[test]
fn descriptions_of_interfaces_in_a_page_are_read_as_such() {
    let description = serde_json::json!({
        "openapi": "3.0.0",
        "info": { "title": "Kettles", "version": "2.1" },
        "paths": { "/boil": { "post": { "summary": "Boils water", "description": "It takes two minutes.", "responses": {} } } }
    })
    .to_string();
    for page in [
        format!("<div id=swagger-ui></div><script>SwaggerUIBundle({{ spec: {description}, dom_id: '#swagger-ui' }})</script>"),
        format!("<div id=redoc-container></div><script>const spec = {description}; Redoc.init(spec, {{}})</script>"),
        format!("<script id=api-reference type=application/json>{description}</script><script src=scalar.js></script>"),
        format!("<div id=app></div><script>Scalar.createApiReference('#app', {{ content: {description} }})</script>"),
        format!(
            "<script id=api-reference data-configuration='{{\"spec\":{{\"content\":{description}}}}}'></script><script src=scalar.js></script>"
        ),
    ] {
        let text = shipped(&page, "OpenAPI");
        assert!(text.starts_with("# Kettles\n\n## POST /boil\n\nBoils water\n\nIt takes two minutes."), "{page}: {text}");
        assert_eq!(read(&page).unwrap().metadata.version.as_deref(), Some("2.1"), "{page}");
    }
}

#[test]
fn a_program_is_no_text() {
    let body = "var _excluded = []; function _createMdxContent(props) { return /*#__PURE__*/React.createElement(React.Fragment, null, React.createElement(_components.h2, null, \"Boiling\"), React.createElement(_components.p, null, \"A kettle boils water in two minutes.\")); }";
    let page = |body: &str| {
        format!(
            "{SHELL}<script id=__NEXT_DATA__ type=application/json>{{\"props\":{{\"pageProps\":{{\"title\":\"Kettles\",\"body\":{}}}}}}}</script>",
            json(body)
        )
    };
    assert_eq!(shipped(&page(body), "__NEXT_DATA__"), "# Kettles\n\n## Boiling\n\nA kettle boils water in two minutes.");
    assert_eq!(read(&page(&body.replace("React.createElement", "_make.createElement"))), Err(Skip::Shell));
}

#[test]
fn links_of_what_is_shipped_are_followed() {
    let noscript = format!("{SHELL}<noscript>{HTML}</noscript>");
    assert_eq!(links(&page(&noscript)).links, ["https://docs.test/pots".parse().unwrap()]);
}

#[test]
fn a_page_with_text_keeps_its_own() {
    let data =
        format!("<script id=__NEXT_DATA__ type=application/json>{{\"props\":{{\"pageProps\":{{\"content\":{}}}}}}}</script>", json(HTML));
    let own = "<div id=__next><main><h1>Pans</h1><p>Pans are flat and wide, and nothing for tea.</p></main></div>";
    let document = read(&format!("{own}{data}")).unwrap();
    assert_eq!((document.markdown.as_str(), document.filled), ("# Pans\n\nPans are flat and wide, and nothing for tea.", Filled::Served));
}

#[test]
fn settings_are_no_text() {
    for data in [
        r#"{"props":{"pageProps":{"title":"Kettles","content":"width=device-width, initial-scale=1","className":"flex flex-col items-center justify-between"}}}"#,
        r#"{"props":{"pageProps":{"config":{"content":"<p>Some HTML of a banner that stands on every page of it.</p>"},"source":"https://cdn.test/a.js"}}}"#,
        r#"{"props":{"pageProps":{"menu":[{"title":"Guide","content":"<p>What a menu tells of a page when it is opened.</p>"}]}}}"#,
        r#"{"props":{"pageProps":{"text":"next-router-state-tree, next-url, accept, x-token: 12345678901234567890"}}}"#,
        r#"{"props":"#,
        "not json at all",
        "",
    ] {
        let found = read(&format!("{SHELL}<script id=__NEXT_DATA__ type=application/json>{data}</script>"));
        assert_eq!(found, Err(Skip::Shell), "{data}");
    }
}

#[test]
fn what_only_asks_for_scripts_is_no_text() {
    for asks in [
        "<noscript><p>You need to enable JavaScript to run this app.</p></noscript>",
        "<noscript><div><h1>Please turn on JavaScript</h1><p>This site does not work without it.</p></div></noscript>",
    ] {
        assert_eq!(read(&format!("{SHELL}{asks}")), Err(Skip::Shell), "{asks}");
    }
}

#[test]
fn what_is_beyond_a_limit_is_counted() {
    let page = |count: usize| {
        let texts: Vec<String> = (0..count).map(|text| format!("{{\"content\":\"<p>Kettle number {text} boils water.</p>\"}}")).collect();
        format!("{SHELL}<script id=__NEXT_DATA__ type=application/json>{{\"props\":{{\"pageProps\":[{}]}}}}</script>", texts.join(","))
    };
    let words = |body: &str| read(body).unwrap().notes.iter().find(|note| note.rule == "data beyond a limit").map(|note| note.words);
    assert_eq!((words(&page(2_000)), words(&page(2_100))), (None, Some(100 * 5)));
    let budget = Budget::default();
    let many = "[".to_owned() + &"1,".repeat(1_100_000) + "2]";
    let meter = budget.begin();
    let (data, unread) = literal::begun(&many, &meter);
    assert!(data.items().len() > 900_000 && unread.len() > 100_000, "{} {}", data.items().len(), unread.len());
}

#[test]
fn trees_that_say_nothing_are_looked_through_once() {
    // A tree in a tree in a tree, all of which say nothing until the text behind them.
    let leaves = "{\"type\":\"element\",\"tag\":\"div\",\"props\":{\"children\":\"\"}},".repeat(3_000);
    let open = format!("{{\"type\":\"root\",\"props\":{{\"children\":0}},\"children\":[{leaves}").repeat(60);
    let silent = format!("{{\"tree\":{open}{},\"content\":{}}}", "0]}".repeat(60), json(HTML));
    let data = format!("{SHELL}<script id=__NEXT_DATA__ type=application/json>{{\"props\":{{\"pageProps\":{silent}}}}}</script>");
    assert_eq!(shipped(&data, "__NEXT_DATA__"), TEXT.replace("# Kettles\n\n", ""));
}

#[test]
fn large_broken_and_deep_data_ends() {
    let large = format!(
        "{{\"props\":{{\"pageProps\":{{\"title\":\"Kettles\",\"list\":[{}],\"content\":{}}}}}}}",
        "{\"id\":12345,\"url\":\"/a/b/c\"},".repeat(30_000),
        json(HTML)
    );
    assert_eq!(shipped(&format!("{SHELL}<script id=__NEXT_DATA__ type=application/json>{large}</script>"), "__NEXT_DATA__"), TEXT);
    let broken = large.strip_suffix("}}}").unwrap();
    assert_eq!(shipped(&format!("{SHELL}<script id=__NEXT_DATA__ type=application/json>{broken}</script>"), "__NEXT_DATA__"), TEXT);
    let deep = format!("{}{}", "{\"children\":[".repeat(50_000), json(HTML));
    assert_eq!(read(&format!("{SHELL}<script id=__NEXT_DATA__ type=application/json>{{\"props\":{deep}</script>")), Err(Skip::Shell));
}
