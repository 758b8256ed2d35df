//! Snippets as documentation writes them: with the prompts of an interpreter, indented as a whole.

/// The code without prompts and answers, line for line, and the lines (from 1) after which the interpreter answers with an error.
pub(super) fn taken_off(code: &str) -> (String, Vec<u32>) {
    let has_prompts = code.lines().any(|line| line.trim_start().starts_with(">>>"));
    if !has_prompts {
        let indent =
            code.lines().filter(|line| !line.trim().is_empty()).map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let lines: Vec<&str> = code.lines().map(|line| line.get(indent..).unwrap_or_default()).collect();
        return (lines.join("\n") + "\n", Vec::new());
    }
    let mut plain = String::with_capacity(code.len());
    let mut guarded = Vec::new();
    let mut example: Vec<u32> = Vec::new();
    let mut is_answer = true;
    for (number, line) in (1_u32..).zip(code.lines()) {
        let bare = line.trim_start();
        let kept = bare.strip_prefix(">>>").or_else(|| bare.strip_prefix("...").filter(|_| !is_answer));
        match kept {
            Some(kept) => {
                if bare.starts_with(">>>") {
                    example.clear();
                }
                example.push(number);
                is_answer = false;
                plain.push_str(kept.strip_prefix(' ').unwrap_or(kept));
            }
            None => {
                is_answer = true;
                let is_error = bare.starts_with("Traceback") || bare.contains("Error") || bare.contains("Exception");
                if is_error {
                    guarded.append(&mut example);
                }
            }
        }
        plain.push('\n');
    }
    (plain, guarded)
}
