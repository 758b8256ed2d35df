const pages = ["index", "install", "first-job", "lanes", "settings", "errors", "protocol", "moving"];

export default {
  title: "Lantern",
  srcDir: "docs",
  outDir: "build",
  themeConfig: { sidebar: pages.map((page) => ({ text: page, link: page === "index" ? "/" : `/${page}` })) },
};
