import { isDeepStrictEqual } from 'node:util';
import type { ZodType } from 'zod';
import { z } from 'zod';

/** As much of JSON Schema as our schemas use. */
export interface JsonSchema {
  readonly type?: string;
  /** Ours: what a text looks like, in words. */
  readonly form?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

interface Row {
  readonly key: string;
  readonly values: string;
  readonly fallback: string;
  readonly what: string;
}

/** A Markdown table of every key that a schema takes, nested ones as `a.b` and `a[].b`. */
export function renderSchemaTable(schema: ZodType): string {
  return renderJsonSchemaTable(toJsonSchema(schema));
}

/** {@link renderSchemaTable} for a schema that is one already. */
export function renderJsonSchemaTable(schema: JsonSchema): string {
  const rows = listRows(schema, '');
  return [
    '| Key | Values | Default | What it is |',
    '|---|---|---|---|',
    ...rows.map(({ key, values, fallback, what }) => `| \`${key}\` | ${values} | ${fallback} | ${what} |`),
  ].join('\n');
}

/** What a schema takes, with all defaults. */
export function toJsonSchema(
  schema: ZodType,
  target: 'draft-7' | 'draft-2020-12' = 'draft-2020-12',
): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target,
    // zod leaves out the default of a value that it converts, because it is one of after the conversion.
    override({ zodSchema, jsonSchema }) {
      const { def } = zodSchema._zod;
      if (def.type !== 'default' || jsonSchema.default !== undefined) return;
      jsonSchema.default = def.defaultValue;
      if (typeof def.defaultValue === 'boolean' && jsonSchema.type === 'string')
        jsonSchema.enum = ['true', 'false'];
    },
  }) as JsonSchema;
}

function listRows(schema: JsonSchema, prefix: string): readonly Row[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => [
    toRow(`${prefix}${name}`, property, schema.required?.includes(name) === true),
    ...listNested(property, `${prefix}${name}`),
  ]);
  return own.filter((row) => row !== undefined);
}

function listNested(property: JsonSchema, key: string): readonly Row[] {
  if (property.items !== undefined) return listNested(property.items, `${key}[]`);
  if (property.oneOf !== undefined) return listVariants(property.oneOf, key);
  return listRows(property, `${key}.`);
}

/** What all alternatives have alike comes first, and once. */
function listVariants(variants: readonly JsonSchema[], key: string): readonly Row[] {
  const all = variants.map((variant) => listVariant(variant, key));
  const isCommon = (row: Row): boolean =>
    all.every(({ rest }) => rest.some((other) => isDeepStrictEqual(other, row)));
  const [first] = all;
  const common = first?.rest.filter(isCommon) ?? [];
  const own = all.flatMap(({ tag, head, rest }) => [
    ...head,
    ...rest.filter((row) => !isCommon(row)).map((row) => ({ ...row, what: `${tag}${row.what}` })),
  ]);
  return [...common, ...own];
}

/** The keys of one alternative, with the value that chooses it in front. */
function listVariant(
  variant: JsonSchema,
  key: string,
): { readonly tag: string; readonly head: readonly Row[]; readonly rest: readonly Row[] } {
  const rows = listRows(variant, `${key}.`);
  const chosen = Object.entries(variant.properties ?? {}).find(
    ([, property]) => property.const !== undefined,
  );
  if (chosen === undefined) return { tag: '', head: [], rest: rows };
  const [name, { const: value }] = chosen;
  const head = {
    key: `${key}.${name}`,
    values: `\`${String(value)}\``,
    fallback: '',
    what: text(variant.description),
  };
  const rest = rows.filter((row) => row.key !== head.key);
  return { tag: `(${name}: ${String(value)}) `, head: [head], rest };
}

/** Sections that only hold others need no row of their own, nor do the values that choose an alternative. Throws for a key that nobody has described. */
function toRow(key: string, schema: JsonSchema, isRequired: boolean): Row | undefined {
  if (schema.const !== undefined && schema.description === undefined) return undefined;
  if (schema.properties !== undefined && schema.description === undefined) return undefined;
  if (schema.description === undefined) throw new Error(`Say what ${key} is, by .meta({ description }).`);
  if (schema.pattern !== undefined && schema.form === undefined)
    throw new Error(`Say what ${key} looks like, by .meta({ form }): it has to match ${schema.pattern}.`);
  const what = text(schema.description);
  return { key, values: describeValues(schema), fallback: describeDefault(schema, isRequired, what), what };
}

/** A description that states the default itself is right: the value may be that of the machine at hand. */
function describeDefault(schema: JsonSchema, isRequired: boolean, what: string): string {
  if (isRequired) return 'required';
  if (schema.default === undefined || what.includes('Default:') || schema.properties !== undefined) return '';
  if (schema.default === '' || Array.isArray(schema.default)) return '';
  if (typeof schema.default !== 'object') return `\`${JSON.stringify(schema.default).replaceAll('"', '')}\``;
  const entries = Object.entries(schema.default ?? {})
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name}: ${String(value)}`);
  return entries.length === 0 ? '' : `\`${entries.join(', ')}\``;
}

function describeValues(schema: JsonSchema): string {
  const choices = schema.const === undefined ? schema.enum : [schema.const];
  if (choices !== undefined) return choices.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(describeValues).join(' or ');
  if (schema.items !== undefined) return 'list';
  if (schema.properties !== undefined || schema.oneOf !== undefined || schema.type === 'object')
    return 'section';
  return describeScalar(schema);
}

function describeScalar(schema: JsonSchema): string {
  if (schema.type === 'string') return schema.form ?? describeText(schema);
  if (schema.type === 'boolean') return '`true`, `false`';
  const kind = schema.type === 'integer' ? 'whole number' : 'number';
  const least =
    schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + 1);
  const isBounded = schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER;
  if (isBounded) return `${kind} from ${least} to ${schema.maximum}`;
  return least === undefined ? kind : `${kind} from ${least}`;
}

function describeText({ minLength = 0, maxLength }: JsonSchema): string {
  if (maxLength !== undefined) return `text of ${minLength} to ${maxLength} characters`;
  return minLength === 0 ? 'text' : 'text, not empty';
}

function text(description: string | undefined): string {
  return (description ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ');
}
