// Suggests things while somebody types into the search: a combobox with a listbox (W3C ARIA Authoring Practices, 3.8).
// Without it the form goes to the results all the same.

const PAUSE = 120; // milliseconds without a key before the server is asked
const KINDS = JSON.parse(document.body.dataset.kinds); // what each kind is called in the language of the page

addEventListener("replaced", comboboxes); // of watch.js, for new content
comboboxes();

function comboboxes() {
  for (const input of document.querySelectorAll("form[role=search] input[data-suggest]:not([role])")) combobox(input);
}

function combobox(input) {
  const list = document.createElement("ul");
  let options = [], chosen = -1, timer, running;
  list.className = "suggestions";
  list.id = `${input.id || "search"}-suggestions`;
  list.hidden = true;
  for (const [name, value] of Object.entries({ role: "listbox", "aria-label": input.labels?.[0]?.textContent || input.placeholder }))
    list.setAttribute(name, value);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id }))
    input.setAttribute(name, value);
  input.autocomplete = "off";
  input.after(list);

  function close() {
    clearTimeout(timer);
    running?.abort();
    list.hidden = true;
    choose(-1);
    input.setAttribute("aria-expanded", "false");
  }

  function choose(index) {
    chosen = index;
    options.forEach(({ item }, at) => item.setAttribute("aria-selected", at === index));
    if (index < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", options[index].item.id);
    options[index].item.scrollIntoView({ block: "nearest" });
  }

  // The document of a thing lies beside the search, wherever the site is mounted.
  function address(iri) {
    const found = new URL(`doc/${iri.split("/").slice(-2).join("/")}`, input.form.action);
    const language = new URL(input.dataset.suggest, location).searchParams.get("lang");
    if (language) found.searchParams.set("lang", language);
    return found;
  }

  function show(results) {
    options = results.map(({ iri, label, kind, snippet }, at) => {
      const item = document.createElement("li"), more = document.createElement("small");
      const text = new DOMParser().parseFromString(snippet, "text/html").body.textContent;
      item.id = `${list.id}-${at}`;
      item.setAttribute("role", "option");
      item.append(label, more);
      more.textContent = text === label ? KINDS[kind] : `${KINDS[kind]} · ${text}`;
      item.addEventListener("mousedown", (event) => event.preventDefault());
      item.addEventListener("click", () => location.assign(address(iri)));
      return { item, iri };
    });
    list.replaceChildren(...options.map(({ item }) => item));
    list.hidden = !options.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    choose(-1);
  }

  async function ask() {
    running?.abort();
    running = new AbortController();
    const url = new URL(input.dataset.suggest, location);
    url.searchParams.set("q", input.value);
    try {
      const answer = await fetch(url, { signal: running.signal });
      if (answer.ok && document.activeElement === input) show((await answer.json()).results);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim()) timer = setTimeout(ask, PAUSE);
    else close();
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.hidden) ask();
    else if (step) choose(((chosen + 1 + step + options.length + 1) % (options.length + 1)) - 1);
    else if (event.key === "Enter" && chosen >= 0) location.assign(address(options[chosen].iri));
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  });
}
