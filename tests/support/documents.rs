//! README and the topics in `src/docs` as tests read them: their blocks, and the commands in those. Knows enough of shells for examples.
#![allow(dead_code, reason = "each test binary uses its part")]

use smolcrawl::docs::TOPICS;

/// A fenced block.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// What stands behind the fence.
    pub language: &'a str,
    pub text: &'a str,
    /// Of its first line in the document, from 1.
    pub line: usize,
}

/// One `smolcrawl …` of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// `NAME=value` before it.
    pub settings: Vec<(String, String)>,
    /// `smolcrawl` and its arguments.
    pub words: Vec<String>,
    /// The file behind `<`.
    pub stdin: Option<String>,
    /// The file behind `>`.
    pub stdout: Option<String>,
}

/// Every document, by the file it is in.
pub fn documents() -> Vec<(String, &'static str)> {
    let readme = ("README.md".to_owned(), include_str!("../../README.md"));
    std::iter::once(readme).chain(TOPICS.iter().map(|topic| (format!("src/docs/{}.md", topic.name), topic.text))).collect()
}

pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let (mut open, mut at) = (None, 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if let Some(language) = line.trim_end().strip_prefix("```") {
            open = match open {
                None => Some((language, at + line.len(), index + 2)),
                Some((language, from, line)) => {
                    blocks.push(Block { language, text: &text[from..at], line });
                    None
                }
            };
        }
        at += line.len();
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    blocks
}

/// Whether a shell runs it, whichever.
pub fn is_shell(block: &Block<'_>) -> bool {
    matches!(block.language, "sh" | "powershell" | "bat")
}

/// Every `smolcrawl …` of a line, as a shell takes it apart: quotations, `#`, `;`, `|`, `&&`, `<` and `>`.
pub fn invocations(line: &str) -> Vec<Invocation> {
    let mut commands = vec![Invocation::default()];
    let (mut word, mut is_word, mut quote, mut redirect) = (String::new(), false, None, None);
    for c in line.chars().chain([' ']) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if c == '\'' || c == '"' => (quote, is_word) = (Some(c), true),
            None if c == '#' && !is_word => break,
            None if c.is_whitespace() || matches!(c, ';' | '|' | '<' | '>' | '&') => {
                let command = commands.last_mut().expect("there is one always");
                if is_word {
                    let word = std::mem::take(&mut word);
                    match redirect.take() {
                        Some('<') => command.stdin = Some(word),
                        Some(_) => command.stdout = Some(word),
                        None => match word.split_once('=') {
                            Some((name, value)) if command.words.is_empty() && is_variable(name) => {
                                command.settings.push((name.to_owned(), value.to_owned()));
                            }
                            _ => command.words.push(word),
                        },
                    }
                }
                is_word = false;
                match c {
                    ';' | '|' | '&' => commands.push(Invocation::default()),
                    '<' | '>' => redirect = Some(c),
                    _ => {}
                }
            }
            None => {
                word.push(c);
                is_word = true;
            }
        }
    }
    assert!(quote.is_none(), "a quotation is not closed: {line}");
    commands.retain(|command| command.words.first().is_some_and(|word| word == "smolcrawl"));
    commands
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
