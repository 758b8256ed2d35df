use super::*;
use crate::extract::formats::unlimited;

fn reading(text: &str) -> Reading {
    read(text, &Url::parse("https://docs.test/guide.mdx").unwrap(), &unlimited())
}

fn markdown(text: &str) -> String {
    read(text, &Url::parse("https://docs.test/guide.md").unwrap(), &unlimited()).markdown
}

fn anchors(text: &str) -> Vec<(u8, String, Option<String>)> {
    let reading = reading(text);
    for heading in &reading.outline {
        assert!(reading.markdown[heading.offset..].trim_start_matches(['#', ' ']).len() < reading.markdown.len() + 1, "{heading:?}");
        assert!(plain(reading.markdown[heading.offset..].lines().next().unwrap()).contains(&heading.text), "{heading:?}");
    }
    reading.outline.into_iter().map(|heading| (heading.level, heading.text, heading.anchor)).collect()
}

#[test]
fn markdown_passes_as_it_is() {
    for text in [
        "# A *b*\n\n    <!-- code -->\n\ntext `<!-- code -->` <b>c</b>\n\n```mdx\nimport x from 'y'\n<Tabs>\n:::note\n<!-- no -->\n```\n\n~~~\n:::\n~~~",
        "A <- b, Vec<String> and\n<T> too.\n\n- a\n\n  ```sh\n  x\n  ```\n- b\n\nimport this\n\n<details>\n<summary>x</summary>\n\ny\n</details>",
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n> [!NOTE]\n> x\n\n[a]: b\n\n<!-- never ends\n\nx ::: y\n:::",
    ] {
        assert_eq!(markdown(text), text);
    }
}

#[test]
fn code_passes_as_it_is_wherever_it_stands() {
    for text in [
        "- ```html\n  <Foo>\n  <!-- c -->\n\n  <Bar/>\n  ```\n\n## Real heading\n\ntext\n\n1. ```sh\n   # comment\n   ls\n   ```\n\n## Last",
        "> ```html\n> <!-- c -->\n>\n> <Foo>\n> ```\n> text\n\n> - ```\n>   # x\n\n## Real heading",
        "Code by a tab:\n\n\t# install deps\n\tmake <!-- x -->\n\t<Foo>\n\n\t## not a heading\n\n## Real heading",
        "1. Item\n\n    ```jsx\n    import x from 'y'\n\n    export const z = 1\n    <Foo bar=\"x\">\n      text {/* c */}\n    </Foo>\n    ```\n\n## Real heading\n\n10. a\n    - b\n\n        ~~~\n        <Tabs>\n        ~~~\n\n## Last",
        "```md\n    ```\n<!-- c -->\n    ```\n```\n\n## Real heading",
    ] {
        assert_eq!(markdown(text), text);
        let headings = read(text, &Url::parse("https://docs.test/a.md").unwrap(), &unlimited()).outline;
        assert!(headings.iter().all(|heading| matches!(heading.text.as_str(), "Real heading" | "Last")), "{headings:?}");
        assert_eq!(headings.len(), text.matches("\n## Real").count() + text.matches("\n## Last").count(), "{text}");
    }
    let mdx = "1. Item\n\n        ```jsx\n        import x from 'y'\n        <Foo/>\n        ```\n\n- ```js\n  import x from 'y'\n  ```";
    assert_eq!(reading(mdx).markdown, mdx);
    for (text, wanted) in [
        (
            "!!! note\n\n    1. Item\n\n        ```html\n        <Tabs>\n          <Tab label=\"q\">x</Tab>\n        </Tabs>\n        ```\n\n    end\n\nText.",
            "**Note**\n\n1. Item\n\n    ```html\n    <Tabs>\n      <Tab label=\"q\">x</Tab>\n    </Tabs>\n    ```\n\nend\n\nText.",
        ),
        (
            "<Tabs>\n<Tab title=\"A\">\n\n1. Item\n\n    ```html\n    <Foo>\n    <Bar/>\n    </Foo>\n    ```\n\n</Tab>\n</Tabs>\n\n# End",
            "**A**\n\n1. Item\n\n    ```html\n    <Foo>\n    <Bar/>\n    </Foo>\n    ```\n\n# End",
        ),
        ("!!! tip \"T\"\n    Text:\n\n        # code\n        <Foo>\n\nB <!-- c -->", "**Tip: T**\n\nText:\n\n    # code\n    <Foo>\n\nB"),
    ] {
        assert_eq!(markdown(text).trim_end(), wanted, "{text}");
    }
}

