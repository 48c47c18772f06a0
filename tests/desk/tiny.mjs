// The tiny desk: what it shows, what its `wmill` module does, and what the session is in the browser.
import { axe, visit } from './browser.mjs';

await visit(async ({ page, context }) => {
  await page.waitForFunction(() => document.querySelector('p')?.textContent !== '...');
  const [cookie] = await context.cookies();
  return {
    address: page.url(),
    title: await page.title(),
    text: await page.innerText('p'),
    tags: await page.locator('p *').count(),
    color: await page.locator('h1').evaluate((one) => getComputedStyle(one).color),
    script: await page.evaluate(() => document.cookie),
    cookie: cookie && { httpOnly: cookie.httpOnly, sameSite: cookie.sameSite, path: cookie.path },
    axe: await axe(page),
    wmill: await page.evaluate(async () => {
      const { backend, backendAsync, getJob, streamJob, waitJob } = globalThis.wmill;
      const told = async (promise) => promise.catch((error) => `${error.name}: ${error.message}`);
      const good = await told(backendAsync.greet({ name: 'Kim' }));
      const bad = await told(backendAsync.greet({ name: 'nobody' }));
      return {
        waited: await told(waitJob(good)),
        job: await told(getJob(good)),
        streamed: await told(streamJob(good)),
        failed: await told(waitJob(bad)),
        failure: (await told(getJob(bad))).result,
        unknown: await told(backend.other({})),
        secret: await told(backend.greet({ name: '$var:f/customers/key' })),
      };
    }),
  };
});
