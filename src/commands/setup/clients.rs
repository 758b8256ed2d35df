//! Where each MCP client keeps its configuration and how it writes a server down. Pure: what there is on a disk is asked by a closure.
//!
//! By the clients' own documentation, November 2026.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use smolcrawl::config::Environment;

use super::edit::Format;
use crate::cli::Client;

/// Whose conventions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    Windows,
    MacOs,
    /// Linux and what else follows the XDG base directories.
    Xdg,
}

impl Platform {
    pub const THIS: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Xdg
    };
}

/// The folders that clients name their files by.
#[derive(Clone, Debug)]
pub struct Folders {
    platform: Platform,
    home: PathBuf,
    /// Of applications that follow the platform: `~/.config`, `~/Library/Application Support`, `%APPDATA%`.
    applications: PathBuf,
    /// `~/.config` on Unix, whatever the platform.
    dot_config: PathBuf,
    /// `%LOCALAPPDATA%`.
    local: PathBuf,
    codex: PathBuf,
    /// Where the variable `CLAUDE_CONFIG_DIR` leads.
    claude: Option<PathBuf>,
    pub path: Vec<PathBuf>,
}

impl Folders {
    /// None where nobody says which folder is the user's.
    pub fn of(environment: &Environment, platform: Platform) -> Option<Self> {
        let absolute = |name: &str| environment.value(name).map(PathBuf::from).filter(|path| path.is_absolute() || path.has_root());
        let home = absolute(if platform == Platform::Windows { "USERPROFILE" } else { "HOME" })
            .or_else(|| Some(directories::BaseDirs::new()?.home_dir().to_owned()))?;
        // A relative path there is to be ignored, says the specification of the base directories.
        let dot_config = absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        let applications = match platform {
            Platform::Windows => absolute("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming")),
            Platform::MacOs => home.join("Library").join("Application Support"),
            Platform::Xdg => dot_config.clone(),
        };
        Some(Self {
            platform,
            local: absolute("LOCALAPPDATA").unwrap_or_else(|| home.join("AppData").join("Local")),
            codex: absolute("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
            claude: absolute("CLAUDE_CONFIG_DIR"),
            path: environment.value("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default(),
            home,
            applications,
            dot_config,
        })
    }
}

/// What a disk is asked.
pub trait Disk {
    fn exists(&self, path: &Path) -> bool;
    /// The names in a folder, none if there is no such folder.
    fn names(&self, folder: &Path) -> Vec<String>;
}

/// As the client's own pages call it.
pub fn title(client: Client) -> &'static str {
    match client {
        Client::ClaudeCode => "Claude Code",
        Client::ClaudeDesktop => "Claude Desktop",
        Client::Cursor => "Cursor",
        Client::Vscode => "VS Code",
        Client::Windsurf => "Windsurf",
        Client::Zed => "Zed",
        Client::Codex => "Codex",
        Client::Opencode => "opencode",
        Client::Gemini => "Gemini CLI",
    }
}

pub fn format(client: Client) -> Format {
    match client {
        // Both read nothing of a file with a comment or a trailing comma in it.
        Client::ClaudeCode | Client::ClaudeDesktop => Format::Json,
        Client::Cursor | Client::Vscode | Client::Windsurf | Client::Zed | Client::Opencode | Client::Gemini => Format::Jsonc,
        Client::Codex => Format::Toml,
    }
}

/// Below which keys of the file servers stand. opencode has two ways: the newer one is taken where the file has it already.
pub fn keys(client: Client, is_newer: bool) -> &'static [&'static str] {
    match client {
        Client::ClaudeCode | Client::ClaudeDesktop | Client::Cursor | Client::Windsurf | Client::Gemini => &["mcpServers"],
        Client::Vscode => &["servers"],
        Client::Zed => &["context_servers"],
        Client::Codex => &["mcp_servers"],
        Client::Opencode if is_newer => &["mcp", "servers"],
        Client::Opencode => &["mcp"],
    }
}

/// A server that is started by `command` and `arguments`, as the client writes it down.
pub fn entry(client: Client, command: &str, arguments: &[String]) -> Vec<(&'static str, Value)> {
    let started = [("command", json!(command)), ("args", json!(arguments))];
    match client {
        Client::ClaudeCode | Client::Cursor | Client::Vscode => [("type", json!("stdio"))].into_iter().chain(started).collect(),
        Client::ClaudeDesktop | Client::Windsurf | Client::Zed | Client::Codex | Client::Gemini => started.into(),
        Client::Opencode => {
            let all: Vec<_> = std::iter::once(command).chain(arguments.iter().map(String::as_str)).collect();
            vec![("type", json!("local")), ("command", json!(all)), ("enabled", json!(true))]
        }
    }
}

