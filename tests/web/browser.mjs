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
