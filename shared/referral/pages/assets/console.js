/* Conveniences of the console. Every view works without them. */
const root = document.documentElement;
root.classList.add("script");

for (const form of document.querySelectorAll("[data-submit-on-change]"))
  form.addEventListener("change", () => form.requestSubmit());

/* Choices of this browser: single-key shortcuts (WCAG 2.1.4: they can be switched off) and the height of rows. */
const choices = { keys: "on", compact: "off" };
for (const name of Object.keys(choices)) {
  try { choices[name] = localStorage.getItem("console-" + name) ?? choices[name]; } catch { /* storage is blocked */ }
  const box = document.querySelector(`[data-choice=${name}]`);
  if (!box) continue;
  box.checked = choices[name] === "on";
  box.addEventListener("change", () => {
    choices[name] = box.checked ? "on" : "off";
    try { localStorage.setItem("console-" + name, choices[name]); } catch { /* for this page only */ }
    root.classList.toggle("compact", choices.compact === "on");
  });
}
root.classList.toggle("compact", choices.compact === "on");

/* Selected rows: the buttons of the bar act on them, so without any they are disabled. */
const list = document.querySelector("[data-list]");
const boxes = () => [...(list?.querySelectorAll("tbody input[type=checkbox]") ?? [])];
function showSelection() {
  const some = boxes().some((box) => box.checked);
  for (const button of list?.querySelectorAll("[data-bar] button") ?? []) button.disabled = !some;
}
list?.addEventListener("change", showSelection);
if (boxes().length) showSelection();

/* Copies what a button names. */
for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "✓";
    } catch { /* without TLS there is no clipboard: the text can be selected */ }
  });

/* Headings that sort the rows that are shown: by text in the page's language, by time, or by number. */
const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
const readCell = {
  text: (cell) => cell.textContent.trim(),
  time: (cell) => cell.querySelector("time")?.dateTime ?? "",
  number: (cell) => cell.dataset.value ?? cell.textContent.replace(/[^\d.-]/g, ""),
};
const isNarrow = matchMedia("(max-width: 44rem)"); // there rows are cards, and headings are for screen readers only
for (const head of document.querySelectorAll("th[data-sort]")) {
  const text = head.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.textContent = text;
  const place = () => head.replaceChildren(isNarrow.matches ? text : button);
  isNarrow.addEventListener("change", place);
  place();
  button.addEventListener("click", () => {
    const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const body = head.closest("table").tBodies[0];
    const value = (row) => readCell[head.dataset.sort](row.cells[head.cellIndex]);
    const sorted = [...body.rows].sort((one, other) => collator.compare(value(one), value(other)));
    body.append(...(order === "ascending" ? sorted : sorted.reverse()));
  });
}

/* Keys: j k move, x select, Enter open, others are the data-key of a button in the row, or of the page. */
let rows = [];
let current = -1;
function move(by) {
  const row = rows[current];
  rows = [...document.querySelectorAll(".sheet tbody tr, .needs li")]; /* their order changes */
  if (row) current = rows.indexOf(row);
  if (!rows.length) return;
  rows[current]?.classList.remove("current");
  current = Math.min(rows.length - 1, Math.max(0, current + by));
  rows[current].classList.add("current");
  rows[current].querySelector("a, input, button")?.focus();
  rows[current].scrollIntoView({ block: "nearest" });
}
const press = (within, key) => within?.querySelector(`[data-key="${key}"]`)?.click();
const actions = {
  j: () => move(1),
  k: () => move(-1),
  x: () => rows[current]?.querySelector("input[type=checkbox]")?.click(),
  u: () => press(document.querySelector(".toasts"), "u"),
  "?": () => document.querySelector("#keys")?.showModal(),
  "/": () => document.querySelector("#search")?.focus(),
};
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
  if ((event.metaKey || event.ctrlKey) && event.key === "k" && document.querySelector("#search")) {
    event.preventDefault();
    document.querySelector("#search").focus();
  } else if (event.key === "Escape" && !typing) {
    for (const box of boxes()) box.checked = false;
    showSelection();
  } else if (choices.keys === "on" && !typing && !event.metaKey && !event.ctrlKey && !event.altKey) {
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    } else if (/^[a-z]$/.test(event.key)) press(rows[current], event.key);
  }
});

/* Upload of a file of codes: its content is the body of the request, so it may have any size; the result takes its place in the page. */
const upload = document.querySelector("form[data-upload]");
const types = { csv: "text/csv", tsv: "text/csv", json: "application/json" };
upload?.addEventListener("submit", (event) => {
  const file = upload.elements.file.files[0];
  if (!file) return;
  event.preventDefault();
  const label = upload.querySelector("[data-sent]"), bar = upload.querySelector("progress"), button = upload.querySelector("button");
  const address = new URL(upload.action);
  address.pathname += `/${encodeURIComponent(upload.elements.pool.value.trim())}/codes`;
  if (upload.elements.column.value) address.searchParams.set("column", upload.elements.column.value);
  const request = new XMLHttpRequest();
  const end = () => { upload.querySelector("[data-progress]").hidden = true; button.disabled = false; };
  request.open("POST", address);
  request.setRequestHeader("Accept", "text/html");
  request.setRequestHeader("Content-Type", types[file.name.split(".").pop().toLowerCase()] ?? "text/plain");
  request.setRequestHeader("X-CSRF-Token", upload.elements.csrf.value);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = Math.floor(100 * loaded / total);
    label.textContent = loaded < total ? `${label.dataset.sent} ${bar.value}%` : label.dataset.deciding;
  });
  request.addEventListener("load", () => {
    end();
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const result = document.querySelector("#result"), found = answer.querySelector("#result") ?? answer.querySelector("main");
    result.replaceChildren(...found.childNodes);
    document.querySelector("#levels")?.replaceWith(answer.querySelector("#levels") ?? "");
    result.focus();
  });
  request.addEventListener("error", () => { end(); document.querySelector("#result").textContent = label.dataset.lost; });
  bar.value = 0;
  label.textContent = label.dataset.sent;
  upload.querySelector("[data-progress]").hidden = false;
  button.disabled = true;
  request.send(file);
});

/* The staff page: the camera reads codes where the browser can; a write-off is sent once, however often it is tapped. */
const staff = document.querySelector("form[data-staff]");
if (staff && "BarcodeDetector" in window && navigator.mediaDevices) {
  const hint = staff.querySelector("[data-hint]"), video = staff.querySelector("video"), offer = staff.querySelector("[data-camera]");
  offer.hidden = false;
  hint.textContent = hint.dataset.ask;
  offer.querySelector("button").addEventListener("click", async () => {
    offer.hidden = true; /* a second camera would stay on */
    try {
      const detector = new BarcodeDetector();
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
      const look = async () => {
        const [found] = await detector.detect(video).catch(() => []);
        if (!found) return setTimeout(look, 150);
        for (const track of stream.getTracks()) track.stop();
        staff.elements.code.value = found.rawValue.slice(0, 256);
        staff.requestSubmit();
      };
      look();
    } catch {
      video.hidden = true;
      offer.hidden = false;
      hint.textContent = hint.dataset.denied;
    }
  });
}
const once = document.querySelector("form[data-once]");
once?.addEventListener("submit", (event) => {
  if (once.dataset.sent) event.preventDefault();
  once.dataset.sent = "1";
  setTimeout(() => delete once.dataset.sent, 5000);
});
