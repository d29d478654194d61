// Keeps what is marked data-live current, without moving the reader: same place, new numbers. The page is whole without it.
(() => {
  const every = 15000;
  const region = () => document.querySelector("[data-live]");
  const news = document.querySelector("[data-news]");
  async function look() {
    if (document.hidden || !region()) return;
    try {
      const answer = await fetch(location.href, { cache: "no-cache", headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
      if (!fresh || fresh.innerHTML === region().innerHTML || region().contains(document.activeElement)) return;
      region().replaceChildren(...fresh.childNodes);
      if (news) news.textContent = news.dataset.news;
    } catch { /* away for a moment: what is shown stays */ }
  }
  setInterval(look, every);
  document.addEventListener("visibilitychange", look);
})();
