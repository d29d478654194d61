// Tells the page that has this frame how high its content is. Only the program's own sites are told.
(() => {
  "use strict";
  const origins = document.currentScript.dataset.origins.split(" ");
  const send = () => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    for (const origin of origins) parent.postMessage({ type: "referral-height", height }, origin);
  };
  new ResizeObserver(send).observe(document.documentElement);
})();
