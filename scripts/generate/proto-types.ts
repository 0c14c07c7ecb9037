import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOADER_OPTIONS } from '../../src/rpc/loader-options.ts';
import type { GeneratedTree } from './tree.ts';
import { listFiles } from './tree.ts';

const PROTO_FILES = ['csi/v1/csi.proto', 'stowage/agent/v1/agent.proto'];
const OUTPUT = 'src/gen';
const DEADLINE_MS = 60_000;

/** The TypeScript types of the .proto files, by proto-loader's own generator. */
export async function generateProtoTypes(root: string): Promise<GeneratedTree> {
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'stowage-generate-'));
  // Relative paths, because the generator writes them into its output.
  await promisify(execFile)(
    join(root, 'node_modules/.bin/proto-loader-gen-types'),
    [...loaderFlags(), '--includeDirs=proto', `--outDir=${scratch.path}`, ...PROTO_FILES],
    { cwd: root, timeout: DEADLINE_MS },
  );
  const files = new Map<string, string>();
  for (const path of await listFiles(scratch.path, '.')) {
    const text = await readFile(join(scratch.path, path), 'utf8');
    files.set(join(OUTPUT, path), text.replaceAll(`${root}/`, ''));
  }
  return { files, owned: [OUTPUT] };
}

function loaderFlags(): readonly string[] {
  return [
    `--longs=${LOADER_OPTIONS.longs.name}`,
    `--enums=${LOADER_OPTIONS.enums.name}`,
    `--defaults=${LOADER_OPTIONS.defaults}`,
    `--oneofs=${LOADER_OPTIONS.oneofs}`,
    '--grpcLib=@grpc/grpc-js',
    '--targetFileExtension=.ts',
    '--importFileExtension=.ts',
  ];
}