#[test]
fn text_that_looks_like_a_mark_is_text() {
    for text in [
        "# What's new in C#\n\n## Use f{x=1}\n\n### Route {id=3}\n\n## http_requests_total{method=\"GET\"}\n\n## The {{#if}}\n\n## See {.}",
        "!!! WARNING do not boil dry\n\n!!! Remember to descale monthly\n\n??? what does it mean now\n\nAre you sure\n??? yes or no\n\n!!! note\n\nText",
        "!!! danger\n  not deep enough\n\n=== \"A\" and \"B\" are the same ===\n\n!!! note \"open",
        "{% code %} text {% endcode %}\n\n(x+1)=\n\n::: 1 2 3",
        "<PROJECT_ID> is it.\n\n<T> too.\n\n<Ctrl-C> quits.",
    ] {
        assert_eq!(markdown(text), text);
    }
    for (text, wanted) in [
        (
            "<Enter> confirms.\n\n<Leader>ff finds <!-- c -->files.\n\n- x\n    <Enter> y",
            "\\<Enter> confirms.\n\n\\<Leader>ff finds files.\n\n- x\n    \\<Enter> y",
        ),
        ("<Enter>\nText.\n</Enter>\n\n<Tabs>\n<Tab>\nx\n</Tab>\n</Tabs>\n\n<Icon/> y", "Text.\n\nx\n\ny"),
    ] {
        assert_eq!(markdown(text), wanted, "{text}");
    }
    // In MDX they are components, and an error of the author's.
    assert_eq!(reading("<Enter> confirms.").markdown, "confirms.");
}

#[test]
fn components_are_unwrapped_and_modules_left_out() {
    let text = "---\ntitle: Install\ndescription: How to\n---\nimport Tabs from '@theme/Tabs';\nimport { A,\n  B } from 'x';\n\n<Tabs groupId=\"os\">\n  \
        <TabItem value=\"npm\" label=\"npm\" default>\n\n    ```bash\n    npm i\n      x\n    ```\n\n  </TabItem>\n  <TabItem value=\"yarn\">\n    Use yarn.\n  \
        </TabItem>\n</Tabs>\n\nPress <Kbd>x</Kbd>, `<Kbd>`.\n\n<Video\n  src=\"a.mp4\"\n  size={3 > 2}\n/>\n\n{/* hidden */}\n## Last {#end}\n";
    let found = reading(text);
    assert_eq!(found.markdown, "**npm**\n\n```bash\nnpm i\n  x\n```\n\n**yarn**\n\nUse yarn.\n\nPress x, `<Kbd>`.\n\n## Last");
    assert_eq!(found.title.as_deref(), Some("Install"));
    assert_eq!(found.metadata.description.as_deref(), Some("How to"));
    assert_eq!(found.outline[0].anchor.as_deref(), Some("end"));
    assert_eq!(found.notes.iter().map(|note| note.rule).collect::<Vec<_>>(), ["front matter", "modules of MDX", "components", "comments"]);
    assert_eq!(
        markdown(
            "<Card title=\"A\" icon=\"b\">Text</Card>\n\n<Note>\n  Text.\n</Note>\n<Steps>\n<Step title='One'>\nDo.\n</Step>\n</Steps>"
        ),
        "**A**\n\nText\n\n**Note**\n\nText.\n\n**One**\n\nDo."
    );
}

