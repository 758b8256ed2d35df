use serde_json::json;

use super::*;

const KEYS: &[&str] = &["mcpServers"];

fn fields() -> Vec<(&'static str, Value)> {
    vec![("command", json!("/bin/smolcrawl")), ("args", json!(["serve", "--db", "x y.db"]))]
}

fn put(text: &str, format: Format) -> String {
    let keys: &[&str] = if format == Format::Toml { &["mcp_servers"] } else { KEYS };
    let with = super::with(text, format, keys, "smolcrawl", &fields()).unwrap_or_else(|broken| panic!("{broken}\n{text}"));
    let again = super::with(&with, format, keys, "smolcrawl", &fields()).unwrap();
    assert_eq!(again, with, "a second time changes nothing");
    with
}

fn taken(text: &str, format: Format) -> String {
    let keys: &[&str] = if format == Format::Toml { &["mcp_servers"] } else { KEYS };
    super::without(text, format, keys, "smolcrawl").unwrap_or_else(|broken| panic!("{broken}\n{text}"))
}

#[test]
fn an_empty_file_becomes_one_as_people_write_it() {
    let expected = "{
  \"mcpServers\": {
    \"smolcrawl\": {
      \"command\": \"/bin/smolcrawl\",
      \"args\": [\"serve\", \"--db\", \"x y.db\"]
    }
  }
}
";
    for empty in ["", "{}\n", "{ }\n", "{\n}\n"] {
        assert_eq!(put(empty, Format::Json), expected, "{empty:?}");
    }
    assert_eq!(put("{}", Format::Json), expected.trim_end());
    assert_eq!(put("// none yet", Format::Jsonc), format!("// none yet\n{expected}"));
    assert_eq!(put("", Format::Toml), "[mcp_servers.smolcrawl]\ncommand = \"/bin/smolcrawl\"\nargs = [\"serve\", \"--db\", \"x y.db\"]\n");
}

/// Comments, odd blanks, tabs, other servers, a name twice, CRLF: whatever is there stays, byte for byte.
#[test]
fn what_is_there_stays_byte_for_byte() {
    let files = [
        "{\n  // mine\n  \"theme\": \"dark\", // of the evening\n  \"mcpServers\": {\n    \"other\": { \"command\": \"x\" } // last\n  }\n}\n",
        "{\n\t\"mcpServers\" :\t{\n\t\t\"other\":{\"command\":\"x\",\"args\":[ ]},\n\t},\n\t\"z\": 1e3,\n}",
        "{\r\n    \"mcpServers\": {\r\n        \"other\": {\r\n            \"command\": \"x\"\r\n        }\r\n    }\r\n}\r\n",
        "{\"a\":1,\"mcpServers\":{\"other\":{\"command\":\"x\"}}}",
        "{\"a\":1}",
        "{\n  \"mcpServers\": {}\n}\n",
        "{\n  \"mcpServers\": {\n    // nobody\n  }\n}\n",
        "{\n  \"mcpServers\": { /* nobody */ }\n}\n",
        "{ \"mcpServers\": { /* nobody */ } }",
        "{\n  \"a\": 1 /* one */ , /* two */ // three\n  // four\n}\n",
        "{\n  \"a\": [1, 2], \"b\": \"ü\\u00fc\" }\n",
        "/* head */\n{\n  \"mcpServers\": {\"a\": {}, \"b\": {}},\n  \"mcpServers\": {\"c\": {}}\n}\n// foot\n",
        "\u{feff}{\n  \"theme\": \"dark\"\n}\n",
    ];
    for text in files {
        let with = put(text, Format::Jsonc);
        assert!(is_only_added_to(text, &with), "{text}\n{with}");
        let entry = &entries(&with, Format::Jsonc, KEYS).unwrap()["smolcrawl"];
        assert_eq!(*entry, object(&fields()), "{with}");
        let without = taken(&with, Format::Jsonc);
        let same = |text: &str| text.split_whitespace().collect::<String>().replace("{/*nobody*/}", "{}");
        let emptied = [",\"mcpServers\":{}", "\"mcpServers\":{},", "\"mcpServers\":{}"].map(|empty| same(&without).replacen(empty, "", 1));
        assert!(
            without == text || same(&without) == same(text) || emptied.iter().any(|emptied| *emptied == same(text)),
            "{text}\n{with}\n{without}"
        );
    }
    // Where the object for servers was there, it is the same to the byte afterwards.
    for text in [files[0], files[1], files[2], files[3], files[6]] {
        assert_eq!(taken(&put(text, Format::Jsonc), Format::Jsonc), text);
    }
}

/// Whether all bytes of `old` are in `new`, in their order.
fn is_only_added_to(old: &str, new: &str) -> bool {
    let mut rest = new.chars();
    // An object without anything in it may have its blanks elsewhere.
    old.chars().filter(|c| !c.is_whitespace()).all(|c| rest.any(|other| other == c)) && new.len() > old.len()
}

