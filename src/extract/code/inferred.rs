//! The language of a listing that nobody has marked: from the generator of the page, or from a text that can be in one language only.
//! Says nothing rather than something doubtful.

use serde::de::IgnoredAny;

use crate::extract::code::classes::{has_class, tokens};
use crate::extract::code::python;
use crate::extract::dom::{Dom, NodeId};

/// What all listings of a page have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::extract) struct Setting {
    /// The language that the reference on this page is for.
    language: Option<&'static str>,
}

impl Setting {
    /// Of signatures, which are always in it.
    pub(in crate::extract) fn language(self) -> Option<&'static str> {
        self.language
    }

    pub(in crate::extract) fn of(dom: &Dom) -> Self {
        Self { language: dom.descendants(dom.root()).find_map(|node| generated(dom, node)) }
    }
}

/// What an element tells of the program that made the page, where that program documents one language.
fn generated(dom: &Dom, node: NodeId) -> Option<&'static str> {
    match &**dom.name(node)? {
        "meta" if dom.attribute(node, "name").is_some_and(|name| name.eq_ignore_ascii_case("generator")) => {
            let generator = dom.attribute(node, "content")?.to_ascii_lowercase();
            GENERATORS.iter().find(|(name, _)| generator.starts_with(name)).map(|(_, language)| *language)
        }
        "link" | "script" => {
            let address = dom.attribute(node, "href").or_else(|| dom.attribute(node, "src"))?;
            match address.rsplit('/').next()? {
                "otp_doc.css" => Some("erlang"),
                "scaladoc-scalajs.js" | "scaladoc.js" => Some("scala"),
                "ref-index.css" | "template.js" if address.contains("lib/") => Some("scala"),
                "jsdoc-default.css" => Some("javascript"),
                "linuwial.css" | "haddock-bundle.min.js" | "haddock-util.js" => Some("haskell"),
                _ => None,
            }
        }
        "body" => tokens(dom, node).any(|token| token == "rustdoc").then_some("rust"),
        // Javadoc up to 8 says its name in a comment only.
        "a" if ["name", "id"].iter().any(|name| dom.attribute(node, name) == Some("navbar.top")) => Some("java"),
        "a" => {
            let address = dom.attribute(node, "href")?.split_once("://")?.1;
            let address = address.strip_prefix("www.").unwrap_or(address);
            let (_, language) = MADE_BY.iter().find(|(program, _)| address.starts_with(program))?;
            dom.ancestors(node).take(FOOT).any(|above| is_foot(dom, above)).then_some(language)
        }
        _ => None,
    }
}

/// Where pages say which program made them.
fn is_foot(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "footer")
        || dom.attribute(node, "id") == Some("footer")
        || tokens(dom, node).any(|token| matches!(token, "footer" | "attribution"))
}

/// How far above such a link the foot of the page may be.
const FOOT: usize = 6;

/// By how the address of the program's own page begins.
const MADE_BY: [(&str, &str); 9] = [
    ("yardoc.org", "ruby"),
    ("ruby.github.io/rdoc", "ruby"),
    ("github.com/jsdoc", "javascript"),
    ("esdoc.org", "javascript"),
    ("typedoc.org", "typescript"),
    ("github.com/Kotlin/dokka", "kotlin"),
    ("github.com/elixir-lang/ex_doc", "elixir"),
    ("haskell.org/haddock", "haskell"),
    ("pdoc.dev", "python"),
];

/// By how the generator's name begins.
const GENERATORS: [(&str, &str); 14] = [
    ("javadoc", "java"),
    ("rustdoc", "rust"),
    ("scaladoc", "scala"),
    ("haddock", "haskell"),
    ("exdoc", "elixir"),
    ("edoc", "erlang"),
    ("dokka", "kotlin"),
    ("odoc", "ocaml"),
    ("gtk-doc", "c"),
    ("gi-docgen", "c"),
    ("typedoc", "typescript"),
    ("esdoc", "javascript"),
    ("pdoc", "python"),
    ("doxygen", "cpp"),
];

