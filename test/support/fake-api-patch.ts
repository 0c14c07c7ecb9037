import { Refusal } from './fake-api-store.ts';

type Json = Record<string, unknown>;

/** RFC 7396. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Json = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = applyMergePatch(result[name], value);
  }
  return result;
}

/** The operations of RFC 6902 that are used here: test, add, replace and remove, on objects. */
export function applyJsonPatch(target: unknown, operations: unknown): unknown {
  const result = structuredClone(target);
  for (const operation of operations as readonly Json[]) {
    const names = String(operation['path'])
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = names.pop() ?? '';
    let parent = result as Json;
    for (const name of names) parent = parent[name] as Json;
    if (operation['op'] === 'test') {
      if (JSON.stringify(parent[last]) !== JSON.stringify(operation['value'])) {
        throw new Refusal(422, 'Invalid', 'the server rejected our request: a test failed');
      }
    } else if (operation['op'] === 'remove') delete parent[last];
    else parent[last] = operation['value'];
  }
  return result;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
