/* Referral Growth: keeps who invited a visitor until they sign up. docs/integration.md */
(() => {
  "use strict";
  const script = document.currentScript, set = script.dataset, home = new URL(script.src).origin;
  const NAME = set.cookie || "referral", DAYS = Math.min(Math.max(+set.days || 30, 1), 400);
  const VALID = { rt: /^[\w.-]{1,1024}$/, code: /^[\w-]{3,64}$/ };
  const here = new URL(location.href), listed = (set.domains || "").toLowerCase().split(/[\s,]+/).filter(Boolean);
  const asks = set.consent === "required" || navigator.globalPrivacyControl === true;
  let agreed = !asks, invitation;

  const usable = (values) => {
    const found = {};
    for (const name in VALID) if (VALID[name].test(values[name] || "")) found[name] = values[name];
    return Object.keys(found).length ? found : null;
  };
  const kept = () => {
    const pair = document.cookie.split("; ").find((one) => one.startsWith(NAME + "="));
    return pair ? usable(Object.fromEntries(new URLSearchParams(decodeURIComponent(pair.slice(NAME.length + 1))))) : null;
  };
  const write = (text, seconds) => {
    document.cookie = `${NAME}=${encodeURIComponent(text)}; Path=/; Max-Age=${seconds}; SameSite=Lax` +
      (location.protocol === "https:" ? "; Secure" : "") + (set.cookieDomain ? `; Domain=${set.cookieDomain}` : "");
  };
  // A `code` beside a `state` is that of a sign-in (OAuth), not of a person.
  const codeHere = here.searchParams.has("state") ? null : here.searchParams.get("code");
  const arrived = usable({ rt: here.searchParams.get("rt"), code: codeHere });
  let referral = arrived;
  try { if (asks && kept()) agreed = true; referral = arrived || kept(); } catch { /* a cookie that is not ours */ }

  const route = (method, values) => fetch(set.route, { // your server keeps it in a cookie that scripts cannot read
    method, headers: { "Content-Type": "application/json" }, body: values && JSON.stringify(values), keepalive: true,
  }).catch(() => {});
  const forget = () => { write("", 0); if (set.route) route("DELETE"); };
  const keep = () => {
    if (!referral || !agreed) return;
    if (arrived && set.route) route("POST", referral);
    else if (arrived) write(new URLSearchParams(referral).toString(), DAYS * 86400);
    if (set.shopify !== undefined) fetch("/cart/update.js", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ attributes: { _rt: referral.rt || "", _referral_code: referral.code || "" } }),
    }).catch(() => {});
  };
  const fill = (root = document) => {
    if (!referral) return;
    for (const form of root.querySelectorAll("form[data-referral]")) for (const name in VALID) {
      if (!form.querySelector(`[data-referral="${name}"]`)) {
        const field = document.createElement("input");
        field.type = "hidden"; field.name = field.dataset.referral = name; form.append(field);
      }
    }
    for (const name in VALID) for (const field of root.querySelectorAll(`input[data-referral="${name}"]`)) {
      if (!field.value || field.type === "hidden") field.value = referral[name] || "";
    }
  };
  const carries = (host) => host !== location.hostname && listed.some((one) => host === one || host.endsWith("." + one));
  const carry = (event) => {
    const link = event.target.closest?.("a[href]");
    if (!referral || !link || !/^https?:$/.test(link.protocol) || !carries(link.hostname)) return;
    const to = new URL(link.href);
    for (const name in referral) if (!to.searchParams.has(name)) to.searchParams.set(name, referral[name]);
    link.href = to;
  };
  const invite = () => invitation ||= !referral ? Promise.resolve(null) : fetch(
    `${home}/v1/invitations?${new URLSearchParams({ ...referral, lang: document.documentElement.lang || navigator.language })}`,
    { credentials: "omit", referrerPolicy: "no-referrer", headers: { Accept: "application/json" } },
  ).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  const banner = async () => {
    const places = document.querySelectorAll("[data-referral-banner]"), found = places.length && await invite();
    if (found) for (const place of places) {
      for (const part of place.querySelectorAll("[data-referral-text]")) part.textContent = found[part.dataset.referralText] || "";
      place.hidden = false;
    }
  };
  const start = () => { fill(); banner(); };

  if (arrived?.rt && set.keepAddress === undefined) { // an address that is copied does not pass on this click
    here.searchParams.delete("rt");
    history.replaceState(history.state, "", here);
  }
  keep();
  document.addEventListener("click", carry, true);
  document.addEventListener("auxclick", carry, true);
  document.addEventListener("submit", () => fill(), true);
  window.referral = {
    get token() { return referral?.rt || null; },
    get code() { return referral?.code || null; },
    fill, invitation: invite,
    consent(given) { agreed = !!given; if (agreed) keep(); else forget(); },
    clear() { referral = null; forget(); },
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
