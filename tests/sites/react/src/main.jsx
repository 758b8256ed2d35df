// Routes of the history, no page but the shell. The texts are in chunks of the script.
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter, Link, Route, Routes, useParams } from "react-router-dom";
import { marked } from "marked";

const texts = import.meta.glob("../docs/*.md", { query: "?raw", import: "default" });
const names = Object.keys(texts).map((path) => path.match(/([\w-]+)\.md$/)[1]);

const parse = (text) => marked.parse(text).replaceAll(/href="([\w-]+)\.md"/g, 'href="/$1"');

function Article() {
  const { name = "index" } = useParams();
  const [html, show] = useState("");
  useEffect(() => {
    const text = texts[`../docs/${name}.md`];
    if (!text) return show("<h1>Not found</h1><p>There is no such page.</p>");
    text().then((text) => show(parse(text)));
  }, [name]);
  return <article dangerouslySetInnerHTML={{ __html: html }} />;
}

// As many pages as one asks for, no two alike: `/many/200` leads to `/copy/1` and its like, each of which has five sections of the texts.
function Many() {
  const { count } = useParams();
  return <ul>{Array.from({ length: Number(count) }, (_, at) => <li key={at}><Link to={`/copy/${at + 1}`}>Copy {at + 1}</Link></li>)}</ul>;
}

function Copy() {
  const { number } = useParams();
  const [html, show] = useState("");
  useEffect(() => {
    Promise.all(names.map((name) => texts[`../docs/${name}.md`]())).then((all) => {
      const sections = all.flatMap((text) => text.split(/^(?=## )/m).slice(1));
      const chosen = [1, 2, 3, 5, 8].map((step) => sections[(number * step + Math.floor(number / 7)) % sections.length]);
      show(parse(`# Copy ${number}\n\nThis is copy number ${number}.\n\n${chosen.join("\n")}`));
    });
  }, [number]);
  return <article dangerouslySetInnerHTML={{ __html: html }} />;
}

createRoot(document.getElementById("root")).render(
  <BrowserRouter>
    <nav>{names.map((name) => <Link key={name} to={name === "index" ? "/" : `/${name}`}>{name}</Link>)}</nav>
    <main>
      <Routes>
        <Route path="/" element={<Article />} />
        <Route path="/:name" element={<Article />} />
        <Route path="/many/:count" element={<Many />} />
        <Route path="/copy/:number" element={<Copy />} />
      </Routes>
    </main>
  </BrowserRouter>,
);
