// A form as pairs of name and value, whatever its fields are: read, filled in, compared part by part, and told in words.
const APART = new Set(["csrfmiddlewaretoken", "revision", "version", "key", "device"]);
const ROW = /^finding-(\d+)-(.+)$/;
const FILLED = ["text", "article"]; // a row in which neither is typed is blank, on the site as here

export const read = (form) => [...new FormData(form)].filter(([name, value]) => !APART.has(name) && typeof value === "string");
// As the form came, whatever was typed since.
export function asSent(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return read(copy);
}

const plain = (value) => value.normalize("NFC").replace(/\r\n?/g, "\n").trim();

// Without blank rows, numbered anew, as the site stores them.
function tidy(fields) {
  const numbers = new Map();
  for (const [name, value] of fields) {
    const row = ROW.exec(name);
    if (row && FILLED.includes(row[2]) && plain(value) && !numbers.has(row[1])) numbers.set(row[1], numbers.size);
  }
  return fields.flatMap(([name, value]) => {
    const row = ROW.exec(name);
    if (!row) return [[name, plain(value)]];
    return numbers.has(row[1]) ? [[`finding-${numbers.get(row[1])}-${row[2]}`, plain(value)]] : [];
  }).filter(([, value]) => value !== "");
}

const flat = (fields) => JSON.stringify(tidy(fields).sort());
export const same = (one, other) => flat(one) === flat(other);

export function addRow(form) {
  const list = form.querySelector("[data-report-findings]");
  const row = form.querySelector("[data-report-finding]").content.cloneNode(true);
  const number = list.querySelectorAll("[data-finding]").length;
  for (const element of row.querySelectorAll("*")) {
    for (const name of ["id", "name", "for", "aria-describedby"]) {
      const value = element.getAttribute(name);
      if (value?.includes("__number__")) element.setAttribute(name, value.replace("__number__", number));
    }
  }
  list.append(row);
  return list.lastElementChild;
}

function layRows(form, fields) {
  const wanted = Math.max(0, ...fields.map(([name]) => Number(ROW.exec(name)?.[1] ?? 0)));
  const rows = () => form.querySelectorAll("[data-finding]");
  if (!form.querySelector("[data-report-finding]")) return;
  while (rows().length > wanted + 1) [...rows()].at(-1).remove();
  while (rows().length <= wanted) addRow(form);
}

// Fills the form in. Returns the answers for which it has no place: it was another form then.
export function fill(form, fields) {
  layRows(form, fields);
  const given = Map.groupBy(fields, ([name]) => name);
  for (const element of form.elements) {
    if (!element.name || APART.has(element.name) || ["submit", "file"].includes(element.type)) continue;
    const values = given.get(element.name)?.map(([, value]) => value) ?? [];
    if (["radio", "checkbox"].includes(element.type)) element.checked = values.includes(element.value);
    else if (values.length) element.value = values[0];
    else if (ROW.test(element.name)) element.value = element.tagName === "SELECT" ? element.value : "";
  }
  const names = new Set([...form.elements].map((element) => element.name));
  return fields.filter(([name, value]) => !names.has(name) && value.trim());
}

const cssId = (id) => `[for="${CSS.escape(id)}"]`;
const wordsOf = (element) => [...element.childNodes].filter((node) => !node.classList?.contains("optional")).map((node) => node.textContent).join("").trim();

// A field's label; of one that says more about an item of a protocol, with the item's question before it.
function labelled(form, element) {
  const legend = element.closest("fieldset:not([data-finding])")?.querySelector("legend");
  if (legend) return wordsOf(legend);
  const label = form.querySelector(`label${cssId(element.id)}`);
  const question = element.closest(".protocol-item")?.querySelector("legend");
  return [question, label].filter(Boolean).map(wordsOf).join(" · ") || element.name;
}

function shown(form, element, words) {
  if (element.type === "checkbox") return element.checked ? words.yes : words.no;
  if (element.type === "radio") return element.closest("label")?.textContent.trim() ?? form.querySelector(`label${cssId(element.id)}`)?.textContent.trim() ?? element.value;
  return element.tagName === "SELECT" ? element.selectedOptions[0]?.textContent.trim() ?? "" : element.value;
}

// The parts of the form, each with its title, its fields among `fields`, and what they say as [label, value].
export function parts(form, fields, words) {
  const copy = form.cloneNode(true);
  fill(copy, fields);
  const rows = [...copy.querySelectorAll("[data-finding]")];
  return [...copy.querySelectorAll("section[id]")].map((section) => {
    const elements = [...section.querySelectorAll("[name]")].filter((element) => !APART.has(element.name) && element.form === copy);
    const names = new Set(elements.map((element) => element.name));
    const own = fields.filter(([name]) => names.has(name));
    const told = new Set(tidy(own.map(([name, value]) => [name, value])).length ? elements : []);
    const lines = [...told].filter((element) => element.type !== "radio" || element.checked).flatMap((element) => {
      const row = element.closest("[data-finding]");
      if (row && !FILLED.some((name) => row.querySelector(`[name$="-${name}"]`)?.value.trim())) return [];
      const label = labelled(copy, element);
      return [[row ? `${rows.indexOf(row) + 1} · ${label}` : label, shown(copy, element, words)]];
    });
    return { id: section.id, title: section.querySelector("h2")?.textContent.trim() ?? section.id, fields: own, lines };
  });
}

// Both sides' rows, one after the other, each once.
export function bothRows(one, other) {
  const rowsOf = (fields) => [...Map.groupBy(tidy(fields), ([name]) => ROW.exec(name)[1]).values()].map((row) => row.map(([name, value]) => [ROW.exec(name)[2], value]));
  const rows = new Map([...rowsOf(one), ...rowsOf(other)].map((row) => [JSON.stringify(row), row]));
  return [...rows.values()].flatMap((row, number) => row.map(([name, value]) => [`finding-${number}-${name}`, value]));
}
