use super::*;

const FILES: &[(&str, &str)] = &[
    (
        "docs_src/a.py",
        "import x\n\n\nclass Pot:\n    @once\n    def boil(\n        self,\n    ):\n        return 1\n\n    def cool(self): ...\n\n\nboil()\n",
    ),
    ("docs/en/near.py", "near()\n"),
    ("docs/snippets/b.py", "# --8<-- [start:one]\na = 1\n# --8<-- [end:one]\nb = 2\n"),
    (
        "listings/src/main.rs",
        "// ANCHOR: all\nfn main() {\n    // ANCHOR: here\n    boil();\n    // ANCHOR_END: here\n}\n// ANCHOR_END: all\n",
    ),
    ("docs/c.rb", "# tag::x[]\nc\n# tag::y[]\nd\n# end::y[]\n# end::x[]\ne\n"),
    ("docs/parts.inc", "Some *text*.\n\nMore.\n"),
    ("docs/part.adoc", "== Part\n\nText.\n"),
    ("docs/attributes.adoc", ":pot: kettle\n// none\n"),
    ("docs/names.rst", ".. |x| replace:: y\n"),
    ("README.md", "# R\n\n<!-- begin -->\nIntroduced.\n<!-- end -->\n"),
    ("modules/ROOT/examples/e.java", "class E {}\n"),
    ("docs/ticks.md", "```\na\n```\n"),
    ("docs/.hidden.py", "hidden\n"),
];

fn answered_with(files: &[(&str, &str)], document: &str, text: &str) -> String {
    let role = Role::of(document).unwrap();
    let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| Arc::from(*text));
    let answer = Asking::of(document, role, text.as_bytes()).and_then(|asking| asking.answered(&Allowance::default(), read));
    answer.unwrap_or_else(|| text.to_owned())
}

fn answered(document: &str, text: &str) -> String {
    answered_with(FILES, document, text)
}

#[test]
fn markdown_has_the_code_that_it_asks_for() {
    for (text, wanted) in [
        // From the folder where its generator begins.
        ("# T\n\n{* ../../docs_src/a.py ln[1,14] hl[1] *}\n\nb", "# T\n\n```python\nimport x\nboil()\n```\n\nb"),
        ("{* ../docs_src/a.py ln[13:] title[\"main.py\"] *}", "**main.py**\n\n```python\nboil()\n```"),
        ("- x\n\n    {* near.py *}", "- x\n\n    ```python\n    near()\n    ```"),
        ("```Python hl_lines=\"1\"\n{!../../docs_src/a.py[ln:1]!}\n```\n", "```Python hl_lines=\"1\"\nimport x\n```\n"),
        ("{!> ../../docs_src/a.py[ln:1.3-1.9] !}", "```python\nimport x\n```"),
        ("``` py\n--8<-- \"docs/snippets/b.py\"\n```", "``` py\na = 1\nb = 2\n```"),
        ("``` py\n--8<-- 'docs/snippets/b.py:one'\n```", "``` py\na = 1\n```"),
        ("  ```py\n  -8<- \"docs/snippets/b.py:4:4\"\n  ```", "  ```py\n  b = 2\n  ```"),
        ("--8<--\ndocs/parts.inc\n; docs/no.inc\ndocs/en/near.py\n--8<--\nx", "Some *text*.\n\nMore.\n```python\nnear()\n```\nx"),
        ("--8<-- \"README.md:4:4\"\n\nx", "Introduced.\n\nx"),
        ("```rust,ignore\n{{#rustdoc_include ../../listings/src/main.rs:here}}\n```", "```rust,ignore\n    boil();\n```"),
        ("```rust\n{{#include ../../listings/src/main.rs:2}}\n```", "```rust\nfn main() {\n```"),
        ("{{#playground ../../listings/src/main.rs editable}}", "```rust\nfn main() {\n    boil();\n}\n```"),
        // It is a page of its own.
        ("--8<-- \"README.md\"", "[README.md](../../README.md)"),
        ("```{literalinclude} ../../docs_src/a.py\n:lines: 1\n:caption: The pot\n```\nx", "**The pot**\n\n```python\nimport x\n```\nx"),
        ("```{include} ../../README.md\n:start-after: begin -->\n:end-before: <!-- end\n```", "Introduced."),
        (":::{literalinclude} ../../docs_src/a.py\n---\npyobject: Pot.cool\ndedent:\n---\n:::", "```python\ndef cool(self): ...\n```"),
    ] {
        assert_eq!(answered("docs/en/page.md", text), wanted, "{text}");
    }
}

#[test]
fn restructured_text_has_the_code_that_it_asks_for() {
    for (text, wanted) in [
        (
            ".. literalinclude:: ../docs_src/a.py\n   :pyobject: Pot.boil\n   :dedent:\n   :caption: The pot\n\nb",
            "\n.. code-block:: python\n   :caption: The pot\n\n   @once\n   def boil(\n       self,\n   ):\n       return 1\n\n\nb",
        ),
        (
            "* a\n\n  .. literalinclude:: /docs_src/a.py\n     :lines: 1,14-\n     :language: c\n",
            "* a\n\n\n  .. code-block:: c\n\n     import x\n     boil()\n\n",
        ),
        (".. include:: parts.inc\n", "Some *text*.\n\nMore.\n"),
        (".. include:: names.rst\n\n|x|", ".. |x| replace:: y\n\n|x|"),
        (".. include:: ../README.md\n   :start-line: 3\n   :end-line: 4\n", "Introduced.\n"),
        (".. include:: ../docs_src/a.py\n   :code: python\n   :end-before: class\n", "\n.. code-block:: python\n\n   import x\n\n"),
        (".. include:: ../README.md\n", "\n`README.md <../README.md>`__\n\n"),
    ] {
        assert_eq!(answered("docs/page.rst", text), wanted, "{text}");
    }
}

