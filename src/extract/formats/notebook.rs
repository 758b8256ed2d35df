//! Jupyter notebooks: cells in their order, prose as its markdown, code as fences in the kernel's language, outputs short.

use url::Url;

use crate::extract::formats::ordered::Value;
use crate::extract::formats::sheet::{Reading, Sheet};
use crate::extract::formats::{markdown, markup};
use crate::model::Meter;

/// None where the object is no notebook.
pub(super) fn read(notebook: &Value, url: &Url, meter: &Meter, size: usize) -> Option<Reading> {
    let cells = match notebook.get("cells") {
        Some(cells) => cells.as_array()?,
        // As before version 4.
        None => notebook.pointer("/worksheets/0/cells")?.as_array()?,
    };
    notebook.get("nbformat")?;
    let named = |path| notebook.pointer(path).and_then(Value::as_str).filter(|name| !name.is_empty());
    let language =
        named("/metadata/language_info/name").or_else(|| named("/metadata/kernelspec/language")).unwrap_or("python").to_ascii_lowercase();
    let mut sheet = Sheet::new(url, meter, size);
    for cell in cells {
        if !sheet.goes_on() {
            break;
        }
        let source = text_of(cell.get("source").or_else(|| cell.get("input")));
        match cell.get("cell_type").and_then(Value::as_str) {
            Some("code") => {
                let cell_language = cell.pointer("/metadata/vscode/languageId").or_else(|| cell.get("language")).and_then(Value::as_str);
                sheet.fence(cell_language.or_else(|| magic(&source)).unwrap_or(&language), &source);
                for output in cell.get("outputs").and_then(Value::as_array).into_iter().flatten() {
                    write_output(&mut sheet, output);
                }
            }
            // Since version 4 headings are markdown.
            Some("heading") => {
                let level = cell.get("level").and_then(Value::as_u64).unwrap_or(1).clamp(1, 6);
                sheet.heading(level as usize, &source, None);
            }
            Some("raw") => sheet.fence("", &source),
            _ => {
                let part = markdown::part(&source, url, meter);
                sheet.append(part);
            }
        }
    }
    sheet.reading.title = named("/metadata/title").map(str::to_owned);
    let first = sheet.reading.outline.iter().min_by_key(|heading| heading.level).map(|heading| heading.text.clone());
    sheet.reading.title = sheet.reading.title.or(first);
    Some(sheet.finish())
}

/// `%%bash` makes a cell another language's.
fn magic(source: &str) -> Option<&'static str> {
    let name = source.strip_prefix("%%")?.split_whitespace().next()?;
    Some(match name {
        "bash" | "sh" | "script" => "bash",
        "html" | "HTML" => "html",
        "javascript" | "js" => "javascript",
        "sql" => "sql",
        "latex" => "latex",
        "markdown" => "markdown",
        "R" => "r",
        _ => return None,
    })
}

fn write_output(sheet: &mut Sheet<'_>, output: &Value) {
    let data = output.get("data").unwrap_or(output);
    let said = match output.get("output_type").and_then(Value::as_str) {
        Some("error" | "pyerr") => {
            let name = output.get("ename").and_then(Value::as_str).unwrap_or("error");
            let value = output.get("evalue").and_then(Value::as_str).unwrap_or_default();
            sheet.leave_out("tracebacks", &text_of(output.get("traceback")));
            format!("{name}: {value}")
        }
        Some("stream") => text_of(output.get("text")),
        _ => {
            let markdown = text_of(data.get("text/markdown"));
            let plain = text_of(data.get("text/plain").or_else(|| data.get("text")));
            if !markdown.trim().is_empty() {
                return write_markdown(sheet, &markdown);
            }
            if plain.trim().is_empty() {
                return write_other(sheet, data);
            }
            plain
        }
    };
    if let Some(kind) = data.as_object().and_then(|data| data.keys().find(|kind| kind.starts_with("image/"))) {
        sheet.leave_out(IMAGES, kind);
        // "<Figure size 640x480 with 1 Axes>" says nothing beside its picture.
        if said.trim_start().starts_with('<') {
            return;
        }
    }
    let said = without_colours(&said);
    let short = shortened(sheet, &said);
    sheet.fence("text", &short);
}

fn write_markdown(sheet: &mut Sheet<'_>, markdown: &str) {
    let part = markdown::part(&shortened(sheet, markdown), sheet.base(), sheet.meter());
    sheet.append(part);
}

/// What has no text as it would stand in a terminal: a formula, or a page.
fn write_other(sheet: &mut Sheet<'_>, data: &Value) {
    let kinds = || data.as_object().into_iter().flat_map(|data| data.keys()).filter(|kind| kind.contains('/'));
    kinds().filter(|kind| kind.starts_with("image/")).for_each(|kind| sheet.leave_out(IMAGES, kind));
    let formula = text_of(data.get("text/latex").or_else(|| data.get("latex")));
    let formula = formula.trim().trim_matches('$').trim();
    if !formula.is_empty() {
        let formula = shortened(sheet, formula);
        return sheet.paragraph(&format!("$$\n{formula}\n$$"));
    }
    let html = text_of(data.get("text/html").or_else(|| data.get("html")));
    let shown = markup::read(&html, sheet.base(), sheet.meter()).markdown;
    if !shown.trim().is_empty() {
        return write_markdown(sheet, &shown);
    }
    kinds().filter(|kind| !kind.starts_with("image/")).for_each(|kind| sheet.leave_out("outputs of other kinds", kind));
}