#[test]
fn components_are_called_by_what_they_show() {
    for (text, wanted) in [
        (
            "<ParamField path=\"user_id\" type=\"string\" required>\n  The user.\n</ParamField>\n<ParamField body=\"amount\" type=\"integer\" default={10} required={false} deprecated>\n  How much.\n</ParamField>",
            "**user_id** string, path, required\n\nThe user.\n\n**amount** integer, body, default `10`, deprecated\n\nHow much.",
        ),
        ("<ResponseField name=\"total\" type=\"number\">\n  All.\n</ResponseField>", "**total** number\n\nAll."),
        ("<Callout type=\"warning\" title=\"Hot\">\n  Text.\n</Callout>", "**Hot**\n\nText."),
        (
            "<Cards><Card title=\"A\" description=\"One\" href=\"/a\"/></Cards>\n\n<Card title=\"B\" description=\"Two\" href=\"/b\" />\n<Card description='Three' />",
            "**[A](/a)**\n\nOne\n\n**[B](/b)**\n\nTwo\n\nThree",
        ),
        (
            "<Tabs items={[\"Linux\", 'Mac']}>\n  <Tabs.Tab>apt</Tabs.Tab>\n  <Tabs.Tab>brew</Tabs.Tab>\n</Tabs>\n\nEnd",
            "**Linux**\n\napt\n\n**Mac**\n\nbrew\n\nEnd",
        ),
        (
            "<Tabs items={[{ label: \"A, b\", icon: \"c\" }, \"D\"]}>\n<Tab>\n\nx\n\n</Tab>\n<Tab>\ny\n</Tab>\n</Tabs>",
            "**A, b**\n\nx\n\n**D**\n\ny",
        ),
        ("<Tabs items={names}>\n<Tab>\nx\n</Tab>\n<Tab value=\"Own\">\ny\n</Tab>\n</Tabs>", "x\n\n**Own**\n\ny"),
        ("<Frame caption=\"A pot\"><img src=\"x.png\" /></Frame>", "A pot\n\n<img src=\"x.png\" />"),
    ] {
        assert_eq!(reading(text).markdown, wanted, "{text}");
    }
}

#[test]
fn code_that_does_not_end_ends_with_its_part() {
    let url = Url::parse("https://docs.test/guide.md").unwrap();
    for (text, wanted) in [
        ("a\n~~~~c\nb\n~~~", "a\n~~~~c\nb\n~~~\n~~~~"),
        ("- a\n\n  ```\n  b", "- a\n\n  ```\n  b\n  ```"),
        ("```\na\n```", "```\na\n```"),
        ("> - ```\n>   b", "> - ```\n>   b\n>   ```"),
    ] {
        assert_eq!(part(text, &url, &unlimited()).markdown, wanted);
        assert_eq!(read(text, &url, &unlimited()).markdown, text);
    }
}

#[test]
fn admonitions_have_their_kind() {
    for (text, wanted) in [
        (":::note\nA\n:::\nB", "**Note**\n\nA\n\nB"),
        (":::tip My title\n\nA\n\n:::", "**Tip: My title**\n\nA"),
        ("::: tip\nA\n\n    # b\n    <Foo>\n\n:::", "**Tip**\n\nA\n\n    # b\n    <Foo>"),
        (":::tip[My `title`]\nA\n:::", "**Tip: My `title`**\n\nA"),
        ("::: warning\n::: details See\nA\n:::\n:::", "**Warning**\n\n**See**\n\nA"),
        (":::{.callout-note}\nA\n:::", "**Note**\n\nA"),
        ("!!! note \"T\"\n    A\n\n    ```c\n    x\n    ```\n\nB", "**Note: T**\n\nA\n\n```c\nx\n```\n\nB"),
        ("=== \"Linux\"\n\n    A\n\n=== \"Mac\"\n\n    B", "**Linux**\n\nA\n\n**Mac**\n\nB"),
        ("```{warning}\nA\n```\nB", "**Warning**\n\nA\nB"),
        ("```{code-block} python\nx\n```", "```python\nx\n```"),
        ("```{code-block} python\n:linenos:\n:caption: app.py\nx = {}\n:y: 1\n```", "**app.py**\n\n```python\nx = {}\n:y: 1\n```"),
        ("- a\n\n  ```{code-block} c\n  ---\n  linenos: true\n  ---\n  x\n  ```", "- a\n\n  ```c\n  x\n  ```"),
        ("```{note}\n:class: dropdown\n\nA\n```", "**Note**\n\nA"),
        ("```python\n:linenos:\n```", "```python\n:linenos:\n```"),
        ("!!! note inline end \"T\"\n    A\n\nB", "**Note: T**\n\nA\n\nB"),
        ("!!! tip \"T\" inline end\n    A", "**Tip: T**\n\nA"),
        ("!!! danger highlight \"A \"b\" c\"\n\tA", "**Danger: A \"b\" c**\n\nA"),
        ("??? question\n\n    A\n\nB", "**Question**\n\nA\n\nB"),
        ("!!! kettle\n    A", "**kettle**\n\nA"),
        ("!!! note\n    !!! tip\n        x\n    y\n\nz", "**Note**\n\n**Tip**\n\nx\n\ny\n\nz"),
        ("{% hint style=\"info\" %}\nA\n{% endhint %}\n\n{% include x %}", "**Info**\n\nA\n\n{% include x %}"),
    ] {
        assert_eq!(markdown(text), wanted, "{text}");
    }
}

