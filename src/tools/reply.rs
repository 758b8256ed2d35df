//! The one place where an error becomes a reply: what failed and why, whether another try is worth it, what to do. Errors know the command
//! line; a client has tools in place of its commands, and no flags.

use crate::error::Error;
use crate::mcp::ToolError;

/// What a client is told of an error.
pub fn reply(error: &Error) -> ToolError {
    let again = if error.is_transient() { " (may succeed if tried again)" } else { "" };
    let reply = ToolError::new(format!("{}{again}", error.chain()));
    match error.hint() {
        Some(hint) => reply.hint(for_client(&hint)),
        None => reply,
    }
}

/// What is said to somebody at the command line, for a client.
pub fn for_client(words: &str) -> String {
    let mut words = words.to_owned();
    for (said, told) in CLIENT {
        if words.contains(said) {
            words = words.replace(said, told);
        }
    }
    words
}

/// What hints say of commands and flags, and what a client has in place of it. The longer come before those that are parts of them.
const CLIENT: &[(&str, &str)] = &[
    ("read the packages that a project uses with `smolcrawl project PATH`", "read a project's packages with index_project first"),
    ("read one with `smolcrawl project PATH`", "read it with index_project first"),
    ("`smolcrawl project PATH`", "index_project"),
    ("`smolcrawl project`", "index_project"),
    ("`smolcrawl find NAME`", "find_symbol"),
    ("list what is stored with `smolcrawl sources`, or crawl it first", "get_available_sources lists what is stored; else crawl it first"),
    ("`smolcrawl sources`", "get_available_sources"),
    ("`smolcrawl remove`", "remove_source"),
    ("`smolcrawl crawl --fresh`", "smart_crawl_url with fresh: true"),
    ("crawl something first, `smolcrawl crawl URL`, or", "crawl something first with smart_crawl_url, or"),
    (
        "take part in it as it is, `smolcrawl work`, or ask for the same; --fresh ends it and begins anew",
        "ask for the same, or wait until it has ended",
    ),
    ("leave out --resume", "leave out resume"),
    ("--max-file-bytes takes in larger files", "larger files are taken in on the command line alone"),
    ("--include and --everything take in", "include and everything take in"),
    (
        "`smolcrawl crawl --ignore-robots` crawls a site of your own regardless",
        "on the command line a user may have a site of his own crawled regardless",
    ),
    ("; `crawl` and `fetch` take --header as well", ""),
    ("show the site who you are: --header, or credentials.toml", "show the site who you are by credentials.toml"),
    ("--render ", "render "),
    ("allow more with --max-requests", "smart_crawl_url with fresh: true crawls it without that limit"),
    ("`smolcrawl add PATH` stores what lies on this machine, `smolcrawl index --jsonl` texts", FILES),
    ("look at it with `smolcrawl doctor --check`, or move", "move"),
    ("; `smolcrawl doctor --check` lists all that is damaged", ""),
    ("build it with `--features postgres`, or ", ""),
    (", as `smolcrawl sources --db …` on", ", on"),
    ("or a file: --db PATH", "or a file"),
    ("with --db", "where the server is started"),
    ("; {\"url\",\"title\",\"text\"} lines are for `smolcrawl index --jsonl`", ""),
    ("`smolcrawl export`", "export_sources"),
    ("--replace puts", "replace: true puts"),
    ("replace this one with --force", "pass replace: true"),
    ("with --format", "with format"),
    ("--from and --to", "from and to"),
    ("by --browser or SMOLCRAWL_BROWSER", "by SMOLCRAWL_BROWSER where the server is started"),
    ("by --browser", "by SMOLCRAWL_BROWSER where the server is started"),
    ("with --browser-no-sandbox", "with browser_no_sandbox among the settings"),
    ("with --exclude", "with exclude"),
];
const FILES: &str = if cfg!(feature = "files") {
    "add_source stores what lies on this machine, read_page reads what is stored of it"
} else {
    "this server reads no files of this machine"
};

#[cfg(test)]
mod tests {
    use super::*;

