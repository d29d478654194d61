// The tree of a campaign on a canvas: zoom and pan by pointer, wheel and keys, and the film over its days. Without this script the page
// has the picture and the tables. The data are the order of the people, how many each brought, their angle and their day.
(() => {
  document.documentElement.classList.add("script");
  const box = document.querySelector("[data-tree]");
  if (!box) return;
  const film = document.querySelector("[data-film]");
  const slider = film.querySelector("[data-day]"), said = film.querySelector("[data-said]"), play = film.querySelector("[data-play]");
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  const perDayMs = 150, most = 40;
  let tree, scale = 1, left = 0, top = 0, timer = 0;

  function places(data) {
    const parents = new Int32Array(data.children.length).fill(-1);
    let next = data.roots;
    data.children.forEach((count, index) => { for (let child = 0; child < count; child += 1) parents[next++] = index; });
    const degree = new Int32Array(parents.length);
    parents.forEach((parent, index) => { degree[index] = parent < 0 ? 1 : degree[parent] + 1; });
    const rings = degree.reduce((largest, one) => Math.max(largest, one), 1);
    const x = new Float32Array(parents.length), y = new Float32Array(parents.length);
    data.angles.forEach((angle, index) => {
      const turn = 2 * Math.PI * angle / 10000, radius = 0.485 * degree[index] / rings;
      x[index] = 0.5 + radius * Math.sin(turn);
      y[index] = 0.5 - radius * Math.cos(turn);
    });
    return { parents, x, y, on: data.on, first: Date.parse(data.first), days: data.days };
  }

  function draw() {
    const size = box.clientWidth, ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(size * ratio)) canvas.width = canvas.height = Math.round(size * ratio);
    const style = getComputedStyle(document.documentElement), day = Number(slider.value);
    const colour = (name) => style.getPropertyValue(name).trim();
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, size, size);
    const at = (value, offset) => value * size * scale + offset;
    pen.strokeStyle = isDark.matches ? "#5c4f48" : "#c9b8ad";
    pen.lineWidth = 1;
    pen.beginPath();
    tree.parents.forEach((parent, index) => {
      if (tree.on[index] > day) return;
      pen.moveTo(at(tree.x[index], left), at(tree.y[index], top));
      pen.lineTo(at(parent < 0 ? 0.5 : tree.x[parent], left), at(parent < 0 ? 0.5 : tree.y[parent], top));
    });
    pen.stroke();
    const radius = Math.min(6, (tree.on.length > 1500 ? 1.2 : tree.on.length > 300 ? 1.8 : 3.2) * Math.sqrt(scale));
    for (const isNew of [false, true]) {
      pen.fillStyle = colour(isNew ? "--series-2" : "--series-1");
      pen.beginPath();
      tree.on.forEach((came, index) => {
        if (came > day || (came === day && day < tree.days - 1) !== isNew) return;
        const x = at(tree.x[index], left), y = at(tree.y[index], top), own = isNew ? radius * 1.6 : radius;
        pen.moveTo(x + own, y);
        pen.arc(x, y, own, 0, 2 * Math.PI);
      });
      pen.fill();
    }
  }

  const dates = new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", day: "numeric", timeZone: "UTC" });
  const numbers = new Intl.NumberFormat(document.documentElement.lang);

  function say() {
    const day = Number(slider.value), text = dates.format(tree.first + day * 86400000);
    const people = tree.on.reduce((sum, came, index) => sum + (came <= day && tree.parents[index] >= 0 ? 1 : 0), 0);
    said.textContent = said.dataset.text.replace("{day}", text).replace("{people}", numbers.format(people));
    slider.setAttribute("aria-valuetext", said.textContent);
  }

  function zoom(by, x = box.clientWidth / 2, y = box.clientWidth / 2) {
    const next = by ? Math.min(most, Math.max(1, scale * by)) : 1;
    left = by ? x - (x - left) * next / scale : 0;
    top = by ? y - (y - top) * next / scale : 0;
    scale = next;
    move(0, 0);
  }

  function move(x, y) {
    const room = box.clientWidth * (1 - scale);
    left = Math.max(room, Math.min(0, left + x));
    top = Math.max(room, Math.min(0, top + y));
    draw();
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = play.dataset.start;
    said.removeAttribute("aria-live");
  }

  function start() {
    if (Number(slider.value) >= tree.days - 1) slider.value = 0;
    play.textContent = play.dataset.stop;
    said.setAttribute("aria-live", "off"); // sixty announcements in nine seconds help no one
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      say();
      draw();
      if (Number(slider.value) >= tree.days - 1) stop();
    }, perDayMs);
  }

  function listen() {
    const pointers = new Map();
    canvas.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, event); canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      pointers.set(event.pointerId, event);
      if (pointers.size === 1) move(event.clientX - before.clientX, event.clientY - before.clientY);
      if (pointers.size !== 2) return;
      const [other] = [...pointers.values()].filter((one) => one.pointerId !== event.pointerId);
      const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      const edge = box.getBoundingClientRect();
      zoom(far(event) / far(before), (event.clientX + other.clientX) / 2 - edge.left, (event.clientY + other.clientY) / 2 - edge.top);
    });
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => pointers.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && scale === 1) return; // scrolls the page until someone has zoomed
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.offsetX, event.offsetY);
    }, { passive: false });
    box.addEventListener("keydown", (event) => {
      const step = 40;
      const act = {
        "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": () => zoom(0),
        ArrowLeft: () => move(step, 0), ArrowRight: () => move(-step, 0), ArrowUp: () => move(0, step), ArrowDown: () => move(0, -step),
      }[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey || (event.key.startsWith("Arrow") && scale === 1)) return;
      event.preventDefault();
      act();
    });
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
    play.dataset.start = play.textContent;
    if (isStill) play.remove(); // the slider shows the same, without motion
    play.addEventListener("click", () => (timer ? stop() : start()));
    slider.addEventListener("input", () => { if (timer) stop(); say(); draw(); });
    isDark.addEventListener("change", draw);
    new ResizeObserver(() => move(0, 0)).observe(box);
  }

  fetch(box.dataset.tree).then((response) => (response.ok ? response.json() : Promise.reject())).then((data) => {
    tree = places(data);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", box.dataset.alt);
    box.replaceChildren(canvas);
    listen();
    say();
    draw();
  }).catch(() => {
    box.replaceChildren(Object.assign(new Image(), { src: box.dataset.picture, alt: box.dataset.alt }));
    for (const part of document.querySelectorAll(".script-only")) part.remove();
  });
})();
