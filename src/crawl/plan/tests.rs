use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn bounds(scope: Scope, seed: &str) -> Bounds {
    Bounds::new(scope, &[url(seed)])
}

#[test]
fn seeds_are_parsed_at_the_door() {
    let request = CrawlRequest::parse(&[" https://A.test:443/x#part "]).unwrap();
    assert_eq!(request.seeds, [url("https://a.test/x")]);
    assert!(matches!(CrawlRequest::parse(&[] as &[&str]), Err(Error::NoSeed)));
}

#[test]
fn the_name_of_a_host_is_enough() {
    let parsed = |seed: &str| CrawlRequest::parse(&[seed]).map(|request| request.seeds[0].to_string()).ok();
    for (text, meant) in [
        ("docs.rs", "https://docs.rs/"),
        (" Docs.RS/smol?x=1#y ", "https://docs.rs/smol?x=1"),
        ("docs.python.org/3/", "https://docs.python.org/3/"),
        ("docs.rs:443/smol", "https://docs.rs/smol"),
        ("bücher.de", "https://xn--bcher-kva.de/"),
        ("localhost:8080", "http://localhost:8080/"),
        ("localhost", "http://localhost/"),
        ("localhost:443/x", "http://localhost:443/x"),
        ("127.0.0.1:2711/a", "http://127.0.0.1:2711/a"),
        ("[::1]:80/", "http://[::1]/"),
        ("wiki:8080/x", "https://wiki:8080/x"),
    ] {
        assert_eq!(parsed(text).as_deref(), Some(meant), "{text}");
    }
    for no_host in
        ["docs", "index.html", "1.2", "a.test", "guide/start.html", "me@docs.rs", "mailto:a@docs.rs", ".rs", "docs.rs:x", "data:1,2"]
    {
        assert_eq!(parsed(no_host), None, "{no_host}");
    }
}

#[test]
fn a_wrong_seed_says_what_was_probably_meant() {
    let error = |seed: &str| CrawlRequest::parse(&[seed]).unwrap_err();
    let told = |seed: &str| (error(seed).to_string(), error(seed).hint().unwrap());
    assert_eq!(told("wiki.corp"), ("not a URL: \"wiki.corp\"".into(), "did you mean https://wiki.corp?".into()));
    assert_eq!(told("http//docs.rs/x").1, "did you mean http://docs.rs/x?");
    assert_eq!(told("//docs.rs/x").1, "did you mean https://docs.rs/x?");
    assert_eq!(told("ftp://a.test/"), ("unsupported scheme \"ftp\" in \"ftp://a.test/\"".into(), "only http and https are crawled".into()));
    for file in [
        "./README.md",
        "../docs",
        "/usr/share/doc",
        "~/manual.html",
        ".\\README.md",
        "\\\\server\\docs",
        "C:\\docs\\x.html",
        "file:///x.html",
    ] {
        assert!(told(file).1.starts_with("files are not fetched: "), "{file}: {}", told(file).1);
    }
    assert_eq!(told("mailto:a@b.test").1, "only http and https are crawled");
    for secret in [
        "http://me:hunter2@a b/?api_key=hunter2",
        "http//me:hunter2@a.test/x",
        "ftp://me:hunter2@a.test/?token=hunter2",
        "me:hunter2@a.test/",
    ] {
        let (message, hint) = told(secret);
        assert!(!message.contains("hunter2") && !hint.contains("hunter2"), "{message} {hint}");
    }
    for nonsense in ["", "a b c", "https://", "http://:80", "https://a b/"] {
        assert_eq!(told(nonsense).1, "a URL begins with https:// or http://, then the host", "{nonsense}");
    }
}

#[test]
fn a_prefix_is_the_folder_of_the_seed() {
    let bounds = bounds(Scope::Prefix, "https://a.test/docs/start.html");
    for inside in ["https://a.test/docs/", "https://a.test/docs/x/y?z=1", "http://a.test/docs/start.html"] {
        assert!(bounds.contains(&url(inside)), "{inside}");
    }
    for outside in ["https://a.test/", "https://a.test/docs", "https://a.test/docs2/", "https://a.test:8443/docs/", "https://b.test/docs/"]
    {
        assert!(!bounds.contains(&url(outside)), "{outside}");
    }
}

#[test]
fn a_host_has_a_port() {
    let bounds = bounds(Scope::Host, "http://a.test:8080/docs/");
    assert!(bounds.contains(&url("http://a.test:8080/x")) && bounds.contains(&url("http://www.a.test:8080/x")));
    assert!(!bounds.contains(&url("http://a.test/x")) && !bounds.contains(&url("http://sub.a.test:8080/x")));
}

