"use client";
// The page asks for its text when it is in a browser; what is exported has none.
import { useEffect, useState } from "react";
import { marked } from "marked";

export function Article({ name }) {
  const [html, show] = useState("");
  useEffect(() => {
    fetch(`/docs/${name}.md`)
      .then((answer) => answer.text())
      .then((text) => show(marked.parse(text).replaceAll(/href="([\w-]+)\.md"/g, 'href="/$1/"')));
  }, [name]);
  return <article dangerouslySetInnerHTML={{ __html: html }} />;
}
