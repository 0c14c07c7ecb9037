/** A dependency that a test does not expect to be used: every method of it throws, naming itself. Members of `used` work. */
export function unusable<T extends object>(name: string, used: Partial<T> = {}): T {
  return new Proxy(used as T, {
    get(target, property, receiver) {
      if (property in target || typeof property === 'symbol') return Reflect.get(target, property, receiver);
      return () => {
        throw new Error(`The test did not expect ${name}.${property} to be called.`);
      };
    },
  });
}