#[test]
fn a_site_has_one_area_under_both_its_names() {
    for seed in ["https://a.test/docs", "http://www.a.test/docs/"] {
        for scope in [Scope::Prefix, Scope::Host] {
            let bounds = bounds(scope, seed);
            assert!(bounds.contains(&url("https://www.a.test/docs/x")) && bounds.contains(&url("http://a.test/docs/x")), "{seed}");
            assert!(bounds.may_list(&url("http://www.a.test/y")) && bounds.may_list(&url("http://a.test/y")));
            for outside in ["https://w.a.test/docs/x", "https://www.b.test/docs/x", "https://www.www.a.test/docs/x"] {
                assert!(!bounds.contains(&url(outside)), "{seed} {outside}");
            }
        }
        assert!(!bounds(Scope::Prefix, seed).contains(&url("https://www.a.test/blog")));
    }
    // Of a name below which anybody has a site it is another site.
    assert!(!bounds(Scope::Host, "https://github.io/").contains(&url("https://www.github.io/")));
}

#[test]
fn a_domain_ends_at_the_public_suffix() {
    let python = bounds(Scope::Domain, "https://docs.python.org/3/");
    assert!(python.contains(&url("https://python.org/")) && python.contains(&url("https://a.b.python.org:444/")));
    assert!(!python.contains(&url("https://pypi.org/")));
    let uk = bounds(Scope::Domain, "https://a.example.co.uk/");
    assert!(uk.contains(&url("https://example.co.uk/")) && !uk.contains(&url("https://other.co.uk/")));
    let pages = bounds(Scope::Domain, "https://me.github.io/");
    assert!(!pages.contains(&url("https://you.github.io/")));
    let address = bounds(Scope::Domain, "http://127.0.0.1:8080/");
    assert!(address.contains(&url("http://127.0.0.1:8080/x")) && !address.contains(&url("http://10.0.0.1:8080/x")));
}

#[test]
fn a_seed_without_a_slash_is_a_folder() {
    let docs = bounds(Scope::Prefix, "https://a.test/docs");
    for (inside, outside) in
        [("/docs", "/docs-old"), ("/docs/", "/docsx/"), ("/docs/a/b", "/"), ("/docs?page=2", "/blog"), ("/docs/x.html", "/doc")]
    {
        assert!(docs.contains(&url("https://a.test").join(inside).unwrap()), "{inside}");
        assert!(!docs.contains(&url("https://a.test").join(outside).unwrap()), "{outside}");
    }
    for (page, beside) in [("/start.html", "/other"), ("/index.php", "/x/y"), ("/sitemap.xml", "/a"), ("/llms.txt", "/a")] {
        assert!(bounds(Scope::Prefix, &format!("https://a.test{page}")).contains(&url("https://a.test").join(beside).unwrap()), "{page}");
    }
    for (version, beside) in [("/v1.2", "/v1.3"), ("/3.x", "/4.x"), ("/3.14", "/3.13/x")] {
        assert!(
            !bounds(Scope::Prefix, &format!("https://a.test{version}")).contains(&url("https://a.test").join(beside).unwrap()),
            "{version}"
        );
    }
}

#[test]
fn deeper_down_the_page_tells_whether_it_is_a_folder() {
    let seed = url("https://a.test/docs/start");
    let after = |links: &[&str]| {
        let mut bounds = bounds(Scope::Prefix, seed.as_str());
        assert!(bounds.contains(&seed) && !bounds.contains(&url("https://a.test/docs/other")), "not yet");
        bounds.read(&seed, &links.iter().map(|link| seed.join(link).unwrap()).collect::<Vec<_>>());
        [
            bounds.contains(&url("https://a.test/docs/other")),
            bounds.contains(&url("https://a.test/docs/start/x")),
            bounds.contains(&url("https://a.test/x")),
        ]
    };
    assert_eq!(after(&["/docs/start/a", "/docs/other"]), [false, true, false]);
    assert_eq!(
        after(&["/docs/other", "/docs/start/", "/docs/start#x", "/docs/starter/x", "http://b.test/docs/start/x"]),
        [true, true, false]
    );
    assert_eq!(after(&[]), [true, true, false]);
}

