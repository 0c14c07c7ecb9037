/** `T` without the keys that are undefined. */
export type Defined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy that leaves out what is undefined: some types tell "absent" from "there, but undefined". */
export function withoutUndefined<T extends object>(values: T): Defined<T> {
  // Exactly the keys that Defined makes optional can be missing now.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
