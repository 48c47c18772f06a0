// One visit to the import desk in a Chromium. A script of a test hands over what it does there:
//
//     import { visit } from './browser.mjs';
//     await visit(async ({ page, facts }) => { ...; return seen; });
//
// and `Site.visit` of visiting.py runs it. `facts` are what the test says beside the address; `await ask('name')` has
// the test do something meanwhile, and resolves with its answer. Printed as JSON: what was returned as `seen`;
// `complaints` of the console and of the page's own policy; `strangers`, the other hosts asked.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const { BROWSER, ADDRESS, FACTS, SHOTS } = process.env;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const complaints = [];
const strangers = new Set();

/** Returns what axe finds wrong on the page as it is: rule, how bad, and where. */
export async function axe(page) {
  await page.evaluate(readFileSync(AXE, 'utf8')); // by the debugger: the page's policy forbids scripts from elsewhere
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map((node) => node.target.join(' ')) }));
}

/** Has the test do what it calls by this name, and resolves with what that returns. */
export async function ask(name) {
  console.log(JSON.stringify({ ask: name }));
  return JSON.parse((await answers.next()).value);
}

/** Keeps a picture of the page where SHOTS names a folder: for whoever works on the page. */
export async function shot(page, name) {
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
}

/** Opens a window of a person's own: its session and its storage are no other's. */
export async function open(browser, facts, address = ADDRESS) {
  const context = await browser.newContext({
    colorScheme: facts.scheme ?? 'light',
    viewport: { width: facts.width ?? 1280, height: facts.height ?? 800 },
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.host !== new URL(ADDRESS).host) strangers.add(url.host);
  });
  await page.goto(address);
  return { page, context };
}

export async function visit(work) {
  const facts = JSON.parse(FACTS);
  const browser = await chromium.connect(BROWSER);
  const { page, context } = await open(browser, facts);
  try {
    const seen = await work({ page, context, browser, facts });
    console.log(JSON.stringify({ seen: seen ?? null, complaints, strangers: [...strangers] }));
  } catch (error) {
    await shot(page, 'failed');
    throw error;
  } finally {
    await browser.close(); // of a browser that others use, too, this closes what was opened here
  }
  process.exit(); // no answer of the test is waited for
}