#[test]
fn the_entry_is_indented_as_the_file_is() {
    let text = "{\n    \"mcpServers\": {\n        \"other\": { \"command\": \"x\" } // last\n    }\n}\n";
    let expected = "{\n    \"mcpServers\": {\n        \"other\": { \"command\": \"x\" }, // last\n        \"smolcrawl\": {
            \"command\": \"/bin/smolcrawl\",\n            \"args\": [\"serve\", \"--db\", \"x y.db\"]\n        }\n    }\n}\n";
    assert_eq!(put(text, Format::Jsonc), expected);
    let crlf = put(&text.replace('\n', "\r\n"), Format::Jsonc);
    assert_eq!(crlf, expected.replace('\n', "\r\n"));
    let one_line = put("{\"mcpServers\":{\"other\":{}}}", Format::Json);
    assert_eq!(
        one_line,
        "{\"mcpServers\":{\"other\":{}, \"smolcrawl\": { \"command\": \"/bin/smolcrawl\", \"args\": [\"serve\", \"--db\", \"x y.db\"] }}}"
    );
}

#[test]
fn an_entry_that_is_there_is_brought_up_to_date_and_keeps_what_else_it_has() {
    let text = "{\n  \"mcpServers\": {\n    \"smolcrawl\": {\n      \"args\": [\n        \"serve\" // only\n      ],\n      \"env\": { \"A\": \"b\" }, // mine\n      \"command\": \"/old\"\n    },\n    \"other\": {}\n  }\n}\n";
    let with = put(text, Format::Jsonc);
    assert_eq!(
        with,
        text.replace("[\n        \"serve\" // only\n      ]", "[\"serve\", \"--db\", \"x y.db\"]").replace("/old", "/bin/smolcrawl")
    );
    assert_eq!(put("{ \"mcpServers\": { \"smolcrawl\": false } }", Format::Json).matches("smolcrawl").count(), 2);
    let toml = "[mcp_servers.smolcrawl]\ncommand = \"/old\" # mine\nargs = [\"serve\", \"--db\", \"x y.db\"]\nstartup_timeout_sec = 20\n\n[mcp_servers.smolcrawl.env]\nA = \"b\"\n";
    assert_eq!(put(toml, Format::Toml), toml.replace("/old", "/bin/smolcrawl"));
}

#[test]
fn an_entry_is_taken_out_wherever_it_stands() {
    let cases = [
        ("{\n  \"mcpServers\": {\n    \"smolcrawl\": {},\n    \"b\": {}\n  }\n}", "{\n  \"mcpServers\": {\n    \"b\": {}\n  }\n}"),
        (
            "{\n  \"mcpServers\": {\n    \"a\": {}, // a\n    \"smolcrawl\": {}\n  }\n}",
            "{\n  \"mcpServers\": {\n    \"a\": {} // a\n  }\n}",
        ),
        ("{\n  \"mcpServers\": {\n    \"smolcrawl\": {}\n  }\n}", "{\n  \"mcpServers\": {}\n}"),
        (
            "{\n  \"mcpServers\": {\n    // note\n    \"smolcrawl\": {}, \"b\": {}\n  }\n}",
            "{\n  \"mcpServers\": {\n    // note\n    \"b\": {}\n  }\n}",
        ),
        ("{\n  \"mcpServers\": {\n    // note\n    \"smolcrawl\": {} }\n}", "{\n  \"mcpServers\": {\n    // note\n     }\n}"),
        ("{\"mcpServers\":{\"a\":{},\"smolcrawl\":{}}}", "{\"mcpServers\":{\"a\":{}}}"),
        ("{\"mcpServers\":{\"smolcrawl\":{},\"b\":{}}}", "{\"mcpServers\":{\"b\":{}}}"),
        (
            "{\n  \"mcpServers\": {\n    \"smolcrawl\": {}, // our own\n    \"b\": {}\n  }\n}",
            "{\n  \"mcpServers\": { // our own\n    \"b\": {}\n  }\n}",
        ),
        ("{\"mcpServers\":{\"a\":{}}}", "{\"mcpServers\":{\"a\":{}}}"),
    ];
    for (text, expected) in cases {
        assert_eq!(taken(text, Format::Jsonc), expected, "{text}");
    }
}

