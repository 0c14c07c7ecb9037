import { describe, expect, it } from 'vitest';
import { listLayerViolations, listSiblingViolations } from './layers.ts';
import {
  listComputedImports,
  listDefaultExports,
  listEnvironmentReads,
  listLongFiles,
  listMisnamedFiles,
  listPrivilegeViolations,
} from './rules.ts';
import type { SourceFile } from './source-files.ts';
import { parseImports } from './source-files.ts';

type Rule = (file: SourceFile) => readonly string[];
type Sample = readonly [path: string, text: string];

interface Samples {
  readonly good: readonly Sample[];
  readonly bad: readonly Sample[];
}

/** Holds a rule against samples that it lets pass and samples that it refuses. */
function checkRule(rule: Rule, { good, bad }: Samples): void {
  it.each(good)('lets pass: %s %j', (path, text) => {
    expect(rule({ path, text })).toEqual([]);
  });

  it.each(bad)('refuses: %s %j', (path, text) => {
    expect(rule({ path, text })).toHaveLength(1);
  });
}

describe('parseImports', () => {
  it.each<[string, readonly [string, boolean][]]>([
    [`import { a } from './a.ts';`, [['./a.ts', false]]],
    [`import type { A } from './a.ts';`, [['./a.ts', true]]],
    [`import { type A } from './a.ts';`, [['./a.ts', false]]],
    [`import a, { b } from "a";`, [['a', false]]],
    [`import * as a from 'a';`, [['a', false]]],
    [
      `import {\n  a,\n  b,\n} from './a.ts';\nimport {\n  c,\n} from './c.ts';`,
      [
        ['./a.ts', false],
        ['./c.ts', false],
      ],
    ],
    [`import './effect.ts';`, [['./effect.ts', false]]],
    [`export { a } from './a.ts';`, [['./a.ts', false]]],
    [`export * from './a.ts';`, [['./a.ts', false]]],
    [`export type { A } from './a.ts';`, [['./a.ts', true]]],
    [`const a = await import('./a.ts');`, [['./a.ts', false]]],
    [`const a = require("a");`, [['a', false]]],
    [`const a = await import(name);`, [['<computed>', false]]],
    ['const a = await import(`./${name}.ts`);', [['<computed>', false]]],
    [`import data from './a.json' with { type: 'json' };`, [['./a.json', false]]],
    [`// import { a } from './a.ts';`, []],
    [`/**\n * import { a } from './a.ts';\n * import('./b.ts')\n */\nconst x = 1;`, []],
    [`export const text = 'from';\nexport function f() { return "x from 'y'"; }`, []],
    [`export const a = 1;\nconst sentence = 'taken from "there"';`, []],
    [`const url = import.meta.url;`, []],
  ])('reads %j', (text, expected) => {
    expect(parseImports(text).map(({ specifier, isTypeOnly }) => [specifier, isTypeOnly])).toEqual(expected);
  });
});

describe('imports go down only', () => {
  checkRule(listLayerViolations, {
    good: [
      ['src/main/node.ts', `import { a } from '../csi/node/service.ts';`],
      ['src/csi/identity.ts', `import { a } from '../backends/backend.ts';`],
      ['src/backends/hostpath/node.ts', `import { a } from '../../filestore/records.ts';`],
      ['src/backends/hostpath/node.ts', `import { a } from '../../rpc/status.ts';`],
      ['src/filestore/a.ts', `import { a } from '../host/host.ts';`],
      ['src/filestore/layouts/a.ts', `import { a } from '../records.ts';`],
      ['src/pools/a.ts', `import { a } from '../filestore/records.ts';`],
      ['src/main/cli.ts', `import facts from '../../package.json' with { type: 'json' };`],
      ['src/agent/a.ts', `import { a } from '../filestore/records.ts';`],
      ['src/rpc/server.ts', `import { a } from '../observability/logger.ts';`],
      ['src/observability/a.ts', `import { a } from '../domain/errors.ts';`],
      ['src/k8s/a.ts', `import { a } from '../certificates/certificate.ts';`],
      ['src/rpc/a.ts', `import { a } from '../certificates/certificate.ts';`],
      ['src/domain/ids.ts', `import { a } from '../base/ids.ts';`],
      ['src/rpc/server.ts', `import { a } from 'anything';`],
    ],
    bad: [
      ['src/csi/identity.ts', `import { a } from '../main/config.ts';`],
      ['src/csi/identity.ts', `import type { A } from '../main/config.ts';`],
      ['src/csi/identity.ts', `const a = await import('../main/config.ts');`],
      ['src/backends/hostpath/node.ts', `import { a } from '../../csi/identity.ts';`],
      ['src/filestore/a.ts', `import { a } from '../backends/backend.ts';`],
      ['src/filestore/a.ts', `import { a } from '../pools/registry.ts';`],
      ['src/filestore/a.ts', `import { a } from '../agent/server.ts';`],
      ['src/rpc/server.ts', `export { a } from '../csi/validation/rules.ts';`],
      ['src/rpc/server.ts', `import { a } from '../host/host.ts';`],
      ['src/host/host.ts', `import { a } from '../rpc/status.ts';`],
      ['src/observability/a.ts', `import { a } from '../rpc/status.ts';`],
      ['src/observability/a.ts', `import { a } from '../config/schema.ts';`],
      ['src/certificates/a.ts', `import { a } from '../k8s/secrets.ts';`],
      ['src/k8s/a.ts', `import { a } from '../rpc/tls.ts';`],
      ['src/k8s/a.ts', `import { a } from '../agent/discovery.ts';`],
      ['src/base/a.ts', `import { a } from '../domain/errors.ts';`],
      ['src/domain/a.ts', `import { a } from '../config/schema.ts';`],
      ['src/main/config.ts', `import facts from '../../package.json' with { type: 'json' };`],
      ['src/unheard-of/a.ts', `import { a } from '../base/ids.ts';`],
      ['src/rpc/server.ts', `import { a } from '../../test/support/scratch.ts';`],
    ],
  });
});

