/* Makes an element hold this HTML, and touches only what is different: fields
 * keep their focus, and the page does not jump. */
const patch = (() => {
  const held = new Map();
  const attributes = (old, now) => {
    for (const { name, value } of now.attributes)
      if (name !== 'readonly' && old.getAttribute(name) !== value)
        old.setAttribute(name, value);
    for (const { name } of [...old.attributes])
      if (!now.hasAttribute(name) && name !== 'aria-invalid')
        old.removeAttribute(name);
    if (old.localName === 'input' && old !== document.activeElement) {
      old.removeAttribute('aria-invalid');
      if (old.value !== now.getAttribute('value'))
        old.value = now.getAttribute('value');
    }
  };
  const node = (old, now) => {
    if (now.nodeType !== 1) {
      if (old.data !== now.data) old.data = now.data;
      return;
    }
    attributes(old, now);
    children(old, now);
  };
  const children = (old, now) => {
    let a = old.firstChild, b = now.firstChild;
    while (b !== null) {
      const next = b.nextSibling;
      if (a === null) {
        old.append(b);
      } else if (a.nodeName !== b.nodeName) {
        const after = a.nextSibling;
        old.replaceChild(b, a);
        a = after;
      } else {
        node(a, b);
        a = a.nextSibling;
      }
      b = next;
    }
    while (a !== null) {
      const after = a.nextSibling;
      a.remove();
      a = after;
    }
  };
  const whole = (element, html) => {
    const fresh = document.createElement('template');
    fresh.innerHTML = html;
    children(element, fresh.content);
  };
  /* Most edits change numbers alone: the tags stay and some text differs.
   * Each piece of text between tags has its node. */
  const TAG = /<[^>]*>/g;
  const plain = text => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  const textNodes = (element, texts) => {
    const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const nodes = texts.map(text => text === '' ? null : walk.nextNode());
    const same = nodes.every((n, i) => texts[i] === '' ? n === null
      : n !== null && n.data === plain(texts[i]));
    return same && walk.nextNode() === null ? nodes : null;
  };
  return (element, html) => {
    const old = held.get(element);
    if (old !== undefined && old.html === html) return;
    const texts = html.split(TAG), tags = (html.match(TAG) ?? []).join('');
    const alike = old !== undefined && old.nodes !== null && old.tags === tags &&
      texts.every((text, i) => (text === '') === (old.nodes[i] === null));
    if (alike)
      texts.forEach((text, i) => {
        if (text !== old.texts[i]) old.nodes[i].data = plain(text);
      });
    else
      whole(element, html);
    held.set(element, { html, tags, texts,
      nodes: alike ? old.nodes : textNodes(element, texts) });
  };
})();
