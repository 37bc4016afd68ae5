// What `looking.py` asks of a page.
(() => {
  const parse = (text) => {
    const n = (text.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map(Number);
    if (text.startsWith('color(srgb')) return [n[0] * 255, n[1] * 255, n[2] * 255, n[3] ?? 1];
    return text.startsWith('rgb') ? [n[0], n[1], n[2], n[3] ?? 1] : null;
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  // The colour behind an element; null where a picture or canvas lies there.
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.backgroundImage !== 'none' || one.querySelector(':scope > canvas')) return null;
      const colour = parse(style.backgroundColor);
      if (colour && colour[3] > 0) layers.push(colour);
      if (colour && colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const seen = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    if (element.closest('.sr-only, [inert]')) return false;
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1;
  };
  const name = (element) => {
    const words = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 50);
    const kind = String(element.className?.baseVal ?? element.className ?? '').split(' ')[0];
    return `${element.tagName.toLowerCase()}.${kind} "${words}"`;
  };

  const faint = () => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const done = new Set();
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || done.has(element)) continue;
      done.add(element);
      if (!seen(element) || element.closest('svg, [aria-disabled=true], :disabled, noscript, script, style')) continue;
      const style = getComputedStyle(element), ground = behind(element), colour = parse(style.color);
      if (!ground || !colour) continue;
      let opacity = 1;
      for (let one = element; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
      const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
      const reached = ratio(over([...colour.slice(0, 3), colour[3] * opacity], ground), ground);
      if (reached < (large ? 3 : 4.5) - 0.01) found.push(`${name(element)}: ${reached.toFixed(2)}`);
    }
    for (const mark of document.querySelectorAll('[data-severity] svg, [data-health] svg')) {
      const ground = behind(mark.parentElement);
      if (!ground || !seen(mark)) continue;
      const reached = [...mark.querySelectorAll('path, circle, rect, polygon')].flatMap((shape) => {
        const style = getComputedStyle(shape);
        return [style.fill, style.strokeWidth === '0px' ? 'none' : style.stroke]
          .map(parse).filter((colour) => colour && colour[3] > 0).map((colour) => ratio(over(colour, ground), ground));
      });
      if (Math.max(0, ...reached) < 3 - 0.01) {
        const whose = mark.parentElement.dataset;
        found.push(`mark ${whose.severity ?? whose.health}: ${Math.max(0, ...reached).toFixed(2)}`);
      }
    }
    return [...new Set(found)];
  };

  const overflowing = () => {
    const found = [];
    const wanted = 'button, a, h1, h2, h3, th, label, summary, legend, dt, [role=tab], [role=columnheader], [role=status]';
    for (const element of document.querySelectorAll(wanted)) {
      if (!seen(element) || element.closest('svg')) continue;
      const style = getComputedStyle(element);
      if (style.display === 'inline' || element.clientWidth === 0) continue;
      const cut = style.textOverflow === 'ellipsis' && (element.title || element.closest('[title]'));
      if (element.scrollWidth > element.clientWidth + 2 && !cut) {
        found.push(`${name(element)}: ${element.scrollWidth} in ${element.clientWidth}`);
      }
    }
    return found;
  };

  const texts = () => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (element.closest('script, style, noscript, code, pre, [data-raw]') || !element.checkVisibility()) continue;
      const text = walker.currentNode.textContent.trim();
      if (text) found.push(text);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
      for (const key of ['aria-label', 'title', 'placeholder', 'alt']) {
        const text = element.getAttribute(key)?.trim();
        if (text) found.push(text);
      }
    }
    return [...new Set(found)];
  };

  const focusable = () => {
    const all = 'a[href], button, input, select, textarea, summary, [tabindex], canvas[tabindex]';
    let number = 0;
    for (const element of document.querySelectorAll(all)) {
      delete element.dataset.stop;
      if (element.tabIndex < 0 || element.disabled || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.closest('[inert]') || (element.type === 'radio' && !element.checked)) continue;
      element.dataset.stop = `${number++} ${name(element)}`;
    }
    document.activeElement?.blur();
    return [...document.querySelectorAll('[data-stop]')].map((element) => element.dataset.stop);
  };

  const focused = () => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const ring = (one) => {
      const style = getComputedStyle(one);
      return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none';
    };
    return { stop: element.dataset.stop ?? name(element), ring: ring(element) || !!element.closest(':has(:focus-visible)')
      && [element.parentElement, ...element.parentElement.children].some((one) => one && ring(one)) };
  };

  return { faint, overflowing, texts, focusable, focused };
})()
