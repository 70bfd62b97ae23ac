// While the sources are watched (kg serve --watch), an open page shows each new state, and the errors of the sources.

const bar = document.getElementById("watch"), main = document.querySelector("main");
const PAUSE = 100, ATTEMPTS = 50; // milliseconds until a server that is still changing is asked again, and how often
const PLACES = "a[href], button, input, select, summary"; // what can have the focus
let shown = main.innerHTML; // before other scripts add to it
let newest = bar.dataset.identity, source, running;

// A connection for each visible page only, because a browser opens few to one host.
document.addEventListener("visibilitychange", listen);
addEventListener("pageshow", listen);
addEventListener("pagehide", () => source?.close());
listen();

function listen() {
  source?.close();
  if (document.hidden) return;
  source = new EventSource(bar.dataset.events);
  source.addEventListener("version", ({ data }) => { newest = JSON.parse(data).identity; update(); });
  source.addEventListener("check", ({ data }) => showErrors(JSON.parse(data)));
}

function fill(name, ...more) {
  bar.querySelector(`div.${name}`).replaceChildren(bar.querySelector(`template.${name}`).content.cloneNode(true), ...more);
}

function empty(name) {
  bar.querySelector(`div.${name}`).replaceChildren();
}

function showErrors({ errors, problems }) {
  if (!errors) return empty("errors");
  fill("errors", ...problems.map(({ text, thing }) => {
    const excerpt = document.createElement("pre");
    excerpt.textContent = text.trimEnd();
    excerpt.tabIndex = 0; // so that it can be scrolled with keys
    if (thing) {
      const link = document.createElement("a");
      link.href = bar.dataset.events.replace(/events$/, `doc/${thing}`);
      link.textContent = thing;
      excerpt.append("\n  ", link);
    }
    return excerpt;
  }));
  bar.querySelector(".count").textContent = errors;
}

async function update() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  try {
    for (let attempt = 0; attempt < ATTEMPTS && newest !== bar.dataset.identity; attempt++) {
      const answer = await fetch(location, { signal, cache: "no-cache", headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (page.getElementById("watch")?.dataset.identity === newest) return show(page);
      await new Promise((resolve) => { setTimeout(resolve, PAUSE); }); // another process of the server answered
    }
  } catch (error) {
    if (error.name !== "AbortError") fill("changed");
  }
}

function show(page) {
  const next = page.querySelector("main"), content = next.innerHTML;
  if (content !== shown) {
    if (isFilledIn()) return fill("changed");
    const loaded = new Set([...document.head.querySelectorAll("script[src], link[rel=stylesheet]")].map(address));
    for (const each of page.head.querySelectorAll("script[src], link[rel=stylesheet]")) {
      if (loaded.has(address(each))) continue;
      if (each.localName === "script") return location.reload();
      document.head.append(each);
    }
    keepPlace(() => main.replaceChildren(...next.childNodes));
    shown = content;
    document.title = page.title;
    dispatchEvent(new Event("replaced"));
  }
  document.querySelector("footer").replaceChildren(...page.querySelector("footer").childNodes);
  bar.dataset.identity = newest;
  empty("changed");
}

function address(element) {
  return element.getAttribute("src") || element.getAttribute("href");
}

// Whether the content has an editor, or a field that differs from what the server sent.
function isFilledIn() {
  if (main.querySelector("textarea")) return true;
  return [...main.querySelectorAll("input, select")].some((field) => (field.localName === "select"
    ? field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected))
    : field.checked !== field.defaultChecked || field.value !== field.defaultValue));
}

// Replaces the content, and leaves the focus, what is unfolded and the scroll position as they are.
function keepPlace(replace) {
  const name = (each) => each.id || each.getAttribute("href") || each.name || each.textContent;
  const top = scrollY, places = [...main.querySelectorAll(PLACES)], at = places.indexOf(document.activeElement);
  const unfolded = new Map([...main.querySelectorAll("details")].map((each) => [each.textContent, each.open]));
  replace();
  for (const each of main.querySelectorAll("details")) each.open = unfolded.get(each.textContent) ?? each.open;
  if (at >= 0) {
    const now = [...main.querySelectorAll(PLACES)];
    (now.find((each) => name(each) === name(places[at])) ?? now[at])?.focus({ preventScroll: true });
  }
  scrollTo({ top, behavior: "instant" });
}