#[test]
fn tables_of_others_stay_byte_for_byte() {
    let head = "# mine\r\nmodel = \"x\" # best\r\n\r\n[mcp_servers.other]\r\ncommand = 'x'\r\nargs = [ ]\r\n";
    for text in [head.to_owned(), head.replace("\r\n", "\n"), head.trim_end().to_owned(), "mcp_servers.other.command = \"x\"\n".to_owned()]
    {
        let with = put(&text, Format::Toml);
        assert!(with.starts_with(&text), "{with}");
        assert_eq!(with.contains("\r\n"), text.contains("\r\n"));
        assert_eq!(
            with.matches('\n').count(),
            if text.contains("\r\n") { with.matches("\r\n").count() } else { with.matches('\n').count() }
        );
        assert_eq!(entries(&with, Format::Toml, &["mcp_servers"]).unwrap()["smolcrawl"], object(&fields()));
        assert_eq!(taken(&with, Format::Toml).trim_end(), text.trim_end(), "{with}");
    }
    // In between others, with a comment above and tables below it.
    let text = "a = 1\n\n# above\n[mcp_servers.smolcrawl]\ncommand = \"x\"\n\n[mcp_servers.smolcrawl.env]\nA = \"b\"\n\n# of other\n[mcp_servers.other]\ncommand = 'x'\n";
    assert_eq!(taken(text, Format::Toml), "a = 1\n\n# above\n\n# of other\n[mcp_servers.other]\ncommand = 'x'\n");
    let inline = "mcp_servers = { other = { command = \"x\" } } # mine\nb = 2\r\n";
    let with = put(inline, Format::Toml);
    assert!(
        with.starts_with("mcp_servers = { other = { command = \"x\" } , smolcrawl = { command = ") && with.ends_with(" # mine\nb = 2\r\n"),
        "{with}"
    );
    assert_eq!(taken(&with, Format::Toml), inline);
}

#[test]
fn what_is_broken_is_told_with_its_place_and_not_edited() {
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let cases = [
        (Format::Json, "{\n  \"a\": 1,\n}\n", "line 2, column 9: Trailing commas are not allowed"),
        (Format::Json, "{\n  // mine\n  \"a\": 1\n}\n", "line 2, column 3: Comments are not allowed"),
        (Format::Jsonc, "{\n  \"a\": 1\n  \"b\": 2\n}\n", "line 2, column 9: Expected comma"),
        (Format::Jsonc, "{ \"a\": ", "line 1, column"),
        (Format::Jsonc, "[1]", "line 1, column 1: the file holds something else than an object"),
        (Format::Jsonc, "{\n  \"mcpServers\": [\"x\"]\n}", "line 2, column 17: mcpServers is not an object"),
        (Format::Jsonc, "{'a': 1}", "line 1, column 2: "),
        (Format::Jsonc, &deep, "nesting depth"),
        (Format::Toml, "a = 1\nb = = 2\n", "line 2, column 5: "),
        (Format::Toml, "mcp_servers = 1\n", "mcp_servers is not a table"),
    ];
    for (format, text, why) in cases {
        let keys: &[&str] = if format == Format::Toml { &["mcp_servers"] } else { KEYS };
        let broken = with(text, format, keys, "smolcrawl", &fields()).unwrap_err().to_string();
        assert!(broken.contains(why), "{broken}\n{}", &text[..text.len().min(100)]);
    }
    assert_eq!(super::text(b"{\n \"a\": \"\xff\"}".to_vec()).unwrap_err().to_string(), "line 2, column 8: not UTF-8");
}

#[test]
fn the_difference_is_shown_with_some_lines_around_it() {
    let text = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"mcpServers\": {\n    \"other\": {}\n  },\n  \"d\": 4,\n  \"e\": 5\n}\n";
    let shown = diff(text, &put(text, Format::Json));
    let expected = [
        "   \"b\": 2,",
        "   \"c\": 3,",
        "   \"mcpServers\": {",
        "-    \"other\": {}",
        "+    \"other\": {},",
        "+    \"smolcrawl\": {",
        "+      \"command\": \"/bin/smolcrawl\",",
        "+      \"args\": [\"serve\", \"--db\", \"x y.db\"]",
        "+    }",
        "   },",
        "   \"d\": 4,",
        "   \"e\": 5",
    ];
    assert_eq!(shown, expected);
    assert_eq!(diff("", "a\n"), ["+a"]);
    assert_eq!(diff("a\na\n", "a\n"), [" a", "-a"]);
}

/// A file of the size that Claude Code's may have.
#[test]
fn large_files_are_edited_in_linear_time() {
    let file = |projects: usize| {
        let projects: Vec<_> = (0..projects).map(|n| format!("    \"/p/{n}\": {{ \"history\": [\"{}\"] }}", "word ".repeat(40))).collect();
        format!("{{\n  \"projects\": {{\n{}\n  }}\n}}\n", projects.join(",\n"))
    };
    let took = |text: &str| {
        let begun = std::time::Instant::now();
        assert!(put(text, Format::Json).len() > text.len());
        begun.elapsed()
    };
    let (small, large) = (file(500), file(8_000));
    took(&small);
    let (small, large) = (took(&small), took(&large));
    assert!(large < small * 16 * 6, "16 times the size took {large:?}, and once {small:?}");
}
