// Small plots of the node's samples, with the value under the pointer.

const NAMESPACE = "http://www.w3.org/2000/svg";
const WIDTH = 200;
const HEIGHT = 56;
let samples = { at: [] };

const draw = (name, attributes) => {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

function plot(svg) {
  const values = samples[svg.dataset.plot] ?? [];
  const points = values.map((value, index) => [index, value]).filter(([, value]) => value !== null);
  if (points.length < 2) return svg.replaceChildren();
  const most = Math.max(...points.map(([, value]) => value));
  const least = Math.min(...points.map(([, value]) => value), ["batcher_ether", "proposer_ether", "unsafe"].includes(svg.dataset.plot) ? Infinity : 0);
  const x = (index) => (index / (values.length - 1)) * WIDTH;
  const y = (value) => HEIGHT - 3 - ((value - least) / (most - least || 1)) * (HEIGHT - 8);
  const path = points.map(([index, value], i) => `${i ? "L" : "M"}${x(index).toFixed(2)} ${y(value).toFixed(2)}`).join("");
  svg.replaceChildren(
    draw("path", { class: "area", d: `${path}L${x(points.at(-1)[0]).toFixed(2)} ${HEIGHT}L${x(points[0][0]).toFixed(2)} ${HEIGHT}Z` }),
    draw("path", { d: path }),
  );
}

function hover(svg, event) {
  const values = samples[svg.dataset.plot] ?? [];
  const box = svg.getBoundingClientRect();
  const index = Math.round(((event.clientX - box.left) / box.width) * (values.length - 1));
  const value = values[index];
  if (value === undefined || value === null) return;
  svg.querySelector("line")?.remove();
  const x = (index / Math.max(1, values.length - 1)) * WIDTH;
  svg.append(draw("line", { x1: x, x2: x, y1: 0, y2: HEIGHT }));
  const seconds = Math.max(0, Math.round(Date.now() / 1000 - samples.at[index]));
  const ago = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  const readout = document.getElementById(svg.dataset.note.replace("-note", "-readout"));
  readout.textContent = `${value.toLocaleString("en", { maximumFractionDigits: 4 })} ${svg.dataset.unit}, ${ago} ago`;
  showReadout(svg, true);
}

function leave(svg) {
  svg.querySelector("line")?.remove();
  showReadout(svg, false);
}

function showReadout(svg, shows) {
  document.getElementById(svg.dataset.note).hidden = shows;
  document.getElementById(svg.dataset.note.replace("-note", "-readout")).hidden = !shows;
}

async function refresh() {
  if (document.hidden) return;
  try {
    const response = await fetch("/dashboard/samples");
    if (response.ok) samples = await response.json();
  } catch {
    return; // the page's own notice says that the node is gone
  }
  document.querySelectorAll("[data-plot]").forEach(plot);
}

for (const svg of document.querySelectorAll("[data-plot]")) {
  svg.addEventListener("pointermove", (event) => hover(svg, event));
  svg.addEventListener("pointerleave", () => leave(svg));
}
refresh();
setInterval(refresh, 2000);