/// The file of the user, for all projects.
pub fn file(client: Client, folders: &Folders, disk: &impl Disk) -> PathBuf {
    let home = &folders.home;
    match client {
        Client::ClaudeCode => folders.claude.as_ref().unwrap_or(home).join(".claude.json"),
        Client::ClaudeDesktop => claude_desktop(folders, disk).join("claude_desktop_config.json"),
        Client::Cursor => home.join(".cursor").join("mcp.json"),
        Client::Vscode => folders.applications.join("Code").join("User").join("mcp.json"),
        Client::Windsurf => home.join(".codeium").join("windsurf").join("mcp_config.json"),
        Client::Zed => zed(folders).join("settings.json"),
        Client::Codex => folders.codex.join("config.toml"),
        Client::Opencode => either(&folders.dot_config.join("opencode"), disk),
        Client::Gemini => home.join(".gemini").join("settings.json"),
    }
}

/// The file of a project, where the client has such.
pub fn project_file(client: Client, project: &Path, disk: &impl Disk) -> Option<PathBuf> {
    match client {
        Client::ClaudeCode => Some(project.join(".mcp.json")),
        Client::Cursor => Some(project.join(".cursor").join("mcp.json")),
        Client::Vscode => Some(project.join(".vscode").join("mcp.json")),
        Client::Codex => Some(project.join(".codex").join("config.toml")),
        Client::Opencode => Some(either(project, disk)),
        Client::Gemini => Some(project.join(".gemini").join("settings.json")),
        Client::ClaudeDesktop | Client::Windsurf | Client::Zed => None,
    }
}

/// Whether there is anything of the client here: its folder, or its program.
pub fn is_found(client: Client, folders: &Folders, disk: &impl Disk) -> bool {
    let home = &folders.home;
    let places = match client {
        Client::ClaudeCode => vec![file(client, folders, disk), home.join(".claude")],
        Client::ClaudeDesktop => vec![claude_desktop(folders, disk)],
        Client::Cursor => vec![home.join(".cursor")],
        Client::Vscode => vec![folders.applications.join("Code")],
        Client::Windsurf => vec![home.join(".codeium").join("windsurf")],
        Client::Zed => vec![zed(folders)],
        Client::Codex => vec![folders.codex.clone()],
        Client::Opencode => vec![folders.dot_config.join("opencode")],
        Client::Gemini => vec![home.join(".gemini")],
    };
    let programs: &[&str] = match client {
        Client::ClaudeCode => &["claude"],
        Client::ClaudeDesktop => &[],
        Client::Cursor => &["cursor"],
        Client::Vscode => &["code"],
        Client::Windsurf => &["windsurf"],
        Client::Zed => &["zed", "zeditor"],
        Client::Codex => &["codex"],
        Client::Opencode => &["opencode"],
        Client::Gemini => &["gemini"],
    };
    let endings: &[&str] = if folders.platform == Platform::Windows { &[".exe", ".cmd"] } else { &[""] };
    let is_program = |folder: &PathBuf| {
        programs.iter().any(|program| endings.iter().any(|ending| disk.exists(&folder.join(format!("{program}{ending}")))))
    };
    places.iter().any(|place| disk.exists(place)) || folders.path.iter().any(is_program)
}

/// From the Windows store, and from its installer of today, the application sees a roaming folder of its own.
fn claude_desktop(folders: &Folders, disk: &impl Disk) -> PathBuf {
    let roaming = folders.applications.join("Claude");
    if folders.platform != Platform::Windows {
        return roaming;
    }
    let packages = folders.local.join("Packages");
    let package = disk.names(&packages).into_iter().filter(|name| name.starts_with("Claude_")).min();
    package.map_or(roaming, |package| packages.join(package).join("LocalCache").join("Roaming").join("Claude"))
}

fn zed(folders: &Folders) -> PathBuf {
    match folders.platform {
        Platform::Windows => folders.applications.join("Zed"),
        Platform::MacOs => folders.home.join(".config").join("zed"),
        Platform::Xdg => folders.dot_config.join("zed"),
    }
}

