// Bundles the page with what stands in for the server, and serves it as `mill serve` does, with its policy.
// Prints the address; ends with its standard input.
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const app = path.resolve(here, '../../../f/customers/import_desk__raw_app');
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PAGE =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Import desk</title>' +
  '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">' +
  '<link rel="stylesheet" href="/index.css"></head><body><div id="root"></div><script src="/index.js"></script></body></html>';

const virtual = {
  name: 'wmill',
  setup(it) {
    it.onResolve({ filter: /^\.\/wmill$/ }, () => ({ path: path.join(here, 'wmill.ts') }));
  },
};
const { outputFiles } = await build({
  entryPoints: [path.join(app, 'index.tsx')],
  bundle: true,
  minify: true,
  jsx: 'automatic',
  format: 'iife',
  target: 'es2020',
  outdir: '/',
  write: false,
  plugins: [virtual],
});
const files = new Map(outputFiles.map((file) => [path.basename(file.path), file.contents]));
const TYPES = { js: 'text/javascript', css: 'text/css' };

const server = http.createServer((request, response) => {
  const name = new URL(request.url, 'http://desk').pathname.slice(1);
  const content = name ? files.get(name) : PAGE;
  response.writeHead(content ? 200 : 404, {
    'Content-Type': `${TYPES[name.split('.').at(-1)] ?? 'text/html'}; charset=utf-8`,
    'Content-Security-Policy': POLICY,
  });
  response.end(content);
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
process.stdin.on('end', () => process.exit(0)).resume();
