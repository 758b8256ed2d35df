#[path = "../../../tests/support/documents.rs"]
mod documents;

use std::ffi::OsString;

use clap::Parser;

use self::documents::{blocks, documents, invocations, is_shell};
use super::*;
use crate::cli::Cli;

#[test]
fn every_command_in_the_documents_is_one() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (name, text) in documents() {
        for line in blocks(text).iter().filter(|block| is_shell(block)).flat_map(|block| block.text.lines()) {
            for command in invocations(line) {
                seen += 1;
                if let Err(error) = Cli::try_parse_from(command.words.iter().map(OsString::from)) {
                    wrong.push(format!("{name}: {line}\n{error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(seen > 40, "only {seen} commands are found in README and topics");
}

/// Shows that the test above can fail.
#[test]
fn a_wrong_command_is_seen() {
    let words = |line| invocations(line).into_iter().map(|command| command.words.join(" ")).collect::<Vec<_>>();
    let wrong = "smolcrawl crawl https://a.test --depht 3 | head";
    assert_eq!(words(wrong), ["smolcrawl crawl https://a.test --depht 3"]);
    assert!(Cli::try_parse_from(&invocations(wrong)[0].words).is_err());
    assert!(Cli::try_parse_from(["smolcrawl", "compare", "only@1"]).is_err());
    let all = &invocations("A=1 B_C='x y' smolcrawl search \"a b\" -k 3 < in > out # smolcrawl no")[0];
    assert_eq!(all.words, ["smolcrawl", "search", "a b", "-k", "3"]);
    assert_eq!(all.settings, [("A".to_owned(), "1".to_owned()), ("B_C".to_owned(), "x y".to_owned())]);
    assert_eq!((all.stdin.as_deref(), all.stdout.as_deref()), (Some("in"), Some("out")));
    assert_eq!(words("$env:A = \"b\"; smolcrawl doctor     # PowerShell"), ["smolcrawl doctor"]);
    assert_eq!(words("claude mcp add smolcrawl -- smolcrawl serve"), [""; 0]);
    let found = blocks("```text\nsmolcrawl no\n```\nsmolcrawl no\n```sh\nsmolcrawl yes\n```\n");
    assert_eq!(
        found.iter().map(|block| (block.language, block.text, block.line)).collect::<Vec<_>>(),
        [("text", "smolcrawl no\n", 2), ("sh", "smolcrawl yes\n", 6)]
    );
}

#[test]
fn no_topic_hides_behind_a_command() {
    for topic in TOPICS {
        assert!(cli::command().find_subcommand(topic.name).is_none(), "{} is a command, too", topic.name);
        assert!(topic.text.starts_with("# "), "{}", topic.name);
        assert!(!topic.summary.is_empty() && topic.summary.len() < 90, "{}", topic.name);
    }
    for (command, about) in MORE {
        assert!(about.iter().all(|about| TOPICS.iter().any(|topic| topic.name == *about)), "{command}");
    }
}

#[test]
fn what_is_misspelt_is_recognized() {
    let hint = |name| format!("{:?}", unknown(name));
    assert!(hint("crawlin").contains("is `smolcrawl help crawling` meant?"), "{}", hint("crawlin"));
    assert!(hint("Setings").contains("help settings"), "{}", hint("Setings"));
    assert!(hint("serch").contains("help search"), "{}", hint("serch"));
    assert!(!hint("xyzzy").contains("meant?"), "{}", hint("xyzzy"));
}

#[test]
fn a_terminal_is_shown_headings_tables_and_code() {
    let text = "# Title\n\nSee [settings] and [a site](https://a.test/), `[x](y)`.\n\n```sh\nsmolcrawl doctor\n```\n\n| a | b |\n|---|---|\n| one | [faq] |\n\n[settings]: settings.md\n";
    let plain = rendered(text).replace(BOLD, "").replace(PLAIN, "");
    assert_eq!(plain, "# Title\n\nSee settings and a site (https://a.test/), `[x](y)`.\n\n    smolcrawl doctor\n\na    b\none  faq\n\n");
    assert!(rendered(text).starts_with("\u{1b}[1m# Title\u{1b}[0m\n"));
}

#[test]
fn a_wide_table_becomes_paragraphs_and_every_topic_fits() {
    let wide = format!("| name | | what |\n|---|---|---|\n| `one` | x | {} |\n| `two` | | z |\n", "word ".repeat(30).trim());
    let plain = rendered(&wide).replace(BOLD, "").replace(PLAIN, "");
    assert!(plain.starts_with("`one`\n  x\n  what: word word"), "{plain}");
    assert!(plain.ends_with("word\n\n`two`\n  what: z\n"), "{plain}");
    for topic in TOPICS {
        let shown = rendered(topic.text).replace(BOLD, "").replace(PLAIN, "");
        let mut of_code = false;
        for line in topic.text.lines() {
            of_code ^= line.starts_with("```");
            assert!(of_code || line.starts_with('|') || line.chars().count() <= COLUMNS, "{}: {line}", topic.name);
        }
        for line in shown.lines().filter(|line| !line.starts_with("    ")) {
            assert!(line.chars().count() <= COLUMNS, "{}: {line}", topic.name);
            assert!(!line.contains(".md)") && !line.starts_with("[") && !line.starts_with('|'), "{}: {line}", topic.name);
        }
    }
}
