import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { ChartValues } from '../chart/values.ts';
import { type JsonSchema, renderJsonSchemaTable, toJsonSchema } from './schema-table.ts';
import type { GeneratedTree } from './tree.ts';

const CHART = 'charts/stowage';
const NOTE = '<!-- Made by `make generate`; change the source that it is made from. -->';

const Manifest = z.object({ version: z.string() });

/** What in the chart follows from other files: the schema of its values and their reference page, and its version. */
export async function generateChart(root: string): Promise<GeneratedTree> {
  const { version } = Manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const defaults: unknown = parse(await readFile(join(root, CHART, 'values.yaml'), 'utf8'), { merge: true });
  const schema = withDefaults(toJsonSchema(ChartValues, 'draft-7'), defaults);
  const chart = await readFile(join(root, CHART, 'Chart.yaml'), 'utf8');
  return {
    files: new Map([
      [`${CHART}/values.schema.json`, `${JSON.stringify(schema, undefined, 2)}\n`],
      [`${CHART}/Chart.yaml`, chart.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`)],
      ['docs/reference/chart-values.md', renderPage(schema)],
    ]),
    owned: [],
  };
}

/** Sections of values.yaml are merged with those of the user, so that no key of theirs has to be there; lists are not. */
function withDefaults(schema: JsonSchema, value: unknown): JsonSchema {
  if (schema.properties === undefined) return { ...schema, default: value };
  const { required: _required, ...rest } = schema;
  const values = z.record(z.string(), z.unknown()).catch({}).parse(value);
  const properties = Object.entries(schema.properties).map(([name, property]): [string, JsonSchema] => [
    name,
    values[name] === undefined ? property : withDefaults(property, values[name]),
  ]);
  return { ...rest, properties: Object.fromEntries(properties) };
}

function renderPage(schema: JsonSchema): string {
  return [
    '# Values of the chart',
    NOTE,
    'What `helm install` and `helm upgrade` take in `--values` and `--set`. Keys that are not in this table are errors. Where no default is said, [values.yaml](../../charts/stowage/values.yaml) has it.',
    renderJsonSchemaTable(schema),
  ]
    .join('\n\n')
    .concat('\n');
}
