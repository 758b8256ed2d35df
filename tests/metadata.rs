//! What a page says of itself and what it is called: small pages of our own that imitate the heads and marks of generators and sites.

use std::time::{Duration, Instant, SystemTime};

use smolcrawl::extract;
use smolcrawl::model::{Document, Filled, Metadata, Page, Validators};
use url::Url;

fn document_at(url: &str, html: &str) -> Document {
    let page = Page {
        url: Url::parse(url).unwrap(),
        status: 200,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: html.as_bytes().to_vec(),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    };
    extract::document(&page).unwrap()
}

/// The page of a head, with a body that has no heading.
fn said(head: &str) -> Metadata {
    document_at("https://docs.test/en/pots.html", &format!("<html><head>{head}</head><body><p>Pots are warm.</p></body></html>")).metadata
}

fn title(html: &str) -> String {
    document_at("https://docs.test/en/pots.html", html).title
}

/// Generator, software and version.
#[track_caller]
fn assert_software(html: &str, expected: [Option<&str>; 3]) {
    let Metadata { generator, software, version, .. } = document_at("https://docs.test/en/pots.html", html).metadata;
    assert_eq!([generator.as_deref(), software.as_deref(), version.as_deref()], expected, "{html}");
}

#[test]
fn the_head_says_what_the_page_is() {
    let metadata = said(
        "<meta name=Description content='All about\n pots.'><link rel=canonical href='/pots#top'><meta name=author content='Ada Brown'>\
         <meta property=article:published_time content=2024-01-02T03:04:05Z><meta property=article:modified_time content=2024-02-03>\
         <meta property=og:locale content=de_CH><meta name=generator content='Teapot 1.2'>",
    );
    assert_eq!(metadata.description.as_deref(), Some("All about pots."));
    assert_eq!(metadata.canonical.unwrap().as_str(), "https://docs.test/pots");
    assert_eq!(metadata.author.as_deref(), Some("Ada Brown"));
    assert_eq!(metadata.published.as_deref(), Some("2024-01-02T03:04:05Z"));
    assert_eq!(metadata.modified.as_deref(), Some("2024-02-03"));
    assert_eq!(metadata.language.as_deref(), Some("de-CH"));
    assert_eq!(metadata.generator.as_deref(), Some("Teapot 1.2"));
    assert_eq!((metadata.software, metadata.version), (None, None));
}

#[test]
fn a_page_that_says_nothing_has_nothing() {
    assert_eq!(
        said("<title>Pots 3.2 by Ada, May 2024</title><meta name=description content=' '><meta name=generator content>"),
        Metadata::default()
    );
    let body = "<html><body><h1>Pots</h1><p>Version 3.2 of May 31, 2024, by Ada Brown, created using Sphinx 7.</p></body></html>";
    assert_eq!(document_at("https://docs.test/v1.2/pots.html", body).metadata, Metadata::default());
    let unset = "<meta name=description content=''><meta name=date content='yesterday'><meta property=article:author content='https://docs.test/ada'>\
        <link rel=canonical href=''><meta property=og:locale content='{{ locale }}'><meta name=docsearch:version content=current>";
    assert_eq!(said(unset), Metadata::default());
}

#[test]
fn descriptions_of_several_kinds() {
    for head in [
        "<meta property=og:description content='Warm pots.'>",
        "<meta name=twitter:description content='Warm pots.'>",
        "<meta name=description content=''><meta property=og:description content='Warm pots.'>",
        r#"<script type="application/ld+json">{"@type":"TechArticle","description":"Warm pots."}</script>"#,
        "<meta property=og:description content='Other.'><meta name=description content='Warm&#8203; \u{202e}pots.'>",
    ] {
        assert_eq!(said(head).description.as_deref(), Some("Warm pots."), "{head}");
    }
    let long = said(&format!("<meta name=description content='{}'>", "é".repeat(5_000)));
    assert_eq!(long.description.unwrap().chars().count(), 1_000);
}

