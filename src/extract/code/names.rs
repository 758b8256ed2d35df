//! The names that languages go by: the usual one, others for the same, and those that files end in. Knows no page.

/// The usual name, in lower case; `None` where the name says that the text is in no language.
pub(super) fn normal(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    if is_none(&name) {
        return None;
    }
    // MDN's way to say that the code is not checked.
    let name = name.strip_suffix("-nolint").unwrap_or(&name);
    let usual = match name {
        "py" | "python3" | "py3" | "python2" | "ipython" | "ipython2" | "ipython3" | "cpython" => "python",
        "py-console" | "python-console" | "pycon3" | "python-repl" | "pyrepl" | "doctest" => "pycon",
        "rs" => "rust",
        "js" | "mjs" | "cjs" | "jsx" | "node" | "nodejs" | "node.js" | "ecmascript" | "es6" => "javascript",
        "ts" | "mts" | "cts" => "typescript",
        "sh" | "zsh" | "ksh" | "shellscript" => "bash",
        "shell-session" | "shellsession" | "sh-session" | "bash-session" | "terminal" | "shell session" | "zsh-session" => "console",
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
        "kt" | "kts" => "kotlin",
        "pl" => "perl",
        "ps1" | "ps" | "pwsh" | "posh" => "powershell",
        "make" => "makefile",
        "postgres" | "postgresql" | "pgsql" | "mysql" => "sql",
        "tex" => "latex",
        "viml" | "vimscript" => "vim",
        "ex" | "exs" => "elixir",
        "erl" => "erlang",
        "clj" => "clojure",
        "jl" => "julia",
        "proto" => "protobuf",
        "gql" => "graphql",
        "patch" => "diff",
        "res" => "rescript",
        // Terraform is one of several programs that read this language.
        "tf" | "terraform" => "hcl",
        "visual basic" | "vb.net" => "vbnet",
        // Templates and prompts around a language: "html+jinja", "pycon+sql".
        other => other.split_once('+').map_or(other, |(outer, _)| outer),
    };
    Some(usual.to_owned())
}

/// Whether code marked as `name` is what somebody wants who asks for `asked`: the same language under another name, or a session of
/// its prompt.
pub(in crate::extract) fn is_language(asked: &str, name: &str) -> bool {
    let (asked, name) = (normal(asked), normal(name));
    match (asked.as_deref(), name.as_deref()) {
        (Some("python"), Some("pycon")) | (Some("bash" | "shell"), Some("console")) => true,
        (Some("bash"), Some("shell")) | (Some("shell"), Some("bash")) => true,
        (Some(asked), Some(name)) => asked == name,
        _ => false,
    }
}

pub(super) fn is_none(name: &str) -> bool {
    matches!(
        name,
        "default"
            | "none"
            | "text"
            | "plain"
            | "plaintext"
            | "plain text"
            | "plain-text"
            | "txt"
            | "ascii"
            | "nohighlight"
            | "no-highlight"
            | "notranslate"
            | "unknown"
            | "raw"
            | "undefined"
            | "null"
            | "auto"
            | "output"
            | "stdout"
            | "myst-ansi"
    )
}

/// Whether a class that is nothing but this names a language.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&name).is_ok()
}

/// Whether somebody who reads this beside code, in lower case, takes it for the language.
pub(super) fn is_shown(name: &str) -> bool {
    is_known(name) || is_none(name) || normal(name).is_some_and(|usual| usual != name && is_known(&usual))
}

