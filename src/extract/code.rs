//! Code blocks: their text exactly as a reader would copy it, and the language their author marked them with.

use crate::extract::dom::{Dom, NodeId, Step};

/// The text of a `<pre>`: spans joined, line numbers and buttons left out, indentation and inner blank lines as they are.
pub(super) fn text(dom: &Dom, pre: NodeId) -> String {
    let mut text = String::new();
    // Where lines are elements of their own, one ends with its element.
    let mut ended = false;
    let mut walk = dom.walk(pre);
    while let Some(step) = walk.next() {
        match step {
            Step::Enter(node) => {
                if let Some(piece) = dom.text(node) {
                    if ended && !piece.is_empty() {
                        ended = false;
                        if !piece.starts_with('\n') {
                            text.push('\n');
                        }
                    }
                    text.push_str(piece);
                } else if node != pre && is_beside_code(dom, node) {
                    walk.pass_over();
                } else if dom.is(node, "br") {
                    text.push('\n');
                } else if node != pre && is_line(dom, node) && (ended || !text.is_empty() && !text.ends_with('\n')) {
                    ended = false;
                    text.push('\n');
                }
            }
            // An empty element is an empty line.
            Step::Leave(node) if node != pre && is_line(dom, node) => ended = !text.ends_with('\n') || dom.first_child(node).is_none(),
            Step::Leave(_) => {}
        }
    }
    text
}

/// The language in lower case under its usual name; `None` where nothing names one, or it is named as plain text.
pub(super) fn language(dom: &Dom, pre: NodeId) -> Option<String> {
    // mdBook nests `pre` and `code` within `pre`.
    let inner = dom.descendants(pre).skip(1).filter(|below| dom.is(*below, "code") || dom.is(*below, "pre")).take(INNER);
    let own = std::iter::once(pre).chain(inner);
    let wrappers = dom
        .ancestors(pre)
        .take(WRAPPERS)
        .take_while(|above| dom.name(*above).is_some_and(|name| !matches!(&**name, "body" | "html" | "main" | "article" | "li" | "dd")));
    own.map(|node| (node, Place::Own))
        .chain(wrappers.map(|node| (node, Place::Wrapper)))
        .find_map(|(node, place)| named(dom, node, place))?
}

/// How far above a `<pre>` its highlighter may have put the name.
const WRAPPERS: usize = 7;
/// How many elements within it.
const INNER: usize = 2;

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Own,
    Wrapper,
}

/// `None`: this element says nothing. `Some(None)`: it says that the text is in no language.
fn named(dom: &Dom, node: NodeId, place: Place) -> Option<Option<String>> {
    for attribute in ["data-lang", "data-language", "data-code-lang", "data-code-language", "syntax"] {
        if let Some(name) = dom.attribute(node, attribute).and_then(plausible) {
            return Some(normal(&name));
        }
    }
    let classes = dom.attribute(node, "class").unwrap_or_default();
    let mut known = None;
    let mut tokens = classes.split([' ', '\t', '\n', '\r', '\x0c', ';']).filter(|token| !token.is_empty());
    while let Some(token) = tokens.next() {
        if let Some(rest) = token.strip_prefix("brush:") {
            let name = if rest.is_empty() { tokens.next().unwrap_or_default() } else { rest };
            if let Some(name) = plausible(name) {
                return Some(normal(&name));
            }
        }
        for prefix in ["language-", "lang-", "highlight-source-", "highlight-text-", "mw-highlight-lang-", "source-", "highlight-", "lang:"]
        {
            let Some(name) = token.strip_prefix(prefix) else { continue };
            // "lang-en" on a wrapper is about people, and "source-list" or "highlight-box" about layout.
            let sphinx = prefix == "highlight-" && dom.has_class(node, "notranslate");
            let certain = sphinx || prefix == "language-" || prefix == "mw-highlight-lang-" || place == Place::Own && prefix == "lang-";
            // GitHub names HTML text.html.basic.
            let name = if prefix == "highlight-text-" { name.split('-').next().unwrap_or_default() } else { name };
            if let Some(name) = plausible(name).filter(|name| certain || is_known(name) || is_none(name)) {
                return Some(normal(&name));
            }
            break;
        }
        if place == Place::Own && known.is_none() && is_known(&token.to_ascii_lowercase()) {
            known = Some(token);
        }
    }
    known.map(normal)
}

/// A name as highlighters have them, lower-case.
fn plausible(name: &str) -> Option<String> {
    let name = name.trim().trim_start_matches('{').split([',', '{', ':', ' ', '}']).next().unwrap_or_default().trim_start_matches('.');
    let sound =
        !name.is_empty() && name.len() <= 24 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.'));
    sound.then(|| name.to_ascii_lowercase())
}

fn is_none(name: &str) -> bool {
    matches!(
        name,
        "default"
            | "none"
            | "text"
            | "plain"
            | "plaintext"
            | "txt"
            | "nohighlight"
            | "no-highlight"
            | "notranslate"
            | "unknown"
            | "raw"
            | "undefined"
            | "null"
            | "auto"
    )
}

