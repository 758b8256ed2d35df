// Ready when the text of the page has not changed for so long: in the page, in its open shadow roots, and in frames of its own site.
(quiet) => new Promise((done) => {
  const known = new Set();
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(look, quiet);
  };
  const observer = new MutationObserver(later);
  const watch = (root) => {
    if (!root || known.has(root)) return false;
    known.add(root);
    observer.observe(root, { subtree: true, childList: true, characterData: true });
    return true;
  };
  const look = () => {
    let news = watch(document);
    for (const root of known) {
      for (const element of root.querySelectorAll("*")) {
        if (element.shadowRoot) news = watch(element.shadowRoot) || news;
        else if (element.localName === "iframe" || element.localName === "frame") {
          try { news = watch(element.contentDocument) || news; } catch { /* of another site */ }
        }
      }
    }
    if (news) return later();
    observer.disconnect();
    done(true);
  };
  look();
})
