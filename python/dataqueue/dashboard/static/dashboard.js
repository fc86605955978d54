// What pages do beyond showing: they keep themselves up to date, and send changes without leaving.
import { keepTimes } from "./times.js";
import { refresh } from "./refresh.js";
import { keepLive } from "./live.js";
import { sendForms } from "./forms.js";
import { keepSelection } from "./select.js";

keepTimes();
keepSelection();
sendForms(refresh);
keepLive(refresh);

document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const theme = document.querySelector("[data-theme-toggle]");
if (theme) {
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    const path = document.body.dataset.root || "/";
    document.cookie = `dataqueue_theme=${root.dataset.theme}; path=${path}; max-age=31536000; samesite=lax`;
  });
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-whole]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { credentials: "same-origin" });
  if (!answer.ok) return location.assign(link.href);
  const place = link.closest(".code");
  place.querySelector("code").textContent = await answer.text();
  place.querySelector(".cut").remove();
  place.dataset.kept = "";
});
