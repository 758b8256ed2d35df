//! Dates as pages and questions write them: ISO 8601 as SQLite reads it. Pure.

/// Seconds since 1970; none for what is no date.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = bytes.get(from..to)?;
        digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    };
    let is = |at: usize, expected: &[u8]| bytes.get(at).is_some_and(|byte| expected.contains(byte));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let is_dashed = is(4, b"-") && is(7, b"-");
    if !is_dashed || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * 86_400;
    let mut at = 10;
    let mut time = 0;
    while is(at, b" T") {
        at += 1;
    }
    if bytes.len() > at {
        let (hour, minute) = (number(at, at + 2)?, number(at + 3, at + 5)?);
        if !is(at + 2, b":") || hour > 24 || minute > 59 {
            return None;
        }
        time = hour * 3_600 + minute * 60;
        at += 5;
        if is(at, b":") {
            let second = number(at + 1, at + 3)?;
            if second > 59 {
                return None;
            }
            time += second;
            at += 3;
            if is(at, b".") && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                at += 1;
                while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                    at += 1;
                }
            }
        }
        while is(at, b" ") {
            at += 1;
        }
        if is(at, b"Zz") {
            at += 1;
        } else if is(at, b"+-") {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if !is(at + 3, b":") || hours > 14 || minutes > 59 {
                return None;
            }
            let ahead = hours * 3_600 + minutes * 60;
            time += if is(at, b"+") { -ahead } else { ahead };
            at += 6;
        }
    }
    (bytes[at.min(bytes.len())..].iter().all(|byte| *byte == b' ')).then_some(midnight + time)
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// In the calendar of today, also where it was not used yet.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // March is the first month, so that the day that comes and goes is the last of a year.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_what_the_embedded_store_takes_them_for() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let theirs = |text: &str| -> Option<i64> {
            let sql = "SELECT CASE WHEN ?1 GLOB '????-??-??*' AND date(substr(?1, 1, 10)) = substr(?1, 1, 10) THEN unixepoch(?1) END";
            connection.query_row(sql, [text], |row| row.get(0)).unwrap()
        };
        for text in [
            "1970-01-01",
            "2024-02-29",
            "2023-02-29",
            "2000-02-29",
            "1900-02-29",
            "2025-1-31",
            "2025-13-01",
            "2025-04-31",
            "0001-01-01",
            "9999-12-31",
            "2025-01-31T10:20",
            "2025-01-31 10:20:30",
            "2025-01-31T10:20:30Z",
            "2025-01-31T10:20:30.123+02:00",
            "2025-01-31T10:20:30-05:30",
            "2025-01-31T25:00",
            "2025-01-31T10:60",
            "2025-01-31x",
            "2025-01-31T",
            "2025-01-31T10:20:30 +02:00",
            "2025-01-31T10:20:30.",
            "",
            "2025",
            "vor langer Zeit",
            "2025-01-31T10:20:30+0200",
            "2025-01-31  ",
            "１２３４-01-01",
            "2025-01-31T10:20:61",
            "2025-12-31T24:00",
        ] {
            assert_eq!(seconds(text), theirs(text), "{text:?}");
        }
    }
}
