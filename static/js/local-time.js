// Adds "in 3 hours" beside each <time data-relative> and keeps it current. The page is right without it.
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always" });

function distance(seconds) {
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= 2 * size || unit === "minute") return words.format(Math.trunc(seconds / size), unit);
  }
}

function refine() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    let beside = time.nextElementSibling;
    if (!beside?.classList.contains("refined")) {
      beside = document.createElement("span");
      beside.className = "refined";
      time.after(" ", beside);
    }
    const text = distance((at - now) / 1000);
    if (beside.textContent !== text) beside.textContent = text;
  }
}

refine();
setInterval(refine, 30_000);
document.addEventListener("htmx:afterSettle", refine);
