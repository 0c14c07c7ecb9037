/**
 * How messages look in TypeScript: camelCase fields, 64-bit integers and enum values as strings, absent fields filled with
 * their defaults, the chosen member of a oneof named by a field of its own. The runtime (proto.ts) and the generated types
 * (scripts/generate.ts) both follow from this one constant.
 */
export const LOADER_OPTIONS = { longs: String, enums: String, defaults: true, oneofs: true } as const;