/// The language of files of this name or path; "h" may be one of several.
pub(super) fn of_file(path: &str) -> Option<&'static str> {
    let path = Some(path).filter(|path| path.len() < 200)?.trim();
    let path = ["filename:", "file:"].iter().find_map(|prefix| strip_prefix(path, prefix)).unwrap_or(path).trim();
    let base = path.rsplit(['/', '\\']).next()?;
    if base.is_empty() || path.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '<' | '>')) {
        return None;
    }
    let base = base.to_ascii_lowercase();
    let by_name = match base.as_str() {
        "dockerfile" | "containerfile" => "dockerfile",
        "makefile" | "gnumakefile" => "makefile",
        "cmakelists.txt" => "cmake",
        "gemfile" | "rakefile" | "vagrantfile" | "podfile" | "brewfile" => "ruby",
        "jenkinsfile" => "groovy",
        ".bashrc" | ".bash_profile" | ".bash_aliases" | ".profile" | ".zshrc" | ".zshenv" | ".zprofile" => "bash",
        ".vimrc" => "vim",
        ".gitconfig" | ".editorconfig" | ".npmrc" => "ini",
        ".babelrc" | ".eslintrc" | ".prettierrc" => "json",
        "nginx.conf" => "nginx",
        "cargo.lock" | "poetry.lock" | "pipfile" => "toml",
        "build.bazel" => "starlark",
        _ => "",
    };
    if !by_name.is_empty() {
        return Some(by_name);
    }
    let (stem, extension) = base.rsplit_once('.')?;
    // "node.js" and "asp.net" are no files.
    if stem.is_empty() || matches!(base.as_str(), "node.js" | "vue.js" | "next.js" | "nuxt.js" | "express.js" | "three.js" | "d3.js") {
        return None;
    }
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, language)| *language)
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| &text[prefix.len()..])
}

const EXTENSIONS: [(&str, &str); 98] = [
    ("bash", "bash"),
    ("bat", "bat"),
    ("c", "c"),
    ("cc", "cpp"),
    ("cfg", "ini"),
    ("cjs", "javascript"),
    ("clj", "clojure"),
    ("cljs", "clojure"),
    ("cmake", "cmake"),
    ("cmd", "bat"),
    ("conf", "conf"),
    ("cpp", "cpp"),
    ("cs", "csharp"),
    ("csproj", "xml"),
    ("css", "css"),
    ("csv", "csv"),
    ("cts", "typescript"),
    ("cu", "cuda"),
    ("cxx", "cpp"),
    ("dart", "dart"),
    ("diff", "diff"),
    ("el", "elisp"),
    ("elm", "elm"),
    ("erb", "erb"),
    ("erl", "erlang"),
    ("ex", "elixir"),
    ("exs", "elixir"),
    ("fish", "fish"),
    ("fs", "fsharp"),
    ("gemspec", "ruby"),
    ("go", "go"),
    ("gql", "graphql"),
    ("gradle", "groovy"),
    ("graphql", "graphql"),
    ("groovy", "groovy"),
    ("hcl", "hcl"),
    ("hh", "cpp"),
    ("hpp", "cpp"),
    ("hrl", "erlang"),
    ("hs", "haskell"),
    ("htm", "html"),
    ("html", "html"),
    ("hxx", "cpp"),
    ("ini", "ini"),
    ("java", "java"),
    ("jl", "julia"),
    ("js", "javascript"),
    ("json", "json"),
    ("jsonc", "jsonc"),
    ("jsx", "javascript"),
    ("kt", "kotlin"),
    ("kts", "kotlin"),
    ("less", "less"),
    ("lua", "lua"),
    ("md", "markdown"),
    ("mdx", "mdx"),
    ("mjs", "javascript"),
    ("ml", "ocaml"),
    ("mli", "ocaml"),
    ("mts", "typescript"),
    ("nim", "nim"),
    ("nix", "nix"),
    ("php", "php"),
    ("pl", "perl"),
    ("pm", "perl"),
    ("properties", "properties"),
    ("proto", "protobuf"),
    ("ps1", "powershell"),
    ("psm1", "powershell"),
    ("py", "python"),
    ("pyi", "python"),
    ("pyx", "cython"),
    ("r", "r"),
    ("rb", "ruby"),
    ("rs", "rust"),
    ("rst", "rst"),
    ("sass", "sass"),
    ("sbt", "scala"),
    ("scala", "scala"),
    ("scss", "scss"),
    ("sh", "bash"),
    ("sol", "solidity"),
    ("sql", "sql"),
    ("svelte", "svelte"),
    ("swift", "swift"),
    ("tex", "latex"),
    ("tf", "hcl"),
    ("tfvars", "hcl"),
    ("toml", "toml"),
    ("ts", "typescript"),
    ("tsx", "tsx"),
    ("vim", "vim"),
    ("vue", "vue"),
    ("xml", "xml"),
    ("yaml", "yaml"),
    ("yml", "yaml"),
    ("zig", "zig"),
    ("zsh", "bash"),
];