/// The language of the listing `block` that holds `text`.
pub(super) fn of(dom: &Dom, block: NodeId, text: &str, setting: Setting) -> Option<&'static str> {
    by_place(dom, block).or_else(|| by_prompt(text, setting)).or_else(|| by_text(text)).or_else(|| by_spans(dom, block, text)).or_else(
        || {
            let around = || std::iter::once(block).chain(dom.ancestors(block).take(2));
            let printed = around().any(|node| tokens(dom, node).any(|token| PRINTED.contains(&token)));
            setting.language.filter(|language| !printed && looks_like(language, text))
        },
    )
}

/// What is shown on a screen, or laid out by hand.
const PRINTED: [&str; 6] = ["screen", "literallayout", "output", "console", "hierarchy", "text"];

/// Sessions of Haskell and of Python have the same prompt.
fn by_prompt(text: &str, setting: Setting) -> Option<&'static str> {
    setting.language.filter(|language| *language == "haskell" && text.trim_start().starts_with(">>> "))
}

/// Signatures that only one generator writes.
pub(super) fn by_place(dom: &Dom, block: NodeId) -> Option<&'static str> {
    std::iter::once(block)
        .chain(dom.ancestors(block).take(2))
        .flat_map(|node| tokens(dom, node))
        .find_map(|token| match token {
            "tsd-signature" => Some("typescript"),
            "member-signature" | "memberSignature" | "type-signature" | "typeSignature" => Some("java"),
            "Documentation-declaration" | "Documentation-exampleCode" => Some("go"),
            _ => None,
        })
        .or_else(|| (dom.is(block, "p") && has_class(dom, block, "src")).then_some("haskell"))
}

/// Whether a listing may be in the language of the reference it stands in; it may as well be a file, a command or its output.
fn looks_like(language: &str, text: &str) -> bool {
    let first = text.trim_start().chars().next().unwrap_or_default();
    let shell = text.lines().map(str::trim_start).any(|line| line.starts_with("1> ") || line.contains(")1> "));
    match language {
        "erlang" | "haskell" | "elixir" | "ocaml" => {
            shell
                || (first.is_alphabetic() || matches!(first, '-' | '\'' | '{' | '[' | '(' | '@'))
                    && (text.contains(['=', '(', '{']) || text.contains("->") || text.contains("::"))
        }
        // Doxygen documents several languages; this much is in none but one of them.
        "cpp" => {
            text.contains("::") && !text.contains(" :: ") && !text.contains('$')
                || text.contains("template<")
                || text.contains("template <")
        }
        _ => {
            let call = || {
                text.match_indices('(').any(|(at, _)| text[..at].trim_end_matches(' ').ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            };
            (first.is_alphabetic() || matches!(first, '_' | '/' | '*' | '@' | '#' | '}' | '.' | '&'))
                && (text.contains([';', '{']) || declares(text) || call() || matches!(language, "ruby" | "python") && text.contains(" = "))
        }
    }
}

/// Whether the first line declares something, and is no sentence.
fn declares(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let begins = |word: &&str| first.strip_prefix(*word).is_some_and(|rest| rest.starts_with(' '));
    DECLARING.iter().any(begins) && !first.trim_end().ends_with(['.', ',', '!', '?'])
}

const DECLARING: [&str; 18] = [
    "#define",
    "#include",
    "abstract",
    "class",
    "const",
    "data",
    "def",
    "enum",
    "final",
    "fun",
    "import",
    "interface",
    "let",
    "private",
    "protected",
    "public",
    "type",
    "val",
];

/// Sphinx colours what it could read as Python where it was told nothing, and what it could not it leaves as it is. Words of English and of
/// shells are keywords, too: that it is Python, the text has to say.
fn by_spans(dom: &Dom, block: NodeId, text: &str) -> Option<&'static str> {
    let sphinx =
        dom.ancestors(block).take(3).any(|above| has_class(dom, above, "highlight-default") && has_class(dom, above, "notranslate"));
    let is_keyword = |below: NodeId| dom.is(below, "span") && matches!(dom.attribute(below, "class"), Some("kn" | "k" | "kc"));
    let python = || dom.descendants(block).take(COLOURED).any(is_keyword) && python::is_certain(text);
    (sphinx && python()).then_some("python")
}

/// How many nodes of a listing are looked at for colours.
const COLOURED: usize = 400;

