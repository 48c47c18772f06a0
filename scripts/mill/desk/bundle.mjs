// Bundles a raw app as `wmill sync push` does, with `mill`'s module in place of Windmill's. Reads what to do as JSON
// from standard input, writes bundle.js and bundle.css, and says as JSON what is wrong with the sources.
import { readFileSync } from 'node:fs';

const { entry, outfile, wmill, nodePaths } = JSON.parse(readFileSync(0, 'utf8'));

let esbuild;
try {
  esbuild = await import('esbuild');
} catch {
  console.log(JSON.stringify({ missing: 'esbuild' }));
  process.exit(0);
}

const virtual = {
  name: 'wmill',
  setup(build) {
    build.onResolve({ filter: /^(\.\.\/)+wmill(\.ts)?$|^(\.\/|\/)?wmill(\.ts)?$/ }, () => ({ path: wmill }));
  },
};

try {
  await esbuild.build({
    entryPoints: [entry],
    outfile,
    nodePaths,
    plugins: [virtual],
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2020',
    jsx: 'automatic',
    conditions: ['style', 'module'],
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'silent',
  });
  console.log('{}');
} catch (error) {
  const errors = error.errors
    ? await esbuild.formatMessages(error.errors, { kind: 'error', color: false })
    : [String(error)];
  console.log(JSON.stringify({ errors }));
} finally {
  await esbuild.stop();
}