/// Names that are taken for a language wherever a class is nothing but such a name. Sorted.
const KNOWN: [&str; 294] = [
    "abap",
    "abnf",
    "actionscript",
    "ada",
    "agda",
    "ansible",
    "antlr",
    "apache",
    "applescript",
    "arduino",
    "asciidoc",
    "asm",
    "asn1",
    "asp",
    "aspx",
    "assembly",
    "astro",
    "asymptote",
    "autoconf",
    "autohotkey",
    "automake",
    "avro",
    "awk",
    "azurecli",
    "bash",
    "bash-session",
    "bat",
    "batch",
    "bazel",
    "bibtex",
    "bicep",
    "blade",
    "bnf",
    "bzl",
    "c",
    "c#",
    "c++",
    "capnp",
    "cfg",
    "cfm",
    "cjs",
    "clj",
    "clojure",
    "cmake",
    "cmd",
    "cnf",
    "cobol",
    "coffeescript",
    "coldfusion",
    "common-lisp",
    "commonlisp",
    "conf",
    "console",
    "cpp",
    "crontab",
    "crystal",
    "cs",
    "csharp",
    "css",
    "csv",
    "cts",
    "cucumber",
    "cuda",
    "cypher",
    "cython",
    "d",
    "d2",
    "dart",
    "dax",
    "delphi",
    "dhall",
    "diff",
    "django",
    "dlang",
    "docker",
    "docker-compose",
    "dockerfile",
    "doctest",
    "dot",
    "dotenv",
    "dotnet",
    "dtd",
    "ebnf",
    "editorconfig",
    "ejs",
    "elisp",
    "elixir",
    "elm",
    "emacs-lisp",
    "erb",
    "erl",
    "erlang",
    "ex",
    "exs",
    "f#",
    "fennel",
    "fish",
    "forth",
    "fortran",
    "freemarker",
    "fsharp",
    "gcode",
    "gdscript",
    "gherkin",
    "gitignore",
    "gleam",
    "glsl",
    "gnuplot",
    "go",
    "golang",
    "gradle",
    "graphql",
    "graphviz",
    "groovy",
    "haml",
    "handlebars",
    "haskell",
    "haxe",
    "hbs",
    "hcl",
    "hlsl",
    "hs",
    "html",
    "html+django",
    "http",
    "idris",
    "iex",
    "ini",
    "ipython",
    "ipython3",
    "irb",
    "java",
    "javascript",
    "jinja",
    "jinja2",
    "jl",
    "jq",
    "js",
    "json",
    "json5",
    "jsonc",
    "jsonl",
    "jsonnet",
    "jsp",
    "jsx",
    "julia",
    "kotlin",
    "kql",
    "ksh",
    "kt",
    "kts",
    "kusto",
    "latex",
    "less",
    "liquid",
    "lisp",
    "llvm",
    "logql",
    "lua",
    "make",
    "makefile",
    "markdown",
    "mathematica",
    "mathml",
    "matlab",
    "maxima",
    "md",
    "mdx",
    "mermaid",
    "meson",
    "mjs",
    "modelica",
    "mojo",
    "mts",
    "mustache",
    "nasm",
    "nginx",
    "nim",
    "nimrod",
    "ninja",
    "nix",
    "nunjucks",
    "obj-c",
    "objc",
    "objective-c",
    "objectivec",
    "ocaml",
    "octave",
    "odin",
    "opencl",
    "openscad",
    "pascal",
    "perl",
    "perl6",
    "pgsql",
    "php",
    "php-template",
    "plantuml",
    "plist",
    "plsql",
    "postgres",
    "postgresql",
    "powerquery",
    "powershell",
    "powershell-session",
    "prolog",
    "promql",
    "properties",
    "proto",
    "protobuf",
    "ps1",
    "pug",
    "purescript",
    "pwsh",
    "pwsh-session",
    "py",
    "py3",
    "pycon",
    "pytb",
    "python",
    "python-repl",
    "python3",
    "r",
    "racket",
    "raku",
    "rb",
    "rescript",
    "robotframework",
    "rs",
    "rst",
    "ruby",
    "rust",
    "rustdoc",
    "sage",
    "sas",
    "sass",
    "scala",
    "scheme",
    "scss",
    "sed",
    "sh",
    "sh-session",
    "shaderlab",
    "shell",
    "shell-session",
    "shellsession",
    "smalltalk",
    "smarty",
    "sml",
    "solidity",
    "sparql",
    "spss",
    "sql",
    "sqlite",
    "standard-ml",
    "starlark",
    "stata",
    "stylus",
    "svelte",
    "svg",
    "swift",
    "systemd",
    "systemverilog",
    "tcl",
    "terraform",
    "tex",
    "tf",
    "thrift",
    "tikz",
    "toml",
    "ts",
    "tsql",
    "tsv",
    "tsx",
    "twig",
    "typescript",
    "vb",
    "vbnet",
    "verilog",
    "vhdl",
    "vim",
    "vue",
    "wasm",
    "wat",
    "wgsl",
    "xml",
    "xpath",
    "xquery",
    "xsd",
    "xslt",
    "yaml",
    "yml",
    "zig",
    "zsh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        let mut sorted = KNOWN;
        sorted.sort_unstable();
        assert_eq!(KNOWN, sorted);
    }

    #[test]
    fn a_language_is_asked_for_by_any_of_its_names() {
        for (asked, name) in [
            ("Python", "py"),
            ("py", "python"),
            ("python", "pycon"),
            ("C++", "cpp"),
            ("shell-session", "console"),
            ("typescript", "ts"),
            ("terraform", "hcl"),
            ("bash", "shell"),
            ("JSX", "javascript"),
        ] {
            assert!(is_language(asked, name), "{asked} {name}");
        }
        for (asked, name) in [("pycon", "python"), ("c", "cpp"), ("text", "text"), ("java", "javascript"), ("", "rust"), ("tsx", "ts")] {
            assert!(!is_language(asked, name), "{asked} {name}");
        }
    }

    #[test]
    fn aliases_are_folded() {
        for (name, usual) in [
            ("mjs", "javascript"),
            ("cjs", "javascript"),
            ("JSX", "javascript"),
            ("mts", "typescript"),
            ("tsx", "tsx"),
            ("ipython3", "python"),
            ("zsh", "bash"),
            ("yml", "yaml"),
            ("kts", "kotlin"),
            ("tf", "hcl"),
            ("shell", "shell"),
            ("html+jinja", "html"),
        ] {
            assert_eq!(normal(name).as_deref(), Some(usual), "{name}");
        }
        for name in ["text", "Plain Text", "none", "output"] {
            assert_eq!(normal(name), None, "{name}");
        }
    }

    #[test]
    fn files_are_known_by_name_or_ending() {
        for (path, expected) in [
            ("src/main.rs", Some("rust")),
            ("Filename: src/main.rs", Some("rust")),
            ("Cargo.toml", Some("toml")),
            ("docker-compose.yml", Some("yaml")),
            ("Dockerfile", Some("dockerfile")),
            ("~/.bashrc", Some("bash")),
            ("C:\\app\\Program.cs", Some("csharp")),
            ("CMakeLists.txt", Some("cmake")),
            ("Node.js", None),
            ("notes.txt", None),
            ("Edit main.rs now", None),
            (".js", None),
            ("", None),
        ] {
            assert_eq!(of_file(path), expected, "{path}");
        }
    }
}
