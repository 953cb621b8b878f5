// Draws the figures, links their legends, switches the unit of the steps axis, fits them to paper.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const lang = document.documentElement.lang;
  const plots = [...document.querySelectorAll(".plot > div")];
  const all = (selector) => document.querySelectorAll(selector);
  Plotly.register({ moduleType: "locale", name: lang, dictionary: read("ladera-words"), format: {} });

  for (const plot of plots) {
    const figure = read(`${plot.id}-data`);
    figure.layout.showlegend = false; // the page has its own, for the keyboard and for both figures
    Plotly.newPlot(plot, figure.data, figure.layout, {
      responsive: true,
      displaylogo: false,
      locale: lang,
      modeBarButtons: [["toImage", "resetScale2d"]],
      toImageButtonOptions: { filename: plot.id, scale: 3 },
    });
  }

  // legend: a button shows or hides its optimizer in every figure
  for (const button of all(".legend button")) {
    button.addEventListener("click", () => {
      const visible = button.getAttribute("aria-pressed") !== "true";
      for (const twin of all(".legend button")) {
        if (twin.dataset.name === button.dataset.name) twin.setAttribute("aria-pressed", visible);
      }
      for (const plot of plots) {
        const own = plot.data.flatMap((trace, k) => (trace.legendgroup === button.dataset.name ? [k] : []));
        if (own.length) Plotly.restyle(plot, { visible }, own);
      }
    });
  }

  // unit of the steps axis: every trace says in `meta` what a step costs
  for (const button of all(".units button")) {
    const plot = document.getElementById(button.parentElement.dataset.plot);
    const steps = plot.data.map((trace) => trace.x);
    button.addEventListener("click", () => {
      for (const other of button.parentElement.querySelectorAll("button")) {
        other.setAttribute("aria-pressed", other === button);
      }
      const unit = button.dataset.unit;
      const x = plot.data.map((trace, k) =>
        steps[k].map((value) => (value === null || !(unit in trace.meta) ? null : value * trace.meta[unit])),
      );
      const layout = { "xaxis.autorange": true };
      for (const name of Object.keys(plot.layout)) {
        if (/^xaxis/.test(name) && plot.layout[name].title?.text) layout[`${name}.title.text`] = button.textContent.trim();
      }
      Plotly.update(plot, { x }, layout);
    });
  }

  addEventListener("beforeprint", () => plots.forEach((plot) => Plotly.relayout(plot, { autosize: false, width: 690 })));
  addEventListener("afterprint", () => plots.forEach((plot) => Plotly.relayout(plot, { autosize: true, width: null })));
})();
