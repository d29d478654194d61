// Refreshes the element marked data-live without scrolling the page. The page is complete without this script.
(() => {
  const intervalMs = 15000;
  const region = () => document.querySelector("[data-live]");
  const announcement = document.querySelector("[data-news]");
  async function refresh() {
    if (document.hidden || !region() || region().querySelector("details[open]")) return;
    try {
      const response = await fetch(location.href, { cache: "no-cache", headers: { Accept: "text/html" } });
      if (!response.ok) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-live]");
      if (!fresh || fresh.innerHTML === region().innerHTML || region().contains(document.activeElement)) return;
      region().replaceChildren(...fresh.childNodes);
      if (announcement) announcement.textContent = announcement.dataset.news;
    } catch { /* the server is unavailable: the page keeps its content */ }
  }
  setInterval(refresh, intervalMs);
  document.addEventListener("visibilitychange", refresh);
})();
