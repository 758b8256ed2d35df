use std::io::Read;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn corpus(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/corpus/robots/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn cases(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_slice(&corpus("cases.json")).unwrap();
    all[kind].as_array().unwrap().clone()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The part of a case's URL that is matched, not parsed: some cases hold octets that a parsed URL cannot.
fn path(url: &str) -> &str {
    let after_host = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_host.find('/').map_or("", |slash| &after_host[slash..]);
    path.split('#').next().unwrap_or_default()
}

#[test]
fn every_match_case_has_the_expected_answer() {
    let cases = cases("match");
    assert_eq!(cases.len(), 145);
    let mut wrong = Vec::new();
    for case in &cases {
        let rules = Rules::parse(text(case, "robots").as_bytes(), text(case, "agent"));
        let allowed = rules.forbids_path(path(text(case, "url"))).is_none();
        if Some(allowed) != case["allowed"].as_bool() {
            wrong.push(format!("{} {} {}", text(case, "origin"), text(case, "test"), text(case, "url")));
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

#[test]
fn product_tokens_are_told_from_other_names() {
    for case in cases("agent_name") {
        assert_eq!(Some(is_product_token(text(&case, "agent"))), case["valid"].as_bool(), "{case}");
    }
}

#[test]
fn lines_are_counted_and_understood_as_expected() {
    for case in cases("parse") {
        let body = match case["robots_b64"].as_str() {
            Some(encoded) => base64(encoded),
            None => text(&case, "robots").as_bytes().to_vec(),
        };
        let found: Vec<_> = records(&body).collect();
        let unknown = found.iter().filter(|(_, record)| *record == Record::Unknown).count() as u64;
        let understood = found.len() as u64 - unknown;
        if let Some(expected) = case["directives"].as_u64() {
            assert_eq!(understood, expected, "{case}");
        }
        if let Some(expected) = case["unknown"].as_u64() {
            assert_eq!(unknown, expected, "{case}");
        }
        if let Some(expected) = case["last_line"].as_u64() {
            assert_eq!(found.last().unwrap().0 as u64, expected, "{case}");
        }
        if let Some(expected) = case["sitemap"].as_str() {
            assert_eq!(Rules::parse(&body, "foo").sitemaps, [expected], "{case}");
        }
    }
}

#[test]
fn patterns_have_one_normal_form() {
    for case in cases("escape") {
        assert_eq!(&*Rule::parse(Kind::Allow, text(&case, "pattern").as_bytes()).text, text(&case, "escaped"));
    }
}

// Exceptions: the corpus also lists texts that are no URLs ("example.com", "a/b", "//a/b/c"), for a parser that takes
// strings. Here a URL is parsed at the door, so these never come.
#[test]
fn the_path_and_query_of_a_url_are_matched() {
    for case in cases("path") {
        if let Ok(url) = Url::parse(text(&case, "url")) {
            assert_eq!(&url[Position::BeforePath..Position::AfterQuery], text(&case, "path"));
        }
    }
}

#[test]
fn three_hundred_real_files_are_read_quickly() {
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(corpus("samples.tar.gz").as_slice()).read_to_end(&mut tar).unwrap();
    let files: Vec<_> = tar_files(&tar).collect();
    assert_eq!(files.len(), 300);
    let started = Instant::now();
    let mut with_rules = 0;
    for body in files {
        let rules = Rules::parse(body, "smolcrawl");
        with_rules += usize::from(rules.size() > 0);
        rules.forbids(&Url::parse("https://a.test/some/longer/path/index.php?with=query&page=2").unwrap());
    }
    assert!(with_rules > 200, "only {with_rules} of 300 have rules for everyone");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn an_answer_is_read_by_its_status() {
    let url = Url::parse("https://a.test/x").unwrap();
    let closed = b"User-agent: *\nDisallow: /";
    assert!(Rules::of_answer(200, closed, "smolcrawl").forbids(&url).is_some());
    for status in [301, 401, 403, 404, 410] {
        assert_eq!(Rules::of_answer(status, closed, "smolcrawl").forbids(&url), None, "{status}");
    }
    for status in [429, 500, 503] {
        assert_eq!(Rules::of_answer(status, b"", "smolcrawl").forbids(&url), Some(Forbidden::Unavailable(status)));
    }
}

#[test]
fn crawl_delay_belongs_to_its_group_and_is_capped() {
    let delay = |robots: &str| Rules::parse(robots.as_bytes(), "smolcrawl").crawl_delay;
    assert_eq!(delay("User-agent: *\nCrawl-delay: 2.5"), Some(Duration::from_millis(2500)));
    assert_eq!(delay("User-agent: other\nCrawl-delay: 2"), None);
    assert_eq!(delay("User-agent: *\nCrawl-delay: 2\nUser-agent: SmolCrawl\nDisallow: /x"), None);
    assert_eq!(delay("User-agent: *\nCrawl-delay: 86400"), Some(MAX_CRAWL_DELAY));
    for nonsense in ["-1", "soon", "NaN", "inf", ""] {
        assert_eq!(delay(&format!("User-agent: *\nCrawl-delay: {nonsense}")), None, "{nonsense}");
    }
}

#[test]
fn a_delay_ends_the_list_of_agents() {
    let rules = Rules::parse(b"User-agent: *\nCrawl-delay: 5\n\nUser-agent: badbot\nDisallow: /", "smolcrawl");
    assert_eq!(rules.forbids_path("/x"), None);
}

#[test]
fn robots_txt_itself_is_never_forbidden() {
    let rules = Rules::parse(b"User-agent: *\nDisallow: /", "smolcrawl");
    assert_eq!(rules.forbids(&Url::parse("https://a.test/robots.txt").unwrap()), None);
}

#[test]
fn nothing_is_read_past_the_size_limit() {
    let mut body = vec![b'#'; MAX_SIZE];
    body.extend(b"\nUser-agent: *\nDisallow: /");
    assert_eq!(Rules::parse(&body, "smolcrawl").forbids_path("/x"), None);
}

#[test]
fn a_rule_that_the_size_limit_cuts_is_none() {
    let mut body = b"User-agent: *\nDisallow: /private\n#".to_vec();
    body.resize(MAX_SIZE - 11, b'#');
    body.extend(b"\nDisallow: /open/x");
    let rules = Rules::parse(&body, "smolcrawl");
    assert_eq!((rules.forbids_path("/open/y"), rules.forbids_path("/private").is_some()), (None, true));
}

#[test]
fn escaped_stars_and_dollars_are_literal() {
    let forbids =
        |rule: &str, path: &str| Rules::parse(format!("User-agent: *\n{rule}").as_bytes(), "smolcrawl").forbids_path(path).is_some();
    for (rule, forbidden, open) in [
        ("Disallow: /a-%2A.html", "/a-*.html", "/a-b.html"),
        ("Disallow: /a-%2a.html", "/a-%2A.html", "/a-.html"),
        ("Disallow: /a-%24", "/a-$", "/a-"),
        ("Disallow: /a-%24", "/a-$b", "/a-b"),
        ("Disallow: /a$b", "/a$bc", "/a"),
        ("Disallow: /a$b", "/a%24b", "/ab"),
        ("Disallow: /a%2A*b$", "/a*xxb", "/axxb"),
        ("Disallow: /*%24$", "/x$", "/x$y"),
        ("Disallow: /%7Ejoe/", "/~joe/x", "/joe/x"),
        ("Disallow: /~joe/", "/%7ejoe/x", "/joe/x"),
        ("Disallow: /%61dmin", "/admin", "/dmin"),
        ("Disallow: /a%2Fb", "/a%2fb", "/a/b"),
    ] {
        assert!(forbids(rule, forbidden) && !forbids(rule, open), "{rule}");
    }
}

#[test]
fn the_longest_rule_decides_however_the_rules_are_kept() {
    let file = b"User-agent: *\nDisallow: /\nAllow: /a\nDisallow: /a/b\nAllow: /a/b/c\nDisallow: /*.pdf\nAllow: /a/b/c/d.pdf\nAllow: /x$";
    let rules = Rules::parse(file, "smolcrawl");
    for (path, is_allowed) in [
        ("/", false),
        ("/x", true),
        ("/xy", false),
        ("/a", true),
        ("/a/", true),
        ("/a/b", false),
        ("/a/bb", false),
        ("/a/b/c", true),
        ("/a.pdf", false),
        ("/a/b/c/d.pdf", true),
        ("/a/b/cc.pdf", false),
        ("/a/b/c.pd", true),
        ("/b", false),
    ] {
        // "/*.pdf" and "/a/b/c" are of one length, and then what allows weighs more.
        let is_allowed = is_allowed || path == "/a/b/cc.pdf";
        assert_eq!(rules.forbids_path(path).is_none(), is_allowed, "{path}");
    }
}

/// Bytes looked at are bounded, whatever is in the file: measured in work, as time depends on the machine.
#[test]
fn many_stars_do_not_take_long() {
    let lines: [(&str, String); 5] = [
        ("one long rule", format!("Disallow: /{}b$\n", "a*".repeat(8_000))),
        ("many rules", "Disallow: /*a*a*b\n".repeat(40_000)),
        ("different rules", (0..40_000).map(|number| format!("Disallow: /*a{number}\n")).collect()),
        ("prefixes of each other", (1..1_000).map(|length| format!("Disallow: /{}b\n", "a".repeat(length))).collect()),
        ("allowed and not", (0..20_000).map(|number| format!("Allow: /*a*{number}\nDisallow: /*a*{number}$\n")).collect()),
    ];
    let path = format!("/{}", "a".repeat(2_000));
    for (name, lines) in lines {
        let rules = Rules::parse(format!("User-agent: *\n{lines}").as_bytes(), "smolcrawl");
        let started = Instant::now();
        for _ in 0..20 {
            let verdict = rules.forbids_path(&path);
            assert!(verdict.is_none() || verdict == Some(Forbidden::Unweighed), "{name}: {verdict:?}");
        }
        // A twentieth of a second each where a plain loop takes seconds.
        assert!(started.elapsed() < Duration::from_secs(10), "{name}: {:?}", started.elapsed());
    }
}

#[test]
fn rules_that_are_not_weighed_forbid_and_ordinary_ones_are_weighed() {
    let many = |count: usize| {
        let lines: String = (0..count).map(|number| format!("Disallow: /*x{number}y\n")).collect();
        Rules::parse(format!("User-agent: *\n{lines}").as_bytes(), "smolcrawl")
    };
    assert_eq!(many(20_000).forbids_path(&format!("/{}", "a".repeat(2_000))), Some(Forbidden::Unweighed));
    assert_eq!(many(5_000).forbids_path(&format!("/{}", "a".repeat(100))), None);
    assert_eq!(many(5_000).forbids_path("/x4999y"), Some(Forbidden::Rule("/*x4999y".into())));
}

#[test]
fn header_directives_are_read_for_this_agent() {
    let of = |value| {
        let Directives { index, follow } = Directives::of_header(value, "smolcrawl");
        (index, follow)
    };
    assert_eq!(of("noindex, NOFOLLOW"), (false, false));
    assert_eq!(of("none"), (false, false));
    assert_eq!(of("googlebot: noindex, nofollow"), (true, true));
    assert_eq!(of("smolcrawl: noindex"), (false, true));
    assert_eq!(of("unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"), (false, true));
    // What has a value, and a date's time of day, name no agent.
    for value in [
        "max-snippet:20, noindex",
        "max-image-preview: large, max-video-preview:-1, noindex",
        "unavailable_after: Friday, 25 Jun 2030 15:00:00 PST, noindex",
        "smolcrawl: max-snippet:20, noindex",
        "googlebot: nofollow, smolcrawl: noindex",
    ] {
        assert_eq!(of(value), (false, true), "{value}");
    }
    for value in ["googlebot: max-snippet:20, noindex", "bot2: noindex, max-snippet:20, nofollow", ""] {
        assert_eq!(of(value), (true, true), "{value}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(body in proptest::collection::vec(any::<u8>(), 0..400), path in "\\PC{0,40}") {
        Rules::parse(&body, "smolcrawl").forbids_path(&path);
    }

    #[test]
    fn matching_agrees_with_a_plain_definition(pattern in "[/ab*$]{1,8}", path in "[/ab$*]{0,8}") {
        let rule = Rule::parse(Kind::Allow, pattern.as_bytes());
        let normal = path_in_normal_form(&path);
        let matches = rule.matches(&normal);
        prop_assert_eq!(matches, by_definition(pattern.as_bytes(), path.as_bytes()));
        prop_assert!(!matches || rule.may_match(&normal));
    }

    /// Looking rules up finds what trying them all finds.
    #[test]
    fn the_verdict_agrees_with_a_plain_definition(
        lines in proptest::collection::vec((any::<bool>(), "/[ab*/]{0,4}[$]?"), 0..12),
        path in "/[ab/]{0,6}",
    ) {
        let text: String = lines.iter().map(|(allow, pattern)| format!("{}: {pattern}\n", if *allow { "Allow" } else { "Disallow" })).collect();
        let rules = Rules::parse(format!("User-agent: *\n{text}").as_bytes(), "smolcrawl");
        let decisive = lines
            .iter()
            .filter(|(_, pattern)| by_definition(pattern.as_bytes(), path.as_bytes()))
            .map(|(allow, pattern)| {
                let rule = Rule::parse(if *allow { Kind::Allow } else { Kind::Disallow }, pattern.as_bytes());
                rule.weight()
            })
            .max();
        prop_assert_eq!(rules.forbids_path(&path).is_none(), decisive.is_none_or(|(_, kind)| kind == Kind::Allow), "{}", text);
    }
}

/// The definition written down as recursion, for short texts only.
fn by_definition(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern, path) {
        ([], _) => true,
        ([b'$'], path) => path.is_empty(),
        ([b'*', rest @ ..], path) => (0..=path.len()).any(|skip| by_definition(rest, &path[skip..])),
        ([first, rest @ ..], [byte, after @ ..]) => first == byte && by_definition(rest, after),
        ([_, ..], []) => false,
    }
}

/// The contents of the regular files of a ustar archive.
fn tar_files(tar: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = tar;
    std::iter::from_fn(move || {
        loop {
            let (header, body) = rest.split_at_checked(512)?;
            let size = std::str::from_utf8(&header[124..135]).ok().and_then(|octal| usize::from_str_radix(octal.trim(), 8).ok())?;
            rest = body.get(size.next_multiple_of(512)..)?;
            if matches!(header[156], b'0' | 0) {
                return Some(&body[..size]);
            }
        }
    })
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text.bytes().filter_map(|byte| ALPHABET.iter().position(|digit| *digit == byte)).map(|d| d as u32).collect();
    let mut bytes = Vec::new();
    for quad in digits.chunks(4) {
        let bits = quad.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - quad.len()));
        bytes.extend(&bits.to_be_bytes()[1..quad.len()]);
    }
    bytes
}
