// Ready when the text of the page has not changed for so long, and the page has nothing left to do: in the page, in its open shadow roots, and
// in frames of its own site. Tells how many characters are to be read then, as far as they are counted, and these themselves if they are few;
// and whether it shows that more is to come.
(quiet, enough) => new Promise((done) => {
  const known = new Set();
  let timer, due, late = 0;
  const later = () => {
    clearTimeout(timer);
    due = performance.now() + quiet;
    timer = setTimeout(look, quiet);
  };
  const observer = new MutationObserver(later);
  const watch = (root) => {
    if (!root || known.has(root)) return false;
    known.add(root);
    observer.observe(root, { subtree: true, childList: true, characterData: true });
    return true;
  };
  // Half a sign, which a string of a script may have, is none on the way to us.
  const whole = (text) => text.toWellFormed ? text.toWellFormed() : text;
  const silent = new Set(["script", "style", "noscript", "template", "title"]);
  const seen = () => {
    let count = 0, text = "";
    for (const root of known) {
      const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (count < enough && texts.nextNode()) {
        const { parentNode, data } = texts.currentNode;
        if (parentNode && silent.has(parentNode.localName)) continue;
        const shown = data.replace(/\s+/g, "");
        count += shown.length;
        text += shown.slice(0, enough);
      }
    }
    return { seen: count, text: count < enough ? whole(text) : "" };
  };
  const most = 50;
  // What stands in the place of what is to come says so to who does not see it, or by a word, or it is an empty box that is named for it.
  const marks = '[aria-busy="true"],progress:not([value]),[role="progressbar"]:not([aria-valuenow])';
  const boxes = ["skeleton", "spinner", "shimmer", "placeholder-glow", "animate-pulse"].map((name) => `[class*="${name}" i]`).join();
  const word = /^(loading|please wait|just a moment|one moment)\S{0,3}( \S+){0,3}$/i;
  // What waits for a reader to do something stands beside the content.
  const beside = "nav,header,footer,dialog,[role=dialog],[role=search],[aria-hidden=true]";
  const isShown = (element) => !element.closest(beside) && (!element.checkVisibility || element.checkVisibility());
  const isWaiting = () => {
    for (const root of known) {
      if ([...root.querySelectorAll(marks)].slice(0, most).some(isShown)) return true;
      if ([...root.querySelectorAll(boxes)].slice(0, most).some((box) => !box.textContent.trim() && isShown(box))) return true;
      const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      for (let left = 100 * most; left > 0 && texts.nextNode(); left--) {
        const { parentElement, data } = texts.currentNode;
        if (data.length < 100 && word.test(data.trim()) && parentElement && !silent.has(parentElement.localName) && isShown(parentElement)) return true;
      }
    }
    return false;
  };
  // Behind all that was to be done when it was asked, however busy the page is.
  const idle = (then) => requestIdleCallback(then, { timeout: 1000 });
  const look = () => {
    // A page whose clock is late did not get to what it has to do: such a quiet says nothing, but it is not waited for without end.
    if (performance.now() - due > quiet / 2 && late++ < 5) return later();
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
    const before = timer;
    idle(() => {
      // Something changed meanwhile, and the clock runs anew.
      if (timer !== before) return;
      observer.disconnect();
      done(document.scripts.length ? { ...seen(), waits: isWaiting() } : { seen: enough });
    });
  };
  look();
})
