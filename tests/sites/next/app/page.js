import { Article } from "./pages";

export default function Page() {
  return <Article name="index" />;
}
