"use strict";
const words = new Intl.Collator("en", { numeric: true });

// A table whose rows, each a tbody of its own, are hidden and reordered but never drawn again.
function start(section) {
  const find = (selector) => section.querySelector(selector);
  const all = (selector) => [...section.querySelectorAll(selector)];
  const table = find("table.main");
  const heads = [...table.tHead.rows[0].cells];
  const selects = all("select[data-facet]");
  const chips = all("button[data-verdict]");
  const search = find("input[type=search]");
  const rows = [...table.tBodies].map((body, place) => ({ body, place, facets: { ...body.dataset }, shown: true }));
  const toggles = new Map(rows.map(({ body }) => [body.id, body.querySelector(".open-row")]));

  const key = (row, column) => {
    const cell = row.body.rows[0].cells[column];
    return cell.dataset.sort ?? cell.textContent.trim();
  };
  const sorted = () => heads.find((head) => head.ariaSort !== "none");
  const pressed = () => chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.verdict);

  function filter() {
    const chosen = selects.filter((select) => select.value).map((select) => [select.dataset.facet, select.value]);
    const verdicts = new Set(pressed());
    const needles = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      if (needles.length) row.text ??= row.body.textContent.toLowerCase().replace(/\s+/g, " ");
      const shown = chosen.every(([facet, value]) => row.facets[facet] === value)
        && (!verdicts.size || verdicts.has(row.facets.verdict))
        && needles.every((needle) => row.text.includes(needle));
      if (shown !== row.shown) row.body.classList.toggle("out", !shown);
      row.shown = shown;
    }
    say();
  }

  // A screen reader reads this out whenever it changes.
  function say() {
    const count = rows.filter((row) => row.shown).length;
    const head = sorted();
    const order = head ? `, by ${head.textContent.trim()}, ${head.ariaSort}` : "";
    find("output").textContent = `${count} of ${rows.length} ${section.dataset.things} shown${order}`;
    find(".none").hidden = count > 0;
  }

  // Empty cells come last in either direction; without a column, rows are in the order in which they came.
  function sort() {
    const column = heads.indexOf(sorted());
    const sign = column >= 0 && heads[column].ariaSort === "descending" ? -1 : 1;
    const numeric = column >= 0 && "numeric" in heads[column].dataset;
    const keys = new Map(rows.map((row) => [row, column < 0 ? "" : key(row, column)]));
    const order = (a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      if (!x || !y) return !x - !y || a.place - b.place;
      return sign * (numeric ? x - y : words.compare(x, y)) || a.place - b.place;
    };
    table.append(...[...rows].sort(order).map((row) => row.body));
  }

  function toggle(button, open) {
    button.ariaExpanded = String(open);
    const body = button.closest("tbody");
    body.classList.toggle("open", open);
    body.rows[1].hidden = !open;
  }

  // What is shown is in the address, so that it can be passed on; a page inside another one may have no address.
  function remember() {
    const state = new URLSearchParams();
    selects.filter((select) => select.value).forEach((select) => state.set(select.dataset.facet, select.value));
    if (pressed().length) state.set("verdict", pressed().join(","));
    if (search.value) state.set("search", search.value);
    const head = sorted();
    if (head) state.set("sort", `${head.textContent.trim()} ${head.ariaSort}`);
    try { history.replaceState(null, "", `#${section.id}?${state}`); } catch { /* see above */ }
  }
  function recall(state) {
    selects.forEach((select) => { select.value = state.get(select.dataset.facet) ?? ""; if (select.selectedIndex < 0) select.value = ""; });
    const verdicts = new Set((state.get("verdict") ?? "").split(","));
    chips.forEach((chip) => { chip.ariaPressed = String(verdicts.has(chip.dataset.verdict)); });
    search.value = state.get("search") ?? "";
    heads.forEach((head) => {
      const [name, direction] = (state.get("sort") ?? "").split(/ (?=\w+$)/);
      head.ariaSort = name === head.textContent.trim() && direction === "descending" ? direction : name === head.textContent.trim() ? "ascending" : "none";
    });
    sort();
    filter();
  }
  function show(changes) {
    recall(new URLSearchParams(changes));
    remember();
  }

  heads.forEach((head) => head.firstElementChild.addEventListener("click", () => {
    const next = { none: "ascending", ascending: "descending", descending: "none" }[head.ariaSort];
    heads.forEach((other) => { other.ariaSort = other === head ? next : "none"; });
    sort();
    say();
    remember();
  }));
  selects.forEach((select) => select.addEventListener("change", () => { filter(); remember(); }));
  chips.forEach((chip) => chip.addEventListener("click", () => {
    chip.ariaPressed = String(chip.ariaPressed !== "true");
    filter();
    remember();
  }));
  search.addEventListener("input", () => { filter(); remember(); });
  find(".clear").addEventListener("click", () => show({}));
  table.addEventListener("click", (event) => {
    const button = event.target.closest(".open-row");
    if (button) toggle(button, button.ariaExpanded !== "true");
    const copy = event.target.closest(".copy");
    if (copy) copied(copy);
  });
  all("[data-all]").forEach((button) => button.addEventListener("click", () => {
    rows.filter((row) => row.shown).forEach((row) => toggle(toggles.get(row.body.id), button.dataset.all === "open"));
  }));

  // The address is `#claims?verdict=close`, or `#` and the id of a row.
  function visit() {
    const [place, state] = decodeURI(location.hash.slice(1)).split("?");
    if (place === section.id && state !== undefined) recall(new URLSearchParams(state));
    const button = toggles.get(place);
    if (!button) return;
    recall(new URLSearchParams());
    toggle(button, true);
    button.focus({ preventScroll: true });
    button.closest("tbody").scrollIntoView();
  }
  addEventListener("hashchange", visit);
  visit();
  return { show, section };
}

async function copied(button) {
  const code = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {  // not allowed here: leave it selected, to be copied by hand
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

const tables = [...document.querySelectorAll("section.table")].map(start);
document.querySelectorAll("[data-show]").forEach((button) => button.addEventListener("click", () => {
  tables[0].show(JSON.parse(button.dataset.show));
  tables[0].section.querySelector("h2").focus();
}));
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