#[test]
fn a_redirected_seed_takes_the_scope_along_within_its_site() {
    let mut bounds = bounds(Scope::Prefix, "http://a.test/docs");
    assert_eq!(bounds.moved(&url("http://a.test/docs"), &url("https://www.a.test/docs/")), Moved::Along);
    assert!(bounds.contains(&url("https://www.a.test/docs/x")) && bounds.contains(&url("http://a.test/docs/x")));
    assert!(!bounds.contains(&url("http://docs.a.test/docs/x")));
    assert_eq!(bounds.moved(&url("https://www.a.test/docs/"), &url("https://www.a.test/en/docs/")), Moved::Along);
    assert!(bounds.contains(&url("https://www.a.test/en/docs/x")) && !bounds.contains(&url("https://www.a.test/docs/x")));
}

#[test]
fn a_seed_redirected_to_another_site_takes_that_page_alone() {
    for scope in [Scope::Prefix, Scope::Host, Scope::Domain] {
        let mut bounds = bounds(scope, "http://a.test/");
        assert_eq!(bounds.moved(&url("http://a.test/"), &url("http://big.test/me/site")), Moved::Away);
        bounds.read(&url("http://big.test/me/site"), &[url("http://big.test/me/other")]);
        assert!(bounds.contains(&url("http://big.test/me/site")) && bounds.contains(&url("http://big.test/me/site/x")));
        for outside in [
            "http://big.test/",
            "http://big.test/me/",
            "http://big.test/me/other",
            "http://big.test/me/site2",
            "http://www.big.test/me/site",
        ] {
            assert!(!bounds.contains(&url(outside)), "{scope:?} {outside}");
        }
        assert!(bounds.contains(&url("http://a.test/x")), "its own site stays");
        assert!(!bounds.may_list(&url("http://big.test/x")) && !bounds.may_hold_sitemap(&url("http://big.test/sitemap.xml")));
        // A front page is not its whole site, and a further redirect changes nothing of that.
        assert_eq!(bounds.moved(&url("http://big.test/me/site"), &url("http://big.test/")), Moved::Away);
        assert!(bounds.contains(&url("http://big.test/")) && !bounds.contains(&url("http://big.test/x")));
        assert_eq!(bounds.moved(&url("http://big.test/"), &url("http://big.test/me/site")), Moved::Away);
        // As after a detour over a service that logs in.
        assert_eq!(bounds.moved(&url("http://big.test/me/site"), &url("http://a.test/start/")), Moved::Along);
        assert!(!bounds.contains(&url("http://big.test/me/site")) && bounds.contains(&url("http://a.test/start/x")));
    }
}

#[test]
fn sitemaps_lie_on_the_site_and_ports_are_those_of_the_web() {
    let bounds = bounds(Scope::Prefix, "http://docs.a.test/docs/");
    for own in ["http://docs.a.test/sitemap.xml", "https://docs.a.test/x", "http://a.test/s.xml", "http://cdn.a.test:8080/s.xml"] {
        assert!(bounds.may_hold_sitemap(&url(own)), "{own}");
    }
    assert!(!bounds.may_hold_sitemap(&url("http://third.test/s.xml")));
    assert!(bounds.is_bad_port(&url("http://docs.a.test:25/")) && bounds.is_bad_port(&url("http://b.test:6667/")));
    assert!(!bounds.is_bad_port(&url("http://docs.a.test:8080/")) && !bounds.is_bad_port(&url("http://b.test/")));
    let named = Bounds::new(Scope::Prefix, &[url("http://a.test:6000/")]);
    assert!(!named.is_bad_port(&url("http://a.test:6000/x")), "whoever asks for it gets it");
}

#[test]
fn the_requests_and_bytes_of_a_crawl_are_a_multiple_of_its_pages() {
    let request = CrawlRequest::parse(&["http://a.test/"]).unwrap();
    assert_eq!(request.clone().max_pages(5).requests_allowed(), 200);
    assert_eq!(request.clone().max_pages(u64::MAX).requests_allowed(), u64::MAX);
    assert_eq!(request.clone().max_requests(7).requests_allowed(), 7);
    assert_eq!(request.clone().max_pages(0).bytes_allowed(), 256 << 20);
    assert_eq!(request.max_bytes(9).bytes_allowed(), 9);
}

#[test]
fn binaries_are_known_by_their_extension() {
    assert!(BINARY_EXTENSIONS.is_sorted());
    for binary in ["/a.png", "/a.TAR.GZ", "/x/a.woff2?v=3", "/objects.inv"] {
        assert!(is_binary(&url("https://a.test").join(binary).unwrap()), "{binary}");
    }
    for page in ["/", "/a", "/a.html", "/v1.2/", "/png", "/.zip", "/a?f=x.zip", "/feed.xml", "/a.md", "/3.14"] {
        assert!(!is_binary(&url("https://a.test").join(page).unwrap()), "{page}");
    }
}
