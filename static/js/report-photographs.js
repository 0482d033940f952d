// Photographs: kept on the device first, then sent one by one with progress, each under a key of its own, until the site has answered.
import { read } from "./report-fields.js";
import { sendPhotograph } from "./report-sync.js";

const ROOM = { width: 320, height: 240 };

export class Photographs {
  // `site` gives the token to send with and hears what stops a sending: {token(), heard(kind, detail)}.
  constructor(section, words, site) {
    Object.assign(this, { section, words, site, waiting: [], isSending: false });
    this.form = section.querySelector("form[data-report-upload]");
    this.list = section.querySelector("[data-report-queue]");
    this.error = section.querySelector("[data-report-upload-error]");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.add(); });
  }

  async begin(store) {
    this.store = store;
    for (const one of (await store?.photographs()) ?? []) this.show(one);
    this.send();
  }

  get count() { return this.waiting.length; }

  async add() {
    const [file] = this.form.elements.photograph.files;
    if (!file) { this.error.textContent = this.words.noPhotograph; return; }
    if (file.size > Number(this.form.dataset.most)) { this.error.textContent = this.words.tooLarge; return; }
    this.error.textContent = "";
    const isShown = await this.take({ id: crypto.randomUUID(), file, fields: read(this.form) });
    if (isShown) this.form.reset();
  }

  // Keeps a photograph on the device and sends it. Where the device has no room it is sent from memory, and that is said.
  async take(one) {
    if (this.waiting.some((known) => known.id === one.id)) return false;
    const found = { at: new Date(), ...one };
    found.isUnkept = !this.store;
    await this.store?.keepPhotograph(found).catch(() => { found.isUnkept = true; });
    this.show(found);
    this.send();
    return true;
  }

  show(one) {
    const item = this.section.querySelector("[data-report-waiting]").content.cloneNode(true).firstElementChild;
    const caption = one.fields.find(([name]) => name === "caption")?.[1];
    item.querySelector("[data-caption]").textContent = caption || one.file.name;
    item.querySelector("[data-size]").textContent = `${(one.file.size / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} MB`;
    item.querySelector("[data-again]").addEventListener("click", () => this.takeBack(one));
    item.querySelector("[data-drop]").addEventListener("click", () => this.drop(one, this.words.dropped));
    one.item = item;
    this.state(one, one.isUnkept ? this.words.unkept : this.words.waits);
    this.list.append(item);
    this.waiting.push(one);
    draw(one).catch(() => {}); // no picture to show: the site will say why
  }

  state(one, words, { isRefused = false } = {}) {
    one.isRefused = isRefused;
    one.item.querySelector("[data-state]").textContent = words;
    one.item.classList.toggle("bad", isRefused);
    one.item.querySelector("[data-again]").hidden = !isRefused;
  }

  // Puts a refused one into the form again, with its file, to change it and to send it once more.
  async takeBack(one) {
    const files = new DataTransfer();
    files.items.add(one.file);
    this.form.elements.photograph.files = files.files;
    for (const [name, value] of one.fields) {
      const field = this.form.elements[name];
      if (field?.type === "checkbox") field.checked = true; else if (field) field.value = value;
    }
    this.error.textContent = one.item.querySelector("[data-state]").textContent;
    await this.drop(one, "");
    this.form.elements.photograph.focus();
  }

  async drop(one, words) {
    this.waiting = this.waiting.filter((other) => other !== one);
    one.item.remove();
    if (words) this.site.announce(words);
    await this.store?.dropPhotograph(one.id).catch(() => {});
  }

  async send() {
    if (this.isSending || !this.site.token()) return;
    this.isSending = true;
    let next;
    while ((next = this.waiting.find((one) => !one.isRefused)) && (await this.sendOne(next)));
    this.isSending = false;
  }

  // Whether to go on with the next.
  async sendOne(one) {
    const bar = one.item.querySelector("progress");
    bar.hidden = false;
    this.state(one, this.words.sending);
    const told = await sendPhotograph(this.form.action, one, this.site.token(), (share) => { bar.value = share; });
    bar.hidden = true;
    if (told.kind === "received") {
      if (told.id !== null) this.received(told);
      await this.drop(one, this.words.received);
      return true;
    }
    if (told.kind === "refused") {
      this.state(one, told.detail || this.words.refusedPhotograph, { isRefused: true });
      this.site.announce(told.detail || this.words.refusedPhotograph);
      return true;
    }
    this.state(one, one.isUnkept ? this.words.unkept : this.words.waits);
    return this.site.heard(told);
  }

  received(told) {
    const item = this.section.querySelector("[data-report-received]").content.cloneNode(true).firstElementChild;
    const picture = item.querySelector("img");
    picture.src = told.url;
    picture.alt = item.querySelector("[data-caption]").textContent = told.caption || told.name;
    item.querySelector("form").action = told.remove;
    item.querySelector("form [name=csrfmiddlewaretoken]")?.setAttribute("value", this.site.token());
    this.section.querySelector("[data-report-photographs]").append(item);
  }

  // What stands on the site now.
  adopt(list) {
    if (list) this.section.querySelector("[data-report-photographs]").replaceChildren(...[...list.children].map((one) => document.importNode(one, true)));
  }
}

// Onto a canvas: the content policy lets no page show a picture from anywhere but the site.
async function draw({ file, item }) {
  const canvas = item.querySelector("canvas");
  const picture = await createImageBitmap(file, { resizeWidth: ROOM.width, resizeQuality: "low" });
  Object.assign(canvas, ROOM);
  canvas.getContext("2d").drawImage(picture, 0, 0, ROOM.width, (picture.height * ROOM.width) / picture.width);
  picture.close();
}
