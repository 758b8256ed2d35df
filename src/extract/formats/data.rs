//! Files of source text and data: one fence in their language. JSON and YAML are first asked for what they describe.

use url::Url;

use crate::extract::formats::ordered::Value;
use crate::extract::formats::sheet::{Reading, Sheet};
use crate::extract::formats::{interface, jsonfeed, notebook, yaml};
use crate::model::Meter;

pub(super) fn of_json(text: &str, url: &Url, meter: &Meter) -> Reading {
    let value: Option<Value> = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
    value.and_then(|value| described(&value, url, meter, text.len())).unwrap_or_else(|| of_code("json", text, url, meter))
}

pub(super) fn of_yaml(text: &str, url: &Url, meter: &Meter) -> Reading {
    // Most of it is data, which is not parsed to be shown.
    let describes = text.lines().any(|line| {
        let key = line.trim_start_matches(['"', '\'', '{', ' ']);
        ["openapi", "swagger", "$schema", "nbformat", "$id"].iter().any(|name| key.starts_with(name))
    });
    let value = if describes { yaml::parse(text, meter) } else { None };
    value.and_then(|value| described(&value, url, meter, text.len())).unwrap_or_else(|| of_code("yaml", text, url, meter))
}

pub(super) fn of_code(language: &str, text: &str, url: &Url, meter: &Meter) -> Reading {
    let mut sheet = Sheet::new(url, meter, text.len());
    let text = text.trim_start_matches('\u{feff}');
    let mut end = text.len();
    if end > LONGEST {
        end = text.floor_char_boundary(LONGEST);
        end = text[..end].rfind('\n').unwrap_or(end);
    }
    sheet.leave_out("the rest of a long file", &text[end..]);
    sheet.fence(language, &text[..end]);
    sheet.finish()
}

fn described(value: &Value, url: &Url, meter: &Meter, size: usize) -> Option<Reading> {
    notebook::read(value, url, meter, size)
        .or_else(|| interface::read(value, url, meter, size))
        .or_else(|| jsonfeed::read(value, url, meter, size))
}

/// In bytes: who looks for an example finds it in less, and tables of data are no reading.
const LONGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    #[test]
    fn data_is_code_and_descriptions_are_text() {
        let url = Url::parse("https://docs.test/x").unwrap();
        assert_eq!(of_json("{\"a\": 1}\n", &url, &unlimited()).markdown, "```json\n{\"a\": 1}\n```");
        assert_eq!(of_json("// no\n{}", &url, &unlimited()).markdown, "```json\n// no\n{}\n```");
        assert_eq!(of_yaml("a: 1\nb:\n  - ```\n", &url, &unlimited()).markdown, "````yaml\na: 1\nb:\n  - ```\n````");
        assert!(of_yaml("# x\nopenapi: 3.1.0\ninfo: {title: T}\npaths: {}\n", &url, &unlimited()).markdown.starts_with("# T"));
        assert!(of_yaml("openapi: [\n", &url, &unlimited()).markdown.starts_with("```yaml"));
        assert!(
            of_json("{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"code\", \"source\": \"x\"}]}", &url, &unlimited())
                .markdown
                .starts_with("```python")
        );
        let long = "0123456789\n".repeat(200_000);
        let reading = of_code("csv", &long, &url, &unlimited());
        assert!(reading.markdown.len() <= LONGEST + 20 && reading.notes[0].words > 100_000);
    }
}