fn normal(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    if is_none(&name) {
        return None;
    }
    let usual = match name.as_str() {
        "py" | "python3" | "py3" | "python2" | "ipython" | "ipython3" | "cpython" => "python",
        "py-console" | "python-console" | "pycon3" | "python-repl" => "pycon",
        "rs" => "rust",
        "js" | "node" | "nodejs" | "ecmascript" => "javascript",
        "ts" => "typescript",
        "sh" | "zsh" => "bash",
        "shell-session" | "shellsession" | "sh-session" | "bash-session" | "terminal" => "console",
        "c++" | "cxx" | "cc" | "hpp" => "cpp",
        "c#" | "cs" | "dotnet" => "csharp",
        "f#" | "fs" => "fsharp",
        "objective-c" | "objectivec" | "obj-c" => "objc",
        "golang" => "go",
        "rb" => "ruby",
        "yml" => "yaml",
        "docker" => "dockerfile",
        "md" => "markdown",
        "htm" | "xhtml" => "html",
        "hs" => "haskell",
        "kt" => "kotlin",
        "pl" => "perl",
        "ps1" | "pwsh" | "posh" => "powershell",
        "make" => "makefile",
        "postgres" | "postgresql" | "pgsql" => "sql",
        "tex" => "latex",
        "viml" => "vim",
        "ex" | "exs" => "elixir",
        "erl" => "erlang",
        "clj" => "clojure",
        "jl" => "julia",
        "proto" => "protobuf",
        "gql" => "graphql",
        "patch" => "diff",
        "res" => "rescript",
        // Templates and prompts around a language: "html+jinja", "pycon+sql".
        other => other.split_once('+').map_or(other, |(outer, _)| outer),
    };
    Some(usual.to_owned())
}

/// Whether code marked as `name` is what somebody wants who asks for `asked`: the same language under another name, or a session of
/// its prompt.
pub(super) fn is_language(asked: &str, name: &str) -> bool {
    let (asked, name) = (normal(asked.trim()), normal(name));
    match (asked.as_deref(), name.as_deref()) {
        (Some("python"), Some("pycon")) | (Some("bash"), Some("console")) => true,
        (Some(asked), Some(name)) => asked == name,
        _ => false,
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok()
}

/// Names that are taken for a language wherever a class is nothing but such a name. Sorted.
const KNOWN: [&str; 137] = [
    "ada",
    "apache",
    "asm",
    "awk",
    "azurecli",
    "bash",
    "bat",
    "batch",
    "bibtex",
    "c",
    "c#",
    "c++",
    "clj",
    "clojure",
    "cmake",
    "cmd",
    "coffeescript",
    "conf",
    "console",
    "cpp",
    "crystal",
    "cs",
    "csharp",
    "css",
    "csv",
    "cuda",
    "cython",
    "d",
    "dart",
    "diff",
    "django",
    "docker",
    "dockerfile",
    "dot",
    "elixir",
    "elm",
    "erlang",
    "fish",
    "fortran",
    "fsharp",
    "gdscript",
    "glsl",
    "gnuplot",
    "go",
    "golang",
    "gradle",
    "graphql",
    "groovy",
    "haml",
    "handlebars",
    "haskell",
    "hcl",
    "hlsl",
    "html",
    "html+django",
    "http",
    "ini",
    "ipython",
    "ipython3",
    "java",
    "javascript",
    "jinja",
    "jinja2",
    "js",
    "json",
    "json5",
    "jsonc",
    "jsonl",
    "jsx",
    "julia",
    "kotlin",
    "kusto",
    "latex",
    "less",
    "liquid",
    "lisp",
    "llvm",
    "lua",
    "make",
    "makefile",
    "markdown",
    "mathematica",
    "matlab",
    "md",
    "mermaid",
    "nasm",
    "nginx",
    "nim",
    "nix",
    "objc",
    "objective-c",
    "ocaml",
    "pascal",
    "perl",
    "pgsql",
    "php",
    "postgresql",
    "powershell",
    "prolog",
    "properties",
    "proto",
    "protobuf",
    "pwsh",
    "py",
    "pycon",
    "pytb",
    "python",
    "python3",
    "r",
    "racket",
    "rb",
    "rs",
    "rst",
    "ruby",
    "rust",
    "sass",
    "scala",
    "scheme",
    "scss",
    "sh",
    "shell",
    "solidity",
    "sparql",
    "sql",
    "svelte",
    "swift",
    "systemd",
    "tcl",
    "terraform",
    "tex",
    "toml",
    "ts",
    "tsx",
    "typescript",
    "vim",
    "vue",
    "xml",
];

/// Line numbers, buttons and the like: beside the code, not part of it.
fn is_beside_code(dom: &Dom, node: NodeId) -> bool {
    let Some(name) = dom.name(node) else { return false };
    if matches!(&**name, "button" | "script" | "style" | "svg" | "template" | "clipboard-copy" | "input" | "select" | "textarea") {
        return true;
    }
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| {
            matches!(
                class,
                "lineno"
                    | "linenos"
                    | "lineno-cell"
                    | "linenodiv"
                    | "line-number"
                    | "linenumber"
                    | "line-numbers-rows"
                    | "gutter"
                    | "rouge-gutter"
                    | "blob-num"
                    | "hljs-ln-numbers"
                    | "lnt"
                    | "lnlinks"
                    | "ln"
                    | "gl"
                    | "crayon-nums"
                    | "line-num"
                    | "code-line-number"
                    | "react-syntax-highlighter-line-number"
                    | "copybtn"
                    | "copy"
                    | "copy-button"
                    | "copy-btn"
                    | "btn-copy"
                    | "zeroclipboard-container"
                    | "sr-only"
                    | "visually-hidden"
                    | "boring"
            )
        })
    })
}

