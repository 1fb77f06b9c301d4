// Opens the dashboard's link in a browser that is here, and says as JSON what was found: widths that scroll sideways,
// axe-core's findings at each width and theme, requests to other addresses, and whether the link works twice.
//
// node look_at_page.mjs MODULES BROWSER LINK [FOLDER for screenshots]

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const [modules, browserPath, link, folder] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { default: puppeteer } = await import(pathToFileURL(require.resolve("puppeteer-core")));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await puppeteer.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu"] });
const found = { findings: [], sideways: [], elsewhere: [], errors: [] };
try {
  const page = await browser.newPage();
  const origin = new URL(link).origin;
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) found.elsewhere.push(request.url());
  });
  let closed = false; // the last reload is refused, as it should be
  page.on("console", (message) => closed || found.errors.push(message.text()));
  await page.goto(link);
  await page.waitForSelector("h1");
  found.headline = await page.$eval("h1", (node) => node.textContent);
  found.address = page.url();
  await page.keyboard.press("Tab");
  found.firstFocus = await page.evaluate(() => document.activeElement.textContent);

  await page.setBypassCSP(true); // for axe-core: the page lets no script run
  await page.reload();
  for (const width of [390, 1280, 1920]) {
    for (const theme of ["light", "dark"]) {
      await page.setViewport({ width, height: 900 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
      for (const details of await page.$$("details")) await details.evaluate((node) => (node.open = true));
      if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) found.sideways.push(width);
      await page.evaluate(axe);
      const results = await page.evaluate(() => window.axe.run());
      found.rules = results.passes.length;
      for (const { id, impact, nodes } of results.violations) {
        found.findings.push({ id, impact, width, theme, at: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) });
      }
      if (folder) await page.screenshot({ path: `${folder}/${width}-${theme}.png`, fullPage: true });
    }
  }
  await page.setBypassCSP(false);
  const other = await (await browser.createBrowserContext()).newPage();
  await other.goto(link);
  found.secondUse = await other.$eval("h1", (node) => node.textContent);
  closed = true;
  found.afterwards = (await page.reload()).status();
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
