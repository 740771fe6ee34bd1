// Purpose: keeps the page current and turns what a person does into requests. The server draws everything; this script
// swaps what changed, so that focus, scroll position and half-typed text stay.
"use strict";

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const app = find("#app");
const drafts = new Map();
const typed = [];

// --- keeping current -------------------------------------------------------

/** The HTML that the server sent for an element, to see whether it changed. */
const source = new WeakMap();
/** Grows when something new is on the page, so that waiting can end. */
let arrivals = 0;
const regions = () => all("[data-region]");
for (const region of regions()) for (const child of region.children) source.set(child, child.outerHTML);

function patch(live, next, arriving) {
  const old = new Map([...live.children].map((child, i) => [child.id || i, child]));
  let cursor = live.firstElementChild;
  [...next.children].forEach((child, i) => {
    const key = child.id || i, html = child.outerHTML, known = old.get(key);
    old.delete(key);
    if (known && source.get(known) === html) {
      if (known === cursor) cursor = cursor.nextElementSibling;
      else live.insertBefore(known, cursor);
      return;
    }
    const fresh = document.importNode(child, true);
    source.set(fresh, html);
    if (live.matches("#list, #replies, #views")) arrivals++;
    if (!known) {
      live.insertBefore(fresh, cursor);
      if (arriving) fresh.classList.add("new");
      return;
    }
    if (known === cursor) cursor = cursor.nextElementSibling;
    replace(known, fresh);
  });
  for (const gone of old.values()) gone.remove();
}

/** Swaps an element for its new version; what was typed into it and the focus move along. */
function replace(known, fresh) {
  const focused = known.contains(document.activeElement) ? pointer(document.activeElement, known) : null;
  const open = known.open && known.matches("dialog");
  if (known.matches("dialog, form")) carry(known, fresh);
  if (known.matches("details.prop")) fresh.open = known.open;
  known.replaceWith(fresh);
  if (open) fresh.showModal();
  const instead = fresh.matches("[tabindex]") ? fresh : fresh.matches(".prop") ? find("summary", fresh) : null;
  if (focused) (find(focused, fresh) || instead)?.focus({ preventScroll: true });
}

function pointer(element, root) {
  if (element.id) return "#" + CSS.escape(element.id);
  const control = element.closest("[data-action]");
  if (!control || !root.contains(control)) return ":not(*)";
  const { block, action, value } = control.dataset;
  return same(block, action) + (value === undefined ? "" : `[data-value="${CSS.escape(value)}"]`);
}

const same = (block, action) => `[data-block="${CSS.escape(block)}"][data-action="${CSS.escape(action)}"]`;

function carry(known, fresh) {
  for (const control of all("[data-action]", known)) {
    const twin = find(same(control.dataset.block, control.dataset.action), fresh);
    if (!twin) continue;
    if (control.matches("input, textarea, select")) twin.value = control.value;
    const ticks = all("input", twin);
    all("input", control).forEach((tick, i) => { if (ticks[i]?.value === tick.value) ticks[i].checked = tick.checked; });
    if (twin.matches(".several")) summarise(twin);
  }
}

let loading = false, again = false;
async function refresh() {
  again = true;
  if (loading) return;
  loading = true;
  while (again) {
    again = false;
    try { await load(); } catch { offline(true); }
  }
  loading = false;
}

let shown = location.search;
async function load() {
  const wanted = location.search;
  const answer = await fetch("/ui/fragment" + wanted);
  if (!answer.ok || wanted !== location.search) { again = again || answer.ok; return; }
  const next = find("#app", new DOMParser().parseFromString(await answer.text(), "text/html"));
  const moved = wanted !== shown;
  shown = wanted;
  const low = all(".scroll").filter(atEnd);
  keepDraft();
  for (const { name, value } of [...next.attributes]) app.setAttribute(name, value);
  app.toggleAttribute("data-thread", next.hasAttribute("data-thread"));
  document.title = next.dataset.title;
  for (const region of regions()) {
    const twin = find("#" + region.id, next);
    if (twin) patch(region, twin, !moved);
  }
  if (moved) { app.classList.remove("menu-open"); restoreDraft(); }
  for (const scroll of all(".scroll")) if (low.includes(scroll) || moved) toEnd(scroll);
  showModals();
  countUnread();
}

