// Refreshes the elements marked data-live without scrolling the page. The page is complete without this script.
// An element marked data-stream names the page's stream of server-sent events. One tab of a browser has the stream open, the one
// that holds its lock, and passes each event on to the others; without a stream the page looks every 15 seconds. After each look it
// rests for a multiple of the time that it took, so that a page that takes long to make is not made all the time.
// data-again-ms beside data-stream: the server may answer with what it computed so long ago, so the page looks once more so long
// after the last change. A hidden page looks once it is shown again. A server that is busy (429, 503) says from when on the page may look again.
(() => {
  const intervalMs = 15000, streamedIntervalMs = 300000, settleMs = 300, retryMs = 60000, slackMs = 1000;
  const restFactor = 9, maxRestMs = 60000, busyMs = 5000, longestBusyMs = 3600000;
  const announcement = document.querySelector("[data-news]");
  const stream = document.querySelector("[data-stream]"), url = stream?.dataset.stream;
  const againMs = Number(stream?.dataset.againMs ?? 0);
  const state = document.querySelector("[data-live-state]");
  let isStreaming = false, hasEnded = false, due = 0, again = 0, refreshedAt = Date.now();
  let isReading = false, isOutdated = false, missed = null, restMs = 0, notBefore = 0;

  const regions = (root) => [...root.querySelectorAll("[data-live]")];
  const isInUse = (region) => region.querySelector("details[open]") || region.contains(document.activeElement);

  async function refresh() {
    const isEarly = Date.now() < notBefore;
    isOutdated ||= document.hidden || isEarly;
    if (isReading || isEarly || document.hidden || hasEnded || !regions(document).length) return;
    refreshedAt = Date.now();
    isReading = true;
    isOutdated = false;
    try {
      const response = await fetch(location.href, { cache: "no-cache", headers: { Accept: "text/html", "X-Background": "1" } });
      if (response.status === 429 || response.status === 503) waitUntil(retryAfterMs(response));
      isOutdated = !response.ok;
      if (!response.ok || response.redirected) return;
      const fresh = regions(new DOMParser().parseFromString(await response.text(), "text/html"));
      const shown = regions(document);
      if (fresh.length !== shown.length) return;
      const changed = shown.filter((region, number) => {
        if (fresh[number].innerHTML === region.innerHTML || isInUse(region)) return false;
        region.replaceChildren(...fresh[number].childNodes);
        return true;
      });
      if (!changed.length) return;
      for (const region of changed) region.dispatchEvent(new CustomEvent("live:changed", { bubbles: true }));
      if (announcement) announcement.textContent = announcement.dataset.news;
    } catch { // the server is unavailable: the page keeps its content
      isOutdated = true;
    } finally {
      isReading = false;
      restMs = Math.min(maxRestMs, restFactor * (Date.now() - refreshedAt));
      if (missed !== null) refreshWithin(missed);
      missed = null;
    }
  }

  function retryAfterMs(response) {
    const seconds = Number(response.headers.get("Retry-After"));
    return seconds > 0 ? Math.min(seconds * 1000, longestBusyMs) : busyMs;
  }

  function waitUntil(ms) {
    notBefore = Date.now() + ms;
    setTimeout(() => refreshWithin(busyMs), ms);
  }

  function refreshWithin(ms) {
    if (due) return;
    if (isReading) missed = ms;
    else due = setTimeout(() => { due = 0; refresh(); }, settleMs + restMs + Math.random() * ms);
  }

  function show() {
    if (state) state.textContent = state.dataset[hasEnded ? "ended" : isStreaming ? "on" : "off"];
  }

  function receive({ name, within }) {
    isStreaming = name !== "lost" && name !== "end";
    hasEnded = hasEnded || name === "end";
    show();
    if (name !== "change" && name !== "reset") return;
    refreshWithin(within);
    clearTimeout(again);
    if (againMs) again = setTimeout(() => refreshWithin(within), againMs);
  }

  function open(pass) {
    return new Promise(() => {
      const source = new EventSource(url);
      for (const name of ["ready", "change", "reset", "end"]) {
        source.addEventListener(name, (event) => {
          pass({ name, within: JSON.parse(event.data).within_ms ?? 500 });
          if (name === "end") source.close();
        });
      }
      source.addEventListener("error", () => {
        if (hasEnded) return;
        pass({ name: "lost" });
        if (source.readyState === EventSource.CLOSED) setTimeout(() => open(pass), retryMs); // refused, for the moment
      });
    });
  }

  if (url && "EventSource" in window) {
    const name = `live ${url}`;
    if (navigator.locks && "BroadcastChannel" in window) {
      const channel = new BroadcastChannel(name);
      channel.addEventListener("message", (event) => receive(event.data));
      navigator.locks.request(name, () => open((news) => { receive(news); channel.postMessage(news); }));
    } else open(receive);
  }
  setInterval(() => {
    if (Date.now() - refreshedAt > (isStreaming ? streamedIntervalMs : intervalMs) - slackMs) refresh();
  }, intervalMs);
  document.addEventListener("visibilitychange", () => { if (isOutdated || !isStreaming || Date.now() - refreshedAt >= intervalMs) refresh(); });
  show();
})();
