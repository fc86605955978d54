// How many jobs are selected; what acts on a selection waits for one.
export function keepSelection() {
  const bar = document.querySelector("[data-selection]");
  if (!bar) return;
  const boxes = () => [...document.querySelectorAll('input[name="ids"][form="rows"]')];
  const told = bar.querySelector("[data-selected]");

  function show() {
    const chosen = boxes().filter((box) => box.checked).length;
    told.textContent = chosen ? `${chosen} selected` : "None selected";
    for (const button of bar.querySelectorAll("button")) button.disabled = chosen === 0;
    const all = document.querySelector("[data-all]");
    if (!all) return;
    all.hidden = false;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
    show();
  });
  document.addEventListener("refreshed", show);
  show();
}
