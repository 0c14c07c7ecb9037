import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

/** Our csi.proto. */
export const CSI_PROTO_PATH = join(import.meta.dirname, '../../proto/csi/v1/csi.proto');

type Options = Readonly<Record<string, unknown>> | undefined;

/**
 * Everything about a .proto file that other programs can notice, as lines of text by the full name of what they are about:
 * messages, fields, oneofs, enums, reserved numbers and names, services, methods, extensions, options.
 */
export function describeProto(text: string): ReadonlyMap<string, readonly string[]> {
  const { root, package: packageName, imports } = protobuf.parse(text, { keepCase: true });
  const shape = new Map<string, readonly string[]>();
  const namespace = packageName === null || packageName === undefined ? root : root.lookup(packageName);
  if (!(namespace instanceof protobuf.Namespace)) throw new Error('the file has no package');
  shape.set('file', [`package ${packageName}`, `imports ${imports?.join(' ')}`, options(namespace.options)]);
  for (const object of namespace.nestedArray) describeObject(object, shape);
  return shape;
}

/** Names of the fields with the option csi_secret, each with its message: `csi.v1.CreateVolumeRequest.secrets`. */
export function listSecretFields(text: string): readonly string[] {
  return [...describeProto(text)].flatMap(([name, lines]) =>
    lines
      .filter((line) => line.startsWith('field ') && line.includes('(csi_secret)'))
      .map((line) => `${name}.${line.split(' ')[1]}`),
  );
}

/** Reads our file. */
export function readCsiProto(): string {
  return readFileSync(CSI_PROTO_PATH, 'utf8');
}

function describeObject(object: protobuf.ReflectionObject, shape: Map<string, readonly string[]>): void {
  // An extension is told apart by what it extends: the same name occurs once per target.
  if (object instanceof protobuf.Field)
    shape.set(`extend ${object.extend} ${object.name}`, [fieldLine(object)]);
  else if (object instanceof protobuf.Enum) shape.set(nameOf(object), enumLines(object));
  else if (object instanceof protobuf.Service) shape.set(nameOf(object), serviceLines(object));
  else if (object instanceof protobuf.Type) {
    shape.set(nameOf(object), messageLines(object));
    for (const nested of object.nestedArray) describeObject(nested, shape);
  }
}

function messageLines(type: protobuf.Type): readonly string[] {
  return [
    `message ${options(type.options)}`,
    ...type.fieldsArray.map((field) => `field ${fieldLine(field)}`).sort(),
    ...type.oneofsArray.map(
      (oneof) => `oneof ${oneof.name} of ${oneof.oneof.join(', ')} ${options(oneof.options)}`,
    ),
    `reserved ${JSON.stringify(type.reserved ?? [])}`,
  ];
}

function fieldLine(field: protobuf.Field): string {
  const type =
    field instanceof protobuf.MapField ? `map<${field.keyType}, ${resolve(field)}>` : resolve(field);
  const label = field.repeated ? 'repeated' : 'singular';
  const presence = field.hasPresence ? 'with presence' : 'without presence';
  const oneof = field.partOf === null ? '' : ` in ${field.partOf.name}`;
  return `${field.name} = ${field.id} ${label} ${type} ${presence}${oneof} ${options(field.options)}`;
}

function enumLines(type: protobuf.Enum): readonly string[] {
  return [
    `enum ${options(type.options)}`,
    ...Object.entries(type.values).map(
      ([name, number]) => `value ${name} = ${number} ${options(type.valuesOptions?.[name])}`,
    ),
    `reserved ${JSON.stringify(type.reserved ?? [])}`,
  ];
}

function serviceLines(service: protobuf.Service): readonly string[] {
  return [
    `service ${options(service.options)}`,
    ...service.methodsArray.map((method) => {
      const request = `${method.requestStream === true ? 'stream ' : ''}${method.requestType}`;
      const response = `${method.responseStream === true ? 'stream ' : ''}${method.responseType}`;
      return `method ${method.name} (${request}) returns (${response}) ${options(method.options)}`;
    }),
  ];
}

/** The full name of a field's type, however the file writes it. */
function resolve(field: protobuf.Field): string {
  return (field.parent?.lookup(field.type)?.fullName ?? field.type).replace(/^\./, '');
}

function nameOf(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, '');
}

/** Options in a fixed order; protobufjs adds some of its own, which are not in the file. */
function options(given: Options): string {
  const own = Object.entries(given ?? {}).filter(
    ([name]) => name !== 'edition' && !name.startsWith('features'),
  );
  return JSON.stringify(Object.fromEntries(own.sort(([a], [b]) => (a < b ? -1 : 1))));
}