fn by_text(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\n');
    let first = text.lines().find(|line| !line.trim().is_empty())?.trim_start();
    if let Some(program) = first.strip_prefix("#!") {
        return script(program);
    }
    let begins = |start: &str| first.get(..start.len()).is_some_and(|first| first.eq_ignore_ascii_case(start));
    if first.starts_with(">>> ") {
        return Some("pycon");
    }
    if first.starts_with("{-#") {
        return Some("haskell");
    }
    if begins("<?php") {
        return Some("php");
    }
    if begins("<?xml ") {
        return Some("xml");
    }
    if begins("<!doctype html") || begins("<html>") || begins("<html ") {
        return Some("html");
    }
    if first.starts_with("diff --git ") || first.starts_with("--- a/") && text.contains("\n+++ b/") {
        return Some("diff");
    }
    if first.starts_with("\\documentclass") {
        return Some("latex");
    }
    if first.starts_with("iex> ") || first.starts_with("iex(1)> ") {
        return Some("elixir");
    }
    if first.starts_with("irb(main)") || first.starts_with("irb> ") {
        return Some("ruby");
    }
    if first.starts_with("PS> ") || first.starts_with("PS C:\\") {
        return Some("powershell");
    }
    if is_session(text, first) {
        return Some("console");
    }
    if first.starts_with(['{', '[']) && is_json(text) {
        return Some("json");
    }
    if text.lines().any(|line| line.trim_start().starts_with("#include ")) && text.contains("::") && !text.contains(" :: ") {
        return Some("cpp");
    }
    None
}

/// By the program that a script's first line names.
fn script(program: &str) -> Option<&'static str> {
    let words = program.split_ascii_whitespace().filter(|word| !word.starts_with('-') && !word.ends_with("/env"));
    let name = words.map(|word| word.rsplit('/').next().unwrap_or(word)).next()?;
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match name {
        "sh" | "bash" | "zsh" | "dash" | "ksh" => "bash",
        "python" => "python",
        "node" | "deno" | "bun" => "javascript",
        "perl" => "perl",
        "ruby" => "ruby",
        "php" => "php",
        "lua" => "lua",
        "fish" => "fish",
        "awk" | "gawk" => "awk",
        "pwsh" => "powershell",
        "Rscript" => "r",
        "escript" => "erlang",
        "elixir" => "elixir",
        "make" => "makefile",
        _ => return None,
    })
}

/// Commands behind prompts, and what they print.
fn is_session(text: &str, first: &str) -> bool {
    let command = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/' | '~' | '_'));
    if let Some(rest) = first.strip_prefix("$ ").or_else(|| first.strip_prefix("% ")) {
        // "$ x = 5 $" and "% of all" are none.
        let commands = || text.lines().filter_map(|line| line.trim_start().strip_prefix(&first[..2]));
        return command(rest) && !rest.trim_end().ends_with('$') && (first.starts_with('$') || commands().all(is_command));
    }
    if first.starts_with("C:\\") && first.contains('>') {
        return true;
    }
    // "root@host:~# ls" and "[user@host ~]$ ls"
    if let Some((prompt, rest)) = first.split_once("$ ").or_else(|| first.split_once("# "))
        && prompt.contains('@')
        && prompt.len() < 60
        && (prompt.split_ascii_whitespace().count() == 1 || prompt.starts_with('[') && prompt.ends_with(']'))
    {
        return command(rest);
    }
    // "# " begins a comment in many languages: here every line must be a command that one runs as root.
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let mut continued = false;
    first.starts_with("# ")
        && lines.all(|line| {
            let fits = continued || line.trim_start().strip_prefix("# ").is_some_and(is_command);
            continued = line.trim_end().ends_with('\\');
            fits
        })
}

fn is_command(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let first = words.next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    COMMANDS.binary_search(&first).is_ok() && !line.trim_end().ends_with(['.', ':'])
}

