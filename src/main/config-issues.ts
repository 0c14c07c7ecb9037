import type { Document, LineCounter } from 'yaml';
import * as z from 'zod';
import { findNearest } from '../base/nearest.ts';

/** What an issue is explained with. */
export interface IssueSource {
  readonly schema: z.ZodType;
  readonly document: Document.Parsed;
  readonly lineCounter: LineCounter;
}

/** One issue as lines for the operator: the key, its line where the file has it, what is wrong, the nearest known name. */
export function describeIssue(issue: z.core.$ZodIssue, source: IssueSource): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return `${formatKey(path)}${formatLine(path, source)}: unknown key${suggest(key, issue.path, source.schema)}`;
    });
  }
  return [`${describePlace(issue.path, source)}: ${toMessage(issue)}`];
}

/** `drivers.hostpath.pools (line 5)` */
export function describePlace(path: readonly PropertyKey[], source: IssueSource): string {
  const where = path.length === 0 ? 'the file' : formatKey(path);
  return `${where}${formatLine(path, source)}`;
}

function toMessage(issue: z.core.$ZodIssue): string {
  if (isMissing(issue)) return `missing; it has to be of type ${issue.expected}`;
  if (issue.code !== 'invalid_union') return issue.message;
  // What may be of several types says nothing by itself; each of them says what it expected.
  const alternatives = issue.errors.flat();
  const expected = alternatives.flatMap((each) => (each.code === 'invalid_type' ? [each.expected] : []));
  if (expected.length === 0) return issue.message;
  const isAbsent = alternatives.every((each) => isMissing(each));
  return `${isAbsent ? 'missing; ' : ''}it has to be of type ${[...new Set(expected)].join(' or ')}`;
}

function isMissing(issue: z.core.$ZodIssue): issue is z.core.$ZodIssueInvalidType {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

/** `drivers.hostpath.pools[0].size` */
function formatKey(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** ` (line 7)`, or nothing where the file does not have the key. */
function formatLine(path: readonly PropertyKey[], { document, lineCounter }: IssueSource): string {
  const node = path.length === 0 ? undefined : document.getIn(path, true);
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return '';
  return ` (line ${lineCounter.linePos(Number(node.range[0])).line})`;
}

/** The nearest known name, when one is near; else all of them. */
function suggest(key: string, path: readonly PropertyKey[], schema: z.ZodType): string {
  const known = listKnownKeys(path, schema);
  if (known.length === 0) return '';
  if (known.includes(key)) return ' in a section of this type';
  const nearest = findNearest(key, known);
  return nearest === undefined ? `; known here: ${known.join(', ')}` : `; did you mean ${nearest}?`;
}

/** The parts of a JSON Schema that say which keys there are. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

function listKnownKeys(path: readonly PropertyKey[], schema: z.ZodType): readonly string[] {
  const root = z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as SchemaNode;
  const nodes = path.reduce<readonly SchemaNode[]>(
    (current, part) => current.flatMap((node) => listAlternatives(node)).flatMap((node) => step(node, part)),
    [root],
  );
  const keys = nodes
    .flatMap((node) => listAlternatives(node))
    .flatMap((node) => Object.keys(node.properties ?? {}));
  return [...new Set(keys)].sort();
}

function listAlternatives(node: SchemaNode): readonly SchemaNode[] {
  return [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])];
}

function step(node: SchemaNode, part: PropertyKey): readonly SchemaNode[] {
  const next = typeof part === 'number' ? node.items : node.properties?.[String(part)];
  return next === undefined ? [] : [next];
}
