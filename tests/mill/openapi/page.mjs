// A reader of the page in a Chromium, in one look (light or dark, as wide as said): prints what was seen, as JSON.
import { chromium } from 'playwright-core';

const { BROWSER, ADDRESS, SCHEME, WIDTH } = process.env;
const browser = await chromium.launch({ executablePath: BROWSER, headless: true, args: ['--no-sandbox', '--disable-gpu'] });

// Runs in the page: each text with too little contrast by WCAG 2.2 (4.5 to 1), as it is painted.
const pale = () => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const bytes = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) =>
    bytes(color).slice(0, 3).map((byte) => byte / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (bytes(color)[3] === 255) return color;
    }
    return 'white';
  };
  const found = new Map();
  const weigh = (element, color) => {
    const [more, less] = [light(color), light(behind(element))].sort((one, other) => other - one);
    const ratio = (more + 0.05) / (less + 0.05);
    if (ratio < 4.5) found.set(`${element.tagName}.${element.className} ${color}`, ratio);
  };
  const kinds = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const kind = `${element.parentElement.tagName} ${element.tagName} ${element.className}`;
    if (!says || kinds.has(kind)) continue;
    kinds.add(kind);
    weigh(element, getComputedStyle(element).color);
  }
  const field = document.querySelector('input');
  weigh(field, getComputedStyle(field, '::placeholder').color);
  return [...found];
};

try {
  const context = await browser.newContext({
    colorScheme: SCHEME,
    viewport: { width: Number(WIDTH), height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(ADDRESS, { timeout: 90_000 }); // the first time the document is made
  const shown = () => page.locator('article:not([hidden])').evaluateAll((all) => all.map((one) => one.id));
  const place = (selector) => page.locator(selector).evaluate((one) => one.getBoundingClientRect().top);
  const result = { complaints, all: (await shown()).length };

  await page.keyboard.press('Tab');
  result.first = await page.evaluate(() => document.activeElement.textContent);
  await page.locator('article summary').first().focus();
  await page.keyboard.press('Enter');
  result.opened = await page.locator('article details').first().evaluate((one) => one.open);

  await page.fill('input', 'GRAPHQL build_query');
  result.narrowed = await shown();
  result.found = await page.innerText('#found');
  await page.locator('article:not([hidden]) summary').first().click();
  await page.locator('article:not([hidden]) button').first().click();
  await page.getByText('Copied').waitFor();
  result.copied = await page.evaluate(() => navigator.clipboard.readText());

  // A folder that the filter hides is shown when it is asked for, and not under the field.
  await page.locator('nav a', { hasText: 'vessels' }).click();
  await page.waitForFunction(() => document.querySelector('input').value === '');
  result.under = (await place('.filter')) + (await page.locator('.filter').evaluate((one) => one.offsetHeight));
  result.heading = await place('#folder-vessels h2');

  await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
  result.wide = await page.evaluate(() => document.documentElement.scrollWidth);
  result.levels = await page.locator('h1, h2, h3, h4').evaluateAll((all) => all.map((one) => Number(one.tagName[1])));
  result.pale = await page.evaluate(pale);
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
}
