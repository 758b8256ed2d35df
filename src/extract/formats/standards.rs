//! What mdoc says by a name alone: sentences on how programs exit and functions return, and standards.

/// How programs say whether they succeeded.
pub(super) fn exits(names: &[String]) -> String {
    let (noun, verb) = if names.len() > 1 { ("utilities", "exit") } else { ("utility", "exits") };
    format!("The {} {noun} {verb} 0 on success, and >0 if an error occurs.", listed(names, ""))
}

/// How functions do.
pub(super) fn returns(names: &[String]) -> String {
    const FAILED: &str = "otherwise the value -1 is returned and the global variable errno is set to indicate the error.";
    let (noun, verb) = if names.len() > 1 { ("functions", "return") } else { ("function", "returns") };
    match names.is_empty() {
        true => format!("Upon successful completion, the value 0 is returned; {FAILED}"),
        false => format!("The {} {noun} {verb} the value 0 if successful; {FAILED}", listed(names, "()")),
    }
}

/// `a, b, and c`
fn listed(names: &[String], mark: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name}{mark}")).collect();
    match names.as_slice() {
        [] => String::new(),
        [name] => name.clone(),
        [first, second] => format!("{first} and {second}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

/// The name of a standard; one that is not known goes by its abbreviation.
pub(super) fn standard(abbreviation: &str) -> &str {
    match abbreviation {
        "-ansiC" | "-ansiC-89" => "ANSI X3.159-1989 (“ANSI C89”)",
        "-isoC" | "-isoC-90" => "ISO/IEC 9899:1990 (“ISO C90”)",
        "-isoC-amd1" => "ISO/IEC 9899/AMD1:1995 (“ISO C90, Amendment 1”)",
        "-isoC-99" => "ISO/IEC 9899:1999 (“ISO C99”)",
        "-isoC-2011" => "ISO/IEC 9899:2011 (“ISO C11”)",
        "-p1003.1" => "IEEE Std 1003.1 (“POSIX.1”)",
        "-p1003.1-88" => "IEEE Std 1003.1-1988 (“POSIX.1”)",
        "-p1003.1-90" | "-iso9945-1-90" => "IEEE Std 1003.1-1990 (“POSIX.1”)",
        "-p1003.1b-93" => "IEEE Std 1003.1b-1993 (“POSIX.1b”)",
        "-p1003.1c-95" => "IEEE Std 1003.1c-1995 (“POSIX.1c”)",
        "-p1003.1-96" | "-iso9945-1-96" => "ISO/IEC 9945-1:1996 (“POSIX.1”)",
        "-p1003.1-2001" => "IEEE Std 1003.1-2001 (“POSIX.1”)",
        "-p1003.1-2004" => "IEEE Std 1003.1-2004 (“POSIX.1”)",
        "-p1003.1-2008" => "IEEE Std 1003.1-2008 (“POSIX.1”)",
        "-p1003.1-2024" => "IEEE Std 1003.1-2024 (“POSIX.1”)",
        "-p1003.2" => "IEEE Std 1003.2 (“POSIX.2”)",
        "-p1003.2-92" | "-iso9945-2-93" => "IEEE Std 1003.2-1992 (“POSIX.2”)",
        "-xpg3" => "X/Open Portability Guide Issue 3 (“XPG3”)",
        "-xpg4" => "X/Open Portability Guide Issue 4 (“XPG4”)",
        "-xpg4.2" => "X/Open Portability Guide Issue 4, Version 2 (“XPG4.2”)",
        "-susv1" => "Version 1 of the Single UNIX Specification (“SUSv1”)",
        "-susv2" => "Version 2 of the Single UNIX Specification (“SUSv2”)",
        "-susv3" => "Version 3 of the Single UNIX Specification (“SUSv3”)",
        "-susv4" => "Version 4 of the Single UNIX Specification (“SUSv4”)",
        "-svid4" => "System V Interface Definition, Fourth Edition (“SVID4”)",
        "-ieee754" => "IEEE Std 754-1985",
        other => other.trim_start_matches('-'),
    }
}
