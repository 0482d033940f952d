// Brings the present place into view where the navigation scrolls.
document.querySelector(".top nav [aria-current]")?.scrollIntoView({ behavior: "instant", block: "nearest", inline: "center" });

// Closes the person's menu with Escape or a click elsewhere. The menu opens and closes without it.
addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
