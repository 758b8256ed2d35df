//! The stream of React's server components, as Next ships it in `self.__next_f.push([1,"…"])`: rows of `number:value`, of which those that
//! begin with `T` and a length are texts, and the others elements as JSON.

use crate::extract::shipped::data::Data;
use crate::extract::shipped::literal;
use crate::extract::shipped::tree;
use crate::model::Meter;

/// The HTML of the rows that hold any, in their order.
pub(super) fn html_of(stream: &str, meter: &Meter) -> String {
    let (mut html, mut rest) = (String::new(), stream);
    while !rest.is_empty() && meter.goes_on() {
        let Some((number, after)) = numbered(rest) else {
            // Not at the beginning of a row.
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
            continue;
        };
        if let Some((length, text)) = after
            .strip_prefix('T')
            .and_then(|row| row.split_at_checked(row.bytes().take(LONGEST_NUMBER + 1).position(|byte| byte == b',')?))
            .map(|(length, text)| (length, &text[1..]))
            .filter(|(length, _)| is_number(length))
        {
            let length = usize::from_str_radix(length, 16).unwrap_or(0).min(text.len());
            let length = text.floor_char_boundary(length);
            html.push_str(&text[..length]);
            rest = &text[length..];
            continue;
        }
        let row = after.split('\n').next().unwrap_or_default();
        rest = after.get(row.len() + 1..).unwrap_or_default();
        // Modules, hints and errors have a letter before them.
        if row.starts_with(['[', '{']) && !number.is_empty() {
            elements(&literal::value(row, meter), meter, &mut html, 0);
        }
    }
    html
}

/// The number that a row begins with, and what follows.
fn numbered(row: &str) -> Option<(&str, &str)> {
    let end = row.bytes().take(LONGEST_NUMBER + 1).position(|byte| byte == b':')?;
    Some((&row[..end], &row[end + 1..])).filter(|(number, _)| is_number(number))
}

fn is_number(text: &str) -> bool {
    (1..=LONGEST_NUMBER).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Elements stand anywhere in what the router keeps.
fn elements(data: &Data, meter: &Meter, html: &mut String, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    if matches!(data.items(), [Data::Text(mark), Data::Text(_), ..] if mark == "$") {
        return html.push_str(&tree::of_row(data, meter));
    }
    data.children().for_each(|(_, below)| elements(below, meter, html, depth + 1));
}

const DEEPEST: usize = 60;
const LONGEST_NUMBER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    #[test]
    fn rows_of_elements_and_texts_are_read() {
        let text = "<p>A text of its own: 5 kettles.</p>";
        let stream = format!(
            "1:\"$Sreact.fragment\"\n2:I[5244,[],\"\"]\n0:{{\"P\":null,\"f\":[[\"$\",\"$L2\",null,{{\"children\":[\"$\",\"h1\",null,{{\"children\":\"Kettles\"}}]}}]]}}\n\
             4:T{:x},{text}5:[\"$\",\"p\",null,{{\"className\":\"x\",\"children\":[\"Water \",\"$L4\",\" boils.\"]}}]\nbroken\n6:[\"$\"",
            text.len()
        );
        assert_eq!(html_of(&stream, &Budget::default().begin()), format!("<h1>Kettles</h1>{text}<p>Water  boils.</p>"));
        for odd in ["", ":", "1:", "1:T", "1:Tff,", "1:Tfffffffff,x", "zz:[\"$\"]", "1:T1,é"] {
            let _ = html_of(odd, &Budget::default().begin());
        }
    }
}
