// What JavaScript adds to a page: it unfolds what an address leads to, and has buttons that copy.
addEventListener("hashchange", unfold);
unfold();

function unfold() {
  const target = document.getElementById(location.hash.slice(1));
  if (!target?.closest("details")) return;
  for (let each = target; each; each = each.parentElement) if (each.localName === "details") each.open = true;
  target.scrollIntoView();
}

addEventListener("replaced", showButtons); // of watch.js, for new content
showButtons();

function showButtons() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copy][hidden]")) {
    button.hidden = false;
    const text = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = text; }, 2000);
    });
  }
}
