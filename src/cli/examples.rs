//! What each command's `--help` ends with: lines that can be typed as they stand. A test reads every one of them.

/// The examples of a command, as its help shows them.
pub fn of(command: &str) -> Option<String> {
    let (_, lines) = EXAMPLES.iter().find(|(name, _)| *name == command)?;
    Some(format!("Examples:\n  {}", lines.join("\n  ")))
}

/// By the name of the command.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("demo", &["smolcrawl demo", "smolcrawl demo --reactor poll"]),
    (
        "crawl",
        &[
            "smolcrawl crawl https://docs.python.org/3/library/",
            "smolcrawl crawl https://docs.rs/smol/2.0.2/smol/ --name smol --max-pages 500",
            "smolcrawl crawl https://docs.example.com/ --header 'Authorization: env:DOCS_TOKEN' --include '/guide/*' --dry-run",
            "smolcrawl crawl https://docs.example.com/ --links-only --depth 10",
            "smolcrawl crawl https://docs.example.com/ --join --per-host 20 --db postgres://docs@db.example.com/docs",
        ],
    ),
    (
        "copy",
        &[
            "smolcrawl copy --from index.db --to postgres://docs@db.example.com/docs",
            "smolcrawl copy --from postgres://docs@db.example.com/docs --to index.db --replace",
        ],
    ),
    ("work", &["smolcrawl work --db postgres://docs@db.example.com/docs", "smolcrawl work docs.example.com --wait --concurrency 20"]),
    (
        "add",
        &[
            "smolcrawl add ./docs --name handbook --exclude drafts",
            "smolcrawl add https://github.com/smol-rs/smol@v2.0.2",
            "smolcrawl add crate:serde@1.0.219",
            "smolcrawl add manual-1.4.tar.gz --max-file-bytes 2M",
        ],
    ),
    (
        "fetch",
        &[
            "smolcrawl fetch https://docs.rs/smol/latest/smol/",
            "smolcrawl fetch https://docs.rs/smol/latest/smol/ --json",
            "smolcrawl fetch https://docs.rs/smol/latest/smol/ --format text --explain",
        ],
    ),
    (
        "search",
        &[
            "smolcrawl search how do I cancel a task",
            "smolcrawl search 'spawn a task' --code --language rust --source docs.rs",
            "smolcrawl search ECONNRESET --mode lexical -k 10 --json",
        ],
    ),
    (
        "show",
        &[
            "smolcrawl show docs.rs/smol/latest/smol/",
            "smolcrawl show https://docs.rs/smol/latest/smol/ --outline",
            "smolcrawl show https://docs.rs/smol/latest/smol/#modules --limit 2000",
        ],
    ),
    ("pages", &["smolcrawl pages docs.rs", "smolcrawl pages docs.rs --match channel -k 20 --json"]),
    ("sources", &["smolcrawl sources", "smolcrawl sources --json"]),
    ("remove", &["smolcrawl remove smol@2.0.2", "smolcrawl remove docs.rs --pages https://docs.rs/smol/latest/smol/fs/"]),
    ("refresh", &["smolcrawl refresh docs.python.org", "smolcrawl refresh --all --older-than 7d"]),
    ("compare", &["smolcrawl compare smol@1.3 smol@2.0", "smolcrawl compare smol@1 smol@2 --pages-only"]),
    (
        "verify",
        &[
            "smolcrawl verify https://docs.rs/smol/latest/smol/",
            "smolcrawl verify https://docs.rs/smol/latest/smol/ --source docs.rs --json",
        ],
    ),
    (
        "project",
        &[
            "smolcrawl project",
            "smolcrawl project ~/work/service --include direct",
            "smolcrawl project --json",
            "smolcrawl project --forget",
        ],
    ),
    (
        "find",
        &[
            "smolcrawl find serde_json::from_str",
            "smolcrawl find TaskGroup.create_task --package anyio",
            "smolcrawl find smol --members",
            "smolcrawl find spawn --prefix --kind function --json",
        ],
    ),
    (
        "check",
        &["smolcrawl check src/main.rs", "smolcrawl check - --language python", "smolcrawl check draft.py --project ~/work/service --all"],
    ),
    ("index", &["smolcrawl index --jsonl pages.jsonl", "smolcrawl index --jsonl - --no-index"]),
    ("export", &["smolcrawl export docs.rs --to docs.smolcrawl", "smolcrawl export docs.rs --format llms-full --to -"]),
    ("import", &["smolcrawl import docs.smolcrawl", "smolcrawl import docs.smolcrawl --replace"]),
    ("extract", &["smolcrawl extract --jsonl", "smolcrawl extract --jsonl --format text --explain"]),
    ("serve", &["smolcrawl serve", "smolcrawl serve --refresh 7d --db docs.db", "smolcrawl serve --allow-path ~/notes"]),
    ("help", &["smolcrawl help", "smolcrawl help crawl", "smolcrawl help private"]),
    ("doctor", &["smolcrawl doctor", "smolcrawl doctor --check", "smolcrawl doctor --compact", "smolcrawl doctor --json"]),
    (
        "setup",
        &[
            "smolcrawl setup",
            "smolcrawl setup claude-code",
            "smolcrawl setup cursor --project --print",
            "smolcrawl setup vscode --db docs.db --yes",
        ],
    ),
    (
        "completions",
        &[
            "smolcrawl completions bash >> ~/.bashrc",
            "smolcrawl completions zsh >> ~/.zshrc",
            "smolcrawl completions fish > ~/.config/fish/completions/smolcrawl.fish",
            "smolcrawl completions powershell >> $PROFILE",
        ],
    ),
    ("man", &["smolcrawl man crawl | man -l -", "smolcrawl man --to ~/.local/share/man/man1"]),
];

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;
    use crate::cli::{Cli, command};

    /// A line as a shell takes it apart, up to where the shell's own work begins.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for c in line.chars() {
            match c {
                '\'' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                '|' | '>' if !is_quoted => break,
                c => words.last_mut().unwrap().push(c),
            }
        }
        assert!(!is_quoted, "{line}");
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        for of in command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = of.get_name();
            let lines = EXAMPLES.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name} has no examples")).1;
            assert!((2..=5).contains(&lines.len()), "{name}");
            for line in lines {
                let words = words(line);
                assert_eq!(words[..2], ["smolcrawl", name], "{line}");
                let matches = command().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
                Cli::from_arg_matches(&matches).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
            let help = of.clone().render_long_help().to_string();
            assert!(help.contains("\nExamples:\n  smolcrawl "), "{name}: {help}");
        }
    }

    #[test]
    fn every_example_is_of_a_command_that_there_is() {
        let command = command();
        for (name, _) in EXAMPLES {
            assert!(command.find_subcommand(name).is_some(), "{name}");
        }
    }

    /// The tests above can fail.
    #[test]
    fn a_line_that_cannot_be_typed_is_seen() {
        assert!(command().try_get_matches_from(words("smolcrawl crawl --no-such-flag")).is_err());
        assert_eq!(words("smolcrawl search 'two words' | less"), ["smolcrawl", "search", "two words"]);
    }
}
