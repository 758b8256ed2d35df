//! What a file is by its name: a document to read, or source code whose symbols are of use. Pure.

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Prose, with the media type that its reader knows it by.
    Document(&'static str),
    /// Source code, in this language (the name that a fence has). It becomes symbols, not prose.
    Code(&'static str),
}

impl Role {
    /// By the path below a root, with `/` between its names.
    ///
    /// ```
    /// use smolcrawl::files::Role;
    ///
    /// assert_eq!(Role::of("docs/guide.md"), Some(Role::Document("text/markdown")));
    /// assert_eq!(Role::of("README"), Some(Role::Document("text/plain")));
    /// assert_eq!(Role::of("src/lib.rs"), Some(Role::Code("rust")));
    /// assert_eq!(Role::of("logo.png"), None);
    /// ```
    pub fn of(path: &str) -> Option<Self> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let name = name.to_ascii_lowercase();
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, extension),
            _ => (&*name, ""),
        };
        if let Some(code) = language(extension) {
            return Some(Self::Code(code));
        }
        let media_type = match extension {
            "md" | "markdown" | "mdx" | "mkd" | "mdown" | "qmd" | "rmd" => "text/markdown",
            "rst" | "rest" => "text/x-rst",
            "adoc" | "asciidoc" => "text/asciidoc",
            // Keys and signatures have this ending more often.
            "asc" if is_named_for_reading(stem) => "text/asciidoc",
            "org" => "text/org",
            "ipynb" => "application/json",
            "html" | "htm" | "xhtml" => "text/html",
            "txt" => plain_text(&name, stem)?,
            "json" if is_interface(stem) => "application/json",
            "yaml" | "yml" if is_interface(stem) => "application/yaml",
            section if is_manual(folders, stem, section) => "text/troff",
            "" if is_named_for_reading(stem) => "text/plain",
            _ => return None,
        };
        Some(Self::Document(media_type))
    }

    pub fn is_document(self) -> bool {
        matches!(self, Self::Document(_))
    }
}

fn plain_text(name: &str, stem: &str) -> Option<&'static str> {
    // As Sphinx serves its sources.
    match stem.rsplit_once('.').map(|(_, inner)| inner) {
        Some("rst") => return Some("text/x-rst"),
        Some("md") => return Some("text/markdown"),
        _ => {}
    }
    let is_for_programs =
        matches!(name, "cmakelists.txt" | "robots.txt" | "top_level.txt" | "entry_points.txt" | "sources.txt" | "record.txt")
            || stem.contains("requirements")
            || stem.starts_with("constraints");
    match name {
        _ if is_for_programs => None,
        // By their own definition (llmstxt.org).
        text if text.starts_with("llms") => Some("text/markdown"),
        _ => Some("text/plain"),
    }
}

/// Files that are written for people and have such a name by custom.
fn is_named_for_reading(stem: &str) -> bool {
    let word = stem.split(['.', '-', '_']).next().unwrap_or_default();
    READ.contains(&word)
}

/// Descriptions of interfaces (OpenAPI and its predecessor), which are read as documents.
fn is_interface(stem: &str) -> bool {
    let words = ["openapi", "swagger", "asyncapi"];
    stem.split(['.', '-', '_']).any(|word| words.contains(&word))
}

/// `man/man1/ls.1`, `doc/x.3`.
fn is_manual(folders: &str, stem: &str, section: &str) -> bool {
    let is_section = matches!(section.as_bytes(), [b'1'..=b'9'] | [b'1'..=b'9', b'a'..=b'z']);
    let folder = folders.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_folder = folder.starts_with("man") || folder.starts_with("doc");
    is_section && is_folder && stem.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn language(extension: &str) -> Option<&'static str> {
    LANGUAGES.iter().find(|(_, extensions)| extensions.contains(&extension)).map(|(language, _)| *language)
}

const READ: [&str; 22] = [
    "readme",
    "changelog",
    "changes",
    "history",
    "news",
    "contributing",
    "install",
    "installation",
    "hacking",
    "faq",
    "security",
    "upgrading",
    "migration",
    "migrating",
    "tutorial",
    "guide",
    "usage",
    "architecture",
    "design",
    "manual",
    "release",
    "todo",
];

const LANGUAGES: &[(&str, &[&str])] = &[
    ("rust", &["rs"]),
    ("python", &["py", "pyi", "pyx"]),
    ("javascript", &["js", "mjs", "cjs"]),
    ("jsx", &["jsx"]),
    ("typescript", &["ts", "mts", "cts"]),
    ("tsx", &["tsx"]),
    ("go", &["go"]),
    ("java", &["java"]),
    ("c", &["c", "h"]),
    ("cpp", &["cc", "cpp", "cxx", "hh", "hpp", "hxx", "ipp", "inl"]),
    ("kotlin", &["kt", "kts"]),
    ("scala", &["scala"]),
    ("csharp", &["cs"]),
    ("fsharp", &["fs", "fsi"]),
    ("swift", &["swift"]),
    ("ruby", &["rb"]),
    ("php", &["php"]),
    ("perl", &["pl", "pm"]),
    ("lua", &["lua"]),
    ("haskell", &["hs"]),
    ("ocaml", &["ml", "mli"]),
    ("elixir", &["ex", "exs"]),
    ("erlang", &["erl", "hrl"]),
    ("dart", &["dart"]),
    ("julia", &["jl"]),
    ("r", &["r"]),
    ("bash", &["sh", "bash", "zsh", "fish"]),
    ("powershell", &["ps1", "psm1"]),
    ("zig", &["zig"]),
    ("nim", &["nim"]),
    ("objc", &["m", "mm"]),
    ("sql", &["sql"]),
    ("protobuf", &["proto"]),
    ("graphql", &["graphql", "gql"]),
    ("vue", &["vue"]),
    ("svelte", &["svelte"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_from_code_and_data() {
        for (path, media_type) in [
            ("a.MD", "text/markdown"),
            ("docs/x.mdx", "text/markdown"),
            ("x.rst.txt", "text/x-rst"),
            ("x.ipynb", "application/json"),
            ("README", "text/plain"),
            ("CHANGES", "text/plain"),
            ("llms-full.txt", "text/markdown"),
            ("man/man1/x.1", "text/troff"),
            ("doc/x.3p", "text/troff"),
            ("api/openapi.v2.yaml", "application/yaml"),
            ("README.asc", "text/asciidoc"),
            ("notes.txt", "text/plain"),
        ] {
            assert_eq!(Role::of(path), Some(Role::Document(media_type)), "{path}");
        }
        for (path, language) in
            [("a.rs", "rust"), ("a.d.ts", "typescript"), ("x/y.PY", "python"), ("README.py", "python"), ("m.tsx", "tsx")]
        {
            assert_eq!(Role::of(path), Some(Role::Code(language)), "{path}");
        }
        for path in [
            "x.png",
            "data.json",
            "x.yaml",
            "requirements-dev.txt",
            "CMakeLists.txt",
            "key.asc",
            "lib.so.1",
            "x/a.1",
            "Makefile",
            "",
            ".md",
            "a.",
        ] {
            assert_eq!(Role::of(path), None, "{path}");
        }
    }
}
