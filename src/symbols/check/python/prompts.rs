//! Snippets as documentation writes them: with the prompts of an interpreter, indented as a whole.

use std::collections::HashSet;

/// Code as it can be parsed.
pub(super) struct Plain {
    /// Line for line that of the snippet.
    pub text: String,
    /// What is to be added to a byte's column for its place in the snippet, a number for each line.
    pub starts: Vec<usize>,
    /// Lines, from 1, on which names are expected to be missing: the interpreter answers with an error, a comment speaks of one.
    pub guarded: HashSet<u32>,
}

impl Plain {
    /// The code without prompts and answers.
    pub(super) fn of(code: &str) -> Self {
        let mut plain = Self { text: String::with_capacity(code.len() + 1), starts: Vec::new(), guarded: HashSet::new() };
        if code.lines().any(|line| bare(line).starts_with(">>>")) {
            plain.without_prompts(code);
        } else {
            plain.without_indentation(code);
        }
        let comments = (1_u32..).zip(plain.text.lines()).filter(|(_, line)| says_error(line)).map(|(number, _)| number);
        plain.guarded.extend(comments.collect::<Vec<_>>());
        plain
    }

    fn without_indentation(&mut self, code: &str) {
        let indents = code.lines().filter(|line| !line.trim().is_empty()).map(|line| line.len() - bare(line).len());
        let indent = indents.min().unwrap_or(0);
        for (start, line) in lines(code) {
            self.line(start + indent, line.get(indent..).unwrap_or_default());
        }
    }

    fn without_prompts(&mut self, code: &str) {
        let mut example: Vec<u32> = Vec::new();
        let mut is_answer = true;
        for (number, (start, line)) in (1_u32..).zip(lines(code)) {
            let bare = bare(line);
            let kept = bare.strip_prefix(">>>").or_else(|| bare.strip_prefix("...").filter(|_| !is_answer));
            is_answer = kept.is_none();
            if bare.starts_with(">>>") {
                example.clear();
            }
            let kept = kept.map(|kept| kept.strip_prefix(' ').unwrap_or(kept)).unwrap_or_default();
            if !is_answer {
                example.push(number);
            } else if bare.starts_with("Traceback") || bare.contains("Error") || bare.contains("Exception") {
                self.guarded.extend(example.drain(..));
            }
            self.line(start + line.len() - kept.len(), kept);
        }
    }

    fn line(&mut self, start: usize, text: &str) {
        self.starts.push(start);
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// Lines without their ends, and where they begin.
fn lines(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line.trim_end_matches(['\r', '\n'])))
    })
}

fn bare(line: &str) -> &str {
    line.trim_start_matches([' ', '\t'])
}

/// A comment that speaks of an error on the line.
fn says_error(line: &str) -> bool {
    let Some((_, comment)) = line.split_once('#') else { return false };
    ["Error", "error", "raise", "wrong", "Wrong", "invalid", "fail", "not exist", "no longer", "removed", "deprecated", "old"]
        .iter()
        .any(|word| comment.contains(word))
}