const toEnd = scroll => { scroll.scrollTop = app.dataset.tab === "home" ? 0 : scroll.scrollHeight; };
const atEnd = scroll => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;

function showModals() {
  const stack = all("dialog.modal");
  stack.forEach((dialog, i) => {
    const top = i === stack.length - 1;
    if (top && !dialog.open) {
      dialog.showModal();
      (find("[autofocus]", dialog) || find(".modal-body :is(input, textarea, select, button, summary)", dialog))?.focus();
    } else if (!top && dialog.open) dialog.close();
  });
  find("dialog[open] .invalid :is(input, textarea, select, summary)")?.focus();
}

function countUnread() {
  for (const link of all("[data-last]", find("#side"))) {
    const key = `seen ${app.dataset.as} ${link.dataset.spot}`;
    if (link.hasAttribute("aria-current") && !document.hidden) sessionStorage.setItem(key, link.dataset.last);
    link.classList.toggle("unread", link.dataset.last > (sessionStorage.getItem(key) ?? link.dataset.last));
    if (sessionStorage.getItem(key) === null) sessionStorage.setItem(key, link.dataset.last);
  }
}

function offline(yes) {
  const known = find("#offline");
  if (!yes) known?.remove();
  else if (!known) toast("The workspace has stopped. This page continues when it is back.", "offline");
}

function toast(text, id) {
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = text;
  if (id) note.id = id; else setTimeout(() => note.remove(), 7000);
  find("#toasts").append(note);
}

const events = new EventSource("/ui/events");
events.onmessage = refresh;
events.onopen = () => { offline(false); refresh(); };
events.onerror = () => offline(true);

// --- doing -----------------------------------------------------------------

async function post(path, what) {
  const { as, spot } = app.dataset;
  try {
    const headers = { "content-type": "application/json" };
    const answer = await fetch("/ui/" + path, { method: "POST", headers, body: JSON.stringify({ as, at: spot, ...what }) });
    const result = await answer.json();
    if (result.action) complain(result);
    else if (result.error) toast(result.error);
    else if (result.said) toast(result.said);
    return result;
  } catch {
    toast("That did not arrive. Is the demo still running?");
    return { error: "unreachable" };
  } finally {
    await refresh();
  }
}

/** Puts a complaint under the input that it is about. */
function complain({ action, error }) {
  const block = find(`dialog[open] .input-block:has([data-action="${CSS.escape(action)}"])`);
  if (!block) { toast(error); return; }
  find(".error", block)?.remove();
  const words = document.createElement("p");
  words.className = "error";
  words.role = "alert";
  words.textContent = error;
  block.append(words);
  block.classList.add("invalid");
  find("input, textarea, select, summary", block).focus();
}

/** Goes to another address of this page without loading it anew. */
function go(href, push = true) {
  keepDraft();
  if (push) history.pushState(null, "", href);
  return refresh().then(visit);
}
addEventListener("popstate", () => refresh().then(visit));

/** Tells the app that its Home or its messages were opened. */
function visit() {
  if (app.dataset.tab) post("home", { tab: app.dataset.tab });
  if (matchMedia("(hover: hover)").matches && !find("dialog[open]")) find("#thread textarea, #foot textarea")?.focus();
}

function where(element) {
  const { channel, ts, view } = element.closest("[data-ts], [data-view]")?.dataset ?? {};
  return { channel, ts, view };
}

function given(control) {
  if ("many" in control.dataset) return all("input:checked", control).map(tick => tick.value);
  if ("radio" in control.dataset) return find("input:checked", control)?.value ?? null;
  if (control.type === "datetime-local") return control.value ? String(Math.floor(new Date(control.value) / 1000)) : null;
  return control.value || null;
}

/** Acknowledged is not answered: waits a little until something new is there. */
async function answered(since, within) {
  const end = performance.now() + within;
  while (arrivals === since && performance.now() < end) await new Promise(next => setTimeout(next, 50));
}

async function use(control, value) {
  if (control.getAttribute("aria-busy") === "true") return;
  if (control.dataset.confirm && !(await confirmed(control.dataset.confirm))) {
    if (control.matches("select")) control.value = "";
    return;
  }
  control.setAttribute("aria-busy", "true");
  const { block, action } = control.dataset, since = arrivals;
  const result = await post("click", { ...where(control), block, action, value });
  if (!result.error && !control.href) await answered(since, 2500);
  control.removeAttribute("aria-busy");
}

