//! The stream of React's server components, as Next ships it in `self.__next_f.push([1,"…"])`: rows of `number:value`, of which those that
//! begin with `T` and a length are texts, and the others elements as JSON.

use std::collections::HashMap;

use crate::extract::shipped::data::Data;
use crate::extract::shipped::{literal, prose, tree};
use crate::model::Meter;

/// The HTML of the rows that hold any, in their order. A text stands where an element refers to it, which may be a row behind it; by itself it
/// is shown where it is HTML, as others are what a program works with.
pub(super) fn html_of(stream: &str, meter: &Meter) -> String {
    let mut rows = Vec::new();
    let mut texts = HashMap::new();
    each_row(stream, meter, |row| match row {
        Row::Text(number, text) => {
            texts.insert(number, text);
            rows.push(row);
        }
        Row::Element(_) => rows.push(row),
    });
    // Elements first: what none of them refers to is known when all are written.
    let mut pieces = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut piece = String::new();
        if let Row::Element(row) = row {
            elements(&literal::value(row, meter), &mut texts, meter, &mut piece, 0);
        }
        pieces.push(piece);
    }
    for (row, piece) in rows.iter().zip(&mut pieces) {
        if let Row::Text(number, text) = row
            && prose::is_html(text)
        {
            piece.push_str(texts.remove(number).unwrap_or_default());
        }
    }
    pieces.concat()
}

enum Row<'a> {
    Text(&'a str, &'a str),
    Element(&'a str),
}

fn each_row<'a>(stream: &'a str, meter: &Meter, mut of: impl FnMut(Row<'a>)) {
    let mut rest = stream;
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
            of(Row::Text(number, &text[..length]));
            rest = &text[length..];
            continue;
        }
        let row = after.split('\n').next().unwrap_or_default();
        rest = after.get(row.len() + 1..).unwrap_or_default();
        // Modules, hints and errors have a letter before them.
        if row.starts_with(['[', '{']) && !number.is_empty() {
            of(Row::Element(row));
        }
    }
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
fn elements<'a>(data: &Data, texts: &mut HashMap<&'a str, &'a str>, meter: &'a Meter, html: &mut String, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    if matches!(data.items(), [Data::Text(mark), Data::Text(_), ..] if mark == "$") {
        return html.push_str(&tree::of_row(data, texts, meter));
    }
    data.children().for_each(|(_, below)| elements(below, texts, meter, html, depth + 1));
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
        let read = |stream: &str| html_of(stream, &Budget::default().begin());
        let code = "let kettle = \"<full>\";";
        let stream = format!(
            "3:T{:x},{code}4:T5,12345\n5:T{:x},{text}0:[\"$\",\"pre\",null,{{\"children\":\"$3\"}}]\n1:[\"$\",\"div\",null,{{\"dangerouslySetInnerHTML\":{{\"__html\":\"<p>$5</p>\"}}}}]\n\
             2:[\"$\",\"p\",null,{{\"children\":[\"$$5\",\"$undefined\",\"$L9\"]}}]\n6:[[\"$\",\"title\",null,{{\"children\":\"Docs\"}}]]\n",
            code.len(),
            text.len()
        );
        assert_eq!(
            read(&stream),
            format!("{text}<pre>let kettle = &quot;&lt;full&gt;&quot;;</pre><div><p>$5</p></div><p>$5</p>"),
            "texts that nothing shows are not shown"
        );
        // React sends a text before the row that refers to it.
        let (body, code) = ("<p>A kettle boils water in two minutes.</p>", "<b>kettle</b></p>");
        let stream = format!(
            "5:T{:x},{body}6:T{:x},{code}0:[[\"$\",\"h1\",null,{{\"children\":\"Kettles\"}}],[\"$\",\"div\",null,{{\"dangerouslySetInnerHTML\":{{\"__html\":\"$5\"}}}}],\
             [\"$\",\"pre\",null,{{\"children\":\"$6\"}}]]\n",
            body.len(),
            code.len()
        );
        assert_eq!(read(&stream), format!("<h1>Kettles</h1><div>{body}</div><pre>&lt;b&gt;kettle&lt;/b&gt;&lt;/p&gt;</pre>"));
        for odd in ["", ":", "1:", "1:T", "1:Tff,", "1:Tfffffffff,x", "zz:[\"$\"]", "1:T1,é"] {
            let _ = html_of(odd, &Budget::default().begin());
        }
    }
}
