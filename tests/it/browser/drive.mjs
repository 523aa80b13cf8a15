// Opens pages in Chromium, each in every view, with and without JavaScript, and says what is wrong.
//
//   node drive.mjs PLAN.json
//
// The plan: {"chromium": PATH, "screenshots": FOLDER, "pages": [{"name", "url", "status", "password"}]}.
// The report, on standard output: [{"page", "view", "script", "bytes", "faults": [TEXT]}].
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

// Pixels of CSS. The narrow one is what a window of 640 pixels shows at a zoom of 200 %.
const VIEWS = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 375, height: 812 },
  narrow: { width: 320, height: 640 },
};
// Where axe looks: its rules see little of a width, and each look takes as long as all else together.
const LOOKED_INTO = { true: ['desktop'], false: ['narrow'] };
// Of which a picture is kept.
const KEPT = { true: ['desktop', 'phone'], false: ['narrow'] };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
// What a page may weigh, with all that it loads, as it comes over the wire.
const MOST_BYTES = 150_000;
// Milliseconds for one page to load, and to be looked at whole.
const WAIT = 15_000;
const WHOLE = 30_000;
const AT_ONCE = 3;

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
mkdirSync(plan.screenshots, { recursive: true });

// Whatever the browser itself says while a page is open. Our pages write nothing to the console, and
// GOV.UK Frontend writes its faults there as plain lines.
function listen(page, wanted, faults) {
  const here = new URL(wanted.url).origin;
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (origin !== here && protocol !== 'data:') faults.push(`asks elsewhere: ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    faults.push(`could not load ${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    if (response.url() !== wanted.url && response.status() >= 400) {
      faults.push(`${response.status()} for ${response.url()}`);
    }
  });
  page.on('pageerror', (error) => faults.push(`script fails: ${error.message}`));
  page.on('console', (message) => {
    // That the page itself is an error page is what was wanted.
    const itself = message.location().url === wanted.url && message.text().startsWith('Failed to load');
    if (!itself) faults.push(`console: ${message.text()}`);
  });
}

async function weigh(page) {
  const session = await page.context().newCDPSession(page);
  const weight = { bytes: 0, session };
  await session.send('Network.enable');
  session.on('Network.loadingFinished', (told) => { weight.bytes += told.encodedDataLength; });
  return weight;
}

// What reaches beyond the width of the window, where the page as a whole then scrolls.
function overflowing() {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const wide = [...document.body.querySelectorAll('*')].filter(
    (element) => element.getBoundingClientRect().right > root.clientWidth + 0.5);
  return wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).concat('the page');
}

// The rules of accessibility that the page breaks. axe waits by timers, which do not run where scripts are
// off. So they are let run once the page stands: what it would have run while loading stays not run.
async function broken(page, session) {
  await session.send('Emulation.setScriptExecutionDisabled', { value: false });
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const { violations } = await window.axe.run(document, {
      runOnly: { type: 'tag', values },
      rules: { 'target-size': { enabled: true } },
      resultTypes: ['violations'],
      preload: false,
    });
    return violations.flatMap(({ id, help, nodes }) => nodes.map(
      (node) => `axe ${id}: ${help}: ${node.html.slice(0, 160)}`));
  }, RULES);
}

// Loads the page once, then looks at it in each view.
async function look(page, weight, wanted, script, seen) {
  const answer = await page.goto(wanted.url, { waitUntil: 'load', timeout: WAIT });
  const enhanced = await page.evaluate(() => document.body.classList.contains('js-enabled'));
  const everywhere = [];
  if (answer.status() !== wanted.status) everywhere.push(`status ${answer.status()}`);
  if (enhanced !== script) everywhere.push(`scripts ${enhanced ? 'run' : 'do not run'}`);
  if (weight.bytes > MOST_BYTES) everywhere.push(`weighs ${weight.bytes} bytes, ${MOST_BYTES} are allowed`);
  for (const [view, size] of Object.entries(VIEWS)) {
    await page.setViewportSize(size);
    const faults = [...everywhere];
    for (const wide of await page.evaluate(overflowing)) faults.push(`scrolls sideways: ${wide}`);
    if (LOOKED_INTO[script].includes(view)) faults.push(...await broken(page, weight.session));
    seen.push({ page: wanted.name, view, script, bytes: weight.bytes, faults });
    if (!KEPT[script].includes(view)) continue;
    const name = `${wanted.name}-${view}${script ? '' : '-without-javascript'}.png`;
    await page.screenshot({ path: join(plan.screenshots, name), fullPage: true });
  }
}

async function visit(browser, wanted, script) {
  const seen = [];
  const faults = [];
  let timer;
  const password = wanted.password;
  const httpCredentials = password ? { username: 'x', password, send: 'always' } : undefined;
  const context = await browser.newContext({ httpCredentials, locale: 'en-GB' });
  try {
    const page = await context.newPage();
    const weight = await weigh(page);
    listen(page, wanted, faults);
    await weight.session.send('Emulation.setScriptExecutionDisabled', { value: !script });
    const late = new Promise((_, stop) => {
      timer = setTimeout(() => stop(new Error(`not within ${WHOLE} ms`)), WHOLE);
    });
    await Promise.race([look(page, weight, wanted, script, seen), late]);
  } catch (error) {
    faults.push(`cannot be looked at: ${error.message}`);
  } finally {
    clearTimeout(timer);
    await context.close();
  }
  if (faults.length > 0) seen.push({ page: wanted.name, view: 'all', script, bytes: 0, faults });
  return seen;
}

const browser = await chromium.launch({
  executablePath: plan.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-first-run'],
});
const todo = plan.pages.flatMap((page) => [true, false].map((script) => [page, script]));
const report = [];
async function work() {
  for (let next = todo.shift(); next; next = todo.shift()) report.push(...await visit(browser, ...next));
}
try {
  await Promise.all(Array.from({ length: AT_ONCE }, work));
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(report));