#[test]
fn headings_have_their_anchors_and_no_others() {
    let text = "# A {#a-1}\n\nB\n===\n\nC <!-- x -->\n---\n\n<a id=\"d\"></a>\n## D `x` [e](f)\n\n### <a name=\"g\"></a>G ##\n\n#### H {.unnumbered}\n\n(i)=\n# I\n\n#no\n\n- x\n---\n# {x}";
    let wanted = [
        (1, "A", Some("a-1")),
        (1, "B", None),
        (2, "C", None),
        (2, "D x e", Some("d")),
        (3, "G", Some("g")),
        (4, "H", None),
        (1, "I", Some("i")),
        (1, "{x}", None),
    ];
    let wanted: Vec<_> = wanted.into_iter().map(|(level, text, anchor)| (level, text.to_owned(), anchor.map(str::to_owned))).collect();
    assert_eq!(anchors(text), wanted);
}

#[test]
fn underlined_headings_have_their_anchors() {
    let text = "A {#a-1}\n=====\n\nB {.x}\n---\n\n(c)=\nC\n---\n\n<a id=\"d\"></a>\n\nD\n===\n\n(e)=\nnone\n\nE {x}\n---";
    let wanted = [(1, "A", Some("a-1")), (2, "B", None), (2, "C", Some("c")), (1, "D", Some("d")), (2, "E {x}", None)];
    let wanted: Vec<_> = wanted.into_iter().map(|(level, text, anchor)| (level, text.to_owned(), anchor.map(str::to_owned))).collect();
    assert_eq!(anchors(text), wanted);
    assert!(markdown(text).starts_with("A\n=====\n\nB\n---\n"));
}

#[test]
fn blocks_in_items_stay_in_them() {
    for (text, wanted) in [
        ("* a\n\n    /// note | T\n\n    b\n\n    ///\n\n* c", "* a\n\n    **Note: T**\n\n    b\n\n* c"),
        ("1. a\n    /// tip\n    b\n    ///\n2. c", "1. a\n\n    **Tip**\n\n    b\n\n2. c"),
        ("- a\n\n  /// note\n  b\n  ///\n- c", "- a\n\n  **Note**\n\n  b\n\n- c"),
        (
            "- a\n    - b\n\n        /// note\n\n        c\n\n            d\n\n        ///",
            "- a\n    - b\n\n        **Note**\n\n        c\n\n            d",
        ),
        (
            "* a\n\n    !!! note\n        b\n\n        ```c\n        d\n        ```\n\n    e",
            "* a\n\n    **Note**\n\n    b\n\n    ```c\n    d\n    ```\n\n    e",
        ),
        ("- a\n\n    :::tip\n    b\n    :::\n\n- c", "- a\n\n    **Tip**\n\n    b\n\n- c"),
        ("- a\n\n    //// tab | One\n\n    /// note\n    b\n    ///\n\n    ////", "- a\n\n    **One**\n\n    **Note**\n\n    b"),
    ] {
        assert_eq!(markdown(text), wanted, "{text}");
    }
    // Code is code, in an item as elsewhere.
    for text in ["- a\n\n        /// note\n        b\n        ///", "a\n\n    /// note\n    b\n    ///", "a\n\n    !!! note\n        b"] {
        assert_eq!(markdown(text), text);
    }
}