/// What is run as root in documentation. Sorted.
const COMMANDS: [&str; 95] = [
    "apk",
    "apt",
    "apt-get",
    "arch-chroot",
    "blkid",
    "btrfs",
    "cat",
    "chmod",
    "chown",
    "chroot",
    "cp",
    "cryptsetup",
    "curl",
    "dd",
    "dnf",
    "doas",
    "docker",
    "dpkg",
    "dracut",
    "echo",
    "efibootmgr",
    "emerge",
    "fdisk",
    "firewall-cmd",
    "flatpak",
    "gdisk",
    "gpasswd",
    "groupadd",
    "grub-install",
    "grub-mkconfig",
    "hostnamectl",
    "ifconfig",
    "ip",
    "iptables",
    "journalctl",
    "kill",
    "ln",
    "locale-gen",
    "losetup",
    "lsblk",
    "lvcreate",
    "mdadm",
    "mkdir",
    "mkfs",
    "mkfs.ext4",
    "mkfs.fat",
    "mkinitcpio",
    "mkswap",
    "modprobe",
    "mount",
    "mv",
    "nano",
    "nft",
    "nixos-rebuild",
    "npm",
    "pacman",
    "pacstrap",
    "parted",
    "passwd",
    "pip",
    "pkg",
    "pkg_add",
    "pkg_delete",
    "pvcreate",
    "python3",
    "rc-update",
    "rcctl",
    "rm",
    "rpm",
    "service",
    "sgdisk",
    "sh",
    "snap",
    "swapon",
    "sysctl",
    "syspatch",
    "sysrc",
    "systemctl",
    "tar",
    "timedatectl",
    "tune2fs",
    "udevadm",
    "ufw",
    "umount",
    "useradd",
    "usermod",
    "vgcreate",
    "vim",
    "visudo",
    "wget",
    "xbps-install",
    "yum",
    "zfs",
    "zpool",
    "zypper",
];

/// An object, or a list of objects; a bare number or list may be in any language.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    let object = |text: &str| text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'));
    let objects = object(text) || text.strip_prefix('[').is_some_and(|rest| object(rest.trim_start()));
    objects && text.len() <= LONGEST_JSON && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// In bytes: longer ones are read for nothing but a name.
