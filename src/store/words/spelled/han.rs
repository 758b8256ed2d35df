//! Chinese characters as they are written in the other of its two ways to write, simplified and traditional: `软件` is `軟件`. Which are one is of
//! the Unihan database of Unicode (`han.txt`, made by `make_han.py`; its licence is `LICENSE-UNICODE`). Pure.

use std::collections::HashMap;
use std::sync::OnceLock;

/// A neighbouring two as others write them, one of them or both; at most seven.
pub(super) fn others(gram: &str) -> Vec<String> {
    let mut written = vec![String::new()];
    for c in gram.chars() {
        let choices: Vec<char> = [c].into_iter().chain(written_for(c).iter().copied()).collect();
        written = choices.iter().flat_map(|c| written.iter().map(move |before| format!("{before}{c}"))).take(MOST).collect();
    }
    written.retain(|other| other != gram);
    written
}

/// The simplified character of a traditional one, or the traditional ones of a simplified one.
fn written_for(c: char) -> &'static [char] {
    if c < '\u{4e00}' {
        return &[];
    }
    OTHERS.get_or_init(read).get(&c).map_or(&[], Vec::as_slice)
}

fn read() -> HashMap<char, Vec<char>> {
    let mut others: HashMap<char, Vec<char>> = HashMap::new();
    for line in include_str!("han.txt").lines() {
        let mut characters = line.chars();
        let Some(simple) = characters.next() else { continue };
        for full in characters {
            others.entry(simple).or_default().push(full);
            others.entry(full).or_default().push(simple);
        }
    }
    others
}

static OTHERS: OnceLock<HashMap<char, Vec<char>>> = OnceLock::new();

/// With the two as they are.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplified_and_traditional_are_written_for_each_other() {
        for (gram, expected) in [
            ("软件", &["軟件"][..]),
            ("軟件", &["软件"]),
            ("網絡", &["网絡", "網络", "网络"]),
            ("头发", &["頭发", "头發", "頭發", "头髮", "頭髮"]),
            ("文件", &[]),
            ("東京", &["东京"]),
            ("ファ", &[]),
            ("서울", &[]),
            ("ab", &[]),
            ("", &[]),
        ] {
            assert_eq!(others(gram), expected, "{gram}");
        }
        assert!(others("台湾").contains(&"臺灣".to_owned()) && others("臺灣").contains(&"台湾".to_owned()));
        assert!(others("台台").len() < MOST);
        assert!(read().values().all(|others| others.len() < 5));
    }
}
