// A Chromium for all visits of a test run. Prints the address that they connect to; ends with its standard input.
import { chromium } from 'playwright-core';

const server = await chromium.launchServer({
  executablePath: process.env.BROWSER,
  headless: true,
  host: '127.0.0.1',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
});
console.log(server.wsEndpoint());
process.stdin.on('end', () => server.close()).resume();