/** Does something to the world around the workspace. */
async function act(button) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  await post("deed", { deed: button.dataset.deed });
  button.removeAttribute("aria-busy");
}
// Its clock runs although nothing happens in the workspace.
setInterval(() => { if (find("#prop-clock")) refresh(); }, 15000);

function confirmed(id) {
  const dialog = document.getElementById(id);
  dialog.showModal();
  return new Promise(answer => {
    dialog.onclick = event => { if (event.target.dataset.answer) dialog.close(event.target.dataset.answer); };
    dialog.returnValue = "";
    dialog.onclose = () => answer(dialog.returnValue === "yes");
  });
}

function summarise(several) {
  const names = all("input:checked", several).map(tick => tick.nextElementSibling.textContent);
  find("summary", several).textContent = names.join(", ") || several.dataset.placeholder;
}

document.addEventListener("click", event => {
  const { target } = event;
  for (const menu of all("details[open]")) if (!menu.contains(target)) menu.open = false;
  const link = target.closest("a[data-go]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); go(link.href); return; }
  const control = target.closest("button[data-live], a[data-live]");
  if (control) { control.closest("details")?.removeAttribute("open"); use(control, control.dataset.value ?? null); return; }
  const deed = target.closest("[data-deed]");
  if (deed) { act(deed); return; }
  const chip = target.closest("[data-run]");
  if (chip) { send(find("#foot form"), chip.dataset.run); return; }
  if (target.closest("[data-close]")) closeView(target.closest("dialog"));
  if (target.closest("[data-menu]")) { app.classList.toggle("menu-open"); find("#side summary")?.focus(); }
  else if (!target.closest("#side")) app.classList.remove("menu-open");
  if (target.closest("[data-theme-switch]")) switchTheme();
});

document.addEventListener("change", event => {
  const control = event.target.closest("[data-many], [data-radio], [data-action]");
  if (!control) return;
  if (control.matches(".several")) summarise(control);
  const value = given(control);
  if ("live" in control.dataset && value !== null) use(control, value);
});

document.addEventListener("submit", async event => {
  event.preventDefault();
  const form = event.target;
  if (form.matches("[data-composer]")) { send(form, find("textarea", form).value); return; }
  const values = all(".input-block [data-action]", form).filter(control => !control.closest("[data-action] [data-action]"));
  const typedIn = values.map(control => ({ block: control.dataset.block, action: control.dataset.action, value: given(control) }));
  for (const block of all(".invalid", form)) { block.classList.remove("invalid"); find(".error", block)?.remove(); }
  const button = find("[type=submit]", form);
  button.setAttribute("aria-busy", "true");
  await post("submit", { view: form.closest("[data-view]").dataset.view, values: typedIn });
  button.removeAttribute("aria-busy");
});

document.addEventListener("cancel", event => {
  if (event.target.matches("dialog.modal")) { event.preventDefault(); closeView(event.target); }
}, true);

const closeView = dialog => post("close", { view: dialog.dataset.view });

// --- composer --------------------------------------------------------------

async function send(form, text) {
  text = text.trim();
  if (!text) return;
  const box = find("textarea", form), { thread } = form.dataset, command = text.startsWith("/") && !thread;
  typed.push(text);
  recall = typed.length;
  box.value = "";
  suggest(box);
  const waiting = document.createElement("div");
  waiting.className = "waiting new";
  const spinner = document.createElement("span"), words = document.createElement("span");
  spinner.className = "spinner";
  words.textContent = text;
  waiting.append(spinner, words);
  const scroll = form.closest("main, aside").querySelector(".scroll");
  scroll.append(waiting);
  scroll.scrollTop = scroll.scrollHeight;
  const since = arrivals;
  const result = await post(command ? "command" : "say", { text, thread });
  if (command && !result.error) await answered(since, 8000);
  waiting.remove();
  if (result.error && !box.value) box.value = text;
}

function keepDraft() {
  for (const form of all("[data-composer]")) drafts.set(app.dataset.as + form.id, find("textarea", form).value);
}
function restoreDraft() {
  for (const form of all("[data-composer]")) find("textarea", form).value = drafts.get(app.dataset.as + form.id) ?? "";
}

let recall = 0;
function suggest(box) {
  const list = find(".suggest", box.form);
  if (!list) return;
  const text = box.value.toLowerCase();
  let first = true;
  for (const option of list.children) {
    option.hidden = !text.startsWith("/") || !option.dataset.command.startsWith(text) || option.dataset.command === text;
    // Nothing is chosen until an arrow key chooses it: Enter sends what is typed.
    option.setAttribute("aria-selected", "false");
    if (!option.hidden) first = false;
  }
  list.hidden = first;
  announce(box, list);
}

function announce(box, list) {
  const chosen = find('[aria-selected="true"]', list);
  box.setAttribute("aria-expanded", String(!list.hidden));
  if (chosen) { box.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); }
  else box.removeAttribute("aria-activedescendant");
}

