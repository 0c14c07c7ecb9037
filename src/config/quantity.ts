import * as z from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Parses a Kubernetes quantity of bytes (`10Gi`, `500M`, `4096`); undefined when it is none, or not a safe integer. */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined;
}

/** Bytes for people, as a quantity of at most three digits before the point: `99.5Gi`. Rounded; never to be parsed again for its value. */
export function formatQuantity(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
  let value = bytes;
  let unit = units.shift() ?? '';
  while (Math.round(value) >= 1024 && units.length > 0) {
    value /= 1024;
    unit = units.shift() ?? '';
  }
  const rounded = value >= 100 || unit === '' ? Math.round(value) : Math.round(value * 10) / 10;
  return `${rounded}${unit}`;
}

/** A size in the configuration: a number of bytes, or a quantity as Kubernetes writes them. The parsed value is bytes. */
export const Quantity = z
  .union([z.number().int().nonnegative(), z.string().meta({ form: 'quantity such as `10Gi`' })])
  .transform((value, context): number => {
    const bytes = typeof value === 'number' ? value : parseQuantity(value.trim());
    if (bytes !== undefined) return bytes;
    context.addIssue({
      code: 'custom',
      message: `"${value}" is not a size: write bytes or a quantity such as 10Gi or 500M`,
    });
    return z.NEVER;
  });
