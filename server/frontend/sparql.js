// The editor of queries, in place of the text area of the form, and answers below it without leaving the page.
// Answers are drawn by the server: what is shown here is the part #answer of the page that it sends.

import Yasqe from "@zazuko/yasqe";
import "@zazuko/yasqe/build/yasqe.min.css";
import "./sparql.css";

const MAX_HINTS = 50;

/** Maximum length of an address for GET; a longer query is sent by POST, and its address cannot be shared. */
const MAX_ADDRESS_LENGTH = 8000;

const ROUNDED = { maximumFractionDigits: 2 };

const form = document.querySelector("#ask");
const button = form.querySelector("button");
const start = button.textContent;
const status = form.querySelector("[role=status]");
const answer = document.querySelector("#answer");
const editor = edit(form.querySelector("textarea"));
let running = null;
let shown = location.search;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) running.abort();
  else run(addressOf(form));
});

answer.addEventListener("click", (event) => {
  const address = event.target.closest("a")?.href;
  if (!address || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { pathname, searchParams } = new URL(address);
  if (pathname !== new URL(form.action).pathname || !searchParams.has("query") || searchParams.has("format")) return;
  event.preventDefault();
  run(new URL(address));
});

for (const question of document.querySelectorAll(".question")) {
  const own = question.querySelector("form");
  const load = own.querySelector("[type=button]");
  load.hidden = false;
  load.addEventListener("click", () => show(question.querySelector("pre").textContent));
  own.addEventListener("submit", (event) => {
    event.preventDefault();
    running?.abort();
    run(addressOf(own));
  });
}

addEventListener("popstate", () => location.search === shown || location.reload());

complete(await (await fetch(form.dataset.terms)).json());

/** Puts the editor in the place of a text area. */
function edit(area) {
  const holder = document.createElement("div");
  area.before(holder);
  const leave = (editor) => editor.getInputField().blur();
  const ask = () => form.requestSubmit();
  Yasqe.defaults.autocompleters = []; // those of others, which ask elsewhere
  const made = new Yasqe(holder, {
    value: area.value,
    consumeShareLink: null,
    createShareableLink: null,
    editorHeight: "auto",
    extraKeys: { Esc: leave, "Ctrl-Enter": ask, "Cmd-Enter": ask, "Ctrl-S": false },
    highlightSelectionMatches: false,
    persistenceId: null,
    requestConfig: { endpoint: form.action },
    resizeable: false,
    showQueryButton: false,
  });
  made.getInputField().id = area.id;
  area.remove();
  form.querySelector(".keys").hidden = false;
  return made;
}

/** Puts a query into the editor, and the reader there. */
function show(query) {
  editor.setValue(query);
  editor.focus();
  form.scrollIntoView();
}

/** The address that a form asks. */
function addressOf(asking) {
  const address = new URL(asking.action);
  const fields = new FormData(asking);
  if (asking === form) fields.set("query", editor.getValue());
  address.search = new URLSearchParams(fields);
  return address;
}

/** Asks an address, by POST if it is too long for GET, and shows the answer that its page holds. */
async function run(address) {
  const control = new AbortController();
  const { search, pathname } = address;
  const long = search.length > MAX_ADDRESS_LENGTH;
  const began = performance.now();
  running = control;
  answer.setAttribute("aria-busy", "true");
  tell(form.dataset.running);
  button.textContent = form.dataset.stop;
  try {
    const options = { headers: { Accept: "text/html" }, signal: control.signal };
    const response = long
      ? await fetch(pathname, { ...options, method: "POST", body: address.searchParams })
      : await fetch(address, options);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    answer.replaceChildren(...(page.querySelector("#answer") ?? page.querySelector("main")).childNodes);
    const seconds = ((performance.now() - began) / 1000).toLocaleString(document.documentElement.lang, ROUNDED);
    tell(response.ok ? form.dataset.answered.replace("{seconds}", seconds) : page.querySelector("h1").textContent);
    arrive(new URL(response.url));
  } catch (error) {
    tell(control.signal.aborted ? "" : form.dataset.failed);
  } finally {
    if (running === control) {
      running = null;
      answer.removeAttribute("aria-busy");
      button.textContent = start;
    }
  }
}

/** Makes the address of an answer that of the page, shows its query, and the answer. */
function arrive(address) {
  history.pushState(null, "", address);
  shown = location.search;
  const query = address.searchParams.get("query") ?? editor.getValue();
  if (query !== editor.getValue()) editor.setValue(query);
  const { top } = answer.getBoundingClientRect();
  if (top < 0 || top > innerHeight * 0.8) answer.scrollIntoView();
}

function tell(text) {
  status.textContent = text;
}

/** Completes what is written by the terms and the prefixes of the dataset. */
function complete(terms) {
  const prefixes = Object.entries(terms.prefixes);
  const shortened = (iri) => {
    const [prefix, namespace] = prefixes.filter(([, each]) => iri.startsWith(each)).sort(longest)[0] ?? [];
    const local = iri.slice(namespace?.length);
    return namespace && /^[\w-]+$/.test(local) ? `${prefix}:${local}` : `<${iri}>`;
  };
  const completers = ["class", "property"].map((sort) => ({
    ...Yasqe.Autocompleters[sort],
    get: (_, token) => matching(terms[sort], token.autocompletionString).map(({ iri }) => iri),
    postProcessSuggestion: (_yasqe, _token, iri) => iri,
    postprocessHints: (_, hints) => hints.map((hint) => hintOf(hint, terms[sort], shortened)),
    autoShow: true,
    persistenceId: null,
  }));
  const declared = prefixes.map(([prefix, namespace]) => `${prefix}: <${namespace}>`).sort();
  completers.push({ ...Yasqe.Autocompleters.prefixes, get: () => declared, persistenceId: null });
  completers.push(Yasqe.Autocompleters.variables);
  for (const completer of completers) {
    Yasqe.registerAutocompleter(completer, false);
    editor.enableCompleter(completer.name);
  }
}

const longest = ([, a], [, b]) => b.length - a.length;

/** The terms whose IRI begins with some text, or whose local name or label has it in it. */
function matching(terms, text) {
  const wanted = text.toLowerCase();
  const local = (iri) => iri.slice(Math.max(iri.lastIndexOf("#"), iri.lastIndexOf("/")) + 1);
  const fits = ({ iri, label }) =>
    iri.startsWith(text) || (!text.includes(":") && `${local(iri)} ${label}`.toLowerCase().includes(wanted));
  return terms.filter(fits).slice(0, MAX_HINTS);
}

/** A hint that shows a term with its label, and its definition when it is pointed at. */
function hintOf(hint, terms, shortened) {
  const { iri, label, definition } = terms.find((each) => each.iri === hint.text);
  const name = shortened(iri);
  const render = (item) => {
    const aside = document.createElement("small");
    aside.textContent = label;
    item.append(name, " ", aside);
    item.title = definition;
  };
  return { ...hint, text: name, displayText: name, render };
}
