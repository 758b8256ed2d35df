//! Whether a text is Python beyond doubt: by statements that are none of English, shells or languages with braces. Linear in the text.

/// One statement of Python is enough; what other languages begin alike, or only name one of its constants, must have none of theirs.
pub(super) fn is_certain(text: &str) -> bool {
    let lines = || text.lines().map(statement);
    // A condition may go on over lines.
    let closes = text.lines().any(|line| statement(line).ends_with("):"));
    lines().any(|line| is_statement(line, closes))
        || !lines().any(is_foreign) && (lines().any(|line| leads_out(line) || has_constant(line)))
}

/// A line without its prompt, its indentation and what is remarked behind it.
fn statement(line: &str) -> &str {
    let line = line.trim_start().trim_start_matches('>').trim();
    match line.find(" #") {
        Some(at) => line[..at].trim_end(),
        None => line,
    }
}

/// The first word, and what stands behind it.
fn parted(line: &str) -> (&str, &str) {
    line.split_at(line.find(|c: char| !is_of_name(c)).unwrap_or(line.len()))
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `import a.b as c`, `from . import a`, `class A(B):`, `def f(self):`, `if a not in b:`, `else:`.
fn is_statement(line: &str, closes: bool) -> bool {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let (word, rest) = parted(line);
    let opens = || opens_block(rest) || closes && rest.ends_with(['(', '[', ',', '\\']);
    match word {
        "import" => rest.starts_with(' ') && rest.split(',').all(is_module),
        "from" => rest.trim_start().split_once(" import ").is_some_and(|(module, names)| is_dotted(module) && names_are_plain(names)),
        "def" | "class" => {
            let (name, behind) = parted(rest.trim_start());
            let called = behind.starts_with('(') || word == "class" && behind.starts_with(':');
            rest.starts_with(' ') && !name.is_empty() && called && (opens_block(behind) || behind.ends_with(['(', ',']) && closes)
        }
        "else" | "try" | "finally" => rest == ":",
        "except" => rest == ":" || rest.starts_with(' ') && opens() && is_expression(rest),
        "if" | "elif" | "while" | "with" => rest.starts_with([' ', '(']) && opens() && is_expression(rest),
        "for" => rest.starts_with(' ') && rest.contains(" in ") && opens() && is_expression(rest),
        _ => false,
    }
}

/// ":" ends it, or a short statement stands behind that.
fn opens_block(rest: &str) -> bool {
    let is_short =
        |behind: &str| ["pass", "...", "return", "raise", "yield", "break", "continue"].contains(&parted(behind).0) || behind == "...";
    rest.ends_with(':') || rest.rsplit_once(": ").is_some_and(|(_, behind)| is_short(behind.trim_start()))
}

/// `a.b`, `a as b`.
fn is_module(name: &str) -> bool {
    let (module, alias) = name.trim().split_once(" as ").unwrap_or((name.trim(), "a"));
    is_dotted(module) && is_dotted(alias)
}

fn is_dotted(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| is_of_name(c) || c == '.')
}

fn names_are_plain(names: &str) -> bool {
    names == "*" || names.starts_with('(') || names.trim_end_matches('\\').split(',').all(|name| name.trim().is_empty() || is_module(name))
}

/// No sentence: between two names stands more than a blank, or a word that is an operator and has something before it.
fn is_expression(text: &str) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum Last {
        Mark,
        Operator,
        Value,
    }
    let (mut last, mut quote, mut rest) = (Last::Mark, None, text);
    while let Some(c) = rest.chars().next() {
        let (word, behind) = rest.split_at(if is_of_name(c) { parted(rest).0.len() } else { c.len_utf8() });
        rest = behind;
        last = match (quote, c) {
            (Some(open), _) => {
                quote = quote.filter(|_| open != c);
                Last::Value
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                Last::Value
            }
            (None, _) if c.is_whitespace() => last,
            // Variables of shells.
            (None, '$') => return false,
            (None, ')' | ']' | '}') => Last::Value,
            (None, _) if !is_of_name(c) => Last::Mark,
            (None, _) if BETWEEN.contains(&word) && last == Last::Mark => return false,
            (None, _) if BETWEEN.contains(&word) || word == "not" => Last::Operator,
            (None, _) if last == Last::Value => return false,
            (None, _) if matches!(word, "await" | "lambda") => Last::Operator,
            (None, _) => Last::Value,
        };
    }
    true
}