#[test]
fn what_a_generator_puts_in_is_told_and_its_line_stays() {
    let text = "a\n\n{* ../a.py hl[1] *}\n\n```py\n{!a.py!}\n```\n\n--8<-- \"a.md\"\n\n```{literalinclude} a.py\n```\n\n```rust\n{{#include a.rs:here}}\n```\n\n{* b\n\n-- 8<- \"\"";
    let found = reading(text);
    assert_eq!(found.markdown, text);
    assert_eq!(found.notes.iter().map(|note| (note.rule, note.words)).collect::<Vec<_>>(), [("includes", 11)]);
}

#[test]
fn attributes_and_closing_marks_are_no_text() {
    let text = "# C# {#csharp}\n\n## F# ##\n\n## D{#d}\n\n### K {: #k .x a=b }\n\n### ###\n\n## L\t#";
    let wanted = [(1, "C#", Some("csharp")), (2, "F#", None), (2, "D", Some("d")), (3, "K", Some("k")), (2, "L", None)];
    let wanted: Vec<_> = wanted.into_iter().map(|(level, text, anchor)| (level, text.to_owned(), anchor.map(str::to_owned))).collect();
    assert_eq!(anchors(text), wanted);
}

#[test]
fn comments_are_left_out() {
    assert_eq!(markdown("a <!-- b\nc --> d\n<!-- e -->\nf `<!-- g -->` <!-- h -->\n"), "a  d\nf `<!-- g -->`");
    assert_eq!(reading("<!-- one two -->\nx").notes[0].words, 2);
}

#[test]
fn ids_of_headings_may_stand_in_comments() {
    let text = "Of {/* a */}b, `{/* c */}` and\n{/* d\ne */}\n\n## Reference {/*reference*/}\n\n### Old {/* not shown */} `f` {/* #old-f */}\n\n#### The `{/* x */}` {/*the-x*/}\n\n## What {/* is it? */}\n\nCall <CodeStep step={1}>boil</CodeStep>.\n\n    {/* f */}\n\n```js\n{/* g */}\n```";
    let wanted =
        "Of b, `{/* c */}` and\n\n## Reference\n\n### Old `f`\n\n#### The `{/* x */}`\n\n## What\n\nCall boil.\n\n```js\n{/* g */}\n```";
    let headings = [(2, "Reference", Some("reference")), (3, "Old f", Some("old-f")), (4, "The {/ x /}", Some("the-x")), (2, "What", None)];
    // As MDX in whatever it is kept.
    for name in ["guide.md", "guide.mdx"] {
        let found = read(text, &Url::parse("https://docs.test/").unwrap().join(name).unwrap(), &unlimited());
        assert_eq!(found.markdown, wanted, "{name}");
        let outline: Vec<_> =
            found.outline.iter().map(|heading| (heading.level, heading.text.as_str(), heading.anchor.as_deref())).collect();
        assert_eq!(outline, headings, "{name}");
        assert_eq!(found.notes.iter().map(|note| note.rule).collect::<Vec<_>>(), ["comments"], "{name}");
    }
    assert_eq!(
        markdown("{/* shared */}\n\n<Pitfall>\nA\n</Pitfall>\n<Deprecated>\nB\n</Deprecated>"),
        "**Pitfall**\n\nA\n\n**Deprecated**\n\nB"
    );
    // A comment that never ends is none, and what stands in code makes no MDX of the rest.
    for text in ["{/* a\n\n## B", "```js\n{/* a */}\n```\n\nText {/* b */}\n\n    <Foo>\n\n## C", "`{/* a */}`\n\n## D {/*d*/} e"] {
        assert_eq!(markdown(text), text);
    }
}

