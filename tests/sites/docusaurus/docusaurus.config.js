// The folder docs is the common content.
export default {
  title: "Lantern",
  url: "https://lantern.example.org",
  baseUrl: "/",
  onBrokenLinks: "throw",
  presets: [["classic", { docs: { path: "docs", routeBasePath: "/" }, blog: false, theme: {} }]],
  themeConfig: { navbar: { title: "Lantern" } },
};
