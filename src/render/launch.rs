//! Starts a browser and holds what ends it. Its pipes are plain files, read and written by threads, so that no reactor has to know them.

#[cfg_attr(unix, path = "launch/unix.rs")]
#[cfg_attr(windows, path = "launch/windows.rs")]
mod system;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command};
use std::sync::Arc;

use super::error::Error;
use super::profile::Profile;
use super::{Config, Sandbox};

pub(super) use system::Leash;

/// A browser that was started and has said nothing yet.
pub(super) struct Launched {
    pub(super) child: Child,
    pub(super) leash: Leash,
    pub(super) to: Box<dyn Write + Send>,
    pub(super) from: Box<dyn Read + Send>,
    pub(super) said: ChildStderr,
    pub(super) profile: Profile,
}

pub(super) fn launch(program: &Path, config: &Config) -> Result<Launched, Error> {
    let profile = Profile::new(&config.temporary)?;
    let arguments = arguments(config, profile.folder());
    let started = system::start(program, &arguments, |command| {
        // Where nobody sees it, and with nothing of its user's: what it leaves behind goes with the profile.
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        if cfg!(target_os = "linux") {
            for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
                command.env(name, profile.folder());
            }
        }
    });
    let (child, leash, to, from, said) = started.map_err(|source| Error::Start { path: program.to_owned(), source: Arc::new(source) })?;
    Ok(Launched { child, leash, to, from, said, profile })
}

fn arguments(config: &Config, profile: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    // A heap begins small and grows with what is in it: else it is not swept before it has some hundred megabytes of pages that are gone.
    arguments.push(format!("--js-flags=--max-old-space-size={} --initial-old-space-size=4", config.memory_mib));
    if config.sandbox == Sandbox::Off {
        arguments.push("--no-sandbox".to_owned());
    }
    arguments
}

/// A pipe in place of a port, which others could connect to; a browser without a network of its own, as all that its pages ask for is
/// answered by us; and nothing that it does for itself. What pops up below the address bar is a page, too: with it each window would have a
/// process more, although nobody sees the bar.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-startup-window",
    "--proxy-server=http://refused.invalid:1",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--blink-settings=imagesEnabled=false",
    "--deny-permission-prompts",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-notifications",
    "--disable-renderer-backgrounding",
    "--disable-speech-api",
    "--disable-sync",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--password-store=basic",
    "--use-mock-keychain",
    "--window-size=1280,1024",
    "--disable-features=BackForwardCache,DialMediaRouteProvider,HttpsUpgrades,MediaRouter,OptimizationHints,\
     SpareRendererForSitePerProcess,Translate,AcceptCHFrame,InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater,\
     WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
];

/// What a browser inherits is said in one place for both systems.
fn command(program: &Path) -> Command {
    Command::new(program)
}
