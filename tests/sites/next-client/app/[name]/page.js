import { readdirSync } from "node:fs";
import { Article } from "../article";

export const dynamicParams = false;
export const generateStaticParams = () =>
  readdirSync("docs").filter((file) => file.endsWith(".md") && file !== "index.md").map((file) => ({ name: file.slice(0, -3) }));

export default async function Page({ params }) {
  return <Article name={(await params).name} />;
}
