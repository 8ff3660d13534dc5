// What is too faint: its ratio to what lies behind it, and where WCAG asks for more; and how many things were looked at.
(() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3)
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (...colors) => {
    const [high, low] = colors.map(light).sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return (channels(color)[3] ?? 1) > 0 ? color : behind(element.parentElement);
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

  let checked = 0;
  const faint = [];
  const check = (what, element, color, ground, least) => {
    checked += 1;
    const found = ratio(color, ground);
    if (found >= least) return;
    faint.push(`${what} of ${element.tagName} ${element.textContent.trim().slice(0, 30)}: ${found.toFixed(2)}`);
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    if (hasText(element)) check("words", element, style.color, behind(element), 4.5);
    if (element.matches("input, select, .plain")) check("frame", element, style.borderTopColor, behind(element.parentElement), 3);
    for (const part of ["::before", "::after"]) {
      const drawn = getComputedStyle(element, part);
      if (/"[^" ]/.test(drawn.content)) check(part, element, drawn.color, behind(element), 3);
    }
  }
  return [checked, faint];
})()
