/* The studio: what is written in one view appears in the other, with mistakes beside the fields. Without scripts, "Check" does the same. */
const studio = document.querySelector("#studio");
const WAIT_MS = 500;
let timer, request, dirty = false;

const state = (text) => { studio.querySelector("[data-saving-state]").textContent = text; };

/* The messages beside each field; the sections around a mistake are opened. */
function showMessages(messages) {
  for (const list of studio.querySelectorAll("[data-messages]")) {
    const found = messages[list.dataset.messages] ?? [];
    list.replaceChildren(...found.map((one) => {
      const item = document.createElement("li");
      item.className = one.is_mistake ? "bad" : "advice";
      item.textContent = one.text;
      if (one.original) {
        const original = document.createElement("span");
        original.lang = "en";
        original.className = "soft";
        original.textContent = " " + one.original;
        item.append(original);
      }
      return item;
    }));
    const wrong = found.some((one) => one.is_mistake);
    const field = list.closest(".field");
    field?.classList.toggle("wrong", wrong);
    const control = field?.querySelector("input, select, textarea");
    if (wrong) control?.setAttribute("aria-invalid", "true"); else control?.removeAttribute("aria-invalid");
  }
}

/* Replaces the form, with the same sections open as before. */
function showForm(html) {
  const form = studio.querySelector("#form");
  const open = new Set([...form.querySelectorAll("details[open][data-section]")].map((one) => one.dataset.section));
  form.innerHTML = html;
  for (const one of form.querySelectorAll("details[data-section]")) if (open.has(one.dataset.section)) one.open = true;
}

/* Sends what was written, as a draft, and shows what follows from it. Returns whether it was saved. */
async function check() {
  clearTimeout(timer);
  request?.abort();
  request = new AbortController();
  const edited = studio.elements.edited.value;
  const data = new URLSearchParams(new FormData(studio));
  if (edited === "yaml") for (const name of [...data.keys()]) if (/^[fk]:/.test(name)) data.delete(name);
  state(studio.dataset.saving);
  try {
    const answer = await fetch(studio.dataset.check, {
      method: "POST", body: data, signal: request.signal,
      headers: { "X-CSRF-Token": studio.elements.csrf.value, Accept: "application/json" },
    });
    if (!answer.ok || answer.redirected) throw new Error((await answer.json().catch(() => ({}))).detail);
    const parts = await answer.json();
    dirty = false;
    if (parts.form !== undefined) showForm(parts.form);
    if (parts.yaml !== undefined && studio.elements.yaml.value !== parts.yaml) studio.elements.yaml.value = parts.yaml;
    studio.querySelector("#status").innerHTML = parts.status;
    showMessages(parts.messages);
    studio.querySelector("[data-count]").textContent = studio.querySelector("#findings").textContent.split("·")[0];
    state(studio.dataset.saved);
    return true;
  } catch (error) {
    if (error.name !== "AbortError") state(error.message && error.message !== "undefined" ? error.message : studio.dataset.failed);
    return false;
  }
}

if (studio && !studio.querySelector(".panes").disabled) {
  studio.addEventListener("input", (event) => {
    if (event.target.name === "reason") { dirty = true; return; }
    const pane = event.target.closest("[data-pane]");
    if (!pane || event.target.name?.startsWith("k:")) return;
    studio.elements.edited.value = pane.dataset.pane;
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(check, WAIT_MS);
  });
  /* The other view is shown at once; buttons that add and remove act on the form, and keep the place. */
  studio.addEventListener("submit", (event) => {
    const action = event.submitter?.value ?? "";
    const pane = event.submitter?.closest("[data-pane]");
    if (pane) studio.elements.edited.value = pane.dataset.pane;
    if (action.startsWith("show:")) {
      event.preventDefault();
      const view = action.slice(5);
      (dirty ? check() : Promise.resolve(true)).then(() => {
        studio.dataset.view = view;
        studio.elements.edited.value = view;
        for (const button of studio.querySelectorAll("[value^='show:']")) button.setAttribute("aria-pressed", String(button.value === action));
        const address = new URL(location.href);
        address.searchParams.set("view", view);
        history.replaceState(null, "", address);
        studio.action = address.pathname + address.search;
      });
    } else sessionStorage.setItem("studio-scroll", String(scrollY));
    dirty = false;
  });
  const before = sessionStorage.getItem("studio-scroll");
  if (before !== null) {
    sessionStorage.removeItem("studio-scroll");
    if (!document.querySelector(".toast, main > .notice.bad")) scrollTo(0, Number(before));
  }
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
}

/* From a finding to its line of the YAML, or to its field where only the form is shown. */
studio?.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  const text = studio.elements.yaml;
  event.preventDefault();
  if (text.offsetParent === null) {
    let pointer = link.dataset.pointer, field;
    while (!(field = document.getElementById("f:" + pointer) ?? document.getElementById("m:" + pointer)) && pointer) pointer = pointer.slice(0, pointer.lastIndexOf("/"));
    for (let one = field; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    field?.scrollIntoView({ block: "center" });
    field?.focus();
    return;
  }
  const lines = text.value.split("\n"), line = Number(link.dataset.line) - 1;
  const start = lines.slice(0, line).join("\n").length + (line ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line]?.length ?? 0));
  text.scrollTop = Math.max(0, (text.scrollHeight / lines.length) * (line - 5));
});

/* A replay that runs is read again each second. */
async function follow() {
  try {
    const answer = await fetch(location.href, { headers: { "X-Background": "1" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("#replay");
    if (!found || found.dataset.running === undefined) return location.reload();
    const bar = document.querySelector("#bar"), next = found.querySelector("#bar");
    if (bar && next) { bar.value = next.value; bar.nextSibling.textContent = ` ${next.value}%`; }
  } catch { /* the next attempt may succeed */ }
  setTimeout(follow, 1000);
}
if (document.querySelector("#replay[data-running]")) setTimeout(follow, 700);
