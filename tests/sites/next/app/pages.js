import { readFileSync, readdirSync } from "node:fs";
import { marked } from "marked";

export const names = readdirSync("docs").filter((file) => file.endsWith(".md")).map((file) => file.slice(0, -3));

export function Article({ name }) {
  const html = marked.parse(readFileSync(`docs/${name}.md`, "utf8")).replaceAll(/href="([\w-]+)\.md"/g, 'href="/$1/"');
  return <article dangerouslySetInnerHTML={{ __html: html }} />;
}
