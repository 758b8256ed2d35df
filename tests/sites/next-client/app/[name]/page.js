import { Article } from "../article";
import { names } from "../names";

export const dynamicParams = false;
export const generateStaticParams = () => names.filter((name) => name !== "index").map((name) => ({ name }));

export default async function Page({ params }) {
  return <Article name={(await params).name} />;
}
