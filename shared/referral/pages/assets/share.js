// One tap to pass it on: the phone's own share sheet where there is one, else the words and the link to the clipboard.
// What was passed on is reported, as the participant's share: with a ticket of this page, which is good for a few presses.
// Without script the page shows the same words, link, code and poster.
(() => {
  const act = document.querySelector("[data-act]");
  const button = document.querySelector("[data-share]");
  const copy = document.querySelector("[data-copy]");
  const said = document.querySelector("[data-said]");
  if (!act || !button) return;
  const { title, text, url, copied, select, ticket, report } = button.dataset;
  const HALF_AN_HOUR = 1800000; // a ticket is good for an hour, and a page may stay open for longer
  const whole = () => [text, url].filter(Boolean).join("\n");

  async function ask() { // without a ticket nothing is reported, and sharing works all the same
    try {
      const answer = await fetch(ticket, { headers: { Accept: "application/json" } });
      return answer.ok ? { ...(await answer.json()), at: Date.now(), press: 0 } : null;
    } catch {
      return null;
    }
  }

  async function tell() { // a press may come before the ticket, or long after it
    let mine = await asked;
    if (!mine || Date.now() - mine.at > HALF_AN_HOUR) mine = await (asked = ask());
    if (!mine || mine.press >= mine.presses) return;
    mine.press += 1;
    const { token, press } = mine;
    navigator.sendBeacon?.(report, new Blob([JSON.stringify({ token, press })], { type: "application/json" }));
  }

  async function toClipboard() {
    let done = true;
    try {
      await navigator.clipboard.writeText(whole());
    } catch { // no permission, or an old in-app browser
      getSelection().selectAllChildren(document.getElementById("text"));
      done = document.execCommand("copy");
    }
    said.textContent = done ? copied : select;
    if (done) tell();
  }

  async function pass() {
    if (!navigator.share) return toClipboard();
    try {
      await navigator.share(url ? { title, text, url } : { title, text });
      tell();
    } catch (error) {
      if (error.name !== "AbortError") await toClipboard();
    }
  }

  let asked = ask();
  act.hidden = false;
  button.addEventListener("click", pass);
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", toClipboard);
  }
})();
