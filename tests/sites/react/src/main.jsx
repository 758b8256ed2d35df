// Routes of the history, no page but the shell. The texts are in chunks of the script.
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, Link, Route, Routes, useParams } from "react-router-dom";
import { marked } from "marked";

const texts = import.meta.glob("../docs/*.md", { query: "?raw", import: "default" });
const names = Object.keys(texts).map((path) => path.match(/([\w-]+)\.md$/)[1]);

function Article() {
  const { name = "index" } = useParams();
  const [html, show] = useState("");
  useEffect(() => {
    const text = texts[`../docs/${name}.md`];
    if (!text) return show("<h1>Not found</h1><p>There is no such page.</p>");
    text().then((text) => show(marked.parse(text).replaceAll(/href="([\w-]+)\.md"/g, 'href="/$1"')));
  }, [name]);
  return <article dangerouslySetInnerHTML={{ __html: html }} />;
}

createRoot(document.getElementById("root")).render(
  <BrowserRouter>
    <nav>{names.map((name) => <Link key={name} to={name === "index" ? "/" : `/${name}`}>{name}</Link>)}</nav>
    <main>
      <Routes>
        <Route path="/" element={<Article />} />
        <Route path="/:name" element={<Article />} />
      </Routes>
    </main>
  </BrowserRouter>,
);
