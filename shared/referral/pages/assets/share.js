// Shares with one tap: by the phone's share sheet if it has one, otherwise by copying. The text contains the link, once.
// A share is reported as the participant's, with a ticket of this page, which is valid for a few presses.
// Without this script the page shows the same text, link, code and poster.
(() => {
  const actions = document.querySelector("[data-act]");
  const button = document.querySelector("[data-share]");
  const copy = document.querySelector("[data-copy]");
  const status = document.querySelector("[data-status]");
  if (!actions || !button) return;
  const { title, text, copied, select, ticket, report } = button.dataset;
  const MAX_TICKET_AGE_MS = 1800000; // a ticket is valid for an hour, and a page may stay open for longer

  async function requestTicket() { // without a ticket shares are not reported, but sharing works
    try {
      const response = await fetch(ticket, { headers: { Accept: "application/json" } });
      return response.ok ? { ...(await response.json()), at: Date.now(), press: 0 } : null;
    } catch {
      return null;
    }
  }

  async function reportShare() { // a press may come before the ticket, or long after it
    let current = await ticketRequest;
    if (!current || Date.now() - current.at > MAX_TICKET_AGE_MS) current = await (ticketRequest = requestTicket());
    if (!current || current.press >= current.presses) return;
    current.press += 1;
    const { token, press } = current;
    navigator.sendBeacon?.(report, new Blob([JSON.stringify({ token, press })], { type: "application/json" }));
  }

  async function copyToClipboard() {
    let isCopied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no permission, or an old in-app browser
      getSelection().selectAllChildren(document.getElementById("text"));
      isCopied = document.execCommand("copy");
    }
    status.textContent = isCopied ? copied : select;
    if (isCopied) reportShare();
  }

  async function share() {
    if (!navigator.share) return copyToClipboard();
    try {
      await navigator.share({ title, text });
      reportShare();
    } catch (error) {
      if (error.name !== "AbortError") await copyToClipboard();
    }
  }

  let ticketRequest = requestTicket();
  actions.hidden = false;
  button.addEventListener("click", share);
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", copyToClipboard);
  }
})();
