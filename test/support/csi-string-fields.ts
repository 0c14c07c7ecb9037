import { loadSync } from '@grpc/proto-loader';
import { LOADER_OPTIONS } from '../../src/rpc/loader-options.ts';
import { findProtoDirectory } from '../../src/rpc/service-loader.ts';

/** One step from a message towards a string in it. */
type Step =
  | { readonly kind: 'field' | 'element'; readonly name: string }
  | { readonly kind: 'key' | 'value'; readonly name: string };

/** A string somewhere in the request of a method. */
export interface StringField {
  readonly method: string;
  /** `volumeCapabilities[].mount.mountFlags[]`, `parameters{key}`, … */
  readonly label: string;
  readonly steps: readonly Step[];
}

/** What a message descriptor has, as far as it is walked. */
interface Descriptor {
  readonly name: string;
  readonly field: readonly FieldDescriptor[];
  readonly nestedType: readonly Descriptor[];
}
interface FieldDescriptor {
  readonly name: string;
  readonly type: string;
  readonly typeName: string;
  readonly label: string;
}

/** Every string in every request of Identity, Controller and Node, found in csi.proto; keys and values of maps, elements of lists included. */
export function listStringFields(): readonly StringField[] {
  const definitions = loadSync('csi/v1/csi.proto', {
    ...LOADER_OPTIONS,
    includeDirs: [findProtoDirectory()],
  });
  // proto-loader types its descriptors as object.
  const messages = Object.fromEntries(
    Object.entries(definitions).flatMap(([name, definition]) =>
      'fileDescriptorProtos' in definition && 'type' in definition
        ? [[name, definition.type as unknown as Descriptor]]
        : [],
    ),
  );
  return ['Identity', 'Controller', 'Node'].flatMap((service) =>
    Object.keys(definitions[`csi.v1.${service}`] ?? {}).flatMap((method) => {
      const request = messages[`csi.v1.${method}Request`];
      if (request === undefined) throw new Error(`csi.proto has no request for ${method}`);
      return walk(request, messages).map((steps) => ({ method, steps, label: toLabel(steps) }));
    }),
  );
}

function walk(message: Descriptor, messages: Readonly<Record<string, Descriptor>>): readonly Step[][] {
  return message.field.flatMap((field): Step[][] => {
    const { name } = field;
    const own: Step = { kind: field.label === 'LABEL_REPEATED' ? 'element' : 'field', name };
    if (field.type === 'TYPE_STRING') return [[own]];
    if (field.type !== 'TYPE_MESSAGE') return [];
    const inner =
      message.nestedType.find((nested) => nested.name === field.typeName) ??
      messages[`csi.v1.${field.typeName}`];
    // Types of other packages (wrappers, timestamps) hold no strings.
    if (inner === undefined) return [];
    if (isMap(inner)) return [[{ kind: 'key', name }], [{ kind: 'value', name }]];
    return walk(inner, messages).map((steps) => [own, ...steps]);
  });
}

function isMap({ field }: Descriptor): boolean {
  return field.length === 2 && field[0]?.name === 'key' && field[1]?.name === 'value';
}

function toLabel(steps: readonly Step[]): string {
  const marks = { field: '', element: '[]', key: '{key}', value: '{value}' };
  return steps.map(({ kind, name }) => name + marks[kind]).join('.');
}

/**
 * A copy of the request in which the string at `steps` is `text`. What is missing on the way is made; of a list the first
 * element changes, or is made; of a map the first value changes, or a key is added.
 */
export function withText(request: object, steps: readonly Step[], text: string): object {
  const [step, ...rest] = steps;
  if (step === undefined) return request;
  const fields = request as Readonly<Record<string, unknown>>;
  return { ...fields, [step.name]: replace(step, rest, text, fields[step.name]) };
}

function replace(step: Step, rest: readonly Step[], text: string, before: unknown): unknown {
  if (step.kind === 'element') {
    const list = Array.isArray(before) ? before : [];
    const first: unknown = rest.length === 0 ? text : withText(toObject(list[0]), rest, text);
    return [first, ...list.slice(1)];
  }
  if (step.kind === 'field') return rest.length === 0 ? text : withText(toObject(before), rest, text);
  const map = toObject(before);
  if (step.kind === 'key') return { ...map, [text]: 'x' };
  const [key = 'key'] = Object.keys(map);
  return { ...map, [key]: text };
}

function toObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
