import Link from "next/link";
import { names } from "./names";

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
