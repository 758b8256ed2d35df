import Link from "next/link";
import { names } from "./pages";

export const metadata = { title: "Lantern" };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <nav>{names.map((name) => <Link key={name} href={name === "index" ? "/" : `/${name}/`}>{name}</Link>)}</nav>
        <main>{children}</main>
      </body>
    </html>
  );
}
