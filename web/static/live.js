// Keeps a page as fresh as the chain: on each new head it asks for itself again and swaps in what has changed.
// The server alone knows how things look, so there is one rendering of everything, and it is escaped in one place.

import { followHeads } from "/web/rpc.js";

const MOST_OFTEN_MS = 900;
const SLOWLY_MS = 3000; // stages move without a new head when L1 does
let timer = null;
let asking = false;
let askedAt = 0;

/** What a region said when it was drawn, but for ages, which go on by themselves. */
const drawn = new Map();
const content = (element) => element.innerHTML.replace(/>([^<]* ago|now)</g, "><");
for (const region of document.querySelectorAll("[data-swap]")) drawn.set(region.id, content(region));

function swap(old, fresh) {
  const text = content(fresh);
  if (drawn.get(old.id) === text) return;
  drawn.set(old.id, text);
  const known = new Set([...old.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const focused = active?.getAttribute("href") ?? null;
  const claim = active?.dataset.claim;
  const id = active?.id;
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  old.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
  if (known.size) {
    for (const row of old.querySelectorAll("[data-key]")) if (!known.has(row.dataset.key)) row.classList.add("fresh");
  }
  old.querySelectorAll("details").forEach((details, index) => (details.open = open[index] ?? details.open));
  if (claim) old.querySelector(`[data-claim="${CSS.escape(claim)}"]`)?.focus();
  if (id) document.getElementById(id)?.focus();
  if (focused !== null) [...old.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
}

async function refresh() {
  if (asking || document.hidden) return;
  asking = true;
  askedAt = Date.now();
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const old of document.querySelectorAll("[data-swap]")) {
      const found = fresh.getElementById(old.id);
      if (found) swap(old, found);
    }
    document.dispatchEvent(new CustomEvent("swapped"));
  } catch {
    // The connection's own notice says that the node is gone.
  } finally {
    asking = false;
  }
}

export function soon() {
  if (timer !== null) return;
  timer = setTimeout(() => { timer = null; refresh(); }, Math.max(0, askedAt + MOST_OFTEN_MS - Date.now()));
}

function showConnection(stands) {
  const notice = document.getElementById("offline");
  document.getElementById("pulse").hidden = !stands;
  notice.hidden = stands;
  notice.textContent = stands ? "" : "The node does not answer. This page goes on when it does.";
}

function ages() {
  const now = Date.now() / 1000;
  for (const time of document.querySelectorAll("time[data-seconds]")) {
    const seconds = Math.floor(now - Number(time.dataset.seconds));
    const [length, unit] = [[86400, "d"], [3600, "h"], [60, "min"]].find(([length]) => seconds >= 2 * length) ?? [1, "s"];
    const text = seconds < 2 ? "now" : `${Math.floor(seconds / length)} ${unit} ago`;
    if (time.textContent !== text) time.textContent = text;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: button.dataset.copy });
    document.body.append(field);
    field.select();
    document.execCommand("copy"); // where the page is not a secure context
    field.remove();
    button.focus();
  }
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1500);
});

document.addEventListener("visibilitychange", soon);
setInterval(ages, 1000);
if (document.body.dataset.live === "yes") {
  followHeads(soon, showConnection);
  setInterval(soon, SLOWLY_MS);
}