#[test]
fn asciidoc_has_the_code_that_it_asks_for() {
    for (text, wanted) in [
        ("----\ninclude::c.rb[tag=y]\n----", "----\nd\n----"),
        ("----\ninclude::c.rb[tags=x;!y]\n----", "----\nc\n----"),
        ("----\ninclude::c.rb[lines=\"2..2,7..-1\"]\n----", "----\nc\ne\n----"),
        (":src: ../docs_src\n\n----\ninclude::{src}/a.py[lines=1]\n----", ":src: ../docs_src\n\n----\nimport x\n----"),
        ("include::../docs_src/a.py[lines=14]", "[source,python]\n----\nboil()\n----"),
        ("include::part.adoc[lines=1..3,leveloffset=+1]", "=== Part\n\nText."),
        ("= T\ninclude::attributes.adoc[]\n\n{pot}", "= T\n:pot: kettle\n// none\n\n{pot}"),
        ("include::part.adoc[]\n\nx", "link:part.adoc[docs/part.adoc]\n\nx"),
    ] {
        assert_eq!(answered("docs/page.adoc", text), wanted, "{text}");
    }
    let antora = answered("modules/ROOT/pages/sub/page.adoc", "----\ninclude::example$e.java[]\ninclude::ROOT:example$e.java[]\n----");
    assert_eq!(antora, "----\nclass E {}\nclass E {}\n----");
}

#[test]
fn what_is_not_to_be_had_stays_as_it_is() {
    for (document, text) in [
        ("docs/page.md", "{* ../../docs_src/a.py *}\n\n{* none.py *}\n\n{* https://docs.test/a.py *}"),
        ("docs/page.md", "{* .hidden.py *}\n\n{* snippets/../.hidden.py *}\n\n{* /../../docs_src/a.py *}\n\n{* ..\\docs_src\\a.py *}"),
        ("docs/page.md", "``` py\n;--8<-- \"snippets/b.py\"\n--8<-- \"snippets/b.py:two\"\n```\n--8<--\nsnippets/b.py\nnone.py\n--8<--"),
        ("docs/page.md", "```rust\n{{#include ../listings/src/main.rs:none}}\n\\{{#include ../listings/src/main.rs}}\n```\n{{#title x}}"),
        // It would end the listing.
        ("docs/page.md", "```md\n{!ticks.md!}\n```"),
        ("docs/page.md", "{* page.md *}"),
        ("docs/page.rst", "::\n\n    .. literalinclude:: c.rb\n\n.. code-block:: rst\n\n   .. include:: parts.inc\n"),
        ("docs/page.rst", ".. include:: <isonum.txt>\n\n.. literalinclude:: c.rb\n   :start-after: never\n"),
        ("docs/page.adoc", "\\include::c.rb[]\n\n////\ninclude::c.rb[]\n////\n\ninclude::{unknown}/c.rb[]\n\ninclude::c.rb[tag=none]"),
    ] {
        assert_eq!(answered(document, text), text);
    }
    let twice = &[("docs/b.inc", "{* c.inc *}"), ("docs/c.inc", "c")];
    assert_eq!(answered_with(twice, "docs/a.md", "--8<-- \"b.inc\""), "{* c.inc *}");
}

#[test]
fn what_asks_for_nothing_costs_a_pass() {
    for (document, shape) in [
        ("a.md", "--8<--\n"),
        ("a.md", "--8<--\nx\n\n"),
        ("a.md", "```{include}\n"),
        ("a.md", "> - ```\n{* \n"),
        ("a.md", "{!a[ln:1-"),
        ("a.rst", ".. include::\n   :a: b\n"),
        ("a.rst", "::\n .. include:: a\n"),
        ("a.adoc", "include::{a}{[a=b,"),
        ("a.adoc", "----\n:a: b\ninclude::{a}[]\n"),
    ] {
        let text = shape.repeat(200_000);
        assert_eq!(answered_with(&[], document, &text), text, "{shape}");
    }
}

#[test]
fn what_is_put_in_is_bounded() {
    let line = format!("{}\n", "x".repeat(99));
    let large = line.repeat(1_000);
    let files = &[("a.py", large.as_str())];
    let text = "{* a.py *}\n".repeat(MOST + 50);
    let answer = answered_with(files, "page.md", &text);
    assert!(answer.len() < MOST_WRITTEN + text.len() + 1_000, "{}", answer.len());
    assert!(answer.ends_with("{* a.py *}\n"));
    let few = "{* a.py ln[1] *}\n".repeat(MOST + 50);
    let answer = answered_with(files, "page.md", &few);
    // 4 MiB of the file are gone through.
    assert_eq!(answer.matches("xxx\n").count(), MOST_LOOKED_THROUGH / large.len());
    let spent = Allowance(AtomicU64::new(large.len() as u64));
    let asking = Asking::of("page.md", Role::Document("text/markdown"), few.as_bytes()).unwrap();
    let answer = asking.answered(&spent, |_| Some(large.as_str().into())).unwrap();
    assert_eq!(answer.matches("xxx\n").count(), 1);
}
