// One tap to pass it on: the phone's own share sheet where there is one, else the words and the link to the clipboard.
// Without script the page shows the same words, link, code and poster.
(() => {
  const act = document.querySelector("[data-act]");
  const button = document.querySelector("[data-share]");
  const copy = document.querySelector("[data-copy]");
  const said = document.querySelector("[data-said]");
  if (!act || !button) return;
  const { title, text, url, copied, select } = button.dataset;
  const whole = () => [text, url].filter(Boolean).join("\n");

  async function toClipboard() {
    try {
      await navigator.clipboard.writeText(whole());
      said.textContent = copied;
    } catch { // no permission, or an old in-app browser
      getSelection().selectAllChildren(document.getElementById("text"));
      said.textContent = document.execCommand("copy") ? copied : select;
    }
  }

  async function pass() {
    if (!navigator.share) return toClipboard();
    try {
      await navigator.share(url ? { title, text, url } : { title, text });
    } catch (error) {
      if (error.name !== "AbortError") await toClipboard();
    }
  }

  act.hidden = false;
  button.addEventListener("click", pass);
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", toClipboard);
  }
})();
