// Two versions of one report, side by side: each part that differs is chosen by the writer, and nothing is chosen for them that both changed.
import { bothRows, parts, same } from "./report-fields.js";

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// The lines of one side that differ from the other's.
function told(lines, others, words) {
  const known = new Set(others.map((line) => JSON.stringify(line)));
  const own = lines.filter((line) => !known.has(JSON.stringify(line)));
  if (!own.some(([, value]) => value)) return element("p", { className: "sub", textContent: words.empty });
  return element("dl", { className: "told" }, ...own.flatMap(([label, value]) => [
    element("dt", { textContent: label }),
    element("dd", { textContent: value || words.empty }),
  ]));
}

function side(part, value, title, content, isChosen) {
  const radio = element("input", { type: "radio", name: `choice-${part.id}`, value, checked: isChosen });
  return element("div", { className: "side" }, element("label", {}, radio, element("span", { textContent: title })), content);
}

// Which side is chosen beforehand: the one that alone has changed since both began.
function beforehand(mine, theirs, base) {
  if (base && same(base.fields, theirs.fields)) return "mine";
  return base && same(base.fields, mine.fields) ? "theirs" : "";
}

function versus(mine, theirs, base, titles, words) {
  const chosen = beforehand(mine, theirs, base);
  const sides = [
    side(mine, "mine", titles.mine, told(mine.lines, theirs.lines, words), chosen === "mine"),
    side(mine, "theirs", titles.theirs, told(theirs.lines, mine.lines, words), chosen === "theirs"),
  ];
  if (mine.id === "findings" && mine.lines.length && theirs.lines.length) sides.push(side(mine, "both", words.both, "", false));
  return element("fieldset", { className: "versus" }, element("legend", { textContent: mine.title }), ...sides);
}

const picked = { mine: (mine) => mine.fields, theirs: (_mine, theirs) => theirs.fields, both: (mine, theirs) => bothRows(theirs.fields, mine.fields) };

// Resolves with the fields that were chosen.
export function choose(panel, form, { mine, theirs, base, titles, heading, why }, words) {
  const [own, other, begun] = [mine, theirs, base ?? []].map((fields) => parts(form, fields, words));
  const differing = own.map((part, index) => [part, other[index], base && begun[index]]).filter(([one, two]) => !same(one.fields, two.fields));
  const list = panel.querySelector("[data-report-versus]");
  const problem = panel.querySelector("[data-report-unchosen]");
  list.replaceChildren(...differing.map((three) => versus(...three, titles, words)));
  panel.querySelector("h2").textContent = heading;
  panel.querySelector("[data-report-why]").textContent = why;
  problem.textContent = "";
  panel.hidden = false;
  panel.focus();
  const choice = (part) => list.querySelector(`input[name="${CSS.escape(`choice-${part.id}`)}"]:checked`)?.value;
  return new Promise((resolve) => {
    panel.querySelector("[data-report-choose]").onclick = () => {
      const open = differing.filter(([part]) => !choice(part)).map(([part]) => part);
      if (open.length) {
        problem.textContent = `${words.unchosen} ${open.map((part) => part.title).join(" · ")}`;
        list.querySelector(`input[name="${CSS.escape(`choice-${open[0].id}`)}"]`).focus();
        return;
      }
      panel.hidden = true;
      resolve(own.flatMap((part, index) => picked[choice(part) ?? "mine"](part, other[index])));
    };
  });
}