/// The first lines of an output.
fn shortened(sheet: &mut Sheet<'_>, said: &str) -> String {
    let mut end = 0;
    for line in said.split_inclusive('\n').take(MAX_LINES) {
        if end + line.len() > MAX_BYTES {
            break;
        }
        end += line.len();
    }
    // A single line that is too long.
    if end == 0 {
        end = said.floor_char_boundary(MAX_BYTES);
    }
    let (kept, rest) = said.split_at(end);
    sheet.leave_out("long outputs", rest);
    match rest.trim().is_empty() {
        true => kept.to_owned(),
        false => format!("{}\n…", kept.trim_end()),
    }
}

const IMAGES: &str = "images of outputs";
const MAX_LINES: usize = 20;
const MAX_BYTES: usize = 2_000;

/// A string, or lines that are strings.
fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Without the escape sequences of terminals.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic()).map_or(after.len(), |end| end + 1);
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;
    use serde_json::json;

    fn reading(notebook: serde_json::Value) -> Option<Reading> {
        let notebook: Value = serde_json::from_value(notebook).unwrap();
        read(&notebook, &Url::parse("https://docs.test/a.ipynb").unwrap(), &unlimited(), 1_000)
    }

    #[test]
    fn cells_are_read_in_order() {
        let long: String = (0..50).map(|line| format!("line {line}\n")).collect();
        let found = reading(json!({
            "nbformat": 4, "metadata": { "language_info": { "name": "julia" } },
            "cells": [
                { "cell_type": "markdown", "source": ["# Fits\n", "\n", "See [b](c)."] },
                { "cell_type": "code", "source": "x = 1\nx + 1", "outputs": [
                    { "output_type": "execute_result", "data": { "text/plain": ["2"] } },
                    { "output_type": "stream", "text": long },
                    { "output_type": "display_data", "data": { "image/png": "iVBOR", "text/plain": "<Figure>" } },
                    { "output_type": "error", "ename": "E", "evalue": "no", "traceback": ["\u{1b}[31mwhere"] },
                ] },
                { "cell_type": "code", "source": "%%bash\nls", "outputs": [] },
                { "cell_type": "markdown", "source": "## End" },
            ],
        }))
        .unwrap();
        assert_eq!(found.title.as_deref(), Some("Fits"));
        let begins = "# Fits\n\nSee [b](c).\n\n```julia\nx = 1\nx + 1\n```\n\n```text\n2\n```\n\n```text\nline 0\n";
        assert!(found.markdown.starts_with(begins), "{}", found.markdown);
        assert!(
            found.markdown.ends_with("line 19\n…\n```\n\n```text\nE: no\n```\n\n```bash\n%%bash\nls\n```\n\n## End"),
            "{}",
            found.markdown
        );
        let rules: Vec<_> = found.notes.iter().map(|note| note.rule).collect();
        assert_eq!(rules, ["long outputs", "images of outputs", "tracebacks"]);
        assert_eq!(found.outline[1].offset, found.markdown.len() - 6);
    }

    #[test]
    fn outputs_without_plain_text_are_read() {
        let of = |data: serde_json::Value| {
            let output = json!({ "output_type": "display_data", "data": data });
            let found = reading(json!({ "nbformat": 4, "cells": [{ "cell_type": "code", "source": "x", "outputs": [output] }] })).unwrap();
            let rules: Vec<_> = found.notes.iter().map(|note| (note.rule, note.begins.clone())).collect();
            (found.markdown.trim_start_matches("```python\nx\n```").trim().to_owned(), rules)
        };
        let html = "<table><tr><th>A</th></tr><tr><td>Only <b>here</b></td></tr></table>";
        assert_eq!(of(json!({ "text/html": html })).0, "| A |\n| --- |\n| Only **here** |");
        assert_eq!(of(json!({ "text/html": [html], "text/plain": "A\nOnly here" })).0, "```text\nA\nOnly here\n```");
        assert_eq!(of(json!({ "text/latex": "$$E=mc^2$$", "text/html": html })).0, "$$\nE=mc^2\n$$");
        assert_eq!(of(json!({ "text/latex": ["$E$"], "text/plain": "E", "text/markdown": "*E*" })).0, "*E*");
        assert_eq!(of(json!({ "image/png": "iVBOR", "text/html": "<p>said</p>" })).0, "said");
        let (shown, rules) = of(json!({ "text/html": "<script>draw()</script>", "application/vnd.plotly.v1+json": {}, "image/png": "x" }));
        assert_eq!(shown, "");
        assert_eq!(rules.into_iter().map(|(rule, _)| rule).collect::<Vec<_>>(), ["images of outputs", "outputs of other kinds"]);
        let rows = "<tr><td>x</td></tr>".repeat(100);
        assert!(of(json!({ "text/html": format!("<table>{rows}</table>") })).1.iter().any(|(rule, _)| *rule == "long outputs"));
    }

    #[test]
    fn a_cell_ends_what_it_opens() {
        let found = reading(
            json!({ "nbformat": 4, "cells": [{ "cell_type": "markdown", "source": "## A\n```\nopen" }, { "cell_type": "code", "source": "x" }] }),
        );
        assert_eq!(found.unwrap().markdown, "## A\n```\nopen\n```\n\n```python\nx\n```");
    }

    #[test]
    fn notebooks_of_any_version_are_told_from_data() {
        let old = json!({ "nbformat": 3, "worksheets": [{ "cells": [{ "cell_type": "heading", "level": 2, "source": "A" }, { "cell_type": "code", "input": "x" }] }] });
        assert_eq!(reading(old).unwrap().markdown, "## A\n\n```python\nx\n```");
        assert!(reading(json!({ "cells": [] })).is_none());
        assert!(reading(json!({ "nbformat": 4, "cells": 1 })).is_none());
    }
}