    /// All that may be said of an error, as it is written. Settings are read before there is a client.
    const HINTS: [&str; 11] = [
        include_str!("../error.rs"),
        include_str!("../crawl/error.rs"),
        include_str!("../embed/error.rs"),
        include_str!("../embed/folder.rs"),
        include_str!("../extract/mod.rs"),
        include_str!("../files/error.rs"),
        include_str!("../http/error.rs"),
        include_str!("../render/error.rs"),
        include_str!("../share/error.rs"),
        include_str!("../store/error.rs"),
        include_str!("../store/postgres/trouble.rs"),
    ];

    /// What else is told beside answers, and speaks of commands.
    const REMARKS: [&str; 3] =
        [include_str!("../engine/symbols/doubted.rs"), include_str!("../engine/symbols/scope.rs"), include_str!("../files/origin.rs")];

    /// The strings from there to the tests.
    fn strings(source: &str, from: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: Vec<&str> =
            source.lines().skip_while(|line| !line.contains(from)).filter(|line| !line.trim().starts_with("//")).collect();
        assert!(!code.is_empty());
        let (mut all, mut open): (Vec<String>, Option<String>) = (Vec::new(), None);
        let code = code.join("\n");
        let mut rest = code.chars().peekable();
        while let Some(c) = rest.next() {
            match (&mut open, c) {
                (Some(text), '\\') => match rest.next().unwrap() {
                    '\n' => while rest.next_if(|c| c.is_whitespace()).is_some() {},
                    '"' => text.push('"'),
                    escaped => text.extend(['\\', escaped]),
                },
                (Some(_), '"') => all.extend(open.take()),
                (Some(text), c) => text.push(c),
                (None, '\'') if rest.peek() == Some(&'"') => drop(rest.next()),
                // As it is, of a path.
                (None, 'r') if rest.peek() == Some(&'"') => drop(rest.by_ref().skip(1).find(|c| *c == '"')),
                (None, '"') => open = Some(String::new()),
                (None, _) => {}
            }
        }
        assert_eq!(open, None, "a string is read past its end");
        all
    }

    /// Of this program, and of the command line: `git` has flags of its own. Topics and what the server is started with are for the user.
    fn is_of_the_command_line(words: &str) -> bool {
        let kept = ["`smolcrawl serve", "`smolcrawl help ", "`smolcrawl add` on the command line", "--allow-", "`git clone --depth 1`"];
        let words = kept.iter().fold(words.to_owned(), |words, kept| words.replace(kept, ""));
        let is_flag = |(at, _): (usize, &str)| words[at + 2..].starts_with(|c: char| c.is_ascii_lowercase());
        words.contains("`smolcrawl ") || words.match_indices("--").any(is_flag)
    }

    #[test]
    fn no_client_is_told_of_commands_and_flags() {
        let hints = HINTS.iter().flat_map(|source| strings(source, "fn hint"));
        let all: Vec<String> = hints.chain(REMARKS.iter().flat_map(|source| strings(source, "impl "))).collect();
        assert!(all.iter().filter(|words| is_of_the_command_line(words)).count() > 33, "they are seen");
        for words in &all {
            let told = for_client(words);
            assert!(!is_of_the_command_line(&told), "{told}");
        }
        for (said, told) in CLIENT {
            let is_said = all.iter().any(|words| words.contains(said));
            assert!(is_said && !is_of_the_command_line(told), "{said}");
        }
    }

    #[test]
    fn what_is_no_command_stays_as_it_is() {
        for words in ["check host and port", "`smolcrawl serve --allow-path FOLDER`", "`uv sync --frozen` would bring it"] {
            assert_eq!(for_client(words), words);
        }
        let error = Error::UnknownProject { path: "/a".into(), known: vec!["/b".into()] };
        assert_eq!(reply(&error).hint.unwrap(), "read it with index_project; indexed are /b");
        assert_eq!(reply(&Error::NoSymbols).hint.unwrap(), "read a project's packages with index_project first");
    }
}