/// Operators that have a value before them.
const BETWEEN: [&str; 10] = ["and", "as", "async", "else", "for", "from", "if", "in", "is", "or"];

/// `return f(x)`, which other languages have as well.
fn leads_out(line: &str) -> bool {
    let (word, rest) = parted(line);
    let begins = matches!(word, "return" | "raise" | "yield" | "await" | "assert") && rest.starts_with(' ');
    begins && rest.contains(['(', '[', '=', '.']) && !rest.ends_with('.') && is_expression(rest)
}

/// `f(x=True)`, `x = None`, `"a": False`, `lambda: x`: as values, not as words.
fn has_constant(line: &str) -> bool {
    let is_value = |(at, word): (usize, &str)| {
        let (before, behind) = (line[..at].trim_end(), line[at + word.len()..].trim_start());
        let assigned = before.ends_with(['=', '(', '[', ',']) || before.ends_with("':") || before.ends_with("\":");
        assigned && (behind.is_empty() || behind.starts_with([',', ')', ']', '}']))
    };
    ["True", "False", "None"].into_iter().any(|constant| line.match_indices(constant).any(is_value))
        || line.match_indices("lambda").any(|(at, word)| {
            line[..at].trim_end().ends_with(['=', '(', ',', ':'])
                && line[at + word.len()..].starts_with([' ', ':'])
                && line[at..].contains(':')
        })
}

/// What no line of Python is: a statement that ";" ends, a brace behind what it is of, the ends of a shell's, a section of settings.
fn is_foreign(line: &str) -> bool {
    line.ends_with(';')
        || line.ends_with(") {")
        || line.ends_with("> {")
        || matches!(line, "fi" | "done" | "esac" | "then" | "do" | "end")
        || line.strip_prefix('[').and_then(|section| section.strip_suffix(']')).is_some_and(|name| {
            name.starts_with(char::is_alphabetic) && name.chars().all(|c| is_of_name(c) || matches!(c, '-' | '.' | '*' | ':' | ' '))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_tells_python() {
        for text in [
            "import kettle",
            "import kettle.pot as pot, tea  # both",
            "from . import kettle",
            "from kettle import (\n    Pot,\n)",
            "x = 1\n>> from kettle import Pot",
            "class Kettle(Pot):\n    ...",
            "class Kettle: pass",
            "@light\ndef boil(self, ...) -> None:\n    # ...",
            "def boil(\n    water,\n    cups):\n    pass",
            "async def boil(): ...",
            "if kettle is not None and 'no tea' not in cups:\n    ...",
            "for cup in cups[1:]:  # each",
            "with kettle.open('a b') as pot, tea:",
            "while True: continue",
            "for row in query(x).filter(\n        x == 5):",
            "try:\n    boil()",
            "except (KeyError, ValueError) as error:",
            "return environment.undefined(name='a name')",
            "assert pot not in kettle.pots",
            "pots.filter(empty=True)",
            "kettle.lid = None",
            "POTS = [{\n    'EMPTY': True,\n}]",
            "query.filter(Pot.tea == None)",
            "relation(\"a\", order_by=lambda: Pot.id)",
        ] {
            assert!(is_certain(text), "{text}");
        }
    }

    #[test]
    fn words_of_others_tell_nothing() {
        for text in [
            "if [ \"$1\" = purge ]; then\n    update-rc.d package remove\nfi",
            "for i in a b; do\n  return $i\ndone",
            "Fetching x (KSK) from key repository.",
            "* Applied patch from Jane Random.",
            "import the data, and wait:",
            "from key repository import it all",
            "if the following is true:",
            "for example, in these cases:",
            "with care, as above:",
            "return value from in-kernel functions; exit value (of it)",
            "def Bar : SomeClass {\n  int X = 5;\n}",
            "def : Alias<\"a\", \"b\">;",
            "class Foo <int Bar> {\n  int Baz = Bar;\n}",
            "int main() {\n  return f(0);\n}",
            "import java.util.List;",
            "class Kettle {\n  boil(water = None) {\n",
            "[mypy]\nignore_missing_imports = True",
            "main.py:3: error: Unsupported operand types for + (\"int\" and \"str\")",
            "Warning: Got None for value of column user.id",
            "(defun runtests () (interactive)\n  (compile \"python\"))",
            "if: always\nwith:\n  name: x",
            "msg = 0x10 // numeric\nsend msg(A, 2)",
            "",
        ] {
            assert!(!is_certain(text), "{text}");
        }
    }
}
