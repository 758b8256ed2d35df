// The page as it stands, as HTML: open shadow roots and frames of its own site within it, and without what has done its work.
(limit) => {
  const own = (frame) => { try { return frame.contentDocument; } catch { return null; } };
  const isFrame = (element) => element.localName === "iframe" || element.localName === "frame";
  const done = 'script:not([type*="json"]),noscript,style,template,link[rel~="stylesheet"],link[rel~="preload"],link[rel~="modulepreload"]';
  const roots = [document];
  let isPlain = true;
  for (const root of roots) {
    for (const element of root.querySelectorAll("*")) {
      const inner = element.shadowRoot || (isFrame(element) && own(element));
      if (inner && roots.length < 10000) {
        roots.push(inner);
        isPlain = false;
      }
    }
  }
  for (const root of roots) for (const element of root.querySelectorAll(done)) element.remove();
  const top = document.documentElement;
  if (!top) return { html: "", url: location.href };
  // Where its script has moved to, its relative links are of there.
  if (!document.querySelector("base[href]")) {
    const base = document.createElement("base");
    base.href = document.baseURI;
    (document.head || top).prepend(base);
  }
  // Pages of an application that tells them apart behind the mark of a fragment; behind a second one is a place in such a page.
  const routes = new Set();
  for (const link of document.querySelectorAll('a[href*="#/"],a[href*="#!"]')) {
    const [page, route] = String(link.href).split("#", 2);
    if (page === location.href.split("#", 1)[0] && /^(\/|!.)/.test(route) && routes.size < 5000) routes.add(page + "#" + route);
  }
  const found = { url: location.href, routes: [...routes] };
  // Half a sign, which a string of a script may have, is none on the way to us.
  const whole = (text) => text.toWellFormed ? text.toWellFormed() : text;
  const finished = (html) => html.length > limit ? { tooLong: true } : { html: "<!DOCTYPE html>" + whole(html), ...found };
  if (isPlain) return finished(top.outerHTML);
  const empty = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
  const escape = (text, quote) => text.replace(/[&<>"\u00a0]/g, (c) =>
    c === "&" ? "&amp;" : c === "\u00a0" ? "&nbsp;" : c === '"' ? (quote ? "&quot;" : c) : quote ? c : c === "<" ? "&lt;" : "&gt;");
  const out = [];
  let size = 0;
  const put = (text) => { size += text.length; out.push(text); };
  // What is still to be written, the next at its end; a text is written as it is.
  const open = [top];
  while (open.length && size <= limit) {
    const node = open.pop();
    if (typeof node === "string") put(node);
    else if (node.nodeType === Node.TEXT_NODE) {
      const parent = node.parentNode && node.parentNode.localName;
      put(parent === "script" ? node.data : escape(node.data, false));
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      let name = node.localName;
      let children = node.childNodes;
      if (node.shadowRoot) children = node.shadowRoot.childNodes;
      else if (name === "slot" && node.assignedNodes().length) children = node.assignedNodes();
      else if (isFrame(node)) {
        const inner = own(node);
        name = "div";
        children = inner && inner.body ? inner.body.childNodes : [];
      }
      put("<" + name);
      for (const { name: key, value } of node.attributes) put(" " + key + '="' + escape(value, true) + '"');
      put(">");
      if (empty.has(name)) continue;
      open.push("</" + name + ">");
      for (let at = children.length - 1; at >= 0; at--) open.push(children[at]);
    }
  }
  return size > limit ? { tooLong: true } : finished(out.join(""));
}
