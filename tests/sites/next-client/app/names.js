import { readdirSync } from "node:fs";

export const names = readdirSync("docs").filter((file) => file.endsWith(".md")).map((file) => file.slice(0, -3));
