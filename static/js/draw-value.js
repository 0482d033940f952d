// A value for a draw, made in the browser: it goes into a file of the person's own, and only its commitment into the form.
import { canonical, hex, sha256, tagged } from "./canonical.js";

const place = document.querySelector("[data-draw-value]");
if (place && window.crypto?.subtle) {
  const maker = place.querySelector("[data-maker]");
  const link = place.querySelector("[data-file]");
  const organisation = place.querySelector("[name=organisation]");
  const field = place.querySelector("[name=commitment]");
  const draw = place.dataset.draw;

  const forget = () => {
    link.hidden = place.querySelector("[data-made]").hidden = true;
    if (link.href) URL.revokeObjectURL(link.href);
    link.removeAttribute("href");
  };

  place.querySelector("[data-make]").addEventListener("click", async () => {
    forget();
    const key = organisation.value;
    const value = hex(crypto.getRandomValues(new Uint8Array(32)));
    const text = canonical({ salt: value, value: { draw, organisation: key } });
    const commitment = hex(await sha256(tagged("fermata/commitment/v1", text)));
    const kept = JSON.stringify({ draw, organisation: key, value, commitment }, null, 2);
    link.href = URL.createObjectURL(new Blob([kept], { type: "application/json" }));
    link.download = `value-${draw}-${key}.json`;
    field.value = commitment;
    link.hidden = place.querySelector("[data-made]").hidden = false;
  });
  // A commitment names its organisation: for another one it would open nothing.
  organisation.addEventListener("change", () => {
    forget();
    field.value = "";
  });
  maker.hidden = false;
}
