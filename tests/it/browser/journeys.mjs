// What people do, from beginning to end, in a real browser: with and without JavaScript, at the width of
// a desk and of a telephone.
//
//   node journeys.mjs PLAN.json
//
// The plan: {"chromium": PATH, "screenshots": FOLDER, "url": URL, "people": {NAME: {"sign_in", "initial"}}}.
// The report, on standard output: [{"journey", "fault"}], a fault for each that did not come to its end.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import * as refer from './refer.mjs';

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
mkdirSync(plan.screenshots, { recursive: true });
const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 375, height: 812 } };
// Milliseconds for one thing to happen, and for a whole journey.
const WAIT = 15_000;
const WHOLE = 120_000;

export function must(holds, what) {
  if (!holds) throw new Error(what);
}

// Somebody at a browser of their own.
export class Person {
  constructor(browser, name, { size = 'desk', script = true } = {}) {
    Object.assign(this, { browser, name, size, script, pages: 0, answers: 0 });
  }

  async comes() {
    this.context = await this.browser.newContext({
      javaScriptEnabled: this.script, viewport: SIZES[this.size], locale: 'en-GB',
    });
    this.context.setDefaultTimeout(WAIT);
    this.page = await this.context.newPage();
    return this;
  }

  async opens(path) {
    const answer = await this.page.goto(plan.url + path);
    return answer.status();
  }

  path() {
    return this.page.url().slice(plan.url.length);
  }

  async fills(answers) {
    for (const [id, value] of Object.entries(answers)) {
      await this.page.fill(`#${id}`, value);
      this.answers += 1;
    }
  }

  async chooses(...ids) {
    for (const id of ids) {
      await this.page.check(`#${id}`);
      this.answers += 1;
    }
  }

  // Presses a button, and is on the next page.
  async presses(text) {
    this.pages += 1;
    const button = this.page.getByRole('button', { name: text, exact: true }).first();
    await Promise.all([this.page.waitForEvent('load'), button.click()]);
  }

  async reads() {
    return this.page.locator('main').innerText();
  }

  async keeps(name) {
    const path = join(plan.screenshots, `${name}-${this.size}${this.script ? '' : '-plain'}.png`);
    await this.page.screenshot({ path, fullPage: true });
  }

  // Signs in; the first time sets the account up, and keeps the codes.
  async signsIn(path = '/refer') {
    const account = plan.people[this.name];
    await this.opens(path);
    must(this.path().startsWith('/sign-in'), `asked to sign in, and not at ${this.path()}`);
    await this.fills({ name: account.sign_in, password: account.password ?? account.initial });
    await this.presses('Continue');
    if (!account.password) {
      account.password = `${this.name} lantern pickle orbit`;
      await this.fills({ password: account.password });
      await this.presses('Continue');
      account.codes = await this.page.locator('.fd-codes li').allInnerTexts();
      must(account.codes.length === 10, `ten codes: ${account.codes.length}`);
      await this.keeps('codes');
      await this.page.getByRole('button', { name: 'I have printed them' }).click();
      await this.page.waitForURL(`**${path}`);
      return;
    }
    await this.fills({ code: account.codes.shift() });
    await this.presses('Sign in');
    must(this.path() === path, `comes back to ${path}, and not to ${this.path()}`);
  }

  async leaves() {
    await this.context.close();
  }
}

const only = process.env.JOURNEY;
const browser = await chromium.launch({
  executablePath: plan.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-first-run'],
});
const report = [];
try {
  // One after the other: they are the same few people.
  for (const [journey, walk] of Object.entries({ ...refer.journeys })) {
    if (only && !journey.includes(only)) continue;
    let timer;
    const late = new Promise((_, stop) => {
      timer = setTimeout(() => stop(new Error(`not within ${WHOLE} ms`)), WHOLE);
    });
    const come = (name, how) => new Person(browser, name, how).comes();
    let fault = null;
    try {
      await Promise.race([walk(come, must), late]);
    } catch (error) {
      fault = error.stack ?? error.message;
    }
    clearTimeout(timer);
    for (const context of browser.contexts()) await context.close();
    report.push({ journey, fault });
  }
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(report));