#[test]
fn many_comments_are_read_once() {
    for text in ["{/*".repeat(100_000), "{/* a */}".repeat(50_000), "{/* a */}\n".repeat(50_000), "{/*\n".repeat(100_000)] {
        assert!(reading(&text).markdown.len() <= text.len());
    }
}

#[test]
fn blocks_between_slashes_have_their_kind() {
    for (text, wanted) in [
        ("/// note\n\nA\n\n///\n\nB", "**Note**\n\nA\n\nB"),
        ("/// tip | Technical details\nA\n///\nB", "**Tip: Technical details**\n\nA\n\nB"),
        (
            "//// tab | Python 3.10+\n\n```py\nx = 1 /// note\n```\n\n/// details\nA\n///\n\n////\n\n//// tab | Python 3.8+\n\nB\n\n////",
            "**Python 3.10+**\n\n```py\nx = 1 /// note\n```\n\n**Details**\n\nA\n\n**Python 3.8+**\n\nB",
        ),
        ("/// admonition | Hot\n    type: warning\n    open: True\n\nA\n///", "**Warning: Hot**\n\nA"),
        ("/// html | div.wide\nA\n///\n\n/// caption\nB\n///", "A\n\nB"),
        ("/// note\n\n    x = 1\n    <Foo>\n\n///", "**Note**\n\n    x = 1\n    <Foo>"),
    ] {
        assert_eq!(markdown(text), wanted, "{text}");
    }
    for text in [
        "/// note\n\nA",
        "/// note\n\nA\n\n////",
        "/// two words\n\n///",
        "//// <summary>\n////",
        "///\n\nA",
        "```rs\n/// note\n///\n```",
        "/// A\n///",
    ] {
        assert_eq!(markdown(text), text);
    }
    let options = read("/// tip\n    open: true\n\nA\n///", &Url::parse("https://docs.test/a.md").unwrap(), &unlimited());
    assert_eq!(options.notes.iter().map(|note| note.rule).collect::<Vec<_>>(), ["options"]);
    let deep = "/// note\n".repeat(50_000) + "////\n" + &"///\n".repeat(50_000);
    assert!(markdown(&deep).len() < 4 * deep.len());
}

#[test]
fn listings_that_a_script_types_have_no_tags() {
    let fence = "```console\n$ fastapi dev <u style=\"solid\">main.py</u>\nOptions: &lt;TEXT&gt; <NAME>\n```";
    assert_eq!(
        markdown(&format!("<div class=\"termy\">\n\n{fence}\n\n</div>\n\n{fence}")),
        format!("<div class=\"termy\">\n\n```console\n$ fastapi dev main.py\nOptions: <TEXT> <NAME>\n```\n\n</div>\n\n{fence}")
    );
}

#[test]
fn scripts_styles_and_places_of_contents_are_no_text() {
    let text = "<script setup>\nimport { ref } from 'vue'\n\n# x\n</script>\n\n# A\n\n[[toc]]\n\n<script src=\"a.js\"></script> b\n\n[TOC]\n\n`<style>` c\n\n<style scoped>\n.x { color: red }\n</style>\n\n```vue\n<script setup>\n</script>\n[[toc]]\n```";
    let found = read(text, &Url::parse("https://docs.test/a.md").unwrap(), &unlimited());
    assert_eq!(found.markdown, "# A\n\nb\n\n`<style>` c\n\n```vue\n<script setup>\n</script>\n[[toc]]\n```");
    assert_eq!(found.notes.iter().map(|note| note.rule).collect::<Vec<_>>(), ["scripts and styles", "places of contents"]);
    for text in ["<script>\n\nA", "<scripted>\n</script>", "[toc]\n\n[toc]: /x", "See [[toc]] there."] {
        assert_eq!(markdown(text), text);
    }
    let many = "<script>\n".repeat(50_000) + "</style>";
    assert_eq!(markdown(&many), many);
}