const LONGEST_JSON: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn inferred(html: &str) -> Option<&'static str> {
        let dom = Dom::parse(html);
        let pre = dom.descendants(dom.root()).find(|node| dom.is(*node, "pre")).unwrap();
        of(&dom, pre, &dom.text_content(pre), Setting::of(&dom))
    }

    #[test]
    fn commands_are_sorted() {
        let mut sorted = COMMANDS;
        sorted.sort_unstable();
        assert_eq!(COMMANDS, sorted);
    }

    #[test]
    fn a_reference_is_in_the_language_that_it_documents() {
        for (html, expected) in [
            ("<meta name=generator content='javadoc/ClassWriterImpl'><pre>fill(3);</pre>", Some("java")),
            ("<a name='navbar.top'></a><pre>Kettle k = new Kettle();</pre>", Some("java")),
            ("<body class='rustdoc mod'><pre>let x = 1;</pre>", Some("rust")),
            ("<link href='x/linuwial.css'><pre>fill :: Int</pre>", Some("haskell")),
            ("<meta name=generator content='GTK-Doc V1.33'><pre class=programlisting>frob (t);</pre>", Some("c")),
            ("<meta name=generator content='GTK-Doc V1.33'><pre class=screen>GObject (x)</pre>", None),
            ("<meta name=generator content='javadoc/ClassWriterImpl'><pre>some words</pre>", None),
            ("<meta name=generator content='javadoc/ClassWriterImpl'><pre>$ javac Kettle.java</pre>", Some("console")),
            ("<meta name=generator content='GTK-Doc V1.33'><pre>[Desktop Entry]\nName=Foo (x)</pre>", None),
            ("<meta name=generator content='GTK-Doc V1.33'><pre>&lt;key name='a'>f()&lt;/key></pre>", None),
            ("<meta name=generator content='GTK-Doc V1.33'><pre>#define MAX(a, b) (a)</pre>", Some("c")),
            ("<meta name=generator content='GTK-Doc V1.33'><pre>#include &lt;a/b.h></pre>", Some("c")),
            ("<meta name=generator content='gi-docgen 2023.3'><pre>frob (t);</pre>", Some("c")),
            ("<meta name=generator content='ExDoc v0.34'><pre>@spec boil(integer()) :: :ok</pre>", Some("elixir")),
            ("<meta name=generator content='pdoc 14.4.0'><pre>class Kettle:\n    cups = 3</pre>", Some("python")),
            ("<a name='navbar.top'></a><pre>public class Kettle\nextends Vessel</pre>", Some("java")),
            ("<a name='navbar.top'></a><pre>public class Kettle, and more.</pre>", None),
            ("<script src='../lib/template.js'></script><pre>kettle.light()</pre>", Some("scala")),
            ("<pre>k = Kettle.new</pre><div id=footer>by <a href='https://yardoc.org'>yard</a></div>", Some("ruby")),
            ("<pre>boil();</pre><footer>by <a href='https://github.com/jsdoc/jsdoc'>JSDoc</a></footer>", Some("javascript")),
            ("<pre>npm install tea</pre><footer>by <a href='https://typedoc.org/'>TypeDoc</a></footer>", None),
            ("<pre>boil();</pre><p>like <a href='https://typedoc.org/'>TypeDoc</a></p>", None),
            ("<link href='/doc/otp_doc.css'><pre>1> lists:sort(L).</pre>", Some("erlang")),
            ("<link href='/doc/otp_doc.css'><pre>> erl -emu_type debug (x)</pre>", None),
            ("<meta name=generator content='Doxygen 1.9'><pre>f();</pre>", None),
            ("<meta name=generator content='Doxygen 1.9'><pre>Kettle::fill();</pre>", Some("cpp")),
            ("<meta name=generator content='Doxygen 1.9'><pre>integer :: x</pre>", None),
            ("<div class=Documentation-declaration><pre>func Fill(n int)</pre></div>", Some("go")),
            (
                "<div class='highlight-default notranslate'><div class=highlight><pre><span class=kn>import</span> <span class=nn>x</span></pre></div></div>",
                Some("python"),
            ),
            (
                "<div class='highlight-default notranslate'><div class=highlight><pre><span class=n>pip</span> install</pre></div></div>",
                None,
            ),
            // English and shells have words that are coloured.
            (
                "<div class='highlight-default notranslate'><div class=highlight><pre><span class=k>if</span> [ \"$1\" = purge ]; then\nfi</pre></div></div>",
                None,
            ),
            (
                "<div class='highlight-default notranslate'><div class=highlight><pre>Fetching x <span class=kn>from</span> key repository (KSK).</pre></div></div>",
                None,
            ),
            (
                "<div class='highlight-default notranslate'><div class=highlight><pre>boil(lid=<span class=kc>None</span>)</pre></div></div>",
                Some("python"),
            ),
            ("<link href='x/linuwial.css'><pre>>>> boil 42\n\"42.0\"</pre>", Some("haskell")),
            ("<pre>>>> boil(42)</pre>", Some("pycon")),
        ] {
            assert_eq!(inferred(html), expected, "{html}");
        }
    }

    #[test]
    fn some_texts_are_in_one_language_only() {
        for (text, expected) in [
            ("$ ls -l\ntotal 0", "console"),
            ("\n  $ ./configure\n  $ make", "console"),
            ("user@host:~$ ls", "console"),
            ("[root@host ~]# ls", "console"),
            ("# pacman -S linux\n# systemctl enable x \\\n  y", "console"),
            ("# rcctl enable kettle", "console"),
            (">>> 1 + 1\n2", "pycon"),
            ("<?php echo 1;", "php"),
            ("#!/bin/bash\nls", "bash"),
            ("#!/usr/bin/env -S python3.12 -u\nx", "python"),
            ("<?xml version='1.0'?><a/>", "xml"),
            ("<!DOCTYPE html>\n<p>", "html"),
            ("diff --git a/x b/x", "diff"),
            ("--- a/x\n+++ b/x\n@@ -1 +1 @@", "diff"),
            ("{\"a\": [1, 2]}", "json"),
            ("[{\"a\": 1}]", "json"),
            ("#include <vector>\nstd::vector<int> v;", "cpp"),
            ("{-# LANGUAGE CPP #-}\n#include \"x.h\"\nboil :: Int", "haskell"),
        ] {
            assert_eq!(by_text(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "# a comment\nx = 1",
            "# mount the disk first.\nmount /x",
            "# apt is a program\nfoo: bar",
            "$x = 5;",
            "$ x $",
            "[1, 2]",
            "{a: 1}",
            "{\"a\": 1,}",
            "% of all",
            "x = 1",
            "<div>",
            "mail@host and # more",
            "#include <stdio.h>\nint main() {}",
            "-- Of Haskell\n#include \"x.h\"\nboil :: Data::Int",
        ] {
            assert_eq!(by_text(text), None, "{text}");
        }
    }
}