fn is_line(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| matches!(&**name, "div" | "li" | "tr" | "p"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(html: &str) -> (String, Option<String>) {
        let dom = Dom::parse(html);
        let pre = dom.descendants(dom.root()).find(|node| dom.is(*node, "pre")).unwrap();
        (text(&dom, pre), language(&dom, pre))
    }

    fn name(html: &str) -> Option<String> {
        block(html).1
    }

    #[test]
    fn every_highlighter_names_its_language_in_its_own_way() {
        for (html, wanted) in [
            ("<pre><code class=language-rust>x", "rust"),
            ("<pre class='prettyprint lang-c'>x", "c"),
            ("<div class='highlight-python3 notranslate'><div class=highlight><pre>x", "python"),
            ("<div class='highlight-pycon notranslate'><div class=highlight><pre>x", "pycon"),
            ("<div class='highlight highlight-source-shell'><pre>x", "shell"),
            ("<div class='highlight highlight-text-html-basic'><pre>x", "html"),
            ("<div class='language-ruby highlighter-rouge'><div class=highlight><pre class=highlight><code>x", "ruby"),
            ("<pre class='brush: js notranslate'>x", "javascript"),
            ("<pre class='brush:cpp;gutter:true'>x", "cpp"),
            ("<div data-lang=go><pre>x", "go"),
            ("<pre><code data-lang=YAML>x", "yaml"),
            ("<div data-language=jsx><pre>x", "jsx"),
            ("<pre><code class='hljs python'>x", "python"),
            ("<pre class='rust rust-example-rendered'><code>x", "rust"),
            ("<pre class='sourceCode r'><code class='sourceCode r'>x", "r"),
            ("<div class='mw-highlight mw-highlight-lang-bash mw-content-ltr'><pre>x", "bash"),
            ("<pre><code class='language-rust,no_run'>x", "rust"),
            ("<pre class=programlisting><code class='language-C++'>x", "cpp"),
        ] {
            assert_eq!(name(html).as_deref(), Some(wanted), "{html}");
        }
    }

    #[test]
    fn a_language_is_asked_for_by_any_of_its_names() {
        for (asked, name) in [("Python", "py"), ("py", "python"), ("python", "pycon"), ("C++", "cpp"), ("shell-session", "console")] {
            assert!(is_language(asked, name), "{asked} {name}");
        }
        for (asked, name) in [("pycon", "python"), ("c", "cpp"), ("text", "text"), ("java", "javascript"), ("", "rust")] {
            assert!(!is_language(asked, name), "{asked} {name}");
        }
    }

    #[test]
    fn what_is_no_language_names_none() {
        for html in [
            "<div class='highlight-default notranslate'><div class=highlight><pre>x",
            "<pre><code class=language-text>x",
            "<pre class=screen>x",
            "<div class=lang-en><pre>x",
            "<div class='highlight-box'><pre>x",
            "<body class='language-python'><pre>x",
        ] {
            assert_eq!(name(html), None, "{html}");
        }
    }

    #[test]
    fn known_names_are_sorted() {
        let mut sorted = KNOWN;
        sorted.sort_unstable();
        assert_eq!(KNOWN, sorted);
    }

    #[test]
    fn text_is_exact() {
        let code = "fn main() {\n\n\tif a < b && c > d {\n        x();   \n    }\n}\n";
        let html =
            code.replace('&', "&amp;").replace('<', "&lt;").replace("if", "<span class=k>if</span>").replace("x()", "<a href=#x>x</a>()");
        assert_eq!(block(&format!("<pre>{html}</pre>")).0, code);
        assert_eq!(block(&format!("<pre><code>{html}</code></pre>")).0, code);
    }

    #[test]
    fn line_numbers_and_buttons_are_left_out() {
        let html = "<pre><button>Copy</button><span class=lineno>1 </span>a\n<span class=lineno>2 </span>b</pre>";
        assert_eq!(block(html).0, "a\nb");
    }

    #[test]
    fn lines_may_be_elements() {
        assert_eq!(block("<pre><div>a</div><div>b</div></pre>").0, "a\nb");
        assert_eq!(block("<pre><div>a</div>\n<div>b</div></pre>").0, "a\nb");
        assert_eq!(block("<pre><code><div><i>a</i></div><div>\n</div><div><i>b</i></div></code></pre>").0, "a\n\nb");
        assert_eq!(block("<pre><div>a</div><div></div><div>b</div></pre>").0, "a\n\nb");
        assert_eq!(block("<pre>a<br><span>  b</span><br></pre>").0, "a\n  b\n");
    }
}
