// The browser that the tests drive: its binary ships in an npm package, so nothing is downloaded at run time.

import { createRequire } from "node:module";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

process.env.AWS_LAMBDA_JS_RUNTIME ??= "nodejs20.x"; // else it unpacks no libraries of its own
const require = createRequire(import.meta.url);
const { default: packaged } = await import("@sparticuz/chromium");
const { chromium } = require("playwright-core");

/** A running browser; close it. Without --disable-web-security, so that its policies hold. */
export async function launch() {
  const executablePath = await packaged.executablePath();
  useSystemFonts();
  // --single-process is for places that cannot fork; it dies with its first page.
  const args = packaged.args.filter((flag) => !["--disable-web-security", "--single-process"].includes(flag));
  return chromium.launch({ executablePath, args: [...args, "--disable-quic", "--disable-background-networking"], headless: true });
}

/** The packaged fonts have no monospace one; use the machine's beside them, where there are any. */
function useSystemFonts() {
  if (!existsSync("/usr/share/fonts")) return;
  const folder = mkdtempSync(join(tmpdir(), "fonts-"));
  writeFileSync(join(folder, "fonts.conf"), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>/usr/share/fonts</dir><dir>${process.env.FONTCONFIG_PATH ?? "/tmp/fonts"}</dir><cachedir>${folder}</cachedir>
<alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias></fontconfig>`);
  process.env.FONTCONFIG_FILE = join(folder, "fonts.conf");
}

/** The least contrast of text on what is behind it, of everything that can be seen, as the browser computes colours. */
export function leastContrast(page) {
  return page.evaluate(() => {
    const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    let least = { ratio: 99 };
    for (const element of document.querySelectorAll("main *, header *, footer *, .state *")) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      // Of a button that cannot be pressed, and of a picture's letters, other rules hold.
      if (!own || !element.checkVisibility() || element.closest(".unseen, svg, [disabled]")) continue;
      const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < least.ratio) least = { ratio, text: element.textContent.trim().slice(0, 40), name: element.className };
    }
    return least;
  });
}