/// opencode reads both, and merges them.
fn either(folder: &Path, disk: &impl Disk) -> PathBuf {
    let with_comments = folder.join("opencode.jsonc");
    if disk.exists(&with_comments) { with_comments } else { folder.join("opencode.json") }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Made(&'static [&'static str]);

    impl Disk for Made {
        fn exists(&self, path: &Path) -> bool {
            let path = slashes(path);
            self.0.iter().any(|made| *made == path || made.starts_with(&format!("{path}/")))
        }

        fn names(&self, folder: &Path) -> Vec<String> {
            let folder = format!("{}/", slashes(folder));
            self.0.iter().filter_map(|made| made.strip_prefix(&folder)?.split('/').next()).map(str::to_owned).collect()
        }
    }

    fn slashes(path: &Path) -> String {
        path.to_str().unwrap().replace('\\', "/")
    }

    fn folders(platform: Platform, variables: &[(&str, &str)]) -> Folders {
        Folders::of(&Environment::from_iter(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))), platform)
            .unwrap()
    }

    fn files(folders: &Folders, disk: &Made) -> Vec<String> {
        Client::ALL.iter().map(|client| slashes(&file(*client, folders, disk))).collect()
    }

    #[test]
    fn each_platform_has_places_of_its_own() {
        let nothing = Made(&[]);
        let linux = folders(Platform::Xdg, &[("HOME", "/home/me")]);
        assert_eq!(
            files(&linux, &nothing),
            [
                "/home/me/.claude.json",
                "/home/me/.config/Claude/claude_desktop_config.json",
                "/home/me/.cursor/mcp.json",
                "/home/me/.config/Code/User/mcp.json",
                "/home/me/.codeium/windsurf/mcp_config.json",
                "/home/me/.config/zed/settings.json",
                "/home/me/.codex/config.toml",
                "/home/me/.config/opencode/opencode.json",
                "/home/me/.gemini/settings.json",
            ]
        );
        let mac = folders(Platform::MacOs, &[("HOME", "/Users/me")]);
        assert_eq!(
            files(&mac, &nothing)[..6],
            [
                "/Users/me/.claude.json",
                "/Users/me/Library/Application Support/Claude/claude_desktop_config.json",
                "/Users/me/.cursor/mcp.json",
                "/Users/me/Library/Application Support/Code/User/mcp.json",
                "/Users/me/.codeium/windsurf/mcp_config.json",
                "/Users/me/.config/zed/settings.json",
            ]
        );
        let windows = [("USERPROFILE", "/c/me"), ("APPDATA", "/c/me/AppData/Roaming"), ("LOCALAPPDATA", "/c/me/AppData/Local")];
        let windows = folders(Platform::Windows, &windows);
        assert_eq!(
            files(&windows, &nothing)[..6],
            [
                "/c/me/.claude.json",
                "/c/me/AppData/Roaming/Claude/claude_desktop_config.json",
                "/c/me/.cursor/mcp.json",
                "/c/me/AppData/Roaming/Code/User/mcp.json",
                "/c/me/.codeium/windsurf/mcp_config.json",
                "/c/me/AppData/Roaming/Zed/settings.json",
            ]
        );
    }

    #[test]
    fn variables_and_what_is_there_move_places() {
        let moved = folders(
            Platform::Xdg,
            &[("HOME", "/home/me"), ("XDG_CONFIG_HOME", "/etc/me"), ("CODEX_HOME", "/srv/codex"), ("CLAUDE_CONFIG_DIR", "/srv/claude")],
        );
        let disk = Made(&["/etc/me/opencode/opencode.jsonc"]);
        let of = |client| slashes(&file(client, &moved, &disk));
        assert_eq!(of(Client::ClaudeCode), "/srv/claude/.claude.json");
        assert_eq!(of(Client::Codex), "/srv/codex/config.toml");
        assert_eq!(of(Client::Zed), "/etc/me/zed/settings.json");
        assert_eq!(of(Client::Opencode), "/etc/me/opencode/opencode.jsonc");
        let relative = folders(Platform::Xdg, &[("HOME", "/home/me"), ("XDG_CONFIG_HOME", "somewhere")]);
        assert_eq!(slashes(&file(Client::Zed, &relative, &disk)), "/home/me/.config/zed/settings.json");

        let windows = [("USERPROFILE", "/c/me"), ("APPDATA", "/c/me/AppData/Roaming"), ("LOCALAPPDATA", "/c/me/AppData/Local")];
        let windows = folders(Platform::Windows, &windows);
        let packaged = Made(&["/c/me/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache"]);
        assert_eq!(
            slashes(&file(Client::ClaudeDesktop, &windows, &packaged)),
            "/c/me/AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude/claude_desktop_config.json"
        );
    }

    #[test]
    fn a_client_is_found_by_its_folder_or_by_its_program() {
        let folders = folders(Platform::Xdg, &[("HOME", "/home/me"), ("PATH", "/usr/bin")]);
        let found = |made| Client::ALL.into_iter().filter(|client| is_found(*client, &folders, &Made(made))).collect::<Vec<_>>();
        assert_eq!(found(&[]), []);
        assert_eq!(
            found(&["/home/me/.cursor/extensions", "/usr/bin/gemini", "/usr/bin/zeditor"]),
            [Client::Cursor, Client::Zed, Client::Gemini]
        );
        assert_eq!(found(&["/home/me/.claude/settings.json"]), [Client::ClaudeCode]);
    }

    #[test]
    fn projects_have_files_of_their_own_where_the_client_reads_them() {
        let disk = Made(&[]);
        let of = |client| project_file(client, Path::new("/p"), &disk).map(|path| slashes(&path));
        assert_eq!(of(Client::ClaudeCode).as_deref(), Some("/p/.mcp.json"));
        assert_eq!(of(Client::Vscode).as_deref(), Some("/p/.vscode/mcp.json"));
        assert_eq!(of(Client::Windsurf), None);
    }
}