describe('no backend knows another one', () => {
  checkRule(listSiblingViolations, {
    good: [
      ['src/backends/hostpath/node.ts', `import { a } from './pools.ts';`],
      ['src/backends/hostpath/node.ts', `import { a } from '../backend.ts';`],
      ['src/backends/hostpath/node.ts', `import { a } from '../file/node/stage.ts';`],
      ['src/backends/file/node/stage.ts', `import { a } from '../stores.ts';`],
      ['src/backends/registry.ts', `import { a } from './hostpath/backend.ts';`],
      ['src/backends/backend.ts', `import { a } from './parameters.ts';`],
    ],
    bad: [
      ['src/backends/hostpath/node.ts', `import { a } from '../nfs/node.ts';`],
      ['src/backends/nfs/node.ts', `import type { A } from '../hostpath/config.ts';`],
      ['src/backends/file/node/stage.ts', `import { a } from '../../hostpath/pools.ts';`],
      ['src/backends/backend.ts', `import { a } from './hostpath/config.ts';`],
      ['src/backends/backend.ts', `import { a } from './file/stores.ts';`],
      ['src/backends/hostpath/node.ts', `import { a } from '../registry.ts';`],
    ],
  });
});

describe('privileged modules stay in their room', () => {
  checkRule(listPrivilegeViolations, {
    good: [
      ['src/host/commands.ts', `import { spawn } from 'node:child_process';`],
      ['src/host/syscalls/libc.ts', `import koffi from 'koffi';`],
      ['src/rpc/server.ts', `import { Server } from '@grpc/grpc-js';`],
      ['src/csi/identity.ts', `import type { status } from '@grpc/grpc-js';`],
      ['src/observability/metrics.ts', `import { Gauge } from 'prom-client';`],
      ['src/k8s/kubeconfig.ts', `const a = await import('@kubernetes/client-node/dist/config.js');`],
      ['src/rpc/server.test.ts', `import { spawn } from 'node:child_process';`],
    ],
    bad: [
      ['src/filestore/a.ts', `import { spawn } from 'node:child_process';`],
      ['src/filestore/a.ts', `import type { ChildProcess } from 'node:child_process';`],
      ['src/main/cli.ts', `const { spawn } = require('child_process');`],
      ['src/filestore/a.ts', `import koffi from 'koffi';`],
      ['src/csi/identity.ts', `import { status } from '@grpc/grpc-js';`],
      ['src/csi/identity.ts', `import { status } from '@grpc/grpc-js/build/src/constants.js';`],
      ['src/main/cli.ts', `import { loadSync } from '@grpc/proto-loader';`],
      ['src/rpc/server.ts', `import winston from 'winston';`],
      ['src/rpc/interceptors/metrics.ts', `import type { Gauge } from 'prom-client';`],
      ['src/main/controller.ts', `import type { V1Pod } from '@kubernetes/client-node';`],
    ],
  });
});

describe('no import is computed', () => {
  checkRule(listComputedImports, {
    good: [['src/main/cli.ts', `const a = await import('./node.ts');`]],
    bad: [['src/main/cli.ts', `const a = await import(name);`]],
  });
});

describe('the environment is read in one place', () => {
  checkRule(listEnvironmentReads, {
    good: [
      ['src/main/config.ts', 'const level = process.env.LOG_LEVEL;'],
      ['src/rpc/a.ts', '// process.env is read elsewhere'],
      ['src/rpc/a.ts', 'const node = process.versions.node;'],
      ['src/rpc/a.test.ts', 'const ci = process.env.CI;'],
    ],
    bad: [
      ['src/rpc/a.ts', 'const level = process.env.LOG_LEVEL;'],
      ['src/rpc/a.ts', `const level = process['env'].LOG_LEVEL;`],
      ['src/rpc/a.ts', 'const { env } = process;'],
      ['src/rpc/a.ts', `import { env } from 'node:process';`],
      ['src/host/a.ts', 'spawn(file, { env: { ...process.env } });'],
      ['src/main/cli.ts', 'const level = process.env.LOG_LEVEL;'],
    ],
  });
});

describe('files have at most 400 lines', () => {
  checkRule(listLongFiles, {
    good: [['src/rpc/a.ts', 'x\n'.repeat(400)]],
    bad: [['src/rpc/a.ts', 'x\n'.repeat(401)]],
  });
});

describe('nothing is exported as default', () => {
  checkRule(listDefaultExports, {
    good: [
      ['src/rpc/a.ts', 'export const a = 1;'],
      ['src/rpc/a.ts', '// export default is not for us'],
      ['vitest.config.ts', 'export default {};'],
    ],
    bad: [
      ['src/rpc/a.ts', 'export default function a() {}'],
      ['src/rpc/a.ts', 'const a = 1;\nexport { a as default };'],
    ],
  });
});

describe('names are kebab-case', () => {
  checkRule(listMisnamedFiles, {
    good: [
      ['src/rpc/unix-socket.ts', ''],
      ['src/rpc/unix-socket.test.ts', ''],
      ['src/host/filesystems/ext4.ts', ''],
    ],
    bad: [
      ['src/rpc/unixSocket.ts', ''],
      ['src/rpc/UnixSocket.ts', ''],
      ['src/rpc/unix_socket.ts', ''],
      ['src/Rpc/server.ts', ''],
    ],
  });
});
