// The page around the charts: its colours, its tables, and which runs are shown.

/** Light or dark as the system says, until the reader says something else. */
function startTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  // Where a page of a file may keep nothing, the choice is forgotten with it.
  const kept = (act) => { try { return act(localStorage); } catch { return null; } };
  let chosen = kept((store) => store.getItem("barenet-theme"));
  const show = () => {
    const isDark = chosen ? chosen === "dark" : system.matches;
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    button.textContent = isDark ? "Light colours" : "Dark colours";
  };
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    kept((store) => store.setItem("barenet-theme", chosen));
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();
}

/** Puts the rows of a table in the order of a column, and the other way round. */
function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = html("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const isDown = head.getAttribute("aria-sort") === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isDown ? "ascending" : "descending");
      const sign = isDown ? 1 : -1;
      const key = (row) => row.cells[column].dataset.sort ?? null;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x !== null && y !== null) return sign * (Number(x) - Number(y));
        // What has no number comes last.
        if (x !== null || y !== null) return x === null ? 1 : -1;
        return sign * a.cells[column].textContent.localeCompare(b.cells[column].textContent, undefined, { numeric: true });
      });
      table.tBodies[0].append(...rows);
    });
  });
}

/** Boxes that say of which runs the curves are shown. */
function startChoice(charts) {
  const choice = document.getElementById("choice");
  if (!choice) return;
  choice.querySelectorAll(".swatch").forEach((place) => place.append(swatch(Number(place.dataset.run))));
  const boxes = [...choice.querySelectorAll("input")];
  const update = () => {
    const hidden = boxes.filter((box) => !box.checked).map((box) => Number(box.dataset.run));
    for (const chart of charts.filter((chart) => chart.data.series.some((series) => series.run !== undefined))) {
      chart.hidden = new Set(hidden);
      if (chart.image) chart.draw();
    }
  };
  if (boxes.length > 3) {
    const tools = html("div", { class: "tools" });
    for (const [text, isChecked] of [["Show all", true], ["Show none", false]]) {
      const button = html("button", { type: "button" }, text);
      button.addEventListener("click", () => { boxes.forEach((box) => { box.checked = isChecked; }); update(); });
      tools.append(button);
    }
    choice.querySelector("legend").after(tools);
  }
  choice.addEventListener("change", update);
  update();
}

startTheme();
document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
const charts = [...document.querySelectorAll("figure[data-chart]")].map((figure) => {
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  return new Chart(figure, data);
});
startChoice(charts);
charts.forEach((chart) => chart.build());
