// The growth page: the chart that can be read off point by point is loaded when someone points at it or focuses it. Without this
// script the drawn chart and the table behind it say the same.
(() => {
  const root = document.currentScript.src.replace(/[^/]*$/, "");
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let loading;

  function load() {
    loading ??= new Promise((done, failed) => {
      const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${root}uplot.css` });
      const script = Object.assign(document.createElement("script"), { src: `${root}uplot.js`, onload: done, onerror: failed });
      document.head.append(style, script);
    });
    return loading;
  }

  function numbers(table) {
    const rows = [...table.tBodies[0].rows];
    const days = rows.map((row) => Date.parse(row.cells[0].dataset.day) / 1000);
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const series = names.slice(1).map((_, number) => rows.map((row) => Number(row.cells[number + 1].dataset.value)));
    return { days, names, series, labels: rows.map((row) => row.cells[0].textContent) };
  }

  async function enhance(chart) {
    if (chart.dataset.ready) return;
    chart.dataset.ready = "1";
    const drawn = chart.querySelector("svg");
    try { await load(); } catch { return; }
    const { days, names, series, labels } = numbers(chart.parentElement.querySelector("[data-points]"));
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const dates = new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", day: "numeric", timeZone: "UTC" });
    const plot = new uPlot({
      width: chart.clientWidth,
      height: Math.max(200, Math.round(chart.clientWidth * 260 / 720)),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      scales: { y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
      axes: [{ ...axis, values: (_, ticks) => ticks.map((at) => dates.format(at * 1000)) }, { ...axis, size: 48 }],
      series: [
        { label: names[0], value: (_, __, ___, index) => (index === null ? "–" : labels[index]) },
        ...series.map((_, number) => ({
          label: names[number + 1], stroke: colour(`--series-${(number % 2) + 1}`), width: number < 2 ? 2.5 : 1.25,
          dash: [undefined, [6, 5], [2, 4], [2, 4]][number],
        })),
      ],
    }, [days, ...series], chart);
    drawn.remove();
    plot.root.setAttribute("aria-hidden", "true"); // the table says the same
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const index = Math.min(days.length - 1, Math.max(0, (plot.cursor.idx ?? days.length) + step));
      plot.setCursor({ left: plot.valToPos(days[index], "x"), top: 10 });
      said.textContent = [labels[index], ...series.map((values, number) => `${names[number + 1]} ${values[index]}`)].join(", ");
    });
    const said = Object.assign(document.createElement("p"), { className: "hidden" });
    said.setAttribute("role", "status");
    chart.append(said);
    new ResizeObserver(() => plot.setSize({ width: chart.clientWidth, height: plot.height })).observe(chart);
  }

  function prepare(within) {
    for (const chart of within.querySelectorAll("[data-chart]")) {
      for (const kind of ["pointerenter", "focusin"]) chart.addEventListener(kind, () => enhance(chart), { once: true });
    }
  }

  document.addEventListener("live:changed", (event) => {
    prepare(event.target);
    if (isStill) return;
    event.target.classList.add("fresh");
    setTimeout(() => event.target.classList.remove("fresh"), 900);
  });
  prepare(document);
})();
