// Shares with one tap: by the phone's share sheet if it has one, with the poster if it takes pictures, otherwise by copying. The text
// contains the link, once. A share is reported as the participant's, with a ticket of the page, which is valid for a few presses.
// [data-share] is a button with what is shared, or a link to the page that has such a button ([data-sheet]): it is followed where
// nothing can be shared. Without this script pages show the same text, link, code and poster.
(() => {
  const element = document.querySelector("[data-share]");
  const status = document.querySelector("[data-status]");
  const MAX_TICKET_AGE_MS = 1800000; // a ticket is valid for an hour, and a page may stay open for longer
  const MAX_PICTURE_WAIT_MS = 2000; // a browser shares only shortly after a tap
  let kit = element && !element.dataset.sheet ? element.dataset : null;
  let ticketRequest = null, pictureRequest = null;

  async function requestTicket() { // without a ticket shares are not reported, but sharing works
    try {
      const response = await fetch(kit.ticket, { headers: { Accept: "application/json" } });
      return response.ok ? { ...(await response.json()), at: Date.now(), press: 0 } : null;
    } catch {
      return null;
    }
  }

  async function reportShare() { // a press may come before the ticket, or long after it
    ticketRequest ??= requestTicket();
    let current = await ticketRequest;
    if (!current || Date.now() - current.at > MAX_TICKET_AGE_MS) current = await (ticketRequest = requestTicket());
    if (!current || current.press >= current.presses) return;
    current.press += 1;
    const { token, press } = current;
    navigator.sendBeacon?.(kit.report, new Blob([JSON.stringify({ token, press })], { type: "application/json" }));
  }

  async function requestPicture() {
    try {
      const response = await fetch(kit.picture);
      const file = new File([await response.blob()], kit.name, { type: "image/png" });
      return response.ok && navigator.canShare({ files: [file] }) ? file : null;
    } catch {
      return null;
    }
  }

  function prepare() { // as soon as a finger or pointer comes near
    ticketRequest ??= requestTicket();
    if (kit.picture && navigator.canShare) pictureRequest ??= requestPicture();
  }

  async function picture() {
    const late = new Promise((resolve) => { setTimeout(() => resolve(null), MAX_PICTURE_WAIT_MS); });
    return pictureRequest ? Promise.race([pictureRequest, late]) : null;
  }

  function copyBySelection(text) { // no permission, or an old in-app browser
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  }

  async function copyCaption() {
    const isCopied = await copy(kit.text);
    status.textContent = isCopied ? kit.copied : kit.select;
    if (isCopied) reportShare();
    else getSelection().selectAllChildren(document.getElementById("text"));
  }

  async function share() {
    prepare();
    if (!navigator.share) return copyCaption();
    const { title, text } = kit, file = await picture();
    try {
      await navigator.share(file ? { title, text, files: [file] } : { title, text });
      reportShare();
    } catch (error) {
      if (error.name === "AbortError") return;
      if (element.dataset.sheet) location.assign(element.href);
      else await copyCaption();
    }
  }

  async function readSheet() { // the page of the link has what is shared; without it the link is followed
    try {
      const page = new DOMParser().parseFromString(await (await fetch(element.dataset.sheet)).text(), "text/html");
      kit = page.querySelector("[data-share]")?.dataset ?? null;
    } catch {
      kit = null;
    }
  }

  if (element?.dataset.sheet) {
    if (!navigator.share) return;
    readSheet();
    element.addEventListener("pointerenter", () => { if (kit) prepare(); });
    element.addEventListener("click", (event) => {
      if (!kit) return;
      event.preventDefault();
      share();
    });
  } else if (element) {
    element.hidden = false;
    const bar = element.closest("[data-act]");
    if (bar) bar.hidden = false;
    for (const name of ["pointerenter", "focus"]) element.addEventListener(name, prepare);
    element.addEventListener("click", share);
  }

  for (const button of document.querySelectorAll("[data-copy-caption]")) {
    button.hidden = false;
    button.addEventListener("click", copyCaption);
  }
  for (const button of document.querySelectorAll("[data-copy-code]")) { // the invitation's own action where the code is all one needs
    button.closest("[data-act]").hidden = false;
    button.addEventListener("click", async () => {
      const { copyCode, copied, select } = button.dataset;
      const isCopied = await copy(copyCode);
      status.textContent = isCopied ? copied : select;
      if (!isCopied) getSelection().selectAllChildren(document.getElementById("the-code"));
    });
  }
})();
