//! Words, names, times and sizes, as somebody writes them on a command line.

use std::time::Duration;

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// What the server is called in the files of clients, if nobody calls it anything else.
pub const SERVER_NAME: &str = "smolcrawl";

/// Programs that start MCP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Client {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Vscode,
    Windsurf,
    Zed,
    Codex,
    Opencode,
    Gemini,
}

impl Client {
    pub const ALL: [Self; 9] = [
        Self::ClaudeCode,
        Self::ClaudeDesktop,
        Self::Cursor,
        Self::Vscode,
        Self::Windsurf,
        Self::Zed,
        Self::Codex,
        Self::Opencode,
        Self::Gemini,
    ];

    /// As it is named on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::Windsurf => "windsurf",
            Self::Zed => "zed",
            Self::Codex => "codex",
            Self::Opencode => "opencode",
            Self::Gemini => "gemini",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

impl Shell {
    /// As the completions know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Sitemap {
    Auto,
    Only,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Scope {
    Prefix,
    Host,
    Domain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Render {
    Never,
    Auto,
    Always,
}

impl From<Render> for smolcrawl::engine::Render {
    fn from(render: Render) -> Self {
        match render {
            Render::Never => Self::Never,
            Render::Auto => Self::Auto,
            Render::Always => Self::Always,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Markdown,
    Text,
    Json,
}

/// What kind of page it is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// None of the others: guides, references
    Page,
    /// What changed from version to version
    ReleaseNotes,
    /// Tables of contents, indexes
    Contents,
    /// News, blogs
    Blog,
    /// Source code of what is documented elsewhere
    Source,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Mode {
    Hybrid,
    Lexical,
    Dense,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Include {
    Direct,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Pages with their passages and vectors, compressed: for `smolcrawl import`
    Index,
    /// A folder with a file for each page
    Markdown,
    /// A list of links to the pages
    LlmsTxt,
    /// The texts of all pages, one after the other
    LlmsFull,
    /// {"url","title","text"} lines: for `smolcrawl index --jsonl`
    Jsonl,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    Markdown,
    Text,
}

/// A name that every client takes: Codex wants no more than these characters, and others make names of tools of it.
pub(super) fn server_name(text: &str) -> Result<String, String> {
    let is_good = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_good { Ok(text.to_owned()) } else { Err("expected 1 to 64 letters, digits, - or _".to_owned()) }
}

pub(super) fn symbol_kind(text: &str) -> Result<smolcrawl::symbols::Kind, String> {
    smolcrawl::symbols::Kind::of_name(text).ok_or_else(|| "expected a kind such as function, method, struct, class or module".to_owned())
}

pub(super) fn language(text: &str) -> Result<smolcrawl::symbols::Language, String> {
    smolcrawl::symbols::Language::of_name(text).ok_or_else(|| "expected a language such as python, rust or typescript".to_owned())
}

/// Seconds, or with a unit: `90`, `90s`, `15m`, `2h`, `7d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let unit = |last| match last {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(86_400),
        _ => None,
    };
    number_with_unit(text, unit).map(Duration::from_secs).ok_or_else(|| "expected a time such as 90, 90s, 15m, 2h or 7d".to_owned())
}

/// Bytes, or with a unit of 1,024: `5000000`, `500K`, `200M`, `2G`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let unit = |last: char| match last.to_ascii_uppercase() {
        'K' => Some(1 << 10),
        'M' => Some(1 << 20),
        'G' => Some(1 << 30),
        _ => None,
    };
    number_with_unit(text, unit).ok_or_else(|| "expected a size such as 5000000, 500K, 200M or 2G".to_owned())
}

/// A whole number above zero, times what its last letter stands for.
fn number_with_unit(text: &str, unit: impl Fn(char) -> Option<u64>) -> Option<u64> {
    let (number, factor) = match text.chars().next_back() {
        Some(last) if !last.is_ascii_digit() => (&text[..text.len() - last.len_utf8()], unit(last)?),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_numbers_with_or_without_a_unit() {
        let seconds = |text| duration(text).map(|time| time.as_secs()).ok();
        assert_eq!(["90", "90s", "15m", "2h", "7d"].map(seconds), [Some(90), Some(90), Some(900), Some(7_200), Some(604_800)]);
        assert_eq!(["", "0", "m", "-1", "1.5", "1w", "10 m", "1ö", "99999999999999999999h"].map(seconds), [None; 9]);
        assert_eq!(["5000000", "1k", "2M", "1G"].map(|text| size(text).ok()), [Some(5_000_000), Some(1_024), Some(2 << 20), Some(1 << 30)]);
        assert_eq!(["0M", "x", "1T", "99999999999G"].map(|text| size(text).ok()), [None; 4]);
    }
}
