// A draft as a file, to carry to another device or to keep: with every answer, what was set aside, and the photographs not yet sent.
const FORMAT = "fermata-report-draft/1";
const LARGEST = 600_000_000;

const inBase64 = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
  reader.addEventListener("error", () => reject(reader.error));
  reader.readAsDataURL(blob);
});

export async function offer(visit, draft, photographs) {
  const { base, fields, setAside } = draft;
  const sent = photographs.map(async ({ id, file, fields: told }) => ({ id, name: file.name, type: file.type, fields: told, data: await inBase64(file) }));
  const content = { format: FORMAT, visit, saved_at: new Date(), base, fields, set_aside: setAside, photographs: await Promise.all(sent) };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
  link.download = `report-${visit}-draft.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const isPairs = (value) => Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string"));

// Returns {fields, setAside, photographs}; undefined where the file is no draft of this visit.
export async function take(visit, file) {
  if (file.size > LARGEST) return undefined;
  try {
    const found = JSON.parse(await file.text());
    if (found.format !== FORMAT || found.visit !== visit || !isPairs(found.fields)) return undefined;
    const photographs = found.photographs.map(({ id, name, type, fields, data }) => {
      if (!isPairs(fields)) throw new TypeError("fields");
      return { id: String(id), fields, file: new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], String(name), { type: String(type) }) };
    });
    return { fields: found.fields, setAside: found.set_aside ?? [], photographs };
  } catch {
    return undefined;
  }
}