#[test]
fn a_canonical_address_is_one_of_the_web() {
    let canonical = |head: &str| said(head).canonical.map(String::from);
    assert_eq!(canonical("<base href=/other/><link rel='shortlink canonical' href=x>").as_deref(), Some("https://docs.test/other/x"));
    assert_eq!(canonical("<meta property=og:url content='https://docs.test/pots'>").as_deref(), Some("https://docs.test/pots"));
    for none in [
        "<link rel=canonical href='javascript:1'>",
        "<meta property=og:url content='/pots'>",
        "<meta property=og:url content='https://other.test/pots'>",
        "<meta property=og:url content='https://docs.test/'>",
    ] {
        assert_eq!(canonical(none), None, "{none}");
    }
}

#[test]
fn the_language_is_that_of_the_outermost_element_that_says_one() {
    for (html, expected) in [
        ("<html lang=en-GB><body lang=de><p>x", Some("en-GB")),
        ("<html xml:lang=fr><p>x", Some("fr")),
        ("<html lang=''><body><div lang=nl class=book><p>x</div>", Some("nl")),
        ("<meta http-equiv=Content-Language content=it><p>x", Some("it")),
        ("<meta http-equiv=Content-Language content='it, de'><p>x", None),
        ("<meta property=og:locale content=pt_BR><p>x", Some("pt-BR")),
        (r#"<script type="application/ld+json">{"@type":"WebPage","inLanguage":"sv-SE"}</script><p>x"#, Some("sv-SE")),
        ("<html lang=english><p>x", None),
    ] {
        assert_eq!(document_at("https://docs.test/x", html).metadata.language.as_deref(), expected, "{html}");
    }
}

#[test]
fn translations_are_pages_in_other_languages() {
    let head = "<link rel=alternate hreflang=de href=/de/pots.html><link rel=alternate hreflang=en href=/en/pots.html>\
        <link rel=alternate hreflang=x-default href=/><link rel=alternate hreflang=fr href=/fr.xml type='application/rss+xml'>\
        <link rel=alternate hreflang=de href='https://docs.test/de/pots.html'><link rel=alternate hreflang=ja href='mailto:x'>\
        <link hreflang=es rel='alternate' type='text/html' href=../es/>";
    let found: Vec<_> = said(head).translations.into_iter().map(|other| format!("{} {}", other.language, other.url)).collect();
    assert_eq!(found, ["de https://docs.test/de/pots.html", "es https://docs.test/es/"]);
    let many: String = (0..5_000).map(|n| format!("<link rel=alternate hreflang=de href=/{n}>")).collect();
    assert_eq!(said(&many).translations.len(), 200);
}

#[test]
fn dates_are_those_of_the_page() {
    let dates = |body: &str| {
        let metadata = document_at("https://docs.test/pots", &format!("<article><h1>Pots</h1><p>Warm.</p>{body}</article>")).metadata;
        [metadata.published, metadata.modified]
    };
    for body in [
        "<time itemprop=datePublished datetime=2024-01-02>2 Jan</time><meta itemprop=dateModified content=2024-02-03>",
        "<time class='entry-date published' datetime=2024-01-02>2 Jan</time><time class=updated datetime=2024-02-03>3 Feb</time>",
        "<time pubdate datetime=2024-01-02>2 Jan</time><div id=footer><div id=footer-text>Last updated 2024-02-03 12:00:00 UTC</div></div>",
        "<meta name=date content=2024-01-02><meta name=last-modified content=2024-02-03>",
        "<meta name=dcterms.created content=2024-01-02><meta name=dcterms.modified content=2024-02-03>",
        "<div itemscope itemtype=http://schema.org/Question><time itemprop=datePublished datetime=2024-01-02></time><b itemprop=dateModified content=2024-02-03></b>\
         <div itemscope itemprop=suggestedAnswer><time itemprop=datePublished datetime=2024-05-05></time></div></div>",
        r#"<script type="application/ld+json">{"@graph":[{"@type":"WebSite"},{"@type":"WebPage","datePublished":"2024-01-02","dateModified":"2024-02-03"}]}</script>"#,
    ] {
        assert_eq!(dates(body), [Some("2024-01-02".to_owned()), Some("2024-02-03".to_owned())], "{body}");
    }
    for others in [
        "<time datetime=2024-01-02>the day it happened</time>",
        "<time class=published datetime=2024-01-02></time><time class=published datetime=2024-01-03></time>",
        "<div itemscope><time itemprop=datePublished datetime=2024-01-02></time></div><div itemscope><time itemprop=datePublished datetime=2024-01-03></time></div>",
        "<p>Published on 2024-01-02, last updated 2024-02-03.</p>",
    ] {
        assert_eq!(dates(others), [None, None], "{others}");
    }
}

#[test]
fn authors_are_names() {
    for body in [
        "<meta name=author content='Ada Brown'>",
        "<meta name=author content='By Ada Brown'>",
        "<meta property=article:author content='https://social.test/ada'><meta name=dc.creator content='Ada Brown'>",
        "<a rel='author external' href=/ada>Ada <b>Brown</b></a>",
        "<span itemprop=author itemscope itemtype=http://schema.org/Person><img alt=x><span itemprop=name>Ada Brown</span>, 40</span>",
        r#"<script type="application/ld+json">{"@type":"BlogPosting","author":[{"@type":"Person","name":"Ada Brown"}]}</script>"#,
    ] {
        let found = document_at("https://docs.test/pots", &format!("<article><h1>Pots</h1><p>Warm.</p>{body}</article>")).metadata.author;
        assert_eq!(found.as_deref(), Some("Ada Brown"), "{body}");
    }
    assert_eq!(
        said("<meta name=author content=Ada><meta name=author content=Bob><meta name=author content=Ada>").author.as_deref(),
        Some("Ada, Bob")
    );
    let signed = "<p>a<a rel=author>Ada</a><p>b<a rel=author>Bob</a>";
    assert_eq!(document_at("https://docs.test/", signed).metadata.author, None, "a list of stories has no author");
}

#[test]
fn sphinx_says_its_project() {
    let with = |head: &str, title: &str, footer: &str| {
        format!("<html><head>{head}<title>{title}</title></head><body><div role=main><h1>Pots</h1><p>Warm.</p></div>{footer}</body></html>")
    };
    let footer = "<div class=footer>&copy; Copyright 2024, Tea. Created using <a href=https://www.sphinx-doc.org/>Sphinx</a> 7.2.6.</div>";
    let inline = "<script>var DOCUMENTATION_OPTIONS = { URL_ROOT: './', VERSION: '4.1.2', LANGUAGE: 'en' };</script>";
    let external = "<script data-url_root=./ id=documentation_options src=_static/documentation_options.js></script>";
    assert_software(
        &with(inline, "Pots &#8212; Teahouse 4.1 documentation", footer),
        [Some("Sphinx 7.2.6"), Some("Teahouse"), Some("4.1.2")],
    );
    assert_software(&with(external, "Pots — Teahouse 4.1.2 documentation", ""), [None, Some("Teahouse"), Some("4.1.2")]);
    assert_software(
        &with(external, "Pots — Teahouse Documentation (4.1.x)", footer),
        [Some("Sphinx 7.2.6"), Some("Teahouse"), Some("4.1.x")],
    );
    assert_software(&with(external, "Pots — The Tea House documentation", ""), [None, Some("The Tea House"), None]);
    let footer =
        "<footer><p>Built with <a href=https://www.sphinx-doc.org/>Sphinx</a> using a theme provided by Read the Docs.</p></footer>";
    let side =
        "<nav><div class=wy-side-nav-search><a class=icon-home href=index.html>Teahouse</a><div class=version>4.1.2</div></div></nav>";
    assert_software(
        &with("<script src='_static/documentation_options.js?v=1'></script>", "Pots — Teahouse documentation", &format!("{side}{footer}")),
        [Some("Sphinx"), Some("Teahouse"), Some("4.1.2")],
    );
    assert_software(&with("", "Pots — Writing good documentation", ""), [None, None, None]);
    assert_software(
        &with("<meta name=readthedocs-project-slug content=teahouse><meta name=readthedocs-version-slug content=v4.1.2>", "Pots", ""),
        [None, Some("teahouse"), Some("v4.1.2")],
    );
    assert_software(
        &with(r#"<script id=READTHEDOCS_DATA type=application/json>{"project": "teahouse", "version": "latest"}</script>"#, "Pots", ""),
        [None, Some("teahouse"), None],
    );
}

#[test]
fn generators_name_themselves_and_the_software() {
    for (html, expected) in [
        // rustdoc
        (
            "<meta name=generator content=rustdoc><meta name=rustdoc-vars data-current-crate=teahouse data-rustdoc-version=1.90.0><title>Pot in teahouse::pots - Rust</title>\
          <nav class=sidebar><div class=sidebar-crate><h2><a href=x>teahouse</a><span class=version>1.0.3</span></h2></div></nav><main><h1>Struct Pot</h1><p>x</main>",
            [Some("rustdoc"), Some("teahouse"), Some("1.0.3")],
        ),
        (
            "<meta name=generator content=rustdoc><title>teahouse::pots - Rust</title><nav class=sidebar><div class='block version'><p>Version 0.9.1</p></div></nav><main><h1>Module</h1><p>x</main>",
            [Some("rustdoc"), Some("teahouse"), Some("0.9.1")],
        ),
        // Javadoc
        (
            "<!-- Generated by javadoc (17) on Fri Jan 05 --><meta name=generator content=javadoc/ClassWriterImpl><title>Pot (Tea House 4.1.2 API)</title><main><h1>Class Pot</h1><p>x</main>",
            [Some("javadoc 17"), Some("Tea House"), Some("4.1.2")],
        ),
        (
            "<html><head><!-- Generated by javadoc (1.8.0_292) on Thu Jan 04 --><title>Pot (Tea SE 17 &amp; TDK 17)</title></head><h2>Class Pot</h2><p>x",
            [Some("javadoc 1.8.0_292"), Some("Tea SE"), Some("17")],
        ),
        // Doxygen
        (
            "<meta name=generator content='Doxygen 1.9.4'/><title>Tea: tea::Pot Class Reference</title><div id=projectname>Tea\n&#160;<span id=projectnumber>3.4.0</span></div><div class=title>tea::Pot</div><p>x",
            [Some("Doxygen 1.9.4"), Some("Tea"), Some("3.4.0")],
        ),
        (
            "<meta name=generator content='Doxygen 1.9.4'/><title>Tea: Pots</title><div id=projectname>Tea</div><p>x",
            [Some("Doxygen 1.9.4"), Some("Tea"), None],
        ),
        // gtk-doc
        (
            "<title>Pots: Tea Reference Manual</title><meta name=generator content='DocBook XSL Stylesheets Vsnapshot'><meta name=generator content='GTK-Doc V1.33.1 (XML mode)'><h2>Pots</h2><p>x",
            [Some("GTK-Doc V1.33.1 (XML mode)"), Some("Tea"), None],
        ),
        (
            "<title>Tea Reference Manual: Tea Reference Manual</title><meta name=generator content='GTK-Doc V1.33.1'><div><p class=releaseinfo>for Tea 2.74.6\nThe latest version is 9.9.</p></div><p>x",
            [Some("GTK-Doc V1.33.1"), Some("Tea"), Some("2.74.6")],
        ),
        // ExDoc, EDoc of OTP
        (
            "<meta name=generator content='ExDoc v0.31.0'><meta name=project content='Tea v1.7.10'><title>Tea.Pot — Tea v1.7.10</title><h1>Tea.Pot</h1><p>x",
            [Some("ExDoc v0.31.0"), Some("Tea"), Some("v1.7.10")],
        ),
        (
            "<div class=sidebar><a class=sidebar-projectName>Tea</a><div class=sidebar-projectVersion>v1.7.10</div></div><title>Tea.Pot</title><main><h1>Tea.Pot</h1><p>x</main>",
            [None, Some("Tea"), Some("v1.7.10")],
        ),
        (
            "<title>Erlang -- pots</title><div><p class=section-title>Tea Reference Manual</p><p class=section-version>Version 4.2</p></div><h1>pots</h1><p>x",
            [None, Some("Tea"), Some("4.2")],
        ),
        // Scaladoc, Dokka, TypeDoc, Haddock
        (
            "<title>Pot</title><div><span id=doc-title>Tea Library<span id=doc-version>2.13.12</span></span></div><h1>Pot</h1><p>x",
            [None, Some("Tea Library"), Some("2.13.12")],
        ),
        (
            "<title>Pot</title><div><span class=project-name>tea3</span><div class=projectVersion>3.3.1</div></div><h1>Pot</h1><p>x",
            [None, Some("tea3"), Some("3.3.1")],
        ),
        (
            "<title>Pot</title><a class=library-name href=x>tea-core</a><div class=library-version>1.8.0</div><h1>Pot</h1><p>x",
            [None, Some("tea-core"), Some("1.8.0")],
        ),
        (
            "<meta name=generator content='typedoc --theme default'><title>Pot | tea - v1.2.3</title><h1>Class Pot</h1><p>x",
            [Some("typedoc --theme default"), Some("tea"), Some("v1.2.3")],
        ),
        (
            "<title>Data.Pot</title><div id=package-header><span class=caption>tea-pots-4.18.0.0: Warm things</span></div><div id=content><p>x</div><div id=footer><p>Produced by <a>Haddock</a> version 2.24.0</div>",
            [Some("Haddock 2.24.0"), Some("tea-pots"), Some("4.18.0.0")],
        ),
        // Docusaurus, Antora, mdBook, Node's own, DocBook, Texinfo
        (
            "<meta name=generator content='Docusaurus v3.9.2'><meta name=docusaurus_version content=2.4><meta name=docsearch:version content='2.4,latest'><title>Pots | Tea</title><p>x",
            [Some("Docusaurus v3.9.2"), None, Some("2.4")],
        ),
        (
            "<meta name=generator content='Docusaurus v3.9.2'><meta name=docusaurus_version content=current><title>Pots | Tea</title><p>x",
            [Some("Docusaurus v3.9.2"), None, None],
        ),
        (
            "<meta name=generator content='Antora 3.1.7'><title>Pots :: Tea</title><div class='nav-panel-explore'><div class=context><span class=title>Tea Server</span><span class=version>7.2</span></div></div><p>x",
            [Some("Antora 3.1.7"), Some("Tea Server"), Some("7.2")],
        ),
        (
            "<html><head><!-- Book generated using mdBook --><title>Pots - Tea Book</title></head><main><h1>Pots</h1><p>x</main>",
            [Some("mdBook"), None, None],
        ),
        ("<title>Pots | Tea.js v18.20.4 Documentation</title><p>x", [None, Some("Tea.js"), Some("v18.20.4")]),
        (
            "<title>Tea: Documentation: 18: POUR</title><h1>POUR</h1><p>x<a accesskey=h href=index.html title='TeaSQL 18.3 Documentation'>Home</a>",
            [None, Some("TeaSQL"), Some("18.3")],
        ),
        (
            "<html><!-- Created by GNU Texinfo 6.8, https://www.gnu.org/software/texinfo/ --><head><meta name=Generator content=texi2any><title>Pots (GNU Tea 9.4)</title></head><h2>Pots</h2><p>x",
            [Some("GNU Texinfo 6.8"), Some("GNU Tea"), Some("9.4")],
        ),
        // What generators say of their own version is not the software's.
        (
            "<title>Class: Pot — Documentation by YARD 0.9.37</title><h1>Class: Pot</h1><p>x<div id=footer>Generated on Fri Jan 5 by <a>yard</a> 0.9.37 (ruby-3.4.4).</div>",
            [Some("yard 0.9.37"), None, None],
        ),
        (
            "<title>class Pot - RDoc Documentation</title><h1>class Pot</h1><p>x<footer>Generated by <a>RDoc</a> 6.5.0.</footer>",
            [Some("RDoc 6.5.0"), None, None],
        ),
        (
            "<title>class Pot - Documentation for Tea 3.3</title><h1>class Pot</h1><p>x<footer>Generated by <a>RDoc</a> 6.5.0.</footer>",
            [Some("RDoc 6.5.0"), Some("Tea"), Some("3.3")],
        ),
        ("<title>Warm pots - Kettle 15 Manual</title><p>x", [None, None, None]),
        ("<title>Warm pots - Tea 8.0 Reference Manual</title><p>x", [None, Some("Tea"), Some("8.0")]),
        (
            "<title>Pots</title><p>x<footer>Documentation generated by <a>JSDoc 3.6.7</a> on Fri Jan 5</footer>",
            [Some("JSDoc 3.6.7"), None, None],
        ),
    ] {
        assert_software(html, expected);
    }
}

#[test]
fn a_title_goes_without_its_site_wherever_that_stands() {
    for (head, expected) in [
        ("<title>Pots | Tea House</title><meta property=og:site_name content='Tea House'>", "Pots"),
        ("<title>Tea House | Pots</title><meta property=og:site_name content='Tea House'>", "Pots"),
        ("<title>Tea :: Warm pots</title><meta property=og:site_name content=Tea>", "Warm pots"),
        ("<title>Pots - Kitchen - Tea House</title><meta property=og:site_name content='Tea House'>", "Pots - Kitchen"),
        (
            "<title>Pots - Tea House - Tea Ltd</title><meta property=og:site_name content='Tea House'><script type=application/ld+json>{\"@type\":\"WebPage\",\"publisher\":{\"name\":\"Tea Ltd\"}}</script>",
            "Pots",
        ),
        (
            "<title>Pots &mdash; Tea House</title><script type=application/ld+json>{\"@type\":\"WebSite\",\"name\":\"Tea&amp;House\"}</script>",
            "Pots",
        ),
        ("<title>Pots · TEA·HOUSE</title><meta name=application-name content='Tea House'>", "Pots"),
        ("<title>Pots|Tea House</title><meta property=og:site_name content='Tea House'>", "Pots"),
        ("<title>Pots: Tea Reference Manual</title><link rel=home href=index.html title='Tea Reference Manual'>", "Pots"),
        ("<title>Pots - Docs</title><body><header><a href=/ class=x><img alt=Docs></a></header>", "Pots - Docs"),
        ("<title>Pots - Tea</title><body><header><a href=/>Tea</a></header>", "Pots"),
        ("<title>Pots - Tea</title><body><header><a class=navbar-brand href=../index.html><img alt=Tea></a></header>", "Pots"),
        ("<title>Home - Tea</title><body><header><a href=/>Home</a></header>", "Home - Tea"),
        ("<title>Tea - Pots</title><body><header><a href=/>Tea</a></header>", "Tea - Pots"),
        ("<title>Pots - Coffee</title><meta property=og:site_name content=Tea>", "Pots - Coffee"),
        ("<title>Tea</title><meta property=og:site_name content=Tea>", "Tea"),
        ("<title>Tea</title><meta property=og:site_name content=Tea><meta property=og:title content='Warm pots'>", "Warm pots"),
        ("<title>| Tea</title><meta property=og:site_name content=Tea>", "| Tea"),
    ] {
        assert_eq!(title(&format!("<html><head>{head}<p>Pots are warm.</p>")), expected, "{head}");
    }
    assert_eq!(document_at("https://tea-house.test/pots", "<title>Warm pots | Tea House</title><p>x").title, "Warm pots");
    assert_eq!(
        document_at("https://tea.test/", "<title>Tea – warm pots for all</title><meta property=og:site_name content=Tea><p>x").title,
        "Tea – warm pots for all"
    );
    let first = "<title>Tea</title><meta property=og:site_name content=Tea><main><h1>How to pour</h1><p>x</main>";
    assert_eq!(title(first), "How to pour");
}

#[test]
fn a_title_goes_without_its_manual() {
    for (html, expected) in [
        ("<title>Warm pots &#8212; Tea 4.1 documentation</title><script id=documentation_options></script><p>x", "Warm pots"),
        ("<title>Warm pots — Writing good documentation</title><p>x", "Warm pots — Writing good documentation"),
        ("<!-- Generated by javadoc (17) --><title>Pot.Lid (Tea SE 17 &amp; TDK 17)</title><h1>Class Pot.Lid</h1><p>x", "Pot.Lid"),
        ("<title>pour (wine)</title><h1>Pouring</h1><p>x", "pour (wine)"),
        (
            "<meta name=generator content='Doxygen 1.9.4'><title>Tea: tea::Pot&lt; T &gt; Class Template Reference</title><div id=projectname>Tea</div><p>x",
            "tea::Pot< T > Class Template Reference",
        ),
        ("<meta name=generator content=typedoc><title>Pot | tea - v1.2.3</title><h1>Class Pot</h1><p>x", "Pot"),
        ("<meta name=generator content='ExDoc v0.31.0'><title>Tea.Pot — Tea v1.7.10</title><p>x", "Tea.Pot"),
        ("<meta name=generator content=rustdoc><title>Pot in teahouse - Rust</title><h1>Struct Pot</h1><p>x", "Pot in teahouse - Rust"),
        ("<meta name=generator content=texi2any><title>16 Options (tea)</title><h2>16 Options</h2><p>x", "16 Options"),
        ("<title>Erlang -- pots</title><h1>7 pots</h1><p>x", "pots"),
        ("<title>Pots | Tea.js v18.20.4 Documentation</title><p>x", "Pots"),
        ("<title>Class: Pot — Documentation by YARD 0.9.37</title><p>x<div id=footer>Generated by yard 0.9.37</div>", "Class: Pot"),
    ] {
        assert_eq!(title(html), expected, "{html}");
    }
}

#[test]
fn a_title_is_found_between_others_by_the_heading() {
    for (html, expected) in [
        (
            "<title>kettles - How to pour? - Tea Exchange</title><div id=header><h1>How to pour?</h1></div><div id=a><p>x</div>",
            "How to pour?",
        ),
        (
            "<title>What is tea: leaves, water | Tea</title><main><h1>What is tea: leaves, water</h1><h2>What is tea</h2><p>x</main>",
            "What is tea: leaves, water",
        ),
        ("<title>Pots - Tea Book</title><h1 class=menu-title>Tea Book</h1><main><h1>About pots</h1><p>x</main>", "Pots"),
        // A little more than the heading says, or a little less.
        ("<title>Pot.Fill Method (Tea) | Learn Tea</title><main><h1>Pot.Fill Method</h1><p>x</main>", "Pot.Fill Method (Tea)"),
        ("<title>Teapot | leaves</title><main><h1>Class Teapot</h1><p>x</main>", "Teapot"),
        ("<title>Pots leak · Issue #7 · tea/pots · Forge</title><main><h1>Pots leak #7</h1><p>x</main>", "Pots leak"),
        ("<title>Tea 1.0 - house.tea.Teapot</title><main><h1>Teapot</h1><p>x</main>", "house.tea.Teapot"),
        ("<title>Fill the pot :: Tea Docs</title><main><h1>Fill the pot</h1><p>x</main>", "Fill the pot"),
        ("<title>Tea::Pot - fill a pot - metatea.org</title><main><h1>NAME</h1><p>x</main>", "Tea::Pot - fill a pot"),
        ("<title>Pots that leak: 7 ways out</title><main><h1>Pots that leak</h1><p>x</main>", "Pots that leak"),
        ("<title>Pots that leak badly: 7 ways out</title><main><h1>Pots that leak</h1><p>x</main>", "Pots that leak badly: 7 ways out"),
        ("<title>Pots - with Node.js</title><main><h1>Installing</h1><p>x</main>", "Pots - with Node.js"),
    ] {
        assert_eq!(title(html), expected, "{html}");
    }
}

#[test]
fn a_title_holds_nothing_that_acts_on_a_terminal() {
    assert_eq!(title("<title>Po\u{1b}[31mts\u{7} \u{202e}txt\u{2066}.exe</title><p>x"), "Po[31mts txt.exe");
    assert_eq!(title("<title>\u{202e}\u{200b}</title><h1>Po\u{200f}ts</h1><p>x"), "Pots");
    assert_eq!(title("<title>\u{9b}</title><p>x"), "pots");
}

#[test]
fn heads_without_end_cost_what_they_are_long() {
    type Shape = fn(usize) -> String;
    let shapes: [(&str, Shape); 8] = [
        ("metas", |n| "<meta name=author content='Ada Brown'><meta name=generator content=x>".repeat(n)),
        ("items", |n| "<div itemscope><b itemprop=datePublished content=2024-01-02>x</b>".repeat(n)),
        ("links", |n| "<link rel='alternate a b c' hreflang=de href=/x>".repeat(n)),
        ("scripts", |n| "<script type=application/ld+json>{\"@graph\":[{\"@type\":\"Article\"}]}</script>".repeat(n)),
        ("footers", |n| "<footer class=footer>created by with using".repeat(n)),
        ("brands", |n| "<a href=/ rel='author home'>".repeat(n)),
        ("comments", |n| format!("{}-->", "<!-- generated by".repeat(n))),
        ("title", |n| format!("<title>{}</title>", "a - b | c: ".repeat(n))),
    ];
    for (name, shape) in shapes {
        let started = Instant::now();
        let document = document_at("https://docs.test/", &format!("<main><p>{}</main>{}", "Pots are warm. ".repeat(20), shape(20_000)));
        assert!(started.elapsed() < Duration::from_secs(5), "{name} took {:?}", started.elapsed());
        assert!(format!("{:?}", document.metadata).len() < 40_000, "{name}");
    }
}
