import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

const exec = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');

const Metafile = z.object({
  outputs: z.record(
    z.string(),
    z.object({
      entryPoint: z.string().optional(),
      imports: z.array(z.object({ path: z.string(), kind: z.string(), external: z.boolean().optional() })),
      inputs: z.record(z.string(), z.unknown()),
    }),
  ),
});
type Metafile = z.infer<typeof Metafile>;

/** Everything that a program may load: what its chunk imports, now or later, and what the command line imports at once. */
function listInputs({ outputs }: Metafile, entryPoint: string): readonly string[] {
  const find = (source: string): string =>
    Object.entries(outputs).find(([, output]) => output.entryPoint === source)?.[0] ??
    `no chunk of ${source}`;
  const loaded = new Set<string>();
  const load = (path: string, kinds: readonly string[]): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind, external } of outputs[path]?.imports ?? []) {
      if (external !== true && kinds.includes(kind)) load(next, kinds);
    }
  };
  load(find('src/main/cli.ts'), ['import-statement']);
  load(find(entryPoint), ['import-statement', 'dynamic-import', 'require-call']);
  return [...loaded].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
}

describe('the chunks of the bundle', () => {
  let metafile: Metafile;

  beforeAll(async () => {
    await exec(process.execPath, [join(ROOT, 'scripts/build.ts')]);
    metafile = Metafile.parse(JSON.parse(await readFile(join(ROOT, '.cache/bundle.json'), 'utf8')));
  });

  it.each([
    ['src/main/node.ts', 'the client of Kubernetes', /node_modules\/@kubernetes\//],
    ['src/main/node.ts', 'what speaks to Kubernetes', /^src\/k8s\//],
    ['src/main/node.ts', 'a library for certificates', /node_modules\/@peculiar\//],
    ['src/main/node.ts', 'a cloud’s SDK', /node_modules\/(@aws-sdk|@smithy|@azure|@google-cloud)\//],
    ['src/main/agent.ts', 'what speaks to Kubernetes', /^src\/k8s\//],
    ['src/main/controller.ts', 'what has privileges', /^src\/host\//],
  ])('%s does without %s', (entryPoint, _what, unwanted) => {
    const inputs = listInputs(metafile, entryPoint);

    expect(inputs).toContain(entryPoint);
    expect(inputs.filter((input) => unwanted.test(input))).toEqual([]);
  });

  it('can be told apart at all: the controller has what speaks to Kubernetes', () => {
    const inputs = listInputs(metafile, 'src/main/controller.ts');

    expect(inputs.filter((input) => input.startsWith('src/k8s/'))).not.toEqual([]);
  });
});
