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
import { isTestFile, readSourceFiles } from './source-files.ts';

const source = readSourceFiles('src');
const program = source.filter((file) => !isTestFile(file));
const everything = [...source, ...readSourceFiles('test', 'scripts', 'bench')];

describe('the tree', () => {
  it('is looked at as a whole', () => {
    expect(program.length).toBeGreaterThan(50);
  });

  it.each([
    ['imports go down only', program, listLayerViolations],
    ['no backend knows another one', program, listSiblingViolations],
    ['privileged modules stay in their room', program, listPrivilegeViolations],
    ['no import is computed', program, listComputedImports],
    ['the environment is read in one place', program, listEnvironmentReads],
    ['files have at most 400 lines', everything, listLongFiles],
    ['nothing is exported as default', everything, listDefaultExports],
    ['names are kebab-case', everything, listMisnamedFiles],
  ] as const)('%s', (_rule, files, list) => {
    expect(files.flatMap((file) => list(file))).toEqual([]);
  });
});
