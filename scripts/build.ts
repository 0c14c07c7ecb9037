/**
 * `make build`: the bundle for production in dist/, which needs nothing but Node.js beside it. Chunks that only some commands need stay
 * on disk until they are imported.
 */
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
/** Below dist/; what `make image` makes from the bundle stays. */
const IMAGES = 'image';

/** What went into which chunk, for the tests; not a part of the bundle. */
const METAFILE = join(ROOT, '.cache/bundle.json');

/** Programs of the bundle. Workers and helpers are started by their file names, which src/host knows. */
const ENTRIES = {
  stowage: 'src/main/cli.ts',
  'syscall-worker': 'src/host/syscalls/worker.ts',
  'freeze-helper': 'src/host/freeze-helper.ts',
  'pool-worker': 'src/main/pool-worker.ts',
};

/** The parts of koffi that are used at run time; it finds its native module relative to itself, so it is not bundled. The bundle is for the processor that makes it. */
const NATIVE_FILES = [
  'koffi/package.json',
  'koffi/LICENSE.txt',
  'koffi/index.js',
  'koffi/src/koffi/index.js',
  'koffi/src/koffi/src/static.js',
  `@koromix/koffi-linux-${process.arch}/package.json`,
  `@koromix/koffi-linux-${process.arch}/index.js`,
  `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
];

for (const name of await readdir(DIST).catch(() => [])) {
  if (name !== IMAGES) await rm(join(DIST, name), { recursive: true });
}
const version = (await readFile(join(ROOT, '.nvmrc'), 'utf8')).trim();
const { metafile } = await build({
  metafile: true,
  absWorkingDir: ROOT,
  entryPoints: ENTRIES,
  outdir: DIST,
  // All beside each other: a chunk looks for workers where it is itself.
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: `node${version}`,
  minify: true,
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  external: ['koffi'],
  // CommonJS dependencies ask for Node.js's own modules with require.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
await mkdir(dirname(METAFILE), { recursive: true });
await writeFile(METAFILE, JSON.stringify(metafile));
await chmod(join(DIST, 'stowage.js'), 0o755);
for (const file of NATIVE_FILES) {
  const target = join(DIST, 'node_modules', file);
  await mkdir(dirname(target), { recursive: true });
  await cp(join(ROOT, 'node_modules', file), target);
}
await cp(join(ROOT, 'proto'), join(DIST, 'proto'), { recursive: true });
console.log(
  `Built ${Object.keys(ENTRIES)
    .map((name) => `dist/${name}.js`)
    .join(', ')}.`,
);
