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
