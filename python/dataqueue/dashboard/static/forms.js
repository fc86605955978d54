// Changes are sent without leaving the page, after a question where that is due.
let toastTimer = null;

export function toast(text, bad) {
  const place = document.querySelector("[data-toast]");
  place.textContent = text;
  place.classList.toggle("bad", Boolean(bad));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (place.textContent = ""), bad ? 12000 : 6000);
}

function ask(question, doing) {
  const dialog = document.querySelector("[data-dialog]");
  dialog.querySelector("p").textContent = question;
  dialog.querySelector("[data-yes]").textContent = doing;
  return new Promise((resolve) => {
    dialog.querySelector("[data-yes]").onclick = () => dialog.close("yes");
    dialog.querySelector("[data-no]").onclick = () => dialog.close("no");
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    dialog.returnValue = "no";
    dialog.showModal();
  });
}

export function sendForms(refresh) {
  const first = document.querySelector("[data-toast]");
  if (first?.textContent) toast(first.textContent, first.classList.contains("bad"));
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const button = event.submitter;
    if (form.method !== "post") return;
    const question = button?.dataset.ask || form.dataset.ask;
    const inline = "inline" in form.dataset && !(button && "leaves" in button.dataset);
    if (!question && !inline) return;
    event.preventDefault();
    if (question && !(await ask(question, button?.textContent.trim() || "Go on"))) return;
    if (!inline) {
      delete form.dataset.ask;
      return HTMLFormElement.prototype.submit.call(form);
    }
    if (button) button.disabled = true;
    try {
      const data = new URLSearchParams(new FormData(form));
      if (button?.name) data.set(button.name, button.value);
      const answer = await fetch(button?.hasAttribute("formaction") ? button.formAction : form.action, {
        method: "POST",
        body: data,
        credentials: "same-origin",
        headers: {
          Accept: "application/json",
          "X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content,
        },
      });
      const told = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
      toast(told.message || told.error || "Done.", !answer.ok);
    } catch {
      toast("The server cannot be reached. Nothing may have been changed.", true);
    }
    // Until the page shows what was changed, the same button would ask for it again.
    await refresh().catch(() => {});
    if (button) button.disabled = false;
  });
}