function step(box, list, by) {
  const open = [...list.children].filter(option => !option.hidden);
  const now = open.findIndex(option => option.getAttribute("aria-selected") === "true");
  const then = (now + by + open.length) % open.length;
  open.forEach((option, i) => option.setAttribute("aria-selected", String(i === (now < 0 && by < 0 ? open.length - 1 : then))));
  announce(box, list);
}

function typing(event, box) {
  const list = find(".suggest", box.form);
  const chosen = list && !list.hidden && find('[aria-selected="true"]', list);
  const vertical = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send(box.form, chosen ? chosen.dataset.command : box.value);
  } else if (event.key === "Tab" && list && !list.hidden && !event.shiftKey) {
    event.preventDefault();
    if (!chosen) step(box, list, 1);
    box.value = find('[aria-selected="true"]', list).dataset.command + " ";
    suggest(box);
  } else if (vertical && list && !list.hidden) {
    event.preventDefault();
    step(box, list, vertical);
  } else if (vertical && (box.value === "" || box.value === typed[recall])) {
    event.preventDefault();
    recall = Math.min(Math.max(recall + vertical, 0), typed.length);
    box.value = typed[recall] ?? "";
  } else if (event.key === "Escape" && list && !list.hidden) {
    event.stopPropagation();
    list.hidden = true;
    announce(box, list);
  }
}

document.addEventListener("input", event => {
  if (event.target.matches("[data-composer] textarea")) suggest(event.target);
});
document.addEventListener("mousedown", event => {
  const option = event.target.closest(".suggest li");
  if (!option) return;
  event.preventDefault();
  send(option.closest("form"), option.dataset.command);
});

document.addEventListener("keydown", event => {
  const { target, key } = event;
  if (target.matches("[data-composer] textarea")) typing(event, target);
  if (event.defaultPrevented || event.cancelBubble) return;
  const writing = target.matches("input, textarea, select");
  const open = find("details[open]");
  const items = open && all("[role=menuitem], .people a", open);
  if (key === "Escape" && open) {
    open.open = false;
    find("summary", open).focus();
    event.preventDefault();
  } else if (key === "Escape" && app.classList.contains("menu-open")) app.classList.remove("menu-open");
  else if (key === "Escape" && app.hasAttribute("data-thread") && !find("dialog[open]")) find("#thread [data-go]").click();
  else if (items?.length && (key === "ArrowDown" || key === "ArrowUp")) {
    event.preventDefault();
    const by = key === "ArrowDown" ? 1 : -1;
    items[(items.indexOf(document.activeElement) + by + items.length) % items.length].focus();
  } else if (event.altKey && (key === "ArrowDown" || key === "ArrowUp")) {
    event.preventDefault();
    const places = all(".places a"), now = places.findIndex(place => place.hasAttribute("aria-current"));
    places[(now + (key === "ArrowDown" ? 1 : -1) + places.length) % places.length].click();
  } else if (key === "/" && !writing && !find("dialog[open]")) {
    const box = find("#foot textarea");
    if (!box) return;
    event.preventDefault();
    box.focus();
    if (box.value === "") { box.value = "/"; suggest(box); }
  } else if (key === "Enter" && target.matches("input[data-live]")) {
    event.preventDefault();
    use(target, given(target));
  }
});

// --- looks -----------------------------------------------------------------

function cookie(name, value) {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=strict`;
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  cookie("theme", root.dataset.theme);
}

const zone = String(-new Date().getTimezoneOffset());
if (!document.cookie.split("; ").includes("zone=" + zone)) cookie("zone", zone);
all(".scroll").forEach(toEnd);
showModals();
countUnread();
visit();
